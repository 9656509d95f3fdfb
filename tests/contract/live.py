"""Live streams of old changes: nothing is shown that was erased or closed, what was is told as it was, and nobody holds up others.
The old changes come from the log: there are more than the server keeps in memory."""
# serve:
# config: default_context: dos-context.json
import json
import os
import socket
import subprocess
import time
import urllib.parse

from _door import base, call
from server import Report, program

report = Report()
check = report.check
ngsi, api = "/dortmund/ngsi-ld/v1", "/dortmund/platform/v1"
host, port = base.hostname, base.port


def bearer(role):
    made = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", "dortmund", "--role", role],
                          check=True, capture_output=True, text=True)
    return {"Authorization": "Bearer " + made.stdout.strip()}


admin, editor, viewer = bearer("admin"), bearer("editor"), bearer("viewer")


def connect(query, headers=None, patience_s=10):
    s = socket.create_connection((host, port), timeout=patience_s)
    lines = [f"GET {api}/live{query} HTTP/1.1", f"Host: {host}:{port}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    s.sendall("\r\n".join(lines + ["", ""]).encode())
    return s


def events(query, headers=None, until="the end", patience_s=20):
    """All events until one has this text in it."""
    s = connect(query, headers)
    got, deadline = b"", time.monotonic() + patience_s
    while until.encode() not in got and time.monotonic() < deadline:
        s.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            part = s.recv(1 << 20)
        except TimeoutError:
            break
        if not part:
            break
        got += part
    s.close()
    found = []
    for block in got.decode(errors="replace").replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields and fields["data"] != "{}":
            try:
                found.append((fields.get("event"), fields.get("id"), json.loads(fields["data"])))
            except ValueError:  # cut
                pass
    return found


def ok(answer, *wanted):
    assert answer.status in (wanted or (200, 201, 204)), answer
    return answer


def types_open(*names):
    for name in names:
        iri = "https://uri.etsi.org/ngsi-ld/default-context/" + name
        ok(call("PUT", f"{api}/open-types/{urllib.parse.quote(iri, safe='')}", None, admin))


types_open("LiveLamp")
prop = lambda v, **more: {"type": "Property", "value": v, **more}  # noqa: E731

# --- closed: an entity of a closed type, which becomes an open one
ok(call("POST", ngsi + "/entities", {"id": "urn:x:closed", "type": "LiveSecret", "n": prop("closed-value")}, editor))
ok(call("PATCH", ngsi + "/entities/urn:x:closed", {"type": ["LiveSecret", "LiveLamp"], "n": prop("open-value")}, editor))
# --- open once, closed today
ok(call("POST", ngsi + "/entities", {"id": "urn:x:once", "type": "LiveLamp", "n": prop("was-open")}, editor))
# --- erased: an entity with its history, an attribute with its history, one observation
ok(call("POST", ngsi + "/entities", {"id": "urn:x:erased", "type": "LiveLamp", "n": prop("erased-entity")}, editor))
ok(call("DELETE", ngsi + "/entities/urn:x:erased", None, editor))
ok(call("DELETE", ngsi + "/temporal/entities/urn:x:erased", None, editor))
ok(call("POST", ngsi + "/entities", {"id": "urn:x:lamp", "type": "LiveLamp", "n": prop("kept-value"), "m": prop("erased-attribute"),
                                     "o": prop("erased-observation", observedAt="2026-01-01T10:00:00Z")}, editor))
ok(call("PATCH", ngsi + "/entities/urn:x:lamp/attrs/o", prop("later-observation", observedAt="2026-01-01T11:00:00Z"), editor))
ok(call("DELETE", ngsi + "/entities/urn:x:lamp/attrs/m", None, editor))
ok(call("DELETE", ngsi + "/temporal/entities/urn:x:lamp/attrs/m", None, editor))
instances = ok(call("GET", ngsi + "/temporal/entities/urn:x:lamp?attrs=o&options=sysAttrs", None, editor)).json()["o"]
first = [i["instanceId"] for i in instances if i["value"] == "erased-observation"][0]
ok(call("DELETE", f"{ngsi}/temporal/entities/urn:x:lamp/attrs/o/{urllib.parse.quote(first, safe='')}", None, editor))
# --- history alone
ok(call("POST", ngsi + "/temporal/entities/urn:x:lamp/attrs", {"n": [prop("from-the-past", observedAt="2020-01-01T00:00:00Z")]}, editor))
ok(call("DELETE", ngsi + "/entities/urn:x:once", None, editor))
ok(call("POST", ngsi + "/entities", {"id": "urn:x:once", "type": "LiveClosed", "n": prop("now-closed")}, editor))

# --- more than is kept in memory
for i in range(30):
    batch = [{"id": f"urn:x:many:{n}", "type": "LiveMany", "n": prop(i), "text": prop("x" * 200)} for n in range(1000)]
    ok(call("POST", ngsi + "/entityOperations/upsert", batch, editor))
ok(call("POST", ngsi + "/entities", {"id": "urn:x:end", "type": "LiveLamp", "n": prop("the end")}, editor))

all_ = events("?after=0&types=LiveLamp,LiveSecret,LiveClosed", viewer)
mine = events("?after=0", None)
text = {"a viewer": json.dumps(all_), "a stranger": json.dumps(mine)}
check("a viewer is shown changes from the log", "kept-value" in text["a viewer"] and "the end" in text["a viewer"], text["a viewer"][:500])
check("a stranger is shown what is open", "kept-value" in text["a stranger"] and "the end" in text["a stranger"], text["a stranger"][:500])
check("a stranger is shown an entity from when it was open on", "open-value" in text["a stranger"], text["a stranger"][:800])
for hidden in ("closed-value", "was-open", "now-closed", "LiveMany", "urn:x:many"):
    check(f"a stranger is not shown {hidden}", hidden not in text["a stranger"])
for who in text:
    for erased in ("erased-entity", "erased-attribute", "erased-observation"):
        check(f"{who} is not shown {erased}", erased not in text[who], [e for e in (all_ + mine) if erased in json.dumps(e)][:2])
check("that an erased entity went is told", any(d["id"] == "urn:x:erased" and d.get("deleted") for _, _, d in all_), text["a viewer"][:800])
check("what was written to the history alone is told", any(e == "history" and d["id"] == "urn:x:lamp" for e, _, d in all_), text["a viewer"][:800])
images = [d["entity"] for _, _, d in all_ if d["id"] == "urn:x:lamp" and "entity" in d]
check("images are those of their time", images and images[0]["n"]["value"] == "kept-value" and "o" not in images[0]
      and any(i.get("o", {}).get("value") == "later-observation" for i in images), images)

many = events("?after=0&types=LiveMany", viewer, until='"urn:x:many:999","type":"LiveMany","n":{"type":"Property","value":29', patience_s=60)
values = {}
for _, _, d in many:
    values.setdefault(d["id"], []).append(d["entity"]["n"]["value"])
check("every change is told once, in the order of its entity", len(values) == 1000 and all(v[:29] == list(range(29)) for v in values.values()),
      [(k, v[:5]) for k, v in values.items() if v[:29] != list(range(29))][:2])
positions = [int(i) for _, i, _ in many if i]
check("only the last change of a log entry gives the position to go on from", positions == sorted(set(positions)) and len(positions) <= 30, positions[:10])

# --- nobody holds up others
streams = []
answers = []
for n in range(150):
    streams.append(connect("?after=1", viewer))
slowest, deadline = 0.0, time.monotonic() + 8
while time.monotonic() < deadline:
    began = time.monotonic()
    ok(call("GET", "/healthz"))
    slowest = max(slowest, time.monotonic() - began)
    time.sleep(0.02)
check("150 streams that nobody reads hold up no other request", slowest < 1.0, f"{slowest:.2f} s")
for s in streams:
    s.settimeout(5)
    answers.append(s.recv(12)[9:12])
check("who wants too many at once is told so", answers.count(b"429") > 100 and answers.count(b"200") >= 4,
      {a: answers.count(a) for a in set(answers)})
for s in streams:
    s.close()
check("and once they are gone there is room again", any("the end" in json.dumps(e) for e in events("?after=0&types=LiveLamp", viewer)))
report.finish()
