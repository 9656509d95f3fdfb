#!/usr/bin/env python3
"""Entities: created, read, changed, replaced, deleted. ETSI GS CIM 009, 5.6 and 5.7.1"""
from _client import call, check, create, get, is_error, new_id, report

point = {"type": "Point", "coordinates": [7.5699, 51.4417]}
room = dict(
    type="Room",
    temperature={"type": "Property", "value": 21.5, "unitCode": "CEL", "observedAt": "2026-05-01T12:00:00Z",
                 "accuracy": {"type": "Property", "value": 0.1}},
    owner={"type": "Relationship", "object": "urn:ngsi-ld:Person:1"},
    location={"type": "GeoProperty", "value": point},
    label={"type": "LanguageProperty", "languageMap": {"de": "Raum", "en": "Room"}})
id = create(**room)

r = get(id)
check("an entity comes back as it was given", r.status == 200 and r.json() == {"id": id, **room}, r)
check("an answer names the context in a Link header", "json-ld#context" in r.headers.get("Link", ""), r.headers)
check("an answer carries an entity tag", bool(r.headers.get("ETag")), r.headers)
r = get(id, "?options=keyValues")
check("keyValues show values only", r.json() == {"id": id, "type": "Room", "temperature": 21.5, "owner": "urn:ngsi-ld:Person:1", "location": point,
                                                 "label": {"languageMap": {"de": "Raum", "en": "Room"}}}, r)
r = get(id, "?attrs=temperature&options=keyValues")
check("attrs choose attributes", r.json() == {"id": id, "type": "Room", "temperature": 21.5}, r)
r = get(id, "?pick=temperature&options=keyValues")
check("pick chooses members, id and type too", r.json() == {"temperature": 21.5}, r)
r = get(id, "?lang=de&attrs=label&options=keyValues")
check("lang chooses a language", r.json()["label"] == "Raum", r)
r = get(id, "?options=sysAttrs")
check("sysAttrs show when it was made and changed", "createdAt" in r.json() and "modifiedAt" in r.json()["temperature"], r)
r = get(id, Accept="application/geo+json")
check("GeoJSON is a feature", r.json().get("type") == "Feature" and r.json()["geometry"] == point and r.json()["properties"]["type"] == "Room", r)
r = get(id, Accept="application/ld+json")
check("JSON-LD has the context inside", "@context" in r.json() and not r.headers.get("Link"), r)
check("nothing else is offered", get(id, Accept="image/png").status == 406)

check("a second entity with the id is refused", is_error(call("POST", "/entities", {"id": id, "type": "Room"}), 409, "AlreadyExists"))
r = call("POST", "/entities", {"id": id, "type": "Room", "temperature": {"type": "Property", "value": None}})
check("null is no value, and the member is named", is_error(r, 400, "BadRequestData") and r.json()["member"] == "temperature.value", r)
check("broken JSON is an invalid request", is_error(call("POST", "/entities", b"{\"id\":"), 400, "InvalidRequest"))
check("an id that is no URI is refused", is_error(call("POST", "/entities", {"id": "room", "type": "Room"}), 400, "BadRequestData"))
check("an unknown parameter is refused", is_error(call("GET", f"/entities/{id}?colour=red"), 400, "InvalidRequest"))
check("a body of another kind is refused", call("POST", "/entities", b"<a/>", {"Content-Type": "text/xml"}).status == 415)
check("JSON with a context inside is refused", is_error(call("POST", "/entities", {"id": new_id(), "type": "A", "@context": []}), 400, "BadRequestData"))
check("what does not exist is not found", is_error(get(new_id()), 404, "ResourceNotFound"))
check("an unknown method is not allowed", call("PUT", "/types", {}).status == 405)

r = call("PATCH", f"/entities/{id}", {"temperature": {"value": 22}, "label": "urn:ngsi-ld:null", "colour": "red"})
check("a merge is done", r.status == 204, r)
e = get(id).json()
check("a merge keeps what it does not name", e["temperature"]["unitCode"] == "CEL" and e["temperature"]["value"] == 22, e)
check("a merge removes with the null URI and adds what is new", "label" not in e and e["colour"]["value"] == "red", e)

r = call("POST", f"/entities/{id}/attrs?options=noOverwrite", {"colour": {"type": "Property", "value": "blue"}, "size": {"type": "Property", "value": 3}})
check("what may not be overwritten is told", r.status == 207 and r.json()["updated"][0].endswith("/size")
      and r.json()["notUpdated"][0]["attributeName"].endswith("/colour"), r)
r = call("PATCH", f"/entities/{id}/attrs/size", {"unitCode": "MTR"})
check("part of an attribute can be changed", r.status == 204 and get(id).json()["size"] == {"type": "Property", "value": 3, "unitCode": "MTR"}, r)
r = call("PATCH", f"/entities/{id}/attrs/weight", {"value": 1})
check("an attribute that is not there can't be changed in part", is_error(r, 404, "ResourceNotFound"), r)
r = call("PUT", f"/entities/{id}/attrs/size", {"type": "Property", "value": 4})
check("an attribute can be replaced", r.status == 204 and get(id).json()["size"] == {"type": "Property", "value": 4}, r)
check("an attribute can be deleted", call("DELETE", f"/entities/{id}/attrs/size").status == 204 and "size" not in get(id).json())

tag = get(id).headers["ETag"]
check("If-Match lets a change pass", call("PATCH", f"/entities/{id}", {"colour": "green"}, {"If-Match": tag}).status == 204)
check("an old tag stops it", call("PATCH", f"/entities/{id}", {"colour": "black"}, {"If-Match": tag}).status == 412)
check("a reader who has it already is told so", get(id, **{"If-None-Match": get(id).headers["ETag"]}).status == 304)

r = call("PUT", f"/entities/{id}", {"id": id, "type": "Room", "only": 1})
check("an entity can be replaced", r.status == 204 and set(get(id).json()) == {"id", "type", "only"}, r)
check("an entity can be deleted", call("DELETE", f"/entities/{id}").status == 204 and get(id).status == 404)
check("and only once", is_error(call("DELETE", f"/entities/{id}"), 404, "ResourceNotFound"))
report.finish()
