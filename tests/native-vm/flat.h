/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The naive model of a space: for each page a frame and its rights. It knows
 * nothing of tables, leaf sizes or TLBs.
 */
#ifndef TESTS_NATIVE_VM_FLAT_H
#define TESTS_NATIVE_VM_FLAT_H

#include "tests/native-vm/access.h"

#define FLAT_PAGES 4096u /* 16 MiB: the window of each space, at the same addresses */
#define FLAT_FIRST (TEST_VA >> 12)
#define FLAT_BLOCK 512u /* pages of a 2 MiB leaf */

#define POOLS 2
#define POOL0_FRAMES 1024u
#define POOL1_FRAMES 512u
#define FRAMES (POOL0_FRAMES + POOL1_FRAMES)

enum flat_bits { FLAT_ACCESSED = 1, FLAT_DIRTY = 2 }; /* as WINDOW_HARVEST reports them */

struct flat_page {
	uint16_t frame; /* number + 1; 0 = invalid */
	uint8_t rights;
	uint8_t bits; /* those that must be set; more may be, in a large leaf */
};

struct flat_space {
	struct flat_page pages[FLAT_PAGES];
	uint8_t allowed[POOLS];			    /* rights of the bindings */
	bool may_be_dirty[FLAT_PAGES / FLAT_BLOCK]; /* any page of the block */
};

/* First frame of a pool, and how many it has. */
static inline unsigned pool_base(unsigned pool)
{
	return pool == 0 ? 0 : POOL0_FRAMES;
}

static inline unsigned pool_frames(unsigned pool)
{
	return pool == 0 ? POOL0_FRAMES : POOL1_FRAMES;
}

/* What an item does; item->done says afterwards how far it must come. */
enum err flat_map(struct flat_space *space, unsigned pool, struct window_item *item);
enum err flat_protect(struct flat_space *space, struct window_item *item);
enum err flat_freeze(struct flat_space *space, struct window_item *item);
enum err flat_unmap(struct flat_space *space, struct window_item *item);
enum err flat_clone(struct flat_space *space, struct flat_space *target, struct window_item *item);
/* The binding to the pool goes. */
void flat_unbind(struct flat_space *space, unsigned pool);
/* NULL, or what is wrong with the words that WINDOW_HARVEST of these pages wrote; then clears. */
const char *flat_harvest(struct flat_space *space, const struct window_item *item,
			 const uint64_t *words);
/* An access that succeeded. */
void flat_access(struct flat_space *space, unsigned page, bool is_store);

#endif
