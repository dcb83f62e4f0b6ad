/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of what the kernel makes of device trees: sources compiled by dtc are
 * given to the very code of sbi/, under sanitizers. Each case runs in a
 * process of its own, for the code under test keeps state; a panic ends it.
 */
#include "sbi/machine.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/panic.h"
#include "kernel/print.h"
#include "sbi/errata.h"
#include "sbi/ranges.h"
#include "sbi/sbi.h"
#include "tests/sbi/device_tree.h"
#include "tests/sbi/trees.h"

#define DTB_MAX 65536
#define EXIT_PANIC 77
#define TEXT_MAX 1024

struct sbi_features sbi_features;
static char printed[TEXT_MAX];

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout);
	_exit(EXIT_PANIC);
}

void print(const char *format, ...)
{
	size_t used = strlen(printed);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(printed + used, sizeof(printed) - used, format, arguments);
	va_end(arguments);
}

/* ---- blobs -------------------------------------------------------------- */

static size_t compile(const char *source, void *blob)
{
	char path[] = "/tmp/device_tree.XXXXXX";
	char command[128];
	int file = mkstemp(path);
	FILE *dtc;
	size_t size = 0;

	if (file < 0 || write(file, source, strlen(source)) != (ssize_t)strlen(source)) {
		perror(path);
		exit(1);
	}
	close(file);
	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb -o - %s", path);
	dtc = popen(command, "r");
	if (dtc != NULL) {
		size = fread(blob, 1, DTB_MAX, dtc);
	}
	if (dtc == NULL || pclose(dtc) != 0 || size == 0) {
		fprintf(stderr, "dtc failed on:\n%s", source);
		exit(1);
	}
	unlink(path);
	return size;
}

/* From memory of exactly the blob's size, so that a read beyond it is caught. */
static void read_blob(const void *blob, size_t size, uint64_t boot_hart)
{
	void *copy = malloc(size);

	memcpy(copy, blob, size);
	if (machine.kernel_size == 0) {
		machine.kernel.raw = 0x80200000;
		machine.kernel_size = 0x20000;
	}
	machine.device_tree.raw = 0xbfe00000;
	machine_read_device_tree(copy, boot_hart);
}

void read_tree(const char *source, uint64_t boot_hart)
{
	static uint64_t blob[DTB_MAX / 8];

	read_blob(blob, compile(source, blob), boot_hart);
}

static bool has_range(const struct phys_range *ranges, unsigned count, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < count; i++) {
		if (ranges[i].base == base && ranges[i].size == size) {
			return true;
		}
	}
	return false;
}

#define HAS_DEVICE(base, size) has_range(machine.devices, machine.device_count, base, size)
#define HAS_RAM(base, size) has_range(machine.ram, machine.ram_count, base, size)
#define HAS_RESERVED(base, size) has_range(machine.reserved, machine.reserved_count, base, size)

/* ---- whole machines ----------------------------------------------------- */

static void test_virt(void)
{
	read_tree(tree_virt, 1);
	CHECK(machine.hart_count == 2 && machine.hart_ids[0] == 0 && machine.hart_ids[1] == 1);
	CHECK(machine_hart_index(1) == 1 && machine_hart_index(2) == HARTS_MAX);
	CHECK(machine.timebase_hz == 10000000);
	CHECK(machine.has_sstc && machine.has_cache_block_zero && machine.zero_block_is_64);
	CHECK(machine.ram_count == 1 && HAS_RAM(0x80000000, 0x40000000));
	CHECK(machine.reserved_count == 5);
	CHECK(HAS_RESERVED(0x80000000, 0x40000) && HAS_RESERVED(0x80040000, 0x20000));
	CHECK(HAS_RESERVED(0x80200000, 0x20000) && HAS_RESERVED(0xa0200000, 0x100000));
	CHECK(machine.archive.raw == 0xa0200918 && machine.archive_size == 0xff6e8);
	CHECK(machine.irqchip_registers.base == 0xc000000 &&
	      machine.irqchip_registers.size == 0x600000);
	CHECK(machine.irqchip_sources == 95);
	CHECK(machine.irqchip_context[0] == 1 && machine.irqchip_context[1] == 3);
	CHECK(machine.device_count == 11);
	CHECK(HAS_DEVICE(0x101000, 0x1000) && HAS_DEVICE(0x10000000, 0x1000));
	CHECK(HAS_DEVICE(0x10001000, 0x1000) && HAS_DEVICE(0x10002000, 0x1000));
	CHECK(HAS_DEVICE(0x10100000, 0x1000) && HAS_DEVICE(0x22000000, 0x2000000));
	CHECK(HAS_DEVICE(0x3000000, 0x10000) && HAS_DEVICE(0x40000000, 0x40000000));
	CHECK(HAS_DEVICE(0x400000000, 0x400000000) && HAS_DEVICE(0x30000000, 0x10000000));
	CHECK(strcmp(machine.bootargs, "quiet panic=off") == 0);
	CHECK(printed[0] == '\0');
}

static void test_fu540(void)
{
	read_tree(tree_fu540, 3);
	CHECK(machine.hart_count == 3);
	CHECK(machine.hart_ids[0] == 1 && machine.hart_ids[1] == 3 && machine.hart_ids[2] == 4);
	CHECK(machine_hart_index(3) == 1);
	CHECK(machine.irqchip_context[0] == 2 && machine.irqchip_context[1] == 6);
	CHECK(machine.irqchip_context[2] == 8 && machine.irqchip_sources == 53);
	CHECK(!machine.has_sstc && !machine.has_cache_block_zero);
	CHECK(HAS_RAM(0x80000000, 0x200000000));
	CHECK(HAS_RESERVED(0x80000000, 0x80000)); /* memreserve, so no more for firmware */
	CHECK(machine.device_count == 4);
	CHECK(HAS_DEVICE(0x10000000, 0x1000) && HAS_DEVICE(0x10010000, 0x1000));
	CHECK(HAS_DEVICE(0x10040000, 0x1000) && HAS_DEVICE(0x20000000, 0x10000000));
}

