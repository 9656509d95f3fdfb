"""What messages of LoRaWAN networks become: the smallest input and the right value, one by one. Staff register, a webhook sends."""
# serve:
# config: default_context: dos-context.json
import base64
import datetime
import os
import subprocess

from _door import call as ask, chirpstack_uplink, climate, new_eui, now, things_stack_uplink
from server import Report, program

city = "/dortmund"
api = city + "/platform/v1"
report = Report()
check = report.check


def token(role):
    said = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", "dortmund", "--role", role],
                          check=True, capture_output=True, text=True).stdout
    return {"Authorization": "Bearer " + said.strip()}


admin, editor, gateway = token("admin"), token("editor"), token("device")


def call(method, path, body=None, headers=None):
    return ask(method, path, body, {**editor, **(headers or {})})


def send(network, body, event=""):
    answer = ask("POST", f"{city}/lorawan/{network}{event}", body, gateway)
    return answer.json() if answer.status == 200 else {"result": answer.status, "detail": answer.body}


def at_place(name):
    return {"measuringPointNew": {"name": name, "location": {"type": "Point", "coordinates": [7.4653, 51.5136]}}, "from": "2020-01-01T00:00:00Z"}


def device(name, profile, **ids):
    ids = ids or {"devEui": new_eui()}
    made = call("POST", api + "/devices", {**ids, "name": name, "profile": profile, **at_place(name)})
    check(f"{name} is registered and, being mounted, active", made.status == 201 and made.json()["state"] == "active", made)
    return made.json().get("id", ""), made.json()["mounts"][0]["measuringPoint"] if made.status == 201 else "none"


def value(entity, attribute="temperature"):
    found = call("GET", city + "/ngsi-ld/v1/entities/" + entity)
    return found.json().get(attribute, {}) if found.status == 200 else {}


def history(entity, attribute="temperature"):
    path = f"{city}/ngsi-ld/v1/temporal/entities/{entity}?attrs={attribute}&options=temporalValues&timerel=after&timeAt=2015-01-01T00:00:00Z"
    found = call("GET", path)
    return sorted((t[:19], v) for v, t in found.json().get(attribute, {}).get("values", [])) if found.status == 200 else str(found)


def waiting(eui):
    return [e["reason"] for e in call("GET", f"{api}/quarantine?device={eui}").json()["items"]]


raw = "function decodeUplink(i) { return {data: {t: i.bytes.reduce(function (n, b) { return n * 256 + b; }, 0)}}; }"
plain = {"id": "plain", "entity": {"type": "IndoorEnvironmentObserved"}, "attributes": [{"attribute": "temperature", "from": "t", "unit": "CEL"}]}
check("a profile is saved", call("POST", api + "/device-profiles", {**plain, "codec": raw}).status == 201)
check("and one that leaves decoding to the network server", call("POST", api + "/device-profiles", {
    **plain, "id": "network", "attributes": [{"attribute": "temperature", "from": "t", "unit": "CEL"},
                                             {"attribute": "relativeHumidity", "from": "h", "unit": "C62"}]}).status == 201)
check("and one for normalized payloads", call("POST", api + "/device-profiles", {
    **plain, "id": "normalized", "attributes": [{"attribute": "temperature", "from": "air.temperature", "unit": "CEL"},
                                                {"attribute": "relativeHumidity", "from": "air.relativeHumidity", "unit": "P1"}]}).status == 201)

# --- an encrypted payload is no value
eui, point = device("Encrypted", "plain")
body = chirpstack_uplink(eui, 1, b"\xde\xad\xbe\xef")
answer = send("chirpstack", {**body, "joinServerContext": {"sessionKeyId": "AXAW", "appSKey": {"kekLabel": "", "aesKey": "AAAA"}}}, "?event=up")
check("a payload that ChirpStack can't decrypt waits in quarantine", answer.get("reason") == "encrypted" and value(point) == {}, answer)
stack = things_stack_uplink(eui, 2, b"\xde\xad\xbe\xef")
stack["uplink_message"]["app_s_key"] = {"kek_label": "as", "encrypted_key": "AAAA"}
answer = send("ttn", stack)
check("one that The Things Stack can't decrypt, too", answer.get("reason") == "encrypted" and value(point) == {}, answer)

# --- a device that begins to count again
eui, point = device("Restarted", "plain")
for n in range(30):
    send("chirpstack", chirpstack_uplink(eui, n, bytes([n + 1]), time=now(-3600 + n * 60)), "?event=up")
