#!/usr/bin/env python3
"""Every refusal is a ProblemDetails that names what is wrong, a member or a parameter, and the clause that says so.
ETSI GS CIM 009, 5.5.2, 5.5.3 and 6.3.2"""
import json
import urllib.parse

from _client import call, check, create, new_id, report

PAST = "2020-01-01T00:00:00Z"
OF_OPERATION = "of the operation"


def problem_of(answer):
    """The problem itself, also where it is told of an item of a batch."""
    try:
        said = answer.json()
    except json.JSONDecodeError:
        return None
    if answer.status == 207:
        errors = said.get("errors") or []
        return errors[0].get("error") if len(errors) == 1 and errors[0].get("entityId") else None
    return said


def refused(what, answer, member, clause, name="BadRequestData", status=400):
    """`clause` may be of another standard, then with its name."""
    p = problem_of(answer) if answer.status in (status, 207) else None
    right = (p and (name is None or p.get("type") == "https://uri.etsi.org/ngsi-ld/errors/" + name) and p.get("title") and p.get("detail")
             and p.get("status") == status and p.get("member") == member
             and p.get("clause") == (clause if "," in clause else "ETSI GS CIM 009, " + clause))
    check(f"{what}: refused with {status} {name}, member {member}, clause {clause}", right, answer)


def with_param(path, **params):
    return path + ("&" if "?" in path else "?") + urllib.parse.urlencode(params)


here = create(type="Room", temperature={"type": "Property", "value": 21}, near={"type": "Relationship", "object": "urn:x:1"})
call("POST", "/temporal/entities", {"id": here, "type": "Room", "temperature": [{"type": "Property", "value": 20, "observedAt": PAST}]})
point = {"type": "Point", "coordinates": [7.5, 51.4]}

# --- attributes, through every operation that takes them -------------------------------------------------------------
attributes = [  # what, the attribute, the member below it, the clause
    ("null", None, "", "4.5.0"),
    ("a value of null", {"type": "Property", "value": None}, ".value", "5.5.4"),
    ("null inside a list", {"type": "Property", "value": [1, None]}, ".value", "5.5.4"),
    ("an unknown type of attribute", {"type": "Colour", "value": 1}, ".type", "4.5.1"),
    ("a type that is no text", {"type": 7, "value": 1}, ".type", "4.5.1"),
    ("a Property with an object", {"type": "Property", "object": "urn:x:1"}, ".object", "4.5.1"),
    ("a relationship to no URI", {"type": "Relationship", "object": "room 1"}, ".object", "4.5.3"),
    ("a relationship to a number", {"type": "Relationship", "object": 5}, ".object", "4.5.3"),
    ("a relationship to nothing", {"type": "Relationship", "object": []}, ".object", "4.5.3"),
    ("a geometry without coordinates", {"type": "GeoProperty", "value": {"type": "Point"}}, ".value.coordinates", "4.7.1"),
    ("a geometry of unknown type", {"type": "GeoProperty", "value": {"type": "Dot", "coordinates": [1, 2]}}, ".value.type", "4.7.1"),
    ("a point of text", {"type": "GeoProperty", "value": {"type": "Point", "coordinates": ["a", "b"]}}, ".value.coordinates[0]", "4.7.1"),
    ("a place beyond the poles", {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 95]}}, ".value.coordinates", "4.7.1"),
    ("a polygon that does not close",
     {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}}, ".value.coordinates[0]", "4.7.1"),
    ("a GeometryCollection", {"type": "GeoProperty", "value": {"type": "GeometryCollection", "geometries": []}}, ".value", "4.7.1"),
    ("a text that is no geometry", {"type": "GeoProperty", "value": "Point(1 2)"}, ".value", "4.7.1"),
    ("a number as a geometry", {"type": "GeoProperty", "value": 7}, ".value", "4.7.1"),
    ("a languageMap that is text", {"type": "LanguageProperty", "languageMap": "Raum"}, ".languageMap", "4.5.18"),
    ("a language with a number", {"type": "LanguageProperty", "languageMap": {"de": 1}}, ".languageMap.de", "4.5.18"),
    ("a vocab that is a number", {"type": "VocabProperty", "vocab": 1}, ".vocab", "4.5.20"),
    ("a json that is a text", {"type": "JsonProperty", "json": "a"}, ".json", "4.5.24"),
    ("a valueList that is none", {"type": "ListProperty", "valueList": 1}, ".valueList", "4.5.21"),
    ("an objectList of numbers", {"type": "ListRelationship", "objectList": [1]}, ".objectList", "4.5.22"),
    ("an observedAt that is no time", {"type": "Property", "value": 1, "observedAt": "yesterday"}, ".observedAt", "4.6.3"),
    ("an observedAt without UTC", {"type": "Property", "value": 1, "observedAt": "2026-05-01T12:00:00"}, ".observedAt", "4.6.3"),
    ("an observedAt that is a number", {"type": "Property", "value": 1, "observedAt": 1777636800}, ".observedAt", "4.6.3"),
    ("a 30th of February", {"type": "Property", "value": 1, "observedAt": "2026-02-30T12:00:00Z"}, ".observedAt", "4.6.3"),
    ("an expiresAt that is no time", {"type": "Property", "value": 1, "expiresAt": "soon"}, ".expiresAt", "4.6.3"),
    ("a unitCode that is a number", {"type": "Property", "value": 1, "unitCode": 5}, ".unitCode", "4.5.2"),
    ("a unit of a relationship", {"type": "Relationship", "object": "urn:x:1", "unitCode": "CEL"}, ".unitCode", "4.5.1"),
    ("a datasetId that is no URI", {"type": "Property", "value": 1, "datasetId": "first one"}, ".datasetId", "4.5.5"),
    ("a datasetId that is a number", {"type": "Property", "value": 1, "datasetId": 1}, ".datasetId", "4.5.5"),
    ("a previousValue", {"type": "Property", "value": 1, "previousValue": 2}, ".previousValue", "4.5.2.2"),
    ("an @context inside", {"type": "Property", "value": 1, "@context": []}, ".@context", "5.5.7"),
    ("a wrong sub-attribute", {"type": "Property", "value": 1, "by": {"type": "Relationship", "object": "?"}}, ".by.object", "4.5.3"),
    ("a wrong date in a value", {"type": "Property", "value": {"@type": "DateTime", "@value": "?"}}, ".value", "4.6.3"),
]
whole = [  # those that lack something only a whole attribute needs
    ("no value", {"type": "Property"}, "", "4.5.1"),
    ("no object", {"type": "Relationship"}, "", "4.5.1"),
    ("a time and no value", {"type": "GeoProperty", "observedAt": PAST}, "", "4.5.1"),
]
name = "depth"