static void test_jh7110(void)
{
	machine.kernel.raw = 0x40200000;
	machine.kernel_size = 0x20000;
	read_tree(tree_jh7110, 2);
	CHECK(machine.hart_count == 2 && machine_hart_index(2) == 1);
	CHECK(HAS_RAM(0x40000000, 0x200000000));
	CHECK(HAS_RESERVED(0x40000000, 0x200000)); /* firmware's by default */
	CHECK(machine.irqchip_context[0] == 2 && machine.irqchip_context[1] == 4);
	CHECK(machine.device_count == 4); /* none in the alias, none that reaches into it */
	CHECK(HAS_DEVICE(0x940000000, 0x1000000) && HAS_DEVICE(0x2b000000, 0x100000));
	CHECK(HAS_DEVICE(0x30000000, 0x8000000) && HAS_DEVICE(0x10000000, 0x10000));
}

static void test_mpfs(void)
{
	read_tree(tree_mpfs, 1);
	CHECK(machine.hart_count == 1 && machine.hart_ids[0] == 1);
	CHECK(machine.ram_count == 2 && HAS_RAM(0x1040000000, 0x40000000));
	CHECK(machine.device_count == 1 && HAS_DEVICE(0x20100000, 0x1000));
	CHECK(machine.irqchip == IRQCHIP_NONE && machine.irqchip_registers.size == 0);
	CHECK(machine.irqchip_context[0] == IRQCHIP_NO_CONTEXT);
}

static void test_eic7700_memory(void)
{
	/* The vendor's tree says 510 GiB. */
	read_tree(
		ROOT_OF("eswin,eic7700", ONE_CPU
			"memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0x7f 0x80000000>; };"),
		0);
	CHECK(machine.ram_count == 1 && HAS_RAM(0x80000000, 0x1000000000 - 0x80000000));
}

/* Each refused window would be granted if the aliases of its SoC were open again. */
static void test_jh7110_aliases(void)
{
	machine.kernel.raw = 0x40200000;
	read_tree(
		ROOT_OF("starfive,jh7110", ONE_CPU
			"memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 1 0>; };\n" SOC(
				"uart@10000000 { reg = <0 0x10000000 0 0x1000>; };\n"
				"a@240000000 { reg = <2 0x40000000 0 0x1000>; };\n"
				"b@440000000 { reg = <4 0x40000000 0 0x1000>; };\n"
				"c@640000000 { reg = <6 0x40000000 0 0x1000>; };\n"
				"pcie@940000000 { reg = <9 0x40000000 0 0x1000000>; };\n"
				"d@9fffff000 { reg = <9 0xfffff000 0 0x2000>; };\n"
				"e@f00000000 { reg = <0xf 0 0 0x1000>; };\n")),
		0);
	CHECK(machine.device_count == 2);
	CHECK(HAS_DEVICE(0x10000000, 0x1000) && HAS_DEVICE(0x940000000, 0x1000000));
}

static void test_eic7700_aliases(void)
{
	read_tree(
		ROOT_OF("eswin,eic7700", ONE_CPU
			"memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 4 0>; };\n" SOC(
				"uart@50900000 { reg = <0 0x50900000 0 0x10000>; };\n"
				"l3@2010000 { reg = <0 0x2010000 0 0x4000 0 0x1a000000 0 0x400000>;\n"
				" compatible = \"eswin,eic7700-l3-cache\"; };\n"
				"smmu@50c00000 { reg = <0 0x50c00000 0 0x100000>;\n"
				" compatible = \"arm,smmu-v3\"; };\n"
				"zero@1a001000 { reg = <0 0x1a001000 0 0x1000>; };\n"
				"hole@3a000000 { reg = <0 0x3a000000 0 0x1000>; };\n"
				"die1@2000000000 { reg = <0x20 0 0 0x1000>; };\n"
				"pcie@8000000000 { reg = <0x80 0 0 0x10000000>; };\n"
				"a@c000000000 { reg = <0xc0 0 0 0x1000>; };\n"
				"b@e080000000 { reg = <0xe0 0x80000000 0 0x1000>; };\n"
				"c@10000000000 { reg = <0x100 0 0 0x1000>; };\n")),
		0);
	CHECK(machine.device_count == 2);
	CHECK(HAS_DEVICE(0x50900000, 0x10000) && HAS_DEVICE(0x8000000000, 0x10000000));
}

static void test_mpfs_aliases(void)
{
	read_tree(ROOT_OF("microchip,mpfs",
			  ONE_CPU MEMORY SOC("serial@20100000 { reg = <0 0x20100000 0 0x1000>; };\n"
					     "a@c0000000 { reg = <0 0xc0000000 0 0x1000>; };\n"
					     "b@dffff000 { reg = <0 0xdffff000 0 0x1000>; };\n"
					     "fabric@e0000000 { reg = <0 0xe0000000 0 0x1000>; };\n"
					     "c@1400000000 { reg = <0x14 0 0 0x1000>; };\n"
					     "d@1800000000 { reg = <0x18 0 0 0x1000>; };\n"
					     "e@1c00000000 { reg = <0x1c 0 0 0x1000>; };\n"
					     "pcie@2000000000 { reg = <0x20 0 0 0x8000000>; };\n")),
		  0);
	CHECK(machine.device_count == 3);
	CHECK(HAS_DEVICE(0x20100000, 0x1000) && HAS_DEVICE(0xe0000000, 0x1000));
	CHECK(HAS_DEVICE(0x2000000000, 0x8000000));
}

/* What a memory node names is no device, whether or not the kernel uses it. */
static void test_unused_memory(void)
{
	read_tree(
		ROOT(ONE_CPU MEMORY
		     "memory@4000000000 { device_type = \"memory\"; reg = <0x40 0 1 0>; };\n"
		     "memory@70000000 { device_type = \"memory\"; reg = <0 0x70000000 0 0x10000000>;\n"
		     " status = \"disabled\"; };\n"
		     "memory@60000000 { device_type = \"memory\"; reg = <0 0x60000000 0 0x800>; };\n" SOC(
			     "a@4000001000 { reg = <0x40 0x1000 0 0x1000>; };\n"
			     "b@70000000 { reg = <0 0x70000000 0 0x1000>; };\n"
			     "c@60000000 { reg = <0 0x60000000 0 0x1000>; };\n"
			     "d@10000000 { reg = <0 0x10000000 0 0x1000>; };\n")),
		0);
	CHECK(machine.ram_count == 1 && HAS_RAM(0x80000000, 0x40000000));
	CHECK(machine.device_count == 1 && HAS_DEVICE(0x10000000, 0x1000));
}

