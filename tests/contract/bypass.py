"""Ways round a finished booking, at every door and by an administrator: after each, what the city exports of it is as before."""
# serve: --test-clock 2026-11-30T00:00:00Z --mqtt-port 0
# config: default_context: dos-context.json
# config: allow_private_addresses: true
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading

from _door import base, call
from _people import act, admin, api, city, make, ngsi, person, quoted, use
from mqtt_client import Client, Ended
from server import Report, Server, program

report = Report()
check = report.check
use("booking")
call("POST", "/test/clock", {"now": "2026-11-30T08:00:00Z"})
hauke, ada = person("hauke", "caretaker"), person("ada")
hall = make(hauke, "Resource", name="Halle", kind="hall").json()["id"]
made = make(ada, "Booking", resource=hall, startsAt="2026-12-01T17:00:00Z", endsAt="2026-12-01T19:00:00Z", purpose="Chor", seats=1).json()
id = made["id"]
act(hauke, id, "confirm")
call("POST", "/test/clock", {"advance": "P3D"})
LD = {**admin, "Content-Type": "application/ld+json"}
TYPE = None


def export():
    """All that the city tells of it: as it is, as it was, and what was done."""
    now = call("GET", f"{ngsi}/entities/{quoted(id)}?options=sysAttrs", None, admin)
    then = call("GET", f"{ngsi}/temporal/entities/{quoted(id)}?options=sysAttrs&timeproperty=modifiedAt", None, admin)
    line = call("GET", f"{api}/entities/{quoted(id)}/timeline?limit=1000", None, admin)
    listed = call("GET", f"{ngsi}/entities?type=Booking&options=sysAttrs", None, admin)
    return tuple((a.status, a.body) for a in (now, then, line, listed))


before = export()
check("the booking is over", b'"over"' in before[0][1] and [s for s, _ in before] == [200] * 4, before)


def tried(sentence, *answers):
    after = export()
    check(f"{sentence}: nothing of it changes", after == before, [(b[1][:1500], a[1][:1500]) for b, a in zip(before, after) if b != a] or answers)
    check(f"{sentence}: and that is no fault of the program", all(a.status < 500 or a.status == 501 for a in answers if hasattr(a, "status")), answers)


def attempt(sentence, method, path, body=None, headers=None):
    a = call(method, path, body, headers or admin)
    tried(sentence, a)
    return a


e, at = f"{ngsi}/entities/{quoted(id)}", "2026-12-01T17:30:00Z"
prop = lambda v, **more: {"type": "Property", "value": v, **more}  # noqa: E731
whole = {"id": id, "type": "Booking", "purpose": prop("Feier"), "status": prop("held")}
attempt("its type is changed", "PATCH", e, {"type": "Thing"})
attempt("its type is added to", "POST", f"{e}/attrs", {"type": "Thing", "note": prop(1)})
attempt("a second instance of its state", "POST", f"{e}/attrs", {"status": prop("held", datasetId="urn:x:2")})
attempt("a second instance of its purpose", "POST", f"{e}/attrs", {"purpose": prop("Feier", datasetId="urn:x:2")})
attempt("its state is set", "PATCH", f"{e}/attrs/status", prop("held"))
attempt("its purpose is set", "PATCH", f"{e}/attrs", {"purpose": prop("Feier")})
attempt("a new attribute", "POST", f"{e}/attrs", {"colour": prop("red")})
attempt("an attribute is replaced", "PUT", f"{e}/attrs/purpose", prop("Feier"))
attempt("an attribute is deleted", "DELETE", f"{e}/attrs/purpose")
attempt("all instances of an attribute are deleted", "DELETE", f"{e}/attrs/status?deleteAll=true")
attempt("an attribute of an attribute", "PATCH", f"{e}/attrs", {"purpose": prop("Chor", note=prop("x"))})
attempt("it is replaced", "PUT", e, whole)
attempt("it is merged", "PATCH", e, {"purpose": prop("Feier")})
attempt("it is merged with nothing", "PATCH", e, {"purpose": {"type": "Property", "value": "urn:ngsi-ld:null"}})
attempt("its end is set", "PATCH", e, {"expiresAt": "2026-12-04T09:00:00Z"})
attempt("its scope is set", "POST", f"{e}/attrs", {"scope": "/elsewhere"})
gone, new = call("DELETE", e, None, admin), call("POST", f"{ngsi}/entities", whole, admin)
tried("it is deleted and made again", gone, new)
attempt("it is made once more", "POST", f"{ngsi}/entities", whole)
ops = f"{ngsi}/entityOperations"
for name, query in (("create", ""), ("upsert", ""), ("upsert", "?options=update"), ("update", ""), ("update", "?options=noOverwrite"), ("merge", "")):
    attempt(f"a batch: {name}{query}", "POST", f"{ops}/{name}{query}", [whole])
