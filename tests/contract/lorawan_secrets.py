"""Callers without the webhook's secret stay outside."""
# serve:
import os
import subprocess

from _door import call, chirpstack_uplink, climate, new_eui, things_stack_uplink
from server import Report, program

report = Report()


def token(role, city="dortmund"):
    said = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", city, "--role", role],
                          check=True, capture_output=True, text=True).stdout
    return {"Authorization": "Bearer " + said.strip()}


hook = call("POST", "/dortmund/platform/v1/webhooks", {"name": "town-hall", "network": "chirpstack"}, token("admin"))
report.check("an administrator makes a webhook", hook.status == 201, hook)
report.check("an editor does not",
             call("POST", "/dortmund/platform/v1/webhooks", {"name": "x", "network": "ttn"}, token("editor")).status == 403)
secret = {"Authorization": "Bearer " + hook.json()["secret"]}
up = "/dortmund/lorawan/chirpstack?event=up"
for who, headers in (("its secret", secret), ("the token of a device", token("device"))):
    answer = call("POST", up, chirpstack_uplink(new_eui(), 1, climate(20)), headers)
    report.check(f"the door opens with {who}", answer.status == 200, answer)
for door, body, headers, who in (
        ("/dortmund/lorawan/ttn", things_stack_uplink(new_eui(), 1, climate(20)), secret, "the secret of another network's webhook"),
        ("/schwerte/lorawan/chirpstack?event=up", chirpstack_uplink(new_eui(), 1, climate(20)), secret, "the secret of another city"),
        (up, chirpstack_uplink(new_eui(), 1, climate(20)), token("viewer"), "the token of a reader"),
        (up, chirpstack_uplink(new_eui(), 1, climate(20)), token("device", "schwerte"), "the token of another city's device")):
    answer = call("POST", door, body, headers)
    report.check(f"the door stays shut with {who}", answer.status == 401, answer)
sources = call("GET", "/dortmund/platform/v1/sources", None, token("viewer")).json()["items"]
report.check("each sender has its line in the list of sources", len(sources) == 2 and all(x["state"] == "ok" for x in sources), sources)
call("DELETE", "/dortmund/platform/v1/webhooks/town-hall", None, token("admin"))
report.check("a secret that was taken away opens nothing",
             call("POST", up, chirpstack_uplink(new_eui(), 1, climate(20)), secret).status == 401)

for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-Webhook-Secret": ""}, {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}):
    for door in ("chirpstack?event=up", "ttn"):
        answer = call("POST", f"/dortmund/lorawan/{door}", chirpstack_uplink(new_eui(), 1, climate(20)), headers)
        report.check(f"{door} with {headers or 'no secret'} is 401", answer.status == 401, answer)
for path in ("quarantine", "webhooks", "sources", "devices", "device-profiles", "measuring-points"):
    answer = call("GET", "/dortmund/platform/v1/" + path)
    report.check(f"{path} is for staff", answer.status == 401, answer)
report.check("nothing is stored for strangers", call("POST", "/dortmund/platform/v1/devices", {"devEui": new_eui()}).status == 401)
report.finish()
