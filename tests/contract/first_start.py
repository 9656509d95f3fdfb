"""What somebody sees who starts the program for the first time, or looks at it from the system."""
import os
import pathlib
import re
import urllib.request

from server import Report, Server, root

report = Report()
check = report.check

with Server(["--city", str(root / "cities" / "schwerte.yaml")]) as s:
    said = pathlib.Path(s.log + ".out").read_text()
    links = re.findall(r"http://localhost:(\d+)/workplace/anmelden/\?code=\S+", said)
    check("on a port that the system chose, the sign-in link leads to that port", links == [str(s.port)], said)
    openapi = urllib.request.urlopen(s.url + "/openapi.json", timeout=20).read().decode()
    check("nor do documents name a port that nobody listens on", "localhost:0" not in openapi)
    names = {pathlib.Path(f"/proc/{s.process.pid}/task/{t}/comm").read_text().strip() for t in os.listdir(f"/proc/{s.process.pid}/task")}
    expected = {"dos", "net 0", "net 1", "worker 0", "jobs", "order schwerte", "follow schwerte", "save schwerte", "send schwerte"}
    check("each thread has a name in top -H", {n[:15] for n in expected} <= names and sum(n.startswith("dos") for n in names) == 1, sorted(names))
    typed = s.call("GET", "/schwerte")
    check("the address of a city that people type leads to its page", typed.status == 302 and typed.headers["Location"] == "/?city=schwerte", typed)
    layers = [s.call("GET", f"/demo-map/{name}.geojson") for name in ("boundaries", "stops", "lines")]
    check("the map asks for nothing that is not there", all(a.status == 200 and a.json()["type"] == "FeatureCollection" for a in layers), layers)
    families = [line.split()[2] for line in s.call("GET", "/metrics").body.decode().splitlines() if line.startswith("# TYPE")]
    check("each family of metrics says once what it is", len(families) == len(set(families)) and "dos_entities" in families, families)
report.finish()
