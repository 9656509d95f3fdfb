"""What people do with entities of declared types: who I am, models, making, actions, timeline, free times. applications.md, outward contract"""
# serve: --test-clock 2026-11-30T00:00:00Z
# config: default_context: dos-context.json
import json
import threading
import uuid

from _door import base, call
from _people import act, admin, api, city, make, ngsi, person, quoted, read, use
from server import Report, ask

report = Report()
check = report.check
use("booking")
call("POST", "/test/clock", {"now": "2026-11-30T08:00:00Z"})
ada, emil, hauke = person("ada"), person("emil", organisations=["TSV"]), person("hauke", "caretaker")
viewer, editor = person("vera", role="viewer"), person("ede", role="editor")
nobody = {}

# --- who I am
me = call("GET", f"{api}/me", None, hauke).json()
check("I am told who I am", me == {"name": "hauke", "city": city, "role": "member", "subject": "urn:ngsi-ld:Person:hauke", "organisations": [],
                                 "roles": ["caretaker"]}, me)
check("and to which organisations I belong", call("GET", f"{api}/me", None, emil).json()["organisations"] == ["TSV"])
check("nobody is somebody, too", call("GET", f"{api}/me").json()["role"] == "anonymous")

# --- models
listed = call("GET", f"{api}/models?lang=en", None, ada).json()
check("the types that concern me are listed", {t["type"] for t in listed["items"]} >= {"Resource", "Booking", "WaitingPlace"} and listed["total"] == len(listed["items"]), listed)
check("in the language that I ask for", next(t for t in listed["items"] if t["type"] == "Booking")["title"] == "Booking", listed)
german = call("GET", f"{api}/models", None, {**ada, "Accept-Language": "de-DE,de;q=0.9"}).json()
check("or in that of my browser", next(t for t in german["items"] if t["type"] == "Booking")["title"] == "Buchung", german)
check("what I may not know is not listed", "WaitingPlace" not in {t["type"] for t in call("GET", f"{api}/models").json()["items"]})
model = call("GET", f"{api}/models/Booking?lang=en", None, hauke)
schema = model.json()
check("a type is a JSON Schema", model.status == 200 and schema["$schema"].endswith("2020-12/schema") and schema["type"] == "object", model)
p = schema.get("properties", {})
check("with kinds and bounds", p["seats"] | {"title": "", "description": ""} == {"type": "integer", "minimum": 1, "maximum": 10000, "title": "", "description": "", "x-is": "integer",
                                                                "x-iri": p["seats"]["x-iri"]}, p.get("seats"))
check("times are times", p["startsAt"]["format"] == "date-time", p["startsAt"])
check("choices have titles", p["via"]["enum"] == ["online", "phone", "paper", "in_person"] and p["via"]["x-titles"]["phone"] == "by phone", p["via"])
check("what is needed is said", set(schema["required"]) == {"resource", "startsAt", "endsAt"}, schema["required"])
check("states and numbers are read alone", p["status"].get("readOnly") and p["number"].get("readOnly"), p)
check("the workflow is told", schema["x-workflow"]["start"] == "held" and schema["x-workflow"]["states"]["over"]["end"], schema["x-workflow"])
check("constraints are told", schema["x-constraints"] == ["no_overlap: resource"], schema["x-constraints"])
strangers = call("GET", f"{api}/models/Booking").json()
check("a schema shows what its asker may see", "internalNote" in p and "internalNote" not in strangers["properties"] and "bookedBy" not in strangers["properties"]
      and not strangers["x-may-create"], strangers["properties"].keys())
check("a hidden type is none", [call("GET", f"{api}/models/{t}").status for t in ("WaitingPlace", "Nothing")] == [404, 404])

