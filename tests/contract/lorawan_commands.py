"""Commands for devices: encoded, queued, handed to the network server once, and followed to the device's answer. A small
server plays the HTTP interfaces of ChirpStack 4 and The Things Stack 3."""
import base64
import http.server
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
folder = tempfile.mkdtemp(prefix="dos-commands-")


class Network(http.server.BaseHTTPRequestHandler):
    """Holds queues by path, as such a server does."""
    queues, seen, mode = {}, [], {"answer": "well"}
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def reply(self, status, body):
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self):
        if self.mode["answer"] == "down":
            return self.reply(503, {"message": "upstream is away"})
        with self.lock:
            items = list(self.queues.get(self.path, []))
        return self.reply(200, {"downlinks": items} if "/as/" in self.path else {"totalCount": len(items), "result": items})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode = self.mode["answer"]
        key = self.headers.get("Grpc-Metadata-Authorization") or self.headers.get("Authorization")
        with self.lock:
            self.seen.append((self.path, key, body))
        if mode == "down":
            return self.reply(503, {"message": "upstream is away"})
        if mode == "refuse":
            return self.reply(400, {"code": 3, "message": "fPort must be between 1 - 255"})
        path, answer = self.path, {}
        if "/as/" in path:
            path, items = path.removesuffix("/push"), body["downlinks"]
        else:
            items = [{**body["queueItem"], "id": str(uuid.uuid4()), "isPending": False}]
            answer = {"id": items[0]["id"]}
        with self.lock:
            if mode != "gone":  # of class C: sent at once
                self.queues.setdefault(path, []).extend(items)
        if mode in ("silent", "gone"):
            time.sleep(60)
            return
        self.reply(200, answer)


network = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Network)
network.daemon_threads = True
threading.Thread(target=network.serve_forever, daemon=True).start()
for name in ("chirpstack", "stack"):
    pathlib.Path(folder, name).write_text(f"key-of-{name}\n")
config = f"""
default_context: dos-context.json
lorawan_servers:
  - {{city: dortmund, name: town, network: chirpstack, url: "http://127.0.0.1:{network.server_port}", api_key_file: {folder}/chirpstack}}
  - {{city: dortmund, name: stack, network: ttn, url: "http://127.0.0.1:{network.server_port}", api_key_file: {folder}/stack}}
"""
api = "/dortmund/platform/v1"


def posts(path=""):
    with Network.lock:
        return [(k, b) for p, k, b in Network.seen if path in p]


