#!/usr/bin/env python3
# config: allow_private_addresses: true
# config: source_timeout_ms: 1500
"""Snapshots: what queries found, frozen under a name. ETSI GS CIM 009, 5.16"""
import http.server
import json
import queue
import threading
import time

from _client import call, check, create, is_error, new_id, report, root
from server import Server, ask  # noqa: F401

heard = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        heard.put((dict(self.headers), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{receiver.server_port}/"


def take(ask_of=call, **members):
    r = ask_of("POST", "/snapshots", {"type": "Snapshot", **members})
    check("a snapshot can be asked for", r.status == 201 and "/snapshots/" in r.headers["Location"], r)
    id = r.headers["Location"].rsplit("/", 1)[1]
    until = time.monotonic() + 20
    while True:
        status = ask_of("GET", f"/snapshots/{id}").json()
        if status["snapshotStatus"] != "preparing" or time.monotonic() > until:
            return id, status
        time.sleep(0.02)  # the test waits for the broker as a client would


def within(id, path, ask_of=call, method="GET", body=None):
    return ask_of(method, path, body, {"NGSILD-Snapshot": id})


def ids(answer):
    return sorted(e["id"] for e in answer.json())


full, empty = create(type="Bin", level=90, colour="red"), create(type="Bin", level=10)
query = {"type": "Query", "entities": [{"type": "Bin"}], "q": "level>50"}
id, status = take(snapshotQueries=[query], endpoint=here, receiverInfo=[{"key": "X-Key", "value": "42"}])
check("it says when it is taken, what each query gave, and until when it lives", status["snapshotStatus"] == "success"
      and status["snapshotQueriesDetails"] == [{"resultStatus": "success"}] and status["snapshotPriority"] == 5 and "expiresAt" in status, status)
headers, told = heard.get(timeout=10)
check("its endpoint is told, with the headers that were given", told["type"] == "SnapshotNotification" and told["snapshotId"] == id
      and told["snapshotStatus"] == "success" and headers["X-Key"] == "42", told)
call("PATCH", f"/entities/{full}/attrs", {"level": {"type": "Property", "value": 5}})
call("DELETE", f"/entities/{empty}")
r = within(id, "/entities?type=Bin")
check("what is frozen stays as it was", ids(r) == [full] and r.json()[0]["level"]["value"] == 90 and r.headers["NGSILD-Snapshot"] == id, r)
check("an entity is retrieved from it", within(id, f"/entities/{full}?options=keyValues").json()["level"] == 90)
check("what the queries did not find is not in it", within(id, f"/entities/{empty}").status == 404)
check("conditions hold in it", ids(within(id, "/entities?type=Bin&q=level<50")) == [])
check("a query by body reads it, too", ids(within(id, "/entityOperations/query", method="POST", body={"type": "Query", "entities": [{"type": "Bin"}]})) == [full])
r = within(id, "/types?details=true").json()
check("its types and attributes are its own", [t["attributeNames"] for t in r if t["typeName"] == "Bin"] == [["colour", "level"]] and len(r) == 1, r)
check("and counted", within(id, "/types/Bin").json()["entityCount"] == 1)
r = within(id, f"/entities/{full}/attrs", method="PATCH", body={"level": 1})
check("it is not written to", is_error(r, 422, "OperationNotSupported") and r.json()["member"] == "NGSILD-Snapshot", r)
check("one that is not there is not found", is_error(within("urn:ngsi-ld:Snapshot:none", "/entities?type=Bin"), 404, "ResourceNotFound"))

# --- several queries, one moment ---
several, status = take(snapshotQueries=[query, {"type": "Query", "entities": [{"type": "Bin"}]}, {"type": "Query", "entities": [{"type": "Ufo"}]}])
check("each query says what it gave", [d["resultStatus"] for d in status["snapshotQueriesDetails"]] == ["empty", "success", "empty"], status)
failing, status = take(snapshotTemporalQueries=[{"type": "Query", "entities": [{"type": "Bin"}], "temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}}])
check("history is not frozen, and the snapshot says so", status["snapshotStatus"] == "failure"
      and status["snapshotTemporalQueriesDetails"][0]["problemDetails"]["type"].endswith("OperationNotSupported"), status)

# --- changing, cloning, ending ---
r = call("PATCH", f"/snapshots/{id}", {"snapshotPriority": 2, "snapshotLifetime": "PT1H", "snapshotStatus": "failure"})
check("priority and lifetime can be changed, the rest is not taken", r.status == 200 and r.json()["snapshotPriority"] == 2 and r.json()["snapshotStatus"] == "success", r)
check("and the endpoint hears of it", heard.get(timeout=10)[1]["expiresAt"] == r.json()["expiresAt"])
r = call("POST", f"/snapshots/{id}/clone", {"type": "Snapshot", "snapshotPriority": 9})
clone = r.headers["Location"].rsplit("/", 1)[1]
check("a clone has another name", r.status == 201 and clone != id, r)
check("the clone says nothing to the endpoint of the first", "endpoint" not in call("GET", f"/snapshots/{clone}").json())
r = call("DELETE", "/snapshots?q=snapshotPriority<5")
check("snapshots are purged by their members", r.status == 204 and call("GET", f"/snapshots/{id}").status == 404, r)
check("whoever listened is told of the end", heard.get(timeout=10)[1]["snapshotId"] == id)
check("and the clone lives on", ids(within(clone, "/entities?type=Bin")) == [full] and call("GET", f"/snapshots/{clone}").json()["snapshotPriority"] == 9)
check("what is no member of a snapshot purges nothing", is_error(call("DELETE", "/snapshots?q=level>5"), 400, "BadRequestData"))
check("a purge that finds nothing says so", is_error(call("DELETE", "/snapshots?q=snapshotPriority>9"), 404, "ResourceNotFound"))
check("a purge without q purges nothing", is_error(call("DELETE", "/snapshots"), 400, "BadRequestData"))
check("a second one of the same name is refused", is_error(call("POST", "/snapshots", {"type": "Snapshot", "id": clone, "snapshotQueries": [query]}), 409, "AlreadyExists"))
call("PATCH", f"/snapshots/{clone}", {"snapshotLifetime": "PT0S"})
check("one whose time is over is gone", call("GET", f"/snapshots/{clone}").status == 404 and within(clone, "/entities?type=Bin").status == 404)
for what, member, body in (("no queries", "snapshotQueries", {}), ("an empty list of queries", "snapshotQueries", {"snapshotQueries": []}),
                           ("a query that finds everything", "snapshotQueries.entities", {"snapshotQueries": [{"type": "Query"}]}),
                           ("temporalQ in the wrong place", "snapshotQueries.temporalQ", {"snapshotQueries": [{**query, "temporalQ": {"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"}}]}),
                           ("a priority of 11", "snapshotPriority", {"snapshotQueries": [query], "snapshotPriority": 11}),
                           ("a lifetime of soon", "snapshotLifetime", {"snapshotQueries": [query], "snapshotLifetime": "soon"}),
                           ("an endpoint that is none", "endpoint", {"snapshotQueries": [query], "endpoint": "here"})):
    r = call("POST", "/snapshots", {"type": "Snapshot", **body})
    check(f"{what} is refused by name", is_error(r, 400, "BadRequestData") and r.json()["member"] == member, r)

# --- over brokers, over the end of the program ---
with Server(config="allow_private_addresses: true\nsource_timeout_ms: 1500\n") as north, Server(config="allow_private_addresses: true\n") as south:
    def at_south(method, path, body=None, headers=None):
        return south.call(method, root + path, body, headers)

    theirs, mine = new_id("Lamp"), new_id("Lamp")
    north.call("POST", root + "/entities", {"id": theirs, "type": "Lamp", "power": 3, "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.5, 51.5]}}})
    at_south("POST", "/entities", {"id": mine, "type": "Lamp", "name": {"type": "LanguageProperty", "languageMap": {"de": "Lampe"}}})
    at_south("POST", "/csourceRegistrations", {"id": new_id(), "type": "ContextSourceRegistration", "endpoint": north.url, "information": [{"entities": [{"type": "Lamp"}]}]})
    id, status = take(at_south, snapshotQueries=[{"type": "Query", "entities": [{"type": "Lamp"}]}])
    north.stop()
    check("what sources have is frozen with it, and answers without them", ids(within(id, "/entities?type=Lamp", at_south)) == sorted([theirs, mine]), status)
    before = [within(id, f"/entities/{e}?sysAttrs=true", at_south).json() for e in (theirs, mine)]
    south.kill()
    south.start()
    after = [within(id, f"/entities/{e}?sysAttrs=true", at_south).json() for e in (theirs, mine)]
    check("a snapshot outlives kill -9, to the last member", before == after, (before, after))
    check("and is found in it by place", ids(within(id, "/entities?type=Lamp&georel=near;maxDistance==100&geometry=Point&coordinates=[7.5,51.5]", at_south)) == [theirs])
    _, status = take(at_south, snapshotQueries=[{"type": "Query", "entities": [{"type": "Lamp"}]}])
    check("a source that is silent while it is taken is named", "gave nothing" in json.dumps(status["snapshotQueriesDetails"]), status)
report.finish()
