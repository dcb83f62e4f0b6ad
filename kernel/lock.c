/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See lock.h. Test and test-and-set. A fair lock would give a bound on
 * waiting, but where harts are threads of an emulator on fewer processors, it
 * hands the lock to harts that do not run, and all others wait for them:
 * measured, 4 times the time for 50 forks on 2 harts, and more on 4.
 */
#include "kernel/lock.h"

#include "kernel/schedule.h"

static uint32_t is_held;

void kernel_lock(void)
{
	/* Acquire: pairs with the release in kernel_unlock. amoswap.w.aq */
	while (__atomic_exchange_n(&is_held, 1, __ATOMIC_ACQUIRE) != 0) {
		do {
			hart_serve_eviction();
		} while (__atomic_load_n(&is_held, __ATOMIC_RELAXED) != 0);
	}
}

void kernel_unlock(void)
{
	/* Release: all that the holder did is seen by the next one. */
	__atomic_store_n(&is_held, 0, __ATOMIC_RELEASE);
}
