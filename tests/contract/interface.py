#!/usr/bin/env python3
"""/openapi.json tells every route: what it takes, what it answers, what each parameter means; and what it tells is so."""
# serve: --anonymous editor --demo
import json
import sys
import urllib.parse

from _door import call
from server import Report

report = Report()
check = report.check
document = call("GET", "/openapi.json").json()
paths, components = document["paths"], document["components"]
methods = ("get", "post", "put", "patch", "delete")
# What changes something by its address alone.
without_body = {("put", "/{city}/platform/v1/open-types/{type}"), ("post", "/{city}/platform/v1/quarantine/{id}/replay"),
                ("post", "/{city}/platform/v1/clock/trust"),
                ("patch", "/ngsi-ld/v1/entities"), ("put", "/ngsi-ld/v1/entities")}


def resolved(o):
    while isinstance(o, dict) and "$ref" in o:
        at = document
        for step in o["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        o = at
    return o


def has_schema(content):
    return bool(content) and all("schema" in media for media in content.values())


operations = [(m, path, item, item[m]) for path, item in paths.items() for m in methods if m in item]
check("there are as many operations as the program has", len(operations) > 150, len(operations))
for m, path, item, o in operations:
    name = f"{m.upper()} {path}"
    check(f"{name} says what it is for", o.get("summary"), "describe it in openapi/*.yaml; openapi/README.md says how")
    if m in ("post", "put", "patch") and (m, path) not in without_body:
        body = resolved(o.get("requestBody", {}))
        check(f"{name}: its body has a schema", has_schema(body.get("content")), body)
    for p in map(resolved, item.get("parameters", []) + o.get("parameters", [])):
        check(f"{name}: {p.get('name')} says what it means", p.get("description") and p.get("schema"), p)
    answers = {status: resolved(r) for status, r in o["responses"].items()}
    for status, r in answers.items():
        is_bare = status in ("204", "101") or (m != "get" and path.startswith("/v1.1") and status == "200") or (status == "201" and "Location" in r.get("headers", {}))
        is_refusal = status[0] == "4"
        check(f"{name}: its answer {status} has a schema", is_bare or is_refusal or has_schema(r.get("content")), r)
        check(f"{name}: its answer {status} says what it is", r.get("description"), r)

# --- every reference leads somewhere
def references(o):
    if isinstance(o, dict):
        if isinstance(o.get("$ref"), str):
            yield o["$ref"]
        for v in o.values():
            yield from references(v)
    elif isinstance(o, list):
        for v in o:
            yield from references(v)


for r in sorted(set(references(document))):
    try:
        leads = bool(resolved({"$ref": r})) or resolved({"$ref": r}) == {}
    except KeyError:
        leads = False
    check(f"{r} leads somewhere", leads)

# --- the judges of others, where they are installed
try:
    import jsonschema
    import openapi_spec_validator
except ImportError:
    report.skip("the document is valid, and answers are as described", "PyPI's openapi-spec-validator is not installed")
    report.finish()
try:
    openapi_spec_validator.validate(document)
    check("the document is OpenAPI 3.1", True)
except Exception as e:  # its own kinds of error
    check("the document is OpenAPI 3.1", False, str(e)[:500])


def as_described(path, m, r):
    described = resolved(paths[path][m]["responses"].get(str(r.status), paths[path][m]["responses"]["default"]))
    content = described.get("content")
    if not content and r.status >= 400:  # told apart from others of its kind, in the form of all
        content = resolved(paths[path][m]["responses"]["default"])["content"]
    if not content:
        return not r.body
    kind = r.headers.get_content_type()
    media = content.get(kind) or content.get("*/*")
    if not media:
        return f"{kind} is not told, only {list(content)}"
    if "json" not in kind:
        return True
    schema = {**media["schema"], "components": components}
    wrong = jsonschema.Draft202012Validator(schema).iter_errors(r.json())
    return next((f"{'/'.join(map(str, e.absolute_path))}: {e.message}"[:300] for e in wrong), True)


def tell(path, m="get", body=None, query="", headers=None, **named):
    address = path
    for k, v in {"city": "dortmund", **named}.items():
        address = address.replace("{%s}" % k, urllib.parse.quote(str(v), safe="()$=?&/" if k in ("rest", "datastream") else ""))
    r = call(m.upper(), address + query, body, headers)
    seen = as_described(path, m, r)
    check(f"{m.upper()} {address}{query} answers as described ({r.status})", seen is True and r.status < 300, (seen, r))
    return r


def refused(path, m="get", body=None, query="", **named):
    r = call(m.upper(), path.format(city="dortmund", **named) + query, body)
    seen = as_described(path, m, r)
    check(f"{m.upper()} {path}{query} refuses as described ({r.status})", seen is True and r.status >= 400, (seen, r))


for path in ("/healthz", "/metrics", "/openapi.json", "/platform/v1/cities", "/platform/v1/status", "/platform/v1/session", "/v1.1"):
    tell(path)
for what in ("devices", "device-profiles", "measuring-points", "mappings", "imports", "sources", "webhooks", "quarantine", "open-types", "ledger"):
    tell("/{city}/platform/v1/" + what)
refused("/{city}/platform/v1/tokens")
refused("/{city}/platform/v1/devices", query="?limit=x")
device = tell("/{city}/platform/v1/devices", "post", {"devEui": "0102030405060708", "profile": "milesight-am107", "state": "active", "name": "D",
                                                     "measuringPointNew": {"name": "Interface", "location": {"type": "Point", "coordinates": [7.4, 51.5]}}})
tell("/{city}/platform/v1/devices/{id}", id="0102030405060708")
tell("/{city}/platform/v1/devices/{id}", "patch", {"state": "maintenance", "calibration": [{"date": "2026-01-01", "attribute": "temperature", "offset": 1}]}, id="0102030405060708")
tell("/{city}/platform/v1/devices/{id}/mounts", "post", {"measuringPointNew": {"name": "Elsewhere"}}, id="0102030405060708")
refused("/{city}/platform/v1/devices/{id}", "patch", {"state": "planned"}, id="0102030405060708")
tell("/{city}/platform/v1/devices/import", "post", b"DevEUI;Name;Profil\n0102030405060709;E;milesight-am107\nx;F;none\n", "?preview=true", {"Content-Type": "text/csv"})
profile = tell("/{city}/platform/v1/device-profiles/{id}", id="milesight-am107").json()
tell("/{city}/platform/v1/device-profiles/{id}/try", "post", {"bytes": "01 75 64 03 67 10 01 04 68 7d", "fPort": 85}, id="milesight-am107")
tell("/{city}/platform/v1/device-profiles/{id}/try", "post", {"payload": "AAAA"}, id="milesight-am107")
mine = {"id": "mine", "entity": {"type": "Thing"}, "attributes": [{"attribute": "n", "from": "n"}], "codec": "function decodeUplink(i) { return {data: {n: 1}}; }"}
tell("/{city}/platform/v1/device-profiles", "post", mine)
tell("/{city}/platform/v1/device-profiles/{id}", "put", mine, id="mine")
tell("/{city}/platform/v1/device-profiles/{id}", "delete", id="mine")
tell("/{city}/platform/v1/measuring-points", "post", {"name": "Alone", "type": "Thing", "expectedInterval": 60})
tell("/{city}/platform/v1/devices/{id}", "delete", id="0102030405060708")
tell("/{city}/platform/v1/mappings/{name}", name="bochum-schools")
tell("/{city}/lorawan/chirpstack", "post", {"deviceInfo": {"devEui": "ffffffffffffffff"}, "fCnt": 1, "fPort": 1, "data": "AQ=="}, "?event=up")
tell("/{city}/platform/v1/quarantine")
tell("/{city}/platform/v1/quarantine/replay", "post", {"filter": {"reason": "nothing"}})

ngsi = "/ngsi-ld/v1"
e = {"id": "urn:ngsi-ld:Room:i", "type": "Room", "t": {"type": "Property", "value": 1, "observedAt": "2026-05-01T12:00:00Z"}, "where": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}}}
tell(ngsi + "/entities", "post", e)
refused(ngsi + "/entities", "post", e)
for query in ("", "&options=keyValues", "&options=concise,sysAttrs"):
    tell(ngsi + "/entities", query="?type=Room" + query)
