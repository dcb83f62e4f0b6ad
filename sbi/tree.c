/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a flattened device tree. libfdt checks the header; the structure
 * block is walked here. Nothing is copied: names and values stay in the blob.
 */
#include "sbi/tree.h"

#include <libfdt.h>

#include "kernel/panic.h"

#define DEVICE_TREE_SIZE_MAX (4u << 20)

static const struct {
	const char *name;
	uint8_t size; /* with NUL */
} property_names[] = {
#define PROPERTY_NAME(id, name) {name, sizeof(name)},
	PROPERTY_LIST(PROPERTY_NAME)
#undef PROPERTY_NAME
};

struct tree_node tree_nodes[TREE_DEPTH_MAX];

static struct {
	const void *fdt;
	const char *strings;
	uint32_t strings_size;
} blob;

const struct tree_value *tree_property(const struct tree_node *node, enum property_id id)
{
	return (node->present & (1u << id)) != 0 ? &node->properties[id] : NULL;
}

uint64_t tree_cells(const struct tree_value *value, unsigned at, unsigned cells)
{
	uint64_t number = 0;

	for (unsigned i = at * 4; i < (at + cells) * 4; i++) {
		number = number << 8 | value->data[i];
	}
	return number;
}

uint64_t tree_number(const struct tree_node *node, enum property_id id, uint64_t otherwise)
{
	const struct tree_value *value = tree_property(node, id);

	if (value == NULL || (value->size != 4 && value->size != 8)) {
		return otherwise;
	}
	return tree_cells(value, 0, value->size / 4);
}

/* True if the value begins with the string `text`, NUL included. */
static bool starts_with(const struct tree_value *value, const char *text)
{
	for (uint32_t i = 0; i < value->size && (char)value->data[i] == text[i]; i++) {
		if (text[i] == '\0') {
			return true;
		}
	}
	return false;
}

bool tree_has_string(const struct tree_value *value, const char *text)
{
	bool is_start = true;

	for (uint32_t i = 0; value != NULL && i < value->size; i++) {
		struct tree_value rest = {value->data + i, value->size - i};

		if (is_start && starts_with(&rest, text)) {
			return true;
		}
		is_start = value->data[i] == '\0';
	}
	return false;
}

bool tree_is_compatible(const struct tree_node *node, const char *const *names, unsigned count)
{
	const struct tree_value *value = tree_property(node, PROPERTY_COMPATIBLE);
	bool is_start = true;

	for (uint32_t i = 0; value != NULL && i < value->size; i++) {
		for (unsigned n = 0; is_start && n < count; n++) {
			struct tree_value rest = {value->data + i, value->size - i};

			if (names[n][0] == (char)rest.data[0] && starts_with(&rest, names[n])) {
				return true;
			}
		}
		is_start = value->data[i] == '\0';
	}
	return false;
}

bool tree_is_enabled(const struct tree_node *node)
{
	const struct tree_value *status = tree_property(node, PROPERTY_STATUS);

	return status == NULL || tree_has_string(status, "okay") || tree_has_string(status, "ok");
}

bool tree_is_named(const struct tree_node *node, const char *name)
{
	const char *own = node->name;

	while (*name != '\0' && *own == *name) {
		own++;
		name++;
	}
	return *name == '\0' && (*own == '\0' || *own == '@');
}

bool range_is_sane(struct phys_range range)
{
	return range.size != 0 && range.base < PHYS_END && range.size <= PHYS_END - range.base;
}

bool tree_translate(unsigned depth, struct phys_range *range)
{
	for (; depth > 0; depth--) {
		const struct tree_node *bus = &tree_nodes[depth];
		const struct tree_value *ranges = tree_property(bus, PROPERTY_RANGES);
		unsigned parent_cells = tree_nodes[depth - 1].address_cells;
		unsigned cells = bus->address_cells + parent_cells + bus->size_cells;
		unsigned at = 0;

		if (ranges == NULL && bus->kind == NODE_RESERVED_MEMORY) {
			continue; /* the specification asks for ranges there; be safe */
		}
		if (ranges == NULL || bus->address_cells > 2) {
			return false;
		}
		if (ranges->size == 0) {
			continue;
		}
		for (;; at += cells) {
			if (cells == 0 || (at + cells) * 4 > ranges->size) {
				return false;
			}
			uint64_t base = tree_cells(ranges, at, bus->address_cells);
			uint64_t size = tree_cells(ranges, at + bus->address_cells + parent_cells,
						   bus->size_cells);
			uint64_t offset = range->base - base;

			if (range->base >= base && offset < size && range->size <= size - offset) {
				range->base = offset + tree_cells(ranges, at + bus->address_cells,
								  parent_cells);
				break;
			}
		}
	}
	return range_is_sane(*range);
}

