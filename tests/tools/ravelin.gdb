# SPDX-License-Identifier: BSD-2-Clause
#
# Commands for looking into a running Ravelin. Harts are gdb's threads.

set architecture riscv:rv64
set confirm off
set pagination off
set print pretty on

define harts
	info threads
	thread apply all -q printf "  priv %d satp %#lx sepc %#lx scause %#lx stval %#lx\n", \
		$priv, $satp, $sepc, $scause, $stval
end
document harts
Each hart with its privilege, translation root and last trap.
end

define pagetables
	monitor info mem
end
document pagetables
What the current hart's Sv39 tables map, read by the emulator: an opinion
independent of the kernel's own.
end

define native
	add-symbol-file $arg0
end
document native
native build/native/NAME.elf: symbols of a native program.
end
