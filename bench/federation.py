"""What a query over several nodes costs, with one that is down and one that does not answer."""
import json
import socket
import time

from instruments import Server, api, figure, fill, free_port, load, options, reading_s

timeout_ms = 1000  # that a source is waited for
config = f"allow_private_addresses: true\nsource_timeout_ms: {timeout_ms}\n"
target = api + "/entities?type=Bench3&limit=50"


def warnings(answer):
    return answer.headers.get_all("NGSILD-Warning") or []


def measure_federation():
    with (Server(("--anonymous", "admin"), config, data=str(options.work / "here")) as s,
          Server(("--anonymous", "admin"), config, data=str(options.work / "there")) as other, socket.socket() as silent):
        fill(s, 0, 1000)
        fill(other, 1000, 2000)
        silent.bind(("127.0.0.1", 0))
        silent.listen(1024)  # takes connections and never says a word

        def register(name, port):
            r = s.call("POST", api + "/csourceRegistrations", {
                "id": f"urn:ngsi-ld:ContextSourceRegistration:{name}", "type": "ContextSourceRegistration",
                "information": [{"entities": [{"type": "Bench3"}]}], "endpoint": f"http://127.0.0.1:{port}{api.removesuffix('/ngsi-ld/v1')}"})
            assert r.status == 201, r
            return f"urn:ngsi-ld:ContextSourceRegistration:{name}"

        def measure(name, lost, reference=None):
            """The first answer, which has to find out who is silent, and those after it."""
            began = time.monotonic()
            r = s.call("GET", target)
            first_ms = (time.monotonic() - began) * 1000
            assert r.status == 200 and len(r.json()) == 50, r
            told = [i for i in lost if any(i in w for w in warnings(r))]
            if lost:
                figure(f"{name}: missing nodes that the answer names", len(told), "nodes", f"{len(lost)} that are missing", len(told) / len(lost), 1)
                figure(f"{name}, first answer", first_ms, "ms", f"timeout of {timeout_ms:,} ms", first_ms / timeout_ms, 1.1)
            for _ in range(3):
                s.call("GET", target)  # until it is known
            a = load(s.port, 1, "GET", target, for_s=reading_s)
            if reference:
                figure(f"{name}, p95", a["p95"], "ms", "two nodes", a["p95"] / reference["p95"], None, a)
            return a

        local = measure("local", [])
        register("other", other.port)
        two = measure("two nodes", [])
        figure("query of 50 entities, local, p95", local["p95"], "ms", latency=local)
        figure("query over two nodes, p95", two["p95"], "ms", "local", two["p95"] / local["p95"], None, two)
        down = register("down", free_port())
        measure("query over two nodes and one that is down", [down], two)
        mute = register("silent", silent.getsockname()[1])
        measure("query over two nodes, one down, one silent", [down, mute], two)
