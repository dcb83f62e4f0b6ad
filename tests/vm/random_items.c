/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random window operations, each checked against the model. See random.c.
 */
#include <string.h>

#include "tests/vm/model.h"

struct test_space *any_space(void)
{
	return &spaces[random_below(SPACES)];
}

void set_last(uint64_t first, uint64_t pages)
{
	last = (struct range){first, pages};
	hot_page = first;
	hot_pages = pages;
}

/* A range within window w: mostly small, sometimes of whole tables, rarely all of it. */
struct range any_range(unsigned w)
{
	struct range r;
	uint64_t pages = ranges[w].pages;

	switch (random_below(8)) {
	case 0:
		r.pages = 1;
		break;
	case 1:
	case 2:
		r.pages = 512 * (1 + random_below(2));
		break;
	case 3:
		r.pages = one_in(10) ? pages : 700;
		break;
	default:
		r.pages = 1 + random_below(80);
	}
	if (r.pages > pages) {
		r.pages = pages;
	}
	if (one_in(4) && last.first >= ranges[w].first &&
	    last.first - ranges[w].first <= pages - r.pages) {
		r.first = last.first;
		return r;
	}
	/* Crowded: most of it happens at the window's beginning. */
	uint64_t room = pages - r.pages + 1;

	r.first = random_below(room > 2048 && !one_in(3) ? 2048 : room);
	if (one_in(2)) {
		r.first &= ~511ull;
	}
	r.first += ranges[w].first;
	return r;
}

static uint8_t any_rights(void)
{
	static const uint8_t usual[] = {RIGHT_READ, RIGHT_READ | RIGHT_WRITE,
					RIGHT_READ | RIGHT_EXECUTE, RIGHT_EXECUTE};

	return one_in(40) ? (uint8_t)random_below(16) : usual[random_below(4)];
}

static bool rights_ok(unsigned rights)
{
	return rights == 1 || rights == 3 || rights == 4 || rights == 5;
}

static enum err issue(struct call *c, struct vm_flush *flush)
{
	struct vm_window *window = &c->s->windows[c->w];

	switch (c->item.op) {
	case WINDOW_MAP:
		return vm_map(c->binding, &c->item, flush);
	case WINDOW_PROTECT:
		return vm_protect(window, &c->item, flush);
	case WINDOW_UNMAP:
		return vm_unmap(window, &c->item, flush);
	case WINDOW_CLONE:
		return vm_clone(window, &c->target->windows[c->w], &c->item, flush);
	case WINDOW_QUERY:
		return vm_query(window, &c->item, words, flush);
	case WINDOW_FREEZE:
		return vm_freeze(window, &c->item, flush);
	case WINDOW_THAW:
		return vm_thaw_range(window, &c->item, flush);
	default:
		return vm_harvest(window, &c->item, words, flush);
	}
}

/* Has the hart done a fence.i since the last time? */
void fence_i_note(unsigned hart)
{
	for (unsigned i = 0; i < SPACES && hart_fence_i[hart]; i++) {
		spaces[i].fence_i_owed[hart] = false;
	}
	hart_fence_i[hart] = false;
}

static void fence_i_begin(struct call *c)
{
	for (unsigned i = 0; i < HARTS; i++) {
		fence_i_note(i);
		if (c->is_valid && (c->item.flags & WINDOW_FENCE_I)) {
			c->s->fence_i_owed[i] = true;
		}
	}
}

void fence_i_end(void)
{
	for (unsigned h = 0; h < HARTS; h++) {
		fence_i_note(h);
		for (unsigned i = 0; i < SPACES; i++) {
			if (spaces[i].vm.running.bits & 1u << h) {
				CHECK(!spaces[i].fence_i_owed[h]);
			}
		}
	}
}

static bool range_ok(const struct call *c)
{
	uint64_t end = ranges[c->w].first + ranges[c->w].pages;

	if (c->item.op == WINDOW_FREEZE) {
		return c->item.count != 0 && c->item.va_page % SV39_ENTRIES == 0 &&
		       c->item.va_page >= ranges[c->w].first && c->item.va_page < end &&
		       c->item.count <= (end - c->item.va_page) / SV39_ENTRIES;
	}
	return c->item.count != 0 && c->item.va_page >= ranges[c->w].first &&
	       c->item.va_page < end && c->item.count <= end - c->item.va_page;
}

void batch_end(void)
{
	vm_flush_commit(&batch);
	check_harts();
	fence_i_end();
}

static uint64_t item_pages(const struct call *c)
{
	return c->item.op == WINDOW_FREEZE ? (uint64_t)c->item.count * SV39_ENTRIES : c->item.count;
}

