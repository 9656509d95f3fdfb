"""Who may see and do what: secrets of others, ended sessions, tokens that say what they are."""
# serve:
# config: default_context: dos-context.json
# config: allow_private_addresses: true
import http.client
import http.server
import os
import queue
import socket
import subprocess
import threading
import time

from _door import base, call
from server import Report, program

report = Report()
check = report.check
ngsi, api = "/dortmund/ngsi-ld/v1", "/dortmund/platform/v1"
received = queue.Queue()


def token(role, city="dortmund"):
    return subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", city, "--role", role],
                          check=True, capture_output=True, text=True).stdout.strip()


def bearer(role, city="dortmund"):
    return {"Authorization": "Bearer " + token(role, city)}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received.put((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def subscription(uri, *headers):
    endpoint = {"uri": uri, "receiverInfo": [{"key": k, "value": v} for k, v in headers]}
    return {"type": "Subscription", "entities": [{"type": "Lamp"}], "notification": {"endpoint": endpoint}}


# --- subscriptions and registrations are their makers' business
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{receiver.server_port}/"
admin, editor, viewer, device = (bearer(r) for r in ("admin", "editor", "viewer", "device"))
made = call("POST", ngsi + "/subscriptions", subscription(url, ("X-Key", "receivers-secret")), editor)
check("an editor subscribes", made.status == 201, made)
source = {"type": "ContextSourceRegistration", "endpoint": "http://source.invalid/", "information": [{"entities": [{"type": "Lamp"}]}],
          "contextSourceInfo": [{"key": "Authorization", "value": "sources-secret"}]}
registered = call("POST", ngsi + "/csourceRegistrations", source, editor)
check("an editor registers a source", registered.status == 201, registered)
for place in (ngsi + "/subscriptions", made.headers["Location"], ngsi + "/csourceRegistrations?type=Lamp", registered.headers["Location"]):
    answers = {who: call("GET", place, None, headers) for who, headers in
               (("anonymous", {}), ("device", device), ("viewer", viewer), ("editor", editor))}
    check(f"strangers do not read {place}", answers["anonymous"].status == 401, answers["anonymous"])
    check(f"nor does a device read {place}", answers["device"].status == 403, answers["device"])
    seen = 403 if "/subscriptions" in place else 200
    check(f"a reader gets no secrets from {place}", answers["viewer"].status == seen and b"secret" not in answers["viewer"].body, answers["viewer"])
    check(f"its editors see all of {place}", b"secret" in answers["editor"].body, answers["editor"])
warned = {who: call("GET", ngsi + "/entities?type=Lamp", None, headers).headers["NGSILD-Warning"] for who, headers in (("viewer", viewer), ("device", device), ("nobody", {}))}
check("staff hears of a partner that is silent", "source.invalid" in (warned["viewer"] or ""), warned)
check("strangers hear no names of partners", warned["device"] is None and warned["nobody"] is None, warned)
refused = call("DELETE", made.headers["Location"], None, viewer)
check("what is not permitted is not called too many results", refused.status == 403 and b"TooManyResults" not in refused.body, refused)
for name in ("Content-Length", "transfer-encoding", "Host", "Connection"):
    answer = call("POST", ngsi + "/subscriptions", subscription(url, (name, "5")), editor)
    check(f"a subscription does not set the connection's own {name}", answer.status == 400, answer)
check("nor is a file notified", call("POST", ngsi + "/subscriptions", subscription("file:///etc/passwd"), editor).status == 400)
call("POST", ngsi + "/entities", {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "level": {"type": "Property", "value": 3}}, editor)
headers, _ = received.get(timeout=20)
check("a notification names the context of its words", headers["Link"].startswith("<http"), headers["Link"])
check("the ledger is for staff", [call("GET", api + "/ledger", None, h).status for h in ({}, device, viewer)] == [401, 403, 200])

# --- sessions and tokens
cookie = {"Cookie": "dos_session=" + token("admin", "*")}
session = "/platform/v1/session"
check("a cookie makes a session", call("GET", session, None, cookie).json()["signed_in"])
check("another site can't end it", call("DELETE", session, None, cookie).status == 403)
check("nor write with it", call("POST", api + "/webhooks", {"name": "x", "network": "ttn"}, cookie).status == 403)
check("its owner ends it", call("DELETE", session, None, {**cookie, "X-DOS-Request": "1"}).status == 204)
check("and it is over for every copy of the cookie", not call("GET", session, None, cookie).json()["signed_in"])
for city in ("dortmund", "schwerte"):
    check(f"in {city}, too", call("GET", f"/{city}/platform/v1/webhooks", None, cookie).status == 403)
check("signing out without a session is no mistake", call("DELETE", session, None, {"X-DOS-Request": "1"}).status == 204)
for wrong, member in (({"days": -1}, "days"), ({"days": "5"}, "days"), ({"role": "anonymous"}, "role"), ({"name": ""}, "name")):
    answer = call("POST", api + "/tokens", {"name": "Tiefbau", "role": "viewer", **wrong}, admin)
    check(f"no token is made with {wrong}", answer.status == 400 and answer.json()["member"] == member, answer)

made = call("POST", api + "/tokens", {"name": "screen in the hall", "role": "viewer"}, admin).json()


def follow(headers, path=api + "/live"):
    screen = http.client.HTTPConnection(base.hostname, base.port, timeout=20)
    screen.request("GET", path, headers=headers)
    stream = screen.getresponse()
    stream.connection = screen  # lives as long as its answer
    return stream


def events(stream, n):
    """The next `n` events: {field: text}."""
    found = []
    while len(found) < n:
        event = {}
        while line := stream.readline().decode().strip():
            name, _, text = line.partition(": ")
            event[name] = text
        if "event" in event:
            found.append(event)
    return found


stream = follow({"Authorization": "Bearer " + made["token"]})
stream.readline()
call("DELETE", api + "/tokens/" + made["id"], None, admin)
call("PATCH", ngsi + "/entities/urn:ngsi-ld:Lamp:1/attrs", {"level": {"type": "Property", "value": 47}}, admin)
rest = stream.read()
check("a stream ends when its token is revoked, before it tells more", b"47" not in rest, rest)

# --- what is told later is told with the right it was asked for with
staff = call("POST", api + "/tokens", {"name": "for a while", "role": "editor"}, admin).json()
while_it_lasts = {"Authorization": "Bearer " + staff["token"]}
brief = subscription(url)
brief["watchedAttributes"] = ["level"]
told = call("POST", ngsi + "/subscriptions", brief, while_it_lasts).headers["Location"]


def heard_of(level):
    """How many notifications tell of that value: the maker's and the other's."""
    call("PATCH", ngsi + "/entities/urn:ngsi-ld:Lamp:1/attrs", {"level": {"type": "Property", "value": level}}, admin)
    n = 0
    try:
        while True:
            n += str(level).encode() in received.get(timeout=3)[1]
    except queue.Empty:
        return n


check("two subscriptions tell", heard_of(48_001) == 2)
call("DELETE", api + "/tokens/" + staff["id"], None, admin)
check("one ends with the token it was made with", heard_of(48_002) == 1)
check("and says so", call("GET", told, None, editor).json()["status"] == "expired")
call("PATCH", told, {"description": "taken over"}, editor)
check("whoever changes it takes it over", call("GET", told, None, editor).json()["status"] == "active" and heard_of(48_003) == 2)
call("DELETE", told, None, editor)
made = call("POST", api + "/tokens", {"name": "quiet screen", "role": "viewer"}, admin).json()
stream = follow({"Authorization": "Bearer " + made["token"]}, "/schwerte/platform/v1/live")
check("a token opens no other city's stream", stream.status == 403)
stream = follow({"Authorization": "Bearer " + made["token"]}, api + "/live?types=Nothing")
events(stream, 1)
call("DELETE", api + "/tokens/" + made["id"], None, admin)
began = time.monotonic()
try:
    rest = stream.read()  # to its end; a stream that lives on says something now and then, and never ends
except TimeoutError:
    rest = None
check("and so does one on which nothing happens", rest is not None and time.monotonic() - began < 18, rest)

# --- a stream says when something is missing
first = events(follow(viewer), 1)[0]
check("a stream says where it stands", first["event"] == "open" and first["id"].isdigit(), first)
beyond = events(follow({**viewer, "Last-Event-ID": str(int(first["id"]) + 1000)}), 2)
check("who knows more than there is, is told of a gap and where to go on",
      [e["event"] for e in beyond] == ["open", "gap"] and int(beyond[1]["id"]) <= int(first["id"]) + 10, beyond)
resumed = events(follow({**viewer, "Last-Event-ID": "0"}), 2)
check("who goes on from the beginning gets everything", [e["event"] for e in resumed] == ["open", "change"], resumed)
check("a position is a whole number", follow({**viewer, "Last-Event-ID": "x"}).status == 400)

# --- administrators see who has a token, and take it back
listed = call("GET", api + "/tokens", None, admin).json()
names = [t["name"] for t in listed["items"]]
check("tokens of the command line are listed", "command line" in names and listed["total"] == len(names), listed)
check("tokens that were taken back are not", "quiet screen" not in names, names)
check("one sees which one is one's own", sum(t.get("own", False) for t in listed["items"]) == 1, listed)
check("never the tokens themselves", "dos." not in str(listed))
check("editors see no list", [call("GET", api + "/tokens", None, h).status for h in ({}, viewer, editor)] == [401, 403, 403])
everywhere = token("editor", "*")
bearer_everywhere = {"Authorization": "Bearer " + everywhere}
mine = [t["id"] for t in call("GET", "/schwerte/platform/v1/tokens", None, bearer("admin", "schwerte")).json()["items"] if t["city"] == "*"]
check("a token for all cities is listed in each", any(t["id"] in mine for t in call("GET", api + "/tokens", None, admin).json()["items"]))
check("another site signs nobody in", call("POST", session, {"code": everywhere}).status == 403)
begun = call("POST", session, {"code": everywhere}, {"X-DOS-Request": "1"})
cookie = {"Cookie": begun.headers["Set-Cookie"].split(";")[0], "X-DOS-Request": "1"}
check("a token signs in on the page, with its own rights", begun.json()["role"] == "editor" and call("GET", session, None, cookie).json()["signed_in"], begun)
places = [f"/{city}/platform/v1/devices" for city in ("dortmund", "schwerte")]


def opens(headers):
    return [call("GET", p, None, headers).status for p in places]


editors = [t["id"] for t in call("GET", api + "/tokens", None, admin).json()["items"] if t["city"] == "*" and t["role"] == "editor"]
check("a city's administrator closes a token for all cities", [call("DELETE", f"{api}/tokens/{t}", None, admin).status for t in editors] == [204])
check("in the own city, and in no other", opens(bearer_everywhere) == [403, 200], opens(bearer_everywhere))
check("likewise the sessions that began with it", opens(cookie) == [403, 200], opens(cookie))
check("there it is seen no more", editors[0] not in str(call("GET", api + "/tokens", None, admin).json()))
check("others still have it", editors[0] in str(call("GET", "/schwerte/platform/v1/tokens", None, bearer("admin", "schwerte")).json()))
made = call("POST", "/schwerte/platform/v1/tokens", {"name": "neighbour", "role": "viewer"}, bearer("admin", "schwerte")).json()
refused = call("DELETE", api + "/tokens/" + made["id"], None, admin)
check("a token of another city is none of theirs", refused.status == 404, refused)
check("and goes on", call("GET", places[1], None, {"Authorization": "Bearer " + made["token"]}).status == 200)
check("an invented one is not revoked", call("DELETE", api + "/tokens/" + "0" * 36, None, admin).status == 404)
check("an administrator of all cities ends it everywhere", call("DELETE", f"/schwerte/platform/v1/tokens/{editors[0]}", None, bearer("admin", "*")).status == 204)
check("then a token for all cities opens none", opens(bearer_everywhere) == [403, 403])
check("nor do the sessions that began with it", opens(cookie) == [403, 403])
by_hand = {"X-DOS-Request": "1"}
check("nor does it begin another", call("POST", session, {"code": everywhere}, by_hand).status == 403)
other = token("viewer", "*")
begun = call("POST", session, {"code": other}, by_hand)
cookie = {"Cookie": begun.headers["Set-Cookie"].split(";")[0], "X-DOS-Request": "1"}
call("DELETE", session, None, cookie)
check("signing out ends the session", call("GET", places[0], None, cookie).status == 403)
check("and leaves the token alone", call("GET", places[0], None, {"Authorization": "Bearer " + other}).status == 200)
check("an invented token signs nobody in", call("POST", session, {"code": "dos.e30.x"}, by_hand).status == 403)

# --- what was not understood is not taken for everything
for path, body in (("", {"reason": "codec_failed"}), ("?reason=codec_failed", None), ("", [])):
    answer = call("POST", api + "/quarantine/replay" + path, body, editor)
    check(f"a replay of {path or body} is refused rather than being one of all", answer.status == 400, answer)
check("all means all", call("POST", api + "/quarantine/replay", None, editor).status == 200)
check("some means some", call("POST", api + "/quarantine/replay", {"filter": {"reason": "codec_failed"}}, editor).status == 200)
long = call("POST", ngsi + "/entities", {"id": "urn:" + "x" * 100_000, "type": "Lamp"}, editor)
check("an id that fits into no address is refused", long.status == 400 and long.json()["member"] == "id", long)

check("the data are readable by their owner alone", os.stat(os.environ["DATA_DIR"] + "/cities").st_mode & 0o077 == 0)

# --- a body is what both sides take it for
s = socket.create_connection((base.hostname, base.port), timeout=20)
s.sendall(b"POST /dortmund/ngsi-ld/v1/entities HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
answer = b""
while part := s.recv(65536):
    answer += part
check("a transfer coding that is not read is refused", answer.startswith(b"HTTP/1.1 400") and b"chunked is the only" in answer, answer)
receiver.shutdown()
report.finish()
