#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# verify.sh IMAGE LOG: compares what applets.sh left on the disk, byte for
# byte, with tests/script/expected. That file is what the same script and the
# same busybox leave on a real Linux. To record it anew:
#
#	make test-long TESTS=reference-applets; cp build/applets.out tests/script/expected
set -eu

image=$1
out=${B:-build}/applets.out
PATH=$PATH:/sbin:/usr/sbin

rm -f "$out"
debugfs -R "dump /root/applets.out $out" "$image" 2>/dev/null
[ -s "$out" ] || {
	echo "the script left no output"
	exit 1
}
if ! cmp -s "$out" tests/script/expected; then
	diff tests/script/expected "$out" || true
	echo "output differs from tests/script/expected ($(diff tests/script/expected "$out" | grep -c '^[<>]') lines, see $out)"
	exit 1
fi
