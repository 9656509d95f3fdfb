"""LoRaWAN from the door to the value: webhooks of both network servers, repeated frames, quarantine and replay."""
# config: default_context: dos-context.json
import base64
import threading
import http.client
import json

from _door import base, call, chirpstack_uplink, climate, new_eui, now, things_stack_uplink
from server import Report, ask

city = "/dortmund"
api = city + "/platform/v1"
report = Report()
check = report.check


def room(eui, name, state="active", **more):
    made = call("POST", api + "/devices", {
        "devEui": eui, "name": name, "profile": "milesight-am107", "state": state, "from": "2020-01-01T00:00:00Z",
        "measuringPointNew": {"name": name, "location": {"type": "Point", "coordinates": [7.4653, 51.5136]}}, **more})
    return made.json()["mounts"][0]["measuringPoint"] if made.status == 201 else f"no room: {made}"


def value_of(point, attribute="temperature"):
    entity = call("GET", city + "/ngsi-ld/v1/entities/" + point)
    return entity.json().get(attribute, {}) if entity.status == 200 else {}


def reason_of(eui):
    return [e["reason"] for e in call("GET", f"{api}/quarantine?device={eui}").json()["items"]]


# --- a webhook with a secret of its own
hook = call("POST", api + "/webhooks", {"name": "town-hall", "network": "chirpstack"})
check("a webhook is made with a secret that is shown once", hook.status == 201 and len(hook.json()["secret"]) > 30, hook)
secret = hook.json()["secret"]
check("the webhook's address is told", hook.json()["url"].endswith("/dortmund/lorawan/chirpstack"), hook)
listed = call("GET", api + "/webhooks")
check("the list of webhooks has no secret", secret not in listed.body.decode() and "town-hall" in listed.body.decode(), listed)
check("a second webhook of the same name is a conflict",
      call("POST", api + "/webhooks", {"name": "town-hall", "network": "ttn"}).status == 409)
simulated = call("POST", api + "/webhooks", {"name": "rehearsal", "network": "ttn", "provenance": "simulated"}).json()["secret"]

eui = new_eui()
point = room(eui, "Room of the contract test")
up = city + "/lorawan/chirpstack?event=up"
sent = now(-5)
first = call("POST", up, chirpstack_uplink(eui, 1, climate(21.5), time=sent), {"Authorization": "Bearer " + secret})
check("an uplink is answered after it is stored", first.status == 200 and first.json()["result"] == "stored", first)
seen = value_of(point)
check("its value is there at once, with unit and time of the message",
      seen.get("value") == 21.5 and seen.get("unitCode") == "CEL" and seen.get("observedAt", "")[:19] == sent[:19], seen)
again = call("POST", up, chirpstack_uplink(eui, 1, climate(21.5), time=sent), {"Authorization": "Bearer " + secret})
check("the same frame again is repeated, not stored", again.json().get("result") == "repeated", again)
basic = base64.b64encode(("anyone:" + secret).encode()).decode()
for header, text in (("Authorization", "Basic " + basic), ("X-Webhook-Secret", secret), ("X-API-Key", secret)):
    answer = call("POST", up, chirpstack_uplink(eui, 1, climate(21.5), time=sent), {header: text})
    check("the secret may come in " + header, answer.status == 200, answer)

source = [s for s in call("GET", api + "/sources").json()["items"] if s["id"] == "webhook:town-hall"]
check("the list of sources tells when a message came last", source and source[0]["state"] == "ok" and source[0].get("last_received"), source)

device = call("GET", api + "/devices/" + eui).json()
check("the device's health is known", device["health"].get("rssi") == -97 and device["health"].get("battery") == 100
      and device["health"]["frames"] == {"received": 1, "missed": 0, "repeated": 4}, device)
check("the device is an entity of type Device",
      call("GET", city + "/ngsi-ld/v1/entities/urn:ngsi-ld:Device:" + eui).json().get("type") == "Device")

