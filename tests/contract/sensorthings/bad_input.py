"""SensorThings: what is broken, cyclic, huge or half is answered clearly and leaves nothing. Same mutations in every run."""
# serve: --anonymous admin
import copy
import random
import urllib.parse

from _sta import Report, call, datastream, get, made, sta, thing

report = Report()
check = report.check
random.seed(7)
sets = ["Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest"]


def counts():
    return {s: get(s, count="true", top=0)["@iot.count"] for s in sets}


def clear(r, *good):
    return r.status in good and (r.status < 300 or r.json()["type"] == "error" and r.json()["message"])


t = made("Things", thing("Bench", datastream("Temperature")))
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]

# --- cycles and sizes
loop = "Datastreams"
for _ in range(3):
    loop = f"Datastreams($expand=Thing($expand={loop}))"
check("a cycle of expansions ends where it was written to end", sta("GET", f"Things({t})?$expand={loop}").status == 200)
for deep in ("/Thing/Datastreams".join(["Datastreams"] * 60), "Datastreams($expand=Thing($expand=" * 40 + "Datastreams" + "))" * 40,
             ",".join(["Datastreams/Thing/Datastreams/Thing"] * 200)):
    check("one without an end is refused", clear(sta("GET", f"Things?$expand={deep}"), 400, 413, 414), deep[:60])
for top in (2 ** 31 - 1, 2 ** 63 - 1, 10 ** 12):
    r = sta("GET", f"Observations?$top={top}")
    check("a huge $top is cut to what one answer holds", r.status == 200, r)
    check("also within", sta("GET", f"Things?$expand=Datastreams($top={top};$expand=Observations($top={top}))").status == 200)
check("a number that is none any more is refused", clear(sta("GET", "Observations?$top=99999999999999999999"), 400))

# --- deep inserts that fail at one of their parts
whole = thing("Whole", datastream("A", Observations=[{"result": 1, "phenomenonTime": "2026-01-01T00:00:00Z"}, {"result": 2}]), datastream("B"), at=(7, 51))
before = counts()


def broken_ones(body, path=()):
    """Every copy of the body with one member missing, or one that is nonsense, at any depth."""
    for key in body if isinstance(body, dict) else range(len(body)):
        for nonsense in (None, 7, "x", [], [7], {"@iot.id": 999999}, {"unknown": 1}):
            other = copy.deepcopy(whole)
            at = other
            for step in path:
                at = at[step]
            at[key] = nonsense
            yield "/".join(map(str, (*path, key))), nonsense, other
        if isinstance(body[key], (dict, list)):
            yield from broken_ones(body[key], (*path, key))


refused, made_ones, wrong = 0, [], []
for where, nonsense, body in broken_ones(whole):
    r = sta("POST", "Things", body)
    if r.status == 201:
        made_ones.append(r.headers["Location"])
    elif clear(r, 400, 404, 409):
        refused += 1
    else:
        wrong.append((where, nonsense, r))
check("a deep insert with one part of nonsense is refused clearly, or fine without it", not wrong and refused > 100, (refused, wrong[:2]))
for link in made_ones:
    call("DELETE", link)
left = counts()
check("what is refused leaves nothing: no Thing, no Datastream, no Observation", all(left[s] == before[s] for s in
      ("Things", "Datastreams", "HistoricalLocations", "Observations")), (before, left))

