"""Callers without the webhook's secret stay outside."""
# serve:
from _door import call, chirpstack_uplink, climate, new_eui
from server import Report

report = Report()
for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-Webhook-Secret": ""}, {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}):
    for door in ("chirpstack?event=up", "ttn"):
        answer = call("POST", f"/dortmund/lorawan/{door}", chirpstack_uplink(new_eui(), 1, climate(20)), headers)
        report.check(f"{door} with {headers or 'no secret'} is 401", answer.status == 401, answer)
for path in ("quarantine", "webhooks", "sources", "devices", "device-profiles", "measuring-points"):
    answer = call("GET", "/dortmund/platform/v1/" + path)
    report.check(f"{path} is for staff", answer.status == 401, answer)
report.check("nothing is stored for strangers", call("POST", "/dortmund/platform/v1/devices", {"devEui": new_eui()}).status == 401)
report.finish()
