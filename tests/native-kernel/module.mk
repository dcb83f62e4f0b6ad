# SPDX-License-Identifier: BSD-2-Clause
NATIVE_TESTS += kernel_tests
kernel_harness_SRC := tests/native-kernel/harness.c tests/native-kernel/workers.c \
	tests/native-kernel/uart.c
kernel_tests_SRC := $(kernel_harness_SRC) tests/native-kernel/main.c tests/native-kernel/methods.c \
	tests/native-kernel/capabilities.c tests/native-kernel/ipc.c \
	tests/native-kernel/notifications.c tests/native-kernel/threads.c \
	tests/native-kernel/faults.c tests/native-kernel/schedule.c tests/native-kernel/windows.c \
	tests/native-kernel/revoke.c tests/native-kernel/interrupts.c \
	tests/native-kernel/detached.c tests/native-kernel/preemption.c \
	tests/native-kernel/cache_blocks.c tests/native-kernel/shootdown.c tests/native-kernel/stepping.c \
	tests/native-kernel/stepping_code.S

NATIVE_TESTS += kernel_scheduling
kernel_scheduling_SRC := $(kernel_harness_SRC) $(addprefix tests/native-kernel/,scheduling_main.c \
	partners.c budgets.c lending.c lending_ends.c inheritance.c queues.c counters.c fast.c fast_wake.c)

NATIVE_TESTS += kernel_interrupts
kernel_interrupts_SRC := $(kernel_harness_SRC) tests/native-kernel/interrupts_main.c \
	tests/native-kernel/interrupts.c

NATIVE_TESTS += kernel_stress
kernel_stress_SRC := $(kernel_harness_SRC) tests/native-kernel/stress.c \
	tests/native-kernel/stress_time.c
# The same for longer.
NATIVE_TESTS += kernel_soak
kernel_soak_SRC := $(kernel_stress_SRC)
kernel_soak_CFLAGS := -DHOSTILE_ARENAS=200

NATIVE_TESTS += kernel_bench
kernel_bench_SRC := $(kernel_harness_SRC) tests/native-kernel/bench.c
