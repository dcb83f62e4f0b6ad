/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Races between window operations and accesses on other harts.
 *
 * Racers, one on each hart, run in a second space and never stop storing,
 * loading and calling at a *hot* page. The main thread, in its own space on
 * hart 0, changes the page in rounds and says with one word, the *phase*, how
 * far it is: in an odd phase a result is certain, in an even one a change is
 * under way. A racer reads the phase before and after each access: if it found
 * the same odd one, the access happened within it, and must have done what
 * that phase says. So there are no pauses in which a late access would go
 * unseen, and no time that must be kept.
 *
 * A refused access is an exception, which the racer's refuser takes: a thread
 * of the same space and hart, so that a fault does not clean the TLB. Once a
 * racer was refused within a phase it tries that again in the next one: its
 * hart holds no other entry any more until something changes.
 *
 * With more than two harts a few racers are active at a time, others in each
 * group of rounds, and now and then all. The harts of the others are idle,
 * mostly in another space, where they are not interrupted, but must fence when
 * they come back; sometimes in the racers' space. If all were always busy they
 * would mostly wait for each other: the build machine has fewer processors.
 */
#ifndef TESTS_NATIVE_VM_RACE_H
#define TESTS_NATIVE_VM_RACE_H

#include "tests/native-vm/access.h"

#ifndef RACE_ROUNDS
/* Each takes longer where more harts share the build machine's processors. */
#define RACE_ROUNDS (3000u / (BOOT->hart_count > 1 ? BOOT->hart_count : 2))
#endif

#define RACERS BOOT_HARTS_MAX
#define HOT_VA 0x90000000ul	       /* in the racers' space: 2 MiB aligned */
#define OWN_VA (TEST_VA + (1ul << 30)) /* where the main thread sees frames */
#define RW (RIGHT_READ | RIGHT_WRITE)
#define RX (RIGHT_READ | RIGHT_EXECUTE)
#define RWX (RW | RIGHT_EXECUTE)

/* Where racer `i` has its word in a page: a cache line of its own, behind the code. */
#define RACER_WORD(i) (64u + 64u * (i))

#define RACE_ROLES 2u

struct racer {
	unsigned index;
	struct worker *worker;
	uint64_t random;
	/* The last phase within which it saw what had to be, for each role (race_see). */
	volatile uint64_t seen[RACE_ROLES];
	uint64_t rests[RACE_ROLES]; /* the phase in which it need not try this again */
	cap_t turn, park;	  /* notifications: it becomes active; its hart leaves the space */
	cap_t endpoint, reply;	  /* its refuser's */
	volatile uint64_t stored; /* last value stored, by its own account */
	volatile uint64_t stores, loads, fetches, refused; /* how many */
} __attribute__((aligned(64)));

extern struct racer racers[RACERS];
extern unsigned racer_count;
extern struct twin race_twin; /* the racers' space */

/* --- main thread --- */

/* Space, racers and refusers; they run `body` for good, called again and again. */
void race_start(void (*body)(struct racer *));
void phase_set(uint64_t phase);
/* First in each round, in an odd phase: whose turn it is. */
void race_round(unsigned round);
bool race_is_active(unsigned racer);
/* Wait until every active racer has seen the present phase in all roles of the mask. */
void race_wait(unsigned roles);
/* Fail the test if a racer has complained. */
void race_check(void);
/* Print what was done in the test. */
void race_report(const char *name, unsigned rounds);
/* Retype in its old slot, of memory of its own that `home` names, what was there before. */
void race_remake(cap_t slot, cap_t home, enum object_type type);

/* --- racers --- */

/* Full fences around it: the access between two of these lies between the two loads. */
uint64_t phase_get(void);
static inline bool phase_is_certain(uint64_t before, uint64_t after)
{
	return before == after && (before & 1);
}

/* Say that an access was made within the phase. */
static inline void race_see(struct racer *r, unsigned role, uint64_t phase, bool is_refused)
{
	if (is_refused)
		r->rests[role] = phase;
	r->seen[role] = phase;
}

static inline bool race_rests(const struct racer *r, unsigned role)
{
	return r->rests[role] == phase_get();
}

/* Complain; the first complaint counts. */
void race_wrong(const struct racer *r, const char *what, uint64_t phase, uint64_t value,
		uint64_t wanted);
uint64_t racer_random(struct racer *r, uint64_t limit);

#endif
