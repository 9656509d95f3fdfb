"""SensorThings: deep insert, reading, changing, removing; what comes of each at the door of NGSI-LD, and back."""
# serve: --anonymous admin
# config: page_max: 50
import json
import threading

from _sta import Report, call, datastream, get, ids, made, ngsi, observed, place, root, sensor, sta, thing, unit

report = Report()
check = report.check
everything = ["Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Sensors", "ObservedProperties",
              "Observations", "FeaturesOfInterest"]

start = sta("GET", "")
check("the start page names the sets and what is conformed to",
      [v["name"] for v in start.json()["value"]] == everything and len(start.json()["serverSettings"]["conformance"]) > 10, start)
check("a city's own address serves the same", call("GET", "/dortmund/v1.1/Things").json()["value"] == [])
check("a tenant's header chooses the city", call("GET", root + "/Things", None, {"NGSILD-Tenant": "schwerte"}).status == 200)

# --- one write, all of it
t = made("Things", thing("Bench", datastream("Temperature", Observations=[
    {"phenomenonTime": "2026-01-01T00:00:00Z", "result": 1.5}, {"phenomenonTime": "2026-01-01T01:00:00Z", "result": 2.5}]), properties={"a": {"b": [1, 2]}}))
whole = get(f"Things({t})", expand="Datastreams($expand=Sensor,ObservedProperty,Observations($expand=FeatureOfInterest)),Locations,HistoricalLocations")
d = whole["Datastreams"][0]
check("a deep insert makes everything", [o["result"] for o in d["Observations"]] == [1.5, 2.5] and d["Sensor"]["name"] == "S" and d["ObservedProperty"]["name"] == "Air temperature", whole)
check("the thing's place becomes the feature of interest", d["Observations"][0]["FeatureOfInterest"]["feature"] == whole["Locations"][0]["location"], whole)
sta("PATCH", f"Locations({whole['Locations'][0]['@iot.id']})", {"properties": {"plaza": 4}})
known = get(f"Observations({d['Observations'][0]['@iot.id']})/FeatureOfInterest")
spot = made("Things", {"name": "Spot", "description": "", "Locations": [{**place(7.5, 51.25), "properties": {"plaza": 5}}], "Datastreams": [datastream(Observations=[{"result": 1}])]})
check("with its properties as they were then", "properties" not in known and get("Observations", filter=f"Datastream/Thing/id eq {spot}", expand="FeatureOfInterest")["value"][0]["FeatureOfInterest"]["properties"] == {"plaza": 5})
sta("DELETE", f"Things({spot})")
check("a first place is history at once", len(whole["HistoricalLocations"]) == 1, whole)
check("a datastream tells from when to when it was observed", d["phenomenonTime"] == "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", d)
before = {s: get(s, count="true")["@iot.count"] for s in everything}
bad = sta("POST", "Things", thing("Half", datastream(), {**datastream("Broken"), "ObservedProperty": {"@iot.id": 999999}}))
check("a deep insert that fails half-way is refused", bad.status == 400 and bad.json()["type"] == "error", bad)
check("and leaves nothing", {s: get(s, count="true")["@iot.count"] for s in everything} == before)
ds = d["@iot.id"]

# --- the same values at the other door
entity = call("GET", f"{ngsi}/entities?type=Thing").json()[0]
check("a Thing is an entity, a Datastream its attribute", entity["name"]["value"] == "Bench" and entity["airTemperature"] == {
    "type": "Property", "value": 2.5, "unitCode": "CEL", "observedAt": "2026-01-01T01:00:00Z"}, entity)
late = "Observations?$filter=phenomenonTime%20gt%202026-01-01T02:30:00+02:00"  # 00:30 UTC; a form's decoding makes a blank of the plus
check("a plus sign in a time need not be encoded", len(sta("GET", late).json()["value"]) == 1, sta("GET", late))
o = made(f"Datastreams({ds})/Observations", {"result": 7, "phenomenonTime": "2026-01-01T02:00:00Z", "resultQuality": {"good": True}, "parameters": {"n": 1},
                                            "resultTime": "2026-01-01T02:00:01Z", "validTime": "2026-01-01T02:00:00Z/2026-01-02T00:00:00Z"})
