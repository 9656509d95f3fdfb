"""Queries of 100,000 entities: type, two values, texts, counts, a radius; against SQLite with the same rows and an index of
each column that is compared."""
import json
import random
import sqlite3
import time

from instruments import Server, api, caught_up, entities, figure, fill, load, options, reading_s

goal_ms = 5
vendors, states = 25, ("working", "dim", "dark", "unreachable")


def lamp(n, r):
    """Warm is dry: of each half there are many, of both together few. So are lamps of the last vendors that are dark."""
    temperature = round(r.uniform(-10, 35), 2)
    vendor = r.randrange(vendors)
    return {"id": f"urn:ngsi-ld:Lamp:{n}", "type": "Lamp",
            "temperature": {"type": "Property", "value": temperature, "unitCode": "CEL"},
            "humidity": {"type": "Property", "value": round(90 - 2 * temperature + r.gauss(0, 8), 2)},
            "vendor": {"type": "Property", "value": f"Vendor {vendor}"},
            "state": {"type": "Property", "value": states[r.randrange(3) if vendor < vendors - 1 or r.random() < 0.9 else 3]},
            "power": {"type": "Property", "value": r.randrange(1000)},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [round(r.uniform(7.3, 7.7), 6), round(r.uniform(51.4, 51.6), 6)]}}}


# name, q, the same for SQLite, limit
asked = (
    ("two values, each of few", "temperature>{a};power<60", "temperature>? and power<60", (32.0, 34.0), 100),
    ("two values, each of many, together of few", "temperature>{a};humidity>45", "temperature>? and humidity>45", (22.5, 24.5), 100),
    ("two texts", 'vendor=="Vendor 24";state=="unreachable";temperature>{a}', "vendor='Vendor 24' and state='unreachable' and temperature>?", (-10.0, 20.0), 100),
    ("two values, together of many", "temperature>{a};power>=500", "temperature>? and power>=500", (10.0, 12.0), 20),
)


def encoded(q):
    return "".join(c if c.isalnum() or c in "-._~{}:" else f"%{ord(c):02X}" for c in q)


class Sqlite:
    """The same rows; the answer is their bodies, put together to one text."""

    def __init__(self, rows):
        self.db = sqlite3.connect(":memory:")
        columns = ("temperature", "humidity", "vendor", "state", "power")
        self.db.execute(f"CREATE TABLE lamp(body TEXT, type TEXT, {', '.join(columns)})")
        self.db.executemany(f"INSERT INTO lamp VALUES({','.join('?' * (2 + len(columns)))})",
                            ([json.dumps(e), e["type"], *(e[c]["value"] for c in columns)] for e in rows))
        for c in columns:
            self.db.execute(f"CREATE INDEX by_{c} ON lamp(type, {c})")
        self.db.execute("ANALYZE")

    def p95_ms(self, condition, span, limit, count):
        r, took = random.Random(1), []
        until = time.monotonic() + (1 if options.quick else 5)
        while time.monotonic() < until:
            bound, began = r.uniform(*span), time.perf_counter()
            "[" + ",".join(b for b, in self.db.execute(f"SELECT body FROM lamp WHERE type='Lamp' AND {condition} LIMIT {limit}", (bound,))) + "]"
            if count:
                self.db.execute(f"SELECT count(*) FROM lamp WHERE type='Lamp' AND {condition}", (bound,)).fetchone()
            took.append(time.perf_counter() - began)
        return sorted(took)[int(0.95 * (len(took) - 1))] * 1000


def measure_values():
    with Server(("--anonymous", "admin"), data=str(options.work / "lamps")) as s:
        fill(s, 0, entities, lamp)
        caught_up(s)
        r = random.Random(0)
        reference = Sqlite(lamp(n, r) for n in range(entities))
        for name, q, condition, span, limit in asked:
            for count in (False, True):
                target = (f"{api}/entities?type=Lamp&limit={limit}" + "&count=true" * count +
                          f"&q={encoded(q)}".replace("{a}", f"{{r:{span[0]}:{span[1]}}}"))
                middle = target.replace(f"{{r:{span[0]}:{span[1]}}}", str(sum(span) / 2))
                began = time.monotonic()
                first = s.call("GET", middle)
                first_ms = (time.monotonic() - began) * 1000
                assert first.status == 200 and first.json(), first
                load(s.port, 1, "GET", target, for_s=1)  # what is asked for often gets its index
                a = load(s.port, 1, "GET", target, for_s=reading_s)
                title = f"query type + {name}" + ", counted" * count
                found = f"{len(first.json())} of {first.headers['NGSILD-Results-Count']}" if count else f"{len(first.json())}"
                figure(f"{title} (answers {found}), p95", a["p95"], "ms", f"goal of {goal_ms} ms", a["p95"] / goal_ms, 1, a)
                figure(f"{title}, against SQLite", a["p95"], "ms", "SQLite in memory, without HTTP", a["p95"] / reference.p95_ms(condition, span, limit, count))
                if not count:
                    figure(f"{title}, the first time", first_ms, "ms")


def measure_radius(s):
    target = (api + "/entities?type=Bench{id}&q=temperature%3E{r:0:30}&georel=near;maxDistance==1000&geometry=Point"
              "&coordinates=%5B{r:7.3:7.7},{r:51.4:51.6}%5D&limit=1000&options=keyValues")
    a = load(s.port, 1, "GET", target, ids=10)
    figure("query type+value+radius of 100,000, one client", a["per_second"], "queries/s", latency=a)
    figure("query type+value+radius p95", a["p95"], "ms", f"goal of {goal_ms} ms", a["p95"] / goal_ms, 1)
    a = load(s.port, 16, "GET", target, ids=10)
    figure("query type+value+radius, 16 clients", a["per_second"], "queries/s", latency=a)
