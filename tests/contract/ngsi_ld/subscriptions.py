#!/usr/bin/env python3
# config: allow_private_addresses: true
"""Subscriptions and their notifications over HTTP. ETSI GS CIM 009, 5.8"""
import http.server
import json
import queue
import threading
import time

from _client import call, check, create, is_error, new_id, report

received = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.put((dict(self.headers), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}/notify"


def subscribe(**members):
    s = {"id": new_id("Subscription"), "type": "Subscription", "entities": [{"type": "Bin"}], "notification": {"endpoint": {"uri": here}}, **members}
    r = call("POST", "/subscriptions", s)
    check("a subscription can be made", r.status == 201, r)
    return s["id"]


def next_one():
    try:
        return received.get(timeout=10)
    except queue.Empty:
        return {}, {}


plain = subscribe(notification={"format": "keyValues", "endpoint": {"uri": here, "receiverInfo": [{"key": "X-Room", "value": "12"}]}})
id = create(type="Bin", level=10)
headers, n = next_one()
check("a new attribute is told", n.get("subscriptionId") == plain and n.get("data") == [{"id": id, "type": "Bin", "level": 10}], n)
check("with the headers asked for", headers.get("X-Room") == "12", headers)
check("and in the form of the standard", n.get("type") == "Notification" and "notifiedAt" in n, n)
deadline = time.monotonic() + 10
while time.monotonic() < deadline:  # it is counted when the receiver's answer has come
    r = call("GET", f"/subscriptions/{plain}").json()
    if r["notification"].get("timesSent"):
        break
check("a subscription tells how it fares", r["status"] == "active" and r["notification"].get("timesSent") == 1 and r["notification"]["status"] == "ok", r)
call("DELETE", f"/subscriptions/{plain}")

changes = subscribe(q="level>50", watchedAttributes=["level"], notification={"showChanges": True, "endpoint": {"uri": here}})
call("PATCH", f"/entities/{id}", {"level": 20})
call("PATCH", f"/entities/{id}", {"colour": "red"})
call("PATCH", f"/entities/{id}", {"level": 60})
_, n = next_one()
check("only what fulfils the condition is told, with what was before",
      n.get("data", [{}])[0].get("level") == {"type": "Property", "value": 60, "previousValue": 20}, n)
call("DELETE", f"/subscriptions/{changes}")

gone = subscribe(notificationTrigger=["entityDeleted"])
call("DELETE", f"/entities/{id}")
_, n = next_one()
check("a deletion is told", n.get("data", [{}])[0].get("id") == id and "deletedAt" in n["data"][0], n)
call("DELETE", f"/subscriptions/{gone}")
weak, strong = create(type="Battery", charge=0.2), create(type="Battery", charge=0.9)
linked = subscribe(q="power{charge}<0.5")
create(type="Bin", power={"type": "Relationship", "object": strong})
first = create(type="Bin", power={"type": "Relationship", "object": weak})
_, n = next_one()
check("a condition may be about what an entity points to", n.get("data", [{}])[0].get("id") == first, n)
call("PATCH", f"/entities/{strong}", {"charge": 0.1})
second = create(type="Bin", power={"type": "Relationship", "object": strong})
_, n = next_one()
check("it is answered by what that is when the news goes out", n.get("data", [{}])[0].get("id") == second, n)
deadline = time.monotonic() + 10
while time.monotonic() < deadline and call("GET", f"/subscriptions/{linked}").json()["notification"].get("timesSent") != 2:
    pass
check("what was not told is not counted", call("GET", f"/subscriptions/{linked}").json()["notification"].get("timesSent") == 2)
call("DELETE", f"/subscriptions/{linked}")
check("nothing was told twice", received.empty())

for wrong in ({"type": "Subscription"}, {"notification": {"endpoint": {"uri": "nowhere"}}}, {"throttling": -1}, {"timeInterval": 5, "throttling": 5},
              {"expiresAt": "2001-01-01T00:00:00Z"}, {"q": "(("}, {"notificationTrigger": ["sometimes"]}):
    s = {"type": "Subscription", "entities": [{"type": "Bin"}], "notification": {"endpoint": {"uri": here}}, **wrong}
    if wrong == {"type": "Subscription"}:
        del s["notification"]
    check(f"{wrong} is refused", is_error(call("POST", "/subscriptions", s), 400, "BadRequestData"))
s = subscribe()
check("its id is taken", is_error(call("POST", "/subscriptions", {"id": s, "type": "Subscription", "entities": [{"type": "A"}],
                                                                  "notification": {"endpoint": {"uri": here}}}), 409, "AlreadyExists"))
check("it can be changed", call("PATCH", f"/subscriptions/{s}", {"isActive": False}).status == 204)
check("and pauses", call("GET", f"/subscriptions/{s}").json()["status"] == "paused")
check("it can be deleted", call("DELETE", f"/subscriptions/{s}").status == 204 and call("GET", f"/subscriptions/{s}").status == 404)
report.finish()
