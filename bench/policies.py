"""What grants cost: queries under a policy beside the same without one, and compiling them."""
import subprocess
import sys

from instruments import figure, options

goals = {"ten_grants_rows_by_hand": 1.2, "ten_grants_many_rows_by_hand": 1.2, "everything_open_by_none": 1.02, "compile_2000_grants": 50}


def measure_policies():
    r = subprocess.run([options.build / "policy_bench"], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        name, value, unit = line.split(None, 2)
        figure(name, float(value), unit, goal=goals.get(name))
    if r.returncode:
        sys.exit("policy_bench: " + r.stderr)
