/* SPDX-License-Identifier: BSD-2-Clause */
/* See lock.h. A ticket lock: fair, two words, no memory of waiters. */
#include "kernel/lock.h"

#include "kernel/schedule.h"

static uint32_t next_ticket;
static uint32_t serving;

void kernel_lock(void)
{
	uint32_t mine = __atomic_fetch_add(&next_ticket, 1, __ATOMIC_RELAXED);

	/* Acquire: pairs with the release in kernel_unlock. */
	while (__atomic_load_n(&serving, __ATOMIC_ACQUIRE) != mine) {
		hart_serve_eviction();
	}
}

void kernel_unlock(void)
{
	/* Only the holder writes `serving`. Release: all it did is seen by the next holder. */
	__atomic_store_n(&serving, serving + 1, __ATOMIC_RELEASE);
}
