/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of the kernel that keep static data, in one: so that a run can
 * begin with it as at boot, and the invariants can look at it.
 */
#include "kernel/timer.c"

#include "kernel/interrupt.c"
#include "kernel/sched_context.c"
#include "vm/asid.c"

#include <string.h>

#include "tests/fuzz/state.h"

void kernel_state_reset(void)
{
	memset(armed, 0, sizeof(armed));
	armed_count = 0;
	memset(armed_of, 0, sizeof(armed_of));
	memset(irqs, 0, sizeof(irqs));
	memset(handler_of, 0, sizeof(handler_of));
	enforced_count = 0;
	vm_asid_generation = 1;
	memset(&asid, 0, sizeof(asid));
	asid.next = 1;
	asid.mask = SATP_ASID_MASK;
}

void kernel_asids_left(unsigned count)
{
	asid.next = asid.mask + 1 - count;
}

struct kernel_state kernel_state(void)
{
	struct kernel_state state = {
		.armed = armed, .armed_count = armed_count, .enforced_count = enforced_count};

	for (unsigned i = 0; i < TIMER_KINDS; i++) {
		state.armed_of[i] = armed_of[i];
	}
	return state;
}

struct cap_slot *kernel_irq(unsigned source, bool *exists)
{
	static struct cap_slot none;
	struct irq *irq = irq_of(source);

	*exists = irq != NULL;
	return irq != NULL ? &irq->notification : &none;
}

void *kernel_irq_object(unsigned source)
{
	return irq_of(source);
}
