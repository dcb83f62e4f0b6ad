#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mkarchive.sh OUT NAME=FILE...: makes a boot archive (cpio "newc") with the
# files in the order given. The kernel starts the first one, so that must be
# the root task. The same files give the same archive: fixed times, owners and
# inode numbers.
set -eu

out=$1
shift
stage=$out.dir
rm -rf "$stage"
mkdir -p "$stage"
for entry in "$@"; do
	cp "${entry#*=}" "$stage/${entry%%=*}"
done
chmod 755 "$stage"/*
touch -d @0 "$stage"/*
for entry in "$@"; do
	echo "${entry%%=*}"
done | (cd "$stage" && cpio --quiet -o -H newc --reproducible -R 0:0) >"$out.new"
mv "$out.new" "$out"
rm -rf "$stage"
