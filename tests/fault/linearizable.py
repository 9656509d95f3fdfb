#!/usr/bin/env python3
"""Bookings, votes and places in a queue through several doors at once, with kills in between: there is one order of all that was
done in which each answer is right, and it ends as the city is found after a start.

HISTORIES: how many (300). SEED: of chance. Each history is a hall with a few bookings, an idea with a few votes, and a queue; each
door answers for itself, and what a kill left unanswered may have happened or not."""
import concurrent.futures
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mqtt_client import Client as MqttClient  # noqa: E402
from server import Report, Server, ask  # noqa: E402

histories = int(os.environ.get("HISTORIES", "300"))
seed = int(os.environ.get("SEED", time.time()))
clients, at_once, steps = 4, 6, 4  # of a history; histories at a time; of a client
city = "anderswo"
api, ngsi, sta = f"/{city}/platform/v1", f"/{city}/ngsi-ld/v1", f"/{city}/v1.1"
report = Report()
check = report.check


# --- the judge
class Op:
    """One thing that was asked for. `ok`: done; False: refused for what the rule says; None: nobody knows, it may be either."""

    def __init__(self, what, *about):
        self.what, self.about, self.ok, self.begin, self.end = what, about, None, 0.0, float("inf")

    def __repr__(self):
        return f"{self.what}{self.about}={self.ok} [{self.begin:.4f}, {self.end:.4f}]"


def overlaps(a, b):
    return a[0] < b[1] and b[0] < a[1]


def book(state, name, span):
    """(may it be done: True, False, or None for either; what is then)"""
    free = not any(overlaps(span, s) for n, s, active in state if active and n != name)
    return free, frozenset({row for row in state if row[0] != name} | {(name, span, True)})


def apply_booking(state, op):
    """The state: when each booking is, and whether it counts."""
    known = {n: (s, active) for n, s, active in state}
    if op.what == "book":
        return book(state, *op.about)
    name = op.about[0]
    span, active = known.get(name, (None, False))
    if op.what == "move":
        if active:
            return book(state, name, op.about[1])
        return None if span == op.about[1] else False, state  # what is over stays; to say the same of it again is no change
    if op.what == "cancel":
        return active, frozenset({row for row in state if row[0] != name} | {(name, span, False)}) if active else state
    raise AssertionError(op.what)


def apply_vote(state, op):
    """The state: which vote of each voter counts."""
    voter, vote = op.about
    held = dict(state)
    if op.what == "vote":
        return voter not in held, frozenset({**held, voter: vote}.items())
    return held.get(voter) == vote, frozenset((v, n) for v, n in state if v != voter)


def linearizable(ops, apply, final):
    """Wing and Gong, with what was seen before left out: an order that respects who ended before who began, in which each answer is
    right, and at whose end is what was found."""
    ops = sorted(ops, key=lambda o: o.begin)
    all_done = (1 << len(ops)) - 1
    seen = set()

    def go(done, state):
        if (done, state) in seen:
            return False
        seen.add((done, state))
        left = [i for i in range(len(ops)) if not done >> i & 1]
        if all(ops[i].ok is None for i in left) and state == final:
            return True
        if done == all_done:
            return state == final
        first_end = min(ops[i].end for i in left)
        for i in left:
            if ops[i].begin > first_end:
                break
            may, then = apply(state, ops[i])
            if ops[i].ok is not False and may is not False and go(done | 1 << i, then):
                return True
            if ops[i].ok is not True and (ops[i].ok is None or may is not True) and go(done | 1 << i, state):
                return True
        return False

    return go(0, frozenset())


# --- the judge is judged
def op(what, *about, ok, begin, end):
    o = Op(what, *about)
    o.ok, o.begin, o.end = ok, begin, end
    return o


