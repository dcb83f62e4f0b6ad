/* SPDX-License-Identifier: BSD-2-Clause */
/* All objects that live, as found through the capabilities: what the invariants' files share. */
#ifndef TESTS_FUZZ_INVARIANTS_H
#define TESTS_FUZZ_INVARIANTS_H

#include "tests/fuzz/fuzz.h"

#define LIVE_MOST 2048u
#define SLOTS_MOST 16384u

struct live {
	void *object; /* as in a capability */
	struct cap_slot *primary;
	uint64_t base, bytes; /* physical */
	uint8_t type;
	unsigned seen; /* threads: in how many queues; vm: banks' tables */
};
extern struct live live[LIVE_MOST];
extern unsigned live_count;

/* The live object at that address, if it has the type, else NULL. */
struct live *live_find(const void *object, unsigned type);
#define IS_LIVE(object, type) (live_find(object, type) != NULL)

/* invariants_threads.c */
void check_threads(void);
/* invariants_space.c */
void check_spaces(void);

#endif
