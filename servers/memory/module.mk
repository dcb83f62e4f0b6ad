# SPDX-License-Identifier: BSD-2-Clause
NATIVE += memory
memory_SRC := servers/memory/main.c servers/memory/memory.c servers/memory/scrub.c