answer = send("chirpstack", chirpstack_uplink(eui, 0, b"\x63", time=now(-60)), "?event=up")
check("a counter that begins again with other data, later, is a new session", answer["result"] == "stored" and value(point).get("value") == 99, answer)
check("and goes on", send("chirpstack", chirpstack_uplink(eui, 1, b"\x62", time=now(-30)), "?event=up")["result"] == "stored")
again = chirpstack_uplink(eui, 1, b"\x62", time=now(-30))
check("while a repeated one is repeated", send("chirpstack", again, "?event=up")["result"] == "repeated")

# --- normalized payloads of The Things Stack
eui, point = device("Normalized", "normalized")


def normalized(count, measurement):
    message = things_stack_uplink(eui, count, b"\x01")
    message["uplink_normalized"] = {**message.pop("uplink_message"), "normalized_payload": measurement}
    return message


first, second = {"air": {"temperature": 20}}, {"air": {"relativeHumidity": 55}}
check("the first measurement of a frame is stored", send("ttn", normalized(1, first))["result"] == "stored")
check("so is the second, of the same frame", send("ttn", normalized(1, second))["result"] == "stored")
check("each once", send("ttn", normalized(1, second))["result"] == "repeated")
check("both values are there", value(point).get("value") == 20 and value(point, "relativeHumidity").get("value") == 55)
whole = things_stack_uplink(eui, 2, b"\x01")
whole["uplink_message"]["normalized_payload"] = [{"time": "2026-01-05T10:00:00Z", "air": {"temperature": 3}}, {"air": {"temperature": 21}}]
check("a list of them is understood", send("ttn", whole)["result"] == "stored" and value(point).get("value") == 21)
check("with the times they have", ("2026-01-05T10:00:00", 3) in history(point), history(point))

# --- ports
eui, point = device("Ports", "milesight-am107")
answer = send("chirpstack", chirpstack_uplink(eui, 1, climate(20), port=86), "?event=up")
check("a message on another port than the profile's brings no value", answer["result"] == "stored" and value(point) == {} and "86" in answer.get("detail", ""), answer)
check("on its port it does", send("chirpstack", chirpstack_uplink(eui, 2, climate(20)), "?event=up")["result"] == "stored" and value(point).get("value") == 20)
for member, wrong in (("fport", {**plain, "id": "w", "fport": 3}), ("formula", {**plain, "id": "w", "attributes": [{**plain["attributes"][0], "formula": "x"}]}),
                      ("f_port", {**plain, "id": "w", "f_port": [0]})):
    answer = call("POST", api + "/device-profiles", wrong)
    check(f"a profile with the member {member} is refused by name", answer.status == 400 and answer.json().get("member") == member, answer)
listed = call("GET", api + "/device-profiles/milesight-am107").json()
check("a profile tells its ports", listed["f_port"] == [85], listed.get("f_port"))
check("what is read can be saved", call("PUT", api + "/device-profiles/my-am107", listed).status == 200)

# --- nothing for the codec
eui, point = device("Empty", "plain")
for count, change in ((1, {"data": ""}), (2, {"fPort": 0}), (3, {"data": "", "object": {"t": 77}})):
    answer = send("chirpstack", {**chirpstack_uplink(eui, count, b"\x05"), **change}, "?event=up")
    check(f"with {change} the codec does not run", answer["result"] == "stored" and value(point) == {}, (answer, value(point)))
answer = send("chirpstack", {**chirpstack_uplink(eui, 4, b"\x05"), "object": {"t": 77}}, "?event=up")
check("a decoded object does not replace one's own codec", value(point).get("value") == 5, value(point))
eui, point = device("Decoded", "network")
send("chirpstack", {**chirpstack_uplink(eui, 1, b""), "object": {"t": 7}}, "?event=up")
check("without a codec of one's own it counts", value(point).get("value") == 7, value(point))

# --- what event it is
eui, point = device("Unnamed", "plain")
every = {**chirpstack_uplink(eui, 1, b"\x07"), "object": None, "acknowledged": False, "margin": None, "batteryLevel": None, "level": None,
         "location": None, "joinServerContext": None, "integrationName": None}
check("a body with every member and no name is an uplink", send("chirpstack", every)["result"] == "stored" and value(point).get("value") == 7, value(point))

# --- one bad value
eui, point = device("Half good", "network")
answer = send("chirpstack", {**chirpstack_uplink(eui, 1, b""), "object": {"t": 8, "h": "wet"}}, "?event=up")
check("one bad value keeps the good ones", answer["result"] == "stored" and value(point).get("value") == 8, (answer, value(point)))
check("and is noted, in the answer and in quarantine", answer.get("reason") == "value_rejected" and "wet" in answer["detail"] and waiting(eui) == ["value_rejected"], answer)
profile = call("GET", api + "/device-profiles/network").json()
profile["attributes"][1]["values"] = {"wet": 1}
call("PUT", api + "/device-profiles/network", profile)
check("repaired, it is replayed alone", call("POST", api + "/quarantine/replay", {"filter": {"device": eui}}).json()["ok"]
      and value(point, "relativeHumidity").get("value") == 1 and len(history(point)) == 1, history(point))

