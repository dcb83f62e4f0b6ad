/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the device tree says about interrupt controllers, for device_tree.c
 * alone. Fills in the members of `machine` that begin with irqchip.
 */
#ifndef SBI_IRQCHIP_TREE_H
#define SBI_IRQCHIP_TREE_H

#include "kernel/types.h"

/* tree_nodes[depth], enabled and addressable: note it if it is a controller. */
void irqchip_read_node(unsigned depth);

/* When all nodes are read: settle on a controller. `intcs`: for each logical hart the phandle of
 * its own interrupt controller, 0 = none. */
void irqchip_choose(const uint32_t intcs[HARTS_MAX]);

#endif
