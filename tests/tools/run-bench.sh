#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run-bench.sh LIST...: runs the benchmarks whose names match BENCH (extended
# regular expression) and prints their lines
#
#	bench NAME VALUE UNIT N
#
# The emulator counts instructions (one is one nanosecond of its time), so the
# figures repeat exactly. Lists are as for run-tests.sh; the guest gets the
# pattern as boot argument bench= so that it can leave others out.
set -eu

: "${B=build}" "${BENCH=.}"
tools=$(dirname "$0")

[ $# -gt 0 ] || {
	echo "bench: there are no benchmarks (no list.bench)" >&2
	exit 1
}
export ICOUNT=1 BENCH_PATTERN="$BENCH"
JOBS=2 B=$B sh "$tools/run-tests.sh" . "$@" >"$B/bench.out" || {
	cat "$B/bench.out" >&2
	exit 1
}
cat "$B"/test-logs/*.bench 2>/dev/null | awk -v pattern="$BENCH" '$2 ~ pattern' | sort -k 2
