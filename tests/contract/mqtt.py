"""The MQTT listener from outside: delivery, sessions, rights, limits, and every kind of wrong packet."""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parent.parent)))
from mqtt_client import (CONNACK, DISCONNECT, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Client, Ended, Message,  # noqa: E402
                         WebSocketClient, connect, packet, properties, text, trusting, wait_until)
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
limits = "queue_messages_max: 200, packet_bytes_max: 65536"


def delivery(s, port):
    for version in (4, 5):
        name = f"version {'5' if version == 5 else '3.1.1'}"
        with Client(port, f"reader-{version}", version) as r, Client(port, f"writer-{version}", version) as w:
            r.subscribe("plant/+/water", "plant/#", qos=2)
            for qos in (0, 1, 2):
                w.publish("plant/7/water", f"level {qos}", qos)
            got = r.messages(3)
            check(f"{name}: a message comes once, whatever its quality of service and however many filters match",
                  [(m.payload, m.qos) for m in got] == [(b"level 0", 0), (b"level 1", 1), (b"level 2", 2)], got)
            r.unsubscribe("plant/#")
            w.publish("plant/7", "unheard", 1)
            w.publish("plant/8/water", "heard", 1)
            m = r.message()
            check(f"{name}: what was unsubscribed does not come", m.payload == b"heard", m)
            w.publish("house/door", "open", 1, retain=True)
            w.publish("house/door", "shut", 1, retain=True)
            r.subscribe("house/#")
            m = r.message()
            check(f"{name}: a new subscription gets the last retained message", m.payload == b"shut" and m.retain, m)
            w.publish("house/door", "", 1, retain=True)
            m = r.message()
            check(f"{name}: an empty retained message is passed on", m.payload == b"" and not m.retain, m)
            r.subscribe("house/#")
            r.ping()
            w.publish("house/window", "x", 1)
            m = r.message()
            check(f"{name}: and ends the retention", m.topic == "house/window", m)
        with Client(port, "watcher", version) as r:
            r.subscribe("wills/#")
            gone = Client(port, "mortal", version, will=("wills/a", "gone", 1, False))
            gone.socket.close()
            check(f"{name}: the will of a client that is lost is told", r.message().payload == b"gone")
            Client(port, "mortal", version, will=("wills/a", "gone", 1, False)).disconnect()
            Client(port, "mortal", version, will=("wills/b", "marker", 1, False)).socket.close()
            m = r.message()
            check(f"{name}: the will of one who says good-bye is not", m.topic == "wills/b", m)
            first = Client(port, "twice", version, will=("wills/c", "replaced", 1, False))
            second = Client(port, "twice", version)
            check(f"{name}: a second connection of a client ends the first, whose will is told",
                  first.ended() is not None and r.message().payload == b"replaced")
            second.socket.close()


