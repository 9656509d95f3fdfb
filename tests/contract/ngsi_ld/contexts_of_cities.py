"""Each city has its own default context, and a context that one city hosts is found by whoever names its address."""
# serve:
import json
import pathlib

from server import Report, Server

report = Report()
check = report.check


def bearer(s, city, role="editor"):
    return {"Authorization": "Bearer " + s.token(city, role)}


with Server(options=(), config="fetch_contexts: false\n") as s:
    s.stop()
    own = pathlib.Path(s.folder) / "schwerte-context.json"
    own.write_text(json.dumps({"@context": {"Pegel": "https://schwerte.example/Pegel", "stand": "https://schwerte.example/stand"}}))
    profile = next(pathlib.Path(s.data).glob("cities/schwerte/city.*"))
    profile.write_text(profile.read_text() + f"\ndefault_context: {own}\n")
    s.start()
    for city, iri in (("dortmund", "https://uri.etsi.org/ngsi-ld/default-context/stand"), ("schwerte", "https://schwerte.example/stand")):
        api, who = f"/{city}/ngsi-ld/v1", bearer(s, city)
        a = s.call("POST", api + "/entities", {"id": "urn:x:1", "type": "Pegel", "stand": {"type": "Property", "value": 1}}, who)
        check(f"{city} takes a name without a context", a.status == 201, a)
        core = '<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        a = s.call("GET", api + "/entities/urn:x:1?options=keyValues", None, {**who, "Link": core})
        names = [k for k in a.json() if k not in ("id", "type", "@context")]
        check(f"and means by it what {city} does", names == ([iri] if "schwerte.example" in iri else ["stand"]), names)
        a = s.call("GET", api + "/entities/urn:x:1?options=keyValues", None, who)
        check(f"{city} answers with the same name", a.json().get("stand") == 1, a)
        link = a.headers["Link"]
        if city == "schwerte":
            url = link[link.index("<") + 1:link.index(">")]
            check("and its address is that of the city", url.endswith("/schwerte/context.jsonld"), url)
            a = s.call("GET", "/schwerte/context.jsonld")
            check("where its document is", a.json()["@context"].get("stand") == "https://schwerte.example/stand", a)
    check("the other city's is not changed by it", b"schwerte.example" not in s.call("GET", "/dortmund/context.jsonld").body)

    # --- hosted by the second city
    a = s.call("POST", "/schwerte/ngsi-ld/v1/jsonldContexts", {"@context": {"hosted": "https://hosted.example/name"}}, bearer(s, "schwerte"))
    check("the second city hosts a context", a.status == 201, a)
    place = a.headers["Location"]
    listed = s.call("GET", "/schwerte/ngsi-ld/v1/jsonldContexts?kind=Hosted", None, bearer(s, "schwerte")).json()
    url = listed[0]
    check("it is listed with an address that says whose it is", "/schwerte/ngsi-ld/v1/jsonldContexts/" in url and url.endswith(place.split("/")[-1]), listed)
    path = url[url.index("/", len("http://")):]
    a = s.call("GET", path)
    check("where it is served", a.status == 200 and a.json()["@context"] == {"hosted": "https://hosted.example/name"}, a)
    for city in ("schwerte", "dortmund"):
        body = json.dumps({"id": "urn:x:2", "type": "T", "hosted": {"type": "Property", "value": 7}, "@context": url}).encode()
        a = s.call("POST", f"/{city}/ngsi-ld/v1/entities", body, {**bearer(s, city), "Content-Type": "application/ld+json"})
        check(f"{city} finds it by its address", a.status == 201, a)
        a = s.call("GET", f"/{city}/ngsi-ld/v1/entities/urn:x:2?options=keyValues&attrs=https%3A%2F%2Fhosted.example%2Fname", None, bearer(s, city))
        check(f"and {city} means what it says", list(a.json().values())[-1] == 7 if a.status == 200 else False, a)
report.finish()
