"""A small MQTT client for tests that sends exactly what it is told: packets as bytes, one after the other, and waits for
as much as it is told. Only Python's own library."""
import base64
import os
import socket
import ssl
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14


def length(n):
    out = b""
    while True:
        out += bytes([n & 0x7f | (0x80 if n > 0x7f else 0)])
        n >>= 7
        if not n:
            return out


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return struct.pack("!H", len(s)) + s


def properties(p):
    return length(len(p)) + p


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + length(len(body)) + body


def connect(client="", version=4, clean=True, keep_alive=60, user=None, password=None, will=None, props=b""):
    """`will`: (topic, payload, qos, retain, properties)"""
    flags = (2 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    if will:
        flags |= 4 | will[2] << 3 | (0x20 if will[3] else 0)
    body = text("MQTT") + bytes([version, flags]) + struct.pack("!H", keep_alive)
    body += properties(props) if version == 5 else b""
    body += text(client)
    if will:
        body += (properties(will[4] if len(will) > 4 else b"") if version == 5 else b"") + text(will[0]) + text(will[1])
    body += text(user) if user is not None else b""
    body += text(password) if password is not None else b""
    return packet(CONNECT, 0, body)


class Message:
    def __init__(self, flags, body, version):
        self.dup, self.qos, self.retain = bool(flags & 8), flags >> 1 & 3, bool(flags & 1)
        n = struct.unpack_from("!H", body)[0]
        self.topic, at = body[2:2 + n].decode(), 2 + n
        self.id = 0
        if self.qos:
            self.id = struct.unpack_from("!H", body, at)[0]
            at += 2
        self.props = b""
        if version == 5:
            size, shift = 0, 0
            while True:
                b = body[at]
                size |= (b & 0x7f) << shift
                shift += 7
                at += 1
                if not b & 0x80:
                    break
            self.props, at = body[at:at + size], at + size
        self.payload = body[at:]

    def __repr__(self):
        return f"<{self.topic} {self.payload[:40]!r} qos {self.qos}{' dup' if self.dup else ''}{' retained' if self.retain else ''}>"


class Ended(Exception):
    pass


class Client:
    """`version` 4 is MQTT 3.1.1. Everything else goes into CONNECT; `hello=False` sends none."""

    def __init__(self, port, client="", version=4, hello=True, patience_s=20, tls=None, receive_buffer=None, **how):
        self.version, self.next_id, self.left = version, 0, b""
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(patience_s)
        s.connect(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(s, server_hostname="localhost") if tls else s
        self.session_present = self.reason = None
        if hello:
            self.send(connect(client, version, **how))
            kind, _, body = self.read()
            assert kind == CONNACK, (kind, body)
            self.session_present, self.reason, self.props = bool(body[0]), body[1], body[2:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise Ended()
        self.left += data

    def read(self):
        """(kind, flags, body) of the next packet; Ended when the server has hung up."""
        while True:
            size, shift, at = 0, 0, 1
            while at < len(self.left):
                b = self.left[at]
                size |= (b & 0x7f) << shift
                shift += 7
                at += 1
                if not b & 0x80:
                    if len(self.left) >= at + size:
                        first, body = self.left[0], self.left[at:at + size]
                        self.left = self.left[at + size:]
                        return first >> 4, first & 15, body
                    break
            try:
                self.receive()
            except ConnectionError:
                raise Ended()

    def ended(self):
        """Reads to the end; what came before: a list of packets."""
        seen = []
        try:
            while True:
                seen.append(self.read())
        except Ended:
            return seen

    def new_id(self):
        self.next_id = self.next_id % 65535 + 1
        return self.next_id

    def publish_packet(self, topic, payload, qos=0, retain=False, dup=False, id=None, props=b""):
        payload = payload.encode() if isinstance(payload, str) else payload
        body = text(topic) + (struct.pack("!H", id or self.new_id()) if qos else b"")
        body += properties(props) if self.version == 5 else b""
        return packet(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body + payload)

    def publish(self, topic, payload, qos=0, **how):
        """Returns when the exchange is complete: the reason."""
        self.send(self.publish_packet(topic, payload, qos, **how))
        if qos == 0:
            return 0
        reason = self.wait_for(PUBACK if qos == 1 else PUBREC)
        if qos == 2 and reason < 0x80:
            self.ack(PUBREL, self.last_ack)
            self.wait_for(PUBCOMP)
        return reason

    def wait_for(self, wanted):
        """The reason of the next acknowledgement of this kind; messages on the way are kept for `message`."""
        kept = []
        while True:
            kind, flags, body = self.read()
            if kind == wanted:
                for p in reversed(kept):
                    self.left = packet(*p) + self.left
                self.last_ack = struct.unpack_from("!H", body)[0]
                return body[2] if len(body) > 2 else 0
            kept.append((kind, flags, body))

    def ack(self, kind, id, reason=None):
        self.send(packet(kind, 2 if kind == PUBREL else 0, struct.pack("!H", id) + (bytes([reason]) if reason is not None else b"")))

    def subscribe(self, *filters, qos=1, options=None, props=b""):
        body = struct.pack("!H", self.new_id()) + (properties(props) if self.version == 5 else b"")
        for f in filters:
            body += text(f) + bytes([qos if options is None else options])
        self.send(packet(SUBSCRIBE, 2, body))
        kept = []
        while True:
            kind, flags, got = self.read()
            if kind == SUBACK:
                for p in reversed(kept):
                    self.left = packet(*p) + self.left
                return list(got[-len(filters):])
            kept.append((kind, flags, got))

    def unsubscribe(self, *filters):
        body = struct.pack("!H", self.new_id()) + (b"\0" if self.version == 5 else b"")
        self.send(packet(UNSUBSCRIBE, 2, body + b"".join(text(f) for f in filters)))
        return self.wait_for(UNSUBACK)

    def message(self, acknowledge=True):
        """The next message, its exchange completed."""
        while True:
            kind, flags, body = self.read()
            if kind == PUBLISH:
                m = Message(flags, body, self.version)
                if acknowledge and m.qos:
                    self.ack(PUBACK if m.qos == 1 else PUBREC, m.id)
                return m
            if kind == PUBREL:
                self.ack(PUBCOMP, struct.unpack_from("!H", body)[0])
            elif kind == DISCONNECT:
                raise Ended()

    def messages(self, n):
        return [self.message() for _ in range(n)]

    def ping(self):
        """Everything sent before has been dealt with by the connection; messages on the way are kept."""
        self.send(packet(PINGREQ, 0, b""))
        kept = []
        while True:
            kind, flags, body = self.read()
            if kind == PINGRESP:
                for p in reversed(kept):
                    self.left = packet(*p) + self.left
                return
            kept.append((kind, flags, body))

    def disconnect(self, reason=None, props=b""):
        self.send(packet(DISCONNECT, 0, b"" if reason is None else bytes([reason]) + properties(props)))
        self.ended()
        self.socket.close()


class WebSocketClient(Client):
    """The same behind a WebSocket of the HTTP port."""

    def __init__(self, port, client="", version=4, path="/mqtt", patience_s=20, **how):
        self.version, self.next_id, self.left, self.frames = version, 0, b"", b""
        self.socket = socket.create_connection(("127.0.0.1", port), patience_s)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Protocol: mqtt\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            got = self.socket.recv(1)
            if not got:
                raise Ended()
            head += got
        assert head.startswith(b"HTTP/1.1 101"), head
        self.send(connect(client, version, **how))
        kind, _, body = self.read()
        self.session_present, self.reason = bool(body[0]), body[1]

    def send_frame(self, opcode, data):
        n = len(data)
        size = bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack("!H", n) if n < 65536 else b"\xff" + struct.pack("!Q", n)
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def send(self, data):
        # In two messages, since packets may stand across them.
        half = len(data) // 2
        for piece in (data[:half], data[half:]):
            self.send_frame(2, piece)

    closed = False  # the other side has said so; what it sent before may still be read

    def receive(self):
        data = b"" if self.closed else self.socket.recv(65536)
        if not data:
            raise Ended()
        self.frames += data
        while len(self.frames) >= 2:
            n, at = self.frames[1], 2
            if n >= 126:
                digits = 2 if n == 126 else 8
                n, at = int.from_bytes(self.frames[2:2 + digits], "big"), 2 + digits
            if len(self.frames) < at + n:
                return
            opcode, payload = self.frames[0] & 15, self.frames[at:at + n]
            self.frames = self.frames[at + n:]
            if opcode == 8:
                self.closed = True
                return
            if opcode == 2:
                self.left += payload


def wait_until(truth, patience_s=20):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if truth():
            return True
        time.sleep(0.02)
    return False


def trusting(certificate):
    context = ssl.create_default_context(cafile=certificate)
    return context