late = made("Observations", {"result": 0, "phenomenonTime": "2025-01-01T00:00:00Z", "Datastream": {"@iot.id": ds}})
entity = call("GET", f"{ngsi}/entities/{entity['id']}").json()
check("the newest observation is the current value, a late one is not", entity["airTemperature"]["value"] == 7, entity)
past = call("GET", f"{ngsi}/temporal/entities/{entity['id']}?timerel=after&timeAt=2020-01-01T00:00:00Z&options=temporalValues").json()
check("both are in its history there", sorted(v[0] for v in past["airTemperature"]["values"]) == [0, 1.5, 2.5, 7], past)
full = get(f"Observations({o})")
check("an observation keeps all it came with", full["resultQuality"] == {"good": True} and full["parameters"] == {"n": 1} and
      full["validTime"] == "2026-01-01T02:00:00Z/2026-01-02T00:00:00Z" and full["resultTime"] == "2026-01-01T02:00:01Z", full)
call("PATCH", f"{ngsi}/entities/{entity['id']}/attrs", {"airTemperature": {"type": "Property", "value": 9, "unitCode": "CEL", "observedAt": "2026-01-01T03:00:00Z"}})
newest = get(f"Datastreams({ds})/Observations", orderby="phenomenonTime desc", top=1)["value"][0]
check("what NGSI-LD writes is an observation", newest["result"] == 9 and newest["phenomenonTime"] == "2026-01-01T03:00:00Z", newest)
check("the datastream keeps its name and unit", get(f"Datastreams({ds})")["name"] == "Temperature" and get(f"Datastreams({ds})")["unitOfMeasurement"] == unit)

