/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the root task finds in device trees: built here node by node with
 * libfdt, like the emulator's, unlike it, and damaged.
 */
#include <libfdt.h>
#include <stdarg.h>
#include <string.h>

#include "servers/root/root.h"
#include "tests/system/check.h"

#define TREE_BYTES 16384

static char tree[TREE_BYTES];
static struct boot_info info;
const struct boot_info *boot = &info;
struct system file_system;
static struct server server;
static struct system_server config = {.name = "test"};
static char said[4096];

/* ---- what devices.c calls ----------------------------------------------------- */

void log_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said + strlen(said), sizeof(said) - strlen(said), format, arguments);
	va_end(arguments);
}

void server_argument(struct server *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	s->argument_bytes +=
		1 + (size_t)vsnprintf(s->arguments + s->argument_bytes,
				      sizeof(s->arguments) - s->argument_bytes, format, arguments);
	va_end(arguments);
}

void server_add_cap(struct server *s, const char *name, cap_t source, uint32_t rights,
		    uint32_t badge)
{
	(void)rights, (void)badge;
	EXPECT(s->cap_count < STARTUP_CAPS);
	snprintf(s->caps[s->cap_count].name, STARTUP_NAME, "%s", name);
	s->caps[s->cap_count++].source = source;
}

void server_add_region(struct server *s, const struct named_region *region)
{
	EXPECT(s->region_count < STARTUP_REGIONS);
	s->regions[s->region_count++] = *region;
}

cap_t device_pool_create(uint64_t base, uint64_t size)
{
	EXPECT(base % PAGE_BYTES == 0 && size % PAGE_BYTES == 0 && size != 0);
	return base != 0xbad000 ? 1 : 0;
}

cap_t slot_allocate(void)
{
	return 1;
}

static uint32_t irq_taken, irq_trigger;

enum err syscall_message(enum syscall number, uint64_t caps, struct message *m)
{
	EXPECT(number == SYS_INVOKE && caps == BOOT_SLOT_IRQ_CONTROL);
	irq_taken = (uint32_t)m->words[0];
	irq_trigger = (uint32_t)m->words[2];
	/* The test sees the number as the capability's source. */
	return m->words[0] < 96 ? ERR_OK : ERR_ARGUMENT;
}

enum err syscall_cap(enum syscall number, cap_t cap)
{
	(void)number, (void)cap;
	return ERR_OK;
}

/* ---- trees -------------------------------------------------------------------- */

static void cells_property(const char *name, unsigned count, const uint32_t *values)
{
	fdt32_t cells[64];

	EXPECT(count <= 64);
	for (unsigned i = 0; i < count; i++)
		cells[i] = cpu_to_fdt32(values[i]);
	EXPECT(fdt_property(tree, name, cells, (int)count * 4) == 0);
}
#define CELLS(name, ...)                                                                           \
	cells_property(name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})

static void begin(const char *name)
{
	EXPECT(fdt_begin_node(tree, name) == 0);
}

static void end(void)
{
	EXPECT(fdt_end_node(tree) == 0);
}

static void begin_tree(void)
{
	EXPECT(fdt_create(tree, TREE_BYTES) == 0 && fdt_finish_reservemap(tree) == 0);
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("chosen");
	EXPECT(fdt_property_string(tree, "stdout-path", "/soc/serial@2000:115200") == 0);
	EXPECT(fdt_property_string(tree, "bootargs", "init=/bin/sh  -- a  b") == 0);
	EXPECT(fdt_property(tree, "rng-seed", "0123456789", 10) == 0);
	end();
}

static void serial(const char *name, uint32_t base, uint32_t irq, const char *status)
{
	begin(name);
	EXPECT(fdt_property_string(tree, "compatible", "ns16550a") == 0);
	CELLS("reg", 0, base, 0, 0x100);
	CELLS("interrupts", irq);
	CELLS("reg-shift", 2);
	if (status != NULL)
		EXPECT(fdt_property_string(tree, "status", status) == 0);
	end();
}

