"""Durable updates, one by one and in batches."""
import shutil
import sqlite3
import time

from instruments import Program, api, caught_up, connections, figure, free_port, load, options, processor_s, seconds, update


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


def durable_updates(s):
    used = processor_s(s)
    a = load(s.port, connections, *update)
    a["per_second"] = a["ok"] / (a["seconds"] + caught_up(s))
    a["processor_us"] = (processor_s(s) - used) * 1e6 / max(1, a["ok"])
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
