# SPDX-License-Identifier: BSD-2-Clause
NATIVE += root
root_SRC := servers/root/main.c servers/root/archive.c servers/root/elf.c servers/root/config.c \
	servers/root/memory.c servers/root/resources.c servers/root/devices.c \
	servers/root/build.c servers/root/supervise.c servers/root/random.c
root_LIBS := fdt