/* RAM is what memory nodes say; devices are only where a region is I/O and no alias, or none is. */
static void test_regions(void)
{
	read_tree(ROOT("riscv,physical-memory-regions =\n"
		       " <0 0x10000000 0 0x10000000 0x003 0>,\n"      /* I/O */
		       " <0 0x20000000 0 0x10000000 0x103 0>,\n"      /* I/O, strongly ordered */
		       " <0 0x30000000 0 0x10000000 0x01000003 0>,\n" /* its alias */
		       " <0 0x40000000 0 0x10000000 0x8003 0>,\n"     /* unsafe */
		       " <0 0x50000000 0 0x10000000 0xe07 0>,\n"      /* memory, not cached */
		       " <0 0x80000000 8 0 0x1eb7 0>,\n"
		       " <0x10 0 8 0 0x05000e07 0>,\n" /* the same, not cached */
		       " <0xffffffff 0xfffff000 1 0 0x8000 0>,\n"
		       " <0 0x60000000 0 0x10000000 0x8003>;\n" /* cut short */
		       ONE_CPU MEMORY SOC("a@10000000 { reg = <0 0x10000000 0 0x1000>; };\n"
					  "b@20000000 { reg = <0 0x20000000 0 0x1000>; };\n"
					  "c@30000000 { reg = <0 0x30000000 0 0x1000>; };\n"
					  "d@40000000 { reg = <0 0x40000000 0 0x1000>; };\n"
					  "e@50000000 { reg = <0 0x5ffff000 0 0x2000>; };\n"
					  "f@60000000 { reg = <0 0x60001000 0 0x1000>; };\n"
					  "g@800000000 { reg = <8 0x40000000 0 0x1000>; };\n"
					  "h@1000000000 { reg = <0x10 0x80000000 0 0x1000>; };\n"
					  "i@1800000000 { reg = <0x18 0 0 0x1000>; };\n")),
		  0);
	CHECK(machine.ram_count == 1 && HAS_RAM(0x80000000, 0x40000000));
	CHECK(machine.device_count == 4);
	CHECK(HAS_DEVICE(0x10000000, 0x1000) && HAS_DEVICE(0x20000000, 0x1000));
	CHECK(HAS_DEVICE(0x60001000, 0x1000) && HAS_DEVICE(0x1800000000, 0x1000));
}

/* ---- harts -------------------------------------------------------------- */

static void test_sparse_harts(void)
{
	read_tree(ROOT("cpus { #address-cells = <2>; #size-cells = <0>;\n"
		       " cpu@100000000 { device_type = \"cpu\"; reg = <1 0>; " MMU
		       "  timebase-frequency = <0 24000000>; };\n"
		       " cpu@500 { device_type = \"cpu\"; reg = <0 0x500>; " MMU " };\n"
		       " l2-cache { compatible = \"cache\"; }; };\n" MEMORY),
		  0x500);
	CHECK(machine.hart_count == 2);
	CHECK(machine.hart_ids[0] == 0x100000000 && machine.hart_ids[1] == 0x500);
	CHECK(machine.timebase_hz == 24000000);
}

#define EIGHT_CPUS                                                                                 \
	CPU(0, "okay", MMU, 10)                                                                    \
	CPU(1, "okay", MMU, 11)                                                                    \
	CPU(2, "okay", MMU, 12)                                                                    \
	CPU(3, "okay", MMU, 13)                                                                    \
	CPU(4, "okay", MMU, 14)                                                                    \
	CPU(5, "okay", MMU, 15)                                                                    \
	CPU(6, "okay", MMU, 16)                                                                    \
	CPU(7, "okay", MMU, 17)

static void test_too_many_harts(void)
{
	read_tree(
		ROOT(CPUS(EIGHT_CPUS CPU(8, "okay", MMU, 18) CPU(9, "okay", MMU, 19)
				  CPU(10, "okay", MMU, 20)) MEMORY
			     SOC("plic@c000000 { compatible = \"riscv,plic0\"; riscv,ndev = <9>;\n"
				 " reg = <0 0xc000000 0 0x4000000>;\n"
				 " interrupts-extended = <16 9 17 9 18 9 19 9 20 9>; };")),
		9);
	CHECK(machine.hart_count == HARTS_MAX);
	CHECK(machine.hart_ids[6] == 6 && machine.hart_ids[7] == 9);
	CHECK(machine_hart_index(9) == 7 && machine_hart_index(7) == HARTS_MAX);
	CHECK(machine.irqchip_context[6] == 0 && machine.irqchip_context[7] == 3);
	CHECK(machine.irqchip_context[0] == IRQCHIP_NO_CONTEXT);
}

static void isa(const char *first, const char *second, bool sstc, bool zicboz)
{
	static char source[4096];

	snprintf(source, sizeof(source),
		 "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; " MEMORY
		 "cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1>;\n"
		 "cpu@0 { device_type = \"cpu\"; reg = <0>; " MMU " %s };\n"
		 "cpu@1 { device_type = \"cpu\"; reg = <1>; " MMU " %s }; }; };",
		 first, second);
	read_tree(source, 0);
	CHECK(machine.has_sstc == sstc);
	CHECK((machine.has_cache_block_zero && machine.zero_block_is_64) == zicboz);
}

#define LIST(extensions) "riscv,isa-extensions = " extensions ";"
#define STRING(text) "riscv,isa = \"" text "\";"
#define ZERO(bytes) "riscv,cboz-block-size = <" #bytes ">;"

