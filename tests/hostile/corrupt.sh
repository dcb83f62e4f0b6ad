#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots with damaged images, and with none. In the image is a tree /victim; one
# run flips bits (the same for the same seed) in the blocks that one kind of
# structure occupies, and the first process works on the tree (tree.sh). It
# must come to its end and power off; or, where the file system cannot be used
# at all, the system must say so. Never a panic, never a standstill.
set -eu

: "${B=build}"
tools=tests/tools
tmp=$B/corrupt
PATH=$PATH:/sbin:/usr/sbin
passed=0
failed=0

rm -rf "$tmp"
mkdir -p "$tmp/root/victim"
trap 'rm -rf "$tmp"' EXIT

# A small copy of what is needed, so that flips hit something.
for program in bin/busybox; do
	mkdir -p "$tmp/root/$(dirname $program)"
	cp "$B/root/$program" "$tmp/root/$program"
done
for applet in sh ls find md5sum du mkdir cp mv ln rm df sync cat poweroff; do
	ln -sf busybox "$tmp/root/bin/$applet"
done
mkdir -p "$tmp/root/dev" "$tmp/root/proc" "$tmp/root/root" "$tmp/root/tmp" "$tmp/root/sbin"
cp tests/hostile/tree.sh "$tmp/root/sbin/tree"
chmod 755 "$tmp/root/sbin/tree"
for d in 1 2 3 4; do
	mkdir -p "$tmp/root/victim/d$d/deeper"
	for f in 1 2 3 4 5 6 7 8; do
		head -c $((d * f * 3000)) "$tmp/root/bin/busybox" >"$tmp/root/victim/d$d/f$f"
		ln -s "f$f" "$tmp/root/victim/d$d/link$f"
	done
	i=0
	while [ $i -lt 120 ]; do
		: >"$tmp/root/victim/d$d/deeper/a-rather-long-name-for-an-empty-file-$i"
		i=$((i + 1))
	done
done
sh $tools/mkdisk.sh "$tmp/base.img" 24M "$tmp/root"
# The same without checksums: there damage is not found before it is used.
cp "$tmp/base.img" "$tmp/plain.img"
tune2fs -O ^metadata_csum "$tmp/plain.img" >"$tmp/tune2fs.log" 2>&1

# flip IMAGE SEED COUNT FIRST LENGTH...: flips COUNT bits in ranges of bytes.
flip() {
	image=$1 seed=$2 count=$3
	shift 3
	awk -v seed="$seed" -v count="$count" -v ranges="$*" 'BEGIN {
		srand(seed)
		n = split(ranges, r, " ") / 2
		while (count-- > 0) {
			i = int(rand() * n)
			print r[2 * i + 1] + int(rand() * r[2 * i + 2]), 2 ^ int(rand() * 8)
		}
	}' | while read -r at bit; do
		byte=$(od -An -tu1 -j "$at" -N 1 "$image")
		byte=$(((byte / bit % 2) ? byte - bit : byte + bit))
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf %03o "$byte")" |
			dd of="$image" bs=1 seek="$at" conv=notrunc status=none
	done
}

# The 256 bytes of the inodes of these files.
inode_ranges() {
	for file in "$@"; do
		debugfs -R "imap $file" "$tmp/base.img" 2>/dev/null |
			sed -n 's/.*located at block \([0-9]*\), offset \(0x[0-9a-f]*\).*/\1 \2/p' |
			while read -r block offset; do
				echo "$((block * 4096 + offset)) 256"
			done
	done
}

block_ranges() {
	for file in "$@"; do
		for block in $(debugfs -R "blocks $file" "$tmp/base.img" 2>/dev/null); do
			echo "$((block * 4096)) 4096"
		done
	done
}

# Group descriptors and bitmaps of the first group.
bitmap_ranges() {
	dumpe2fs "$tmp/base.img" 2>/dev/null |
		sed -n 's/.*itmap at \([0-9]*\).*/\1/p' | while read -r block; do
		echo "$((block * 4096)) 4096"
	done
}

report() {
	if [ "$1" = PASS ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	echo "$@"
}

# boot NAME IMAGE: PASS if it came to the end, or said why it cannot.
boot() {
	log=$tmp/$1.log
	status=0
	DISK=$2 KERNEL=$B/kernel/Image ARCHIVE=$B/boot.cpio SMP=2 MEM=128M \
		APPEND='init=/sbin/tree' timeout -s KILL 40 sh $tools/qemu.sh \
		</dev/null >"$log" 2>&1 || status=$?
	tr -d '\r\0' <"$log" >"$log.text"
	if grep -q PANIC "$log.text"; then
		report FAIL "$1" "$(grep -m 1 PANIC "$log.text")"
	elif grep -q '^DONE' "$log.text" && [ $status = 0 ]; then
		report PASS "$1"
	elif grep -qE "$refusal" "$log.text" && [ $status = 0 ]; then
		report PASS "$1-refused"
	else
		report FAIL "$1" "status $status, last: $(tail -n 1 "$log.text" | cut -c 1-100)"
		cp "$2" "$B/corrupt-$1.img" 2>/dev/null || true
	fi
}

# What the servers say when there is no file system to start from.
refusal='process: no root file system'

# run NAME BASE SEED COUNT RANGE...
run() {
	name=$1 base=$2 seed=$3 count=$4
	shift 4
	cp "$tmp/$base.img" "$tmp/$name.img"
	# shellcheck disable=SC2068 # a list of numbers
	flip "$tmp/$name.img" "$seed" "$count" $@
	boot "$name" "$tmp/$name.img"
	rm -f "$tmp/$name.img"
}

files=$(for d in 1 2 3 4; do echo "/victim/d$d" "/victim/d$d/deeper" "/victim/d$d/f1" "/victim/d$d/f8"; done)
directories=$(for d in 1 2 3 4; do echo "/victim/d$d" "/victim/d$d/deeper"; done)
# shellcheck disable=SC2086 # lists of names
{
	inodes=$(inode_ranges $files)
	blocks=$(block_ranges $directories /victim)
}

run undamaged base 1 0 0 1
run undamaged-plain plain 1 0 0 1
run superblock-base base 1 4 1024 1024
run inodes-base base 1 60 "$inodes"
run directories-base base 1 100 "$blocks"
for seed in 1 2 3 4; do
	run "superblock-$seed" plain "$seed" $((seed * 2)) 1024 256
	run "inodes-$seed" plain "$seed" $((seed * 20)) "$inodes"
	run "directories-$seed" plain "$seed" $((seed * 50)) "$blocks"
done
run bitmaps plain 1 200 "$(bitmap_ranges)"
run descriptors plain 1 4 4096 64
cp "$tmp/base.img" "$tmp/cut.img"
truncate -s 12M "$tmp/cut.img"
boot half "$tmp/cut.img"
head -c 1048576 /dev/zero >"$tmp/zero.img"
boot zeros "$tmp/zero.img"
boot no-disk ''

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