/* Issue the item, again and again while it is preempted, and check. */
static void run_call(struct call *c)
{
	enum err err;

	c->is_valid = c->is_valid && range_ok(c);
	set_last(c->is_valid ? c->item.va_page : 0, c->is_valid ? item_pages(c) : 1);
	fence_i_begin(c);
	do {
		uint32_t before = c->item.done;

		err = issue(c, &batch);
		if (!c->is_valid) {
			CHECK(err != ERR_OK && err != VM_PREEMPTED && c->item.done == before);
			return;
		}
		CHECK(err != VM_PREEMPTED || c->item.done < c->item.count);
		model_do(c, before, c->item.done);
		if (err == VM_PREEMPTED || !one_in(3)) {
			batch_end();
		}
	} while (err == VM_PREEMPTED);
	CHECK((err == ERR_OK) == (c->item.done == c->item.count));
	if (err != ERR_OK) {
		model_error(c, err, c->item.done);
	} else if (c->item.op == WINDOW_QUERY) {
		check_query(c);
	} else if (c->item.op == WINDOW_HARVEST) {
		check_harvest(c);
	}
	check_last(c->s);
	if (c->target != NULL) {
		check_last(c->target);
	}
}

/* All of a map without the lock, or nothing and false: then vm_map has to do it. */
static bool map_quick(struct call *c)
{
	batch_end(); /* such an item is the first of its batch, or follows others of its kind */
	set_last(range_ok(c) ? c->item.va_page : 0, range_ok(c) ? c->item.count : 1);
	bool is_done = vm_map_quick(c->binding, &c->item);

	if (is_done) {
		CHECK(c->is_valid && range_ok(c) && c->item.count <= VM_QUICK_PAGES);
		CHECK((c->item.flags & ~WINDOW_EXPECT_EMPTY) == 0);
		c->item.flags = WINDOW_EXPECT_EMPTY;
		model_do(c, 0, c->item.count);
	}
	check_last(c->s);
	check_harts();
	return is_done;
}

static bool begin_call(struct call *c, uint8_t op)
{
	*c = (struct call){.s = any_space(), .w = (unsigned)random_below(RANGES)};
	struct range r = any_range(c->w);

	if (!c->s->exists) {
		return false;
	}
	if (c->s->windows[c->w].space == NULL && !one_in(20)) {
		return false;
	}
	c->item = (struct window_item){
		.op = op,
		.va_page = r.first,
		.count = (uint32_t)r.pages,
		.rights = any_rights(),
	};
	c->is_valid = c->s->windows[c->w].space != NULL && !c->s->windows[c->w].closing;
	if (one_in(100)) {
		c->item.va_page = one_in(2) ? ranges[c->w].first + ranges[c->w].pages - r.pages + 1
					    : ranges[c->w].first - 1;
	} else if (one_in(200)) {
		c->item.count = one_in(2) ? 0 : WINDOW_ITEM_PAGES + 1;
	}
	return true;
}

void do_map(void)
{
	struct call c;

	if (!begin_call(&c, WINDOW_MAP)) {
		return;
	}
	for (unsigned i = 0; i < 4 && (c.binding == NULL || c.binding->pool == NULL); i++) {
		c.binding = &c.s->bindings[c.w][random_below(BINDINGS)];
	}
	struct vm_pool *pool = c.binding->pool;

	if (pool == NULL) {
		c.is_valid = false;
		run_call(&c);
		return;
	}
	/* Often frames with the alignment that large leaves need. */
	const struct vm_extent *extent = &pool->extents[random_below(pool->extent_count)];
	uint64_t unaligned = (extent->base.raw >> PAGE_SHIFT) - c.item.va_page;

	c.item.pool_page = extent->pool_page + random_below(extent->pages);
	if (one_in(2)) {
		c.item.pool_page = extent->pool_page + (-unaligned & 511);
	}
	if (c.item.count == GIB_PAGES) {
		c.item.pool_page = extent->pool_page;
	}
	c.item.flags = (uint16_t)((one_in(3) ? WINDOW_EXPECT_EMPTY : 0) |
				  (one_in(20) ? WINDOW_FENCE_I : 0));
	if (one_in(6) && c.item.count <= 128) {
		c.item.flags |= WINDOW_ZERO;
	}
	if (one_in(8)) {
		/* The right page, if there is one. */
		uint64_t flat = c.item.va_page < FLAT_PAGES ? c.s->flat[c.item.va_page] : 0;

		c.item.flags = (uint16_t)(c.item.flags & ~WINDOW_EXPECT_EMPTY) | WINDOW_EXPECT_PAGE;
		c.item.expected = c.item.pool_page;
		if (flat != 0 && !one_in(8)) {
			(void)frame_pool(FLAT_PPN(flat), &c.item.expected);
		}
	}
	if (one_in(300)) {
		c.item.flags |= one_in(2) ? WINDOW_CLEAR : EXPECT_BOTH;
	}
	c.is_valid = c.is_valid && rights_ok(c.item.rights) && !c.binding->closing &&
		     (c.item.rights & ~c.binding->rights) == 0 &&
		     c.item.pool_page + c.item.count <= pool->pages &&
		     !(c.item.flags & WINDOW_CLEAR) &&
		     (c.item.flags & EXPECT_BOTH) != EXPECT_BOTH &&
		     !((c.item.flags & WINDOW_ZERO) &&
		       (pool->is_device || !(c.binding->rights & RIGHT_WRITE)));
	if (c.item.count > VM_QUICK_PAGES + 1 || one_in(2) || !map_quick(&c)) {
		run_call(&c);
	}
}

