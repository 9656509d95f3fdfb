#!/usr/bin/env python3
# config: allow_private_addresses: true
# config: source_timeout_ms: 1500
"""Entity maps: what a question finds, fixed for the pages that follow, here and over several brokers. ETSI GS CIM 009, 5.14"""
import datetime

from _client import base, call, check, create, new_id, report, root
from server import Server

here = f"http://{base.hostname}:{base.port}"


def ids(answer):
    return [e["id"] for e in answer.json()]


def by_map(path, map, **headers):
    return call("GET", path, headers={"NGSILD-EntityMap": map, **headers})


def seconds_ahead(map):
    return (datetime.datetime.fromisoformat(map["expiresAt"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


bins = [create(type="Bin", level=n) for n in range(6)]

# --- pages of a fixed set ---
r = call("GET", "/entities?type=Bin&limit=2&entityMap=true")
check("a query with entityMap=true makes a map", r.status == 201 and "NGSILD-EntityMap" in r.headers, r)
map = r.headers["NGSILD-EntityMap"]
check("and its first page is that of the map", ids(r) == bins[:2], ids(r))
late = create(type="Bin", level=9)
call("DELETE", f"/entities/{bins[2]}")
r = by_map("/entities?type=Bin&limit=2&offset=2", map)
check("a later page leaves out what is gone, and is full all the same", r.status == 200 and ids(r) == bins[3:5], ids(r))
r = by_map("/entities?type=Bin&limit=2&offset=4&count=true", map)
check("what came later is in no page", ids(r) == bins[5:] and late not in ids(r), ids(r))
check("the count is that of the map", r.headers["NGSILD-Results-Count"] == "5", r.headers)
check("and the last page has no next one", 'rel="next"' not in (r.headers.get("Link") or ""), r.headers.get("Link"))
r = by_map("/entities?type=Bin&pick=id&limit=1", map)
check("the form of the answer is free", r.json() == [{"id": bins[0]}], r)
r = by_map("/entities?type=Bin&q=level>3", map)
check("another question is refused, and leaves the map alone", r.status == 400 and r.json()["member"] == "NGSILD-EntityMap", r)
r = by_map(f"/entities?type=Bin&id={bins[0]},{bins[5]}", map)
check("ids may be chosen among those of the map", ids(r) == [bins[0], bins[5]], ids(r))

# --- as a resource ---
id = map.rsplit("/", 1)[1]
r = call("GET", f"/entityMaps/{id}").json()
check("the map names its entities and their place", r["type"] == "EntityMap" and r["entityMap"][bins[0]] == ["@none"] and len(r["entityMap"]) == 5, r)
r = call("GET", "/entityMaps?type=Bin&entityMapLifetime=PT90S")
check("a map can be made without reading", r.status == 201 and 80 < seconds_ahead(r.json()) <= 90, r)
r = call("POST", "/entityMaps", {"type": "Query", "entities": [{"type": "Bin"}], "q": "level>3", "entityMapLifetime": "P1Y"})
check("also by a body; a lifetime of a year becomes a day", r.status == 201 and len(r.json()["entityMap"]) == 3 and seconds_ahead(r.json()) <= 86400, r)
r = call("PATCH", f"/entityMaps/{id}", {"expiresAt": "2001-01-01T00:00:00Z", "entityMap": {}})
check("its end can be set", r.status == 204, r)
r = call("GET", f"/entityMaps/{id}")
check("what has ended is not found, and the answer says when it ended", r.status == 404 and "2001-01-01T00:00:00Z" in r.json()["detail"], r)
r = by_map("/entities?type=Bin", map)
check("who refers to it gets a new one and is told", r.status == 201 and r.headers["NGSILD-EntityMap"] != map
      and "here is a new one" in r.headers["NGSILD-Warning"], r.headers)
r = call("DELETE", "/entities?type=Bin", headers={"NGSILD-EntityMap": map})
check("nothing is purged by a map that has ended", r.status == 404 and call("GET", f"/entities/{late}").status == 200, r)
narrow = call("GET", f"/entityMaps?type=Bin&id={bins[5]}").headers["NGSILD-EntityMap"]
r = call("DELETE", "/entities?type=Bin", headers={"NGSILD-EntityMap": narrow})
check("a purge by a map takes only what is in it", r.status == 204 and call("GET", f"/entities/{bins[5]}").status == 404
      and call("GET", f"/entities/{late}").status == 200, r)
check("a caller has at most 50 maps: the oldest ends", all(call("GET", "/entityMaps?type=Bin").status == 201 for _ in range(51)), "")
r = call("GET", f"/entityMaps/{narrow.rsplit('/', 1)[1]}")
check("and says why", r.status == 404 and "needed its room" in r.json()["detail"], r)
for what, path in (("a lifetime that is none", "/entities?type=Bin&entityMap=true&entityMapLifetime=soon"), ("entityMap=perhaps", "/entities?type=Bin&entityMap=perhaps"),
                   ("a temporal map without a span", "/temporal/entityMaps?type=Bin"), ("an id that is none", "/entityMaps/x")):
    r = call("GET", path)
    check(f"{what} is refused", r.status == 400, r)

# --- over two brokers ---
config = "allow_private_addresses: true\nsource_timeout_ms: 1500\n"
with Server(config=config) as north:
    theirs = [new_id("Lamp") for _ in range(3)]
    at = ["2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z"]
    for id in theirs:
        north.call("POST", root + "/entities", {"id": id, "type": "Lamp", "power": 5})
    mine = create(type="Lamp", power=7)
    registration = new_id("ContextSourceRegistration")
    call("POST", "/csourceRegistrations", {"id": registration, "type": "ContextSourceRegistration", "endpoint": north.url, "information": [{"entities": [{"type": "Lamp"}]}],
                                           "operations": ["federationOps", "retrieveTemporal", "queryTemporal"]})
    r = call("GET", "/entities?type=Lamp&limit=2&entityMap=true")
    map = r.headers["NGSILD-EntityMap"]
    entries = call("GET", f"/entityMaps/{map.rsplit('/', 1)[1]}").json()["entityMap"]
    check("a map over sources says which source has what", entries == {**{id: [registration] for id in theirs}, mine: ["@none"]}, entries)
    north.call("DELETE", root + f"/entities/{sorted(theirs)[0]}")
    first, second = by_map("/entities?type=Lamp&limit=2", map), by_map("/entities?type=Lamp&limit=2&offset=2", map)
    check("its pages are full although one is gone at the source", ids(first) == sorted(theirs)[1:] and ids(second) == [mine], (ids(first), ids(second)))
    r = call("GET", f"/entities/{theirs[0]}", headers={"NGSILD-EntityMap": call("GET", f"/entityMaps?type=Lamp&id={mine}").headers["NGSILD-EntityMap"]})
    check("a retrieval by a map asks only the sources in it", r.status == 404, r)

    # --- what was, at sources ---
    for id in (theirs[1], mine):
        at_north = {"id": id, "type": "Lamp", "power": [{"type": "Property", "value": 1, "observedAt": at[0]}, {"type": "Property", "value": 4, "observedAt": at[1]}]}
        north.call("POST", root + "/temporal/entities", at_north)
    call("POST", "/temporal/entities", {"id": mine, "type": "Lamp", "power": [{"type": "Property", "value": 2, "observedAt": at[1]}]})
    span = "timerel=between&timeAt=2026-05-01T00:00:00Z&endTimeAt=2026-05-02T00:00:00Z"
    r = call("GET", f"/temporal/entities/{theirs[1]}?{span}&options=temporalValues")
    check("the evolution of an entity elsewhere is retrieved here", r.status == 200 and r.json()["power"]["values"] == [[1, at[0]], [4, at[1]]], r)
    r = call("GET", f"/temporal/entities/{mine}?{span}&options=temporalValues").json()
    check("what is here and there is one evolution, and ours counts where both have a moment", r["power"]["values"] == [[1, at[0]], [2, at[1]]], r)
    r = call("GET", f"/temporal/entities?type=Lamp&{span}&options=temporalValues")
    check("so it is when queried", sorted(ids(r)) == sorted([theirs[1], mine]), r)
    r = call("GET", f"/temporal/entities?type=Lamp&{span}&q=power==4")
    check("conditions hold for what came from elsewhere", ids(r) == [theirs[1]], r)
    r = call("GET", f"/temporal/entities/{mine}?{span}&options=aggregatedValues&aggrMethods=sum,totalCount&aggrPeriodDuration=P1D").json()
    check("aggregates are made of both together", r["power"]["sum"][0][0] == 3 and r["power"]["totalCount"][0][0] == 2, r)
    r = call("GET", f"/temporal/entities/{mine}?{span}&options=temporalValues&local=true").json()
    check("local=true asks nobody", r["power"]["values"] == [[2, at[1]]] or r["power"]["values"] == [2, at[1]], r)
    r = call("GET", f"/temporal/entityMaps?type=Lamp&{span}")
    check("a map of a span names who has something in it", r.status == 201 and set(r.json()["entityMap"]) == {theirs[1], mine}
          and set(r.json()["entityMap"][mine]) == {"@none", registration}, r)
    r = by_map(f"/temporal/entities?type=Lamp&{span}", r.headers["NGSILD-EntityMap"])
    check("and gives its pages", r.status == 200 and sorted(ids(r)) == sorted([theirs[1], mine]), r)
    r = north.call("GET", root + "/entities?type=Lamp")
r = call("GET", f"/temporal/entities/{mine}?{span}")
check("a source that is silent is named", r.status == 200 and registration in (r.headers["NGSILD-Warning"] or ""), r.headers)
call("DELETE", f"/csourceRegistrations/{registration}")
report.finish()
