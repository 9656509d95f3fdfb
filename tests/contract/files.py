"""Files by declared mappings, on a server that has no default context: names, values, times and corrections come in as they
do at the door of NGSI-LD, and what cannot be taken is said."""
# serve: --anonymous editor
import http.client
import json
import os
import threading
import urllib.parse

from server import Report

base = urllib.parse.urlparse(os.environ["BASE_URL"])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
city = "/dortmund"
api = city + "/platform/v1"
report = Report()
check = report.check


def call(method, path, body=None, kind="application/json"):
    data = body if body is None or isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": kind} if data is not None else {})
    r = connection.getresponse()
    text = r.read()
    return r.status, json.loads(text) if text else {}


def declare(name, yaml):
    return call("PUT", f"{api}/mappings/{name}", yaml, "application/yaml")


def bring(name, data, **more):
    return call("POST", f"{api}/imports?" + urllib.parse.urlencode({"mapping": name, **more}), data, "text/csv")


def entity(id, options="&options=keyValues"):
    return call("GET", f"{city}/ngsi-ld/v1/entities/{urllib.parse.quote(id)}?local=true{options}")[1]


def evolution(id, attribute):
    """(observedAt, value), in order."""
    path = f"{city}/ngsi-ld/v1/temporal/entities/{urllib.parse.quote(id)}?attrs={attribute}&options=temporalValues&timerel=after&timeAt=1900-01-01T00:00:00Z"
    answer = call("GET", path)[1].get(attribute, {})
    return sorted((at, value) for value, at in answer.get("values", []))


# --- names
names = ["mode", "error", "values", "endpoint", "status", "description", "temperature"]
declare("names", "source: {format: csv}\nentity: {type: Feature, id: 'urn:x:{id}'}\nattributes:\n"
        + "".join(f"  - {{attribute: {n}, from: {n}}}\n" for n in names))
status, answer = bring("names", "id;" + ";".join(names) + "\nfile;" + ";".join("abcdefg") + "\n")
check("a file is imported", status == 201 and answer["stored"]["values"] == 7, answer)
call("POST", city + "/ngsi-ld/v1/entities", {"id": "urn:x:door", "type": "Feature", **dict(zip(names, "abcdefg"))})
of_file, of_door = entity("urn:x:file"), entity("urn:x:door")
check("its names mean what they mean at the door of NGSI-LD", {**of_file, "id": ""} == {**of_door, "id": ""}, (of_file, of_door))
found = call("GET", city + "/ngsi-ld/v1/entities?type=Feature&q=" + urllib.parse.quote('mode=="a"') + "&options=keyValues")[1]
check("and both are found by them", sorted(e["id"] for e in found) == ["urn:x:door", "urn:x:file"], found)

# --- what is refused there
for word, line in (("attribute: observedAt", 4), ("attribute: 'a b'", 4), ("attribute: location", 4), ("attribute: a, form: b", 4)):
    status, answer = declare("wrong", f"source: {{format: csv}}\nentity: {{type: T, id: 'urn:x:{{id}}'}}\nattributes:\n  - {{{word}, from: b}}\n")
    check(f"{word} is refused with its line", status == 400 and answer["detail"].startswith(f"line {line}, "), answer)
status, answer = declare("wrong", "source: {format: csv}\nentity: {type: 'a b', id: 'urn:x:{id}'}\nattributes: [{attribute: a, from: b}]\n")
check("so is a type", status == 400 and "line 2" in answer["detail"], answer)
declare("near", "source: {format: csv}\nentity: {type: T, id: 'urn:n:{id}'}\nattributes: [{attribute: near, kind: relationship, from: r}]\n")
status, answer = bring("near", "id;r\n1;Nachbar\n2;urn:n:1\n")
check("and a relationship to nothing", answer["counts"]["lost"] == 1 and answer["problems"][0]["column"] == "r"
      and entity("urn:n:2").get("near") == "urn:n:1", answer)

