/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random requests, faults and accesses against the model, with the pager's
 * real code. After each, what the pager answered and what memory shows must be
 * what the model says; every so often everything is compared.
 */
#include "tests/pager/random.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/dispatch.h"
#include "servers/pager/fault.h"
#include "servers/pager/mapping.h"
#include "tests/pager/model.h"

static const struct random_config *config;
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
static bool may_be_full(void)
{
	return fake_blocks_left < 64 || config->tight;
}

/* Do errors of this kind happen in this run? */
static bool excused(int64_t status)
{
	bool full = may_be_full();

	return (status == -STATUS_NOMEM && config->tight) ||
	       (status == -STATUS_IO && (fake_read_errors != 0 || full)) ||
	       (status == -STATUS_NOSPC && full);
}

static uint64_t address_of(unsigned slot)
{
	return (uint64_t)model_page_number(slot) << PAGE_SHIFT;
}

static struct model_space *pick_space(void)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct model_space *m = &model_spaces[random_below(MODEL_SPACES)];

		if (m->active) {
			return m;
		}
	}
	return NULL;
}

static struct model_object *pick_object(void)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct model_object *m = &model_objects[random_below(MODEL_OBJECTS)];

		if (m->kind != 0 && m->opened) {
			return m;
		}
	}
	return NULL;
}

static struct model_object *free_object(void)
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
static unsigned pick_range(unsigned most, unsigned *pages)
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
static unsigned pick_mapped(const struct model_space *m)
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
static void sync_copies(struct model_space *m, unsigned slot, unsigned pages)
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

static void fill_random(uint8_t *bytes, uint64_t n)
{
	uint64_t pattern = random_next();

	for (uint64_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(pattern + i * 7 + (i >> 8));
	}
}

/* ---- accesses ---- */

/* What a thread's access must lead to. */
static int expected_code(const struct model_page *p, unsigned access)
{
	uint8_t allowed = p->protection & PAGER_WRITE ? p->protection | PAGER_READ : p->protection;

	if (!p->mapped) {
		return PAGER_FAULT_NO_REGION;
	}
	if (!(allowed & access)) {
		return PAGER_FAULT_PROTECTION;
	}
	return model_beyond(p) ? PAGER_FAULT_BEYOND_FILE : 0;
}

/* The frame that a thread gets at; 0 if it faults, as it should. */
static uint32_t thread_frame(struct model_space *m, unsigned slot, unsigned access)
{
	struct space *space = space_find(m->number);
	const struct model_page *p = &m->pages[slot];
	int expected = expected_code(p, access);

	for (unsigned tries = 0; tries < 3; tries++) {
		uint64_t entry = fake_entry(&space->kernel, model_page_number(slot));
		int code;

		if (entry & access) {
			CHECK(expected == 0);
			return (uint32_t)(entry >> 3);
		}
		code = fault_handle(space, address_of(slot) + random_below(PAGE_BYTES), access);
		if (!pager_finish() && code == 0) {
			code = PAGER_FAULT_NO_MEMORY;
		}
		if (code != 0) {
			bool full = p->shared && (access & FAULT_WRITE) && may_be_full();

			CHECK(code == expected ||
			      (code == PAGER_FAULT_NO_MEMORY && config->tight) ||
			      (code == PAGER_FAULT_IO && (fake_read_errors != 0 || full)));
			sync_copies(m, slot, 1);
			return 0;
		}
	}
	fail("fault at page %#x is never resolved", model_page_number(slot));
}

static void op_load(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned access = random_below(6) == 0 ? FAULT_EXECUTE : FAULT_READ;
	uint32_t frame;

	if (slot == MODEL_PAGES) {
		return;
	}
	frame = thread_frame(m, slot, access);
	if (frame != 0) {
		const struct model_page *p = &m->pages[slot];

		CHECK(memcmp(frame_data(frame), model_read(p), model_defined(p)) == 0);
	}
}

