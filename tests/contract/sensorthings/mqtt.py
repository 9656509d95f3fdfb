"""SensorThings over MQTT: creating by publishing, and hearing of changes. OGC 18-088, 14; 3.1.1 and 5, TCP and WebSocket."""
# serve: --anonymous admin --mqtt-port 0
import itertools
import json
import os
import urllib.parse

from _sta import Report, datastream, get, made, place, sta, thing
from mqtt_client import Client, WebSocketClient, wait_until

report = Report()
check = report.check
http_port = urllib.parse.urlparse(os.environ["BASE_URL"]).port
log = os.path.join(os.path.dirname(os.environ["DATA_DIR"]), "log")
with open(log) as lines:
    mqtt_port = next(json.loads(line)["port"] for line in lines if "listening for MQTT" in line)
numbers = itertools.count(1)


def heard(c):
    m = c.message()
    return m.topic, json.loads(m.payload)


def plain(entity):
    """Links are those of the door that one came by."""
    return {k: v for k, v in entity.items() if not k.endswith(("Link", "selfLink"))}


t = made("Things", thing("Bench", datastream("Temperature")))
ds = get(f"Things({t})/Datastreams")["value"][0]["@iot.id"]

for version, kind, port in ((4, Client, mqtt_port), (5, Client, mqtt_port), (4, WebSocketClient, http_port), (5, WebSocketClient, http_port)):
    name = f"{'5.0' if version == 5 else '3.1.1'} over {'TCP' if kind is Client else 'WebSocket'}"
    with kind(port, f"w{next(numbers)}", version) as w, kind(port, f"r{next(numbers)}", version) as r:
        # --- creating
        known = get("Observations", count="true", top=0)["@iot.count"]
        for qos in (0, 1, 2):
            w.publish(f"v1.1/Datastreams({ds})/Observations", json.dumps({"result": 20 + qos}), qos)
        w.publish("v1.1/Observations", json.dumps({"result": 23, "Datastream": {"@iot.id": ds}}), 1)
        w.publish(f"dortmund/v1.1/Datastreams({ds})/Observations", json.dumps({"result": 24}), 1)
        results = [o["result"] for o in get(f"Datastreams({ds})/Observations", orderby="id desc", top=5)["value"]]
        check(f"{name}: what is published is there when it is acknowledged", sorted(results) == [20, 21, 22, 23, 24], results)
        n = next(numbers)
        w.publish("v1.1/Observations", json.dumps({"result": 1, "Datastream": {**datastream(f"New {n}"), "Thing": thing(f"Deep {n}")}}), 1)
        found = get("Things", filter=f"name eq 'Deep {n}'", expand="Datastreams/Observations")["value"]
        check(f"{name}: everything around an Observation is made with it", found and found[0]["Datastreams"][0]["Observations"][0]["result"] == 1, found)
        before = get("Observations", count="true", top=0)["@iot.count"]
        for topic, payload in ((f"v1.1/Datastreams({ds})/Observations", "{}"), (f"v1.1/Datastreams({ds})/Observations", "{"),
                               (f"v1.1/Datastreams({ds})/Observations", ""), (f"v1.1/Datastreams({ds})/Observations", "5"),
                               (f"v1.1/Datastreams({ds})/Observations", '{"result":1,"phenomenonTime":"yesterday"}'),
                               (f"v1.1/Datastreams({ds})/Observations", b"\xff\xfe"), ("v1.1/Observations", '{"result":1}'),
                               ("v1.1/Datastreams(999999)/Observations", '{"result":1}'), ("v1.1/Datastreams(x)/Observations", '{"result":1}'),
                               ("v1.1/Nothing", "{}"), ("v1.1", "{}"), ("v1.1/", "{}"), (f"v1.1/Datastreams({ds})", '{"result":1}')):
            w.publish(topic, payload, 1)
        check(f"{name}: what is none of the standard's makes nothing, and the connection stays",
              get("Observations", count="true", top=0)["@iot.count"] == before and w.ping() is None)

        # --- hearing
        n = next(numbers)
        r.subscribe(f"v1.1/Datastreams({ds})/Observations", qos=1)
        w.publish(f"v1.1/Datastreams({ds})/Observations", json.dumps({"result": 100 + n}), 1)
        topic, said = heard(r)
        there = get(f"Observations({said['@iot.id']})")
        check(f"{name}: a new Observation comes under the topic that was subscribed to, as GET answers it",
              topic == f"v1.1/Datastreams({ds})/Observations" and plain(said) == plain(there) and said.keys() == there.keys()
              and said["result"] == 100 + n, (topic, said))
        r.unsubscribe(f"v1.1/Datastreams({ds})/Observations")

        r.subscribe("v1.1/Things")
        id = made("Things", {"name": f"Set {n}", "description": "", "Locations": [place(7, 51)]})
        topic, said = heard(r)
        check(f"{name}: a set tells of what is made", topic == "v1.1/Things" and said["name"] == f"Set {n}" and said["@iot.id"] == id, said)
        sta("PATCH", f"Things({id})", {"description": "changed"})
        check(f"{name}: and of what is changed", heard(r)[1]["description"] == "changed")
        r.unsubscribe("v1.1/Things")

        r.subscribe(f"v1.1/Things({id})")
        r.subscribe(f"v1.1/Things({id})/name")
        sta("PATCH", f"Things({id})", {"description": "again"})
        topic, said = heard(r)
        check(f"{name}: an entity tells of itself", topic == f"v1.1/Things({id})" and said["description"] == "again", (topic, said))
        sta("PATCH", f"Things({id})", {"name": "Other"})
        both = dict(heard(r) for _ in range(2))
        check(f"{name}: a property is told when it changed, alone", both.get(f"v1.1/Things({id})/name") == {"name": "Other"}
              and both[f"v1.1/Things({id})"]["name"] == "Other", both)
        r.unsubscribe(f"v1.1/Things({id})")
        r.unsubscribe(f"v1.1/Things({id})/name")

        for topic, wanted in ((f"v1.1/Datastreams({ds})/Observations?$select=result,phenomenonTime", {"result", "phenomenonTime"}),
                              (f"v1.1/Datastreams({ds})/Observations?$select=result&$expand=Datastream($select=name)", {"result", "Datastream"}),
                              ("v1.1/Observations?$filter=result gt 500 and Datastream/name eq 'Temperature'&$select=id,result", {"@iot.id", "result"})):
            r.subscribe(topic)
            w.publish(f"v1.1/Datastreams({ds})/Observations", json.dumps({"result": 3}), 1)
            w.publish(f"v1.1/Datastreams({ds})/Observations", json.dumps({"result": 700 + n}), 1)
            told, said = heard(r)
            if "$filter" not in topic:
                check(f"{name}: every one is told", said["result"] == 3, said)
                told, said = heard(r)
            check(f"{name}: {topic.split('?')[1]}", told == topic and set(said) == wanted and said["result"] == 700 + n, (told, said))
            if "Datastream" in wanted:
                check(f"{name}: what is expanded is in it", said["Datastream"] == {"name": "Temperature"}, said)
            r.unsubscribe(topic)

        # --- what topics go by changes, too
        there = get(f"Things({id})/Locations")["value"][0]["@iot.id"]
        r.subscribe(f"v1.1/Things({id})/Locations")
        sta("PATCH", f"Locations({there})", {"location": {"type": "Point", "coordinates": [7.25, 51]}})
        check(f"{name}: a Thing's Locations tell when one of them is corrected", heard(r)[1]["location"]["coordinates"] == [7.25, 51])
        second = made(f"Things({id})/Locations", place(8, 52, "Second"))
        check(f"{name}: and of the one where it has moved", heard(r)[1]["@iot.id"] == second)
        r.unsubscribe(f"v1.1/Things({id})/Locations")
        r.subscribe(f"v1.1/Things({id})", f"v1.1/Things({id})/properties/list[1]", f"v1.1/Things({id})/description/$value", "v1.1/Things/$ref")
        own = made(f"Things({id})/Datastreams", datastream(Observations=[{"result": 1}]))
        sta("DELETE", f"Datastreams({own})")
        sta("PATCH", f"Things({id})", {"properties": {"list": [1, 2]}, "description": "bare"})
        got = {m.topic: m.payload.decode() for m in r.messages(4)}
        check(f"{name}: a Datastream that goes is no change of its Thing; parts, bare values and links have topics", json.loads(got[f"v1.1/Things({id})"])["description"] == "bare"
              and json.loads(got[f"v1.1/Things({id})/properties/list[1]"]) == {"list[1]": 2} and got[f"v1.1/Things({id})/description/$value"] == "bare"
              and list(json.loads(got["v1.1/Things/$ref"])) == ["@iot.selfLink"], got)
        for topic in got:
            r.unsubscribe(topic)

        for topic in ("v1.1/Things/$count", "v1.1/Nothing", "v1.1/Things(0)/x", "v1.1/Things?$filter=nothing eq 1", "v1.1/Things?$select=nothing",
                      "v1.1/Things?$frob=1", "v1.1/Things?$filter=(((", "v1.1/Things?$expand=Nothing", "v1.1/+", "v1.1/#"):
            granted = r.subscribe(topic)
            check(f"{name}: a subscription to {topic} is refused", all(g >= 0x80 for g in granted), granted)
        check(f"{name}: and the connection stays", r.ping() is None)

    last = kind(port, f"l{next(numbers)}", version, will=(f"v1.1/Datastreams({ds})/Observations", json.dumps({"result": f"lost {n}"}), 1, False))
    last.socket.close()
    check(f"{name}: a will may be an Observation", wait_until(lambda: get("Observations", filter=f"result eq 'lost {n}'")["value"]))

sta("POST", "CreateObservations", [{"Datastream": {"@iot.id": ds}, "components": ["phenomenonTime", "result"],
                                    "dataArray": [[f"2015-01-01T{n // 60:02}:{n % 60:02}:00Z", n] for n in range(1_000)]}])
with Client(mqtt_port, "asks too much", 5) as greedy, Client(mqtt_port, "asks little", 5) as modest:
    many = "Datastreams/Observations/result"
    greedy.subscribe(f"v1.1/Things?$filter={many} add {many} eq -1")
    modest.subscribe(f"v1.1/Things({t})")
    sta("PATCH", f"Things({t})", {"description": "for all to hear"})
    check("one who asks for too much does not silence the others", heard(modest)[1]["description"] == "for all to hear")

report.finish()
