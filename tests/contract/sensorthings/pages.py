"""SensorThings: pages. Whatever the order, all of them together are the list, each entity once, while others come and go."""
# serve: --anonymous admin
import random
import urllib.parse

from _sta import Report, call, datastream, get, made, place, sta, thing

report = Report()
check = report.check
random.seed(11)
steps_max = 500


def walk(address, at_each_page=lambda: None, member="value"):
    """The numbers of all entities, page by page."""
    found, pages = [], 0
    while address and pages < steps_max:
        r = sta("GET", address) if not address.startswith("http") else call("GET", address)
        assert r.status == 200, (address, r)
        page = r.json()
        found += [e["@iot.id"] for e in page[member]]
        address = page.get("@iot.nextLink")
        pages += 1
        at_each_page()
    return found if pages < steps_max else "no end"


mixed = [1, 2.5, "text", "", True, None, [1, "a"], [2], {"a": {"b": 1}}, {"a": 2}, "2026-01-01T00:00:00Z", "x" * 3_000, "x" * 3_000 + "y", "ü" * 2_000, [list(range(2_000))]]
t = made("Things", thing("Mixed", datastream("Mixed")))
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]
for n, result in enumerate(mixed):
    made(f"Datastreams({ds})/Observations", {"result": result, "phenomenonTime": f"2026-01-01T00:00:{n:02}Z", "parameters": {"n": result, "parity": [n % 2]}})
    made("Things", {"name": f"T{n}", "description": "d" * n * 200, "properties": {"p": result, "q": {"n": n % 3}}, "Locations": [{**place(n, n), "description": "", "properties": {"n": n}}]})
for address in (*(f"{path}?$orderby={key}{way}" for way in ("", " desc") for path, keys in (
        ("Observations", ("result", "parameters", "parameters/parity", "phenomenonTime", "resultTime", "validTime,result", "Datastream/name,result", "day(phenomenonTime)")),
        ("Things", ("properties", "properties/p", "properties/q", "description", "Locations/location", "length(name)", "Datastreams/name", "name,id")),
        ("Locations", ("location", "properties", "geo.distance(location,geography'POINT(3 3)')")), ("FeaturesOfInterest", ("feature",)), ("HistoricalLocations", ("time", "Thing/name")),
        ("Datastreams", ("unitOfMeasurement", "observedArea", "phenomenonTime"))) for key in keys), "Things", "Observations", "HistoricalLocations?$filter=Thing/id gt 0"):
    address = urllib.parse.quote(address, safe="?$=&(),'/")
    more = "&" if "?" in address else "?"
    whole = walk(f"{address}{more}$top=1000")
    parts = [walk(f"{address}{more}$top={top}") for top in (1, 4)]
    check(f"{urllib.parse.unquote(address)}: pages of 1 and of 4 are the list", len(set(whole)) == len(whole) > 0 and parts == [whole, whole], (len(whole), [len(p) for p in parts]))

# --- others come and go
lasting = [made("Things", {"name": f"L{n:02}", "description": "lasts", "properties": {"n": n}}) for n in range(20)]
order = {"": lambda n: n, "&$orderby=name desc": lambda n: -n, "&$orderby=properties/n": lambda n: n, "&$filter=startswith(name,'L')&$orderby=id desc": lambda n: -n}
for options, key in order.items():
    guests = [made("Things", {"name": f"L{random.randrange(20):02}x", "description": "guest", "properties": {"n": random.randrange(20)}}) for _ in range(10)]

    def disturb():
        if guests:
            sta("DELETE", f"Things({guests.pop(random.randrange(len(guests)))})")
        guests.append(made("Things", {"name": f"L{random.randrange(20):02}y", "description": "guest", "properties": {"n": random.randrange(20)}}))
        sta("DELETE", f"Things({guests.pop(0)})")

    seen = walk("Things?$top=3" + urllib.parse.quote(options, safe="&$=(),'/"), disturb)
    check(f"Things?{options} while Things come and go: each that stays, once, in order", [x for x in seen if x in lasting] == sorted(lasting, key=lambda i: key(lasting.index(i))), seen)
    for g in guests:
        sta("DELETE", f"Things({g})")

stream = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]
staying = set(walk(f"Datastreams({ds})/Observations?$top=1000"))
for options in ("", "&$orderby=phenomenonTime desc", "&$orderby=phenomenonTime", "&$orderby=id desc", "&$orderby=result"):
    guests = []

    def come_and_go():
        guests.append(made(f"Datastreams({ds})/Observations", {"result": random.random(), "phenomenonTime": f"2026-01-01T00:00:{random.randrange(60):02}.5Z"}))
        if len(guests) > 3:
            sta("DELETE", f"Observations({guests.pop(random.randrange(len(guests)))})")

    seen = walk(f"Datastreams({ds})/Observations?$top=2" + options.replace(" ", "%20"), come_and_go)
    kept = [x for x in seen if x in staying]
    check(f"Observations {options} while others come and go: each that stays, once", len(kept) == len(staying) == len(set(kept)), seen)
    for g in guests:
        sta("DELETE", f"Observations({g})")
one = get(f"Things({t})", expand="Datastreams($expand=Observations($top=2;$orderby=result desc;$select=id,result;$count=true))")["Datastreams"][0]
rest = walk(one["Observations@iot.nextLink"])
check("the link of an expanded list goes on where it ended, with its options", [o["@iot.id"] for o in one["Observations"]] + rest == walk(f"Datastreams({ds})/Observations?$orderby=result%20desc"), one)
for token in ("x", "WzFd", "W10", "bnVsbA", "W1sxLDJdLDFd", "WyJhIiwiYiJd", "A" * 4_000):
    for path in ("Things?", "Things?$orderby=name&", f"Datastreams({ds})/Observations?", "Observations?$orderby=phenomenonTime&"):
        r = sta("GET", f"{path}$skiptoken={token}")
        check(f"{path}$skiptoken={token[:12]} is refused, or a page", r.status == 200 or r.status == 400 and r.json()["type"] == "error", r)
report.finish()
