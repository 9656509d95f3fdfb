#!/usr/bin/env python3
# config: allow_private_addresses: true
# config: source_timeout_ms: 1500
"""What is meant to hurt: contexts without end, hosts that never answer, expressions that explode, numbers beyond all bounds,
sources that lead back to us. It is refused or answered, the server goes on answering others, and its memory stays small."""
import http.server
import json
import os
import pathlib
import threading
import time
import urllib.parse

from _client import base, call, check, create, is_error, new_id, quoted, report
from server import Server

ld = {"Content-Type": "application/ld+json"}
hurry = threading.Event()  # lets what is slow end with the test


class Contexts(http.server.BaseHTTPRequestHandler):
    """A host of contexts that means no good."""
    asked = []

    def do_GET(self):
        Contexts.asked.append(self.path)
        here = f"http://127.0.0.1:{self.server.server_address[1]}"
        name, _, rest = self.path.strip("/").partition("/")
        if name == "slow":
            hurry.wait(20)
        body = {
            "self": lambda: {"@context": here + "/self"},
            "a": lambda: {"@context": [here + "/b"]},
            "b": lambda: {"@context": {"@import": here + "/a"}},
            "endless": lambda: {"@context": here + f"/endless/{int(rest or 0) + 1}"},
            "good": lambda: {"@context": {"speed" + rest: "urn:good:speed" + rest}},
            "many": lambda: {"@context": [here + f"/good/{i}" for i in range(40)]},
            "terms": lambda: {"@context": {f"t{i}": f"urn:t:{i}" for i in range(60_000)}},
            "none": lambda: {"context": {}},
            "slow": lambda: {"@context": {}},
        }.get(name)
        if name == "away":
            self.send_response(302)
            self.send_header("Location", rest.replace("_", "/"))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        text = b"{" + b" " * (6 << 20) + b"}" if name == "big" else b"<html>" if name == "html" else json.dumps(body()).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Host(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100


host = Host(("127.0.0.1", 0), Contexts)
threading.Thread(target=host.serve_forever, daemon=True).start()
there = f"http://127.0.0.1:{host.server_address[1]}"


def link(url):
    return {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}


def entity(**members):
    return {"id": new_id(), "type": "Room", **members}


def with_context(context, **members):
    return call("POST", "/entities", json.dumps({**entity(**members), "@context": context}).encode(), ld)


def timed(action):
    began = time.monotonic()
    return action(), time.monotonic() - began


def memory_mb():
    """Of the server: the process that listens on our port was started by our parent."""
    for p in pathlib.Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split():
        if b"serve" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes():
            return int(next(line for line in pathlib.Path(f"/proc/{p}/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    return 0


def refused(what, answer, seconds, status=400, name="BadRequestData"):
    check(f"{what}: refused at once", is_error(answer, status, name) and answer.json().get("member") and answer.json().get("clause") and seconds < 3,
          (seconds, answer))


# --- contexts ---------------------------------------------------------------------------------------------------------------
for what, path in (("a context that names itself", "/self"), ("two that name each other", "/a"), ("a chain without end", "/endless"),
                   ("a document that is no context", "/none"), ("a page of the web", "/html"), ("60,000 terms", "/terms")):
    refused(what, *timed(lambda: with_context(there + path)))
refused("a context of 6 MB", *timed(lambda: with_context(there + "/big")), 504, "LdContextNotAvailable")
r, seconds = timed(lambda: with_context(there + "/many", speed7=1))
check("a context may name forty others", r.status == 201 and seconds < 5, (seconds, r))
r = with_context(there + "/away/_good_1")
check("a context that has moved is followed", r.status == 201, r)
refused("a context nobody serves", *timed(lambda: with_context("http://127.0.0.1:1/c")), 504, "LdContextNotAvailable")
refused("a context on disk", *timed(lambda: with_context("file:///etc/passwd")), 504, "LdContextNotAvailable")
refused("a context as data", *timed(lambda: with_context("data:application/json,{}")), 504, "LdContextNotAvailable")

chain = {f"a{i}": f"a{i + 1}:x" for i in range(5_000)}
for what, context in (
        ("five thousand terms that need each other", chain),
        ("names that grow with every term", {"t0": "urn:x:", **{f"t{i}": f"t{i - 1}:{'a' * 60}:" for i in range(1, 99)}}),
        ("a vocabulary that grows", [{"@vocab": "http://x/"}] + [{"@vocab": "a" * 50}] * 100),
        ("a term that needs itself", {"a": "b:c", "b": "a:c"}),
        ("arrays in arrays", json.loads("[" * 60 + "]" * 60)),
        ("a keyword with another meaning", {"@id": "urn:x:id"}), ("another keyword", {"@type": {"@id": "urn:x"}}),
        ("a protected term said otherwise", [{"@protected": True, "a": "urn:a"}, {"a": "urn:b"}]),
        ("60,000 terms inline", {f"t{i}": f"urn:t:{i}" for i in range(60_000)})):
    refused(what, *timed(lambda: with_context(context)))
    r, seconds = timed(lambda: call("POST", "/jsonldContexts", {"@context": context}))
    too_large = len(json.dumps(context)) > 1 << 20  # told so before it is read
    check(f"{what}: not hosted either", (r.status == 413 if too_large else is_error(r, 400, "BadRequestData")) and seconds < 3, r)
r = with_context([{"a": "urn:a:1"}, None, {"b": "urn:b:1"}], b=1)
check("null in a context begins anew", r.status == 201, r)
odd = {"__proto__": 1, "constructor": 2, "toString": 3, "hasOwnProperty": 4}
r = with_context({name: "urn:odd:" + name for name in odd}, **odd)
id = r.headers.get("Location", "").rsplit("/", 1)[-1]
r = call("GET", f"/entities/{id}?options=keyValues", headers=link(there + "/good/0"))
check("names that scripts trip over are names like others", all(r.json().get("urn:odd:" + name) == v for name, v in odd.items()), r)
refused("an attribute that stands for a keyword", *timed(lambda: with_context({"own": "@id"}, own="urn:x:2")))
refused("the same below an attribute", *timed(lambda: with_context({"own": "@type"}, a={"type": "Property", "value": 1, "own": "x"})))

# --- hosts that do not answer hold up nobody else ----------------------------------------------------------------------------------
create(type="Room", temperature=21)
before = len(Contexts.asked)
waiting = [threading.Thread(target=lambda n=n: call("GET", "/entities?type=Room", headers=link(there + f"/slow/{n % 4}"))) for n in range(40)]
for t in waiting:
    t.start()
deadline = time.monotonic() + 5
while len(Contexts.asked) < before + 4 and time.monotonic() < deadline:
    time.sleep(0.01)
r, seconds = timed(lambda: call("GET", "/entities?type=Room&options=keyValues"))
check("forty queries that wait for a slow context hold up no other query", r.status == 200 and seconds < 2, (seconds, r))
r, seconds = timed(lambda: call("POST", "/entityOperations/upsert", [entity(a=1)]))
check("nor a write", r.status == 201 and seconds < 2, (seconds, r))
check("what many wait for is fetched once", len(Contexts.asked) == before + 4, Contexts.asked[before:])
hurry.set()
for t in waiting:
    t.join()
r, seconds = timed(lambda: call("GET", "/entities?type=Room", headers=link(there + "/slow/0")))
check("and is there for all who come later", r.status == 200 and seconds < 2, (seconds, r))

with Server(config="allow_private_addresses: false\n") as guarded:
    for url in (there + "/good/1", "http://localhost:1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/c", "http://[::ffff:127.0.0.1]/",
                "http://2130706433/", "http://0x7f000001/"):
        r, seconds = timed(lambda: guarded.call("GET", "/ngsi-ld/v1/types", headers=link(url)))
        check(f"a context inside our own network is not fetched: {url}", is_error(r, 504, "LdContextNotAvailable") and seconds < 4, (seconds, r))
with Server(config="allow_private_addresses: [127.0.0.1/32]\n") as partly:
    r = partly.call("GET", "/ngsi-ld/v1/types", headers=link(there + "/good/2"))
    check("ranges may be allowed", r.status == 200, r)
    r = partly.call("GET", "/ngsi-ld/v1/types", headers=link(there + f"/away/http:__127.0.0.2:{host.server_address[1]}_good_3"))
    check("a redirect does not lead out of them", is_error(r, 504, "LdContextNotAvailable"), r)

# --- expressions ------------------------------------------------------------------------------------------------------------------
deep, wide, long = "(" * 50_000 + "a==1" + ")" * 50_000, "|".join(f"a{i}==1" for i in range(14_000)), 'a=="' + "x" * 100_000 + '"'
explosive = ("(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", "(.*)*b", "a{1000}{1000}", "((a{1000}){1000}){1000}", "(?=a)b", r"(a)\1")
for what, q in (("parentheses, 100 KB", deep), ("alternatives, 100 KB", wide), ("text, 100 KB", long), ("a path, 100 KB", ".".join(["a"] * 50_000) + "==1"),
                ("values, 100 KB", "a==" + ",".join(["1"] * 50_000)), ("braces", "a{" * 5_000 + "b" + "}" * 5_000 + "==1"), ("brackets", "a[" * 5_000)):
    refused(f"q of {what}", *timed(lambda: call("POST", "/entityOperations/query", {"type": "Query", "entities": [{"type": "Room"}], "q": q})))
    refused(f"q of {what} in a subscription", *timed(lambda: call("POST", "/subscriptions", {
        "type": "Subscription", "entities": [{"type": "Room"}], "q": q, "notification": {"endpoint": {"uri": "http://example.org"}}})))
r, seconds = timed(lambda: call("GET", "/entities?type=Room&q=" + quoted(long)))
check("an address of 100 KB is refused", r.status == 414 and seconds < 2, r)
for depth in ("(" * 39 + "a==1" + ")" * 39, "a." * 100 + "b==1"):
    r, seconds = timed(lambda: call("GET", "/entities?type=Room&q=" + quoted(depth)))
    check("what is deep and within bounds is answered", r.status == 200 and seconds < 2, r)
create(type="Victim", word="a" * 100_000 + "!")
for pattern in explosive:
    for where, ask in (("q", lambda: call("GET", f"/entities?type=Victim&q={quoted('word~=' + json.dumps(pattern))}")),
                       ("idPattern", lambda: call("GET", f"/entities?type=Victim&idPattern={quoted(pattern)}")),
                       ("a subscription", lambda: call("POST", "/subscriptions", {
                           "type": "Subscription", "entities": [{"type": "Victim", "idPattern": pattern}], "q": f"word~={json.dumps(pattern)}",
                           "notification": {"endpoint": {"uri": "http://127.0.0.1:1/"}}})),
                       ("a registration", lambda: call("POST", "/csourceRegistrations", {
                           "type": "ContextSourceRegistration", "information": [{"entities": [{"type": "Elsewhere", "idPattern": pattern}]}],
                           "endpoint": "http://127.0.0.1:1"}))):
        r, seconds = timed(ask)
        check(f"the pattern {pattern} in {where} takes no time", r.status in (200, 201, 400) and seconds < 2, (seconds, r))
r, seconds = timed(lambda: call("PATCH", f"/entities/{create(type='Victim', word='b')}", {"word": "a" * 100_000 + "!"}))
check("nor does a change they look at", r.status == 204 and seconds < 2, (seconds, r))
for scope in ("/" + "/".join(["a"] * 3_000), "/+" * 3_000, ";".join(["/a/#"] * 2_000), "(" * 3_000):
    r, seconds = timed(lambda: call("GET", f"/entities?type=Room&scopeQ={quoted(scope)}"))
    check("scopeQ of several KB is answered or refused at once", r.status in (200, 400, 414) and seconds < 2, (seconds, r))
for types in ("(" * 2_000, "A;" * 2_000 + "A", ",".join(["A"] * 2_000), "(A,B);" * 20 + "(A,B)"):
    r, seconds = timed(lambda: call("GET", f"/entities?type={quoted(types)}"))
    refused("a type selection that multiplies", r, seconds) if "," in types else check("a long type selection", r.status in (200, 400) and seconds < 2, r)

# --- numbers and shapes --------------------------------------------------------------------------------------------------------------
for text, kept in (("9223372036854775807", 9223372036854775807), ("-9223372036854775808", -9223372036854775808), ("9223372036854775808", 9223372036854775808.0),
                   ("1e308", 1e308), ("-0", 0), ("5e-324", 5e-324), ("0.1", 0.1)):
    id = new_id()
    r = call("POST", "/entities", f'{{"id": "{id}", "type": "N", "n": {{"type": "Property", "value": {text}}}}}'.encode())
    shown = call("GET", f"/entities/{id}?options=keyValues")
    check(f"the number {text} is kept", r.status == 201 and shown.json()["n"] == kept, shown)
for text in ("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "01", "+1", "0x10", "1e"):
    refused(f"the number {text}", *timed(lambda: call("POST", "/entities", f'{{"id": "urn:x:1", "type": "N", "n": {text}}}'.encode())), 400, "InvalidRequest")
check("text that looks like one of them is text", create(type="N", n="NaN") and create(type="N", n="1e999"))
for q in ("n>1e999", "n==99999999999999999999999999999999e999", "n<-1e999", "n==--1", "n==1..2..3"):
    refused(f"q={q}", *timed(lambda: call("GET", f"/entities?type=N&q={quoted(q)}")))
for q in ("n==9223372036854775808", "n>-0", "n==-9223372036854775808..9223372036854775807", "n==NaN"):
    check(f"q={q} is answered", call("GET", f"/entities?type=N&q={quoted(q)}").status == 200)
for name, text in (("limit", "99999999999999999999"), ("offset", "99999999999999999999"), ("limit", "1e3"), ("offset", "-0x1"), ("limit", "NaN"), ("lastN", "1e99")):
    path = "/temporal/entities" if name == "lastN" else "/entities"
    refused(f"{name}={text}", *timed(lambda: call("GET", f"{path}?type=N&{name}={text}")))
r = call("GET", "/entities?type=N&offset=9223372036854775807&limit=1000")
check("an offset beyond everything is an empty page", r.status == 200 and r.json() == [], r)
for near in ("1e999", "NaN", "-1", "1e10"):
    refused(f"near {near}", *timed(lambda: call("GET", f"/entities?type=N&georel=near;maxDistance=={near}&geometry=Point&coordinates=[7,51]")))
for coordinates in ("[1e999,1]", "[1e300,1]", "[" * 150 + "1" + "]" * 150, "[" * 900 + "]" * 900, "[]", "[[]]", "[7]", "{}", "null"):
    refused(f"coordinates={coordinates[:20]}", *timed(lambda: call("GET", f"/entities?type=N&georel=within&geometry=Polygon&coordinates={quoted(coordinates)}")))
for period in ("PT0S", "P1Y1Y", "P99999999999Y", "PT-1H", "PT1e99S", "P"):
    path = "/temporal/entities?type=N&timerel=between&timeAt=1900-01-01T00:00:00Z&endTimeAt=2900-01-01T00:00:00Z&options=aggregatedValues&aggrMethods=avg"
    r, seconds = timed(lambda: call("GET", f"{path}&aggrPeriodDuration={quoted(period)}"))
    check(f"a period of {period} is answered or refused", r.status in (200, 400) and seconds < 2, r)
for limit in (1e300, -1, 0, "1"):
    r = call("POST", "/csourceRegistrations", {"type": "ContextSourceRegistration", "information": [{"entities": [{"type": "Elsewhere"}]}],
                                               "endpoint": "http://127.0.0.1:1", "management": {"timeout": limit}})
    check(f"a time limit of {limit} is refused", is_error(r, 400, "BadRequestData"), r)
r, seconds = timed(lambda: call("POST", "/entities", b'{"id":"urn:x:d","type":"T","a":' + b"[" * 5_000 + b"]" * 5_000 + b"}"))
check("JSON that is 5,000 deep is refused, with where and why", r.status == 413 and r.json()["member"] == "body" and r.json()["clause"] and seconds < 2, r)
r, seconds = timed(lambda: call("POST", "/entityOperations/upsert", [{"id": f"urn:x:{i}", "type": "T"} for i in range(10_001)]))
check("a batch of more than 10,000 is refused", r.status == 413 and "10000" in r.json()["detail"] and r.json()["member"] == "body", r)
r, seconds = timed(lambda: call("POST", "/entityOperations/create", b"[" + b"{}," * 5_000 + b"7]"))
check("five thousand items that are none are five thousand errors", r.status in (207, 400) and seconds < 10, (seconds, str(r)[:200]))
r, seconds = timed(lambda: call("POST", "/entities", b"[" * (1 << 20)))
check("a megabyte of brackets", r.status in (400, 413) and seconds < 2, r)
wide = {"id": new_id(), "type": "Wide", **{f"a{i}": i for i in range(20_000)}}
r, seconds = timed(lambda: call("POST", "/entities", wide))
check("an entity with twenty thousand attributes is one", r.status == 201 and seconds < 3, (seconds, r))

# --- every member of every document, replaced by every kind of JSON --------------------------------------------------------------------
odd_values = (None, True, 0, -1, 1e300, "", "x", "urn:ngsi-ld:null", "@id", [], {}, [None], [[]], [{}], {"type": None}, {"": 1}, {"@context": {}}, {"id": [1]})


def replaced(document):
    """Copies of it, each with one member, however deep, that is something else."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for key, v in list(members):
        for odd in odd_values:
            copy = dict(document) if isinstance(document, dict) else list(document)
            copy[key] = odd
            yield copy
        if isinstance(v, (dict, list)):
            for inner in replaced(v):
                copy = dict(document) if isinstance(document, dict) else list(document)
                copy[key] = inner
                yield copy


odd_id = create(type="Odd")
a_subscription = {"type": "Subscription", "entities": [{"type": "Odd", "idPattern": "x"}], "watchedAttributes": ["a"], "q": "a>1", "throttling": 1, "expiresAt": "2099-01-01T00:00:00Z",
                  "geoQ": {"georel": "within", "geometry": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, "scopeQ": "/a", "notificationTrigger": ["entityCreated"],
                  "notification": {"attributes": ["a"], "format": "normalized", "endpoint": {"uri": "http://127.0.0.1:1/", "receiverInfo": [{"key": "a", "value": "b"}]}}}
a_registration = {"type": "ContextSourceRegistration", "endpoint": "http://127.0.0.1:1", "mode": "inclusive", "operations": ["retrieveEntity"], "management": {"timeout": 5},
                  "information": [{"entities": [{"id": "urn:x:odd", "type": "Odd"}], "propertyNames": ["a"]}], "contextSourceInfo": [{"key": "a", "value": "b"}],
                  "observationInterval": {"startAt": "2020-01-01T00:00:00Z"}, "location": {"type": "Point", "coordinates": [1, 2]}}
a_query = {"type": "Query", "entities": [{"type": "Odd", "id": odd_id}], "attrs": ["a"], "q": "a>1", "scopeQ": "/a", "geoQ": a_subscription["geoQ"],
           "ordering": {"orderBy": ["a"]}, "temporalQ": {"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"}}
an_entity = {"id": odd_id, "type": "Odd", "scope": ["/a"], "a": {"type": "Property", "value": {"x": [1]}, "observedAt": "2020-01-01T00:00:00Z", "unitCode": "CEL", "datasetId": "urn:d:1",
                                                                 "b": {"type": "Relationship", "object": "urn:x:1"}},
             "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7, 51]}}, "l": {"type": "LanguageProperty", "languageMap": {"de": "a"}},
             "v": {"type": "VocabProperty", "vocab": ["a"]}, "j": {"type": "JsonProperty", "json": {"a": 1}}, "p": {"type": "ListProperty", "valueList": [1]},
             "r": {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]}}
kept = {"subscriptions": a_subscription, "csourceSubscriptions": a_subscription, "csourceRegistrations": a_registration}
doors = [("POST", "/" + k, body) for k, body in kept.items()]
for k, body in kept.items():
    doors.append(("PATCH", f"/{k}/" + call("POST", "/" + k, body).headers["Location"].rsplit("/", 1)[1], body))
doors += [("POST", "/entityOperations/query", a_query), ("POST", "/temporal/entityOperations/query", a_query), ("POST", "/entities", {**an_entity, "id": new_id()}),
          ("PATCH", f"/entities/{odd_id}", an_entity), ("PUT", f"/entities/{odd_id}", an_entity), ("POST", f"/entities/{odd_id}/attrs", an_entity),
          ("PATCH", f"/entities/{odd_id}/attrs", an_entity), ("PATCH", f"/entities/{odd_id}/attrs/a", an_entity["a"]), ("POST", "/temporal/entities", an_entity),
          ("POST", f"/temporal/entities/{odd_id}/attrs", an_entity), ("POST", "/entityOperations/upsert", [an_entity]), ("POST", "/entityOperations/merge", [an_entity]),
          ("POST", "/entityOperations/delete", [odd_id]), ("POST", "/jsonldContexts", {"@context": [{"a": {"@id": "urn:a", "@type": "@id", "@container": ["@set"]}}]})]
for method, path, body in doors:
    wrong, count = [], 0
    for copy in replaced(body):
        count += 1
        r = call(method, path, copy)
        said = r.json() if r.status == 400 else {}
        if r.status not in (200, 201, 204, 206, 207, 400, 404, 409) or (r.status == 400 and not (said.get("member") and said.get("clause"))):
            wrong.append((copy, r))
    check(f"{method} {path.split('urn')[0]}: {count} documents with one odd member are taken or refused, with member and clause", not wrong, wrong[:4])
for k in kept:
    r = call("GET", f"/{k}?limit=1000" + ("&type=Odd" if k == "csourceRegistrations" else ""))
    if check(f"what was taken can be listed: {k}", r.status == 200, r):
        for one in r.json():
            call("DELETE", f"/{k}/{quoted(one['id'])}")

# --- sources that lead back to us -----------------------------------------------------------------------------------------------------
mine = create(type="Loop", n=1)
names = (f"http://{base.hostname}:{base.port}", f"http://localhost:{base.port}", f"http://127.0.0.2:{base.port}", f"http://127.1:{base.port}", f"http://[::1]:{base.port}")


def register(node, endpoint, **members):
    body = {"type": "ContextSourceRegistration", "endpoint": endpoint, "information": [{"entities": [{"type": "Loop"}]}], "operations": ["redirectionOps", "federationOps"],
            **members}
    return (node.call("POST", "/ngsi-ld/v1/csourceRegistrations", body) if node else call("POST", "/csourceRegistrations", body)).headers.get("Location", "").rsplit("/", 1)[-1]


def loops_end(what):
    for method, path, body, expected in (("GET", "/entities?type=Loop", None, (200,)), ("GET", f"/entities/{mine}", None, (200,)),
                                         ("PATCH", f"/entities/{mine}", {"n": 2}, (204, 207)), ("POST", f"/entities/{mine}/attrs", {"m": 2}, (204, 207)),
                                         ("GET", "/temporal/entities?type=Loop", None, (200, 206)), ("GET", "/types", None, (200,))):
        r, seconds = timed(lambda: call(method, path, body))
        single = not isinstance(r.json() if r.body else None, list) or "types" in path or len(r.json()) == 1
        check(f"{what}: {method} {path.split('?')[0].replace(mine, 'ID')} ends, and tells of everything once", r.status in expected and single and seconds < 4, (seconds, r))


for name in names:
    id = register(None, name)
    loops_end(f"a source that is {name}")
    call("DELETE", f"/csourceRegistrations/{id}")
with Server(config="allow_private_addresses: true\n") as second, Server(config="allow_private_addresses: true\n") as third:
    ids = [register(None, second.url), register(None, third.url), register(None, names[1])]
    for node, others in ((second, (third.url, names[1], names[0])), (third, (second.url, names[0]))):
        for o in others:
            register(node, o)
    loops_end("three nodes that all know each other")
    for id in ids:
        call("DELETE", f"/csourceRegistrations/{id}")
id = register(None, names[1], mode="redirect", information=[{"entities": [{"type": "Redirected"}]}])
r, seconds = timed(lambda: call("POST", "/entities", {"id": new_id(), "type": "Redirected"}))
check("a write that is redirected to ourselves is a loop", r.status in (508, 207) and seconds < 4, (seconds, r))
call("DELETE", f"/csourceRegistrations/{id}")

# --- and the memory ---------------------------------------------------------------------------------------------------------------------
filler = {f"t{i}": f"urn:filler:{i:0400}" for i in range(1_500)}  # 600 KB
for n in range(40):
    with_context({**filler, f"own{n}": "urn:own"})
    call("GET", "/types", headers=link(there + f"/good/{n}?filler={n}"))
used = memory_mb()
check("contexts that nobody uses again do not fill the memory", 0 < used < 700, f"{used:.0f} MB")
r, seconds = timed(lambda: call("GET", "/entities?type=Room"))
check("after all this the server answers as before", r.status == 200 and seconds < 2, (seconds, r))
report.finish()
