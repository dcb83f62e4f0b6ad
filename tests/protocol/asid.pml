/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ASIDs and their generations: vm/asid.c and the quick activation of
 * vm/activate.h. Who may run beside whom is lock.pml's matter, and who is fenced
 * during a commit that of shootdown.pml: here both are single steps.
 *
 * Spaces are alike, so it is enough to follow the entries of space 1.
 *
 * Fails if an entry of space 1 is used for another space, or one that a commit
 * or the end of the space made invalid is used at all; if a hart has another
 * ASID in satp than the space it runs (A1); or if harts wait for ever. Steps
 * are left out by -DNO_..., see mutants.sh.
 */
#ifndef HARTS
#define HARTS 2
#endif
#ifndef SPACES
#define SPACES 4
#endif
#ifndef ASIDS
#define ASIDS 3 /* 1..; 0 is the kernel's */
#endif

#ifdef NO_LIVE
#define LIVE false
#else
#define LIVE true
#endif

#ifdef NO_RESERVED
#define IS_RESERVED(a) false
#else
#define IS_RESERVED(a) ((reserved >> (a) & 1) != 0)
#endif

/* What vm_activate_quick looks at. */
#ifdef NO_QUICK_GENERATION
#define IS_CURRENT(s) (asid[s] != 0)
#define FORGET(s) skip
#else
#define FORGET(s) asid[s] = 0
#define IS_CURRENT(s) current[s]
#endif
#ifdef NO_QUICK_STALE
#define IS_STALE(s) false
#else
#define IS_STALE(s) ((stale[s] & BIT(me)) != 0)
#endif

#define ALL ((1 << HARTS) - 1)
#define BIT(h) (1 << (h))

/* struct vm_space. Numbers from 1 on; 0 is NULL, and no ASID. */
bool current[SPACES + 1]; /* asid_generation is of this generation */
byte asid[SPACES + 1];
byte live[SPACES + 1], running[SPACES + 1], stale[SPACES + 1];

/* asid.c */
byte next = 1;
byte owed; /* flush_owed */
byte reserved; /* a set, one bit for each ASID */

/* Harts. */
byte runs[HARTS]; /* active_space */
byte satp[HARTS];   /* the space it names; 0: the kernel's table */
byte number[HARTS]; /* and the ASID in it */
byte entering[HARTS]; /* fenced, satp to be written: the space, else 0 */

/* What hart h caches of space 1 under ASID a. */
#define NOTHING 0
#define ENTRY 1
#define OLD 2 /* may not be used any more */
#define TLB(h, a) tlb[(h) * (ASIDS + 1) + (a)]
byte tlb[HARTS * (ASIDS + 1)];

bool lock;

/*
 * Walks and uses, after each step, on all harts. A walk that could happen does:
 * with fewer entries in its TLB a hart can do no more harm than with more.
 */
inline hardware()
{
	i = 0;
	do
	:: i < HARTS ->
		if
		:: satp[i] == 1 && TLB(i, number[i]) == NOTHING -> TLB(i, number[i]) = ENTRY
		:: else
		fi;
		assert(number[i] == asid[satp[i]]); /* A1 */
		assert(satp[i] == 0 || TLB(i, number[i]) == NOTHING ||
			(satp[i] == 1 && TLB(i, number[i]) == ENTRY));
		i++
	:: else -> break
	od;
	i = 0
}

inline fence_asid(h, a)
{
	TLB(h, a) = NOTHING
}

inline fence_all(h)
{
	a = 0;
	do
	:: a <= ASIDS -> TLB(h, a) = NOTHING; a++
	:: else -> break
	od
}

