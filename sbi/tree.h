/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One pass over a flattened device tree (Devicetree Specification v0.4), for
 * device_tree.c alone: the nodes on the way from the root to the one at hand,
 * with those of their properties that anybody asks for.
 */
#ifndef SBI_TREE_H
#define SBI_TREE_H

#include "kernel/types.h"

#define TREE_DEPTH_MAX 12 /* deeper nodes are passed over */
/* Beyond what a page-table entry can hold. */
#define PHYS_END (1ul << 56)

/* X(name in C, name in the tree) */
#define PROPERTY_LIST(X)                                                                           \
	X(ADDRESS_CELLS, "#address-cells")                                                         \
	X(SIZE_CELLS, "#size-cells")                                                               \
	X(REG, "reg")                                                                              \
	X(RANGES, "ranges")                                                                        \
	X(PHYSICAL_REGIONS, "riscv,physical-memory-regions")                                       \
	X(ISA, "riscv,isa")                                                                        \
	X(ISA_EXTENSIONS, "riscv,isa-extensions")                                                  \
	X(CBOZ_BLOCK_SIZE, "riscv,cboz-block-size")                                                \
	X(NDEV, "riscv,ndev")                                                                      \
	X(STATUS, "status")                                                                        \
	X(COMPATIBLE, "compatible")                                                                \
	X(DEVICE_TYPE, "device_type")                                                              \
	X(MMU_TYPE, "mmu-type")                                                                    \
	X(TIMEBASE, "timebase-frequency")                                                          \
	X(PHANDLE, "phandle")                                                                      \
	X(LINUX_PHANDLE, "linux,phandle")                                                          \
	X(INTERRUPTS_EXTENDED, "interrupts-extended")                                              \
	X(NUM_SOURCES, "riscv,num-sources")                                                        \
	X(HART_INDEXES, "riscv,hart-indexes")                                                      \
	X(MSI_PARENT, "msi-parent")                                                                \
	X(NUM_IDS, "riscv,num-ids")                                                                \
	X(GUEST_INDEX_BITS, "riscv,guest-index-bits")                                              \
	X(HART_INDEX_BITS, "riscv,hart-index-bits")                                                \
	X(INITRD_START, "linux,initrd-start")                                                      \
	X(INITRD_END, "linux,initrd-end")                                                          \
	X(BOOTARGS, "bootargs")

enum property_id {
#define PROPERTY_ENUM(id, name) PROPERTY_##id,
	PROPERTY_LIST(PROPERTY_ENUM)
#undef PROPERTY_ENUM
		PROPERTIES
};

/* A property's bytes, in the blob. */
struct tree_value {
	const uint8_t *data;
	uint32_t size;
};

/* What device_tree.c makes of a node. */
enum node_kind {
	NODE_IGNORED, /* and all below it */
	NODE_ROOT,
	NODE_DEVICE,
	NODE_CPUS,
	NODE_CPU,
	NODE_RESERVED_MEMORY,
	NODE_CHOSEN,
};

struct tree_node {
	bool is_read;			    /* its properties are over */
	unsigned address_cells, size_cells; /* of its children; 0..3, 0..2 */
	const char *name;
	uint32_t present; /* bit p: properties[p] is valid */
	struct tree_value properties[PROPERTIES];

	enum node_kind kind;
	bool is_addressable; /* NODE_DEVICE: its children have physical addresses */
	unsigned hart;	     /* NODE_CPU: logical number, or HARTS_MAX if not used */
};

/* [0] is the root, the next ones are each the child of the one before. */
extern struct tree_node tree_nodes[TREE_DEPTH_MAX];

/*
 * Walk the blob. For each node, children after parents, `read(depth)` is
 * called once its properties are known. Panics, naming the offset, if the blob
 * is damaged: no access leaves its `totalsize` bytes.
 */
void tree_walk(const void *fdt, void (*read)(unsigned depth));

/* NULL if the node lacks it. */
const struct tree_value *tree_property(const struct tree_node *node, enum property_id id);

/* The big-endian number in `cells` cells at cell number `at`, which must be there. */
uint64_t tree_cells(const struct tree_value *value, unsigned at, unsigned cells);

/* A property of one or two cells; `otherwise` if it is absent or of another size. */
uint64_t tree_number(const struct tree_node *node, enum property_id id, uint64_t otherwise);

/* True if one of the strings in the value (NULL: none) is `text`. */
bool tree_has_string(const struct tree_value *value, const char *text);

/* True if one of the strings of the node's `compatible` is one of the `count` names. */
bool tree_is_compatible(const struct tree_node *node, const char *const *names, unsigned count);

/* True unless `status` says otherwise. */
bool tree_is_enabled(const struct tree_node *node);

/* True if the node's name without unit address is `name`. */
bool tree_is_named(const struct tree_node *node, const char *name);

/* True if the range is not empty and ends below PHYS_END. */
bool range_is_sane(struct phys_range range);

/*
 * Translate addresses as the children of tree_nodes[depth] see them to
 * physical ones, through the `ranges` of each bus up to the root. False if a
 * bus does not pass on the whole range.
 */
bool tree_translate(unsigned depth, struct phys_range *range);

/*
 * Entry i of the `reg` of tree_nodes[depth], translated. False: there is no
 * such entry. Size 0: it makes no sense.
 */
bool tree_reg(unsigned depth, unsigned i, struct phys_range *range);

#endif