def entity(**members):
    return {"id": new_id(), "type": "Room", **members}


def at_existing(**members):
    return {"id": here, "type": "Room", **members}


attribute_operations = {
    "create": lambda a: call("POST", "/entities", entity(**{name: a})),
    "merge": lambda a: call("PATCH", f"/entities/{here}", {name: a}),
    "replace": lambda a: call("PUT", f"/entities/{here}", at_existing(**{name: a})),
    "append": lambda a: call("POST", f"/entities/{here}/attrs", {name: a}),
    "update": lambda a: call("PATCH", f"/entities/{here}/attrs", {name: a}),
    "replace attribute": lambda a: call("PUT", f"/entities/{here}/attrs/{name}", a),
    "change part": lambda a: call("PATCH", f"/entities/{here}/attrs/{name}", a),
    "batch create": lambda a: call("POST", "/entityOperations/create", [entity(**{name: a}), entity()]),
    "batch upsert": lambda a: call("POST", "/entityOperations/upsert", [entity(**{name: a}), entity()]),
    "batch update": lambda a: call("POST", "/entityOperations/update", [at_existing(**{name: a})]),
    "batch merge": lambda a: call("POST", "/entityOperations/merge", [at_existing(**{name: a})]),
    "temporal create": lambda a: call("POST", "/temporal/entities", entity(**{name: a})),
    "temporal append": lambda a: call("POST", f"/temporal/entities/{here}/attrs", {name: a}),
}
takes_parts = ("merge", "update", "change part", "batch update", "batch merge", "append", "replace attribute")
for operation, send in attribute_operations.items():
    for what, a, below, clause in attributes + ([] if operation in takes_parts else whole):
        if operation in ("replace attribute", "change part") and what in ("null", "an @context inside"):
            continue  # the body itself is the attribute
        refused(f"{operation}, {what}", send(a), name + below, clause)
call("POST", f"/entities/{here}/attrs", {name: {"type": "Property", "value": 1}})
for what, a, below, clause in whole:
    refused(f"append, {what}", attribute_operations["append"](a), name + below, clause)
    refused(f"replace attribute, {what}", attribute_operations["replace attribute"](a), name + below, clause)
twice = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2}]
for operation in ("create", "replace", "batch create", "batch upsert"):
    refused(f"{operation}, one datasetId twice", attribute_operations[operation](twice), name, "4.5.5")
refused("an instance of several", call("POST", "/entities", entity(a=[{"type": "Property", "value": 1}, {"type": "Property", "value": None}])), "a[1].value",
        "5.5.4")
refused("a place that is no geometry", call("POST", "/entities", entity(location={"type": "Property", "value": 1})), "location", "4.7.1")
refused("a name of the core", call("POST", "/entities", entity(datasetId="urn:x:1")), "datasetId", "4.5.1")

# --- entities ----------------------------------------------------------------------------------------------------------
members = [
    ("an id that is no URI", {"id": "room", "type": "Room"}, "id", "4.6.3"),
    ("an id that is a number", {"id": 7, "type": "Room"}, "id", "5.2.4"),
    ("an id of 3,000 bytes", {"id": "urn:x:" + "a" * 3000, "type": "Room"}, "id", "4.6.3"),
    ("no id", {"type": "Room"}, "id", "5.2.4"),
    ("no type", {"id": new_id()}, "type", "5.2.4"),
    ("a type of no characters", {"id": new_id(), "type": ""}, "type", "5.2.4"),
    ("no type in a list", {"id": new_id(), "type": []}, "type", "5.2.4"),
    ("a type that is a number", {"id": new_id(), "type": 5}, "type", "5.2.4"),
    ("a type with blanks", {"id": new_id(), "type": "Living Room"}, "type", "4.6.2"),
    ("a type that is a keyword", {"id": new_id(), "type": "@id"}, "type", "4.6.2"),
    ("a name with brackets", {"id": new_id(), "type": "Room", "a(b)": 1}, "a(b)", "4.6.2"),
    ("a scope with a blank", {"id": new_id(), "type": "Room", "scope": "/a b"}, "scope", "4.18"),
    ("a scope that is a number", {"id": new_id(), "type": "Room", "scope": 1}, "scope", "4.18"),
    ("an end that is no time", {"id": new_id(), "type": "Room", "expiresAt": "soon"}, "expiresAt", "4.6.3"),
]
for what, body, member, clause in members:
    refused(f"create, {what}", call("POST", "/entities", body), member, clause)
    if body.get("id") == new_id or isinstance(body.get("id"), str) and body["id"]:
        refused(f"batch, {what}", call("POST", "/entityOperations/upsert", [body, entity()]), member, clause)
    if what != "no type":
        refused(f"temporal, {what}", call("POST", "/temporal/entities", body), member, clause)