static void make_tree(void)
{
	begin_tree();
	begin("soc");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	EXPECT(fdt_property(tree, "ranges", "", 0) == 0);
	begin("plic");
	CELLS("phandle", 9);
	CELLS("#interrupt-cells", 1);
	CELLS("#address-cells", 0);
	end();
	serial("serial@1000", 0x1000, 3, NULL);
	serial("serial@2000", 0x2000, 4, "okay");
	serial("serial@3000", 0x3000, 5, "disabled");
	begin("pci");
	EXPECT(fdt_property_string(tree, "compatible", "pci-host-ecam-generic") == 0);
	CELLS("reg", 0, 0x30000000, 0, 0x10000000);
	CELLS("#address-cells", 3);
	CELLS("ranges", 0x1000000, 0, 0, 0, 0x3000000, 0, 0x10000, 0x2000000, 0, 0x40000000, 0,
	      0x40000000, 0, 0x40000000, 0x3000000, 4, 0, 4, 0, 4, 0);
	CELLS("interrupt-map", 0, 0, 0, 1, 9, 32, 0, 0, 0, 2, 9, 33, 0, 0, 0, 3, 9, 34, 0, 0, 0, 4,
	      9, 35, 0x800, 0, 0, 1, 9, 33);
	end();
	end();
	end();
	EXPECT(fdt_finish(tree) == 0);
}

/* A bus whose children's addresses are translated, registers not page aligned. */
static void make_translated_tree(void)
{
	begin_tree();
	begin("bus");
	EXPECT(fdt_property_string(tree, "compatible", "simple-bus") == 0);
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0x0, 0x1, 0x0, 0x1000, 0x8000, 0x2, 0x0, 0x1000);
	begin("device");
	EXPECT(fdt_property_string(tree, "compatible", "vendor,thing") == 0);
	CELLS("reg", 0x8010, 0x1000);
	CELLS("interrupts-extended", 9, 7);
	end();
	begin("other");
	EXPECT(fdt_property(tree, "compatible", "x,first\0x,second", 16) == 0);
	end();
	end();
	end();
	EXPECT(fdt_finish(tree) == 0);
}

/* Interrupts of two cells, as of an APLIC: a number and how it is triggered. */
static void make_two_cell_tree(void)
{
	begin_tree();
	begin("aplic");
	CELLS("phandle", 9);
	CELLS("#interrupt-cells", 2);
	CELLS("#address-cells", 0);
	end();
	begin("bus");
	CELLS("interrupt-parent", 9);
	begin("own");
	EXPECT(fdt_property_string(tree, "compatible", "x,own") == 0);
	CELLS("interrupts", 10, 4, 11, 1);
	end();
	begin("extended");
	EXPECT(fdt_property_string(tree, "compatible", "x,extended") == 0);
	CELLS("interrupts-extended", 9, 12, 2);
	end();
	begin("short");
	EXPECT(fdt_property_string(tree, "compatible", "x,short") == 0);
	CELLS("interrupts", 13);
	end();
	begin("pci");
	EXPECT(fdt_property_string(tree, "compatible", "x,pci") == 0);
	CELLS("interrupt-map", 0, 0, 0, 1, 9, 32, 4, 0, 0, 0, 2, 9, 33, 8, 0x800, 0, 0, 1, 9, 33,
	      4);
	end();
	end();
	end();
	EXPECT(fdt_finish(tree) == 0);
}

static void start(void)
{
	info.device_tree = (uint64_t)tree;
	memset(&server, 0, sizeof(server));
	server.config = &config;
	said[0] = 0;
	device_tree_read();
}

/* ---- tests -------------------------------------------------------------------- */

static void console_first(void)
{
	struct system_device device = {
		.compatible = "ns16550a", .registers = "regs", .irq = "irq", .properties = 2};

	file_system.strings = "reg-shift\0clock-frequency";
	make_tree();
	start();
	EXPECT(device_resolve(&server, &device));
	EXPECT(server.region_count == 1 && server.regions[0].physical == 0x2000);
	EXPECT(server.regions[0].size == 4096 && strcmp(server.regions[0].name, "regs") == 0);
	EXPECT(server.cap_count == 1 && strcmp(server.caps[0].name, "irq") == 0 && irq_taken == 4);
	EXPECT(irq_trigger == 0);
	EXPECT(strcmp(server.arguments, "reg-shift=2") == 0 && server.argument_bytes == 12);
}

static void all_enabled_nodes(void)
{
	struct system_device device = {.compatible = "ns16550a",
				       .registers = "regs",
				       .irq = "irq",
				       .flags = SYSTEM_DEVICE_ALL};

	make_tree();
	start();
	EXPECT(device_resolve(&server, &device));
	EXPECT(server.region_count == 2 && server.cap_count == 2);
	EXPECT(strcmp(server.regions[1].name, "regs1") == 0 &&
	       server.regions[1].physical == 0x1000);
	EXPECT(strcmp(server.caps[0].name, "irq0") == 0);
}