def version_5(port):
    with Client(port, "r5", 5) as r, Client(port, "w5", 5) as w:
        r.subscribe("a", options=1 | 4, props=b"\x0b\x05")  # no local, identifier 5
        w.subscribe("a", options=1 | 4)
        w.publish("a", "hello", 1, props=b"\x01\x01" + b"\x03" + text("text/plain") + b"\x26" + text("k") + text("v"))
        m = r.message()
        check("version 5: properties travel with the message, the subscription's identifier is added",
              all(p in m.props for p in (b"\x01\x01", b"\x03" + text("text/plain"), b"\x26" + text("k") + text("v"), b"\x0b\x05")), m.props)
        w.publish("a", "again", 1)
        r.message()
        w.subscribe("b")
        r.publish("b", "to w", 1)
        m = w.message()
        check("version 5: who asked not to hear itself does not", m.payload == b"to w", m)
        reason = w.publish("a", b"\xff", 1, props=b"\x01\x01")
        check("version 5: a payload that is said to be text and is not is refused", reason == 0x99, reason)
        w.publish("a", "short", 1, props=b"\x02\x00\x00\x00\x64")
        m = r.message()
        check("version 5: what is left of a message's life is told", b"\x02" in m.props and m.payload == b"short", m.props)
    with Client(port, "alias", 5) as c:
        c.subscribe("long/topic")
        c.send(c.publish_packet("long/topic", "1", 1, props=b"\x23\x00\x01") + c.publish_packet("", "2", 1, props=b"\x23\x00\x01"))
        got = c.messages(2)
        check("version 5: an alias stands for its topic", [(m.topic, m.payload) for m in got] == [("long/topic", b"1"), ("long/topic", b"2")], got)
        c.send(c.publish_packet("", "3", 1, props=b"\x23\x00\x02"))
        seen = c.ended()
        check("version 5: an alias that stands for nothing ends the connection with 0x94",
              any(k == DISCONNECT and b[0] == 0x94 for k, _, b in seen), seen)
    with Client(port, "s1", 5) as a, Client(port, "s2", 5) as b, Client(port, "s3", 5) as w:
        for c in (a, b):
            c.subscribe("$share/team/jobs/#")
        for n in range(10):
            w.publish("jobs/x", str(n), 1)
        w.publish("other", "", 1)
        for c in (a, b):
            c.subscribe("end")
        w.publish("end", "", 1)
        seen = []
        for c in (a, b):
            while (m := c.message()).topic != "end":
                seen.append((c is a, m.payload))
        check("version 5: each message of a shared subscription comes to one of its members, in turn",
              sorted(p for _, p in seen) == [str(n).encode() for n in range(10)] and {w for w, _ in seen} == {True, False}, seen)
    with Client(port, "watch", 5) as r:
        r.subscribe("w5/#")
        c = Client(port, "delayed", 5, will=("w5/a", "late", 1, False, b"\x18\x00\x00\x00\x3c"), props=b"\x11\x00\x00\x00\x3c")
        c.socket.close()
        Client(port, "delayed", 5, clean=False).disconnect()
        c = Client(port, "lasting all at once", 5, will=("w5/c", "no good-bye", 1, False))
        c.send(packet(DISCONNECT, 0, b"\0" + properties(b"\x11\x00\x00\x00\x3c")))
        seen = c.ended()
        check("version 5: a session that was to end with its connection cannot last at the good-bye: 0x82, and the will is told",
              seen and seen[-1][0] == DISCONNECT and seen[-1][2][0] == 0x82 and r.message().topic == "w5/c", seen)
        check("version 5: topics of a module take no shared subscription", r.subscribe("$share/team/v1.1/Things") == [0x9e])
        c = Client(port, "spoken", 5, will=("w5/b", "all the same", 1, False))
        c.disconnect(0x04)
        m = r.message()
        check("version 5: a delayed will is not told when the client comes back, and told on request at the good-bye",
              m.topic == "w5/b", m)


