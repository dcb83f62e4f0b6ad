#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# build-e2fsprogs.sh LIBDIR "ARCH FLAGS"
#
# Configures e2fsprogs (from the source that setup fetched) for bare metal with
# picolibc and builds LIBDIR/libext2fs.a and LIBDIR/libcom_err.a, with their
# headers in LIBDIR/include. Left out of libext2fs: finddev.c, which
# searches /dev. unix_io.c compiles but is of no use there: the file server
# brings its own io_manager.
set -eu

lib=$PWD/$1
arch=$2
src=$PWD/.cache/src/e2fsprogs
work=$lib/obj/e2fsprogs
log=$work.log
cross=riscv64-unknown-elf-

mkdir -p "$lib/include" "$lib/obj"
exec 9>"$lib/e2fsprogs.lock"
flock 9

run() {
	"$@" >>"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		echo "building e2fsprogs failed; full log: $log" >&2
		exit 1
	}
}

echo "  LIB     ${1}/libext2fs.a ${1}/libcom_err.a (takes half a minute)"
rm -rf "$work"
mkdir -p "$work"
: >"$log"
cd "$work"

# configure links small programs, with picolibc's own start-up code and linker
# script; that tells it which functions there are.
# picolibc has a dirent.h that only says #error; mkjournal.c includes it in vain.
mkdir stub
: >stub/dirent.h
run env CC="${cross}gcc" AR="${cross}ar" RANLIB="${cross}ranlib" BUILD_CC=gcc \
	CFLAGS="--specs=picolibc.specs -I$work/stub $arch -O2 -g -ffunction-sections -fdata-sections -fno-common" \
	"$src/configure" --host=riscv64-unknown-elf --build="$(gcc -dumpmachine)" \
	--disable-nls --disable-uuidd --disable-elf-shlibs \
	--disable-defrag --disable-resizer --disable-debugfs --disable-imager --disable-e2initrd-helper \
	--disable-tls --disable-fuse2fs --disable-mmp --disable-tdb --disable-bmap-stats \
	--disable-backtrace --disable-fsck --without-crond-dir --without-udev-rules-dir \
	--without-systemd-unit-dir --disable-rpath

# Its make files are not made for a make that is itself one of two jobs.
unset MAKEFLAGS MFLAGS MAKELEVEL
run make -s -C util subst
run make -s -C lib/et compile_et
run make -s -C lib/et libcom_err.a
# Before the rest, which includes it without saying so.
run make -s -C lib/ext2fs ext2_err.h
# -k: objects that need more POSIX than picolibc has fail; which may is checked below.
make -s -k -j2 -C lib/ext2fs libext2fs.a >>"$log" 2>&1 || true

failed=$(sed -n -E 's/^make.*\[[^]]*: ([a-z0-9_]+)\.o\] Error.*/\1/p' "$log" | sort -u | tr '\n' ' ')
[ "$failed" = "finddev " ] || {
	echo "building e2fsprogs: unexpected failures: '$failed'; full log: $log" >&2
	exit 1
}

rm -f "$lib/libext2fs.a" "$lib/libcom_err.a"
${cross}ar rcs "$lib/libext2fs.a" lib/ext2fs/*.o
cp lib/et/libcom_err.a "$lib/libcom_err.a"
mkdir -p "$lib/include/ext2fs" "$lib/include/et"
cp "$src"/lib/ext2fs/*.h lib/ext2fs/*.h "$lib/include/ext2fs/"
cp "$src/lib/et/com_err.h" "$lib/include/et/"
cp "$src/lib/et/com_err.h" "$lib/include/"
cp public_config.h "$lib/include/"
: >"$lib/e2fsprogs.stamp"
