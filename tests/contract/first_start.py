"""What somebody sees who starts the program for the first time, or looks at it from the system."""
import os
import pathlib
import re
import time
import urllib.request

from server import Report, Server, root

report = Report()
check = report.check


def thread_names(process):
    tasks = pathlib.Path(f"/proc/{process}/task")
    return [(tasks / t / "comm").read_text().strip() for t in os.listdir(tasks)]


with Server(["--city", str(root / "cities" / "schwerte.yaml")]) as s:
    said = pathlib.Path(s.log + ".out").read_text()
    links = re.findall(r"http://localhost:(\d+)/workplace/anmelden/\?code=\S+", said)
    check("on a port that the system chose, the sign-in link leads to that port", links == [str(s.port)], said)
    openapi = urllib.request.urlopen(s.url + "/openapi.json", timeout=20).read().decode()
    check("nor do documents name a port that nobody listens on", "localhost:0" not in openapi)
    expected = {"dos", "net 0", "net 1", "worker 0", "jobs", "order schwerte", "follow schwerte", "save schwerte", "send schwerte"}
    names = thread_names(s.process.pid)
    deadline = time.monotonic() + 10  # a thread names itself when it first runs
    while (names.count("dos") > 1 or not {n[:15] for n in expected} <= set(names)) and time.monotonic() < deadline:
        time.sleep(0.05)
        names = thread_names(s.process.pid)
    check("each thread has a name in top -H", {n[:15] for n in expected} <= set(names) and names.count("dos") == 1, sorted(names))
    typed = s.call("GET", "/schwerte")
    check("the address of a city that people type leads to its page", typed.status == 302 and typed.headers["Location"] == "/?city=schwerte", typed)
    layers = [s.call("GET", f"/demo-map/{name}.geojson") for name in ("boundaries", "stops", "lines")]
    check("the map asks for nothing that is not there", all(a.status == 200 and a.json()["type"] == "FeatureCollection" for a in layers), layers)
    families = [line.split()[2] for line in s.call("GET", "/metrics", None, {"Authorization": "Bearer " + s.token(role="viewer")}).body.decode().splitlines() if line.startswith("# TYPE")]
    check("each family of metrics says once what it is", len(families) == len(set(families)) and "dos_entities" in families, families)
report.finish()