def sessions(port):
    for version, lasting in ((4, b""), (5, b"\x11\x00\x00\x0e\x10")):
        name = f"version {'5' if version == 5 else '3.1.1'}"
        me = f"sleeper-{version}"
        c = Client(port, me, version, clean=False, props=lasting)
        check(f"{name}: a new session is said to be new", c.session_present is False)
        c.subscribe("mail/#", qos=2)
        c.disconnect()
        with Client(port, "sender", version) as w:
            for n in range(20):
                w.publish("mail/x", str(n), 1 + n % 2)
        c = Client(port, me, version, clean=False, props=lasting)
        check(f"{name}: a session is taken up again", c.session_present is True)
        got = c.messages(20)
        check(f"{name}: what came meanwhile waits, in order", [m.payload for m in got] == [str(n).encode() for n in range(20)], got)
        c.ping()
        c.disconnect()
        c = Client(port, me, version, clean=False, props=lasting)
        with Client(port, "sender", version) as w:
            w.publish("mail/x", "one", 1)
            w.publish("mail/x", "two", 2)
        first = [c.message(acknowledge=False) for _ in range(2)]
        c.socket.close()
        c = Client(port, me, version, clean=False, props=lasting)
        again = [c.message(acknowledge=False) for _ in range(2)]
        check(f"{name}: what was not acknowledged comes again, marked, under its old identifier",
              [(m.id, m.payload, m.dup) for m in again] == [(m.id, m.payload, True) for m in first], (first, again))
        c.ack(PUBACK, again[0].id)
        c.ack(PUBREC, again[1].id)
        kind, _, body = c.read()
        c.socket.close()
        c = Client(port, me, version, clean=False, props=lasting)
        kind2, _, body2 = c.read()
        check(f"{name}: after PUBREC only PUBREL comes again", kind == kind2 == PUBREL and body[:2] == body2[:2], (kind, kind2))
        c.ack(PUBCOMP, again[1].id)
        c.ping()
        # The other way: the client cannot know whether its message arrived.
        with Client(port, "hears", version) as r:
            r.subscribe("out/#", qos=2)
            c.send(c.publish_packet("out/x", "once", 2, id=77))
            c.wait_for(PUBREC)
            c.socket.close()
            c = Client(port, me, version, clean=False, props=lasting)
            c.send(c.publish_packet("out/x", "once", 2, id=77, dup=True))
            c.wait_for(PUBREC)
            c.ack(PUBREL, 77)
            c.wait_for(PUBCOMP)
            c.send(c.publish_packet("out/x", "another", 2, id=77))
            c.wait_for(PUBREC)
            got = r.messages(2)
            check(f"{name}: quality of service 2 comes exactly once over a new connection", [m.payload for m in got] == [b"once", b"another"], got)
        c.disconnect()
        c = Client(port, me, version, clean=True)
        check(f"{name}: a clean start ends the session", c.session_present is False)
        c.disconnect()
    with Client(port, "brief", 5, clean=False, props=b"\x11\x00\x00\x00\x01") as c:
        c.disconnect()
    def is_gone():
        c = Client(port, "brief", 5, clean=False)
        c.disconnect()
        return not c.session_present
    time.sleep(1.2)  # the session lives for one second
    check("version 5: a session ends when its time is over", wait_until(is_gone))
    c = Client(port, "collector", 4, clean=False)
    c.subscribe("full/#")
    c.disconnect()
    with Client(port, "sender") as w:
        for n in range(300):
            w.publish("full/x", str(n), 1)
    c = Client(port, "collector", 4, clean=False)
    got = c.messages(200)
    with Client(port, "sender") as w:
        w.publish("full/x", "later", 1)
    check("a queue has its limit; beyond, the client loses the newest, and takes part again afterwards",
          [m.payload for m in got] == [str(n).encode() for n in range(200)] and c.message().payload == b"later", len(got))
    c.disconnect()
    Client(port, "collector").disconnect()