static void test_isa_list(void)
{
	isa(LIST("\"i\", \"sstc\", \"zicboz\"") ZERO(64),
	    LIST("\"zicboz\", \"i\", \"sstc\"") ZERO(64), true, true);
}
static void test_isa_not_all_harts(void)
{
	isa(LIST("\"sstc\", \"zicboz\"") ZERO(64), LIST("\"i\""), false, false);
}
static void test_isa_not_first_hart(void)
{
	isa(LIST("\"i\""), LIST("\"sstc\", \"zicboz\"") ZERO(64), false, false);
}
static void test_isa_block_size(void)
{
	isa(LIST("\"zicboz\"") ZERO(64), LIST("\"zicboz\"") ZERO(128), false, false);
}
/* Each is its own. */
static void test_isa_each(void)
{
	static const struct {
		const char *list;
		const bool *has;
	} all[] = {{LIST("\"svinval\""), &machine.has_svinval},
		   {LIST("\"svpbmt\""), &machine.has_svpbmt},
		   {LIST("\"zicbom\""), &machine.has_cache_block_management},
		   {LIST("\"zicboz\""), &machine.has_cache_block_zero}};

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		machine = (struct machine){0};
		isa(all[i].list, all[i].list, false, false);
		for (unsigned j = 0; j < ARRAY_SIZE(all); j++) {
			CHECK(*all[j].has == (i == j));
		}
		machine = (struct machine){0};
		isa(all[i].list, all[(i + 1) % ARRAY_SIZE(all)].list, false, false);
		CHECK(!*all[i].has && !*all[(i + 1) % ARRAY_SIZE(all)].has);
	}
}
static void test_isa_string(void)
{
	isa(STRING("rv64imafdc_zicboz_sstc"), STRING("rv64imafdc_sstc_svadu"), true, false);
}
static void test_isa_similar_names(void)
{
	isa(STRING("rv64imafdcsstc_xsstc_sstcx"), STRING("rv64imafdc_sstc_zicboz"), false, false);
}
static void test_isa_list_wins(void)
{
	isa(LIST("\"i\"") STRING("rv64i_sstc"), STRING("rv64i_sstc"), false, false);
}

/* ---- memory ------------------------------------------------------------- */

static void test_banks(void)
{
	read_tree(
		ROOT(ONE_CPU
		     "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000800 0 0x3ffff400>; };\n"
		     "memory@200000000 { device_type = \"memory\"; reg = <2 0 0 0x8000000\n"
		     " 1 0x80000000 0 0x1000000 2 0x7ff0000 0 0x20000 3 0 0 0>; };\n"
		     "memory@300000000 { device_type = \"memory\"; reg = <3 0 0 0x1000000>;\n"
		     " status = \"disabled\"; };\n"
		     "memory@1ff0000000 { device_type = \"memory\"; reg = <0x1f 0xf0000000 1 0>; };\n"
		     "memory@4000000000 { reg = <0x40 0 0 0x1000000>; };\n"),
		0);
	CHECK(machine.ram_count == 4);
	CHECK(HAS_RAM(0x80001000, 0x3fffe000));
	CHECK(HAS_RAM(0x180000000, 0x1000000));
	CHECK(HAS_RAM(0x200000000, 0x8010000));
	CHECK(HAS_RAM(0x1ff0000000, 0x10000000)); /* up to 128 GiB */
	for (unsigned i = 1; i < machine.ram_count; i++) {
		CHECK(machine.ram[i - 1].base + machine.ram[i - 1].size <= machine.ram[i].base);
	}
}

static void test_too_many_banks(void)
{
	read_tree(ROOT(ONE_CPU
		       "memory { device_type = \"memory\"; reg = <0 0x80000000 0 0x1000000\n"
		       " 1 0 0 0x1000 1 0x2000 0 0x1000 1 0x4000 0 0x1000 1 0x6000 0 0x1000\n"
		       " 1 0x8000 0 0x1000 1 0xa000 0 0x1000 1 0xc000 0 0x1000\n"
		       " 1 0xe000 0 0x1000>; };"),
		  0);
	CHECK(machine.ram_count == MACHINE_RAM_MAX && HAS_RAM(0x80000000, 0x1000000));
	CHECK(strstr(printed, "RAM at 10000e000 not used") != NULL);
}

static void test_reserved(void)
{
	read_tree("/dts-v1/; /memreserve/ 0x90000800 0x1000; /memreserve/ 0xbfe00000 0x100;\n"
		  "/ { #address-cells = <2>; #size-cells = <2>;\n" ONE_CPU MEMORY
		  "reserved-memory { #address-cells = <2>; #size-cells = <2>;\n" /* no ranges */
		  " a@80000000 { reg = <0 0x80000000 0 0x80000>; no-map; };\n"
		  " b@91000000 { reg = <0 0x91000000 0 0x2000 0 0x92000000 0 0x800>; };\n"
		  " c@91001000 { reg = <0 0x91001000 0 0x4000>; };\n"
		  " d { size = <0 0x20000000>; alloc-ranges = <0 0 1 0>; };\n"
		  " e@93000000 { reg = <0 0x93000000 0 0x1000>; status = \"disabled\"; };\n"
		  " f@0 { reg = <0xffffffff 0xfffff000 0 0x2000>; }; }; };\n",
		  0);
	CHECK(HAS_RESERVED(0x80000000, 0x80000));
	CHECK(HAS_RESERVED(0x80200000, 0x20000)); /* kernel */
	CHECK(HAS_RESERVED(0x90000000, 0x2000));
	CHECK(HAS_RESERVED(0x91000000, 0x5000));
	CHECK(HAS_RESERVED(0x92000000, 0x1000));
	CHECK(HAS_RESERVED(0xbfe00000, 0x1000)); /* device tree, twice */
	CHECK(machine.reserved_count == 6);
}

static void test_no_firmware_region(void)
{
	read_tree(ROOT(ONE_CPU MEMORY), 0);
	CHECK(machine.reserved_count == 3 && HAS_RESERVED(0x80000000, 0x200000));
}

static void test_too_many_reserved(void)
{
	static char source[8192] = "/dts-v1/;\n";

	for (unsigned i = 0; i < 40; i++) {
		sprintf(source + strlen(source), "/memreserve/ 0x%x 0x1000;\n",
			0x90000000 + i * 0x2000);
	}
	strcat(source, "/ { #address-cells = <2>; #size-cells = <2>;" ONE_CPU MEMORY "};");
	read_tree(source, 0);
}

/* ---- chosen ------------------------------------------------------------- */

static void test_initrd_one_cell(void)
{
	read_tree(ROOT(ONE_CPU MEMORY "chosen { linux,initrd-start = <0x84000123>;\n"
				      " linux,initrd-end = <0x84000456>; };"),
		  0);
	CHECK(machine.archive.raw == 0x84000123 && machine.archive_size == 0x333);
	CHECK(HAS_RESERVED(0x84000000, 0x1000));
}

static void test_initrd_nowhere(void)
{
	read_tree(ROOT(ONE_CPU MEMORY "chosen { linux,initrd-start = <0x10000000>;\n"
				      " linux,initrd-end = <0x10001000>; };"),
		  0);
	CHECK(machine.archive_size == 0 && strstr(printed, "not in RAM") != NULL);
}

