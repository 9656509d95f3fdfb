#!/usr/bin/env python3
"""Clocks that go wrong: what is observed far ahead of now is kept as history, at every door, and never is the current value;
what is observed after it is."""
# serve: --anonymous editor --mqtt-port 0
import datetime
import json
import os
import urllib.parse

from _door import call
from mqtt_client import Client
from server import Report

report = Report()
check = report.check
ngsi, sta = "/ngsi-ld/v1", "/v1.1"
with open(os.path.join(os.path.dirname(os.environ["DATA_DIR"]), "log")) as log:
    mqtt_port = next(json.loads(line)["port"] for line in log if "listening for MQTT" in line)
far = "2099-01-01T00:00:00Z"


def moment(offset_s):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def observed(value, at):
    return {"type": "Property", "value": value, "observedAt": at}


def value_of(id, name="n"):
    a = call("GET", f"{ngsi}/entities/{id}").json().get(name)
    return a and a["value"]


def history_of(id, name="n"):
    a = call("GET", f"{ngsi}/temporal/entities/{id}?options=temporalValues").json().get(name, {"values": []})
    return [v for v, _ in a["values"]]


# --- NGSI-LD: each way to write a value that is 70 years ahead
def append(id, v, at):
    return call("POST", f"{ngsi}/entities/{id}/attrs", {"n": observed(v, at)})


def update(id, v, at):
    return call("PATCH", f"{ngsi}/entities/{id}/attrs", {"n": observed(v, at)})


def patch(id, v, at):
    return call("PATCH", f"{ngsi}/entities/{id}/attrs/n", {"value": v, "observedAt": at})


def put(id, v, at):
    return call("PUT", f"{ngsi}/entities/{id}/attrs/n", observed(v, at))


def merge(id, v, at):
    return call("PATCH", f"{ngsi}/entities/{id}", {"n": observed(v, at)})


def replace(id, v, at):
    return call("PUT", f"{ngsi}/entities/{id}", {"id": id, "type": "T", "n": observed(v, at)})


def batch(operation):
    return lambda id, v, at: call("POST", f"{ngsi}/entityOperations/{operation}", [{"id": id, "type": "T", "n": observed(v, at)}])


ways = {"append": append, "update": update, "partial update": patch, "replace attribute": put, "merge": merge, "replace": replace,
        "batch upsert": batch("upsert"), "batch update": batch("update"), "batch merge": batch("merge")}
for k, (name, write) in enumerate(ways.items()):
    id = f"urn:ngsi-ld:T:{k}"
    now = moment(-60)
    check(f"{name}: an entity to begin with", call("POST", f"{ngsi}/entities", {"id": id, "type": "T", "n": observed(1, now)}).status == 201)
    r = write(id, 2, far)
    check(f"{name}: a value far ahead is taken", r.status in (200, 201, 204), r)
    check(f"{name}: and its sender is told what became of it", "history" in (r.headers["NGSILD-Warning"] or ""), r.headers)
    check(f"{name}: it is history", history_of(id) == [1, 2], history_of(id))
    check(f"{name}: and not what is", value_of(id) == 1, value_of(id))
    r = write(id, 3, moment(0))
    check(f"{name}: what comes after it counts", value_of(id) == 3 and r.headers["NGSILD-Warning"] is None, (value_of(id), r))
    write(id, 4, moment(120))
    check(f"{name}: a clock two minutes ahead is believed", value_of(id) == 4, value_of(id))
