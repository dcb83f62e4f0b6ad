/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests on regions and spaces. */
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "tests/pager/random_private.h"

/* Put a mapping into the model. */
static void model_map(struct model_space *m, unsigned slot, unsigned pages,
		      const struct model_page *like, uint64_t index)
{
	for (unsigned i = 0; i < pages; i++) {
		struct model_page *p = &m->pages[slot + i];

		/* Count before clearing: the same object may be mapped there already. */
		if (like->object != NULL) {
			like->object->regions++;
		}
		model_clear(p);
		*p = *like;
		p->mapped = true;
		p->copy = NULL;
		p->index = index + i;
	}
}

static bool any_mapped(const struct model_space *m, unsigned slot, unsigned pages)
{
	for (unsigned i = slot; i < slot + pages; i++) {
		if (m->pages[i].mapped) {
			return true;
		}
	}
	return false;
}

static uint8_t pick_protection(void)
{
	static const uint8_t list[] = {0, 1, 3, 3, 3, 3, 1, 5, 4, 2, 6, 7};

	return list[random_below(sizeof(list))];
}

/* A new anonymous shared object for the model, from what the pager made at `address`. */
static bool adopt_anonymous(struct model_space *m, uint64_t address, struct model_object *object,
			    unsigned pages)
{
	const struct region *r =
		region_at(space_find(m->number), (uint32_t)(address >> PAGE_SHIFT));

	CHECK(r != NULL && r->object != NULL);
	object->kind = MODEL_ANONYMOUS;
	object->number = object_number(r->object);
	object->size = (uint64_t)pages * PAGE_BYTES;
	return true;
}

static uint32_t pick_flags(void)
{
	return (random_below(3) == 0 ? PAGER_SHARED : 0) |
	       (random_below(3) != 0 ? PAGER_FIXED : 0) |
	       (random_below(8) == 0 ? PAGER_NOREPLACE : 0) |
	       (random_below(8) == 0 ? PAGER_POPULATE : 0) |
	       (random_below(40) == 0 ? PAGER_LOCKED : 0);
}

void op_map(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(24, &pages);
	uint32_t flags = pick_flags();
	uint8_t protection = pick_protection();
	struct model_object *object = random_below(3) == 0 ? NULL : pick_object(), *made = NULL;
	uint64_t index = random_below(4) == 0 ? random_below(OBJECT_PAGES) : random_below(8);
	uint64_t address = address_of(slot);
	int64_t status;

	if (m == NULL) {
		return;
	}
	if ((flags & PAGER_SHARED) && object == NULL) {
		made = free_object();
		if (made == NULL || pages > OBJECT_PAGES) {
			return;
		}
	}
	if (!(flags & PAGER_FIXED) && random_below(2)) {
		address = 0;
	}
	index = object == NULL ? 0 : index;
	status = CALL(PAGER_MAP, m->number, address, pages * PAGE_BYTES - random_below(PAGE_BYTES),
		      protection, flags, object == NULL ? 0 : object->number, index * PAGE_BYTES);
	if ((protection & 6) == 6) {
		CHECK(status == -STATUS_ACCES);
		return;
	}
	if (status != 0) {
		bool taken = any_mapped(m, slot, pages);

		CHECK(excused(status) ||
		      (status == -STATUS_EXIST && taken && (flags & PAGER_NOREPLACE)) ||
		      (status == -STATUS_AGAIN && (flags & PAGER_LOCKED)));
		return;
	}
	if (flags & PAGER_FIXED) {
		CHECK(pager_result(1) == address);
		CHECK(!(flags & PAGER_NOREPLACE) || !any_mapped(m, slot, pages));
	} else {
		slot = model_slot((uint32_t)(pager_result(1) >> PAGE_SHIFT));
		if (slot == MODEL_PAGES || model_slot((uint32_t)(pager_result(1) >> PAGE_SHIFT) +
						      pages - 1) == MODEL_PAGES) {
			CHECK(CALL(PAGER_UNMAP, m->number, pager_result(1), pages * PAGE_BYTES) ==
			      0);
			return;
		}
		CHECK(!any_mapped(m, slot, pages));
	}
	if (made != NULL) {
		adopt_anonymous(m, address_of(slot), made, pages);
		object = made;
	}
	model_map(m, slot, pages,
		  &(struct model_page){.protection = protection,
				       .shared = flags & PAGER_SHARED,
				       .locked = flags & PAGER_LOCKED,
				       .object = object},
		  index);
	sync_copies(m, slot, pages);
}

void op_unmap(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(16, &pages);
	int64_t status;

	if (m == NULL) {
		return;
	}
	status = CALL(PAGER_UNMAP, m->number, address_of(slot), pages * PAGE_BYTES);
	if (status != 0) {
		CHECK(excused(status));
		return;
	}
	for (unsigned i = slot; i < slot + pages; i++) {
		model_clear(&m->pages[i]);
	}
}