/* What is cached of the space anywhere is old from here on. */
inline all_old(s)
{
	i = 0;
	do
	:: s == 1 && i < HARTS * (ASIDS + 1) ->
		if
		:: tlb[i] == ENTRY -> tlb[i] = OLD
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline rollover()
{
	i = 1;
	do
	:: i <= SPACES ->
		current[i] = false;
		if
		:: running[i] == 0 -> live[i] = 0; stale[i] = 0; FORGET(i) /* nobody reads them */
		:: else
		fi;
		i++
	:: else -> break
	od;
	next = 1;
	reserved = 0;
#ifndef NO_OWED
	owed = ALL;
#endif
	i = 0;
	do
	:: i < HARTS ->
		reserved = reserved | (1 << asid[runs[i]]);
		if
		:: runs[i] != 0 ->
#ifndef NO_KEEP
			current[runs[i]] = true;
#endif
#ifndef NO_ROLLOVER_STALE
			stale[runs[i]] = owed
#endif
		:: else
		fi;
		i++
	:: else -> break
	od
}

inline renew(s)
{
	a = 0; /* rollovers */
	do
	:: current[s] -> break
	:: else ->
		if
		:: next > ASIDS -> assert(a == 0); a++; rollover()
		:: else
		fi;
		number_found = next;
		next++;
		if
		:: !IS_RESERVED(number_found) ->
			current[s] = true;
			asid[s] = number_found;
			live[s] = 0;
#ifdef NO_RENEW_STALE
			stale[s] = 0
#else
			stale[s] = owed
#endif
		:: else
		fi
	od
}

/* Who may cache other spaces than space 1 is of no interest: marks only add fences. */
inline set_live(s)
{
	if
	:: s == 1 && LIVE -> live[s] = live[s] | BIT(me)
	:: else
	fi
}

/* enter, up to satp. */
inline enter(s)
{
	renew(s);
	running[s] = running[s] | BIT(me);		/* A1 */
	set_live(s);
	found = (stale[s] & BIT(me)) != 0;		/* A3 */
	stale[s] = stale[s] & ~BIT(me);
#ifdef FENCE_LATE
	satp[me] = s;
	number[me] = asid[s];
	hardware();
#endif
	if						/* A4 */
#ifndef NO_FENCE_ALL
	:: (owed & BIT(me)) != 0 ->
#ifdef FENCE_ONE
		fence_asid(me, asid[s]);
#else
		fence_all(me);
#endif
		owed = owed & ~BIT(me)
#endif
#ifndef NO_FENCE_STALE
	:: (owed & BIT(me)) == 0 && found -> fence_asid(me, asid[s])
#endif
	:: else
	fi;
	entering[me] = s
}

/* To another space, or with 0 to none. */
inline leave_for(s)
{
	running[runs[me]] = running[runs[me]] & ~BIT(me);
	runs[me] = s
}

inline pick(s)
{
	s = 1;
	do
	:: s < SPACES -> s++
	:: break
	od
}

proctype hart(byte me)
{
	byte s, i, a, number_found;
	bool found;

	do
	:: atomic { !lock ->
		pick(s);
		if
		/* vm_activate_quick, in a section. */
		:: runs[me] != 0 && s != runs[me] && IS_CURRENT(s) && !IS_STALE(s) ->
			d_step {
				running[s] = running[s] | BIT(me);	/* A1 */
				set_live(s);
				satp[me] = s;				/* A4 */
				number[me] = asid[s];
				leave_for(s)
			}
		/* vm_activate, as all below with the lock. */
		:: s != runs[me] ->
			d_step { lock = true; enter(s) }
		:: s == runs[me] ->
			d_step { satp[me] = 0; number[me] = 0; leave_for(0) }
		/* Something of the space is removed. */
		:: d_step {
			stale[s] = stale[s] | live[s];
			i = 0;
			do
			:: i < HARTS ->
				if
				:: (running[s] & BIT(i)) != 0 && s == 1 ->
					TLB(i, asid[s]) = NOTHING
				:: else
				fi;
				i++
			:: else -> break
			od;
			stale[s] = stale[s] & ~running[s];
			all_old(s) }
		/* The space ends, and another takes its place. */
		:: running[s] == 0 ->
			d_step {
#ifndef NO_FORGET
				current[s] = false;
				asid[s] = 0;
#endif
				live[s] = 0;
				stale[s] = 0;
				all_old(s)
			}
		fi;
		d_step { hardware(); s = 0; a = 0; number_found = 0 } }
	:: entering[me] != 0 ->
		d_step {
			satp[me] = entering[me];
			number[me] = asid[entering[me]];
			leave_for(entering[me]);
			entering[me] = 0;
			hardware();
			a = 0;
			found = false;
			lock = false
		}
	od
}

init {
	byte h;

	atomic {
		do
		:: h < HARTS -> run hart(h); h++
		:: else -> break
		od
	}
}
