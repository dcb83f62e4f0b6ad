#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# qemu.sh [QEMU OPTION...]: starts the emulated machine. From the environment:
#
#   KERNEL, ARCHIVE   what to boot (default build/kernel/Image, build/boot.cpio)
#   DISK              raw disk image, none if empty or absent
#   SMP, MEM, APPEND  harts, memory, boot arguments
#   BLK=mmio|pci      how the disk is attached (default mmio)
#   CPU               processor model and properties (default the emulator's)
#   MACHINE           more properties of the machine (name=value,...)
#   ICOUNT=1          deterministic instruction counting, for benchmarks
#   DUMPS             folder in which a kernel that counts (make coverage) leaves its counters
#   CONSOLE=person    Ctrl-a x ends the emulator; otherwise plain bytes on stdio
set -eu

: "${KERNEL=build/kernel/Image}" "${ARCHIVE=build/boot.cpio}" "${DISK=}"
: "${SMP=4}" "${MEM=512M}" "${APPEND=}" "${CPU=}" "${MACHINE=}" "${BLK=mmio}" "${ICOUNT=}" "${CONSOLE=}" "${DUMPS=}"

# fw_dynamic: the emulator tells it where the kernel is.
bios=/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin

set -- -machine "virt${MACHINE:+,$MACHINE}" -smp "$SMP" -m "$MEM" -bios "$bios" -kernel "$KERNEL" -no-reboot -nic none \
	-global virtio-mmio.force-legacy=false "$@"
[ -z "$CPU" ] || set -- "$@" -cpu "$CPU"
[ -z "$ARCHIVE" ] || set -- "$@" -initrd "$ARCHIVE"
[ -z "$APPEND" ] || set -- "$@" -append "$APPEND"
if [ -n "$DISK" ] && [ -e "$DISK" ]; then
	set -- "$@" -drive "file=$DISK,format=raw,if=none,id=disk0"
	case $BLK in
	pci) set -- "$@" -device virtio-blk-pci,drive=disk0,disable-legacy=on ;;
	*) set -- "$@" -device virtio-blk-device,drive=disk0 ;;
	esac
fi
if [ -n "$ICOUNT" ]; then
	# While all harts wait, sleep=off lets time jump to the next timer, though
	# the disk works in the host's time. "No timer" is a compare value of ~0,
	# which the emulator takes for a timer at the end of its 63-bit time: it
	# jumps there and serves nothing any more (seen: `info jit`, guest clock
	# 9223372005 s ahead). So with a disk, waiting takes the time it takes. Instructions
	# are counted the same.
	sleep=off
	[ -z "$DISK" ] || sleep=on
	set -- "$@" -icount "shift=0,sleep=$sleep" -rtc clock=vm
fi
if [ -n "$DUMPS" ]; then
	# The process id is that of the emulator: it names this boot and no other.
	mkdir "$DUMPS/$$"
	set -- "$@" -semihosting-config "enable=on,target=native,arg=$DUMPS/$$"
fi
if [ "$CONSOLE" = person ]; then
	set -- "$@" -nographic
else
	set -- "$@" -display none -serial stdio -monitor none
fi
exec qemu-system-riscv64 "$@"
