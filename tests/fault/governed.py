#!/usr/bin/env python3
"""What types declare holds over kills: numbers without a gap or a double, deadlines once and in order after two hours down, no
two at the same place, and what an export tells agrees. DOS: the program. ROUNDS: how often it is killed (6). SEED: the same again."""
import http.client
import io
import json
import os
import pathlib
import random
import sys
import threading
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server, ask  # noqa: E402

rounds = int(os.environ.get("ROUNDS", "6"))
seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
chance = random.Random(seed)
P, API = "/dortmund/platform/v1", "/dortmund/ngsi-ld/v1"
MODELS = {
    "module.yaml": "id: slots\ntitle: {de: Plätze, en: Slots}\n",
    "roles.yaml": "roles: {}\n",
    "models/slot.yaml": """type: Slot
title: {de: Platz, en: Slot}
number: "S-{n:5}"
attributes:
  startsAt: {is: time, required: true, title: {de: Beginn, en: Begin}}
  endsAt: {is: time, required: true, title: {de: Ende, en: End}}
  place: {is: relationship, required: true, title: {de: Ort, en: Place}}
  reference: {is: text, title: {de: Zeichen, en: Reference}}
workflow:
  attribute: state
  start: held
  states:
    held: {title: {de: Gehalten, en: Held}}
    lapsed: {end: true, title: {de: Verfallen, en: Lapsed}}
  actions:
    lapse: {from: held, to: lapsed, by: [timer], title: {de: Verfallen, en: Lapse}}
  deadlines:
    - {in: held, after: PT1H, do: {act: lapse}}
constraints:
  - no_overlap: {of: place, from: startsAt, to: endsAt, while: 'state==held'}
  - unique: [reference]
"""}
report = Report()
check = report.check


def package():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, text in MODELS.items():
            z.writestr(name, text)
    return out.getvalue()


def slot(n):
    hour, place = chance.randrange(400), chance.randrange(4)
    moment = lambda h: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1893456000 + h * 3600))  # noqa: E731
    return {"id": f"urn:ngsi-ld:Slot:{n}", "type": "Slot", "startsAt": {"type": "Property", "value": moment(hour)},
            "endsAt": {"type": "Property", "value": moment(hour + 1 + chance.randrange(3))},
            "place": {"type": "Relationship", "object": f"urn:ngsi-ld:Place:{place}"},
            "reference": {"type": "Property", "value": f"r{chance.randrange(5000)}"}}


def write(server, worker, turn, acknowledged, stop):
    c, n = None, 0
    while not stop.is_set():
        n += 1
        e = slot(f"{turn}-{worker}-{n}")
        try:
            c = c or http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            if n % 3:
                a = ask(c, "POST", API + "/entities", e)
                if a.status == 201:
                    acknowledged.append(e["id"])
            else:
                a = ask(c, "POST", API + "/entityOperations/create", [e, slot(f"{turn}-{worker}-{n}b")])
                if a.status == 201:
                    acknowledged.extend(a.json())
                elif a.status == 207:
                    acknowledged.extend(a.json().get("success", []))
        except (OSError, http.client.HTTPException):
            c = None
            time.sleep(0.01)


def export(s):
    found, offset = [], 0
    while True:
        page = s.call("GET", f"{API}/entities?type=Slot&options=keyValues&limit=1000&offset={offset}").json()
        found += page
        if len(page) < 1000:
            return found
        offset += 1000


def settled(s, patience_s=60):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        items = s.call("GET", P + "/jobs").json()["items"]
        if all(j["state"] in ("done", "failed") for j in items):
            return items
        time.sleep(0.05)
    return []


def agrees(all_slots, when):
    numbers = sorted(int(e["number"][2:]) for e in all_slots)
    check(f"numbers without a gap or a double {when}", numbers == list(range(1, len(numbers) + 1)), (seed, len(numbers), numbers[-3:]))
    references = [e["reference"] for e in all_slots]
    check(f"every reference once {when}", len(set(references)) == len(references), seed)
    for place in {e["place"] for e in all_slots}:
        held = sorted((e["startsAt"], e["endsAt"]) for e in all_slots if e["place"] == place and e["state"] == "held")
        check(f"no two at one place {when}", all(a[1] <= b[0] for a, b in zip(held, held[1:])), (seed, place))


with Server(("--anonymous", "admin", "--test-clock", "now")) as s:
    a = s.call("PUT", P + "/packages/slots", package(), {"Content-Type": "application/zip"})
    jobs = settled(s)
    check("the package is there", a.status == 202 and jobs and jobs[0]["state"] == "done", (a, jobs))
    acknowledged = []
    for turn in range(rounds):
        stop = threading.Event()
        workers = [threading.Thread(target=write, args=(s, w, turn, acknowledged, stop)) for w in range(4)]
        for w in workers:
            w.start()
        time.sleep(chance.uniform(0.3, 1.2))
        s.kill()
        stop.set()
        for w in workers:
            w.join()
        s.start()
        there = export(s)
        lost = set(acknowledged) - {e["id"] for e in there}
        check(f"what was acknowledged is there after kill {turn + 1}", not lost, (seed, len(lost)))
        agrees(there, f"after kill {turn + 1}")
        check("all are held", all(e["state"] == "held" for e in there), seed)
    held = [e["id"] for e in export(s)]
    s.kill()
    s.start()
    # The test clock begins with the system's: two hours later nothing has been done yet, as after two hours down.
    a = s.call("POST", "/test/clock", {"advance": "PT2H"}, timeout=150)
    check("the clock is turned and all is settled", a.status == 200, a)
    there = {e["id"]: e for e in export(s)}
    check("every deadline was done", all(there[i]["state"] == "lapsed" for i in held), (seed, sum(there[i]["state"] != "lapsed" for i in held)))
    when = {}
    for i in held[:200]:
        t = s.call("GET", f"{API}/temporal/entities/{i}?attrs=state&options=temporalValues&timeproperty=modifiedAt").json()
        values = t.get("state", {}).get("values", [])
        check("each once", [v[0] for v in values] == ["held", "lapsed"], (seed, i, values))
        if len(values) == 2:
            when[i] = (values[0][1], values[1][1])
    order = sorted(when.values())
    check("in order", all(a[1] <= b[1] for a, b in zip(order, order[1:])), seed)
    agrees(list(there.values()), "at the end")
    a = s.call("POST", API + "/entities", slot("after"))
    check("a place that has lapsed is free again, or its reference is used", a.status in (201, 409), a)
report.finish()
