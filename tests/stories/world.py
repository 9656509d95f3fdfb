"""What a story plays in: a server with a city and its packages, people, and the things that were made, by the names that the story
gives them. No package is known here: types, fields, actions and states are what the story says."""
import datetime
import http.client
import json
import os
import pathlib
import re
import sys
import threading
import time
import urllib.parse
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mqtt_client import Client as MqttClient  # noqa: E402
from server import Server, ask  # noqa: E402

city = "anderswo"
zone = zoneinfo.ZoneInfo("Europe/Berlin")
root = pathlib.Path(__file__).resolve().parent.parent.parent
first_day = datetime.datetime(2026, 1, 1, 8, tzinfo=datetime.timezone.utc)
days = {"heute": 0, "today": 0, "morgen": 1, "tomorrow": 1, "gestern": -1, "yesterday": -1, "übermorgen": 2}
units = {"sekunde": "seconds", "second": "seconds", "minute": "minutes", "stunde": "hours", "hour": "hours", "tag": "days", "day": "days",
         "woche": "weeks", "week": "weeks"}


class Person:
    def __init__(self, name):
        self.name, self.role, self.roles, self.organisations, self.token = name, "member", [], [], None

    @property
    def subject(self):
        return "urn:ngsi-ld:Person:" + urllib.parse.quote(self.name)


class Asked:
    """What a person asked for, and what came back; a refusal that no step expects ends the story."""

    def __init__(self, what, answer, refused=None):
        self.what, self.answer = what, answer
        self.refused = answer.status >= 400 if refused is None else refused
        self.expected = False

    def reason(self):
        return self.answer.body.decode(errors="replace") if self.answer else ""


