/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller of device interrupts, whichever the machine has.
 *
 * A source is enabled on one hart at a time. Between irqchip_claim and
 * irqchip_complete it does not fire again: the kernel claims when the
 * interrupt comes and completes when the driver acknowledges, from whatever
 * hart. What the device asks for in between is not lost: it fires after the
 * completion. Without a controller every function does nothing and nothing is
 * ever claimed.
 *
 * Called with the kernel lock held. Sources: 1..machine.irqchip_sources; other
 * numbers are ignored. Harts: logical numbers.
 */
#ifndef KERNEL_IRQCHIP_H
#define KERNEL_IRQCHIP_H

#include "kernel/abi/object.h"
#include "kernel/types.h"

#define IRQCHIP_SOURCES_MAX 1024u

/* Once, at boot: all sources off. */
void irqchip_init(void);

/* Each hart: nothing is held back, nothing enabled. Does not touch sie. Needs no lock. */
void irqchip_hart_init(unsigned hart);

/* True if there is such a source. */
bool irqchip_is_source(unsigned source);

/* How the device asks on this source, from the next irqchip_enable on. A PLIC's gateways know. */
void irqchip_set_trigger(unsigned source, enum irq_trigger trigger);

/* Let the source interrupt `hart`, or the first hart that can be if that one cannot; no other hart.
 * A claim that is not complete yet stays so. */
void irqchip_enable(unsigned source, unsigned hart);

/* Complete the source if it is claimed, and keep it off. */
void irqchip_disable(unsigned source);

/* The most urgent pending source of this hart, 0 = none, or none that counts; it is silent until
 * irqchip_complete. To be called until it returns 0. */
uint32_t irqchip_claim(void);

/* Let the source fire again. Nothing happens if it is not claimed. */
void irqchip_complete(unsigned source);

#endif
