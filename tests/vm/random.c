/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on a few spaces, against a flat model: for each space an
 * array that says for each page which frame it maps, with which rights, and
 * what a pager must hear of accesses and writes.
 *
 * After each call into vm/ that committed its flush: what the call reports and
 * what the tables say is what the model says (or, for what the model cannot
 * know, like free tables, what it allows), and no hart may use a stale entry.
 * Now and then, and at the end: V1, V2, V4, live counts, table counts.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/message.h"
#include "tests/vm/harness.h"

#define SPACES 5u
#define RANGES 5u
#define BANKS 3u
#define POOLS 4u
#define BINDINGS 4u
#define BUFFERS 5u
#define GIB_PAGES (1ull << 18)
#define EXPECT_BOTH (WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE)
#define FLAT_PAGES (3 * GIB_PAGES)

#define FLAT_V 1ull
#define FLAT_RIGHTS(flat) ((unsigned)(flat) >> 1 & 7)
#define FLAT_A (1ull << 4)
#define FLAT_D (1ull << 5)
#define FLAT_PPN(flat) ((flat) >> 12)

struct range {
	uint64_t first, pages;
};

static const struct range ranges[RANGES] = {
	{0, 1024},
	{1024, 512},
	{GIB_PAGES - 1024, 2048}, /* over a GiB boundary */
	{GIB_PAGES + 1024, 512},
	{2 * GIB_PAGES, GIB_PAGES},
};

static const uint32_t buffer_numbers[BUFFERS] = {0, 1, 511, 512, 65535};

struct test_space {
	struct vm_space vm;
	bool exists;
	struct vm_bank banks[BANKS];
	struct vm_window windows[RANGES];
	struct vm_binding bindings[RANGES][BINDINGS];
	uint64_t buffers[BUFFERS]; /* frame, 0 = not mapped */
	uint64_t *flat;
	uint64_t valid; /* pages in flat */
	bool fence_i_owed[HARTS];
};

static struct test_space spaces[SPACES];
static struct vm_pool pools[POOLS];
static struct range last = {0, 1}; /* pages of the last item */
static uint64_t words[MESSAGE_WORDS];
/* What items of one batch owe: committed before anything else happens. */
static struct vm_flush batch;

static void flat_set(struct test_space *s, uint64_t page, uint64_t value)
{
	s->valid += (value & FLAT_V) - (s->flat[page] & FLAT_V);
	s->flat[page] = value;
}

static uint64_t pool_frame(const struct vm_pool *pool, uint64_t pool_page)
{
	for (unsigned i = 0; i < pool->extent_count; i++) {
		const struct vm_extent *extent = &pool->extents[i];

		if (pool_page >= extent->pool_page &&
		    pool_page < extent->pool_page + extent->pages) {
			return (extent->base.raw >> PAGE_SHIFT) + pool_page - extent->pool_page;
		}
	}
	return ~0ull;
}

static const struct vm_pool *frame_pool(uint64_t ppn, uint64_t *pool_page)
{
	for (unsigned i = 0; i < POOLS; i++) {
		for (unsigned e = 0; e < pools[i].extent_count; e++) {
			const struct vm_extent *extent = &pools[i].extents[e];
			uint64_t base = extent->base.raw >> PAGE_SHIFT;

			if (ppn >= base && ppn < base + extent->pages) {
				*pool_page = extent->pool_page + ppn - base;
				return &pools[i];
			}
		}
	}
	return NULL;
}

/* 2: a binding allows it; 1: one has the pool, without the rights; 0: none. */
static unsigned allowed(const struct test_space *s, unsigned w, uint64_t ppn, unsigned rights)
{
	uint64_t pool_page;
	const struct vm_pool *pool = frame_pool(ppn, &pool_page);
	unsigned best = 0;

	for (unsigned i = 0; i < BINDINGS; i++) {
		const struct vm_binding *b = &s->bindings[w][i];

		if (b->window == NULL || b->pool != pool) {
			continue;
		}
		if (!b->closing && (rights & ~(unsigned)b->rights) == 0) {
			return 2;
		}
		best = 1;
	}
	return best;
}

/* ---- checks --------------------------------------------------------------- */

