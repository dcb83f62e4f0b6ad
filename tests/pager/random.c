/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests, faults and accesses against the model, with the pager's
 * real code. After each, what the pager answered and what memory shows must be
 * what the model says; every so often everything is compared.
 */
#include "tests/pager/random.h"

#include <stdio.h>
#include <string.h>

#include "servers/pager/cache.h"
#include "servers/pager/dispatch.h"
#include "servers/pager/fault.h"
#include "servers/pager/mapping.h"
#include "tests/pager/random_private.h"

const struct random_config *config;
static uint64_t out1, out2;

int64_t pager_call(uint32_t label, unsigned n, const uint64_t *words)
{
	struct request q = {.label = label, .given = n};

	memcpy(q.in, words, n * sizeof(*words));
	dispatch(&q);
	CHECK(q.words >= 1 && q.words <= 3);
	out1 = q.words > 1 ? q.out[1] : 0;
	out2 = q.words > 2 ? q.out[2] : 0;
	pager_finish();
	return (int64_t)q.out[0];
}

uint64_t pager_result(unsigned i)
{
	return i == 1 ? out1 : out2;
}

/* As main.c answers: items ride along, or are run again. */
bool pager_finish(void)
{
	struct window_item items[WINDOW_ITEMS];
	unsigned count;

	if (random_below(4) == 0) {
		return mapping_flush();
	}
	count = mapping_take(items);
	if (count == 0) {
		return true;
	}
	if (kernel_window_run(items, count) == ERR_OK) {
		mapping_complete();
		return true;
	}
	mapping_finish(items);
	return mapping_flush();
}

/* Can a file be out of room: the disk's, or memory for tmpfs? */
bool may_be_full(void)
{
	return fake_blocks_left < 64 || config->tight;
}

/* Do errors of this kind happen in this run? */
bool excused(int64_t status)
{
	bool full = may_be_full();

	return (status == -STATUS_NOMEM && config->tight) ||
	       (status == -STATUS_IO && (fake_read_errors != 0 || full)) ||
	       (status == -STATUS_NOSPC && full);
}

uint64_t address_of(unsigned slot)
{
	return (uint64_t)model_page_number(slot) << PAGE_SHIFT;
}

struct model_space *pick_space(void)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct model_space *m = &model_spaces[random_below(MODEL_SPACES)];

		if (m->active) {
			return m;
		}
	}
	return NULL;
}

struct model_object *pick_object(void)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct model_object *m = &model_objects[random_below(MODEL_OBJECTS)];

		if (m->kind != 0 && m->opened) {
			return m;
		}
	}
	return NULL;
}

struct model_object *free_object(void)
{
	for (unsigned i = 0; i < MODEL_OBJECTS; i++) {
		if (model_objects[i].kind == 0) {
			memset(&model_objects[i], 0, sizeof(model_objects[i]));
			return &model_objects[i];
		}
	}
	return NULL;
}

/* A range inside one arena: first slot and number of pages. */
unsigned pick_range(unsigned most, unsigned *pages)
{
	unsigned arena = (unsigned)random_below(3) == 0;
	/* Crowd around the boundaries of tables. */
	unsigned center = arena == 0 ? 700 : (unsigned)random_below(ARENA_PAGES);
	unsigned start = random_below(3) == 0 ? (unsigned)random_below(ARENA_PAGES)
					      : (center + 64 - (unsigned)random_below(128));

	*pages = 1 + (unsigned)random_below(random_below(8) == 0 ? most * 8 : most);
	start = start >= ARENA_PAGES ? ARENA_PAGES - 1 : start;
	if (*pages > ARENA_PAGES - start) {
		*pages = ARENA_PAGES - start;
	}
	return start + arena * ARENA_PAGES;
}

/* A mapped slot of a space, MODEL_PAGES if none is found. */
unsigned pick_mapped(const struct model_space *m)
{
	for (unsigned tries = 0; tries < 60; tries++) {
		unsigned pages, slot = pick_range(1, &pages);

		if (m->pages[slot].mapped) {
			return slot;
		}
	}
	return MODEL_PAGES;
}

/* Private copies that the pager made on its own account (populate, lock, a write that failed half
 * way) show the bytes of now. */
void sync_copies(struct model_space *m, unsigned slot, unsigned pages)
{
	struct space *space = space_find(m->number);

	for (unsigned i = slot; i < slot + pages; i++) {
		struct model_page *p = &m->pages[i];

		if (p->mapped && !p->shared && p->copy == NULL && !model_beyond(p) &&
		    tree_get(&space->tree, model_page_number(i), NULL) != 0) {
			model_write(p);
		}
	}
}

void fill_random(uint8_t *bytes, uint64_t n)
{
	uint64_t pattern = random_next();

	for (uint64_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(pattern + i * 7 + (i >> 8));
	}
}

