#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target for a bounded time: run-fuzz.sh [SECONDS-PER-TARGET] [TARGET...]
# Builds with clang, libFuzzer and both sanitizers into build-fuzz. New inputs stay in build-fuzz/corpus; a finding is left
# in build-fuzz/findings and belongs into tests/fuzz/corpus/TARGET together with its fix. Exit status 1 on a finding.
set -euo pipefail
seconds=${1:-30}
[ $# -eq 0 ] || shift
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$top/build-fuzz
clang=$(command -v "${CC:-clang}" || command -v clang-14) || { echo "run-fuzz.sh: needs clang (package clang)" >&2; exit 2; }

[ -f "$build/build.ninja" ] || CC=$clang meson setup "$build" "$top" -Dfuzz=true -Dweb=false \
  -Db_sanitize=address,undefined -Db_lundef=false >&2
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS="suppressions=$top/tests/lsan.supp:print_suppressions=0"

if [ $# -eq 0 ]; then
  set -- $(cd "$top/tests/fuzz" && ls fuzz-*.c | sed 's/^fuzz-//; s/\.c$//' | grep -vx main)
fi
ninja -C "$build" "${@/#/tests/fuzz/fuzz-}" >&2

status=0
for name in "$@"; do
  mkdir -p "$build/corpus/$name" "$build/findings"
  log=$build/findings/$name.log
  if "$build/tests/fuzz/fuzz-$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
      -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" "$top/tests/fuzz/corpus/$name" >"$log" 2>&1; then
    echo "$name: $(grep -Eo 'Done [0-9]+ runs' "$log" | tail -1)"
    rm -f "$log"
  else
    echo "$name: finding, see $log"
    status=1
  fi
done
exit $status
