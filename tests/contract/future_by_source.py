#!/usr/bin/env python3
"""How far ahead a source's clock is believed to be is decided for all sources, and for each."""
# serve: --anonymous editor
# config: time_future_max_s: 60
# config: time_future_max_s_of: {http/127.0.0.1: 864000}
import datetime
import os
import subprocess

from _door import call
from server import Report, program

report = Report()
check = report.check
token = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", "dortmund", "--role", "editor", "--name", "t"],
                       check=True, capture_output=True, text=True).stdout.strip()


def write(id, value, ahead_s, headers=None):
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    n = {"type": "Property", "value": value, "observedAt": at}
    call("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", [{"id": id, "type": "T", "n": n}], headers)
    return call("GET", f"/ngsi-ld/v1/entities/{id}?options=keyValues").json().get("n")


bearer = {"Authorization": "Bearer " + token}
check("a source that foretells may be ahead for days", write("urn:ngsi-ld:T:1", 1, 800_000) == 1)
check("but not for ever", write("urn:ngsi-ld:T:2", 1, 900_000) is None)
check("others are believed for as long as all are", [write("urn:ngsi-ld:T:3", n, s, bearer) for n, s in ((1, 30), (2, 120))] == [1, 1])
report.finish()
