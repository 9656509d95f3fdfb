"""What the tests of NGSI-LD share: requests, and entities that are gone afterwards."""
import http.client
import json
import os
import urllib.parse
import uuid

from server import Report, ask

base = urllib.parse.urlsplit(os.environ["BASE_URL"])
root = "/ngsi-ld/v1"
report = Report()
check = report.check


def call(method, path, body=None, headers=None):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=30)
    try:
        return ask(c, method, root + path, body, headers)
    finally:
        c.close()


def new_id(kind="Thing"):
    return f"urn:ngsi-ld:{kind}:{uuid.uuid4()}"


def create(**members):
    e = {"id": new_id(members.get("type", "Thing")), "type": "Thing", **members}
    r = call("POST", "/entities", e)
    check(f"{e['type']} can be created", r.status == 201, r)
    return e["id"]


def get(id, query="", **headers):
    return call("GET", f"/entities/{id}{query}", headers=headers)


def quoted(text):
    return urllib.parse.quote(text, safe="")


def is_error(answer, status, name):
    """NGSI-LD's own form of errors."""
    try:
        problem = answer.json()
    except json.JSONDecodeError:
        return False
    return answer.status == status and problem.get("type") == "https://uri.etsi.org/ngsi-ld/errors/" + name and bool(problem.get("title"))
