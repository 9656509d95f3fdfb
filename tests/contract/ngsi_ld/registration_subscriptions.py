#!/usr/bin/env python3
"""Notifications of registrations and periodic ones outlive the process and a dead receiver. ETSI GS CIM 009, 5.11.7"""
import http.server
import json
import queue
import socket
import threading
import time

from _client import check, new_id, report, root
from server import Server

received = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen(port=0):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def next_one(patience_s=20):
    try:
        return received.get(timeout=patience_s)
    except queue.Empty:
        return {}


def is_told(id, patience_s=20):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if next_one(deadline - time.monotonic()).get("subscriptionId") == id:  # others may come twice: at least once
            return True
    return False


probe = socket.socket()
probe.bind(("127.0.0.1", 0))
port = probe.getsockname()[1]
probe.close()
here = f"http://127.0.0.1:{port}/notify"

with Server(config="allow_private_addresses: true\n") as node:
    def call(method, path, body=None):
        return node.call(method, root + path, body)

    def register(name, **members):
        id = f"urn:ngsi-ld:ContextSourceRegistration:{name}"
        r = call("POST", "/csourceRegistrations", {"id": id, "type": "ContextSourceRegistration", "endpoint": "http://source:1",
                                                   "information": [{"entities": [{"type": "Bin"}]}], **members})
        check("a source can be registered", r.status == 201, r)
        return id

    def subscription(id):
        return call("GET", f"/csourceSubscriptions/{id}").json()["notification"]

    def told(n):
        return n.get("triggerReason"), [r["id"].rsplit(":", 1)[1] for r in n.get("data", [])]

    def wait_until(holds):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if holds():
                return True
        return False

    receiver = listen(port)
    register("first")
    id = new_id("Subscription")
    r = call("POST", "/csourceSubscriptions", {"id": id, "type": "Subscription", "entities": [{"type": "Bin"}],
                                               "notification": {"endpoint": {"uri": here}}})
    check("who subscribes to registrations", r.status == 201, r)
    check("is told those that are there", told(next_one()) == ("newlyMatching", ["first"]))
    register("second")
    check("and every new one", told(next_one()) == ("newlyMatching", ["second"]))
    register("tree", information=[{"entities": [{"type": "Tree"}]}])
    check("a subscription tells how it fares", wait_until(lambda: subscription(id).get("timesSent") == 2), subscription(id))
    receiver.shutdown()
    receiver.server_close()

    register("third")
    call("PATCH", "/csourceRegistrations/urn:ngsi-ld:ContextSourceRegistration:second", {"endpoint": "http://elsewhere:1"})
    call("DELETE", "/csourceRegistrations/urn:ngsi-ld:ContextSourceRegistration:first")
    check("a receiver that is gone is seen", wait_until(lambda: subscription(id).get("status") == "failed"), subscription(id))
    node.kill()
    node.start()
    check("what became of notifications is known after a kill", subscription(id).get("timesSent", 0) >= 3, subscription(id))
    listen(port)
    seen = [told(next_one(40)) for _ in range(3)]
    check("after a kill and with the receiver back nothing is missing, in order",
          seen == [("newlyMatching", ["third"]), ("updated", ["second"]), ("noLongerMatching", ["first"])], seen)
    check("and nothing comes twice", wait_until(lambda: subscription(id).get("status") == "ok") and received.empty(), list(received.queue))
    call("DELETE", f"/csourceSubscriptions/{id}")

    # --- periodic ones ---
    call("POST", "/entities", {"id": new_id("Lamp"), "type": "Lamp", "power": 1})
    often = new_id("Subscription")
    r = call("POST", "/subscriptions", {"id": often, "type": "Subscription", "entities": [{"type": "Lamp"}], "timeInterval": 2,
                                        "notification": {"endpoint": {"uri": here}}})
    check("a periodic subscription can be made", r.status == 201, r)
    check("and is told when its time has come", is_told(often))
    sent = lambda: call("GET", f"/subscriptions/{often}").json()["notification"].get("timesSent", 0)
    # Counts are kept with the next checkpoint, at most five seconds later; one is told every two.
    check("it counts", wait_until(lambda: sent() >= 5), sent())
    node.kill()
    while not received.empty():
        received.get()
    node.start()
    check("it counts on after a kill", sent() >= 1, sent())
    check("and goes on", is_told(often))

report.finish()