roof = "urn:ngsi-ld:WeatherObserved:roof"
call("POST", f"{ngsi}/entities", {"id": roof, "type": "WeatherObserved", "name": {"type": "Property", "value": "Roof"},
                                 "temperature": {"type": "Property", "value": 21.5, "unitCode": "CEL", "observedAt": "2026-02-01T00:00:00Z"},
                                 "street": {"type": "Property", "value": "Main"},
                                 "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}}})
r = get("Things", filter="name eq 'Roof'", expand="Datastreams($expand=Observations($expand=FeatureOfInterest),Sensor,ObservedProperty),Locations,HistoricalLocations")["value"][0]
rd = r["Datastreams"][0]
check("an entity of NGSI-LD is a Thing, what it measures a Datastream", len(r["Datastreams"]) == 1 and rd["unitOfMeasurement"]["symbol"] == "°C" and
      rd["ObservedProperty"]["name"] == "temperature" and rd["Observations"][0]["result"] == 21.5, r)
check("what is no measurement is a property", r["properties"]["street"] == "Main" and r["properties"]["type"] == "WeatherObserved", r)
check("its place is its Location, and the feature of interest", r["Locations"][0]["location"]["coordinates"] == [7, 51] and
      rd["Observations"][0]["FeatureOfInterest"]["feature"]["coordinates"] == [7, 51] and len(r["HistoricalLocations"]) == 1, r)
for what, key in (("Sensor", "Sensors"), ("ObservedProperty", "ObservedProperties")):
    one = rd[what]["@iot.id"]
    check(f"the {what} leads back", rd["@iot.id"] in [x["@iot.id"] for x in get(f"{key}({one})/Datastreams")["value"]] and one in ids(key), rd)
written = made(f"Datastreams({rd['@iot.id']})/Observations", {"result": 22, "phenomenonTime": "2026-02-01T01:00:00Z"})
check("what SensorThings writes to it NGSI-LD reads", call("GET", f"{ngsi}/entities/{roof}").json()["temperature"]["value"] == 22)
again = get("Things", filter="name eq 'Roof'", expand="Datastreams")["value"][0]
check("numbers stay", again["@iot.id"] == r["@iot.id"] and again["Datastreams"][0]["@iot.id"] == rd["@iot.id"], again)
call("PATCH", f"{ngsi}/entities/{roof}/attrs", {"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [8, 52]}}})
check("a move at NGSI-LD is a HistoricalLocation", len(get(f"Things({r['@iot.id']})/HistoricalLocations")["value"]) == 2 and
      get(f"Things({r['@iot.id']})/Locations")["value"][0]["location"]["coordinates"] == [8, 52])
check("what follows from it is changed there", sta("PATCH", f"Locations({r['Locations'][0]['@iot.id']})", {"name": "x"}).status == 409)

# --- changing
check("PATCH changes what it names", sta("PATCH", f"Things({t})", {"description": "new"}).status == 200 and
      get(f"Things({t})")["description"] == "new" and get(f"Things({t})")["name"] == "Bench")
check("JSON Patch reaches into properties", sta("PATCH", f"Things({t})", [{"op": "add", "path": "/properties/z", "value": 3}, {"op": "move", "from": "/properties/a", "path": "/properties/c"}],
                                                {"Content-Type": "application/json-patch+json"}).status == 200 and get(f"Things({t})")["properties"] == {"z": 3, "c": {"b": [1, 2]}})
check("PUT replaces", sta("PUT", f"Things({t})", {"name": "Bank", "description": "d"}).status == 200 and "properties" not in get(f"Things({t})"))
check("entities inside a PATCH are refused", sta("PATCH", f"Things({t})", {"Locations": [place(1, 2)]}).status == 400)
second = made("Locations", place(8, 52, "Second"))
check("a reference moves the thing", sta("PATCH", f"Things({t})", {"Locations": [{"@iot.id": second}]}).status == 200 and ids(f"Things({t})/Locations") == [second] and
      len(ids(f"Things({t})/HistoricalLocations")) == 2)
moved = call("GET", f"{ngsi}/entities/{entity['id']}").json()
check("NGSI-LD sees where it is now", moved["location"]["value"]["coordinates"] == [8, 52], moved)
sta("PATCH", f"Locations({second})", {"location": {"type": "Point", "coordinates": [8, 53]}})
check("a Location that is corrected moves its things", call("GET", f"{ngsi}/entities/{entity['id']}").json()["location"]["value"]["coordinates"] == [8, 53])
after = made(f"Datastreams({ds})/Observations", {"result": 10, "phenomenonTime": "2026-01-01T04:00:00Z"})
check("observations made elsewhere have another feature of interest",
      get(f"Observations({after})/FeatureOfInterest")["@iot.id"] != get(f"Observations({o})/FeatureOfInterest")["@iot.id"])
places, on_tour = [], []
for x in (9, 10, 11):
    sta("PATCH", f"Locations({second})", {"location": {"type": "Point", "coordinates": [x, 53]}})
    on_tour.append([made(f"Datastreams({ds})/Observations", {"result": x, "phenomenonTime": f"2026-01-01T0{x % 9 + 5}:0{n}:00Z"}) for n in (0, 1)])
    places.append([x, 53])
feature_of = lambda n: get(f"Observations({n})/FeatureOfInterest")  # noqa: E731
check("a thing on tour: each observation has the feature of where it was made, and the feature has its observations",
      [feature_of(n)["feature"]["coordinates"] for pair in on_tour for n in pair] == [p for p in places for _ in (0, 1)] and
      all(sorted(ids(f"FeaturesOfInterest({feature_of(pair[0])['@iot.id']})/Observations")) == sorted(pair) for pair in on_tour) and
      feature_of(after)["feature"]["coordinates"] == [8, 53])
for pair in on_tour:
    for n in pair:
        sta("DELETE", f"Observations({n})")
sta("PATCH", f"Locations({second})", {"location": {"type": "Point", "coordinates": [8, 53]}})
check("an observation is corrected", sta("PATCH", f"Observations({after})", {"result": 11}).status == 200 and
      call("GET", f"{ngsi}/entities/{entity['id']}").json()["airTemperature"]["value"] == 11)
check("and removed, and the one before counts again", sta("DELETE", f"Observations({after})").status == 200 and
      call("GET", f"{ngsi}/entities/{entity['id']}").json()["airTemperature"]["value"] == 9)

# --- bad input
for why, method, path, body, status in (
        ("an unknown datastream", "POST", "Observations", {"result": 1, "Datastream": {"@iot.id": 424242}}, 400),
        ("no datastream", "POST", "Observations", {"result": 1}, 400), ("no result", "POST", f"Datastreams({ds})/Observations", {}, 400),
        ("nonsense for a time", "POST", f"Datastreams({ds})/Observations", {"result": 1, "phenomenonTime": "yesterday"}, 400),
        ("an end before the beginning", "POST", f"Datastreams({ds})/Observations", {"result": 1, "phenomenonTime": "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"}, 400),
        ("a datastream without sensor", "POST", f"Things({t})/Datastreams", {k: v for k, v in datastream().items() if k != "Sensor"}, 400),
        ("an unknown property", "POST", "Things", {"name": "x", "colour": 1}, 400), ("a name that is none", "POST", "Things", {"name": 5}, 400),
        ("nothing", "POST", "Things", None, 400), ("an unknown set", "GET", "Cars", None, 404), ("an unknown entity", "GET", "Things(999999)", None, 404),
        ("a thing that is a sensor", "GET", f"Sensors({t})", None, 404), ("a number too large", "GET", "Things(99999999999999999999999)", None, 404),
        ("another thing's datastream", "GET", f"Things({r['@iot.id']})/Datastreams({ds})", None, 404), ("removing all", "DELETE", "Things", None, 400),
        ("a geometry that is none", "POST", "Locations", {**place(0, 0), "location": {"type": "Point", "coordinates": ["a"]}}, 400)):
    answer = sta(method, path, body)
    check(f"{why} is refused", answer.status == status and answer.json()["code"] == status, answer)

# --- many datastreams at once
md = made(f"Things({t})/MultiDatastreams", {"name": "Wind", "description": "", "multiObservationDataTypes": ["x", "y"], "unitOfMeasurements": [unit, unit],
                                           "Sensor": sensor(), "ObservedProperties": [observed("Speed"), observed("Direction")]})
made(f"MultiDatastreams({md})/Observations", {"result": [3.5, 270], "phenomenonTime": "2026-01-01T00:00:00Z"})
check("a MultiDatastream takes lists", get(f"MultiDatastreams({md})/Observations")["value"][0]["result"] == [3.5, 270])
check("of the right length only", [sta("POST", f"MultiDatastreams({md})/Observations", {"result": v}).status for v in (1, [1], [1, 2, 3])] == [400] * 3)
check("it is a list at NGSI-LD", call("GET", f"{ngsi}/entities/{entity['id']}").json()["wind"]["valueList"] == [3.5, 270])
check("its observations are nobody else's", sta("GET", f"Datastreams({md})").status == 404 and md not in ids("Datastreams"))

arrays = [{"Datastream": {"@iot.id": ds}, "components": ["phenomenonTime", "result", "FeatureOfInterest/id"], "dataArray@iot.count": 3,
           "dataArray": [["2026-03-01T00:00:00Z", 1, None], ["2026-03-01T01:00:00Z", 2, 424242], ["2026-03-01T02:00:00Z", 3, None]]},
          {"MultiDatastream": {"@iot.id": md}, "components": ["result"], "dataArray": [[[1, 2]], [5]]}]
answer = sta("POST", "CreateObservations", arrays)
links = answer.json()
check("a data array answers for each row", answer.status == 201 and ["error" in x.lower()[:5] for x in links] == [False, True, False, False, True], answer)
check("and its observations are there", [call("GET", x).json()["result"] for x in (links[0], links[2], links[3])] == [1, 3, [1, 2]])
check("the last of it is the current value", call("GET", f"{ngsi}/entities/{entity['id']}").json()["airTemperature"]["value"] == 3)

# --- batches
answer = sta("POST", "$batch", {"requests": [
    {"id": "0", "method": "get", "url": f"Things({t})?$select=name"},
    {"id": "s", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": sensor("Batch")},
    {"id": "d", "atomicityGroup": "g", "method": "post", "url": f"Things({t})/Datastreams", "body": {**datastream("Batch"), "Sensor": {"@iot.id": "$s"}}},
    {"id": "e", "atomicityGroup": "g", "method": "post", "url": "$s/Datastreams", "body": {k: v for k, v in {**datastream("Batch 2"), "Thing": {"@iot.id": t}}.items() if k != "Sensor"}},
    {"id": "x", "method": "get", "url": "Things(999999)"}]})
parts = {p["id"]: p for p in answer.json()["responses"]}
check("a batch answers each request", [parts[k]["status"] for k in "0sdex"] == [200, 201, 201, 201, 404] and parts["0"]["body"] == {"name": "Bank"}, answer)
new = int(parts["s"]["location"].rsplit("(", 1)[1].rstrip(")"))
check("later requests refer to earlier ones", len(ids(f"Sensors({new})/Datastreams")) == 2)
before = get("Sensors", count="true")["@iot.count"]
answer = sta("POST", "$batch", {"requests": [{"id": "1", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": sensor()},
                                             {"id": "2", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": {"name": "no"}}]})
check("a change set is all or nothing", [p["status"] for p in answer.json()["responses"]] == [400, 400] and get("Sensors", count="true")["@iot.count"] == before, answer)
multipart = ("--b\r\nContent-Type: application/http\r\n\r\nGET Things?$count=true&$filter=name%20eq%20'Bank'&$select=name HTTP/1.1\r\n\r\n\r\n"
             "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
             f"PATCH {root}/Things({t}) HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{{\"name\":\"Banc\"}}\r\n--c--\r\n--b--")
answer = sta("POST", "$batch", multipart.encode(), {"Content-Type": "multipart/mixed;boundary=b"})
check("a batch may be multipart", answer.status == 200 and b'{"@iot.count":1,"value":[{"name":"Bank"}]}' in answer.body and
      b"Content-ID: 1" in answer.body and get(f"Things({t})")["name"] == "Banc", answer)

# --- both doors at once
errors = []


def write(n):
    import http.client
    from _sta import base
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
    for k in range(40):
        stamp = f"2027-01-01T{n:02}:{k:02}:00Z"
        if n % 2:
            c.request("POST", f"{root}/Datastreams({ds})/Observations", json.dumps({"result": n * 100 + k, "phenomenonTime": stamp}))
            wanted = 201
        else:
            c.request("PATCH", f"{ngsi}/entities/{entity['id']}/attrs", json.dumps({"airTemperature": {"type": "Property", "value": n * 100 + k, "observedAt": stamp}}),
                      {"Content-Type": "application/json"})
            wanted = 204
        answer = c.getresponse()
        answer.read()
        if answer.status != wanted:
            errors.append((n, k, answer.status))


threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
[x.start() for x in threads]
[x.join() for x in threads]
found = []
page = get(f"Datastreams({ds})/Observations", filter="phenomenonTime ge 2027-01-01T00:00:00Z", top=30, orderby="phenomenonTime")
while True:
    found += [x["result"] for x in page["value"]]
    if "@iot.nextLink" not in page:
        break
    page = call("GET", page["@iot.nextLink"]).json()
check("under load every value of both doors is found, once", not errors and found == [n * 100 + k for n in range(4) for k in range(40)], (errors, len(found)))

# --- removing
check("a filter removes what it finds", sta("DELETE", f"Datastreams({ds})/Observations?$filter=phenomenonTime%20ge%202027-01-01T00:00:00Z").status == 200 and
      get(f"Datastreams({ds})/Observations", filter="phenomenonTime ge 2027-01-01T00:00:00Z", count="true")["@iot.count"] == 0)
feature = get(f"Observations({o})/FeatureOfInterest")["@iot.id"]
check("a feature takes its observations along", sta("DELETE", f"FeaturesOfInterest({feature})").status == 200 and sta("GET", f"Observations({o})").status == 404)
check("a location takes its past along", sta("DELETE", f"Locations({second})").status == 200 and ids(f"Things({t})/Locations") == [] and len(ids(f"Things({t})/HistoricalLocations")) == 1)
streams = ids(f"Things({t})/Datastreams")
check("a sensor takes its datastreams along", sta("DELETE", f"Sensors({new})").status == 200 and len(ids(f"Things({t})/Datastreams")) == len(streams) - 2)
check("a datastream goes", sta("DELETE", f"Datastreams({ds})").status == 200 and sta("GET", f"Datastreams({ds})").status == 404 and
      "airTemperature" not in call("GET", f"{ngsi}/entities/{entity['id']}").json())
check("its thing keeps its number", get(f"Things({t})")["name"] == "Banc")
check("a derived datastream goes, too", sta("DELETE", f"Datastreams({rd['@iot.id']})").status == 200 and "temperature" not in call("GET", f"{ngsi}/entities/{roof}").json())
check("a thing takes everything along", sta("DELETE", f"Things({t})").status == 200 and call("GET", f"{ngsi}/entities/{entity['id']}").status == 404 and
      sta("GET", f"MultiDatastreams({md})").status == 404)
check("twice is once too often", sta("DELETE", f"Things({t})").status == 404)
# --- where everything was
bus = made("Things", thing("Bus"))
for n in range(5):
    sta("PATCH", f"Things({bus})", {"Locations": [{"@iot.id": made("Locations", place(7 + n, 51))}]})
paged, address = [], f"{root}/HistoricalLocations?$top=2"
while address:
    r = call("GET", address).json()
    paged += [h["@iot.id"] for h in r["value"]]
    address = r.get("@iot.nextLink")
by_thing = [h for i in ids("Things", top=1000) for h in ids(f"Things({i})/HistoricalLocations", top=1000)]
check("pages of all HistoricalLocations hold those of every Thing, each once", len(ids(f"Things({bus})/HistoricalLocations")) == 6
      and len(set(paged)) == len(paged) and sorted(paged) == sorted(by_thing), (paged, by_thing))
report.finish()