for method in ("GET", "DELETE"):
    refused(f"{method} with an id that is no URI", call(method, "/entities/room"), "id", "4.6.3")
    refused(f"{method} of a history with an id that is no URI", call(method, "/temporal/entities/room"), "id", "4.6.3")
for method, path, body in (("PATCH", "", {"a": 1}), ("PUT", "", entity()), ("POST", "/attrs", {"a": 1}), ("PATCH", "/attrs", {"a": 1}),
                           ("PATCH", "/attrs/a", {"value": 1}), ("PUT", "/attrs/a", {"type": "Property", "value": 1}), ("DELETE", "/attrs/a", None)):
    refused(f"{method} {path} with an id that is no URI", call(method, "/entities/room" + path, body), "id", "4.6.3")
other = new_id()
refused("a merge that names another entity", call("PATCH", f"/entities/{here}", {"id": other, "a": 1}), "id", "5.6.17")
refused("an append that names another entity", call("POST", f"/entities/{here}/attrs", {"id": other, "a": 1}), "id", "5.6.2")

# --- what is not there, or there already -----------------------------------------------------------------------------------
gone = "urn:x:none"
missing = [
    ("GET", f"/entities/{gone}", None, "id", "5.7.1"),
    ("DELETE", f"/entities/{gone}", None, "id", "5.6.6"),
    ("PATCH", f"/entities/{gone}", {"a": 1}, "id", "5.6.17"),
    ("PUT", f"/entities/{gone}", {"id": gone, "type": "Room"}, "id", "5.6.18"),
    ("POST", f"/entities/{gone}/attrs", {"a": 1}, "id", "5.6.3"),
    ("PATCH", f"/entities/{gone}/attrs", {"a": 1}, "id", "5.6.2"),
    ("PATCH", f"/entities/{gone}/attrs/a", {"value": 1}, "id", "5.6.4"),
    ("PUT", f"/entities/{gone}/attrs/a", {"type": "Property", "value": 1}, "id", "5.6.19"),
    ("DELETE", f"/entities/{gone}/attrs/a", None, "id", "5.6.5"),
    ("DELETE", f"/entities/{here}/attrs/none", None, "none", "5.6.5"),
    ("PATCH", f"/entities/{here}/attrs/none", {"value": 1}, "none", "5.6.4"),
    ("GET", f"/temporal/entities/{gone}", None, "id", "5.7.3"),
    ("DELETE", f"/temporal/entities/{gone}", None, "id", "5.6.16"),
    ("POST", f"/temporal/entities/{gone}/attrs", {"a": {"type": "Property", "value": 1, "observedAt": PAST}}, "id", "5.6.12"),
    ("DELETE", f"/temporal/entities/{here}/attrs/none", None, "attrId", "5.6.13"),
    ("DELETE", f"/temporal/entities/{here}/attrs/temperature/urn:x:1", None, "instanceId", "5.6.15"),
    ("PATCH", f"/temporal/entities/{here}/attrs/temperature/urn:x:1", {"temperature": {"type": "Property", "value": 1}}, "instanceId", "5.6.14"),
    ("GET", "/types/None", None, "type", "5.7.7"),
    ("GET", "/attributes/none", None, "attrId", "5.7.10"),
    ("GET", "/jsonldContexts/none", None, "contextId", "5.13.4"),
    ("DELETE", "/jsonldContexts/none", None, "contextId", "5.13.5"),
    ("GET", f"/subscriptions/{gone}", None, "id", "5.8.3"),
    ("PATCH", f"/subscriptions/{gone}", {"isActive": False}, "id", "5.8.2"),
    ("DELETE", f"/subscriptions/{gone}", None, "id", "5.8.5"),
    ("GET", f"/csourceRegistrations/{gone}", None, "id", "5.10.1"),
    ("PATCH", f"/csourceRegistrations/{gone}", {"description": "a"}, "id", "5.9.3"),
    ("DELETE", f"/csourceRegistrations/{gone}", None, "id", "5.9.4"),
    ("GET", f"/csourceSubscriptions/{gone}", None, "id", "5.11.4"),
    ("PATCH", f"/csourceSubscriptions/{gone}", {"isActive": False}, "id", "5.11.3"),
    ("DELETE", f"/csourceSubscriptions/{gone}", None, "id", "5.11.6"),
]
for method, path, body, member, clause in missing:
    refused(f"{method} {path}", call(method, path, body), member, clause, "ResourceNotFound", 404)
refused("a second entity of that id", call("POST", "/entities", at_existing()), "id", "5.6.1", "AlreadyExists", 409)
refused("in a batch", call("POST", "/entityOperations/create", [at_existing(), entity()]), "id", "5.6.1", "AlreadyExists", 409)
for kind in ("update", "merge", "delete"):
    body = [gone if kind == "delete" else {"id": gone, "type": "Room", "a": 1}]
    refused(f"batch {kind} of an unknown entity", call("POST", f"/entityOperations/{kind}", body), "id",
            {"update": "5.6.9", "merge": "5.6.20", "delete": "5.6.10"}[kind], "ResourceNotFound", 404)
refused("a city that is none", call("GET", "/types", headers={"NGSILD-Tenant": "nowhere"}), "NGSILD-Tenant", "6.3.14", "NonexistentTenant", 404)

