/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The race of vm/shootdown.c, "were the kernel lock not held": removers on
 * other harts against hart 1, which activates a space and leaves it. Steps are
 * named as there: F1-F5 in fence_space, A1-A4 in enter (vm/asid.c).
 *
 * Memory is weak: the accesses of one call happen in any order that fences,
 * dependencies and the address allow (RVWMO). So each is an alternative of a
 * loop, and its guard names what comes before it. This contains store buffers.
 *
 * Fails if hart 1 uses an entry whose frame was freed after the commit. A
 * fence or step is left out by -DNO_..., see mutants.sh. -DREMOVERS=2 fails:
 * two commits for one space need the kernel lock, see README.md.
 */
#ifndef REMOVERS
#define REMOVERS 1
#endif

/* What each fence puts in order; without it, what is left. */
#ifdef NO_F2
#define AFTER_F2 true
#else
#define AFTER_F2 f1
#endif
#ifdef NO_F4
#define AFTER_F4 AFTER_F2
#else
#define AFTER_F4 (f1 && f3)
#endif
#ifdef NO_A2
#define AFTER_A2 true
#else
#define AFTER_A2 (running_set && live_set)
#endif
#ifdef NO_RELEASE
#define AFTER_SATP true
#else
#define AFTER_SATP !satp
#endif

#ifdef NO_A4
#define FENCES false
#else
#define FENCES true
#endif

/* Of one space; of live, running and stale the bit of hart 1. */
bool pte[REMOVERS] = true;  /* entry is valid */
bool held[REMOVERS] = true; /* its frame belongs to the space; false: freed and reused */
bool live, running, stale;

/* Hart 1. */
bool satp;	      /* names the space */
bool entering;	      /* between A1 and the fence behind A4: no user code runs */
bool tlb[REMOVERS];   /* caches the entry */
bool asked[REMOVERS]; /* the firmware is to fence it */

/* Walks at any moment; the firmware, whatever the hart does. */
proctype hardware(byte i)
{
end:
	do
	:: atomic { satp && pte[i] && !tlb[i] -> tlb[i] = true }
	:: atomic { asked[i] -> tlb[i] = false; asked[i] = false }
	:: satp && !entering && tlb[i] && !held[i] -> assert(false) /* stale use */
	od
}

inline fence_local()
{
	d_step { i = 0; do :: i < REMOVERS -> tlb[i] = false; i++ :: else -> break od; i = 0 }
}

/* vm_activate: into the space, and out of it. */
proctype activator()
{
	bool running_set, live_set, taken, found, written;
	byte i;
end:
	do
	:: entering = true;
		do
		:: !running_set -> running_set = true; running = true		/* A1 */
		:: !live_set -> live_set = true; live = true			/* A1 */
		:: atomic { AFTER_A2 && !taken -> taken = true; found = stale;	/* A3 */
			stale = false }
		:: AFTER_A2 && !written -> written = true; satp = true		/* A4 */
		:: running_set && live_set && taken && written -> break
		od;
		if
		:: found && FENCES -> fence_local()
		:: else
		fi;
		d_step { entering = false; running_set = false; live_set = false; taken = false;
			found = false; written = false };
		/* User code. Then out. */
		do
		:: satp -> satp = false
		:: AFTER_SATP && running -> running = false
		:: !satp && !running -> break
		od
	od
}

/* An entry is removed, vm_flush_commit, the frame freed; then mapped again. */
proctype remover(byte me)
{
	bool f1, f2, f3, f5;		/* step is done */
	bool seen_live, seen_running;
end:
	do
	:: true ->
		do
		:: !f1 -> f1 = true; pte[me] = false
		:: AFTER_F2 && !f2 -> f2 = true; seen_live = live
#ifdef NO_F3
		:: f2 && !f3 -> f3 = true
#else
		:: AFTER_F2 && f2 && !f3 -> f3 = true; stale = stale || seen_live
#endif
		:: AFTER_F4 && !f5 -> f5 = true; seen_running = running
		:: f1 && f3 && f5 -> break
		od;
		if
#ifndef NO_F5
		:: seen_running -> asked[me] = true;
			!asked[me]; /* it has answered */
			stale = false
#endif
		:: else
		fi;
		held[me] = false;
		/* No flush: 0 to valid. */
		d_step { held[me] = true; pte[me] = true; f1 = false; f2 = false; f3 = false;
			f5 = false; seen_live = false; seen_running = false }
	od
}

init {
	byte i;

	atomic {
		do
		:: i < REMOVERS -> run hardware(i); run remover(i); i++
		:: else -> break
		od;
		run activator()
	}
}
