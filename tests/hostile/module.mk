# SPDX-License-Identifier: BSD-2-Clause
# Hostile input: executables, system-call arguments, images, and no memory.
LINUX_PROGRAMS += hostile-elf hostile-calls hostile-random hostile-memory
hostile-elf_SRC := tests/hostile/executables.c tests/linux/harness.c
hostile-calls_SRC := tests/hostile/calls.c tests/linux/harness.c
hostile-random_SRC := tests/hostile/random_calls.c tests/linux/harness.c
hostile-memory_SRC := tests/hostile/exhaustion.c tests/linux/harness.c
$(foreach p,elf calls random memory,$(eval hostile-$(p)_LDLIBS := -Wl,-s)\
	$(eval hostile-$(p)_CFLAGS := -fno-toplevel-reorder))