# --- values
declare("numbers", "source: {format: json, decimal: ',', thousands: '.'}\nentity: {type: T, id: 'urn:v:{id}'}\n"
        "attributes: [{attribute: a, from: a, number: true}, {attribute: b, from: b, scale: 0.01}]\n")
bring("numbers", '[{"id": 1, "a": 2.125, "b": 57}]')
check("numbers of JSON are numbers, and scaled in decimals", (entity("urn:v:1").get("a"), entity("urn:v:1").get("b")) == (2.125, 0.57), entity("urn:v:1"))
declare("table", """source: {format: csv, begins_at: Datum, ends_at: "", headings: {gauge: Messstelle}, decimal: ","}
time_zone: Europe/Berlin
entity: {type: Gauge, id: "urn:g:{gauge|slug}"}
history: true
observed_at: {text: "{Datum} {Uhrzeit}", format: "dd.MM.yy HH:mm", pivot: 30}
attributes: [{attribute: level, from: W, unit: CMT}, {attribute: ice, from: Eis, as: boolean}]
""")
text = "Stand: 1.2.2026\r\nMessstelle: Villigst\r\n\r\nDatum;Uhrzeit;W;Eis\r\n01.02.26;12:00;71,5;WAHR\r\n\r\nEnde\r\n"
status, answer = bring("table", text.encode("utf-16"))
check("a table below other lines, in UTF-16, times in two columns", status == 201 and answer["stored"]["values"] == 2
      and evolution("urn:g:villigst", "level") == [("2026-02-01T11:00:00Z", 71.5)] and entity("urn:g:villigst")["ice"] is True, answer)
declare("columns", "source: {format: csv}\ntime_zone: UTC\neach_column: {name: garage, value: free, but: [time]}\n"
        "entity: {type: G, id: 'urn:c:{garage|slug}'}\nhistory: true\nobserved_at: time\nattributes: [{attribute: free, from: free, number: true}]\n")
bring("columns", "sep=|\ntime|" + "|".join(f"Haus {i}" for i in range(44)) + "\n2026-01-01 00:00|" + "|".join(map(str, range(44))) + "\n")
check("44 stations as columns", [entity(f"urn:c:haus-{i}").get("free") for i in (0, 17, 43)] == [0, 17, 43])

# --- places
declare("places", "source: {format: geojson}\nentity: {type: P, id: 'urn:p:{id}'}\nlocation: geometry\nattributes: [{attribute: name, from: id}]\n")
point = {"type": "Feature", "id": "1", "geometry": {"type": "Point", "coordinates": [393700, 5707800]}, "properties": {}}
crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
status, answer = bring("places", json.dumps({"type": "FeatureCollection", "features": [point]}))
check("a place that is lost is said to be lost", answer["counts"].get("places_lost") == 1 and "the place is lost" in answer["problems"][0]["message"], answer)
bring("places", json.dumps({"type": "FeatureCollection", "crs": crs, "features": [point]}))
where = entity("urn:p:1").get("location", {}).get("coordinates", [0, 0])
check("a document that says its coordinate system is read in it", abs(where[0] - 7.466) < 0.01 and abs(where[1] - 51.513) < 0.01, where)
declare("places", "source: {format: geojson}\ncrs: EPSG:4326\nentity: {type: P, id: 'urn:p:{id}'}\nlocation: geometry\nattributes: [{attribute: name, from: id}]\n")
status, answer = bring("places", json.dumps({"type": "FeatureCollection", "crs": crs, "features": [point]}))
check("a contradiction is refused", status == 400 and "25832" in answer["detail"] and "4326" in answer["detail"], answer)

# --- times and corrections
declare("hours", "source: {format: csv}\ntime_zone: Europe/Berlin\nentity: {type: H, id: 'urn:h:{id}'}\nhistory: true\n"
        "observed_at: {from: t, format: 'dd.MM.yyyy HH:mm'}\nattributes: [{attribute: level, from: v, number: true}]\n")
