#!/usr/bin/env python3
"""Measures, each figure against a reference in the same run; docs/performance.md says what the figures mean.
bench.py BUILD_DIR WORK_DIR [--json FILE] [--quick] [--only WORD]"""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "tests"))
arguments = argparse.ArgumentParser()
arguments.add_argument("build", type=pathlib.Path)
arguments.add_argument("work", type=pathlib.Path)
arguments.add_argument("--json")
arguments.add_argument("--quick", action="store_true", help="5 s each instead of 60, smaller sets")
arguments.add_argument("--only", default="", help="a part: updates, subscriptions, batch, query, memory, history, sensorthings")
options = arguments.parse_args()
os.environ.setdefault("DOS", str(options.build / "dos"))
from server import Server, ask  # noqa: E402

seconds = 5 if options.quick else 60
entities = 100_000
million = 200_000 if options.quick else 1_000_000
history_points = 2_000_000 if options.quick else 20_000_000
connections = 64
checkpoint_s = 5  # one is due so often, whether there is work or not
api = "/dortmund/ngsi-ld/v1"
update = ("PATCH", api + "/entities/urn:ngsi-ld:Bench:{id}/attrs/temperature", '{"type":"Property","value":{n}}')
figures = []


def figure(name, value, unit, reference=None, ratio=None, goal=None, latency=None):
    f = {"name": name, "value": value, "unit": unit, "reference": reference, "ratio": ratio}
    if goal is not None:
        f["goal"] = goal
    if latency:
        f.update({k + "_ms": latency[k] for k in ("p50", "p95", "p99", "p999")})
    figures.append(f)
    text = f"{name:<44} {value:>12,.6g} {unit:<12}"
    text += f" {ratio:6.3f} of {reference}" if ratio is not None else ""
    text += f" (goal {goal})" if goal is not None else ""
    text += "  p50 {p50} p95 {p95} p99 {p99} p99.9 {p999} ms".format(**latency) if latency else ""
    print(text, flush=True)
    return value


def load(port, count, method, target, body="", fields=(), for_s=None, ids=entities):
    command = [options.build / "load", port, count, for_s or seconds, method, target, body, *fields]
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True, env={**os.environ, "ENTITIES": str(ids)})
    if r.returncode:
        sys.exit("load: " + r.stderr)
    answer = json.loads(r.stdout)
    if not answer["ok"] or answer["broken"] or any(not s.startswith("2") for s in answer["statuses"]):
        print(f"  not all was answered with 2xx: {answer}", file=sys.stderr)
    return answer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on {port}")