static void test_initrd_backwards(void)
{
	read_tree(ROOT(ONE_CPU MEMORY "chosen { linux,initrd-start = <0x90001000>;\n"
				      " linux,initrd-end = <0x90000000>; };"),
		  0);
	CHECK(machine.archive_size == 0);
}

static void test_arguments(void)
{
	read_tree(ROOT(ONE_CPU MEMORY "chosen { bootargs = \"  a=1 panic=off  asid=0\"; };"), 0);
	CHECK(machine_has_argument("a=1") && machine_has_argument("panic=off"));
	CHECK(machine_has_argument("asid=0"));
	CHECK(!machine_has_argument("a") && !machine_has_argument("asid=01"));
	CHECK(!machine_has_argument("off") && !machine_has_argument("=off"));
}

static unsigned asid_bits(const char *arguments)
{
	snprintf(machine.bootargs, sizeof(machine.bootargs), "%s", arguments);
	printed[0] = '\0';
	return machine_asid_bits();
}

/* Fails if a word is cut short, taken for another, or not refused. */
static void test_asid_argument(void)
{
	static const char *const bad[] = {
		"asid=",   "asid=x",   "asid=17",	  "asid=-1",
		"asid=4x", "asid=0x4", "asid=4294967296", "asid=99999999999999999999"};
	char text[32];

	CHECK(asid_bits("") == 16 && asid_bits("noasid=3 asid") == 16 && printed[0] == '\0');
	for (unsigned bits = 0; bits <= 16; bits++) {
		snprintf(text, sizeof(text), "fence=all asid=%u x", bits);
		CHECK(asid_bits(text) == bits && printed[0] == '\0');
		snprintf(text, sizeof(text), "asid=%u", bits);
		CHECK(asid_bits(text) == bits && printed[0] == '\0');
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(asid_bits(bad[i]) == 16 && strstr(printed, "asid= ignored") != NULL);
	}
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static void test_long_arguments(void)
{
	read_tree(ROOT(ONE_CPU MEMORY "chosen { bootargs = \"" X64 X64 X64 X64 X64 "\"; };"), 0);
	CHECK(strlen(machine.bootargs) == sizeof(machine.bootargs) - 1);
}

/* ---- devices ------------------------------------------------------------ */

static void test_buses(void)
{
	read_tree(
		ROOT(ONE_CPU MEMORY
		     "soc { #address-cells = <1>; #size-cells = <1>;\n"
		     " ranges = <0 0 0x10000000 0x1000000 0x40000000 1 0 0x10000>;\n"
		     " uart@2000 { reg = <0x2000 0x100>; };\n"
		     " far@40000000 { reg = <0x4000f000 0x1000>; };\n"
		     " across@fff000 { reg = <0xfff000 0x2000>; };\n"
		     " outside@5000000 { reg = <0x5000000 0x1000>; };\n"
		     " inner { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x8000 0x1000>;\n"
		     "  d@800 { reg = <0x800 0x100>; }; };\n"
		     " i2c@3000 { reg = <0x3000 0x1000>; #address-cells = <1>; #size-cells = <0>;\n"
		     "  eeprom@50 { reg = <0x50>; }; };\n"
		     " opaque@4000 { reg = <0x4000 0x1000>; #address-cells = <1>; #size-cells = <1>;\n"
		     "  part@0 { reg = <0 0x1000>; }; };\n"
		     " off { status = \"disabled\"; #address-cells = <1>; #size-cells = <1>; ranges;\n"
		     "  d@7000 { reg = <0x7000 0x1000>; }; };\n"
		     " many { #address-cells = <4>; #size-cells = <1>; ranges;\n"
		     "  d@9000 { reg = <0 0 0 0x9000 0x1000>; }; };\n"
		     " short@6000 { reg = <0x6000>; }; };\n"),
		0);
	CHECK(machine.device_count == 5);
	CHECK(HAS_DEVICE(0x10002000, 0x1000) && HAS_DEVICE(0x10000f000, 0x1000));
	CHECK(HAS_DEVICE(0x10008000, 0x1000));
	CHECK(HAS_DEVICE(0x10003000, 0x1000) && HAS_DEVICE(0x10004000, 0x1000));
}

static void test_whitelist(void)
{
	read_tree(
		ROOT(ONE_CPU MEMORY
		     "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
		     " sram@59000000 { reg = <0 0x59000000 0 0x1000>; }; };\n" SOC(
			     "d@0 { reg = <0 0x10000000 0 0x1000>; };\n"
			     "same@0 { reg = <0 0x10000800 0 0x1000>; };\n" /* shares a page */
			     "next@0 { reg = <0 0x10002000 0 0x1000>; };\n" /* only touches */
			     "ram@0 { reg = <0 0x7ffff800 0 0x1000>; };\n"  /* reaches into RAM */
			     "sram@0 { reg = <0 0x59000100 0 0x10>; };\n"   /* reserved */
			     "plic@0 { reg = <0 0xc001000 0 0x1000>; };\n"  /* the PLIC's */
			     "big@0 { reg = <0 0 0 0xc0000000>; };\n"	    /* everything's */
			     "wrap@0 { reg = <0xffffffff 0xfffff000 0 0x2000>; };\n"
			     "none@0 { reg = <0 0x30000000 0 0>; };\n"
			     "off@0 { reg = <0 0x31000000 0 0x1000>; status = \"fail\"; };\n"
			     "clint@2000000 { reg = <0 0x2000000 0 0x10000>; status = \"disabled\";\n"
			     " compatible = \"x\", \"riscv,clint0\"; };\n"
			     "timer@2004000 { reg = <0 0x2004000 0 0x1000>; };\n"
			     "iommu@3010000 { reg = <0 0x3010000 0 0x1000>;\n"
			     " compatible = \"riscv,iommu\"; };\n"
			     "aplic@d000000 { reg = <0 0xd000000 0 0x8000>;\n"
			     " compatible = \"riscv,aplic\"; };\n"
			     "interrupt-controller@c000000 { compatible = \"riscv,plic0\";\n"
			     " reg = <0 0xc000000 0 0x400000>; interrupts-extended = <2 9>; };\n")),
		0);
	CHECK(machine.device_count == 2);
	CHECK(HAS_DEVICE(0x10000000, 0x2000) && HAS_DEVICE(0x10002000, 0x1000));
}

static void test_too_many_devices(void)
{
	static char source[16384] =
		"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;\n" ONE_CPU MEMORY;

	for (unsigned i = 0; i < MACHINE_DEVICES_MAX + 7; i++) {
		sprintf(source + strlen(source), "d@%x { reg = <0 0x%x 0 0x1000>; };\n",
			0x10000000 + i * 0x2000, 0x10000000 + i * 0x2000);
	}
	strcat(source, "};");
	read_tree(source, 0);
	CHECK(machine.device_count == MACHINE_DEVICES_MAX);
	CHECK(strstr(printed, "7 device windows left out") != NULL);
}

static void test_deep(void)
{
	static char source[8192] =
		"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;\n" ONE_CPU MEMORY;

	for (unsigned i = 0; i < 40; i++) {
		sprintf(source + strlen(source),
			"b { ranges; #address-cells = <2>; #size-cells = <2>;\n"
			"d@%x { reg = <0 0x%x 0 0x1000>; };\n",
			0x10000000 + i * 0x1000, 0x10000000 + i * 0x1000);
	}
	for (unsigned i = 0; i < 41; i++) {
		strcat(source, "};");
	}
	read_tree(source, 0);
	CHECK(machine.device_count == 10 && HAS_DEVICE(0x10000000, 0x1000));
}

/* ---- the PLIC ----------------------------------------------------------- */

static void test_plic_before_cpus(void)
{
	read_tree(
		ROOT(SOC("plic@c000000 { compatible = \"riscv,plic0\"; riscv,ndev = <2000>;\n"
			 " reg = <0 0xc000000 0 0x210000>;\n"
			 " interrupts-extended = <9 9 3 11 3 0xffffffff 3 9 2 9 2 9>; };\n"
			 "plic@e000000 { compatible = \"riscv,plic0\"; riscv,ndev = <1>;\n"
			 " reg = <0 0xe000000 0 0x210000>; interrupts-extended = <2 9>; };\n")
			     MEMORY CPUS(CPU(0, "okay", MMU, 2) CPU(
				     1, "okay", MMU,
				     3) "cpu@2 { device_type = \"cpu\"; reg = <2>; " MMU " };\n")),
		0);
	CHECK(machine.irqchip_registers.base == 0xc000000 && machine.irqchip_sources < 1024);
	CHECK(machine.irqchip_context[0] == 4 && machine.irqchip_context[1] == 3);
	CHECK(machine.irqchip_context[2] == IRQCHIP_NO_CONTEXT);
}

/* A context whose registers would lie behind the PLIC's window. */
static void test_plic_too_small(void)
{
	read_tree(ROOT(ONE_CPU MEMORY SOC(
			  "plic@c000000 { compatible = \"riscv,plic0\"; riscv,ndev = <9>;\n"
			  " reg = <0 0xc000000 0 0x202000>;\n"
			  " interrupts-extended = <9 9 9 9 2 9>; };\n")),
		  0);
	CHECK(machine.irqchip_context[0] == IRQCHIP_NO_CONTEXT);
}

/* ---- what ends in a panic ------------------------------------------------ */

static void test_no_memory(void)
{
	read_tree(ROOT(ONE_CPU), 0);
}
static void test_no_timebase(void)
{
	read_tree(ROOT("cpus { #address-cells = <1>; #size-cells = <0>;" CPU(0, "okay", MMU,
									     2) "};" MEMORY),
		  0);
}
static void test_no_boot_hart(void)
{
	read_tree(ROOT(ONE_CPU MEMORY), 7);
}
static void test_boot_hart_without_mmu(void)
{
	read_tree(ROOT(CPUS(CPU(0, "okay", "", 2) CPU(1, "okay", MMU, 3)) MEMORY), 0);
}
static void test_kernel_not_in_ram(void)
{
	machine.kernel.raw = 0xbffff000;
	machine.kernel_size = 0x20000;
	read_tree(ROOT(ONE_CPU MEMORY), 0);
}

static void damaged_header(size_t offset, uint32_t value)
{
	static uint64_t blob[DTB_MAX / 8];
	size_t size = compile(tree_virt, blob);
	uint32_t big_endian = cpu_to_fdt32(value);

	memcpy((char *)blob + offset, &big_endian, 4);
	read_blob(blob, size, 0);
}
static void test_bad_magic(void)
{
	damaged_header(offsetof(struct fdt_header, magic), 0xd00dfeec);
}
static void test_bad_version(void)
{
	damaged_header(offsetof(struct fdt_header, version), 16);
}
static void test_future_version(void)
{
	damaged_header(offsetof(struct fdt_header, last_comp_version), 18);
}
static void test_bad_size(void)
{
	damaged_header(offsetof(struct fdt_header, totalsize), 64);
}
static void test_huge_size(void)
{
	damaged_header(offsetof(struct fdt_header, totalsize), 0x7ffffff0);
}
static void test_bad_struct_offset(void)
{
	damaged_header(offsetof(struct fdt_header, off_dt_struct), 0x7ffffff0);
}
static void test_odd_struct_offset(void)
{
	damaged_header(offsetof(struct fdt_header, off_dt_struct), 0x3b);
}
static void test_bad_strings_size(void)
{
	damaged_header(offsetof(struct fdt_header, size_dt_strings), 0xffffff00);
}
static void test_short_struct(void)
{
	damaged_header(offsetof(struct fdt_header, size_dt_struct), 0x100);
}
static void test_misaligned(void)
{
	static uint64_t blob[DTB_MAX / 8];
	size_t size = compile(tree_virt, blob);
	char *copy = malloc(size + 8);

	memcpy(copy + 4, blob, size);
	machine_read_device_tree(copy + 4, 0);
}

/* ---- parts --------------------------------------------------------------- */

/* Random additions and cuts against an array of 256 bits. */
static void test_ranges(void)
{
	srand(1);
	for (unsigned round = 0; round < 300; round++) {
		struct phys_range ranges[16];
		unsigned count = 0;
		bool model[256] = {false};

		for (unsigned step = 0; step < 60; step++) {
			unsigned base = (unsigned)rand() % 250;
			unsigned size = 1 + (unsigned)rand() % (256 - base < 20 ? 256 - base : 20);
			struct phys_range range = {base, size};
			bool is_cut = rand() % 3 == 0 && count < 15;

			CHECK((ranges_find(ranges, count, range) == count) ==
			      (memchr(&model[base], true, size) == NULL));
			if (is_cut) {
				ranges_cut(ranges, &count, 16, range);
			} else if (!ranges_add(ranges, &count, 16, range)) {
				CHECK(count == 16);
				continue;
			}
			memset(&model[base], !is_cut, size);
			for (unsigned i = 0, at = 0; i <= count; i++) {
				unsigned start = i < count ? (unsigned)ranges[i].base : 256;

				CHECK(start >= at);
				CHECK(memchr(&model[at], true, start - at) == NULL);
				if (i < count) {
					at = (unsigned)range_end(ranges[i]);
					CHECK(memchr(&model[start], false, at - start) == NULL);
				}
			}
		}
	}
}

static struct errata errata_of(uint64_t arch, uint64_t impl)
{
	sbi_features.vendor_id = 0x489;
	sbi_features.arch_id = arch;
	sbi_features.impl_id = impl;
	errata = (struct errata){false, false};
	errata_find();
	return errata;
}

/* The ends of the ranges of ids, and other makers' ids. */
static void test_errata_bounds(void)
{
	const uint64_t u54 = 1, u74 = 0x8000000000000007;

	CHECK(errata_of(u54, 0x200630).fence_all_only && !errata_of(u54, 0x200631).fence_all_only);
	CHECK(errata_of(u74, 0x200630).fence_all_only && !errata_of(u74, 0x200631).fence_all_only);
	CHECK(errata_of(u74, 0x7f200630).fence_all_only);
	CHECK(!errata_of(u74, 0x20181003).stval_not_extended);
	CHECK(errata_of(u74, 0x20181004).stval_not_extended);
	CHECK(errata_of(u74, 0x20191105).stval_not_extended);
	CHECK(!errata_of(u74, 0x20191106).stval_not_extended);
	CHECK(!errata_of(u54, 0x20181004).stval_not_extended);
	errata = (struct errata){false, false};
	sbi_features =
		(struct sbi_features){.vendor_id = 0x48a, .arch_id = u74, .impl_id = 0x20181004};
	errata_find();
	CHECK(!errata.fence_all_only && !errata.stval_not_extended);
}

/* CIP-453: only with the erratum, and only where the address has lost its sign. */
static void test_fetch_address(void)
{
	static const uint64_t addresses[] = {0,
					     0x1000,
					     0x3fffffffff,
					     0x4000000000,
					     0x7f80001234,
					     0xffffffff80001234,
					     0x123456789abcdef0};
	static const uint64_t extended[] = {0,
					    0x1000,
					    0x3fffffffff,
					    0xffffffc000000000,
					    0xffffffff80001234,
					    0xffffffff80001234,
					    0x123456789abcdef0 | ~0ull << 39};

	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		bool has_sign = (addresses[i] >> 38 & 1) != 0;

		errata.stval_not_extended = false;
		CHECK(errata_fetch_address(addresses[i]) == addresses[i]);
		errata.stval_not_extended = true;
		CHECK(errata_fetch_address(addresses[i]) ==
		      (has_sign ? extended[i] : addresses[i]));
	}
}

