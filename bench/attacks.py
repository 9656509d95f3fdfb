"""How long others wait while one address does its worst: the 99th percentile of ten clients, with and without."""
import asyncio
import http.client
import json
import multiprocessing
import os
import random
import socket
import threading
import time

from instruments import api, figure, seconds

sta = "/dortmund/v1.1"
path = f"{api}/entities?limit=1&type=Nothing"
attacker, victims = "127.0.0.66", [f"127.0.1.{n}" for n in range(1, 11)]


async def ask_now_and_then(port, address, until, times):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    await asyncio.sleep(random.random() / 20)
    while time.monotonic() < until:
        began = time.monotonic()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        await reader.readexactly(length[0] if length else 0)
        times.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    writer.close()


def waits(port):
    """In seconds, sorted, of ten clients that ask twenty times a second."""
    times = []

    async def all_of_them():
        until = time.monotonic() + seconds
        await asyncio.gather(*[ask_now_and_then(port, v, until, times) for v in victims])

    # They run before anything else, where that is permitted: what is measured is the server, not this machine's other work.
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        asyncio.run(all_of_them())
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except PermissionError:
        asyncio.run(all_of_them())
    return sorted(times)


def flood(request):
    def attack(port):
        s = socket.create_connection(("127.0.0.1", port), source_address=(attacker, 0))
        threading.Thread(target=lambda: [None for _ in iter(lambda: s.recv(1 << 20), b"")], daemon=True).start()
        while True:
            s.sendall(request * 50)
    return attack


def ask(method, target, body=None):
    def attack(port):
        c = http.client.HTTPConnection("127.0.0.1", port, source_address=(attacker, 0))
        try:
            c.request(method, target, body, {"Content-Type": "application/json"})
            c.getresponse().read()
        finally:
            c.close()
    return attack


ordered = f"{sta}/Observations?$orderby=result%20desc,phenomenonTime&$top=5&$filter=result%20add%201%20gt%200"
batch = json.dumps({"requests": [{"id": str(n), "method": "get", "url": "Observations?$top=1000"} for n in range(3_000)]})
large = '{"id":"urn:ngsi-ld:Bad:1","type":"Bad","n":{"type":"Property","value":[' + ",".join('{"a":[1,2,3]}' for _ in range(60_000)) + "]}"
attacks = {
    "orders over all observations": (16, ask("GET", ordered)),
    "batches of 3,000 reads": (4, ask("POST", f"{sta}/$batch", batch)),
    "bodies that are no JSON": (16, ask("POST", f"{api}/entities", large)),
    "a flood of questions": (16, flood(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())),
    "connections without end": (16, ask("GET", "/healthz")),
}


def go_on(port, connections, attack):
    os.nice(19)  # somewhere else, their client takes no processor from us

    def one():
        while True:
            try:
                attack(port)
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)

    for _ in range(connections):
        threading.Thread(target=one, daemon=True).start()
    time.sleep(1_000)


def fill(s):
    """30 datastreams of 4,000 observations: enough to make orders and batches dear."""
    thing = {"name": "level", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
             "unitOfMeasurement": {"name": "", "symbol": "", "definition": ""},
             "ObservedProperty": {"name": "level", "description": "", "definition": "http://example.org/level"},
             "Sensor": {"name": "gauge", "description": "", "encodingType": "text/plain", "metadata": "none"}}
    here = {"name": "here", "description": "", "encodingType": "application/geo+json", "location": {"type": "Point", "coordinates": [7.5, 51.5]}}
    for n in range(30):
        whole = {"name": f"T{n}", "description": "", "Locations": [here], "Datastreams": [thing]}
        place = s.call("POST", f"{sta}/Things", whole).headers["Location"]
        stream = s.call("GET", "/" + place.split("/", 3)[3] + "/Datastreams").json()["value"][0]["@iot.id"]
        rows = [[f"2015-01-{1 + k // 1440:02}T{k // 60 % 24:02}:{k % 60:02}:00Z", random.random()] for k in range(4_000)]
        answer = s.call("POST", f"{sta}/CreateObservations", [{"Datastream": {"@iot.id": stream}, "components": ["phenomenonTime", "result"], "dataArray": rows}])
        assert answer.status == 201, answer


def measure_attacks(s):
    fill(s)
    for name, (connections, attack) in attacks.items():
        alone = waits(s.port)
        them = multiprocessing.Process(target=go_on, args=(s.port, connections, attack), daemon=True)
        them.start()
        time.sleep(1)
        attacked = waits(s.port)
        them.terminate()
        them.join()
        p99 = [times[int(len(times) * 0.99)] * 1_000 for times in (alone, attacked)]
        figure(f"p99 of others beside {name}", p99[1], "ms", "without", p99[1] / p99[0], 2)
