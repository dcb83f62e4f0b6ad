/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may touch the kernel's objects.
 *
 * The kernel lock excludes everybody: whoever holds it is alone in the kernel.
 * It is taken for all that is not one of a few short paths (fast.c). Those run
 * in a *hart-local section*, which takes no lock that another hart takes:
 * each hart has a flag of its own, and whoever takes the kernel lock waits
 * until no other hart's flag is set. So sections of different harts run side by
 * side, and none runs beside a holder of the kernel lock.
 *
 * Within a section a hart may change
 *   - itself (struct hart), and threads whose `hart` it is;
 *   - a reply object, scheduling context or handler of such a thread, where the
 *     path checked that all threads concerned are of this hart;
 *   - an endpoint's queue, while it holds the endpoint's own lock;
 *   - a space's page tables, as vm_fault and vm_map_quick do, while it holds the
 *     space's own lock;
 *   - a notification's word, by atomic operations;
 * and may read everything else: objects are only destroyed, slots only
 * changed, by a holder of the kernel lock.
 *
 * Order: hart-local section, then at most one object's lock. A section waits
 * for nobody: if a lock is taken it gives up and takes the kernel lock, which is
 * taken outside of sections only. Interrupts are off throughout.
 *
 * A hart that waits for the kernel lock serves requests to leave its thread
 * and space (hart.h, evict): the holder may wait for that.
 *
 * Models: tests/protocol/lock.pml (L1, L2), shootdown.pml (eviction).
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include "kernel/hart.h"
#include "kernel/panic.h"

extern uint32_t kernel_lock_held;

/* Wait for the lock, in no particular order, then for the others' sections. Not re-entrant. */
void kernel_lock(void);
/* Precondition: this hart holds it. */
void kernel_unlock(void);

/*
 * One instruction each, where the compiler's atomics are three: an aligned
 * store of 32 bits is single-copy atomic, and the fences are written out.
 */
static inline void flag_store(uint32_t *flag, uint32_t value)
{
	*(volatile uint32_t *)flag = value;
}

static inline uint32_t flag_load(const uint32_t *flag)
{
	return *(const volatile uint32_t *)flag;
}

/* Begin a section on this hart; false if somebody has or wants the kernel lock. */
static inline bool hart_local_enter(struct hart *hart)
{
	debug_assert(hart->local == 0);
	flag_store(&hart->local, 1);
	/* L1: the flag before the look at the lock; pairs with L2 in kernel_lock. Either this hart
	 * sees the lock taken, or its taker sees the flag. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(flag_load(&kernel_lock_held) == 0, 1)) {
		/* Acquire: pairs with the release in kernel_unlock. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		return true;
	}
	flag_store(&hart->local, 0);
	return false;
}

static inline void hart_local_leave(struct hart *hart)
{
	/* Release: the section's stores before the flag; pairs with the acquire in kernel_lock. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	flag_store(&hart->local, 0);
}

/* The lock of one object, within a section. False if another hart has it. */
static inline bool try_lock(uint32_t *lock)
{
	long old;

	debug_assert(hart_current()->local == 1);

	/* Acquire: pairs with the release below. */
#ifdef KERNEL_HOST
	old = __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE);
#else
	__asm__ volatile("amoswap.w.aq %0, %1, (%2)" : "=&r"(old) : "r"(1), "r"(lock) : "memory");
#endif
	return __builtin_expect(old == 0, 1);
}

static inline void unlock(uint32_t *lock)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	flag_store(lock, 0);
}

#endif
