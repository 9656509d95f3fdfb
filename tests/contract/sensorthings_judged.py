"""SensorThings 1.1 at the city's door: what the standard promises, in the forms existing clients rely on.
Numbers in brackets are clauses of OGC 18-088."""
import itertools
import urllib.parse

from _door import base, call
from server import Report

report = Report()
check = report.check
path = "/dortmund/v1.1"
root = f"http://{base.netloc}{path}"
measurement = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
celsius = {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"}
point = {"type": "Point", "coordinates": [7.5, 51.5]}
names = (f"n{i}" for i in itertools.count())


def get(what, **query):
    q = "&".join(f"${k}=" + urllib.parse.quote(str(v), safe="(),/'$=;") for k, v in query.items())
    return call("GET", f"{path}/{what}" + ("?" + q if q else ""))


def listed(what, **query):
    r = get(what, **query)
    return r.json()["value"] if r.status == 200 else r


def post(what, body):
    return call("POST", f"{path}/{what}", body)


def make(what, body):
    r = post(what, body)
    assert r.status == 201, (what, body, r)
    return int(r.headers["Location"].rsplit("(", 1)[1].rstrip(")"))


def is_error(r, status):
    """In the form every client of the reference server knows."""
    if r.status != status or not r.body.startswith(b"{"):
        return False
    body = r.json()
    return body.get("code") == status and body.get("type") == "error" and bool(body.get("message"))


def location(**more):
    return {"name": next(names), "description": "d", "encodingType": "application/geo+json", "location": point, **more}


def sensor():
    return {"name": next(names), "description": "d", "encodingType": "text/plain", "metadata": "m"}


def quantity(name=None):
    return {"name": name or next(names), "definition": "http://example.org/q", "description": "d"}


def stream(**more):
    return {"name": next(names), "description": "d", "observationType": measurement, "unitOfMeasurement": celsius,
            "Sensor": sensor(), "ObservedProperty": quantity(), **more}


def thing(**more):
    return {"name": next(names), "description": "d", **more}


def values(datastream, **query):
    rows = listed(f"Datastreams({datastream})/Observations", **query)
    return [o["result"] for o in rows] if isinstance(rows, list) else rows


def count_of(what):
    return get(what, count="true", top=1).json()["@iot.count"]


# --- the landing page [9.2.1]
r = call("GET", path)
entry = {e["name"]: e["url"] for e in r.json()["value"]}
check("the landing page lists the eight entity sets with their addresses",
      all(entry.get(n) == f"{root}/{n}" for n in ("Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors",
                                                   "Observations", "ObservedProperties", "FeaturesOfInterest")), r)
check("it says which requirements are met", "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel"
      in " ".join(r.json()["serverSettings"]["conformance"]), r)
check("the landing page has a name with a slash, too", call("GET", path + "/").status == 200)
check("an unknown entity set is not found", is_error(get("Actuators"), 404))

# --- creation [10.2]
t = make("Things", thing(properties={"floor": 3, "tags": ["a", "b"]}, Locations=[location()],
                         Datastreams=[stream(Observations=[{"phenomenonTime": "2026-05-01T10:00:00Z", "result": 10}]), stream()]))
r = get(f"Things({t})")
one = r.json()
check("a created Thing is read at its Location", one["@iot.id"] == t and one["@iot.selfLink"] == f"{root}/Things({t})"
      and one["properties"] == {"floor": 3, "tags": ["a", "b"]}, one)
check("a Thing links to its relations", all(f"{x}@iot.navigationLink" in one for x in ("Datastreams", "Locations", "HistoricalLocations")), one)
streams = [d["@iot.id"] for d in listed(f"Things({t})/Datastreams")]
d, e = streams
check("deep-inserted Datastreams come in their order", d < e and len(streams) == 2, streams)
first = listed(f"Datastreams({d})/Observations")[0]
check("deep-inserted Observations are there", first["result"] == 10, first)
check("an absent resultTime is null, not absent", "resultTime" in first and first["resultTime"] is None, first)
check("an Observation without a feature gets the place of its Thing", get(f"Observations({first['@iot.id']})/FeatureOfInterest").json()["feature"] == point)
check("a Thing with a place has a history of places", len(listed(f"Things({t})/HistoricalLocations")) == 1)

before = {s: count_of(s) for s in ("Things", "Locations", "Datastreams", "Sensors", "ObservedProperties", "HistoricalLocations")}
broken = stream()
del broken["Sensor"]
r = post("Things", thing(Locations=[location()], Datastreams=[stream(), broken]))
check("a deep insert that lacks a Sensor is refused", is_error(r, 400), r)
check("and nothing of it remains", {s: count_of(s) for s in before} == before, before)
check("a link to what does not exist is refused", is_error(post("Datastreams", stream(Thing={"@iot.id": 987654321})), 400))
check("an Observation without place and feature is refused",
      is_error(post(f"Datastreams({make('Datastreams', stream(Thing={'@iot.id': make('Things', thing())}))})/Observations", {"result": 1}), 400))
check("an Observation needs a Datastream", is_error(post("Observations", {"result": 1}), 400))
check("two Datastreams that contradict each other are refused", is_error(post(f"Datastreams({d})/Observations", {"result": 1, "Datastream": {"@iot.id": e}}), 400))
check("broken JSON is refused", is_error(post("Things", b"{\"name\":"), 400))
check("a nonsense time is refused", is_error(post(f"Datastreams({d})/Observations", {"result": 1, "phenomenonTime": "yesterday"}), 400))
check("a member of the wrong kind is refused", is_error(post("Things", thing(Datastreams={"name": "x"})), 400))

# --- results come back as they were given [8.2.7]
for given in (0, -7, 9007199254740993, -9223372036854775808, 1.23, 1e-9, True, False, "on", "", None, [1, "a", None], {"a": {"b": [1.5]}}):
    i = make(f"Datastreams({e})/Observations", {"result": given, "phenomenonTime": "2026-05-02T10:00:00Z"})
    back = get(f"Observations({i})").json()["result"]
    check(f"the result {given!r} comes back as itself", back == given and type(back) is type(given), back)
i = make(f"Datastreams({e})/Observations", {"result": 1, "phenomenonTime": "2026-05-02T12:00:00+02:00/2026-05-02T13:00:00+02:00",
                                           "validTime": "2026-05-02T00:00:00Z/2026-05-03T00:00:00Z", "parameters": {"a": 1},
                                           "resultQuality": [{"code": 2}]})
o = get(f"Observations({i})").json()
check("intervals, parameters and quality come back", "/" in o["phenomenonTime"] and o["phenomenonTime"].startswith("2026-05-02T10:00:00")
      and o["parameters"] == {"a": 1} and o["resultQuality"] == [{"code": 2}], o)

# --- properties and links by path [9.2.4 to 9.2.9]
check("a property is read by its name", get(f"Things({t})/name").json() == {"name": one["name"]})
check("and bare with $value", get(f"Things({t})/name/$value").body.decode() == one["name"])
check("a part of a JSON property has a path", get(f"Things({t})/properties/floor").json() == {"floor": 3})
check("an absent property has no content", get(f"Locations({listed(f'Things({t})/Locations')[0]['@iot.id']})/properties").status == 204)
check("$ref answers links only", listed(f"Things({t})/Datastreams/$ref") == [{"@iot.selfLink": f"{root}/Datastreams({s})"} for s in streams])
check("a path is followed link by link", get(f"Things({t})/Datastreams({d})/Observations({first['@iot.id']})/Datastream/Thing").json()["@iot.id"] == t)
check("a path that leads through a stranger's door is not found", is_error(get(f"Things({make('Things', thing())})/Datastreams({d})"), 404))
check("an id nobody has is not found", is_error(get("Things(9223372036854775807)"), 404))
for nonsense in ("Things(", "Things()", f"Things({t}", f"Things({t}))", "Things(1,2)", f"Things({t})/nothing", f"Things({t})/Datastreams({d})/Sensors", "Things(%00)"):
    r = get(nonsense)
    check(f"{nonsense} is answered as an error", r.status in (400, 404), r)

# --- $select and $expand [9.3.2]
check("$select names exactly what comes", listed("Things", select="name", filter=f"id eq {t}") == [{"name": one["name"]}])
check("$select=id is the id alone", get(f"Things({t})", select="id").json() == {"@iot.id": t})
check("$select reaches into properties", get(f"Datastreams({d})", select="unitOfMeasurement/symbol").json() == {"unitOfMeasurement": {"symbol": "°C"}})
x = get(f"Things({t})", expand="Datastreams($select=id;$orderby=id desc;$top=1;$count=true;$expand=Observations($select=result)),Locations").json()
check("$expand nests with options", x["Datastreams"] == [{"@iot.id": e, "Observations": x["Datastreams"][0]["Observations"]}]
      and x["Datastreams@iot.count"] == 2 and "Datastreams@iot.nextLink" in x and set(x["Datastreams"][0]["Observations"][0]) == {"result"}, x)
check("expanded entities are whole", x["Locations"][0]["location"] == point and "@iot.id" in x["Locations"][0], x)
x = get(f"Datastreams({d})", expand="Thing/Locations,Sensor,ObservedProperty").json()
check("$expand follows a path", x["Thing"]["Locations"][0]["location"] == point and x["Sensor"]["metadata"] == "m", x)
for wrong in ("Nothing", "Datastreams(", "Datastreams($top=x)", "Datastreams($expand=Nothing)", "Datastreams/", ",", "Datastreams($select)"):
    check(f"$expand={wrong} is refused", is_error(get("Things", expand=wrong), 400), get("Things", expand=wrong))
deep = "Datastreams($expand=Thing($expand=" * 30 + "Locations" + "))" * 30
r = get("Things", expand=deep)
check("an endless $expand ends with an answer", r.status in (200, 400, 413), r)

# --- $filter, $orderby [9.3.3]
f = make("Datastreams", stream(Thing={"@iot.id": t}, properties={"k": "v", "n": 5, "deep": {"a": [10, 20]}}))
for n in range(1, 13):
    make(f"Datastreams({f})/Observations", {"result": n, "phenomenonTime": f"2026-06-{n:02}T00:00:00Z"})
for expression, want in {
        "result gt 10": [11, 12], "result ge 2 and result lt 4": [2, 3], "result eq 1 or result eq 2 and result eq 3": [1],
        "not result gt 1": [1], "not (result gt 2) and result ne 1": [2], "result mod 5 eq 0": [5, 10], "1 add result mul 2 eq 7": [3],
        "result sub -1 eq 3": [2], "result div 4 eq 1.5": [6], "result in (3,4)": [3, 4],
        "phenomenonTime lt 2026-06-03T00:00:00Z": [1, 2], "phenomenonTime lt 2026-06-03T02:00:00+02:00": [1, 2],
        "during(phenomenonTime,2026-06-02T00:00:00Z/2026-06-04T00:00:00Z)": [2, 3], "day(phenomenonTime) eq 5": [5],
        "phenomenonTime add duration'P1D' gt 2026-06-12T00:00:00Z": [12], "month(phenomenonTime) eq 6 and hour(phenomenonTime) eq 0 and result eq 7": [7],
        "Datastream/properties/n eq result": [5], "startswith(Datastream/properties/k,'v') and result eq 9": [9], "Datastream/properties/deep/a[1] eq 20 and result eq 8": [8],
        "geo.distance(FeatureOfInterest/feature,geography'POINT(7.5 52.5)') eq 1 and result eq 6": [6],
        "st_within(FeatureOfInterest/feature,geography'POLYGON((7 51,8 51,8 52,7 52,7 51))') and result lt 3": [1, 2],
        "round(result div 4) eq 1 and floor(result div 4) eq 0": [2, 3], "resultTime eq null and result eq 1": [1], "resultTime ne 2026-06-03T00:00:00Z": [],
        "result gt '3'": [4, 5, 6, 7, 8, 9]}.items():
    got = values(f, filter=expression, orderby="phenomenonTime")
    check(f"$filter={expression} finds {want}", got == want, got)
check("$orderby sorts down", values(f, orderby="result desc", top=3) == [12, 11, 10])
check("$orderby takes several", values(f, orderby="resultTime,phenomenonTime desc", top=2) == [12, 11])
q = make("ObservedProperties", quantity("Größe o'Clock"))
for expression in ("name eq 'Größe o''Clock'", "substringof('öße',name)", "endswith(name,'Clock') and length(name) eq 13", "tolower(name) eq 'größe o''clock'",
                   "toupper(name) eq 'GRÖSSE O''CLOCK' or toupper(name) eq 'GRÖßE O''CLOCK'", "indexof(name,'ö') eq 2", "substring(name,0,2) eq 'Gr'", "concat(trim(' x '),name) eq 'xGröße o''Clock'"):
    got = listed("ObservedProperties", filter=f"id eq {q} and ({expression})", select="id")
    check(f"{expression} is true of its own name", got == [{"@iot.id": q}], got)
check("a filter looks through relations", {"@iot.id": t} in listed("Things", filter=f"Datastreams/Observations/result eq 12 and Locations/name ne 'x' and id eq {t}", select="id"))
for wrong in ("result eq", "eq 1", "result foo 1", "(result eq 1", "result eq 1)", "nothing eq 1", "result eq 'a", "unknown(result) eq 1", "substring(result)", 
              "st_within(FeatureOfInterest/feature,geography'POLYGON((1 1')", "during(phenomenonTime,2026-06-02T00:00:00Z)", "phenomenonTime gt 2026-13-01T00:00:00Z",
              "(" * 5000, "not " * 5000 + "result", "result eq " + "9" * 5000, "\x01", "a/" * 3000 + "b eq 1"):
    r = get("Observations", filter=wrong)
    check(f"$filter={wrong[:40]!r} is refused", is_error(r, 400) or len(wrong) > 1000 and r.status in (400, 413, 414), r)
for option in ("top=-1", "top=x", "skip=-1", "skip=x", "count=maybe", "orderby=", "orderby=nothing", "orderby=result up", "select=", "select=nothing", "nonsense=1"):
    r = call("GET", f"{path}/Observations?${option.replace(' ', '%20')}")
    check(f"${option} is refused", is_error(r, 400), r)
check("a huge $top is capped, not refused", get("Observations", top=999999999999).status == 200)

# --- paging [9.3.3.7]: stable while others write
seen, link = [], f"{path}/Datastreams({f})/Observations?$top=5&$orderby=phenomenonTime%20desc&$count=true"
while link:
    r = call("GET", link.removeprefix(f"http://{base.netloc}"))
    check("each page counts the same whole", r.json()["@iot.count"] >= 12, r)
    seen += [o["result"] for o in r.json()["value"]]
    if len(seen) == 5:
        make(f"Datastreams({f})/Observations", {"result": 13, "phenomenonTime": "2026-06-13T00:00:00Z"})
    link = r.json().get("@iot.nextLink")
    check("a link to the next page says how many came before, which some clients go by", not link or f"$skip={len(seen)}" in link and "$top=5" in link, link)
check("pages neither repeat nor skip while an Observation arrives", seen == list(range(12, 0, -1)), seen)
r = get(f"Things({t})", expand="Datastreams($top=1)").json()
check("so does one within", "$top=1" in r["Datastreams@iot.nextLink"] and "$skip=1" in r["Datastreams@iot.nextLink"], r)
r = call("GET", f"{path}/Things?" + urllib.parse.quote(f"$filter=id eq {t}", safe=""))
check("a query that is percent-encoded as a whole is read", [x["@iot.id"] for x in r.json()["value"]] == [t], r)
check("an empty option is passed over", call("GET", f"{path}/Things?&$top=1").status == 200)
check("$skip and $top cut", values(f, orderby="phenomenonTime", skip=2, top=2) == [3, 4])
r = get(f"Datastreams({f})/Observations", top=13)
check("the last page has no next", "@iot.nextLink" not in r.json() and len(r.json()["value"]) == 13, r)

# --- change [10.3]
check("PATCH changes what it names", call("PATCH", f"{path}/Things({t})", {"description": "new"}).status == 200
      and get(f"Things({t})").json() == {**one, "description": "new"})
check("PATCH with an inline entity is refused", is_error(call("PATCH", f"{path}/Things({t})", {"Locations": [location()]}), 400))
r = call("PATCH", f"{path}/Things({t})", [{"op": "add", "path": "/properties/new", "value": 1}, {"op": "move", "from": "/properties/floor", "path": "/properties/level"}],
         {"Content-Type": "application/json-patch+json"})
check("JSON Patch is understood", r.status == 200 and get(f"Things({t})").json()["properties"] == {"tags": ["a", "b"], "new": 1, "level": 3}, r)
r = call("PATCH", f"{path}/Things({t})", [{"op": "test", "path": "/name", "value": "other"}], {"Content-Type": "application/json-patch+json"})
check("a JSON Patch whose test fails changes nothing", r.status in (400, 409) and get(f"Things({t})").json()["name"] == one["name"], r)
check("PUT replaces", call("PUT", f"{path}/Things({t})", {"name": "put", "description": "p"}).status == 200
      and "properties" not in {k: v for k, v in get(f"Things({t})").json().items() if v is not None})
check("PUT keeps the relations", len(listed(f"Things({t})/Datastreams")) == 3)
place = make("Locations", location(location={"type": "Point", "coordinates": [8, 52]}))
check("a Thing moves by PATCH", call("PATCH", f"{path}/Things({t})", {"Locations": [{"@iot.id": place}]}).status == 200
      and [x["@iot.id"] for x in listed(f"Things({t})/Locations")] == [place])
check("its history keeps both places", len(listed(f"Things({t})/HistoricalLocations")) == 2)
check("an Observation after the move has the new place",
      get(f"Observations({make(f'Datastreams({f})/Observations', {'result': 0})})/FeatureOfInterest").json()["feature"]["coordinates"] == [8, 52])

check("a link is taken away", call("DELETE", f"{path}/Things({t})/Locations({place})/$ref").status == 204 and listed(f"Things({t})/Locations") == []
      and is_error(call("DELETE", f"{path}/Things({t})/Locations/$ref?$id=../../Locations({place})"), 404))
check("and what $id names has to be of the list's kind", is_error(call("DELETE", f"{path}/Things({t})/Locations/$ref?$id=../../Sensors(1)"), 400))
call("PATCH", f"{path}/Things({t})", {"Locations": [{"@iot.id": place}]})
far = make("FeaturesOfInterest", {"name": "far", "description": "d", "encodingType": "application/geo+json", "feature": {"type": "Point", "coordinates": [9, 53]}})
make(f"Datastreams({f})/Observations", {"result": 0, "FeatureOfInterest": {"@iot.id": far}})
area = get(f"Datastreams({f})/observedArea").json()["observedArea"]
check("the observed area reaches to the features", area["type"] == "Polygon" and [9, 53] in area["coordinates"][0], area)

# --- data arrays and batches [11, 12]
r = get(f"Datastreams({f})/Observations", resultFormat="dataArray", select="phenomenonTime,result", top=2, orderby="phenomenonTime", count="true")
block = r.json()["value"][0]
check("a data array has components and rows", block["components"] == ["phenomenonTime", "result"] and block["dataArray@iot.count"] == 2
      and [row[1] for row in block["dataArray"]] == [1, 2] and "@iot.nextLink" in r.json(), r)
r = post("CreateObservations", [{"Datastream": {"@iot.id": f}, "components": ["phenomenonTime", "result"], "dataArray@iot.count": 2,
                                 "dataArray": [["2026-07-01T00:00:00Z", 100], ["nonsense", 101]]},
                                {"Datastream": {"@iot.id": 987654321}, "components": ["result"], "dataArray": [[1]]}])
check("a data array answers row by row", r.status == 201 and r.json()[0].startswith(f"{root}/Observations(") and all(x.startswith("error") for x in r.json()[1:])
      and len(r.json()) == 3, r)
r = post("$batch", {"requests": [
    {"id": "0", "method": "get", "url": f"Things({t})?$select=name"},
    {"id": "s", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": sensor()},
    {"id": "d", "atomicityGroup": "g", "method": "post", "url": f"Things({t})/Datastreams", "body": {**stream(), "Sensor": {"@iot.id": "$s"}}},
    {"id": "9", "method": "get", "url": "Things(987654321)"}]})
answers = {a["id"]: a for a in r.json()["responses"]}
check("a batch answers each request", r.status == 200 and answers["0"]["body"] == {"name": "put"} and answers["s"]["status"] == answers["d"]["status"] == 201
      and answers["9"]["status"] == 404, r)
before = count_of("Sensors")
r = post("$batch", {"requests": [{"id": "a", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": sensor()},
                                 {"id": "b", "atomicityGroup": "g", "method": "post", "url": "Sensors", "body": {"name": "half"}}]})
check("a group that fails leaves nothing", r.status == 200 and count_of("Sensors") == before, r)

# --- deletion [10.4]
x = get(f"Datastreams({f})", expand="Sensor($select=id),ObservedProperty($select=id)").json()
check("DELETE takes a Datastream with its Observations", call("DELETE", f"{path}/Datastreams({f})").status == 200 and is_error(get(f"Datastreams({f})"), 404)
      and listed("Observations", filter=f"Datastream/id eq {f}") == [])
check("its Sensor and quantity stay", get(f"Sensors({x['Sensor']['@iot.id']})").status == get(f"ObservedProperties({x['ObservedProperty']['@iot.id']})").status == 200)
s = get(f"Datastreams({e})/Sensor").json()["@iot.id"]
check("DELETE of a Sensor takes its Datastreams", call("DELETE", f"{path}/Sensors({s})").status == 200 and is_error(get(f"Datastreams({e})"), 404))
check("DELETE of a Thing leaves its place", call("DELETE", f"{path}/Things({t})").status == 200 and is_error(get(f"Datastreams({d})"), 404)
      and get(f"Locations({place})").status == 200)
check("a second DELETE finds nothing", is_error(call("DELETE", f"{path}/Things({t})"), 404))
report.finish()
