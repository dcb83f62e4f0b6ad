/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probers: threads that try accesses for the main thread and tell what the
 * MMU did. Each has a refuser, a thread of the same space and hart, so that
 * nothing but the prober changes what the hart's TLB holds and no fault
 * travels to another hart. It refuses each fault as the window's pager, and as
 * the prober's handler lets it go on behind the refused access.
 */
#ifndef TESTS_NATIVE_VM_PROBER_H
#define TESTS_NATIVE_VM_PROBER_H

#include "tests/native-vm/access.h"

#define PROBERS 4
#define PROBES 96

enum probe_kind { PROBE_LOAD, PROBE_STORE, PROBE_FETCH, PROBE_KINDS };

/* Words of a frame: code_write's code is at 0. */
#define FRAME_NUMBER 16			   /* what a load reads */
#define FRAME_STORED(who) (64 + 8 * (who)) /* where prober `who` stores */

struct probe {
	uint64_t va;
	uint64_t value;		       /* to store */
	uint8_t tries;		       /* bit for each kind to try */
	uint8_t first;		       /* the kind to begin with */
	uint64_t results[PROBE_KINDS]; /* what was read; ACCESS_REFUSED */
};

struct prober {
	unsigned index;
	unsigned space; /* for the caller */
	unsigned count;
	struct probe probes[PROBES];
	/* What it tries now. */
	volatile uint64_t at;
	volatile enum probe_kind kind;
	struct worker *worker, *refuser;
	cap_t start, done;	   /* notifications */
	cap_t endpoint, reply;	   /* the refuser's; a window's pager, if it is the only prober */
	uint64_t pager_code;	   /* what exceptions must say: PROBE_PAGER_CODE or 0 */
	volatile uint64_t refused; /* accesses */
	volatile bool is_wrong;	   /* an exception was not what it had to be: */
	struct message wrong;
};

#define PROBE_PAGER_CODE 7

extern struct prober probers[PROBERS];

/* Its endpoint, which windows may name; before prober_make. */
void prober_init(unsigned index);
/* Make prober `index` in the space, on that hart; `has_pager`: the windows it looks at name it. */
void prober_make(unsigned index, cap_t space, unsigned hart, bool has_pager);
/* Let the first `count` probers do their probes, the last first if `backwards`; returns when all
 * have. */
void probers_run(unsigned count, bool backwards);

#endif
