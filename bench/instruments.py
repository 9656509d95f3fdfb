"""What every part measures with: options, figures, load, programs beside the server, sets of entities, waiting."""
import argparse
import http.client
import json
import os
import pathlib
import random
import socket
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
arguments.add_argument("--only", default="", help="a part; see the list in bench.py")
options = arguments.parse_args()
os.environ.setdefault("DOS", str(options.build / "dos"))
from server import Server, ask  # noqa: E402, F401

seconds = 5 if options.quick else 60
reading_s = 5 if options.quick else 20  # one client alone
entities = 100_000
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


def against_echo(s, count, method, target, body):
    """What stores and the echo of the same body, in turns, because the machine is not always as fast."""
    turns = 1 if options.quick else 3
    echoes, stores = [], []
    for _ in range(turns):
        echoes.append(load(s.port, count, "POST", "/platform/v1/echo", body, for_s=seconds / turns))
        stores.append(load(s.port, count, method, target, body, for_s=seconds / turns))
        stores[-1]["seconds"] += caught_up(s)
    together = lambda all: {k: round(sum(a[k] for a in all) / len(all), 3) for k in ("p50", "p95", "p99", "p999")} | {
        "per_second": sum(a["ok"] for a in all) / sum(a["seconds"] for a in all)}
    return together(echoes), together(stores)


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


def entity(n, r):
    return {"id": f"urn:ngsi-ld:Bench:{n}", "type": f"Bench{n % 10}",
            "temperature": {"type": "Property", "value": round(r.uniform(-10, 35), 1), "unitCode": "CEL"},
            "humidity": {"type": "Property", "value": r.randrange(100)},
            "name": {"type": "Property", "value": f"Messstelle {n}"},
            "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{n}"},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [round(r.uniform(7.3, 7.7), 6), round(r.uniform(51.4, 51.6), 6)]}}}


def send_all(s, requests):
    """Each (method, target, body), four at a time; all succeed."""
    lock, left, refused = threading.Lock(), iter(requests), []

    def send():
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=120)
        while not refused:
            with lock:
                request = next(left, None)
            if request is None:
                return
            a = ask(c, *request)
            if a.status not in (200, 201, 204):
                refused.append(a)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if refused:
        sys.exit(f"refused: {refused[0]}")


def fill(s, first, last, make=entity):
    r = random.Random(first)
    send_all(s, (("POST", api + "/entityOperations/create", json.dumps([make(i, r) for i in range(n, min(n + 1000, last))]).encode())
                 for n in range(first, last, 1000)))


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


def processor_s(s):
    """That the server has used since its start, all threads."""
    fields = pathlib.Path(f"/proc/{s.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
