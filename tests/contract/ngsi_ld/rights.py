#!/usr/bin/env python3
# serve: --anonymous anonymous
"""Who has no token reads what is open, and no more."""
from _client import call, check, new_id, report

id = new_id()
check("nobody writes without a token", call("POST", "/entities", {"id": id, "type": "Thing"}).status == 401)
check("what is not open is not there", call("GET", "/entities/" + id).status == 404)
check("nobody lists subscriptions, which may hold secrets", call("GET", "/subscriptions").status == 401)
s = {"type": "Subscription", "entities": [{"type": "Thing"}], "notification": {"endpoint": {"uri": "http://example.org/"}}}
check("nor makes one", call("POST", "/subscriptions", s).status == 401)
check("nor sees which there are", call("GET", "/jsonldContexts").status == 401)
source = {"type": "ContextSourceRegistration", "endpoint": "http://source.invalid/", "information": [{"entities": [{"type": "Thing"}]}]}
check("nor registers a source", call("POST", "/csourceRegistrations", source).status == 401)
for path in ("/entities?type=Thing", "/entities?type=Nothing", "/entities/" + id, f"/entities/{id}/attrs/name", f"/temporal/entities/{id}"):
    check(f"nobody deletes {path}, whatever is there", call("DELETE", path).status == 401, call("DELETE", path))
check("nor hosts a context", call("POST", "/jsonldContexts", {"@context": {}}).status == 401)
check("types that are not open are not told", call("GET", "/types").json().get("typeList") == [])
report.finish()