/* A 1 GiB leaf, for the others to split. */
void do_giant(void)
{
	struct test_space *s = any_space();
	struct vm_binding *binding = s->bindings[RANGES - 1];
	struct call c = {.s = s, .w = RANGES - 1, .is_valid = true};

	while (binding < s->bindings[RANGES - 1] + BINDINGS &&
	       (binding->pool != &pools[2] || binding->rights != 7 || binding->closing)) {
		binding++;
	}
	if (!s->exists || binding == s->bindings[RANGES - 1] + BINDINGS) {
		return;
	}
	c.item = (struct window_item){
		.op = WINDOW_UNMAP,
		.va_page = ranges[c.w].first,
		.count = GIB_PAGES,
	};
	run_call(&c);
	c.binding = binding;
	c.item.op = WINDOW_MAP;
	c.item.rights = RIGHT_READ | RIGHT_WRITE;
	c.item.done = 0;
	run_call(&c);
	CHECK(pte_is_leaf(pte_load(vm_slot_find(&s->vm, c.item.va_page, 2).pte)));
}

void do_protect(void)
{
	struct call c;

	if (!begin_call(&c, WINDOW_PROTECT)) {
		return;
	}
	c.item.flags = one_in(20) ? WINDOW_FENCE_I : 0;
	c.is_valid = c.is_valid && rights_ok(c.item.rights);
	run_call(&c);
}

void do_unmap(void)
{
	struct call c;

	if (begin_call(&c, WINDOW_UNMAP)) {
		run_call(&c);
	}
}

void do_clone(void)
{
	struct call c;

	if (!begin_call(&c, WINDOW_CLONE)) {
		return;
	}
	c.target = any_space();
	if (!c.target->exists || c.target == c.s) {
		return;
	}
	c.is_valid = c.is_valid && c.target->windows[c.w].space != NULL &&
		     !c.target->windows[c.w].closing;
	if (c.is_valid && one_in(2)) {
		/* Make room, as a pager would. */
		struct call unmap = {.s = c.target, .w = c.w, .item = c.item, .is_valid = true};

		unmap.item.op = WINDOW_UNMAP;
		run_call(&unmap);
	}
	run_call(&c);
}

void do_report(void)
{
	struct call c;

	if (!begin_call(&c, one_in(3) ? WINDOW_QUERY : WINDOW_HARVEST)) {
		return;
	}
	if (c.item.op == WINDOW_QUERY) {
		if (c.item.count > 400) {
			c.item.count = 400;
		}
		c.item.pool_page = VM_RESULT_WORD + random_below(30);
		c.is_valid = c.is_valid && c.item.count != 0 &&
			     c.item.pool_page + c.item.count <= MESSAGE_WORDS;
	} else {
		c.item.pool_page = VM_RESULT_WORD + random_below(400);
		c.item.flags = one_in(2) ? WINDOW_CLEAR : 0;
		c.is_valid =
			c.is_valid && c.item.pool_page + (c.item.count + 31) / 32 <= MESSAGE_WORDS;
	}
	memset(words, 0xa5, sizeof(words));
	run_call(&c);
}

void do_freeze(void)
{
	struct call c;

	if (!begin_call(&c, one_in(4) ? WINDOW_THAW : WINDOW_FREEZE)) {
		return;
	}
	if (c.item.op == WINDOW_FREEZE) {
		if (!one_in(20)) {
			c.item.va_page &= ~511ull;
		}
		c.item.count = (c.item.count + 511) / 512;
		if (one_in(2)) { /* all of the window, mostly all of its GiBs */
			c.item.va_page = ranges[c.w].first;
			c.item.count = (uint32_t)(ranges[c.w].pages / 512);
		}
	}
	run_call(&c);
	if (c.is_valid && c.item.op == WINDOW_THAW && c.item.done == c.item.count) {
		for (uint64_t i = 0; i < c.item.count; i++) {
			CHECK(!vm_thaw_needed(vm_slot_find(&c.s->vm, c.item.va_page + i, 0)));
		}
	}
}
