#!/usr/bin/env python3
"""A medium that fails, and damage on it: writes are refused with a reason, reads go on, the health page names it, the program goes
on, and by itself when the medium is well again. What was acknowledged is there exactly once.
The system's fsync fails on demand (a shim loaded before the program); rows of the databases are damaged as a bad sector would."""
import http.server
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
api = "/dortmund/ngsi-ld/v1"
shim = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fails(void) {
  char const* flag = getenv("FAILING_MEDIUM");
  if (!flag || access(flag, F_OK) != 0) return 0;
  errno = EIO;
  return 1;
}
int fsync(int f) { return fails() ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(f); }
int fdatasync(int f) { return fails() ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(f); }
"""


def update(s, n, name="A"):
    return s.call("PATCH", f"{api}/entities/urn:ngsi-ld:Disk:{name}/attrs/n", {"type": "Property", "value": n})


def create(s, name="A", where=api):
    a = s.call("POST", f"{where}/entities", {"id": f"urn:ngsi-ld:Disk:{name}", "type": "Disk", "n": {"type": "Property", "value": 0}})
    assert a.status == 201, a


def value(s, name="A"):
    a = s.call("GET", f"{api}/entities/urn:ngsi-ld:Disk:{name}?options=keyValues")
    return a.json()["n"] if a.status == 200 else a


def history(s, name="A"):
    a = s.call("GET", f"{api}/temporal/entities/urn:ngsi-ld:Disk:{name}?attrs=n&options=temporalValues&timeproperty=modifiedAt&lastN=2000")
    return sorted(v[0] for v in a.json().get("n", {}).get("values", [])) if a.status in (200, 206) else a


def health(s):
    return s.call("GET", "/healthz").json()


def until(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def status(s):
    return next(c for c in s.call("GET", "/platform/v1/status").json()["cities"] if c["id"] == "dortmund")


class Table(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Table.asked += 1
        body = f"id;n\n1;{Table.asked}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def pull(s):
    table = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Table)
    threading.Thread(target=table.serve_forever, daemon=True).start()
    a = s.call("PUT", "/dortmund/platform/v1/mappings/pulled", {
        "name": "pulled", "title": "Pulled", "publisher": "test", "licence": "CC0-1.0", "origin": "http://test.example/",
        "source": {"format": "csv", "separator": ";", "url": f"http://127.0.0.1:{table.server_port}/", "interval_s": 10, "enabled": True},
        "entity": {"type": "Pulled", "id": "urn:ngsi-ld:Pulled:{id}"}, "attributes": [{"attribute": "n", "from": "n", "number": True}]})
    assert a.status in (200, 201, 204), a


def pulled(s):
    a = s.call("GET", api + "/entities/urn:ngsi-ld:Pulled:1?options=keyValues")
    return next((v for k, v in a.json().items() if k.split("/")[-1] == "n"), 0) if a.status == 200 else 0


def failing_syncs(folder):
    source, library, flag = (os.path.join(folder, n) for n in ("shim.c", "shim.so", "fails"))
    pathlib.Path(source).write_text(shim)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    os.environ.update(LD_PRELOAD=library, FAILING_MEDIUM=flag)
    s = Server(config="allow_private_addresses: true\n")
    s.start()
    del os.environ["LD_PRELOAD"]
    try:
        create(s)
        known = [0]
        for n in range(1, 51):
            assert update(s, n).status == 204
            known.append(n)
        pull(s)
        check("a table is pulled", until(20, lambda: pulled(s) >= 1), (Table.asked, s.tail()))
        pathlib.Path(flag).touch()
        refused = [update(s, n) for n in range(1001, 1011)]
        check("when syncs fail, writes are refused as unavailable", all(a.status == 503 for a in refused), refused[0])
        check("reads go on, and show what was acknowledged last", value(s) == 50 and history(s) == known, (value(s), s.tail()))
        seen = health(s)
        check("the health page names it", seen["status"] == "degraded" and seen["trouble"][0]["reason"], seen)
        asked = Table.asked
        check("pulls go on while nothing can be written", until(30, lambda: Table.asked >= asked + 2), (asked, Table.asked))  # so do checkpoints
        check("the program goes on", s.alive() and value(s) == 50 and update(s, 1011).status == 503, s.tail())
        os.remove(flag)
        check("writes work by themselves when the medium is well", until(15, lambda: update(s, 200).status == 204), s.tail())
        known.append(200)
        check("and the health page is content again", until(20, lambda: health(s)["status"] == "ok"), health(s))
        asked = Table.asked
        check("and what is pulled comes in again", until(30, lambda: pulled(s) > asked), (asked, pulled(s), s.tail()))
        check("and what was written is saved", until(20, lambda: status(s)["checkpoint"] == status(s)["position"]), status(s))
        s.kill()
        s.start()
        found = history(s)
        check("what was acknowledged is there, exactly once", isinstance(found, list) and [v for v in found if v < 1000] == known, found)
        check("and of what was refused nothing twice", isinstance(found, list) and len(found) == len(set(found)), found)
    finally:
        s.__exit__()


def damaged_log():
    with Server() as s:
        create(s)
        create(s, "Other", "/schwerte/ngsi-ld/v1")
        check("what is to be damaged was saved", until(20, lambda: status(s)["checkpoint"] == status(s)["position"]), status(s))
        for n in (1, 2, 3):
            assert update(s, n).status == 204
        s.kill()
        with sqlite3.connect(os.path.join(s.data, "cities", "dortmund", "log.db") if os.path.isdir(os.path.join(s.data, "cities"))
                             else os.path.join(s.data, "dortmund", "log.db")) as log:
            last = log.execute("SELECT max(position) FROM log").fetchone()[0]
            log.execute("UPDATE log SET batch = x'00' WHERE position = ?", (last,))
        log.close()
        try:
            s.start()
        except RuntimeError as e:
            return check("with a damaged log entry the program starts", False, e)
        check("it reads what is sound", value(s) == 2, value(s))
        a = update(s, 4)
        check("and refuses writes, naming the entry", a.status == 503 and f"damaged at position {last}".encode() in a.body, a)
        seen = health(s)
        check("so does the health page", seen["status"] == "degraded" and f"damaged at position {last}" in seen["trouble"][0]["reason"], seen)
        a = s.call("PATCH", "/schwerte/ngsi-ld/v1/entities/urn:ngsi-ld:Disk:Other/attrs/n", {"type": "Property", "value": 1})
        check("the other city is not concerned", a.status == 204, a)
    return None


def damaged_chunk():
    with Server() as s:
        for name in ("A", "B"):
            create(s, name)
        for n in range(1, 400):
            for name in ("A", "B"):
                assert update(s, n, name).status == 204
        check("what is to be damaged was saved", until(20, lambda: status(s)["checkpoint"] == status(s)["position"]), status(s))
        s.kill()
        file = next(pathlib.Path(s.data).rglob("dortmund/state.db"))
        with sqlite3.connect(file) as state:
            series = state.execute("SELECT min(series) FROM chunk").fetchone()[0]
            changed = state.execute("UPDATE chunk_data SET bytes = zeroblob(64) WHERE id IN (SELECT data FROM chunk WHERE series = ?)", (series,)).rowcount
            assert changed > 0
        state.close()
        s.start()
        check("reading the damaged series is refused", getattr(history(s), "status", 0) == 500, history(s))
        check("the other one is whole", isinstance(history(s, "B"), list) and len(history(s, "B")) == 400, history(s, "B"))
        seen = health(s)
        check("the health page names the series", seen["status"] == "degraded" and f"series {series}" in seen["trouble"][0]["reason"], seen)
        for n in range(1000, 1400):
            for name in ("A", "B"):
                assert update(s, n, name).status == 204
        check("writing to both goes on, and is saved", until(20, lambda: status(s)["checkpoint"] == status(s)["position"]), (status(s), s.tail()))
        s.kill()
        s.start()
        check("what came later is there", isinstance(history(s), list) and history(s)[-400:] == list(range(1000, 1400)), history(s))
        check("and all of the other", isinstance(history(s, "B"), list) and len(history(s, "B")) == 800, history(s, "B"))


damaged_log()
damaged_chunk()
with tempfile.TemporaryDirectory() as folder:
    failing_syncs(folder)
report.finish()