void op_protect(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(16, &pages);
	uint8_t protection = pick_protection();
	bool hole = false;
	int64_t status;

	if (m == NULL) {
		return;
	}
	status = CALL(PAGER_PROTECT, m->number, address_of(slot), pages * PAGE_BYTES, protection);
	if ((protection & 6) == 6) {
		CHECK(status == -STATUS_ACCES);
		return;
	}
	CHECK(status == 0 || status == -STATUS_NOMEM);
	for (unsigned i = slot; i < slot + pages; i++) {
		const struct region *r = region_at(space_find(m->number), model_page_number(i));
		struct model_page *p = &m->pages[i];

		hole = hole || !p->mapped;
		if (!hole && status == -STATUS_NOMEM && config->tight) {
			CHECK(r->protection == p->protection || r->protection == protection);
			p->protection = r->protection;
		} else if (!hole) {
			p->protection = protection;
		}
	}
	CHECK(status == (hole ? -STATUS_NOMEM : 0) || excused(status));
}

static void model_move(struct model_space *m, unsigned from, unsigned old_pages, unsigned to,
		       unsigned new_pages, bool keep)
{
	static struct model_page moved[MODEL_PAGES];
	struct model_page like = m->pages[from];

	for (unsigned i = 0; i < old_pages; i++) {
		struct model_page *p = &m->pages[from + i];

		moved[i] = *p;
		p->copy = NULL;
		if (!keep) {
			/* The object's count goes along with the page below. */
			if (p->object != NULL) {
				p->object->regions++;
			}
			model_clear(p);
		} else if (p->object != NULL) {
			p->object->regions++;
		}
	}
	for (unsigned i = 0; i < new_pages; i++) {
		struct model_page *p = &m->pages[to + i];

		if (i >= old_pages && like.object != NULL) {
			like.object->regions++;
		}
		model_clear(p);
		*p = i < old_pages ? moved[i] : like;
		p->copy = i < old_pages ? moved[i].copy : NULL;
		p->index = like.index + i;
	}
	for (unsigned i = new_pages; i < old_pages; i++) {
		struct model_page rest = moved[i];

		model_clear(&rest);
	}
}

/* Forget the pages in [first, end) that the pager has unmapped. */
static void sync_unmapped(struct model_space *m, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		if (region_at(space_find(m->number), model_page_number(i)) == NULL) {
			model_clear(&m->pages[i]);
		}
	}
}

void op_remap(void)
{
	static const uint64_t kinds[] = {0, 1, 1, 1, 3, 3, 5};
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m), to_pages, to;
	uint64_t flags = kinds[random_below(7)];
	unsigned pages = 1 + (unsigned)random_below(12), wanted = 1 + (unsigned)random_below(24);
	const struct region *r;
	int64_t status;

	if (slot == MODEL_PAGES || slot % ARENA_PAGES + pages > ARENA_PAGES) {
		return;
	}
	wanted = flags == 5 ? pages : wanted;
	to = pick_range(1, &to_pages);
	if (to % ARENA_PAGES + wanted > ARENA_PAGES || slot % ARENA_PAGES + wanted > ARENA_PAGES) {
		return;
	}
	r = region_at(space_find(m->number), model_page_number(slot));
	bool whole = r->end - model_page_number(slot) >= pages;

	status = CALL(PAGER_REMAP, m->number, address_of(slot), pages * PAGE_BYTES,
		      wanted * PAGE_BYTES, flags, address_of(to));
	if (status != 0) {
		bool overlap = (flags & 2) && slot < to + wanted && to < slot + pages;

		CHECK((status == -STATUS_INVAL && overlap) || (status == -STATUS_FAULT && !whole) ||
		      (status == -STATUS_NOMEM && (flags == 0 || config->tight)));
		if ((flags & 2) && !overlap) {
			/* Linux, too, empties the target, and cuts a range that shrinks,
			 * before it moves it. */
			sync_unmapped(m, to, to + wanted);
			sync_unmapped(m, slot + wanted, slot + pages);
		}
		return;
	}
	if (pager_result(1) == address_of(slot)) {
		CHECK(!(flags & 4));
		for (unsigned i = slot + wanted; i < slot + pages; i++) {
			model_clear(&m->pages[i]);
		}
		if (wanted > pages) {
			CHECK(slot % ARENA_PAGES + wanted <= ARENA_PAGES);
			CHECK(!any_mapped(m, slot + pages, wanted - pages));
			model_map(m, slot + pages, wanted - pages, &m->pages[slot],
				  m->pages[slot].index + pages);
		}
	} else {
		unsigned first = model_slot((uint32_t)(pager_result(1) >> PAGE_SHIFT));
		unsigned last = model_slot((uint32_t)(pager_result(1) >> PAGE_SHIFT) + wanted - 1);

		if (first == MODEL_PAGES || last != first + wanted - 1) {
			/* Where the model cannot see it. */
			CHECK(CALL(PAGER_UNMAP, m->number, pager_result(1), wanted * PAGE_BYTES) ==
			      0);
			for (unsigned i = slot; i < slot + pages; i++) {
				struct model_page *p = &m->pages[i];

				(flags & 4) ? model_drop_copy(p) : model_clear(p);
			}
			return;
		}
		CHECK((flags & 2) ? first == to : !any_mapped(m, first, wanted));
		model_move(m, slot, pages, first, wanted, flags & 4);
		slot = first;
	}
	sync_copies(m, slot, wanted);
}