bool tree_reg(unsigned depth, unsigned i, struct phys_range *range)
{
	const struct tree_node *parent = &tree_nodes[depth - 1];
	const struct tree_value *reg = tree_property(&tree_nodes[depth], PROPERTY_REG);
	unsigned cells = parent->address_cells + parent->size_cells;

	if (reg == NULL || cells == 0 || parent->address_cells > 2 ||
	    (i + 1) * cells * 4 > reg->size) {
		return false;
	}
	range->base = tree_cells(reg, i * cells, parent->address_cells);
	range->size = tree_cells(reg, i * cells + parent->address_cells, parent->size_cells);
	if (!range_is_sane(*range) || !tree_translate(depth - 1, range)) {
		range->size = 0;
	}
	return true;
}

static _Noreturn void damaged(const uint8_t *at, const char *what)
{
	panic("device tree: damaged at %lx: %s", (uint64_t)(at - (const uint8_t *)blob.fdt), what);
}

static uint32_t read_word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Note the property at hand if it is one of ours. */
static void note_property(struct tree_node *node, struct tree_value value, const uint8_t *at)
{
	uint32_t name_offset = read_word(at + 4);
	const char *name = blob.strings + name_offset;

	if (name_offset >= blob.strings_size) {
		damaged(at, "name of a property");
	}
	for (unsigned id = 0; id < PROPERTIES; id++) {
		const char *known = property_names[id].name;
		unsigned size = property_names[id].size;
		unsigned i = 1;

		if (name[0] != known[0] || size > blob.strings_size - name_offset) {
			continue;
		}
		while (i < size && name[i] == known[i]) {
			i++;
		}
		if (i == size) {
			node->present |= 1u << id;
			node->properties[id] = value;
			return;
		}
	}
}

static void begin_node(struct tree_node *node, const char *name)
{
	node->kind = NODE_IGNORED;
	node->is_read = false;
	node->is_addressable = false;
	node->present = 0;
	node->name = name;
}

/* Behind the text that begins at `at`, and its padding. */
static const uint8_t *skip_name(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *nul = at;

	while (nul < end && *nul != '\0') {
		nul++;
	}
	if (nul == end) {
		damaged(at, "name of a node");
	}
	return at + align_up((uint64_t)(nul + 1 - at), FDT_TAGSIZE);
}

/* `at` is behind the tag: size, offset of the name, value, padding. `node` may be NULL. */
static const uint8_t *read_property(struct tree_node *node, const uint8_t *at, const uint8_t *end)
{
	if (end - at < 8 || read_word(at) > end - at - 8) {
		damaged(at, "value of a property");
	}
	struct tree_value value = {at + 8, read_word(at)};

	if (node != NULL && !node->is_read) {
		note_property(node, value, at);
	}
	return at + 8 + align_up(value.size, FDT_TAGSIZE);
}

/*
 * The structure block: [at, end). libfdt's fdt_next_tag would do, but it
 * checks every byte of every name through a function call, which is half of
 * the time that boot may take.
 */
static void walk(const uint8_t *at, const uint8_t *end, void (*read)(unsigned depth))
{
	unsigned depth = 0; /* nodes entered */

	for (;;) {
		/* The innermost node, unless it is too deep to matter. */
		struct tree_node *node =
			depth > 0 && depth <= TREE_DEPTH_MAX ? &tree_nodes[depth - 1] : NULL;

		if (end - at < (ptrdiff_t)FDT_TAGSIZE) {
			damaged(at, "it ends early");
		}
		uint32_t tag = read_word(at);

		at += FDT_TAGSIZE;
		if (tag == FDT_PROP) {
			at = read_property(node, at, end);
			continue;
		}
		if (tag == FDT_NOP) {
			continue;
		}
		if (node != NULL && !node->is_read) {
			read(depth - 1);
		}
		if (tag == FDT_BEGIN_NODE) {
			if (depth < TREE_DEPTH_MAX) {
				begin_node(&tree_nodes[depth], (const char *)at);
			}
			at = skip_name(at, end);
			depth++;
		} else if (tag == FDT_END_NODE && depth > 0) {
			depth--;
		} else if (tag == FDT_END && depth == 0) {
			return;
		} else {
			damaged(at, "tag");
		}
	}
}

void tree_walk(const void *fdt, void (*read)(unsigned depth))
{
	int error = fdt_check_header(fdt);

	/* Version 17 is of 2007; it is the first to give the size of the structure block. */
	if (error != 0 || fdt_version(fdt) < 17 || fdt_off_dt_struct(fdt) % FDT_TAGSIZE != 0 ||
	    fdt_totalsize(fdt) > DEVICE_TREE_SIZE_MAX) {
		panic("device tree: damaged header (libfdt error %d)", error);
	}
	blob.fdt = fdt;
	blob.strings = (const char *)fdt + fdt_off_dt_strings(fdt);
	blob.strings_size = fdt_size_dt_strings(fdt);
	const uint8_t *nodes = (const uint8_t *)fdt + fdt_off_dt_struct(fdt);
	walk(nodes, nodes + fdt_size_dt_struct(fdt), read);
}