try:
    with Server(options=(), config=config) as s:
        tokens = {r: {"Authorization": "Bearer " + s.token("dortmund", r)} for r in ("viewer", "editor", "admin", "device")}

        def call(method, path, body=None, role="editor"):
            return s.call(method, api + path, body, tokens[role])

        def now():
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

        def lamp(number, **more):
            eui = f"d05e00000000{number:04x}"
            made = call("POST", "/devices", {"devEui": eui, "name": f"Lamp {number}", "profile": "netvox-r831d", "from": "2020-01-01T00:00:00Z",
                                             "measuringPointNew": {"name": f"Lamp {number}", "location": {"type": "Point", "coordinates": [7.46, 51.51]}}, **more})
            check(f"lamp {number} is registered", made.status == 201, made)
            return eui

        hooks = {name: call("POST", "/webhooks", {"name": name, "network": kind}, "admin").json()["secret"]
                 for name, kind in (("town", "chirpstack"), ("stack", "ttn"))}

        def tell(event, eui, **more):
            return s.call("POST", f"/dortmund/lorawan/chirpstack?event={event}", {"deviceInfo": {"devEui": eui, "applicationId": "app"}, "time": now(), **more},
                          {"Authorization": "Bearer " + hooks["town"]})

        def state(eui, command):
            return call("GET", f"/devices/{eui}/commands/{command}").json()

        def wait(eui, command, wanted, patience_s=20):
            deadline = time.monotonic() + patience_s
            while True:
                seen = state(eui, command)
                if seen.get("state") in wanted or time.monotonic() > deadline:
                    return seen
                time.sleep(0.05)

        def switch(eui, **more):
            return call("POST", f"/devices/{eui}/commands", {"data": {"Cmd": "On", "Channel": 1}, **more})

        # --- a lamp is switched
        eui = lamp(1)
        check("the lamp is heard", tell("up", eui, fCnt=1, fPort=6, data=base64.b64encode(bytes.fromhex("01b0010000000000000000")).decode()).status == 200)
        asked = switch(eui, confirmed=True)
        check("a command is queued", asked.status == 201 and asked.json()["state"] == "queued" and asked.json()["bytes"] == "91b0010000000000000000", asked)
        command = asked.json()["id"]
        seen = wait(eui, command, ("sent",))
        path = f"/api/devices/{eui}/queue"
        check("and sent", seen["state"] == "sent" and seen.get("sentAt") and seen["server"] == "town", seen)
        sent = posts(path)
        check("ChirpStack got it once, as its interface wants it", sent == [("Bearer key-of-chirpstack", {"queueItem": {
            "confirmed": True, "fPort": 7, "data": base64.b64encode(bytes.fromhex("91b0010000000000000000")).decode()}})], sent)
        item = Network.queues[path][0]["id"]
        check("under its own name", seen.get("networkId") == item, seen)
        tell("txack", eui, queueItemId=item, fCntDown=1, gatewayId="a84041ffff00d051")
        seen = state(eui, command)
        check("a gateway has sent it", seen["state"] == "sent" and seen.get("transmittedAt"), seen)
        tell("ack", eui, queueItemId=item, acknowledged=True, fCntDown=1)
        seen = state(eui, command)
        check("the lamp has confirmed it", seen["state"] == "acknowledged" and seen.get("acknowledgedAt"), seen)

        command = switch(eui, confirmed=True).json()["id"]
        wait(eui, command, ("sent",))
        tell("ack", eui, queueItemId=Network.queues[path][1]["id"], acknowledged=False)
        check("one that the lamp does not confirm has failed", (state(eui, command)["state"], state(eui, command).get("reason")) == ("failed", "not_acknowledged"), state(eui, command))
        command = switch(eui).json()["id"]
        wait(eui, command, ("sent",))
        tell("txack", eui, queueItemId=Network.queues[path][2]["id"])
        check("one that need not be confirmed ends with the gateway", state(eui, command)["state"] == "acknowledged")
        given = call("POST", f"/devices/{eui}/commands", {"bytes": "90b007", "fPort": 7})
        wait(eui, given.json()["id"], ("sent",))
        check("bytes are sent as they are", posts(path)[-1][1]["queueItem"]["data"] == "kLAH", posts(path)[-1])
        tell("log", eui, level="ERROR", code="DOWNLINK_PAYLOAD_SIZE", description="too long", context={"queue_item_id": Network.queues[path][3]["id"]})
        check("what the network reports as failed has failed, with what it says", state(eui, given.json()["id"])["state"] == "failed" and "too long" in state(eui, given.json()["id"])["detail"])
        listed = call("GET", f"/devices/{eui}/commands", role="viewer").json()
        check("all are listed, the newest first", listed["total"] == 4 and listed["items"][0]["id"] == given.json()["id"], listed)

        # --- who and what
        for role, status in (("viewer", 403), ("device", 403)):
            check(f"a {role} may not send", call("POST", f"/devices/{eui}/commands", {"bytes": "01", "fPort": 1}, role).status == status)
        check("a device's token may not read", call("GET", f"/devices/{eui}/commands", role="device").status == 403)
        check("nor may a stranger", s.call("GET", f"{api}/devices/{eui}/commands").status == 401)
        for body, member in (({"data": {"Cmd": "Dim"}}, "data"), ({"data": {"Cmd": "On"}}, "data"), ({}, "data"), ({"bytes": "01"}, "fPort"), ({"bytes": "xyz", "fPort": 1}, "bytes"),
                             ({"bytes": "01", "fPort": 224}, "fPort"), ({"bytes": "01", "fPort": 1, "tomorrow": True}, "tomorrow"), ({"bytes": "01" * 243, "fPort": 1}, "bytes"),
                             ({"bytes": "01", "data": {}}, "data"), ({"bytes": "01", "fPort": 1, "validFor_s": 0}, "validFor_s"), ({"bytes": "01", "fPort": 1, "id": "7"}, "id")):
            answer = call("POST", f"/devices/{eui}/commands", body)
            check(f"{json.dumps(body)[:60]} is refused by name", answer.status == 400 and answer.json().get("member") == member, answer)
        check("a device that is none is 404", call("POST", "/devices/ffffffffffffffff/commands", {"bytes": "01", "fPort": 1}).status == 404)
        mine = str(uuid.uuid4())
        check("an id of one's own is taken", switch(eui, id=mine).status == 201)
        check("and refused the second time", switch(eui, id=mine).status == 409)
        wait(eui, mine, ("sent",))

        # --- a server that is away, or refuses
        Network.mode["answer"] = "down"
        before = len(posts(path))
        held = switch(eui).json()["id"]
        late = switch(eui, validFor_s=1).json()["id"]
        taken_back = call("DELETE", f"/devices/{eui}/commands/{held}")
        check("a command that waits can be taken back", taken_back.status == 200 and taken_back.json()["state"] == "cancelled", taken_back)
        check("one that nobody took in time expires", wait(eui, late, ("expired",))["state"] == "expired", state(eui, late))
        check("a second time it can't be taken back", call("DELETE", f"/devices/{eui}/commands/{held}").status == 409)
        check("neither reached the server", len(posts(path)) == before, posts(path)[before:])
        full = [switch(eui).status for _ in range(21)]
        check("no more than twenty wait for a device", full == [201] * 20 + [429], full)
        for c in call("GET", f"/devices/{eui}/commands").json()["items"]:
            if c["state"] == "queued":
                call("DELETE", f"/devices/{eui}/commands/{c['id']}")
        Network.mode["answer"] = "refuse"
        refused = wait(eui, switch(eui).json()["id"], ("failed",), 70)
        check("a refusal is told with its reason", refused.get("reason") == "refused" and "fPort must be" in refused.get("detail", ""), refused)
        Network.mode["answer"] = "well"

        # --- kills
        eui = lamp(2)
        tell("up", eui, fCnt=1, fPort=6, data="AbABAAAAAAAAAAA=")
        path = f"/api/devices/{eui}/queue"
        Network.mode["answer"] = "down"
        waiting = [call("POST", f"/devices/{eui}/commands", {"bytes": f"{n:02x}", "fPort": 7}).json()["id"] for n in range(3)]
        s.kill()
        Network.mode["answer"] = "well"
        s.start()
        states = [wait(eui, c, ("sent",))["state"] for c in waiting]
        check("what waited is sent after a kill", states == ["sent"] * 3, states)
        check("each once, in order", [b["queueItem"]["data"] for _, b in posts(path)] == ["AA==", "AQ==", "Ag=="], posts(path))

        Network.mode["answer"] = "silent"
        count = len(posts(path))
        command = switch(eui).json()["id"]
        deadline = time.monotonic() + 20
        while len(posts(path)) == count and time.monotonic() < deadline:
            time.sleep(0.02)
        s.kill()  # the server has it, we do not know
        Network.mode["answer"] = "well"
        s.start()
        seen = wait(eui, command, ("sent", "failed"))
        check("killed within the handover, it is found in the server's queue", seen["state"] == "sent" and seen["networkId"] == Network.queues[path][-1]["id"], seen)
        check("and not sent twice", len(posts(path)) == count + 1, posts(path)[count:])

        Network.mode["answer"] = "gone"
        command = switch(eui).json()["id"]
        deadline = time.monotonic() + 20
        while len(posts(path)) == count + 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        s.kill()
        Network.mode["answer"] = "well"
        s.start()
        seen = wait(eui, command, ("sent", "failed"))
        check("where nobody can know, it is told and not tried again", (seen["state"], seen.get("reason")) == ("failed", "handover_unknown") and "may have been sent" in seen["detail"], seen)
        time.sleep(2)
        check("so that nothing is sent twice", len(posts(path)) == count + 2, posts(path)[count:])

        # --- The Things Stack
        eui = lamp(3)

        def stack(member, message, **more):
            return s.call("POST", "/dortmund/lorawan/ttn", {
                "end_device_ids": {"device_id": "lamp-3", "dev_eui": eui.upper(), "application_ids": {"application_id": "lights"}},
                "received_at": now(), member: message, **more}, {"Authorization": "Bearer " + hooks["stack"]})

        stack("uplink_message", {"f_port": 6, "f_cnt": 1, "frm_payload": "AbABAAAAAAAAAAA=", "received_at": now()})
        command = switch(eui, confirmed=True).json()["id"]
        seen = wait(eui, command, ("sent",))
        path = "/api/v3/as/applications/lights/devices/lamp-3/down"
        key, body = (posts(path) or [(None, {"downlinks": [{}]})])[0]
        down = body["downlinks"][0]
        check("The Things Stack gets it as its interface wants it", key == "Bearer key-of-stack" and down.get("f_port") == 7 and down.get("confirmed") is True
              and down.get("frm_payload") == base64.b64encode(bytes.fromhex("91b0010000000000000000")).decode() and down.get("correlation_ids") == ["dos:command:" + command], body)
        stack("downlink_sent", {**down, "f_cnt": 5})
        check("what it tells is matched", state(eui, command).get("transmittedAt"), state(eui, command))
        stack("downlink_ack", {**down, "f_cnt": 5})
        check("to the lamp's answer", state(eui, command)["state"] == "acknowledged", state(eui, command))
        command = switch(eui).json()["id"]
        wait(eui, command, ("sent",))
        down = Network.queues[path][-1]
        stack("downlink_failed", {"downlink": down, "error": {"namespace": "pkg/networkserver", "name": "expired", "message_format": "no downlink slot"}})
        seen = state(eui, command)
        check("also that it failed", seen["state"] == "failed" and seen["detail"] == "no downlink slot", seen)

        # --- no way
        eui = lamp(4)
        answer = switch(eui)
        check("nobody knows a way to a device of which it is not known where it is", answer.status == 409 and "lorawan_servers" in answer.json()["detail"], answer)
        planned = lamp(5, state="planned")
        check("a device that is planned takes no commands", switch(planned).status == 409)
        described = s.call("GET", "/openapi.json").json()["paths"]
        check("the interface description has them", any(p.endswith("/platform/v1/devices/{id}/commands") for p in described), list(described)[:5])
        check("a device that is removed leaves no commands", call("DELETE", f"/devices/d05e000000000003").status == 204
              and call("GET", "/devices/d05e000000000003/commands").status == 404)
finally:
    network.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
report.finish()
