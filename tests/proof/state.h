/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A derivation tree of K slots in any well-formed state.
 *
 * For the checker's sake each slot is a variable of its own, links are read
 * into sets of slots, nothing is indexed by anything but a constant once loops
 * are unrolled, and conditions do not branch: & and | in place of && and ||.
 */
#ifndef TESTS_PROOF_STATE_H
#define TESTS_PROOF_STATE_H

#include "kernel/cap.h"
#include "tests/proof/proof.h"

#ifndef K
#define K 4
#endif

/* What there is to know about the slots at one moment. A set of slots: bit j is slot j. */
struct state {
	struct cap_slot data[K];
	bool used[K];					    /* not empty */
	unsigned parent[K], child[K], next[K], previous[K]; /* the slot that the link names */
	unsigned above[K];				    /* all ancestors */
	bool links_are_good; /* NULL or a slot; following them ends */
};

/* The harness says where slot i < K lies, and what slots may name. */
struct cap_slot *slot_at(unsigned i);
void *any_object(void);

/*
 * Fill all slots: any links, any content. ORDERED: only trees whose slots are
 * numbered as one meets them going down first, then on to the next. Every tree
 * can be numbered so, and the kernel does not compare addresses; but then the
 * harness must let its operation begin at each slot.
 */
void state_any(void);
void state_read(struct state *s);

/*
 * The links of every slot agree with its neighbours', following any of them
 * ends, an empty slot is empty (cap.h), and C1, C4, and what makes C2 true:
 * a capability names what its parent names unless it is primary or a root.
 * A badge, once there, is the badge of all that is derived.
 */
bool is_well_formed(const struct state *s);

static inline bool has(unsigned set, unsigned i)
{
	return (set >> i & 1) != 0;
}

static inline bool implies(bool condition, bool consequence)
{
	return !condition | consequence;
}

/* Is all of the slot the same but the links? */
bool is_kept(const struct state *before, const struct state *after, unsigned i);
/* The same, its links included. */
bool is_untouched(const struct state *before, const struct state *after, unsigned i);

#endif