# --- parameters --------------------------------------------------------------------------------------------------------------
near = dict(georel="near;maxDistance==100", geometry="Point", coordinates="[7,51]")
parameters = [  # what, parameters, the one to blame, clause, name
    ("a parameter nobody knows", dict(colour="red"), "colour", "6.3.20", "InvalidRequest"),
    ("an option nobody knows", dict(options="fancy"), "options", "6.3.7", "InvalidRequest"),
    ("a format nobody knows", dict(format="fancy"), "format", "6.3.7", "InvalidRequest"),
    ("an id that is no URI", dict(id="room"), "id", "4.6.3", "BadRequestData"),
    ("an idPattern that does not close", dict(idPattern="("), "idPattern", "5.7.2", "BadRequestData"),
    ("an idPattern of 2,000 bytes", dict(idPattern="a" * 2000), "idPattern", "5.7.2", "BadRequestData"),
    ("an empty type", dict(type=""), "type", "4.17", "BadRequestData"),
    ("a type selection that does not close", dict(type="(A;B"), "type", "4.17", "BadRequestData"),
    ("a q without value", dict(q="temperature>"), "q", "4.9", "BadRequestData"),
    ("a q that does not close", dict(q="(temperature>1"), "q", "4.9", "BadRequestData"),
    ("a q with text without quotes", dict(q="name==a b"), "q", "4.9", "BadRequestData"),
    ("a q with a name no IRI has", dict(q="a b>1"), "q", "4.6.2", "BadRequestData"),
    ("a q with a bad expression", dict(q="name~=("), "q", "4.9", "BadRequestData"),
    ("a q with a broken text", dict(q='name=="\\x"'), "q", "4.9", "BadRequestData"),
    ("a q about linked entities without join", dict(q="near{a}==1"), "q", "4.9", "BadRequestData"),
    ("an unknown georel", dict(near, georel="around"), "georel", "4.10", "BadRequestData"),
    ("near without a distance", dict(near, georel="near"), "georel", "4.10", "BadRequestData"),
    ("near and less than nothing", dict(near, georel="near;maxDistance==-1"), "georel", "4.10", "BadRequestData"),
    ("an unknown geometry", dict(near, geometry="Dot"), "geometry", "4.10", "BadRequestData"),
    ("coordinates that are no JSON", dict(near, coordinates="7,51"), "coordinates", "4.10", "BadRequestData"),
    ("coordinates off the earth", dict(near, coordinates="[7,95]"), "coordinates", "4.10", "BadRequestData"),
    ("no coordinates", dict(georel="near;maxDistance==1", geometry="Point"), "coordinates", "4.10", "BadRequestData"),
    ("a scopeQ with an empty level", dict(scopeQ="/a//b"), "scopeQ", "4.19", "BadRequestData"),
    ("pick with an empty name", dict(pick="a,,b"), "pick", "4.21", "BadRequestData"),
    ("pick with braces that do not close", dict(pick="near{a"), "pick", "4.21", "BadRequestData"),
    ("pick of what is linked without join", dict(pick="near{a}"), "joinLevel", "4.21", "BadRequestData"),
    ("omit with brackets", dict(type="Room", omit="a(b)"), "omit", "4.21", "BadRequestData"),
    ("attrs and pick", dict(attrs="a", pick="a"), "attrs", "4.21", "BadRequestData"),
    ("a member picked and omitted", dict(pick="a,b", omit="a"), "omit", "4.21", "BadRequestData"),
    ("attrs with a name no IRI has", dict(attrs="a<b"), "attrs", "4.6.2", "BadRequestData"),
    ("a datasetId that is no URI", dict(type="Room", datasetId="one"), "datasetId", "4.6.3", "BadRequestData"),
    ("an unknown join", dict(type="Room", join="up"), "join", "4.5.23", "BadRequestData"),
    ("a joinLevel of 0", dict(type="Room", join="inline", joinLevel="0"), "joinLevel", "4.5.23", "BadRequestData"),
    ("a limit below 0", dict(type="Room", limit="-1"), "limit", "6.3.10", "BadRequestData"),
    ("a limit that is no number", dict(type="Room", limit="many"), "limit", "6.3.10", "BadRequestData"),
    ("a limit of 0 without count", dict(type="Room", limit="0"), "limit", "6.3.10", "BadRequestData"),
    ("an offset below 0", dict(type="Room", offset="-1"), "offset", "6.3.10", "BadRequestData"),
    ("a count that is neither true nor false", dict(type="Room", count="yes"), "count", "5.7.2", "BadRequestData"),
    ("a local that is neither", dict(type="Room", local="yes"), "local", OF_OPERATION, "BadRequestData"),
    ("a geometryProperty without GeoJSON", dict(type="Room", geometryProperty="location"), "geometryProperty", "5.7.2", "BadRequestData"),
]
of_entities = parameters + [
    ("an order that is none", dict(type="Room", orderBy="a;up"), "orderBy", "4.23", "BadRequestData"),
    ("an order that does not close", dict(type="Room", orderBy="a[b"), "orderBy", "4.23", "BadRequestData"),
    ("an order by distance from nowhere", dict(type="Room", orderBy="location;dist-asc"), "orderFrom", "4.23", "BadRequestData"),
    ("an unknown collation", dict(type="Room", orderBy="a", collation="klingon"), "collation", "4.23", "BadRequestData"),
    ("nothing that restricts", dict(limit="5"), "type", "5.7.2", "BadRequestData"),
]
of_time = [
    ("an unknown timerel", dict(timerel="during", timeAt=PAST), "timerel", "4.11", "BadRequestData"),
    ("no timeAt", dict(timerel="before"), "timeAt", "4.11", "BadRequestData"),
    ("a timeAt that is no time", dict(timerel="before", timeAt="noon"), "timeAt", "4.11", "BadRequestData"),
    ("between without an end", dict(timerel="between", timeAt=PAST), "endTimeAt", "4.11", "BadRequestData"),
    ("an unknown timeproperty", dict(timerel="before", timeAt=PAST, timeproperty="paidAt"), "timeproperty", "4.11", "BadRequestData"),
    ("a lastN of 0", dict(lastN="0"), "lastN", "4.11", "BadRequestData"),
    ("aggregation without methods", dict(options="aggregatedValues"), "aggrMethods", "4.5.19", "BadRequestData"),
    ("an unknown method", dict(options="aggregatedValues", aggrMethods="median"), "aggrMethods", "4.5.19", "BadRequestData"),
    ("a period that is none", dict(options="aggregatedValues", aggrMethods="avg", aggrPeriodDuration="hourly"), "aggrPeriodDuration", "4.5.19",
     "BadRequestData"),
    ("an option nobody knows", dict(options="fancy"), "options", "6.3.7", "InvalidRequest"),
    ("a parameter nobody knows", dict(colour="red"), "colour", "6.3.20", "InvalidRequest"),
]
for what, params, member, clause, kind in of_entities:
    refused(f"query, {what}", call("GET", with_param("/entities", **params)), member, "5.7.2" if clause == OF_OPERATION else clause, kind)
