# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += process-core process-elf
process-core_SRC := $(addprefix tests/process/, main.c fake.c timers.c signals.c processes.c \
		futexes.c arguments.c random_calls.c) \
	$(addprefix servers/process/, dispatch.c calls.c park.c timer.c clock.c itimer.c task.c \
		group.c exec_args.c clone.c exit.c wait.c signal.c signal_deliver.c signal_frame.c \
		signal_calls.c exception.c futex.c memory.c identity.c limits.c misc.c random.c \
		procinfo.c)
process-core_CFLAGS := -iquote tests/process/fake
process-elf_SRC := tests/process/elf.c servers/process/elf.c
