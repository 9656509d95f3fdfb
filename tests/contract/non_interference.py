# config: allow_private_addresses: true
"""What is hidden leaves no trace: two servers that differ only in what somebody may not see answer this somebody byte for byte the
same, at every door, whatever the policy. Policies, worlds and requests are random, by a seed.

NON_INTERFERENCE_SEEDS: how many policies (12), NON_INTERFERENCE_SECONDS: no new one after so long (40). Times of the servers' own clocks, ids
that they make up and positions of the log are left out of the comparison: that something was written, and when, is told by them."""
import http.client
import http.server
import io
import json
import os
import pathlib
import random
import re
import sys
import threading
import time
import urllib.parse
import zipfile

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from mqtt_client import Client  # noqa: E402
from server import Report, Server  # noqa: E402

report = Report()
seeds = int(os.environ.get("NON_INTERFERENCE_SEEDS", "12"))
seconds = float(os.environ.get("NON_INTERFERENCE_SECONDS", "40"))
first_seed = int(os.environ.get("NON_INTERFERENCE_FIRST", "1"))
began = time.monotonic()
heard = {"live": 0, "topics": 0, "subscriptions": 0}
NGSI, STA, P = "/dortmund/ngsi-ld/v1", "/dortmund/v1.1", "/dortmund/platform/v1"
TYPES = ["Alpha", "Beta"]
TEXTS, NUMBERS = ["name", "kind", "secret", "owner"], ["level", "size"]
ATTRIBUTES = TEXTS + NUMBERS + ["location"]
VALUES = {"name": ["Haus", "Rathaus", "Park"], "kind": ["open", "shut"], "secret": ["x", "y", "z"], "owner": ["ada", "bob"]}
ME = "ada"

MODEL = """type: {type}
title: {{de: {type}, en: {type}}}
attributes:
  name: {{is: text, title: {{de: Name, en: Name}}}}
  kind: {{is: text, title: {{de: Art, en: Kind}}}}
  secret: {{is: text, title: {{de: Geheim, en: Secret}}}}
  owner: {{is: text, title: {{de: Wem, en: Whose}}}}
  level: {{is: number, title: {{de: Stand, en: Level}}}}
  size: {{is: number, title: {{de: Maß, en: Size}}}}
  location: {{is: geo, title: {{de: Ort, en: Place}}}}
"""
WHERES = {None: lambda e: True, "kind==\"open\"": lambda e: e.get("kind") == "open", "owner==$me": lambda e: e.get("owner") == ME,
          "level>5": lambda e: e.get("level", 0) > 5, "secret==\"x\"": lambda e: e.get("secret") == "x", "size<=5": lambda e: e.get("size", 99) <= 5}


def random_grants(r):
    """{role: [grant]}; reading, and for some a little writing."""
    roles = {}
    for role in ("everyone", "viewer", "r1", "r2"):
        grants = []
        for _ in range(r.randrange(0, 4)):
            g = {"may": ["read"] + (["change"] if r.random() < 0.2 else []), "type": r.choice(TYPES)}
            where = r.choice(list(WHERES))
            if where:
                g["where"] = where
            if r.random() < 0.7:
                g["attributes"] = {r.choice(["only", "except"]): sorted(r.sample(ATTRIBUTES, r.randrange(1, 5)))}
            if r.random() < 0.1:
                g["history"] = "all"
            grants.append(g)
        roles[role] = grants
    for t in TYPES:  # every type is granted to somebody, if to nobody who asks
        roles["r2"].append({"may": ["administer"], "type": t})
    return {k: v for k, v in roles.items() if v}


def covers(g, a):
    which = g.get("attributes")
    return which is None or (a in which["only"] if "only" in which else a not in which["except"])


def seen(grants, mine, type, e):
    """The attributes that somebody of these roles sees; None: not the entity. And those whose history is seen."""
    held, whole = [], []
    for role in mine:
        for g in grants.get(role, []):
            if g["type"] != type or not {"read", "administer"} & set(g["may"]):
                continue
            if WHERES[g.get("where")](e):
                held.append(g)
            if g.get("history") == "all":
                whole.append(g)
    if not held:
        return None
    return ({a for a in e if any(covers(g, a) for g in held)}, {a for a in ATTRIBUTES if any(covers(g, a) for g in held + whole)})