# --- The Things Stack
eui2 = new_eui()
point2 = room(eui2, "Rehearsal room")
answer = call("POST", city + "/lorawan/ttn", things_stack_uplink(eui2, 7, climate(18.2)), {"Authorization": "Bearer " + simulated})
check("an uplink of The Things Stack is stored", answer.status == 200 and answer.json()["result"] == "stored", answer)
seen = value_of(point2)
check("a source that is simulated says so with each value", "simulated" in json.dumps(seen), seen)
check("a path for each kind of message is served, too",
      call("POST", city + "/lorawan/ttn/up", things_stack_uplink(eui2, 8, climate(18.3)), {"X-Webhook-Secret": simulated}).status == 200)

# --- all eight events of ChirpStack
device_info = {"deviceInfo": {"devEui": eui}, "time": now()}
for event, more in {"join": {"devAddr": "00000002"}, "ack": {"acknowledged": True, "fCntDown": 1},
                    "txack": {"downlinkId": 1, "fCntDown": 1, "gatewayId": "a84041ffff00d051"},
                    "status": {"margin": 9, "externalPowerSource": False, "batteryLevel": 64.5},
                    "log": {"level": "ERROR", "code": "UPLINK_F_CNT_RETRANSMISSION", "description": "again"},
                    "location": {"location": {"latitude": 51.51, "longitude": 7.46}},
                    "integration": {"integrationName": "loracloud", "eventType": "x", "object": {}}}.items():
    answer = call("POST", f"{city}/lorawan/chirpstack?event={event}", {**device_info, **more})
    check(f"the event {event} is taken", answer.status == 200 and answer.json()["result"] == "stored", answer)
health = call("GET", api + "/devices/" + eui).json()["health"]
check("status and join show in the health", health.get("battery") == 64.5 and health.get("joins") == 1, health)
check("after a join the counter begins again",
      call("POST", up, chirpstack_uplink(eui, 1, climate(22.5), address="00000002")).json()["result"] == "stored")
late = call("POST", up, chirpstack_uplink(eui, 0, climate(11.5), address="00000002", time=now(-3000)))
check("a late frame does not replace the newer value", late.json()["result"] == "stored" and value_of(point).get("value") == 22.5)

# --- clocks
for year in (1999, 2031):
    answer = call("POST", up, chirpstack_uplink(eui2, year, climate(19), time=f"{year}-05-05T05:05:05Z"))
    seen = value_of(point2)
    check(f"a clock in {year} is not believed, and the value says so",
          answer.json()["result"] == "stored" and seen.get("observedAt", "")[:4] == now()[:4] and str(year) in json.dumps(seen), seen)

# --- quarantine
stranger = new_eui()
answer = call("POST", up, chirpstack_uplink(stranger, 1, climate(20)))
check("an unknown device is told, with 200 so that it is not sent for ever",
      answer.status == 200 and answer.json()["reason"] == "unknown_device", answer)
entries = call("GET", f"{api}/quarantine?device={stranger}").json()
check("it waits in quarantine with its body", entries["total"] == 1 and stranger in entries["items"][0]["payload"], entries)
key = entries["items"][0]["id"]
tried = call("POST", f"{api}/quarantine/{key}/replay")
check("a replay that helps nothing says why", tried.json() == {**tried.json(), "ok": False, "reason": "unknown_device"}, tried)
point3 = room(stranger, "Room of the stranger")
check("registered, its message is replayed", call("POST", f"{api}/quarantine/{key}/replay").json()["ok"])
check("and the value is there", value_of(point3).get("value") == 20, value_of(point3))
check("and the entry is gone", reason_of(stranger) == [])
check("a replay of what is gone is 404", call("POST", f"{api}/quarantine/{key}/replay").status == 404)

planned = new_eui()
point4 = room(planned, "Room to be", state="planned")
for count in (1, 2, 3):
    call("POST", up, chirpstack_uplink(planned, count, climate(15 + count)))
check("a device that is planned stores nothing", reason_of(planned) == ["device_inactive"] * 3, reason_of(planned))
call("PATCH", f"{api}/devices/{planned}", {"state": "active"})
replayed = call("POST", api + "/quarantine/replay", {"filter": {"device": planned}}).json()
check("all of a device are replayed at once", replayed == {"ok": True, "replayed": 3, "failed": 0}, replayed)
check("the newest value stands", value_of(point4).get("value") == 18, value_of(point4))