# --- making
hall = make(hauke, "Resource", name="Halle", kind="hall")
check("an entity is made from fields", hall.status == 201 and hall.json()["status"] == "open" and hall.json()["places"] == 1, hall)
hall_id = hall.json()["id"]
check("its id is made here", hall_id.startswith("urn:ngsi-ld:Resource:") and hall.headers["Location"].endswith(hall_id), hall)
at = {"resource": hall_id, "startsAt": "2026-12-03T17:00:00Z", "endsAt": "2026-12-03T19:00:00Z"}
booked = make(ada, "Booking", **at, purpose="Chor")
check("defaults, number and state come by themselves", booked.status == 201 and booked.json().get("number") == "DORTMUND-B-2026-00001" and booked.json()["status"] == "held"
      and booked.json()["bookedBy"] == "urn:ngsi-ld:Person:ada" and booked.json()["via"] == "online", booked)
id = booked.json()["id"]
check("and it is an entity like any other", read(ada, id).json()["purpose"]["value"] == "Chor", read(ada, id))
wrong = make(ada, "Booking", resource="no uri", startsAt="now", seats=0, colour="red")
fields = {f["field"] for f in wrong.json().get("fields", [])}
check("all that is wrong is told at once", wrong.status == 422 and fields == {"resource", "startsAt", "seats", "colour", "endsAt"}, wrong)
check("a state is not brought", make(ada, "Booking", **{**at, "status": "confirmed"}).status == 422)
taken = make(emil, "Booking", **at)
check("what is taken is a conflict that names the rule", taken.status == 409 and "no_overlap" in taken.json()["detail"] and id not in taken.body.decode(), taken)
check("strangers are asked who they are", make(nobody, "Booking", **at).status == 401)
check("who is not granted it is refused before the fields are read", call("POST", f"{api}/models/Resource/entities", b"{", ada).status == 403)
check("a hidden type cannot be made", make(nobody, "WaitingPlace", **at).status == 404)
several = call("POST", f"{api}/models/Booking/entities", [{**at, "startsAt": "2026-12-04T17:00:00Z", "endsAt": "2026-12-04T19:00:00Z"}, at], ada)
check("several are made all or none", several.status == 409 and call("GET", f"{ngsi}/entities?type=Booking&count=true", None, hauke).headers["NGSILD-Results-Count"] == "1", several)
wrong = call("POST", f"{api}/models/Booking/entities", [at, {**at, "seats": "many"}], ada)
check("and what is wrong says in which", wrong.status == 422 and wrong.json()["member"] == "[1].seats", wrong)

# --- what I may do now
may = call("GET", f"{api}/entities/{quoted(id)}/actions?lang=en", None, ada)
names = [a["name"] for a in may.json()]
check("I am told what I may do", names == ["move", "cancel"], may)
check("with the fields that it asks for", may.json()[0]["schema"]["required"] == ["startsAt", "endsAt"] and may.json()[0]["title"] == "Move", may.json()[0])
check("others may other things", [a["name"] for a in call("GET", f"{api}/entities/{quoted(id)}/actions", None, hauke).json()] == ["confirm", "move", "cancel", "block"])
check("or nothing", call("GET", f"{api}/entities/{quoted(id)}/actions", None, emil).json() == [])
check("of what is not there", call("GET", f"{api}/entities/urn:x:absent/actions", None, ada).status == 404)

# --- doing it
check("not mine to do", act(ada, id, "confirm").status == 403)
check("no such action", act(ada, id, "dance").status == 404)
check("strangers do nothing", act(nobody, id, "cancel").status == 401)
check("fields that it does not ask for", act(ada, id, "cancel", {"colour": "red"}).json().get("fields", [{}])[0].get("field") == "colour")
check("fields that it needs are all named", {f["field"] for f in act(ada, id, "move", {"startsAt": 3}).json().get("fields", [])} >= {"startsAt"})
check("bytes that are no JSON", call("POST", f"{api}/entities/{quoted(id)}/actions/cancel", b"{", ada).status == 400)
tag = may.headers["ETag"]
check("a stale version", act(ada, id, "cancel", {}, If_Match='"1"').status == 412)
done = act(hauke, id, "confirm", {"reason": "Vertrag liegt vor", "via": "paper"})
check("an action answers the entity", done.status == 200 and done.json()["status"] == "confirmed" and done.headers["ETag"], done)
check("a version that was seen before is stale now", act(ada, id, "cancel", {}, If_Match=tag).status == 412)
check("what it is done from has to hold", act(hauke, id, "confirm").status == 409, act(hauke, id, "confirm"))
seen = call("GET", f"{api}/entities/{quoted(id)}/actions", None, ada).headers["ETag"]
check("the version that was seen is fine", act(ada, id, "move", {"startsAt": "2026-12-03T18:00:00+01:00", "endsAt": "2026-12-03T20:00:00+01:00"}, If_Match=seen).status == 200)
check("times are stored in UTC", read(ada, id).json()["startsAt"]["value"] == "2026-12-03T17:00:00Z", read(ada, id))

