/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Window items: what SYS_WINDOW and SYS_REPLY_RECEIVE do to page tables.
 *
 * The caller writes up to WINDOW_ITEMS items into its message buffer,
 * beginning at word WINDOW_ITEM_WORD, and gives their number in the tag. They
 * are done in order; each item's `done` counts its pages done. The call stops
 * at the first item that fails and returns its error; earlier items and the
 * `done` pages stay. Flushes cover the whole batch and are complete when the
 * call returns. With SYS_REPLY_RECEIVE a failure sends no answer.
 */
#ifndef KERNEL_ABI_WINDOW_H
#define KERNEL_ABI_WINDOW_H

#include "kernel/abi/message.h"

#define WINDOW_ITEMS 64
#define WINDOW_ITEM_WORD 16
#define WINDOW_ITEM_PAGES (1u << 18) /* pages of one item at the most: 1 GiB */
#define WINDOW_SPAN 512u	     /* pages of a leaf table: what FREEZE counts */

enum window_op {
	/*
	 * Map `count` pages of the binding's pool, from `pool_page`, at
	 * `va_page`. Whether an existing entry may be replaced: see flags;
	 * with neither EXPECT flag any entry is replaced (another frame:
	 * clear, flush, install), and 512 entries that map already what one
	 * larger leaf would are replaced by it, unless an interrupt comes.
	 */
	WINDOW_MAP = 1,
	/* Set the rights of valid entries to `rights` (≤ their binding's); others are passed over. */
	WINDOW_PROTECT = 2,
	/* Clear valid entries; others are passed over. */
	WINDOW_UNMAP = 3,
	/*
	 * Copy valid entries to the same addresses of the Window named by
	 * `pool_page` (a slot), without WRITE, and take WRITE from the source
	 * too. The target's slots must be invalid and it must have a binding
	 * with each pool concerned.
	 */
	WINDOW_CLONE = 4,
	/*
	 * Write one word a page into the message buffer from word `pool_page`:
	 * 0 = invalid, else QUERY_* bits and the pool page << 12.
	 */
	WINDOW_QUERY = 5,
	/*
	 * Write two bits a page (1 = accessed, 2 = dirty), 32 pages a word,
	 * into the buffer from word `pool_page`; WINDOW_CLEAR clears them in
	 * the entries.
	 */
	WINDOW_HARVEST = 6,
	/*
	 * As PROTECT that takes WRITE from every valid entry, but lazy: the
	 * cost does not grow with what is mapped, and the first access to each
	 * GiB and each 2 MiB traps into the kernel for a moment. `va_page` is a
	 * multiple of WINDOW_SPAN; `count` and `done` count such spans, so one
	 * item can be about a whole window.
	 */
	WINDOW_FREEZE = 7,
	/* Do now what is left of FREEZE for these pages, so that no access traps. */
	WINDOW_THAW = 8,
};

enum window_flag {
	WINDOW_EXPECT_EMPTY = 1, /* MAP: the entry must be invalid, else ERR_MISMATCH */
	WINDOW_EXPECT_PAGE = 2,	 /* MAP: entry i must map pool page expected+i, else ERR_MISMATCH */
	WINDOW_ZERO = 4,	 /* MAP: the kernel zeroes the frames first */
	WINDOW_FENCE_I = 8,	 /* MAP, PROTECT: every hart sees new code when the call returns */
	WINDOW_CLEAR = 16,	 /* HARVEST */
};

enum window_query {
	QUERY_VALID = 1,
	QUERY_READ = 2,
	QUERY_WRITE = 4,
	QUERY_EXECUTE = 8,
	QUERY_ACCESSED = 16,
	QUERY_DIRTY = 32,
};

struct window_item {
	uint32_t cap;	  /* MAP: slot of the Binding; else slot of the Window */
	uint8_t op;	  /* enum window_op */
	uint8_t rights;	  /* RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE; never W with X; W needs R */
	uint16_t flags;	  /* enum window_flag */
	uint64_t va_page; /* first page number in the space (address >> 12), inside the window */
	uint64_t pool_page; /* MAP: first page of the pool; others: see enum window_op */
	uint64_t expected;  /* with WINDOW_EXPECT_PAGE */
	uint32_t count;	    /* pages, 1..WINDOW_ITEM_PAGES; FREEZE: see there */
	uint32_t done;	    /* out: pages done */
};
_Static_assert(sizeof(struct window_item) == 40, "layout shared with user space");
_Static_assert(WINDOW_ITEM_WORD * 8 + WINDOW_ITEMS * sizeof(struct window_item) <=
		       MESSAGE_WORDS * 8,
	       "items fit in the words of a message buffer");

#endif
