#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# protocol.sh [PATTERN]: runs the lines of check.sh's table whose names match.
# Prints PASS or FAIL for each. Those that end in -long are left out unless the
# pattern says -long. Exit status 77: Spin is not there.
#
# A check fails if Spin finds a stale use, a deadlock or a holder of the lock that
# never lets go; so with any step of a model left out (mutants.sh).
set -eu

pattern=${1:-.}
here=$(dirname "$0")
work=${B:-build}/protocol
status=0

if ! spin -V >/dev/null 2>&1; then
	echo "spin is not there: sh tests/tools/setup.sh --protocol installs it, if it can"
	exit 77
fi
names=$(sh "$here/check.sh" --list | grep -E -- "$pattern" |
	case $pattern in *-long*) cat ;; *) grep -v -- '-long$' ;; esac)
for name in $names; do
	start=$(date +%s)
	result=0
	found=$(sh "$here/check.sh" "$work" "$name") || result=$?
	took=$(($(date +%s) - start))
	if [ "$result" = 0 ]; then
		echo "PASS $name ($took s, $found)"
	else
		echo "FAIL $name ($took s): $found"
		status=1
	fi
done
exit $status