static void check_page(struct test_space *s, uint64_t page)
{
	uint64_t pte = walk_memory(s->vm.root, page);
	uint64_t flat = s->flat[page];

	if ((pte != 0) != (flat & FLAT_V) ||
	    (pte != 0 &&
	     (pte_ppn(pte) != FLAT_PPN(flat) || (pte & PTE_RWX) >> 1 != FLAT_RIGHTS(flat) ||
	      !(pte & PTE_U) || (pte & PTE_G) || ((flat & FLAT_A) && !(pte & PTE_A)) ||
	      ((flat & FLAT_D) && !(pte & PTE_D))))) {
		fail("page %lx: tables say %lx, model says %lx", page, pte, flat);
	}
}

static void check_leaf(struct test_space *s, uint64_t page, unsigned level, uint64_t pte)
{
	uint64_t span = sv39_span(level);
	unsigned w = 0;

	while (w < RANGES &&
	       (s->windows[w].space == NULL || page - ranges[w].first >= ranges[w].pages)) {
		w++;
	}
	CHECK(w < RANGES); /* V1: in a window, all of it */
	CHECK(page - ranges[w].first + span <= ranges[w].pages);
	CHECK(allowed(s, w, pte_ppn(pte), (unsigned)(pte & PTE_RWX) >> 1) == 2 ||
	      s->windows[w].closing);
	CHECK(allowed(s, w, pte_ppn(pte) + span - 1, 0) != 0);
	for (unsigned i = 0; i < 8; i++) {
		check_page(s, i == 0 ? page : i == 1 ? page + span - 1 : page + random_below(span));
	}
}

static void check_table_info(struct test_space *s, struct paddr table, unsigned level,
			     struct paddr parent, unsigned live, uint64_t page)
{
	struct vm_table_info *info = vm_table_info(table);
	struct vm_bank *bank = vm_chunk_of(table)->bank;

	CHECK(table.raw >= BANKS_BASE && table.raw < BANKS_END); /* V2 */
	CHECK(bank->space == &s->vm && table.raw - bank->base.raw < bank->bytes);
	CHECK(table.raw % VM_BANK_CHUNK != 0);
	CHECK(info->state == VM_TABLE_USED && info->level == level);
	CHECK(info->parent == parent.raw);
	CHECK(info->live == live && live != 0); /* T1 */
	if (level == 0) {
		CHECK(info->window == vm_window_find(&s->vm, page)); /* V4 */
	}
}

/* Everything. */
static void check_space(struct test_space *s)
{
	uint64_t *root = vm_pointer(s->vm.root);
	uint64_t leaves = 0, buffers = 0;
	uint32_t tables = 0, total = 0, lost = 0;

	for (uint64_t i2 = 0; i2 < 256; i2++) {
		unsigned live1 = 0;

		if (!pte_is_table(root[i2])) {
			if (root[i2] != 0) {
				check_leaf(s, i2 << 18, 2, root[i2]);
				leaves += sv39_span(2);
			}
			continue;
		}
		uint64_t *mid = vm_pointer(pte_paddr(root[i2]));

		for (uint64_t i1 = 0; i1 < 512; i1++) {
			uint64_t page = i2 << 18 | i1 << 9;
			unsigned live0 = 0;

			live1 += mid[i1] != 0;
			if (!pte_is_table(mid[i1])) {
				if (mid[i1] != 0) {
					check_leaf(s, page, 1, mid[i1]);
					leaves += sv39_span(1);
				}
				continue;
			}
			uint64_t *leaf = vm_pointer(pte_paddr(mid[i1]));

			for (uint64_t i0 = 0; i0 < 512; i0++) {
				live0 += leaf[i0] != 0;
				if (leaf[i0] != 0 && i2 != 255) {
					check_leaf(s, page | i0, 0, leaf[i0]);
				}
			}
			check_table_info(s, pte_paddr(mid[i1]), 0, vm_paddr(&mid[i1]), live0, page);
			tables++;
			*(i2 == 255 ? &buffers : &leaves) += live0;
		}
		check_table_info(s, pte_paddr(root[i2]), 1, vm_paddr(&root[i2]), live1, 0);
		tables++;
	}
	CHECK(leaves == s->valid);
	for (unsigned i = 0; i < BUFFERS; i++) {
		uint64_t pte = walk_memory(s->vm.root, MESSAGE_BUFFER_VA(buffer_numbers[i]) >> 12);

		CHECK(pte_ppn(pte) == s->buffers[i]);
		CHECK(pte == 0 || (pte & 0x3ff) == (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D));
		buffers -= pte != 0;
	}
	CHECK(buffers == 0);
	for (unsigned i = 0; i < BANKS; i++) {
		if (s->banks[i].space != NULL) {
			total += (uint32_t)(s->banks[i].bytes / 0x10000 * 15);
			lost += s->banks[i].closing ? (uint32_t)(s->banks[i].bytes / 0x10000 * 15) -
							      s->banks[i].used
						    : 0;
		}
	}
	CHECK(s->vm.tables_used == tables);
	CHECK(s->vm.tables_used + s->vm.tables_free + lost == total);
	CHECK(s->vm.limbo == 0);
}