def wrong_packets(s, port):
    hello = connect("wrong")
    hello5 = connect("wrong5", 5)
    before = [("nothing that MQTT knows", b"GET / HTTP/1.1\r\n\r\n"), ("another protocol's name", packet(1, 0, text("MQTX") + b"\x04\x02\x00\x3c" + text("x"))),
              ("a reserved flag in CONNECT", packet(1, 0, text("MQTT") + b"\x04\x03\x00\x3c" + text("x"))),
              ("a will of quality of service 3", packet(1, 0, text("MQTT") + b"\x04\x1e\x00\x3c" + text("x") + text("t") + text("m"))),
              ("a PUBLISH before CONNECT", packet(3, 0, text("a") + b"x")), ("an endless length", b"\x10\xff\xff\xff\xff\x01"),
              ("a CONNECT that says it is huge", b"\x10\xff\xff\xff\x7f"), ("a CONNECT that ends early", packet(1, 0, text("MQTT") + b"\x04")),
              ("a CONNECT with more behind it", packet(1, 0, text("MQTT") + b"\x04\x02\x00\x3c" + text("x") + b"more")),
              ("an identifier that is no UTF-8", packet(1, 0, text("MQTT") + b"\x04\x02\x00\x3c" + text(b"\xff"))),
              ("a CONNECT with an unknown property", packet(1, 0, text("MQTT") + b"\x05\x02\x00\x3c\x01\x7f" + text("x"))),
              ("a Receive Maximum of 0", packet(1, 0, text("MQTT") + b"\x05\x02\x00\x3c\x03\x21\x00\x00" + text("x")))]
    for what, data in before:
        with Client(port, hello=False) as c:
            c.send(data)
            seen = c.ended()
            check(f"{what} ends the connection without a word", seen == [], seen)
    for level, answer in ((3, b"\x00\x01"), (6, b"\x00\x01")):
        with Client(port, hello=False) as c:
            c.send(packet(1, 0, text("MQIsdp" if level == 3 else "MQTT") + bytes([level]) + b"\x02\x00\x3c" + text("x")))
            seen = c.ended()
            check(f"version {level} is refused as such", seen == [(CONNACK, 0, answer)], seen)
    with Client(port, hello=False) as c:
        c.send(connect("auth", 5, props=b"\x15" + text("SCRAM-SHA-1")))
        seen = c.ended()
        check("a method of authentication that is not offered is refused", seen[0][0] == CONNACK and seen[0][2][1] == 0x8c, seen)
    for what, data, reason in [
            ("a second CONNECT", hello, 0x82), ("a CONNACK", packet(2, 0, b"\0\0\0"), 0x82), ("a PINGRESP", packet(13, 0, b""), 0x82),
            ("a SUBACK", packet(9, 0, b"\0\1\0\0"), 0x82), ("packet type 0", packet(0, 0, b""), 0x81),
            ("an AUTH", packet(15, 0, b""), 0x82), ("PINGREQ with content", packet(12, 0, b"x"), 0x81),
            ("quality of service 3", packet(3, 6, text("a") + b"\0\1\0x"), 0x81), ("identifier 0", packet(3, 2, text("a") + b"\0\0\0x"), 0x81),
            ("a topic with a wildcard", packet(3, 0, text("a/#") + b"\0x"), 0x81), ("a topic with NUL", packet(3, 0, text("a\0b") + b"\0x"), 0x81),
            ("no topic and no alias", packet(3, 0, text("") + b"\0x"), 0x81), ("alias 0", packet(3, 0, text("a") + b"\x03\x23\0\0x"), 0x81),
            ("alias 65535", packet(3, 0, text("a") + b"\x03\x23\xff\xffx"), 0x94),
            ("a subscription identifier from a client", packet(3, 0, text("a") + b"\x02\x0b\x01x"), 0x82),
            ("SUBSCRIBE with wrong flags", packet(8, 0, b"\0\1\0" + text("a") + b"\0"), 0x81),
            ("SUBSCRIBE to nothing", packet(8, 2, b"\0\1\0"), 0x81), ("SUBSCRIBE to a wrong filter", packet(8, 2, b"\0\1\0" + text("a#") + b"\0"), 0x81),
            ("reserved bits of options", packet(8, 2, b"\0\1\0" + text("a") + b"\xc0"), 0x81),
            ("a shared subscription that is not local", packet(8, 2, b"\0\1\0" + text("$share/g/a") + b"\x04"), 0x81),
            ("UNSUBSCRIBE from nothing", packet(10, 2, b"\0\1\0"), 0x81), ("PUBREL with wrong flags", packet(6, 0, b"\0\1"), 0x81),
            ("a property that comes twice", packet(3, 0, text("a") + b"\x04\x01\x01\x01\x01x"), 0x81),
            ("a DISCONNECT with a strange property", packet(14, 0, b"\0\x02\x01\x01"), 0x81),
            ("a packet over the limit", packet(3, 0, text("a") + b"\0" + b"x" * 70_000), 0x95)]:
        with Client(port, hello=False) as c:
            c.send(hello5)
            c.read()
            c.send(data)
            seen = c.ended()
            check(f"{what} ends the connection with reason {reason:#x}", seen and seen[-1][0] == DISCONNECT and seen[-1][2][0] == reason, seen)
        if what not in ("a second CONNECT", "a CONNACK", "a PINGRESP", "packet type 0", "an AUTH", "PINGREQ with content", "quality of service 3",
                        "identifier 0", "a topic with a wildcard", "a topic with NUL", "no topic and no alias", "PUBREL with wrong flags",
                        "SUBSCRIBE with wrong flags", "a packet over the limit"):
            continue
        with Client(port, hello=False) as c:
            c.send(hello)
            c.read()
            c.send(data)
            seen = c.ended()
            check(f"{what} ends a connection of version 3.1.1 too", seen == [], seen)
    with Client(port, "acks") as c:
        for kind in (PUBACK, PUBREC, PUBCOMP):
            c.ack(kind, 4711)
        c.ack(PUBREL, 4711)
        c.wait_for(PUBCOMP)
        c.ping()
        check("acknowledgements of what was never sent do no harm", True)
    c = Client(port, "impatient", keep_alive=1)
    began = time.monotonic()
    c.ended()
    check("a client that falls silent is gone after one and a half times its keep-alive", 1.4 < time.monotonic() - began < 4, time.monotonic() - began)
    check("all this ends no one else", s.alive() and s.call("GET", "/healthz").status == 200)


