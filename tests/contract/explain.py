# serve: --anonymous viewer
"""Roles, grants in force, and why somebody may or may not: POST /platform/v1/explain."""
import io
import json
import os
import pathlib
import sys
import time
import zipfile

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
P, NGSI = "/dortmund/platform/v1", "/dortmund/ngsi-ld/v1"
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as z:
    z.writestr("module.yaml", "id: lendings\ntitle: {de: Leihen, en: Lendings}\norigin: Stadt Beispielhausen\nlicence: EUPL-1.2\n")
    z.writestr("models/lending.yaml", """type: Lending
title: {de: Leihe, en: Lending}
attributes:
  what: {is: text, title: {de: Was, en: What}}
  owner: {is: text, title: {de: Wessen, en: Whose}}
  note: {is: text, title: {de: Notiz, en: Note}}
""")
    z.writestr("roles.yaml", json.dumps({"roles": {
        "everyone": {"grants": [{"may": "read", "type": "Lending", "attributes": {"only": ["what"]}}]},
        "keeper": {"title": {"de": "Wart", "en": "Keeper"}, "grants": [{"may": ["read", "change"], "type": "Lending", "where": "owner==$me"}]}}}))

with Server([]) as s:
    admin = {"Authorization": "Bearer " + s.token("dortmund", "admin", "admin")}

    def bearer(role, subject, roles):
        r = s.call("POST", f"{P}/tokens", {"name": subject, "role": role, "subject": subject, "roles": roles}, admin)
        return {"Authorization": "Bearer " + r.json()["token"]}

    job = s.call("PUT", f"{P}/packages/lendings", out.getvalue(), {**admin, "Content-Type": "application/zip"}).json()["job"]
    until = time.monotonic() + 20
    while s.call("GET", f"{P}/jobs/{job}", None, admin).json()["state"] not in ("done", "failed") and time.monotonic() < until:
        time.sleep(0.05)
    value = lambda v: {"type": "Property", "value": v}  # noqa: E731
    made = s.call("POST", f"{NGSI}/entities", {"id": "urn:l:1", "type": "Lending", "what": value("saw"), "owner": value("ada"), "note": value("x")}, admin)
    check("an entity of the type is made", made.status == 201, made)
    ada, bob = bearer("member", "ada", ["keeper"]), bearer("member", "bob", ["keeper"])

    def explain(question, who=admin):
        return s.call("POST", f"{P}/explain", question, who)

    roles = s.call("GET", f"{P}/roles", None, admin).json()
    check("roles are told", ["Wart"] == [r["title"]["de"] for r in roles["items"] if r["name"] == "keeper"], roles)
    grants = s.call("GET", f"{P}/grants?role=keeper", None, admin).json()
    check("grants are told", grants["total"] == 1 and grants["items"][0]["may"] == ["read", "change"] and not grants["items"][0]["always"], grants)
    check("and only to administrators", s.call("GET", f"{P}/grants", None, ada).status == 403)

    keeper = {"role": "member", "subject": "ada", "roles": ["keeper"]}
    yes = explain({"who": keeper, "verb": "change", "entity": "urn:l:1", "attribute": "note"}).json()
    check("who may is told by which grant", yes["allowed"] and "keeper" in yes["because"]["en"] and "„keeper“" in yes["because"]["de"], yes)
    no = explain({"who": {**keeper, "subject": "bob"}, "verb": "change", "entity": "urn:l:1"}).json()
    check("who may not is told what does not hold", not no["allowed"] and [g["why"]["en"] for g in no["grants"]] == ["the condition of the role keeper does not hold here"], no)
    no = explain({"who": {"role": "anonymous"}, "verb": "read", "entity": "urn:l:1", "attribute": "note"}).json()
    check("and what a role does not include", not no["allowed"] and any("does not include note" in g["why"]["en"] for g in no["grants"]), no)
    check("what is told is what is so", s.call("PATCH", f"{NGSI}/entities/urn:l:1/attrs/note", value("y"), ada).status == 204
          and s.call("PATCH", f"{NGSI}/entities/urn:l:1/attrs/what", value("y"), bob).status == 403
          and set(s.call("GET", f"{NGSI}/entities/urn:l:1", None, {}).json()) == {"id", "type", "what"})
    own = explain({"verb": "change", "entity": "urn:l:1"}, bob)
    check("everybody is told of themselves", own.status == 200 and not own.json()["allowed"], own)
    check("of others only administrators are", explain({"who": keeper, "verb": "read", "entity": "urn:l:1"}, bob).status == 403)
    check("and nobody of what is not there for them", explain({"verb": "read", "entity": "urn:l:2"}, bob).status == 404)
    for wrong, member in (({"verb": "eat", "entity": "urn:l:1"}, "verb"), ({"verb": "read"}, "entity"), ({"verb": "read", "entity": "urn:l:1", "who": 5}, "who"),
                          ({"verb": "read", "entity": "urn:l:1", "attribute": "nothing-of-the-kind"}, "attribute")):
        r = explain(wrong)
        check(f"what is wrong is named: {wrong}", r.status == 400 and member in r.body.decode(), r)
report.finish()
