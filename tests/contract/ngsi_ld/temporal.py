#!/usr/bin/env python3
# config: temporal_page_max: 100
"""The temporal evolution of entities. ETSI GS CIM 009, 5.6.11 to 5.6.16, 5.7.3 and 5.7.4"""
from _client import call, check, create, is_error, new_id, report

id = create(type="Room", temperature={"type": "Property", "value": 20, "observedAt": "2026-05-01T12:00:00Z"})
for hour, value in ((13, 22), (14, 27), (15, 21)):
    call("PATCH", f"/entities/{id}/attrs", {"temperature": {"type": "Property", "value": value, "observedAt": f"2026-05-01T{hour}:00:00Z"}})


def values(query, attribute="temperature"):
    r = call("GET", f"/temporal/entities/{id}?options=temporalValues&{query}")
    return [v for v, _ in r.json().get(attribute, {}).get("values", [])] if r.status == 200 else r


check("every change is kept", values("") == [20, 22, 27, 21], values(""))
check("after, with its bound", values("timerel=after&timeAt=2026-05-01T13:00:00Z") == [22, 27, 21], values("timerel=after&timeAt=2026-05-01T13:00:00Z"))
check("before", values("timerel=before&timeAt=2026-05-01T13:00:00Z") == [20])
check("between", values("timerel=between&timeAt=2026-05-01T13:00:00Z&endTimeAt=2026-05-01T15:00:00Z") == [22, 27])
check("the last ones, newest first", values("lastN=2") == [21, 27], values("lastN=2"))
r = call("GET", f"/temporal/entities/{id}?options=aggregatedValues&aggrMethods=avg,max,totalCount&aggrPeriodDuration=PT2H"
                "&timerel=after&timeAt=2026-05-01T11:59:59Z")
t = r.json()["temperature"]
check("aggregates by period", t["avg"][0][0] == 21 and t["max"][1][0] == 27 and t["totalCount"][0][0] == 2, r)
sensor = create(type="Room", co2={"type": "Property", "value": 400, "observedAt": "2026-05-01T12:00:00Z", "urn:dos2030:provenance": "recorded"})
for minute, origin in ((10, "recorded"), (70, "recorded"), (80, "measured"), (130, None)):
    called = {"urn:dos2030:provenance": {"type": "Property", "value": origin}} if origin else {}
    observed = {"type": "Property", "value": 400 + minute, "observedAt": f"2026-05-01T{12 + minute // 60}:{minute % 60}:00Z", **called}
    call("POST", f"/temporal/entities/{sensor}/attrs", {"co2": observed})
r = call("GET", f"/temporal/entities/{sensor}?options=aggregatedValues&aggrMethods=avg,provenance&aggrPeriodDuration=PT1H&timerel=after&timeAt=2026-05-01T11:00:00Z")
t = r.json()["co2"]
check("a period says where its values come from, or that they are mixed", [(v, at[11:13]) for v, at, _ in t["provenance"]] == [("recorded", "12"), ("mixed", "13")], r)
check("and nothing when nobody said", len(t["avg"]) == 3, r)


def aggregated(id, name, query):
    r = call("GET", f"/temporal/entities/{id}?options=aggregatedValues&{query}")
    return r.json().get(name, {}) if r.status == 200 else r


