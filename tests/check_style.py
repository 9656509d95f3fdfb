#!/usr/bin/env python3
"""Words and shapes that the code does without; each names what to do instead."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
banned = {
    r"\b(TODO|FIXME|HACK)\b": "do it now, or write it down where work is planned",
    r"catch \(\.\.\.\) *\{ *\}": "never swallow: say what is expected to fail",
    r"using namespace std;": "name what you use",
    r"std::regex\b": "kernel/graph/pattern.h",
    r"\bstd::(stoi|stod|atoi|atof)\b": "text::to_int, text::to_double",
    r"std::cout|std::cerr": "base/log.h, or printf in commands",
}
lines_max = 600
faults = []
files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "src", "bench", "tests"], cwd=root, capture_output=True, text=True).stdout.split()
for name in files:
    if not name.endswith((".cc", ".h")):
        continue
    file = root / name
    if not file.exists():
        continue
    text = file.read_text()
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, instead in banned.items():
            if re.search(pattern, line) and not (name.endswith("_test.cc") and "stoi" in pattern):
                faults.append(f"{name}:{number}: {line.strip()[:60]} - {instead}")
        if len(line) > 160:
            faults.append(f"{name}:{number}: longer than 160 characters")
    if name.startswith("src") and len(lines) > lines_max:
        faults.append(f"{name}: {len(lines)} lines; has it one reason to exist?")
    if name.endswith(".h") and "#pragma once" not in text:
        faults.append(f"{name}: without #pragma once")
for f in faults:
    print(f)
sys.exit(1 if faults else 0)
