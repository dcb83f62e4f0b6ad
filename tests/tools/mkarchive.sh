#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mkarchive.sh OUT NAME=FILE...: makes a boot archive (cpio "newc") with the
# files in the order given. The kernel starts the first one, so that must be
# the root task. The same files give the same archive: fixed times, owners and
# inode numbers.
#
# Before each other file goes one named pad/N of such a size that the file's
# data begin on a page boundary: the root task then maps a program's text
# straight from the archive.
set -eu

page=4096
out=$1
shift
stage=$out.dir
rm -rf "$stage"
mkdir -p "$stage/pad"

# record NAME SIZE: go behind a record in the archive. A header has 110 bytes;
# header with name, and data, are each padded to 4.
offset=0
record() {
	offset=$(((offset + 110 + ${#1} + 1 + 3) / 4 * 4))
	offset=$(((offset + $2 + 3) / 4 * 4))
}

n=0
for entry in "$@"; do
	name=${entry%%=*}
	cp "${entry#*=}" "$stage/$name"
	if [ "$n" -gt 0 ]; then
		before=$offset
		record "pad/$n" 0
		record "$name" 0
		size=$(((page - offset % page) % page))
		offset=$before
		record "pad/$n" "$size"
		head -c "$size" /dev/zero >"$stage/pad/$n"
		echo "pad/$n"
	fi
	record "$name" "$(wc -c <"$stage/$name")"
	echo "$name"
	n=$((n + 1))
done >"$stage.list"
find "$stage" -type f -exec chmod 755 {} + -exec touch -d @0 {} +
(cd "$stage" && cpio --quiet -o -H newc --reproducible -R 0:0) <"$stage.list" >"$out.new"
mv "$out.new" "$out"
rm -rf "$stage" "$stage.list"
