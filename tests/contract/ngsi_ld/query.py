#!/usr/bin/env python3
"""Queries by type, value, place and text; paging; representations. ETSI GS CIM 009, 4.9, 4.10 and 5.7.2"""
from _client import call, check, create, is_error, quoted, report

ids = [create(type="Gauge", level={"type": "Property", "value": n, "observedAt": "2026-05-01T12:00:00Z"}, name=f"gauge {n}",
              location={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.50 + n / 100, 51.44]}}) for n in range(10)]


def found(query):
    r = call("GET", "/entities?" + query + "&options=keyValues&limit=100")
    return sorted(e["level"] for e in r.json()) if r.status == 200 else r


check("type finds all of a type", found("type=Gauge") == list(range(10)), found("type=Gauge"))
check("an unknown type finds nothing", found("type=Gouge") == [])
for q, expected in {"level>7": [8, 9], "level==3": [3], "level==2..4": [2, 3, 4], "level==1,5": [1, 5], "level<1|level>8": [0, 9],
                    "level>2;level<5": [3, 4], "(level<1|level>8);level!=0": [9], 'name=="gauge 4"': [4], "name~=.*[67]$": [6, 7],
                    "level.observedAt>2026-01-01T00:00:00Z;level<2": [0, 1], "height": [], "!height;level==1": [1]}.items():
    check(f"q={q}", found("type=Gauge&q=" + quoted(q)) == expected, found("type=Gauge&q=" + quoted(q)))
near = "type=Gauge&geometry=Point&coordinates=" + quoted("[7.50,51.44]") + "&georel=" + quoted("near;maxDistance==1500")
check("near finds what is near", found(near) == [0, 1, 2], found(near))
box = quoted("[[[7.495,51.4],[7.525,51.4],[7.525,51.5],[7.495,51.5],[7.495,51.4]]]")
check("within finds what lies in an area", found(f"type=Gauge&geometry=Polygon&coordinates={box}&georel=within") == [0, 1, 2])
check("ids and patterns choose", found("type=Gauge&id=" + ids[3] + "," + ids[4]) == [3, 4] and found("type=Gauge&idPattern=" + quoted(ids[5] + "$")) == [5])

r = call("GET", "/entities?type=Gauge&limit=4&offset=4&count=true")
check("a page has its neighbours and the number of all", len(r.json()) == 4 and r.headers["NGSILD-Results-Count"] == "10", r.headers)
links = ", ".join(v for k, v in r.headers.items() if k == "Link")
check("next and prev are linked", 'rel="next"' in links and 'rel="prev"' in links, links)
r = call("GET", "/entities?type=Gauge&limit=0&count=true")
check("only the number may be asked for", r.json() == [] and r.headers["NGSILD-Results-Count"] == "10", r)
r = call("GET", "/entities?type=Gauge&limit=2", headers={"Accept": "application/geo+json"})
check("GeoJSON is a feature collection", r.json()["type"] == "FeatureCollection" and len(r.json()["features"]) == 2, r)
r = call("GET", "/entities?type=Gauge&limit=2", headers={"Accept": "text/csv"})
check("CSV has a line for each", len(r.body.decode().splitlines()) == 3 and "level" in r.body.decode().splitlines()[0], r)
r = call("POST", "/entityOperations/query", {"type": "Query", "entities": [{"type": "Gauge"}], "q": "level>8"})
check("a query may come in a body", r.status == 200 and len(r.json()) == 1, r)

check("without any condition nothing is listed", is_error(call("GET", "/entities"), 400, "BadRequestData"))
for wrong in ("q=" + quoted("level=="), "q=" + quoted("(level==1"), "georel=near&geometry=Point&coordinates=[1,2]", "limit=-1", "limit=x",
              "georel=within&geometry=Point&coordinates=[1"):
    check(f"{wrong} is refused", is_error(call("GET", "/entities?type=Gauge&" + wrong), 400, "BadRequestData"))
r = call("POST", "/entityOperations/query", {"type": "Query", "entities": [{"type": "Gauge"}], "q": "a==1;" * 20000 + "a==1"})
check("100 KB of q are refused", is_error(r, 400, "BadRequestData"), r)

r = call("GET", "/types")
check("types are listed", "Gauge" in r.json()["typeList"], r)
r = call("GET", "/types/Gauge")
check("a type tells its attributes", r.json()["entityCount"] == 10 and {a["attributeName"] for a in r.json()["attributeDetails"]} == {"level", "name", "location"}, r)
r = call("GET", "/attributes/level")
check("an attribute tells its types", r.json()["typeNames"] == ["Gauge"] and r.json()["attributeTypes"] == ["Property"], r)
check("an unknown one is not found", is_error(call("GET", "/types/Nothing"), 404, "ResourceNotFound"))

r = call("POST", "/entityOperations/delete", ids)
check("a batch deletes them", r.status == 204 and found("type=Gauge") == [], r)
r = call("POST", "/entityOperations/create", [{"id": ids[0], "type": "Gauge", "level": 1}, {"id": "x", "type": "Gauge"}])
check("a batch tells what went wrong and does the rest", r.status == 207 and r.json()["success"] == [ids[0]] and r.json()["errors"][0]["entityId"] == "x", r)
r = call("POST", "/entityOperations/upsert?options=update", [{"id": ids[0], "type": "Gauge", "name": "a"}, {"id": ids[1], "type": "Gauge"}])
check("an upsert tells what is new", r.status == 201 and r.json() == [ids[1]], r)
check("and keeps the rest", call("GET", f"/entities/{ids[0]}?options=keyValues").json() == {"id": ids[0], "type": "Gauge", "level": 1, "name": "a"})
check("a purge removes by query", call("DELETE", "/entities?type=Gauge").status == 204 and found("type=Gauge") == [])
report.finish()
