/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/proof/tables.h"

#define BANK 0x10000ul
#define ROOT 0x20000ul
#define FRAMES (1ul << 8) /* pages of memory */
#define RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)

struct vm_features vm_features;
uint64_t vm_kernel_satp;
struct vm_space space;
struct vm_window window, other;
struct vm_binding bindings[2], other_binding;
struct vm_pool pools[2];
uint64_t watched;
bool owes_watched, owes_whole, fenced;
unsigned zeroed;
uint64_t zeroed_ppn;

/* --- memory ------------------------------------------------------------------------- */

/* 8: vm_zero_page takes so many words at a time. */
static uint64_t root[8], page1[8], page2[8], page3[8], page4[8], frame[8];
static struct vm_table_info info1, info2, info3, info4;
static struct vm_chunk chunk; /* only `bank` is looked at */
static struct vm_bank bank;
static uint64_t kernel_entries[2];

static uint64_t *words_of(unsigned table)
{
	switch (table) {
	case 0:
		return root;
	case 1:
		return page1;
	case 2:
		return page2;
	case 3:
		return page3;
	default:
		return page4;
	}
}

static uint64_t entry_of(unsigned table, unsigned index)
{
	uint64_t entry = root[index];

	for (unsigned k = 1; k <= TABLES; k++) {
		entry = k == table ? words_of(k)[index] : entry;
	}
	return entry;
}

static struct vm_table_info *info_at(unsigned table)
{
	switch (table) {
	case 1:
		return &info1;
	case 2:
		return &info2;
	case 3:
		return &info3;
	default:
		return &info4;
	}
}

/* 0: no table of the bank. */
static unsigned table_number(uint64_t ppn)
{
	uint64_t number = ppn - BANK / PAGE_SIZE;

	return number <= TABLES ? (unsigned)number : 0;
}

void *vm_pointer(struct paddr paddr)
{
	unsigned number = table_number(paddr.raw >> PAGE_SHIFT);
	uint64_t offset = paddr.raw % PAGE_SIZE;

	if (number != 0) {
		return (char *)words_of(number) + offset;
	}
	if (paddr.raw >> PAGE_SHIFT == ROOT >> PAGE_SHIFT) {
		return (char *)root + offset;
	}
	zeroed++;
	zeroed_ppn = paddr.raw >> PAGE_SHIFT;
	return frame;
}

/* In place of vm_chunk_of and vm_table_info: the checker is quicker with separate variables. */
struct vm_chunk *chunk_of(struct paddr table)
{
	check(table.raw - BANK < VM_BANK_CHUNK, "a page of the bank");
	return &chunk;
}

struct vm_table_info *info_of(struct paddr table)
{
	check(table_number(table.raw >> PAGE_SHIFT) != 0, "a table of the bank");
	return info_at(table_number(table.raw >> PAGE_SHIFT));
}

struct paddr vm_paddr(const void *pointer)
{
	uint64_t page = ROOT;

	for (unsigned k = 1; k <= TABLES; k++) {
		page = __CPROVER_same_object(pointer, words_of(k)) ? BANK + k * PAGE_SIZE : page;
	}
	return (struct paddr){page + (uint64_t)__CPROVER_POINTER_OFFSET(pointer)};
}

/* --- instructions ------------------------------------------------------------------- */

void vm_assert(bool condition)
{
	check(condition, "vm_assert");
}

void zero_block(void *block)
{
	for (unsigned i = 0; i < 8; i++) {
		((uint64_t *)block)[i] = 0;
	}
}

/* One step a call: the next goes on from a state that the proof starts from too. */
bool vm_preempt_pending(void)
{
	return true;
}

void pte_trace(const uint64_t *pte, uint64_t value)
{
	(void)pte;
	(void)value;
}

void vm_fence_local(uint64_t first_page, uint64_t count, uint64_t asid)
{
	(void)first_page;
	(void)count;
	(void)asid;
}

uint64_t vm_asid(const struct vm_space *of)
{
	(void)of;
	return 0;
}

