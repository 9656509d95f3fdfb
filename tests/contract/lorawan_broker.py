"""A network's own MQTT broker: what it has is stored once and acknowledged after the commit, also over a kill."""
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from mqtt_client import Client
from _door import chirpstack_uplink, climate, new_eui, things_stack_uplink
from server import Report, Server

report = Report()
check = report.check
mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
if not mosquitto:
    report.skip("a broker", "mosquitto is not installed")
    report.finish()

folder = pathlib.Path(tempfile.mkdtemp(prefix="dos-broker-"))
folder.chmod(0o755)  # started by root, the broker becomes somebody else
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
passwords = folder / "passwords"
subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "dos", "right horse"], check=True)
subprocess.run(["mosquitto_passwd", "-b", str(passwords), "network", "server"], check=True)
passwords.chmod(0o644)
(folder / "secret").write_text("right horse\n")
(folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
                                       "persistence false\nmax_queued_messages 10000\n")


def start_broker():
    return subprocess.Popen([mosquitto, "-c", str(folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


broker = start_broker()


def text(s):
    return struct.pack("!H", len(s.encode())) + s.encode()


def packet(first, body):
    length, n = b"", len(body)
    while True:
        n, digit = n >> 7, n & 127
        length += bytes([digit | (128 if n else 0)])
        if not n:
            return bytes([first]) + length + body


def publish(messages):
    """Each with quality of service 1, as a network server does. MQTT 3.1.1, 3.1 and 3.3"""
    deadline = time.monotonic() + 10
    while True:
        try:
            c = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with c, c.makefile("rb") as answers:
        c.sendall(packet(0x10, text("MQTT") + bytes([4, 0xC2]) + struct.pack("!H", 60) + text("network") + text("network") + text("server")))
        assert answers.read(4)[3] == 0, "the broker does not know us"
        for i, (topic, body) in enumerate(messages, 1):
            c.sendall(packet(0x32, text(topic) + struct.pack("!H", i) + json.dumps(body).encode()))
            assert answers.read(4)[0] == 0x40


config = f"""
default_context: dos-context.json
allow_private_addresses: true
mqtt_sources:
  - {{city: dortmund, name: stack, network: chirpstack, url: "mqtt://127.0.0.1:{port}", user: dos, password_file: {folder}/secret}}
  - {{city: dortmund, name: things, network: ttn, url: "mqtt://127.0.0.1:{port}", user: dos, password_file: {folder}/secret}}
"""
api = "/dortmund/platform/v1"


def wait_for(what, truth, patience_s=20):
    deadline = time.monotonic() + patience_s
    while True:
        seen = what()
        if truth(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.05)


try:
    with Server(config=config) as s:
        def device(eui):
            return s.call("GET", f"{api}/devices/{eui}").json()["health"]

        def received(eui, n):
            return wait_for(lambda: device(eui)["frames"]["received"], lambda seen: seen >= n)

        stack, things = new_eui(), new_eui()
        for eui in (stack, things):
            s.call("POST", api + "/devices", {
                "devEui": eui, "name": eui, "profile": "milesight-am107", "state": "active", "from": "2020-01-01T00:00:00Z",
                "measuringPointNew": {"name": eui, "location": {"type": "Point", "coordinates": [7.4653, 51.5136]}}})
        states = wait_for(lambda: {x["id"]: x["state"] for x in s.call("GET", api + "/sources").json()["items"]},
                          lambda seen: seen == {"mqtt:stack": "waiting", "mqtt:things": "waiting"})
        check("both brokers are connected", states == {"mqtt:stack": "waiting", "mqtt:things": "waiting"}, states)
        up = f"application/7/device/{stack}/event/up"
        publish([(up, chirpstack_uplink(stack, n, climate(20 + n))) for n in range(1, 4)] +
                [(f"v3/city@ttn/devices/eui-{things}/up", things_stack_uplink(things, 1, climate(18)))])
        check("messages of ChirpStack's broker are stored", received(stack, 3) == 3, device(stack))
        check("messages of The Things Stack's broker are stored", received(things, 1) == 1, device(things))
        publish([(f"application/7/device/{stack}/event/status",
                  {"deviceInfo": {"devEui": stack}, "margin": 5, "externalPowerSource": False, "batteryLevel": 42.5})])
        check("so are other events", wait_for(lambda: device(stack).get("battery"), lambda b: b == 42.5) == 42.5, device(stack))
        # --- a command goes back the way the device was heard
        lamp = new_eui()
        s.call("POST", api + "/devices", {
            "devEui": lamp, "name": lamp, "profile": "netvox-r831d", "from": "2020-01-01T00:00:00Z",
            "measuringPointNew": {"name": lamp, "location": {"type": "Point", "coordinates": [7.4653, 51.5136]}}})
        publish([(f"application/7/device/{lamp}/event/up", chirpstack_uplink(lamp, 1, bytes.fromhex("01b0010000000000000000"), port=6))])
        received(lamp, 1)
        with Client(port, "listener", user="network", password="server") as n:
            n.subscribe("application/+/device/+/command/down")
            command = s.call("POST", f"{api}/devices/{lamp}/commands", {"data": {"Cmd": "Off", "Channel": 7}}).json()
            told = n.message()
            check("a command is published as ChirpStack wants it", told.topic == f"application/7/device/{lamp}/command/down" and json.loads(told.payload) == {
                "id": command["id"], "devEui": lamp, "confirmed": False, "fPort": 7, "data": "kLAHAAAAAAAAAAA="}, (told, command))

        def command_state():
            return s.call("GET", f"{api}/devices/{lamp}/commands/{command['id']}").json()["state"]

        check("and sent when the broker has it", wait_for(command_state, lambda x: x == "sent") == "sent")
        publish([(f"application/7/device/{lamp}/event/txack", {"deviceInfo": {"devEui": lamp}, "queueItemId": command["id"], "fCntDown": 1})])
        check("what the network tells of it is matched by our own id", wait_for(command_state, lambda x: x == "acknowledged") == "acknowledged")

        publish([(up, {"not": "an event"})])
        broken = wait_for(lambda: s.call("GET", api + "/quarantine?source=mqtt:stack").json()["total"], lambda n: n == 1)
        check("what is no event waits in quarantine and holds nothing up", broken == 1, broken)

        # --- a broker that is away, and a kill
        broker.terminate()
        broker.wait()
        wait_for(lambda: {x["id"]: x["state"] for x in s.call("GET", api + "/sources").json()["items"]}["mqtt:stack"], lambda x: x == "error")
        command = s.call("POST", f"{api}/devices/{lamp}/commands", {"data": {"Cmd": "On", "Channel": 1}, "confirmed": True}).json()
        time.sleep(1)
        check("while the broker is away a command waits", command_state() == "queued", command_state())
        s.kill()
        broker = start_broker()
        publish([])
        with Client(port, "listener", user="network", password="server") as n:
            n.subscribe("application/+/device/+/command/down")
            s.start()
            told = n.message()
            check("after a kill it is published", json.loads(told.payload)["id"] == command["id"] and json.loads(told.payload)["confirmed"] is True, told)
            check("and sent", wait_for(command_state, lambda x: x == "sent") == "sent", command_state())
            n.socket.settimeout(2)
            try:
                again = n.message()
            except OSError:
                again = None
            check("once", again is None, again)

        s.kill()
        publish([(up, chirpstack_uplink(stack, n, climate(20))) for n in range(4, 104)])
        s.start()
        check("what came while we were away is stored after the start", received(stack, 103) == 103, device(stack))
        check("each once, none lost", device(stack)["frames"]["missed"] == 0, device(stack))

        s.kill()
        burst = [(up, chirpstack_uplink(stack, n, climate(20))) for n in range(104, 604)]
        s.start()
        publish(burst[:250])
        s.kill()  # in the midst of it
        publish(burst[250:])
        s.start()
        check("a kill in the midst of a burst loses none", received(stack, 603) == 603, device(stack))
        check("and stores none twice", device(stack)["frames"]["missed"] == 0 and device(stack)["frames"]["received"] == 603, device(stack))
finally:
    broker.terminate()
    broker.wait()
    shutil.rmtree(folder, ignore_errors=True)
report.finish()