static void check_harts(void)
{
	for (unsigned i = 0; i < HARTS; i++) {
		hart_check_tlb(i);
	}
}

/* The pages of the last item, or some of them, their neighbours, and some others. */
static void check_last(struct test_space *s)
{
	uint64_t first = last.first < 2 ? 0 : last.first - 2;
	uint64_t pages = last.pages + 4;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t page = pages <= 200 ? first + i : first + random_below(pages);

		if (page < FLAT_PAGES && i < pages) {
			check_page(s, page);
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		check_page(s, random_below(FLAT_PAGES));
	}
}

/* ---- choosing ------------------------------------------------------------- */

static struct test_space *any_space(void)
{
	return &spaces[random_below(SPACES)];
}

static void set_last(uint64_t first, uint64_t pages)
{
	last = (struct range){first, pages};
	hot_page = first;
	hot_pages = pages;
}

/* A range within window w: mostly small, sometimes of whole tables, rarely all of it. */
static struct range any_range(unsigned w)
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

/* ---- items ---------------------------------------------------------------- */

struct call {
	struct test_space *s, *target;
	unsigned w;
	struct vm_binding *binding;
	struct window_item item;
	bool is_valid; /* arguments are */
};

/* The model does pages [from, to) of the item; fails if vm/ must not have done them. */
static void model_do(struct call *c, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		uint64_t page = c->item.va_page + i;
		uint64_t old = c->s->flat[page];
		uint64_t bits = FLAT_V | (uint64_t)c->item.rights << 1;

		if (c->item.op == WINDOW_MAP) {
			uint64_t ppn = pool_frame(c->binding->pool, c->item.pool_page + i);
			uint64_t ad = FLAT_A | (c->item.rights & RIGHT_WRITE ? FLAT_D : 0);

			CHECK(!(c->item.flags & WINDOW_EXPECT_EMPTY) || old == 0);
			CHECK(!(c->item.flags & WINDOW_EXPECT_PAGE) ||
			      ((old & FLAT_V) &&
			       FLAT_PPN(old) ==
				       pool_frame(c->binding->pool, c->item.expected + i)));
			if ((old & FLAT_V) && FLAT_PPN(old) == ppn) {
				ad |= old & (FLAT_A | FLAT_D);
				if (!(c->item.flags & WINDOW_ZERO)) {
					ad &= old; /* a larger leaf may have said it already */
				}
			}
			flat_set(c->s, page, ppn << 12 | bits | ad);
			if ((c->item.flags & WINDOW_ZERO) && one_in(8)) {
				uint64_t *data = vm_pointer((struct paddr){ppn << 12});

				CHECK(data[0] == 0 && data[511] == 0 &&
				      data[random_below(512)] == 0);
			}
		} else if (c->item.op == WINDOW_UNMAP) {
			flat_set(c->s, page, 0);
		} else if (old != 0 && c->item.op == WINDOW_PROTECT) {
			CHECK((c->item.rights & ~FLAT_RIGHTS(old)) == 0 ||
			      allowed(c->s, c->w, FLAT_PPN(old), c->item.rights) == 2);
			flat_set(c->s, page, (old & ~0xeull) | bits);
		} else if (old != 0 && c->item.op == WINDOW_CLONE) {
			uint64_t kept = old & ~(uint64_t)(RIGHT_WRITE << 1);

			CHECK(c->target->flat[page] == 0);
			CHECK(allowed(c->target, c->w, FLAT_PPN(old), FLAT_RIGHTS(kept)) == 2);
			flat_set(c->s, page, kept);
			flat_set(c->target, page, kept & ~(FLAT_A | FLAT_D));
		}
	}
}

