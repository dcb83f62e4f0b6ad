/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A space's page tables in any well-formed state, and what they mean.
 *
 * Tables have 4 entries (-DSV39_INDEX_BITS=2). USED of them there are before the
 * operation: none, one of level 1, or also one of level 0 below it, anywhere; SPARE
 * can be made. Root entries 0 and 1 are the user's, 2 and 3 stand for all
 * that windows cannot reach.
 *
 * Two windows lie there, disjoint, and two pools of one extent each, disjoint,
 * anywhere in memory (of 2^8 pages) but where tables are.
 */
#ifndef TESTS_PROOF_TABLES_H
#define TESTS_PROOF_TABLES_H

#include "tests/proof/proof.h"
#include "vm/table.h"

#ifndef SPARE
#define SPARE 2u
#endif
#define TABLES (USED + 2u)
#define USER_PAGES 32u /* two root entries */

extern struct vm_space space;
extern struct vm_window window, other; /* operations are about `window` */
extern struct vm_binding bindings[2];  /* of `window` */
extern struct vm_pool pools[2];	       /* bindings[0] is with the first, [1] with either */

/* The page that the proof looks at, any one of the user's. */
extern uint64_t watched;

/* --- fakes ------------------------------------------------------------------------ */

extern bool owes_watched; /* entries of it may be cached that are not there any more */
extern bool owes_whole;	  /* and any, of all levels */
extern bool fenced;	  /* the above was committed */
extern unsigned zeroed;	  /* pages zeroed that are no tables */
extern uint64_t zeroed_ppn;

/* --- state ------------------------------------------------------------------------- */

/* What the tables say of a page. */
struct meaning {
	bool is_mapped;
	bool is_frozen;	    /* by an entry on the way, or the leaf */
	unsigned level;	    /* of the last entry that was looked at */
	unsigned at, index; /* the entry: table (0: root) and place in it */
	bool above;	    /* is an entry above it frozen? */
	unsigned highest;   /* level of the highest frozen entry, 0: none */
	uint64_t pte;	    /* it */
	uint64_t ppn;
	uint64_t bits; /* of the leaf, V left out, and W if frozen */
};

/* Any state that keeps the invariants; V1 for the watched page. */
void tables_any(void);

/* T1, T3, what entries may be, and what the pages of the bank are said to be. */
bool tables_are_good(void);

/*
 * The walk as the privileged specification has it ("Virtual Address Translation
 * Process"), but through frozen entries; so what the kernel says is mapped.
 */
struct meaning meaning_of(uint64_t page);

/* May a hart access the page so (one of PTE_R, W, X)? The walk of the specification itself. */
bool hart_may(const struct meaning *m, uint64_t access);

/* V1 and V4 for the page of the meaning: the whole leaf, window, frames and rights. */
bool is_allowed(uint64_t page, const struct meaning *m);

bool is_same_meaning(const struct meaning *a, const struct meaning *b);

/* What each operation has to leave so, given the meaning of the watched page before and after. */
void check_tables(const struct meaning *before, const struct meaning *after);

/* Any item; the harness says more. */
struct window_item any_item(void);

static inline bool implies(bool condition, bool consequence)
{
	return !condition | consequence;
}

#endif
