#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# build-host-ext2fs.sh OUT: builds libext2fs for this machine, with the address
# sanitizer, from the same source as the target's; OUT/libext2fs.a, OUT/include.
set -eu

out=$PWD/$1
src=$PWD/.cache/src/e2fsprogs
work=$out/obj
log=$out/build.log

mkdir -p "$out"
exec 9>"$out/lock"
flock 9
[ ! "$out/libext2fs.a" -nt "$0" ] || exit 0

echo "  HOSTLIB ${1}/libext2fs.a (takes half a minute)"
rm -rf "$work" "$out/include"
mkdir -p "$work" "$out/include/ext2fs" "$out/include/et"
: >"$log"

run() {
	"$@" >>"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		echo "building libext2fs for the host failed; full log: $log" >&2
		exit 1
	}
}

cd "$work"
run env CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address" LDFLAGS=-fsanitize=address \
	ASAN_OPTIONS=detect_leaks=0 \
	"$src/configure" --disable-nls --disable-uuidd --disable-elf-shlibs --disable-defrag \
	--disable-resizer --disable-debugfs --disable-imager --disable-e2initrd-helper \
	--disable-tls --disable-fuse2fs --disable-mmp --disable-tdb --disable-bmap-stats \
	--disable-backtrace --disable-fsck --without-crond-dir --without-udev-rules-dir \
	--without-systemd-unit-dir --disable-rpath --without-pthread
export ASAN_OPTIONS=detect_leaks=0
run make -s -C util subst
run make -s -C lib/et compile_et
run make -s -C lib/et libcom_err.a
run make -s -C lib/ext2fs libext2fs.a
cp "$src"/lib/ext2fs/*.h lib/ext2fs/*.h "$out/include/ext2fs/"
cp "$src/lib/et/com_err.h" "$out/include/et/"
cp "$src/lib/et/com_err.h" "$out/include/"
cp lib/ext2fs/libext2fs.a "$out/libext2fs.a.new"
mv "$out/libext2fs.a.new" "$out/libext2fs.a"