static void test_errata(void)
{
	struct errata fu540 = errata_of(1, 0);
	struct errata fu740 = errata_of(0x8000000000000007, 0x20181004);
	struct errata jh7110 = errata_of(0x8000000000000007, 0x04210427);
	struct errata not_1200 = errata_of(0x8000000000000007, 0x01200626);
	struct errata p550 = errata_of(0x8000000000000008, 0x06220425);
	struct errata qemu;

	sbi_features = (struct sbi_features){.debug_console = true};
	errata = (struct errata){false, false};
	errata_find();
	qemu = errata;
	CHECK(fu540.fence_all_only && !fu540.stval_not_extended);
	CHECK(fu740.fence_all_only && fu740.stval_not_extended);
	CHECK(!jh7110.fence_all_only && !jh7110.stval_not_extended);
	CHECK(!not_1200.fence_all_only && !p550.fence_all_only && !qemu.fence_all_only);
	strcpy(machine.bootargs, "fence=all");
	errata_find();
	CHECK(errata.fence_all_only);
}

/* ---- damage at random ---------------------------------------------------- */

static uint64_t pristine[DTB_MAX / 8];
static size_t pristine_size;
static unsigned seed;

/* Whatever comes out, lists stay in bounds and what is given away is not memory. */
static void check_invariants(void)
{
	CHECK(machine.ram_count <= MACHINE_RAM_MAX && machine.hart_count <= HARTS_MAX);
	CHECK(machine.reserved_count <= MACHINE_RESERVED_MAX);
	CHECK(machine.device_count <= MACHINE_DEVICES_MAX && machine.hart_count > 0);
	for (unsigned i = 0; i < machine.device_count; i++) {
		CHECK(ranges_find(machine.ram, machine.ram_count, machine.devices[i]) ==
		      machine.ram_count);
		CHECK(machine.irqchip_registers.size == 0 ||
		      !range_meets(machine.irqchip_registers, machine.devices[i]));
	}
}

