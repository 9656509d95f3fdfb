"""Packages: a wrong one is refused whole and the running one stays; what is taken over holds after a start without a share
folder; entities move to new names with their history; off freezes."""
import io
import json
import os
import pathlib
import re
import sys
import tarfile
import time
import zipfile

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from server import Report, Server, root  # noqa: E402

report = Report()
check = report.check
P = "/dortmund/platform/v1"

module = "id: lamps\ntitle: {de: Leuchten, en: Lamps}\norigin: Stadt Beispielhausen\nlicence: EUPL-1.2\n"
model = """type: TestLamp
title: {de: Leuchte, en: Lamp}
attributes:
  power: {is: number, min: 0}
  maker: {is: text, length_max: 20}
"""
roles = """roles:
  caretaker:
    grants:
      - {may: read, type: TestLamp}
"""


def package(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()


def lamps(model_text=model, head=module, roles_text=roles, **more):
    return package(**{"module.yaml": head, "models/lamp.yaml": model_text, "roles.yaml": roles_text, **more})


with Server([]) as s:
    def bearer(role, city="dortmund"):
        return {"Authorization": "Bearer " + s.token(city, role, role)}

    admin, editor, viewer = bearer("admin"), bearer("editor"), bearer("viewer")

    def put(id, content=None, who=admin, query="", type="application/zip"):
        return s.call("PUT", f"{P}/packages/{id}{query}", content, {**who, "Content-Type": type})

    def job(answer, patience_s=30):
        if answer.status != 202:
            return {"state": f"not accepted: {answer}"}
        deadline = time.monotonic() + patience_s
        while True:
            seen = s.call("GET", f"{P}/jobs/" + answer.json()["job"], None, admin).json()
            if seen["state"] in ("done", "failed") or time.monotonic() > deadline:
                return seen
            time.sleep(0.05)

    def one(id):
        r = s.call("GET", f"{P}/packages/{id}", None, admin)
        return r.json() if r.status == 200 else None

    def ngsi(method, path, body=None, who=editor):
        return s.call(method, "/dortmund/ngsi-ld/v1" + path, body, who)

    # --- who may
    for who, status in (({}, 401), (viewer, 403), (editor, 403)):
        check("only administrators change packages", put("lamps", lamps(), who).status == status)
        check("and look at them", s.call("GET", f"{P}/packages", None, who).status == status)
    check("an administrator of another city does not", put("lamps", lamps(), bearer("admin", "schwerte")).status in (401, 403))

    # --- taking one over
    done = job(put("lamps", lamps()))
    check("a package is taken over", done["state"] == "done", done)

    # --- what a package brings for devices and files can be used at once, and after a start
    profile = """id: lamp-node
name: {de: Leuchtenknoten, en: Lamp node}
vendor: Beispielhausen
model: L1
kind: street_light
interval_s: 3600
entity: {type: Streetlight}
attributes: [{attribute: powerState, from: state}]
"""
    codec = "function decodeUplink(input) { return {data: {state: input.bytes[0] ? 'on' : 'off'}}; }"
    mapping = "name: lamp-list\nsource: {format: csv}\nentity: {type: Streetlight, id: '{number}'}\nattributes:\n  - {attribute: name, from: name}\n"
    lights = module.replace("id: lamps", "id: lights")
    brought = package(**{"module.yaml": lights, "devices/lamp-node/device.yaml": profile, "devices/lamp-node/codec.js": codec,
                         "mappings/lamps.yaml": mapping})
    check("what comes with the program can be used without being active",
          s.call("GET", f"{P}/device-profiles/milesight-am107", None, viewer).status == 200 and one("lorawan-devices").get("state") != "on", one("lorawan-devices"))
    done = job(put("lights", brought))
    check("a package with a device and a mapping is taken over", done["state"] == "done", done)

    def tried():
        return s.call("POST", f"{P}/device-profiles/lamp-node/try", {"bytes": "01", "fPort": 1}, editor).json().get("data")

    check("its device is read by its codec", tried() == {"state": "on"}, tried())
    check("its mapping can be imported with", s.call("GET", f"{P}/mappings/lamp-list", None, viewer).status == 200)
    check("another city has neither", s.call("GET", "/schwerte/platform/v1/device-profiles/lamp-node", None, bearer("viewer", "schwerte")).status == 404)
    newer = package(**{"module.yaml": lights, "devices/lamp-node/device.yaml": profile, "devices/lamp-node/codec.js": codec.replace("'on'", "'bright'")})
    done = job(put("lights", newer))
    check("another version holds at once", done["state"] == "done" and tried() == {"state": "bright"}, tried())
    check("and what it no longer brings is gone", s.call("GET", f"{P}/mappings/lamp-list", None, viewer).status == 404)
    s.stop()
    s.start()
    check("and it holds after a start", tried() == {"state": "bright"}, tried())
    broken = package(**{"module.yaml": lights, "devices/lamp-node/device.yaml": profile.replace("kind: street_light", "kind: airship")})
    refused = put("lights", broken)
    check("a device that nobody understands is refused with file and line", refused.status == 400 and b"devices/lamp-node/device.yaml:5" in refused.body, refused)
    check("and the one before goes on", tried() == {"state": "bright"})
    mine = one("lamps")
    check("its origin and licence are told", mine and mine["origin"] == "Stadt Beispielhausen" and mine["licence"] == "EUPL-1.2", mine)
    first = mine["digest"]
    check("the same again is the same", job(put("lamps", lamps()))["state"] == "done" and one("lamps")["digest"] == first)
    check("it is not in the other city", s.call("GET", "/schwerte/platform/v1/packages/lamps", None, bearer("admin", "schwerte")).status == 404)
    back = s.call("GET", f"{P}/packages/lamps?format=zip", None, admin)
    check("it can be had as one file", back.status == 200 and job(put("lamps", back.body))["state"] == "done" and one("lamps")["digest"] == first)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as t:
        for name, text in (("lamps/module.yaml", module), ("lamps/models/lamp.yaml", model), ("lamps/roles.yaml", roles)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            t.addfile(entry, io.BytesIO(text.encode()))
    check("a tar will do", job(put("lamps", buffer.getvalue()))["state"] == "done" and one("lamps")["digest"] == first)

    # --- wrong ones, refused whole
    def refused(what, content, *words, id="lamps", type="application/zip", status=400):
        r = put(id, content, type=type)
        text = r.body.decode(errors="replace")
        check(f"{what} is refused", r.status == status and all(w in text for w in words), r)
        check(f"{what} changes nothing", one("lamps")["digest"] == first)

    refused("an unknown member", lamps(model.replace("is: number", "iz: number")), "models/lamp.yaml", '"line":4', "attributes.power.iz", "did you mean is")
    refused("text missing in a language", lamps(model.replace(", en: Lamp", "")), "models/lamp.yaml", '"line":2', "en is missing")
    refused("q that does not parse", lamps(roles_text=roles.replace("type: TestLamp", "type: TestLamp, where: 'power>>1'")), "roles.yaml", "grants[0].where")
    refused("an unknown attribute", lamps(roles_text=roles.replace("type: TestLamp", "type: TestLamp, where: 'watts>1'")), "has no attribute watts")
    refused("an unknown type", lamps(roles_text=roles.replace("TestLamp", "TestLampp")), "there is no type TestLampp")
    flow = "workflow: {start: a, states: {a: {}, b: {}, c: {end: true}}, actions: {go: {from: a, to: b, by: editor}}}\n"
    refused("an unreachable state and an endless workflow", lamps(model + flow), "no action leads", "no way leads")
    refused("an unknown role", lamps(model + flow.replace("by: editor", "by: nobody_at_all")), "neither a role nor an attribute")
    refused("a need that nobody has", lamps(head=module + "needs: [nothing-at-all]\n"), "there is no package nothing-at-all")
    refused("a need of itself", lamps(head=module + "needs: [lamps]\n"), "need each other")
    refused("another's id", lamps(head=module.replace("id: lamps", "id: others")), "is not lamps")
    refused("broken YAML", lamps(model + "\n  : :\n - {"), "not valid YAML")
    refused("an unknown file", lamps(**{"run.sh": "#!/bin/sh\n"}), "run.sh")
    refused("native code", lamps(**{"lib/x.so": "\x7fELF"}), "lib/x.so")
    refused("scripts that nobody allowed", lamps(**{"web/x.js": "export {}"}), "has to allow them")
    refused("a path that climbs", lamps(**{"../x.yaml": "a: 1"}), "leads out of the package")
    refused("an absolute path", lamps(**{"/etc/x.yaml": "a: 1"}), "leads out of the package")
    refused("no archive", b"PK nothing", "no archive")
    refused("half an archive", lamps()[:-40], "no archive")
    link = io.BytesIO()
    with tarfile.open(fileobj=link, mode="w") as t:
        entry = tarfile.TarInfo("module.yaml")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        t.addfile(entry)
    refused("a symbolic link", link.getvalue(), "no links")
    zip_link = io.BytesIO()
    with zipfile.ZipFile(zip_link, "w") as z:
        info = zipfile.ZipInfo("module.yaml")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        z.writestr(info, "/etc/passwd")
    refused("a symbolic link in a ZIP", zip_link.getvalue(), "no symbolic links")
    bomb = lamps(**{f"texts/t{n}.yaml": "x" * 1_900_000 for n in range(50)})
    refused("100 MB that pack well", bomb, "at most", status=413)
    refused("100 MB", b"PK\x03\x04" + b"0" * 100_000_000, status=413)
    refused("an unknown member of the body", json.dumps({"valeus": {}}).encode(), "valeus", type="application/json")
    refused("an unknown value", json.dumps({"values": {"x": 1}}).encode(), "values.x", type="application/json")
    check("an unknown package is not found", put("nowhere", None).status == 404)

    owner = "id: owner\ntitle: {de: Andere, en: Others}\n"
    twice = put("owner", package(**{"module.yaml": owner, "models/x.yaml": model}))
    check("two owners of one type are refused", twice.status == 400 and "belongs to the package lamps already" in twice.body.decode(), twice)
    more = job(put("owner", package(**{"module.yaml": owner + "needs: [lamps]\n", "models/x.yaml": "extends: TestLamp\nattributes:\n  colour: {is: text}\n"})))
    check("another package extends it", more["state"] == "done", more)
    iri = job(put("owner", package(**{"module.yaml": owner + "terms: {power: 'urn:other:power'}\n"})))
    check("a term never changes what it stands for", "never changes" in str(iri), iri)

    # --- names
    r = ngsi("POST", "/entities", {"id": "urn:ngsi-ld:TestLamp:1", "type": "TestLamp", "power": {"type": "Property", "value": 5, "observedAt": "2026-01-01T00:00:00Z"}, "maker": {"type": "Property", "value": "A"}}, admin)
    check("an entity of the type is made", r.status == 201, r)
    r = ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:1", None, admin)
    link_header = r.headers.get("Link", "")
    check("answers name a context by its digest", "/platform/v1/contexts/" in link_header, link_header)
    if "/platform/v1/contexts/" in link_header:
        digest = link_header.split("/contexts/")[1].split(">")[0]
        served = s.call("GET", f"{P}/contexts/{digest}")
        check("it is served to everybody, for ever", served.status == 200 and "immutable" in served.headers.get("Cache-Control", "") and "power" in json.dumps(served.json()["@context"]), served)

    # --- entities that it brings
    seed = json.dumps([{"id": "urn:ngsi-ld:TestLamp:seed", "type": "TestLamp", "power": {"type": "Property", "value": 7}}])
    seeded = job(put("lamps", lamps(**{"seed/first.jsonld": seed})))
    e = ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:seed", None, admin)
    check("what it needs to exist does", seeded["state"] == "done" and "problems" not in seeded and e.status == 200 and e.json()["power"]["value"] == 7, (seeded, e))
    job(put("lamps", lamps()))

    # --- a new version: entities that do not fit refuse it, twenty of them named
    for n in range(30):
        ngsi("POST", "/entities", {"id": f"urn:ngsi-ld:TestLamp:b{n}", "type": "TestLamp", "power": {"type": "Property", "value": 1000 + n}}, admin)
    tight = job(put("lamps", lamps(model.replace("min: 0", "min: 0, max: 100"))))
    check("entities that do not fit are named", tight["state"] == "failed" and len(tight["entities"]) == 20 and tight["entities"][0]["member"] == "power" and "30 of 32" in tight["detail"], tight)
    check("and the running version stays", one("lamps")["digest"] == first)

    ngsi("PATCH", "/entities/urn:ngsi-ld:TestLamp:1/attrs", {"power": {"type": "Property", "value": 6, "observedAt": "2026-01-02T00:00:00Z"}}, admin)
    renamed = model.replace("power: {is: number, min: 0}", "wattage: {is: number, min: 0, renamed_from: power}")
    moved = job(put("lamps", lamps(renamed)))
    check("a rename moves what is stored", moved["state"] == "done" and moved["moved"] == 32, moved)
    e = ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:1", None, admin).json()
    check("the value has the new name", e.get("wattage", {}).get("value") == 6 and "power" not in e, e)
    t = ngsi("GET", "/temporal/entities/urn:ngsi-ld:TestLamp:1?attrs=wattage", None, admin).json()
    history = t.get("wattage", [])
    values = [v["value"] for v in (history if isinstance(history, list) else [history])]
    check("the history came along", sorted(values) == [5, 6], t)

    # --- over a kill
    now = one("lamps")["digest"]
    s.kill()
    s.start()
    check("what was taken over is there after a kill", one("lamps")["digest"] == now)
    check("with its values", ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:1", None, admin).json().get("wattage", {}).get("value") == 6)

    # --- off
    off = job(s.call("DELETE", f"{P}/packages/lamps", None, admin))
    check("off", off["state"] == "done" and one("lamps")["state"] == "off", off)
    check("entities stay", ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:1", None, admin).status == 200)
    check("rights stay in force", ngsi("GET", "/entities/urn:ngsi-ld:TestLamp:1", None, viewer).status == 404)
    on = job(put("lamps", json.dumps({"state": "on"}).encode(), type="application/json"))
    check("on again", on["state"] == "done" and one("lamps")["state"] == "on" and one("lamps")["digest"] == now, on)

    # --- what comes with the program
    r = s.call("GET", f"{P}/packages?limit=1000", None, admin).json()
    states = {p["id"]: p["state"] for p in r["items"]}
    check("what comes with the program is there to be taken", states.get("open-data") == "available" and states.get("lamps") == "on", states)
    taken = job(put("open-data", None))
    check("and is taken by its name", taken["state"] == "done" and one("open-data")["state"] == "on", taken)

    # --- the register
    r = s.call("GET", f"{P}/measures")
    check("the register is for everybody", r.status == 200 and r.json()["total"] == len(r.json()["items"]), r)
    known = list((root / "measures").glob("*/measure.yaml"))
    kinds = [re.search(r"^kind: *(\w+)", f.read_text(), re.M).group(1) for f in known]
    check("it knows the measures that come with the program, and counts them by kind", r.json()["total"] == len(known) and r.json()["counts"]["kind"] == {k: kinds.count(k) for k in set(kinds)}, r.json()["counts"])
    measure = """id: zz-99-test
number: ZZ 99
title: {de: Probe, en: Probe}
summary: {de: Eine Probe., en: A probe.}
field: DP
kind: EP
cities: [schwerte]
state: running
"""
    added = job(put("zz-99-test", package(**{"measure.yaml": measure})))
    check("a measure is taken over", added["state"] == "done", added)
    r = s.call("GET", f"{P}/measures/zz-99-test")
    check("the register knows it without a release, and claims no more than is true", r.status == 200 and r.json()["state"] == "none", r)
    check("it is filtered by city", "zz-99-test" not in [m["id"] for m in s.call("GET", f"{P}/measures?city=dortmund").json()["items"]])
    kinds = s.call("GET", f"{P}/measures?field=DP").json()["counts"]["kind"]
    check("and counted by kind", kinds.get("EP", 0) >= 1, kinds)
    check("an unknown measure is not found", s.call("GET", f"{P}/measures/nothing").status == 404)

# --- a third city: cities/*.yaml names its packages, and another one's package is adopted into it
import subprocess  # noqa: E402
import tempfile  # noqa: E402

from server import program  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    city = pathlib.Path(folder, "elsewhere.yaml")
    city.write_text('id: elsewhere\nname: {de: Anderswo, en: Elsewhere}\nags: "05999000"\ncenter: [7.6, 51.4]\nbbox: [7.5, 51.3, 7.7, 51.5]\n')
    home = pathlib.Path(folder, "lamps")
    for name, text in (("module.yaml", module), ("models/lamp.yaml", model), ("roles.yaml", roles)):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)

    def dos(*words):
        return subprocess.run([program, *words], capture_output=True, text=True, env={**os.environ, "DOS_HOME": str(root)}, cwd=folder)

    r = dos("check", str(home))
    check("the package is in order", r.returncode == 0, r)
    r = dos("pack", str(home))
    check("it is packed", r.returncode == 0 and pathlib.Path(folder, "lamps.zip").exists(), r)
    with Server(["--city", str(city)]) as s:
        r = dos("adopt", "lamps.zip", "--data", s.data, "--city", "elsewhere")
        check("a running city takes it over", r.returncode == 0 and "job" in r.stdout, r)
        admin = {"Authorization": "Bearer " + s.token("elsewhere", "admin", "admin")}
        deadline = time.monotonic() + 20
        seen = {}
        while time.monotonic() < deadline and seen.get("state") != "on":
            r = s.call("GET", "/elsewhere/platform/v1/packages/lamps", None, admin)
            seen = r.json() if r.status == 200 else {}
            time.sleep(0.05)
        check("with its origin", seen.get("state") == "on" and seen.get("origin") == "Stadt Beispielhausen", seen)
    (home / "models/lamp.yaml").write_text(model.replace("is: number", "is: nmber"))
    r = dos("check", str(home))
    check("what is wrong is told with file, line and member", r.returncode == 1 and "lamps/models/lamp.yaml:4: attributes.power.is: " in r.stdout, r)

report.finish()
