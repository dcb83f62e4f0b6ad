#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh PATTERN LINES BRANCHES LIST...: runs the tests whose names match with
# the kernel and the host programs in $B/coverage that count, adds up what they
# counted, and prints a table and two lines
#
#	bench coverage.lines VALUE percent/100 LINES
#	bench coverage.branches VALUE percent/100 BRANCHES
#
# Fails if a test fails or a figure is below its floor (percent). In
# $B/coverage, uncovered.txt has each line that was never executed, untaken.txt
# each condition of the others that was never true or never false.
set -eu

: "${B=build}"
pattern=$1 lines=$2 branches=$3
shift 3
top=$(cd "$B" && pwd)
out=$top/coverage
dumps=$out/dumps
prefix=riscv64-unknown-elf-
status=0

# All but kernel and host programs is what the ordinary tests use.
for name in native linux root demo host boot.cpio disk.base.img; do
	ln -sfn "$top/$name" "$out/$name"
done
rm -rf "$dumps" "$out/target"
mkdir -p "$dumps" "$out/target"
find "$out/host-tests" -name '*.gcda' -delete
B=$out DUMPS=$dumps sh tests/tools/run-tests.sh "$pattern" "$@" || status=1

# The counters of all boots, one after the other. A boot that was killed left some or none.
sum=
boots=0
for folder in "$dumps"/*; do
	[ -e "$folder/complete" ] || continue
	boots=$((boots + 1))
	[ -n "$sum" ] || {
		sum=$folder
		continue
	}
	"${prefix}gcov-tool" merge "$sum" "$folder" -o "$out/target/$boots" >"$out/merge.log" 2>&1
	[ "$sum" = "$dumps/${sum##*/}" ] || rm -r "$sum"
	sum=$out/target/$boots
done
[ -n "$sum" ] || {
	echo "coverage: no boot left its counters in $dumps" >&2
	exit 1
}
echo "coverage: $boots boots of $(ls "$dumps" | wc -l) left counters"

# notes FOLDER: the compiler's notes (.gcno) of what is still in the tree.
notes() {
	(cd "$1" && find . -name '*.c.gcno') | while read -r note; do
		note=${note#./}
		source=${note%.gcno}
		source=${source#*-obj/}
		[ ! -e "$source" ] || echo "$note"
	done
}

# gcov looks for the notes beside the counters, which lie in one folder; without counters it
# takes all for 0. One object file at a time: of a function in two of them it prints no branches.
: >"$out/gcov.log"
for note in $(notes "$out/kernel"); do
	name=$sum/$(echo "$note" | tr / -)
	ln -sf "$out/kernel/$note" "$name"
	"${prefix}gcov" -b -c -t "$name" 2>>"$out/gcov.log"
done >"$out/target.gcov"
for note in $(notes "$out/host-tests"); do
	gcov -b -c -t "$out/host-tests/$note" 2>>"$out/gcov.log"
done >"$out/host.gcov"

awk -v lines="$lines" -v branches="$branches" -v uncovered="$out/uncovered.txt" \
	-v untaken="$out/untaken.txt" -f tests/coverage/report.awk \
	build=target "$out/target.gcov" build=host "$out/host.gcov" || status=1
echo "coverage: lines in $B/coverage/uncovered.txt, branches in $B/coverage/untaken.txt"
exit $status
