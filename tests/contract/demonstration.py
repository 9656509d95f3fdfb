"""The demonstration: there within seconds, alive, honest about where each value comes from, and gone when told to go."""
# serve: --demo
import datetime
import os
import subprocess
import time

from _door import call
from server import Report, program

report = Report()
check = report.check
data = os.environ["DATA_DIR"]
token = subprocess.run([program, "token", "--data", data, "--city", "*", "--role", "admin"],
                       check=True, capture_output=True, text=True).stdout.strip()
staff = {"Authorization": "Bearer " + token}
provenances = {"recorded", "simulated"}


def entities(city, types, headers=None):
    found = call("GET", f"/{city}/ngsi-ld/v1/entities?type={types}&limit=1000", headers=headers)
    return found.json() if found.status == 200 else []


def readings(entity):
    return {name: a for name, a in entity.items() if isinstance(a, dict) and "observedAt" in a}


def until(truth, patience_s=60):
    deadline = time.monotonic() + patience_s
    while not truth() and time.monotonic() < deadline:
        time.sleep(0.2)
    return truth()


def quarantined():
    return {e["reason"] for e in call("GET", "/schwerte/platform/v1/quarantine", headers=staff).json()["items"]}


# The first frames are posted when all else is there.
check("it plays within a minute", until(lambda: {"unknown_device", "payload_rejected"} <= quarantined()), quarantined())
check("the program says that it shows a demonstration", call("GET", "/platform/v1/cities").json()["demo"] is True)

# --- what everybody may see
garages = entities("dortmund", "OffStreetParking")
check("Dortmund's garages are there for everybody", len(garages) == 19, len(garages))
lively = [g for g in garages if "availableSpotNumber" in readings(g)]
check("fifteen of them say how many spaces are free", len(lively) == 15, [g["id"] for g in lively])
check("no garage has more free spaces than spaces",
      all(g["availableSpotNumber"]["value"] <= g.get("totalSpotNumber", {"value": 1e9})["value"] for g in lively))
everything = ("WeatherObserved,WaterObserved,WaterQualityObserved,AirQualityObserved,ParkingSpot,WasteContainer,Door,"
              "IndoorEnvironmentObserved,AgriParcelRecord,CrowdFlowObserved,ACMeasurement,StreetlightGroup,NoiseLevelObserved")
for city in ("dortmund", "schwerte"):
    shown = entities(city, everything)
    check(f"{city} has sensors of twelve kinds", len({e["type"] for e in shown}) >= 12, {e["type"] for e in shown})
    unmarked = [e["id"] for e in shown for a in readings(e).values() if a.get("provenance", {}).get("value") not in provenances]
    check(f"each value in {city} says that it is recorded or simulated", not unmarked, unmarked[:5])
    check(f"each object in {city} has a place and says how often it speaks",
          all("location" in e and "expectedInterval" in e for e in shown))
    check(f"all but broken ones in {city} have a value", sum(not readings(e) for e in shown) <= 1,
          [e["id"] for e in shown if not readings(e)])
check("devices are the staff's business", call("GET", "/schwerte/platform/v1/devices").status in (401, 403))
stops = call("GET", "/dortmund/ngsi-ld/v1/entities?type=PublicTransportStop&limit=0&count=true")
check("a thousand stops are there", int(stops.headers.get("NGSILD-Results-Count", 0)) == 1004, stops)
for name in ("boundaries", "stops", "lines"):
    check(f"the map has its {name}", len(call("GET", f"/demo-map/{name}.geojson").json()["features"]) > 7)

# --- a week of history at the first sight
since = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
for city, entity, attribute, least in (
        ("dortmund", "urn:ngsi-ld:WeatherObserved:bochum:943CC6451BFB", "temperature", 1_900),
        ("dortmund", "urn:ngsi-ld:OffStreetParking:dortmund:Hauptbahnhof", "availableSpotNumber", 1_000),
        ("dortmund", "urn:ngsi-ld:WaterQualityObserved:bochum:900541", "waterLevel", 600),
        ("schwerte", "urn:ngsi-ld:NoiseLevelObserved:schallpegel-markt", "LAeq", 1_000)):
    told = call("GET", f"/{city}/ngsi-ld/v1/temporal/entities/{entity}?attrs={attribute}&timerel=after&timeAt={since}"
                       "&options=aggregatedValues&aggrMethods=totalCount&aggrPeriodDuration=P7D")
    n = sum(c[0] for c in told.json()[attribute]["totalCount"]) if told.status == 200 else 0
    check(f"{entity} has a week of history", n >= least, (n, told))

# --- alive
before = {e["id"]: e for e in entities("schwerte", "NoiseLevelObserved,CrowdFlowObserved")}
changed = until(lambda: any(readings(e) != readings(before[e["id"]]) for e in entities("schwerte", "NoiseLevelObserved,CrowdFlowObserved")), 130)
check("values change while one looks", changed)
stale = [d["devEui"] for d in call("GET", "/schwerte/platform/v1/devices?limit=100", headers=staff).json()["items"] if d["stale"]]
check("one device has fallen silent, and only that one", stale == ["70b3d57ed00a0023"], stale)

# --- and gone
removed = subprocess.run([program, "demo", "remove", "--data", data], capture_output=True, text=True)
check("it can be taken away", removed.returncode == 0, removed)
for city in ("dortmund", "schwerte"):
    types = call("GET", f"/{city}/ngsi-ld/v1/types", headers=staff).json()["typeList"]
    check(f"nothing is left in {city}", types == [], types)
    for what in ("devices", "webhooks", "quarantine", "sources", "open-types", "measuring-points"):
        left = call("GET", f"/{city}/platform/v1/{what}", headers=staff).json()["items"]
        check(f"no {what} are left in {city}", left == [], left)
gone = call("GET", "/dortmund/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:WeatherObserved:bochum:943CC6451BFB", headers=staff)
check("the history went with it", gone.status == 404, gone)
check("the program no longer says that it shows a demonstration", call("GET", "/platform/v1/cities").json()["demo"] is False)
report.finish()