attempt("a batch that deletes", "POST", f"{ops}/delete", [id])
attempt("a batch with something else first", "POST", f"{ops}/upsert", [{"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "on": prop(True)}, whole])
attempt("a purge", "DELETE", f"{ngsi}/entities?type=Booking")
attempt("a purge of attributes", "DELETE", f"{ngsi}/entities?type=Booking&attrs=purpose")
attempt("all of a type are updated", "PATCH", f"{ngsi}/entities?type=Booking", {"purpose": prop("Feier")})

# --- history
t = f"{ngsi}/temporal/entities"
attempt("history is added", "POST", f"{t}/{quoted(id)}/attrs", {"status": [prop("held", observedAt=at)]})
attempt("history of a plain attribute is added", "POST", f"{t}/{quoted(id)}/attrs", {"purpose": [prop("Feier", observedAt=at)]})
attempt("history is made anew", "POST", t, {"id": id, "type": "Booking", "status": [prop("held", observedAt=at)]})
known = call("GET", f"{t}/{quoted(id)}?options=sysAttrs&timeproperty=modifiedAt", None, admin).json()
check("its history is there", "purpose" in known, known)
states = known.get("status") or known.get("purpose") or [{}]
instance = (states if isinstance(states, list) else [states])[0].get("instanceId", "urn:x:1")
attempt("an instance is rewritten", "PATCH", f"{t}/{quoted(id)}/attrs/status/{quoted(instance)}", {"status": [prop("held", observedAt=at)]})
attempt("an instance is deleted", "DELETE", f"{t}/{quoted(id)}/attrs/status/{quoted(instance)}")
attempt("the history of an attribute is deleted", "DELETE", f"{t}/{quoted(id)}/attrs/status?deleteAll=true")
attempt("all history is deleted", "DELETE", f"{t}/{quoted(id)}")
attempt("what was done is written by hand", "POST", f"{e}/attrs", {"urn:dos2030:act": prop({"action": "confirm"})})
attempt("or into its history", "POST", f"{t}/{quoted(id)}/attrs", {"urn:dos2030:act": [prop({"action": "x"}, observedAt=at)]})


# --- sources, subscriptions, snapshots, entity maps
class Source(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({**whole, "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/ld+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

    def log_message(self, *_):
        pass


source = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source)
threading.Thread(target=source.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{source.server_port}"
for mode in ("exclusive", "redirect", "inclusive", "auxiliary"):
    about = {"entities": [{"id": id, "type": "Booking"}], **({"propertyNames": ["purpose", "status"]} if mode in ("exclusive",) else {})}
    made = call("POST", f"{ngsi}/csourceRegistrations", {"type": "ContextSourceRegistration", "endpoint": url, "mode": mode, "information": [about],
                                                        "operations": ["federationOps", "updateOps", "redirectionOps"]}, admin)
    changed = call("PATCH", f"{e}/attrs", {"purpose": prop("Feier")}, admin)
    if made.status == 201:
        call("DELETE", made.headers["Location"], None, admin)
    tried(f"a registration ({mode})", made, changed)
notified = {"type": "Subscription", "entities": [{"id": id, "type": "Booking"}], "notification": {"endpoint": {"uri": f"{url}/n"}, "attributes": ["purpose"]}}
made = call("POST", f"{ngsi}/subscriptions", notified, admin)
tried("a subscription", made)
snapshot = call("POST", f"{ngsi}/snapshots", {"type": "Snapshot", "queries": [{"type": "Query", "entities": [{"type": "Booking"}]}]}, admin)
tried("a snapshot", snapshot)
mapped = call("GET", f"{ngsi}/entities?type=Booking&entityMap=true", None, admin)
tried("an entity map", mapped)

# --- other doors
streams = call("GET", f"/{city}/v1.1/Datastreams?$top=1000", None, admin).json().get("value", [])
things = call("GET", f"/{city}/v1.1/Things?$top=1000", None, admin).json().get("value", [])
mine = [s["@iot.id"] for s in streams if id in json.dumps(s)] or [1]
thing = next((x["@iot.id"] for x in things if id in json.dumps(x)), 1)
attempt("JSON Patch through SensorThings", "PATCH", f"/{city}/v1.1/Things({thing})", json.dumps([{"op": "replace", "path": "/properties/purpose", "value": "Feier"}]).encode(),
        {**admin, "Content-Type": "application/json-patch+json"})
attempt("a PATCH through SensorThings", "PATCH", f"/{city}/v1.1/Things({thing})", {"name": "x", "properties": {"purpose": "Feier", "status": "held"}})
attempt("a thing is deleted", "DELETE", f"/{city}/v1.1/Things({thing})")
for s in mine[:3]:
    attempt("an observation through SensorThings", "POST", f"/{city}/v1.1/Datastreams({s})/Observations", {"result": 7, "phenomenonTime": at})
    attempt("a data stream is deleted", "DELETE", f"/{city}/v1.1/Datastreams({s})")
attempt("a data stream of its own", "POST", f"/{city}/v1.1/Things({thing})/Datastreams",
        {"name": "seats", "description": "x", "observationType": "x", "unitOfMeasurement": {"name": "", "symbol": "", "definition": ""},
         "ObservedProperty": {"name": "seats", "definition": "x", "description": "x"}, "Sensor": {"name": "s", "description": "x", "encodingType": "x", "metadata": "x"}})
mqtt_port = json.loads([line for line in pathlib.Path(os.environ["DATA_DIR"]).parent.joinpath("log").read_text().splitlines() if "listening for MQTT" in line][-1])["port"]
for topic in [f"{city}/v1.1/Datastreams({s})/Observations" for s in mine[:2]] + [f"{city}/ngsi-ld/v1/entities", f"{city}/v1.1/Things({thing})"]:
    said = None
    try:
        with Client(mqtt_port, version=5, user=city, password=admin["Authorization"][7:]) as c:
            said = c.publish(topic, json.dumps({"result": 7, **whole}).encode(), qos=1)
    except (Ended, OSError, AssertionError) as wrong:
        said = wrong
    tried(f"a message to {topic.split('/', 1)[1]}", said)
mapping = {"name": "bookings", "format": "json", "entity": {"type": "Booking", "id": "{id}"}, "attributes": [{"attribute": "purpose", "from": "purpose"}]}
imported = call("POST", f"{api}/imports?mapping=bookings", json.dumps([{"id": id, "purpose": "Feier"}]).encode(), {**admin, "Content-Type": "application/json"})
tried("an import", imported)
tried("a demonstration is taken away", call("DELETE", f"{api}/demo", None, admin))
for days in (1,):
    tried("its history is kept short", call("PUT", f"{api}/retention/Booking", {"days": days}, admin))

# --- actions
for name in ("confirm", "cancel", "move", "block", "unblock", "expire", "finish"):
    tried(f"the action {name}", act(admin, id, name, {}), act(hauke, id, name, {}), act(ada, id, name, {}))
tried("an override without a reason", act(admin, id, "override", {"purpose": "Feier"}))
tried("an override by who is no administrator", act(hauke, id, "override", {"purpose": "Feier", "reason": "x"}))
tried("the actions of many", call("POST", f"{api}/actions/cancel", {"ids": [id]}, admin))
other = make(ada, "Booking", resource=hall, startsAt="2026-12-01T18:00:00Z", endsAt="2026-12-01T20:00:00Z")
check("a new one in its past time does not touch it", call("GET", e, None, admin).json()["status"]["value"] == "over", other)
report.finish()