class World:
    def __init__(self):
        self.server = None
        self.people, self.ids, self.types = {}, {}, {}
        self.asked = []
        self.packages = []
        self.ahead = datetime.timedelta()  # of the system's clock

    # --- the server and its time
    def begin(self, packages):
        self.packages = packages
        folder = pathlib.Path(os.environ.get("STORY_FOLDER", "/tmp"))
        self.city_file = folder / f"{city}-{os.getpid()}-{id(self)}.yaml"
        listed = "".join(f"  {p}: {{}}\n" for p in packages)
        self.city_file.write_text(f"id: {city}\nname: {{de: Anderswo, en: Elsewhere}}\nags: '00000000'\ncenter: [7.4, 51.5]\n"
                                  f"bbox: [7.0, 51.0, 8.0, 52.0]\ntime_zone: Europe/Berlin\npackages:\n{listed}")
        # Time leads ahead only, as what is in a city's log never becomes later than it: a story's days lie behind this one.
        self.ahead = first_day - datetime.datetime.now(datetime.timezone.utc)
        self.server = Server(["--city", str(self.city_file), "--test-clock", stamp(first_day), "--mqtt-port", "0"])
        self.server.start()
        self.admin = self.server.token(role="admin", name="story")

    def end(self):
        if self.server:
            if self.server.process:
                self.server.kill()
            self.server.__exit__()
            self.city_file.unlink(missing_ok=True)
        self.server = None

    def now(self):
        system = datetime.datetime.now(datetime.timezone.utc)
        return system + self.ahead

    def turn_clock(self, to):
        self.ahead = to - datetime.datetime.now(datetime.timezone.utc)
        answer = self.server.call("POST", "/test/clock", {"now": stamp(to)}, timeout=150)
        assert answer.status == 200, f"the clock cannot be turned: {answer}"

    def restart(self, hard=False, away=datetime.timedelta()):
        until = self.now() + away
        self.server.kill() if hard else self.server.stop()
        self.server.options = ["--test-clock", stamp(until), "--mqtt-port", "0"]
        self.server.start()
        self.turn_clock(until)

    # --- people
    def person(self, name):
        if name in ("ein Besucher", "eine Besucherin", "a visitor", "jemand", "somebody"):
            return None
        assert name in self.people, f"nobody has introduced {name}: say \"{name} ist angemeldet\" first"
        return self.people[name]

    def headers(self, person):
        if person is None:
            return {}
        if person.token is None:
            wanted = {"name": person.name, "role": person.role, "subject": person.subject}
            if person.roles:
                wanted["roles"] = person.roles
            if person.organisations:
                wanted["organisations"] = person.organisations
            made = self.server.call("POST", f"/{city}/platform/v1/tokens", wanted, {"Authorization": "Bearer " + self.admin})
            assert made.status == 201, f"no token for {person.name}: {made}"
            person.token = made.json()["token"]
        return {"Authorization": "Bearer " + person.token}

    def call(self, person, method, path, body=None, headers=None):
        return self.server.call(method, f"/{city}{path}", body, {**self.headers(person), **(headers or {})}, timeout=60)

    # --- things
    def id_of(self, name):
        if name in self.ids:
            return self.ids[name]
        assert ":" in name, f"there is nothing called \"{name}\" in this story yet"
        return name

    def path_of(self, name):
        return urllib.parse.quote(self.id_of(name), safe="")

    def value(self, text):
        """A cell of a table: a name of the story, a moment, a number, JSON, or a text."""
        text = text.strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            return text[1:-1]
        if text.startswith("<") and text.endswith(">"):
            name = text[1:-1]
            return self.people[name].subject if name in self.people else self.id_of(name)
        if text[:1] in "{[":
            return json.loads(text)
        if text in ("ja", "yes", "true"):
            return True
        if text in ("nein", "no", "false"):
            return False
        if text in ("nichts", "nothing", "-"):
            return None
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        if re.fullmatch(r"-?\d+\.\d+", text):
            return float(text)
        moment = self.moment(text)
        return stamp(moment) if moment else text

    def moment(self, text):
        """"2026-12-03 17:00", "morgen 17:00", "in 3 Tagen 17:00": by the clocks of the city."""
        found = re.fullmatch(r"(?:(\d{4}-\d\d-\d\d)|(\w+)|in (\d+) (?:Tagen|days))(?: (?:um|at))? (\d\d?):(\d\d)(?: Uhr)?", text)
        if not found or (found[2] and found[2].lower() not in days):
            return None
        today = self.now().astimezone(zone).date()
        day = (datetime.date.fromisoformat(found[1]) if found[1] else
               today + datetime.timedelta(days=int(found[3]) if found[3] else days[found[2].lower()]))
        return datetime.datetime(day.year, day.month, day.day, int(found[4]), int(found[5]), tzinfo=zone)

    def fields(self, table, column=1):
        return {} if table is None else {row[0]: self.value(row[column]) for row in with_heading(table)}

    # --- what is asked for
    def note(self, what, answer, refused=None):
        self.asked.append(Asked(what, answer, refused))
        return self.asked[-1]

    def require_expected(self):
        for a in self.asked:
            assert not a.refused or a.expected, f"{a.what} was refused, which no step expects: {a.answer}"

    def create(self, person, kind, name, fields):
        answer = self.call(person, "POST", f"/platform/v1/models/{kind}/entities", fields)
        if answer.status == 201:
            self.ids[name], self.types[name] = answer.json()["id"], kind
        return answer

    def create_many(self, person, kind, names, rows):
        answer = self.call(person, "POST", f"/platform/v1/models/{kind}/entities", rows)
        if answer.status == 201:
            for name, made in zip(names, answer.json()["items"]):
                self.ids[name], self.types[name] = made["id"], kind
        return answer

    def act(self, person, action, names, fields):
        if len(names) == 1:
            return self.call(person, "POST", f"/platform/v1/entities/{self.path_of(names[0])}/actions/{action}", fields)
        return self.call(person, "POST", f"/platform/v1/actions/{action}", {"ids": [self.id_of(n) for n in names], **fields})

    def at_once(self, calls):
        """Each in a thread of its own, begun together."""
        gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

        def run(i):
            gate.wait()
            answers[i] = calls[i]()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    # --- looking
    def read(self, person, name):
        """The entity in the simplified form of NGSI-LD; nothing where it is not there for them."""
        answer = self.call(person, "GET", f"/ngsi-ld/v1/entities/{self.path_of(name)}?options=keyValues")
        assert answer.status in (200, 404), answer
        return answer.json() if answer.status == 200 else None

    def field(self, person, name, field):
        e = self.read(person, name)
        return plain(e.get(field)) if e else None

    def model(self, person, kind):
        answer = self.call(person, "GET", f"/platform/v1/models/{kind}")
        assert answer.status == 200, f"the type {kind} is not known: {answer}"
        return answer.json()

    def state(self, name):
        e = self.read(self.admin_person, name)
        assert e, f"\"{name}\" is gone"
        kind = e["type"] if isinstance(e["type"], str) else e["type"][0]
        return plain(e.get(self.model(self.admin_person, kind)["x-workflow"]["attribute"]))

    @property
    def admin_person(self):
        p = Person("story")
        p.token = self.admin
        return p

    def listed(self, person, kind, q=""):
        more = f"&q={urllib.parse.quote(q)}" if q else ""
        answer = self.call(person, "GET", f"/ngsi-ld/v1/entities?type={kind}&options=keyValues,count&count=true&limit=1000{more}")
        assert answer.status == 200, answer
        return answer.json(), int(answer.headers.get("NGSILD-Results-Count", -1))

    # --- the doors of the standards
    def set_through(self, person, door, name, field, value):
        if door == "ngsi-ld":
            body = {field: {"type": "Property", "value": value}}
            return self.note(f"{field} through {door}", self.call(person, "PATCH", f"/ngsi-ld/v1/entities/{self.path_of(name)}/attrs", body))
        stream = self.datastream(name, field)
        body = {"result": value}
        if door == "sensorthings":
            if stream is None:  # there is nothing to write to: for this door the field does not exist
                answer = self.call(person, "GET", "/v1.1/Datastreams(0)")
                return self.note(f"{field} through {door}", answer, True)
            return self.note(f"{field} through {door}", self.call(person, "POST", f"/v1.1/Datastreams({stream})/Observations", body))
        if door == "mqtt":
            before = self.field(self.admin_person, name, field)
            with MqttClient(self.server.mqtt_port, version=5, user=city, password=self.headers(person).get("Authorization", "")[7:] or None) as c:
                reason = c.publish(f"{city}/v1.1/Datastreams({stream or 0})/Observations", json.dumps(body).encode(), qos=1)
            after = self.field(self.admin_person, name, field)
            return self.note(f"{field} through {door} ({reason})", self.call(person, "GET", "/platform/v1/me"), before == after)
        raise AssertionError(f"there is no door {door}; there are ngsi-ld, sensorthings, mqtt and action")

    def datastream(self, name, field):
        things = self.call(self.admin_person, "GET", "/v1.1/Datastreams?$top=1000&$select=name,id,properties&$expand=Thing")
        for d in things.json().get("value", []):
            text = json.dumps(d)
            if self.id_of(name) in text and field in text:
                return d["@iot.id"]
        return None


def with_heading(table):
    """A table of fields has no heading of its own: the first row counts, too."""
    return [list(table.headings)] + [list(r) for r in table]


def stamp(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")


def plain(v):
    return v["@value"] if isinstance(v, dict) and "@value" in v else v


def span(number, unit):
    word = unit.lower()
    for end in ("en", "n", "s", "e", ""):
        if end and not word.endswith(end):
            continue
        stem = word[: len(word) - len(end)] if end else word
        for known, name in units.items():
            if stem in (known, known.rstrip("e")):
                return datetime.timedelta(**{name: int(number)})
    raise AssertionError(f"{unit} is no unit of time that stories know")


def names_in(text):
    """"A", "B" und "C" """
    return re.findall(r'"([^"]+)"', text)


def words_in(text):
    """a, b und c"""
    return [w for w in re.split(r"\s*,\s*|\s+(?:und|and)\s+|\s+", text.strip()) if w]
