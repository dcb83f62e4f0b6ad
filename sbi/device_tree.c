/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine is, from one pass over its device tree (tree.h). A node's
 * meaning follows from its parent's; things that depend on several nodes are
 * noted in `scan` and put together when the pass is over.
 *
 * Device windows are a whitelist: user space gets what an enabled node's
 * `reg` or a PCI host's `ranges` names, translated to physical addresses,
 * less everything that would give power over memory or the kernel: all that a
 * memory node names, used or not, its aliases, reserved memory, interrupt and
 * timer controllers, IOMMUs, caches, memory controllers, debug modules.
 * Windows are merged only where they share a page.
 *
 * The tree comes from firmware and is trusted to be honest, not to be tidy:
 * a node that makes no sense is passed over, a blob that is damaged or lacks
 * something essential ends in a panic that says what.
 */
#include <libfdt.h>

#include "kernel/panic.h"
#include "kernel/print.h"
#include "sbi/irqchip_tree.h"
#include "sbi/machine.h"
#include "sbi/ranges.h"
#include "sbi/tree.h"
#include "vm/layout.h"

#define PRIVATE_MAX 40
#define FIRMWARE_SIZE (2ul << 20)
#define ASID_BITS_MOST 16u /* satp has room for no more */

/* What is known only when the pass is over. */
static struct {
	const void *fdt;
	uint64_t boot_hart_id;
	uint32_t intc_phandles[HARTS_MAX]; /* of each hart's interrupt controller, 0 = none */
	uint64_t archive_end;
	unsigned devices_lost;
	unsigned private_count;
	struct phys_range private_ranges[PRIVATE_MAX];
	unsigned alias_count;
	const struct phys_range *aliases;
} scan;

struct machine machine;

static struct phys_range pages_outwards(struct phys_range range)
{
	uint64_t base = align_down(range.base, PAGE_SIZE);

	return (struct phys_range){base, align_up(range_end(range), PAGE_SIZE) - base};
}

static void add_reserved(struct phys_range range)
{
	if (range_is_sane(range) && !ranges_add(machine.reserved, &machine.reserved_count,
						MACHINE_RESERVED_MAX, pages_outwards(range))) {
		panic("device tree: more than %d reserved ranges", MACHINE_RESERVED_MAX);
	}
}

static void add_private(struct phys_range range)
{
	if (!ranges_add(scan.private_ranges, &scan.private_count, PRIVATE_MAX,
			pages_outwards(range))) {
		panic("device tree: more than %d ranges for the kernel alone", PRIVATE_MAX);
	}
}

/* Unsorted for now: what must not be given away is known only at the end. */
static void add_device(struct phys_range range)
{
	if (machine.device_count == MACHINE_DEVICES_MAX) {
		scan.devices_lost++;
		return;
	}
	machine.devices[machine.device_count++] = pages_outwards(range);
}

/* ---- nodes -------------------------------------------------------------- */

static bool has_isa_extension(const struct tree_node *node, const char *name)
{
	const struct tree_value *list = tree_property(node, PROPERTY_ISA_EXTENSIONS);
	const struct tree_value *string = tree_property(node, PROPERTY_ISA);

	if (list != NULL) {
		return tree_has_string(list, name);
	}
	/* "rv64imafdc_zicsr_sstc": the multi-letter names follow underscores. */
	for (uint32_t i = 0; string != NULL && i < string->size; i++) {
		uint32_t at = 0;

		if (string->data[i] != '_') {
			continue;
		}
		while (name[at] != '\0' && i + 1 + at < string->size &&
		       (char)string->data[i + 1 + at] == name[at]) {
			at++;
		}
		if (name[at] == '\0' && i + 1 + at < string->size &&
		    (string->data[i + 1 + at] == '_' || string->data[i + 1 + at] == '\0')) {
			return true;
		}
	}
	return false;
}

/* RAM to use, if the node is enabled; nobody's device in any case, nor are the parts not used. */
static void read_memory(unsigned depth)
{
	bool is_enabled = tree_is_enabled(&tree_nodes[depth]);
	struct phys_range range;

	for (unsigned i = 0; tree_reg(depth, i, &range); i++) {
		if (range.size == 0) {
			continue;
		}
		add_private(range);
		uint64_t base = align_up(range.base, PAGE_SIZE);
		uint64_t end = align_down(range_end(range), PAGE_SIZE);

		end = end < DIRECT_MAP_SIZE ? end : DIRECT_MAP_SIZE;
		if (!is_enabled || base >= end) {
			continue;
		}
		range = (struct phys_range){base, end - base};
		if (!ranges_add(machine.ram, &machine.ram_count, MACHINE_RAM_MAX, range)) {
			print("device tree: RAM at %lx not used: too many banks\n", range.base);
		}
	}
}

