# SPDX-License-Identifier: BSD-2-Clause
# Host tests of root, memory server, library and small drivers.
HOST_TESTS += memory_allocators
memory_allocators_SRC := tests/system/blocks_test.c tests/system/fake_kernel.c \
	servers/lib/blocks.c servers/lib/objects.c servers/lib/slots.c servers/lib/startup.c \
	servers/memory/memory.c
