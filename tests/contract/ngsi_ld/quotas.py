#!/usr/bin/env python3
# serve: --anonymous editor
"""What one caller may keep has a bound, which is named; others are not touched, and room that is made is room again."""
import http.client
import os
import sys
import urllib.parse

sys.path.insert(0, os.environ["PYTHONPATH"])
from server import Report, ask  # noqa: E402

base = urllib.parse.urlparse(os.environ["BASE_URL"])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
api = "/dortmund/ngsi-ld/v1"
report = Report()


def call(method, path, body=None):
    return ask(connection, method, path, body)


def fill(what, path, body, most):
    kept = []
    for n in range(most + 1):
        a = call("POST", f"{api}/{path}", body(n))
        if a.status != 201:
            break
        kept.append(a.headers["Location"])
    report.check(f"{most} {what} of one caller are kept", len(kept) == most, (len(kept), a))
    report.check("one more is 429 and says how many there may be", a.status == 429 and a.headers["Retry-After"] and str(most) in a.json()["detail"], a)
    gone = call("DELETE", kept[0])
    report.check("where one is deleted, one can be made", gone.status == 204 and call("POST", f"{api}/{path}", body(most)).status == 201, gone)


fill("contexts", "jsonldContexts", lambda n: {"@context": {f"term{n}": f"http://example.org/{n}"}}, 200)
fill("subscriptions", "subscriptions", lambda n: {"type": "Subscription", "entities": [{"type": f"T{n}"}],
                                                  "notification": {"endpoint": {"uri": "http://example.org/", "accept": "application/json"}}}, 1_000)
fill("registrations", "csourceRegistrations", lambda n: {"type": "ContextSourceRegistration", "endpoint": "http://example.org/ngsi-ld/v1",
                                                         "information": [{"entities": [{"type": f"Far{n}"}]}]}, 1_000)
large = {"@context": {f"term{n}": "http://example.org/" + "x" * 1000 for n in range(900)}}
for location in call("GET", f"{api}/jsonldContexts").json()[:40]:
    if "/jsonldContexts/" in location:
        call("DELETE", api + location[location.index("/jsonldContexts"):])
statuses = [call("POST", f"{api}/jsonldContexts", large).status for _ in range(45)]
report.check("their bytes have a bound, too", 429 in statuses and statuses[0] == 201, statuses)
report.finish()