/* Optional features by their names in the tree. */
static const struct {
	const char *name;
	bool *has;
} extensions[] = {
	{"sstc", &machine.has_sstc},
	{"svinval", &machine.has_svinval},
	{"svpbmt", &machine.has_svpbmt},
	{"zicbom", &machine.has_cache_block_management},
	{"zicboz", &machine.has_cache_block_zero},
};

/* A cpu node in use. Optional features count only if every hart has them. */
static void read_cpu(struct tree_node *node, uint64_t id)
{
	bool is_first = machine.hart_count == 0;
	unsigned hart = machine.hart_count;

	if (hart == HARTS_MAX) {
		/* More harts than the kernel can use; but one must be the hart that runs. */
		if (id != scan.boot_hart_id) {
			return;
		}
		hart--;
		machine.hart_count--;
	}
	machine.hart_ids[hart] = id;
	machine.hart_count++;
	scan.intc_phandles[hart] = 0;
	node->hart = hart;
	for (unsigned i = 0; i < ARRAY_SIZE(extensions); i++) {
		bool *has = extensions[i].has;

		*has = (is_first || *has) && has_isa_extension(node, extensions[i].name);
	}
	machine.zero_block_is_64 = (is_first || machine.zero_block_is_64) &&
				   tree_number(node, PROPERTY_CBOZ_BLOCK_SIZE, 0) == 64;
	if (machine.timebase_hz == 0) {
		machine.timebase_hz = tree_number(node, PROPERTY_TIMEBASE, 0);
	}
}

/* Harts without mmu-type are monitor cores. What mmu-type says is not reliable, its absence is. */
static void read_child_of_cpus(struct tree_node *node)
{
	node->kind = NODE_CPU;
	node->hart = HARTS_MAX;
	if (tree_has_string(tree_property(node, PROPERTY_DEVICE_TYPE), "cpu") &&
	    tree_property(node, PROPERTY_MMU_TYPE) != NULL && tree_is_enabled(node) &&
	    tree_property(node, PROPERTY_REG) != NULL) {
		read_cpu(node, tree_number(node, PROPERTY_REG, 0));
	}
}

static void read_child_of_cpu(const struct tree_node *cpu, const struct tree_node *node)
{
	uint64_t phandle =
		tree_number(node, PROPERTY_PHANDLE, tree_number(node, PROPERTY_LINUX_PHANDLE, 0));

	if (cpu->hart < HARTS_MAX &&
	    tree_has_string(tree_property(node, PROPERTY_COMPATIBLE), "riscv,cpu-intc")) {
		scan.intc_phandles[cpu->hart] = (uint32_t)phandle;
	}
}

static void read_chosen(const struct tree_node *node)
{
	const struct tree_value *arguments = tree_property(node, PROPERTY_BOOTARGS);

	machine.archive.raw = tree_number(node, PROPERTY_INITRD_START, 0);
	scan.archive_end = tree_number(node, PROPERTY_INITRD_END, 0);
	for (uint32_t i = 0; arguments != NULL && i < arguments->size; i++) {
		if (i + 1 == sizeof(machine.bootargs)) {
			break;
		}
		machine.bootargs[i] = (char)arguments->data[i];
	}
}

/* The windows of a PCI host bridge, as the CPU sees them; configuration space is its `reg`. */
static void read_pci_ranges(unsigned depth)
{
	const struct tree_node *node = &tree_nodes[depth];
	const struct tree_value *ranges = tree_property(node, PROPERTY_RANGES);
	unsigned parent_cells = tree_nodes[depth - 1].address_cells;
	unsigned cells = 3 + parent_cells + node->size_cells;

	for (unsigned at = 0; ranges != NULL && (at + cells) * 4 <= ranges->size; at += cells) {
		struct phys_range range = {
			tree_cells(ranges, at + 3, parent_cells),
			tree_cells(ranges, at + 3 + parent_cells, node->size_cells)};

		if (range_is_sane(range) && tree_translate(depth - 1, &range)) {
			add_device(range);
		}
	}
}

