/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has which memory. A client's quota is a promise: memory that others are
 * promised and have not asked for yet is not given to the client whose quota
 * is the rest. All memory of a client can be taken back at once; it is zeroed
 * before anybody else gets it. Memory that nobody had since boot is handed
 * out as the machine left it: zeroing it all would take most of the boot time.
 */
#include "servers/memory/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"
#include "servers/protocol/status.h"

#define POOL_EXTENTS 8
#define POOL_OBJECT_BITS 10
#define REST_SHARE 16	    /* this part of the RAM, or */
#define REST_SHARE_SMALL 10 /* this part of the rest up to */
#define REST_SMALL_BYTES (4ull << 20)
#define UNTYPED_BITS_MIN 12
#define UNTYPED_BITS_MAX 30

bool memory_add_client(struct memory *memory, unsigned badge, const char *text)
{
	const char *colon = strchr(text, ':');
	struct client *client = &memory->clients[badge];
	char *end;

	if (badge == 0 || badge >= MEMORY_CLIENTS || colon == NULL)
		return false;
	snprintf(client->name, sizeof(client->name), "%.*s", (int)(colon - text), text);
	if (strcmp(colon + 1, "rest") == 0) {
		client->quota = MEMORY_REST;
		return true;
	}
	client->quota = strtoull(colon + 1, &end, 10);
	return end != colon + 1 && *end == 0;
}

/* Bytes that the client may still get. */
static uint64_t allowance(const struct memory *memory, unsigned badge)
{
	const struct client *client = &memory->clients[badge];
	uint64_t promised = 0, free_bytes = memory->blocks.free_bytes;

	if (client->quota != MEMORY_REST)
		return client->quota - client->used;
	for (unsigned i = 1; i < MEMORY_CLIENTS; i++) {
		const struct client *other = &memory->clients[i];

		if (other->quota != MEMORY_REST)
			promised += other->quota - other->used;
	}
	return free_bytes > promised ? free_bytes - promised : 0;
}

static void own(struct memory *memory, unsigned block, unsigned badge)
{
	memory->owner[block] = (uint8_t)badge;
	memory->clients[badge].used += 1ull << memory->table[block].bits;
}

/* Give a block back; whatever was made of it goes. */
static void disown(struct memory *memory, unsigned block)
{
	cap_t pool = memory->pool[block];

	memory->clients[memory->owner[block]].used -= 1ull << memory->table[block].bits;
	memory->owner[block] = 0;
	memory->pool[block] = 0;
	block_give(&memory->blocks, block);
	if (pool != 0)
		slot_release(pool);
}

int memory_untyped(struct memory *memory, unsigned badge, uint64_t bits, uint64_t slot,
		   cap_t cspace)
{
	unsigned block;
	cap_t untyped;
	enum err err;

	if (bits < UNTYPED_BITS_MIN || bits > UNTYPED_BITS_MAX || cspace == 0)
		return -STATUS_INVAL;
	if (1ull << bits > allowance(memory, badge))
		return -STATUS_NOMEM;
	block = block_take(&memory->blocks, (unsigned)bits);
	untyped = block != BLOCK_NONE ? slot_allocate() : 0;
	if (untyped == 0) {
		if (block != BLOCK_NONE)
			block_give(&memory->blocks, block);
		return -STATUS_NOMEM;
	}
	own(memory, block, badge);
	/* The client gets a child: the block's own capability stays, to revoke it. */
	err = invoke5(block_slot(&memory->blocks, block), UNTYPED_RETYPE, OBJECT_UNTYPED, bits, 1,
		      untyped, 0);
	if (err == ERR_OK)
		err = invoke5(cspace, CSPACE_MOVE, slot, untyped, 0, 0, 0);
	if (err != ERR_OK)
		disown(memory, block);
	slot_release(untyped);
	return err == ERR_OK ? STATUS_OK : -STATUS_INVAL;
}

