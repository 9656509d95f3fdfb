"""History: what aggregated temporal queries cost through HTTP, and the history module by itself."""
import json
import random
import sqlite3
import subprocess
import sys
import time

from instruments import Server, api, caught_up, figure, load, options, processor_s, reading_s, send_all

goal_ms = 5
history_points = 2_000_000 if options.quick else 20_000_000
started = 1_767_225_600  # 2026 began


def at(minute):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started + 60 * minute))


def fill_series(s, type_name, ids, instances):
    """A reading a minute of each entity; the values wander as measured ones do. Answers those of the last."""
    send_all(s, (("POST", api + "/entities", json.dumps({"id": i, "type": type_name}).encode()) for i in ids))
    values = []
    for n, i in enumerate(ids):
        r, value, values = random.Random(n), 20.0, []
        for _ in range(instances):
            value = round(value + r.gauss(0, 0.2), 1)
            values.append(value)
        send_all(s, (("POST", f"{api}/temporal/entities/{i}/attrs", json.dumps({"temperature": [
            {"type": "Property", "value": v, "unitCode": "CEL", "observedAt": at(first + k)} for k, v in enumerate(values[first:first + 1000])]}).encode())
            for first in range(0, instances, 1000)))
    return values


class Sqlite:
    def __init__(self, series):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE point(series INT, time INT, value REAL, PRIMARY KEY(series, time)) WITHOUT ROWID")
        for n, values in enumerate(series):
            self.db.executemany("INSERT INTO point VALUES(?, ?, ?)", ((n, started + 60 * k, v) for k, v in enumerate(values)))

    def p95_ms(self, period_s):
        took = []
        until = time.monotonic() + (1 if options.quick else 5)
        while time.monotonic() < until:
            began = time.perf_counter()
            self.db.execute("SELECT series, time / ? AS period, avg(value), min(value), max(value) FROM point GROUP BY 1, 2", (period_s,)).fetchall()
            took.append(time.perf_counter() - began)
        return sorted(took)[int(0.95 * (len(took) - 1))] * 1000


def aggregated(s, name, target, reference, period, period_s):
    target += f"&options=aggregatedValues&aggrMethods=avg,min,max&aggrPeriodDuration={period}"
    used = processor_s(s)
    a = load(s.port, 1, "GET", target, for_s=reading_s)
    processor_ms = (processor_s(s) - used) * 1000 / max(1, a["ok"])
    size = len(s.call("GET", target).body)
    figure(f"{name} by {period} ({size // 1000} kB), p95", a["p95"], "ms", f"goal of {goal_ms} ms", a["p95"] / goal_ms, 1, a)
    figure(f"{name} by {period}, processor time", processor_ms, "ms")
    figure(f"{name} by {period}, against SQLite", a["p95"], "ms", "SQLite in memory, without HTTP", a["p95"] / reference.p95_ms(period_s))


def measure_aggregates():
    with Server(("--anonymous", "admin"), data=str(options.work / "aggregated")) as s:
        for name, type_name, count, instances in (("aggregates of one entity's 100,000 instances", "Gauge", 1, 100_000),
                                                  ("aggregates of 100 entities, 1,000 instances each", "Meter", 100, 1000)):
            ids = [f"urn:ngsi-ld:{type_name}:{n}" for n in range(count)]
            values = fill_series(s, type_name, ids, instances)
            reference = Sqlite([values] * count)
            span = f"timerel=between&timeAt={at(0)}&endTimeAt={at(instances)}"
            target = f"{api}/temporal/entities/{ids[0]}?{span}" if count == 1 else f"{api}/temporal/entities?type={type_name}&limit=100&{span}"
            aggregated(s, name + ", just written", target, reference, "P1D", 86_400)
            caught_up(s)
            for period, period_s in (("PT1H", 3600), ("P1D", 86_400), ("P7D", 604_800)):
                aggregated(s, name, target, reference, period, period_s)


def measure_history():
    r = subprocess.run([options.build / "history_bench", options.work, str(history_points)], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        name, value, unit = line.split(None, 2)
        figure(f"{name} ({history_points // 1_000_000} M points)", float(value), unit)
    if r.returncode:
        sys.exit("history_bench: " + r.stderr)
