/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocators of kernel memory: blocks.c, objects.c and the memory server's
 * book-keeping, against a kernel that knows the rules of Untyped.
 */
#include <string.h>

#include "servers/lib/blocks.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/memory/memory.h"
#include "servers/protocol/memory.h"
#include "servers/protocol/status.h"
#include "tests/system/check.h"
#include "tests/system/fake_kernel.h"

#define UNTYPED_SLOT 20
#define FIRST_FREE 32
#define LIVE_MOST 300

static struct block table[1024];
static struct blocks blocks;

/* ---- blocks ------------------------------------------------------------------- */

/* Free blocks by size, to compare two states. */
static void census(unsigned counts[BLOCK_BITS_MAX + 1])
{
	memset(counts, 0, (BLOCK_BITS_MAX + 1) * sizeof(*counts));
	for (unsigned i = 1; i < blocks.used_entries; i++)
		counts[table[i].bits] += table[i].state == BLOCK_FREE;
}

static void start_blocks(uint64_t base, uint64_t size, uint64_t used, uint32_t slots)
{
	fake_init(FIRST_FREE, slots);
	memset(table, 0, sizeof(table));
	blocks_init(&blocks, table, 1024);
	fake_untyped(UNTYPED_SLOT, base, size, false);
	fake_slots[UNTYPED_SLOT].used = used;
	EXPECT(blocks_add(&blocks, UNTYPED_SLOT, base, size, used));
	EXPECT(blocks.free_bytes == size - used);
}

/* The kernel's object is where the table says, and nothing else is there. */
static void check_live(const unsigned *live, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct block *b = &table[live[i]];
		const struct fake_slot *s = &fake_slots[b->slot];

		EXPECT(b->state == BLOCK_USED && s->type == OBJECT_UNTYPED);
		EXPECT(s->base == b->base && s->size == 1ull << b->bits && s->used == 0);
		EXPECT(b->base % (1ull << b->bits) == 0);
		for (unsigned j = 0; j < i; j++) {
			const struct block *c = &table[live[j]];

			EXPECT(b->base + (1ull << b->bits) <= c->base ||
			       c->base + (1ull << c->bits) <= b->base);
		}
	}
}

static void random_blocks(uint64_t base, uint64_t size, uint64_t used, uint32_t slots)
{
	unsigned live[LIVE_MOST], count = 0, before[BLOCK_BITS_MAX + 1], after[BLOCK_BITS_MAX + 1];
	uint64_t bytes = 0;

	start_blocks(base, size, used, slots);
	census(before);
	for (unsigned step = 0; step < 4000; step++) {
		if (count < LIVE_MOST && check_random() % 100 < 55) {
			unsigned bits = 6 + (unsigned)(check_random() % 16), block;

			switch (check_random() % 3) {
			case 0:
				block = block_take(&blocks, bits);
				break;
			case 1:
				block = block_take_largest(&blocks, bits, 6);
				break;
			default:
				block = block_take_at(&blocks,
						      (base + check_random() % size) &
							      ~((1ull << bits) - 1),
						      bits);
				break;
			}
			if (block == BLOCK_NONE)
				continue;
			EXPECT(table[block].bits <= bits);
			bytes += 1ull << table[block].bits;
			live[count++] = block;
		} else if (count != 0) {
			unsigned i = (unsigned)(check_random() % count);

			bytes -= 1ull << table[live[i]].bits;
			block_give(&blocks, live[i]);
			live[i] = live[--count];
		}
		EXPECT(blocks.free_bytes + bytes == size - used);
		if (step % 64 == 0)
			check_live(live, count);
	}
	while (count != 0)
		block_give(&blocks, live[--count]);
	census(after);
	EXPECT(memcmp(before, after, sizeof(before)) == 0);
}

static void blocks_random(void)
{
	random_blocks(0x80000000, 64ull << 20, 0, FAKE_SLOTS);
	random_blocks(0x800a0000, (48ull << 20) - 0x1000, 0x40000, FAKE_SLOTS);
}

