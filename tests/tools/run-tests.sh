#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# run-tests.sh PATTERN LIST...: runs the tests of the lists whose names match
# the pattern (extended regular expression), at most two at a time, and prints
# one line for each, then the totals. Logs stay in build/test-logs.
#
# A list has one line for each boot or host program:
#
#	name  kind  harts  memory  seconds  [option=value ...]  what
#
# kinds:
#	host       a program of HOST_TESTS, on the build machine
#	script     a shell script, on the build machine; exit status 77 means skipped
#	native     boots with the native program `what` as the root task
#	system     boots the whole system by the system file `what`; native
#	           programs named after it are added to the archive
#	linux      boots the whole system with the Linux program `what` (from
#	           usr/lib/ravelin/tests, or a path) as first process; words after
#	           it are its arguments
#	shell      boots to the shell, where the console script `what` types
#	reference, reference-shell  like linux and shell, on a real Linux
#
# harts may be a list (1,2,4): one boot for each. `what` of a host program or
# script may be followed by arguments. Where a column means nothing
# it is "-". Options of the kinds that boot:
#	disk=none     no disk; else each boot has its own copy of the disk image
#	blk=pci       the disk is attached by virtio-pci
#	cpu=MODEL     another processor than the emulator's default
#	machine=LIST  more properties of the emulated machine (name=value,...)
#	times=N       that many boots, called NAME#1 and so on
#	icount=1      instructions are counted: timers fire at the same ones each time
#	append=WORD   one more boot argument (may be repeated)
#	prep=SCRIPT   run with the image before the boot
#	verify=SCRIPT run with the image and the console log after it
#	fsck=no       the image need not be clean afterwards
#
# What a guest prints is described in boot.c. Host programs and scripts may
# print PASS, FAIL and SKIP lines too; each then counts as a test.
set -eu

: "${B=build}" "${JOBS=2}"
export B
pattern=$1
shift
logs=$B/test-logs
tools=$(dirname "$0")

rm -rf "$logs" "$B/test-tmp"
mkdir -p "$logs" "$B/test-tmp"
: >"$logs/plan"

# One line for each run: a list of harts becomes several.
[ $# -eq 0 ] || cat "$@" | awk -v pattern="$pattern" '
	/^[[:space:]]*(#|$)/ { next }
	NF < 6 { print "bad line in a test list: " $0 >"/dev/stderr"; exit 1 }
	{
		n = split($3, harts, ",")
		for (i = 1; i <= n; i++) {
			name = n > 1 ? $1 "@" harts[i] : $1
			if (name !~ pattern)
				continue
			if (seen[name]++) {
				print "two tests are called " name >"/dev/stderr"
				exit 1
			}
			times = 0
			line = $2 " " harts[i]
			for (f = 4; f <= NF; f++) {
				if ($f ~ /^times=[0-9]+$/)
					times = substr($f, 7) + 0
				else
					line = line " " $f
			}
			if (times == 0)
				print name " " line
			for (f = 1; f <= times; f++)
				print name "#" f " " line
		}
	}' >"$logs/plan"

total=$(wc -l <"$logs/plan")
seq 1 "$total" | xargs -r -P "$JOBS" -n 1 sh "$tools/run-one.sh" || true

cat "$logs"/*.result >"$logs/results" 2>/dev/null || : >"$logs/results"
passed=$(grep -c '^PASS' "$logs/results" || true)
failed=$(grep -c '^FAIL' "$logs/results" || true)
skipped=$(grep -c '^SKIP' "$logs/results" || true)
if [ "$failed" -gt 0 ]; then
	echo
	grep '^FAIL' "$logs/results"
	echo "logs: $logs"
fi
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
# Each planned run must have left a result; nothing run is not a success.
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && [ "$(ls "$logs"/*.result | wc -l)" -eq "$total" ]