/* shootdown.c, as far as the watched page is concerned. */
void vm_flush_commit(struct vm_flush *flush)
{
	(void)flush;
	fenced |= owes_watched;
	if (owes_watched | owes_whole | (space.limbo != 0)) {
		vm_limbo_release(&space);
	}
	owes_watched = false;
	owes_whole = false;
}

void vm_flush_range(struct vm_flush *flush, struct vm_space *of, uint64_t first_page,
		    uint64_t pages)
{
	(void)flush;
	check(of == &space, "a flush is for the space");
	owes_watched |= watched - first_page < pages;
}

void vm_flush_before(struct vm_flush *flush, const struct vm_space *of, uint64_t first_page,
		     uint64_t pages)
{
	check(of == &space, "a flush is for the space");
	if (owes_whole | (owes_watched & (watched - first_page < pages))) {
		vm_flush_commit(flush);
	}
}

void vm_flush_whole(struct vm_flush *flush, struct vm_space *of)
{
	(void)flush;
	check(of == &space, "a flush is for the space");
	owes_whole = true;
	owes_watched = true;
}

void vm_flush_fence_i(struct vm_flush *flush, struct vm_space *of)
{
	(void)flush;
	check(of == &space, "a flush is for the space");
}

/* --- meaning ------------------------------------------------------------------------ */

struct meaning meaning_of(uint64_t page)
{
	struct meaning m = {0};
	unsigned table = 0;

	for (unsigned level = 3; level-- > 0;) {
		unsigned index = (unsigned)(page >> (2 * level)) & 3;
		uint64_t pte = entry_of(table, index);
		bool is_table = pte != 0 && (pte & 0xe) == 0;

		m.at = table;
		m.index = index;
		m.level = level;
		m.pte = pte;
		m.above = m.is_frozen;
		if (pte != 0 && (pte & 1) == 0) {
			m.highest = m.is_frozen ? m.highest : level;
			m.is_frozen = true;
		}
		if (!is_table || level == 0) {
			m.is_mapped = pte != 0;
			break;
		}
		table = table_number(pte >> 10 & 0xfffffffffff);
	}
	m.ppn = (m.pte >> 10 & 0xfffffffffff) + (page & ((1u << (2 * m.level)) - 1));
	m.bits = m.pte & 0xffc00000000003feull & ~(m.is_frozen ? 4ull : 0);
	return m;
}

bool hart_may(const struct meaning *m, uint64_t access)
{
	/* Steps 3 to 6: V on the way, no W without R, not misaligned; then the bit itself. */
	uint64_t low = (m->pte >> 10) & ((1u << (2 * m->level)) - 1);

	return m->is_mapped & !m->is_frozen & ((m->pte & 6) != 4) & (low == 0) &
	       ((m->pte & access) != 0);
}

bool is_same_meaning(const struct meaning *a, const struct meaning *b)
{
	return (a->is_mapped == b->is_mapped) &
	       (!a->is_mapped | ((a->ppn == b->ppn) & (a->bits == b->bits)));
}

static bool lies_in(const struct vm_window *w, uint64_t first, uint64_t pages)
{
	return (first >= w->first_page) & (first + pages <= w->first_page + w->pages);
}

static bool is_bound(const struct vm_window *w, uint64_t ppn, uint64_t pages, uint64_t rights)
{
	bool is = false;

	for (unsigned i = 0; i < w->binding_count; i++) {
		const struct vm_extent *extent = &w->bindings[i]->pool->extents[0];
		uint64_t first = extent->base.raw >> PAGE_SHIFT;

		is |= (ppn >= first) & (ppn + pages <= first + extent->pages) &
		      ((rights & ~(uint64_t)w->bindings[i]->rights) == 0);
	}
	return is;
}

bool is_allowed(uint64_t page, const struct meaning *m)
{
	uint64_t span = 1u << (2 * m->level);
	uint64_t first = page & ~(span - 1);
	uint64_t ppn = m->pte >> 10 & 0xfffffffffff;
	/* What it says, whether or not W counts: it must not come back. */
	uint64_t rights = m->pte >> 1 & RIGHTS;
	bool here = lies_in(&window, first, span) & is_bound(&window, ppn, span, rights);
	bool there = lies_in(&other, first, span) & is_bound(&other, ppn, span, rights);

	return !m->is_mapped | here | there;
}

