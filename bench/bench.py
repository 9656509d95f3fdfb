#!/usr/bin/env python3
"""Measures, each figure against a reference in the same run; docs/performance.md says what the figures mean.
bench.py BUILD_DIR WORK_DIR [--json FILE] [--quick] [--only PART]
Parts: updates, subscriptions, batch, query, temporal, federation, memory, history, sensorthings, models, policies, attacks"""
import json
import pathlib
import shutil

from attacks import measure_attacks
from federation import measure_federation
from instruments import Server, caught_up, entities, figure, figures, fill, memory_kb, options
from memory import measure_memory, measure_start
from models import measure_models
from policies import measure_policies
from queries import measure_radius, measure_values
from sensorthings import measure_sensorthings
from subscriptions import measure_subscriptions
from temporal import measure_aggregates, measure_history
from updates import measure_batch, measure_updates


def run():
    wanted = lambda part: options.only in ("", part)  # noqa: E731
    if any(wanted(p) for p in ("updates", "subscriptions", "batch", "query", "memory")):
        with Server(("--anonymous", "admin"), "allow_private_addresses: true\n", data=str(options.work / "data")) as s:
            empty = memory_kb(s)
            fill(s, 0, entities)
            caught_up(s)
            figure("memory of an entity (5 attributes)", (memory_kb(s) - empty) * 1024 / entities, "B")
            if wanted("query"):
                measure_radius(s)
            if wanted("updates") or wanted("subscriptions"):
                stored = measure_updates(s)
                if wanted("subscriptions"):
                    measure_subscriptions(s, stored)
            if wanted("batch"):
                measure_batch(s)
            if wanted("memory"):
                measure_start(s, "100,000 entities and what was measured before")
                measure_memory(s)
    if wanted("query"):
        measure_values()
    if wanted("temporal"):
        measure_aggregates()
    if wanted("federation"):
        measure_federation()
    if wanted("sensorthings"):
        with Server(("--anonymous", "admin"), "temporal_page_max: 10000\n", data=str(options.work / "observed")) as s:
            measure_sensorthings(s)
    if wanted("attacks"):
        with Server(("--anonymous", "admin"), data=str(options.work / "attacked")) as s:
            measure_attacks(s)
    if wanted("models"):
        measure_models()
    if wanted("policies"):
        measure_policies()
    if wanted("history"):
        measure_history()


shutil.rmtree(options.work, ignore_errors=True)
options.work.mkdir(parents=True)
try:
    run()
finally:
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    shutil.rmtree(options.work, ignore_errors=True)
