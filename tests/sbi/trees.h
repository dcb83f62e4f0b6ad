/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device-tree sources for the tests of sbi/device_tree.c.
 */
#ifndef TESTS_SBI_TREES_H
#define TESTS_SBI_TREES_H

/* A hart: id, status, further properties, phandle of its interrupt controller. */
#define CPU(id, status, more, intc)                                                                \
	"cpu@" #id " { device_type = \"cpu\"; reg = <" #id ">; status = \"" status "\"; " more     \
	" interrupt-controller { compatible = \"riscv,cpu-intc\"; phandle = <" #intc ">; }; };\n"
#define MMU "mmu-type = \"riscv,sv39\";"
#define CPUS(list)                                                                                 \
	"cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <10000000>;\n" list  \
	"};\n"
#define ONE_CPU CPUS(CPU(0, "okay", MMU, 2))
#define MEMORY "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x40000000>; };\n"
#define ROOT_OF(compatible, nodes)                                                                 \
	"/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; compatible = \"" compatible       \
	"\";\n" nodes "};\n"
#define ROOT(nodes) ROOT_OF("test", nodes)
#define SOC(nodes)                                                                                    \
	"soc { #address-cells = <2>; #size-cells = <2>; compatible = \"simple-bus\"; ranges;\n" nodes \
	"};\n"

extern const char tree_virt[];	 /* QEMU's virt, two harts, with what OpenSBI adds */
extern const char tree_aia[];	 /* the same with aia=aplic-imsic, shortened */
extern const char tree_fu540[];	 /* HiFive Unleashed as U-Boot hands it over */
extern const char tree_jh7110[]; /* VisionFive 2, shortened */
extern const char tree_mpfs[];	 /* PolarFire Icicle, shortened */

#endif
