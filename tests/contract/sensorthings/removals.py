"""SensorThings: what is left when Observations are changed or removed counts again, at both doors."""
# serve: --anonymous admin
import urllib.parse

from _sta import Report, call, datastream, get, made, ngsi, sta, thing

report = Report()
check = report.check


def observation(n, **more):
    return {"result": n, "phenomenonTime": f"2026-01-{n:02}T00:00:00Z", "resultTime": f"2026-01-{n:02}T00:00:10Z", **more}


def begin(name, numbers):
    t = made("Things", thing(name, datastream("Level", what="Level", Observations=[observation(n) for n in numbers])))
    return get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]


def current(name):
    found = call("GET", f"{ngsi}/entities?type=Thing&q=name==%22{name}%22").json()
    return found[0].get("level", {}).get("value")


def times(ds):
    d = get(f"Datastreams({ds})")
    return d.get("phenomenonTime"), d.get("resultTime")


def between(first, last):
    return (f"2026-01-{first:02}T00:00:00Z/2026-01-{last:02}T00:00:00Z", f"2026-01-{first:02}T00:00:10Z/2026-01-{last:02}T00:00:10Z")


ds = begin("Well", range(1, 10))
check("before: the last counts", (current("Well"), times(ds)) == (9, between(1, 9)), (current("Well"), times(ds)))
r = sta("DELETE", f"Datastreams({ds})/Observations?$filter=" + urllib.parse.quote("result ge 7"))
check("when several of the last go at once, the one before them counts", r.status == 200 and (current("Well"), times(ds)) == (6, between(1, 6)), (current("Well"), times(ds)))
sta("DELETE", f"Datastreams({ds})/Observations?$filter=" + urllib.parse.quote("result lt 3 or result eq 5"))
check("the first of those that are left says when it began", (current("Well"), times(ds)) == (6, between(3, 6)), (current("Well"), times(ds)))
last = get(f"Datastreams({ds})/Observations", orderby="phenomenonTime desc", top=1)["value"][0]["@iot.id"]
sta("PATCH", f"Observations({last})", {"resultTime": None})
check("a resultTime that is taken away no longer counts", times(ds)[1] == between(3, 4)[1], times(ds))
sta("PATCH", f"Observations({last})", {"result": None})
check("a result that is taken away no longer is the value", current("Well") == 4, current("Well"))
sta("PATCH", f"Observations({last})", [{"op": "replace", "path": "/result", "value": 66}], {"Content-Type": "application/json-patch+json"})
check("one that comes back is", current("Well") == 66, current("Well"))
sta("DELETE", f"Datastreams({ds})/Observations?$filter=" + urllib.parse.quote("result gt 0"))
check("when all are gone there is no value and no time", (current("Well"), times(ds)) == (None, (None, None)), (current("Well"), times(ds)))

ds = begin("Pond", range(1, 4))
place = made("FeaturesOfInterest", {"name": "Bank", "description": "", "encodingType": "application/geo+json", "feature": {"type": "Point", "coordinates": [8, 52]}})
for n in (4, 5):
    made(f"Datastreams({ds})/Observations", observation(n, FeatureOfInterest={"@iot.id": place}))
check("before: what was observed elsewhere counts", current("Pond") == 5, current("Pond"))
sta("DELETE", f"FeaturesOfInterest({place})")
check("when a feature takes its Observations along, the ones before them count", (current("Pond"), times(ds)) == (3, between(1, 3)), (current("Pond"), times(ds)))
report.finish()
