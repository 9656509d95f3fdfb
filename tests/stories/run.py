#!/usr/bin/env python3
"""Runs the stories of packages: `run.py [ID …]`. Each feature file is one run of behave; two run at a time. docs/stories.md"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
at_once = 2


def stories(ids):
    found = sorted(f for kind in ("measures", "modules") for f in root.glob(f"{kind}/*/stories/*.feature"))
    unknown = [i for i in ids if not (root / "measures" / i).is_dir() and not (root / "modules" / i).is_dir() and not pathlib.Path(i).is_file()]
    if unknown:
        sys.exit(f"there is no package {', '.join(unknown)}")
    chosen = [f for f in found if not ids or f.parent.parent.name in ids]
    return chosen + [pathlib.Path(i).resolve() for i in ids if pathlib.Path(i).is_file()]


def named(path):
    return path.relative_to(root) if path.is_relative_to(root) else path


def wrong_step(scenario):
    for s in scenario.get("steps", []):
        status = s.get("result", {}).get("status", "skipped")
        if status in ("failed", "undefined"):
            said = s.get("result", {}).get("error_message", [])
            said = "\n".join(said) if isinstance(said, list) else said
            if status == "undefined" or not s.get("result"):
                said = "this step is not known; docs/stories.md has those that are"
            return s, re.sub(r"(?s)^.*?(?:Assertion Failed|AssertionError): ", "", said)
    return None, "the scenario could not be run"


def run(file):
    with tempfile.TemporaryDirectory(prefix="dos-story-") as folder:
        place = pathlib.Path(folder)
        for name in ("environment.py", "steps"):
            (place / name).symlink_to(here / name)
        (place / file.name).symlink_to(file)
        report = place / "report.json"
        environment = {**os.environ, "PYTHONPATH": str(here), "STORY_FOLDER": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        r = subprocess.run([shutil.which("behave") or "behave", "--no-color", "-f", "json", "-o", str(report), "--no-summary", file.name],
                           cwd=place, env=environment, capture_output=True, text=True, timeout=900)
        try:
            features = json.loads(report.read_text() or "[]")
        except (OSError, ValueError):
            features = []
        passed, lines = 0, []
        for feature in features:
            for scenario in feature.get("elements", []):
                if scenario.get("type") == "background":
                    continue
                if scenario.get("status") == "passed":
                    passed += 1
                elif scenario.get("status") != "skipped":
                    s, said = wrong_step(scenario)
                    line = (s or scenario)["location"].rpartition(":")[2]
                    lines.append(f"{named(file)}:{line}: {scenario['name']}\n    {s['keyword'] + ' ' + s['name'] if s else ''}\n    {said.strip()[:1500]}")
        if not passed and not lines:
            lines.append(f"{named(file)}: no scenario was run\n{r.stdout[-2000:]}{r.stderr[-2000:]}")
        return file, passed, lines


chosen = stories(sys.argv[1:])
total = wrong = 0
with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
    for file, passed, lines in pool.map(run, chosen):
        total += passed
        wrong += len(lines)
        print(f"{named(file)}: {passed} passed, {len(lines)} failed" if lines else f"{named(file)}: {passed} passed", flush=True)
        for line in lines:
            print("  " + line.replace("\n", "\n  "), flush=True)
print(f"{total} passed, {wrong} failed")
sys.exit(1 if wrong else 0)
