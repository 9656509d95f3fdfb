"""What the door decides from the head of a request, before anything else is done with it."""
# serve:
# config: default_context: dos-context.json
import http.client
import os
import socket
import subprocess

from _door import base, call
from server import Report, program

report = Report()
check = report.check
ngsi, api = "/dortmund/ngsi-ld/v1", "/dortmund/platform/v1"


def bearer(role, city="dortmund"):
    made = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", city, "--role", role],
                          check=True, capture_output=True, text=True)
    return {"Authorization": "Bearer " + made.stdout.strip()}


admin, editor, viewer, device = (bearer(r) for r in ("admin", "editor", "viewer", "device"))


def status_after_head(method, path, length, headers=None, chunked=False):
    """What is answered to a head alone: the body that it announces is never sent. 0: nothing within 3 s."""
    lines = [f"{method} {path} HTTP/1.1", "Host: h", "Content-Type: application/json",
             "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"]
    lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
    with socket.create_connection((base.hostname, base.port), timeout=3) as s:
        s.sendall("\r\n".join(lines + ["", ""]).encode())
        try:
            return int(s.recv(100).split(b" ")[1])
        except TimeoutError:
            return 0


def metric(name):
    text = call("GET", "/metrics", None, bearer("admin", "*")).body.decode()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))


# --- files are those of the list, whatever the path says
for path in ("/%2fproc%2fself%2fcwd%2fLICENSE", "/%2fetc%2fpasswd", "/demo-map/%2fetc%2fpasswd", "/demo-map/..%2f..%2fLICENSE",
             "/_app%2fversion.json", "/..%2fLICENSE", "/%2e%2e/LICENSE", "/%5cetc%5cpasswd", "/en%2findex.html",
             "/" + os.environ["DATA_DIR"].replace("/", "%2f") + ".keys%2ftoken.key", "/dortmund/platform/v1/logo%2f..%2fcity.yaml",
             "/index.html%00.txt", "/robots.txt/..%2findex.html"):
    answer = call("GET", path)
    check(f"no file at {path}", answer.status in (400, 404) and b"root:" not in answer.body and b"EUPL" not in answer.body, answer)
check("an encoded slash elsewhere is part of an id", call("GET", ngsi + "/entities/urn:ngsi-ld:A:x%2Fy", None, viewer).status == 404)

# --- who may not is told so before the body has come
mib = 1 << 20
for path in ("/entities", "/entityOperations/create", "/entityOperations/upsert", "/temporal/entities", "/subscriptions", "/csourceRegistrations",
             "/jsonldContexts", "/snapshots"):
    check(f"nobody sends a body to {path}", status_after_head("POST", ngsi + path, 30 * mib) == 401)
    check(f"nor in chunks to {path}", status_after_head("POST", ngsi + path, 0, chunked=True) == 401)
for path in ("/devices", "/devices/import", "/imports", "/device-profiles", "/measuring-points", "/tokens", "/webhooks", "/quarantine/replay"):
    check(f"nobody sends a body to {path}", status_after_head("POST", api + path, 30 * mib) == 401)
    check(f"nor does a viewer send one to {path}", status_after_head("POST", api + path, 30 * mib, viewer) == 403)
for path in ("/Things", "/Observations", "/CreateObservations", "/Datastreams(1)/Observations"):
    check(f"nobody sends a body to SensorThings {path}", status_after_head("POST", "/dortmund/v1.1" + path, 30 * mib) == 401)
check("a webhook asks for its secret first", status_after_head("POST", "/dortmund/lorawan/chirpstack?event=up", 100_000) == 401)
check("a path that nobody has takes no body", status_after_head("POST", "/dortmund/nothing/here", 30 * mib) in (404, 405))
check("a city that is none takes no body", status_after_head("POST", "/atlantis/ngsi-ld/v1/entities", 30 * mib) == 404)
check("the echo is not for everybody", status_after_head("POST", "/platform/v1/echo", 30 * mib) == 401)
check("an expired or forged token is told so first",
      status_after_head("POST", ngsi + "/entities", 30 * mib, {"Authorization": "Bearer dos.e30.x"}) == 401)
check("so is one of another city", status_after_head("POST", ngsi + "/entities", 30 * mib, bearer("admin", "schwerte")) == 403)

