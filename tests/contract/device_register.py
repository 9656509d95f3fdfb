"""The register of devices: profiles, states, mounts, calibration, tables of 500, and a codec brought along."""
# config: default_context: dos-context.json
import json
import urllib.parse

from _door import call, chirpstack_uplink, climate, new_eui, now
from server import Report

city = "/dortmund"
api = city + "/platform/v1"
report = Report()
check = report.check
place = {"type": "Point", "coordinates": [7.4653, 51.5136]}


def send(eui, count, payload, port=85, time=None):
    return call("POST", city + "/lorawan/chirpstack?event=up", chirpstack_uplink(eui, count, payload, port, time=time)).json()


def series(point, attribute):
    path = f"{city}/ngsi-ld/v1/temporal/entities/{point}?attrs={attribute}&options=temporalValues&timerel=after&timeAt=2020-01-01T00:00:00Z"
    answer = call("GET", path)
    return sorted(v[0] for v in answer.json().get(attribute, {}).get("values", [])) if answer.status == 200 else str(answer)


# --- profiles
profiles = call("GET", api + "/device-profiles").json()["items"]
kinds = {p.get("kind") for p in profiles}
check("the twelve kinds a city needs first are there", len(kinds) >= 12 and len(profiles) >= 12, kinds)
check("a profile names its attributes and interval", all(p["attributes"] and p["interval_s"] and p["entity"]["type"] for p in profiles), profiles)

# --- from form to value
eui = new_eui()
made = call("POST", api + "/devices", {"devEui": eui.upper(), "name": "Kita Nord", "profile": "milesight-am107", "state": "active"})
check("a device is registered", made.status == 201 and made.json()["id"] == eui and made.json()["state"] == "active", made)
check("twice is a conflict", call("POST", api + "/devices", {"devEui": eui, "profile": "milesight-am107"}).status == 409)
for body, member in (({"devEui": "12", "profile": "milesight-am107"}, "devEui"), ({"devEui": new_eui(), "profile": "nothing"}, "profile"),
                     ({"devEui": new_eui()}, "profile"), ({"devEui": new_eui(), "profile": "milesight-am107", "state": "lost"}, "state")):
    answer = call("POST", api + "/devices", body)
    check(f"a mistake in {member} is named", answer.status == 400 and answer.json().get("member") == member, answer)

mounted = call("POST", f"{api}/devices/{eui}/mounts", {"measuringPointNew": {"name": "Kita Nord, Raum 3", "location": place}, "from": "2024-01-01T00:00:00Z"})
check("it is mounted at a new measuring point", mounted.status == 200, mounted)
point = mounted.json()["mounts"][0]["measuringPoint"]
check("whose id can be read", point == "urn:ngsi-ld:IndoorEnvironmentObserved:kita-nord-raum-3", point)
check("its first message becomes a value", send(eui, 1, climate(20.5), time=now(-60))["result"] == "stored")
points = [p for p in call("GET", api + "/measuring-points").json()["items"] if p["id"] == point]
check("the measuring point is listed with place, device and last value",
      points and points[0]["device"] == eui and points[0]["location"] == place and points[0].get("lastSeen") and points[0]["type"] == "IndoorEnvironmentObserved", points)

# --- a swapped device breaks no series
swap = new_eui()
call("POST", api + "/devices", {"devEui": swap, "name": "Kita Nord, neu", "profile": "milesight-am107", "state": "active"})
check("the old device is replaced", call("PATCH", f"{api}/devices/{eui}", {"state": "replaced"}).json()["mounts"][0].get("to"))
call("POST", f"{api}/devices/{swap}/mounts", {"measuringPoint": point, "from": now(-30)})
check("the new one goes on", send(swap, 1, climate(21.5))["result"] == "stored")
check("in the same series", series(point, "temperature") == [20.5, 21.5], series(point, "temperature"))
check("the old one's messages are not stored any more", send(eui, 2, climate(9))["reason"] == "device_inactive")
check("a state that can't follow is a conflict", call("PATCH", f"{api}/devices/{eui}", {"state": "active"}).status == 409)
overlap = call("POST", f"{api}/devices/{swap}/mounts", {"measuringPointNew": {"name": "Elsewhere", "location": place}, "from": "2020-01-01T00:00:00Z"})
check("a device is at one place at a time", overlap.status == 409, overlap)
gone = call("POST", f"{api}/devices/{swap}/mounts", {"measuringPoint": "urn:ngsi-ld:Nothing:1"})
check("a measuring point that is none is refused", gone.status == 404, gone)

