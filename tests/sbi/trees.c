/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trees after those that firmware hands over, with the traps that they set.
 */
#include "tests/sbi/trees.h"

const char tree_virt[] = ROOT_OF(
	"riscv-virtio",
	"poweroff { value = <0x5555>; regmap = <4>; compatible = \"syscon-poweroff\"; };\n"
	"platform-bus@4000000 { ranges = <0 0 0x4000000 0x2000000>; #address-cells = <1>;\n"
	" #size-cells = <1>; compatible = \"qemu,platform\", \"simple-bus\"; };\n"
	"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
	" mmode_resv1@80040000 { reg = <0 0x80040000 0 0x20000>; no-map; };\n"
	" mmode_resv0@80000000 { reg = <0 0x80000000 0 0x40000>; no-map; }; };\n" MEMORY
	"cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <10000000>;\n"
	" cpu@0 { phandle = <3>; device_type = \"cpu\"; reg = <0>; status = \"okay\";\n"
	"  riscv,cboz-block-size = <64>; mmu-type = \"riscv,sv57\";\n"
	"  riscv,isa-extensions = \"i\", \"m\", \"zicboz\", \"sscounterenw\", \"sstc\", \"svadu\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <4>; }; };\n"
	" cpu@1 { phandle = <1>; device_type = \"cpu\"; reg = <1>; status = \"okay\";\n"
	"  riscv,cboz-block-size = <64>; mmu-type = \"riscv,sv57\";\n"
	"  riscv,isa-extensions = \"i\", \"m\", \"zicboz\", \"sscounterenw\", \"sstc\", \"svadu\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <2>; }; };\n"
	" cpu-map { cluster0 { core0 { cpu = <3>; }; core1 { cpu = <1>; }; }; }; };\n"
	"fw-cfg@10100000 { reg = <0 0x10100000 0 0x18>; compatible = \"qemu,fw-cfg-mmio\"; };\n"
	"flash@20000000 { reg = <0 0x20000000 0 0x2000000 0 0x22000000 0 0x2000000>; };\n"
	"chosen { stdout-path = \"/soc/serial@10000000\"; bootargs = \"quiet panic=off\";\n"
	" linux,initrd-start = <0 0xa0200918>; linux,initrd-end = <0 0xa0300000>; };\n" SOC(
		"rtc@101000 { reg = <0 0x101000 0 0x1000>; compatible = \"google,goldfish-rtc\"; };\n"
		"serial@10000000 { reg = <0 0x10000000 0 0x100>; compatible = \"ns16550a\"; };\n"
		"virtio_mmio@10002000 { reg = <0 0x10002000 0 0x1000>; };\n"
		"virtio_mmio@10001000 { reg = <0 0x10001000 0 0x1000>; };\n"
		"plic@c000000 { phandle = <5>; riscv,ndev = <95>; reg = <0 0xc000000 0 0x600000>;\n"
		" interrupts-extended = <4 11 4 9 2 11 2 9>; #address-cells = <0>;\n"
		" compatible = \"sifive,plic-1.0.0\", \"riscv,plic0\"; };\n"
		"clint@2000000 { interrupts-extended = <4 3 4 7 2 3 2 7>;\n"
		" reg = <0 0x2000000 0 0x10000>; compatible = \"sifive,clint0\"; };\n"
		"pci@30000000 { device_type = \"pci\"; reg = <0 0x30000000 0 0x10000000>;\n"
		" ranges = <0x1000000 0 0 0 0x3000000 0 0x10000\n"
		"  0x2000000 0 0x40000000 0 0x40000000 0 0x40000000\n"
		"  0x3000000 4 0 4 0 4 0>; #size-cells = <2>; #address-cells = <3>;\n"
		" nic@0 { reg = <0x800 0 0 0 0x1000>; }; };\n"));

const char tree_aia[] = ROOT_OF(
	"riscv-virtio",
	MEMORY CPUS(CPU(0, "okay", MMU, 4) CPU(1, "okay", MMU, 2))
		SOC("serial@10000000 { interrupts = <10 4>; interrupt-parent = <8>;\n"
		    " reg = <0 0x10000000 0 0x100>; compatible = \"ns16550a\"; };\n"
		    "interrupt-controller@d000000 { phandle = <8>; riscv,num-sources = <96>;\n"
		    " reg = <0 0xd000000 0 0x8000>; msi-parent = <6>; interrupt-controller;\n"
		    " #interrupt-cells = <2>; compatible = \"qemu,aplic\", \"riscv,aplic\"; };\n"
		    "interrupt-controller@c000000 { phandle = <7>; riscv,delegation = <8 1 96>;\n"
		    " riscv,children = <8>; riscv,num-sources = <96>; msi-parent = <5>;\n"
		    " reg = <0 0xc000000 0 0x8000>; interrupt-controller; #interrupt-cells = <2>;\n"
		    " compatible = \"qemu,aplic\", \"riscv,aplic\"; };\n"
		    "interrupt-controller@28000000 { phandle = <6>; riscv,num-ids = <255>;\n"
		    " reg = <0 0x28000000 0 0x2000>; interrupts-extended = <2 9 4 9>;\n"
		    " msi-controller; compatible = \"qemu,imsics\", \"riscv,imsics\"; };\n"
		    "interrupt-controller@24000000 { phandle = <5>; riscv,num-ids = <255>;\n"
		    " reg = <0 0x24000000 0 0x2000>; interrupts-extended = <2 11 4 11>;\n"
		    " msi-controller; compatible = \"qemu,imsics\", \"riscv,imsics\"; };\n"));