# --- how large a body may be depends on the route and on who comes
for path in (ngsi + "/entityOperations/query", "/dortmund/v1.1/$batch", "/platform/v1/session"):
    check(f"a stranger's body at {path} has at most 1 MiB", status_after_head("POST", path, mib + 1) == 413)
check("an editor's batch may have more", status_after_head("POST", ngsi + "/entityOperations/upsert", 30 * mib, editor) == 0)
check("a subscription may not", status_after_head("POST", ngsi + "/subscriptions", mib + 1, editor) == 413)
check("nor may a token's request", status_after_head("POST", api + "/tokens", mib + 1, admin) == 413)
short = call("POST", ngsi + "/entities", {"id": "urn:ngsi-ld:A:1", "type": "A"})
check("after a refused short body the connection goes on", short.status == 401 and "close" not in (short.headers["Connection"] or ""), short.headers)

# --- what is refused leaves nothing behind
def attempts(n):
    call("POST", ngsi + "/entities", {"id": f"urn:ngsi-ld:A:{n}", "type": "A", "scope": [f"/s{n}/{i}" for i in range(50)],
                                      "a": [{"type": "Property", "value": 1, "unitCode": f"u{n}-{i}", "datasetId": f"urn:d:{n}:{i}",
                                             "expiresAt": "2999-01-01T00:00:00Z"} for i in range(50)]})
    call("POST", ngsi + "/entityOperations/query", {"type": "Query", "entities": [{"type": f"T{n}"}], "attrs": [f"urn:x:attr{n}"], "q": f"b{n}==1"})
    call("GET", ngsi + f"/entities?type=Unseen{n}&attrs=unseen{n}&q=unseen{n}.x{n}==%22y{n}%22&orderBy=unseen{n}")
    call("GET", ngsi + f"/types/urn:t:{n}")
    call("GET", ngsi + f"/temporal/entities?type=Unseen{n}&attrs=gone{n}&timerel=before&timeAt=2026-01-01T00:00:00Z")
    call("GET", f"/dortmund/v1.1/Things?$filter=properties/p{n}%20eq%20'x{n}'&$orderby=properties/q{n}")


attempts(0)  # what the program itself needs for answers like these is known from here on
before = metric("dos_names")
for n in range(1, 20):
    attempts(n)
check("no name of strangers is kept", metric("dos_names") == before, (before, metric("dos_names")))
answer = call("PATCH", ngsi + "/entities/urn:ngsi-ld:A:1/attrs", {"a": {"type": "Property", "value": 1}}, {**editor, "NGSILD-Tenant": "dortmund"})
check("a tenant that the path names as well is no contradiction", answer.status in (404, 204, 207), answer)
answer = call("GET", "/schwerte/ngsi-ld/v1/entities?type=A", None, {"NGSILD-Tenant": "dortmund"})
check("path and tenant may not contradict", answer.status == 400 and "NGSILD-Tenant" in answer.json().get("detail", "") + str(answer.json()), answer)

# --- what all answers carry
answer = call("GET", ngsi + "/types", None, viewer)
check("a private answer is for no cache", answer.headers["Cache-Control"] == "no-store", answer.headers)
check("nor is its media type guessed", answer.headers["X-Content-Type-Options"] == "nosniff", answer.headers)
check("a public one may be kept", call("GET", ngsi + "/types").headers["Cache-Control"] is None)
check("a private refusal is for no cache", call("GET", ngsi + "/entities/urn:x:1", None, viewer).headers["Cache-Control"] == "no-store")
check("and so is what the door itself refuses somebody", call("GET", "/dortmund/platform/v1/tokens", None, viewer).headers["Cache-Control"] == "no-store")
check("strangers see nothing of the cities' size in the metrics", b"dos_entities" not in call("GET", "/metrics").body)
check("nor in the status", call("GET", "/platform/v1/status").status == 401 and call("GET", "/platform/v1/status", None, viewer).status == 200)
check("staff does", b'dos_entities{city="dortmund"}' in call("GET", "/metrics", None, viewer).body)
c = http.client.HTTPConnection(base.hostname, base.port, timeout=20)
c.request("GET", "/", headers={"Accept": "text/html"})
page = c.getresponse()
if page.status == 200:
    policy = page.headers["Content-Security-Policy"] or ""
    check("a page says what it may load and who may frame it", "default-src 'self'" in policy and "frame-ancestors" in policy
          and "script-src 'self' 'unsafe-inline'" not in policy, page.headers)
else:
    report.skip("the policy of pages", "the pages are not built")
report.finish()
