"""The register of measures: what the strategy says of each, in every language, and nothing claimed that is not so."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.environ.get("PYTHONPATH", str(pathlib.Path(__file__).resolve().parents[1])))
from server import Report, Server  # noqa: E402

report = Report()
check = report.check
with Server([]) as s:
    def measures(city, query=""):
        a = s.call("GET", f"/{city}/platform/v1/measures?limit=100{query}")
        assert a.status == 200, a
        return a.json()

    told = measures("dortmund")
    check("there are 45", told["total"] == 45 and len(told["items"]) == 45, told["total"])
    check("18 joint ones, 10 with the same need in both cities, 17 of one city", told["counts"]["kind"] == {"VP": 18, "SP": 10, "EP": 17}, told["counts"]["kind"])
    check("in twelve fields", len(told["counts"]["field"]) == 12, told["counts"]["field"])
    check("38 of them are Dortmund's", measures("dortmund", "&city=dortmund")["total"] == 38)
    check("34 of them are Schwerte's", measures("schwerte", "&city=schwerte")["total"] == 34)
    check("numbers are those of the strategy, each once", len({m["number"] for m in told["items"]}) == 45)
    languages = {(m["id"], member, language) for m in told["items"] for member in ("title", "summary") for language in ("de", "en", "leicht")
                 if not m[member].get(language)}
    check("each is told in German, English and easy German", not languages, languages)
    check("none claims more than its stories show", all(m["state"] in ("none", "demonstrable") and (m["state"] == "none" or m["stories"]) for m in told["items"]))
    one = s.call("GET", "/schwerte/platform/v1/measures/ri-03-fibre").json()
    check("what one city says of itself is told there", one["term"] == {"from": "2011"} and one["phase"] == "running", one)
    check("one that is not there is not found", s.call("GET", "/dortmund/platform/v1/measures/ri-99").status == 404)
    first = s.call("GET", "/dortmund/platform/v1/measures?limit=20").json()
    second = s.call("GET", f"/dortmund/platform/v1/measures?limit=20&cursor={first.get('next')}").json()
    check("the list goes on where a page ends", first["items"][-1]["number"] < second["items"][0]["number"], (first.get("next"), second))
checked = subprocess.run([os.environ["DOS"], "check"], capture_output=True, text=True)
count = int(checked.stdout.split()[0])
check("every package that comes with the program is in order", checked.returncode == 0 and count >= 46, checked.stdout)
report.finish()
