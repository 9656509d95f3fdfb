#!/usr/bin/env python3
# config: allow_private_addresses: true
# config: source_timeout_ms: 1500
"""Operations over several brokers: nodes of ours, one that is down, one that only listens. ETSI GS CIM 009, 4.3.6"""
import http.server
import json
import socket
import threading
import time

from _client import base, call, check, create, get, new_id, report, root
from server import Server, ask

here = f"http://{base.hostname}:{base.port}"


def other_call(node, method, path, body=None, headers=None):
    return node.call(method, root + path, body, headers)


def register(endpoint, information, **members):
    id = members.pop("id", None) or new_id("ContextSourceRegistration")
    r = call("POST", "/csourceRegistrations", {"id": id, "type": "ContextSourceRegistration", "endpoint": endpoint,
                                               "information": information, **members})
    check("a source can be registered", r.status == 201, r)
    return id


def forget(*ids):
    for id in ids:
        call("DELETE", f"/csourceRegistrations/{id}")


def ids(answer):
    return sorted(e["id"] for e in answer.json())


def warnings(answer):
    return answer.headers.get_all("NGSILD-Warning") or []


def timed(method, path, body=None):
    began = time.monotonic()
    r = call(method, path, body)
    return r, time.monotonic() - began


class Echo(http.server.BaseHTTPRequestHandler):
    """A source that keeps what it was asked."""
    asked = []

    def answer(self):
        n = int(self.headers.get("Content-Length", 0))
        Echo.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(n)))
        body = b"[]" if self.command == "GET" else b""
        self.send_response(200 if body else 204)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

    def log_message(self, *_):
        pass


echo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=echo.serve_forever, daemon=True).start()
echo_url = f"http://127.0.0.1:{echo.server_port}"

silent = socket.socket()  # takes connections and never says a word
silent.bind(("127.0.0.1", 0))
silent.listen(64)
silent_url = f"http://127.0.0.1:{silent.getsockname()[1]}"