/* Is `err` right for page `at`, the first one not done? */
static void model_error(struct call *c, enum err err, uint64_t at)
{
	uint64_t old = c->s->flat[c->item.va_page + at];
	struct test_space *taker = c->item.op == WINDOW_CLONE ? c->target : c->s;
	unsigned rights = FLAT_RIGHTS(old) & (RIGHT_READ | RIGHT_EXECUTE);

	switch (err) {
	case ERR_NO_TABLE:
		CHECK(taker->vm.tables_free < 2 || c->s->vm.tables_free < 2);
		return;
	case ERR_MISMATCH:
		if (c->item.op == WINDOW_CLONE) {
			CHECK(old != 0 && c->target->flat[c->item.va_page + at] != 0);
		} else {
			CHECK(c->item.op == WINDOW_MAP);
			CHECK((c->item.flags & WINDOW_EXPECT_EMPTY)
				      ? old != 0
				      : (old == 0 ||
					 FLAT_PPN(old) != pool_frame(c->binding->pool,
								     c->item.expected + at)));
		}
		return;
	case ERR_RIGHTS:
	case ERR_NOT_BOUND:
		if (c->item.op == WINDOW_CLONE) {
			CHECK(allowed(c->target, c->w, FLAT_PPN(old), rights) ==
			      (err == ERR_RIGHTS ? 1 : 0));
		} else {
			CHECK(err == ERR_RIGHTS && c->item.op == WINDOW_PROTECT);
			CHECK(allowed(c->s, c->w, FLAT_PPN(old), c->item.rights) != 2);
		}
		return;
	default:
		fail("error %d of operation %d", (int)err, c->item.op);
	}
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
	default:
		return vm_harvest(window, &c->item, words, flush);
	}
}

/* Has the hart done a fence.i since the last time? */
static void fence_i_note(unsigned hart)
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

static void fence_i_end(void)
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

static void check_query(struct call *c)
{
	for (uint64_t i = 0; i < c->item.count; i++) {
		uint64_t flat = c->s->flat[c->item.va_page + i];
		uint64_t word = words[c->item.pool_page + i];
		uint64_t pool_page = 0;

		CHECK((word & QUERY_VALID) == (flat & FLAT_V));
		if (word != 0) {
			CHECK(frame_pool(FLAT_PPN(flat), &pool_page) != NULL);
			CHECK(word >> 12 == pool_page);
			CHECK((word >> 1 & 7) == FLAT_RIGHTS(flat));
			CHECK(!(flat & FLAT_D) || (word & QUERY_DIRTY));
		}
	}
}

static void check_harvest(struct call *c)
{
	for (uint64_t i = 0; i < c->item.count; i++) {
		uint64_t page = c->item.va_page + i;
		uint64_t flat = c->s->flat[page];
		uint64_t bits = words[c->item.pool_page + i / 32] >> i % 32 * 2 & 3;
		uint64_t pte = walk_memory(c->s->vm.root, page);

		CHECK(flat != 0 || bits == 0);
		CHECK(!(flat & FLAT_A) || (bits & 1));
		CHECK(!(flat & FLAT_D) || (bits & 2));
		if ((c->item.flags & WINDOW_CLEAR) && flat != 0) {
			flat_set(c->s, page,
				 flat & ~((pte & PTE_A ? 0 : FLAT_A) | (pte & PTE_D ? 0 : FLAT_D)));
		}
	}
}

static bool range_ok(const struct call *c)
{
	uint64_t end = ranges[c->w].first + ranges[c->w].pages;

	return c->item.count != 0 && c->item.va_page >= ranges[c->w].first &&
	       c->item.va_page < end && c->item.count <= end - c->item.va_page;
}

static void batch_end(void)
{
	vm_flush_commit(&batch);
	check_harts();
	fence_i_end();
}

/* Issue the item, again and again while it is preempted, and check. */
static void run_call(struct call *c)
{
	enum err err;

	c->is_valid = c->is_valid && range_ok(c);
	set_last(c->is_valid ? c->item.va_page : 0, c->is_valid ? c->item.count : 1);
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

static void do_map(void)
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
	run_call(&c);
}

/* A 1 GiB leaf, for the others to split. */
static void do_giant(void)
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

static void do_protect(void)
{
	struct call c;

	if (!begin_call(&c, WINDOW_PROTECT)) {
		return;
	}
	c.item.flags = one_in(20) ? WINDOW_FENCE_I : 0;
	c.is_valid = c.is_valid && rights_ok(c.item.rights);
	run_call(&c);
}

static void do_unmap(void)
{
	struct call c;

	if (begin_call(&c, WINDOW_UNMAP)) {
		run_call(&c);
	}
}

