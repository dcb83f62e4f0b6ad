# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += process-files
process-files_SRC := $(addprefix tests/process-files/, main.c fake_core.c fake_servers.c line.c \
		walk.c descriptors.c data.c pipes.c terminal.c polling.c proc.c hostile.c memory.c) \
	servers/process/calls.c $(FILES_LOGIC)
process-files_CFLAGS := -iquote tests/process-files/fake
process-files_LDLIBS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
