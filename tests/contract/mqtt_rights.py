"""Sessions and wills of MQTT stay whose they are: between principals, between cities, and after a token has ended."""
import os
import pathlib
import sys
import time

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from mqtt_client import Client, Ended  # noqa: E402
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
for_an_hour = b"\x11\x00\x00\x0e\x10"  # session expiry interval

with Server(["--mqtt-port", "0"], "mqtt: {sessions_max: 8}\n") as s:
    port = s.mqtt_port

    def token(role, name, city="dortmund"):
        return s.token(city, role, name)

    def client(name, password=None, **how):
        return Client(port, name, 5, **({"user": "x", "password": password} if password else {}), **how)

    def things(city, who):
        return s.call("GET", f"/{city}/v1.1/Things?$count=true", None, {"Authorization": "Bearer " + who}).json()["@iot.count"]

    meter, editor = token("device", "meter-1"), token("editor", "Writer")
    everywhere = token("admin", "Chief", "*")

    # --- clients without a token
    crowd = [client(f"crowd-{n}", clean=False, props=for_an_hour) for n in range(12)]
    check("clients without a token fill half of the places at most", [c.reason for c in crowd] == [0] * 4 + [0x97] * 8, [c.reason for c in crowd])
    with client("meter", meter, clean=False, props=for_an_hour) as c:
        check("a device still comes in", c.reason == 0)
        check("their sessions last as long as their connections", crowd[0].props.find(b"\x11\x00\x00\x00\x00") > 0, crowd[0].props)
    for c in crowd:
        c.socket.close()
    time.sleep(0.5)
    for n in range(20):
        client(f"gone-{n}", clean=False, props=for_an_hour).socket.close()
    time.sleep(0.5)
    with client("back", clean=False, props=for_an_hour) as c:
        check("nothing is left of those who have gone", c.reason == 0 and not c.session_present, c.reason)
    with client("meter", meter, clean=False, props=for_an_hour) as device, client("meter", clean=False) as stranger:
        check("a device finds its session again", device.session_present)
        check("nobody takes it by its name", stranger.reason == 0 and not stranger.session_present and device.ping() is None)
    with client("meter", token("viewer", "meter-1"), clean=False, props=for_an_hour) as reader:
        check("nor does a token of another role that is called alike", reader.reason == 0 and not reader.session_present)
    with client("meter", token("device", "meter-1"), clean=False) as renewed:
        check("a new token of the same name and role goes on with it", renewed.session_present)

    # --- wills
    will = ("dortmund/v1.1/Things", '{"name": "planted", "description": ""}', 1, False)
    neighbour = token("device", "neighbour", "schwerte")
    before = things("dortmund", everywhere)
    check("no will goes to another city", client("n1", neighbour, will=will).reason == 0x87)
    crossing = client("n2", token("admin", "neighbours' chief", "schwerte"), will=will)
    check("nor an administrator's", crossing.reason == 0x87)
    mine = client("n3", neighbour, will=("schwerte/v1.1/Things", will[1], 1, False))
    mine.socket.close()
    deadline = time.monotonic() + 10
    while things("schwerte", everywhere) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("at home it is told", things("schwerte", everywhere) == 1)
    both = client("n4", everywhere, will=will)
    check("who is at home everywhere may leave one everywhere", both.reason == 0)
    both.disconnect()
    check("nothing was planted", things("dortmund", everywhere) == before)

    # --- the end of a token
    chief = {"Authorization": "Bearer " + everywhere}
    made = s.call("POST", "/dortmund/platform/v1/tokens", {"name": "brief", "role": "editor"}, chief).json()
    with client("witness", editor) as witness:
        witness.subscribe("last/#")
        c = client("brief", made["token"], clean=False, props=for_an_hour, will=("last/words", "still here", 1, True))
        s.call("DELETE", "/dortmund/platform/v1/tokens/" + made["id"], None, chief)
        c.ended()
        witness.publish("last/check", "x", 1)
        check("a revoked client has no last words", witness.message().topic == "last/check" and witness.left == b"")
    check("and does not come in again", client("brief", made["token"], clean=False).reason == 0x86)
    for_all = token("editor", "everyone's", "*")
    ids = [t["id"] for t in s.call("GET", "/dortmund/platform/v1/tokens", None, chief).json()["items"] if t["name"] == "everyone's"]
    s.call("DELETE", "/dortmund/platform/v1/tokens/" + ids[0], None, {"Authorization": "Bearer " + token("admin", "Chief of one")})
    check("a token that one city has closed does not open it", Client(port, "a", 5, user="dortmund", password=for_all).reason == 0x86)
    with Client(port, "a", 5, user="schwerte", password=for_all) as c:
        check("it opens the others", c.reason == 0)
        check("and reaches the first from there no more", c.publish("dortmund/v1.1/Things", will[1], 1) == 0x87)
report.finish()
