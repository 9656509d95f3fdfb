"""What subscriptions cost an update: those that it does not concern, and those that it does."""
import http.client
import json
import sys
import time

from instruments import Program, api, ask, connections, entities, figure, free_port, load, options, seconds, send_all, update
from updates import durable_updates


def subscribe(s, subscriptions, port):
    told = {"notification": {"attributes": ["temperature"], "endpoint": {"uri": f"http://127.0.0.1:{port}/", "accept": "application/json"}}}
    ids = [f"urn:ngsi-ld:Subscription:{n}" for n in range(len(subscriptions))]
    send_all(s, (("POST", api + "/subscriptions", json.dumps({"id": i, "type": "Subscription", **x, **told}).encode())
                 for i, x in zip(ids, subscriptions)))
    return ids


def unsubscribe(s, ids):
    send_all(s, (("DELETE", f"{api}/subscriptions/{i}") for i in ids))


def measure_none(s, port, name, subscriptions):
    ids = subscribe(s, subscriptions, port)
    with_them = durable_updates(s)
    unsubscribe(s, ids)
    without = durable_updates(s)  # right after it: the disk is not the same all the time
    figure(f"durable updates, {len(ids):,} subscriptions, {name}", with_them["per_second"], "updates/s", "without them",
           with_them["per_second"] / without["per_second"], 0.9, with_them)
    figure("processor time an update", with_them["processor_us"], "us", "without them", with_them["processor_us"] / without["processor_us"], 1.1)


def measure_subscriptions(s, without):
    port = free_port()
    with Program(port, options.build / "receiver", port):
        of_type = lambda n: {"entities": [{"type": f"Bench{n % 10}"}]}  # noqa: E731
        many = range(10_000)
        measure_none(s, port, "of another type", [{"entities": [{"type": f"Other{n % 100}"}]} for n in many])
        measure_none(s, port, "watching another attribute", [{**of_type(n), "watchedAttributes": [("humidity", "name")[n // 10 % 2]]} for n in many])
        measure_none(s, port, "q of a number not true", [{**of_type(n), "q": f"temperature<{-1000 - n}"} for n in many])
        measure_none(s, port, "q of a text not true", [{**of_type(n), "q": f'name=="Messstelle {entities + n}"'} for n in many])
        # Each entity is watched by one of a thousand.
        ids = subscribe(s, [{"entities": [{"id": f"urn:ngsi-ld:Bench:{i}", "type": f"Bench{i % 10}"} for i in range(n, entities, 1000)]}
                            for n in range(1000)], port)
        began = time.monotonic()
        one = load(s.port, connections, *update)
        deadline = time.monotonic() + 10 * seconds
        received = http.client.HTTPConnection("127.0.0.1", port)
        while (count := ask(received, "GET", "/count").json())["entities"] < one["ok"] and time.monotonic() < deadline:
            time.sleep(0.02)
        took = time.monotonic() - began
        if count["entities"] < one["ok"]:
            print(f"  {one['ok'] - count['entities']} of {one['ok']} notifications did not come within {took:.0f} s", file=sys.stderr)
        rate = count["entities"] / took
        figure("durable updates, each notified to one of 1,000", rate, "updates/s", "durable updates", rate / without["per_second"], 0.3, one)
        figure("entities a notification", count["entities"] / max(1, count["requests"]), "entities")
        unsubscribe(s, ids)
