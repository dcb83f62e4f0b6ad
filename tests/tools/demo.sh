#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# demo.sh: boots the guided tour on a fresh disk, shows its console, and judges
# it: each of its checks must pass, the disk must be clean, and what it wrote
# must be there when the build machine looks (tests/demo/verify.sh IMAGE LOG).
set -eu

: "${B=build}" "${SMP=4}" "${MEM=512M}" "${DEMO_SECONDS=300}"
tools=$(dirname "$0")
image=$B/demo.img
log=$B/demo.log
verify=tests/demo/verify.sh

cp --sparse=always "$B/disk.base.img" "$image"
status=0
KERNEL=$B/kernel/Image ARCHIVE=$B/boot.cpio DISK=$image SMP=$SMP MEM=$MEM \
	APPEND=init=/usr/lib/ravelin/demo "$B/host/boot" -v -t "$DEMO_SECONDS" -l "$log" \
	-- sh "$tools/qemu.sh" >"$B/demo.out" || status=1

echo
passed=$(grep -c '^PASS' "$B/demo.out" || true)
failed=$(grep -c '^FAIL' "$B/demo.out" || true)
sed -n 's/^END //p' "$B/demo.out" | grep -vx ok | sed 's/^/demo: /' || true
if PATH=$PATH:/sbin:/usr/sbin e2fsck -fn "$image" >"$B/demo.fsck" 2>&1; then
	echo "demo: e2fsck finds the disk clean"
else
	echo "demo: the disk is not clean:"
	cat "$B/demo.fsck"
	status=1
fi
if [ -e "$verify" ]; then
	sh "$verify" "$image" "$log" || status=1
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] || status=1
echo "demo: $passed checks passed, $failed failed, status $status"
exit $status