static void op_store(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned offset = (unsigned)random_below(PAGE_BYTES);
	unsigned n = 1 + (unsigned)random_below(PAGE_BYTES - offset);
	uint8_t bytes[PAGE_BYTES];
	struct model_page *p;
	uint32_t frame;

	if (slot == MODEL_PAGES) {
		return;
	}
	p = &m->pages[slot];
	frame = thread_frame(m, slot, FAULT_WRITE);
	if (frame == 0) {
		return;
	}
	fill_random(bytes, n);
	memcpy((uint8_t *)frame_data(frame) + offset, bytes, n);
	uint8_t *to = model_write(p);
	unsigned defined = model_defined(p);

	/* Stores behind the end of a file count for nothing. */
	if (offset < defined) {
		memcpy(to + offset, bytes, n < defined - offset ? n : defined - offset);
	}
}

/* How many bytes of a copy the model lets through. */
static uint64_t copy_allowed(const struct model_space *m, uint64_t address, uint64_t n,
			     unsigned access)
{
	uint64_t done = 0;

	while (done < n) {
		uint64_t at = address + done, piece = PAGE_BYTES - at % PAGE_BYTES;
		unsigned slot = model_slot((uint32_t)(at >> PAGE_SHIFT));

		if (slot == MODEL_PAGES || expected_code(&m->pages[slot], access) != 0) {
			break;
		}
		done += piece < n - done ? piece : n - done;
	}
	return done;
}

/* Check the status of a copy that should have moved `allowed` bytes; the bytes it moved. */
static uint64_t copy_result(int64_t status, uint64_t allowed)
{
	if (status < 0) {
		CHECK((status == -STATUS_FAULT && allowed == 0) || excused(status));
		return 0;
	}
	CHECK((uint64_t)status == allowed ||
	      ((uint64_t)status < allowed &&
	       (config->tight || fake_read_errors != 0 || may_be_full())));
	return (uint64_t)status;
}

/* Bytes of a space as the model has them. */
static void model_gather(const struct model_space *m, uint64_t address, uint64_t n, uint8_t *to,
			 bool *defined)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		const struct model_page *p = &m->pages[model_slot((uint32_t)(at >> PAGE_SHIFT))];

		to[i] = model_read(p)[at % PAGE_BYTES];
		if (at % PAGE_BYTES >= model_defined(p)) {
			*defined = false;
		}
	}
}

static void model_scatter(struct model_space *m, uint64_t address, uint64_t n, const uint8_t *from)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		struct model_page *p = &m->pages[model_slot((uint32_t)(at >> PAGE_SHIFT))];
		uint8_t *to = model_write(p);

		if (at % PAGE_BYTES < model_defined(p)) {
			to[at % PAGE_BYTES] = from[i];
		}
	}
}

static void op_copy(void)
{
	static uint8_t bytes[4 * PAGE_BYTES];
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	bool in = random_below(2), defined = true;
	uint64_t n = 1 + random_below(sizeof(bytes)), address, done;

	if (slot == MODEL_PAGES) {
		return;
	}
	address = address_of(slot) + random_below(PAGE_BYTES);
	done = copy_allowed(m, address, n, in ? FAULT_READ : FAULT_WRITE);
	if (in) {
		done = copy_result(CALL(PAGER_COPY_IN, m->number, address, n, 100), done);
		model_gather(m, address, done, bytes, &defined);
		CHECK(!defined || memcmp(bytes, pager_xfer + 100, done) == 0);
		return;
	}
	fill_random(pager_xfer, n);
	memcpy(bytes, pager_xfer, n);
	done = copy_result(CALL(PAGER_COPY_OUT, m->number, address, n, 0), done);
	model_scatter(m, address, done, bytes);
	if (done < n) {
		slot = model_slot((uint32_t)((address + done) >> PAGE_SHIFT));
		if (slot != MODEL_PAGES) {
			sync_copies(m, slot, 1);
		}
	}
}

static void op_exchange(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned offset = 4 * (unsigned)random_below(PAGE_BYTES / 4);
	uint32_t before, after = (uint32_t)random_next();
	struct model_page *p;
	int64_t status;

	if (slot == MODEL_PAGES || m->pages[slot].object != NULL) {
		return;
	}
	p = &m->pages[slot];
	memcpy(&before, model_read(p) + offset, 4);
	before += random_below(4) == 0;
	status = CALL(PAGER_COMPARE_EXCHANGE, m->number, address_of(slot) + offset, before, after);
	if (status != 0) {
		CHECK(excused(status) || expected_code(p, FAULT_WRITE) != 0);
		return;
	}
	CHECK(expected_code(p, FAULT_WRITE) == 0);
	CHECK(memcmp(&out1, model_read(p) + offset, 4) == 0);
	if (out1 == before) {
		memcpy(model_write(p) + offset, &after, 4);
	}
}

