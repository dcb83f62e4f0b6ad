/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: timer, other harts, devices. All functions need the kernel lock.
 */
#ifndef KERNEL_INTERRUPT_H
#define KERNEL_INTERRUPT_H

#include "kernel/cap.h"

/* The object of an IrqHandler capability: one interrupt source. */
struct irq;

/* Handle every interrupt that is pending on this hart. */
void interrupts_handle(void);

/* The embedded capability of its notification goes: the source falls silent. */
void irq_detach(struct cap_slot *notification);
/* Its last capability goes: silent, and it may be made again. */
void irq_destroy(struct irq *irq);

#endif