/* --- invariants --------------------------------------------------------------------- */

static bool entry_is_good(uint64_t pte, unsigned level)
{
	uint64_t rights = pte >> 1 & 7, pbmt = pte >> 61;
	uint64_t low = (pte >> 10) & ((1u << (2 * level)) - 1);
	bool is_table = (rights == 0) & ((pte & 0xffc00000000003feull) == 0);
	bool is_leaf = ((rights == 1) | (rights == 3) | (rights == 4) | (rights == 5)) &
		       ((pte & PTE_U) != 0) & ((pte & 0x320) == 0) & ((pte >> 54 & 0x7f) == 0) &
		       ((pbmt == 0) | (pbmt == 2)) & (low == 0);

	return (pte == 0) | (is_leaf & ((level > 0) | ((pte & 1) != 0))) |
	       (is_table & (level > 0) & (table_number(pte >> 10) != 0));
}

/* The first virtual page of a used table. */
static uint64_t base_of(unsigned table)
{
	const struct vm_table_info *info = info_at(table);
	uint64_t index = info->parent % PAGE_SIZE / 8;
	unsigned parent = table_number(info->parent / PAGE_SIZE);
	uint64_t above = parent == 0 ? 0 : info_at(parent)->parent % PAGE_SIZE / 8;

	return info->level == 1 ? index * 16 : above * 16 + index * 4;
}

/* The entries of one table; counts what is not 0 and what points to tables. */
static bool table_is_good(unsigned table, unsigned level, unsigned *live, unsigned *links)
{
	bool good = true;
	uint64_t paddr = table == 0 ? ROOT : BANK + table * PAGE_SIZE;

	*live = 0;
	for (unsigned i = 0; i < (table == 0 ? 2 : 4); i++) {
		uint64_t pte = words_of(table)[i];
		bool is_table = (pte != 0) & ((pte & 0xe) == 0);
		unsigned to = table_number(pte >> 10);

		*live += pte != 0;
		*links += is_table;
		good &= entry_is_good(pte, level);
		for (unsigned k = 1; k <= TABLES; k++) {
			const struct vm_table_info *info = info_at(k);

			good &= !(is_table & (to == k)) |
				((info->state == VM_TABLE_USED) & (k < bank.fresh) &
				 (info->level + 1 == level) & (info->parent == paddr + i * 8));
		}
	}
	return good;
}

/* A list of pages in a state; *count: how many. */
static bool list_is_good(uint64_t first, unsigned state, unsigned *seen, unsigned *count)
{
	uint64_t at = first;
	bool good = true;

	*count = 0;
	for (unsigned i = 0; i <= TABLES && at != 0; i++) {
		unsigned k = table_number(at / PAGE_SIZE);

		good &= (k != 0) & (at % PAGE_SIZE == 0) & ((*seen >> k & 1) == 0);
		if (!good) {
			return false;
		}
		good &= info_at(k)->state == state;
		*seen |= 1u << k;
		at = info_at(k)->link;
		(*count)++;
	}
	return good & (at == 0);
}

