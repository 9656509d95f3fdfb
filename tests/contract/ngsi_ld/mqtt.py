#!/usr/bin/env python3
# config: allow_private_addresses: true
"""Notifications to MQTT brokers. ETSI GS CIM 009, 5.8.6 and 7.2"""
import json
import shutil
import socket
import struct
import subprocess
import time

from _client import call, check, create, is_error, new_id, report

mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
if not mosquitto:
    report.skip("notifications by MQTT", "mosquitto is not installed")
    report.finish()

with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
here = f"mqtt://127.0.0.1:{port}"


def start_broker():
    return subprocess.Popen([mosquitto, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Receiver:
    """Hears one topic, as version 3.1.1 says it."""

    def __init__(self, topic):
        deadline = time.monotonic() + 10
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, struct.pack("!H", 4) + b"MQTT" + bytes([4, 2]) + struct.pack("!HH", 60, 0))
        self.read()
        self.send(0x82, struct.pack("!HH", 1, len(topic)) + topic.encode() + bytes([1]))
        self.read()

    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)

    def read(self):
        first = self.stream.read(1)[0]
        length = shift = 0
        while True:
            digit = self.stream.read(1)[0]
            length |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return first, self.stream.read(length)

    def next(self):
        first, body = self.read()
        n = struct.unpack("!H", body[:2])[0]
        at = 2 + n
        if first & 6:
            self.send(0x40, body[at:at + 2])
            at += 2
        return json.loads(body[at:])


def subscribe(topic, **notifier):
    s = {"id": new_id("Subscription"), "type": "Subscription", "entities": [{"type": "Bin"}],
         "notification": {"format": "keyValues", "endpoint": {
             "uri": f"{here}/{topic}", "receiverInfo": [{"key": "Room", "value": "12"}],
             "notifierInfo": [{"key": "MQTT-" + k, "value": str(v)} for k, v in notifier.items()]}}}
    r = call("POST", "/subscriptions", s)
    check("a subscription with a topic can be made", r.status == 201, r)
    return s["id"]


broker = start_broker()
try:
    for version, qos in (("mqtt3.1.1", "0"), ("mqtt5.0", "1"), ("mqtt5.0", 2), ("mqtt3.1.1", 2)):
        receiver = Receiver("city/bins")
        s = subscribe("city/bins", Version=version, QoS=qos)
        id = create(type="Bin", level=10)
        n = receiver.next()
        check(f"{version}, quality of service {qos}: the body is a notification",
              n["body"]["subscriptionId"] == s and n["body"]["data"] == [{"id": id, "type": "Bin", "level": 10}], n)
        check("what HTTP says in headers stands beside it", n["metadata"]["Room"] == "12" and "Link" in n["metadata"]
              and n["metadata"]["Content-Type"] == "application/json", n)
        call("DELETE", f"/subscriptions/{s}")

    s = subscribe("city/later", QoS=1)
    broker.kill()
    broker.wait()
    id = create(type="Bin", level=0)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        notification = call("GET", f"/subscriptions/{s}").json()["notification"]
        if notification.get("timesFailed"):
            break
        time.sleep(0.05)
    check("a broker that is away is told of", notification.get("status") == "failed" and notification.get("lastError"), notification)
    for level in range(1, 6):
        call("PATCH", f"/entities/{id}", {"level": level})
    broker = start_broker()
    receiver = Receiver("city/later")
    seen = []
    while not seen or seen[-1] != 5:
        seen += [e["level"] for e in receiver.next()["body"]["data"]]
    check("what waited comes once the broker is back, in order", sorted(set(seen)) == [0, 1, 2, 3, 4, 5] and seen == sorted(seen), seen)
finally:
    broker.kill()
    broker.wait()

for uri, info, member in ((here, [], "notification.endpoint.uri"), (here + "/a/#", [], "notification.endpoint.uri"),
                          (here + "/a", [{"key": "MQTT-QoS", "value": "3"}], "notification.endpoint.notifierInfo"),
                          (here + "/a", [{"key": "MQTT-Version", "value": "4"}], "notification.endpoint.notifierInfo")):
    r = call("POST", "/subscriptions", {"type": "Subscription", "entities": [{"type": "Bin"}],
                                        "notification": {"endpoint": {"uri": uri, "notifierInfo": info}}})
    check(f"{uri} with {info} is refused, naming the member", is_error(r, 400, "BadRequestData") and r.json()["member"] == member, r)
report.finish()
