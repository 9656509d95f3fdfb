#!/usr/bin/env python3
"""A receiver that is away for longer than the outbox holds hears everything afterwards, in order, also over a kill; and a
subscriber can have told once more what was, from a time or a position. DOS: the program."""
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server  # noqa: E402

api = "/dortmund/ngsi-ld/v1"
things = [f"urn:ngsi-ld:Away:{n}" for n in range(100)]
rounds = 130  # 13,000 changes; the outbox holds 10,000
report = Report()
check = report.check


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.is_there:
            with self.server.lock:
                for e in body["data"]:
                    self.server.told.setdefault(body["subscriptionId"], []).append((e["id"], e["n"]))
        self.send_response(204 if self.server.is_there else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Hook(http.server.ThreadingHTTPServer):
    is_there, lock = False, threading.Lock()

    def handle_error(self, *_):
        """Connections of a killed server are reset."""


def wait_for(what, truth, patience_s=60):
    deadline = time.monotonic() + patience_s
    while True:
        seen = what()
        if truth(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.1)


hook = Hook(("127.0.0.1", 0), Receiver)
hook.told = {}
threading.Thread(target=hook.serve_forever, daemon=True).start()
with Server(config="allow_private_addresses: true\n") as s:
    def write(value):
        a = s.call("POST", api + "/entityOperations/upsert?options=update",
                   [{"id": e, "type": "Away", "n": {"type": "Property", "value": value}} for e in things])
        assert a.status in (201, 204), a

    def subscribe(name):
        a = s.call("POST", api + "/subscriptions", {
            "id": "urn:ngsi-ld:Subscription:" + name, "type": "Subscription", "entities": [{"type": "Away"}],
            "notification": {"format": "keyValues", "endpoint": {"uri": f"http://127.0.0.1:{hook.server_port}/"}}})
        assert a.status == 201, a
        return "urn:ngsi-ld:Subscription:" + name

    def state(name):
        return s.call("GET", f"{api}/subscriptions/{name}").json()["notification"]

    def told(name):
        with hook.lock:
            return list(hook.told.get(name, []))

    away = subscribe("away")
    for value in range(rounds // 2):
        write(value)
    s.kill()
    s.start()
    for value in range(rounds // 2, rounds):
        write(value)
    seen = wait_for(lambda: state(away), lambda n: n.get("behindFrom") and n.get("timesFailed"))
    check("what waits, what failed and why can be seen", seen["status"] == "failed" and seen.get("waiting") == 10000 and seen.get("behindFrom")
          and seen.get("lastError") == "the receiver answered 503" and "lastFailure" in seen, seen)
    s.kill()
    s.start()
    hook.is_there = True
    wanted = {(e, v) for e in things for v in range(rounds)}
    wait_for(lambda: set(told(away)), lambda seen: wanted <= seen, 400)
    missing = wanted - set(told(away))
    check("all of it is told once the receiver is back", not missing, f"{len(missing)} of {len(wanted)}, for example {sorted(missing)[:3]}")
    newest, backwards = {}, []
    for e, v in told(away):
        if v > newest.get(e, -1) + 1:
            backwards.append((e, newest.get(e), v))
        newest[e] = max(v, newest.get(e, -1))
    check("in the order of each entity", not backwards, backwards[:3])
    seen = wait_for(lambda: state(away), lambda n: n["status"] == "ok" and "waiting" not in n)
    check("then nothing waits any more", seen["status"] == "ok" and "waiting" not in seen and "behindFrom" not in seen, seen)

    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(1.2)  # so that the second that is named lies between the changes
    write(1000)
    late = subscribe("late")
    a = s.call("POST", f"{api}/subscriptions/{late}/replay", {"from": before})
    check("a replay is taken", a.status == 202 and a.json()["position"] > 1 and "gap" not in a.json(), a)
    wait_for(lambda: told(late), lambda all: len(all) >= len(things))
    check("from a time on, what was is told once more, and nothing before", {v for _, v in told(late)} == {1000} and len(told(late)) == len(things), len(told(late)))
    a = s.call("POST", f"{api}/subscriptions/{late}/replay", {"position": 1})
    wait_for(lambda: set(told(late)), lambda seen: wanted <= seen, 120)
    check("from a position on, too", wanted <= set(told(late)), len(told(late)))
    for wrong in ({}, {"from": "yesterday"}, {"position": 0}, {"position": 1, "from": before}):
        check(f"{wrong} is refused", s.call("POST", f"{api}/subscriptions/{late}/replay", wrong).status == 400)
    check("of a subscription that is not there, nothing", s.call("POST", f"{api}/subscriptions/urn:x:1/replay", {"position": 1}).status == 404)
report.finish()
