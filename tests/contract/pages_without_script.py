# serve: --demo
"""What a citizen reads without a script: pages say as HTML what they have to say, and what was withdrawn is in none of them."""
import html
import http.client
import json
import os
import re
import threading
import time
import urllib.parse

from server import Answer, Report, program
import subprocess

report = Report()
check = report.check
base = urllib.parse.urlsplit(os.environ["BASE_URL"])


def call(method, path, headers=None):
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
    try:
        c.request(method, path, headers=headers or {})
        r = c.getresponse()
        return Answer(r.status, r.headers, r.read())
    finally:
        c.close()


def page(path):
    answer = call("GET", path, {"Accept": "text/html"})
    text = answer.body.decode()
    body = re.sub(r"<script\b.*?</script>", "", text[text.index("<body"):], flags=re.S)
    return text, html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def facts(text):
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.S)
    return json.loads(found.group(1)) if found else {}


# --- statements name who answers for them
contacts = [c["contact"] for c in call("GET", "/platform/v1/cities").json()["cities"] if c.get("contact")]
check("the cities have contacts to be named", contacts)
for path in ("/impressum/", "/datenschutz/", "/barrierefreiheit/", "/en/impressum/"):
    text, words = page(path)
    check(f"{path} names every city's contact", all(c["email"] in words for c in contacts if c.get("email")), words[:600])
    check(f"{path} does not say that something is loading", not re.search("Wird geladen|Loading", words), words[:300])

# --- the first page has the latest values
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    text, words = page("/")
    if "Wasserstand" in words and "nachgebildet" in words:
        break
    time.sleep(1)
check("the title names the cities", "<title>Dortmund und Schwerte live" in text, text[:1500])
rows = re.findall(r"<tr\b.*?</tr>", text, re.S)
check("every object has a line", len(rows) > 50, len(rows))
check("with its value, its time and its origin", re.search(r"Wasserstand", words) and re.search(r"vor \d+ ", words) and "nachgebildet" in words)
check("and no stop among them", not [e["id"] for e in facts(text)["snapshots"]["dortmund"]["entities"] if "PublicTransportStop" in e["id"]])
english, said = page("/en/")
check("in English as well", "Water level" in said and re.search(r"\d+ (min|sec|hr) ago", said), said[:500])
check("no line of a page runs but those that its policy names", not re.search(r"<script(?![^>]*(src=|application/json))[^>]*>(?!\s*\{\s*__sveltekit)", text))

# --- what is withdrawn is in no page from the next moment on, and open pages are told
types = call("GET", "/dortmund/platform/v1/open-types").json()["items"]
noise = next(t for t in types if t.endswith("NoiseLevelObserved"))
token = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", "dortmund", "--role", "admin", "--name", "t"],
                       check=True, capture_output=True, text=True).stdout.strip()
admin = {"Authorization": "Bearer " + token}
heard = []


def listen():
    c = http.client.HTTPConnection(base.hostname, base.port, timeout=20)
    c.request("GET", "/dortmund/platform/v1/live")
    r = c.getresponse()
    try:
        while line := r.fp.readline():
            heard.append((time.monotonic(), line))
    except (TimeoutError, ValueError, OSError):
        pass


threading.Thread(target=listen, daemon=True).start()
while not any(b"event: open" in line for _, line in heard):
    time.sleep(0.05)
path = "/dortmund/platform/v1/open-types/" + urllib.parse.quote(noise, safe="")
before = page("/")[0]
began = time.monotonic()
check("a type is withdrawn", call("DELETE", path, admin).status == 204)
after = page("/")[0]
of = lambda text: [e["id"] for e in facts(text)["snapshots"]["dortmund"]["entities"] if "NoiseLevelObserved" in e["id"]]
check("what was withdrawn is at once in no page", of(before) and not of(after), of(after))
deadline = time.monotonic() + 5
while time.monotonic() < deadline and not any(b"event: types" in line for _, line in heard):
    time.sleep(0.02)
told = [at - began for at, line in heard if b"event: types" in line]
check("open pages are told within a second", told and told[0] < 1, told or [line for _, line in heard][:5])
call("PUT", path, admin)
check("and what is opened again is there again", of(page("/")[0]))

# --- how often values come, for those who may see them
items = call("GET", "/dortmund/platform/v1/rhythms").json()["items"]
check("a garage that reports all day has a rhythm below an hour", any(0 < r.get("availableSpotNumber", 0) <= 3600 for r in items.values()), items)
check("nothing is said of objects that are not open", all("Device" not in i for i in items), list(items)[:3])

# --- the map's data are small and kept
for layer in ("boundaries", "stops"):
    packed = call("GET", f"/demo-map/{layer}.geojson", {"Accept-Encoding": "gzip"})
    check(f"{layer} come packed", packed.headers["Content-Encoding"] == "gzip" and len(packed.body) < 60_000, (packed.headers, len(packed.body)))
    check(f"{layer} are kept by the browser", "max-age" in (packed.headers["Cache-Control"] or ""), packed.headers)
    again = call("GET", f"/demo-map/{layer}.geojson", {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"] or "-"})
    check(f"{layer} are not sent twice", again.status == 304 and not again.body, again)
report.finish()