def random_value(r, a):
    if a == "location":
        return {"type": "Point", "coordinates": [round(7.4 + r.random() / 10, 4), round(51.5 + r.random() / 10, 4)]}
    return r.choice(VALUES[a]) if a in VALUES else r.randrange(0, 11)


def another_of(r, grants, mine, type, e, tries=60):
    """The same entity where it is seen, another where it is not."""
    was = seen(grants, mine, type, e)
    for _ in range(tries):
        other = dict(e)
        for a in e:
            if was is None or (a not in was[0] and a not in was[1]):
                other[a] = random_value(r, a)
        if seen(grants, mine, type, other) == was:
            return other
    return e


def package(grants):
    roles = {"roles": {k: {"title": {"de": k, "en": k}, "grants": v} for k, v in grants.items()}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("module.yaml", "id: two-worlds\ntitle: {de: Welten, en: Worlds}\norigin: Stadt Beispielhausen\nlicence: EUPL-1.2\n")
        for t in TYPES:
            z.writestr(f"models/{t.lower()}.yaml", MODEL.format(type=t))
        z.writestr("roles.yaml", json.dumps(roles))
    return out.getvalue()


def to_entity(id, type, e, at):
    out = {"id": id, "type": type}
    for a, v in e.items():
        if a == "location":
            out[a] = {"type": "GeoProperty", "value": v}
        else:
            out[a] = {"type": "Property", "value": v}
            if a in NUMBERS:
                out[a]["observedAt"] = at
    return out


def plain(body):
    """Without what the servers make up by themselves."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    text = re.sub(r"202[6-9]-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "NOW", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r"\b(dortmund)-[0-9a-f]{8}\b", r"\1", text)
    return re.sub(r"(127\.0\.0\.1|localhost):\d+", "HOST", text)


class World:
    """A server with one of the two worlds."""

    def __init__(self):
        self.server = Server(["--mqtt-port", "0"], "allow_private_addresses: true\n")
        self.heard = []

    def start(self):
        self.server.start()
        self.admin = {"Authorization": "Bearer " + self.server.token("dortmund", "admin", "admin")}
        self.listen()

    def end(self):
        if self.server.process:
            self.server.__exit__()
        self.receiver.shutdown()

    def listen(self):
        heard = self.heard

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.extend(plain(json.dumps(d, sort_keys=True)) for d in body.get("data", []))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.receiver.serve_forever, daemon=True).start()

    def call(self, method, path, body=None, who=None, **headers):
        return self.server.call(method, path, body, {**(who if who is not None else self.admin), **headers})

    def activate(self, grants):
        r = self.server.call("PUT", f"{P}/packages/two-worlds", package(grants), {**self.admin, "Content-Type": "application/zip"})
        if r.status != 202:
            return f"{r}"
        for _ in range(200):
            job = self.call("GET", f"{P}/jobs/" + r.json()["job"]).json()
            if job["state"] in ("done", "failed"):
                return None if job["state"] == "done" else json.dumps(job)
            time.sleep(0.05)
        return "it did not end"

    def token(self, role, roles):
        if role == "anonymous":
            return {}
        r = self.call("POST", f"{P}/tokens", {"name": f"one {role}", "role": role, "roles": roles, "subject": ME})
        return {"Authorization": "Bearer " + r.json()["token"]}

    def live(self, who):
        """Follows the live stream until `close`; the events, without their ids."""
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        c.request("GET", f"{P}/live", headers=who)
        r = c.getresponse()
        lines = []

        def read():
            try:
                for line in r:
                    if line.startswith((b"event:", b"data:")):
                        lines.append(plain(line))
            except Exception:
                pass

        t = threading.Thread(target=read, daemon=True)
        t.start()
        return lines, c


    def snapshot(self, who):
        """What is there now, as its maker sees it."""
        made = self.call("POST", f"{NGSI}/snapshots", {"type": "Snapshot", "snapshotQueries": [{"type": "Query", "entities": [{"type": t} for t in TYPES]}]}, who)
        id = made.headers["Location"].rpartition("/")[2]
        for _ in range(100):
            if self.call("GET", f"{NGSI}/snapshots/{id}", None, who).json()["snapshotStatus"] != "preparing":
                break
            time.sleep(0.05)
        return urllib.parse.unquote(id)

    def mqtt(self, who):
        """What SensorThings tells by MQTT, until the server ends."""
        if not who:
            return []
        told = []
        c = Client(self.server.mqtt_port, "one", 4, user="one", password=who["Authorization"][7:], patience_s=90)
        c.subscribe("v1.1/Things", "v1.1/Datastreams", "v1.1/Observations", "v1.1/Locations", qos=0)

        def read():
            try:
                while True:
                    m = c.message()
                    told.append(plain(f"{m.topic} {m.payload.decode()}"))
            except Exception:
                pass

        threading.Thread(target=read, daemon=True).start()
        return told


def requests(r, ids):
    """Random requests, of every door."""
    def q():
        a = r.choice(ATTRIBUTES[:-1])
        v = json.dumps(random_value(r, a))
        one = f"{a}{r.choice(['==', '!=', '>', '<=', '~='] if a in NUMBERS else ['==', '!='])}{v}".replace("~=", "==")
        if r.random() < 0.2:
            one = r.choice([a, "!" + a])
        return one if r.random() < 0.6 else one + r.choice([";", "|"]) + f"{r.choice(NUMBERS)}>{r.randrange(0, 9)}"

    def quoted(s):
        return urllib.parse.quote(s, safe="")

    id, t, a = r.choice(ids), r.choice(TYPES), r.choice(ATTRIBUTES)
    query = f"type={r.choice([t, t, 'Alpha,Beta'])}&limit={r.choice([2, 5, 50])}"
    about = [f"&q={quoted(q())}", f"&attrs={a}", f"&pick={a}", f"&omit={a}", "&count=true", "&options=keyValues", "&options=sysAttrs", "&options=concise",
             "&georel=near%3BmaxDistance==6000&geometry=Point&coordinates=%5B7.45,51.55%5D", "&idPattern=1$", f"&orderBy={a}", "&offset=1"]
    query += "".join(r.sample(about, r.randrange(0, 4)))
    span = "timerel=after&timeAt=2019-01-01T00:00:00Z"
    filters = [f"name eq 'Haus {r.choice(NUMBERS)}'", f"substringof('{r.choice(['Haus', 'ark'])}',name)", f"Datastreams/name eq 'Haus {a}'",
               f"properties/kind eq '{r.choice(VALUES['kind'])}'", f"not properties/secret eq 'x'", f"properties/owner eq '{r.choice(VALUES['owner'])}'"]
    some = f"$top={r.choice([2, 20])}&$count=true&$filter={quoted(r.choice(filters))}"
    batch = {"requests": [{"id": str(i), "method": "get", "url": u} for i, u in enumerate(["Things?$count=true", "Datastreams?$top=3", "Observations?$count=true&$top=2"])]}
    yield r.choice([
        ("GET", f"{NGSI}/entities?{query}", None),
        ("GET", f"{NGSI}/entities?{query}", None),
        ("GET", f"{NGSI}/entities?{query}", None),
        ("POST", f"{NGSI}/entityOperations/query?limit=9&count=true", {"type": "Query", "entities": [{"type": t}], "q": q()}),
        ("GET", f"{NGSI}/entities/{id}?options={r.choice(['keyValues', 'sysAttrs', 'normalized'])}", None),
        ("GET", f"{NGSI}/entities/{id}?attrs={a}", None),
        ("GET", f"{NGSI}/types?details={r.choice(['true', 'false'])}", None),
        ("GET", f"{NGSI}/types/{t}", None),
        ("GET", f"{NGSI}/attributes?details=true", None),
        ("GET", f"{NGSI}/attributes/{a}", None),
        ("GET", f"{NGSI}/temporal/entities?type={t}&{span}&q={quoted(q())}&limit=5", None),
        ("GET", f"{NGSI}/temporal/entities?type={t}&{span}&options={r.choice(['temporalValues', 'sysAttrs'])}&count=true", None),
        ("GET", f"{NGSI}/temporal/entities?type={t}&{span}&options=aggregatedValues&aggrMethods=sum,max&aggrPeriodDuration=P1D", None),
        ("GET", f"{NGSI}/temporal/entities/{id}?{span}&lastN={r.randrange(1, 5)}", None),
        ("GET", f"{NGSI}/entityMaps?type={t}&q={quoted(q())}", None),
        ("GET", f"{NGSI}/entities?type={t}&entityMap=true&count=true&limit=2", None),
        ("GET", f"{STA}/Things?{some}&$expand=Datastreams($count=true;$expand=Observations($top=2)),Locations", None),
        ("GET", f"{STA}/Things?$orderby=name&$count=true", None),
        ("GET", f"{STA}/Datastreams?{some}", None),
        ("GET", f"{STA}/Datastreams?$expand=Thing,ObservedProperty,Observations($top=1)&$count=true", None),
        ("GET", f"{STA}/Observations?$count=true&$top=5&$filter=result gt {r.randrange(0, 9)}".replace(" ", "%20"), None),
        ("GET", f"{STA}/{r.choice(['Locations', 'HistoricalLocations', 'FeaturesOfInterest', 'Sensors'])}?$count=true", None),
        ("GET", f"{STA}/Things({r.randrange(1, 60)})?$expand=Datastreams", None),
        ("GET", f"{STA}/Datastreams({r.randrange(1, 60)})/Observations", None),
        ("POST", f"{STA}/$batch", batch),
        ("GET", f"{P}/rhythms?id={id}", None),
        ("GET", f"{P}/models", None),
        ("POST", f"{P}/explain", {"verb": r.choice(["read", "change"]), "entity": id, "attribute": a}),
        ("PATCH", f"{NGSI}/entities/{id}/attrs/{r.choice(ATTRIBUTES[:-1])}", {"type": "Property", "value": 3}),
        ("PATCH", f"{NGSI}/entities/{id}", {a: {"type": "Property", "value": "Haus"}} if a != "location" else {"name": "Haus"}),
        ("DELETE", f"{NGSI}/entities/{id}/attrs/{a}", None),
        ("DELETE", f"{NGSI}/entities/{id}", None),
    ])


def compare(sentence, seed, who, one, other):
    def what(x):
        kept = {k: plain(v) for k, v in x.headers.items() if k.lower() in ("content-type", "ngsild-results-count", "ngsild-warning", "link", "location")}
        return x.status, kept, plain(x.body)
    a, b = str(what(one)), str(what(other))
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), 0)
    report.check(sentence, a == b, f"seed {seed} as {who}:\n  …{a[max(0, at - 200):at + 300]}\n  …{b[max(0, at - 200):at + 300]}")


def run(seed, worlds):
    r = random.Random(seed)
    grants = random_grants(r)
    role = r.choice(["anonymous", "member", "viewer", "editor"])
    roles = [] if role == "anonymous" else r.choice([[], ["r1"]])
    mine = roles + ["everyone"] + (["member"] if role != "anonymous" else []) + (["viewer"] if role in ("viewer", "editor") else [])
    for w in worlds:
        wrong = w.activate(grants)
        report.check("the policy is taken over", wrong is None, f"seed {seed}: {wrong} {json.dumps(grants)}")
        if wrong:
            return
    whos = [w.token(role, roles) for w in worlds]
    told = f"{role} {roles} of {json.dumps(grants)}"
    twins, ids = [], []
    for i in range(14):
        type = r.choice(TYPES)
        e = {a: random_value(r, a) for a in ATTRIBUTES if r.random() < 0.8}
        other = another_of(r, grants, mine, type, e)
        id = f"urn:x:{seed}:{i}"
        twins.append([id, type, e, other])
        # Of what is not seen at all, not even the id is the same.
        names = [id, id] if seen(grants, mine, type, e) is not None else [id, id + "b"]
        twins[-1].append(names)
        ids += sorted(set(names))
        for w, values, name in zip(worlds, (e, other), names):
            made = w.call("POST", f"{NGSI}/entities", to_entity(name, type, values, f"2020-01-{i + 1:02}T00:00:00Z"))
            report.check("an entity is made", made.status == 201, f"seed {seed} {made}")
    lives = [w.live(who) for w, who in zip(worlds, whos)]
    topics = [w.mqtt(who) for w, who in zip(worlds, whos)]
    if role == "editor":
        for w, who in zip(worlds, whos):
            w.heard.clear()
            w.call("POST", f"{NGSI}/subscriptions", {"id": f"urn:x:s:{seed}", "type": "Subscription", "entities": [{"type": t} for t in TYPES], "q": ["level>4", "!secret", "kind==\"open\""][seed % 3],
                                                     "notification": {"endpoint": {"uri": f"http://127.0.0.1:{w.receiver.server_port}/", "accept": "application/json"}}}, who)
    time.sleep(0.2)
    for n in range(25):
        id, type, e, other, names = r.choice(twins)
        a = r.choice(sorted(e)) if e else None
        if a is None or a == "location":
            continue
        changed, changed_other = {**e, a: random_value(r, a)}, None
        now = seen(grants, mine, type, changed)
        if now is None and names[0] == names[1]:
            continue  # that it goes is no part of what is hidden
        if now is not None and names[0] != names[1]:
            continue
        was = seen(grants, mine, type, e)
        for _ in range(60):
            try_other = {**other, a: changed[a] if was and (a in was[0] | was[1] or a in now[0] | now[1]) else random_value(r, a)}
            if seen(grants, mine, type, try_other) == now:
                changed_other = try_other
                break
        if changed_other is None or (was and now and was != now):
            continue
        for w, values, name in zip(worlds, (changed, changed_other), names):
            body = to_entity(name, type, {a: values[a]}, f"2020-02-{n + 1:02}T00:00:00Z")
            w.call("PATCH", f"{NGSI}/entities/{name}/attrs", {a: body[a]})
        for k in (2, 3):
            next(t for t in twins if t[0] == id)[k] = (changed, changed_other)[k - 2]
    # Derived things are made when they are first asked for: by the same asker in both worlds.
    for w in worlds:
        w.call("GET", f"{STA}/ObservedProperties")
    for n in range(70):
        for method, path, body in requests(r, ids):
            form = r.choice(["application/json"] * 3 + ["application/ld+json", "application/geo+json", "text/csv"] * (NGSI in path))
            answers = [w.call(method, path, body, who, Accept=form) for w, who in zip(worlds, whos)]
            compare(f"{method} {path} {json.dumps(body) if body else ''}", seed, told, *answers)
    if role == "editor":
        frozen = [w.snapshot(who) for w, who in zip(worlds, whos)]
        for path in ("entities?type=Alpha,Beta&count=true&limit=50", "entities?type=Alpha&q=level>4|!secret", "types?details=true"):
            compare(f"of a snapshot: {path}", seed, told, *[w.call("GET", f"{NGSI}/{path.replace('|', '%7C')}", None, who, **{"NGSILD-Snapshot": id})
                                                            for w, who, id in zip(worlds, whos, frozen)])
    time.sleep(0.8)
    heard["live"] += len(lives[0][0])
    heard["topics"] += len(topics[0])
    heard["subscriptions"] += len(worlds[0].heard)
    for w, (lines, c) in zip(worlds, lives):
        c.sock and c.sock.close()
    report.check("live streams tell the same", sorted(lives[0][0]) == sorted(lives[1][0]),
                 f"seed {seed} as {told}\n  {sorted(set(lives[0][0]) ^ set(lives[1][0]))}")
    report.check("topics tell the same", sorted(topics[0]) == sorted(topics[1]),
                 f"seed {seed} as {told}\n  {sorted(set(topics[0]) ^ set(topics[1]))} {len(topics[0])} {len(topics[1])}")
    if role == "editor":
        report.check("subscribers are told the same", sorted(worlds[0].heard) == sorted(worlds[1].heard),
                     f"seed {seed} as {told}\n  {sorted(set(worlds[0].heard) ^ set(worlds[1].heard))} {len(worlds[0].heard)} {len(worlds[1].heard)}")


for seed in range(first_seed, first_seed + seeds):
    if time.monotonic() - began > seconds:
        break
    worlds = [World(), World()]  # new ones: what another policy hid is no secret of this one
    try:
        for w in worlds:
            w.start()
        run(seed, worlds)
    finally:
        for w in worlds:
            w.end()
report.check("something was told by each way of telling", seeds < 12 or time.monotonic() - began > seconds or all(heard.values()), heard)
report.finish()
