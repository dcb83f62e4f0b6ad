/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel/lock.h: the kernel lock on one hart beside a hart-local section on
 * another. Memory is weak as in fences.pml: each access is an alternative of a
 * loop, and its guard names what comes before it. Of the exchange that takes
 * the lock C promises less than amoswap.w.aq does: what follows comes after
 * its load, but not after its store.
 *
 * Fails if a holder sees a section half done, or a section a holder's work. A
 * fence or order is left out by -DNO_..., see mutants.sh.
 */
#ifdef NO_L1
#define AFTER_L1 true
#else
#define AFTER_L1 flag_set
#endif
#ifdef NO_L2
#define AFTER_L2 taken
#else
#define AFTER_L2 (taken && lock_stored)
#endif
#ifdef NO_ENTER_ACQUIRE
#define AFTER_ENTER true
#else
#define AFTER_ENTER looked
#endif
#ifdef NO_LEAVE_RELEASE
#define BEFORE_LEAVE true
#else
#define BEFORE_LEAVE (first && second && read)
#endif
#ifdef NO_FLAG_ACQUIRE
#define AFTER_FLAG true
#else
#define AFTER_FLAG looked
#endif
#ifdef NO_UNLOCK_RELEASE
#define BEFORE_UNLOCK true
#else
#define BEFORE_UNLOCK (first && second && read)
#endif

bool lock_taken; /* the exchange, before its store is seen */
bool lock;	 /* kernel_lock_held */
bool flag;	 /* hart->local */
/* Two words that are equal except while somebody changes them. */
bool section_a, section_b, holder_a, holder_b;

proctype section()
{
	bool flag_set, looked, seen, first, second, read_a, read, value;
end:
	do
	:: true ->
		do
		:: !flag_set -> flag_set = true; flag = true
		:: AFTER_L1 && !looked -> looked = true; seen = lock
		/* What is read may come early, what is stored depends on the look. */
		:: AFTER_ENTER && !read_a && !(looked && seen) -> read_a = true; value = holder_a
		:: AFTER_ENTER && read_a && !read && !(looked && seen) -> read = true;
			value = (value != holder_b)
		:: looked && !seen && !first -> first = true; section_a = !section_a
		:: looked && !seen && !second -> second = true; section_b = !section_b
		:: flag_set && looked && (seen || BEFORE_LEAVE) && flag -> flag = false
		:: flag_set && looked && !flag && (seen || first && second && read) -> break
		od;
		assert(seen || !value);
		d_step { flag_set = false; looked = false; seen = false; first = false;
			second = false; read_a = false; read = false; value = false }
	od
}

proctype holder()
{
	bool taken, lock_stored, looked, first, second, read_a, read, value, unlocked;
end:
	do
	:: true ->
		do
		:: atomic { !taken && !lock_taken -> taken = true; lock_taken = true }
		:: taken && !lock_stored -> lock_stored = true; lock = true
		:: AFTER_L2 && !looked && !flag -> looked = true
		:: taken && AFTER_FLAG && !read_a -> read_a = true; value = section_a
		:: taken && AFTER_FLAG && read_a && !read -> read = true;
			value = (value != section_b)
		:: looked && !first -> first = true; holder_a = !holder_a
		:: looked && !second -> second = true; holder_b = !holder_b
		:: looked && lock_stored && BEFORE_UNLOCK && !unlocked ->
			d_step { unlocked = true; lock = false; lock_taken = false }
		:: unlocked && first && second && read -> break
		od;
		assert(!value);
		d_step { taken = false; lock_stored = false; looked = false; first = false;
			second = false; read_a = false; read = false; value = false;
			unlocked = false }
	od
}

init {
	atomic { run section(); run holder() }
}