bring("hours", "id;t;v\n" + "".join(f"1;26.10.2025 {t};{v}\n" for t, v in (("03:30", 5), ("02:30", 4), ("02:30", 3), ("01:30", 2))))
check("October in a file that descends", evolution("urn:h:1", "level") == [
    ("2025-10-25T23:30:00Z", 2), ("2025-10-26T00:30:00Z", 3), ("2025-10-26T01:30:00Z", 4), ("2025-10-26T02:30:00Z", 5)], evolution("urn:h:1", "level"))
for v, t in ((1, "01:00"), (2, "02:00"), (3, "02:00"), (4, "03:00")):
    bring("hours", f"id;t;v\n2;26.10.2025 {t};{v}\n")
check("and across files", evolution("urn:h:2", "level") == [
    ("2025-10-25T23:00:00Z", 1), ("2025-10-26T00:00:00Z", 2), ("2025-10-26T01:00:00Z", 3), ("2025-10-26T02:00:00Z", 4)], evolution("urn:h:2", "level"))
status, answer = bring("hours", "id;t;v\n3;29.03.2026 02:30;1\n")
check("a time that does not exist is reported", answer["counts"]["lost"] == 1 and "does not exist" in answer["problems"][0]["message"]
      and answer["problems"][0]["row"] == 2, answer)
bring("hours", "id;t;v\n4;01.02.2026 12:00;2\n4;01.02.2026 12:30;3\n")
status, answer = bring("hours", "id;t;v\n4;01.02.2026 12:00;5\n4;01.02.2026 12:30;6\n")
check("a corrected file corrects", answer["stored"].get("corrected") == 2 and entity("urn:h:4").get("level") == 6
      and [v for _, v in evolution("urn:h:4", "level")] == [5, 6], (answer, evolution("urn:h:4", "level")))
status, answer = bring("hours", "id;t;v\n4;01.02.2026 12:00;5\n", preview="true")
check("a preview writes nothing", status == 200 and answer["counts"]["entities"] == 1, answer)

# --- bounds
declare("bomb", "source: {format: csv}\nentity: {type: T, id: 'urn:b:{id}'}\nattributes:\n  - {attribute: a, text: '" + "{v}" * 2000 + "'}\n"
        "  - {attribute: b, from: v, repairs: {x: '" + "y" * 1000 + "'}}\n")
status, answer = bring("bomb", "id;v\n1;" + "x" * 500_000 + "\n")
check("a mapping cannot make a gigabyte of a row", status == 201 and answer["counts"]["lost"] == 1
      and any("at most" in p["message"] for p in answer["problems"]), (status, str(answer)[:300]))
status, answer = bring("numbers", json.dumps([{"id": i, "b": "x" * 100_000} for i in range(30)]))
check("a report stays small", len(json.dumps(answer)) < 40_000 and answer["problems"][0]["message"].endswith("is no number"), len(json.dumps(answer)))


def preview_alone(rows, statuses):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=120)
    c.request("POST", f"{api}/imports?mapping=hours&preview=true", rows)
    statuses.append(c.getresponse().status)


rows = ("id;t;v\n" + "".join(f"{i};01.02.2026 12:00;{i}\n" for i in range(30_000))).encode()
statuses = []
threads = [threading.Thread(target=preview_alone, args=(rows, statuses)) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
check("large files do not take all threads", set(statuses) == {200, 429} and statuses.count(200) >= 2, statuses)

# --- described
described = call("GET", "/openapi.json")[1]
schema = described["paths"]["/{city}/platform/v1/mappings/{name}"]["put"]["requestBody"]["content"]["application/json"]["schema"]
schema = described["components"]["schemas"][schema["$ref"].split("/")[-1]]
known = declare("wrong", "source: {nonsense: 1}\nentity: {type: T, id: 'urn:x:{id}'}\n")[1]["detail"].split("known here: ")[-1].split(", ")
check("the interface description has the words of a mapping", set(schema["properties"]["source"]["properties"]) == set(known)
      and "each_column" in schema["properties"], (known, schema))
counts = described["components"]["schemas"]["ImportCounts"]["properties"]
check("and of a report", set(answer["counts"]) == set(counts), (answer["counts"], counts))
report.finish()
