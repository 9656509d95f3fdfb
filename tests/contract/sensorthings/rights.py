"""SensorThings: who may see and change what. Nothing that is hidden shows through filters, paths, counts or topics."""
import json
import os
import pathlib
import sys
import urllib.parse

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[2])))
from mqtt_client import Client  # noqa: E402
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
unit = {"name": "C", "symbol": "C", "definition": "ucum:Cel"}
everything = ["Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Sensors", "Observations", "FeaturesOfInterest"]


def place(lon, lat, name):
    return {"name": name, "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [lon, lat]}}


def a_thing(name):
    stream = {"name": f"{name} T", "description": "", "unitOfMeasurement": unit, "Sensor": {"name": f"{name} S", "description": "", "encodingType": "x", "metadata": "m"},
              "ObservedProperty": {"name": "Temperature", "definition": "http://example.org/t", "description": ""}, "Observations": [{"result": 42.5, "phenomenonTime": "2026-01-01T00:00:00Z"}]}
    many = {"name": f"{name} M", "description": "", "multiObservationDataTypes": ["x"], "unitOfMeasurements": [unit], "Sensor": stream["Sensor"],
            "ObservedProperties": [stream["ObservedProperty"]], "Observations": [{"result": [43.5]}]}
    return {"name": name, "description": "", "properties": {"secret": "s"}, "Locations": [place(7, 51, f"{name} L")], "Datastreams": [stream], "MultiDatastreams": [many]}


with Server(["--mqtt-port", "0"]) as s:
    tokens = {role: {"Authorization": "Bearer " + s.token("dortmund", role, role)} for role in ("admin", "editor", "viewer", "device")}
    nobody = {}

    def sta(method, path, body=None, who=nobody):
        return s.call(method, "/v1.1/" + urllib.parse.quote(path, safe="?$=&(),'/"), body, who)

    made = sta("POST", "Things", a_thing("Hidden"), tokens["admin"])
    t = int(made.headers["Location"].rsplit("(", 1)[1].rstrip(")"))
    whole = sta("GET", f"Things({t})?$expand=Datastreams($expand=Sensor,Observations($expand=FeatureOfInterest)),MultiDatastreams,Locations,HistoricalLocations", None, tokens["viewer"]).json()
    d = whole["Datastreams"][0]
    o = d["Observations"][0]
    check("a viewer sees everything", all(sta("GET", k, None, tokens["viewer"]).json()["value"] for k in everything))
    check("who has no token sees none of it", all(sta("GET", k).json()["value"] == [] for k in everything), [k for k in everything if sta("GET", k).json()["value"]])
    check("nor how much there is", all(sta("GET", f"{k}?$count=true&$top=0").json()["@iot.count"] == 0 and sta("GET", f"{k}/$count").body == b"0" for k in everything))
    one = [f"Things({t})", f"Datastreams({d['@iot.id']})", f"Observations({o['@iot.id']})", f"Sensors({d['Sensor']['@iot.id']})", f"Locations({whole['Locations'][0]['@iot.id']})",
           f"HistoricalLocations({whole['HistoricalLocations'][0]['@iot.id']})", f"FeaturesOfInterest({o['FeatureOfInterest']['@iot.id']})", f"MultiDatastreams({whole['MultiDatastreams'][0]['@iot.id']})"]
    for path in (*one, f"Things({t})/name", f"Things({t})/name/$value", f"Things({t})/Datastreams", f"Things({t})/$ref", f"Datastreams({d['@iot.id']})/Observations", f"Datastreams({d['@iot.id']})/Thing"):
        check(f"{path} is not there for nobody", sta("GET", path).status == 404, sta("GET", path))
    property_ = sta("GET", "ObservedProperties", None, tokens["viewer"]).json()["value"][0]["@iot.id"]
    leaks = [f"ObservedProperties({property_})/Datastreams", "ObservedProperties?$expand=Datastreams($expand=Observations)", "ObservedProperties?$filter=Datastreams/name eq 'Hidden T'",
             "ObservedProperties?$filter=Datastreams/Observations/result eq 42.5", "ObservedProperties?$filter=Datastreams/any(d:d/Thing/properties/secret eq 's')",
             "Observations?$filter=result eq 42.5", f"Observations?$filter=id eq {o['@iot.id']}", f"Observations?$filter=Datastream/id eq {d['@iot.id']}", "Observations?$orderby=phenomenonTime desc&$top=1",
             "Observations?$resultFormat=dataArray", "Things?$filter=properties/secret eq 's'", "Things?$search=hidden", f"Things?$filter=id eq {t}", "Locations?$filter=st_within(location,geography'POLYGON((6 50,8 50,8 52,6 52,6 50))')",
             "Datastreams?$filter=Thing/Locations/name eq 'Hidden L'", "FeaturesOfInterest?$filter=Observations/result eq 42.5"]
    for path in leaks:
        r = sta("GET", path)
        shown = r.body.decode()
        check(f"{path} shows nothing to nobody", r.status in (200, 404) and not any(w in shown for w in ("Hidden", "42.5", "Observations(")), r)
    r = sta("POST", "$batch", {"requests": [{"id": "1", "method": "get", "url": f"Things({t})"}, {"id": "2", "method": "post", "url": "Things", "body": {"name": "x", "description": ""}}]})
    check("a batch is no way around", [a["status"] for a in r.json()["responses"]] == [404, 401], r)

    # --- writing
    before = sta("GET", "Things?$count=true", None, tokens["viewer"]).json()["@iot.count"]
    for role, who, expected in (("nobody", nobody, 401), ("a viewer", tokens["viewer"], 403)):
        for method, path, body in (("POST", "Things", {"name": "x", "description": ""}), ("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 1}), ("PATCH", f"Things({t})", {"name": "x"}),
                                   ("PUT", f"Things({t})", {"name": "x", "description": ""}), ("DELETE", f"Things({t})", None), ("DELETE", "Observations?$filter=result gt 0", None),
                                   ("DELETE", f"Things({t})/Locations({whole['Locations'][0]['@iot.id']})/$ref", None),
                                   ("POST", "CreateObservations", [{"Datastream": {"@iot.id": d["@iot.id"]}, "components": ["result"], "dataArray": [[1]]}])):
            r = sta(method, path, body, who)
            check(f"{role} may not {method} {path}", r.status == expected, r)
            nowhere = sta(method, path.replace(str(t), "999999").replace(str(d["@iot.id"]), "999999"), body, who)
            check(f"and {method} {path} tells {role} nothing of what is there", (nowhere.status, nowhere.body) == (r.status, r.body), nowhere)
    check("and nothing came of it", sta("GET", f"Things({t})", None, tokens["viewer"]).json()["name"] == "Hidden" and
          sta("GET", "Things?$count=true", None, tokens["viewer"]).json()["@iot.count"] == before and sta("GET", "Observations?$count=true", None, tokens["viewer"]).json()["@iot.count"] == 2)
    check("an editor may", sta("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 44}, tokens["editor"]).status == 201)
    entity = s.call("GET", "/dortmund/ngsi-ld/v1/entities?type=Thing", None, tokens["viewer"]).json()[0]["id"]
    told = {"Authorization": "Bearer " + s.token("dortmund", "device", "told", entity)}
    r = sta("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 45}, told)
    check("a device brings observations for what its token names", r.status == 201, r)
    r = sta("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 45}, tokens["device"])
    check("another one does not learn that it is there", r.status == 404, r)
    for test in ("Hidden", "Guess"):  # RFC 6902, 4.6: whether it holds would tell the name
        for role, expected in ((nobody, 401), (tokens["viewer"], 403), (tokens["device"], 404)):
            r = s.call("PATCH", f"/v1.1/Things({t})", [{"op": "test", "path": "/name", "value": test}], {**role, "Content-Type": "application/json-patch+json"})
            check(f"a JSON Patch's test for {test} tells nothing", r.status == expected and b"test" not in r.body, r)
    other = {"Authorization": "Bearer " + s.token("schwerte", "admin", "Neighbour")}
    check("another city's administrator may not", [sta("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 46}, other).status, sta("DELETE", f"Things({t})", None, other).status] == [403, 403])

    # --- topics
    with Client(s.mqtt_port, "nobody", 5) as n, Client(s.mqtt_port, "viewer", 5, user="x", password=tokens["viewer"]["Authorization"][7:]) as v:
        granted = n.subscribe("v1.1/Observations", "v1.1/Things", "v1.1/ObservedProperties?$expand=Datastreams")
        check("what has hidden entities on its way cannot be subscribed to by nobody", n.subscribe(f"v1.1/Datastreams({d['@iot.id']})/Observations", f"v1.1/Things({t})/name") == [0x90, 0x90])
        v.subscribe("v1.1/Observations", "v1.1/Things")
        sta("POST", f"Datastreams({d['@iot.id']})/Observations", {"result": 47}, tokens["editor"])
        sta("PATCH", f"Things({t})", {"description": "changed"}, tokens["editor"])
        heard = [v.message().topic for _ in range(2)]
        n.ping()
        check("a viewer hears what happens, nobody does not", sorted(heard) == ["v1.1/Observations", "v1.1/Things"] and n.left == b"", (granted, heard, n.left))
        check("nobody brings nothing", n.publish(f"v1.1/Datastreams({d['@iot.id']})/Observations", '{"result": 1}', 1) in (0x87, 0x90) and v.publish("v1.1/Things", '{"name": "x"}', 1) == 0x87)

    # --- an open type
    vault = {"id": "urn:ngsi-ld:Vault:1", "type": "Vault", "name": {"type": "Property", "value": "Vault"}, "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}},
             "temperature": {"type": "Property", "value": 42.5, "unitCode": "CEL", "observedAt": "2026-01-01T00:00:00Z"}}
    check("another door brings more", s.call("POST", "/dortmund/ngsi-ld/v1/entities", vault, tokens["editor"]).status == 201)
    r = s.call("PUT", "/dortmund/platform/v1/open-types/" + urllib.parse.quote("https://uri.etsi.org/ngsi-ld/default-context/Thing", safe=""), None, tokens["admin"])
    check("a type is opened", r.status == 204, r)
    seen = sta("GET", "Things?$expand=Datastreams($expand=Observations),Locations").json()["value"]
    check("then everybody sees its entities and what was observed of them, and no others", [x["name"] for x in seen] == ["Hidden"] and seen[0]["Datastreams"][0]["Observations"], seen)
    other_words = {"id": "urn:ngsi-ld:Vault:2", "type": "Vault", "goldPrice": {"type": "Property", "value": 1.5, "observedAt": "2026-01-01T00:00:00Z"}}
    s.call("POST", "/dortmund/ngsi-ld/v1/entities", other_words, tokens["editor"])
    before = sta("GET", "ObservedProperties?$count=true").json()
    listed = sta("GET", "ObservedProperties?$top=1000", None, tokens["viewer"]).json()["value"]
    after = sta("GET", "ObservedProperties?$count=true").json()
    gold = [p["@iot.id"] for p in listed if "goldPrice" in p["definition"]]
    check("staff see what is observed of closed types", len(gold) == 1, listed)
    check("and nobody sees more for that", before["@iot.count"] == after["@iot.count"] and "goldPrice" not in str(after), after)
    check("nor by its number", sta("GET", f"ObservedProperties({gold[0]})").status == 404)
    for path in ("Things?$filter=name eq 'Vault'", "Datastreams?$filter=Thing/name eq 'Vault'", "Observations?$filter=Datastream/Thing/name eq 'Vault'", "Locations", "Datastreams?$top=1000",
                 "ObservedProperties?$filter=Datastreams/Thing/name eq 'Vault'", "ObservedProperties?$expand=Datastreams", "Locations?$expand=Things", "FeaturesOfInterest", "HistoricalLocations?$expand=Thing"):
        check(f"{path} says nothing of a type that is not open", "Vault" not in sta("GET", path).body.decode(), sta("GET", path))
report.finish()