static void blocks_without_slots(void)
{
	/* Few slots: splits fail at any point, memory must not get lost. */
	for (uint32_t slots = FIRST_FREE + 24; slots < FIRST_FREE + 80; slots += 3)
		random_blocks(0x80000000, 32ull << 20, 0x1000, slots);
}

static void blocks_whole_range(void)
{
	unsigned block;

	start_blocks(1ull << 30, 1ull << 30, 0, FAKE_SLOTS);
	block = block_take(&blocks, 30);
	EXPECT(block != BLOCK_NONE && block_slot(&blocks, block) == UNTYPED_SLOT);
	EXPECT(block_take(&blocks, 6) == BLOCK_NONE);
	block_give(&blocks, block);
	/* A small piece of a large device range. */
	block = block_take_at(&blocks, (1ull << 30) + 0x3000, 12);
	EXPECT(block != BLOCK_NONE && table[block].base == (1ull << 30) + 0x3000);
	EXPECT(block_take_at(&blocks, (1ull << 30) + 0x3000, 12) == BLOCK_NONE);
	EXPECT(block_take_at(&blocks, (1ull << 30) - 0x1000, 12) == BLOCK_NONE);
}

/* ---- objects ------------------------------------------------------------------ */

static uint64_t server_bytes; /* given by the pretended memory server */
static uint64_t server_limit;

static enum err memory_server(uint32_t endpoint, struct message *m)
{
	uint64_t bits = m->words[0];

	EXPECT(endpoint == 10 && message_label(m->tag) == MEMORY_UNTYPED);
	EXPECT(message_caps(m->tag) == 1 && message_buffer()->send_caps[0] == SLOT_CSPACE);
	EXPECT(bits >= 12 && bits <= 30 && fake_slots[m->words[1]].type == OBJECT_NONE);
	if (server_bytes + (1ull << bits) > server_limit) {
		m->words[0] = (uint64_t)-STATUS_NOMEM;
		return ERR_OK;
	}
	/* Aligned like the real server's blocks. */
	fake_untyped((uint32_t)m->words[1], (1ull << 38) + (server_bytes << 8), 1ull << bits,
		     false);
	server_bytes += 1ull << bits;
	m->words[0] = 0;
	return ERR_OK;
}

static void start_objects(uint64_t limit)
{
	struct startup *s = (struct startup *)STARTUP_VA;

	fake_init(FIRST_FREE, FAKE_SLOTS);
	s->cap_count = 2;
	s->caps[0] = (struct startup_cap){"memory", 10, 7};
	s->caps[1] = (struct startup_cap){"untyped", UNTYPED_SLOT, 0};
	fake_untyped(UNTYPED_SLOT, 0x90000000, 64 << 10, false);
	fake_slots[10].type = OBJECT_ENDPOINT;
	fake_call = memory_server;
	server_bytes = 0;
	server_limit = limit;
}

static cap_t random_object(void)
{
	static const enum object_type types[] = {
		OBJECT_THREAD, OBJECT_ENDPOINT,	     OBJECT_REPLY,  OBJECT_NOTIFICATION,
		OBJECT_SPACE,  OBJECT_SCHED_CONTEXT, OBJECT_WINDOW, OBJECT_BINDING};
	unsigned pick = (unsigned)(check_random() % 10);

	if (pick == 8)
		return object_create(OBJECT_TABLE_BANK, 16);
	if (pick == 9)
		return object_create(OBJECT_CSPACE, 2 + (unsigned)(check_random() % 6));
	return object_create(types[pick], 0);
}

static void objects_random(void)
{
	static cap_t live[LIVE_MOST];
	unsigned count = 0, failures = 0;
	uint64_t most = 0;

	start_objects(16 << 20);
	for (unsigned step = 0; step < 20000; step++) {
		if (count < LIVE_MOST && check_random() % 100 < 52) {
			cap_t object = random_object();

			if (object == 0) {
				failures++;
				continue;
			}
			for (unsigned i = 0; i < count; i++)
				EXPECT(live[i] != object);
			live[count++] = object;
		} else if (count != 0) {
			unsigned i = (unsigned)(check_random() % count);

			object_destroy(live[i]);
			EXPECT(fake_slots[live[i]].type == OBJECT_NONE);
			live[i] = live[--count];
		}
		if (step == 10000)
			most = server_bytes;
	}
	/* Memory serves again: the second half needs little that is new. */
	EXPECT(failures == 0 && server_bytes <= most + (1 << 20));
}

