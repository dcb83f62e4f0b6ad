# SPDX-License-Identifier: BSD-2-Clause
# timer.c, interrupt.c, sched_context.c and asid.c: within state.c.
FUZZ_SRC := $(addprefix tests/fuzz/,machine.c state.c setup.c events.c calls.c run.c invariants.c \
	invariants_threads.c invariants_space.c) tests/vm/fake.c \
	$(addprefix kernel/,trap.c fast.c ipc.c notification.c lend.c wait_queue.c schedule.c fpu.c \
	thread.c thread_methods.c cap.c cspace_methods.c destroy.c untyped.c invoke.c \
	memory_methods.c machine_methods.c window_call.c) \
	$(filter-out vm/asid.c,$(filter vm/%.c,$(KERNEL_SRC)))

HOST_TESTS += kernel_fuzz
kernel_fuzz_SRC := tests/fuzz/main.c $(FUZZ_SRC)
kernel_fuzz_CFLAGS := -DKERNEL_HOST -DVM_HOST
