#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# verify-persist.sh IMAGE LOG: is the tree of persist.sh on the disk? Contents
# by checksum, and for each file its mode, owner and type.
set -eu

image=$1
tmp=$image.persist
PATH=$PATH:/sbin:/usr/sbin

trap 'rm -rf "$tmp"' EXIT
rm -rf "$tmp"
mkdir "$tmp"
debugfs -R "rdump /root $tmp" "$image" >"$tmp/log" 2>&1
tail -n 1 "$tmp/root/persist.log" | grep -qx complete || {
	cat "$tmp/root/persist.log"
	echo "the script did not come to its end"
	exit 1
}
cd "$tmp/root/persist"
[ "$(wc -l <../persist.sums)" -gt 700 ]
md5sum --quiet -c ../persist.sums
find . | LC_ALL=C sort | while read -r name; do
	stat -c '%a %u %g %F %n' "$name"
done >../modes
cmp ../modes ../persist.modes || {
	diff ../modes ../persist.modes | head -n 20
	echo "modes or names differ"
	exit 1
}
[ large -ef hard ] || [ "$(md5sum <large)" = "$(md5sum <hard)" ]
[ "$(readlink soft)" = ../persist/large ]
[ "$(stat -c %Y tree5/file6)" = "$(date -u -d '2001-02-03 04:05:06' +%s)" ]
