/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See irqchip_tree.h. Nodes are noted as they come, for a controller may come
 * before the harts and the nodes that it refers to.
 *
 * An APLIC has a node for each of its domains, at M-level and at S-level. Ours
 * is the one whose interrupts or messages arrive at our harts as external
 * interrupts for S-mode: `interrupts-extended` says so of a domain that
 * interrupts harts itself; one that sends messages names by `msi-parent` the
 * node of the IMSICs, of whose `interrupts-extended` the same holds. Which
 * sources belong to the domain (`riscv,delegation` of its parent) is for the
 * firmware to set up; others can be enabled without effect.
 *
 * The page of an IMSIC lies at a place that its hart's index gives ("Arrange-
 * ment of the memory regions of multiple interrupt files"), in groups of which
 * only the first is used: harts of others get no device interrupts.
 */
#include "sbi/irqchip_tree.h"

#include "sbi/machine.h"
#include "sbi/ranges.h"
#include "sbi/tree.h"
#include "vm/layout.h"

#define SOURCES_MAX 1023
#define IRQ_SUPERVISOR_EXTERNAL 9
#define PLIC_CONTEXTS 0x200000ul /* where the registers of contexts begin */
#define PLIC_CONTEXT_SIZE 0x1000ul
#define APLICS_MAX 4
#define APLIC_HARTS 0x4000ul /* where the registers of harts begin */
#define APLIC_HART_SIZE 32ul
#define HART_INDEX_END (1u << 14)
#define GUEST_BITS_MAX 7
#define HART_BITS_MAX 15
#define IMSIC_IDENTITIES_MAX 2047

static const char *const plic_names[] = {"riscv,plic0", "sifive,plic-1.0.0", "thead,c900-plic"};
static const char *const aplic_names[] = {"riscv,aplic"};
static const char *const imsic_names[] = {"riscv,imsics"};

struct controller {
	struct phys_range registers; /* size 0: no such controller */
	unsigned sources;
	struct tree_value harts;   /* interrupts-extended */
	struct tree_value indexes; /* APLIC: of those harts, or empty */
	uint32_t msi_parent;	   /* APLIC: 0 = none */
};

/* The node of all IMSICs' files for S-mode. */
struct imsics {
	uint32_t phandle;
	struct tree_value harts;
	unsigned first_index; /* of the harts in the node's order */
	unsigned count;	      /* as many as have a page in the first group */
	unsigned identities;  /* 0: no such node */
};

static struct {
	struct controller plic;
	unsigned aplic_count;
	struct controller aplics[APLICS_MAX];
	struct imsics imsics;
} found;

/* ---- nodes -------------------------------------------------------------- */

static struct tree_value value_of(const struct tree_node *node, enum property_id id)
{
	const struct tree_value *value = tree_property(node, id);

	return value != NULL ? *value : (struct tree_value){0};
}

/* What all kinds have in common; false if the node makes no sense. */
static bool read_controller(unsigned depth, enum property_id sources, uint64_t size_least,
			    struct controller *controller)
{
	const struct tree_node *node = &tree_nodes[depth];
	struct phys_range range;

	if (!tree_reg(depth, 0, &range) || range.size < size_least ||
	    range_end(range) > DIRECT_MAP_SIZE) {
		return false;
	}
	controller->registers.base = align_down(range.base, PAGE_SIZE);
	controller->registers.size =
		align_up(range_end(range), PAGE_SIZE) - controller->registers.base;
	controller->sources = (unsigned)tree_number(node, sources, 0) & SOURCES_MAX;
	controller->harts = value_of(node, PROPERTY_INTERRUPTS_EXTENDED);
	return true;
}

static void read_aplic(unsigned depth)
{
	const struct tree_node *node = &tree_nodes[depth];
	struct controller *aplic = &found.aplics[found.aplic_count];

	if (found.aplic_count < APLICS_MAX &&
	    read_controller(depth, PROPERTY_NUM_SOURCES, APLIC_HARTS, aplic)) {
		aplic->indexes = value_of(node, PROPERTY_HART_INDEXES);
		aplic->msi_parent = (uint32_t)tree_number(node, PROPERTY_MSI_PARENT, 0);
		found.aplic_count++;
	}
}

/* Pairs of a phandle and a number: is one of the numbers that of S-mode? */
static bool is_for_supervisor(const struct tree_value *harts)
{
	for (unsigned i = 0; (i + 1) * 8 <= harts->size; i++) {
		if (tree_cells(harts, 2 * i + 1, 1) == IRQ_SUPERVISOR_EXTERNAL) {
			return true;
		}
	}
	return false;
}

/* Bits that number as many harts. */
static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while (bits < HART_BITS_MAX && 1u << bits < count) {
		bits++;
	}
	return bits;
}

