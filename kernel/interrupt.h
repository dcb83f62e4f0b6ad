/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: timer, other harts, devices. All functions need the kernel lock, but
 * for interrupt_claim.
 */
#ifndef KERNEL_INTERRUPT_H
#define KERNEL_INTERRUPT_H

#include "kernel/cap.h"

/* The object of an IrqHandler capability: one interrupt source. */
struct irq;

/* Handle every interrupt that is pending on this hart. */
void interrupts_handle(void);

/* Within a hart-local section: claim a device interrupt. *source: which, 0 = none; returns the
 * capability to signal, NULL if there is none. */
const struct cap_slot *interrupt_claim(uint32_t *source);
/* A source has been claimed: signal it, or switch it off if nobody is to be told. */
void interrupt_device(uint32_t source);

/* The embedded capability of its notification goes: the source falls silent. */
void irq_detach(struct cap_slot *notification);
/* Its last capability goes: silent, and it may be made again. */
void irq_destroy(struct irq *irq);

#endif