config = "allow_private_addresses: true\nsource_timeout_ms: 1500\n"
with Server(config=config) as north, Server(config=config) as south:
    # --- one node down ---
    mine = create(type="Bin", level=1)
    theirs = new_id("Bin")
    other_call(north, "POST", "/entities", {"id": theirs, "type": "Bin", "level": 2})
    at_north = register(north.url, [{"entities": [{"type": "Bin"}]}])
    down = register(silent_url, [{"entities": [{"type": "Bin"}]}])
    r, seconds = timed("GET", "/entities?type=Bin")
    check("a query over two nodes with one down brings what there is", r.status == 200 and ids(r) == sorted([mine, theirs]), r)
    check("in time", seconds < 5, seconds)
    check("and says what is missing", any(w.startswith("199 ") and down in w for w in warnings(r)), warnings(r))
    check("of the one that answers nothing is missing", not any(at_north in w for w in warnings(r)), warnings(r))
    r, seconds = timed("GET", f"/entities/{theirs}")
    check("an entity of another node is retrieved here", r.status == 200 and r.json()["level"]["value"] == 2, r)
    timed("GET", "/entities?type=Bin")
    r, seconds = timed("GET", "/entities?type=Bin")
    check("a node that stays down is not waited for again and again", seconds < 1 and any(down in w for w in warnings(r)), (seconds, warnings(r)))
    r = call("GET", f"/csourceRegistrations/{down}").json()
    check("a registration tells how its source fares", r["status"] == "failed" and r["timesFailed"] >= 3 and "lastFailure" in r, r)
    r = call("GET", "/entities?type=Bin&local=true")
    check("local=true asks nobody", ids(r) == [mine] and not warnings(r), r)
    r = call("GET", f"/entities/{new_id('Bin')}")
    check("what nobody has is not found, and the answer says who was not heard", r.status == 404 and any(down in w for w in warnings(r)), r)
    r = call("GET", "/entities?type=Bin&count=true&limit=1")
    check("pages and counts go over all nodes", len(r.json()) == 1 and r.headers["NGSILD-Results-Count"] == "2", r.headers)
    r = call("GET", "/entities?type=Bin&limit=1&offset=1")
    check("and the second page has the other one", len(r.json()) == 1 and "next" not in (r.headers.get("Link") or ""), r)
    r = call("GET", "/entities?type=Bin&q=level>1")
    check("conditions hold for all nodes", ids(r) == [theirs], r)
    forget(down)

    # --- one entity in two places ---
    at = "2026-05-01T12:00:00Z"
    split = create(type="Bin", level={"type": "Property", "value": 3, "observedAt": at}, colour="red")
    other_call(north, "POST", "/entities", {"id": split, "type": "Bin", "weight": 8,
                                            "level": {"type": "Property", "value": 4, "observedAt": "2026-05-02T12:00:00Z"}})
    r = get(split, "?options=keyValues").json()
    check("an entity is put together, each value the one observed last", (r.get("level"), r.get("colour"), r.get("weight")) == (4, "red", 8), r)
    r = call("GET", "/entities?type=Bin&q=colour==%22red%22;weight==8&splitEntities=true")
    check("conditions on parts in two places hold for the whole", ids(r) == [split], r)
    forget(at_north)

    # --- changing ---
    redirected = register(south.url, [{"entities": [{"type": "Lamp"}]}], mode="redirect", operations=["redirectionOps", "createBatch"])
    lamp = new_id("Lamp")
    r = call("POST", "/entities", {"id": lamp, "type": "Lamp", "power": 5})
    check("what is redirected is created there", r.status == 201 and other_call(south, "GET", f"/entities/{lamp}").status == 200, r)
    check("and not here", get(lamp, "?local=true").status == 404)
    r = call("PATCH", f"/entities/{lamp}", {"power": 6})
    check("changed there", r.status == 204 and get(lamp, "?options=keyValues").json()["power"] == 6, r)
    r = call("POST", "/entityOperations/create", [{"id": lamp, "type": "Lamp"}, {"id": lamp + "b", "type": "Lamp"}, {"id": lamp + "c", "type": "Sign"}])
    check("a batch says what failed where", r.status == 207 and sorted(r.json()["success"]) == [lamp + "b", lamp + "c"]
          and r.json()["errors"][0]["entityId"] == lamp, r)
    check("and deleted there", call("DELETE", f"/entities/{lamp}").status == 204 and get(lamp).status == 404)
    bad = call("POST", "/entities", {"id": "no uri", "type": "Lamp"})
    check("what is wrong never leaves the house", bad.status == 400, bad)
    forget(redirected)
    meter = create(type="Meter", place="cellar")
    exclusive = register(south.url, [{"entities": [{"id": meter, "type": "Meter"}], "propertyNames": ["value"]}], mode="exclusive",
                         operations=["redirectionOps"])
    r = call("POST", f"/entities/{meter}/attrs", {"value": 7, "place": "roof"})
    check("an attribute held elsewhere and one held here: each goes its way, and the one that failed is named",
          r.status == 207 and r.json()["notUpdated"][0]["registrationId"] == exclusive and r.json()["updated"] != [], r)
    r = call("POST", "/csourceRegistrations", {"id": new_id("R"), "type": "ContextSourceRegistration", "endpoint": north.url, "mode": "exclusive",
                                               "information": [{"entities": [{"id": meter, "type": "Meter"}], "propertyNames": ["value"]}]})
    check("nobody else can have the same for himself", r.status == 409, r)
    forget(exclusive)
    unreachable = register("http://127.0.0.1:9", [{"entities": [{"type": "Flag"}]}], mode="redirect", operations=["redirectionOps"])
    r = call("POST", "/entities", {"id": new_id("Flag"), "type": "Flag"})
    check("a change that only a dead node can make is an error", r.status in (502, 504) and r.json()["registrationId"] == unreachable, r)
    forget(unreachable)

    # --- going round ---
    ring = register(here, [{"entities": [{"type": "Bench"}]}])
    bench = create(type="Bench", seats=3)
    r, seconds = timed("GET", "/entities?type=Bench")
    check("a registration that points back at ourselves ends after one round", r.status == 200 and ids(r) == [bench] and seconds < 3, (r, seconds))
    forget(ring)
    there = register(north.url, [{"entities": [{"type": "Bench"}]}], operations=["redirectionOps"])
    back = other_call(north, "POST", "/csourceRegistrations", {"id": new_id("R"), "type": "ContextSourceRegistration", "endpoint": here,
                                                               "operations": ["redirectionOps"], "information": [{"entities": [{"type": "Bench"}]}]})
    check("two nodes may register each other", back.status == 201, back)
    r, seconds = timed("GET", "/entities?type=Bench")
    check("and a query ends", r.status == 200 and ids(r) == [bench] and seconds < 3, (r, seconds))
    r = call("GET", "/info/sourceIdentity").json()
    alias = r["contextSourceAlias"]
    check("nodes have names of their own", alias != other_call(north, "GET", "/info/sourceIdentity").json()["contextSourceAlias"], alias)
    forget(there)
    closed = register(north.url, [{"entities": [{"type": "Pole"}]}], mode="redirect", operations=["redirectionOps"])
    r = call("DELETE", f"/entities/{new_id('Pole')}", headers={"Via": f"1.1 {alias}"})
    check("a change that would go round and round is refused", r.status == 508, r)
    forget(closed)

    # --- what a source is told ---
    told = register(echo_url, [{"entities": [{"type": "Tree"}], "propertyNames": ["height"]}], tenant="gardens",
                    contextSourceInfo=[{"key": "X-Key", "value": "secret"}, {"key": "X-Room", "value": "urn:ngsi-ld:request"}],
                    operations=["retrieveOps", "createEntity"])
    call("GET", "/entities?type=Tree,Bush", headers={"X-Room": "12"})
    method, path, headers, _ = Echo.asked[-1]
    check("the question keeps to what was registered", "type=Tree&" in path and "Bush" not in path and "attrs=height" in path, path)
    check("with the tenant and the words registered for it", (headers.get("NGSILD-Tenant"), headers.get("X-Key"), headers.get("X-Room")) ==
          ("gardens", "secret", "12"), headers)
    check("and the way it came", alias in headers.get("Via", ""), headers)
    create(type="Tree", height=3, colour="green")
    method, path, headers, body = Echo.asked[-1]
    check("of an entity it gets what it registered", method == "POST" and sorted(json.loads(body)) == ["height", "id", "type"], body)
    forget(told)
    r = call("GET", "/entities?type=Tree&csf=owner==%22city%22")
    check("a filter for sources is understood", r.status == 200, r)

    # --- guards ---
    with Server(config="source_timeout_ms: 1500\n") as careful:
        other_call(careful, "POST", "/csourceRegistrations", {"id": "urn:x:inside", "type": "ContextSourceRegistration", "endpoint": north.url,
                                                              "information": [{"entities": [{"type": "Bin"}]}]})
        r = other_call(careful, "GET", "/entities?type=Bin")
        check("inside addresses are not asked unless that is allowed, and the answer says so",
              r.json() == [] and any("urn:x:inside" in w and "address" in w for w in r.headers.get_all("NGSILD-Warning") or []), r.headers)
        careful.kill()
        careful.start()
        r = other_call(careful, "GET", "/entities?type=Bin")
        check("registrations survive the end of the process", "NGSILD-Warning" in r.headers, r.headers)

    # --- tenants ---
    other_call(north, "POST", "/entities", {"id": "urn:x:post", "type": "Post"}, {"NGSILD-Tenant": "schwerte"})
    tenant = register(north.url, [{"entities": [{"type": "Post"}]}], tenant="schwerte")
    r = call("GET", "/entities?type=Post")
    check("a source may be one tenant of a node", ids(r) == ["urn:x:post"], r)
    forget(tenant)

    # --- types and attributes of all ---
    for node, id in ((north, new_id("Tram")), (south, new_id("Tram"))):
        other_call(node, "POST", "/entities", {"id": id, "type": "Tram", "line": 3, ("speed" if node is north else "driver"): 1})
    trams = [register(north.url, [{"entities": [{"type": "Tram"}]}]), register(south.url, [{"entities": [{"type": "Tram"}]}]),
             register(silent_url, [{"entities": [{"type": "Bus"}]}])]
    r = call("GET", "/types")
    check("types of sources are types of ours", "Tram" in r.json()["typeList"] and r.json()["typeList"] == sorted(set(r.json()["typeList"])), r)
    check("and a source that is silent is named", any(trams[2] in w for w in warnings(r)), warnings(r))
    check("local=true lists ours alone", "Tram" not in call("GET", "/types?local=true").json()["typeList"])
    r = [t for t in call("GET", "/types?details=true").json() if t["typeName"] == "Tram"]
    check("what two sources say of a type is one", [t["attributeNames"] for t in r] == [["driver", "line", "speed"]], r)
    r = call("GET", "/types/Tram")
    check("its entities are counted over all", r.status == 200 and r.json()["entityCount"] == 2 and [a["attributeName"] for a in r.json()["attributeDetails"]]
          == ["driver", "line", "speed"], r)
    check("of those asked only who may have it is", not warnings(r), warnings(r))
    r = call("GET", "/attributes/driver")
    check("so are attributes", r.status == 200 and r.json()["attributeCount"] == 1 and r.json()["typeNames"] == ["Tram"], r)
    check("and listed", {"driver", "speed"} <= set(call("GET", "/attributes").json()["attributeList"]))
    check("what nobody has is not found", call("GET", "/types/Zeppelin").status == 404)
    forget(*trams)

    # --- what a registration may not become ---
    kept = register(south.url, [{"entities": [{"id": new_id("Lamp"), "type": "Lamp"}], "propertyNames": ["power"]}], mode="exclusive")
    r = call("PATCH", f"/csourceRegistrations/{kept}", {"information": None})
    check("a registration cannot lose what it is about", r.status == 400, r)
    r = call("PATCH", f"/csourceRegistrations/{kept}", {"information": []})
    check("nor name nothing", r.status == 400, r)
    lamp = create(type="Lamp", power=1)
    r = call("POST", "/csourceRegistrations", {"type": "ContextSourceRegistration", "mode": "redirect", "endpoint": south.url,
                                               "information": [{"entities": [{"id": lamp, "type": "Lamp"}]}]})
    check("one that meets an entity held here is a conflict", r.status == 409 and r.json()["type"].endswith("/Conflict"), r)
    forget(kept)

report.finish()
