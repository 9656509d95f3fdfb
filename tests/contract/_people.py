"""For tests of declared types: packages of a city in force, and people with roles."""
import os
import subprocess
import time
import urllib.parse

from _door import call
from server import program

city = "dortmund"
api, ngsi = f"/{city}/platform/v1", f"/{city}/ngsi-ld/v1"
admin = {"Authorization": "Bearer " + subprocess.run(
    [program, "token", "--data", os.environ["DATA_DIR"], "--city", city, "--role", "admin", "--name", "Rolf"], check=True, capture_output=True, text=True).stdout.strip()}


def use(*packages):
    for p in packages:
        asked = call("PUT", f"{api}/packages/{p}", {"state": "on"}, admin)
        assert asked.status == 202, asked
        job = asked.headers.get("Location") or f"{api}/jobs/{asked.json()['id']}"
        for _ in range(600):
            told = call("GET", job if job.startswith("/") else f"{api}/{job}", None, admin)
            if told.json().get("state") not in ("waiting", "queued", "running", "checking", "migrating"):
                break
            time.sleep(0.05)
        assert told.json().get("state") in ("done", "finished", "succeeded"), told


def person(name, *roles, role="member", organisations=()):
    wanted = {"name": name, "role": role, "subject": f"urn:ngsi-ld:Person:{name}"}
    if roles:
        wanted["roles"] = list(roles)
    if organisations:
        wanted["organisations"] = list(organisations)
    made = call("POST", f"{api}/tokens", wanted, admin)
    assert made.status == 201, made
    return {"Authorization": "Bearer " + made.json()["token"]}


def quoted(id):
    return urllib.parse.quote(id, safe="")


def make(who, what, /, **fields):
    return call("POST", f"{api}/models/{what}/entities", fields, who)


def act(who, id, action, fields=None, **headers):
    return call("POST", f"{api}/entities/{quoted(id)}/actions/{action}", fields, {**who, **{k.replace("_", "-"): v for k, v in headers.items()}})


def read(who, id):
    return call("GET", f"{ngsi}/entities/{quoted(id)}", None, who)
