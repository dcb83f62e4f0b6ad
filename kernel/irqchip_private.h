/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between irqchip.c, which knows the state of each source, and the files that
 * know a controller's registers.
 */
#ifndef KERNEL_IRQCHIP_PRIVATE_H
#define KERNEL_IRQCHIP_PRIVATE_H

#include "kernel/irqchip.h"
#include "sbi/machine.h"
#include "vm/vm.h"

struct irqchip_source {
	uint8_t hart : 7; /* where it is enabled, or HARTS_MAX */
	bool is_claimed : 1;
	uint8_t trigger; /* enum irq_trigger */
};

/* By number; [0] is no source. */
extern struct irqchip_source irqchip_sources[IRQCHIP_SOURCES_MAX];

/*
 * A kind of controller. Sources are valid numbers and harts have a context,
 * unless said. Those that take only a source find its hart in irqchip_sources.
 */
struct irqchip {
	void (*init)(void);
	void (*hart_init)(unsigned hart);
	/* The source is off. */
	void (*enable)(unsigned source);
	/* The source is on, perhaps claimed. */
	void (*disable)(unsigned source);
	/* On the hart itself: its most urgent source, any number, 0 = none; now silent. */
	uint32_t (*claim)(unsigned hart);
	/* Undo that `hart` claimed the source; whatever is still asked for fires again. */
	void (*complete)(unsigned source, unsigned hart);
};

extern const struct irqchip irqchip_plic, irqchip_aplic, irqchip_imsic;

/* What an APLIC does the same in both of its delivery modes. */
void aplic_init(void);
void aplic_enable(unsigned source);
void aplic_disable(unsigned source);
void aplic_complete(unsigned source, unsigned hart);
/* Until it is completed. Any number. */
void aplic_silence(unsigned source);

/*
 * A register, 32 bits, by its offset in bytes. A write is ordered before all
 * stores that follow, and so before the release of the kernel lock: what the
 * next holder (kernel_lock) writes to the controller comes after it. Reads and
 * writes of one hart stay in order: device memory.
 */
#ifdef KERNEL_HOST /* host tests supply a controller of their own */
uint32_t irqchip_read(uint32_t offset);
void irqchip_write(uint32_t offset, uint32_t value);
#else
static inline uint32_t irqchip_read(uint32_t offset)
{
	return *(volatile uint32_t *)vm_pointer(
		(struct paddr){machine.irqchip_registers.base + offset});
}

static inline void irqchip_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)vm_pointer((struct paddr){machine.irqchip_registers.base + offset}) =
		value;
	__asm__ volatile("fence o, w" : : : "memory");
}
#endif

#endif
