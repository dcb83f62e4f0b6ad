#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Read by the scripts that break the kernel in known ways, one at a time
# (tests/*/mutants.sh [PATTERN]): a mutant is a name, a file and a sed script
# that must change the file. Sets $tmp, a folder that goes at the end, and
# $status, their exit status.

# shellcheck disable=SC2034 # read by who reads this
status=0
pattern=${1:-.}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

selected() { echo "$1" | grep -qE -- "$pattern"; }

# broken_tree NAME FILE SCRIPT FOLDER: makes $tmp/tree, the kernel's sources and
# a folder of tests with FILE changed by SCRIPT. False, after a FAIL line, if
# the script changes nothing.
broken_tree() {
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/tests"
	cp -r vm kernel sbi "$tmp/tree/"
	cp -r "$4" "$tmp/tree/tests/"
	sed -i -E "$3" "$tmp/tree/$2"
	cmp -s "$2" "$tmp/tree/$2" || return 0
	echo "FAIL $1: the sed script changes nothing"
	status=1
	return 1
}
