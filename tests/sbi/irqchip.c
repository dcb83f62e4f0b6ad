/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device trees with APLICs and IMSICs. Fails if a domain for M-mode is taken,
 * if a hart is given another's number, or one whose registers do not exist.
 */
#include "tests/sbi/device_tree.h"
#include "tests/sbi/trees.h"

#define TWO_CPUS CPUS(CPU(0, "okay", MMU, 2) CPU(1, "okay", MMU, 3))
#define APLIC_AT(at, more)                                                                         \
	"interrupt-controller@" #at " { compatible = \"qemu,aplic\", \"riscv,aplic\";\n"           \
	" reg = <0 0x" #at " 0 0x8000>; riscv,num-sources = <96>; " more " };\n"
#define IMSICS_AT(at, phandle_, size, more)                                                        \
	"interrupt-controller@" #at " { compatible = \"qemu,imsics\", \"riscv,imsics\";\n"         \
	" phandle = <" #phandle_ ">; reg = <0 0x" #at " 0 " #size ">; " more " };\n"
#define NO_HART(hart) (machine.irqchip_context[hart] == IRQCHIP_NO_CONTEXT)

/* One domain for each mode, that interrupt harts; the one for M-mode comes first. */
void test_aplic(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(
			  APLIC_AT(c000000, "interrupts-extended = <3 11 2 11>;"
					    "riscv,children = <9>; riscv,delegation = <9 1 96>;")
				  APLIC_AT(d000000, "phandle = <9>;"
						    "interrupts-extended = <3 9 2 9>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_APLIC && machine.irqchip_sources == 96);
	CHECK(machine.irqchip_registers.base == 0xd000000);
	CHECK(machine.irqchip_registers.size == 0x8000);
	CHECK(machine.irqchip_context[0] == 1 && machine.irqchip_context[1] == 0);
	CHECK(NO_HART(2) && machine.device_count == 0);
}

/* As QEMU orders them, with the APLICs before what they refer to. */
void test_imsic(void)
{
	read_tree(tree_aia, 1);
	CHECK(machine.irqchip == IRQCHIP_IMSIC && machine.irqchip_sources == 96);
	CHECK(machine.imsic_identities == 255);
	CHECK(machine.irqchip_registers.base == 0xd000000);
	CHECK(machine.irqchip_context[0] == 1 && machine.irqchip_context[1] == 0);
	CHECK(machine.device_count == 1); /* the serial line, no page of an IMSIC */
}

/* The nodes for M-mode come first, of both kinds. */
void test_imsic_m_mode_first(void)
{
	read_tree(ROOT(SOC(IMSICS_AT(24000000, 6, 0x2000,
				     "riscv,num-ids = <63>; interrupts-extended = <2 11 3 11>;")
				   APLIC_AT(c000000, "msi-parent = <6>; riscv,children = <9>;")
					   IMSICS_AT(28000000, 7, 0x2000,
						     "riscv,num-ids = <127>;"
						     "interrupts-extended = <2 9 3 9>;")
						   APLIC_AT(d000000,
							    "phandle = <9>; msi-parent = <7>;"))
			       MEMORY TWO_CPUS),
		  0);
	CHECK(machine.irqchip == IRQCHIP_IMSIC && machine.imsic_identities == 127);
	CHECK(machine.irqchip_registers.base == 0xd000000);
	CHECK(machine.irqchip_context[0] == 0 && machine.irqchip_context[1] == 1);
}

#define BOTH                                                                                       \
	APLIC_AT(d000000, "phandle = <9>; msi-parent = <7>;"                                       \
			  "interrupts-extended = <2 9 3 9>;")

void test_aplic_both_modes(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(BOTH IMSICS_AT(
			  28000000, 7, 0x2000,
			  "riscv,num-ids = <255>; interrupts-extended = <3 9 2 9>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_IMSIC);
	CHECK(machine.irqchip_context[0] == 1 && machine.irqchip_context[1] == 0);
}

void test_imsic_absent(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(BOTH IMSICS_AT(24000000, 7, 0x2000,
							  "riscv,num-ids = <255>;"
							  "interrupts-extended = <2 11 3 11>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_APLIC);
	CHECK(machine.irqchip_context[0] == 0 && machine.irqchip_context[1] == 1);
}

void test_aplic_hart_indexes(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(APLIC_AT(d000000,
						    "interrupts-extended = <2 9 3 9>;"
						    "riscv,hart-indexes = <5 0x10000000>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_APLIC && machine.irqchip_context[0] == 5 && NO_HART(1));
}

/* Without room for the second hart's registers; without that for the domain's own. */
void test_aplic_small(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(
			  "a@c000000 { compatible = \"riscv,aplic\"; riscv,num-sources = <9>;\n"
			  " reg = <0 0xc000000 0 0x3000>; interrupts-extended = <2 9 3 9>; };\n"
			  "a@d000000 { compatible = \"riscv,aplic\"; riscv,num-sources = <9>;\n"
			  " reg = <0 0xd000000 0 0x5000>; riscv,hart-indexes = <127 128>;\n"
			  " interrupts-extended = <2 9 3 9>; };\n")),
		  0);
	CHECK(machine.irqchip_registers.base == 0xd000000 && machine.irqchip_sources == 9);
	CHECK(machine.irqchip_context[0] == 127 && NO_HART(1));
}

/* Only a domain for M-mode, though a leaf: the PLIC it is. */
void test_aplic_other_level(void)
{
	read_tree(
		ROOT(TWO_CPUS MEMORY SOC(APLIC_AT(
			d000000,
			"interrupts-extended = <2 11 3 11>;") "plic@c000000 { compatible = \"riscv,plic0\"; riscv,ndev = <9>;\n"
							      " reg = <0 0xc000000 0 0x400000>;\n"
							      " interrupts-extended = <2 11 2 9>; };\n")),
		0);
	CHECK(machine.irqchip == IRQCHIP_PLIC && machine.irqchip_sources == 9);
	CHECK(machine.irqchip_context[0] == 1 && NO_HART(1));
}

void test_aplic_off(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(APLIC_AT(d000000, "interrupts-extended = <2 9 3 9>;"
							     "status = \"disabled\";"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_NONE && machine.irqchip_registers.size == 0 && NO_HART(0));
}

#define MESSAGES APLIC_AT(d000000, "msi-parent = <7>;")

/* A hart's number is in the address of its page: here they begin at 4; the last has no page. */
void test_imsic_addresses(void)
{
	read_tree(ROOT(CPUS(CPU(0, "okay", MMU, 2) CPU(1, "okay", MMU, 3) CPU(2, "okay", MMU, 4))
			       MEMORY SOC(MESSAGES IMSICS_AT(
				       28008000, 7, 0x3000,
				       "riscv,num-ids = <127>; riscv,guest-index-bits = <1>;\n"
				       " riscv,hart-index-bits = <3>;"
				       " interrupts-extended = <3 9 2 9 4 9>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_IMSIC);
	CHECK(machine.irqchip_context[1] == 4 && machine.irqchip_context[0] == 5 && NO_HART(2));
}

void test_imsic_few_identities(void)
{
	read_tree(ROOT(TWO_CPUS MEMORY SOC(MESSAGES IMSICS_AT(
			  28000000, 7, 0x2000,
			  "riscv,num-ids = <63>; interrupts-extended = <2 9 3 9>;"))),
		  0);
	CHECK(machine.irqchip == IRQCHIP_IMSIC);
	CHECK(machine.irqchip_sources == 63 && machine.imsic_identities == 63);
}
