#!/usr/bin/env python3
"""Makes map/, week/ and objects/ from the data they were taken from: DOS_SHARED_DATA names that folder.

What is written here is committed; the script says how it came to be. Needs the command zstd.
"""
import csv
import datetime
import io
import json
import math
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

DATA = Path(os.environ["DOS_SHARED_DATA"])
HERE = Path(__file__).resolve().parent
BERLIN = ZoneInfo("Europe/Berlin")
CITIES = {"Dortmund": "dortmund", "Schwerte": "schwerte"}
WEEK_S = 7 * 86_400

GARAGE_WEEK = datetime.date(2022, 7, 4)
WEATHER_WEEK = datetime.date(2024, 7, 15)  # in it, one station falls silent for good: a real gap
WATER_WEEK = datetime.date(2025, 7, 7)
WEATHER_STATIONS = {
    "943CC6451BFB": ("Werner Hellweg 519", 7.309437, 51.492286),
    "B8D61A7ACDA3": ("Ladenzeile Rosenberg", 7.266883, 51.504645),
    "B8D61A7AD123": ("Ümminger See", 7.291489, 51.467335),
    "943CC645201F": ("Leonardo da Vinci Platz", 7.276502, 51.450468),
    "B8D61A7AD093": ("Kuhlenkamp", 7.200125, 51.445035),
}
BOCHUM_SOURCE = "https://github.com/StadtBochum/OpenData"


def text_of(path):
    path = DATA / path
    if path.suffix != ".zst":
        return path.read_text(encoding="utf-8")
    return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout.decode()


def rows_of(path):
    return csv.DictReader(io.StringIO(text_of(path)))


def write_json(name, value):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    dump = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, dict) and "features" in value:
        body = ",\n".join(dump(f) for f in value["features"])
        path.write_text('{"type":"FeatureCollection","features":[\n' + body + "\n]}\n", encoding="utf-8")
    else:
        path.write_text("[\n" + ",\n".join(dump(v) for v in value) + "\n]\n", encoding="utf-8")
    print(f"{name}: {path.stat().st_size:,} bytes")


def rounded(coordinates):
    if isinstance(coordinates[0], (int, float)):
        return [round(x, 5) for x in coordinates]
    return [rounded(c) for c in coordinates]


def feature(properties, kind, coordinates):
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": rounded(coordinates)}}


def collection(features):
    return {"type": "FeatureCollection", "features": features}


# --- entities ---


def entered(value):
    return {"type": "Property", "value": value, "urn:dos2030:provenance": {"type": "Property", "value": "entered"}}


def place(kind, coordinates):
    return {"type": "GeoProperty", "value": {"type": kind, "coordinates": rounded(coordinates)}}


def entity(kind, name, geometry, **properties):
    e = {"id": f"urn:ngsi-ld:{kind}", "type": kind.split(":")[0], "name": entered(name), "location": geometry}
    e.update((k, entered(v)) for k, v in properties.items() if v is not None)
    return e


def of_bochum(**more):
    return {
        "dataProvider": "Stadt Bochum",
        "licence": "https://creativecommons.org/publicdomain/zero/1.0/",
        "source": BOCHUM_SOURCE,
        "address": {"addressLocality": "Bochum", "addressCountry": "DE"},
        **more,
    }


# --- boundaries ---


def write_boundaries():
    found = json.loads(text_of("geo/dortmund_schwerte_region_municipalities.geojson"))["features"]
    features = []
    for f in sorted(found, key=lambda f: (f["properties"]["name"] in CITIES, f["properties"]["name"])):
        name = f["properties"]["name"]
        role = "city" if name in CITIES else "neighbour"
        features.append(feature({"name": name, "role": role}, f["geometry"]["type"], f["geometry"]["coordinates"]))
    write_json("map/boundaries.geojson", collection(features))
    for f in features:
        name = f["properties"]["name"]
        if name not in CITIES:
            continue
        city = CITIES[name]
        area = entity(
            f"AdministrativeArea:{city}",
            name,
            {"type": "GeoProperty", "value": f["geometry"]},
            dataProvider="codeforgermany/click_that_hood",
            licence="https://opensource.org/license/mit",
        )
        write_json(f"objects/{city}/boundary.json", [area])


# --- stops and light rail ---


def stop_name(name):
    name = re.sub(r"^(DO[ ,-]+|Dortmund[ ,]+)", "", name.strip())
    name = re.sub(r"\s+(Steig|Gleis|Bstg)\.?(\s+\w+)?$", "", name).strip(" ,")
    return re.sub(r"\s+", " ", name)


def line_name(line):
    line = re.sub(r" \(.*\)$", "", line)
    if line.startswith("de:nrw.de:"):
        return line.removeprefix("de:nrw.de:").upper()
    return None if line.startswith("de:") else line