# --- observations
before = counts()
for name, body in (("no result", {}), ("an unknown Datastream", {"result": 1, "Datastream": {"@iot.id": 999999}}),
                   ("a Datastream that is a Thing", {"result": 1, "Datastream": {"@iot.id": t}}),
                   ("a number for a link", {"result": 1, "Datastream": 5}), ("an unknown feature", {"result": 1, "FeatureOfInterest": {"@iot.id": 999999}}),
                   *((f"{what} {nonsense!r}", {"result": 1, what: nonsense}) for what in ("phenomenonTime", "resultTime", "validTime")
                     for nonsense in ("yesterday", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z/2025-01-01T00:00:00Z", "99999-01-01T00:00:00Z", 5, True, [], {})),
                   ("a resultTime that lasts", {"result": 1, "resultTime": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"}),
                   ("a validTime without an end", {"result": 1, "validTime": "2026-01-01T00:00:00Z"}),
                   ("a time of a hundred thousand years", {"result": 1, "phenomenonTime": "2026-01-01T00:00:00Z/P99999Y"}),
                   ("parameters that are a text", {"result": 1, "parameters": "x"}), ("an unknown property", {"result": 1, "colour": 1})):
    path = "Observations" if "Datastream" in body else f"Datastreams({ds})/Observations"
    check(f"an Observation with {name} is refused", clear(sta("POST", path, body), 400, 404), sta("POST", path, body))
for raw in (b"", b"{", b"[]", b"5", b"null", b'"x"', b"\xff\xfe", b"[" * 10_000, b'{"result":1e999}', b'{"result":1,"result":2}'):
    r = sta("POST", f"Datastreams({ds})/Observations", raw)
    check(f"a body such as {raw[:20]!r} is refused", clear(r, 400, 413), r)
check("and none of them is there", counts() == before, (before, counts()))
span = made(f"Datastreams({ds})/Observations", {"result": 1, "phenomenonTime": "2026-02-28T23:00:00Z/PT1H"})
check("a time may be a beginning and how long it lasts", get(f"Observations({span})")["phenomenonTime"] == "2026-02-28T23:00:00Z/2026-03-01T00:00:00Z")
check("also in a filter", [o["@iot.id"] for o in get("Observations", filter="phenomenonTime eq 2026-02-28T23:00:00Z/PT1H")["value"]] == [span])
sta("DELETE", f"Observations({span})")
results = ["high", "12", True, None, [1, "a"], {"a": {"b": 1}}, "", "ü" * 5_000, 0.1, -7, 2 ** 53 + 1]
for n, result in enumerate(results):
    made(f"Datastreams({ds})/Observations", {"result": result, "phenomenonTime": f"2026-03-01T00:00:{n:02}Z"})
there = get(f"Datastreams({ds})/Observations", orderby="phenomenonTime")["value"]
check("results that are no numbers come back as they were", [o["result"] for o in there] == results, there)
check("and a filter for numbers passes over them", {o["result"] for o in get(f"Datastreams({ds})/Observations", filter="result lt 1")["value"]} == {0.1, -7})
check("in order and in sums they hurt nobody", sta("GET", f"Datastreams({ds})/Observations?$orderby=result").status == 200
      and sta("GET", f"Datastreams({ds})/Observations?$filter=result%20add%201%20gt%200").status == 200)

# --- patches that grow
patch = {"Content-Type": "application/json-patch+json"}
sta("PATCH", f"Things({t})", {"properties": {"a": {"x": "y" * 100}}})
for name, operations in (("copies of copies", [{"op": "copy", "from": "/properties", "path": f"/properties/k{n}"} for n in range(40)]),
                         ("one in the other", [{"op": "add", "path": "/properties" + "/a" * n, "value": {}} for n in range(1, 400)]),
                         ("a tower that is moved", [{"op": "add", "path": "/properties" + f"/{top}" * n, "value": {}} for top in "bc" for n in range(1, 150)]
                          + [{"op": "move", "from": "/properties/b", "path": "/properties" + "/c" * 149 + "/b"}]),
                         ("very many", [{"op": "test", "path": "/name", "value": "Bench"}] * 20_000)):
    r = sta("PATCH", f"Things({t})", operations, patch)
    check(f"a JSON Patch of {name} is refused", clear(r, 400, 413), r)
check("and changes nothing", get(f"Things({t})")["properties"] == {"a": {"x": "y" * 100}}, get(f"Things({t})"))
deep = 7
for _ in range(180):
    deep = {"d": deep}
check("one as deep as a body may be is not", sta("PATCH", f"Things({t})", [{"op": "add", "path": "/properties/deep", "value": deep}], patch).status == 200 and get(f"Things({t})")["properties"]["deep"] == deep)

# --- expansions by expansions
wide = made("Things", thing("Wide", *(datastream(f"D{n}") for n in range(60))))
loop = "Datastreams"
for _ in range(3):
    loop = f"Datastreams($expand=Thing($expand={loop}))"
for form in ("", "&$resultFormat=GeoJSON"):
    check(f"an answer that grows beyond all bounds is refused {form}", clear(sta("GET", f"Things({wide})?$expand={loop}{form}"), 429))
check("one that does not is not", sta("GET", f"Things({wide})?$expand=Datastreams($expand=Thing($expand=Datastreams))").status == 200)
sta("DELETE", f"Things({wide})")

# --- values by values
rows = sta("POST", "CreateObservations", [{"Datastream": {"@iot.id": ds}, "components": ["phenomenonTime", "result"],
                                           "dataArray": [[f"2015-01-01T{n // 60:02}:{n % 60:02}:00Z", n] for n in range(1_000)]}])
many = "Datastreams/Observations/result"
for product in (f"{many} add {many} eq -5", f"length(concat(concat({many},{many}),{many})) eq -1", f"{many} lt {many} add {many}", f"{many} in (-1,{many} add {many})"):
    check(f"$filter={product.replace(many, 'R')}: values without end combined with each other are refused", clear(sta("GET", "Things?$filter=" + urllib.parse.quote(product)), 400),
          sta("GET", "Things?$filter=" + urllib.parse.quote(product)))
check("many beside one, or beside a list, are not", get("Things", filter=f"{many} in ({','.join(map(str, range(2_000, 2_500)))})", count="true")["@iot.count"] == 0 and get("Things", filter=f"{many} mul 2 eq 1998 and length({many}) gt 2", count="true")["@iot.count"] == 1)

# --- mutations
good = ["name eq 'a' and startswith(description,'b') or not (id gt 3)", "Datastreams/any(d:d/ObservedProperty/name eq 'x')",
        "st_within(Locations/location,geography'POLYGON((7 51,9 51,9 52,7 51))')", "properties/a[0]/b in (1,'2',null)",
        "Datastreams/phenomenonTime gt 2026-01-01T00:00:00+01:00 sub duration'PT1H'", "geo.distance(Locations/location,geography'POINT(7 51)') lt 0.5"]
options = [f"$filter={f}" for f in good] + ["$expand=Datastreams($expand=Observations($top=1;$orderby=result desc;$filter=result gt 1);$select=name),Locations",
                                            "$select=name,properties/a&$orderby=name desc,id&$top=3&$skip=1&$count=true", "$orderby=Datastreams/name,properties/a"]
odd = ["'", "(", ")", "/", ",", ";", "=", "$", " ", "ä", "%", "null", "and", "[", "1e309", "-", "--", "any(", "𝄞", "\\", "..", "@iot.id", "9" * 30]
wrong = []
for _ in range(1500):
    o = list(random.choice(options))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(o))
        o[at:at + random.randint(0, 3)] = random.choice((random.choice(odd), "".join(o[:random.randint(0, 20)]), ""))
    r = sta("GET", "Things?" + urllib.parse.quote("".join(o), safe="$=&"))
    if not clear(r, 200, 400, 413, 414):
        wrong.append(("".join(o), r))
check("mutated options are answered with a page or with a reason", not wrong, wrong[:2])
check("and the server is as it was", sta("GET", f"Things({t})").status == 200)
report.finish()
