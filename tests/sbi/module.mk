# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += device_tree
device_tree_SRC := tests/sbi/device_tree.c tests/sbi/irqchip.c tests/sbi/trees.c sbi/device_tree.c sbi/tree.c \
	sbi/irqchip_tree.c sbi/ranges.c sbi/errata.c .cache/src/dtc/libfdt/fdt.c .cache/src/dtc/libfdt/fdt_ro.c
device_tree_CFLAGS := -isystem .cache/src/dtc/libfdt -Wno-sign-compare

HOST_TESTS += print
print_SRC := tests/sbi/print.c kernel/print.c