static void do_clone(void)
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

static void do_report(void)
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

/* ---- harts ---------------------------------------------------------------- */

static void activate(unsigned hart, struct test_space *s)
{
	unsigned before = this_hart;

	this_hart = hart;
	fence_i_note(hart);
	vm_activate(s == NULL ? NULL : &s->vm);
	fence_i_end();
	hart_check_tlb(hart);
	this_hart = before;
}

static void do_activate(void)
{
	struct test_space *s = any_space();

	activate((unsigned)random_below(HARTS), s->exists && !one_in(8) ? s : NULL);
}

static struct test_space *space_on(unsigned hart)
{
	for (unsigned i = 0; i < SPACES; i++) {
		if (spaces[i].exists && (spaces[i].vm.running.bits & 1u << hart)) {
			return &spaces[i];
		}
	}
	return NULL;
}

/* A user access: it works, or faults until it works, exactly as the model says. */
static void one_access(void)
{
	unsigned hart = (unsigned)random_below(HARTS);
	struct test_space *s = space_on(hart);
	struct range r = one_in(3) ? any_range((unsigned)random_below(RANGES)) : last;
	uint64_t page, ppn = 0;
	enum fault_access access = (enum fault_access)(1u << random_below(3));

	if (s == NULL || r.first + r.pages > FLAT_PAGES) {
		return;
	}
	for (unsigned i = 0; i < 4; i++) { /* mostly what is mapped */
		page = r.first + random_below(r.pages);
		if (s->flat[page] != 0) {
			break;
		}
	}
	uint64_t flat = s->flat[page];
	bool may = (flat & FLAT_V) && (FLAT_RIGHTS(flat) & (unsigned)access);

	this_hart = hart;
	for (unsigned attempt = 0; !hart_access(hart, page, access, &ppn); attempt++) {
		struct vm_window *window = NULL;
		enum vm_fault answer =
			vm_fault(&s->vm, page << PAGE_SHIFT | random_below(4096), access, &window);

		if (!may) {
			CHECK(answer != VM_FAULT_RETRY);
			CHECK(window == vm_window_find(&s->vm, page));
			CHECK((answer == VM_FAULT_WINDOW) == (window != NULL));
			return;
		}
		CHECK(answer == VM_FAULT_RETRY);
		CHECK(attempt < 3);
	}
	CHECK(may && ppn == FLAT_PPN(flat));
	flat_set(s, page, flat | FLAT_A | (access == FAULT_WRITE ? FLAT_D : 0));
	check_page(s, page);
}

static void do_access(void)
{
	for (unsigned i = 0; i < 4; i++) {
		one_access();
	}
}

/* ---- objects -------------------------------------------------------------- */

static void forget(struct test_space *s, struct range r)
{
	for (uint64_t i = 0; i < r.pages; i++) {
		flat_set(s, r.first + i, 0);
	}
}

static void detach(struct test_space *s, unsigned w)
{
	set_last(ranges[w].first, ranges[w].pages < 4096 ? ranges[w].pages : 4096);
	while (!vm_window_detach(&s->windows[w])) {
		check_harts();
	}
	forget(s, ranges[w]);
	check_harts();
}

static void do_window(void)
{
	struct test_space *s = any_space();
	unsigned w = (unsigned)random_below(RANGES);

	if (!s->exists) {
		return;
	}
	if (s->windows[w].space != NULL) {
		if (one_in(15)) {
			detach(s, w);
		}
		return;
	}
	CHECK(vm_window_attach(&s->vm, &s->windows[w], ranges[w].first, ranges[w].pages,
			       one_in(4) ? 5 : 7) == ERR_OK);
}

static void unbind(struct test_space *s, unsigned w, struct vm_binding *binding)
{
	struct vm_pool *pool = binding->pool;

	set_last(ranges[w].first, ranges[w].pages < 4096 ? ranges[w].pages : 4096);
	while (!vm_binding_unbind(binding)) {
		check_harts();
	}
	for (uint64_t i = 0; i < ranges[w].pages; i++) {
		uint64_t page = ranges[w].first + i, flat = s->flat[page], pool_page;

		if (flat != 0 && frame_pool(FLAT_PPN(flat), &pool_page) == pool &&
		    allowed(s, w, FLAT_PPN(flat), FLAT_RIGHTS(flat)) != 2) {
			flat_set(s, page, 0);
		}
	}
	check_harts();
	check_last(s);
}