static void test_flipped(void)
{
	srand(seed);
	for (int i = rand() % 8; i >= 0; i--) {
		((char *)pristine)[(size_t)rand() % pristine_size] ^= (char)(1 << rand() % 8);
	}
	read_blob(pristine, pristine_size, 1);
	check_invariants();
}

static void test_truncated(void)
{
	uint32_t size = (seed * 20) % (uint32_t)pristine_size;
	struct fdt_header *header = (struct fdt_header *)pristine;

	header->totalsize = cpu_to_fdt32(size);
	/* Half of them: with a header that agrees. */
	if (seed % 2 == 1 && size > fdt_off_dt_struct(header)) {
		header->size_dt_struct = cpu_to_fdt32(size - fdt_off_dt_struct(header));
		header->size_dt_strings = cpu_to_fdt32(0);
		header->off_dt_strings = header->off_dt_struct;
	}
	read_blob(pristine, size < sizeof(*header) ? sizeof(*header) : size, 1);
	check_invariants();
}

/* ---- running ------------------------------------------------------------- */

static const struct test {
	const char *name;
	void (*run)(void);
	const char *panic; /* part of the message wanted; NULL: no panic */
} tests[] = {
	{"virt", test_virt, NULL},
	{"fu540", test_fu540, NULL},
	{"jh7110", test_jh7110, NULL},
	{"mpfs", test_mpfs, NULL},
	{"eic7700_memory", test_eic7700_memory, NULL},
	{"jh7110_aliases", test_jh7110_aliases, NULL},
	{"eic7700_aliases", test_eic7700_aliases, NULL},
	{"mpfs_aliases", test_mpfs_aliases, NULL},
	{"unused_memory", test_unused_memory, NULL},
	{"physical_regions", test_regions, NULL},
	{"sparse_harts", test_sparse_harts, NULL},
	{"too_many_harts", test_too_many_harts, NULL},
	{"isa_list", test_isa_list, NULL},
	{"isa_not_all_harts", test_isa_not_all_harts, NULL},
	{"isa_not_first_hart", test_isa_not_first_hart, NULL},
	{"isa_block_size", test_isa_block_size, NULL},
	{"isa_each", test_isa_each, NULL},
	{"isa_string", test_isa_string, NULL},
	{"isa_similar_names", test_isa_similar_names, NULL},
	{"isa_list_wins", test_isa_list_wins, NULL},
	{"banks", test_banks, NULL},
	{"too_many_banks", test_too_many_banks, NULL},
	{"reserved", test_reserved, NULL},
	{"no_firmware_region", test_no_firmware_region, NULL},
	{"too_many_reserved", test_too_many_reserved, "reserved ranges"},
	{"initrd_one_cell", test_initrd_one_cell, NULL},
	{"initrd_nowhere", test_initrd_nowhere, NULL},
	{"initrd_backwards", test_initrd_backwards, NULL},
	{"arguments", test_arguments, NULL},
	{"asid_argument", test_asid_argument, NULL},
	{"long_arguments", test_long_arguments, NULL},
	{"buses", test_buses, NULL},
	{"whitelist", test_whitelist, NULL},
	{"too_many_devices", test_too_many_devices, NULL},
	{"deep", test_deep, NULL},
	{"plic_before_cpus", test_plic_before_cpus, NULL},
	{"plic_too_small", test_plic_too_small, NULL},
	{"aplic", test_aplic, NULL},
	{"aplic_both_modes", test_aplic_both_modes, NULL},
	{"aplic_hart_indexes", test_aplic_hart_indexes, NULL},
	{"aplic_small", test_aplic_small, NULL},
	{"aplic_other_level", test_aplic_other_level, NULL},
	{"aplic_off", test_aplic_off, NULL},
	{"imsic", test_imsic, NULL},
	{"imsic_m_mode_first", test_imsic_m_mode_first, NULL},
	{"imsic_absent", test_imsic_absent, NULL},
	{"imsic_addresses", test_imsic_addresses, NULL},
	{"imsic_few_identities", test_imsic_few_identities, NULL},
	{"no_memory", test_no_memory, "no memory node"},
	{"no_timebase", test_no_timebase, "no timebase-frequency"},
	{"no_boot_hart", test_no_boot_hart, "has the id 7"},
	{"boot_hart_without_mmu", test_boot_hart_without_mmu, "has the id 0"},
	{"kernel_not_in_ram", test_kernel_not_in_ram, "is not in RAM"},
	{"bad_magic", test_bad_magic, "damaged header"},
	{"bad_version", test_bad_version, "damaged header"},
	{"future_version", test_future_version, "damaged header"},
	{"bad_size", test_bad_size, "damaged header"},
	{"huge_size", test_huge_size, "damaged header"},
	{"bad_struct_offset", test_bad_struct_offset, "damaged header"},
	{"odd_struct_offset", test_odd_struct_offset, "damaged header"},
	{"bad_strings_size", test_bad_strings_size, "damaged header"},
	{"short_struct", test_short_struct, "damaged at"},
	{"misaligned", test_misaligned, "damaged header"},
	{"ranges", test_ranges, NULL},
	{"errata", test_errata, NULL},
	{"errata_bounds", test_errata_bounds, NULL},
	{"errata_fetch_address", test_fetch_address, NULL},
};