def random_packets(s, port):
    random.seed(4)
    good = [packet(3, 2, text("a/b") + b"\0\1\0hello"), packet(8, 2, b"\0\2\0" + text("a/+") + b"\2"), packet(10, 2, b"\0\3\0" + text("a/+")),
            packet(4, 0, b"\0\1"), packet(5, 0, b"\0\1\0\0"), packet(6, 2, b"\0\1"), packet(7, 0, b"\0\1"), packet(12, 0, b""),
            packet(3, 4, text("c") + b"\0\7" + properties(b"\x01\x01\x26" + text("k") + text("v")) + b"x"), packet(14, 0, b"\4\0")]
    for n in range(600):
        with Client(port, hello=False) as c:
            data = bytearray(connect(f"random-{n % 7}", 4 + n % 2, clean=n % 3 == 0) if n % 5 else b"") + b"".join(random.choices(good, k=6))
            for _ in range(random.randrange(1, 6)):
                at = random.randrange(len(data))
                how = random.randrange(3)
                if how == 0:
                    data[at] = random.randrange(256)
                elif how == 1:
                    del data[at:at + random.randrange(1, 4)]
                else:
                    data[at:at] = random.randbytes(random.randrange(1, 4))
            try:
                c.send(bytes(data))
            except OSError:
                pass
    with Client(port, "sane", 5) as c:
        c.subscribe("sane")
        c.publish("sane", "x", 2)
    check("600 clients that send packets with mistakes leave the others alone", s.alive() and s.call("GET", "/healthz").status == 200, s.tail())


def limits_hold(port):
    with Client(port, "greedy", 5) as c:
        answers = [c.subscribe(*[f"f/{n}/{k}" for k in range(100)])[0] for n in range(11)]
        check("a session has at most a thousand subscriptions", answers == [1] * 10 + [0x97], answers)
        check("a filter has at most 32 levels", c.subscribe("/".join("a" * 33)) == [0x8f] and c.subscribe("/".join("a" * 32)) == [0x97])
        check("a topic, too", c.publish("/".join("a" * 33), "x", 1) == 0x90 and c.publish("/".join("a" * 32), "x", 1) == 0)
    with Client(port, "stubborn", 5) as c:
        for n in range(1001):
            c.send(c.publish_packet("flood", str(n), 2))
        seen = c.ended()
        check("more unfinished messages than Receive Maximum end the connection with 0x93",
              seen[-1][0] == DISCONNECT and seen[-1][2][0] == 0x93, seen[-1])
    with Client(port, "small", 5, props=b"\x27\x00\x00\x00\x40") as c:
        c.subscribe("size/#")
        c.publish("size/big", "x" * 100, 1)
        c.publish("size/small", "x", 1)
        m = c.message()
        check("what is larger than the client takes is left out", m.topic == "size/small", m)
    with Client(port, "narrow", 5, props=b"\x21\x00\x02") as c, Client(port, "other", 5) as w:
        c.subscribe("few/#")
        for n in range(5):
            w.publish("few/x", str(n), 1)
        first = [c.message(acknowledge=False) for _ in range(2)]
        c.ping()
        check("no more messages are under way than the client's Receive Maximum", c.left == b"", c.left)
        for m in first:
            c.ack(PUBACK, m.id)
        check("the others follow", [m.payload for m in c.messages(3)] == [b"2", b"3", b"4"])


def slow_reader(port):
    slow = Client(port, "slow", receive_buffer=4096)
    slow.subscribe("news/#", qos=0)
    with Client(port, "quick") as quick, Client(port, "press") as w:
        quick.subscribe("news/#")
        began = time.monotonic()
        for n in range(1000):
            w.publish("news/x", f"{n:05}" + "x" * 8000, 1)
            quick.message()
        took = time.monotonic() - began
        check("a reader that takes nothing does not delay the others", took < 15, took)
    slow.socket.close()
    with Client(port, "behind") as r, Client(port, "flood") as w:
        r.subscribe("bulk/#")
        taker = threading.Thread(target=lambda: [w.wait_for(PUBACK) for _ in range(1000)])
        taker.start()
        for n in range(1000):
            w.send(w.publish_packet("bulk/x", str(n), 1))
        got = r.messages(1000)
        taker.join()
        check("a flood is slowed down before a reader who keeps up with part of it loses anything",
              [m.payload for m in got] == [str(n).encode() for n in range(1000)])


