"""People: accounts with rights that begin and end, sessions for one city, codes that open once, and nobody locked out."""
# serve: --test-clock 2026-12-01T08:00:00Z
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from server import Report, program  # noqa: E402

report = Report()
check = report.check
base = urllib.parse.urlsplit(os.environ["BASE_URL"])
P = "/dortmund/platform/v1"


class Browser:
    """Keeps cookies by path as browsers do, and says that it is a page of our own unless told otherwise."""

    def __init__(self, agent="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", own=True):
        self.jar, self.agent, self.own, self.set_cookie = {}, agent, own, None

    def call(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
        sent = {"User-Agent": self.agent, **({"X-DOS-Request": "1"} if self.own else {}), **(headers or {})}
        cookies = [f"{n}={v}" for n, (v, where) in self.jar.items() if path.startswith(where)]
        if cookies:
            sent["Cookie"] = "; ".join(cookies)
        if body is not None:
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        c.request(method, path, body, sent)
        r = c.getresponse()
        self.set_cookie = r.getheader("Set-Cookie")
        if self.set_cookie:
            name, value = self.set_cookie.split(";")[0].split("=", 1)
            where = re.search(r"Path=([^;]+)", self.set_cookie)[1]
            self.jar[name] = (value, where)
            if "Max-Age=0" in self.set_cookie:
                del self.jar[name]
        text = r.read()
        r.body = text
        r.json_ = json.loads(text) if text and "json" in (r.getheader("Content-Type") or "") else {}
        c.close()
        return r


def token(city="dortmund", role="admin"):
    made = subprocess.run([program, "token", "--data", os.environ["DATA_DIR"], "--city", city, "--role", role], capture_output=True, text=True)
    return {"Authorization": "Bearer " + made.stdout.strip()}


def code_of(secret, at):
    """RFC 6238, by Python alone."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", at // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7fffffff) % 1_000_000:06}"


desk, stranger = Browser(), Browser()
admin = token()


def turn(to):
    r = desk.call("POST", "/test/clock", {"now": to})
    assert r.status == 200, r.body


# --- nobody is there before an administrator says so
check("there is no account to guess", stranger.call("POST", f"{P}/session", {"mail": "admin@example.org", "password": "admin admin admin"}).status == 401)
for method, path in (("GET", "accounts"), ("POST", "accounts"), ("POST", "organisations")):
    check(f"{method} {path} is for administrators", stranger.call(method, f"{P}/{path}", {} if method == "POST" else None).status == 401)
    check(f"{method} {path} is not for editors", stranger.call(method, f"{P}/{path}", {} if method == "POST" else None, token(role="editor")).status == 403)
    check(f"{method} {path} is not for another city's", stranger.call(method, f"{P}/{path}", {} if method == "POST" else None, token("schwerte")).status == 403)

# --- organisations
city = desk.call("POST", f"{P}/organisations", {"name": {"de": "Stadt", "en": "City"}, "kind": "city"}, admin).json_["id"]
green = desk.call("POST", f"{P}/organisations", {"name": {"de": "Grünflächenamt", "en": "Parks"}, "kind": "department", "parent": city}, admin).json_["id"]
r = desk.call("PUT", f"{P}/organisations/{city}", {"name": "Stadt", "kind": "city", "parent": green}, admin)
check("an organisation does not lie below itself", r.status == 409, r.body)
r = desk.call("POST", f"{P}/organisations", {"name": "x", "kind": "kingdom"}, admin)
check("a kind that is none is refused by name", r.status == 400 and r.json_["member"] == "kind", r.body)
check("what has parts stays", desk.call("DELETE", f"{P}/organisations/{city}", None, admin).status == 409)

# --- an invitation, once
r = desk.call("POST", f"{P}/accounts", {"name": "Ada Lovelace", "mail": " Ada@Example.org", "role": "admin"}, admin)
check("an account is made with an invitation", r.status == 201 and r.json_["mail"] == "ada@example.org" and r.json_["state"] == "invited", r.body)
ada, link = r.json_["id"], r.json_["invitation"]
code = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["einladung"][0]
r = desk.call("POST", f"{P}/accounts", {"name": "Ada L.", "mail": "ada@example.ORG"}, admin)
check("one mail address, one account", r.status == 409 and r.json_["member"] == "mail", r.body)
r = stranger.call("POST", f"{P}/session", {"mail": "ada@example.org", "password": "some password here"})
check("who is invited has no password yet", r.status == 401)
for bad, why in (("short", "12"), ("password2026!", "leaks"), ("aaaaaaaaaaaaaaaa", "leaks")):
    r = stranger.call("POST", f"{P}/invitations", {"code": code, "password": bad})
    check(f"the password {bad} is refused with the reason", r.status == 400 and r.json_["member"] == "password" and why in r.json_["detail"], r.body)
check("a page of another site accepts no invitation",
      Browser(own=False).call("POST", f"{P}/invitations", {"code": code, "password": "vier rote Kühe am Hang"}).status == 403)
ada_browser = Browser()
r = ada_browser.call("POST", f"{P}/invitations", {"code": code, "password": "vier rote Kühe am Hang"})
check("an invitation makes a password and signs in", r.status == 200 and r.json_["name"] == "Ada Lovelace" and r.json_["role"] == "admin", r.body)
cookie = ada_browser.set_cookie or ""
check("the cookie is for this city, hidden from scripts and from other sites",
      "dos_session_dortmund=" in cookie and "Path=/dortmund;" in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie)
check("an invitation opens once", stranger.call("POST", f"{P}/invitations", {"code": code, "password": "vier blaue Kühe am Hang"}).status == 410)
check("one that never was does not", stranger.call("POST", f"{P}/invitations", {"code": "x", "password": "vier blaue Kühe am Hang"}).status == 404)

# --- signed in
check("an administrator's session administers", ada_browser.call("GET", f"{P}/accounts").status == 200)
check("but not without the page's own header", Browser.call(ada_browser, "POST", f"{P}/organisations", {}, {}).status == 400)
ada_browser.own = False
check("another site writes nothing by it", ada_browser.call("POST", f"{P}/organisations", {"name": "x", "kind": "club"}).status == 403)
ada_browser.own = True
stolen = {"Cookie": "dos_session_schwerte=" + ada_browser.jar["dos_session_dortmund"][0]}
check("the session is none in the other city", Browser().call("GET", "/schwerte/platform/v1/accounts", None, stolen).status == 401)
before = ada_browser.jar["dos_session_dortmund"][0]
r = ada_browser.call("POST", f"{P}/session", {"mail": "ada@example.org", "password": "vier rote Kühe am Hang"})
check("each sign-in has a session of its own", r.status == 200 and ada_browser.jar["dos_session_dortmund"][0] != before)
fixed = Browser()
fixed.jar["dos_session_dortmund"] = ("attacker.chosen", "/dortmund")
fixed.call("POST", f"{P}/session", {"mail": "ada@example.org", "password": "vier rote Kühe am Hang"})
check("nobody chooses a session for somebody else", fixed.jar["dos_session_dortmund"][0] != "attacker.chosen")
mine = ada_browser.call("GET", f"{P}/sessions").json_["items"]
check("the sessions are listed by device, one as the own", len(mine) == 3 and sum(s["own"] for s in mine) == 1 and mine[0]["device"] == "Firefox, Linux", mine)
other = next(s["id"] for s in mine if not s["own"] and s["how"] == "password")
check("one of them is ended", ada_browser.call("DELETE", f"{P}/sessions/{other}").status == 204)
r = fixed.call("GET", f"{P}/accounts")
check("and opens nothing from then on", r.status == 401, r.body)
r = fixed.call("GET", f"{P}/session")
check("the page learns that nobody is signed in, and the cookie goes", r.status == 200 and r.json_ == {"signed_in": False} and "dos_session_dortmund" not in fixed.jar, r.body)

# --- rights come and go with their terms
r = ada_browser.call("POST", f"{P}/accounts", {"name": "Emil", "mail": "emil@example.org",
                     "memberships": [{"organisation": green, "roles": [], "from": "2026-12-02T00:00:00Z", "until": "2026-12-03T00:00:00Z"}]})
check("a membership has a term", r.status == 201, r.body)
emil, link = r.json_["id"], r.json_["invitation"]
emil_browser = Browser()
emil_browser.call("POST", f"{P}/invitations", {"code": link.split("einladung=")[1], "password": "zwölf Boote im Hafen"})
now = lambda b: b.call("GET", f"{P}/session").json_.get("organisations")
check("before it begins it is not there", now(emil_browser) == [], now(emil_browser))
turn("2026-12-01T23:59:59Z")
check("a second before neither", now(emil_browser) == [])
turn("2026-12-02T00:00:00Z")
check("it begins at its moment", now(emil_browser) == [green], now(emil_browser))
check("a member sees organisations, not accounts", emil_browser.call("GET", f"{P}/organisations").status == 200 and emil_browser.call("GET", f"{P}/accounts").status == 403)

# --- who stands in
r = emil_browser.call("POST", f"{P}/accounts/{emil}/delegations", {"to": ada, "reason": "Urlaub", "until": "2026-12-02T12:00:00Z"})
check("somebody names who stands in", r.status == 201, r.body)
check("who then has the membership", now(ada_browser) == [green], now(ada_browser))
check("nobody names one for others", emil_browser.call("POST", f"{P}/accounts/{ada}/delegations", {"to": emil, "reason": "x"}).status == 403)
turn("2026-12-02T12:00:00Z")
check("until its end", now(ada_browser) == [], now(ada_browser))
turn("2026-12-03T00:00:00Z")
check("and the membership ends at its moment", now(emil_browser) == [], now(emil_browser))

# --- the last administrator
r = ada_browser.call("PATCH", f"{P}/accounts/{ada}", {"role": "viewer"})
check("the last administrator stays one", r.status == 409 and r.json_["detail"].startswith("this is the last"), r.body)
check("and is not closed", ada_browser.call("PATCH", f"{P}/accounts/{ada}", {"state": "disabled"}).status == 409)

# --- a second factor
r = emil_browser.call("POST", f"{P}/me/totp", {})
secret = r.json_["secret"]
check("a second factor is proposed as an address for apps", r.status == 200 and r.json_["uri"].startswith("otpauth://totp/"), r.body)
seconds = 1796256000  # 2026-12-03T00:00:00Z
turn("2026-12-03T00:00:00Z")
check("a wrong code confirms nothing", emil_browser.call("PUT", f"{P}/me/totp", {"secret": secret, "code": "000000"}).status == 400)
r = emil_browser.call("PUT", f"{P}/me/totp", {"secret": secret, "code": code_of(secret, seconds)})
recovery = r.json_.get("recoveryCodes", [])
check("the right one does, and gives codes for the day the device is lost", r.status == 200 and len(set(recovery)) == 10, r.body)
with_password = {"mail": "emil@example.org", "password": "zwölf Boote im Hafen"}
again = Browser()
r = again.call("POST", f"{P}/session", with_password)
check("the password alone opens no more", r.status == 401 and r.json_["needs"] == "second_factor" and not again.jar, r.body)
check("the code that was used opens no more", again.call("POST", f"{P}/session", {**with_password, "code": code_of(secret, seconds)}).status == 401)
turn("2026-12-03T00:01:00Z")
later = code_of(secret, seconds + 60)
check("the next code opens", again.call("POST", f"{P}/session", {**with_password, "code": later}).status == 200)
check("once", Browser().call("POST", f"{P}/session", {**with_password, "code": later}).status == 401)
check("a recovery code opens", Browser().call("POST", f"{P}/session", {**with_password, "code": recovery[0]}).status == 200)
check("once, too", Browser().call("POST", f"{P}/session", {**with_password, "code": recovery[0]}).status == 401)

# --- another password ends what was begun with the old one
r = again.call("POST", f"{P}/me/password", {"old": "wrong wrong wrong", "new": "neun Möwen über dem See"})
check("another password wants the old one", r.status == 403 and r.json_["member"] == "old", r.body)
check("and is then taken", again.call("POST", f"{P}/me/password", {"old": "zwölf Boote im Hafen", "new": "neun Möwen über dem See"}).status == 204)
check("this session goes on", again.call("GET", f"{P}/organisations").status == 200)
check("others have ended", emil_browser.call("GET", f"{P}/organisations").status == 401)

# --- guessing
turn("2026-12-03T01:00:00Z")
seen = []
guesser = Browser()
for i in range(8):
    r = guesser.call("POST", f"{P}/session", {"mail": "ada@example.org", "password": f"wrong guess number {i}"})
    seen.append(r.status)
check("who guesses has to wait", seen[:5] == [401] * 5 and seen[-1] == 429 and int(r.getheader("Retry-After")) <= 30, seen)
turn("2026-12-03T01:00:40Z")
check("and the person comes in half a minute later at the latest",
      Browser().call("POST", f"{P}/session", {"mail": "ada@example.org", "password": "vier rote Kühe am Hang"}).status == 200)

# --- nothing of it lies about
check("neither names nor addresses lie in the data", not [f for f in pathlib.Path(os.environ["DATA_DIR"]).rglob("*") if f.is_file() and
      any(word in f.read_bytes() for word in (b"Lovelace", b"ada@example", b"rote K", secret.encode()))])

# --- closed, and erased
check("an account is closed", ada_browser.call("PATCH", f"{P}/accounts/{emil}", {"state": "disabled"}).status == 200)
check("and its sessions with it", again.call("GET", f"{P}/organisations").status == 401)
check("it is erased", ada_browser.call("DELETE", f"{P}/accounts/{emil}").status == 204 and ada_browser.call("GET", f"{P}/accounts/{emil}").status == 404)
r = ada_browser.call("POST", f"{P}/accounts", {"name": "Emil", "mail": "emil@example.org"})
check("who comes back is somebody new", r.status == 201 and r.json_["id"] != emil, r.body)
check("an organisation without members goes", ada_browser.call("DELETE", f"{P}/organisations/{green}").status == 204)
check("who signs out is out", ada_browser.call("DELETE", f"{P}/session").status == 204 and "dos_session_dortmund" not in ada_browser.jar)

report.finish()