class Program:
    """A reference or receiver beside the server, for as long as the `with` lasts."""

    def __init__(self, port, *command):
        self.port = port
        self.process = subprocess.Popen([str(c) for c in command], stderr=subprocess.DEVNULL)

    def __enter__(self):
        wait_for_port(self.port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def nginx():
    port, folder = free_port(), options.work / "nginx"
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
""")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return Program(port, program, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf")


def entity(n, r):
    return {"id": f"urn:ngsi-ld:Bench:{n}", "type": f"Bench{n % 10}",
            "temperature": {"type": "Property", "value": round(r.uniform(-10, 35), 1), "unitCode": "CEL"},
            "humidity": {"type": "Property", "value": r.randrange(100)},
            "name": {"type": "Property", "value": f"Messstelle {n}"},
            "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{n}"},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [round(r.uniform(7.3, 7.7), 6), round(r.uniform(51.4, 51.6), 6)]}}}


def fill(s, first, last):
    r = random.Random(first)
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=120)
    for n in range(first, last, 1000):
        a = ask(c, "POST", api + "/entityOperations/create", [entity(i, r) for i in range(n, min(n + 1000, last))])
        assert a.status == 201, a


def lag(s):
    for line in s.call("GET", "/metrics", timeout=120).body.decode().splitlines():
        if line.startswith('dos_log_lag_bytes{city="dortmund"}'):
            return int(line.split()[-1])
    sys.exit("the server does not tell dos_log_lag_bytes")


def caught_up(s, patience_s=300):
    """Seconds until nothing waits to be followed and checkpointed, without the time in which none was due."""
    began = time.monotonic()
    while lag(s) > 0:
        if time.monotonic() - began > patience_s:
            sys.exit("the server does not catch up")
        time.sleep(0.1)
    return max(0.0, time.monotonic() - began - checkpoint_s)


def memory_kb(s, what="VmRSS"):
    status = pathlib.Path(f"/proc/{s.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


def durable_updates(s):
    a = load(s.port, connections, *update)
    a["per_second"] = a["ok"] / (a["seconds"] + caught_up(s))
    return a


def measure_updates(s):
    load(s.port, connections, *update, for_s=2)  # warm
    echo = load(s.port, connections, "POST", "/platform/v1/echo", update[2])
    stored = durable_updates(s)
    with nginx() as n:
        bare = load(n.port, connections, update[0], "/", update[2])
    figure("echo (nothing is stored)", echo["per_second"], "requests/s", latency=echo)
    figure("nginx return 204", bare["per_second"], "requests/s", latency=bare)
    figure("durable updates", stored["per_second"], "updates/s", "echo", stored["per_second"] / echo["per_second"], latency=stored)
    figure("durable updates against nginx", stored["per_second"], "updates/s", "nginx return 204", stored["per_second"] / bare["per_second"])
    return stored


def subscribe(s, subscription):
    a = s.call("POST", api + "/subscriptions", subscription)
    assert a.status == 201, a
    return a.headers["Location"].rsplit("/", 1)[-1]


def measure_subscriptions(s, without):
    port = free_port()
    with Program(port, options.build / "receiver", port):
        target = {"notification": {"attributes": ["temperature"], "endpoint": {"uri": f"http://127.0.0.1:{port}/", "accept": "application/json"}}}
        # Four ways not to match: another type, another attribute, another entity, another value.
        ways = [{"entities": [{"type": "Other"}]}, {"entities": [{"type": "Bench1"}], "watchedAttributes": ["humidity"]},
                {"entities": [{"id": "urn:ngsi-ld:Bench:none", "type": "Bench2"}]}, {"entities": [{"type": "Bench3"}], "q": "temperature<-1000"}]
        ids = [subscribe(s, {"type": "Subscription", **ways[n % 4], **target}) for n in range(1000)]
        none = durable_updates(s)
        figure("durable updates, 1,000 subscriptions, no match", none["per_second"], "updates/s", "durable updates",
               none["per_second"] / without["per_second"], 0.9, none)
        for i in ids:
            s.call("DELETE", f"{api}/subscriptions/{i}")
        # Each entity is watched by one of a thousand.
        for n in range(1000):
            watched = [{"id": f"urn:ngsi-ld:Bench:{i}", "type": f"Bench{i % 10}"} for i in range(n, entities, 1000)]
            subscribe(s, {"type": "Subscription", "entities": watched, **target})
        began = time.monotonic()
        one = load(s.port, connections, *update)
        deadline = time.monotonic() + 10 * seconds
        received = http.client.HTTPConnection("127.0.0.1", port)
        while (count := ask(received, "GET", "/count").json())["entities"] < one["ok"] and time.monotonic() < deadline:
            time.sleep(0.02)
        took = time.monotonic() - began
        if count["entities"] < one["ok"]:
            print(f"  {one['ok'] - count['entities']} of {one['ok']} notifications did not come within {took:.0f} s", file=sys.stderr)
        rate = count["entities"] / took
        figure("durable updates, each notified to one of 1,000", rate, "updates/s", "durable updates", rate / without["per_second"], 0.3, one)
        figure("entities a notification", count["entities"] / max(1, count["requests"]), "entities")


def sqlite_append(body, rows):
    """Appends, each a transaction that is synced, as rows of the same bytes: requests a second."""
    file = options.work / "bare.db"
    for f in options.work.glob("bare.db*"):
        f.unlink()
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE bare(id INTEGER PRIMARY KEY, bytes BLOB)")
    size = len(body) // rows
    pieces = [(body[i * size:(i + 1) * size if i + 1 < rows else len(body)],) for i in range(rows)]
    n, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        db.execute("BEGIN")
        db.executemany("INSERT INTO bare(bytes) VALUES(?)", pieces)
        db.execute("COMMIT")
        n += 1
    rate = n / (time.monotonic() - began)
    db.close()
    return rate


def batches(s, name, method, target, body, items, goal=None):
    """Batches of observations against SQLite appending rows of the same bytes, as many a transaction."""
    a = load(s.port, 8, method, target, body)
    rate = a["ok"] * items / (a["seconds"] + caught_up(s))
    sent = body.replace("{id}", "12345").replace("{n}", "1234567").replace("{t}", "2026-07-01T12:00:00Z").encode()
    rows, blob = sqlite_append(sent, items) * items, sqlite_append(sent, 1) * items
    figure(name, rate, "values/s", "SQLite, a row each, same bytes", rate / rows, goal, a)
    figure(name + ", against one row a batch", rate, "values/s", "SQLite, a row a request, same bytes", rate / blob)


def measure_batch(s):
    # What a logger sends: many readings of one station.
    reading = '{"type":"Property","value":{n},"observedAt":"{t}"}'
    batches(s, "batch observations, 500 of one station", "POST", api + "/temporal/entities/urn:ngsi-ld:Bench:{id}/attrs",
            '{"temperature":[' + ",".join([reading] * 500) + "]}", 500, 0.5)
    # What a city's platform sends: one reading of many stations, each of which becomes the state as well.
    one = '{"id":"urn:ngsi-ld:Bench:{id}","temperature":{"type":"Property","value":{n},"observedAt":"2026-07-01T12:00:00Z"}}'
    batches(s, "batch updates, one of 500 stations", "POST", api + "/entityOperations/update", "[" + ",".join([one] * 500) + "]", 500)


def measure_query(s):
    target = (api + "/entities?type=Bench{id}&q=temperature%3E{r:0:30}&georel=near;maxDistance==1000&geometry=Point"
              "&coordinates=%5B{r:7.3:7.7},{r:51.4:51.6}%5D&limit=1000&options=keyValues")
    a = load(s.port, 1, "GET", target, ids=10)
    figure("query type+value+radius of 100,000, one client", a["per_second"], "queries/s", latency=a)
    figure("query type+value+radius p95", a["p95"], "ms", "goal of 5 ms", a["p95"] / 5, 1)
    a = load(s.port, 16, "GET", target, ids=10)
    figure("query type+value+radius, 16 clients", a["per_second"], "queries/s", latency=a)


def measure_start(s, name):
    s.kill()
    began = time.monotonic()
    s.start(600)
    assert s.call("GET", "/healthz").status == 200
    figure(f"start after a kill, {name}", time.monotonic() - began, "s")


def measure_memory(s):
    before = memory_kb(s)
    began = time.monotonic()
    parts = 4
    threads = [threading.Thread(target=fill, args=(s, entities + (million - entities) * k // parts, entities + (million - entities) * (k + 1) // parts))
               for k in range(parts)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    figure("entities created (1,000 a request)", (million - entities) / (time.monotonic() - began + caught_up(s)), "entities/s")
    figure(f"memory at {million:,} entities", memory_kb(s) / 1024, "MB")
    figure("memory of an entity more (5 attributes)", (memory_kb(s) - before) * 1024 / (million - entities), "B")
    measure_start(s, f"{million:,} entities")


def measure_history():
    r = subprocess.run([options.build / "history_bench", options.work, str(history_points)], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        name, value, unit = line.split(None, 2)
        figure(f"{name} ({history_points // 1_000_000} M points)", float(value), unit)
    if r.returncode:
        sys.exit("history_bench: " + r.stderr)


def measure_sensorthings(s):
    """Observations of 10 datastreams for each of 1,000 things, and what clients ask of them."""
    sta = "/dortmund/v1.1"
    things, streams, rows = (100, 10, 2_000) if options.quick else (1_000, 10, 5_000)
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=120)

    def made(path, body):
        a = ask(c, "POST", f"{sta}/{path}", body)
        assert a.status == 201, a
        return int(a.headers["Location"].rsplit("(", 1)[1].rstrip(")"))

    sensor = made("Sensors", {"name": "S", "description": "", "encodingType": "text/html", "metadata": ""})
    observed = made("ObservedProperties", {"name": "level", "definition": "http://example.org/level", "description": ""})
    stream = {"name": "D", "description": "", "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
              "Sensor": {"@iot.id": sensor}, "ObservedProperty": {"@iot.id": observed}}
    place = {"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7.5, 51.5]}}
    for n in range(things):
        made("Things", {"name": f"T{n}", "description": "", "Locations": [place], "Datastreams": [stream] * streams})
    ids, page = [], ask(c, "GET", f"{sta}/Datastreams?$select=id&$top=1000").json()
    while True:
        ids += [d["@iot.id"] for d in page["value"]]
        if "@iot.nextLink" not in page:
            break
        page = ask(c, "GET", "/" + page["@iot.nextLink"].split("/", 3)[3]).json()
    started = 1_767_225_600
    texts = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started + 60 * k)) for k in range(rows)]
    bodies = [json.dumps([{"Datastream": {"@iot.id": d}, "components": ["phenomenonTime", "result"],
                           "dataArray": [[t, 20 + k % 17 / 10] for k, t in enumerate(texts[first:first + 1_000])]} for d in ids[i:i + 10]]).encode()
              for first in range(0, rows, 1_000) for i in range(0, len(ids), 10)]
    lock, left = threading.Lock(), iter(bodies)

    def send():
        own = http.client.HTTPConnection("127.0.0.1", s.port, timeout=120)
        while True:
            with lock:
                body = next(left, None)
            if body is None:
                return
            a = ask(own, "POST", f"{sta}/CreateObservations", body)
            assert a.status == 201, a

    began = time.monotonic()
    threads = [threading.Thread(target=send) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    rate = len(ids) * rows / (time.monotonic() - began + caught_up(s))
    figure("SensorThings data arrays", rate, "observations/s", "goal of 300,000", rate / 300_000, 1)
    of_one = f"{sta}/Datastreams({ids[0]})/Observations"
    latest = "Datastreams($top=1;$select=id;$expand=Observations($top=1;$orderby=phenomenonTime%20desc;$select=result))"
    day = "phenomenonTime%20ge%202026-01-01T00:00:00Z%20and%20phenomenonTime%20lt%202026-01-02T00:00:00Z"
    for name, target, goal_ms in (
            (f"SensorThings latest value of {things:,} things", f"{sta}/Things?$top={things}&$select=id&$expand={latest}", 50),
            ("SensorThings $count of a datastream", f"{of_one}?$count=true&$top=0", 10),
            ("SensorThings a day, 1,440 rows", f"{of_one}?$filter={day}&$top=1440", 5)):
        a = load(s.port, 1, "GET", target)
        figure(name + ", p95", a["p95"], "ms", f"goal of {goal_ms} ms", a["p95"] / goal_ms, 1, a)
    body = '{"result":{n},"phenomenonTime":"{t}"}'
    echo = load(s.port, connections, "POST", "/platform/v1/echo", body)
    stored = load(s.port, connections, "POST", f"{sta}/Datastreams({ids[-1]})/Observations", body)
    stored["per_second"] = stored["ok"] / (stored["seconds"] + caught_up(s))
    figure("SensorThings observations, one a request", stored["per_second"], "observations/s", "echo", stored["per_second"] / echo["per_second"], 0.5, stored)


def run():
    wanted = lambda part: options.only in ("", part)  # noqa: E731
    if any(wanted(p) for p in ("updates", "subscriptions", "batch", "query", "memory")):
        with Server(("--anonymous", "admin"), "allow_private_addresses: true\n", data=str(options.work / "data")) as s:
            empty = memory_kb(s)
            fill(s, 0, entities)
            caught_up(s)
            figure("memory of an entity (5 attributes)", (memory_kb(s) - empty) * 1024 / entities, "B")
            if wanted("query"):
                measure_query(s)
            if wanted("updates") or wanted("subscriptions"):
                stored = measure_updates(s)
                if wanted("subscriptions"):
                    measure_subscriptions(s, stored)
            if wanted("batch"):
                measure_batch(s)
            if wanted("memory"):
                measure_start(s, "100,000 entities and what was measured before")
                measure_memory(s)
    if wanted("sensorthings"):
        with Server(("--anonymous", "admin"), "temporal_page_max: 10000\n", data=str(options.work / "observed")) as s:
            measure_sensorthings(s)
    if wanted("history"):
        measure_history()


shutil.rmtree(options.work, ignore_errors=True)
options.work.mkdir(parents=True)
try:
    run()
finally:
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    shutil.rmtree(options.work, ignore_errors=True)
