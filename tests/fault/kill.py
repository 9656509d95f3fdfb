#!/usr/bin/env python3
"""Kills the server at any moment under load, also while it starts, or asks it to end, and compares two sets: everything
acknowledged is stored, and every notification that was due arrives; none tells of a value that is not stored.
DOS: the program. ROUNDS: how often (20). SEED: repeats the same moments."""
import http.client
import http.server
import itertools
import json
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server, ask  # noqa: E402

rounds = int(os.environ.get("ROUNDS", "20"))
seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
random.seed(seed)
api = "/dortmund/ngsi-ld/v1"
worker_count = 8
entities_of_worker = 5
entities = [f"urn:ngsi-ld:Kill:{w}:{n}" for w in range(worker_count) for n in range(entities_of_worker)]
told = set()  # (entity, value) of notifications
numbers = itertools.count(1)  # next() is atomic


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for e in body["data"]:
            told.add((e["id"], e["n"]["value"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Hook(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Connections of a killed server are reset."""


def write(server, worker, acknowledged, stop):
    """Updates single attributes and batches, and notes what the server has answered for."""
    mine = entities[worker * entities_of_worker:(worker + 1) * entities_of_worker]
    c = None
    for turn in itertools.count():
        if stop.is_set():
            return
        try:
            c = c or http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            if turn % 4:
                values = {mine[turn % len(mine)]: next(numbers)}
                for e, n in values.items():
                    a = ask(c, "PATCH", f"{api}/entities/{e}/attrs/n", {"type": "Property", "value": n})
            else:
                values = {e: next(numbers) for e in mine}
                a = ask(c, "POST", f"{api}/entityOperations/upsert",
                        [{"id": e, "type": "Kill", "n": {"type": "Property", "value": n}} for e, n in values.items()])
            if a.status in (200, 201, 204):
                acknowledged.extend(values.items())
        except (OSError, http.client.HTTPException):
            c = None
            time.sleep(0.01)


def stored(server):
    found = set()
    for e in entities:
        a = server.call("GET", f"{api}/temporal/entities/{e}?attrs=n&options=temporalValues&timeproperty=modifiedAt&lastN=1000000")
        if a.status in (200, 206):
            found.update((e, v[0]) for v in a.json().get("n", {}).get("values", []))
    return found


def run(server, hook, report):
    acknowledged = []
    a = server.call("POST", f"{api}/entityOperations/upsert",
                    [{"id": e, "type": "Kill", "n": {"type": "Property", "value": 0}} for e in entities])
    assert a.status in (201, 204), a
    a = server.call("POST", f"{api}/subscriptions", {
        "type": "Subscription", "entities": [{"type": "Kill"}],
        "notification": {"endpoint": {"uri": f"http://127.0.0.1:{hook}/", "accept": "application/json"}}})
    assert a.status == 201, a
    for turn in range(rounds):
        stop = threading.Event()
        writers = [threading.Thread(target=write, args=(server, w, acknowledged, stop)) for w in range(worker_count)]
        for w in writers:
            w.start()
        # Every fifth life is long enough for a checkpoint, most are not.
        time.sleep(random.uniform(5, 7) if turn % 5 == 4 else random.uniform(0.05, 1.2))
        if turn % 4 == 3:  # asked to end, under load just the same
            try:
                server.stop()
            except RuntimeError as e:
                report.check("asked to end under load, it ends within 30 s", False, e)
        else:
            server.kill()
        stop.set()
        for w in writers:
            w.join()
        if turn % 3 == 2:  # and once more while it comes up
            server.launch()
            time.sleep(random.uniform(0, 0.3))
            server.kill()
        server.start()
        there = stored(server)
        lost = [a for a in acknowledged if a not in there]
        report.check(f"after end {turn + 1} everything acknowledged is there", not lost,
                     f"{len(lost)} of {len(acknowledged)} values are gone, for example {lost[:3]}")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(a not in told for a in acknowledged):
        time.sleep(0.2)
    missed = [a for a in acknowledged if a not in told]
    report.check("every notification that was due arrives", not missed,
                 f"{len(missed)} of {len(acknowledged)} never came, for example {missed[:3]}")
    there = stored(server)
    invented = [t for t in told if t not in there]
    report.check("no notification tells of a value that is not stored", not invented, f"{invented[:3]}")
    print(f"{rounds} ends, {len(acknowledged)} acknowledged values, {len(told)} notified, seed {seed}")


report = Report()
receiver = Hook(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
with Server(config="allow_private_addresses: true\ntemporal_page_max: 1000000\n") as the_server:
    run(the_server, receiver.server_port, report)
report.finish()
