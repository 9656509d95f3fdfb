#!/usr/bin/env python3
"""Messages between MQTT clients, when the disk is slow and when the server is killed at any moment: what was acknowledged
arrives, and with quality of service 2 exactly once.
DOS: the program. ROUNDS: how often it is killed (8). MESSAGES: over the slow disk (50000). SEED: repeats the same moments."""
import datetime
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mqtt_client import (PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Client, Ended, Message)  # noqa: E402
from server import Report, Server  # noqa: E402

rounds = int(os.environ.get("ROUNDS", "8"))
total = int(os.environ.get("MESSAGES", "50000"))
seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
random.seed(seed)
config = "mqtt: {anonymous: editor}\n"
queue_max = 100_000  # messages that wait for a client who is away
failures = (OSError, Ended, AssertionError, struct.error)

slow_disk = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
int fdatasync(int f) { usleep(20000); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(f); }
int fsync(int f) { usleep(20000); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(f); }
"""


thing = {"name": "bench", "description": "", "Locations": [{
    "name": "here", "description": "", "encodingType": "application/geo+json",
    "location": {"type": "Point", "coordinates": [7.46, 51.51]}}], "Datastreams": [{
    "name": "count", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "unitOfMeasurement": {"name": "", "symbol": "", "definition": ""},
    "ObservedProperty": {"name": "count", "description": "", "definition": "http://example.org/count"},
    "Sensor": {"name": "counter", "description": "", "encodingType": "text/plain", "metadata": "none"}}]}


def observation(n):
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=n)
    return json.dumps({"result": n, "phenomenonTime": at.isoformat().replace("+00:00", "Z")})


def publish_many(port, name, n, topic=None, payload=str):
    """All at quality of service 1, as fast as the server lets; returns when all are acknowledged."""
    with Client(port, name, patience_s=120) as c:
        done = threading.Event()

        def take_acknowledgements():
            for _ in range(n):
                c.wait_for(PUBACK)
            done.set()

        reader = threading.Thread(target=take_acknowledgements)
        reader.start()
        for k in range(n):
            c.send(c.publish_packet(topic or "slow/" + name, payload(k), 1))
        reader.join()
        return done.is_set()


def over_a_slow_disk(report):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "slow.c").write_text(slow_disk)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder + "/slow.so", folder + "/slow.c", "-ldl"], check=True)
        os.environ["LD_PRELOAD"] = folder + "/slow.so"
        with Server(["--mqtt-port", "0", "--anonymous", "admin"], config) as s:
            del os.environ["LD_PRELOAD"]
            with Client(s.mqtt_port, "one") as c:
                began = time.monotonic()
                c.publish("slow/none", "x", 1, retain=True)
                report.check("the disk is slow indeed", time.monotonic() - began > 0.02)
                c.publish("slow/none", "", 1, retain=True)
            keeper = Client(s.mqtt_port, "keeper", clean=False)
            keeper.subscribe("slow/#")
            keeper.disconnect()
            began = time.monotonic()
            names = [f"w{n}" for n in range(5)]
            results = []
            writers = [threading.Thread(target=lambda n=n: results.append(publish_many(s.mqtt_port, n, total // 5))) for n in names]
            for w in writers:
                w.start()
            for w in writers:
                w.join()
            took = time.monotonic() - began
            report.check(f"{total} messages are acknowledged over a slow disk", results == [True] * 5, results)
            keeper = Client(s.mqtt_port, "keeper", clean=False, patience_s=60)
            seen = {n: [] for n in names}
            for _ in range(total // 5 * 5):
                m = keeper.message()
                seen[m.topic.removeprefix("slow/")].append(int(m.payload))
            report.check("all of them are found, each writer's in order",
                         all(seen[n] == list(range(total // 5)) for n in names), {n: len(v) for n, v in seen.items()})
            print(f"{total} messages in {took:.1f} s")
            observations_over_a_slow_disk(s, report)


def observations_over_a_slow_disk(s, report):
    made = s.call("POST", "/dortmund/v1.1/Things", thing)
    report.check("a Thing is made", made.status == 201, made)
    stream = s.call("GET", "/dortmund/v1.1/Things?$filter=name%20eq%20'bench'&$expand=Datastreams").json()["value"][0]["Datastreams"][0]["@iot.id"]
    topic, each = f"dortmund/v1.1/Datastreams({stream})/Observations", total // 5
    began = time.monotonic()
    results = []
    writers = [threading.Thread(target=lambda n=n: results.append(
        publish_many(s.mqtt_port, f"o{n}", each, topic, lambda k: observation(n * each + k)))) for n in range(5)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    took = time.monotonic() - began
    report.check(f"{each * 5} observations are acknowledged over a slow disk", results == [True] * 5, results)
    found, path = [], f"/dortmund/v1.1/Datastreams({stream})/Observations?$select=result&$top=1000&$orderby=phenomenonTime"
    while path:
        page = s.call("GET", path, timeout=60).json()
        found += [o["result"] for o in page["value"]]
        path = "/" + page["@iot.nextLink"].split("/", 3)[3] if "@iot.nextLink" in page else None
    report.check("all of them are found", found == list(range(each * 5)), (len(found), len(set(found))))
    print(f"{each * 5} observations in {took:.1f} s")


class Exact(threading.Thread):
    """One side of quality of service 2, which keeps its own state over every loss of the connection."""

    def __init__(self, s):
        super().__init__()
        self.server, self.over = s, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with Client(self.server.mqtt_port, self.name, clean=False, patience_s=2) as c:
                    self.talk(c)
            except failures:
                time.sleep(0.02)


class ExactWriter(Exact):
    def __init__(self, s, name, enough):
        super().__init__(s)
        self.name, self.sent, self.enough, self.released = name, 0, enough, False

    def talk(self, c):
        repeated = True
        while not self.enough.is_set():
            id = self.sent % 60_000 + 1
            if not self.released:
                c.send(c.publish_packet("exact/" + self.name, str(self.sent), 2, id=id, dup=repeated))
                c.wait_for(PUBREC)
                while c.last_ack != id:  # of the message before, once more
                    c.wait_for(PUBREC)
                self.released = True
            c.ack(PUBREL, id)
            c.wait_for(PUBCOMP)
            self.released = repeated = False
            self.sent += 1
        self.over.set()


class ExactReader(Exact):
    def __init__(self, s):
        super().__init__(s)
        self.name, self.got, self.held = "exact-reader", [], set()

    def talk(self, c):
        while not self.over.is_set():
            kind, flags, body = c.read()
            if kind == PUBLISH:
                m = Message(flags, body, 4)
                if m.id not in self.held:
                    self.held.add(m.id)
                    self.got.append((m.topic.removeprefix("exact/"), int(m.payload)))
                c.ack(PUBREC, m.id)
            elif kind == PUBREL:
                id = struct.unpack("!H", body)[0]
                self.held.discard(id)
                c.ack(PUBCOMP, id)


def write_until(s, name, enough, acknowledged):
    n = 0
    while not enough.is_set():
        try:
            with Client(s.mqtt_port, name, patience_s=2) as c:
                while not enough.is_set() and len(acknowledged) < queue_max // 2:
                    n += 1
                    if c.publish("mail/" + name, str(n), 1) == 0:
                        acknowledged.append((name, n))
        except failures:
            pass
        time.sleep(0.02)


def killed(report):
    with Server(["--mqtt-port", "0", "--anonymous", "admin"], config) as s:
        sleeper = Client(s.mqtt_port, "sleeper", clean=False)
        sleeper.subscribe("mail/#")
        sleeper.disconnect()
        with Client(s.mqtt_port, "once") as c:
            c.publish("kept/x", "retained", 1, retain=True)
        reader = ExactReader(s)
        with Client(s.mqtt_port, reader.name, clean=False) as c:
            c.subscribe("exact/#", qos=2)
        reader.start()
        enough, acknowledged = threading.Event(), []
        exact = [ExactWriter(s, f"x{n}", enough) for n in range(2)]
        plain = [threading.Thread(target=write_until, args=(s, f"p{n}", enough, acknowledged)) for n in range(3)]
        for t in exact + plain:
            t.start()
        for turn in range(rounds):
            time.sleep(random.uniform(6, 7) if turn % 4 == 3 else random.uniform(0.2, 1.5))
            if turn % 3 == 2:
                s.stop()
            else:
                s.kill()
            s.start()
        time.sleep(0.5)
        enough.set()
        for t in exact + plain:
            t.join()
        report.check("every round did something", len(acknowledged) > 10 * rounds and all(w.sent > rounds for w in exact),
                     (len(acknowledged), [w.sent for w in exact]))
        deadline = time.monotonic() + 30
        while len(reader.got) < sum(w.sent for w in exact) and time.monotonic() < deadline:
            time.sleep(0.05)
        reader.over.set()
        for w in exact:
            got = [n for name, n in reader.got if name == w.name]
            report.check("quality of service 2 arrives exactly once over all deaths", sorted(got) == list(range(w.sent)),
                         (w.sent, len(got), len(set(got))))
        s.kill()
        s.start()
        c = Client(s.mqtt_port, "sleeper", clean=False, patience_s=3)
        report.check("a session outlives the server", c.session_present)
        lost = set(acknowledged)
        while lost:
            try:
                m = c.message()
            except (Ended, OSError):
                break
            lost.discard((m.topic.removeprefix("mail/"), int(m.payload)))
        report.check("everything acknowledged waits for who slept through all deaths", not lost, f"{len(lost)} of {len(acknowledged)}: {sorted(lost)[:3]}")
        with Client(s.mqtt_port, "late") as c:
            c.subscribe("kept/#")
            m = c.message()
            report.check("what was retained is there", m.payload == b"retained" and m.retain, m)
        reader.join()


def wills(report):
    """Clients whose sessions end with their connections: MQTT 5.0, 3.1.2.5."""
    with Server(["--mqtt-port", "0", "--anonymous", "admin"], config) as s:
        watcher = Client(s.mqtt_port, "watcher", clean=False)
        watcher.subscribe("wills/#", qos=1)
        watcher.disconnect()

        def told():
            """What the watcher finds waiting, up to a mark."""
            with Client(s.mqtt_port, "marker") as c:
                c.publish("wills/mark", "", 1)
            found = []
            with Client(s.mqtt_port, "watcher", clean=False) as w:
                while True:
                    m = w.message()
                    if m.topic == "wills/mark":
                        return found
                    found.append((m.topic, m.payload.decode()))

        def leave_two():
            return [Client(s.mqtt_port, f"v{version}", version, will=(f"wills/v{version}", "gone", 1, True)) for version in (4, 5)]

        both = [("wills/v4", "gone"), ("wills/v5", "gone")]
        for how in ("kill", "stop"):
            Client(s.mqtt_port, "polite", will=("wills/polite", "gone", 1, False)).disconnect()
            kept = leave_two()  # acknowledged once they are in the log, behind the goodbye
            getattr(s, how)()
            s.start()
            back = Client(s.mqtt_port, "v5", 5)  # whoever comes back finds his will told, not taken away
            back.publish("wills/v5", "back", 1, retain=True)
            said = told()
            report.check(f"after a {how} of the server the wills of all who were connected are told, once, before anything they say",
                         sorted(said) == sorted(both + [("wills/v5", "back")]) and said.index(both[1]) < said.index(("wills/v5", "back")), said)
            back.disconnect()
            with Client(s.mqtt_port, "late") as c:
                c.subscribe("wills/v4")
                report.check(f"after a {how} a retained will is retained", c.message().payload == b"gone")
            s.kill()
            s.start()
            report.check(f"after a {how} no will is told again at the next start", told() == [], "told again")
            del kept


report = Report()
print(f"SEED={seed}")
over_a_slow_disk(report)
wills(report)
killed(report)
report.finish()