static void pci_host(void)
{
	struct system_device device = {.compatible = "pci-host-ecam-generic",
				       .registers = "ecam",
				       .registers_limit = 1 << 20,
				       .memory = "mem",
				       .memory_limit = 16 << 20,
				       .irq = "pci-irq"};

	make_tree();
	start();
	EXPECT(device_resolve(&server, &device));
	EXPECT(server.region_count == 2 && server.cap_count == 4);
	EXPECT(server.regions[0].physical == 0x30000000 && server.regions[0].size == 1 << 20);
	EXPECT(server.regions[1].physical == 0x40000000 && server.regions[1].size == 16 << 20);
	EXPECT(strcmp(server.caps[3].name, "pci-irq3") == 0 && irq_taken == 35);
}

/* Fails if the second cell is taken for another interrupt, or is not passed on. */
static void two_cell_interrupts(void)
{
	struct system_device own = {.compatible = "x,own", .irq = "i"};
	struct system_device extended = {.compatible = "x,extended", .irq = "i"};
	struct system_device cut = {.compatible = "x,short", .irq = "i"};
	struct system_device pci = {.compatible = "x,pci", .irq = "i"};

	make_two_cell_tree();
	start();
	EXPECT(device_resolve(&server, &own) && irq_taken == 10 && irq_trigger == 4);
	EXPECT(device_resolve(&server, &extended) && irq_taken == 12 && irq_trigger == 2);
	EXPECT(!device_resolve(&server, &cut) && strstr(said, "has no interrupt") != NULL);
	EXPECT(device_resolve(&server, &pci) && irq_taken == 33 && irq_trigger == 8);
	EXPECT(server.cap_count == 4);
}

static void translated_addresses(void)
{
	struct system_device device = {.compatible = "vendor,thing", .registers = "r", .irq = "i"};
	struct system_device other = {.compatible = "x,second", .registers = "r"};

	make_translated_tree();
	start();
	EXPECT(device_resolve(&server, &device));
	EXPECT(server.regions[0].physical == 0x200000000 && server.regions[0].size == 0x2000);
	EXPECT(irq_taken == 7);
	EXPECT(!device_resolve(&server, &other) && strstr(said, "has no registers") != NULL);
}

static void what_is_missing(void)
{
	struct system_device device = {.compatible = "absent,device", .registers = "r"};

	make_tree();
	start();
	EXPECT(!device_resolve(&server, &device) && strstr(said, "the machine has no") != NULL);
	device.flags = SYSTEM_DEVICE_OPTIONAL;
	EXPECT(device_resolve(&server, &device) && server.region_count == 0);
}

static void boot_arguments(void)
{
	static const char expected[] = "init=/bin/sh\0--\0a\0b";
	const uint8_t *seed;

	make_tree();
	start();
	device_tree_arguments(&server);
	EXPECT(server.argument_bytes == sizeof(expected));
	EXPECT(memcmp(server.arguments, expected, sizeof(expected)) == 0);
	EXPECT(device_tree_seed(&seed) == 10 && memcmp(seed, "0123456789", 10) == 0);
}

/* The firmware's tree is trusted to end; anything in it may be nonsense. */
static void damaged_trees(void)
{
	struct system_device devices[] = {
		{.compatible = "ns16550a", .registers = "regs", .irq = "irq", .flags = 3},
		{.compatible = "pci-host-ecam-generic",
		 .registers = "e",
		 .memory = "m",
		 .irq = "q"}};

	for (unsigned i = 0; i < 200; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			make_tree();
			for (unsigned j = 0; j <= i; j++)
				check_random();
			for (unsigned j = 0; j < 6; j++) {
				size_t size = fdt_size_dt_struct(tree);
				size_t at = fdt_off_dt_struct(tree) + check_random() % size;

				tree[(at & ~3ul) | 3] ^= (char)(1 << check_random() % 8);
			}
			start();
			for (unsigned j = 0; j < 2; j++)
				device_resolve(&server, &devices[j]);
			device_tree_arguments(&server);
			_exit(0);
		}
		EXPECT(waitpid(child, &status, 0) == child);
		EXPECT(status == 0);
	}
}

int main(void)
{
	RUN(console_first);
	RUN(all_enabled_nodes);
	RUN(pci_host);
	RUN(two_cell_interrupts);
	RUN(translated_addresses);
	RUN(what_is_missing);
	RUN(boot_arguments);
	RUN(damaged_trees);
	return check_summary();
}
