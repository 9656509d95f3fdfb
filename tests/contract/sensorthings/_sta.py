"""What the tests of SensorThings share: one connection, entities to begin with."""
import http.client
import json
import os
import urllib.parse

from server import Report, ask  # noqa: F401

base = urllib.parse.urlparse(os.environ["BASE_URL"])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
root, ngsi = "/v1.1", "/ngsi-ld/v1"


def call(method, path, body=None, headers=None):
    if path.startswith("http"):
        path = path.split("/", 3)[3]
    if not path.startswith("/"):
        path = "/" + path
    return ask(connection, method, path, body, headers)


def sta(method, path, body=None, headers=None):
    return call(method, f"{root}/{path}", body, headers)


def get(path, **options):
    query = "&".join(f"${k}={urllib.parse.quote(str(v))}" for k, v in options.items())
    r = sta("GET", path + ("?" + query if query else ""))
    assert r.status == 200, (path, options, r)
    return r.json()


def ids(path, **options):
    return [i["@iot.id"] for i in get(path, **options)["value"]]


def made(path, body):
    """Creates; the id."""
    r = sta("POST", path, body)
    assert r.status == 201, (path, body, r)
    return int(r.headers["Location"].rsplit("(", 1)[1].rstrip(")"))


unit = {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"}
measurement = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def sensor(name="S"):
    return {"name": name, "description": "", "encodingType": "application/pdf", "metadata": "none"}


def observed(name="Air temperature"):
    return {"name": name, "definition": "http://example.org/" + urllib.parse.quote(name), "description": ""}


def place(lon, lat, name="L"):
    return {"name": name, "description": "", "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": [lon, lat]}}


def datastream(name="D", what="Air temperature", **more):
    return {"name": name, "description": "", "observationType": measurement, "unitOfMeasurement": unit,
            "Sensor": sensor(), "ObservedProperty": observed(what), **more}


def thing(name, *datastreams, at=(7.5, 51.5), **more):
    body = {"name": name, "description": "", **more}
    if at:
        body["Locations"] = [place(*at)]
    if datastreams:
        body["Datastreams"] = list(datastreams)
    return body
