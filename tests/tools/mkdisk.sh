#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mkdisk.sh OUT SIZE ROOTDIR...: makes an ext4 image with what is in the
# folders, without mounting it. Blocks are pages (small images would get 1 KiB
# blocks), and identifiers are fixed so that runs compare.
set -eu

out=$1
size=$2
shift 2
uuid=5e8a1f00-7261-4e76-a65c-000000000001

root=$1
if [ $# -gt 1 ]; then
	root=$out.root
	rm -rf "$root"
	mkdir -p "$root"
	for dir in "$@"; do
		cp -a "$dir/." "$root/"
	done
fi
rm -f "$out.new"
truncate -s "$size" "$out.new"
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 -b 4096 -L ravelin -U "$uuid" \
	-E "root_owner=0:0,hash_seed=$uuid,lazy_itable_init=0,lazy_journal_init=0" \
	-d "$root" "$out.new"
mv "$out.new" "$out"