void op_advise(void)
{
	static const uint8_t numbers[] = {4, 4, 4, 8, 3, 10, 11, 18, 19, 1, 0, 23};
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(16, &pages);
	uint8_t advice = numbers[random_below(sizeof(numbers))];
	int64_t status, expected = 0;
	bool hole = false;

	if (m == NULL) {
		return;
	}
	status = CALL(PAGER_ADVISE, m->number, address_of(slot), pages * PAGE_BYTES, advice);
	for (unsigned i = slot; i < slot + pages && expected == 0; i++) {
		struct model_page *p = &m->pages[i];
		bool own = tree_get(&space_find(m->number)->tree, model_page_number(i), NULL) != 0;

		if (!p->mapped) {
			hole = true;
			continue;
		}
		if ((advice == 4 || advice == 8) &&
		    (p->locked || (advice == 8 && (p->object != NULL || p->shared)))) {
			expected = -STATUS_INVAL;
		} else if (advice == 4 || advice == 8) {
			CHECK(p->shared || !own || (config->tight && status == -STATUS_NOMEM));
			if (!p->shared && !own) {
				model_drop_copy(p);
			}
		} else if (status == -STATUS_NOMEM && config->tight) {
			const struct region *r =
				region_at(space_find(m->number), model_page_number(i));

			p->dont_fork = r->advice & ADVICE_DONT_FORK;
			p->wipe = r->advice & ADVICE_WIPE_ON_FORK;
		} else if (advice == 18 && (p->object != NULL || p->shared)) {
			expected = -STATUS_INVAL;
		} else {
			p->dont_fork = advice == 10 || (p->dont_fork && advice != 11);
			p->wipe = advice == 18 || (p->wipe && advice != 19);
		}
	}
	sync_copies(m, slot, pages);
	expected = expected == 0 && hole ? -STATUS_NOMEM : expected;
	CHECK(status == expected || excused(status) || advice == 23);
}

void op_lock(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(4, &pages);
	bool lock = random_below(3) == 0, applied;
	int64_t status;

	if (m == NULL || !m->pages[slot].mapped) {
		return;
	}
	status = CALL(PAGER_LOCK, m->number, address_of(slot), pages * PAGE_BYTES, lock);
	CHECK(status == 0 || status == -STATUS_NOMEM);
	for (unsigned i = slot; i < slot + pages; i++) {
		const struct region *r = region_at(space_find(m->number), model_page_number(i));

		if (m->pages[i].mapped) {
			applied = !!(r->flags & PAGER_LOCKED);
			CHECK(status == -STATUS_NOMEM || applied == lock);
			m->pages[i].locked = applied;
		}
	}
	sync_copies(m, slot, pages);
}

void op_fork(void)
{
	struct model_space *m = pick_space(), *child = NULL;
	int64_t status;

	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		child = model_spaces[i].active ? child : &model_spaces[i];
	}
	if (child == NULL) {
		return;
	}
	status = m == NULL ? CALL(PAGER_SPACE_CREATE, 0) : CALL(PAGER_SPACE_FORK, m->number);
	if (status != 0) {
		CHECK(excused(status));
		return;
	}
	child->active = true;
	child->number = (uint32_t)pager_result(1);
	for (unsigned i = 0; m != NULL && i < MODEL_PAGES; i++) {
		const struct model_page *from = &m->pages[i];
		struct model_page *p = &child->pages[i];

		if (!from->mapped || from->dont_fork) {
			continue;
		}
		model_map(child, i, 1, from, from->index);
		p->locked = false;
		if (from->copy != NULL && !from->wipe) {
			uint8_t *copy = model_write(p);

			memcpy(copy, from->copy, PAGE_BYTES);
			p->defined = from->defined;
		}
	}
}

void op_exit(void)
{
	struct model_space *m = pick_space();

	if (m == NULL) {
		return;
	}
	CHECK(CALL(PAGER_SPACE_DESTROY, m->number) == 0);
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		model_clear(&m->pages[i]);
	}
	m->active = false;
	CHECK(CALL(PAGER_UNMAP, m->number, 0x10000, 4096) == -STATUS_SRCH);
}