static void do_binding(void)
{
	struct test_space *s = any_space();
	unsigned w = (unsigned)random_below(RANGES);
	struct vm_binding *binding = &s->bindings[w][random_below(BINDINGS)];
	struct vm_pool *pool = &pools[random_below(POOLS)];
	uint8_t rights = one_in(8) ? (uint8_t)random_below(9) : s->windows[w].rights;

	if (!s->exists) {
		return;
	}
	if (binding->window != NULL) {
		if (one_in(10)) {
			unbind(s, w, binding);
		}
		return;
	}
	enum err err = vm_binding_bind(binding, &s->windows[w], pool, rights);

	CHECK(err == (rights == 0 || rights > 7	       ? ERR_ARGUMENT
		      : s->windows[w].space == NULL    ? ERR_NOT_BOUND
		      : rights & ~s->windows[w].rights ? ERR_RIGHTS
						       : ERR_OK));
}

static void do_buffer(void)
{
	struct test_space *s = any_space();
	unsigned i = (unsigned)random_below(BUFFERS);
	uint64_t ppn = 0x70000 + random_below(256);
	uint32_t free_before = s->vm.tables_free;

	if (!s->exists) {
		return;
	}
	set_last(0, 1);
	for (unsigned h = 0; h < HARTS && s->buffers[i] != 0; h++) {
		uint64_t seen = 0;

		if (space_on(h) == s && hart_access(h, MESSAGE_BUFFER_VA(buffer_numbers[i]) >> 12,
						    FAULT_WRITE, &seen)) {
			CHECK(seen == s->buffers[i]);
		}
	}
	if (s->buffers[i] != 0 && one_in(2)) {
		vm_message_buffer_unmap(&s->vm, buffer_numbers[i]);
		s->buffers[i] = 0;
		check_harts();
		return;
	}
	enum err err = vm_message_buffer_map(&s->vm, buffer_numbers[i], (struct paddr){ppn << 12});

	if (s->buffers[i] != 0) {
		CHECK(err == ERR_BUSY);
	} else if (err == ERR_OK) {
		s->buffers[i] = ppn;
	} else {
		CHECK(err == ERR_NO_TABLE && free_before < 2);
	}
}

/* Spaces that come and go use up ASIDs. */
static void do_churn(void)
{
	unsigned hart = this_hart;
	struct test_space *before = space_on(hart);

	for (unsigned i = 0; i < 3; i++) {
		struct vm_space brief = {0};

		vm_space_init(&brief, (struct paddr){ROOTS_BASE + 0x100000});
		vm_activate(&brief);
		vm_space_destroy(&brief);
	}
	activate(hart, before);
}

/* Pages of tables that went away are gone from the model too. */
static void resync(struct test_space *s)
{
	for (uint64_t page = 0; page < FLAT_PAGES; page++) {
		if (s->flat[page] != 0 && walk_memory(s->vm.root, page) == 0) {
			flat_set(s, page, 0);
		}
	}
	for (unsigned i = 0; i < BUFFERS; i++) {
		if (walk_memory(s->vm.root, MESSAGE_BUFFER_VA(buffer_numbers[i]) >> 12) == 0) {
			s->buffers[i] = 0;
		}
	}
}

static void do_bank(void)
{
	struct test_space *s = any_space();
	unsigned i = (unsigned)random_below(BANKS);
	struct vm_bank *bank = &s->banks[i];
	struct paddr base = {BANKS_BASE + ((uint64_t)(s - spaces) * BANKS + i) * 0x100000};
	uint64_t bytes = 0x10000 * (1 + random_below(2));

	if (!s->exists) {
		return;
	}
	if (bank->space == NULL) {
		/* What was there before must not matter. */
		memset(vm_pointer(base), one_in(2) ? 0xff : 0xa5, bytes);
		CHECK(vm_bank_add(&s->vm, bank, base, bytes) == ERR_OK);
		return;
	}
	if (!one_in(15)) {
		return;
	}
	set_last(0, 1024);
	while (!vm_bank_remove(bank)) {
		check_harts();
		if (one_in(4)) { /* others go on meanwhile */
			resync(s);
			do_map();
			batch_end();
			check_space(s);
			set_last(0, 1024);
		}
	}
	CHECK(bank->space == NULL);
	memset(vm_pointer(base), 0xff, bytes); /* the kernel uses it for something else */
	resync(s);
	check_harts();
	check_space(s);
}

