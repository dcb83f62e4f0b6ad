# SPDX-License-Identifier: BSD-2-Clause
# timer.c, interrupt.c, sched_context.c and asid.c: within state.c.
FUZZ_SRC := $(addprefix tests/fuzz/,machine.c state.c setup.c events.c calls.c run.c invariants.c \
	invariants_threads.c invariants_space.c) tests/vm/fake.c \
	$(addprefix kernel/,trap.c fast.c fast_wake.c fast_window.c ipc.c notification.c lend.c wait_queue.c schedule.c fpu.c \
	thread.c thread_methods.c cap.c cspace_methods.c destroy.c untyped.c invoke.c \
	memory_methods.c machine_methods.c window_call.c) \
	$(filter-out vm/asid.c,$(filter vm/%.c,$(KERNEL_SRC)))

HOST_TESTS += kernel_fuzz
kernel_fuzz_SRC := tests/fuzz/main.c $(FUZZ_SRC)
kernel_fuzz_CFLAGS := -DKERNEL_HOST -DVM_HOST

# The same, guided by coverage of the kernel, not of the harness; needs clang: setup.sh --fuzz.
FUZZ_OBJ := $(patsubst %,$(B)/fuzz/obj/%.o,tests/fuzz/guided.c $(FUZZ_SRC))
FUZZ_CFLAGS := -std=gnu17 -O1 -g -I. $(kernel_fuzz_CFLAGS) -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all

$(B)/fuzz/obj/%.c.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@clang $(FUZZ_CFLAGS) $(if $(filter-out tests/fuzz/state.c,$(filter tests/%,$<)),, \
		-fsanitize=fuzzer-no-link) $(DEPFLAGS) -c -o $@ $<

$(B)/fuzz/kernel_fuzz_guided: $(FUZZ_OBJ)
	@echo "  CLANG   kernel_fuzz_guided"
	@clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^