def distance_m(a, b):
    x = math.radians(b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return 6_371_000 * math.hypot(x, math.radians(b[1] - a[1]))


def line_order(line):
    found = re.match(r"(\D*)(\d*)(.*)", line)
    return (found[1] == "", found[1], int(found[2] or 0), found[3])


def read_stops():
    given = json.loads(text_of("transit/dortmund_vrr_stops_and_lines.json.zst"))
    stops = []
    for s in given["stations"]:
        routes = given["routesByStationId"].get(s["id"], [])
        lines = {line_name(r["line"]) for r in routes} - {None}
        stops.append(
            {
                "id": s["id"],
                "name": stop_name(s["name"]),
                "at": (s["lon"], s["lat"]),
                "lines": sorted(lines, key=line_order),
            }
        )
    return stops


def shortest_tree(stops):
    """Neighbours of each stop in the shortest net that links them all. The data tell which stops a line serves (runs to
    and from the depot included) but not in which order: this is what makes the lines on the map schematic."""
    neighbours = {0: set()}
    while len(neighbours) < len(stops):
        outside = [i for i in range(len(stops)) if i not in neighbours]
        a, b = min(((a, b) for a in neighbours for b in outside), key=lambda ab: distance_m(*(stops[i]["at"] for i in ab)))
        neighbours[b] = {a}
        neighbours[a].add(b)
    return neighbours


def paths_of(tree):
    """The longest way through the tree, then the longest that branches off, until all is covered."""
    left = {frozenset((a, b)) for a in tree for b in tree[a]}
    paths = []
    while left:
        longest = []
        stack = [[a] for a in tree]
        while stack:
            way = stack.pop()
            if len(way) > len(longest):
                longest = way
            stack += [[*way, b] for b in tree[way[-1]] if b not in way and frozenset((way[-1], b)) in left]
        left -= {frozenset(ab) for ab in zip(longest, longest[1:])}
        paths.append(longest)
    return paths


def write_stops():
    stops = read_stops()
    by_name = defaultdict(list)
    for s in stops:
        by_name[s["name"]].append(s)
    features = []
    for name in sorted(by_name):
        same = by_name[name]
        at = [sum(s["at"][i] for s in same) / len(same) for i in (0, 1)]
        lines = sorted({line for s in same for line in s["lines"]}, key=line_order)
        features.append(feature({"name": name, "lines": lines}, "Point", at))
    write_json("map/stops.geojson", collection(features))

    features = []
    for line in sorted({line for s in stops for line in s["lines"] if re.fullmatch(r"U4\d", line)}):
        served = [s for s in stops if line in s["lines"]]
        paths = paths_of(shortest_tree(served))
        for path in paths:
            print(line, " – ".join(served[i]["name"] for i in path))
        properties = {"name": line, "kind": "light_rail", "schematic": True}
        features.append(feature(properties, "MultiLineString", [[served[i]["at"] for i in path] for path in paths]))
    write_json("map/lines.geojson", collection(features))

    entities = [
        entity(
            f"PublicTransportStop:{s['id']}",
            s["name"],
            place("Point", s["at"]),
            stopCode=s["id"],
            lines=s["lines"] or None,
            dataProvider="Verkehrsverbund Rhein-Ruhr (VRR)",
            licence="https://creativecommons.org/licenses/by/4.0/",
        )
        for s in sorted(stops, key=lambda s: s["id"])
    ]
    write_json("objects/dortmund/stops.json", entities)


# --- recorded weeks ---


def offset_s(time, monday):
    """Seconds on the wall clock of Berlin since that Monday, 00:00; nothing outside of the week."""
    local = time.astimezone(BERLIN).replace(tzinfo=None)
    seconds = round((local - datetime.datetime.combine(monday, datetime.time())).total_seconds())
    return seconds if 0 <= seconds < WEEK_S else None


def write_week(name, columns, rows):
    """columns: attribute, with :UNIT where it has one. rows: offset, entity id, values as text."""
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["offset_s", "object", *columns])
        table.writerows(sorted(rows, key=lambda r: (r[0], r[1])))
    print(f"{name}: {len(rows)} rows, {path.stat().st_size:,} bytes")


def short(value, digits):
    return f"{round(value, digits):.{digits}f}".rstrip("0").rstrip(".") if digits else str(round(value))


# The source writes a number down only when it has changed. An unchanged one is repeated while the source was being
# read, every half hour and for twelve hours at most: a garage that is closed at night is no sensor that has failed.
REPEAT_S = 1_800
UNCHANGED_S_MAX = 12 * 3_600


