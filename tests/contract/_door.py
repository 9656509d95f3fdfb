"""What the tests of LoRaWAN and of the device register share: one connection, envelopes, waiting for nothing."""
import base64
import datetime
import http.client
import itertools
import os
import urllib.parse

from server import ask

base = urllib.parse.urlparse(os.environ["BASE_URL"])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
numbers = itertools.count(1)


def call(method, path, body=None, headers=None):
    return ask(connection, method, path, body, headers)


def new_eui(prefix="d05e"):
    """A DevEUI that no other test has."""
    return prefix + f"{os.getpid() & 0xffff:04x}{next(numbers):08x}"


def now(offset_s=0):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chirpstack_uplink(eui, count, payload, port=85, address="00000001", time=None):
    return {
        "deduplicationId": f"{eui}-{count}", "time": time or now(),
        "deviceInfo": {"tenantName": "City", "applicationName": "test", "deviceName": eui, "devEui": eui},
        "devAddr": address, "adr": True, "dr": 5, "fCnt": count, "fPort": port, "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "a84041ffff00d051", "rssi": -97, "snr": 7.5}],
        "txInfo": {"frequency": 868300000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 9}}}}


def things_stack_uplink(eui, count, payload, port=85, session="c2Vzc2lvbg==", time=None):
    return {
        "end_device_ids": {"device_id": "eui-" + eui, "application_ids": {"application_id": "test"},
                           "dev_eui": eui.upper(), "join_eui": "0000000000000001", "dev_addr": "27000020"},
        "correlation_ids": ["gs:uplink:" + eui + str(count)], "received_at": time or now(),
        "uplink_message": {
            "session_key_id": session, "f_port": port, "f_cnt": count,
            "frm_payload": base64.b64encode(payload).decode(),
            "rx_metadata": [{"gateway_ids": {"gateway_id": "town-hall", "eui": "A84041FFFF00D052"}, "rssi": -110, "snr": -3.2}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 11}}, "frequency": "868500000"},
            "received_at": time or now()}}


def climate(temperature, humidity=50, battery=100):
    """The bytes of a Milesight AM107."""
    return (bytes([0x01, 0x75, battery, 0x03, 0x67]) + int(temperature * 10).to_bytes(2, "little", signed=True)
            + bytes([0x04, 0x68, humidity * 2]))