tell(ngsi + "/entities", query="?type=Room", headers={"Accept": "application/geo+json"})
tell(ngsi + "/entities", query="?type=Room", headers={"Accept": "text/csv"})
tell(ngsi + "/entities", query="?type=Room", headers={"Accept": "application/ld+json"})
tell(ngsi + "/entities/{id}", id=e["id"])
tell(ngsi + "/entities/{id}/attrs", "post", {"u": {"type": "Property", "value": 1}}, "?options=noOverwrite", id=e["id"])
tell(ngsi + "/entities/{id}/attrs", "patch", {"nobody": {"type": "Property", "value": 1}, "t": {"type": "Property", "value": 2}}, id=e["id"])
tell(ngsi + "/entityOperations/create", "post", [{"id": "urn:ngsi-ld:Room:j", "type": "Room"}])
tell(ngsi + "/entityOperations/create", "post", [{"id": "urn:ngsi-ld:Room:j", "type": "Room"}])
tell(ngsi + "/entityOperations/query", "post", {"type": "Query", "entities": [{"type": "Room"}]})
for query in ("", "?options=temporalValues", "?options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=P1D&timezone=Europe/Berlin"):
    tell(ngsi + "/temporal/entities/{id}", query=query, id=e["id"])
tell(ngsi + "/temporal/entities", query="?type=Room&timerel=before&timeAt=2030-01-01T00:00:00Z")
for what in ("types", "attributes", "jsonldContexts", "types?details=true", "attributes?details=true", "jsonldContexts?details=true"):
    tell(ngsi + "/" + what.split("?")[0], query="".join(what.partition("?")[1:]))
