/* SPDX-License-Identifier: BSD-2-Clause */
/* See flat.h. */
#include "tests/native-vm/flat.h"

static struct flat_page *page_at(struct flat_space *space, const struct window_item *item,
				 uint32_t i)
{
	return &space->pages[item->va_page - FLAT_FIRST + i];
}

static unsigned pool_of(const struct flat_page *page)
{
	return page->frame - 1u < POOL0_FRAMES ? 0 : 1;
}

static bool is_expected(const struct flat_page *page, unsigned pool, const struct window_item *item)
{
	uint64_t pool_page = item->expected + item->done;

	if (item->flags & WINDOW_EXPECT_EMPTY)
		return page->frame == 0;
	if (item->flags & WINDOW_EXPECT_PAGE)
		return pool_page < pool_frames(pool) &&
		       page->frame == pool_base(pool) + pool_page + 1;
	return true;
}

enum err flat_map(struct flat_space *space, unsigned pool, struct window_item *item)
{
	item->done = 0;
	if (item->rights & ~space->allowed[pool])
		return ERR_RIGHTS;
	if ((item->flags & WINDOW_ZERO) && !(space->allowed[pool] & RIGHT_WRITE))
		return ERR_RIGHTS;
	for (; item->done < item->count; item->done++) {
		struct flat_page *page = page_at(space, item, item->done);
		uint16_t frame = (uint16_t)(pool_base(pool) + item->pool_page + item->done + 1);

		if (!is_expected(page, pool, item))
			return ERR_MISMATCH;
		if (page->frame != frame) {
			page->bits = FLAT_ACCESSED;
			if (item->rights & RIGHT_WRITE)
				page->bits |= FLAT_DIRTY;
		}
		page->frame = frame;
		page->rights = item->rights;
		if (item->rights & RIGHT_WRITE)
			space->may_be_dirty[(page - space->pages) / FLAT_BLOCK] = true;
	}
	return ERR_OK;
}

enum err flat_protect(struct flat_space *space, struct window_item *item)
{
	for (item->done = 0; item->done < item->count; item->done++) {
		struct flat_page *page = page_at(space, item, item->done);

		if (page->frame == 0)
			continue;
		if ((item->rights & ~page->rights) &&
		    (item->rights & ~space->allowed[pool_of(page)]))
			return ERR_RIGHTS;
		page->rights = item->rights;
	}
	return ERR_OK;
}

enum err flat_freeze(struct flat_space *space, struct window_item *item)
{
	for (item->done = 0; item->done < item->count; item->done++) {
		for (unsigned i = 0; i < FLAT_BLOCK; i++)
			page_at(space, item, (uint64_t)item->done * FLAT_BLOCK + i)->rights &=
				(uint8_t)~RIGHT_WRITE;
	}
	return ERR_OK;
}

enum err flat_unmap(struct flat_space *space, struct window_item *item)
{
	for (item->done = 0; item->done < item->count; item->done++)
		*page_at(space, item, item->done) = (struct flat_page){0};
	return ERR_OK;
}

enum err flat_clone(struct flat_space *space, struct flat_space *target, struct window_item *item)
{
	for (item->done = 0; item->done < item->count; item->done++) {
		struct flat_page *page = page_at(space, item, item->done);
		struct flat_page *copy = page_at(target, item, item->done);
		uint8_t rights = page->rights & (uint8_t)~RIGHT_WRITE;

		if (page->frame == 0)
			continue;
		if (copy->frame != 0)
			return ERR_MISMATCH;
		if (rights & ~target->allowed[pool_of(page)])
			return ERR_RIGHTS;
		*copy = (struct flat_page){page->frame, rights, FLAT_ACCESSED};
		page->rights = rights;
	}
	return ERR_OK;
}

void flat_unbind(struct flat_space *space, unsigned pool)
{
	for (unsigned i = 0; i < FLAT_PAGES; i++) {
		if (space->pages[i].frame != 0 && pool_of(&space->pages[i]) == pool)
			space->pages[i] = (struct flat_page){0};
	}
	space->allowed[pool] = 0;
}

const char *flat_harvest(struct flat_space *space, const struct window_item *item,
			 const uint64_t *words)
{
	uint64_t first = item->va_page - FLAT_FIRST, end = first + item->count;

	for (uint32_t i = 0; i < item->count; i++) {
		struct flat_page *page = page_at(space, item, i);
		unsigned bits = (unsigned)(words[i / 32] >> (2 * (i % 32))) & 3;

		if (page->bits & ~bits)
			return "an access or store is not reported";
		if (page->frame == 0 && bits != 0)
			return "a page that is not mapped has bits";
		if ((bits & FLAT_DIRTY) && !space->may_be_dirty[(first + i) / FLAT_BLOCK])
			return "dirty without a store";
		if (item->flags & WINDOW_CLEAR)
			page->bits = 0;
	}
	/* A large leaf keeps its bits unless all of it was meant. */
	for (uint64_t block = 0; block < FLAT_PAGES / FLAT_BLOCK; block++) {
		if ((item->flags & WINDOW_CLEAR) && first <= block * FLAT_BLOCK &&
		    (block + 1) * FLAT_BLOCK <= end)
			space->may_be_dirty[block] = false;
	}
	return NULL;
}

void flat_access(struct flat_space *space, unsigned page, bool is_store)
{
	space->pages[page].bits |= is_store ? FLAT_ACCESSED | FLAT_DIRTY : FLAT_ACCESSED;
	if (is_store)
		space->may_be_dirty[page / FLAT_BLOCK] = true;
}