def rights(s, port):
    def reason(version=4, **how):
        with Client(port, "who", version, **how) as c:
            return c.reason
    admin, viewer = s.token("dortmund", "admin", "Chief"), s.token("dortmund", "viewer", "Reader")
    device, editor = s.token("dortmund", "device", "meter-1"), s.token("dortmund", "editor", "Writer")
    check("a token that is none is refused", (reason(user="x", password="dos.x.y"), reason(5, user="x", password="nonsense")) == (4, 0x86))
    with Client(port, "v", 5, user="dortmund", password=viewer) as v, Client(port, "d", 5, user="any", password=device) as d, \
            Client(port, "e", 5, user=editor) as e, Client(port, "n", 5) as n:
        check("a viewer subscribes and does not publish", v.subscribe("r/#") == [1] and v.publish("r/x", "no", 1) == 0x87)
        check("a device publishes and subscribes to what is its own only",
              (d.publish("r/x", "yes", 1), d.subscribe("r/#", "#", "device/meter-2/#", "device/meter-1/#")) == (0, [0x87, 0x87, 0x87, 1]))
        check("and not to another device's topics", (d.publish("device/meter-2/do", "x", 1), d.publish("device/meter-1/state", "x", 1)) == (0x87, 0))
        check("an editor publishes, also to a device", e.publish("device/meter-1/do", "open", 1) == 0)
        got = [d.message().payload, d.message().payload]
        check("which hears it", got == [b"x", b"open"], got)
        check("without a token nobody reads or writes between clients", (n.subscribe("#"), n.publish("r/x", "no", 1)) == ([0x87], 0x87))
        m = v.message()
        check("the viewer saw what the device published and nothing else", m.payload == b"yes", m)
    check("a will wants the right to publish", reason(5, user="x", password=viewer, will=("a", "b", 0, False)) == 0x87)
    Client(port, "mine", clean=False, password=editor, user="x").disconnect()
    other = Client(port, "mine", clean=False, user="x", password=admin)
    check("nobody takes over a session of another name", (other.reason, other.session_present) == (0, False))
    check("which waits for its owner", Client(port, "mine", clean=False, password=editor, user="x").session_present)
    with Client(port, "old") as c, Client(port, "v", 5, user="dortmund", password=viewer) as v:
        check("version 3.1.1: a subscription that is refused", c.subscribe("#") == [0x80])
        v.subscribe("r/#")
        check("version 3.1.1: a message that is refused is acknowledged, since it can say no otherwise", c.publish("r/x", "no", 1) == 0)
        v.ping()
        check("and goes nowhere", v.left == b"", v.left)
    other = s.token("schwerte", "editor", "Neighbour")
    with Client(port, "same", 5, user="x", password=other) as c, Client(port, "same", 5, user="x", password=editor) as e:
        c.subscribe("#")
        e.publish("secret", "dortmund's", 1)
        c.publish("mine", "schwerte's", 1)
        m = c.message()
        check("cities share neither messages nor sessions", m.payload == b"schwerte's", m)
    made = s.call("POST", "/dortmund/platform/v1/tokens", {"name": "brief", "role": "viewer"}, {"Authorization": "Bearer " + admin}).json()
    c = Client(port, "brief", 5, user="x", password=made["token"])
    s.call("DELETE", "/dortmund/platform/v1/tokens/" + made["id"], headers={"Authorization": "Bearer " + admin})
    seen = c.ended()
    check("a connection ends with the token it was opened with", seen[-1][0] == DISCONNECT and seen[-1][2][0] == 0x87, seen)


