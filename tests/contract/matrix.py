"""Every route, stream and topic × everybody: who gets in, and that nobody learns of what is hidden. The routes are those that the program itself
lists (x-needs in /openapi.json), so that a new one is here by itself."""
# serve:
# config: default_context: dos-context.json
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.parse

from _door import base, call
from mqtt_client import Ended, WebSocketClient
from server import Report, program

report = Report()
check = report.check
data = os.environ["DATA_DIR"]
ngsi, sta = "/dortmund/ngsi-ld/v1", "/dortmund/v1.1"


def token(role, city="dortmund"):
    return subprocess.run([program, "token", "--data", data, "--city", city, "--role", role, "--name", "matrix"],
                          check=True, capture_output=True, text=True).stdout.strip()


def expired():
    """As the program signed it once: valid but for its time."""
    key = pathlib.Path(data + ".keys", "token.key").read_bytes()
    encode = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()  # noqa: E731
    claims = {"id": "x", "parent": "", "city": "dortmund", "role": "admin", "name": "x", "iat": 1, "exp": 2}
    body = "dos." + encode(json.dumps(claims).encode())
    return body + "." + encode(hmac.new(key, body.encode(), hashlib.sha256).digest())


def revoked():
    made = call("POST", "/dortmund/platform/v1/tokens", {"name": "gone", "role": "admin"}, bearer(admin_token)).json()
    call("DELETE", "/dortmund/platform/v1/tokens/" + made["id"], None, bearer(admin_token))
    return made["token"]


def bearer(t):
    return {"Authorization": "Bearer " + t} if t else {}


admin_token = token("admin")
admin = bearer(admin_token)
callers = {"nobody": None, "viewer": token("viewer"), "device": token("device"), "editor": token("editor"), "admin": admin_token,
           "admin of schwerte": token("admin", "schwerte"), "expired": expired(), "revoked": revoked()}
may = {"person": set(), "member": {"viewer", "editor", "admin"}, "reader": {"viewer", "editor", "admin"},
       "writer": {"device", "editor", "admin"}, "editor": {"editor", "admin"}, "admin": {"admin"}}
shapes = {"writer": {"id": "urn:ngsi-ld:Refused:1", "type": "Refused"}}

# --- what is open and what is hidden
for kind, word, value in (("OpenThing", "open", 1), ("HiddenThing", "hidden", 4711)):
    call("POST", ngsi + "/entities", {"id": f"urn:ngsi-ld:{word}:1", "type": kind, f"{word}Value": {"type": "Property", "value": value},
                                      "name": {"type": "Property", "value": f"{word}Name"}}, admin)
listed = call("GET", ngsi + "/types?details=true", None, admin).json()
opened = next(t["id"] for t in listed if "OpenThing" in json.dumps(t))
check("one type is opened", call("PUT", "/dortmund/platform/v1/open-types/" + urllib.parse.quote(opened, safe=""), None, admin).status == 204)
things = {t["name"]: t["@iot.id"] for t in call("GET", sta + "/Things", None, admin).json()["value"]}
hidden_thing = next((i for n, i in things.items() if "hidden" in n.lower()), 0)

document = call("GET", "/openapi.json").json()
routes = [(verb.upper(), path, operation["x-needs"]) for path, item in document["paths"].items() for verb, operation in item.items()
          if isinstance(operation, dict) and "x-needs" in operation]
check("the program lists its routes with what they need", len(routes) > 120, len(routes))
undeclared = [(p, v) for p, i in document["paths"].items() for v, o in i.items()
                                            if v in ("get", "put", "post", "patch", "delete") and "x-needs" not in o]
check("each operation says what it needs", undeclared == [], undeclared)


def fill(path, of, thing):
    path = path.replace("{city}", "dortmund")
    path = re.sub(r"\{rest\}", f"Things({thing})" if "v1.1" in path else "nothing", path)
    values = {"id": of, "type": of, "attribute": "hiddenValue" if "hidden" in of else "absentValue"}
    return re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(values.get(m[1], "x"), safe=""), path)


def ask(method, path, who):
    body = None if method in ("GET", "DELETE") else {}
    return call(method, path, body, {**bearer(callers[who]), "X-DOS-Request": "1"})