static void read_imsics(unsigned depth)
{
	const struct tree_node *node = &tree_nodes[depth];
	struct tree_value harts = value_of(node, PROPERTY_INTERRUPTS_EXTENDED);
	uint64_t guest_bits = tree_number(node, PROPERTY_GUEST_INDEX_BITS, 0);
	uint64_t hart_bits = tree_number(node, PROPERTY_HART_INDEX_BITS, bits_for(harts.size / 8));
	uint64_t identities = tree_number(node, PROPERTY_NUM_IDS, 0);
	struct phys_range pages;

	if (found.imsics.identities != 0 || !is_for_supervisor(&harts) ||
	    !tree_reg(depth, 0, &pages) || guest_bits > GUEST_BITS_MAX ||
	    hart_bits > HART_BITS_MAX || identities > IMSIC_IDENTITIES_MAX) {
		return;
	}
	guest_bits += PAGE_SHIFT;
	found.imsics = (struct imsics){
		.phandle = (uint32_t)tree_number(node, PROPERTY_PHANDLE,
						 tree_number(node, PROPERTY_LINUX_PHANDLE, 0)),
		.harts = harts,
		.first_index =
			(unsigned)(pages.base >> guest_bits) & ((1u << (unsigned)hart_bits) - 1),
		.count = (unsigned)align_up(pages.size, 1ul << guest_bits) >> guest_bits,
		.identities = (unsigned)identities,
	};
}

void irqchip_read_node(unsigned depth)
{
	const struct tree_node *node = &tree_nodes[depth];
	struct controller read = {0};

	if (tree_is_compatible(node, aplic_names, ARRAY_SIZE(aplic_names))) {
		read_aplic(depth);
	} else if (tree_is_compatible(node, imsic_names, ARRAY_SIZE(imsic_names))) {
		read_imsics(depth);
	} else if (found.plic.registers.size == 0 &&
		   tree_is_compatible(node, plic_names, ARRAY_SIZE(plic_names)) &&
		   read_controller(depth, PROPERTY_NDEV, 1, &read) && read.harts.size != 0) {
		found.plic = read;
	}
}

/* ---- when all are read -------------------------------------------------- */

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

/* The number by which the controller, used as that kind, knows the hart. */
static unsigned context(const struct controller *controller, enum irqchip_kind kind, uint32_t intc)
{
	const struct tree_value *harts =
		kind == IRQCHIP_IMSIC ? &found.imsics.harts : &controller->harts;
	uint64_t i = position(harts, intc);
	uint64_t end;

	if (i == IRQCHIP_NO_CONTEXT) {
		return IRQCHIP_NO_CONTEXT;
	}
	if (kind == IRQCHIP_IMSIC) {
		end = i < found.imsics.count ? HART_INDEX_END : 0;
		i += found.imsics.first_index;
	} else if (kind == IRQCHIP_APLIC) {
		end = (controller->registers.size - APLIC_HARTS) / APLIC_HART_SIZE;
		if ((i + 1) * 4 <= controller->indexes.size) {
			i = tree_cells(&controller->indexes, (unsigned)i, 1);
		}
	} else {
		end = controller->registers.size / PLIC_CONTEXT_SIZE;
		end -= end < PLIC_CONTEXTS / PLIC_CONTEXT_SIZE ? end
							       : PLIC_CONTEXTS / PLIC_CONTEXT_SIZE;
	}
	return i < end ? (unsigned)i : IRQCHIP_NO_CONTEXT;
}

/* Try the controller, if there is one; true if it can interrupt any of our harts. */
static bool use(const struct controller *controller, enum irqchip_kind kind, const uint32_t *intcs)
{
	bool is_of_use = false;

	for (unsigned hart = 0; hart < HARTS_MAX; hart++) {
		machine.irqchip_context[hart] =
			controller->registers.size != 0 && hart < machine.hart_count
				? context(controller, kind, intcs[hart])
				: IRQCHIP_NO_CONTEXT;
		is_of_use = is_of_use || machine.irqchip_context[hart] != IRQCHIP_NO_CONTEXT;
	}
	if (is_of_use) {
		machine.irqchip = kind;
		machine.irqchip_registers = controller->registers;
		machine.irqchip_sources = controller->sources;
	}
	return is_of_use;
}

void irqchip_choose(const uint32_t intcs[HARTS_MAX])
{
	for (unsigned i = 0; i < found.aplic_count; i++) {
		const struct controller *aplic = &found.aplics[i];
		unsigned identities = found.imsics.identities;

		/* A hart that has an IMSIC may listen to nothing else: messages first. */
		if (identities != 0 && aplic->msi_parent != 0 &&
		    aplic->msi_parent == found.imsics.phandle && use(aplic, IRQCHIP_IMSIC, intcs)) {
			machine.imsic_identities = identities;
			if (machine.irqchip_sources > identities) {
				machine.irqchip_sources = identities;
			}
			return;
		}
		if (use(aplic, IRQCHIP_APLIC, intcs)) {
			return;
		}
	}
	use(&found.plic, IRQCHIP_PLIC, intcs);
}
