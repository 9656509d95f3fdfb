#!/usr/bin/env python3
"""Holds the includes against the plan in src/CMakeLists.txt: a module includes itself and what it USES, directly or by
way of these. Heavy libraries stay in the one place that may know them."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent / "src"
plan = (root / "CMakeLists.txt").read_text()
uses = {}
for path, rest in re.findall(r"^module\((\S+)([^)]*)\)", plan, re.M):
    m = re.search(r"USES((?:\s+(?!LINKS|ROOMS)\S+)*)", rest)
    uses[path] = m.group(1).split() if m else []


def reach(module, seen=None):
    seen = set() if seen is None else seen
    for used in uses.get(module, []):
        if used not in seen:
            seen.add(used)
            reach(used, seen)
    return seen


def module_of(path):
    for length in range(len(path.parts), 0, -1):
        name = "/".join(path.parts[:length])
        if name in uses:
            return name
    return None


# library header -> the files that may include it
libraries = {
    r"boost/(asio|beast)": r"net/.*\.(cc|h)$",
    r"boost/geometry": r"geo/.*\.cc$",
    r"sqlite3\.h": r"kernel/store/(.*\.cc|failing_medium\.h)$",
    r"simdjson": r"base/json\.cc$",
    r"geos_c\.h|proj\.h": r"geo/.*\.(cc|h)$",
    r"yaml-cpp": r"base/yaml\.cc$",
    r"re2/": r"kernel/graph/pattern\.cc$",
    r"(regex)$": r"^$",
}
faults = []
for file in sorted([*root.rglob("*.cc"), *root.rglob("*.h")]):
    local = file.relative_to(root)
    module = module_of(local.parent)
    if module is None:
        faults.append(f"{local}: belongs to no module of src/CMakeLists.txt")
        continue
    allowed = reach(module) | {module}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        m = re.match(r'\s*#include ([<"])([^">]+)[">]', line)
        if not m:
            continue
        name = m.group(2)
        if m.group(1) == '"':
            target = module_of(pathlib.Path(name).parent)
            if target and target not in allowed:
                faults.append(f"{local}:{number}: {module} may not include {target}")
        for pattern, where in libraries.items():
            if re.match(pattern, name) and not re.search(where, str(local)):
                faults.append(f"{local}:{number}: <{name}> is known to {where} only")
# Collections of records are declared, each once and by the module whose it is.
collections = {}
for file in sorted([*root.rglob("*.cc"), *root.rglob("*.h")]):
    local, text = file.relative_to(root), file.read_text()
    if local.name.endswith("_test.cc"):
        continue
    for name, owner in re.findall(r'record_collection\{"(\w+)", "([^"]*)"', text):
        if name in collections:
            faults.append(f"{local}: the collection {name} is declared in {collections[name]} already")
        if owner != module_of(local.parent):
            faults.append(f"{local}: the collection {name} is declared in {module_of(local.parent)}, but belongs to {owner}")
        collections[name] = local
    for call in re.findall(r'(?:find|get|put|erase|for_each)_record\("[^"]*"', text):
        faults.append(f"{local}: {call}: declare a record_collection")
# A newcomer finds every room on the plan that people read.
rooms = (root / "README.md").read_text()
faults += [f"src/README.md: {module} is not in the table" for module in uses if f"| `{module}` |" not in rooms]
for f in faults:
    print(f)
print(f"{len(uses) - len({f.split(':')[0] for f in faults})} modules keep to their floor, {len(faults)} includes climb or cross")
sys.exit(1 if faults else 0)