/* Whoever holds one of these holds the kernel, all memory or every interrupt. */
static const char *const private_names[] = {
	"riscv,plic0",
	"sifive,plic-1.0.0",
	"thead,c900-plic", /* interrupts */
	"riscv,clint0",
	"sifive,clint0",
	"thead,c900-clint", /* firmware's timer, IPIs */
	"riscv,aclint-mtimer",
	"riscv,aclint-mswi",
	"riscv,aclint-sswi", /* the same */
	"thead,c900-aclint-mtimer",
	"thead,c900-aclint-mswi", /* the same */
	"riscv,aplic",
	"riscv,imsics", /* interrupts, MSIs */
	"riscv,iommu",
	"arm,smmu-v3", /* DMA of all devices */
	"cache",
	"sifive,ccache0",
	"sifive,fu540-c000-ccache", /* lines of any memory */
	"sifive,fu740-c000-ccache",
	"starfive,jh7100-ccache", /* the same */
	"starfive,jh7110-ccache",
	"eswin,eic7700-l3-cache", /* the same */
	"sifive,fu540-c000-ddr",
	"sifive,fu740-c000-ddr", /* memory controller */
	"starfive,jh7110-dmc",
	"riscv,debug-013",
	"sifive,debug-013", /* the same; debug */
};

static void read_device(unsigned depth)
{
	struct tree_node *node = &tree_nodes[depth];
	bool is_pci = tree_has_string(tree_property(node, PROPERTY_DEVICE_TYPE), "pci");
	bool is_private = tree_is_compatible(node, private_names, ARRAY_SIZE(private_names));
	struct phys_range range;

	node->is_addressable = tree_nodes[depth - 1].is_addressable && !is_pci &&
			       tree_property(node, PROPERTY_RANGES) != NULL;
	if (!tree_nodes[depth - 1].is_addressable) {
		return;
	}
	if (is_private && tree_is_enabled(node)) {
		irqchip_read_node(depth);
	}
	for (unsigned i = 0; tree_reg(depth, i, &range); i++) {
		if (range.size != 0 && is_private) {
			add_private(range);
		} else if (range.size != 0 && tree_is_enabled(node)) {
			add_device(range);
		}
	}
	if (is_pci && tree_is_enabled(node) && node->address_cells == 3) {
		read_pci_ranges(depth);
	}
	if (!tree_is_enabled(node)) {
		node->is_addressable = false;
	}
}

/*
 * Ranges of the physical address space that are RAM again (uncached, mostly)
 * or otherwise not to be touched, and that no device tree names. By the root
 * node's `compatible`. From the first alias on all is closed but where devices
 * are known to be, for there may be more aliases than anybody wrote down.
 */
static const struct phys_range aliases_jh7100[] = {{0x1000000000, PHYS_END - 0x1000000000}};
/* Linux' patches and U-Boot disagree on which of two; both are closed. PCI is between. */
static const struct phys_range aliases_jh7110[] = {{0x240000000, 0x900000000 - 0x240000000},
						   {0xa00000000, PHYS_END - 0xa00000000}};
/* Prefetches into the other die's window and into holes raise bus errors. */
static const struct phys_range aliases_eic7700[] = {{0x3a000000, 0x1000000},
						    {0x1000000000, 0x7000000000},
						    {0xc000000000, PHYS_END - 0xc000000000}};
static const struct phys_range aliases_mpfs[] = {{0xc0000000, 0x20000000},
						 {0x1400000000, 0xc00000000}};

static const struct {
	const char *compatible;
	const struct phys_range *ranges;
	unsigned count;
} alias_table[] = {
	{"starfive,jh7100", aliases_jh7100, ARRAY_SIZE(aliases_jh7100)},
	{"starfive,jh7110", aliases_jh7110, ARRAY_SIZE(aliases_jh7110)},
	{"eswin,eic7700", aliases_eic7700, ARRAY_SIZE(aliases_eic7700)},
	{"microchip,mpfs", aliases_mpfs, ARRAY_SIZE(aliases_mpfs)},
};

/*
 * riscv,physical-memory-regions: for each entry base, size, flags, and a cell
 * reserved. No device is granted in one that is memory in any way, an alias of
 * another entry, or not safe to touch.
 */
#define REGION_ORDER_MEMORY 0x200u
#define REGION_UNSAFE 0x8000u
#define REGION_ALIAS 0xff000000u

