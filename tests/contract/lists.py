#!/usr/bin/env python3
"""Every list of the platform is asked for in the same way: limit, cursor, q, sort, count; answered as {items, total, next?}."""
# serve: --anonymous editor --demo
import urllib.parse

from _door import call
from server import Report

report = Report()
check = report.check
document = call("GET", "/openapi.json").json()


def is_list(operation):
    media = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    return {"$ref": "#/components/schemas/List"} in media.get("schema", {}).get("allOf", [])


lists = [path for path, item in document["paths"].items() if "get" in item and is_list(item["get"])]
check("there are lists", len(lists) >= 16, lists)


def get(path, **query):
    return call("GET", path + "?" + urllib.parse.urlencode(query))


for path in lists:
    parameters = {p.get("name") or p["$ref"].rsplit("/", 1)[1].rsplit(".", 1)[-1] for p in document["paths"][path]["get"]["parameters"]}
    check(f"{path} tells how it is asked for", {"limit", "cursor", "q", "sort", "count"} <= parameters, parameters)
    needs = document["paths"][path]["get"]["x-needs"]
    path = path.replace("{city}", "dortmund")
    if "{" in path or needs == "admin":  # of one thing; for administrators
        continue
    r = get(path, limit=1000)
    if not check(f"{path} is told", r.status == 200 and isinstance(r.json()["items"], list), r):
        continue
    everything = r.json()
    total = everything["total"]
    one = get(path, limit=1).json()
    check(f"{path}: limit and total", len(one["items"]) == min(1, total) and one["total"] == total, one)
    check(f"{path}: next where there is more", ("next" in one) == (total > 1), one)
    if total > 1:
        two = get(path, limit=1, cursor=one["next"]).json()
        check(f"{path}: the page after it", two["items"] and two["items"] != one["items"], two)
    check(f"{path}: no total where none is wanted", "total" not in get(path, count="false").json() and "total" in get(path, count="true").json())
    for name, wrong in (("count", "perhaps"), ("limit", "x"), ("limit", "-1"), ("cursor", "nonsense"), ("offset", "x")):
        r = get(path, **{name: wrong})
        check(f"{path}: {name}={wrong} is refused by its name", r.status == 400 and r.json().get("member") == name, r)
    none = get(path, q="no such word anywhere").json()
    check(f"{path}: q finds nothing where there is nothing", none["items"] == [] and none["total"] == 0, none)
    if total:
        r = get(path, sort="no.such.member")
        is_of_texts = isinstance(everything["items"][0], str)
        check(f"{path}: sort by what there is not is refused", is_of_texts or (r.status == 400 and r.json().get("member") == "sort"), r)

P = "/dortmund/platform/v1"
profiles = [p["id"] for p in get(P + "/device-profiles", sort="id").json()["items"]]
check("sorted", len(profiles) > 5 and profiles == sorted(profiles), profiles)
check("and the other way round", [p["id"] for p in get(P + "/device-profiles", sort="-id").json()["items"]] == profiles[::-1])
walked, cursor = [], None
while True:
    page = get(P + "/device-profiles", sort="-id", limit=4, **({"cursor": cursor} if cursor else {})).json()
    walked += [p["id"] for p in page["items"]]
    cursor = page.get("next")
    if not cursor:
        break
check("pages follow each other in that order", walked == profiles[::-1], walked)
found = [p["id"] for p in get(P + "/device-profiles", q="MILESIGHT am107").json()["items"]]
check("found by words, large or small", found == ["milesight-am107"], found)
report.finish()
