#!/usr/bin/env python3
"""A package gives an attribute another name while the program is killed in the middle: afterwards every entity has one of the
names whole, the job goes on by itself, and no value and no history is lost. ROUNDS (default 6), DOS: the program."""
import io
import os
import pathlib
import random
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server  # noqa: E402

rounds = int(os.environ.get("ROUNDS", "6"))
count = 1_500
P = "/dortmund/platform/v1"
report = Report()
check = report.check
chance = random.Random(11)


def package(name, before):
    model = f"type: Moved\nattributes:\n  {name}: {{is: integer{', renamed_from: ' + before if before else ''}}}\n  note: {{is: text}}\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("module.yaml", "id: moving\ntitle: {de: Umzug, en: Move}\n")
        z.writestr("models/moved.yaml", model)
    return out.getvalue()


def jobs(s):
    return s.call("GET", P + "/jobs").json()["items"]


def settled(s, patience_s=60):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if all(j["state"] in ("done", "failed") for j in jobs(s)):
            return True
        time.sleep(0.05)
    return False


with Server() as s:
    put = lambda body: s.call("PUT", P + "/packages/moving", body, {"Content-Type": "application/zip"})  # noqa: E731
    put(package("first", None))
    check("the package is there", settled(s) and jobs(s)[0]["state"] == "done", jobs(s))
    for at in range(0, count, 500):
        entities = [{"id": f"urn:ngsi-ld:Moved:{n}", "type": "Moved",
                     "first": {"type": "Property", "value": n, "observedAt": "2026-01-01T00:00:00Z"}} for n in range(at, at + 500)]
        r = s.call("POST", "/dortmund/ngsi-ld/v1/entityOperations/create", entities)
        check("entities are made", r.status == 201, r)
    name, halves = "first", 0
    for number in range(rounds):
        before, name = name, "first" if name == "second" else "second"
        a = put(package(name, before))
        check("the change is accepted", a.status == 202, a)
        deadline = time.monotonic() + 10
        while number % 3 and time.monotonic() < deadline and not jobs(s)[0].get("both") and jobs(s)[0]["state"] in ("waiting", "running"):
            pass  # two of three rounds are killed where entities move
        time.sleep(chance.uniform(0, 0.04))
        s.kill()
        s.start()
        # Also while it goes on nothing is lost: each has one of the two names.
        seen = s.call("GET", "/dortmund/ngsi-ld/v1/entities?type=Moved&options=keyValues&limit=1000").json()
        check("each entity has one of the names", all((before in e) != (name in e) for e in seen), [e for e in seen if (before in e) == (name in e)][:3])
        halves += any(before in e for e in seen) and any(name in e for e in seen)
        check("the job goes on by itself", settled(s), jobs(s)[:2])
        check("and ends well", jobs(s)[0]["state"] == "done", jobs(s)[0])
        left = s.call("GET", f"/dortmund/ngsi-ld/v1/entities?type=Moved&q={before}&count=true&limit=0").headers.get("NGSILD-Results-Count")
        here = s.call("GET", f"/dortmund/ngsi-ld/v1/entities?type=Moved&q={name}&count=true&limit=0").headers.get("NGSILD-Results-Count")
        check("all have the new name", (left, here) == ("0", str(count)), (left, here))
        n = chance.randrange(count)
        t = s.call("GET", f"/dortmund/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Moved:{n}").json()
        values = t.get(name, {})
        check("the history came along", (values[0] if isinstance(values, list) else values).get("value") == n and before not in t, t)
    print(f"{halves} of {rounds} kills came in the middle")
report.finish()