static void objects_out_of_memory(void)
{
	static cap_t live[1000];
	unsigned count = 0, again = 0;

	start_objects(256 << 10);
	while (count < 1000 && (live[count] = object_create(OBJECT_THREAD, 0)) != 0)
		count++;
	/* 64 KiB at the start and 256 KiB more make 40 threads. */
	EXPECT(count == 40);
	while (again < count)
		object_destroy(live[again++]);
	for (again = 0; again < 40; again++)
		EXPECT((live[again] = object_create(OBJECT_THREAD, 0)) != 0);
	EXPECT(object_create(OBJECT_THREAD, 0) == 0);
	object_destroy(live[3]);
	/* A free home of 8 KiB serves smaller objects when nothing else is left. */
	EXPECT(object_create(OBJECT_ENDPOINT, 0) != 0);
}

static void objects_retype_fails(void)
{
	start_objects(4 << 20);
	for (uint64_t n = 1; n < 40; n++) {
		cap_t object;

		fake_retypes_left = n;
		object = object_create(OBJECT_SPACE, 0);
		if (object != 0)
			EXPECT(fake_slots[object].type == OBJECT_SPACE);
		fake_retypes_left = 0;
		object = object_create(OBJECT_SPACE, 0);
		EXPECT(object != 0 && fake_slots[object].type == OBJECT_SPACE);
	}
}

/* ---- the memory server -------------------------------------------------------- */

static struct memory memory;
static uint64_t scrubbed;

bool scrub(cap_t untyped, unsigned bits)
{
	EXPECT(fake_slots[untyped].type == OBJECT_UNTYPED && fake_slots[untyped].used == 0);
	scrubbed += 1ull << bits;
	return true;
}

static void start_memory(void)
{
	fake_init(FIRST_FREE, FAKE_SLOTS);
	memset(&memory, 0, sizeof(memory));
	blocks_init(&memory.blocks, memory.table, MEMORY_BLOCKS);
	fake_untyped(UNTYPED_SLOT, 0x80080000, 40ull << 20, false);
	EXPECT(blocks_add(&memory.blocks, UNTYPED_SLOT, 0x80080000, 40ull << 20, 0));
	memory.total = memory.blocks.free_bytes;
	EXPECT(memory_add_client(&memory, 1, "small:1048576"));
	EXPECT(memory_add_client(&memory, 2, "large:8388608"));
	EXPECT(memory_add_client(&memory, 3, "pager:rest"));
	scrubbed = 0;
}

static void memory_clients(void)
{
	start_memory();
	EXPECT(!memory_add_client(&memory, 4, "nothing"));
	EXPECT(!memory_add_client(&memory, 4, "x:"));
	EXPECT(!memory_add_client(&memory, 4, "x:12k"));
	EXPECT(!memory_add_client(&memory, 0, "x:12"));
	EXPECT(!memory_add_client(&memory, MEMORY_CLIENTS, "x:12"));
}

static void memory_rest_leaves_promises(void)
{
	uint64_t pages;
	cap_t pool;
	struct fake_slot *object;

	start_memory();
	EXPECT(memory_pool(&memory, 3, 1, 1 << 20, &pool, &pages) == 0);
	object = &fake_slots[pool];
	EXPECT(object->pages == pages && object->extents <= 8);
	/* All but the promises and a tenth for kernel objects, within 1/256. */
	EXPECT(pages * 4096 <= (31ull << 20) * 9 / 10);
	EXPECT(pages * 4096 >= (31ull << 20) * 9 / 10 * 255 / 256);
	EXPECT(memory.blocks.free_bytes >= 9ull << 20);
	EXPECT(memory_untyped(&memory, 3, 21, 90, FAKE_CLIENT_CSPACE) == 0);
	for (uint64_t i = 0; i < 8; i++)
		EXPECT(memory_untyped(&memory, 2, 20, 100 + i, FAKE_CLIENT_CSPACE) == 0);
	EXPECT(memory_untyped(&memory, 2, 12, 120, FAKE_CLIENT_CSPACE) == -STATUS_NOMEM);
	EXPECT(memory_untyped(&memory, 1, 20, 121, FAKE_CLIENT_CSPACE) == 0);
	EXPECT(memory_pool(&memory, 3, 1024, 1024, &pool, &pages) == -STATUS_NOMEM);
}

