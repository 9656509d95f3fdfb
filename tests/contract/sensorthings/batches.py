"""SensorThings: several requests as one, which refer to each other; and what is posted to lists of links."""
# serve: --anonymous admin
import json

from _sta import Report, datastream, get, made, observed, place, sensor, sta, thing, unit

report = Report()
check = report.check


def batch(*requests):
    r = sta("POST", "$batch", {"requests": list(requests)})
    return {a["id"]: a for a in r.json()["responses"]} if r.status == 200 else r


def request(id, method, url, body=None, group=None, **more):
    return {"id": id, "method": method, "url": url, **({"body": body} if body is not None else {}), **({"atomicityGroup": group} if group else {}), **more}


def statuses(answers):
    return {k: a["status"] for k, a in answers.items()} if isinstance(answers, dict) else answers


def named(name):
    return get("Things", filter=f"name eq '{name}'", expand="Locations($select=name)", select="name,description")["value"]


a = batch(request("t", "post", "Things", {"name": "One", "description": ""}), request("l", "post", "$t/Locations", place(7, 51, "Here")),
          request("p", "patch", "$t", {"description": "by name"}), request("g", "get", "$t?$select=description"),
          request("s", "post", "Sensors", sensor()), request("o", "post", "ObservedProperties", observed()),
          request("d", "post", "Datastreams", {**datastream(), "Thing": {"@iot.id": "$t"}, "Sensor": {"@iot.id": "$s"}, "ObservedProperty": {"@iot.id": "$o"}}))
check("later requests call what earlier ones made by name, also without a group", statuses(a) == {"t": 201, "l": 201, "p": 200, "g": 200, "s": 201, "o": 201, "d": 201}
      and a["g"]["body"] == {"description": "by name"} and [x["name"] for x in named("One")[0]["Locations"]] == ["Here"], a)
a = batch(request("t", "post", "Things", {"name": "Two", "description": ""}, "g"), request("l", "post", "$t/Locations", place(7, 51, "There"), "g"),
          request("p", "patch", "$t", {"description": "patched"}, "g"), request("after", "get", "$t?$select=name,description"))
check("within a group what it makes is changed, and called by name behind it", statuses(a) == {"t": 201, "l": 201, "p": 200, "after": 200}
      and a["after"]["body"] == {"name": "Two", "description": "patched"} and [x["name"] for x in named("Two")[0]["Locations"]] == ["There"], a)
a = batch(request("t", "post", "Things", {"name": "Three", "description": ""}, "g"), request("p", "put", "$t", {"description": "no name", "colour": 1}, "g"))
check("a group that fails at such a change leaves nothing", statuses(a) == {"t": 400, "p": 400} and named("Three") == [], a)
a = batch(request("t", "post", "Things", {"name": "Four", "description": ""}, "g"), request("p", "delete", "$t", group="g"), request("x", "get", "$nobody"))
check("what cannot be done in a group is said", statuses(a) == {"t": 501, "p": 501, "x": 404} and named("Four") == [], a)
multipart = "\r\n".join(["--b", "Content-Type: multipart/mixed;boundary=c", "", "--c", "Content-Type: application/http", "Content-ID: t", "",
                         "POST Things HTTP/1.1", "Content-Type: application/json", "", json.dumps({"name": "Five", "description": ""}), "--c",
                         "Content-Type: application/http", "Content-ID: p", "", "PATCH $t HTTP/1.1", "Content-Type: application/json", "", json.dumps({"description": "five"}),
                         "--c--", "--b", "Content-Type: application/http", "", "PATCH $t HTTP/1.1", "Content-Type: application/json", "", json.dumps({"properties": {"n": 5}}), "--b--"])
r = sta("POST", "$batch", multipart.encode(), {"Content-Type": "multipart/mixed;boundary=b"})
lines = r.body.decode().splitlines()
check("its parts begin with the protocol as it is written (RFC 9112, 2.3)", [x for x in lines if "/1.1 " in x] == ["HTTP/1.1 201 no text", "HTTP/1.1 200 no text", "HTTP/1.1 200 no text"], lines)
check("the same as multipart", named("Five")[0]["description"] == "five" and get("Things", filter="properties/n eq 5")["value"][0]["name"] == "Five", r.body)
t = made("Things", thing("Six", datastream()))
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]
a = batch(request("a", "post", "CreateObservations", [{"Datastream": {"@iot.id": ds}, "components": ["result"], "dataArray": [[1], [2]]}]), request("n", "get", f"Datastreams({ds})/Observations?$count=true&$top=0"))
check("data arrays may be part of a batch", statuses(a) == {"a": 201, "n": 200} and len(a["a"]["body"]) == 2 and a["n"]["body"]["@iot.count"] == 2, a)
for nonsense in (5, "x", None, [], {}, {"id": "1"}, {"id": "1", "url": "Things"}, {"id": "1", "method": "get"}):
    r = batch(nonsense)
    check(f"a request {nonsense!r} is none", not isinstance(r, dict) and r.status == 400, r)
check("a number names a request, too", batch({**request("", "get", "Things?$top=0"), "id": 7})["7"]["status"] == 200)

# --- lists of links
h = made(f"Things({t})/HistoricalLocations", {"time": "2026-01-01T00:00:00Z", "Locations": [place(1, 2, "First")]})
made(f"HistoricalLocations({h})/Locations", place(3, 4, "Second"))
check("a Location posted to a HistoricalLocation is one of its", sorted(x["name"] for x in get(f"HistoricalLocations({h})/Locations")["value"]) == ["First", "Second"]
      and [x["@iot.id"] for x in get("Locations", filter="name eq 'Second'", expand="HistoricalLocations")["value"][0]["HistoricalLocations"]] == [h])
check("a HistoricalLocation without Locations is refused", sta("POST", f"Things({t})/HistoricalLocations", {"time": "2026-01-01T00:00:00Z"}).status == 400)
x = made("Locations", {**place(5, 6, "Third"), "HistoricalLocations": [{"time": "2026-01-02T00:00:00Z", "Thing": {"@iot.id": t}}]})
check("a Location brings its HistoricalLocations along", [y["time"] for y in get(f"Locations({x})/HistoricalLocations")["value"]] == ["2026-01-02T00:00:00Z"])
md = made(f"Things({t})/MultiDatastreams", {"name": "M", "description": "", "multiObservationDataTypes": ["x"], "unitOfMeasurements": [unit], "Sensor": sensor(), "ObservedProperties": [observed("Only")]})
before = get("ObservedProperties", count="true", top=0)["@iot.count"]
r = sta("POST", f"MultiDatastreams({md})/ObservedProperties", observed("Other"))
check("a MultiDatastream gets no ObservedProperty without a unit", r.status == 400 and get("ObservedProperties", count="true", top=0)["@iot.count"] == before, r)
report.finish()
