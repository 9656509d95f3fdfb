"""The words of stories, German and English: docs/stories.md. Steps know no package."""
import functools
import pathlib
import re
import sys

from behave import step, use_step_matcher

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from world import Person, names_in, plain, span, stamp, with_heading, words_in  # noqa: E402

use_step_matcher("re")
WHO = r"(?P<who>ein Besucher|eine Besucherin|a visitor|jemand|somebody|[\w-]+)"
NAMES = r'(?P<names>"[^"]+"(?:(?:, | und | and )"[^"]+")*)'


def says(*patterns, judges=False):
    """A step in several languages. Before any but those that judge what was asked for, no refusal may be left."""

    def add(f):
        @functools.wraps(f)
        def run(context, **named):
            if not judges:
                context.world.require_expected()
            return f(context, **named)

        for p in patterns:
            step(p)(run)
        return f

    return add


def introduced(context, name):
    return context.world.people.setdefault(name, Person(name))


# --- the city and its time
@says(r"eine Stadt mit (?:dem Paket|den Paketen) (?P<packages>.+)", r"a city with the packages? (?P<packages>.+)")
def city_with(context, packages):
    context.world.begin(words_in(packages))


@says(r"es ist (?P<when>.+)", r"it is (?P<when>\d.+|today .+|tomorrow .+)")
def clock(context, when):
    moment = context.world.moment(when)
    if moment is None:
        raise AssertionError(f"{when} is no moment: 2026-12-03 17:00")
    context.world.turn_clock(moment)


@says(r"(?:es vergehen |es vergeht )?(?P<n>\d+) (?P<unit>\w+)(?: vergehen| vergeht| später)?", r"(?P<n>\d+) (?P<unit>\w+) (?:pass|passes|later)")
def passes(context, n, unit):
    w = context.world
    w.turn_clock(w.now() + span(n, unit))


@says(r"der Server neu startet", r"startet der Server neu", r"the server restarts")
def restarts(context):
    context.world.restart()


@says(r"der Server (?:abstürzt|getötet wird)(?: und neu startet)?", r"stürzt der Server ab", r"the server is killed(?: and starts again)?")
def killed(context):
    context.world.restart(hard=True)


@says(r"der Server (?P<n>\d+) (?P<unit>\w+) (?:aus|weg) ist", r"ist der Server (?P<n>\d+) (?P<unit>\w+) (?:aus|weg)",
      r"the server is down for (?P<n>\d+) (?P<unit>\w+)")
def down(context, n, unit):
    context.world.restart(hard=True, away=span(n, unit))


# --- people
@says(r"(?P<who>[\w-]+) (?:ist angemeldet|ist Mitglied|is signed in|is a member)")
def member(context, who):
    introduced(context, who)


@says(r"(?P<who>[\w-]+) ist (?P<role>Verwalterin|Verwalter|Administratorin|Administrator|Redakteurin|Redakteur|ein Gerät)",
      r"(?P<who>[\w-]+) is an? (?P<role>administrator|editor|viewer|device)")
def plain_role(context, who, role):
    words = {"verw": "admin", "admi": "admin", "reda": "editor", "edit": "editor", "view": "viewer", "ein ": "device", "devi": "device"}
    introduced(context, who).role = words[role[:4].lower()]


@says(r"(?P<who>[\w-]+) (?:hat die Rolle|hat die Rollen|has the role|has the roles) (?P<roles>.+)")
def roles(context, who, roles):
    introduced(context, who).roles += words_in(roles)


@says(r'(?P<who>[\w-]+) (?:gehört zu|belongs to) "(?P<organisation>[^"]+)"')
def organisation(context, who, organisation):
    introduced(context, who).organisations.append(organisation)


# --- making and doing
@says(rf'{WHO} (?:legt|hat) (?P<kind>\w+) "(?P<name>[^"]+)" (?:an|angelegt)', rf'{WHO} (?P<kind>\w+) "(?P<name>[^"]+)" (?:anlegt|angelegt hat)',
      rf'{WHO} (?:creates|has created) (?P<kind>\w+) "(?P<name>[^"]+)"')
def creates(context, who, kind, name):
    w = context.world
    w.note(f"{who} creates {kind} {name}", w.create(w.person(who), kind, name, w.fields(context.table)))


@says(rf"{WHO} legt in einem Zug an: (?P<kind>\w+) {NAMES}", rf"{WHO} (?P<kind>\w+) {NAMES} in einem Zug anlegt",
      rf"{WHO} creates together: (?P<kind>\w+) {NAMES}")
def creates_together(context, who, kind, names):
    w = context.world
    names = names_in(names)
    rows = [w.fields(context.table, i + 1) for i in range(len(names))]
    w.note(f"{who} creates {names} together", w.create_many(w.person(who), kind, names, rows))