# --- once, however often it is sent
key = str(uuid.uuid4())
first = make_with = call("POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-05T10:00:00Z", "endsAt": "2026-12-05T11:00:00Z"}, {**ada, "Idempotency-Key": key})
again = call("POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-05T10:00:00Z", "endsAt": "2026-12-05T11:00:00Z"}, {**ada, "Idempotency-Key": key})
check("the same key with the same content has the same answer", first.status == 201 and (first.status, first.body, first.headers["Location"]) == (again.status, again.body, again.headers["Location"]), (first, again))
other = call("POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-06T10:00:00Z", "endsAt": "2026-12-06T11:00:00Z"}, {**ada, "Idempotency-Key": key})
check("with another content it is 422", other.status == 422 and "Idempotency-Key" in other.json()["detail"], other)
theirs = call("POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-06T10:00:00Z", "endsAt": "2026-12-06T11:00:00Z"}, {**emil, "Idempotency-Key": key})
check("a key is its sender's", theirs.status == 201, theirs)
check("a short key is none", call("POST", f"{api}/models/Booking/entities", at, {**ada, "Idempotency-Key": "1"}).status == 422)
key = uuid.uuid4().hex
done = [act(ada, first.json()["id"], "cancel", {"cancelledBecause": "Grippe"}, Idempotency_Key=key) for _ in range(2)]
check("an action is done once", [d.status for d in done] == [200, 200] and done[0].body == done[1].body, done)
check("a refusal is not kept", act(ada, id, "confirm", None, Idempotency_Key=uuid.uuid4().hex).status == 403)
race, answers = uuid.uuid4().hex, []


def repeat():
    import http.client
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
    answers.append(ask(c, "POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-07T10:00:00Z", "endsAt": "2026-12-07T11:00:00Z"}, {**ada, "Idempotency-Key": race}))
    c.close()


threads = [threading.Thread(target=repeat) for _ in range(12)]
for t in threads:
    t.start()
for t in threads:
    t.join()
check("also when all are sent at once", {(a.status, a.body) for a in answers} == {(201, answers[0].body)}, answers)
call("POST", "/test/clock", {"now": "2026-12-09T08:00:00Z"})
late = call("POST", f"{api}/models/Booking/entities", {**at, "startsAt": "2026-12-15T10:00:00Z", "endsAt": "2026-12-15T11:00:00Z"}, {**ada, "Idempotency-Key": race})
check("after seven days a key is new", late.status == 201, late)
call("POST", "/test/clock", {"now": "2026-12-09T09:00:00Z"})

# --- several at once
ids = [make(emil, "Booking", resource=hall_id, startsAt=f"2027-01-{d:02}T10:00:00Z", endsAt=f"2027-01-{d:02}T11:00:00Z").json()["id"] for d in (4, 5, 6)]
done = call("POST", f"{api}/actions/confirm", {"ids": ids[:2]}, hauke)
check("one action for several", done.status == 207 and [i["status"] for i in done.json()["items"]] == [200, 200]
      and done.json()["items"][0]["entity"]["status"] == "confirmed", done)