static void op_memory(void)
{
	switch (random_below(4)) {
	case 0:
		CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
		break;
	case 1:
		CHECK(CALL(PAGER_SYNC_ALL, 0) == 0);
		CHECK(cache_counts.dirty == 0);
		break;
	case 2:
		fake_milliseconds += random_below(20000);
		cache_tick();
		pager_finish();
		break;
	default:
		cache_reclaim(1 + (uint32_t)random_below(20));
		pager_finish();
		break;
	}
}

static void op_figures(void)
{
	struct model_space *m = pick_space();
	struct pager_region *records = (void *)(pager_xfer + 4096);
	struct pager_space_statistics *s = (void *)pager_xfer;
	uint64_t from = PAGER_SPACE_FIRST, mapped = 0, resident = 0;

	if (m == NULL) {
		return;
	}
	CHECK(CALL(PAGER_STATISTICS, 0) == 0);
	CHECK(CALL(PAGER_SPACE_STATISTICS, m->number, 0) == 0);
	struct pager_space_statistics before = *s;

	for (;;) {
		int64_t n = CALL(PAGER_REGIONS, m->number, from, 4096, 5);

		CHECK(n >= 0 && n <= 5);
		for (int64_t i = 0; i < n; i++) {
			CHECK(records[i].start < records[i].end && records[i].end > from);
			CHECK(records[i].resident ==
			      records[i].shared_clean + records[i].shared_dirty +
				      records[i].private_clean + records[i].private_dirty);
			mapped += (records[i].end - records[i].start) / PAGE_BYTES;
			resident += records[i].resident;
			from = records[i].end;
		}
		if (n < 5) {
			break;
		}
	}
	CHECK(mapped == before.virtual_pages);
	CHECK(resident == before.resident_pages);
}

static const struct {
	void (*run)(void);
	unsigned weight;
	const char *name;
} operations[] = {
	{op_load, 24, "load"},	    {op_store, 30, "store"},
	{op_copy, 10, "copy"},	    {op_exchange, 2, "exchange"},
	{op_map, 16, "map"},	    {op_unmap, 5, "unmap"},
	{op_protect, 6, "protect"}, {op_remap, 6, "remap"},
	{op_advise, 6, "advise"},   {op_lock, 1, "lock"},
	{op_fork, 3, "fork"},	    {op_exit, 2, "exit"},
	{op_create, 3, "create"},   {op_open_close, 5, "open or close"},
	{op_unlink, 2, "unlink"},   {op_write, 8, "write"},
	{op_read, 6, "read"},	    {op_truncate, 3, "truncate"},
	{op_sync, 2, "sync"},	    {op_sync_range, 1, "sync range"},
	{op_memory, 1, "memory"},   {op_figures, 1, "figures"},
};

static const char *operation_name = "start";
static uint64_t operation_number;

void random_where(char *text, size_t size)
{
	snprintf(text, size, "%s seed %lu operation %lu (%s)", config == NULL ? "" : config->name,
		 config == NULL ? 0 : (unsigned long)config->seed, (unsigned long)operation_number,
		 operation_name);
}

static void run_one(void)
{
	unsigned total = 0, at;
	unsigned i = 0;

	for (unsigned j = 0; j < sizeof(operations) / sizeof(operations[0]); j++) {
		total += operations[j].weight;
	}
	at = (unsigned)random_below(total);
	while (at >= operations[i].weight) {
		at -= operations[i++].weight;
	}
	operation_name = operations[i].name;
	operations[i].run();
}

/* Everything ends, and every frame comes back. */
static void finish_run(void)
{
	fake_read_errors = 0;
	operation_name = "end";
	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		if (model_spaces[i].active) {
			CHECK(CALL(PAGER_SPACE_DESTROY, model_spaces[i].number) == 0);
		}
	}
	model_reset_spaces();
	for (unsigned i = 0; i < MODEL_OBJECTS; i++) {
		struct model_object *o = &model_objects[i];

		if (o->kind != 0 && o->opened) {
			CHECK(CALL(PAGER_OBJECT_CLOSE, o->number) == 0);
		}
		if (o->kind != 0 && o->linked) {
			fake_file_unlink(fake_file(o->fs, o->ino));
			CHECK(CALL(PAGER_OBJECT_FORGET, o->fs, o->ino) == 0);
		}
	}
	CHECK(CALL(PAGER_DROP_CACHE, 0) == 0);
	CHECK(fake_files_open() == 0);
	CHECK(frames.by_kind[FRAME_PRIVATE] == 0);
	CHECK(frames.by_kind[FRAME_CACHE] == 0);
	CHECK(frames.by_kind[FRAME_NODE] == 0);
	CHECK(frames.by_kind[FRAME_SLAB] <= 2);
	CHECK(cache_counts.memory_pages == 0);
	model_reset();
}

void random_run(const struct random_config *c)
{
	config = c;
	random_seed(c->seed);
	fake_blocks_left = c->blocks;
	fake_read_errors = c->read_errors;
	fake_banks_left = c->banks;
	for (operation_number = 0; operation_number < c->operations; operation_number++) {
		run_one();
		if (operation_number % 97 == 0) {
			operation_name = "check";
			model_check();
		}
	}
	model_check();
	finish_run();
}