# --- calibration
calibrated = call("PATCH", f"{api}/devices/{swap}", {"calibration": [{"date": now(-10), "attribute": "temperature", "factor": 1, "offset": -1.5, "note": "compared in the lab"}]})
check("a calibration is kept with who and when", calibrated.status == 200 and calibrated.json()["calibration"][0].get("at"), calibrated)
send(swap, 2, climate(23.5))
check("and corrects what comes after it", series(point, "temperature") == [20.5, 21.5, 22.0], series(point, "temperature"))

for wrong, member in (({"factor": 0}, "calibration.factor"), ({"attribute": "temprature"}, "calibration.attribute"), ({"faktor": 2}, "faktor")):
    entry = {"date": now(-5), "attribute": "temperature", **wrong}
    answer = call("PATCH", f"{api}/devices/{swap}", {"calibration": calibrated.json()["calibration"] + [entry]})
    check(f"a calibration with {wrong} is refused by name", answer.status == 400 and answer.json()["member"] == member, answer)
check("one that asks for a quantity which the profile lacks is told which there are",
      b"temperature" in call("PATCH", f"{api}/devices/{swap}", {"calibration": [{"date": now(), "attribute": "x", "offset": 1}]}).body)
for method, place_, body in (("PATCH", f"{api}/devices/{swap}", {"naem": "x"}), ("POST", api + "/devices", {"devEui": new_eui(), "profile": "milesight-am107", "naem": "x"})):
    answer = call(method, place_, body)
    check(f"{method} refuses a member that no device has", answer.status == 400 and answer.json()["member"] == "naem" and b"name" in answer.body, answer)

# --- search, page, remove
found = call("GET", api + "/devices?" + urllib.parse.urlencode({"q": "kita nord", "limit": 1})).json()
check("devices are found by name, page by page", found["total"] == 2 and len(found["items"]) == 1, found)
check("and by measuring point", call("GET", api + "/devices?" + urllib.parse.urlencode({"q": point})).json()["total"] == 2)
check("and by state", call("GET", api + "/devices?state=replaced").json()["total"] == 1)
shown = call("GET", f"{api}/devices/{swap}").json()
check("a device shows the history of its radio", len(shown["health"].get("history", [])) == 2, shown)
check("a device can be removed", call("DELETE", f"{api}/devices/{eui}").status == 204 and call("GET", f"{api}/devices/{eui}").status == 404)
check("what it measured stays", series(point, "temperature")[0] == 20.5)

# --- 500 by table
rows = ["DevEUI;Name;Profil;Status;Breite;Länge"]
for i in range(500):
    rows.append(f"{new_eui('d05f')};Pegel {i};decentlab-dl-mbx;aktiv;51,{4000 + i};7,{4000 + i}")