/* No zicsr... in the ISA list, mmu-type too big, hart 0 a monitor core, memreserve for firmware,
 * M-mode contexts as -1, #address-cells missing in the PLIC. */
const char tree_fu540[] =
	"/dts-v1/;\n/memreserve/ 0x80000000 0x80000;\n"
	"/ { #address-cells = <2>; #size-cells = <2>; compatible = \"sifive,fu540-c000\";\n"
	"cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1000000>;\n"
	" cpu@0 { device_type = \"cpu\"; reg = <0>; riscv,isa = \"rv64imac\"; status = \"okay\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <10>; }; };\n"
	" cpu@1 { device_type = \"cpu\"; reg = <1>; riscv,isa = \"rv64imafdc\";\n"
	"  mmu-type = \"riscv,sv48\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <11>; }; };\n"
	" cpu@2 { device_type = \"cpu\"; reg = <2>; mmu-type = \"riscv,sv39\"; status = \"disabled\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <12>; }; };\n"
	" cpu@3 { device_type = \"cpu\"; reg = <3>; mmu-type = \"riscv,sv39\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <13>; }; };\n"
	" cpu@4 { device_type = \"cpu\"; reg = <4>; mmu-type = \"riscv,sv39\"; status = \"ok\";\n"
	"  interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <14>; }; }; };\n"
	"memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 2 0>; };\n" SOC(
		"plic: interrupt-controller@c000000 { compatible = \"sifive,fu540-c000-plic\",\n"
		" \"sifive,plic-1.0.0\"; reg = <0 0xc000000 0 0x4000000>; riscv,ndev = <53>;\n"
		" interrupts-extended = <10 0xffffffff 11 0xffffffff 11 9 12 0xffffffff 12 9\n"
		"  13 0xffffffff 13 9 14 0xffffffff 14 9>; };\n"
		"prci@10000000 { reg = <0 0x10000000 0 0x1000>; };\n"
		"serial@10010000 { reg = <0 0x10010000 0 0x1000>; status = \"okay\"; };\n"
		"serial@10011000 { reg = <0 0x10011000 0 0x1000>; status = \"disabled\"; };\n"
		"spi@10040000 { reg = <0 0x10040000 0 0x1000 0 0x20000000 0 0x10000000>;\n"
		" #address-cells = <1>; #size-cells = <0>; flash@0 { reg = <0>; }; };\n"
		"cache-controller@2010000 { compatible = \"sifive,fu540-c000-ccache\", \"cache\";\n"
		" reg = <0 0x2010000 0 0x1000 0 0x8000000 0 0x2000000>; };\n"
		"dmc@100b0000 { compatible = \"sifive,fu540-c000-ddr\";\n"
		" reg = <0 0x100b0000 0 0x800 0 0x100b2000 0 0x2000 0 0x100b8000 0 0x1000>; };\n") "};\n";

const char tree_jh7110[] = ROOT_OF(
	"starfive,visionfive-2-v1.3b\", \"starfive,jh7110",
	CPUS(CPU(0, "disabled", "", 10) CPU(1, "okay", MMU, 11) CPU(2, "okay", MMU, 12)) "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 2 0>; };\n" SOC(
		"plic@c000000 { compatible = \"starfive,jh7110-plic\", \"sifive,plic-1.0.0\";\n"
		" reg = <0 0xc000000 0 0x4000000>; riscv,ndev = <136>;\n"
		" interrupts-extended = <10 11 11 11 11 9 12 11 12 9>; };\n"
		"pcie@940000000 { device_type = \"pci\"; #address-cells = <3>; #size-cells = <2>;\n"
		" reg = <9 0x40000000 0 0x1000000 0 0x2b000000 0 0x100000>;\n"
		" ranges = <0x82000000 0 0x30000000 0 0x30000000 0 0x8000000>; };\n"
		"odd@440000000 { reg = <4 0x40000000 0 0x1000>; };\n"
		"odd@23ffff000 { reg = <2 0x3ffff000 0 0x2000>; };\n"
		"uart@10000000 { reg = <0 0x10000000 0 0x10000>; };\n"));

const char tree_mpfs[] = ROOT_OF(
	"microchip,mpfs-icicle-kit\", \"microchip,mpfs",
	CPUS(CPU(0, "okay", "", 10) CPU(
		1, "okay", MMU,
		11)) "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x40000000>; };\n"
		     "memory@1040000000 { device_type = \"memory\"; reg = <0x10 0x40000000 0 0x40000000>; };\n" SOC(
			     "odd@d0000000 { reg = <0 0xd0000000 0 0x1000>; };\n"
			     "odd@1400000000 { reg = <0x14 0 0 0x1000>; };\n"
			     "serial@20100000 { reg = <0 0x20100000 0 0x400>; };\n"));