for what, params, member, clause, kind in parameters:
    if not {"options", "format", "limit", "offset", "count", "join", "geometryProperty"} & set(params) and "linked" not in what:
        refused(f"temporal query, {what}", call("GET", with_param("/temporal/entities", **{"type": "Room", **params})), member,
                "5.7.4" if clause == OF_OPERATION else clause, kind)
    if not set(params) & {"pick", "omit", "options", "format", "join", "geometryProperty", "datasetId", "local", "count"} and "linked" not in what:
        refused(f"registrations, {what}", call("GET", with_param("/csourceRegistrations", **{"type": "Room", **params})), member, clause, kind)
for what, params, member, clause, kind in of_time:
    refused(f"temporal query, {what}", call("GET", with_param("/temporal/entities?type=Room", **params)), member, clause, kind)
    refused(f"history of one, {what}", call("GET", with_param(f"/temporal/entities/{here}", **params)), member, clause, kind)
for what, params, member, clause, kind in parameters:
    if set(params) <= {"pick", "omit", "attrs", "options", "format", "colour", "geometryProperty", "join", "joinLevel"}:
        refused(f"retrieve, {what}", call("GET", with_param(f"/entities/{here}", **params)), member, clause, kind)
refused("a page too long", call("GET", "/entities?type=Room&limit=100000"), "limit", "6.3.10", "TooManyResults", 403)
refused("purge of everything", call("DELETE", "/entities"), "type", "5.6.21")
refused("purge that keeps and drops", call("DELETE", "/entities?type=None&keep=a&drop=b"), "drop", "5.6.21")
refused("a kind of context nobody knows", call("GET", "/jsonldContexts?kind=Own"), "kind", "5.13.3")
refused("details that are neither", call("GET", "/types?details=yes"), "details", "5.7.5")

# --- queries in the body ------------------------------------------------------------------------------------------------------
queries = [
    ("no type", {"entities": [{"type": "Room"}]}, "type", "5.2.23"),
    ("another type", {"type": "Question"}, "type", "5.2.23"),
    ("selectors that are none", {"type": "Query", "entities": {}}, "entities", "5.2.23"),
    ("no selectors", {"type": "Query", "entities": []}, "entities", "5.2.23"),
    ("a selector without type", {"type": "Query", "entities": [{"id": "urn:x:1"}]}, "entities.type", "5.2.33"),
    ("a selector with a wrong id", {"type": "Query", "entities": [{"type": "Room", "id": "a"}]}, "entities.id", "4.6.3"),
    ("a selector with a wrong pattern", {"type": "Query", "entities": [{"type": "Room", "idPattern": "("}]}, "entities.idPattern", "5.2.33"),
    ("a selector that selects nothing", {"type": "Query", "entities": [{"type": ""}]}, "entities.type", "5.2.33"),
    ("a wrong type selection", {"type": "Query", "entities": [{"type": "(A"}]}, "entities.type", "4.17"),
    ("attrs that are a number", {"type": "Query", "attrs": 1}, "attrs", "5.2.23"),
    ("no attrs", {"type": "Query", "attrs": []}, "attrs", "5.2.23"),
    ("a q that is a number", {"type": "Query", "q": 1}, "q", "5.2.23"),
    ("a wrong q", {"type": "Query", "q": "a>"}, "q", "4.9"),
    ("a geoQ that is text", {"type": "Query", "geoQ": "near"}, "geoQ", "5.2.13"),
    ("a geoQ without coordinates", {"type": "Query", "geoQ": {"georel": "within", "geometry": "Polygon"}}, "geoQ.coordinates", "5.2.13"),
    ("a geoQ with wrong coordinates", {"type": "Query", "geoQ": {"georel": "within", "geometry": "Point", "coordinates": "?"}}, "geoQ.coordinates", "4.10"),
    ("a geoQ with a wrong relation", {"type": "Query", "geoQ": {"georel": "by", "geometry": "Point", "coordinates": [1, 2]}}, "geoQ.georel", "4.10"),
    ("a wrong scopeQ", {"type": "Query", "scopeQ": "/a//b"}, "scopeQ", "4.19"),
    ("pick that is a number", {"type": "Query", "pick": 1}, "pick", "5.2.23"),
    ("an ordering that is text", {"type": "Query", "attrs": ["a"], "ordering": "a"}, "ordering", "5.2.43"),
    ("a null", {"type": "Query", "attrs": ["a"], "q": None}, "q", "5.2.23"),
]
for what, body, member, clause in queries:
    refused(f"query by body, {what}", call("POST", "/entityOperations/query", body), member, clause)
    if "ordering" not in body:
        refused(f"temporal query by body, {what}", call("POST", "/temporal/entityOperations/query", body), member, clause)
