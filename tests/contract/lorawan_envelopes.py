"""Sends every envelope of a network server in network_server_uplinks.jsonl.zst (folder DOS_SHARED_DATA/lorawan) and
accounts for each. Their publisher has anonymised them, so that many share a DevEUI, a frame counter and a time: here each
model gets a DevEUI of its own, each envelope the next counter and the present time; everything else is sent as it is."""
import base64
import collections
import json
import os
import pathlib
import subprocess
import time

from _door import call, new_eui, now
from server import Report

city = "/schwerte"
api = city + "/platform/v1"
report = Report()
file = pathlib.Path(os.environ.get("DOS_SHARED_DATA", "/nowhere")) / "lorawan" / "network_server_uplinks.jsonl.zst"
if not file.exists():
    report.skip("envelopes of network servers", f"{file} is not here")
    report.finish()

lines = subprocess.run(["zstd", "-dc", str(file)], capture_output=True, check=True).stdout.splitlines()
envelopes = [e for e in map(json.loads, lines) if e["network_server"] != "HTTP"]

# Takes any payload as it is: what the bytes mean is the codecs' own test.
call("POST", api + "/device-profiles", {
    "id": "any-payload", "entity": {"type": "Device"}, "attributes": [{"attribute": "rawPayload", "from": "hex"}],
    "codec": "function decodeUplink(i) { return {data: {hex: i.fPort + ':' + i.bytes.map(function (b) { return ('0' + b.toString(16)).slice(-2); }).join('')}}; }"})
devices, counters, sent = {}, collections.Counter(), collections.Counter()
for envelope in envelopes:
    model = (envelope["network_server"], envelope["vendor"], envelope["device"])
    if model not in devices:
        eui = devices[model] = new_eui("e5")[:16].ljust(16, "0")
        made = call("POST", api + "/devices", {
            "devEui": eui, "name": " ".join(model), "profile": "any-payload", "state": "active", "from": "2020-01-01T00:00:00Z",
            "measuringPointNew": {"name": " ".join(model), "location": {"type": "Point", "coordinates": [7.5652, 51.4441]}}})
        if made.status != 201:
            report.check(f"{model} is registered", False, made)
    eui, body = devices[model], envelope["uplink"]
    counters[model] += 1
    if "cmd" in body:
        door = "loriot"
        body.update(EUI=eui.upper(), fcnt=counters[model], ts=int(time.time() * 1000))
    elif "DevEUI_uplink" in body:
        door = "actility"
        body["DevEUI_uplink"].update(DevEUI=eui.upper(), FCntUp=counters[model], Time=now())
    elif "end_device_ids" in body:
        door = "ttn"
        body["end_device_ids"]["dev_eui"] = eui.upper()
        body["uplink_message"]["f_cnt"] = counters[model]
        body["uplink_message"]["received_at"] = body["received_at"] = now()
    else:
        door = "chirpstack"
        if "deviceInfo" in body:
            body["deviceInfo"]["devEui"] = eui
            body["time"] = now()
        else:
            body["devEUI"] = base64.b64encode(bytes.fromhex(eui)).decode()
            for heard in body["rxInfo"]:
                heard["time"] = now()
        if "fCnt" in body:
            body["fCnt"] = counters[model]
    answer = call("POST", f"{city}/lorawan/{door}", body)
    result = answer.json().get("result") if answer.status == 200 else f"{answer.status}"
    sent[door, result] += 1
    if result != "stored":
        report.check(f"{envelope['source']} is stored", False, answer)

print("each model had its own DevEUI, each envelope its own counter and the present time:", dict(sent))
report.check("all 271 envelopes of ChirpStack are stored", sent["chirpstack", "stored"] == 271, sent)
report.check("all 366 envelopes of The Things Stack are stored", sent["ttn", "stored"] == 366, sent)
report.check("all 265 envelopes of LORIOT are stored", sent["loriot", "stored"] == 265, sent)
report.check("all 154 envelopes of ThingPark are stored", sent["actility", "stored"] == 154, sent)
listed = call("GET", api + "/devices?profile=any-payload&limit=1000").json()["items"]
frames = sum(d["health"]["frames"]["received"] for d in listed)
report.check("each uplink is counted once", frames == 1055, frames)
report.check("nothing of it is in quarantine", call("GET", api + "/quarantine").json()["total"] == 0)
report.finish()