/* ---- regions ---- */

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

static void op_map(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(24, &pages);
	uint32_t flags = 0;
	uint8_t protection = pick_protection();
	struct model_object *object = random_below(3) == 0 ? NULL : pick_object(), *made = NULL;
	uint64_t index = random_below(4) == 0 ? random_below(OBJECT_PAGES) : random_below(8);
	uint64_t address = address_of(slot);
	int64_t status;

	if (m == NULL) {
		return;
	}
	flags |= random_below(3) == 0 ? PAGER_SHARED : 0;
	flags |= random_below(3) != 0 ? PAGER_FIXED : 0;
	flags |= random_below(8) == 0 ? PAGER_NOREPLACE : 0;
	flags |= random_below(8) == 0 ? PAGER_POPULATE : 0;
	flags |= random_below(40) == 0 ? PAGER_LOCKED : 0;
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
		CHECK(out1 == address);
		CHECK(!(flags & PAGER_NOREPLACE) || !any_mapped(m, slot, pages));
	} else {
		slot = model_slot((uint32_t)(out1 >> PAGE_SHIFT));
		if (slot == MODEL_PAGES ||
		    model_slot((uint32_t)(out1 >> PAGE_SHIFT) + pages - 1) == MODEL_PAGES) {
			CHECK(CALL(PAGER_UNMAP, m->number, out1, pages * PAGE_BYTES) == 0);
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

static void op_unmap(void)
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

static void op_protect(void)
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

static void op_remap(void)
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
		for (unsigned i = to; (flags & 2) && i < to + wanted && !overlap; i++) {
			if (region_at(space_find(m->number), model_page_number(i)) == NULL) {
				model_clear(&m->pages[i]);
			}
		}
		/* Linux, too, cuts a range that shrinks before it moves it. */
		for (unsigned i = slot + wanted; (flags & 2) && !overlap && i < slot + pages; i++) {
			if (region_at(space_find(m->number), model_page_number(i)) == NULL) {
				model_clear(&m->pages[i]);
			}
		}
		return;
	}
	if (out1 == address_of(slot)) {
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
		unsigned first = model_slot((uint32_t)(out1 >> PAGE_SHIFT));
		unsigned last = model_slot((uint32_t)(out1 >> PAGE_SHIFT) + wanted - 1);

		if (first == MODEL_PAGES || last != first + wanted - 1) {
			/* Where the model cannot see it. */
			CHECK(CALL(PAGER_UNMAP, m->number, out1, wanted * PAGE_BYTES) == 0);
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

static void op_advise(void)
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

static void op_lock(void)
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

static void op_fork(void)
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
	child->number = (uint32_t)out1;
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

static void op_exit(void)
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

/* ---- objects ---- */

static bool random_hole(uint64_t page)
{
	return (page * 7 + random_below(3)) % 4 == 0;
}

static void op_create(void)
{
	struct model_object *o = free_object();
	struct fake_file *file;

	if (o == NULL) {
		return;
	}
	o->kind = random_below(3) == 0 ? MODEL_TMPFS : MODEL_DISK;
	o->fs = o->kind == MODEL_TMPFS ? 2 : 1;
	o->linked = true;
	file = fake_file_make(o->fs);
	o->ino = file->ino;
	if (o->kind == MODEL_DISK) {
		o->size = random_below(OBJECT_PAGES * PAGE_BYTES);
		fill_random(o->bytes, o->size);
		fake_file_fill(file, o->bytes, o->size, random_hole);
		for (uint64_t i = 0; i * PAGE_BYTES < o->size; i++) {
			if (file->pages[i] == NULL) {
				memset(o->bytes + i * PAGE_BYTES, 0, PAGE_BYTES);
			}
		}
	}
}

static void op_open_close(void)
{
	struct model_object *o = &model_objects[random_below(MODEL_OBJECTS)];
	int64_t status;

	if (o->kind == 0) {
		return;
	}
	if (o->opened) {
		CHECK(CALL(PAGER_OBJECT_CLOSE, o->number) == 0);
		o->opened = false;
		model_settle(o);
		return;
	}
	if (!o->linked) {
		return;
	}
	status = CALL(PAGER_OBJECT_OPEN, o->fs, o->ino, 12345, o->kind == MODEL_TMPFS);
	if (status != 0) {
		CHECK(excused(status));
		return;
	}
	CHECK(o->regions == 0 || o->number == out1);
	o->number = (uint32_t)out1;
	o->opened = true;
	CHECK(CALL(PAGER_OBJECT_SIZE, o->number) == 0 && out1 == o->size);
}

static void op_unlink(void)
{
	struct model_object *o = &model_objects[random_below(MODEL_OBJECTS)];

	if (o->kind == 0 || o->kind == MODEL_ANONYMOUS || !o->linked || random_below(4) != 0) {
		return;
	}
	fake_file_unlink(fake_file(o->fs, o->ino));
	CHECK(CALL(PAGER_OBJECT_FORGET, o->fs, o->ino) == 0);
	o->linked = false;
	model_settle(o);
}

/* Is any page of the range this object's? Then bytes move under our hands. */
static bool range_shows(const struct model_space *m, uint64_t address, uint64_t n,
			const struct model_object *o)
{
	for (uint64_t at = address & ~(PAGE_BYTES - 1); at < address + n; at += PAGE_BYTES) {
		unsigned slot = model_slot((uint32_t)(at >> PAGE_SHIFT));

		if (slot != MODEL_PAGES && m->pages[slot].object == o) {
			return true;
		}
	}
	return false;
}

static void model_write_file(struct model_object *o, uint64_t offset, const uint8_t *from,
			     uint64_t n)
{
	memcpy(o->bytes + offset, from, n);
	o->size = offset + n > o->size ? offset + n : o->size;
}

static void op_write(void)
{
	static uint8_t bytes[12 * PAGE_BYTES];
	struct model_object *o = pick_object();
	struct model_space *m = random_below(2) ? NULL : pick_space();
	unsigned slot = m == NULL ? 0 : pick_mapped(m);
	uint64_t n = 1 + random_below(random_below(4) == 0 ? sizeof(bytes) : 5000), allowed = n;
	uint64_t offset, address = 0;
	bool append, defined = true;
	int64_t status;

	if (o == NULL || slot == MODEL_PAGES) {
		return;
	}
	append = random_below(3) == 0;
	offset = append ? o->size : random_below(o->size + 3 * PAGE_BYTES);
	if (offset + n > OBJECT_PAGES * PAGE_BYTES) {
		return;
	}
	if (m != NULL) {
		address = address_of(slot) + random_below(PAGE_BYTES);
		allowed = copy_allowed(m, address, n, FAULT_READ);
		if (range_shows(m, address, n, o)) {
			return;
		}
		model_gather(m, address, allowed, bytes, &defined);
		if (!defined) {
			return;
		}
		status = CALL(PAGER_OBJECT_WRITE, o->number, append ? UINT64_MAX : offset, n,
			      m->number, address);
	} else {
		fill_random(bytes, n);
		memcpy(pager_xfer + 64, bytes, n);
		status = CALL(PAGER_OBJECT_WRITE_XFER, o->number, append ? UINT64_MAX : offset, n,
			      64);
	}
	n = copy_result(status, allowed);
	CHECK(status < 0 || out1 == offset + n);
	if (n > 0) {
		model_write_file(o, offset, bytes, n);
	}
	CHECK(object_find(o->number)->size == o->size);
}

static void op_read(void)
{
	static uint8_t bytes[12 * PAGE_BYTES];
	struct model_object *o = pick_object();
	struct model_space *m = random_below(2) ? NULL : pick_space();
	unsigned slot = m == NULL ? 0 : pick_mapped(m);
	uint64_t n = 1 + random_below(random_below(4) == 0 ? sizeof(bytes) : 5000), allowed;
	uint64_t offset, address = 0, done;

	if (o == NULL || slot == MODEL_PAGES) {
		return;
	}
	offset = random_below(o->size + PAGE_BYTES);
	allowed = offset >= o->size ? 0 : n < o->size - offset ? n : o->size - offset;
	if (m == NULL) {
		done = copy_result(CALL(PAGER_OBJECT_READ_XFER, o->number, offset, n, 8), allowed);
		CHECK(memcmp(pager_xfer + 8, o->bytes + offset, done) == 0);
		return;
	}
	address = address_of(slot) + random_below(PAGE_BYTES);
	if (range_shows(m, address, n, o)) {
		return;
	}
	if (allowed > 0) {
		allowed = copy_allowed(m, address, allowed, FAULT_WRITE);
		done = copy_result(
			CALL(PAGER_OBJECT_READ, o->number, offset, n, m->number, address), allowed);
		memcpy(bytes, o->bytes + offset, done);
		model_scatter(m, address, done, bytes);
		slot = model_slot((uint32_t)((address + done) >> PAGE_SHIFT));
		if (slot != MODEL_PAGES) {
			sync_copies(m, slot, 1);
		}
	}
}

static void op_truncate(void)
{
	struct model_object *o = pick_object();
	uint64_t size = random_below(OBJECT_PAGES * PAGE_BYTES + 1);
	int64_t status;

	if (o == NULL || random_below(3) != 0) {
		return;
	}
	size = random_below(2) ? size & ~(PAGE_BYTES - 1) : size;
	status = CALL(PAGER_OBJECT_TRUNCATE, o->number, size);
	CHECK(status == 0 || excused(status));
	if (object_find(o->number)->size != size) {
		CHECK(status != 0);
		return;
	}
	if (size < o->size) {
		memset(o->bytes + size, 0, o->size - size);
	}
	o->size = size;
	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		for (unsigned j = 0; j < MODEL_PAGES; j++) {
			struct model_page *p = &model_spaces[i].pages[j];

			if (p->object == o && model_beyond(p)) {
				model_drop_copy(p);
			}
		}
	}
}

/* After a sync without error the disk has every byte. */
static void check_disk(const struct model_object *o)
{
	const struct fake_file *file = fake_file(o->fs, o->ino);

	CHECK(file != NULL && file->size == o->size);
	for (uint64_t i = 0; i * PAGE_BYTES < o->size; i++) {
		static const uint8_t zeros[PAGE_BYTES];
		uint64_t n = o->size - i * PAGE_BYTES;
		const uint8_t *page = file->pages[i] == NULL ? zeros : file->pages[i];

		CHECK(memcmp(page, o->bytes + i * PAGE_BYTES, n < PAGE_BYTES ? n : PAGE_BYTES) ==
		      0);
	}
	for (uint64_t i = object_pages(object_find(o->number)); i < FAKE_PAGES_MAX; i++) {
		CHECK(file->pages[i] == NULL);
	}
}

static void op_sync(void)
{
	struct model_object *o = pick_object();
	unsigned errors = fake_errors;
	int64_t status;

	if (o == NULL) {
		return;
	}
	fake_write_errors = config->write_errors;
	status = CALL(PAGER_OBJECT_SYNC, o->number);
	fake_write_errors = 0;
	CHECK(status == 0 || (status == -STATUS_IO && fake_errors != errors));
	CHECK(fake_errors == errors || status == -STATUS_IO);
	if (status == 0 && o->kind == MODEL_DISK) {
		check_disk(o);
	}
}

static void op_sync_range(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(16, &pages);
	int64_t status;
	bool hole = false;

	if (m == NULL) {
		return;
	}
	status = CALL(PAGER_SYNC_RANGE, m->number, address_of(slot), pages * PAGE_BYTES, 4);
	for (unsigned i = slot; i < slot + pages; i++) {
		hole = hole || !m->pages[i].mapped;
	}
	CHECK(status == (hole ? -STATUS_NOMEM : 0));
	for (unsigned i = slot; i < slot + pages; i++) {
		const struct model_page *p = &m->pages[i];

		if (p->mapped && p->shared && p->object->kind == MODEL_DISK && !model_beyond(p)) {
			const struct fake_file *file = fake_file(p->object->fs, p->object->ino);

			CHECK(file->pages[p->index] == NULL ||
			      memcmp(file->pages[p->index], model_read(p), model_defined(p)) == 0);
		}
	}
}

/* ---- the rest ---- */

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
