#!/usr/bin/env python3
"""Fills the disk under a running server: writes are refused with 507 and a problem that says so, reads go on, and when
there is space again writes work without a restart. Killed on the full disk it starts there, too, and reads. Nothing
acknowledged is lost, whatever happens in between.
Needs root, for a small file system of its own."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server  # noqa: E402

api = "/dortmund/ngsi-ld/v1"
entity = "urn:ngsi-ld:Disk:1"


def update(s, n):
    return s.call("PATCH", f"{api}/entities/{entity}/attrs/n", {"type": "Property", "value": n})


def value(s):
    a = s.call("GET", f"{api}/entities/{entity}?options=keyValues")
    return a.json()["n"] if a.status == 200 else a


def fill(file):
    """To the last byte."""
    with open(file, "ab", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    f.write(b"\0" * size)
            except OSError:
                pass


def until(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def run(report, disk):
    filler = os.path.join(disk, "filler")
    with Server(data=os.path.join(disk, "data")) as s:
        a = s.call("POST", f"{api}/entities", {"id": entity, "type": "Disk", "n": {"type": "Property", "value": 0}})
        report.check("with space an entity is created", a.status == 201, a)
        for n in range(1, 101):
            a = update(s, n)
        report.check("with space updates are stored", a.status == 204, a)
        fill(filler)
        refused = [update(s, n) for n in range(1001, 1031)]
        report.check("on a full disk every write is refused with 507", all(a.status == 507 for a in refused), refused[0])
        report.check("the refusal says that the disk is full", b"disk" in refused[0].body and b"full" in refused[0].body.lower(), refused[0])
        report.check("reads go on, and show what was acknowledged last", value(s) == 100, value(s))
        health = s.call("GET", "/healthz")
        report.check("the health page tells the operator", health.json()["status"] == "degraded", health)
        time.sleep(7)  # longer than a checkpoint takes to be due
        report.check("reads still go on after a checkpoint had no room", value(s) == 100 and update(s, 1031).status == 507, s.tail())
        os.remove(filler)
        report.check("writes work by themselves once there is space", until(10, lambda: update(s, 200).status == 204), s.tail())
        report.check("and the health page is content again",
                     until(20, lambda: s.call("GET", "/healthz").json()["status"] == "ok"), s.call("GET", "/healthz"))
        fill(filler)
        report.check("a second time it is refused as well", update(s, 1032).status == 507)
        for again in ("", "once more "):
            s.kill()
            fill(filler)
            s.start()
            health = s.call("GET", "/healthz").json()
            report.check(f"killed {again}and started on a full disk, its health page says so before anybody writes", health["status"] == "degraded", health)
            report.check(f"killed {again}and started on a full disk, it answers what was stored", value(s) == 200, value(s))
            a = update(s, 1033)
            report.check(f"and, {again}started, refuses to write with 507", a.status == 507, a)
        os.remove(filler)
        report.check("with space it writes again without a restart", until(10, lambda: update(s, 300).status == 204), s.tail())
        s.kill()
        s.start()
        a = s.call("GET", f"{api}/temporal/entities/{entity}?attrs=n&options=temporalValues&timeproperty=modifiedAt&lastN=1000")
        values = [v[0] for v in a.json().get("n", {}).get("values", [])] if a.status in (200, 206) else a
        expected = [*range(0, 101), 200, 300]
        report.check("nothing acknowledged is lost, and nothing refused is there",
                     isinstance(values, list) and sorted(values) == expected, values)


report = Report()
disk = tempfile.mkdtemp(prefix="dos-disk-")
mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], capture_output=True).returncode == 0
if mounted:
    try:
        run(report, disk)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
else:
    report.skip("a full disk", "a small file system can only be mounted by root, where mounting is permitted")
os.rmdir(disk)
report.finish()