# --- measurements with times of their own
eui, point = device("Logger", "milesight-em300-di")
answer = send("chirpstack", chirpstack_uplink(eui, 1, bytes.fromhex("01755c0367340104686520ce9e74466310015d0000010000")), "?event=up")
check("an hour that was missed goes to the history", ("2022-10-12T08:02:38", 27.2) in history(point), (answer, history(point)))
check("what is measured now stays the value", value(point).get("value") == 30.8, value(point))

# --- clocks
eui, point = device("Ahead", "plain")
send("chirpstack", chirpstack_uplink(eui, 1, b"\x01", time=now(240)), "?event=up")
check("a clock four minutes ahead is believed", value(point).get("observedAt", "") > now(200), value(point))
eui, point = device("Far ahead", "plain")
send("chirpstack", chirpstack_uplink(eui, 1, b"\x01", time=now(360)), "?event=up")
check("one six minutes ahead is not, and the value says so", value(point).get("observedAt", "") < now(60) and "not believed" in str(value(point)), value(point))

# --- batteries
eui, point = device("Battery", "milesight-am107")
send("chirpstack", {"deviceInfo": {"devEui": eui}, "time": now(), "margin": 5, "externalPowerSource": False, "batteryLevel": 80}, "?event=status")
check("a battery level is known", call("GET", api + "/devices/" + eui).json()["health"].get("battery") == 80)
for level in (254, 255, -1):
    send("chirpstack", {"deviceInfo": {"devEui": eui}, "time": now(), "margin": 5, "externalPowerSource": False, "batteryLevel": level}, "?event=status")
    health = call("GET", api + "/devices/" + eui).json()["health"]
    check(f"a battery level of {level} is none", "battery" not in health, health)
send("chirpstack", chirpstack_uplink(eui, 1, climate(20, battery=255)), "?event=up")
check("nor is 255 in a payload", value("urn:ngsi-ld:Device:" + eui, "batteryLevel").get("value") == 0.8 and "battery" not in call("GET", api + "/devices/" + eui).json()["health"])
check("though the other values are there", value(point).get("value") == 20 and waiting(eui) == [], waiting(eui))

# --- a device without DevEUI
name, point = device("Named lamp", "plain", deviceId="named-lamp")
message = things_stack_uplink("0", 1, b"\x09")
message["end_device_ids"] = {"device_id": "named-lamp", "application_ids": {"application_id": "lights"}}
answer = send("ttn", message)
check("a device of The Things Stack without DevEUI goes by its device_id", answer["result"] == "stored" and value(point).get("value") == 9, answer)
check("under which the register shows it", call("GET", api + "/devices/named-lamp").json().get("deviceId") == "named-lamp")

# --- version 3
eui, point = device("Broken object", "plain")
answer = send("chirpstack", {"devEUI": base64.b64encode(bytes.fromhex(eui)).decode(), "fCnt": 1, "fPort": 1, "data": "Cw==", "objectJSON": "{\"t\": NaN}"}, "?event=up")
check("a broken objectJSON does not reject a good payload", answer["result"] == "stored" and value(point).get("value") == 11, answer)

# --- a table
eui = new_eui()
table = f"devEui;name;profile;pointName;latitude;longitude\n{eui};From a table;plain;From a table;51,5136;7,4653\n".encode()
done = call("POST", api + "/devices/import", table, {"Content-Type": "text/csv"}).json()
check("a device from a table is active once it is mounted", call("GET", api + "/devices/" + eui).json().get("state") == "active", done)
planned = new_eui()
call("POST", api + "/devices", {"devEui": planned, "profile": "plain"})
check("one that is not mounted is planned", call("GET", api + "/devices/" + planned).json()["state"] == "planned")
mounted = call("POST", f"{api}/devices/{planned}/mounts", at_place("Later"))
check("until it is", mounted.json().get("state") == "active", mounted)

# --- places
away = {"type": "Point", "coordinates": [13.4, 52.5]}
for name, asked in (("devices", {"devEui": new_eui(), "profile": "plain", "measuringPointNew": {"name": "Berlin", "location": away}}),
                    ("measuring-points", {"name": "Berlin", "type": "IndoorEnvironmentObserved", "location": away})):
    answer = call("POST", f"{api}/{name}", asked)
    check(f"a place outside the city is asked about: {name}", answer.status == 409 and answer.json()["member"] == "location" and b"outsideCity" in answer.body, answer)
    where = asked.get("measuringPointNew", asked)
    where["outsideCity"] = True
    check("and taken when it is meant", call("POST", f"{api}/{name}", asked).status == 201)
