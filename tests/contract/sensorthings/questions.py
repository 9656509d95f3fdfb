"""SensorThings: questions beyond names and numbers: $search, beginnings and ends, what is there and what not."""
# serve: --anonymous admin
import urllib.parse

from _sta import Report, call, datastream, get, made, root, sta, thing

report = Report()
check = report.check
t = made("Things", thing("Sea buoy", datastream("Temperature"), description="Measures the water"))
made("Things", {"name": "Old gauge", "description": "water level, not used"})
made("Things", {"name": "Bürgeramt", "description": ""})
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]
for first, last in (("01T00:00:00Z", "01T02:00:00Z"), ("02T00:00:00Z", "02T01:00:00Z"), ("03T00:00:00Z", None)):
    made(f"Datastreams({ds})/Observations", {"result": int(first[:2]), "phenomenonTime": "2026-01-" + first + (f"/2026-01-{last}" if last else "")})


def names(**options):
    return [x["name"] for x in get("Things", select="name", **options)["value"]]


# --- $search
for search, found in {"water": ["Sea buoy", "Old gauge"], "WATER sea": ["Sea buoy"], "water AND NOT old": ["Sea buoy"], "old OR sea": ["Sea buoy", "Old gauge"],
                      '"water level"': ["Old gauge"], '"level water"': [], "(sea OR old) AND gauge": ["Old gauge"], "bürger": ["Bürgeramt"], "BÜRGER": ["Bürgeramt"],
                      "NOT water": ["Bürgeramt"], "'": [], "100%": []}.items():
    check(f"$search={search} finds {found}", names(search=search) == found, names(search=search))
check("a search and a filter both have to hold, in any order", names(search="water", filter="name ne 'Sea buoy'") == names(filter="name ne 'Sea buoy'", search="water") == ["Old gauge"])
check("of an option that comes twice the last counts", [x["name"] for x in sta("GET", "Things?$filter=id%20eq%200&$filter=name%20eq%20'Old%20gauge'&$search=x&$search=water").json()["value"]] == ["Old gauge"])
page = get("Things", search="water", top=1, count="true")
check("its pages go on with it", page["@iot.count"] == 2 and [x["name"] for x in call("GET", page["@iot.nextLink"]).json()["value"]] == ["Old gauge"], page)
check("it works within $expand", get("Things", search="buoy", expand="Datastreams($search=temp;$select=name)")["value"][0]["Datastreams"] == [{"name": "Temperature"}])
for wrong in ("", "(", ")", "a)", "(a", "AND", "a AND", "OR b", "NOT", '"', '""', '"a', "a " * 60, "(" * 2000):
    r = sta("GET", "Things?$search=" + urllib.parse.quote(wrong))
    check(f"$search={wrong[:20]} is refused", r.status == 400 and r.json()["type"] == "error", r)
check("so is one of what has no words", sta("GET", "Observations?$search=water").status == 400)


# --- beginnings and ends
def results(**options):
    return [o["result"] for o in get(f"Datastreams({ds})/Observations", **options)["value"]]


for f, found in {"phenomenonTime/start ge 2026-01-02T00:00:00Z": [2, 3], "phenomenonTime/end le 2026-01-02T00:30:00Z": [1], "phenomenonTime/end eq 2026-01-03T00:00:00Z": [3],
                 "phenomenonTime/end sub phenomenonTime/start gt duration'PT90M'": [1], "hour(phenomenonTime/end) eq 1": [2], "validTime/start eq null and result eq 3": [3],
                 "Datastream/phenomenonTime/start eq 2026-01-01T00:00:00Z and result lt 2": [1]}.items():
    check(f"{f} finds {found}", results(filter=f) == found, results(filter=f))
check("they order, too", results(orderby="phenomenonTime/end desc") == [3, 2, 1])

# --- parts
check("who selects a part of the properties gets properties, also where there is no such part", get("Things", select="name,properties/n")["value"][0] == {"name": "Sea buoy", "properties": {}})

# --- addresses
check("an entity's address is a property of it", sta("GET", f"Things({t})/@iot.selfLink").json() == {"@iot.selfLink": get(f"Things({t})")["@iot.selfLink"]}
      and sta("GET", f"Things({t})/@iot.selfLink/$value").body.decode().endswith(f"{root}/Things({t})"))
check("$count=TRUE counts", sta("GET", "Things?$count=TRUE").json()["@iot.count"] == 3)
report.finish()
