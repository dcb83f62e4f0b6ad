/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices from the flattened device tree (Devicetree Specification 0.4):
 * registers become regions, interrupts handler capabilities, properties
 * arguments. Nodes that are not enabled do not count. Where several nodes fit
 * and one is wanted, the one of /chosen/stdout-path goes first.
 *
 * libfdt finds parents and phandles by walking the whole tree, so the tree is
 * walked once and nodes are named by their number in a table.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "servers/lib/runtime.h"
#include "servers/root/root.h"

#define MATCHES_MOST 16
#define NODES_MOST 192
#define DEPTH_MOST 12
#define PCI_MEMORY_32 0x02000000u
#define PCI_SPACE_MASK 0x03000000u
#define PCI_DEVICE_MASK 0xf800u
#define PCI_PINS 4
#define IRQ_TRIGGER_MASK 15u

struct node {
	int offset; /* libfdt's */
	int parent; /* number, -1 for the root node */
	uint32_t phandle;
	bool is_enabled;
};

static struct node nodes[NODES_MOST];
static int node_count;
static int chosen = -1; /* number of /chosen */

static const void *tree(void)
{
	return (const void *)boot->device_tree;
}

/* `count` cells at `cell` as one number. */
static uint64_t cells(const fdt32_t *cell, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(cell[i]);
	return value;
}

/* A property as an array of cells; NULL if there is none. */
static const fdt32_t *property(int node, const char *name, int *count)
{
	int bytes = 0;
	const fdt32_t *value = fdt_getprop(tree(), nodes[node].offset, name, &bytes);

	*count = value != NULL ? bytes / 4 : 0;
	return value;
}

/* A property of one cell; `otherwise` if there is none. */
static uint32_t number(int node, const char *name, uint32_t otherwise)
{
	int count;
	const fdt32_t *value = property(node, name, &count);

	return count >= 1 ? fdt32_to_cpu(*value) : otherwise;
}

static int address_cells(int node)
{
	return (int)number(node, "#address-cells", 2);
}

static int size_cells(int node)
{
	return (int)number(node, "#size-cells", 1);
}

void device_tree_read(void)
{
	int parents[DEPTH_MOST], depth = -1; /* the root node gets 0 */

	for (int offset = fdt_next_node(tree(), -1, &depth); offset >= 0 && depth < DEPTH_MOST;
	     offset = fdt_next_node(tree(), offset, &depth)) {
		int n = node_count;
		const char *status;

		if (depth < 0)
			break;
		if (n == NODES_MOST) {
			log_print("root: only %d nodes of the device tree are used\n", NODES_MOST);
			break;
		}
		node_count++;
		nodes[n].offset = offset;
		nodes[n].parent = depth > 0 ? parents[depth - 1] : -1;
		nodes[n].phandle = number(n, "phandle", 0);
		status = fdt_getprop(tree(), offset, "status", NULL);
		nodes[n].is_enabled =
			status == NULL || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
		parents[depth] = n;
		if (depth == 1 && strcmp(fdt_get_name(tree(), offset, NULL), "chosen") == 0)
			chosen = n;
	}
}

/* A property of /chosen. */
static const void *chosen_property(const char *name, int *bytes)
{
	*bytes = 0;
	return chosen >= 0 ? fdt_getprop(tree(), nodes[chosen].offset, name, bytes) : NULL;
}

/* libfdt's offset of the node of the console that firmware and kernel use, or -1. */
static int console_offset(void)
{
	int bytes;
	const char *path = chosen_property("stdout-path", &bytes);
	const char *end = path != NULL && bytes > 0 ? memchr(path, ':', (size_t)bytes) : NULL;

	if (path == NULL || bytes <= 0)
		return -1;
	return fdt_path_offset_namelen(tree(), path, end != NULL ? (int)(end - path) : bytes - 1);
}

/* Numbers of the enabled nodes that are compatible, the console first. */
static unsigned find_nodes(const char *compatible, int matches[MATCHES_MOST])
{
	int console = -2;
	unsigned count = 0;

	for (int node = 0; node < node_count && count < MATCHES_MOST; node++) {
		if (!nodes[node].is_enabled ||
		    fdt_node_check_compatible(tree(), nodes[node].offset, compatible) != 0)
			continue;
		matches[count++] = node;
		if (count > 1 && console == -2)
			console = console_offset();
		if (count > 1 && nodes[node].offset == console) {
			matches[count - 1] = matches[0];
			matches[0] = node;
		}
	}
	return count;
}

