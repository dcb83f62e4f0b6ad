/* SPDX-License-Identifier: BSD-2-Clause */
/* See model.h. */
#include "tests/pager/model.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/abi/object.h"
#include "servers/pager/cache.h"
#include "servers/pager/mapping.h"
#include "servers/pager/object.h"
#include "servers/pager/statistics.h"

struct model_space model_spaces[MODEL_SPACES];
struct model_object model_objects[MODEL_OBJECTS];

unsigned model_slot(uint32_t page)
{
	if (page >= ARENA_LOW && page < ARENA_LOW + ARENA_PAGES) {
		return page - ARENA_LOW;
	}
	if (page >= ARENA_TOP && page < ARENA_TOP + ARENA_PAGES) {
		return page - ARENA_TOP + ARENA_PAGES;
	}
	return MODEL_PAGES;
}

uint32_t model_page_number(unsigned slot)
{
	return slot < ARENA_PAGES ? ARENA_LOW + slot : ARENA_TOP + slot - ARENA_PAGES;
}

void model_drop_copy(struct model_page *page)
{
	free(page->copy);
	page->copy = NULL;
}

void model_settle(struct model_object *object)
{
	if (object->regions == 0 && !object->opened && !object->linked) {
		object->kind = 0;
	}
}

void model_clear(struct model_page *page)
{
	if (page->mapped && page->object != NULL) {
		page->object->regions--;
		model_settle(page->object);
	}
	model_drop_copy(page);
	memset(page, 0, sizeof(*page));
}

bool model_beyond(const struct model_page *page)
{
	return page->object != NULL && page->index * PAGE_BYTES >= page->object->size;
}

const uint8_t *model_read(const struct model_page *page)
{
	static const uint8_t zeros[PAGE_BYTES];

	if (page->copy != NULL) {
		return page->copy;
	}
	return page->object == NULL ? zeros : page->object->bytes + page->index * PAGE_BYTES;
}

unsigned model_defined(const struct model_page *page)
{
	uint64_t start = page->index * PAGE_BYTES;

	if (page->copy != NULL && page->object != NULL) {
		return page->defined;
	}
	if (page->object == NULL || page->object->size - start >= PAGE_BYTES) {
		return PAGE_BYTES;
	}
	return (unsigned)(page->object->size - start);
}

uint8_t *model_write(struct model_page *page)
{
	if (page->shared) {
		return page->object->bytes + page->index * PAGE_BYTES;
	}
	if (page->copy == NULL) {
		uint8_t *copy = malloc(PAGE_BYTES);

		memcpy(copy, model_read(page), PAGE_BYTES);
		page->defined = model_defined(page);
		page->copy = copy;
	}
	return page->copy;
}

void model_reset_spaces(void)
{
	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		for (unsigned j = 0; j < MODEL_PAGES; j++) {
			model_clear(&model_spaces[i].pages[j]);
		}
		model_spaces[i].active = false;
	}
}

void model_reset(void)
{
	model_reset_spaces();
	memset(model_objects, 0, sizeof(model_objects));
}

/* ---- comparison with the pager ---- */

static struct model_object *model_of(const struct object *object)
{
	for (unsigned i = 0; i < MODEL_OBJECTS; i++) {
		struct model_object *m = &model_objects[i];

		if (m->kind != 0 && m->number == object_number(object) &&
		    (m->opened || m->regions > 0)) {
			return m;
		}
	}
	return NULL;
}

static void check_regions(const struct model_space *m, struct space *space)
{
	unsigned mapped = 0, expected = 0;
	uint64_t locked = 0;
	const struct region *before = NULL;

	for (const struct region *r = region_first(space); r != NULL; r = region_next(r)) {
		CHECK(r->start < r->end && r->space == space && r->prev == before);
		CHECK(before == NULL || before->end <= r->start);
		before = r;
		for (uint32_t page = r->start; page < r->end; page++) {
			unsigned slot = model_slot(page);
			const struct model_page *p;

			CHECK(slot < MODEL_PAGES);
			p = &m->pages[slot];
			CHECK(p->mapped);
			CHECK(p->protection == r->protection);
			CHECK(p->shared == !!(r->flags & PAGER_SHARED));
			CHECK(p->locked == !!(r->flags & PAGER_LOCKED));
			CHECK(p->dont_fork == !!(r->advice & ADVICE_DONT_FORK));
			CHECK(p->wipe == !!(r->advice & ADVICE_WIPE_ON_FORK));
			CHECK((p->object == NULL) == (r->object == NULL));
			if (p->object != NULL) {
				CHECK(model_of(r->object) == p->object);
				CHECK(region_index(r, page) == p->index);
			}
			mapped++;
			locked += p->locked;
		}
	}
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		expected += m->pages[i].mapped;
	}
	CHECK(mapped == expected);
	CHECK(space->virtual_pages == mapped);
	CHECK(space->locked_pages == locked);
}

