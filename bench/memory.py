"""Memory of entities, and how long a start takes."""
import time

from instruments import caught_up, entities, figure, fill, memory_kb, options

million = 200_000 if options.quick else 1_000_000


def measure_start(s, name):
    s.kill()
    began = time.monotonic()
    s.start(600)
    assert s.call("GET", "/healthz").status == 200
    figure(f"start after a kill, {name}", time.monotonic() - began, "s")


def measure_memory(s):
    before = memory_kb(s)
    began = time.monotonic()
    fill(s, entities, million)
    figure("entities created (1,000 a request)", (million - entities) / (time.monotonic() - began + caught_up(s)), "entities/s")
    figure(f"memory at {million:,} entities", memory_kb(s) / 1024, "MB")
    figure("memory of an entity more (5 attributes)", (memory_kb(s) - before) * 1024 / (million - entities), "B")
    measure_start(s, f"{million:,} entities")
