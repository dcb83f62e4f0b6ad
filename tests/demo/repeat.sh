#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# repeat.sh N: `make demo` on four harts, N times in a row; the first failure ends it.
set -eu

i=0
while [ $i -lt "$1" ]; do
	i=$((i + 1))
	SMP=4 MEM=512M sh tests/tools/demo.sh >"${B:-build}/demo-repeat.log" 2>&1 || {
		cp "${B:-build}/demo.log" "${B:-build}/demo-repeat.console"
		echo "run $i of $1 failed: $(tail -n 1 "${B:-build}/demo-repeat.log")"
		exit 1
	}
done
echo "PASS $1-runs"
