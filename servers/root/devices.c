/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices from the flattened device tree (Devicetree Specification 0.4):
 * registers become regions, interrupts handler capabilities, properties
 * arguments. Nodes that are not enabled do not count. Where several nodes fit
 * and one is wanted, the one of /chosen/stdout-path goes first.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "servers/lib/runtime.h"
#include "servers/root/root.h"

#define NODES_MOST 16
#define PCI_MEMORY_32 0x02000000u
#define PCI_SPACE_MASK 0x03000000u
#define PCI_DEVICE_MASK 0xf800u
#define PCI_PINS 4

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
	const fdt32_t *value = fdt_getprop(tree(), node, name, &bytes);

	*count = value != NULL ? bytes / 4 : 0;
	return value;
}

static bool is_enabled(int node)
{
	const char *status = fdt_getprop(tree(), node, "status", NULL);

	return status == NULL || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/* The node of the console that firmware and kernel use, or -1. */
static int console_node(void)
{
	int bytes = 0, chosen = fdt_path_offset(tree(), "/chosen");
	const char *path = chosen >= 0 ? fdt_getprop(tree(), chosen, "stdout-path", &bytes) : NULL;
	const char *end = path != NULL && bytes > 0 ? memchr(path, ':', (size_t)bytes) : NULL;

	if (path == NULL || bytes <= 0)
		return -1;
	return fdt_path_offset_namelen(tree(), path, end != NULL ? (int)(end - path) : bytes - 1);
}

/* Enabled nodes that are compatible, the console first, then by falling tree order reversed. */
static unsigned find_nodes(const char *compatible, int nodes[NODES_MOST])
{
	int console = console_node();
	unsigned count = 0;

	for (int node = fdt_node_offset_by_compatible(tree(), -1, compatible); node >= 0;
	     node = fdt_node_offset_by_compatible(tree(), node, compatible)) {
		if (!is_enabled(node) || count == NODES_MOST)
			continue;
		nodes[count++] = node;
		if (node == console) {
			nodes[count - 1] = nodes[0];
			nodes[0] = node;
		}
	}
	return count;
}

/* Translate an address of a child of `bus` upwards through the "ranges" of buses. */
static uint64_t translate(int bus, uint64_t address)
{
	while (bus > 0) {
		int parent = fdt_parent_offset(tree(), bus);
		int own = fdt_address_cells(tree(), bus), size = fdt_size_cells(tree(), bus);
		int up = fdt_address_cells(tree(), parent), count;
		const fdt32_t *ranges = property(bus, "ranges", &count);

		for (int i = 0; ranges != NULL && i + own + up + size <= count;
		     i += own + up + size) {
			uint64_t first = cells(ranges + i, own);

			if (address >= first &&
			    address - first < cells(ranges + i + own + up, size)) {
				address = address - first + cells(ranges + i + own, up);
				break;
			}
		}
		bus = parent;
	}
	return address;
}

/* First register range of a node, whole pages. */
static bool register_range(int node, uint64_t *base, uint64_t *size)
{
	int bus = fdt_parent_offset(tree(), node), count;
	int address_cells = fdt_address_cells(tree(), bus),
	    size_cells = fdt_size_cells(tree(), bus);
	const fdt32_t *reg = property(node, "reg", &count);
	uint64_t end;

	if (reg == NULL || count < address_cells + size_cells)
		return false;
	*base = translate(bus, cells(reg, address_cells));
	end = *base + cells(reg + address_cells, size_cells);
	*base &= ~(PAGE_BYTES - 1);
	*size = ((end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1)) - *base;
	return *size != 0;
}

/* The 32-bit non-prefetchable memory range of a PCI host: address on the CPU's side. */
static bool pci_memory_range(int node, uint64_t *base, uint64_t *size)
{
	int up = fdt_address_cells(tree(), fdt_parent_offset(tree(), node)), count;
	const fdt32_t *ranges = property(node, "ranges", &count);
	int entry = 3 + up + 2;

	for (int i = 0; ranges != NULL && i + entry <= count; i += entry) {
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

	region.pool = device_pool_create(base, region.size);
	if (region.pool == 0) {
		log_print("root: server '%s': registers at %#lx (%lu bytes) are not to be had\n",
			  server->config->name, base, region.size);
		return false;
	}
	snprintf(region.name, sizeof(region.name), "%s", name);
	server_add_region(server, &region);
	return true;
}

static bool add_irq(struct server *server, const char *name, uint32_t number)
{
	cap_t slot = slot_allocate();

	if (slot == 0 ||
	    invoke5(BOOT_SLOT_IRQ_CONTROL, IRQ_CONTROL_GET, number, slot, 0, 0, 0) != ERR_OK) {
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

	for (int i = 0; map != NULL && i + 5 <= count;) {
		int parent = fdt_node_offset_by_phandle(tree(), fdt32_to_cpu(map[i + 4])), n;
		const fdt32_t *irq_cells = property(parent, "#interrupt-cells", &n);
		const fdt32_t *unit_cells = property(parent, "#address-cells", &n);
		int irq = i + 5 + (unit_cells != NULL ? (int)fdt32_to_cpu(*unit_cells) : 0);
		uint32_t pin = fdt32_to_cpu(map[i + 3]);
		char numbered[STARTUP_NAME];

		if (irq_cells == NULL || irq + (int)fdt32_to_cpu(*irq_cells) > count)
			return false;
		if ((fdt32_to_cpu(map[i]) & PCI_DEVICE_MASK) == 0 && pin >= 1 && pin <= PCI_PINS) {
			snprintf(numbered, sizeof(numbered), "%.20s%u", name, (unsigned)pin - 1);
			if (!add_irq(server, numbered, fdt32_to_cpu(map[irq])))
				return false;
		}
		i = irq + (int)fdt32_to_cpu(*irq_cells);
	}
	return true;
}

static bool add_node_irq(struct server *server, int node, const char *name)
{
	int count;
	const fdt32_t *irq = property(node, "interrupts", &count);

	if (fdt_getprop(tree(), node, "interrupt-map", NULL) != NULL)
		return add_pci_irqs(server, node, name);
	if (irq == NULL) {
		irq = property(node, "interrupts-extended", &count);
		irq = irq != NULL && count >= 2 ? irq + 1 : NULL;
	}
	if (irq == NULL) {
		log_print("root: server '%s': its device has no interrupt\n", server->config->name);
		return false;
	}
	return add_irq(server, name, fdt32_to_cpu(*irq));
}

static bool add_node(struct server *server, const struct system_device *device, int node,
		     const char *suffix)
{
	uint64_t base, size;
	char name[STARTUP_NAME];

	if (device->registers[0] != 0) {
		snprintf(name, sizeof(name), "%.20s%s", device->registers, suffix);
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
	snprintf(name, sizeof(name), "%.20s%s", device->irq, suffix);
	return device->irq[0] == 0 || add_node_irq(server, node, name);
}

bool device_resolve(struct server *server, const struct system_device *device)
{
	int nodes[NODES_MOST];
	unsigned count = find_nodes(device->compatible, nodes);
	const char *name = file_system.strings + device->first_property;

	if (count == 0) {
		if ((device->flags & SYSTEM_DEVICE_OPTIONAL) == 0)
			log_print("root: server '%s': the machine has no '%s'\n",
				  server->config->name, device->compatible);
		return (device->flags & SYSTEM_DEVICE_OPTIONAL) != 0;
	}
	for (uint32_t i = 0; i < device->properties; i++, name += strlen(name) + 1) {
		int cell_count;
		const fdt32_t *value = property(nodes[0], name, &cell_count);

		if (value != NULL && cell_count >= 1)
			server_argument(server, "%s=%u", name, (unsigned)fdt32_to_cpu(*value));
	}
	if ((device->flags & SYSTEM_DEVICE_ALL) == 0)
		return add_node(server, device, nodes[0], "");
	for (unsigned i = 0; i < count; i++) {
		char suffix[4];

		snprintf(suffix, sizeof(suffix), "%u", i);
		if (!add_node(server, device, nodes[i], suffix))
			return false;
	}
	return true;
}

void device_tree_arguments(struct server *server)
{
	int chosen = fdt_path_offset(tree(), "/chosen");
	const char *words = chosen >= 0 ? fdt_getprop(tree(), chosen, "bootargs", NULL) : NULL;

	while (words != NULL && *words != 0) {
		size_t n = strcspn(words, " ");

		if (n != 0)
			server_argument(server, "%.*s", (int)n, words);
		words += n + strspn(words + n, " ");
	}
}

size_t device_tree_seed(const uint8_t **seed)
{
	int bytes = 0, chosen = fdt_path_offset(tree(), "/chosen");

	*seed = chosen >= 0 ? fdt_getprop(tree(), chosen, "rng-seed", &bytes) : NULL;
	return *seed != NULL ? (size_t)bytes : 0;
}
