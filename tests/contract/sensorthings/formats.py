"""SensorThings: result formats. Tables and maps say what the JSON says, with the same options."""
# serve: --anonymous admin
import csv
import io
import urllib.parse

from _sta import Report, datastream, get, made, place, sta, thing

report = Report()
check = report.check


def shown(path, form, **options):
    return sta("GET", f"{path}?$resultFormat={form}" + "".join(f"&${k}={urllib.parse.quote(str(v))}" for k, v in options.items()))


def table(path, **options):
    r = shown(path, "CSV", **options)
    assert r.status == 200, (path, options, r)
    return list(csv.reader(io.StringIO(r.body.decode(), newline="")))


def features(path, **options):
    r = shown(path, "GeoJSON", **options)
    assert r.status == 200, (path, options, r)
    return r.json()["features"]


t = made("Things", thing("Bus, \"7\"", datastream("Temperature", properties={"floor": {"level": 2}, "tags": ["a", "b"]}), at=(7.5, 51.5)))
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]
first = made(f"Datastreams({ds})/Observations", {"result": 1.5, "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z", "parameters": {"depth": 3, "by": "hand"}})
made(f"Datastreams({ds})/Observations", {"result": 2, "phenomenonTime": "2026-01-02T00:00:00Z"})
sta("PATCH", f"Things({t})", {"Locations": [{"@iot.id": made("Locations", place(9, 53, "Second"))}]})
made(f"Datastreams({ds})/Observations", {"result": 3, "phenomenonTime": "2026-01-03T00:00:00Z"})
observations = f"Datastreams({ds})/Observations"

# --- CSV
check("a table has a column for each property that is selected, in that order, and quotes what needs it",
      table("Things", select="description,name") == [["description", "name"], ["", "Bus, \"7\""]], table("Things", select="description,name"))
check("a part of a property is a column of its own",
      table("Datastreams", select="name,properties/floor/level,properties/tags[1]") == [["name", "properties/floor/level", "properties/tags/1"], ["Temperature", "2", "b"]],
      table("Datastreams", select="name,properties/floor/level,properties/tags[1]"))
check("times that last have a beginning and an end, others the same twice", table(observations, select="result,phenomenonTime", orderby="phenomenonTime", top=2) == [
    ["result", "phenomenonTime/start", "phenomenonTime/end"], ["1.5", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"],
    ["2", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"]], table(observations, select="result,phenomenonTime"))
check("a unit is three columns", table("Datastreams", select="unitOfMeasurement") == [
    ["unitOfMeasurement/name", "unitOfMeasurement/definition", "unitOfMeasurement/symbol"], ["degree Celsius", "ucum:Cel", "°C"]], table("Datastreams", select="unitOfMeasurement"))
check("without $select everything is told, the number first", table("Things")[0] == ["@iot.id", "name", "description", "properties"], table("Things"))
check("what is expanded has its columns, however deep",
      table(observations, select="result", expand="Datastream($select=name;$expand=Thing($select=name;$expand=Locations($select=name;$top=1)))", orderby="result", top=1) ==
      [["result", "Datastream/name", "Datastream/Thing/name", "Datastream/Thing/Locations/name"], ["1.5", "Temperature", "Bus, \"7\"", "Second"]],
      table(observations, select="result", expand="Datastream($select=name;$expand=Thing($select=name;$expand=Locations($select=name;$top=1)))", top=1))
check("many to a row are refused, and why is said", shown("Things", "CSV", expand="Datastreams").status == 400 and "$top=1" in shown("Things", "CSV", expand="Datastreams").json()["message"])
check("a table of nothing still has its head", table("Things", select="name", filter="name eq 'nobody'") == [["name"]])
check("one entity is a table of one row", table(f"Things({t})", select="name") == [["name"], ["Bus, \"7\""]])
r = shown(observations, "CSV", top=1)
check("where there is more a header links to it", 'rel="next"' in r.headers.get("Link", ""), r.headers)

# --- GeoJSON
f = features(observations, select="result", orderby="phenomenonTime")
check("an Observation is on the map where it was made, not where its Thing is now",
      [(x["geometry"]["coordinates"], x["properties"]) for x in f] == [([7.5, 51.5], {"result": 1.5}), ([7.5, 51.5], {"result": 2}), ([9, 53], {"result": 3})], f)
f = features("HistoricalLocations", expand="Thing($select=name)", select="time", orderby="time")
check("a HistoricalLocation is where its Thing was then", [x["geometry"]["coordinates"] for x in f] == [[7.5, 51.5], [9, 53]] and f[0]["properties"]["Thing/name"] == "Bus, \"7\"", f)
f = features("Datastreams", select="name,properties/floor,properties/tags", expand="Observations($select=result;$orderby=result desc;$top=2;$expand=FeatureOfInterest($select=name))")
check("properties are flat, lists by number, and so is what is expanded", f[0]["properties"] == {
    "name": "Temperature", "properties/floor/level": 2, "properties/tags/0": "a", "properties/tags/1": "b", "Observations/0/result": 3, "Observations/1/result": 2,
    "Observations/0/FeatureOfInterest/name": "Second", "Observations/1/FeatureOfInterest/name": "L"}, f)
check("one entity is a collection of one feature", [x["id"] for x in features(f"Things({t})")] == [t])

# --- data arrays
block = shown(observations, "dataArray", select="result,parameters/depth", orderby="phenomenonTime", top=1).json()["value"][0]
check("a part of a property is a component", (block["components"], block["dataArray"]) == (["result", "parameters/depth"], [[1.5, 3]]), block)
for path in ("Things", f"Things({t})"):
    check(f"{path} are no data array", shown(path, "dataArray").status == 400, shown(path, "dataArray"))
for path in ("Things", f"Things({t})"):
    check(f"a format nobody knows is refused for {path}", shown(path, "YAML").status == 400, shown(path, "YAML"))
check("one entity that a filter does not find is not there", sta("GET", f"Things({t})?$filter=name%20eq%20'x'").status == 404
      and sta("GET", f"Things({t})?$filter=id%20eq%20{t}").status == 200)
report.finish()