done = call("POST", f"{api}/actions/confirm", {"ids": [ids[2], ids[0]]}, hauke)
check("all or nothing where the type says so", done.status == 409 and ids[0] in done.json()["detail"] and read(emil, ids[2]).json()["status"]["value"] == "held", done)
done = call("POST", f"{api}/actions/block", {"ids": [ids[2], ids[0], "urn:x:absent"]}, hauke)
check("each for itself elsewhere", done.status == 207 and [i["status"] for i in done.json()["items"]] == [200, 409, 404], done)
check("ids are needed", call("POST", f"{api}/actions/confirm", {}, hauke).status == 422)
check("each once", call("POST", f"{api}/actions/confirm", {"ids": ids[:1] * 2}, hauke).status == 422)
check("a thousand at most", call("POST", f"{api}/actions/confirm", {"ids": [f"urn:x:{i}" for i in range(1001)]}, hauke).status == 413)

# --- the timeline
line = call("GET", f"{api}/entities/{quoted(id)}/timeline", None, hauke).json()["items"]
acts = [i for i in line if i["what"] == "action"]
check("who did what", [(i["action"], i.get("by")) for i in acts][:3] == [("create", "urn:ngsi-ld:Person:ada"), ("confirm", "urn:ngsi-ld:Person:hauke"), ("move", "urn:ngsi-ld:Person:ada")], acts)
check("with states, reason and way", (acts[1]["from"], acts[1]["to"], acts[1].get("reason"), acts[1].get("via")) == ("held", "confirmed", "Vertrag liegt vor", "paper"), acts[1])
check("with what was given", acts[2]["fields"]["startsAt"].startswith("2026-12-03T18:00"), acts[2])
check("and how it changed", {"startsAt", "status"} <= {i["attribute"] for i in line if i["what"] == "change"}, line)
check("in order", [i["at"] for i in line] == sorted(i["at"] for i in line))
mine = call("GET", f"{api}/entities/{quoted(id)}/timeline", None, ada).json()["items"]
check("she who booked sees her own doing and that of the office", [(i["action"], i.get("by")) for i in mine if i["what"] == "action"][:2]
      == [("create", "urn:ngsi-ld:Person:ada"), ("confirm", None)], mine)
theirs = call("GET", f"{api}/entities/{quoted(id)}/timeline").json().get("items", [])
check("strangers see of it what they see of the booking", "ada" not in json.dumps(theirs) and not {"purpose", "bookedBy"} & {i.get("attribute") for i in theirs}, theirs)
pages, cursor = [], ""
while True:
    page = call("GET", f"{api}/entities/{quoted(id)}/timeline?limit=3{cursor}", None, hauke).json()
    pages += page["items"]
    if "next" not in page:
        break
    cursor = "&cursor=" + quoted(page["next"])
check("page by page it is the same", pages == line, (len(pages), len(line)))
check("what was done shows at no other door", "urn:dos2030:act" not in call("GET", f"{ngsi}/temporal/entities/{quoted(id)}", None, admin).body.decode())

# --- free times
free = call("GET", f"{api}/entities/{quoted(hall_id)}/free?from=2027-01-04T08:00:00Z&to=2027-01-04T12:00:00Z", None, nobody)
check("everybody sees when it is free", free.status == 200 and [(i["from"], i["to"]) for i in free.json()["items"]]
      == [("2027-01-04T08:00:00Z", "2027-01-04T10:00:00Z"), ("2027-01-04T11:00:00Z", "2027-01-04T12:00:00Z")], free)
check("long enough", [i["from"] for i in call("GET", f"{api}/entities/{quoted(hall_id)}/free?from=2027-01-04T08:00:00Z&to=2027-01-04T12:00:00Z&minutes=90").json()["items"]]
      == ["2027-01-04T08:00:00Z"])
check("a booking has no free time", call("GET", f"{api}/entities/{quoted(id)}/free", None, ada).status == 404)
check("from before to", call("GET", f"{api}/entities/{quoted(hall_id)}/free?from=2027-01-04T08:00:00Z&to=2027-01-04T08:00:00Z").status == 400)
check("not for ever", call("GET", f"{api}/entities/{quoted(hall_id)}/free?from=2027-01-04T08:00:00Z&to=2037-01-04T08:00:00Z").status == 413)
report.finish()