# Streams do not end by themselves; the WebSocket's door has a test of its own.
skipped = {"/{city}/platform/v1/live", "/mqtt"}
ends_everything = {("DELETE", "/{city}/platform/v1/demo"), ("DELETE", "/{city}/ngsi-ld/v1/entities")}
for method, path, needs in sorted(routes, key=lambda r: (r[0] == "DELETE", r[1])):
    if path in skipped:
        continue
    of_city = "{city}" in path or path.startswith(("/ngsi-ld", "/v1.1", "/sensorthings", "/context"))
    for who in callers:
        at_root = of_city and "{city}" not in path
        gets_in = needs in ("nothing", "own") or who in may[needs] or (not of_city and who == "admin of schwerte")
        if who == "admin of schwerte" and of_city:
            gets_in = needs == "own"
        if who in ("expired", "revoked"):
            gets_in = needs == "own" or (needs == "nothing" and not of_city)
        if gets_in and (method, path) in ends_everything:
            continue
        answer = ask(method, fill(path, "urn:ngsi-ld:absent:1", 999999), who)
        what = f"{who}: {method} {path} ({needs})"
        if gets_in:
            # A device may be refused for what it wants to change; that is another matter than the door.
            lets_in = answer.status != 401 or needs == "own"
            check(what + " gets in", lets_in and answer.status < 500 and (answer.status != 403 or who in ("device", "nobody") or needs == "own"), answer)
        else:
            unknown = who in ("nobody", "expired") or (who == "revoked" and not of_city)
            check(what + " stays out", answer.status == (401 if unknown else 403), answer)
        if who in ("nobody", "expired", "revoked", "device", "admin of schwerte") and method == "GET":
            said = answer.body.decode(errors="replace") + str(answer.headers)
            check(what + " tells nothing of what is hidden", not re.search("hidden(Value|Name|Thing|:1)|4711", said, re.I) or path == "/openapi.json", said[:400])

# --- to whom it is hidden, what is there and what is not there look alike
for method, path, needs in routes:
    if path in skipped or (method, path) in ends_everything or ("{id}" not in path and "{rest}" not in path and "{type}" not in path
                                                                and "{attribute}" not in path):
        continue
    if "v1.1" not in path and "ngsi-ld" not in path:
        continue  # staff's own records
    for who in ("nobody", "device"):
        alike = []
        for of, thing in (("urn:ngsi-ld:hidden:1", hidden_thing), ("urn:ngsi-ld:absent:1", 999999)):
            a = ask(method, fill(path, of, thing), who)
            text = a.body.decode(errors="replace").replace(of, "ID").replace(urllib.parse.quote(of, safe=""), "ID")
            for word in ("hiddenValue", "absentValue"):
                text = text.replace(word, "ATTRIBUTE")
            alike.append((a.status, text.replace(f"({thing})", "(N)"), sorted(k for k in a.headers if k != "Date")))
        check(f"{who}: {method} {path} does not tell what exists", alike[0] == alike[1], alike)
began = call("GET", ngsi + "/entities/urn:ngsi-ld:hidden:1", None, admin)
check("and what is hidden is still there", began.status == 200 and began.json()["hiddenValue"]["value"] == 4711, began)

# --- streams and topics: a hidden change, then an open one; who reads up to the second one knows whether the first one came
readers = ("viewer", "editor", "admin")
topics = ("#", "v1.1/Observations", "dortmund/v1.1/Observations", "dortmund/v1.1/Things", "+/v1.1/#")


def open_live(who):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=10)
    c.request("GET", "/dortmund/platform/v1/live", headers=bearer(callers[who]))
    stream = c.getresponse()
    stream.connection = c  # lives as long as its answer
    if stream.status == 200:
        stream.readline()
    return stream


def open_topics(who):
    """A connection that has subscribed to whatever it may, or the reason why there is none."""
    how = {"user": "dortmund", "password": callers[who]} if callers[who] else {}
    c = WebSocketClient(base.port, "matrix " + who, 5, patience_s=10, **how)
    if c.reason:
        return c.reason
    c.granted = [t for t in topics if c.subscribe(t)[0] < 0x80]
    return c


lives = {who: open_live(who) for who in callers}
clients = {who: open_topics(who) for who in callers}
for who, stream in lives.items():
    stays_out = {"expired": 401, "revoked": 403, "admin of schwerte": 403}.get(who, 200)
    check(f"{who}: the live stream answers {stays_out}", stream.status == stays_out, stream.status)
for who, c in clients.items():
    check(f"{who}: MQTT {'lets in' if who not in ('expired', 'revoked') else 'refuses'}",
          (c in (0x86, 0x87)) == (who in ("expired", "revoked")), c)
for word, value in (("hidden", 4712), ("open", 815)):
    changed = call("PATCH", ngsi + f"/entities/urn:ngsi-ld:{word}:1/attrs", {f"{word}Value": {"type": "Property", "value": value}}, admin)
    check(f"what is {word} changes", changed.status == 204, changed)
for who, stream in lives.items():
    if stream.status != 200:
        continue
    said = ""
    while "815" not in said:
        said += stream.readline().decode()
    check(f"{who}: the live stream tells {'all' if who in readers else 'what is open'}", ("hidden" in said) == (who in readers), said)
for who, c in clients.items():
    if isinstance(c, int):
        continue
    said = ""
    c.socket.settimeout(10 if c.granted and who not in ("nobody", "device", "admin of schwerte") else 0.5)
    try:
        while "815" not in said:
            m = c.message()
            said += m.topic + m.payload.decode(errors="replace")
    except (Ended, TimeoutError):
        pass
    check(f"{who}: topics tell {'all' if who in readers else 'nothing hidden'}", ("4712" in said) == (who in readers), (c.granted, said))
report.finish()
