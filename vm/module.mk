# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += vm/asid.c vm/check.c vm/clone.c vm/fault.c vm/freeze.c vm/kernel_map.c vm/map.c vm/ops.c \
	vm/shootdown.c vm/space.c vm/table.c vm/window.c
