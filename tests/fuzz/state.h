/* SPDX-License-Identifier: BSD-2-Clause */
/* A look at the kernel's static data: state.c. */
#ifndef TESTS_FUZZ_STATE_H
#define TESTS_FUZZ_STATE_H

#include "kernel/objects.h"

struct kernel_state {
	struct timer **armed; /* by deadline */
	unsigned armed_count;
	unsigned armed_of[TIMER_KINDS];
	unsigned enforced_count; /* scheduling contexts with a period */
};
struct kernel_state kernel_state(void);

/* The embedded slot of an interrupt source, and whether its handler exists; what a capability of
 * that names. */
struct cap_slot *kernel_irq(unsigned source, bool *exists);
void *kernel_irq_object(unsigned source);

#endif