bool tables_are_good(void)
{
	unsigned live, links = 0, used = 0, seen = 0, free, limbo, fresh;
	bool good = table_is_good(0, 2, &live, &links);

	if (bank.fresh < 1 || bank.fresh * PAGE_SIZE > bank.bytes) {
		return false;
	}
	for (unsigned k = 1; k <= TABLES; k++) {
		const struct vm_table_info *info = info_at(k);
		unsigned below = 0;

		if (info->state == VM_TABLE_USED && k < bank.fresh) {
			uint64_t base = base_of(k);

			good &= info->level <= 1;
			good &= table_is_good(k, info->level, &live, &below);
			good &= (live != 0) & (info->live == live);
			good &= (info->level == 1) |
				(lies_in(&window, base, 4) & (info->window == &window)) |
				(lies_in(&other, base, 4) & (info->window == &other));
			links += below;
			used++;
			seen |= 1u << k;
		}
	}
	/* Each link names another table, so: as many, and each table is linked. */
	good &= links == used;
	fresh = (unsigned)(bank.bytes / PAGE_SIZE - bank.fresh);
	good &= list_is_good(bank.free, VM_TABLE_FREE, &seen, &free);
	good &= list_is_good(space.limbo, VM_TABLE_LIMBO, &seen, &limbo);
	good &= (seen >> bank.fresh) == 0;
	good &= (space.tables_used == used) & (bank.used == used);
	good &= (space.tables_free == free + limbo + fresh) &
		(used + free + limbo + fresh + 1 == bank.bytes / PAGE_SIZE);
	good &= (space.limbo_count == limbo) & (chunk.bank == &bank);
	return good;
}

/* --- any state ---------------------------------------------------------------------- */

static void any_window(struct vm_window *w)
{
	*w = (struct vm_window){.space = &space};
	w->first_page = nondet_byte() & 0x1c;
	w->pages = nondet_byte() & 0x3c;
	assume(w->pages > 0 && w->first_page + w->pages <= USER_PAGES);
	w->rights = nondet_byte() & RIGHTS;
}

static void any_pools(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct vm_extent *extent = &pools[i].extents[0];

		pools[i].extent_count = 1;
		extent->base.raw = (nondet_long() & (FRAMES - 1)) << PAGE_SHIFT;
		extent->pages = nondet_long() & (FRAMES - 1);
		pools[i].pages = extent->pages;
		pools[i].is_device = nondet_bool();
		uint64_t first = extent->base.raw >> PAGE_SHIFT, end = first + extent->pages;

		assume(extent->pages > 0 && end <= FRAMES);
		assume(end <= BANK / PAGE_SIZE || first > ROOT / PAGE_SIZE);
	}
	uint64_t first0 = pools[0].extents[0].base.raw >> PAGE_SHIFT;
	uint64_t first1 = pools[1].extents[0].base.raw >> PAGE_SHIFT;

	assume(first0 + pools[0].pages <= first1 || first1 + pools[1].pages <= first0);
}

static void any_binding(struct vm_binding *binding, struct vm_window *w, struct vm_pool *pool)
{
	binding->window = w;
	binding->pool = pool;
	binding->rights = nondet_byte() & w->rights;
	assume(binding->rights != 0);
	binding->closing = nondet_bool();
	w->bindings[w->binding_count] = binding;
	w->binding_count++;
}

static void any_windows(void)
{
	any_window(&window);
	any_window(&other);
	assume(window.first_page + window.pages <= other.first_page ||
	       other.first_page + other.pages <= window.first_page);
	window.closing = nondet_bool();
	space.window_count = 2;
	/* Sorted. */
	space.windows[0] = window.first_page < other.first_page ? &window : &other;
	space.windows[1] = window.first_page < other.first_page ? &other : &window;
	any_binding(&bindings[0], &window, &pools[0]);
	any_binding(&bindings[1], &window, nondet_bool() ? &pools[0] : &pools[1]);
	any_binding(&other_binding, &other, nondet_bool() ? &pools[0] : &pools[1]);
}

/* A leaf of `level` at virtual page `first`, or nothing. */
static uint64_t any_leaf(uint64_t first, unsigned level)
{
	uint64_t pte = (nondet_long() & (FRAMES - 1)) << 10 | (nondet_long() & 0xff) |
		       (nondet_bool() ? PTE_PBMT_IO : 0);
	uint64_t span = 1u << (2 * level);

	assume(entry_is_good(pte, level) && (pte & PTE_RWX) != 0);
	assume(lies_in(&window, first, span) || lies_in(&other, first, span));
	return nondet_bool() ? pte : 0;
}

