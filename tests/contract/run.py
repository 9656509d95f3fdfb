#!/usr/bin/env python3
"""Runs the tests below tests/contract, each file against a server of its own. `run.py [FILE ...]`

A test is a program of its own: it reads BASE_URL, prints what failed and at the end "N passed, N failed". Comment lines
at its beginning may say how its server is started:
    # serve: --anonymous viewer --demo      instead of --anonymous admin
    # config: allow_private_addresses: true a line of the configuration file"""
import os
import pathlib
import re
import subprocess
import sys
import textwrap

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from server import Server  # noqa: E402


def run(file):
    text = file.read_text()
    options = re.search(r"^# serve: *(.*)$", text, re.M)
    config = "".join(line + "\n" for line in re.findall(r"^# config: ?(.*)$", text, re.M))
    with Server(options.group(1).split() if options else ("--anonymous", "admin"), config) as s:
        environment = {**os.environ, "BASE_URL": s.url, "DATA_DIR": s.data, "PYTHONPATH": str(here.parent)}
        try:
            r = subprocess.run([sys.executable, str(file)], env=environment, capture_output=True, text=True, timeout=600)
            said, failed = r.stdout + r.stderr, r.returncode != 0
        except subprocess.TimeoutExpired as e:
            said, failed = (e.stdout or b"").decode() + "did not end within 10 minutes\n", True
        alive = s.alive()
        log = s.tail()
    counts = re.findall(r"^(\d+) passed, (\d+) failed", said, re.M)
    passed = sum(int(p) for p, _ in counts)
    wrong = sum(int(f) for _, f in counts)
    if (failed or not counts or not alive) and not wrong:
        wrong = 1
    if wrong:
        print(f"{file.relative_to(here)}:\n" + textwrap.indent(said + ("" if alive else f"the server has ended: {log}"), "  "), flush=True)
    return passed, wrong


files = [pathlib.Path(a).resolve() for a in sys.argv[1:]]
files = files or sorted(f for f in here.rglob("*.py") if f != pathlib.Path(__file__).resolve() and not f.name.startswith("_"))
results = [run(f) for f in files]
print(f"{sum(p for p, _ in results)} passed, {sum(f for _, f in results)} failed")
sys.exit(any(f for _, f in results))
