#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# build-libfdt.sh LIBDIR "NATIVE ARCH FLAGS" "KERNEL ARCH FLAGS"
#
# Compiles libfdt (from the device-tree-compiler source that setup fetched)
# twice: LIBDIR/libfdt.a for native programs, LIBDIR/libfdt-kernel.a for the
# kernel. Both use picolibc's headers; the kernel brings its own mem* and str*.
# Headers go to LIBDIR/include.
set -eu

lib=$1
native_arch=$2
kernel_arch=$3
src=.cache/src/dtc/libfdt
cross=riscv64-unknown-elf-

mkdir -p "$lib/include"
exec 9>"$lib/fdt.lock"
flock 9

# compile NAME FLAGS...
compile() {
	name=$1
	shift
	work=$lib/obj/$name
	rm -rf "$work"
	mkdir -p "$work"
	for file in "$src"/fdt*.c; do
		${cross}gcc --specs=picolibc.specs -I "$src" -ffunction-sections -fdata-sections \
			-fno-common -g "$@" -c -o "$work/$(basename "$file" .c).o" "$file"
	done
	rm -f "$lib/$name.a"
	${cross}ar rcs "$lib/$name.a" "$work"/*.o
}

echo "  LIB     $lib/libfdt.a $lib/libfdt-kernel.a"
compile libfdt -O2 $native_arch
compile libfdt-kernel -Os -ffreestanding -fno-strict-aliasing -fno-delete-null-pointer-checks \
	$kernel_arch
cp "$src/fdt.h" "$src/libfdt.h" "$src/libfdt_env.h" "$lib/include/"
: >"$lib/fdt.stamp"
