# Builds what the benchmark needs and runs it. Sourced by `./dos bench`, whose functions and folders it uses.
say "building the programs to measure with"
program dos benches
say "measuring; this takes $([[ " $* " == *" --quick "* ]] && echo "some minutes" || echo "about three quarters of an hour")"
exec python3 bench/bench.py "$PWD/$build" "$PWD/$state/bench" "$@"
