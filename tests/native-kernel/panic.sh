#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the kernel must refuse at boot, and how it ends when it finds a bug in
# itself: with a line that says why, a backtrace, and with panic=off by
# switching the machine off. It fails if a bad program is started, a reason is
# another one, or the machine stays on.
set -eu

: "${B=build}"
tools=tests/tools
kernel=$B/kernel/Image
elf=$B/kernel/ravelin.elf
program=$B/native/kernel_stress.stripped
tmp=$B/panic
failed=0

rm -rf "$tmp"
mkdir -p "$tmp"

pass() { echo "PASS $1"; }

fail() {
	echo "FAIL $*"
	failed=1
}

# boot CASE [QEMU OPTION...]: until the machine is off; the console goes to CASE.log.
boot() {
	log=$tmp/$1.log
	shift
	KERNEL=$kernel DISK='' timeout -k 5 20 sh "$tools/qemu.sh" "$@" >"$log" 2>&1 </dev/null
}

# refused CASE REASON [QEMU OPTION...]: boots $ARCHIVE, which must end in a panic for that reason.
refused() {
	name=$1
	reason=$2
	shift 2
	if ! boot "$name" "$@"; then
		fail "$name the machine does not end: $(tail -n 1 "$log")"
	elif ! grep -qF "$reason" "$log"; then
		fail "$name other reason: $(grep PANIC "$log" || tail -n 1 "$log")"
	elif ! grep -Eq '^backtrace( [0-9a-f]{16})+' "$log"; then
		fail "$name no backtrace"
	else
		pass "$name"
	fi
}

# poke FILE OFFSET BYTES: BYTES as for printf.
poke() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

export SMP=2 MEM=64M APPEND=panic=off

# ---- the boot archive ---------------------------------------------------------

good=$tmp/good.cpio
sh "$tools/mkarchive.sh" "$good" "root=$program"
export ARCHIVE="$tmp/bad.cpio"

ARCHIVE='' refused archive-none 'PANIC hart 0: no boot archive'
SMP=1 ARCHIVE='' refused archive-none-one-hart 'PANIC hart 0: no boot archive'
head -c 100 "$good" >"$ARCHIVE"
refused archive-tiny 'no boot archive'
head -c 3000 "$good" >"$ARCHIVE"
refused archive-short 'boot archive: first file is cut short'
cp "$good" "$ARCHIVE"
poke "$ARCHIVE" 5 2 # newc with checksums
refused archive-kind 'no boot archive'
cp "$good" "$ARCHIVE"
poke "$ARCHIVE" 94 Ffffffff # of the name
refused archive-name 'boot archive: first file is cut short'

# ---- the root task ------------------------------------------------------------

# bad NAME REASON FILE: with FILE as root task.
bad() {
	sh "$tools/mkarchive.sh" "$ARCHIVE" "root=$3"
	refused "$1" "$2"
}

# patched NAME REASON OFFSET BYTES: with the program, changed there.
patched() {
	cp "$program" "$tmp/root"
	poke "$tmp/root" "$3" "$4"
	bad "$1" "$2" "$tmp/root"
}

echo "no program" >"$tmp/text"
bad root-text 'root task: file too short' "$tmp/text"
kind='root task: not a static riscv64 ELF executable'
patched root-magic "$kind" 1 X
patched root-32-bit "$kind" 4 '\001'
patched root-other-machine "$kind" 18 '\076'
patched root-relocatable "$kind" 16 '\001'
patched root-entry-size "$kind" 54 '\071'
patched root-headers-nowhere "$kind" 39 '\177'
patched root-headers-many "$kind" 56 '\377\377'