static void read_regions(const struct tree_node *root)
{
	const struct tree_value *regions = tree_property(root, PROPERTY_PHYSICAL_REGIONS);
	unsigned flags_at = root->address_cells + root->size_cells;

	for (unsigned at = 0; regions != NULL && (at + flags_at + 2) * 4 <= regions->size;
	     at += flags_at + 2) {
		struct phys_range range = {
			tree_cells(regions, at, root->address_cells),
			tree_cells(regions, at + root->address_cells, root->size_cells)};

		if ((tree_cells(regions, at + flags_at, 1) &
		     (REGION_ORDER_MEMORY | REGION_UNSAFE | REGION_ALIAS)) != 0 &&
		    range_is_sane(range)) {
			add_private(range);
		}
	}
}

static void read_root(struct tree_node *node)
{
	node->is_addressable = true;
	read_regions(node);
	for (unsigned i = 0; i < ARRAY_SIZE(alias_table); i++) {
		if (tree_has_string(tree_property(node, PROPERTY_COMPATIBLE),
				    alias_table[i].compatible)) {
			scan.aliases = alias_table[i].ranges;
			scan.alias_count = alias_table[i].count;
		}
	}
}

static void read_child_of_root(unsigned depth)
{
	struct tree_node *node = &tree_nodes[depth];
	const struct tree_value *type = tree_property(node, PROPERTY_DEVICE_TYPE);

	if (tree_is_named(node, "cpus")) {
		node->kind = NODE_CPUS;
		machine.timebase_hz = tree_number(node, PROPERTY_TIMEBASE, machine.timebase_hz);
	} else if (tree_is_named(node, "chosen")) {
		node->kind = NODE_CHOSEN;
		read_chosen(node);
	} else if (tree_is_named(node, "reserved-memory")) {
		node->kind = NODE_RESERVED_MEMORY;
	} else if (tree_has_string(type, "memory") ||
		   (type == NULL && tree_is_named(node, "memory"))) {
		read_memory(depth);
	} else {
		node->kind = NODE_DEVICE;
		read_device(depth);
	}
}

/* The properties of nodes[depth] are over: find out what it is and take what matters. */
static void read_node(unsigned depth)
{
	struct tree_node *node = &tree_nodes[depth];
	struct phys_range range;

	node->is_read = true;
	node->address_cells = (unsigned)tree_number(node, PROPERTY_ADDRESS_CELLS, 2);
	node->size_cells = (unsigned)tree_number(node, PROPERTY_SIZE_CELLS, 1);
	if (node->address_cells > 3 || node->size_cells > 2) {
		node->address_cells = 0; /* nothing below can be addressed */
		node->size_cells = 0;
	}
	if (depth == 0) {
		node->kind = NODE_ROOT;
		read_root(node);
		return;
	}
	switch (tree_nodes[depth - 1].kind) {
	case NODE_ROOT:
		read_child_of_root(depth);
		break;
	case NODE_DEVICE:
		node->kind = NODE_DEVICE;
		read_device(depth);
		break;
	case NODE_CPUS:
		read_child_of_cpus(node);
		break;
	case NODE_CPU:
		read_child_of_cpu(&tree_nodes[depth - 1], node);
		break;
	case NODE_RESERVED_MEMORY:
		/* Regions without reg are for an operating system to place: none here does. */
		for (unsigned i = 0; tree_is_enabled(node) && tree_reg(depth, i, &range); i++) {
			add_reserved(range);
		}
		break;
	case NODE_CHOSEN:
	case NODE_IGNORED:
		break;
	}
}

/* ---- when all is read --------------------------------------------------- */

static bool is_in_ram(struct phys_range range)
{
	unsigned bank = ranges_find(machine.ram, machine.ram_count, range);

	return bank < machine.ram_count && range.base >= machine.ram[bank].base &&
	       range_end(range) <= range_end(machine.ram[bank]);
}

