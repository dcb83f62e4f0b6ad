# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += sbi/entry.S sbi/boot.c sbi/sbi.c sbi/errata.c sbi/device_tree.c sbi/tree.c \
	sbi/irqchip_tree.c sbi/ranges.c kernel/print.c kernel/panic.c
KERNEL_LIBS += fdt

# libfdt.h wants <string.h> and <stdlib.h>; only these files see hosted headers.
$(B)/kernel/sbi/device_tree.c.o $(B)/kernel/sbi/tree.c.o: KERNEL_CFLAGS += -isystem $(LIB)/include -isystem $(PICOLIBC)