/* Run in a child; its exit status, and what it printed. */
static int run(void (*test)(void), char *text)
{
	int pipe_ends[2];
	int status;
	size_t used = 0;
	ssize_t got;
	pid_t child;

	if (pipe(pipe_ends) != 0 || (child = fork()) < 0) {
		perror("fork");
		exit(1);
	}
	if (child == 0) {
		dup2(pipe_ends[1], 1);
		dup2(pipe_ends[1], 2);
		close(pipe_ends[0]);
		alarm(20);
		test();
		_exit(0);
	}
	close(pipe_ends[1]);
	while (used < TEXT_MAX - 1 &&
	       (got = read(pipe_ends[0], text + used, TEXT_MAX - 1 - used)) > 0) {
		used += (size_t)got;
	}
	text[used] = '\0';
	for (char *at = text; (at = strchr(at, '\n')) != NULL;) {
		*at = ' ';
	}
	close(pipe_ends[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static unsigned passed, failed;

static void result(const char *name, bool is_good, const char *why)
{
	passed += is_good;
	failed += !is_good;
	if (is_good) {
		printf("PASS %s\n", name);
	} else {
		printf("FAIL %s %s\n", name, why);
	}
}

/* Panics are welcome; anything else but success is not. */
static void run_many(const char *name, void (*test)(void), const char *tree, unsigned seeds)
{
	char text[TEXT_MAX];
	char why[TEXT_MAX + 32];

	pristine_size = compile(tree, pristine);
	for (seed = 1; seed <= seeds; seed++) {
		int status = run(test, text);

		if (status != 0 && status != EXIT_PANIC) {
			snprintf(why, sizeof(why), "seed %u: %s", seed, text);
			result(name, false, why);
			return;
		}
	}
	result(name, true, "");
}

int main(void)
{
	char text[TEXT_MAX];

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		const struct test *test = &tests[i];
		int status = run(test->run, text);
		bool is_good = test->panic == NULL
				       ? status == 0
				       : status == EXIT_PANIC && strstr(text, test->panic) != NULL;

		result(test->name, is_good, text);
	}
	run_many("flipped_bits", test_flipped, tree_virt, 1000);
	run_many("flipped_bits_aia", test_flipped, tree_aia, 1000);
	run_many("truncated", test_truncated, tree_virt, 400);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
