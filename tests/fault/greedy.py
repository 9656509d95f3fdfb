#!/usr/bin/env python3
"""One caller asks for all it can get. It is told what it may have, the work for it ends, and others hardly notice.
DOS: the program. Every measure is a ratio or far from its limit, so that a busy machine changes nothing."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mqtt_client import Client  # noqa: E402
from server import Report, Server, ask  # noqa: E402

api = "/dortmund/ngsi-ld/v1"
sta = "/dortmund/v1.1"
kilobyte, megabyte = 1 << 10, 1 << 20


def memory_mb(s):
    for line in open(f"/proc/{s.process.pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) >> 10


def forget_peak(s):
    pathlib.Path(f"/proc/{s.process.pid}/clear_refs").write_text("5")


def used_s(s):
    fields = pathlib.Path(f"/proc/{s.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connect(s, address="127.0.0.1", timeout=120):
    return http.client.HTTPConnection("127.0.0.1", s.port, timeout=timeout, source_address=(address, 0))


def typical_s(s, address, path, seconds):
    """How long somebody else, who asks for little now and then, mostly waits."""
    c, times, end = connect(s, address), [], time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 20:
        t = time.monotonic()
        ask(c, "GET", path)
        times.append(time.monotonic() - t)
        time.sleep(0.01)
    c.close()
    return statistics.median(times)


def under_attack(s, report, sentence, path, attack, connections):
    """`attack(connection)` again and again from one address; somebody at another asks for `path`."""
    alone = typical_s(s, "127.0.0.2", path, 1)
    ends = threading.Event()

    def go_on(_):
        c = connect(s, "127.0.0.3")
        while not ends.is_set():
            try:
                attack(c)
            except (OSError, http.client.HTTPException):
                c.close()
        c.close()

    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        running = [pool.submit(go_on, n) for n in range(connections)]
        time.sleep(1)
        seen = typical_s(s, "127.0.0.2", path, 4)
        ends.set()
        for r in running:
            r.result()
    # Both share what processors there are, with us as well: what must not be is that one waits for the other's requests.
    report.check(f"{sentence}: others hardly wait", seen < 8 * alone + 0.03, f"{seen * 1000:.1f} ms instead of {alone * 1000:.1f}")


def thing(name):
    return {"name": name, "description": "", "Locations": [{"name": "here", "description": "", "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": [7.46, 51.51]}}], "Datastreams": [{
                "name": "level", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                "unitOfMeasurement": {"name": "", "symbol": "", "definition": ""},
                "ObservedProperty": {"name": "level", "description": "", "definition": "http://example.org/level"},
                "Sensor": {"name": "gauge", "description": "", "encodingType": "text/plain", "metadata": "none"}}]}


def fill(s, streams, observations):
    for n in range(streams):
        a = s.call("POST", f"{sta}/Things", thing(f"T{n}"))
        number = a.headers["Location"].rsplit("(", 1)[1].rstrip(")")
        stream = s.call("GET", f"{sta}/Things({number})/Datastreams").json()["value"][0]["@iot.id"]
        rows = [[f"2015-01-{1 + k // 1440:02}T{k // 60 % 24:02}:{k % 60:02}:00Z", random.random()] for k in range(observations)]
        a = s.call("POST", f"{sta}/CreateObservations", [{"Datastream": {"@iot.id": stream}, "components": ["phenomenonTime", "result"], "dataArray": rows}], timeout=120)
        assert a.status == 201, a


def batches(s, report):
    """A few kilobytes ask for hundreds of megabytes."""
    forget_peak(s)
    before = memory_mb(s)
    requests = [{"id": str(n), "method": "get", "url": "Observations?$top=10000"} for n in range(300)]
    a = s.call("POST", f"{sta}/$batch", {"requests": requests}, timeout=300)
    answers = a.json()["responses"] if a.status == 200 else []
    statuses = [r["status"] for r in answers]
    report.check("a batch is answered request by request until its bytes are used up, and 429 says so for the others",
                 statuses[:1] == [200] and statuses[-1:] == [429] and len(statuses) == 300, (a.status, statuses[:3], statuses[-3:]))
    report.check("and its answer has a bound", len(a.body) < 100 * megabyte, f"{len(a.body) >> 20} MB")
    report.check("and so has what it takes", memory_mb(s) - before < 600, f"{memory_mb(s) - before} MB more")


def orders(s, report):
    c = connect(s)
    path = f"{sta}/Observations?$orderby=result%20desc,phenomenonTime&$top=5&$filter=result%20add%201%20gt%200"
    report.check("an order that looks at every observation is answered", ask(c, "GET", path).status in (200, 429))
    under_attack(s, report, "many orders over all observations", f"{api}/entities?limit=1&type=Nothing", lambda c: ask(c, "GET", path), 12)


def circles(s, report):
    """Everybody points to everybody: what joined lines would show grows with the factorial."""
    n = 9
    ids = [f"urn:ngsi-ld:Ring:{k}" for k in range(n)]
    for mine in ids:
        a = s.call("POST", f"{api}/entities", {"id": mine, "type": "Ring", **{f"to{k}": {"type": "Relationship", "object": other} for k, other in enumerate(ids) if other != mine}})
        assert a.status == 201, a
    forget_peak(s)
    before = memory_mb(s)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(s.call("GET", f"{api}/entities/{ids[0]}?join=inline&joinLevel=10", timeout=120)))
    asking.start()
    slowest = 0.0
    while asking.is_alive():
        t = time.monotonic()
        s.call("GET", "/healthz")
        slowest = max(slowest, time.monotonic() - t)
    a = answers[0] if answers else None
    report.check("entities within entities without end are refused as too much", a and a.status == 429 and a.headers["Retry-After"] and a.json()["title"], a)
    report.check("and nobody waits for that on a network thread", slowest < 2, f"{slowest:.1f} s")
    report.check("nor does it take memory", memory_mb(s) - before < 300, f"{memory_mb(s) - before} MB more")
    a = s.call("GET", f"{api}/entities/{ids[0]}?join=inline&joinLevel=2")
    report.check("a few levels are answered", a.status == 200 and a.json()["to1"]["entity"]["to2"]["entity"]["id"] == ids[2], a)
    a = s.call("GET", f"{api}/entities/{ids[0]}?join=flat&joinLevel=10")
    report.check("and all of them beside each other", a.status == 200 and len(a.json()) == n, a)


def many_attributes(s, report):
    def entity(name, n):
        return {"id": f"urn:ngsi-ld:Wide:{name}", "type": "Wide", **{f"a{k}": {"type": "Property", "value": k} for k in range(n)}}

    t = time.monotonic()
    s.call("POST", f"{api}/entities", entity("usual", 1_000), timeout=120)
    usual = time.monotonic() - t
    t = time.monotonic()
    a = s.call("POST", f"{api}/entities", entity("absurd", 40_000), timeout=120)
    absurd = time.monotonic() - t
    report.check("an entity of 40,000 attributes is refused, and the bound is named", a.status == 413 and "20000" in a.json()["detail"], a)
    report.check("in a time that grows with their number, not with its square", absurd < 40 * 8 * usual + 2, f"{usual:.2f} s and {absurd:.2f} s")
    a = s.call("POST", f"{api}/entities", {"id": "urn:ngsi-ld:Wide:data", "type": "Wide", "a": [
        {"type": "Property", "value": k, "datasetId": f"urn:d:{k}"} for k in range(40_000)]}, timeout=120)
    report.check("nor of 40,000 datasets of one", a.status == 413, a)
    a = s.call("POST", f"{api}/temporal/entities", {"id": "urn:ngsi-ld:Wide:past", "type": "Wide", "a": [
        {"type": "Property", "value": k, "observedAt": f"2020-01-{1 + k // 3600 % 28:02}T{k // 3600 // 28:02}:{k // 60 % 60:02}:{k % 60:02}Z"} for k in range(20_000)]}, timeout=120)
    report.check("20,000 instances of one attribute are its history", a.status == 201, a)
    a = s.call("PATCH", f"{api}/entities/urn:ngsi-ld:Wide:usual/attrs/a5", {"type": "Property", "value": 7})
    report.check("an entity of 1,000 can be changed", a.status == 204, a)


def large_writes(s, report):
    """One source fills its queue with bytes; another's small write goes all the same."""
    value = "x" * (900 * kilobyte)
    body = json.dumps([{"id": f"urn:ngsi-ld:Bulk:{k}", "type": "Bulk", "v": {"type": "Property", "value": value}} for k in range(30)]).encode()
    statuses, ends = [], threading.Event()

    def write(_):
        c = connect(s, "127.0.0.3", 300)
        try:
            statuses.append(ask(c, "POST", f"{api}/entityOperations/upsert", body).status)
        finally:
            c.close()

    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        running = [pool.submit(write, n) for n in range(9)]
        time.sleep(0.3)
        c, small = connect(s, "127.0.0.2", 300), []
        while not all(r.done() for r in running) or len(small) < 5:
            small.append(ask(c, "POST", f"{api}/entityOperations/upsert", [{"id": "urn:ngsi-ld:Small:1", "type": "Small", "v": {"type": "Property", "value": len(small)}}]).status)
        ends.set()
    report.check("large writes are taken, or told to come later", set(statuses) <= {201, 204, 413, 429}, statuses)
    report.check("small ones of others are taken meanwhile", set(small) <= {201, 204}, small)
    a = s.call("GET", "/healthz").json()
    report.check("and the city goes on writing", a["status"] == "ok", a)


