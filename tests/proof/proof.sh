#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# proof.sh [PATTERN]: proves the lines of prove.sh's table whose names match.
# Prints PASS or FAIL for each. Without PROOF_LONG=1 those that take minutes
# each are left out. Exit status 77: the tools are not there.
set -eu

pattern=${1:-.}
here=$(dirname "$0")
work=${B:-build}/proof

if ! "${PROOF_TOOLS:-.cache/proof}/cbmc" --version >/dev/null 2>&1; then
	echo "cbmc is not there: sh tests/tools/setup.sh --proof fetches it, if it can"
	exit 77
fi
sh "$here/prove.sh" --list | grep -E -- "$pattern" |
	if [ "${PROOF_LONG:-}" = 1 ]; then cat; else grep -v -- '-long$'; fi |
	xargs -P "${PROOF_JOBS:-2}" -I NAME sh -c '
		start=$(date +%s)
		status=0
		found=$(sh "$1" "$2" NAME) || status=$?
		took=$(($(date +%s) - start))
		case $status in
		0) echo "PASS NAME ($took s)" ;;
		1) echo "FAIL NAME refuted ($took s): $(echo "$found" | head -n 3 | tr "\n" ";")" ;;
		*) echo "FAIL NAME $found" ;;
		esac' sh "$here/prove.sh" "$work"