def write_garages():
    values = defaultdict(list)  # column -> (offset, number)
    read_at = []
    for row in rows_of("parking/dortmund_garages_free_2020-03_2023-12.csv.zst"):
        at = offset_s(datetime.datetime.fromisoformat(row.pop("timestamp_utc")), GARAGE_WEEK)
        if at is None:
            continue
        read_at.append(at)
        for column, number in row.items():
            if number != "":
                values[column].append((at, number))
    is_lively = {column: len(found) > 50 for column, found in values.items()}
    rows = []
    for column, found in values.items():
        for i, (at, number) in enumerate(found):
            rows.append((at, f"urn:ngsi-ld:OffStreetParking:dortmund:{column}", number))
            if not is_lively[column]:
                continue
            until = min(found[i + 1][0] if i + 1 < len(found) else WEEK_S, at + UNCHANGED_S_MAX)
            last = at
            for again in read_at:
                if last + REPEAT_S <= again < until:
                    rows.append((again, rows[-1][1], number))
                    last = again
    write_week("week/dortmund/garages.csv", ["availableSpotNumber"], rows)

    capacities = {r["place_name"]: r["num_all"] for r in rows_of("parking/dortmund_garages_meta.csv")}
    columns = {r["place_name"]: r["place_id"].removeprefix("digistadt-dortmund-parken-") for r in rows_of("parking/dortmund_garages_meta.csv")}
    garages = []
    for f in json.loads(text_of("parking/dortmund_garages.geojson"))["features"]:
        known = f["properties"]
        if "total" not in known:
            continue
        name = known["name"]
        column = columns[name]
        total = int(capacities.get(name) or known["total"])
        if any(int(number) > total for _, number in values.get(column, [])):
            total = None  # more free than there are: the capacity is out of date
        silent = "In der aufgezeichneten Woche meldete dieses Parkhaus nichts." if column not in values else None
        garages.append(
            entity(
                f"OffStreetParking:dortmund:{column}",
                f"Parkhaus {name}" if known["type"] == "Parkhaus" else f"{known['type'].replace('/', ', ')} {name}",
                place("Point", f["geometry"]["coordinates"]),
                address={"streetAddress": known["address"], "addressLocality": "Dortmund", "addressCountry": "DE"},
                totalSpotNumber=total,
                description=silent,
                expectedInterval=1_800 if is_lively.get(column) else 86_400,
                dataProvider="Stadt Dortmund",
                source="https://open-data.dortmund.de",
                licence="https://www.govdata.de/dl-de/zero-2-0",
            )
        )
    write_json("objects/dortmund/garages.json", garages)


def write_weather():
    columns = {
        "temperature:CEL": ("outdoor_temperature", 1, 1),
        "relativeHumidity:C62": ("outdoor_humidity", 0.01, 2),
        "dewPoint:CEL": ("outdoor_dew_point", 1, 1),
        "solarRadiation:D54": ("solar_and_uvi_solar", 1, 1),
        "precipitation:H67": ("rainfall_piezo_rain_rate", 1, 1),
        "windSpeed:MTS": ("wind_wind_speed", 1 / 3.6, 2),
        "gustSpeed:MTS": ("wind_wind_gust", 1 / 3.6, 2),
        "windDirection:DD": ("wind_wind_direction", 1, 0),
        "atmosphericPressure:A97": ("pressure_relative", 1, 1),
    }
    rows, stations = [], []
    for mac, (name, lon, lat) in WEATHER_STATIONS.items():
        urn = f"urn:ngsi-ld:WeatherObserved:bochum:{mac}"
        seen = set()
        for row in rows_of(f"weather/bochum_ecowitt_gw2001_{mac}_2024-07.csv.zst"):
            at = offset_s(datetime.datetime.fromisoformat(row["datetime"]), WEATHER_WEEK)
            if at is None or at in seen:
                continue
            seen.add(at)
            given = [(row[column], factor, digits) for column, factor, digits in columns.values()]
            rows.append((at, urn, *(short(float(v) * factor, digits) if v else "" for v, factor, digits in given)))
        stations.append(
            entity(f"WeatherObserved:bochum:{mac}", f"{name} (Bochum)", place("Point", (lon, lat)), **of_bochum(expectedInterval=300))
        )
    write_week("week/dortmund/weather.csv", columns, rows)
    write_json("objects/dortmund/weather.json", stations)


def write_water():
    columns = {
        "waterLevel:MTR": "pegel",
        "temperature:CEL": "wtemp",
        "oxygenSaturation:P1": "o",
        "O2:M1": "do",
        "conductivity:G42": "elL",
    }
    # The loggers show Central European Time all year.
    winter_time = datetime.timezone(datetime.timedelta(hours=1))
    rows, loggers = [], []
    for path in sorted((DATA / "water").glob("*_2025.csv.zst")):
        last, seen = None, set()
        for row in rows_of(path.relative_to(DATA)):
            at = offset_s(datetime.datetime.fromisoformat(row["datetime"]).replace(tzinfo=winter_time), WATER_WEEK)
            if at is None or at in seen:
                continue
            seen.add(at)
            last = row
            urn = f"urn:ngsi-ld:WaterQualityObserved:bochum:{row['logger_id']}"
            rows.append((at, urn, *(row[c] for c in columns.values())))
        loggers.append(
            entity(
                f"WaterQualityObserved:bochum:{last['logger_id']}",
                f"{last['name']} (Bochum)",
                place("Point", (float(last["longitude"]), float(last["latitude"]))),
                **of_bochum(expectedInterval=900),
            )
        )
    write_week("week/dortmund/water.csv", columns, rows)
    write_json("objects/dortmund/water.json", loggers)


write_boundaries()
write_stops()
write_garages()
write_weather()
write_water()
print(f"in all {sum(f.stat().st_size for f in HERE.rglob('*') if f.is_file()):,} bytes")