refused("a question about time in a query of now", call("POST", "/entityOperations/query", {"type": "Query", "attrs": ["a"], "temporalQ": {"timerel": "before", "timeAt": PAST}}),
        "temporalQ", "5.2.23")
for what, time, member in (("text", "before", "temporalQ"), ("an unknown relation", {"timerel": "by", "timeAt": PAST}, "temporalQ.timerel"),
                           ("no time", {"timerel": "before"}, "temporalQ.timeAt"), ("a lastN of text", {"lastN": "5"}, "temporalQ.lastN")):
    refused(f"temporalQ with {what}", call("POST", "/temporal/entityOperations/query", {"type": "Query", "attrs": ["a"], "temporalQ": time}), member, "4.11")

# --- bodies and media types ------------------------------------------------------------------------------------------------------
taking = [("POST", "/entities"), ("PATCH", f"/entities/{here}"), ("PUT", f"/entities/{here}"), ("POST", f"/entities/{here}/attrs"),
          ("PATCH", f"/entities/{here}/attrs"), ("PATCH", f"/entities/{here}/attrs/temperature"), ("PUT", f"/entities/{here}/attrs/temperature"),
          *(("POST", f"/entityOperations/{o}") for o in ("create", "upsert", "update", "merge", "delete", "query")),
          ("POST", "/temporal/entities"), ("POST", f"/temporal/entities/{here}/attrs"), ("POST", "/temporal/entityOperations/query"),
          ("POST", "/subscriptions"), ("POST", "/csourceRegistrations"), ("POST", "/csourceSubscriptions"), ("POST", "/jsonldContexts")]
for method, path in taking:
    where = f"{method} {path.replace(here, 'ID')}"
    refused(f"{where}, broken JSON", call(method, path, b'{"id":'), "body", "5.5.4", "InvalidRequest")
    refused(f"{where}, no body", call(method, path, b""), "body", "5.5.4", "InvalidRequest")
    refused(f"{where}, a member twice", call(method, path, b'{"a": 1, "a": 2}'), "a", "5.5.4", "InvalidRequest")
    refused(f"{where}, XML", call(method, path, b"<a/>", {"Content-Type": "text/xml"}), "Content-Type", "6.3.4", None, 415)
    refused(f"{where}, no form that is wanted", call(method, path, {}, {"Accept": "image/png"}), "Accept", "6.3.4", None, 406)
    if "/jsonldContexts" not in path and "/attrs/" not in path and not path.endswith("/delete"):
        answer = call(method, path, 5)
        p = problem_of(answer) or {}
        check(f"{where}, a body of another shape is refused with member and clause", answer.status == 400 and p.get("member") and p.get("clause"), answer)
    if "entityOperations" not in path and "/jsonldContexts" not in path:
        body = json.dumps({"id": new_id(), "type": "Room", "@context": []}).encode()
        refused(f"{where}, @context in plain JSON", call(method, path, body), "@context", "6.3.5")
        body = json.dumps({"id": new_id(), "type": "Room"}).encode()
        refused(f"{where}, JSON-LD without @context", call(method, path, body, {"Content-Type": "application/ld+json"}), "@context", "6.3.5")
for kind in ("create", "upsert", "update", "merge", "delete"):
    refused(f"batch {kind} of nothing", call("POST", f"/entityOperations/{kind}", []), "body", "5.6.10" if kind == "delete" else "5.6.7")
refused("batch delete of what is no id", call("POST", "/entityOperations/delete", ["a"]), "id", "4.6.3")
refused("two contexts in the header", call("GET", "/types", headers={"Link": '<http://a/>; rel="http://www.w3.org/ns/json-ld#context", <http://b/>; rel="http://www.w3.org/ns/json-ld#context"'}),
        "Link", "6.3.5")
refused("a header that is no link", call("GET", "/types", headers={"Link": "http://a/"}), "Link", "6.3.5", "InvalidRequest")

# --- contexts -------------------------------------------------------------------------------------------------------------------
ld = {"Content-Type": "application/ld+json"}
contexts = [
    ("a number", 7, "@context"), ("a term that is a number", {"a": 7}, "@context.a"), ("a term without characters", {"": "urn:x:"}, "@context"),
    ("a term that needs itself", {"a": "b:c", "b": "a:d"}, "@context.a"), ("a vocabulary that is a number", {"@vocab": 1}, "@context.@vocab"),
    ("an import that is a number", {"@import": 1}, "@context.@import"), ("a container that is a number", {"a": {"@id": "urn:a", "@container": [1]}}, "@context.a"),
]
for what, context, member in contexts:
    clause = "W3C json-ld11-api, " + ("4.2" if "term" in what or "container" in what else "4.1")
    refused(f"a context: {what}", call("POST", "/entities", json.dumps({**entity(), "@context": context}).encode(), ld), member, clause)
    refused(f"a hosted context: {what}", call("POST", "/jsonldContexts", {"@context": context}), member, clause)