static void memory_bad_requests(void)
{
	uint64_t pages = 77, free_bytes;
	cap_t pool = 78;

	start_memory();
	free_bytes = memory.blocks.free_bytes;
	EXPECT(memory_untyped(&memory, 1, 11, 100, FAKE_CLIENT_CSPACE) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, 31, 100, FAKE_CLIENT_CSPACE) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, ~0ull, 100, FAKE_CLIENT_CSPACE) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, 12, 100, 0) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, 12, 0, FAKE_CLIENT_CSPACE) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, 12, ~0ull, FAKE_CLIENT_CSPACE) == -STATUS_INVAL);
	/* What is no CSpace is refused by the kernel. */
	EXPECT(memory_untyped(&memory, 1, 12, 100, UNTYPED_SLOT) == -STATUS_INVAL);
	EXPECT(memory_untyped(&memory, 1, 21, 100, FAKE_CLIENT_CSPACE) == -STATUS_NOMEM);
	EXPECT(memory_pool(&memory, 1, 0, 5, &pool, &pages) == -STATUS_INVAL);
	EXPECT(memory_pool(&memory, 1, 6, 5, &pool, &pages) == -STATUS_INVAL);
	EXPECT(memory_pool(&memory, 1, 257, ~0ull, &pool, &pages) == -STATUS_NOMEM);
	EXPECT(memory_pool(&memory, 1, ~0ull, ~0ull, &pool, &pages) == -STATUS_NOMEM);
	EXPECT(memory_reclaim(&memory, 0) == -STATUS_INVAL);
	EXPECT(memory_reclaim(&memory, MEMORY_CLIENTS) == -STATUS_INVAL);
	EXPECT(memory.clients[1].used == 0 && memory.blocks.free_bytes == free_bytes);
}

static void memory_random(void)
{
	uint32_t next_slot = 1;

	start_memory();
	for (unsigned step = 0; step < 3000; step++) {
		unsigned badge = 1 + (unsigned)(check_random() % 3);
		uint64_t used = 0, pages;
		cap_t pool;

		if (check_random() % 8 == 0)
			fake_retypes_left = 1 + check_random() % 20;
		switch (check_random() % 8) {
		case 0:
			EXPECT(memory_reclaim(&memory, badge) == 0);
			EXPECT(memory.clients[badge].used == 0);
			break;
		case 1:
		case 2:
			memory_pool(&memory, badge, 1 + check_random() % 64, check_random() % 512,
				    &pool, &pages);
			break;
		default:
			memory_untyped(&memory, badge, 12 + check_random() % 10, next_slot,
				       FAKE_CLIENT_CSPACE);
			next_slot = next_slot % (FAKE_SLOTS - 1) + 1;
			break;
		}
		fake_retypes_left = 0;
		for (unsigned i = 1; i < MEMORY_CLIENTS; i++) {
			used += memory.clients[i].used;
			EXPECT(memory.clients[i].used <= memory.clients[i].quota);
		}
		EXPECT(used + memory.blocks.free_bytes == memory.total);
	}
	for (unsigned badge = 1; badge <= 3; badge++)
		EXPECT(memory_reclaim(&memory, badge) == 0);
	EXPECT(memory.blocks.free_bytes == memory.total && scrubbed > 0);
}

int main(void)
{
	RUN(blocks_random);
	RUN(blocks_without_slots);
	RUN(blocks_whole_range);
	RUN(objects_random);
	RUN(objects_out_of_memory);
	RUN(objects_retype_fails);
	RUN(memory_clients);
	RUN(memory_rest_leaves_promises);
	RUN(memory_bad_requests);
	RUN(memory_random);
	return check_summary();
}
