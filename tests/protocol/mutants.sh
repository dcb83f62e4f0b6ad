#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mutants.sh [PATTERN]: leaves out one fence or step of a model at a time and
# requires that Spin finds an error. Prints PASS or FAIL for each. Exit status
# 77: Spin is not there.
set -eu

here=$(dirname "$0")
work=${B:-build}/protocol-mutants
pattern=${1:-.}
status=0

if ! spin -V >/dev/null 2>&1; then
	echo "spin is not there: sh tests/tools/setup.sh --protocol installs it, if it can"
	exit 77
fi

# mutant CHECK SETTING...: each alone must be found by that check.
mutant() {
	check=$1
	shift
	for setting in "$@"; do
		name=$check-$(echo "$setting" | tr A-Z_= a-z--)
		echo "$name" | grep -qE -- "$pattern" || continue
		result=0
		found=$(sh "$here/check.sh" "$work" "$check" "$setting") || result=$?
		case $result in
		1) echo "PASS $name ($found)" ;;
		0) echo "FAIL $name: nobody noticed" && status=1 ;;
		*) echo "FAIL $name: $found" && status=1 ;;
		esac
	done
}

mutant lock NO_L1 NO_L2 NO_ENTER_ACQUIRE NO_LEAVE_RELEASE NO_FLAG_ACQUIRE NO_UNLOCK_RELEASE
mutant fences NO_F2 NO_F3 NO_F4 NO_F5 NO_A2 NO_A4 NO_RELEASE REMOVERS=2
mutant shootdown NO_F3 NO_F5 NO_SELF NO_WAIT NO_WHOLE NO_LATENESS NO_CLEAR_LIMIT \
	NO_A1 NO_LIVE NO_A3 NO_LIVE_AFTERWARDS NO_QUICK_STALE \
	NO_L2 NO_GIVING_UP NO_EVICTION NO_LEAVING NO_SERVING
mutant shootdown-ends NO_IPI NO_SERVING NO_GIVING_UP
mutant asid ASIDS=2 NO_OWED NO_RESERVED NO_KEEP NO_RENEW_STALE NO_LIVE NO_FENCE_ALL FENCE_ONE \
	NO_FENCE_STALE NO_QUICK_GENERATION NO_QUICK_STALE NO_FORGET FENCE_LATE
exit $status