id = "urn:ngsi-ld:T:new"
r = call("POST", f"{ngsi}/entities", {"id": id, "type": "T", "n": observed(7, far), "m": {"type": "Property", "value": 1}})
check("a new entity has its value far ahead in its history alone", r.status == 201 and value_of(id) is None and value_of(id, "m") == 1 and history_of(id) == [7], r)
id = "urn:ngsi-ld:T:past"
r = call("POST", f"{ngsi}/temporal/entities", {"id": id, "type": "T", "n": [observed(1, "2020-01-01T00:00:00Z"), observed(2, far), observed(3, "2021-01-01T00:00:00Z")]})
check("a history that reaches ahead is now what it was last", r.status == 201 and value_of(id) == 3 and history_of(id) == [1, 3, 2], (value_of(id), history_of(id)))
call("POST", f"{ngsi}/subscriptions", {"id": "urn:ngsi-ld:Subscription:s", "type": "Subscription", "entities": [{"type": "T"}], "q": "n==77",
                                       "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}})
update("urn:ngsi-ld:T:0", 77, far)
check("nobody is told of what is not", call("GET", f"{ngsi}/subscriptions/urn:ngsi-ld:Subscription:s").json()["notification"].get("timesSent", 0) == 0)

# --- SensorThings
unit = {"name": "n", "symbol": "n", "definition": "n"}
thing = {"name": "T", "description": "", "Locations": [{"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7, 51]}}],
         "Datastreams": [{"name": "D", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                          "unitOfMeasurement": unit, "Sensor": {"name": "S", "description": "", "encodingType": "text/plain", "metadata": "m"},
                          "ObservedProperty": {"name": "n", "definition": "http://n", "description": ""}}]}


def sensor():
    r = call("POST", f"{sta}/Things", thing)
    t = r.headers["Location"].rsplit("(", 1)[1].rstrip(")")
    d = call("GET", f"{sta}/Things({t})/Datastreams").json()["value"][0]["@iot.id"]
    return t, d


def current(t):
    """As NGSI-LD shows it."""
    name = "T" + t
    call("PATCH", f"{sta}/Things({t})", {"name": name})
    all = call("GET", f"{ngsi}/entities?type=Thing&q=name==%22{name}%22&options=keyValues&limit=100").json()
    mine = [e for e in all if e.get("name") == name]
    return mine[0].get("n") if mine else all


def results(d):
    return [o["result"] for o in call("GET", f"{sta}/Datastreams({d})/Observations?$orderby=phenomenonTime").json()["value"]]


def one(d, v, at):
    return call("POST", f"{sta}/Datastreams({d})/Observations", {"result": v, "phenomenonTime": at})


def late_result(d, v, at):
    return call("POST", f"{sta}/Observations", {"result": v, "phenomenonTime": moment(-30) if at == far else at, "resultTime": at, "Datastream": {"@iot.id": d}})


def array(d, v, at):
    return call("POST", f"{sta}/CreateObservations", [{"Datastream": {"@iot.id": d}, "components": ["phenomenonTime", "result"], "dataArray": [[at, v]]}])


def several(d, v, at):
    return call("POST", f"{sta}/$batch", {"requests": [{"id": "1", "method": "post", "url": f"Datastreams({d})/Observations", "body": {"result": v, "phenomenonTime": at}}]})


def published(d, v, at):
    with Client(mqtt_port, "w") as w:
        w.publish(f"v1.1/Datastreams({d})/Observations", json.dumps({"result": v, "phenomenonTime": at}), 1)


for name, write in {"an Observation": one, "a resultTime": late_result, "a data array": array, "a batch": several,
                    "a published Observation": published}.items():
    t, d = sensor()
    write(d, 1, moment(-60))
    r = write(d, 2, far)
    check(f"{name} far ahead is taken", r is None or r.status in (200, 201), r)
    check(f"{name} far ahead is history, not what is", current(t) == 1 and sorted(results(d)) == [1, 2], (current(t), results(d)))
    write(d, 3, moment(0))
    check(f"{name}: what comes after it counts", current(t) == 3, current(t))
t, d = sensor()
call("POST", f"{sta}/CreateObservations", [{"Datastream": {"@iot.id": d}, "components": ["phenomenonTime", "result"],
                                            "dataArray": [[far, 1], [moment(-50), 2], [moment(-60), 3], ["2098-01-01T00:00:00Z", 4]]}])
check("of a data array the newest counts that does not lie ahead", current(t) == 2, current(t))
o = call("GET", f"{sta}/Datastreams({d})/Observations?$filter=result eq 2".replace(" ", "%20")).json()["value"][0]["@iot.id"]
call("PATCH", f"{sta}/Observations({o})", {"phenomenonTime": far})
check("an Observation that is moved ahead gives way to the one before", current(t) == 3, current(t))
o = call("GET", f"{sta}/Datastreams({d})/Observations?$filter=result eq 3".replace(" ", "%20")).json()["value"][0]["@iot.id"]
call("DELETE", f"{sta}/Observations({o})")
check("and what lies ahead does not take its place when it is removed", current(t) is None, current(t))


# --- Things that move
def place(lon, lat, name):
    return {"name": name, "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [lon, lat]}}


def where(t):
    r = call("GET", f"{sta}/Things({t})?$expand=Locations($select=name)").json()
    return [x["name"] for x in r["Locations"]]


def seen_at(t):
    call("PATCH", f"{sta}/Things({t})", {"name": "T" + t})
    return next(e for e in call("GET", f"{ngsi}/entities?type=Thing&options=keyValues&limit=100").json() if e.get("name") == "T" + t).get("location")


t, d = sensor()
h = call("POST", f"{sta}/Things({t})/HistoricalLocations", {"time": far, "Locations": [place(1, 2, "Far")]})
check("a HistoricalLocation in the future is taken and moves nothing", h.status == 201 and where(t) == ["L"], (h, where(t)))
r = call("POST", f"{sta}/Things({t})/Locations", place(8, 52, "Next"))
check("the Thing moves although it lies in the future", r.status == 201 and where(t) == ["Next"] and seen_at(t)["coordinates"] == [8, 52], (where(t), seen_at(t)))
call("POST", f"{sta}/Things({t})/HistoricalLocations", {"time": moment(100), "Locations": [place(3, 4, "Soon")]})
check("a clock that is a little ahead is believed", where(t) == ["Soon"], where(t))
call("POST", f"{sta}/Things({t})/Locations", place(9, 53, "Now"))
check("and who moves the Thing now has the last word", where(t) == ["Now"], where(t))
soon = call("GET", f"{sta}/Things({t})/HistoricalLocations?$expand=Locations").json()["value"]
for h in soon:
    if h["Locations"][0]["name"] in ("Soon", "Far"):
        check("a HistoricalLocation is removed", call("DELETE", f"{sta}/HistoricalLocations({h['@iot.id']})").status == 200)
check("what is removed beside it changes nothing", where(t) == ["Now"], where(t))


def newest(t):
    return call("GET", f"{sta}/Things({t})/HistoricalLocations?$orderby=time%20desc&$top=1").json()["value"][0]["@iot.id"]


for expected, at in (("Next", [8, 52]), ("L", [7, 51])):
    call("DELETE", f"{sta}/HistoricalLocations({newest(t)})")
    check(f"a deleted newest HistoricalLocation gives the place back: {expected}", where(t) == [expected] and seen_at(t)["coordinates"] == at, (where(t), seen_at(t)))
call("DELETE", f"{sta}/HistoricalLocations({newest(t)})")
check("without any it is nowhere", where(t) == [] and seen_at(t) is None, (where(t), seen_at(t)))
t, d = sensor()
for name, lon in (("A", 1), ("B", 2), ("C", 3)):
    call("POST", f"{sta}/Things({t})/Locations", place(lon, 50, name))
all = call("GET", f"{sta}/Things({t})/HistoricalLocations?$orderby=time%20desc&$expand=Locations").json()["value"]
call("PATCH", f"{sta}/HistoricalLocations({all[0]['@iot.id']})", {"time": "2001-01-01T00:00:00Z"})
check("one that is moved into the past gives the place back, too", where(t) == ["B"] and seen_at(t)["coordinates"] == [2, 50], (where(t), seen_at(t)))
call("PATCH", f"{sta}/HistoricalLocations({all[0]['@iot.id']})", {"time": moment(60)})
check("and takes it again", where(t) == ["C"], where(t))
call("DELETE", f"{sta}/HistoricalLocations?$filter=" + urllib.parse.quote(f"Thing/id eq {t} and Locations/name ne 'A'"))
check("several that are removed at once", where(t) == ["A"], where(t))

# --- a place of its own, written by NGSI-LD
id = "urn:ngsi-ld:Bench:1"
spot = lambda lon, at: {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, 51]}, "observedAt": at}
call("POST", f"{ngsi}/entities", {"id": id, "type": "Bench", "n": observed(1, moment(-60)), "location": spot(7, "2026-01-01T00:00:00Z")})
call("PATCH", f"{ngsi}/entities/{id}/attrs", {"location": spot(8, "2026-01-02T00:00:00Z")})
t = next(x["@iot.id"] for x in call("GET", f"{sta}/Things?$top=100").json()["value"] if id in json.dumps(x))
check("it has been at two", len(call("GET", f"{sta}/Things({t})/HistoricalLocations").json()["value"]) == 2)
call("DELETE", f"{sta}/HistoricalLocations({newest(t)})")
e = call("GET", f"{ngsi}/entities/{id}").json()["location"]
check("gives the place back as well", e["value"]["coordinates"] == [7, 51] and e["observedAt"] == "2026-01-01T00:00:00Z", e)
report.finish()
