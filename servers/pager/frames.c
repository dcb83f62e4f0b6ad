/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: allocation, and small records within frames.
 *
 * The array of struct frame lies in the largest extent of the pool itself.
 * Free frames are a list, lowest number first at the start so that clusters
 * read from the disk tend to be contiguous. Three marks: at `ageing` free frames
 * the cache begins to look which pages are in use; at `low` it gives pages back (cache_reclaim); below `reserve` only requests
 * that give memory back themselves (unmap, destroy) get frames. A fourth mark, `floor`,
 * counts evictable frames too: memory that cannot be evicted stops there.
 *
 * Invariant F1: a frame is FREE only when no page-table entry shows it.
 */
#include "servers/pager/frames.h"

#include <string.h>

#include "servers/pager/cache.h"

/* What is left to the cache: a share of the pool, as far as programs' text can be expected to
 * need it. */
#define FLOOR_SHARE 16u
#define FLOOR_MOST 2048u /* 8 MiB */

struct frames frames;

static struct pool_extent extents[POOL_EXTENTS];
static unsigned extent_count;
static uint32_t free_head;
static uint32_t free_tail;

static void list_push(uint32_t number)
{
	frame_of(number)->next = free_head;
	free_head = number;
	if (free_tail == 0) {
		free_tail = number;
	}
}

static void list_append(uint32_t number)
{
	frame_of(number)->next = 0;
	if (free_tail == 0) {
		free_head = number;
	} else {
		frame_of(free_tail)->next = number;
	}
	free_tail = number;
}

bool frames_init(const struct pool_extent *list, unsigned count)
{
	uint32_t total = 0, metadata, home = 0;

	for (unsigned i = 0; i < count; i++) {
		extents[i] = list[i];
		total += list[i].pages;
		if (list[i].pages > list[home].pages) {
			home = i;
		}
	}
	extent_count = count;
	metadata = (uint32_t)((total * sizeof(struct frame) + PAGE_BYTES - 1) / PAGE_BYTES);
	if (total < 64 || metadata >= list[home].pages) {
		return false;
	}
	frames = (struct frames){.array = (struct frame *)(void *)list[home].base, .total = total};
	free_head = 0;
	free_tail = 0;
	for (uint32_t i = 0; i < total; i++) {
		bool taken = i == 0 || (i >= list[home].first && i < list[home].first + metadata);

		*frame_of(i) = (struct frame){.kind = taken ? FRAME_METADATA : FRAME_FREE};
		frames.by_kind[frame_of(i)->kind]++;
		if (!taken) {
			list_append(i);
			frames.free++;
		}
	}
	frames.reserve = total / 256 < 8 ? 8 : total / 256 > 64 ? 64 : total / 256;
	frames.low = frames.reserve + (total / 64 > 256 ? 256 : total / 64);
	frames.ageing = frames.low + total / 8;
	frames.floor = total / FLOOR_SHARE > FLOOR_MOST ? FLOOR_MOST : total / FLOOR_SHARE;
	frames.zero = frame_take(FRAME_ZERO);
	frame_zero(frames.zero);
	return true;
}

void *frame_data(uint32_t number)
{
	const struct pool_extent *e = extents;

	while (number - e->first >= e->pages) {
		e++;
	}
	return e->base + (uint64_t)(number - e->first) * PAGE_BYTES;
}

bool frames_reserve(uint32_t count, bool urgent)
{
	if (frames.free < frames.ageing) {
		cache_age();
	}
	if (frames.free < frames.low + count) {
		cache_reclaim(frames.low + count - frames.free);
	}
	return frames.free >= count + (urgent ? 0 : frames.reserve);
}

bool frames_may_keep(void)
{
	return frames.free + replace_evictable() > frames.reserve + frames.floor;
}

uint32_t frame_take(enum frame_kind kind)
{
	uint32_t number = free_head;
	struct frame *f = frame_of(number);

	if (number == 0) {
		return 0;
	}
	free_head = f->next;
	if (free_head == 0) {
		free_tail = 0;
	}
	frames.free--;
	frames.by_kind[FRAME_FREE]--;
	frames.by_kind[kind]++;
	*f = (struct frame){.kind = (uint8_t)kind, .refs = 1};
	return number;
}

uint32_t frame_allocate(enum frame_kind kind)
{
	if (kind == FRAME_PRIVATE && !frames_may_keep()) {
		return 0;
	}
	return frames_reserve(1, false) ? frame_take(kind) : 0;
}

