# SPDX-License-Identifier: BSD-2-Clause
#
# Commands for looking into a running Ravelin. Harts are gdb's threads. The
# kernel's objects (threads, capabilities, space) are in ravelin_gdb.py.

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

define panic-record
	if panic_record.magic == 0
		echo no panic\n
	else
		print panic_record
		set $frame = 0
		while $frame < panic_record.frame_count
			info symbol panic_record.frames[$frame]
			set $frame = $frame + 1
		end
	end
end
document panic-record
What the kernel noted when it panicked.
end

define native
	add-symbol-file $arg0
end
document native
native build/native/NAME.elf: symbols of a native program.
end
