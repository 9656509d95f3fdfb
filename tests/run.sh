# Runs every test and sums up. Sourced by `./dos test`, whose functions and folders it uses.
#   ./dos test [--long] [PART ...]     parts: checks program web contract stories e2e fault fuzz
#   ./dos test stories [ID ...]        the stories of some packages
# A part that fails does not keep the others from running; what each said stands in .dos/test/PART.log.

readonly logs=$state/test
readonly fuzz_build=$build-fuzz
long=0
wanted=()
told=()  # packages whose stories are asked for
for word in "$@"; do
  case $word in
    --long) long=1 ;;
    checks | program | web | contract | stories | e2e | fault | fuzz) wanted+=("$word") ;;
    *)
      [[ " ${wanted[*]-} " == *" stories "* && (-d measures/$word || -d modules/$word) ]] ||
        fail "test does not know $word; it knows --long, checks, program, web, contract, stories, e2e, fault, fuzz; and packages, behind stories"
      told+=("$word")
      ;;
  esac
done
mkdir -p "$logs"
export DOS="$PWD/$build/dos" PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1

# Reads what a part printed: "PASSED FAILED SKIPPED". It understands GoogleTest, Vitest and "N passed, N failed".
count() {
  awk '
    { gsub(/\033\[[0-9;]*m/, "") }
    /\[  PASSED  \] [0-9]+ test/ { match($0, /\] [0-9]+/); passed += substr($0, RSTART + 2, RLENGTH - 2) }
    /\[  FAILED  \] [0-9]+ test/ { match($0, /\] [0-9]+/); failed += substr($0, RSTART + 2, RLENGTH - 2) }
    /\[  SKIPPED \] [0-9]+ test/ { match($0, /\] [0-9]+/); skipped += substr($0, RSTART + 2, RLENGTH - 2) }
    /^ *Tests  .*\([0-9]+\)/ {
      for (i = 2; i <= NF; ++i) {
        if ($i ~ /^passed/) passed += $(i - 1)
        if ($i ~ /^failed/) failed += $(i - 1)
        if ($i ~ /^(skipped|todo)/) skipped += $(i - 1)
      }
    }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3; if ($6 ~ /^skipped/) skipped += $5 }
    END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

passed=0 failed=0 skipped=0
# step NAME COMMAND ...: one line of result, and the end of what it said when it failed. One that does not count by
# itself counts as one test.
step() {
  local name=$1 log=$logs/$1.log began=$SECONDS status=0 p f s
  shift
  ("$@") >"$log" 2>&1 || status=$?
  read -r p f s < <(count "$log")
  ((status == 0 && p + f + s == 0)) && p=1
  ((status != 0 && f == 0)) && f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-22s %5d passed, %d failed%s  (%d s)\n' "$name" "$p" "$f" "$( ((s)) && echo ", $s skipped")" $((SECONDS - began))
  ((f == 0)) || { { grep -A 6 '^ *FAIL' "$log" | head -60; tail -40 "$log"; } | grep -v '^ *$' | sed 's/^/    /'; echo "    … all of it in $log"; }
  ((status == 0))
}
part() { ((${#wanted[@]} == 0)) || [[ " ${wanted[*]} " == *" $1 "* ]]; }

each_test() { ctest --test-dir "$build" -V --timeout 600 "$@"; }
in_web() { current_node && cd web && npm run --silent "$@"; }

# With the demonstration, and an administrator who signs in.
pages() {
  current_node
  python3 - <<'PY'
import os, re, subprocess, sys, time
sys.path.insert(0, "tests")
from server import Server
with Server(["--demo"]) as s:
    said = open(s.log + ".out").read()
    code = re.search(r"code=(\S+)", said)
    environment = {**os.environ, "BASE_URL": s.url, **({"SIGN_IN_CODE": code.group(1)} if code else {})}
    sys.exit(subprocess.run(["npm", "run", "--silent", "e2e"], cwd="web", env=environment).returncode)
PY
}

fuzzers() {
  [[ -f $fuzz_build/build.ninja ]] || cmake -S . -B "$fuzz_build" -G Ninja -DDOS_FUZZ=ON -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
  ninja -C "$fuzz_build" fuzzers
}
# Whoever finds an input that breaks a promise keeps it: .dos/test/NAME-crash-…, to be put into tests/fuzz/corpus/NAME.
fuzz_one() {
  local name=$1 seconds=$2 known=tests/fuzz/corpus/${1%_fuzz} mine=$state/fuzz/$1
  mkdir -p "$mine"
  [[ -d $known ]] || known=
  if "$fuzz_build/$name" -seed="$(date +%Y%m%d)" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$logs/$name-" "$mine" $known >"$logs/$name.log" 2>&1; then
    printf '%s: %s runs\n1 passed, 0 failed\n' "$name" "$(awk '/number_of_executed_units/ { print $2 }' "$logs/$name.log")"
  else
    grep -v '^#' "$logs/$name.log" | tail -30
    printf '%s found something, see %s\n0 passed, 1 failed\n' "$name" "$logs/$name.log"
    return 1
  fi
}
# Two at a time. By default three minutes for all together, an equal share for each; otherwise ten minutes each.
fuzz_all() {
  local names=() seconds wrong=0 running=0 name
  for name in tests/fuzz/*_fuzz.cc; do names+=("$(basename "$name" .cc)"); done
  seconds=$((long ? 600 : 360 / ${#names[@]}))
  for name in "${names[@]}"; do
    fuzz_one "$name" "$seconds" &
    ((++running < 2)) || { wait -n || wrong=1; running=$((running - 1)); }
  done
  while ((running--)); do wait -n || wrong=1; done
  return "$wrong"
}

say "running all tests; what they say goes to $logs/"
began=$SECONDS
if part checks; then
  step floors python3 tests/check_floors.py || true
  step style python3 tests/check_style.py || true
  step register python3 tests/register.py || true
fi
built=0
if part program; then
  if step build program; then
    built=1
    step unit_tests each_test || true
  fi
else
  step build program dos && built=1
fi
if part web || part contract || part e2e; then
  step web_build web || true
fi
if part web; then
  for script in check lint test; do step "web_$script" in_web "$script" || true; done
fi
if ((built)); then
  ! part contract || step contract python3 tests/contract/run.py || true
  ! part stories || step stories python3 tests/stories/run.py "${told[@]}" || true
  ! part e2e || step pages pages || true
  if part fault; then
    step fault_kill env ROUNDS=$((long ? 300 : 20)) python3 tests/fault/kill.py || true
    step fault_replay python3 tests/fault/replay.py || true
    step fault_mqtt env ROUNDS=$((long ? 100 : 8)) python3 tests/fault/mqtt.py || true
    step fault_full_disk python3 tests/fault/full_disk.py || true
    step fault_bad_input python3 tests/fault/bad_input.py || true
    step fault_medium python3 tests/fault/medium.py || true
    step fault_governed env ROUNDS=$((long ? 60 : 6)) python3 tests/fault/governed.py || true
    step fault_packages env ROUNDS=$((long ? 60 : 6)) python3 tests/fault/packages.py || true
    step fault_greedy python3 tests/fault/greedy.py || true
    step fault_order env HISTORIES="${HISTORIES:-$((long ? 10000 : 300))}" python3 tests/fault/linearizable.py || true
  fi
fi
if part fuzz && step fuzz_build fuzzers; then
  step fuzz fuzz_all || true
fi
say "$(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"
echo "$passed passed, $failed failed$( ((skipped)) && echo ", $skipped skipped")"
exit $((failed ? 1 : 0))