one, two = op("book", "a", (1, 3), ok=True, begin=0, end=1), op("book", "b", (2, 4), ok=True, begin=0, end=1)
check("the judge finds two that have the same time", not linearizable([one, two], apply_booking, frozenset({("a", (1, 3), True), ("b", (2, 4), True)})))
no = op("book", "b", (2, 4), ok=False, begin=0, end=1)
check("and lets one win", linearizable([one, no], apply_booking, frozenset({("a", (1, 3), True)})))
check("a refusal needs a reason", not linearizable([op("book", "b", (3, 4), ok=False, begin=0, end=1), one], apply_booking, frozenset({("a", (1, 3), True)})))
check("what comes later cannot be that reason", not linearizable([op("book", "b", (2, 4), ok=False, begin=0, end=1), op("book", "a", (1, 3), ok=True, begin=2, end=3)],
                                                               apply_booking, frozenset({("a", (1, 3), True)})))
check("what was lost was not", not linearizable([one], apply_booking, frozenset()))
lost = op("book", "a", (1, 3), ok=None, begin=0, end=float("inf"))
check("what nobody knows may be either", all(linearizable([lost], apply_booking, frozenset(f)) for f in ([], [("a", (1, 3), True)])))
check("two votes of one are one too many", not linearizable([op("vote", "x", "1", ok=True, begin=0, end=1), op("vote", "x", "2", ok=True, begin=0, end=1)],
                                                           apply_vote, frozenset({("x", "2")})))


# --- the city
class City:
    def __init__(self):
        self.folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
        self.file = self.folder / f"linearizable-{os.getpid()}.yaml"
        self.file.write_text(f"id: {city}\nname: Anderswo\nags: '00000000'\ncenter: [7.4, 51.5]\npackages: {{booking: {{}}, tfe-02-idea-pool: {{}}}}\n")
        self.server = Server(["--city", str(self.file), "--mqtt-port", "0"]).start()
        self.server.options = ["--mqtt-port", "0"]
        self.admin = self.server.token(city=city, name="Rolf")
        self.up, self.life = threading.Event(), 0
        self.up.set()
        self.local = threading.local()
        self.office = self.person("office", "booking_office", "idea_office")

    def person(self, name, *roles):
        made = self.call(self.admin, "POST", f"{api}/tokens", {"name": name, "role": "member", "subject": f"urn:x:{name}", "roles": list(roles)})
        assert made.status == 201, made
        return made.json()["token"]

    def call(self, token, method, path, body=None, headers=None):
        """None: there was no answer."""
        c = getattr(self.local, "connection", None)
        if c is None or self.local.life != self.life:
            c = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.local.life = self.life
        try:
            return ask(c, method, path, body, {"Authorization": "Bearer " + token, **(headers or {})})
        except (OSError, http.client.HTTPException):
            c.close()
            self.local.connection = None
            return None

    def surely(self, *request):
        while True:
            self.up.wait()
            answer = self.call(*request)
            if answer is not None:
                return answer
            time.sleep(0.01)

    def kill(self):
        self.up.clear()
        self.server.kill()
        self.server.start()
        self.life += 1
        self.up.set()


def moment(hour):
    return f"2027-06-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"


def property_of(value):
    return {"type": "Property", "value": value}


def relationship(id):
    return {"type": "Relationship", "object": id}


def through_batch(answer):
    """A batch of one: 201 and 204 are whole, 207 tells of the one that failed."""
    return answer.status in (200, 201, 204), [json.loads(answer.body)] if answer.body[:1] in (b"{", b"[") else []