def network_servers(s, port):
    event = json.dumps({"deduplicationId": "x", "deviceInfo": {"devEui": "d05e000000000001"}, "fCnt": 1, "fPort": 85, "data": "AXVk"})
    topic = "application/1/device/d05e000000000001/event/up"
    admin = {"Authorization": "Bearer " + s.token("dortmund", "admin", "Chief")}
    with Client(port, "stack", 5, user="x", password=s.token("dortmund", "device", "stack")) as c:
        answers = [c.publish(t, event, 1) for t in (topic, "dortmund/" + topic, "schwerte/" + topic, topic.replace("event/up", "command/down"))]
        check("a network server's event is taken in its token's city, below its name or without", answers == [0, 0, 0x87, 0x90], answers)
        kept = s.call("GET", "/dortmund/platform/v1/quarantine?source=mqtt:stack", headers=admin).json()["total"]
        check("and acknowledged when it is stored: here in quarantine, since nobody knows the device", kept == 2, kept)
        check("there is nothing to hear there", c.subscribe("application/#") == [0x8f])
        c.publish(topic, "no json", 1)
        check("also what cannot be read is kept", s.call("GET", "/dortmund/platform/v1/quarantine?source=mqtt:stack", headers=admin).json()["total"] == 3)
    with Client(port, "stranger", 5) as c:
        check("without a token nobody brings events", c.publish(topic, event, 1) == 0x87)


def websockets(s, port):
    with WebSocketClient(s.port, "browser", 5) as b, Client(port, "plain") as c:
        b.subscribe("web/#", qos=2)
        c.subscribe("plain/#")
        b.publish("plain/x", "from a page" * 1000, 2)
        c.publish("web/x", "to a page" * 2000, 2)
        check("a WebSocket carries MQTT both ways", (b.message().payload, c.message().payload) == (b"to a page" * 2000, b"from a page" * 1000))
        b.send_frame(1, b"text")
        try:
            b.ping()
            check("text on a WebSocket of MQTT ends it", False)
        except (Ended, ConnectionError):
            check("text on a WebSocket of MQTT ends it", True)
    r = s.call("GET", "/mqtt")
    check("who comes without a WebSocket is told so", r.status == 426, r)


def metrics(s):
    said = s.call("GET", "/metrics", None, {"Authorization": "Bearer " + s.token(role="viewer")}).body.decode()
    check("the figures tell of clients and messages", 'dos_mqtt_messages_received_total{city="dortmund"}' in said and "dos_mqtt_connections_open" in said)


def over_tls():
    folder = tempfile.mkdtemp(prefix="dos-test-")
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                        "-keyout", folder + "/key.pem", "-out", folder + "/certificate.pem", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        config = f"mqtt: {{tls_port: 0, tls_certificate: {folder}/certificate.pem, tls_key: {folder}/key.pem, anonymous: editor}}\n"
        with Server([], config) as s:
            port = s.mqtt_ports()["tls_port"]
            with Client(port, "tls", 5, tls=trusting(folder + "/certificate.pem")) as c:
                c.subscribe("t/#", qos=2)
                c.publish("t/x", "sealed" * 5000, 2)
                check("TLS carries MQTT", c.message().payload == b"sealed" * 5000)
            try:
                Client(port, "plain", patience_s=5)
                check("a port of TLS does not talk in the clear", False)
            except (Ended, ConnectionError, AssertionError):
                check("a port of TLS does not talk in the clear", True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


with Server(["--mqtt-port", "0"], f"mqtt: {{anonymous: editor, {limits}, publish_only: [drop/box]}}\n") as s:
    port = s.mqtt_port
    for part in (delivery,):
        part(s, port)
    version_5(port)
    sessions(port)
    limits_hold(port)
    slow_reader(port)
    websockets(s, port)
    with Client(port, "poster", 5) as c:
        check("what is for publishing only cannot be subscribed to", c.subscribe("drop/box", "drop/+", "drop") == [0x80, 1, 1])
        c.publish("drop/box", "x", 1)
        c.publish("drop/other", "y", 1)
        m = c.message()
        check("nor heard by way of a wildcard", m.payload == b"y", m)
    wrong_packets(s, port)
    random_packets(s, port)
    metrics(s)
    check("the server lives", s.alive(), s.tail())
with Server(["--mqtt-port", "0"]) as s:
    rights(s, s.mqtt_port)
    network_servers(s, s.mqtt_port)
over_tls()
report.finish()