@says(r'(?P<a>[\w-]+) und (?P<b>[\w-]+) legen gleichzeitig (?P<kind>\w+) "(?P<x>[^"]+)" und "(?P<y>[^"]+)" an',
      r'(?P<a>[\w-]+) und (?P<b>[\w-]+) gleichzeitig (?P<kind>\w+) "(?P<x>[^"]+)" und "(?P<y>[^"]+)" anlegen',
      r'(?P<a>[\w-]+) and (?P<b>[\w-]+) at once create (?P<kind>\w+) "(?P<x>[^"]+)" and "(?P<y>[^"]+)"')
def create_at_once(context, a, b, kind, x, y):
    w = context.world
    calls = [lambda p=w.person(p), name=name, f=w.fields(context.table, i + 1): w.create(p, kind, name, f) for i, (p, name) in enumerate(((a, x), (b, y)))]
    for p in (a, b):
        w.headers(w.person(p))
    context.together = [w.note(f"{who} creates {name}", answer) for who, name, answer in zip((a, b), (x, y), w.at_once(calls))]


@says(rf"{WHO} (?:führt|macht) (?P<action>\w+) an {NAMES}(?: aus)?", rf"{WHO} (?P<action>\w+) an {NAMES} (?:ausführt|macht)",
      rf"{WHO} does (?P<action>\w+) on {NAMES}")
def acts(context, who, action, names):
    w = context.world
    names = names_in(names)
    answer = w.act(w.person(who), action, names, w.fields(context.table))
    refused = None
    if answer.status == 207:
        refused = any(item["status"] >= 400 for item in answer.json()["items"])
    w.note(f"{who} does {action} on {names}", answer, refused)


@says(r'(?P<people>[\w-]+(?:, [\w-]+)* und [\w-]+) (?:führen|machen) gleichzeitig (?P<action>\w+) an "(?P<name>[^"]+)"(?: aus)?',
      r'(?P<people>[\w-]+(?:, [\w-]+)* und [\w-]+) gleichzeitig (?P<action>\w+) an "(?P<name>[^"]+)" (?:ausführen|machen)',
      r'(?P<people>[\w-]+(?:, [\w-]+)* and [\w-]+) at once do (?P<action>\w+) on "(?P<name>[^"]+)"')
def act_at_once(context, people, action, name):
    w = context.world
    fields = w.fields(context.table)
    people = words_in(people)
    for p in people:
        w.headers(w.person(p))
    answers = w.at_once([lambda p=w.person(p): w.act(p, action, [name], fields) for p in people])
    context.together = [w.note(f"{p} does {action} on {name}", a) for p, a in zip(people, answers)]


@says(rf'{WHO} (?:ändert|setzt) (?P<field>\w+) von "(?P<name>[^"]+)" auf (?P<value>.+?)(?: über (?P<door>[\w-]+))?',
      rf'{WHO} (?:über (?P<door>[\w-]+) )?(?P<field>\w+) von "(?P<name>[^"]+)" auf (?P<value>.+?) (?:ändert|setzt)',
      rf'{WHO} sets (?P<field>\w+) of "(?P<name>[^"]+)" to (?P<value>.+?)(?: through (?P<door>[\w-]+))?')
def sets(context, who, field, name, value, door=None):
    w = context.world
    w.set_through(w.person(who), door or "ngsi-ld", name, field, w.value(value))


@says(rf'{WHO} (?:löscht|deletes) "(?P<name>[^"]+)"', rf'{WHO} "(?P<name>[^"]+)" löscht')
def deletes(context, who, name):
    w = context.world
    w.note(f"{who} deletes {name}", w.call(w.person(who), "DELETE", f"/ngsi-ld/v1/entities/{w.path_of(name)}"))


# --- what came of it
def refusal(context, status=None, why=None):
    last = context.world.asked[-1]
    last.expected = True
    assert last.refused, f"{last.what} was not refused: {last.answer}"
    if status:
        seen = [last.answer.status]
        if last.answer.status == 207:
            seen = [item["status"] for item in last.answer.json()["items"] if item["status"] >= 400]
        assert int(status) in seen, f"{last.what}: {last.answer}"
    if why:
        assert why.lower() in last.reason().lower(), f"{last.what} was refused, but says nothing of \"{why}\": {last.answer}"


@says(r"wird (?:es|das|sie|er) (?:mit (?P<status>\d+) )?abgelehnt", r"(?:it|this|that) is refused(?: with (?P<status>\d+))?", judges=True)
def refused(context, status=None):
    refusal(context, status)


@says(r'wird (?:es|das|sie|er) (?:mit (?P<status>\d+) )?abgelehnt, weil "(?P<why>[^"]+)"', r'(?:it|this|that) is refused(?: with (?P<status>\d+))?, because "(?P<why>[^"]+)"', judges=True)
def refused_because(context, status, why):
    refusal(context, status, why)


@says(r"gelingt (?:es|das)", r"(?:it|this|that) succeeds", judges=True)
def succeeds(context):
    last = context.world.asked[-1]
    assert not last.refused, f"{last.what} was refused: {last.answer}"


@says(r"gelingt genau (?:eine|einem|einer|eines)(?: von beiden| davon)?", r"exactly one succeeds", judges=True)
def exactly_one(context):
    for a in context.together:
        a.expected = True
    done = [a for a in context.together if not a.refused]
    assert len(done) == 1, f"{len(done)} succeeded: {[(a.what, a.answer) for a in context.together]}"


