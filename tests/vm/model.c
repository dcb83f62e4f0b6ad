/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See model.h.
 */
#include "tests/vm/model.h"

const struct range ranges[RANGES] = {
	{0, 1024},
	{1024, 512},
	{GIB_PAGES - 1024, 2048}, /* over a GiB boundary */
	{GIB_PAGES + 1024, 512},
	{2 * GIB_PAGES, GIB_PAGES},
};

const uint32_t buffer_numbers[BUFFERS] = {0, 1, 511, 512, 65535};

struct test_space spaces[SPACES];
struct vm_pool pools[POOLS];
struct range last = {0, 1}; /* pages of the last item */
uint64_t words[MESSAGE_WORDS];
/* What items of one batch owe: committed before anything else happens. */
struct vm_flush batch;

void flat_set(struct test_space *s, uint64_t page, uint64_t value)
{
	s->valid += (value & FLAT_V) - (s->flat[page] & FLAT_V);
	s->flat[page] = value;
}

uint64_t pool_frame(const struct vm_pool *pool, uint64_t pool_page)
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

const struct vm_pool *frame_pool(uint64_t ppn, uint64_t *pool_page)
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
unsigned allowed(const struct test_space *s, unsigned w, uint64_t ppn, unsigned rights)
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

void check_page(struct test_space *s, uint64_t page)
{
	uint64_t pte = walk_tables(s->vm.root, page);
	uint64_t flat = s->flat[page];

	if ((pte != 0) != (flat & FLAT_V) ||
	    (pte != 0 &&
	     (pte_ppn(pte) != FLAT_PPN(flat) || (pte & PTE_RWX) >> 1 != FLAT_RIGHTS(flat) ||
	      !(pte & PTE_U) || (pte & PTE_G) || ((flat & FLAT_A) && !(pte & PTE_A)) ||
	      ((flat & FLAT_D) && !(pte & PTE_D))))) {
		fail("page %lx: tables say %lx, model says %lx", page, pte, flat);
	}
}

/* Everything: vm_check_space, each leaf, and that there are no others. */
void check_space(struct test_space *s)
{
	unsigned buffers = buffers_mapped(&s->vm);
	uint64_t span, leaves = 0;

	vm_check_space(&s->vm);
	for (uint64_t page = 0; page < FLAT_PAGES; page += span) {
		struct vm_slot slot = vm_slot_find(&s->vm, page, 0);

		span = sv39_span(slot.level);
		for (unsigned i = 0; i < 8 && *slot.pte != 0; i++) {
			check_page(s, page + (i < 2 ? i * (span - 1) : random_below(span)));
		}
		leaves += *slot.pte != 0 ? span : 0;
	}
	CHECK(leaves == s->valid);
	for (unsigned i = 0; i < BUFFERS; i++) {
		uint64_t pte = walk_memory(s->vm.root, MESSAGE_BUFFER_VA(buffer_numbers[i]) >> 12);

		CHECK(pte_ppn(pte) == s->buffers[i]);
		buffers -= pte != 0;
	}
	CHECK(buffers == 0);
}

void check_harts(void)
{
	for (unsigned i = 0; i < HARTS; i++) {
		hart_check_tlb(i);
	}
}

/* The pages of the last item, or some of them, their neighbours, and some others. */
void check_last(struct test_space *s)
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

/* The model does pages [from, to) of the item; fails if vm/ must not have done them. */
void model_do(struct call *c, uint64_t from, uint64_t to)
{
	if (c->item.op == WINDOW_FREEZE) {
		from *= SV39_ENTRIES;
		to *= SV39_ENTRIES;
	}
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
		} else if (old != 0 && c->item.op == WINDOW_FREEZE) {
			flat_set(c->s, page, old & ~(uint64_t)(RIGHT_WRITE << 1));
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
void model_error(struct call *c, enum err err, uint64_t at)
{
	uint64_t old = c->item.op == WINDOW_FREEZE ? 0 : c->s->flat[c->item.va_page + at];
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

void check_query(struct call *c)
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

void check_harvest(struct call *c)
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