/* Add blocks to the pool until it has `goal` pages or cannot have more; returns its pages. */
static uint64_t fill_pool(struct memory *memory, unsigned badge, cap_t pool, uint64_t goal,
			  unsigned blocks[POOL_EXTENTS])
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < POOL_EXTENTS && pages < goal; i++) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(goal - pages);
		unsigned block = block_take_largest(&memory->blocks, bits + MEMORY_PAGE_BITS,
						    MEMORY_PAGE_BITS);

		if (block == BLOCK_NONE)
			break;
		own(memory, block, badge);
		if (invoke5(pool, POOL_ADD_EXTENT, block_slot(&memory->blocks, block), 0, 0, 0,
			    0) != ERR_OK) {
			disown(memory, block);
			break;
		}
		blocks[i] = block;
		pages += 1ull << (memory->table[block].bits - MEMORY_PAGE_BITS);
	}
	return pages;
}

/* A Pool object in a block of the client; the block, BLOCK_NONE if memory is out. */
static unsigned make_pool(struct memory *memory, unsigned badge)
{
	cap_t pool = slot_allocate();
	unsigned home = pool != 0 ? block_take(&memory->blocks, POOL_OBJECT_BITS) : BLOCK_NONE;

	if (home == BLOCK_NONE) {
		if (pool != 0)
			slot_release(pool);
		return BLOCK_NONE;
	}
	own(memory, home, badge);
	memory->pool[home] = pool;
	if (invoke5(block_slot(&memory->blocks, home), UNTYPED_RETYPE, OBJECT_POOL, 0, 1, pool,
		    0) == ERR_OK)
		return home;
	disown(memory, home);
	return BLOCK_NONE;
}

/*
 * Bytes that the client whose quota is the rest cannot have as a pool: they
 * stay for its kernel objects, which it needs as long as it has the pool.
 */
static uint64_t kept_for_objects(const struct memory *memory, unsigned badge, uint64_t allowed)
{
	uint64_t share = memory->total / REST_SHARE;
	uint64_t small = allowed / REST_SHARE_SMALL;

	if (memory->clients[badge].quota != MEMORY_REST)
		return 0;
	if (small > REST_SMALL_BYTES)
		small = REST_SMALL_BYTES;
	return share > small ? share : small;
}

int memory_pool(struct memory *memory, unsigned badge, uint64_t least, uint64_t most, cap_t *pool,
		uint64_t *pages)
{
	uint64_t allowed = allowance(memory, badge), object = 1ull << POOL_OBJECT_BITS, goal, kept;
	unsigned blocks[POOL_EXTENTS] = {BLOCK_NONE}, home;

	if (least == 0 || least > most)
		return -STATUS_INVAL;
	kept = kept_for_objects(memory, badge, allowed);
	allowed = allowed > kept ? allowed - kept : 0;
	goal = allowed > object ? (allowed - object) / MEMORY_PAGE : 0;
	if (goal > most)
		goal = most;
	if (goal < least)
		return -STATUS_NOMEM;
	home = make_pool(memory, badge);
	if (home == BLOCK_NONE)
		return -STATUS_NOMEM;
	*pool = memory->pool[home];
	*pages = fill_pool(memory, badge, *pool, goal, blocks);
	if (*pages >= least)
		return STATUS_OK;
	disown(memory, home); /* destroys the pool, which lets go of the blocks */
	for (unsigned i = 0; i < POOL_EXTENTS; i++) {
		if (blocks[i] != BLOCK_NONE)
			disown(memory, blocks[i]);
	}
	return -STATUS_NOMEM;
}

int memory_reclaim(struct memory *memory, unsigned badge)
{
	int status = STATUS_OK;

	if (badge == 0 || badge >= MEMORY_CLIENTS)
		return -STATUS_INVAL;
	for (unsigned i = 1; i < MEMORY_BLOCKS; i++) {
		cap_t slot = block_slot(&memory->blocks, i);

		if (memory->owner[i] == badge)
			invoke5(SLOT_CSPACE, CSPACE_REVOKE, slot, 0, 0, 0, 0);
	}
	/* Pools are gone now, so every block is whole. */
	for (unsigned i = 1; i < MEMORY_BLOCKS; i++) {
		if (memory->owner[i] != badge)
			continue;
		if (scrub(block_slot(&memory->blocks, i), memory->table[i].bits))
			disown(memory, i);
		else
			status = -STATUS_NOMEM; /* the block stays with the client's name */
	}
	return status;
}