/* Fill a table, and tell of it; what is to be linked to is put in later. */
static void any_table(unsigned table, unsigned level, uint64_t parent, uint64_t base)
{
	struct vm_table_info *info = info_at(table);
	unsigned live = 0;

	for (unsigned i = 0; i < 4; i++) {
		words_of(table)[i] = any_leaf(base + i * (level == 1 ? 4 : 1), level);
		live += words_of(table)[i] != 0;
	}
	info->state = VM_TABLE_USED;
	info->level = (uint8_t)level;
	info->parent = parent;
	info->live = (uint16_t)live;
	info->window = level == 1 ? NULL : lies_in(&window, base, 4) ? &window : &other;
	assume(level == 1 || lies_in(&window, base, 4) || lies_in(&other, base, 4));
	space.tables_used++;
	bank.used++;
}

static uint64_t link_to(unsigned table)
{
	return (BANK + table * PAGE_SIZE) >> 2 | nondet_bool();
}

/* Page 1 below root entry 0, page 2 below it, as far as they are used. */
static void any_used(void)
{
	root[0] = any_leaf(0, 2);
	root[1] = any_leaf(16, 2);
#if USED > 0
	any_table(1, 1, ROOT, 0);
	root[0] = link_to(1);
#endif
#if USED > 1
	unsigned j = nondet_unsigned() % 4;

	any_table(2, 0, BANK + PAGE_SIZE + j * 8, j * 4ull);
	info1.live += page1[j] == 0;
	page1[j] = link_to(2);
	assume(info2.live > 0);
#endif
	assume(USED == 0 || info1.live > 0);
}

/* What is not used was never used. */
static void any_unused(void)
{
	bank.fresh = USED + 1;
	bank.bytes = (USED + 1 + SPARE) * PAGE_SIZE;
	space.tables_free = SPARE;
}

void tables_any(void)
{
	struct meaning m;

	for (unsigned k = 0; k <= TABLES; k++) {
		__CPROVER_havoc_object(words_of(k));
	}
	for (unsigned k = 1; k <= TABLES; k++) {
		__CPROVER_havoc_object(info_at(k));
	}
	chunk.bank = &bank;
	bank.space = &space;
	bank.base.raw = BANK;
	vm_features.cache_block_zero = nondet_bool();
	vm_features.svpbmt = nondet_bool();
	any_pools();
	any_windows();
	space.root.raw = ROOT;
	space.banks = &bank;
	space.bank_count = 1;
	any_used();
	any_unused();
	kernel_entries[0] = root[2];
	kernel_entries[1] = root[3];
	watched = nondet_byte() % USER_PAGES;
	owes_watched = nondet_bool();
	owes_whole = nondet_bool();
	assume(owes_whole <= owes_watched);
	assume(space.limbo == 0 || owes_whole);
	m = meaning_of(watched);
	assume(is_allowed(watched, &m));
}

struct window_item any_item(void)
{
	return (struct window_item){
		.rights = nondet_byte(),
		.flags = (uint16_t)nondet_word(),
		.va_page = nondet_long(),
		.pool_page = nondet_long(),
		.expected = nondet_long(),
		.count = nondet_word(),
		.done = nondet_word(),
	};
}

/* --- what is to hold ------------------------------------------------------------------ */

void check_tables(const struct meaning *before, const struct meaning *after)
{
	check(tables_are_good(), "tables: live, linked, counted, entries as they may be");
	check(root[2] == kernel_entries[0] && root[3] == kernel_entries[1],
	      "entries that are not the user's are kept");
	check(is_allowed(watched, after), "V1, V4: within a window, a binding and its rights");
	check(!hart_may(before, PTE_R) | owes_watched | fenced |
		      ((hart_may(after, PTE_R) | !hart_may(before, PTE_R)) &
		       (hart_may(after, PTE_W) | !hart_may(before, PTE_W)) &
		       (hart_may(after, PTE_X) | !hart_may(before, PTE_X)) &
		       (before->ppn == after->ppn)),
	      "what is taken away is fenced or owed");
	check(space.limbo == 0 || owes_whole, "T2: a table in limbo owes a whole flush");
}