@says(rf"(?:ist|sind) {NAMES} (?P<state>\w+)", rf"{NAMES} (?:is|are) (?P<state>\w+)")
def is_state(context, names, state):
    for name in names_in(names):
        seen = context.world.state(name)
        assert seen == state, f"\"{name}\" is {seen}"


@says(r'ist (?P<field>\w+) von "(?P<name>[^"]+)" (?P<value>.+)', r'(?P<field>\w+) of "(?P<name>[^"]+)" is (?P<value>.+)')
def field_is(context, field, name, value):
    w = context.world
    seen, wanted = w.field(w.admin_person, name, field), w.value(value)
    assert seen == wanted, f"{field} of \"{name}\" is {seen!r}, not {wanted!r}"


@says(rf"sieht {WHO} (?P<field>\w+) von \"(?P<name>[^\"]+)\"(?P<no> nicht)?", rf"{WHO} (?P<no>does not see|sees) (?P<field>\w+) of \"(?P<name>[^\"]+)\"")
def sees_field(context, who, field, name, no):
    w = context.world
    seen = w.field(w.person(who), name, field)
    hidden = no in (" nicht", "does not see")
    assert (seen is None) == hidden, f"{who} sees {field} of \"{name}\": {seen!r}"


@says(rf"sieht {WHO} {NAMES}(?P<no> nicht)?", rf"{WHO} (?P<no>does not see|sees) {NAMES}")
def sees(context, who, names, no):
    w = context.world
    for name in names_in(names):
        seen = w.read(w.person(who), name)
        hidden = no in (" nicht", "does not see")
        assert (seen is None) == hidden, f"{who} sees \"{name}\": {seen!r}"


@says(rf"sieht {WHO} (?P<n>\d+|kein|keine|keinen) (?P<kind>\w+)(?: mit (?P<q>.+))?", rf"{WHO} sees (?P<n>\d+|no) (?P<kind>\w+)(?: with (?P<q>.+))?")
def counts(context, who, n, kind, q):
    w = context.world
    if q:
        q = re.sub(r"<([^>]+)>", lambda m: f'"{w.value(m[0])}"', q)
    rows, total = w.listed(w.person(who), kind, q or "")
    wanted = int(n) if n.isdigit() else 0
    assert total == wanted == len(rows), f"{who} sees {total} {kind}: {rows}"


@says(rf"sieht {WHO} diese (?P<kind>\w+)", rf"{WHO} sees these (?P<kind>\w+)")
def sees_these(context, who, kind):
    w = context.world
    names = context.table.headings
    rows, _ = w.listed(w.person(who), kind)
    seen = sorted([str(plain(r.get(n))) for n in names] for r in rows)
    wanted = sorted([str(w.value(cell)) for cell in row] for row in context.table)
    assert seen == wanted, f"{who} sees {seen}"


@says(rf'darf {WHO} an "(?P<name>[^"]+)" (?P<actions>.+)', rf'{WHO} may (?P<actions>.+) on "(?P<name>[^"]+)"')
def may(context, who, name, actions):
    w = context.world
    answer = w.call(w.person(who), "GET", f"/platform/v1/entities/{w.path_of(name)}/actions")
    seen = sorted(a["name"] for a in answer.json()) if answer.status == 200 else []
    wanted = [] if actions in ("nichts", "nothing") else sorted(words_in(actions))
    assert seen == wanted, f"{who} may {seen} on \"{name}\" ({answer.status})"


@says(rf'zeigt die Zeitleiste von "(?P<name>[^"]+)" {WHO} (?P<actions>.+)', rf'the timeline of "(?P<name>[^"]+)" shows {WHO} (?P<actions>.+)')
def timeline(context, name, who, actions):
    w = context.world
    answer = w.call(w.person(who), "GET", f"/platform/v1/entities/{w.path_of(name)}/timeline?limit=1000")
    assert answer.status == 200, answer
    seen = [i["action"] for i in answer.json()["items"] if i["what"] == "action"]
    assert seen == words_in(actions), f"the timeline of \"{name}\" says {seen}"


@says(rf'ist "(?P<name>[^"]+)" (?:für {WHO} )?von (?P<start>.+?) bis (?P<end>.+?) frei', rf'"(?P<name>[^"]+)" is free (?:for {WHO} )?from (?P<start>.+?) to (?P<end>.+?)')
def free(context, name, start, end, who=None):
    w = context.world
    asked = f"?from={w.value(start)}&to={w.value(end)}"
    answer = w.call(w.person(who) if who else w.admin_person, "GET", f"/platform/v1/entities/{w.path_of(name)}/free{asked}")
    assert answer.status == 200, answer
    seen = [[i["from"], i["to"], i["places"]] for i in answer.json()["items"]]
    wanted = [[w.value(c) for c in row] for row in (with_heading(context.table) if context.table else [])]
    assert seen == wanted, f"free are {seen}, not {wanted}"
