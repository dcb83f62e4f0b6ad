/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See lock.h. Test and test-and-set. A fair lock would give a bound on
 * waiting, but where harts are threads of an emulator on fewer processors, it
 * hands the lock to harts that do not run, and all others wait for them:
 * measured, 4 times the time for 50 forks on 2 harts, and more on 4.
 */
#include "kernel/lock.h"

#include "kernel/schedule.h"

uint32_t kernel_lock_held;

void kernel_lock(void)
{
	struct hart *self = hart_current();

	debug_assert(self->local == 0);
	/* Acquire: pairs with the release in kernel_unlock. amoswap.w.aq */
	while (__atomic_exchange_n(&kernel_lock_held, 1, __ATOMIC_ACQUIRE) != 0) {
		do {
			hart_serve_eviction();
		} while (__atomic_load_n(&kernel_lock_held, __ATOMIC_RELAXED) != 0);
	}
	/* L2: the lock before the looks at the flags; pairs with L1 in hart_local_enter. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < harts_online_end; i++) {
		const struct hart *hart = &harts[i];

		/* A section is short and waits for nobody. Acquire: sees what it did. */
		while (hart != self && __atomic_load_n(&hart->local, __ATOMIC_ACQUIRE) != 0) {
		}
	}
}

void kernel_unlock(void)
{
	/* Release: all that the holder did is seen by the next one, and by sections. */
	__atomic_store_n(&kernel_lock_held, 0, __ATOMIC_RELEASE);
}