swapped = f"devEui;name;profile;pointName;latitude;longitude\n{new_eui()};Swapped;plain;Swapped;7,4653;51,5136\n".encode()
preview = call("POST", api + "/devices/import?preview=true", swapped, {"Content-Type": "text/csv"}).json()
check("in a table, too", preview["accepted"] == 0 and "swapped" in str(preview["rows"]), preview)
check("where one answer holds for all", call("POST", api + "/devices/import?outsideCity=true", swapped, {"Content-Type": "text/csv"}).json()["accepted"] == 1)

# --- LORIOT and ThingPark
hook = ask("POST", api + "/webhooks", {"name": "loriot", "network": "loriot"}, admin)
check("a webhook of LORIOT is made", hook.status == 201 and hook.json()["url"].endswith("/dortmund/lorawan/loriot"), hook)
eui, point = device("Loriot", "plain")
ms = int(datetime.datetime.now().timestamp() * 1000)
rx = {"cmd": "rx", "EUI": eui.upper(), "ts": ms, "fcnt": 1, "port": 1, "freq": 868300000, "rssi": -90, "snr": 7, "dr": "SF9 BW125 4/5", "ack": False, "bat": 254, "data": "0c"}
secret = {"Authorization": hook.json().get("secret", "")}
answer = ask("POST", city + "/lorawan/loriot", rx, secret)
check("its uplinks are stored", answer.status == 200 and answer.json()["result"] == "stored" and value(point).get("value") == 12, answer)
answer = ask("POST", city + "/lorawan/loriot", {**rx, "cmd": "gw", "gws": [{"rssi": -90, "snr": 7, "gweui": "1020304080706050"}]}, secret)
check("the same with all gateways is repeated", answer.status == 200 and answer.json()["result"] == "repeated", answer)
health = call("GET", api + "/devices/" + eui).json()["health"]
check("radio and battery are known", health.get("battery") == 100 and health.get("spreadingFactor") == 9 and health.get("rssi") == -90, health)
check("without the secret the door stays shut", ask("POST", city + "/lorawan/loriot", rx).status == 401)

hook = ask("POST", api + "/webhooks", {"name": "thingpark", "network": "actility"}, admin)
key = hook.json().get("secret", "") if hook.status == 201 else ""
check("a webhook of ThingPark has a key of 128 bits", len(key) == 32 and hook.json()["url"].endswith("/dortmund/lorawan/actility"), hook)
eui, point = device("ThingPark", "plain")
up = {"DevEUI_uplink": {"Time": now(), "DevEUI": eui.upper(), "FPort": "1", "FCntUp": "3", "payload_hex": "0d", "LrrRSSI": "-114.0", "LrrSNR": 4.75,
                        "SpFact": 9, "Lrrid": "100019D4", "Lrrs": {"Lrr": [{"Lrrid": "100019D4", "LrrRSSI": -114.0, "LrrSNR": 4.75}]},
                        "CustomerID": "100045194", "DevAddr": "00FDA112", "Frequency": 868.1}}


def signed(key):
    import hashlib
    parameters = f"LrnDevEui={eui.upper()}&LrnFPort=1&LrnInfos=TWA_1&AS_ID=dortmund&Time=2026-11-30T12:00:00.000+01:00"
    told = "100045194" + eui.upper() + "1" + "3" + "0d" + parameters + key
    return parameters.replace(":", "%3A").replace("+", "%2B") + "&Token=" + hashlib.sha256(told.encode()).hexdigest()


check("what is signed with another key is refused", ask("POST", f"{city}/lorawan/actility?{signed('0' * 32)}", up).status == 401)
answer = ask("POST", f"{city}/lorawan/actility?{signed(key)}", up)
check("what ThingPark signed is stored", answer.status == 200 and answer.json()["result"] == "stored" and value(point).get("value") == 13, answer)
forged = {"DevEUI_uplink": {**up["DevEUI_uplink"], "payload_hex": "63"}}
check("a payload that was changed is refused", ask("POST", f"{city}/lorawan/actility?{signed(key)}", forged).status == 401)
check("the key in a header is taken as well", ask("POST", city + "/lorawan/actility", up, {"Authorization": "Bearer " + key}).json()["result"] == "repeated")
check("the list of webhooks has no key", key not in call("GET", api + "/webhooks").body.decode())
report.finish()
