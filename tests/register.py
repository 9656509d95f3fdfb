#!/usr/bin/env python3
"""The register of measures says what the strategy says, and all of it: 45 measures, whose they are, in every language, with
indicators that there are."""
import pathlib
import re
import sys

import yaml

root = pathlib.Path(__file__).resolve().parents[1]
measures = root / "measures"
languages = {"de", "en", "leicht"}
order = ["DP", "ZM", "TFE", "SV", "RI", "IM", "WHT", "BKF", "BW", "EU", "GS", "DV"]
in_field = {"DP": 4, "ZM": 4, "TFE": 2, "SV": 4, "RI": 5, "IM": 4, "WHT": 3, "BKF": 5, "BW": 3, "EU": 4, "GS": 4, "DV": 3}
lines_in_field = {"DP": 3, "ZM": 4, "TFE": 3, "SV": 2, "RI": 4, "IM": 4, "WHT": 4, "BKF": 3, "BW": 2, "EU": 2, "GS": 2, "DV": 4}
ended = {"ZM 03": "2025", "ZM 04": "2024", "SV 04": "2024-12", "RI 05": "2023-05", "IM 03": "2023-06", "EU 02": "2023", "EU 04": "2023-12"}
failed = passed = 0


def check(what, good, seen=""):
    global failed, passed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAIL", what, seen)


def speaks(what, said, wanted=languages):
    check(f"{what} is told in {', '.join(sorted(wanted))}", isinstance(said, dict) and wanted <= set(said) and all(said.values()), said)


def easy(what, said):
    """Easy German: short sentences, and none of the words that one has to know first."""
    text = said.get("leicht", "")
    long = [s for s in re.split(r"[.!?]\s*", text) if len(s.split()) > 13]
    check(f"{what} has short sentences", not long, long)
    hard = re.findall(r"(?i)\b(plattform|dashboard|sensor\w*|app|portal|digital\w*|daten-?bank|infrastruktur|use case|smart\w*)\b", text)
    check(f"{what} needs no words of the trade", not hard, hard)


def read(name):
    return yaml.safe_load((measures / name).read_text())


all_measures = [yaml.safe_load(f.read_text()) | {"folder": f.parent.name} for f in sorted(measures.glob("*/measure.yaml"))]
strategy = [m for m in all_measures if m.get("field") in in_field and m["number"].split()[0] == m["field"]]
fields = read("fields.yaml")["fields"]
goals = {g["id"] for g in read("fields.yaml").get("goals", [])}
indicators = read("indicators.yaml")["indicators"]

check("there are 45 measures", len(strategy) == 45, len(strategy))
count = lambda key, value: sum(value in m[key] if isinstance(m[key], list) else m[key] == value for m in strategy)
kinds = {k: count("kind", k) for k in ("VP", "SP", "EP")}
check("18 joint projects, 10 interface projects, 17 of one city", kinds == {"VP": 18, "SP": 10, "EP": 17}, kinds)
cities = {c: count("cities", c) for c in ("dortmund", "schwerte")}
check("38 are Dortmund's, 34 Schwerte's", cities == {"dortmund": 38, "schwerte": 34}, cities)
check("numbers are without gaps", sorted(m["number"] for m in strategy) == sorted(f"{f} {n:02}" for f, k in in_field.items() for n in range(1, k + 1)))
known = {i["id"] for i in indicators}
for m in strategy:
    number = m["number"]
    check(f"{number} lies in its folder", m["id"] == m["folder"] and m["id"].startswith(number.lower().replace(" ", "-") + "-"), m["folder"])
    for member in ("title", "summary"):
        speaks(f"the {member} of {number}", m[member])
        easy(f"the {member} of {number}", m[member])
    for goal in m.get("goals", []):
        check(f"a goal of {number} is one of the strategy's", goal in goals) if isinstance(goal, str) else speaks(f"a goal of {number}", goal, {"de", "en"})
    check(f"{number} says where it stands", number in m.get("source", ""), m.get("source"))
    check(f"{number} claims nothing that no story shows", m["state"] == "none" or (measures / m["folder"] / "stories").is_dir(), m["state"])
    check(f"the indicators of {number} are there", set(k for k in m.get("kpis", []) if isinstance(k, str)) <= known, m.get("kpis"))
    check(f"{number} is of one city only if it is EP, or WHT 03", (len(m["cities"]) == 1) == (m["kind"] == "EP" or number == "WHT 03"), m["cities"])
    here = m.get("in", {})
    check(f"{number} speaks of its own cities", set(here) <= set(m["cities"]), list(here))
    for city in m["cities"]:
        said = {**m, **here.get(city, {})}
        check(f"{number} has a term and a phase in {city}", said.get("term") and said.get("phase"), said.get("term"))
        if "summary" in here.get(city, {}):
            speaks(f"the summary of {number} in {city}", said["summary"])
            easy(f"the summary of {number} in {city}", said["summary"])
    to = str(m.get("term", {}).get("to", ""))
    check(f"{number} has ended, or has not", (m.get("phase") == "finished") == (number in ended) and (number not in ended or to == ended[number]), (m.get("phase"), to))
check("A.D.Le.R. waits for money", next(m for m in strategy if m["number"] == "GS 02")["phase"] == "funding_open")

check("twelve fields, in the order of the strategy", [f["id"] for f in fields] == order)
for f in fields:
    for member in ("title", "summary"):
        speaks(f"the {member} of {f['id']}", f.get(member))
        easy(f"the {member} of {f['id']}", f.get(member, {}))
    check(f"the goals of {f['id']} are the strategy's", f.get("goals") and set(f["goals"]) <= goals, f.get("goals"))
    check(f"{f['id']} touches fields that there are", set(f.get("touches", [])) <= set(order) - {f["id"]}, f.get("touches"))
check("seven strategic goals", len(goals) == 7, goals)

check("37 lines of indicators, 36 different", len(indicators) == 37 and len(known) == 36, (len(indicators), len(known)))
lines = {f: sum(i["field"] == f for i in indicators) for f in order}
check("as many in each field as the strategy lists", lines == lines_in_field, lines)
fed = {k for m in all_measures for k in m.get("kpis", []) if isinstance(k, str)}
for i in indicators:
    speaks(f"the indicator {i['id']}", i["title"])
    easy(f"the indicator {i['id']}", i["title"])
    check(f"the indicator {i['id']} is fed by a measure, or says that none feeds it", (i["id"] in fed) != (i.get("fed_by") == "none"), i)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