/* Every entry shows what page_resolve would find. */
static void check_entry(void *context, uint32_t page, uint64_t entry)
{
	struct space *space = context;
	const struct region *r = region_at(space, page);
	uint32_t frame = (uint32_t)(entry >> 3), own, cached;
	bool exclusive = false;

	CHECK(r != NULL && r->touched);
	CHECK((entry & 7 & ~(uint64_t)region_rights(r)) == 0);
	own = r->flags & PAGER_SHARED ? 0 : tree_get(&space->tree, page, &exclusive);
	cached = r->object == NULL ? 0 : cache_find(r->object, region_index(r, page));
	if (own != 0) {
		CHECK(frame == own);
		CHECK(!(entry & RIGHT_WRITE) || exclusive);
		return;
	}
	if (cached != 0) {
		CHECK(frame == cached);
		CHECK(frame_of(frame)->flags & FRAME_MAPPED);
		CHECK(!(entry & RIGHT_WRITE) ||
		      ((r->flags & PAGER_SHARED) && (frame_of(frame)->flags & FRAME_DIRTY)));
		return;
	}
	CHECK(r->object == NULL && frame == frames.zero && !(entry & RIGHT_WRITE));
}

static uint32_t *counted; /* references found, by frame */

/* Count references below a root; counts a node's children only at its first visit. */
static uint64_t count_tree(uint32_t root, unsigned height)
{
	uint64_t pages = 0;

	if (root == 0 || counted[root]++ > 0) {
		return root == 0 ? 0 : frame_of(root)->index;
	}
	CHECK(frame_of(root)->kind == FRAME_NODE);
	const uint64_t *entries = frame_data(root);
	unsigned used = 0;

	for (unsigned i = 0; i < TREE_FANOUT; i++) {
		if (entries[i] == 0) {
			continue;
		}
		used++;
		if (height > 1) {
			pages += count_tree((uint32_t)entries[i], height - 1);
		} else {
			counted[entries[i]]++;
			pages++;
		}
	}
	CHECK(frame_of(root)->count == used);
	CHECK(frame_of(root)->index == pages);
	return pages;
}

static void check_object(const struct object *object)
{
	uint64_t index = 0, dirty = 0;
	uint32_t frame;

	while ((frame = tree_next(&object->tree, &index, TREE_INDEX_END)) != 0) {
		const struct frame *f = frame_of(frame);

		CHECK(f->kind == FRAME_CACHE && f->of.object == object && f->index == index);
		CHECK(index < object_pages(object));
		if (f->flags & FRAME_DIRTY) {
			CHECK(index >= object->dirty_first && index < object->dirty_end);
			dirty++;
		}
		CHECK(!!(f->flags & FRAME_QUEUED) ==
		      !(!object_on_disk(object) && (f->flags & FRAME_DIRTY)));
		index++;
	}
	CHECK(dirty == object->dirty_count);
	CHECK(object->on_dirty == (dirty > 0 && object_on_disk(object)));
}

static void count_object(const struct object *object)
{
	CHECK(count_tree(object->tree.root, object->tree.height) == object->tree.pages);
	check_object(object);
}

/* References, free frames and dirty pages add up. */
void model_check_frames(void)
{
	uint32_t kinds[FRAME_KINDS] = {0};
	uint64_t dirty = 0;

	counted = calloc(frames.total, sizeof(*counted));
	for (uint32_t i = 0; i < SPACES_MAX; i++) {
		struct space *space = space_at(i);

		if (space != NULL && space->active) {
			CHECK(count_tree(space->tree.root, space->tree.height) ==
			      space->tree.pages);
		}
	}
	for (uint32_t i = 1; i < frames.total; i++) {
		const struct frame *f = frame_of(i);

		if (f->kind == FRAME_CACHE && counted[i] == 0) {
			count_object(f->of.object);
		}
	}
	for (uint32_t i = 0; i < frames.total; i++) {
		const struct frame *f = frame_of(i);

		kinds[f->kind]++;
		if (f->kind == FRAME_NODE || f->kind == FRAME_PRIVATE) {
			CHECK(f->refs == counted[i]);
		} else if (f->kind == FRAME_CACHE) {
			CHECK(counted[i] == 1 && f->refs == 1);
			dirty += (f->flags & FRAME_DIRTY) && object_on_disk(f->of.object);
		} else {
			CHECK(counted[i] == 0);
		}
	}
	for (unsigned i = 0; i < FRAME_KINDS; i++) {
		CHECK(kinds[i] == frames.by_kind[i]);
	}
	CHECK(frames.free == kinds[FRAME_FREE]);
	CHECK(dirty == cache_counts.dirty);
	free(counted);
}

void model_check(void)
{
	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		const struct model_space *m = &model_spaces[i];
		struct space *space;

		if (!m->active) {
			continue;
		}
		space = space_find(m->number);
		CHECK(space != NULL);
		check_regions(m, space);
		fake_each_entry(&space->kernel, check_entry, space);
	}
	model_check_frames();
}
