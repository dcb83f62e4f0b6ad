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

#include "tests/vm/model.h"

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

		if (!may && answer == VM_FAULT_RETRY) {
			CHECK(attempt < 2); /* thawed */
			continue;
		}
		if (!may) {
			CHECK(window == vm_window_find(&s->vm, page));
			CHECK((answer == VM_FAULT_WINDOW) == (window != NULL));
			return;
		}
		CHECK(answer == VM_FAULT_RETRY);
		CHECK(attempt < 6); /* two thaws, their stale entries, A and D */
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
		if (s->flat[page] != 0 && walk_tables(s->vm.root, page) == 0) {
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
	} kinds[] = {{do_map, 100, true},    {do_giant, 1, true},     {do_unmap, 12, true},
		     {do_protect, 20, true}, {do_clone, 20, true},    {do_report, 12, true},
		     {do_freeze, 10, true},  {do_access, 100, false}, {do_activate, 10, false},
		     {do_window, 6, false},  {do_binding, 8, false},  {do_buffer, 3, false},
		     {do_bank, 3, false},    {do_churn, 2, false},    {do_space, 1, false}};
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
