/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of replenishments of a scheduling context: see sched_context.h. */
#ifndef KERNEL_REFILL_H
#define KERNEL_REFILL_H

#include "kernel/objects.h"

/* Piece i, the oldest first. */
static inline struct refill *refill_at(struct sched_context *sched, uint32_t i)
{
	return &sched->refills[(sched->refill_head + i) % SCHED_REFILLS];
}

/* `amount` ticks may be used from `time` on, which is not earlier than the last piece's. */
static inline void refill_append(struct sched_context *sched, uint64_t time, uint64_t amount)
{
	struct refill *last;

	if (sched->refill_count == SCHED_REFILLS) {
		last = refill_at(sched, SCHED_REFILLS - 1);
		last->amount += amount;
		last->time = time > last->time ? time : last->time;
		return;
	}
	*refill_at(sched, sched->refill_count++) = (struct refill){time, amount};
}

#endif