static void space_end(struct test_space *s)
{
	check_space(s);
	for (unsigned w = 0; w < RANGES; w++) {
		detach(s, w);
	}
	for (unsigned i = 0; i < BUFFERS && one_in(2); i++) {
		vm_message_buffer_unmap(&s->vm, buffer_numbers[i]);
		s->buffers[i] = 0;
	}
	check_space(s);
	CHECK(s->valid == 0);
	for (unsigned h = 0; h < HARTS; h++) {
		if (space_on(h) == s && (h != this_hart || one_in(2))) {
			activate(h, NULL);
		}
	}
	vm_space_destroy(&s->vm);
	for (unsigned i = 0; i < BANKS; i++) {
		CHECK(s->banks[i].space == NULL);
	}
	memset(vm_pointer((struct paddr){ROOTS_BASE + (uint64_t)(s - spaces) * PAGE_SIZE}), 0xff,
	       PAGE_SIZE);
	memset(s->buffers, 0, sizeof(s->buffers));
	memset(s->fence_i_owed, 0, sizeof(s->fence_i_owed));
	s->exists = false;
}

static void do_space(void)
{
	struct test_space *s = any_space();

	if (s->exists) {
		if (one_in(8)) {
			space_end(s);
		}
		return;
	}
	vm_space_init(&s->vm, (struct paddr){ROOTS_BASE + (uint64_t)(s - spaces) * PAGE_SIZE});
	s->exists = true;
	for (unsigned i = 0; i < BANKS; i++) {
		s->banks[i] = (struct vm_bank){0};
	}
}

static void make_pools(void)
{
	uint64_t base = POOLS_BASE;

	memset(pools, 0, sizeof(pools));
	/* Small pieces, aligned and not. */
	CHECK(vm_pool_add_extent(&pools[0], (struct paddr){base + 0x3000}, 300, false) == ERR_OK);
	CHECK(vm_pool_add_extent(&pools[0], (struct paddr){base + 0x200000}, 700, false) == ERR_OK);
	CHECK(vm_pool_add_extent(&pools[0], (struct paddr){base + 0x131000}, 64, false) == ERR_OK);
	CHECK(vm_pool_add_extent(&pools[1], (struct paddr){base + 0x800000}, 4096, false) ==
	      ERR_OK);
	CHECK(vm_pool_add_extent(&pools[2], (struct paddr){base + (1ull << 30)}, GIB_PAGES + 1024,
				 false) == ERR_OK);
	CHECK(vm_pool_add_extent(&pools[3], (struct paddr){0x10000000}, 1024, true) == ERR_OK);
}

void run_random(uint64_t operations)
{
	static const struct {
		void (*run)(void);
		unsigned weight;
		bool is_item; /* may go on with a batch, on the same hart */
	} kinds[] = {{do_map, 100, true},     {do_giant, 1, true},	{do_unmap, 12, true},
		     {do_protect, 20, true},  {do_clone, 20, true},	{do_report, 12, true},
		     {do_access, 100, false}, {do_activate, 10, false}, {do_window, 6, false},
		     {do_binding, 8, false},  {do_buffer, 3, false},	{do_bank, 3, false},
		     {do_churn, 2, false},    {do_space, 1, false}};
	unsigned total = 0;

	make_pools();
	memset(spaces, 0, sizeof(spaces));
	for (unsigned i = 0; i < SPACES; i++) {
		spaces[i].flat = calloc(FLAT_PAGES, sizeof(uint64_t));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		total += kinds[i].weight;
	}
	for (uint64_t n = 0; n < operations; n++) {
		uint64_t pick = random_below(total);
		unsigned i = 0;

		for (; pick >= kinds[i].weight; i++) {
			pick -= kinds[i].weight;
		}
		if (!kinds[i].is_item || n % 64 == 0) {
			batch_end();
		}
		if (batch.space == NULL) {
			this_hart = (unsigned)random_below(HARTS);
		}
		kinds[i].run();
		if (n % 64 == 0) {
			batch_end();
			struct test_space *s = any_space();

			if (s->exists) {
				check_space(s);
			}
		}
	}
	batch_end();
	for (unsigned i = 0; i < SPACES; i++) {
		if (spaces[i].exists) {
			space_end(&spaces[i]);
		}
		free(spaces[i].flat);
	}
	for (unsigned i = 0; i < POOLS; i++) {
		CHECK(pools[i].bindings == NULL);
	}
}
