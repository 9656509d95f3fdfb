"""What SensorThings costs and takes."""
import http.client
import json
import time

from instruments import against_echo, ask, caught_up, connections, figure, load, options, send_all


def measure_sensorthings(s):
    """Observations of 10 datastreams for each of 1,000 things, and what clients ask of them."""
    sta = "/dortmund/v1.1"
    things, streams, rows = (100, 10, 2_000) if options.quick else (1_000, 10, 5_000)
    c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=120)

    def made(path, body):
        a = ask(c, "POST", f"{sta}/{path}", body)
        assert a.status == 201, a
        return int(a.headers["Location"].rsplit("(", 1)[1].rstrip(")"))

    sensor = made("Sensors", {"name": "S", "description": "", "encodingType": "text/html", "metadata": ""})
    observed = made("ObservedProperties", {"name": "level", "definition": "http://example.org/level", "description": ""})
    stream = {"name": "D", "description": "", "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
              "Sensor": {"@iot.id": sensor}, "ObservedProperty": {"@iot.id": observed}}
    place = {"name": "L", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7.5, 51.5]}}
    for n in range(things):
        made("Things", {"name": f"T{n}", "description": "", "Locations": [place], "Datastreams": [stream] * streams})
    ids, page = [], ask(c, "GET", f"{sta}/Datastreams?$select=id&$top=1000").json()
    while True:
        ids += [d["@iot.id"] for d in page["value"]]
        if "@iot.nextLink" not in page:
            break
        page = ask(c, "GET", "/" + page["@iot.nextLink"].split("/", 3)[3]).json()
    started = 1_767_225_600
    texts = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started + 60 * k)) for k in range(rows)]
    bodies = [json.dumps([{"Datastream": {"@iot.id": d}, "components": ["phenomenonTime", "result"],
                           "dataArray": [[t, 20 + k % 17 / 10] for k, t in enumerate(texts[first:first + 1_000])]} for d in ids[i:i + 10]]).encode()
              for first in range(0, rows, 1_000) for i in range(0, len(ids), 10)]
    began = time.monotonic()
    send_all(s, (("POST", f"{sta}/CreateObservations", body) for body in bodies))
    rate = len(ids) * rows / (time.monotonic() - began + caught_up(s))
    figure("SensorThings data arrays", rate, "observations/s", "goal of 300,000", rate / 300_000, 1)
    of_one = f"{sta}/Datastreams({ids[0]})/Observations"
    latest = "Datastreams($top=1;$select=id;$expand=Observations($top=1;$orderby=phenomenonTime%20desc;$select=result))"
    day = "phenomenonTime%20ge%202026-01-01T00:00:00Z%20and%20phenomenonTime%20lt%202026-01-02T00:00:00Z"
    for name, target, goal_ms in (
            (f"SensorThings latest value of {things:,} things", f"{sta}/Things?$top={things}&$select=id&$expand={latest}", 50),
            ("SensorThings $count of a datastream", f"{of_one}?$count=true&$top=0", 10),
            ("SensorThings a day, 1,440 rows", f"{of_one}?$filter={day}&$top=1440", 5)):
        a = load(s.port, 1, "GET", target)
        figure(name + ", p95", a["p95"], "ms", f"goal of {goal_ms} ms", a["p95"] / goal_ms, 1, a)
    one = ("POST", f"{sta}/Datastreams({ids[-1]})/Observations", '{"result":{n},"phenomenonTime":"{t}"}')
    for count in (connections, 4 * connections):
        echo, stored = against_echo(s, count, *one)
        figure(f"SensorThings observations, one a request, {count} connections", stored["per_second"], "observations/s", "echo",
               stored["per_second"] / echo["per_second"], 0.5, stored)
