# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += kernel/main.c kernel/root.c kernel/root_elf.c kernel/trap.c kernel/trap_entry.S kernel/lock.c \
	kernel/schedule.c kernel/sched_context.c kernel/lend.c kernel/wait_queue.c kernel/fpu.c kernel/fpu.S \
	kernel/fast.c kernel/fast_wake.c kernel/fast_window.c kernel/ipc.c kernel/notification.c kernel/thread.c kernel/timer.c \
	kernel/interrupt.c kernel/irqchip.c kernel/plic.c kernel/aplic.c kernel/imsic.c \
	kernel/cap.c kernel/destroy.c kernel/untyped.c kernel/invoke.c \
	kernel/cspace_methods.c kernel/thread_methods.c kernel/memory_methods.c \
	kernel/machine_methods.c kernel/debug.c kernel/window_call.c kernel/string.c

# Its loops must not be turned into calls of the functions they implement.
$(B)/kernel/kernel/string.c.o: KERNEL_CFLAGS += -O2 -fno-tree-loop-distribute-patterns

# What a system spends its time in.
$(foreach f,trap lock ipc schedule fpu fast fast_wake fast_window window_call interrupt irqchip plic,$(B)/kernel/kernel/$(f).c.o): \
	KERNEL_CFLAGS += -O2
$(foreach f,table fault map freeze window shootdown,$(B)/kernel/vm/$(f).c.o): KERNEL_CFLAGS += -O2
