#!/usr/bin/env python3
"""What a server on the open net is sent sooner or later. Each gets a clear answer, within limits of time and memory, and
the others notice nothing."""
import http.client
import json
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server, ask  # noqa: E402

api = "/dortmund/ngsi-ld/v1"
memory_max_mb = 600
flood_events = 200_000


def entity(name, **attributes):
    return {"id": "urn:ngsi-ld:Bad:" + name, "type": "Bad", **attributes}


def is_problem(a):
    try:
        return a.status >= 400 and bool(a.json()["title"])
    except (ValueError, KeyError):
        return False


def bodies(s, report):
    """Sentence, body, statuses that are a clear answer."""
    deep = b"[" * 100_000
    point = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.4, 51.5]}}
    bow_tie = {"type": "Polygon", "coordinates": [[[7.4, 51.5], [7.5, 51.6], [7.5, 51.5], [7.4, 51.6], [7.4, 51.5]]]}
    wrong = [
        ("nothing at all", b"", {400}),
        ("half a document", b'{"id": "urn:a:b', {400}),
        ("a document and a half", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad"}}', {400}),
        ("100,000 brackets", deep, {400, 413}),
        ("100,000 brackets, closed", deep + b"]" * 100_000, {400, 413}),
        ("a value of 100,000 levels", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":' + deep + b"]" * 100_000 + b"}}", {400, 413}),
        ("100,000 properties within each other", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad"' + b',"n":{"type":"Property","value":1' * 100_000 + b"}" * 100_001, {400, 413}),
        ("bytes that are no UTF-8", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":"\xff\xc3\x28"}}', {400}),
        ("half a surrogate pair", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":"\\ud800"}}', {400}),
        ("NaN", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":NaN}}', {400}),
        ("a number that no double holds", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":1e999}}', {400}),
        ("the same member twice", b'{"id":"urn:ngsi-ld:Bad:x","type":"Bad","n":{"type":"Property","value":1},"n":{"type":"Property","value":2}}', {400}),
        ("an id that is a number", {"id": 5, "type": "Bad"}, {400}),
        ("an id that is no URI", {"id": "nein", "type": "Bad"}, {400}),
        ("no type", {"id": "urn:ngsi-ld:Bad:x"}, {400}),
        ("a type that is an object", {"id": "urn:ngsi-ld:Bad:x", "type": {}}, {400}),
        ("a property without value", entity("x", n={"type": "Property"}), {400}),
        ("a relationship to a number", entity("x", n={"type": "Relationship", "object": 7}), {400}),
        ("a time that is none", entity("x", n={"type": "Property", "value": 1, "observedAt": "gestern"}), {400}),
        ("the 13th month", entity("x", n={"type": "Property", "value": 1, "observedAt": "2026-13-01T00:00:00Z"}), {400}),
        ("a point beyond the pole", entity("x", location={**point, "value": {"type": "Point", "coordinates": [7.4, 951.5]}}), {400}),
        ("a geometry of text", entity("x", location={**point, "value": {"type": "Polygon", "coordinates": "überall"}}), {400}),
        ("a polygon that crosses itself", entity("x", location={**point, "value": bow_tie}), {400, 201}),
        ("an array instead of an entity", [1, 2, 3], {400}),
    ]
    for sentence, body, good in wrong:
        a = s.call("POST", f"{api}/entities", body)
        report.check(f"{sentence}: a clear answer", a.status in good and (a.status == 201 or is_problem(a)), a)
    a = s.call("POST", f"{api}/entities", json.dumps({**entity("x"), "@context": "http://127.0.0.1:9/none.jsonld"}).encode(),
               {"Content-Type": "application/ld+json"})
    report.check("an unknown context: a clear answer", a.status in (400, 503, 504) and is_problem(a), a)
    a = s.call("POST", f"{api}/entities", b"<xml/>", {"Content-Type": "text/xml"})
    report.check("another media type: 415", a.status == 415 and is_problem(a), a)
    for year in ("0000", "0001", "9999"):
        name = "year" + year
        a = s.call("POST", f"{api}/entities", entity(name, n={"type": "Property", "value": 1, "observedAt": f"{year}-12-31T23:59:59.999Z"}))
        report.check(f"a date in the year {year}: stored or refused", a.status == 201 or (a.status == 400 and is_problem(a)), a)
        if a.status == 201:
            sent = f"{year}-12-31T23:59:59.999Z".encode()
            a = s.call("GET", f"{api}/entities/urn:ngsi-ld:Bad:{name}")
            report.check(f"a date in the year {year} is what is, unless it has not come yet", (sent in a.body) == (year != "9999"), a)
            a = s.call("GET", f"{api}/temporal/entities/urn:ngsi-ld:Bad:{name}?attrs=n")
            report.check(f"a date in the year {year} comes back from the history as it was sent", a.status in (200, 206) and sent in a.body, a)
    a = [s.call("POST", f"{api}/entities", entity("twice", n={"type": "Property", "value": i})) for i in range(2)]
    report.check("an id that exists: 409", [x.status for x in a] == [201, 409] and is_problem(a[1]), a)
    a = s.call("POST", f"{api}/entityOperations/create", [entity("batch"), entity("batch"), entity("batch2")])
    report.check("an id twice in a batch: said which", a.status in (207, 400) and b"urn:ngsi-ld:Bad:batch" in a.body, a)
    bad = [
        ("a query that makes no sense", "/entities?type=Bad&q=n==%3B%3B((", {400}),
        ("a pattern that would take for ever", "/entities?type=Bad&idPattern=" + "(a*)*" * 20 + "b", {200, 400}),
        ("a pattern that is none", "/entities?type=Bad&idPattern=(((", {400}),
        ("a radius that is none", "/entities?type=Bad&georel=near;maxDistance==NaN&geometry=Point&coordinates=%5B7,51%5D", {400}),
        ("a search in a polygon that crosses itself",
         "/entities?type=Bad&georel=within&geometry=Polygon&coordinates=%5B%5B%5B7,51%5D,%5B8,52%5D,%5B8,51%5D,%5B7,52%5D,%5B7,51%5D%5D%5D", {200, 400}),
        ("a page of minus one", "/entities?type=Bad&limit=-1", {400}),
        ("a page beyond all numbers", "/entities?type=Bad&limit=99999999999999999999", {400}),
        ("bytes that are no UTF-8 in an address", "/entities/urn:ngsi-ld:%ff%fe", {400, 404}),
        ("a zero byte in an address", "/entities/urn:ngsi-ld:%00", {400, 404}),
        ("a way up in an address", "/../../../../etc/passwd", {400, 404}),
        ("an address of 100,000 characters", "/entities/urn:ngsi-ld:" + "a" * 100_000, {414}),
    ]
    for sentence, path, good in bad:
        a = s.call("GET", api + path)
        report.check(f"{sentence}: a clear answer", a.status in good and (a.status == 200 or is_problem(a)), a)


def raw(s, data, timeout=20):
    """What the server says to these bytes; empty when it hangs up without a word."""
    with socket.create_connection(("127.0.0.1", s.port), timeout=timeout) as c:
        try:
            c.sendall(data)
        except OSError:
            pass
        try:
            return c.recv(65536)
        except OSError:
            return b""


def methods(s, report):
    for method, good in (("FROB", (501, 405, 422)), ("TRACE", (405, 501, 422)), ("CONNECT", (405, 501, 422, 400)), ("PUT", (405, 400))):
        a = raw(s, f"{method} {api}/entities HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        report.check(f"the method {method}: a clear answer", a[9:12].isdigit() and int(a[9:12]) in good, a[:200])
    for sentence, head in (
            ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200 + b"\r\n\r\n"),
            ("two lengths", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\nabcdefg"),
            ("a length and chunks", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("a length below zero", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n"),
            ("a head of 1 MB", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n")):
        a = raw(s, head)
        report.check(f"{sentence}: refused", a[9:10] == b"4", a[:200])


def big_body(s, report):
    """200 MB, announced and in pieces of unknown number."""
    size, piece = 200 << 20, b'"' + b"a" * ((1 << 20) - 1)
    head = f"POST {api}/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for name, second, wrap in (("announced", f"Content-Length: {size}\r\n\r\n", lambda p: p),
                               ("in chunks", "Transfer-Encoding: chunked\r\n\r\n", lambda p: b"100000\r\n" + p + b"\r\n")):
        with socket.create_connection(("127.0.0.1", s.port), timeout=30) as c:
            c.sendall((head + second).encode())
            answer = b""
            try:
                for _ in range(200):
                    c.sendall(wrap(piece))
            except OSError:
                pass
            try:
                answer = c.recv(65536)
            except OSError:
                pass
        # Who has sent on and on may find the connection reset before he reads; 413 is what one gets who looks.
        report.check(f"a body of 200 MB, {name}: 413 or hung up on", answer[9:12] in (b"413", b""), answer[:200])
    a = raw(s, (head + f"Content-Length: {size}\r\n\r\n").encode())
    report.check("200 MB announced and not sent yet: 413 at once", a[9:12] == b"413", a[:200])


def stops_reading(s, report):
    """A client asks for a big answer again and again and takes none of it."""
    text = "x" * 20_000
    for k in range(10):
        s.call("POST", f"{api}/entityOperations/upsert", [
            {"id": f"urn:ngsi-ld:Big:{k}:{n}", "type": "Big", "t": {"type": "Property", "value": text}} for n in range(50)])
    deaf = []
    for _ in range(20):
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.connect(("127.0.0.1", s.port))
        c.sendall(f"GET {api}/entities?type=Big&limit=500 HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 5)
        deaf.append(c)
    slowest = 0
    for n in range(100):
        before = time.monotonic()
        a = s.call("GET", f"{api}/entities/urn:ngsi-ld:Big:0:1?options=keyValues")
        slowest = max(slowest, time.monotonic() - before)
        if a.status != 200:
            break
    report.check("while 20 clients do not take their answers, others are served within a second", a.status == 200 and slowest < 1,
                 f"{a.status}, slowest {slowest:.2f} s")
    for c in deaf:
        c.close()


def flood(s, report):
    """200,000 events in a minute from one source; another one is answered within a second each time."""
    loud, quiet = (s.token(role="editor") for _ in range(2))
    batch, connections = 50, 8
    counts = {}
    lock = threading.Lock()
    deadline = time.monotonic() + 60

    def shout(worker):
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
        for turn in range(flood_events // batch // connections):
            if time.monotonic() > deadline:
                return
            body = [{"id": f"urn:ngsi-ld:Flood:{worker}:{n}", "type": "Flood", "n": {"type": "Property", "value": turn}} for n in range(batch)]
            a = ask(c, "POST", f"{api}/entityOperations/upsert", body, {"Authorization": "Bearer " + loud})
            with lock:
                counts[a.status] = counts.get(a.status, 0) + batch

    s.call("POST", f"{api}/entities", {"id": "urn:ngsi-ld:Quiet:1", "type": "Quiet", "n": {"type": "Property", "value": 0}})
    shouting = [threading.Thread(target=shout, args=(w,)) for w in range(connections)]
    began = time.monotonic()
    for t in shouting:
        t.start()
    waits, wrong = [], []
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    while any(t.is_alive() for t in shouting):
        before = time.monotonic()
        a = ask(c, "PATCH", f"{api}/entities/urn:ngsi-ld:Quiet:1/attrs/n", {"type": "Property", "value": len(waits)}, {"Authorization": "Bearer " + quiet})
        waits.append(time.monotonic() - before)
        if a.status != 204:
            wrong.append(a)
        time.sleep(0.02)
    took = time.monotonic() - began
    sent = sum(counts.values())
    report.check("each of a flood's events gets an answer", set(counts) <= {201, 204, 429}, counts)
    report.check("the flood is 200,000 events within a minute", sent >= flood_events, f"{sent} in {took:.0f} s: this machine is too slow to be tested")
    report.check("another source is answered within a second each time", not wrong and max(waits) < 1, f"slowest {max(waits):.2f} s; {wrong[:1]}")
    print(f"flood: {sent} events in {took:.1f} s, {counts}; another source waited {max(waits) * 1000:.0f} ms at most")


def burst(s, report):
    """15,000 updates at once, 50 on each of 300 connections, none of which waits for an answer; somebody else goes on."""
    connections, each = 300, 50
    s.call("POST", f"{api}/entities", {"id": "urn:ngsi-ld:Burst:1", "type": "Burst", "n": {"type": "Property", "value": 0}})
    s.call("POST", f"{api}/entities", {"id": "urn:ngsi-ld:Quiet:2", "type": "Quiet", "n": {"type": "Property", "value": 0}})
    body = b'{"type":"Property","value":1}'
    request = (f"PATCH {api}/entities/urn:ngsi-ld:Burst:1/attrs/n HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    loud = [socket.create_connection(("127.0.0.1", s.port), timeout=60) for _ in range(connections)]
    over = threading.Event()
    answered = []

    def hear():
        for c in loud:
            said = b""
            while said.count(b"HTTP/1.1 204") < each and (part := c.recv(1 << 16)):
                said += part
            answered.append(said.count(b"HTTP/1.1 204"))
        over.set()

    for c in loud:
        c.sendall(request * each)
    hearing = threading.Thread(target=hear)
    hearing.start()
    waits, wrong = [], []
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    while not over.is_set():
        before = time.monotonic()
        a = ask(c, "PATCH", f"{api}/entities/urn:ngsi-ld:Quiet:2/attrs/n", {"type": "Property", "value": len(waits)})
        waits.append(time.monotonic() - before)
        if a.status != 204:
            wrong.append(a)
    hearing.join()
    for c in loud:
        c.close()
    report.check("each request of a burst is answered", sum(answered) == connections * each, sum(answered))
    report.check("nobody else waits a second for it", not wrong and max(waits, default=0) < 1, f"slowest {max(waits):.2f} s; {wrong[:1]}")
    print(f"burst: another client waited {max(waits, default=0) * 1000:.0f} ms at most")


def memory_mb(s):
    status = pathlib.Path(f"/proc/{s.process.pid}/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


report = Report()
with Server() as server:
    for part in (bodies, methods, big_body, stops_reading, flood, burst):
        began = time.monotonic()
        part(server, report)
        report.check(f"the server lives after: {part.__name__}", server.alive(), server.tail())
        print(f"{part.__name__}: {time.monotonic() - began:.1f} s, {memory_mb(server)} MB at most", flush=True)
        if not server.alive():
            server.start()
    report.check(f"all of it takes less than {memory_max_mb} MB", memory_mb(server) < memory_max_mb, f"{memory_mb(server)} MB")
    health = server.call("GET", "/healthz")
    report.check("and the server is content", health.status == 200 and health.json()["status"] == "ok", health)
report.finish()