refused("a context that holds for one term only", call("POST", "/jsonldContexts", {"@context": {"a": {"@id": "urn:a", "@context": {}}}}), "@context.a", "5.5.7")
refused("no context to host", call("POST", "/jsonldContexts", {"a": 1}), "@context", "5.13.2", "InvalidRequest")
refused("a context in a private network", call("GET", "/types", headers={"Link": '<http://127.0.0.1:1/c>; rel="http://www.w3.org/ns/json-ld#context"'}), "@context", "5.5.2",
        "LdContextNotAvailable", 504)
refused("a context that is no address", call("POST", "/entities", json.dumps({**entity(), "@context": "here"}).encode(), ld), "@context", "5.5.2", "LdContextNotAvailable", 504)

# --- subscriptions ----------------------------------------------------------------------------------------------------------------
told = {"endpoint": {"uri": "http://example.org/n"}}
subscription = {"type": "Subscription", "entities": [{"type": "Room"}], "notification": told}


def at_endpoint(**members):
    return {**subscription, "notification": {"endpoint": {"uri": "http://example.org/n", **members}}}


def notified(**members):
    return {**subscription, "notification": {**told, **members}}


subscriptions = [
    ("another type", {**subscription, "type": "Room"}, "type", "5.2.12"),
    ("an id that is no URI", {**subscription, "id": "a"}, "id", "4.6.3"),
    ("neither entities nor attributes", {"type": "Subscription", "notification": told}, "entities", "5.2.12"),
    ("entities that are none", {**subscription, "entities": {}}, "entities", "5.2.12"),
    ("a selector without anything", {**subscription, "entities": [{}]}, "entities", "5.2.33"),
    ("a selector with a wrong id", {**subscription, "entities": [{"type": "Room", "id": "a"}]}, "entities.id", "4.6.3"),
    ("a selector with a wrong pattern", {**subscription, "entities": [{"type": "Room", "idPattern": "["}]}, "entities.idPattern", "5.2.33"),
    ("no attributes to watch", {**subscription, "watchedAttributes": []}, "watchedAttributes", "5.2.12"),
    ("a trigger nobody knows", {**subscription, "notificationTrigger": ["entityPainted"]}, "notificationTrigger", "5.2.12"),
    ("a wrong q", {**subscription, "q": "a>"}, "q", "4.9"),
    ("a q with a wrong expression", {**subscription, "q": "a~=("}, "q", "4.9"),
    ("a q that is a number", {**subscription, "q": 1}, "q", "5.2.12"),
    ("a wrong geoQ", {**subscription, "geoQ": {"georel": "by", "geometry": "Point", "coordinates": [1, 2]}}, "geoQ.georel", "4.10"),
    ("a wrong scopeQ", {**subscription, "scopeQ": "/a//"}, "scopeQ", "4.19"),
    ("a wrong csf", {**subscription, "csf": "a>"}, "csf", "4.9"),
    ("a throttling of text", {**subscription, "throttling": "5"}, "throttling", "5.2.12"),
    ("a timeInterval of 0", {**subscription, "timeInterval": 0}, "timeInterval", "5.2.12"),
    ("throttling and timeInterval", {**subscription, "timeInterval": 5, "throttling": 5}, "throttling", "5.2.12"),
    ("an end that is no time", {**subscription, "expiresAt": "soon"}, "expiresAt", "5.2.12"),
    ("an end in the past", {**subscription, "expiresAt": PAST}, "expiresAt", "5.2.12"),
    ("isActive of text", {**subscription, "isActive": "yes"}, "isActive", "5.2.12"),
    ("a null", {**subscription, "description": None}, "description", "5.2.12"),
    ("no notification", {"type": "Subscription", "entities": [{"type": "Room"}]}, "notification", "5.2.12"),
    ("no endpoint", {**subscription, "notification": {}}, "notification.endpoint", "5.2.14"),
    ("no uri", {**subscription, "notification": {"endpoint": {}}}, "notification.endpoint.uri", "5.2.15"),
    ("an endpoint that is a file", at_endpoint(uri="file:///etc/passwd"), "notification.endpoint.uri", "5.2.15"),
    ("an MQTT endpoint without topic", at_endpoint(uri="mqtt://example.org"), "notification.endpoint.uri", "7.2"),
    ("an unknown MQTT-Version", at_endpoint(uri="mqtt://example.org/a", notifierInfo=[{"key": "MQTT-Version", "value": "2"}]), "notification.endpoint.notifierInfo", "7.2"),
    ("an accept nobody offers", at_endpoint(accept="text/html"), "notification.endpoint.accept", "5.2.15"),
    ("a receiverInfo that is text", at_endpoint(receiverInfo="a: b"), "notification.endpoint.receiverInfo", "5.2.22"),
    ("a receiverInfo with a line break", at_endpoint(receiverInfo=[{"key": "a", "value": "b\r\nc: d"}]), "notification.endpoint.receiverInfo", "5.2.22"),
    ("an unknown format", notified(format="fancy"), "notification.format", "5.2.14"),
    ("no attributes", notified(attributes=[]), "notification.attributes", "5.2.14"),
    ("a pick without names", notified(pick=[""]), "notification.pick", "5.2.23"),
    ("sysAttrs of text", notified(sysAttrs="yes"), "notification.sysAttrs", "5.2.14"),
    ("showChanges and keyValues", notified(showChanges=True, format="keyValues"), "notification.showChanges", "5.2.14"),
    ("an unknown join", notified(join="up"), "notification.join", "5.2.14"),
    ("a joinLevel of 0", notified(join="flat", joinLevel=0), "notification.joinLevel", "5.2.14"),
    ("a wrong temporalQ", {**subscription, "temporalQ": {"timerel": "by", "timeAt": PAST}}, "temporalQ.timerel", "4.11"),
]
for what, body, member, clause in subscriptions:
    for path in ("/subscriptions", "/csourceSubscriptions"):
        if path == "/csourceSubscriptions" and member in ("csf", "temporalQ.timerel"):
            continue
        refused(f"{path}, {what}", call("POST", path, body), member, clause)
