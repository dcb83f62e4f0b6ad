/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See irqchip_tree.h. Nodes are noted as they come, for a controller may come
 * before the harts and the nodes that it refers to.
 */
#include "sbi/irqchip_tree.h"

#include "sbi/machine.h"
#include "sbi/ranges.h"
#include "sbi/tree.h"
#include "vm/layout.h"

#define SOURCES_MAX 1023
#define IRQ_SUPERVISOR_EXTERNAL 9
#define PLIC_CONTEXTS 0x200000ul /* where their registers begin */
#define PLIC_CONTEXT_SIZE 0x1000ul

static const char *const plic_names[] = {"riscv,plic0", "sifive,plic-1.0.0", "thead,c900-plic"};

struct controller {
	struct phys_range registers; /* size 0: no such controller */
	unsigned sources;
	struct tree_value harts; /* interrupts-extended */
};

static struct controller plic;

/* The part that all have in common; false if the node makes no sense. */
static bool read_controller(unsigned depth, enum property_id sources, struct controller *controller)
{
	const struct tree_node *node = &tree_nodes[depth];
	const struct tree_value *harts = tree_property(node, PROPERTY_INTERRUPTS_EXTENDED);
	struct phys_range range;

	if (!tree_reg(depth, 0, &range) || range.size == 0 || range_end(range) > DIRECT_MAP_SIZE) {
		return false;
	}
	controller->registers.base = align_down(range.base, PAGE_SIZE);
	controller->registers.size =
		align_up(range_end(range), PAGE_SIZE) - controller->registers.base;
	controller->sources = (unsigned)tree_number(node, sources, 0) & SOURCES_MAX;
	controller->harts = harts != NULL ? *harts : (struct tree_value){0};
	return true;
}

void irqchip_read_node(unsigned depth)
{
	const struct tree_node *node = &tree_nodes[depth];
	struct controller read;

	if (tree_is_compatible(node, plic_names, ARRAY_SIZE(plic_names)) &&
	    plic.registers.size == 0 && read_controller(depth, PROPERTY_NDEV, &read) &&
	    read.harts.size != 0) {
		plic = read;
	}
}

/* Position of the hart's external interrupt for S-mode, among pairs of a phandle and a number. */
static unsigned position(const struct tree_value *harts, uint32_t intc)
{
	for (unsigned i = 0; intc != 0 && (i + 1) * 8 <= harts->size; i++) {
		if (tree_cells(harts, 2 * i, 1) == intc &&
		    tree_cells(harts, 2 * i + 1, 1) == IRQ_SUPERVISOR_EXTERNAL) {
			return i;
		}
	}
	return IRQCHIP_NO_CONTEXT;
}

/* A PLIC's contexts are numbered as they stand in interrupts-extended. */
static unsigned plic_context(uint32_t intc)
{
	unsigned i = position(&plic.harts, intc);

	return i < plic.registers.size / PLIC_CONTEXT_SIZE &&
			       PLIC_CONTEXTS + PLIC_CONTEXT_SIZE * (i + 1) <= plic.registers.size
		       ? i
		       : IRQCHIP_NO_CONTEXT;
}

void irqchip_choose(const uint32_t intcs[HARTS_MAX])
{
	for (unsigned hart = 0; hart < HARTS_MAX; hart++) {
		machine.irqchip_context[hart] = IRQCHIP_NO_CONTEXT;
	}
	if (plic.registers.size == 0) {
		return;
	}
	machine.irqchip = IRQCHIP_PLIC;
	machine.irqchip_registers = plic.registers;
	machine.irqchip_sources = plic.sources;
	for (unsigned hart = 0; hart < machine.hart_count; hart++) {
		machine.irqchip_context[hart] = plic_context(intcs[hart]);
	}
}
