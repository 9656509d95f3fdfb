"""A device's token brings values of what is its own and does nothing else, over every door."""
import json
import os
import pathlib
import sys
import urllib.parse

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from mqtt_client import Client  # noqa: E402
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
default_context = "https://uri.etsi.org/ngsi-ld/default-context/"
unit = {"name": "C", "symbol": "C", "definition": "ucum:Cel"}


def value(v, **more):
    return {"type": "Property", "value": v, **more}


def lamp(id, type="Lamp", **more):
    return {"id": "urn:ngsi-ld:Lamp:" + id, "type": type, "level": value(1), **more}


with Server(["--mqtt-port", "0"]) as s:
    def bearer(role, name=None, city="dortmund", brings=""):
        return {"Authorization": "Bearer " + s.token(city, role, name or role, brings)}

    admin, editor, viewer = bearer("admin"), bearer("editor"), bearer("viewer")
    meter, other = bearer("device", "meter-1"), bearer("device", "meter-2")
    again = bearer("device", "meter-1")
    mapped = bearer("device", "mapped", brings="urn:ngsi-ld:Lamp:staff")

    def ngsi(method, path, body=None, who=meter, headers=None):
        return s.call(method, "/dortmund/ngsi-ld/v1" + path, body, {**who, **(headers or {})})

    def sta(method, path, body=None, who=meter):
        return s.call(method, "/dortmund/v1.1/" + urllib.parse.quote(path, safe="?$=&(),'/"), body, who)

    def level(id):
        r = ngsi("GET", "/entities/urn:ngsi-ld:Lamp:" + id, None, viewer)
        return r.json().get("level", {}).get("value") if r.status == 200 else None

    # --- what it brings
    check("a device makes an entity", ngsi("POST", "/entities", lamp("mine")).status == 201)
    check("and sets its values", ngsi("PATCH", "/entities/urn:ngsi-ld:Lamp:mine/attrs", {"level": value(2)}).status == 204 and level("mine") == 2)
    check("it reads what is its own", ngsi("GET", "/entities/urn:ngsi-ld:Lamp:mine").status == 200)
    check("a new token of the same name goes on", ngsi("PATCH", "/entities/urn:ngsi-ld:Lamp:mine/attrs", {"level": value(3)}, again).status == 204)
    check("another device does not see it", ngsi("GET", "/entities/urn:ngsi-ld:Lamp:mine", None, other).status == 404)
    check("it adds to its history", ngsi("POST", "/temporal/entities/urn:ngsi-ld:Lamp:mine/attrs", {"level": [value(0, observedAt="2026-01-01T00:00:00Z")]}).status == 204)
    upsert = ngsi("POST", "/entityOperations/upsert?options=update", [lamp("mine"), lamp("two")])
    check("a batch brings more", upsert.status == 201 and level("two") == 1, upsert)

    # --- what it does not do, with its own
    whole = "/entities/urn:ngsi-ld:Lamp:mine"
    for path in (whole, whole + "/attrs/level", "/temporal" + whole, "/temporal" + whole + "/attrs/level", "/entities?type=Lamp", "/entities?q=level"):
        check(f"a device deletes nothing: {path}", ngsi("DELETE", path).status == 403, ngsi("DELETE", path))
    ngsi("POST", "/entityOperations/delete", ["urn:ngsi-ld:Lamp:mine"])
    check("nor by a batch", level("mine") is not None)
    for how, path, body in (("PATCH", whole, {"level": "urn:ngsi-ld:null"}), ("PUT", whole, {"id": "urn:ngsi-ld:Lamp:mine", "type": "Lamp", "other": value(1)}),
                            ("PATCH", whole + "/attrs/level", {"value": "urn:ngsi-ld:null"}), ("PATCH", whole + "/attrs", {"level": value(3, expiresAt="2999-01-01T00:00:00Z")}),
                            ("PATCH", whole, {"expiresAt": "2020-01-01T00:00:00Z"})):
        check(f"it takes nothing away: {how} {path} {body}", ngsi(how, path, body).status == 403 and level("mine") is not None, ngsi(how, path, body))
    rows = ngsi("GET", "/temporal/entities/urn:ngsi-ld:Lamp:mine?attrs=level", None, viewer).json()["level"]
    instance = next(r["instanceId"] for r in rows if r.get("observedAt"))
    for how, body in (("PATCH", {"level": value(99, observedAt="2026-01-01T00:00:00Z")}), ("DELETE", None)):
        r = ngsi(how, f"/temporal/entities/urn:ngsi-ld:Lamp:mine/attrs/level/{instance}", body)
        check(f"it rewrites no history: {how}", r.status == 403, r)

    # --- an open type publishes nothing that is closed
    s.call("PUT", "/dortmund/platform/v1/open-types/" + urllib.parse.quote(default_context + "Open", safe=""), None, admin)
    for how, path, body in (("PATCH", whole, {"type": ["Lamp", "Open"]}), ("POST", whole + "/attrs", {"type": "Open", "level": value(4)}),
                            ("PUT", whole, lamp("mine", "Open")), ("POST", "/temporal/entities", lamp("mine", "Open")),
                            ("POST", "/entityOperations/upsert", [lamp("mine", "Open")]), ("POST", "/entityOperations/merge", [lamp("mine", "Open")])):
        r = ngsi(how, path, body)
        check(f"a device's {how} {path} publishes nothing", ngsi("GET", whole, None, {}).status == 404 and r.status != 204, r)

    # --- what others brought
    ngsi("POST", "/entities", lamp("staff"), editor)
    ngsi("POST", "/entities", lamp("seen", "Open"), editor)
    for id, expected in (("staff", 404), ("nowhere", 404), ("seen", 403)):
        whole = "/entities/urn:ngsi-ld:Lamp:" + id
        for how, path, body in (("PATCH", whole, {"level": value(66)}), ("POST", whole + "/attrs", {"level": value(66)}), ("PATCH", whole + "/attrs", {"level": value(66)}),
                                ("PATCH", whole + "/attrs/level", value(66)), ("PUT", whole, lamp(id))):
            r = ngsi(how, path, body)
            check(f"{how} of {id} by a device", r.status == expected, (path, r))
        r = ngsi("PATCH", whole + "/attrs", {"level": value(66)}, headers={"If-Match": '"1"'})
        check(f"nor does If-Match tell of {id}", r.status == expected, r)
        r = ngsi("DELETE", whole)
        check(f"DELETE of {id} by a device", r.status in (403, expected), r)
    hidden, nowhere = (ngsi("DELETE", "/entities/urn:ngsi-ld:Lamp:" + id).status for id in ("staff", "nowhere"))
    check("what is hidden is deleted as little as what is not", hidden == nowhere, (hidden, nowhere))
    for path, body in (("/temporal/entities", lamp("staff", level=[value(66, observedAt="2026-01-01T00:00:00Z")])), ("/entityOperations/upsert", [lamp("staff", level=value(66))]),
                       ("/entityOperations/update", [lamp("staff", level=value(66))]), ("/entityOperations/merge", [lamp("staff", level=value(66))]),
                       ("/temporal/entities/urn:ngsi-ld:Lamp:staff/attrs", {"level": [value(66, observedAt="2026-01-01T00:00:00Z")]})):
        r = ngsi("POST", path, body)
        check(f"POST {path} leaves others' entities alone", r.status in (207, 400, 403, 404) and level("staff") == 1, r)
    hidden_types = {json.dumps(ngsi("POST", "/temporal/entities", {"id": "urn:ngsi-ld:Lamp:staff", "type": t}).json()) for t in ("Lamp", "Other")}
    check("nobody learns of a hidden entity's type by trying", len(hidden_types) == 1, hidden_types)
    alike = [ngsi("POST", f"/temporal/entities/urn:ngsi-ld:Lamp:{id}/attrs", {"level": [value(66, observedAt="2026-01-01T00:00:00Z")]}).body.decode()
             .replace(id, "ID") for id in ("staff", "nowhere")]
    check("what is hidden is told like what is not there", alike[0] == alike[1], alike)
    check("their history stays, too", "66" not in str(ngsi("GET", "/temporal/entities/urn:ngsi-ld:Lamp:staff", None, viewer).json()))
    check("a device that is told brings values for it", ngsi("PATCH", "/entities/urn:ngsi-ld:Lamp:staff/attrs", {"level": value(5)}, mapped).status == 204 and level("staff") == 5)
    check("and deletes it no more than others", ngsi("DELETE", "/entities/urn:ngsi-ld:Lamp:staff", None, mapped).status == 403)

    # --- subscriptions, registrations, contexts, snapshots, records of the platform
    subscription = {"type": "Subscription", "entities": [{"type": "Lamp"}], "notification": {"endpoint": {"uri": "http://example.org/"}}}
    registration = {"type": "ContextSourceRegistration", "endpoint": "http://source.invalid/", "information": [{"entities": [{"type": "Lamp"}]}]}
    api = "/dortmund/platform/v1"
    for how, path, body in (("POST", "/dortmund/ngsi-ld/v1/subscriptions", subscription), ("POST", "/dortmund/ngsi-ld/v1/csourceSubscriptions", subscription),
                            ("POST", "/dortmund/ngsi-ld/v1/csourceRegistrations", registration), ("POST", "/dortmund/ngsi-ld/v1/jsonldContexts", {"@context": {}}),
                            ("POST", "/dortmund/ngsi-ld/v1/snapshots", {"type": "Snapshot", "entities": [{"type": "Lamp"}]}),
                            ("POST", api + "/tokens", {"name": "x", "role": "admin"}), ("GET", api + "/tokens", None), ("DELETE", api + "/tokens/x", None),
                            ("PUT", api + "/open-types/x", None), ("POST", api + "/devices", {"devEui": "0102030405060708"}), ("GET", api + "/devices", None),
                            ("GET", api + "/quarantine", None), ("POST", api + "/quarantine/replay", None), ("DELETE", api + "/quarantine/1", None),
                            ("POST", api + "/webhooks", {"name": "x", "network": "ttn"}), ("GET", api + "/ledger", None), ("GET", api + "/sources", None),
                            ("DELETE", api + "/demo", None), ("PUT", api + "/mappings/x", {}), ("POST", api + "/device-profiles", {})):
        r = s.call(how, path, body, meter)
        check(f"{how} {path} is not for devices", r.status in (403, 404) and (r.status == 403 or "mappings" in path or "demo" in path), r)

    # --- SensorThings
    sensor = {"name": "S", "description": "", "encodingType": "x", "metadata": "m"}
    stream = {"name": "T", "description": "", "unitOfMeasurement": unit, "Sensor": sensor,
              "ObservedProperty": {"name": "Temperature", "definition": "http://example.org/t", "description": ""}}
    place = {"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7, 51]}}

    def number(r):
        return int(r.headers["Location"].rsplit("(", 1)[1].rstrip(")"))

    def stream_of(thing):
        return sta("GET", f"Things({thing})/Datastreams", None, viewer).json()["value"][0]["@iot.id"]

    theirs = number(sta("POST", "Things", {"name": "Theirs", "description": "", "Locations": [place], "Datastreams": [stream]}, editor))
    made = sta("POST", "Things", {"name": "Mine", "description": "", "Locations": [place], "Datastreams": [stream]})
    check("a device makes a Thing with all it has", made.status == 201, made)
    mine = number(made)
    d, e = stream_of(mine), stream_of(theirs)
    posted = sta("POST", f"Datastreams({d})/Observations", {"result": 20})
    check("and brings observations", posted.status == 201, posted)
    arrays = [{"Datastream": {"@iot.id": d}, "components": ["result", "phenomenonTime"], "dataArray": [[1, "2026-01-01T00:00:00Z"]]}]
    check("also many at once", "error" not in sta("POST", "CreateObservations", arrays).body.decode())
    check("it changes what is its own", sta("PATCH", f"Things({mine})", {"description": "x"}).status == 200)
    o = number(posted)
    for path in (f"Things({mine})", f"Datastreams({d})", f"Observations({o})", f"Things({theirs})", "Things?$filter=name eq 'Theirs'", f"Things({theirs + 10_000})"):
        check(f"a device deletes nothing: {path}", sta("DELETE", path).status == 403, sta("DELETE", path))
    check("nor rewrites an observation", sta("PATCH", f"Observations({o})", {"result": 99}).status == 403)
    unknown = theirs + 10_000
    for template, how, body in (("Things(%d)", "PATCH", {"description": "y"}), ("Datastreams(%d)", "PATCH", {"description": "y"}), ("Datastreams(%d)/Observations", "POST", {"result": 66}),
                                ("Things(%d)/Datastreams", "POST", stream), ("Things(%d)/Locations", "POST", place)):
        known = e if template.startswith("Datastreams") else theirs
        answers = [sta(how, template % n, body) for n in (known, unknown)]
        check(f"{how} {template}: what is hidden is like what is not", [a.status for a in answers] == [404, 404] and answers[0].body == answers[1].body, answers)
    for body in ({"result": 66, "Datastream": {"@iot.id": e}}, {"result": 66, "Datastream": {"@iot.id": unknown}}):
        check("an observation names no stream of others", sta("POST", "Observations", body).status in (400, 404), sta("POST", "Observations", body))
    arrays[0]["Datastream"]["@iot.id"] = e
    check("nor do data arrays", "error" in sta("POST", "CreateObservations", arrays).body.decode())
    check("nothing of others has changed", sta("GET", f"Datastreams({e})/Observations", None, viewer).json()["value"] == []
          and sta("GET", f"Things({theirs})", None, viewer).json()["description"] == "")
    whole = s.call("GET", "/dortmund/ngsi-ld/v1/entities?type=Thing&q=name==%22Theirs%22", None, viewer).json()
    roof = bearer("device", "roof", brings=whole[0]["id"]) if whole else meter
    r = sta("POST", f"Datastreams({e})/Observations", {"result": 21}, roof)
    check("a device that is told observes for a Thing of others", r.status == 201, r)

    # --- MQTT
    def client(name, who, **how):
        return Client(s.mqtt_port, name, 5, user="x", password=who["Authorization"][7:], **how)

    with client("m", meter) as c:
        check("by MQTT it brings what is its own", c.publish(f"v1.1/Datastreams({d})/Observations", '{"result": 22}', 1) == 0)
        answers = [c.publish(f"v1.1/Datastreams({n})/Observations", '{"result": 66}', 1) for n in (e, unknown)]
        check("and nothing else", answers[0] == answers[1] and answers[0] >= 0x80, answers)
        check("between clients its messages last", c.publish("hall/temperature", "21", 1, retain=True) == 0)
report.finish()