id = call("POST", "/subscriptions", subscription).headers["Location"].rsplit("/", 1)[1]
for what, part, member, clause in (("a wrong q", {"q": "a>"}, "q", "4.9"), ("another type", {"type": "Room"}, "type", "5.8.2"), ("another id", {"id": "urn:x:9"}, "id", "5.8.2"),
                                   ("no endpoint", {"notification": {"attributes": ["a"]}}, "notification.endpoint", "5.2.14"),
                                   ("nothing", {}, "body", "5.8.2"), ("the notification taken away", {"notification": None}, "notification", "5.2.12"),
                                   ("the entities taken away", {"entities": None}, "entities", "5.2.12"), ("an end in the past", {"expiresAt": PAST}, "expiresAt", "5.2.12")):
    refused(f"a change of a subscription, {what}", call("PATCH", f"/subscriptions/{id}", part), member, clause)
refused("a second subscription of that id", call("POST", "/subscriptions", {**subscription, "id": id}), "id", "5.8.1", "AlreadyExists", 409)

# --- registrations ------------------------------------------------------------------------------------------------------------------
registration = {"type": "ContextSourceRegistration", "information": [{"entities": [{"type": "Boat"}]}], "endpoint": "http://example.org"}


def informed(**members):
    return {**registration, "information": [members]}


registrations = [
    ("another type", {**registration, "type": "Room"}, "type", "5.2.9"),
    ("an id that is no URI", {**registration, "id": "a"}, "id", "4.6.3"),
    ("no information", {"type": "ContextSourceRegistration", "endpoint": "http://example.org"}, "information", "5.2.9"),
    ("an empty information", {**registration, "information": [{}]}, "information", "5.2.10"),
    ("entities that are none", informed(entities={}), "information.entities", "5.2.10"),
    ("a selector without type", informed(entities=[{"id": "urn:x:1"}]), "information.entities.type", "5.2.8"),
    ("a selector with a wrong id", informed(entities=[{"type": "Boat", "id": "a"}]), "information.entities.id", "4.6.3"),
    ("a selector with a wrong pattern", informed(entities=[{"type": "Boat", "idPattern": "("}]), "information.entities.idPattern", "5.2.8"),
    ("names that are a number", informed(propertyNames=5), "information.propertyNames", "5.2.23"),
    ("no endpoint", {"type": "ContextSourceRegistration", "information": registration["information"]}, "endpoint", "5.2.9"),
    ("an endpoint that is no address", {**registration, "endpoint": "there"}, "endpoint", "5.2.9"),
    ("an interval without beginning", {**registration, "observationInterval": {"endAt": PAST}}, "observationInterval", "5.2.11"),
    ("a place that is none", {**registration, "location": {"type": "Dot", "coordinates": [1, 2]}}, "location", "4.7.1"),
    ("an end in the past", {**registration, "expiresAt": PAST}, "expiresAt", "5.2.9"),
    ("an unknown mode", {**registration, "mode": "jealous"}, "mode", "5.2.9"),
    ("an unknown operation", {**registration, "operations": ["paintEntity"]}, "operations", "4.20"),
    ("an info that is text", {**registration, "contextSourceInfo": "a"}, "contextSourceInfo", "5.2.22"),
    ("an info with a line break", {**registration, "contextSourceInfo": [{"key": "a", "value": "b\r\nc: d"}]}, "contextSourceInfo", "5.2.22"),
    ("a management that is text", {**registration, "management": "a"}, "management", "5.2.34"),
    ("a time limit of text", {**registration, "management": {"timeout": "1"}}, "management.timeout", "5.2.34"),
    ("a null", {**registration, "description": None}, "description", "5.2.9"),
    ("an auxiliary source that writes", {**registration, "mode": "auxiliary", "operations": ["createEntity"]}, "operations", "5.9.2"),
    ("an exclusive source of a whole type", {**registration, "mode": "exclusive"}, "information", "4.3.6.3"),
]
for what, body, member, clause in registrations:
    refused(f"registration, {what}", call("POST", "/csourceRegistrations", body), member, clause)
id = call("POST", "/csourceRegistrations", registration).headers["Location"].rsplit("/", 1)[1]
for what, part, member, clause in (("another id", {"id": "urn:x:9"}, "id", "5.9.3"), ("an unknown mode", {"mode": "jealous"}, "mode", "5.2.9"),
                                   ("no information", {"information": []}, "information", "5.2.9"),
                                   ("information taken away", {"information": None}, "information", "5.2.9"),
                                   ("the endpoint taken away", {"endpoint": None}, "endpoint", "5.2.9")):
    refused(f"a change of a registration, {what}", call("PATCH", f"/csourceRegistrations/{id}", part), member, clause)
refused("a second registration of that id", call("POST", "/csourceRegistrations", {**registration, "id": id}), "id", "5.9.2", "AlreadyExists", 409)
call("DELETE", f"/csourceRegistrations/{id}")

# --- instances of a history ------------------------------------------------------------------------------------------------------------
refused("no attribute to add", call("POST", f"/temporal/entities/{here}/attrs", {}), "body", "5.6.12")
refused("a scope without its time", call("POST", "/temporal/entities", {**entity(), "scope": [{"type": "Property", "value": "/a"}]}), "scope.observedAt", "4.5.6")
report.finish()
