/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buddy allocator over Untypeds. Splitting a block retypes it into two
 * Untypeds of half its size; when both are free again the parent is revoked,
 * which removes them. Invariants: a free block has no children in the kernel
 * and is on the list of its size; a split block has two live halves; free
 * lists hold the block freed last first.
 */
#include "servers/lib/blocks.h"
#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

void blocks_init(struct blocks *blocks, struct block *table, uint32_t capacity)
{
	*blocks = (struct blocks){.table = table, .capacity = capacity, .used_entries = 1};
}

static unsigned entry_new(struct blocks *blocks)
{
	unsigned index = blocks->unused;

	if (index != BLOCK_NONE)
		blocks->unused = blocks->table[index].next;
	else if (blocks->used_entries < blocks->capacity)
		index = blocks->used_entries++;
	return index;
}

static void entry_drop(struct blocks *blocks, unsigned index)
{
	blocks->table[index] = (struct block){.next = blocks->unused};
	blocks->unused = (uint16_t)index;
}

static void push_free(struct blocks *blocks, unsigned index)
{
	struct block *block = &blocks->table[index];
	uint16_t head = blocks->free[block->bits];

	block->state = BLOCK_FREE;
	block->previous = BLOCK_NONE;
	block->next = head;
	if (head != BLOCK_NONE)
		blocks->table[head].previous = (uint16_t)index;
	blocks->free[block->bits] = (uint16_t)index;
	blocks->free_bytes += 1ull << block->bits;
}

/* Take the block off its free list; it is used now. */
static void unlink_free(struct blocks *blocks, unsigned index)
{
	struct block *block = &blocks->table[index];

	if (block->previous != BLOCK_NONE)
		blocks->table[block->previous].next = block->next;
	else
		blocks->free[block->bits] = block->next;
	if (block->next != BLOCK_NONE)
		blocks->table[block->next].previous = block->previous;
	block->state = BLOCK_USED;
	blocks->free_bytes -= 1ull << block->bits;
}

/*
 * Retype 2^bits bytes of `untyped` at its watermark, which is at physical
 * address `base`, into a block in state BLOCK_USED; BLOCK_NONE if entries,
 * slots or the kernel refuse.
 */
static unsigned carve(struct blocks *blocks, cap_t untyped, uint64_t base, unsigned bits)
{
	unsigned index = entry_new(blocks);
	cap_t slot = index != BLOCK_NONE ? slot_allocate() : 0;

	if (slot != 0 &&
	    invoke5(untyped, UNTYPED_RETYPE, OBJECT_UNTYPED, bits, 1, slot, 0) == ERR_OK) {
		blocks->table[index] = (struct block){
			.base = base, .slot = slot, .bits = (uint8_t)bits, .state = BLOCK_USED};
		return index;
	}
	if (slot != 0)
		slot_release(slot);
	if (index != BLOCK_NONE)
		entry_drop(blocks, index);
	return BLOCK_NONE;
}

bool blocks_add(struct blocks *blocks, cap_t untyped, uint64_t base, uint64_t size, uint64_t used)
{
	uint64_t end = base + size;

	base += used;
	while (base < end) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(end - base);
		unsigned index;

		if (base != 0 && (unsigned)__builtin_ctzll(base) < bits)
			bits = (unsigned)__builtin_ctzll(base);
		if (bits > BLOCK_BITS_MAX)
			bits = BLOCK_BITS_MAX;
		if (1ull << bits == size && used == 0) {
			index = entry_new(blocks);
			blocks->table[index] =
				(struct block){.base = base,
					       .slot = index != BLOCK_NONE ? untyped : 0,
					       .bits = (uint8_t)bits};
		} else {
			index = carve(blocks, untyped, base, bits);
		}
		if (index == BLOCK_NONE)
			return false;
		push_free(blocks, index);
		base += 1ull << bits;
	}
	return true;
}

/* A block that nothing is made from is free; with its buddy it becomes their parent again. */
static void release(struct blocks *blocks, unsigned index)
{
	struct block *block = &blocks->table[index];

	while (block->parent != BLOCK_NONE && blocks->table[block->buddy].state == BLOCK_FREE) {
		unsigned parent = block->parent, buddy = block->buddy;

		unlink_free(blocks, buddy);
		invoke5(SLOT_CSPACE, CSPACE_REVOKE, blocks->table[parent].slot, 0, 0, 0, 0);
		slot_release(block->slot);
		slot_release(blocks->table[buddy].slot);
		entry_drop(blocks, index);
		entry_drop(blocks, buddy);
		index = parent;
		block = &blocks->table[index];
	}
	push_free(blocks, index);
}

/*
 * Split a used block; returns the half that contains `base`, used, and frees
 * the other one. BLOCK_NONE: no room for it; the block is free again.
 */
static unsigned split(struct blocks *blocks, unsigned index, uint64_t base)
{
	struct block *block = &blocks->table[index];
	unsigned bits = block->bits - 1u;
	uint64_t middle = block->base + (1ull << bits);
	unsigned low = carve(blocks, block->slot, block->base, bits);
	unsigned high = low != BLOCK_NONE ? carve(blocks, block->slot, middle, bits) : BLOCK_NONE;

	if (high == BLOCK_NONE) {
		if (low != BLOCK_NONE) {
			slot_free(blocks->table[low].slot);
			entry_drop(blocks, low);
		}
		/* The half that was made is gone, but the watermark is not back. */
		invoke5(SLOT_CSPACE, CSPACE_REVOKE, block->slot, 0, 0, 0, 0);
		release(blocks, index);
		return BLOCK_NONE;
	}
	block->state = BLOCK_SPLIT;
	blocks->table[low].parent = blocks->table[high].parent = (uint16_t)index;
	blocks->table[low].buddy = (uint16_t)high;
	blocks->table[high].buddy = (uint16_t)low;
	push_free(blocks, base < middle ? high : low);
	return base < middle ? low : high;
}

/* Cut a free block down to 2^bits bytes at `base`. */
static unsigned cut(struct blocks *blocks, unsigned index, uint64_t base, unsigned bits)
{
	unlink_free(blocks, index);
	while (index != BLOCK_NONE && blocks->table[index].bits > bits)
		index = split(blocks, index, base);
	return index;
}

unsigned block_take(struct blocks *blocks, unsigned bits)
{
	for (unsigned b = bits; b <= BLOCK_BITS_MAX; b++) {
		unsigned index = blocks->free[b];

		if (index != BLOCK_NONE)
			return cut(blocks, index, blocks->table[index].base, bits);
	}
	return BLOCK_NONE;
}

unsigned block_take_at(struct blocks *blocks, uint64_t base, unsigned bits)
{
	for (unsigned i = 1; i < blocks->used_entries; i++) {
		const struct block *block = &blocks->table[i];

		if (block->state == BLOCK_FREE && block->bits >= bits && base >= block->base &&
		    base - block->base <= (1ull << block->bits) - (1ull << bits))
			return cut(blocks, i, base, bits);
	}
	return BLOCK_NONE;
}

unsigned block_take_largest(struct blocks *blocks, unsigned bits, unsigned least)
{
	unsigned index;

	/* A whole block below the size is taken only if no larger one can be cut to it. */
	index = block_take(blocks, bits);
	while (index == BLOCK_NONE && bits-- > least) {
		index = blocks->free[bits];
		if (index != BLOCK_NONE)
			unlink_free(blocks, index);
	}
	return index;
}

void block_give(struct blocks *blocks, unsigned index)
{
	invoke5(SLOT_CSPACE, CSPACE_REVOKE, block_slot(blocks, index), 0, 0, 0, 0);
	release(blocks, index);
}