class History:
    def __init__(self, c, number, chance):
        self.city, self.number, self.chance = c, number, chance
        self.bookings, self.votes, self.queue = [], [], []
        self.lock = threading.Lock()
        key = uuid.UUID(int=chance.getrandbits(128)).hex
        self.prefix = f"urn:ngsi-ld:Booking:{key}-"
        self.hall = self.made("Resource", name="Halle", kind="hall")
        idea = self.made("Idea", title="Eine Idee", description="x", author="urn:x:author")
        self.idea = idea
        self.voters = {f"v{number}-{i}": c.person(f"v{number}-{i}") for i in range(2)}
        self.names = {}  # of bookings: id

    def made(self, what, /, **fields):
        answer = self.city.surely(self.city.office, "POST", f"{api}/models/{what}/entities", fields)
        assert answer.status == 201, answer
        return answer.json()["id"]

    def run(self, o, into, ask_it, refused=(409,)):
        """Asks, and notes what came of it and when."""
        o.begin = time.monotonic()
        answer = ask_it()
        if answer is not None:
            o.end = time.monotonic()
            status = answer.status
            if status == 207:
                body = answer.json()
                status = 409 if body.get("errors") else 204
            if status in (200, 201, 204):
                o.ok = True
            elif status in refused or (status == 400 and b"409" in answer.body) or status == 404:
                o.ok = False
            elif status in (429, 503):
                return answer  # not done: it is as if it had not been asked
            else:
                with report.lock:
                    report.failed += 1
                    print(f"FAILED: {o} is answered with {answer}", flush=True)
        with self.lock:
            into.append(o)
        return answer

    # --- bookings
    def booking(self, id, span):
        return {"id": id, "type": "Booking", "resource": relationship(self.hall), "startsAt": property_of(moment(span[0])),
                "endsAt": property_of(moment(span[1])), "bookedBy": property_of("urn:x:office")}

    def book(self, chance):
        begin = chance.randrange(20)
        span = (begin, begin + 1 + chance.randrange(4))
        door = chance.choice(("action", "ngsi-ld", "batch", "upsert"))
        id = f"{self.prefix}{next(counter)}"
        o = Op("book", id, span)
        c, office = self.city, self.city.office
        if door == "action":
            fields = {"resource": self.hall, "startsAt": moment(span[0]), "endsAt": moment(span[1])}
            answer = self.run(o, self.bookings, lambda: c.call(office, "POST", f"{api}/models/Booking/entities", fields))
            if o.ok:
                o.about = (answer.json()["id"], span)
            elif o.ok is None:
                o.about = ("?", span)  # its id is not known: it is found by its time
        elif door == "ngsi-ld":
            self.run(o, self.bookings, lambda: c.call(office, "POST", f"{ngsi}/entities", self.booking(id, span)))
        else:
            op = "create" if door == "batch" else "upsert"
            self.run(o, self.bookings, lambda: c.call(office, "POST", f"{ngsi}/entityOperations/{op}", [self.booking(id, span)]))
        if o.ok:
            with self.lock:
                self.names[o.about[0]] = span

    def some_booking(self, chance):
        with self.lock:
            return chance.choice(sorted(self.names)) if self.names else None

    def move(self, chance):
        id = self.some_booking(chance)
        if not id:
            return self.book(chance)
        begin = chance.randrange(20)
        span = (begin, begin + 1 + chance.randrange(4))
        o, path, c, office = Op("move", id, span), urllib.parse.quote(id, safe=""), self.city, self.city.office
        new = {"startsAt": property_of(moment(span[0])), "endsAt": property_of(moment(span[1]))}
        door = chance.choice(("action", "ngsi-ld", "merge", "batch"))
        if door == "action":
            self.run(o, self.bookings, lambda: c.call(office, "POST", f"{api}/entities/{path}/actions/move", {"startsAt": moment(span[0]), "endsAt": moment(span[1])}))
        elif door == "ngsi-ld":
            self.run(o, self.bookings, lambda: c.call(office, "PATCH", f"{ngsi}/entities/{path}/attrs", new))
        elif door == "merge":
            self.run(o, self.bookings, lambda: c.call(office, "PATCH", f"{ngsi}/entities/{path}", new))
        else:
            self.run(o, self.bookings, lambda: c.call(office, "POST", f"{ngsi}/entityOperations/update", [{"id": id, "type": "Booking", **new}]))

    def cancel(self, chance):
        id = self.some_booking(chance)
        if not id:
            return self.book(chance)
        path = urllib.parse.quote(id, safe="")
        self.run(Op("cancel", id), self.bookings, lambda: self.city.call(self.city.office, "POST", f"{api}/entities/{path}/actions/cancel", {}))

    def go_round(self, chance):
        """Doors that must not move a booking at all: whatever they answer, nothing of it may be found."""
        id = self.some_booking(chance)
        if not id:
            return self.book(chance)
        path, c, begin = urllib.parse.quote(id, safe=""), self.city, moment(chance.randrange(20))
        way = chance.choice(("temporal", "temporal-patch", "second", "sensorthings", "mqtt", "import", "delete"))
        if way == "temporal":
            c.call(c.admin, "POST", f"{ngsi}/temporal/entities/{path}/attrs", {"startsAt": [{**property_of(begin), "observedAt": "2026-01-01T00:00:00Z"}]})
        elif way == "temporal-patch":
            c.call(c.admin, "PATCH", f"{ngsi}/temporal/entities/{path}/attrs/startsAt/urn:x:1", {"startsAt": [{**property_of(begin), "observedAt": "2026-01-01T00:00:00Z"}]})
        elif way == "second":
            c.call(c.admin, "POST", f"{ngsi}/entities/{path}/attrs", {"startsAt": {**property_of(begin), "datasetId": "urn:x:2"}})
        elif way == "sensorthings":
            c.call(c.admin, "POST", f"{sta}/Datastreams({chance.randrange(1, 50)})/Observations", {"result": 7})
            c.call(c.admin, "PATCH", f"{sta}/Things({chance.randrange(1, 50)})", {"properties": {"startsAt": begin}})
        elif way == "mqtt":
            try:
                with MqttClient(c.server.mqtt_port, version=5, user=city, password=c.admin) as m:
                    m.publish(f"{city}/v1.1/Datastreams({chance.randrange(1, 50)})/Observations", b'{"result": 7}', qos=1)
            except Exception:  # the server is being killed, or ends the connection: nothing was moved
                pass
        elif way == "import":
            c.call(c.admin, "POST", f"{api}/imports?mapping=bookings", json.dumps([{"id": id, "startsAt": begin}]).encode())
        else:
            c.call(c.admin, "DELETE", f"{ngsi}/entities/{path}")

    # --- votes
    def vote(self, chance):
        voter = chance.choice(sorted(self.voters))
        token, c = self.voters[voter], self.city
        id = f"urn:ngsi-ld:IdeaSupport:{self.number}-{next(counter)}"
        o = Op("vote", voter, id)
        e = {"id": id, "type": "IdeaSupport", "idea": relationship(self.idea), "supporter": property_of(f"urn:x:{voter}")}
        door = chance.choice(("action", "ngsi-ld", "batch"))
        if door == "action":
            answer = self.run(o, self.votes, lambda: c.call(token, "POST", f"{api}/models/IdeaSupport/entities", {"idea": self.idea}))
            o.about = (voter, answer.json()["id"] if o.ok else "?")
        elif door == "ngsi-ld":
            self.run(o, self.votes, lambda: c.call(token, "POST", f"{ngsi}/entities", e))
        else:
            self.run(o, self.votes, lambda: c.call(token, "POST", f"{ngsi}/entityOperations/create", [e]))
        if o.ok and chance.random() < 0.5:
            self.withdraw(voter, o.about[1])

    def withdraw(self, voter, id):
        path = urllib.parse.quote(id, safe="")
        self.run(Op("withdraw", voter, id), self.votes, lambda: self.city.call(self.voters[voter], "POST", f"{api}/entities/{path}/actions/withdraw", {}))

    # --- the queue
    def queue_up(self, chance):
        o = Op("wait")
        fields = {"resource": self.hall, "startsAt": moment(0), "endsAt": moment(1), "waits": f"urn:x:w{next(counter)}"}
        answer = self.run(o, self.queue, lambda: self.city.call(self.city.office, "POST", f"{api}/models/WaitingPlace/entities", fields))
        if o.ok:
            o.about = (int(answer.json()["number"].rpartition("-")[2]),)

    def client(self, seed):
        chance = random.Random(seed)
        for _ in range(steps):
            self.city.up.wait()
            chance.choice((self.book, self.book, self.move, self.move, self.cancel, self.vote, self.vote, self.queue_up, self.go_round))(chance)

    # --- what is found
    def listed(self, kind, q):
        found = self.city.surely(self.city.admin, "GET", f"{ngsi}/entities?type={kind}&limit=1000&options=keyValues&q={urllib.parse.quote(q)}")
        assert found.status == 200, found
        return found.json()

    def judge(self):
        plain = lambda v: v["@value"] if isinstance(v, dict) else v  # noqa: E731
        hour = lambda v: (int(plain(v)[8:10]) - 1) * 24 + int(plain(v)[11:13])  # noqa: E731
        rows = self.listed("Booking", f'resource=="{self.hall}"')
        final = frozenset((b["id"], (hour(b["startsAt"]), hour(b["endsAt"])), b["status"] in ("held", "confirmed", "blocked")) for b in rows)
        for (x, a, is_one), (y, b, is_other) in itertools.combinations(sorted(final), 2):
            check(f"history {self.number}: no two bookings of one hall at the same time", not (is_one and is_other and overlaps(a, b)), (x, a, y, b))
        ops = self.named(self.bookings, [(b["id"], (hour(b["startsAt"]), hour(b["endsAt"]))) for b in rows])
        check(f"history {self.number} (seed {seed}): bookings have an order in which each answer is right", linearizable(ops, apply_booking, final), (ops, final))
        votes = self.listed("IdeaSupport", f'idea=="{self.idea}"')
        final = frozenset((v["supporter"].removeprefix("urn:x:"), v["id"]) for v in votes)
        known = {o.about[1] for o in self.votes}
        for o in self.votes:  # one whose answer was lost has the id that is found and nobody knows
            lost = [i for v, i in final if v == o.about[0] and i not in known]
            if o.ok is None and o.about[1] == "?" and lost:
                o.about = (o.about[0], lost[0])
                known.add(lost[0])
        check(f"history {self.number} (seed {seed}): votes have one as well", linearizable(self.votes, apply_vote, final), (self.votes, final))

    def named(self, ops, rows):
        """Bookings whose answer was lost, with the id of one that is found, that nobody knows, and that was never moved."""
        known = {o.about[0] for o in ops}
        strange = [(i, s) for i, s in rows if i not in known]
        for o in ops:
            if o.ok is None and o.what == "book" and o.about[0] == "?":
                mine = next(((i, s) for i, s in strange if s == o.about[1]), None)
                if mine:
                    strange.remove(mine)
                o.about = (mine[0] if mine else f"lost-{id(o)}", o.about[1])
        check(f"history {self.number}: nothing is found that nobody asked for", not strange, strange)
        return ops