# The first segment to load: its index, then the offset of its header.
load=$(riscv64-unknown-elf-readelf -lW "$program" | awk '
	/^  Type/ { on = 1; next }
	on && $1 == "LOAD" { print n + 0; exit }
	on && /^  [A-Z]/ && !/^ *\[/ { n++ }')
load=$((64 + 56 * load))
segment='root task: bad program segment'
patched segment-write-and-execute "$segment" $((load + 4)) '\007'
patched segment-outside-file "$segment" $((load + 15)) '\001'
patched segment-longer-than-file "$segment" $((load + 36)) '\001'
patched segment-larger-in-file "$segment" $((load + 40)) '\001\000\000'
patched segment-wraps "$segment" $((load + 16)) '\377\377\377\377\377\377\377\377'
patched segment-in-the-stack "$segment" $((load + 19)) '\020'
# The header of one segment, nine times, behind the program.
size=$(wc -c <"$program")
cp "$program" "$tmp/root"
dd if="$program" of="$tmp/header" bs=1 skip="$load" count=56 status=none
for i in 1 2 3 4 5 6 7 8 9; do cat "$tmp/header" >>"$tmp/root"; done
poke "$tmp/root" 32 "$(printf '\\%03o\\%03o\\%03o' $((size & 255)) $((size >> 8 & 255)) $((size >> 16)))"
poke "$tmp/root" 56 '\011'
bad segments-many "$segment" "$tmp/root"

# ---- memory ---------------------------------------------------------------------

# reserve "BASE SIZE"...: a device tree in which this RAM is taken; two words a number.
reserve() {
	cp "$tmp/machine.dtb" "$tmp/bad.dtb"
	fdtput -p -t x "$tmp/bad.dtb" /reserved-memory '#address-cells' 2
	fdtput -t x "$tmp/bad.dtb" /reserved-memory '#size-cells' 2
	fdtput "$tmp/bad.dtb" /reserved-memory ranges
	fdtput -p -t x "$tmp/bad.dtb" /reserved-memory/taken@0 reg $*
}

ARCHIVE=$good
qemu-system-riscv64 -machine "virt,dumpdtb=$tmp/machine.dtb" -smp $SMP -m $MEM -display none >"$tmp/dtb.log" 2>&1
reserve 0 80200000 0 3e00000
refused memory-none 'PANIC in early boot: no free memory behind the kernel image' -dtb "$tmp/bad.dtb"
# All but 256 KiB behind the kernel, which is linked at ...80000000 and loaded 2 MiB higher.
end=$(riscv64-unknown-elf-nm "$elf" | sed -n 's/^ffffffff\([0-9a-f]*\) . __image_end$/\1/p')
end=$((0x$end + 0x240000 & ~0xfff))
reserve 0 80000000 0 200000 0 "$(printf %x $end)" 0 "$(printf %x $((0x84000000 - end)))"
refused memory-little 'root task: no contiguous range of ' -dtb "$tmp/bad.dtb"

# ---- while other harts run ------------------------------------------------------

# running CASE REASON FUNCTION [GDB OPTION...]: the debugger changes something when a hart comes
# to that function of the kernel.
running() {
	name=$1
	reason=$2
	at=$3
	shift 3
	log=$tmp/$name.log
	rm -f "$tmp/gdb"
	KERNEL=$kernel DISK='' MEM=128M timeout -k 5 60 sh "$tools/qemu.sh" -S \
		-gdb "unix:$tmp/gdb,server=on,wait=off" >"$log" 2>&1 </dev/null &
	emulator=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -S "$tmp/gdb" ] || break
		sleep 0.5
	done
	gdb-multiarch -q -batch -ex 'set architecture riscv:rv64' -ex "target remote $tmp/gdb" \
		-ex 'tbreak '"$at" -ex continue "$@" -ex detach "$elf" \
		>"$tmp/$name.gdb" 2>&1 </dev/null || true
	status=0
	wait "$emulator" || status=$?
	if [ "$status" -ne 0 ]; then
		fail "$name the machine does not end: status $status"
	elif [ "$(grep -c PANIC "$log")" -ne 1 ]; then
		fail "$name $(grep -c PANIC "$log") harts report"
	elif ! grep -qE "$reason" "$log"; then
		fail "$name other reason: $(grep PANIC "$log")"
	else
		pass "$name"
	fi
}

# The program, which has used all harts, switches the machine off.
SMP=4 running trap-in-kernel \
	'^sepc 0000000000001000 scause 000000000000000c stval 0000000000001000' \
	system_reset -ex 'set $pc = 0x1000'
# Each hart finds a bug: the first one reports, the others stop.
SMP=4 running trap-on-each-hart 'PANIC.*: trap in the kernel' system_reset \
	-ex 'thread apply all set $pc = trap_from_kernel'
# A hart that starts, without lock or trap handler, while the other one works.
SMP=2 running trap-at-start 'PANIC hart 1: exception during boot' kernel_secondary_main \
	-ex 'set $pc = 0x1000'
exit $failed