static void reserve_boot_memory(void)
{
	struct phys_range firmware = {machine.ram[0].base, FIRMWARE_SIZE};
	struct phys_range archive = {machine.archive.raw, scan.archive_end - machine.archive.raw};
	int reservations = fdt_num_mem_rsv(scan.fdt);

	for (int i = 0; i < reservations; i++) {
		struct phys_range range;

		if (fdt_get_mem_rsv(scan.fdt, i, &range.base, &range.size) == 0) {
			add_reserved(range);
		}
	}
	/* Firmware that says nothing of itself lies at the start of RAM. */
	if (ranges_find(machine.reserved, machine.reserved_count, firmware) ==
	    machine.reserved_count) {
		add_reserved(firmware);
	}
	add_reserved((struct phys_range){machine.kernel.raw, machine.kernel_size});
	add_reserved((struct phys_range){machine.device_tree.raw, machine.device_tree_size});
	if (archive.base < scan.archive_end && range_is_sane(archive) && is_in_ram(archive)) {
		machine.archive_size = archive.size;
		add_reserved(archive);
	} else if (scan.archive_end != 0) {
		print("device tree: boot archive %lx..%lx is not in RAM\n", archive.base,
		      scan.archive_end);
	}
}

static bool is_grantable(struct phys_range range)
{
	for (unsigned i = 0; i < scan.alias_count; i++) {
		if (range_meets(scan.aliases[i], range)) {
			return false;
		}
	}
	return ranges_find(machine.reserved, machine.reserved_count, range) ==
		       machine.reserved_count &&
	       ranges_find(scan.private_ranges, scan.private_count, range) == scan.private_count;
}

static void filter_devices(void)
{
	unsigned found = machine.device_count;

	machine.device_count = 0;
	for (unsigned i = 0; i < found; i++) {
		/* In place: at most i entries are in use. */
		if (is_grantable(machine.devices[i]) &&
		    !ranges_add(machine.devices, &machine.device_count, i + 1,
				machine.devices[i])) {
			panic("device tree: device windows do not fit");
		}
	}
	if (scan.devices_lost != 0) {
		print("device tree: %u device windows left out\n", scan.devices_lost);
	}
}

static void check_machine(void)
{
	struct phys_range kernel = {machine.kernel.raw, machine.kernel_size};

	if (machine.ram_count == 0) {
		panic("device tree: no memory node");
	}
	if (machine.timebase_hz == 0) {
		panic("device tree: no timebase-frequency");
	}
	if (machine_hart_index(scan.boot_hart_id) == HARTS_MAX) {
		panic("device tree: no enabled hart with an MMU has the id %lu that boots",
		      scan.boot_hart_id);
	}
	if (!is_in_ram(kernel)) {
		panic("device tree: the kernel image at %lx is not in RAM", kernel.base);
	}
}

void machine_read_device_tree(const void *fdt, uint64_t boot_hart_id)
{
	scan.fdt = fdt;
	scan.boot_hart_id = boot_hart_id;
	tree_walk(fdt, read_node);
	machine.device_tree_size = fdt_totalsize(fdt);
	for (unsigned i = 0; i < scan.alias_count; i++) {
		ranges_cut(machine.ram, &machine.ram_count, MACHINE_RAM_MAX, scan.aliases[i]);
	}
	check_machine();
	irqchip_choose(scan.intc_phandles);
	reserve_boot_memory();
	filter_devices();
}

unsigned machine_hart_index(uint64_t hart_id)
{
	for (unsigned i = 0; i < machine.hart_count; i++) {
		if (machine.hart_ids[i] == hart_id) {
			return i;
		}
	}
	return HARTS_MAX;
}

static bool ends_word(char c)
{
	return c == '\0' || c == ' ';
}

/* Behind `word`, the whole or the beginning of one of the boot arguments; NULL if none is so. */
static const char *find_argument(const char *word, bool is_whole)
{
	const char *at = machine.bootargs;

	while (*at != '\0') {
		unsigned i = 0;

		while (word[i] != '\0' && at[i] == word[i]) {
			i++;
		}
		if (word[i] == '\0' && (!is_whole || ends_word(at[i]))) {
			return at + i;
		}
		while (!ends_word(*at)) {
			at++;
		}
		while (*at == ' ') {
			at++;
		}
	}
	return NULL;
}

bool machine_has_argument(const char *word)
{
	return find_argument(word, true) != NULL;
}

unsigned machine_asid_bits(void)
{
	const char *digits = find_argument("asid=", false);
	const char *at = digits;
	unsigned bits = 0;

	if (digits == NULL) {
		return ASID_BITS_MOST;
	}
	while (*at >= '0' && *at <= '9' && bits <= ASID_BITS_MOST) {
		bits = bits * 10 + (unsigned)(*at++ - '0');
	}
	if (at == digits || !ends_word(*at) || bits > ASID_BITS_MOST) {
		print("boot argument asid= ignored: not a number from 0 to 16\n");
		return ASID_BITS_MOST;
	}
	return bits;
}
