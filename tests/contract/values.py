#!/usr/bin/env python3
"""What one door writes, the other reads: numbers to the last bit, texts, lists, places, times; nothing is taken that is not kept."""
# serve: --anonymous editor
import itertools
import json
import random
import struct
import urllib.parse

from _door import call
from server import Report

report = Report()
check = report.check
ngsi, sta = "/ngsi-ld/v1", "/v1.1"
numbers = itertools.count(1)
chance = random.Random(20261130)
thing = {"name": "T", "description": "", "Locations": [{"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7, 51]}}],
         "Datastreams": [{"name": "D", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Observation",
                          "unitOfMeasurement": {"name": "n", "symbol": "n", "definition": "n"}, "Sensor": {"name": "S", "description": "", "encodingType": "text/plain", "metadata": "m"},
                          "ObservedProperty": {"name": "n", "definition": "http://n", "description": ""}}]}
call("POST", f"{sta}/Things", thing)
d = call("GET", f"{sta}/Datastreams").json()["value"][0]["@iot.id"]


def same(a, b):
    """As numbers, in every bit of a double where a whole number does not fit."""
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, bool) or not isinstance(a, (int, float)):
        return type(a) is type(b) and a == b
    if isinstance(a, int) and abs(a) < 2**63:
        return type(b) in (int, float) and a == b
    return type(b) in (int, float) and struct.pack("d", a) == struct.pack("d", b)


def latest(path):
    return call("GET", f"{path}/Observations?$orderby=phenomenonTime%20desc&$top=1").json()["value"][0]["result"]


def check_value(text, kinds="both"):
    """`text`: JSON."""
    value = json.loads(text)
    n = next(numbers)
    at = f"2026-01-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:00Z"
    id = f"urn:ngsi-ld:V:{n}"
    r = call("POST", f"{ngsi}/entities", ('{"id":"%s","type":"V","n":{"type":"Property","value":%s,"observedAt":"%s"}}' % (id, text, at)).encode())
    seen = call("GET", f"{ngsi}/entities/{id}?options=keyValues").json().get("n")
    check(f"NGSI-LD keeps {text[:60]}", r.status == 201 and same(value, seen), (r, seen))
    then = call("GET", f"{ngsi}/temporal/entities/{id}?options=temporalValues").json().get("n", {}).get("values", [[None]])[0][0]
    check(f"and its history {text[:60]}", same(value, then), then)
    if isinstance(value, (int, float)):
        streams = call("GET", f"{sta}/Things?$filter=" + urllib.parse.quote(f"Datastreams/phenomenonTime ge {at} and Datastreams/phenomenonTime le {at}") + "&$expand=Datastreams($expand=Observations)").json()["value"]
        theirs = [o["result"] for t in streams for s in t["Datastreams"] for o in s["Observations"] if o["phenomenonTime"] == at]
        check(f"SensorThings reads it {text[:60]}", any(same(value, x) for x in theirs), theirs)
    r = call("POST", f"{sta}/Datastreams({d})/Observations", ('{"result":%s,"phenomenonTime":"%s"}' % (text, at)).encode())
    check(f"SensorThings keeps {text[:60]}", r.status == 201 and same(value, latest(f"{sta}/Datastreams({d})")), (r, text))
    seen = next(e for e in call("GET", f"{ngsi}/entities?type=Thing&options=keyValues").json()).get("n")
    check(f"NGSI-LD reads it {text[:60]}", same(value, seen), seen)


for text in ("0", "-0.0", "-0", "1", "1.0", "1E5", "0.1", "1e308", "1.7976931348623157e308", "5e-324", "-2.2250738585072014e-308", "9007199254740993", "9223372036854775807",
             "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809",
             "123456789012345678901234567890", "-" + "9" * 300, "true", "false", '"text"', '""', '"ß🌳\\u0000\\"\\\\"', "[]", "{}", "[1,2.5,-0.0]", '{"a":{"b":[null,1]}}',
             '"2016-12-31T23:59:60Z"', '["12345678901234567890123",12345678901234567890123]', '{"\\"12345678901234567890":1}'):
    check_value(text)
for _ in range(40):
    bits = struct.unpack("d", struct.pack("Q", chance.getrandbits(64)))[0]
    if bits == bits and abs(bits) != float("inf"):
        check_value(repr(bits))
    check_value(str(chance.getrandbits(chance.randrange(1, 200)) * chance.choice((1, -1))))
for text in ("1e400", "-1e309", "01", "1.", "+1", ".5", "1e", "NaN", "Infinity", "0x1", "9" * 400, '"\\ud800"', "123456789012345678901234567890x"):
    at = "2026-02-01T00:00:00Z"
    r = call("POST", f"{ngsi}/entities", ('{"id":"urn:ngsi-ld:W:1","type":"W","n":{"type":"Property","value":%s}}' % text).encode())
    check(f"NGSI-LD refuses {text[:20]}", r.status == 400 and call("GET", f"{ngsi}/entities/urn:ngsi-ld:W:1").status == 404, r)
    r = call("POST", f"{sta}/Datastreams({d})/Observations", ('{"result":%s,"phenomenonTime":"%s"}' % (text, at)).encode())
    check(f"SensorThings refuses {text[:20]}", r.status == 400 and call("GET", f"{sta}/Datastreams({d})/Observations?$filter=phenomenonTime%20eq%20{at}").json()["value"] == [], r)

# --- times: the same moment at both doors
for given, meant in (("2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00.500Z"), ("2026-03-02T12:00:00.123456Z", None), ("2026-03-03T24:00:00Z", "2026-03-04T00:00:00Z"),
                     ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"), ("1969-12-31T23:59:59.999999Z", None), ("0001-01-01T00:00:00Z", None)):
    n = next(numbers)
    id, meant = f"urn:ngsi-ld:V:{n}", meant or given
    call("POST", f"{ngsi}/entities", {"id": id, "type": "V", "n": {"type": "Property", "value": n, "observedAt": given}})
    seen = call("GET", f"{ngsi}/entities/{id}").json()["n"]["observedAt"]
    check(f"{given} is {meant}", seen == meant, seen)
    r = call("POST", f"{sta}/Datastreams({d})/Observations", {"result": n, "phenomenonTime": given})
    seen = call("GET", urllib.parse.urlparse(r.headers["Location"]).path).json()["phenomenonTime"]
    check(f"and at SensorThings", seen == meant, seen)

# --- places: longitude first, whoever wrote it
for n, (lon, lat) in enumerate(((7.5, 51.5), (-179.999999, -89.9), (180, 90), (0, 0), (-0.0, 0.0), (1e-12, 51.123456789012))):
    id = f"urn:ngsi-ld:Place:{n}"
    call("POST", f"{ngsi}/entities", {"id": id, "type": "Place", "n": {"type": "Property", "value": n, "observedAt": "2026-01-01T00:00:00Z"},
                                      "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, lat]}}})
    t = next(x for x in call("GET", f"{sta}/Things?$top=1000&$expand=Locations").json()["value"] if id in json.dumps(x))
    check(f"SensorThings has the place {lon}, {lat}", t["Locations"] and same([lon, lat], t["Locations"][0]["location"]["coordinates"]), t["Locations"])
    r = call("POST", f"{sta}/Things", {"name": f"P{n}", "description": "", "Locations": [{"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [lon, lat]}}]})
    e = next(e for e in call("GET", f"{ngsi}/entities?type=Thing&options=keyValues&limit=1000").json() if e.get("name") == f"P{n}")
    check(f"NGSI-LD has it, too", same([lon, lat], e["location"]["coordinates"]), e)

# --- what is removed, and what is told apart by a dataset
id = "urn:ngsi-ld:V:sets"
call("POST", f"{ngsi}/entities", {"id": id, "type": "V", "n": [{"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"},
                                                              {"type": "Property", "value": 2, "datasetId": "urn:a:b", "observedAt": "2026-01-01T00:00:00Z"}]})
t = next(x for x in call("GET", f"{sta}/Things?$top=1000&$expand=Datastreams($expand=Observations)").json()["value"] if id in json.dumps(x))
check("each dataset is a Datastream", sorted(o["result"] for s in t["Datastreams"] for o in s["Observations"]) == [1, 2], t)
r = call("PATCH", f"{ngsi}/entities/{id}", {"n": [{"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:a:b"}]})
e = call("GET", f"{ngsi}/entities/{id}").json()
check("a null takes the dataset that it names", r.status == 204 and e["n"]["value"] == 1, (r, e))
id = "urn:ngsi-ld:V:words"
words = {"de": "Straße", "en": ["a", "b"], "@none": "x"}
call("POST", f"{ngsi}/entities", {"id": id, "type": "V", "w": {"type": "LanguageProperty", "languageMap": words}})
check("a map of languages is as it was", call("GET", f"{ngsi}/entities/{id}").json()["w"]["languageMap"] == words)
report.finish()