/* Number of the node with this phandle, or -1. */
static int node_by_phandle(uint32_t phandle)
{
	for (int node = 0; node < node_count; node++) {
		if (nodes[node].phandle == phandle)
			return node;
	}
	return -1;
}

/* Translate an address of a child of `bus` upwards through the "ranges" of buses. */
static uint64_t translate(int bus, uint64_t address)
{
	for (; bus >= 0 && nodes[bus].parent >= 0; bus = nodes[bus].parent) {
		int own = address_cells(bus), size = size_cells(bus), count;
		int up = address_cells(nodes[bus].parent), entry = own + up + size;
		const fdt32_t *ranges = property(bus, "ranges", &count);

		for (int i = 0; entry > 0 && i + entry <= count; i += entry) {
			uint64_t first = cells(ranges + i, own);

			if (address >= first &&
			    address - first < cells(ranges + i + own + up, size)) {
				address = address - first + cells(ranges + i + own, up);
				break;
			}
		}
	}
	return address;
}

/* First register range of a node, whole pages. */
static bool register_range(int node, uint64_t *base, uint64_t *size)
{
	int bus = nodes[node].parent, count, address, length;
	const fdt32_t *reg = property(node, "reg", &count);
	uint64_t end;

	if (bus < 0)
		return false;
	address = address_cells(bus);
	length = size_cells(bus);
	if (reg == NULL || address < 0 || length < 0 || count < address + length)
		return false;
	*base = translate(bus, cells(reg, address));
	end = *base + cells(reg + address, length);
	*base &= ~(PAGE_BYTES - 1);
	*size = ((end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1)) - *base;
	return *size != 0;
}

/* The 32-bit non-prefetchable memory range of a PCI host: address on the CPU's side. */
static bool pci_memory_range(int node, uint64_t *base, uint64_t *size)
{
	int up = address_cells(nodes[node].parent), count, entry = 3 + up + 2;
	const fdt32_t *ranges = property(node, "ranges", &count);

	for (int i = 0; entry > 0 && i + entry <= count; i += entry) {
		if ((fdt32_to_cpu(ranges[i]) & PCI_SPACE_MASK) == PCI_MEMORY_32) {
			*base = cells(ranges + i + 3, up);
			*size = cells(ranges + i + 3 + up, 2);
			return true;
		}
	}
	return false;
}

static bool add_region(struct server *server, const char *name, uint64_t base, uint64_t size,
		       uint64_t limit)
{
	struct named_region region = {.size = limit != 0 && limit < size ? limit : size,
				      .physical = base,
				      .rights = RIGHTS_READ_WRITE};

	if ((base | region.size) % PAGE_BYTES == 0 && region.size != 0)
		region.pool = device_pool_create(base, region.size);
	if (region.pool == 0) {
		log_print("root: server '%s': registers at %#lx (%lu bytes) are not to be had\n",
			  server->config->name, base, region.size);
		return false;
	}
	snprintf(region.name, sizeof(region.name), "%.23s", name);
	server_add_region(server, &region);
	return true;
}

/*
 * `specifier`: as many cells as the interrupt controller's #interrupt-cells
 * says, the number first, then how it is triggered.
 */
static bool add_irq(struct server *server, const char *name, const fdt32_t *specifier, int count)
{
	uint32_t number = fdt32_to_cpu(specifier[0]);
	uint32_t trigger = count >= 2 ? fdt32_to_cpu(specifier[1]) & IRQ_TRIGGER_MASK : IRQ_DEFAULT;
	cap_t slot = slot_allocate();

	if (slot == 0 || invoke5(BOOT_SLOT_IRQ_CONTROL, IRQ_CONTROL_GET, number, slot, trigger, 0,
				 0) != ERR_OK) {
		log_print("root: server '%s': interrupt %u is not to be had\n",
			  server->config->name, (unsigned)number);
		return false;
	}
	server_add_cap(server, name, slot, RIGHTS_ALL, 0);
	return true;
}

/*
 * Interrupts of a PCI host's four pins as device 0 sees them ("interrupt-map":
 * child address 3 cells, pin, parent, parent's address, parent's interrupt).
 */
