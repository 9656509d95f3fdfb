#!/usr/bin/env python3
# config: allow_private_addresses: true
# config: source_timeout_ms: 1500
"""Subscriptions handed on to context sources: what changes elsewhere is told here. ETSI GS CIM 009, 5.8.1.4"""
import http.server
import json
import queue
import threading
import time

from _client import base, call, check, is_error, new_id, report, root
from server import Server

here = f"http://{base.hostname}:{base.port}"
received = queue.Queue()
refuses = threading.Event()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503 if refuses.is_set() else 200)
        self.end_headers()
        received.put(body)

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
to_me = f"http://127.0.0.1:{receiver.server_port}/"


def next_one(seconds=20):
    try:
        return received.get(timeout=seconds)
    except queue.Empty:
        return {}


def wait_until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)  # the test waits as a client would: for what another broker does in its own time
    return True


def caller(node):
    return lambda method, path, body=None, headers=None: node.call(method, root + path, body, headers)


def register(at, endpoint, **members):
    id = new_id("ContextSourceRegistration")
    r = at("POST", "/csourceRegistrations", {"id": id, "type": "ContextSourceRegistration", "endpoint": endpoint, "information": [{"entities": [{"type": "Lamp"}]}], **members})
    check("a source can be registered", r.status == 201, r)
    return id


def copies(at):
    return [s for s in at("GET", "/subscriptions").json() if "remote-notify" in s["notification"]["endpoint"]["uri"]]


config = "allow_private_addresses: true\nsource_timeout_ms: 1500\n"
with Server(config=config) as first, Server(config=config) as second:
    north, south = caller(first), caller(second)
    # Each node has to know how the others reach it; the test's servers say so with their port.
    at_south = register(north, second.url)
    id = new_id("Subscription")
    r = north("POST", "/subscriptions", {"id": id, "type": "Subscription", "entities": [{"type": "Lamp"}], "q": "power>5",
                                         "notification": {"format": "keyValues", "attributes": ["power"], "endpoint": {"uri": to_me}}})
    check("a subscription can be made", r.status == 201, r)
    check("a source gets a copy of it", wait_until(lambda: len(copies(south)) == 1), south("GET", "/subscriptions").json())
    copy = (copies(south) or [{}])[0]
    check("with its condition, and without the subscriber's address", copy.get("q") == "power>5" and to_me not in json.dumps(copy) and copy.get("id") != id, copy)
    watchers = north("GET", "/csourceSubscriptions").json()
    check("the broker says to whom it handed it on", [w.get("handedOnTo") for w in watchers] == [[at_south]], watchers)
    lamp = new_id("Lamp")
    south("POST", "/entities", {"id": lamp, "type": "Lamp", "power": 3, "colour": "red"})
    south("PATCH", f"/entities/{lamp}/attrs", {"power": {"type": "Property", "value": 9}})
    n = next_one()
    check("what changes at the source is told here, under the name and in the form the subscriber knows",
          n.get("subscriptionId") == id and n.get("data") == [{"id": lamp, "type": "Lamp", "power": 9}], n)

    # --- nothing is lost ---
    refuses.set()
    south("PATCH", f"/entities/{lamp}/attrs", {"power": {"type": "Property", "value": 10}})
    check("a receiver that refuses is told", next_one().get("data", [{}])[0].get("power") == 10)
    first.kill()
    refuses.clear()
    first.start()
    n = next_one(40)
    check("and again after a kill of the broker between", n.get("data", [{}])[0].get("power") == 10, n)
    while not received.empty():
        received.get()

    # --- changing and ending ---
    r = north("PATCH", f"/subscriptions/{id}", {"q": "power>50"})
    check("a changed subscription has a changed copy", wait_until(lambda: [c.get("q") for c in copies(south)] == ["power>50"]), copies(south))
    north("PATCH", f"/subscriptions/{id}", {"isActive": False})
    check("a paused one has none", wait_until(lambda: copies(south) == []), copies(south))
    north("PATCH", f"/subscriptions/{id}", {"isActive": True})
    check("until it goes on", wait_until(lambda: len(copies(south)) == 1), copies(south))
    second.stop()
    north("DELETE", f"/subscriptions/{id}")
    second.start()
    check("a copy is taken back also when its source was away meanwhile", wait_until(lambda: copies(south) == [], 60), copies(south))
    check("and the watcher is gone with it", north("GET", "/csourceSubscriptions").json() == [])

    # --- conditions on parts in two places ---
    split = new_id("Lamp")
    north("POST", "/entities?local=true", {"id": split, "type": "Lamp", "colour": "blue"})
    sub = new_id("Subscription")
    north("POST", "/subscriptions", {"id": sub, "type": "Subscription", "entities": [{"type": "Lamp"}], "q": 'power>5;colour=="blue"', "splitEntities": True,
                                     "notification": {"format": "keyValues", "endpoint": {"uri": to_me}}})
    check("a copy of entities that may be split has no condition", wait_until(lambda: [("q" in c) for c in copies(south)] == [False]), copies(south))
    south("POST", "/entities", {"id": split, "type": "Lamp", "power": 8})
    n = next_one()
    check("what is here and there is told as one", n.get("data") == [{"id": split, "type": "Lamp", "power": 8, "colour": "blue"}]
          or n.get("data") == [{"id": split, "type": "Lamp", "colour": "blue", "power": 8}], n)
    north("DELETE", f"/subscriptions/{sub}")
    check("and its copy goes", wait_until(lambda: copies(south) == []), copies(south))

    # --- circles, and what is not for everybody ---
    register(south, first.url)
    ring = new_id("Subscription")
    north("POST", "/subscriptions", {"id": ring, "type": "Subscription", "entities": [{"type": "Lamp"}], "notification": {"endpoint": {"uri": to_me}}})
    check("in a circle each broker has one copy at most", wait_until(lambda: len(copies(south)) == 1) and len(copies(north)) == 0, (copies(south), copies(north)))
    alone = new_id("Subscription")
    north("POST", "/subscriptions", {"id": alone, "type": "Subscription", "entities": [{"type": "Lamp"}], "localOnly": True, "notification": {"endpoint": {"uri": to_me}}})
    check("localOnly stays here", [w["id"] for w in north("GET", "/csourceSubscriptions").json()] == [ring + ":sources"])
    r = first.call("POST", "/ngsi-ld/ex/remote-notify", {"type": "Notification", "subscriptionId": "urn:ngsi-ld:Subscription:none", "data": []})
    check("a notification for a copy that is not known is refused", is_error(r, 404, "ResourceNotFound"), r)
    r = first.call("POST", "/ngsi-ld/ex/remote-notify", {"type": "Notification", "subscriptionId": copies(south)[0]["id"], "data": [{"id": "no uri", "type": "Lamp"}]})
    check("so is one whose entities are not valid", is_error(r, 400, "BadRequestData"), r)
report.finish()