rows[17] = "not-an-eui;X;decentlab-dl-mbx;aktiv;51,5;7,5"
rows[18] = rows[19].replace("decentlab-dl-mbx", "unbekannt")
table = "\r\n".join(rows).encode()
preview = call("POST", api + "/devices/import?preview=true", table, {"Content-Type": "text/csv"}).json()
check("a preview tells which rows are right", preview["accepted"] == 497 and preview["rejected"] == 3, {k: preview[k] for k in ("accepted", "rejected")})
wrong = {r["line"]: r["errors"] for r in preview["rows"] if not r["ok"]}
check("and names every mistake with its line", set(wrong) == {18, 19, 20} and "unbekannt" in json.dumps(wrong), wrong)
check("and registers nothing", call("GET", api + "/devices?profile=decentlab-dl-mbx").json()["total"] == 0)
done = call("POST", api + "/devices/import?preview=false", table, {"Content-Type": "text/csv"}).json()
check("the right rows are registered", done["accepted"] == 497, {k: done[k] for k in ("accepted", "rejected")})
listed = call("GET", api + "/devices?profile=decentlab-dl-mbx&limit=1000").json()
check("with their measuring points", listed["total"] == 497 and all(d["mounts"] and d["state"] == "active" for d in listed["items"]), listed["total"])
again = call("POST", api + "/devices/import?preview=true", table, {"Content-Type": "text/csv"}).json()
check("what is UTF-8 is said to be that", preview["encoding"] == "utf-8", preview["encoding"])
excel = f"DevEUI;Name;Profil;Messstellenname;Breite;Länge\r\n{new_eui()};Straße „Möllerbrücke“;decentlab-dl-mbx;Möllerbrücke;51,5;7,5\r\n".encode("cp1252")
answer = call("POST", api + "/devices/import?preview=true", excel, {"Content-Type": "text/csv"}).json()
check("a table as a spreadsheet writes it keeps its umlauts",
      answer["accepted"] == 1 and answer["rows"][0]["device"]["name"] == "Straße „Möllerbrücke“" and answer["encoding"] == "windows-1252", answer)
check("a second time they are registered already", again["accepted"] == 0, again["accepted"])
check("a table without the needed column is refused", call("POST", api + "/devices/import", b"a,b\n1,2\n", {"Content-Type": "text/csv"}).status == 400)

# --- a vendor's codec, unchanged
vendor = {"id": "acme-level", "name": "Acme level", "vendor": "Acme", "model": "L1", "kind": "water_level", "interval_s": 600,
          "entity": {"type": "WaterObserved"}, "attributes": [{"attribute": "height", "from": "level_mm", "unit": "MTR", "scale": 0.001}],
          "codec": "function Decoder(bytes, port) {\n  return {level_mm: bytes[0] << 8 | bytes[1], port: port};\n}\n"}
check("a profile with a codec of one's own is saved", call("POST", api + "/device-profiles", vendor).status == 201)
tried = call("POST", api + "/device-profiles/acme-level/try", {"bytes": "04 D2", "fPort": 3}).json()
check("and can be tried", tried["ok"] and tried["data"] == {"level_mm": 1234, "port": 3} and tried["attributes"][0]["value"] == 1.234, tried)
for codec, reason in (("function Decoder() { for (;;) {} }", "codec_failed"), ("function Decoder() { var a = []; for (;;) a.push(a.slice()); }", "codec_failed"),
                      ("function Decoder() { return {level_mm: NaN}; }", "payload_rejected"), ("function Decoder() { return {level_mm: 'high'}; }", "payload_rejected")):
    tried = call("POST", api + "/device-profiles/acme-level/try", {"bytes": "00", "fPort": 1, "codec": codec}).json()
    check(f"{codec} ends as {reason}", not tried["ok"] and tried["reason"] == reason, tried)
broken = call("POST", api + "/device-profiles", {**vendor, "id": "broken", "codec": "function Decoder( {"})
check("a codec that does not compile is refused", broken.status == 400, broken)
acme = new_eui()
call("POST", api + "/devices", {"devEui": acme, "profile": "acme-level", "state": "active", "measuringPointNew": {"name": "Teich", "location": place}, "from": "2024-01-01T00:00:00Z"})
check("its device's messages are decoded with it", send(acme, 1, bytes([4, 210]), port=3)["result"] == "stored")
check("a profile in use stays", call("DELETE", api + "/device-profiles/acme-level").status == 409)
check("a measuring point can be made by itself",
      call("POST", api + "/measuring-points", {"name": "Ruhr, Pegel", "type": "WaterObserved", "location": place}).status == 201)
report.finish()
