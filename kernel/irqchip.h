/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform-level interrupt controller (RISC-V PLIC Specification 1.0).
 *
 * A source is enabled on one hart at a time. Between plic_claim and
 * plic_complete it does not fire again: the kernel claims when the interrupt
 * comes and completes when the driver acknowledges, from whatever hart.
 * Without a PLIC every function does nothing and nothing is ever claimed.
 *
 * Called with the kernel lock held. Sources: 1..machine.plic_sources; other
 * numbers are ignored. Harts: logical numbers.
 */
#ifndef KERNEL_PLIC_H
#define KERNEL_PLIC_H

#include "kernel/types.h"

#define PLIC_SOURCES_MAX 1024u

/* Once, at boot: all sources off. */
void plic_init(void);

/* Each hart: threshold 0, nothing enabled. Does not touch sie. */
void plic_hart_init(unsigned hart);

/* True if there is such a source. */
bool plic_is_source(unsigned source);

/* Let the source interrupt `hart`, or the first hart that can be if that one cannot; no other hart.
 * A claim that is not complete yet stays so. */
void plic_enable(unsigned source, unsigned hart);

/* Complete the source if it is claimed, and keep it off. */
void plic_disable(unsigned source);

/* The most urgent pending source of this hart, 0 = none; it is silent until plic_complete. To be
 * called until it returns 0. */
uint32_t plic_claim(void);

/* Let the source fire again. Nothing happens if it is not claimed. */
void plic_complete(unsigned source);

#endif