static bool add_pci_irqs(struct server *server, int node, const char *name)
{
	int count;
	const fdt32_t *map = property(node, "interrupt-map", &count);

	for (int i = 0; i + 5 <= count;) {
		int parent = node_by_phandle(fdt32_to_cpu(map[i + 4]));
		uint32_t pin = fdt32_to_cpu(map[i + 3]);
		char numbered[STARTUP_NAME + 12];
		int irq, next;

		if (parent < 0)
			return false;
		/* Without #address-cells the parent's address takes no cell. */
		irq = i + 5 + (int)number(parent, "#address-cells", 0);
		next = irq + (int)number(parent, "#interrupt-cells", 1);
		if (irq < i || next <= irq || next > count)
			return false;
		if ((fdt32_to_cpu(map[i]) & PCI_DEVICE_MASK) == 0 && pin >= 1 && pin <= PCI_PINS) {
			snprintf(numbered, sizeof(numbered), "%.23s%u", name, (unsigned)pin - 1);
			if (!add_irq(server, numbered, map + irq, next - irq))
				return false;
		}
		i = next;
	}
	return true;
}

/* Cells of an interrupt specifier in the node's "interrupts": its own or an ancestor's parent's. */
static int interrupt_cells(int node)
{
	uint32_t parent = 0;

	for (; node >= 0 && parent == 0; node = nodes[node].parent)
		parent = number(node, "interrupt-parent", 0);
	node = parent != 0 ? node_by_phandle(parent) : -1;
	return node >= 0 ? (int)number(node, "#interrupt-cells", 1) : 1;
}

static bool add_node_irq(struct server *server, int node, const char *name)
{
	int count, parent, size = 0;
	const fdt32_t *irq = property(node, "interrupts", &count);

	if (fdt_getprop(tree(), nodes[node].offset, "interrupt-map", NULL) != NULL)
		return add_pci_irqs(server, node, name);
	if (irq != NULL) {
		size = interrupt_cells(node);
	} else if ((irq = property(node, "interrupts-extended", &count)) != NULL && count >= 2) {
		parent = node_by_phandle(fdt32_to_cpu(*irq));
		size = parent >= 0 ? (int)number(parent, "#interrupt-cells", 1) : 1;
		irq++;
		count--;
	}
	if (size < 1 || count < size) {
		log_print("root: server '%s': its device has no interrupt\n", server->config->name);
		return false;
	}
	return add_irq(server, name, irq, size);
}

static bool add_node(struct server *server, const struct system_device *device, int node,
		     const char *suffix)
{
	uint64_t base, size;
	char name[STARTUP_NAME + 12];

	if (device->registers[0] != 0) {
		snprintf(name, sizeof(name), "%s%s", device->registers, suffix);
		if (!register_range(node, &base, &size)) {
			log_print("root: server '%s': device '%s' has no registers\n",
				  server->config->name, device->compatible);
			return false;
		}
		if (!add_region(server, name, base, size, device->registers_limit))
			return false;
	}
	if (device->memory[0] != 0 && pci_memory_range(node, &base, &size) &&
	    !add_region(server, device->memory, base, size, device->memory_limit))
		return false;
	snprintf(name, sizeof(name), "%s%s", device->irq, suffix);
	return device->irq[0] == 0 || add_node_irq(server, node, name);
}

bool device_resolve(struct server *server, const struct system_device *device)
{
	int matches[MATCHES_MOST];
	unsigned count = find_nodes(device->compatible, matches);
	const char *name = file_system.strings + device->first_property;

	if (count == 0) {
		if ((device->flags & SYSTEM_DEVICE_OPTIONAL) == 0)
			log_print("root: server '%s': the machine has no '%s'\n",
				  server->config->name, device->compatible);
		return (device->flags & SYSTEM_DEVICE_OPTIONAL) != 0;
	}
	for (uint32_t i = 0; i < device->properties; i++, name += strlen(name) + 1) {
		int cell_count;
		const fdt32_t *value = property(matches[0], name, &cell_count);

		if (value != NULL && cell_count >= 1)
			server_argument(server, "%s=%u", name, (unsigned)fdt32_to_cpu(*value));
	}
	if ((device->flags & SYSTEM_DEVICE_ALL) == 0)
		return add_node(server, device, matches[0], "");
	for (unsigned i = 0; i < count; i++) {
		char suffix[12];

		snprintf(suffix, sizeof(suffix), "%u", i);
		if (!add_node(server, device, matches[i], suffix))
			return false;
	}
	return true;
}

void device_tree_arguments(struct server *server)
{
	int bytes;
	const char *words = chosen_property("bootargs", &bytes);

	while (words != NULL && *words != 0) {
		size_t n = strcspn(words, " ");

		if (n != 0)
			server_argument(server, "%.*s", (int)n, words);
		words += n + strspn(words + n, " ");
	}
}

size_t device_tree_seed(const uint8_t **seed)
{
	int bytes;

	*seed = chosen_property("rng-seed", &bytes);
	return *seed != NULL && bytes > 0 ? (size_t)bytes : 0;
}
