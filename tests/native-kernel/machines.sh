#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Tests of the kernel on machines that are described in an unusual way: a
# hart that gets no external interrupts, and more memory ranges and devices
# than there is room for. It fails if the kernel does not start there or one
# of its tests fails.
set -eu

: "${B=build}"
tools=tests/tools
tmp=$B/machines
failed=0

rm -rf "$tmp"
mkdir -p "$tmp"
export KERNEL="$B/kernel/Image" ARCHIVE="$tmp/root.cpio" DISK='' SMP=2 MEM=128M
qemu-system-riscv64 -machine "virt,dumpdtb=$tmp/machine.dtb" -smp $SMP -m $MEM -display none \
	>"$tmp/dtb.log" 2>&1

# good CASE PROGRAM: all its tests pass on the machine that CASE.dtb describes.
good() {
	status=0
	sh "$tools/mkarchive.sh" "$ARCHIVE" "root=$B/native/$2.stripped"
	"$B/host/boot" -t 100 -l "$tmp/$1.log" -- sh "$tools/qemu.sh" -dtb "$tmp/$1.dtb" \
		>"$tmp/$1.out" || status=$?
	if [ "$status" -eq 0 ] && grep -q '^PASS' "$tmp/$1.out" && ! grep -q '^FAIL' "$tmp/$1.out"; then
		echo "PASS $1"
	else
		echo "FAIL $1 $(grep -E '^FAIL|^END' "$tmp/$1.out" | head -n 1)"
		failed=1
	fi
}

# Contexts of the PLIC: machine and supervisor of hart 0, then of hart 1; 9 is the supervisor's. Hart 0
# boots, and interrupts go to the other one.
cp "$tmp/machine.dtb" "$tmp/no-context.dtb"
contexts=$(fdtget -t x "$tmp/machine.dtb" /soc/plic@c000000 interrupts-extended)
fdtput -t x "$tmp/no-context.dtb" /soc/plic@c000000 interrupts-extended $(echo "$contexts" | sed 's/ 9 / ffffffff /')
# Counted, because some of these tests judge time.
ICOUNT=1 good no-context kernel_tests

# 16 holes in RAM and 80 devices are more than the 96 ranges that the root task is told. They
# come last, so what a system needs is not what is dropped.
{
	dtc -q -I dtb -O dts "$tmp/machine.dtb"
	echo '/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;'
	for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
		echo "hole@80${i}81000 { reg = <0 0x80${i}81000 0 0x1000>; };"
	done
	echo '}; devices { #address-cells = <2>; #size-cells = <2>; ranges;'
	for i in $(seq 10 89); do
		echo "device@2,${i}00000 { reg = <2 0x${i}00000 0 0x1000>; };"
	done
	echo '}; };'
} >"$tmp/many-ranges.dts"
dtc -q -I dts -O dtb -o "$tmp/many-ranges.dtb" "$tmp/many-ranges.dts"
good many-ranges kernel_stress
grep -q '^device tree: [0-9]* device windows left out' "$tmp/many-ranges.log" || {
	echo "FAIL many-ranges-said nothing is left out"
	failed=1
}
exit $failed