def large_bodies(s, report):
    """What is large is read where nobody else waits for it."""
    body = b'{"id":"urn:ngsi-ld:Bad:large","type":"Bad","n":{"type":"Property","value":[' + b",".join(b'{"a":[1,2,3]}' for _ in range(1_900_000)) + b"]}}"

    def attack(c):
        ask(c, "POST", f"{api}/entities", body[:-1])
        time.sleep(0.2)

    under_attack(s, report, "bodies of 27 MB that are no JSON", "/healthz", attack, 3)


def gone(s, report):
    """Nobody waits for the answer any more."""
    path = f"{sta}/Observations?$orderby=result%20desc,phenomenonTime&$top=5&$filter=result%20add%201%20gt%200"
    t = time.monotonic()
    s.call("GET", path, timeout=120)
    takes = time.monotonic() - t
    for _ in range(60):
        c = socket.create_connection(("127.0.0.1", s.port))
        c.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        c.close()
    time.sleep(3)
    before = used_s(s)
    time.sleep(2)
    report.check("work for clients that have gone ends with them", takes < 0.2 or used_s(s) - before < 0.5,
                 f"{used_s(s) - before:.2f} s of the processor in 2 s, {takes:.2f} s each")


def retained(s, report):
    """The listener keeps bytes within bounds, not only numbers of messages."""
    forget_peak(s)
    before = memory_mb(s)
    with Client(s.mqtt_port, "hoarder", 5) as c:
        reasons = [c.publish(f"hoard/{n}", os.urandom(500 * kilobyte).hex()[:900 * kilobyte], 1, retain=True) for n in range(150)]
    metrics = s.call("GET", "/metrics").body.decode()
    kept = [float(line.split()[-1]) for line in metrics.splitlines() if line.startswith('dos_mqtt_retained_bytes{city="dortmund"')]
    report.check("retained messages have a bound in bytes", kept and kept[0] <= 64 * megabyte, (kept, reasons[-3:]))
    report.check("beyond, they are refused by name (quota exceeded)", 0x97 in reasons, reasons[-3:])


report = Report()
with Server(("--anonymous", "admin", "--mqtt-port", "0"), "mqtt: {anonymous: editor}\n") as the_server:
    many_attributes(the_server, report)
    circles(the_server, report)
    fill(the_server, 30, 4_000)
    batches(the_server, report)
    orders(the_server, report)
    gone(the_server, report)
    large_bodies(the_server, report)
    large_writes(the_server, report)
    retained(the_server, report)
    report.check("the server is alive", the_server.alive() and the_server.call("GET", "/healthz").status == 200)
report.finish()