# As the form does it: the device is heard first, then registered, mounted from now on.
early = new_eui()
call("POST", up, chirpstack_uplink(early, 1, climate(17), time=now(-600)))
call("POST", api + "/devices", {"devEui": early, "name": "Heard early", "profile": "milesight-am107", "state": "active"})
new_point = {"name": "Heard early", "location": {"type": "Point", "coordinates": [7.4653, 51.5136]}}
point5 = call("POST", f"{api}/devices/{early}/mounts", {"measuringPointNew": new_point}).json()["mounts"][0]["measuringPoint"]
key = call("GET", f"{api}/quarantine?device={early}").json()["items"][0]["id"]
tried = call("POST", f"{api}/quarantine/{key}/replay").json()
check("a message from before the mount says so", tried.get("reason") == "not_mounted", tried)
call("POST", f"{api}/devices/{early}/mounts", {"measuringPoint": point5, "from": now(-3600)})
check("dated back, the mount takes it", call("POST", f"{api}/quarantine/{key}/replay").json()["ok"] and value_of(point5).get("value") == 17)

for name, payload in (("cut off", bytes.fromhex("0367ce")), ("foreign", b"hello")):
    count = {"cut off": 100, "foreign": 101}[name]
    answer = call("POST", up, chirpstack_uplink(eui, count, payload, address="00000002"))
    check(f"a {name} payload is quarantined", answer.status == 200 and answer.json()["result"] == "quarantined", answer)
for key in [e["id"] for e in call("GET", f"{api}/quarantine?device={eui}").json()["items"]]:
    check("an entry can be removed", call("DELETE", f"{api}/quarantine/{key}").status == 204)

long = new_eui()
sent = {**chirpstack_uplink(long, 1, climate(19)), "object": {"text": "x" * 300_000}}
check("a long message of a device nobody knows is quarantined", call("POST", up, sent).json()["result"] == "quarantined")
point6 = room(long, "Room of the long message")
replayed = call("POST", api + "/quarantine/replay", {"filter": {"device": long}}).json()
check("and kept whole, so that it can be replayed", replayed == {"ok": True, "replayed": 1, "failed": 0} and value_of(point6).get("value") == 19,
      [{**e, "payload": ""} for e in call("GET", f"{api}/quarantine?device={long}").json()["items"]])

# --- bad input
for body, text in ((b"{not json", "text that is no JSON"), (b"\xff\xfe\x00", "bytes that are no text"), (b"[]", "an array"),
                   (b"", "nothing"), (b"[" * 100_000, "a deep nesting"), (b'{"deviceInfo":{"devEui":"12"},"fPort":1}', "half an EUI")):
    answer = call("POST", up, body)
    check(f"{text} is refused with 400", answer.status == 400 and b"problem" in answer.headers["Content-Type"].encode(), answer)
malformed = call("GET", api + "/quarantine?reason=malformed").json()
check("and kept in quarantine", malformed["total"] == 6, malformed)
check("a body of 2 MB is refused", call("POST", up, b'{"a":"' + b"x" * 2_000_000 + b'"}').status == 413)

# --- a flood of one source, while another sends one message
codes = {}
lock = threading.Lock()


def flood(count):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
    for i in range(count):
        status = ask(c, "POST", up, chirpstack_uplink(stranger, 1000 + i, climate(20))).status
        with lock:
            codes[status] = codes.get(status, 0) + 1
    c.close()


threads = [threading.Thread(target=flood, args=(150,)) for _ in range(8)]
for t in threads:
    t.start()
quiet = call("POST", city + "/lorawan/ttn", things_stack_uplink(eui2, 4000, climate(23)), {"X-Webhook-Secret": simulated})
check("during a flood the other source is served", quiet.json().get("result") == "stored", quiet)
for t in threads:
    t.join()
check("each message of the flood is answered", set(codes) <= {200, 429} and sum(codes.values()) == 1200, codes)

check("a webhook can be taken away", call("DELETE", api + "/webhooks/town-hall").status == 204)
report.finish()