t = aggregated(id, "temperature", "aggrMethods=totalCount,sum,distinctCount&lastN=2")
check("with lastN the last ones are counted", [t[m][0][0] for m in ("totalCount", "sum", "distinctCount")] == [2, 48, 2], t)
check("from the first of them to the last", t["sum"][0][1:] == ["2026-05-01T14:00:00Z", "2026-05-01T15:00:00.000001Z"], t)
t = aggregated(id, "temperature", "aggrMethods=totalCount&lastN=2&timerel=before&timeAt=2026-05-01T14:00:00Z")
check("the last ones of the span", t["totalCount"][0][:2] == [2, "2026-05-01T12:00:00Z"], t)
t = aggregated(id, "temperature", "aggrMethods=max&aggrPeriodDuration=PT1H&lastN=3&timerel=after&timeAt=2026-05-01T12:00:00Z")
check("period by period", [v for v, _, _ in t["max"]] == [22, 27, 21], t)
check("a lastN that is more than there are counts all", aggregated(id, "temperature", "aggrMethods=totalCount&lastN=9")["totalCount"][0][0] == 4)
# The clock of Berlin is set forward in the night to 29 March, which has 23 hours, and back in that to 25 October, which has 25.
clocks = new_id("Room")
hours = [f"2026-03-{d}T{h:02}:30:00Z" for d in (27, 28, 29, 30) for h in range(24)] + [f"2026-10-{d}T{h:02}:30:00Z" for d in (24, 25) for h in range(24)]
call("POST", "/temporal/entities", {"id": clocks, "type": "Room", "h": [{"type": "Property", "value": 1, "observedAt": t} for t in hours]})
span = "timerel=between&timeAt=2026-03-27T23:00:00Z&endTimeAt=2026-03-30T22:00:00Z"
t = aggregated(clocks, "h", f"aggrMethods=totalCount&aggrPeriodDuration=P1D&timezone=Europe/Berlin&{span}")
check("P1D is a day of the city where the request names its zone", [v for v, _, _ in t["totalCount"]] == [24, 23, 24]
      and t["totalCount"][1] == [23, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"], t)
t = aggregated(clocks, "h", f"aggrMethods=totalCount&aggrPeriodDuration=P1D&{span}")
check("and 24 hours where it names none", [v for v, _, _ in t["totalCount"]] == [24, 24, 23], t)
t = aggregated(clocks, "h", f"aggrMethods=totalCount&aggrPeriodDuration=PT24H&timezone=Europe/Berlin&{span}")
check("PT24H is 24 hours everywhere", [v for v, _, _ in t["totalCount"]] == [24, 24, 23], t)
t = aggregated(clocks, "h", "aggrMethods=totalCount&aggrPeriodDuration=P1D&timezone=Europe/Berlin&timerel=after&timeAt=2026-10-23T22:00:00Z")
check("a day has 25 hours once a year", [v for v, _, _ in t["totalCount"]] == [22, 25, 1], t)
t = aggregated(clocks, "h", "aggrMethods=totalCount&aggrPeriodDuration=P1D&timezone=Europe/Berlin&timerel=before&timeAt=2026-03-29T00:00:00Z")
check("days begin at midnight there", [(v, a) for v, a, _ in t["totalCount"]] == [(23, "2026-03-26T23:00:00Z"), (24, "2026-03-27T23:00:00Z"), (1, "2026-03-28T23:00:00Z")], t)
t = aggregated(clocks, "h", "aggrMethods=totalCount&aggrPeriodDuration=P1M&timezone=Europe/Berlin")
check("and months on their first", [a for _, a, _ in t["totalCount"]] == ["2026-02-28T23:00:00Z", "2026-09-30T22:00:00Z"], t)
r = call("POST", "/temporal/entityOperations/query", {"type": "Query", "entities": [{"id": clocks, "type": "Room"}],
                                                      "temporalQ": {"timerel": "between", "timeAt": "2026-03-27T23:00:00Z", "endTimeAt": "2026-03-30T22:00:00Z"},
                                                      "aggrParams": {"aggrMethods": ["totalCount"], "aggrPeriodDuration": "P1D", "timezone": "Europe/Berlin"}})
check("the same by a query in the body", r.status == 200 and [v for v, _, _ in r.json()[0]["h"]["totalCount"]] == [24, 23, 24], r)
r = call("GET", f"/temporal/entities/{clocks}?options=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=P1D&timezone=Dortmund")
check("a zone that nobody knows is refused", is_error(r, 400, "BadRequestData") and r.json().get("member") == "timezone", r)
call("DELETE", f"/temporal/entities/{clocks}")
plain = create(type="Room", label={"type": "Property", "value": "a"}, seats={"type": "Property", "value": 4})
call("PATCH", f"/entities/{plain}/attrs", {"seats": {"type": "Property", "value": 5}})
r = call("GET", f"/temporal/entities/{plain}")
check("what has no observedAt is left out of observed times, and the answer says so", r.status == 200 and "seats" not in r.json()
      and "2 without observedAt" in (r.headers["NGSILD-Warning"] or "") and "timeproperty=modifiedAt" in r.headers["NGSILD-Warning"], r.headers)
r = call("GET", f"/temporal/entities?type=Room&attrs=seats,label&timerel=after&timeAt=2020-01-01T00:00:00Z")
check("it says so where nothing is left at all", r.json() == [] and "without observedAt" in (r.headers["NGSILD-Warning"] or ""), (r, r.headers))
check("neither is it aggregated", aggregated(plain, "seats", "aggrMethods=sum") == {}, aggregated(plain, "seats", "aggrMethods=sum"))
r = call("GET", f"/temporal/entities/{plain}?timeproperty=modifiedAt&options=temporalValues")
check("it is found by when it was written", [v for v, _ in r.json()["seats"]["values"]] == [4, 5] and r.headers["NGSILD-Warning"] is None, r)
check("and aggregated", aggregated(plain, "seats", "aggrMethods=sum&timeproperty=modifiedAt")["sum"][0][0] == 9)
call("DELETE", f"/temporal/entities/{plain}")
call("DELETE", f"/entities/{plain}")
instances = call("GET", f"/temporal/entities/{id}").json()["temperature"]
check("instances have ids", len({i["instanceId"] for i in instances}) == 4, instances)
first = instances[0]["instanceId"]
check("an instance can be changed", call("PATCH", f"/temporal/entities/{id}/attrs/temperature/{first}", {"value": 19.5}).status == 204)
check("and shows it", values("") == [19.5, 22, 27, 21], values(""))
check("an instance can be deleted", call("DELETE", f"/temporal/entities/{id}/attrs/temperature/{first}").status == 204 and values("") == [22, 27, 21])
r = call("POST", f"/temporal/entities/{id}/attrs", {"temperature": [{"type": "Property", "value": 1, "observedAt": "2020-01-01T00:00:00Z"}]})
check("history can be added", r.status == 204 and values("") == [1, 22, 27, 21], r)
check("the present stays as it is", call("GET", f"/entities/{id}?options=keyValues").json()["temperature"] == 21)
call("DELETE", f"/entities/{id}/attrs/temperature")
r = call("GET", f"/temporal/entities/{id}?timeproperty=deletedAt")
check("a deletion is part of the history", r.json()["temperature"][0]["value"] == "urn:ngsi-ld:null" and "deletedAt" in r.json()["temperature"][0], r)
call("DELETE", f"/entities/{id}")
check("history outlives the entity", values("") == [1, 22, 27, 21], values(""))
check("until it is deleted, too", call("DELETE", f"/temporal/entities/{id}").status == 204 and is_error(call("GET", f"/temporal/entities/{id}"), 404, "ResourceNotFound"))

long = new_id("Room")
instances = [{"type": "Property", "value": n, "observedAt": f"2026-01-01T{n // 60:02}:{n % 60:02}:00Z"} for n in range(150)]
r = call("POST", "/temporal/entities", {"id": long, "type": "Room", "n": instances})
check("a whole history can be given", r.status == 201, r)
r = call("GET", f"/temporal/entities/{long}?options=temporalValues")
check("a long one comes in parts", r.status == 206 and len(r.json()["n"]["values"]) == 100 and r.headers["Content-Range"].startswith("date-time "), r.headers)
r = call("GET", "/temporal/entities?type=Room&q=n==149&timerel=after&timeAt=2026-01-01T02:00:00Z&options=temporalValues")
check("entities are found by what they were", r.status == 200 and len(r.json()) == 1 and len(r.json()[0]["n"]["values"]) == 30, r)
for wrong in ("timerel=after", "timerel=while&timeAt=2026-01-01T00:00:00Z", "timerel=after&timeAt=yesterday", "lastN=0",
              "options=aggregatedValues&aggrMethods=guess", "timeproperty=seenAt"):
    check(f"{wrong} is refused", is_error(call("GET", f"/temporal/entities/{long}?{wrong}"), 400, "BadRequestData"))
call("DELETE", f"/temporal/entities/{long}")

ended = new_id()
for speed in (1, "urn:ngsi-ld:null"):
    at = "2026-01-01T00:00:00Z" if speed == 1 else "2026-01-02T00:00:00Z"
    call("POST", "/temporal/entities", {"id": ended, "type": "Thing", "speed": [{"type": "Property", "value": speed, "observedAt": at}]})
r = call("GET", f"/temporal/entities/{ended}?timerel=before&timeAt=2030-01-01T00:00:00Z").json()
check("an end that was observed is an instance like others", [i["value"] for i in r["speed"]] == [1, "urn:ngsi-ld:null"]
      and r["speed"][1]["observedAt"] == "2026-01-02T00:00:00Z" and "deletedAt" in r["speed"][1], r)
call("DELETE", f"/temporal/entities/{ended}")
report.finish()
