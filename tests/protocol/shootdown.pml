/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown as the kernel uses it: fence_space in vm/shootdown.c, vm_activate
 * in vm/asid.c, vm_activate_quick in vm/activate.h within a hart-local section,
 * the kernel lock (kernel/lock.c) and eviction (kernel/schedule.c).
 *
 * Space 1 has one table with one leaf entry; space 2 is another place for a
 * hart to be. A holder of the lock unmaps the page, drops the table, maps both
 * again, or ends the space. Frames are reused as soon as the commit returned.
 * The MMU walks and the firmware answers whatever the hart does. Memory is
 * sequentially consistent here; the orders that need fences are in fences.pml
 * and lock.pml, the ASIDs in asid.pml.
 *
 * Fails if a hart that runs space 1 uses a leaf or table entry whose frame was
 * freed, if harts wait for ever, or, with -DLIVENESS, if a holder does not
 * let go of the lock under weak fairness: commits and evictions end. Steps
 * are left out by -DNO_..., see mutants.sh.
 */
#ifndef HARTS
#define HARTS 3
#endif
#define BIT(h) (1 << (h))
#define ME BIT(me)

/* Steps that a mutant leaves out. */
#ifdef NO_F3
#define MARK 0
#else
#define MARK live
#endif
#ifdef NO_F5
#define OTHERS 0
#else
#define OTHERS (seen & ~ME)
#endif
#ifdef NO_SELF
#define SELF 0
#else
#define SELF (seen & ME)
#endif
#ifdef NO_WAIT
#define ANSWERED skip
#else
#define ANSWERED asked == 0
#endif
#ifdef NO_CLEAR_LIMIT
#define FENCED ((1 << HARTS) - 1)
#else
#define FENCED seen
#endif
#ifdef NO_WHOLE
#define WHOLE PAGE
#endif
#ifdef NO_A1
#define RUNS 0
#else
#define RUNS ME
#endif
#ifdef NO_LIVE
#define LIVE 0
#else
#define LIVE ME
#endif
#ifdef NO_A3
#define IS_STALE false
#else
#define IS_STALE ((stale & ME) != 0)
#endif
#ifdef NO_QUICK_STALE
#define MUST_FENCE false
#else
#define MUST_FENCE ((stale & ME) != 0)
#endif
#ifdef NO_LIVE_AFTERWARDS
#define STAYS_LIVE (~ME)
#else
#define STAYS_LIVE (~0)
#endif

mtype = { PAGE, ALL }; /* kinds of fences */
#ifndef WHOLE
#define WHOLE ALL
#endif

/* Space 1: its tables; whether the frames are its own; struct vm_space. */
bool table = true, pte = true;
bool table_held = true, frame_held = true;
byte live, running, stale;

bool lock;
byte asked; /* harts that the firmware is to fence for the holder */
mtype asked_kind = PAGE;
bool section[HARTS];   /* hart->local */
bool evict[HARTS], ipi[HARTS];
byte runs[HARTS];      /* active_space; 0: none */
byte satp[HARTS];

bool cached_table[HARTS], cached_leaf[HARTS];

/* By a walk that has come to the table. */
#define LEAF_FOUND (table_held && pte)

inline fence(h, kind)
{
	cached_leaf[h] = false;
	cached_table[h] = cached_table[h] && kind == PAGE
}

/* Walks and uses at any moment, and the firmware. */
proctype hardware(byte me)
{
end:
	do
	/* One walk, as far as it comes; also through a table that was unlinked meanwhile. */
	:: atomic { satp[me] == 1 && ((table && !cached_table[me]) || (LEAF_FOUND &&
		(table || cached_table[me]) && !cached_leaf[me])) ->
		cached_table[me] = cached_table[me] || table;
		cached_leaf[me] = cached_leaf[me] || LEAF_FOUND }
	:: satp[me] == 1 && cached_table[me] && !table_held -> assert(false)
	:: satp[me] == 1 && cached_leaf[me] && !frame_held -> assert(false)
	:: atomic { (asked & ME) != 0 -> fence(me, asked_kind); asked = asked & ~ME }
	od
}

/* fence_space, by the holder of the lock. */
inline commit(kind)
{
	stale = stale | MARK;				/* F3 */
	atomic {
		seen = running;				/* F5 */
		if
		:: SELF != 0 -> fence(me, kind)
		:: else
		fi;
		asked = OTHERS;
		asked_kind = kind
	};
	ANSWERED;
	atomic { stale = stale & ~FENCED; seen = 0; asked_kind = PAGE }
}

