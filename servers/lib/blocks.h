/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory in naturally aligned power-of-two blocks, each an Untyped
 * in a slot of the program: a buddy allocator for the root task and the
 * memory server.
 */
#ifndef SERVERS_LIB_BLOCKS_H
#define SERVERS_LIB_BLOCKS_H

#include <stdbool.h>

#include "servers/lib/syscall.h"

#define BLOCK_BITS_MIN 6
#define BLOCK_BITS_MAX 38
#define BLOCK_NONE 0 /* index 0 is no block */

enum block_state { BLOCK_ABSENT, BLOCK_FREE, BLOCK_USED, BLOCK_SPLIT };

struct block {
	uint64_t base; /* physical, bytes */
	cap_t slot;
	uint16_t parent, buddy;	 /* BLOCK_NONE for a block that was added */
	uint16_t next, previous; /* in the free list of its size; unused entries: next only */
	uint8_t bits;		 /* log2 bytes */
	uint8_t state;		 /* enum block_state */
};

struct blocks {
	struct block *table;
	uint32_t capacity;
	uint32_t used_entries; /* entries ever used, entry 0 included */
	uint16_t unused;       /* list of entries given back */
	uint16_t free[BLOCK_BITS_MAX + 1];
	uint64_t free_bytes;
};

/* `table`: array of `capacity` ≤ 65535 zeroed entries. */
void blocks_init(struct blocks *blocks, struct block *table, uint32_t capacity);

/*
 * Hand over an Untyped of physical bytes [base, base + size), of which the
 * first `used` are in use already; all multiples of 64. False if slots or
 * entries ran out; what was carved until then serves.
 */
bool blocks_add(struct blocks *blocks, cap_t untyped, uint64_t base, uint64_t size, uint64_t used);

/* A free block of 2^bits bytes, now used; BLOCK_NONE if there is none. */
unsigned block_take(struct blocks *blocks, unsigned bits);
/* The same at this physical address (aligned to 2^bits). */
unsigned block_take_at(struct blocks *blocks, uint64_t base, unsigned bits);
/* The largest free block of at most 2^bits bytes, smaller ones not below 2^least. */
unsigned block_take_largest(struct blocks *blocks, unsigned bits, unsigned least);
/* Give a used block back: revokes whatever was made from it. */
void block_give(struct blocks *blocks, unsigned index);

static inline cap_t block_slot(const struct blocks *blocks, unsigned index)
{
	return blocks->table[index].slot;
}

#endif
