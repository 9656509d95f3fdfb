"""What models cost where writes are decided: types with and without one, in turns, and a booking among a million."""
import subprocess
import sys

from instruments import figure, options

goals = {"beside_models_ratio": 0.97, "of_a_model_ratio": 0.85, "booking_p99": 100}


def measure_models():
    bookings = 100_000 if options.quick else 1_000_000
    r = subprocess.run([options.build / "model_bench", options.work / "models", str(bookings)], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        name, value, unit = line.split(None, 2)
        figure(name, float(value), unit, goal=goals.get(name))
    if r.returncode:
        sys.exit("model_bench: " + r.stderr)