counter = itertools.count(1)
chance = random.Random(seed)
place = City()
queues = []
kills = 0
try:
    with concurrent.futures.ThreadPoolExecutor(at_once * clients) as pool:
        for first in range(0, histories, at_once):
            group = [History(place, n, random.Random(chance.getrandbits(64))) for n in range(first, min(first + at_once, histories))]
            running = [pool.submit(h.client, chance.getrandbits(64)) for h in group for _ in range(clients)]
            if chance.random() < 0.25:
                time.sleep(chance.random() * 0.1)
                place.kill()
                kills += 1
            for r in running:
                r.result()
            for h in group:
                h.judge()
                queues += h.queue
    numbers = sorted(o.about[0] for o in queues if o.ok)
    check("no place in the queue is given twice", len(numbers) == len(set(numbers)), numbers)
    answered = sorted((o for o in queues if o.ok), key=lambda o: o.begin)
    latest = 0
    ends = sorted(answered, key=lambda o: o.end)
    for o in answered:
        while ends and ends[0].end < o.begin:
            latest = max(latest, ends.pop(0).about[0])
        check("who comes later stands behind", o.about[0] > latest, (o, latest))
    found = {int(w["number"].rpartition("-")[2]) for offset in range(0, 1 + len(queues), 1000) for w in
             place.surely(place.admin, "GET", f"{ngsi}/entities?type=WaitingPlace&options=keyValues&limit=1000&offset={offset}").json()}
    check("no number is left out, and none is lost", found == set(range(1, len(found) + 1)) and set(numbers) <= found, (len(found), set(numbers) - found))
finally:
    place.server.__exit__()
    place.file.unlink(missing_ok=True)
print(f"{histories} histories, {kills} kills, seed {seed}")
report.finish()
