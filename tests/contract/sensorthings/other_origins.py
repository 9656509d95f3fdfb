"""SensorThings from a browser's page of another origin: it may read, without cookies; it may not write unless configured."""
# serve: --anonymous viewer
# config: write_origins: [https://desk.example]
from _sta import Report, call, root

report = Report()
check = report.check
page = {"Origin": "https://map.example"}
desk = {"Origin": "https://desk.example"}


def allowed(r):
    return r.headers.get("Access-Control-Allow-Origin")


def preflight(path, method, origin):
    return call("OPTIONS", path, None, {**origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"})


for path in (f"{root}/Things", f"/dortmund{root}/Things?$top=1", root, "/sensorthings/v1.1/Observations", "/ngsi-ld/v1/entities?type=A"):
    r = call("GET", path, None, page)
    check(f"a page of another origin may read {path}", r.status == 200 and allowed(r) == "*", (r, allowed(r)))
    check("and what stands in the headers", "Location" in r.headers["Access-Control-Expose-Headers"] and r.headers["Vary"], r.headers)
    check("no cookie takes part", r.headers.get("Access-Control-Allow-Credentials") is None, r.headers)
r = call("GET", f"{root}/Things(99)", None, page)
check("it may read why something fails", r.status == 404 and allowed(r) == "*", r)
r = preflight(f"{root}/Things", "GET", page)
check("a preflight allows reading with a token", r.status in (200, 204) and allowed(r) == "*"
      and r.headers["Access-Control-Allow-Methods"] == "GET, HEAD" and "Authorization" in r.headers["Access-Control-Allow-Headers"], r.headers)
r = call("POST", f"{root}/Things", {"name": "x", "description": ""}, page)
check("it may not see what comes of writing", allowed(r) is None, r.headers)
r = preflight(f"{root}/Things", "POST", desk)
check("an origin that may write by configuration is told so, by name", allowed(r) == "https://desk.example"
      and "POST" in r.headers["Access-Control-Allow-Methods"], r.headers)
for path in ("/ngsi-ld/v1/entityOperations/query", "/dortmund/ngsi-ld/v1/entityOperations/query", "/ngsi-ld/v1/temporal/entityOperations/query"):
    question = {"type": "Query", "entities": [{"type": "A"}], **({"temporalQ": {"timerel": "before", "timeAt": "2026-01-01T00:00:00Z"}} if "temporal" in path else {})}
    r = preflight(path, "POST", page)
    check(f"a question in a body is reading: {path}", allowed(r) == "*" and r.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST", r.headers)
    r = call("POST", path, question, page)
    check("and its answer is shown", r.status == 200 and r.json() == [] and allowed(r) == "*", (r, r.headers))
for path in ("/ngsi-ld/v1/entityOperations/upsert", "/ngsi-ld/v1/entities"):
    r = preflight(path, "POST", page)
    check(f"other bodies are not: {path}", r.headers["Access-Control-Allow-Methods"] == "GET, HEAD" and allowed(call("POST", path, {}, page)) is None, r.headers)
for path in ("/dortmund/platform/v1/tokens", "/healthz", "/"):
    r = call("GET", path, None, page)
    check(f"other doors stay closed: {path}", allowed(r) is None, r.headers)
check("pages of our own are not bothered", allowed(call("GET", f"{root}/Things")) is None)
report.finish()