void frame_free(uint32_t number)
{
	struct frame *f = frame_of(number);

	frames.by_kind[f->kind]--;
	*f = (struct frame){.kind = FRAME_FREE};
	frames.by_kind[FRAME_FREE]++;
	frames.free++;
	list_push(number);
}

void frame_zero(uint32_t number)
{
	memset(frame_data(number), 0, PAGE_BYTES);
}

void frame_hold(uint32_t number)
{
	frame_of(number)->refs++;
}

void frame_release(uint32_t number)
{
	if (--frame_of(number)->refs == 0) {
		frame_free(number);
	}
}

/* ---- small records ---- */

#define RECORD_NONE 0xffffu

static void *record_at(const struct slab *slab, uint32_t number, uint64_t i)
{
	return (uint8_t *)frame_data(number) + i * slab->size;
}

/* A fresh page of records, put on the partial list. */
static bool slab_grow(struct slab *slab)
{
	uint32_t number = frame_allocate(FRAME_SLAB);
	struct frame *f;

	if (number == 0) {
		return false;
	}
	slab->per_page = (uint16_t)(PAGE_BYTES / slab->size);
	frame_zero(number);
	f = frame_of(number);
	f->of.slab = slab;
	for (uint16_t i = 0; i < slab->per_page; i++) {
		*(uint64_t *)record_at(slab, number, i) =
			i + 1u < slab->per_page ? i + 1u : RECORD_NONE;
	}
	f->index = 0;
	f->prev = 0;
	f->next = slab->partial;
	if (f->next != 0) {
		frame_of(f->next)->prev = number;
	}
	slab->partial = number;
	return true;
}

static void slab_unlink(struct slab *slab, uint32_t number)
{
	struct frame *f = frame_of(number);

	if (f->prev != 0) {
		frame_of(f->prev)->next = f->next;
	} else {
		slab->partial = f->next;
	}
	if (f->next != 0) {
		frame_of(f->next)->prev = f->prev;
	}
	f->next = 0;
	f->prev = 0;
}

void *slab_allocate(struct slab *slab)
{
	uint32_t number;
	struct frame *f;
	void *record;

	if (slab->partial == 0 && !slab_grow(slab)) {
		return NULL;
	}
	number = slab->partial;
	f = frame_of(number);
	record = record_at(slab, number, f->index);
	f->index = *(uint64_t *)record;
	*(uint64_t *)record = 0;
	f->count++;
	slab->used++;
	if (f->index == RECORD_NONE) {
		slab_unlink(slab, number);
	}
	return record;
}

/* The frame that holds a byte of the pager's view of the pool. */
static uint32_t frame_holding(const void *pointer)
{
	for (unsigned i = 0; i < extent_count; i++) {
		uint64_t offset = (uint64_t)((uintptr_t)pointer - (uintptr_t)extents[i].base);

		if (offset < (uint64_t)extents[i].pages * PAGE_BYTES) {
			return extents[i].first + (uint32_t)(offset >> PAGE_SHIFT);
		}
	}
	return 0;
}

void slab_free(struct slab *slab, void *record)
{
	uint32_t number = frame_holding(record);
	struct frame *f = frame_of(number);
	bool was_full = f->index == RECORD_NONE;

	memset(record, 0, slab->size);
	*(uint64_t *)record = f->index;
	f->index = ((uintptr_t)record & (PAGE_BYTES - 1)) / slab->size;
	f->count--;
	slab->used--;
	if (was_full) {
		f->prev = 0;
		f->next = slab->partial;
		if (f->next != 0) {
			frame_of(f->next)->prev = number;
		}
		slab->partial = number;
	}
	if (f->count == 0) {
		slab_unlink(slab, number);
		frame_free(number);
	}
}

uint32_t slab_number(const struct slab *slab, const void *record)
{
	uint32_t number = frame_holding(record);

	return number * slab->per_page +
	       (uint32_t)(((uintptr_t)record & (PAGE_BYTES - 1)) / slab->size);
}

void *slab_record(const struct slab *slab, uint32_t number)
{
	uint32_t page = slab->per_page == 0 ? 0 : number / slab->per_page;

	if (page == 0 || page >= frames.total || frame_of(page)->kind != FRAME_SLAB ||
	    frame_of(page)->of.slab != slab) {
		return NULL;
	}
	return record_at(slab, page, number % slab->per_page);
}