tell(ngsi + "/types/{type}", type="Room")
tell(ngsi + "/attributes/{attribute}", attribute="t")
s = {"id": "urn:ngsi-ld:Subscription:i", "type": "Subscription", "entities": [{"type": "Nothing"}], "notification": {"endpoint": {"uri": "http://example.org/"}}}
tell(ngsi + "/subscriptions", "post", s)
tell(ngsi + "/subscriptions")
tell(ngsi + "/subscriptions/{id}", id=s["id"])
tell(ngsi + "/subscriptions/{id}/replay", "post", {"position": 1}, id=s["id"])
tell(ngsi + "/csourceRegistrations", query="?type=Room")
tell(ngsi + "/csourceSubscriptions")
tell(ngsi + "/entityMaps", query="?type=Room")
tell(ngsi + "/info/sourceIdentity")
tell("/{city}/context.jsonld")

thing = {"name": "I", "description": "", "Locations": [{"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7, 51]}}],
         "Datastreams": [{"name": "D", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
                          "unitOfMeasurement": {"name": "n", "symbol": "n", "definition": "n"}, "Sensor": {"name": "S", "description": "", "encodingType": "text/plain", "metadata": "m"},
                          "ObservedProperty": {"name": "n", "definition": "http://n", "description": ""}, "Observations": [{"result": 1}]}]}
t = tell("/v1.1/Things", "post", thing).headers["Location"].rsplit("(", 1)[1].rstrip(")")
for kind in ("Things", "Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest"):
    tell("/v1.1/" + kind, query="?$count=true&$top=5")
    some = call("GET", f"/v1.1/{kind}?$top=1").json()["value"]
    if some:
        tell(f"/v1.1/{kind}({{id}})", id=some[0]["@iot.id"])
tell("/v1.1/Things", query="?$expand=Datastreams/Observations,Locations&$top=3")
refused("/v1.1/Things", query="?$filter=x")
d = call("GET", f"/v1.1/Things({t})/Datastreams").json()["value"][0]["@iot.id"]
tell("/v1.1/{datastream}/Observations", "post", {"result": 2}, datastream=f"Datastreams({d})")
tell("/v1.1/CreateObservations", "post", [{"Datastream": {"@iot.id": d}, "components": ["result"], "dataArray": [[1], ["x"]]}])
tell("/v1.1/$batch", "post", {"requests": [{"id": "1", "method": "get", "url": f"Things({t})"}]})
tell("/v1.1/{rest}", rest=f"Things({t})/Datastreams")
report.finish()