/* satp names it no more: out of the space that was active. */
inline leave(s)
{
	atomic {
		if
		:: runs[me] == 1 -> live = live & STAYS_LIVE; running = running & ~ME
		:: else
		fi;
		runs[me] = s
	}
}

/* vm_activate. */
inline activate(s)
{
	if
	:: s == 1 ->
		atomic { running = running | RUNS; live = live | LIVE };	/* A1 */
		atomic { found = IS_STALE; stale = stale & ~ME };		/* A3 */
		atomic {							/* A4 */
			if
			:: found -> fence(me, ALL)
			:: else
			fi;
			found = false
		};
		satp[me] = 1
	:: else -> satp[me] = s
	fi;
	leave(s)
}

/* hart_serve_eviction */
inline serve_eviction()
{
#ifndef NO_LEAVING
	satp[me] = 0;
	leave(0);
#endif
	evict[me] = false
}

proctype hart(byte me)
{
	byte h, seen, s;
	bool found;

user:
	if
	:: ipi[me] -> ipi[me] = false; goto take_lock
	:: !ipi[me] -> goto user
	:: !ipi[me] -> goto take_lock
	:: !ipi[me] && runs[me] != 0 -> skip
	fi;

	/* A section that activates the other space. */
	section[me] = true;
	/* L1 */
	if
#ifdef NO_GIVING_UP
	:: !lock
#else
	:: lock -> section[me] = false; goto take_lock
	:: !lock
#endif
	fi;
	if
	:: runs[me] == 1 -> satp[me] = 2; leave(2)
	:: runs[me] == 2 && !MUST_FENCE ->
		atomic { running = running | RUNS; live = live | LIVE };	/* A1 */
		satp[me] = 1;							/* A4 */
		leave(1)
	:: runs[me] == 2 && MUST_FENCE -> section[me] = false; goto take_lock
	fi;
	section[me] = false;
	goto user;

take_lock:
	do
	:: atomic { !lock -> lock = true; break }
#ifndef NO_SERVING
	:: evict[me] -> serve_eviction()
#endif
	od;
	/* L2 */
#ifndef NO_L2
	do
	:: atomic { h < HARTS && (h == me || !section[h]) -> h++ }
	:: h == HARTS -> break
	od;
	h = 0;
#endif
	if
	:: skip
	/* Unmap. */
	:: table && pte ->
#ifdef NO_LATENESS
		frame_held = false;
#endif
		pte = false;	/* F1 */
		commit(PAGE);
		frame_held = false
	/* Drop the table, whatever it maps. */
	:: table ->
		table = false;	/* F1 */
		commit(WHOLE);
		atomic { table_held = false; pte = false; frame_held = false }
	/* 0 to valid: no flush. */
	:: atomic { !(table && pte) -> table = true; table_held = true; pte = true;
		frame_held = true }
	/* sched_leave_space, vm_space_destroy; a new space has a new ASID. */
	:: true ->
#ifndef NO_EVICTION
		do
		:: h < HARTS ->
			if
			:: runs[h] != 1
			:: runs[h] == 1 && h == me -> activate(0)
			:: runs[h] == 1 && h != me ->
				evict[h] = true;
#ifndef NO_IPI
				ipi[h] = true;
#endif
				!evict[h]
			fi;
			h++
		:: else -> break
		od;
#endif
		atomic { h = 0; table = false; table_held = false; pte = false; frame_held = false };
		atomic {
			do
			:: h < HARTS ->
				/* Entries under the old ASID: asid.pml. */
				cached_leaf[h] = cached_leaf[h] && satp[h] == 1;
				cached_table[h] = cached_table[h] && satp[h] == 1;
				h++
			:: else -> break
			od;
			h = 0; live = 0; stale = 0 }
	fi;
	if
	:: runs[me] != 1 -> activate(1)
	:: runs[me] != 2 -> activate(2)
	:: runs[me] != 0 -> activate(0)
	:: skip
	fi;
	lock = false;
	goto user
}

init {
	byte h;

	atomic {
		do
		:: h < HARTS -> run hart(h); run hardware(h); h++
		:: else -> break
		od
	}
}

#ifdef LIVENESS
ltl lets_go { [] (lock -> <> !lock) }
#endif
