/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dirty pages of files, and writing them back.
 *
 * A page becomes dirty before it is written to: by a write request, or at the
 * write fault that gives an entry WRITE (C1 in cache.c). At that moment the
 * file system gives it a place, so a full disk is an error of the writer and
 * not of a later write-back. Writing back first takes WRITE from every entry
 * and only then clears the mark: what is stored afterwards marks it again.
 *
 * The number of dirty pages is bounded: at 1/5 of the pool the writer pays for
 * writing some back. What was dirty for WRITEBACK_AGE is written by the tick.
 *
 * Pages of tmpfs files have no disk to go to; together with other shared memory
 * they may fill half of the pool.
 *
 * A page that could not be written stays dirty and is tried again; the error
 * is kept with the object and given once to the next sync.
 */
#include "servers/pager/cache.h"

#include <string.h>

#include "servers/pager/mapping.h"
#include "servers/pager/object.h"
#include "servers/protocol/files.h"

#define WRITEBACK_AGE 5000u /* milliseconds */

static uint64_t dirty_limit(void)
{
	return frames.total / 5;
}

void cache_balance_dirty(void)
{
	if (cache_counts.dirty >= dirty_limit()) {
		cache_write_back_old(0, dirty_limit() * 3 / 4);
	}
}

int cache_make_dirty(struct object *object, uint64_t index, uint32_t frame)
{
	struct frame *f = frame_of(frame);

	f->flags &= (uint8_t)~FRAME_FENCED;
	if (f->flags & FRAME_DIRTY) {
		return 0;
	}
	if (object_on_disk(object)) {
		cache_balance_dirty();
		if (cache_counts.dirty >= 2 * dirty_limit()) {
			return -STATUS_IO; /* the disk takes nothing any more */
		}
	}
	if (object->kind == OBJECT_KIND_TMPFS && cache_counts.memory_pages > frames.total / 2) {
		return -STATUS_NOSPC; /* it could never be evicted */
	}
	if (!object_on_disk(object) && !frames_may_keep()) {
		return -STATUS_NOMEM;
	}
	if (object->kind != OBJECT_KIND_ANONYMOUS && !(f->flags & FRAME_ALLOCATED)) {
		int error = files_allocate(object->fs, object->ino, index, 1);

		if (error != 0) {
			return error;
		}
		f->flags |= FRAME_ALLOCATED;
	}
	f->flags |= FRAME_DIRTY;
	if (object->dirty_count++ == 0) {
		object->dirty_first = index;
		object->dirty_end = index + 1;
	}
	object->dirty_first = index < object->dirty_first ? index : object->dirty_first;
	object->dirty_end = index >= object->dirty_end ? index + 1 : object->dirty_end;
	if (object_on_disk(object)) {
		if (cache_counts.dirty++ == 0) {
			kernel_tick_after(WRITEBACK_AGE);
		}
		object_note_dirty(object);
	} else {
		replace_remove(frame);
	}
	return 0;
}

/* The run of dirty pages at or behind *index: up to FILES_PAGES frames to `run`; their number. */
static unsigned find_run(const struct object *object, uint64_t *index, uint64_t end, uint32_t *run)
{
	uint64_t at = *index;
	unsigned n = 0;

	while (n < FILES_PAGES) {
		uint64_t found = at;
		uint32_t frame = tree_next(&object->tree, &found, end);

		if (frame == 0 || (n > 0 && found != at)) {
			break;
		}
		at = found + 1;
		if (frame_of(frame)->flags & FRAME_DIRTY) {
			*index = n == 0 ? found : *index;
			run[n++] = frame;
		} else if (n > 0) {
			break;
		}
	}
	return n;
}

static void set_clean(struct object *object, const uint32_t *run, unsigned n, bool clean)
{
	for (unsigned i = 0; i < n; i++) {
		struct frame *f = frame_of(run[i]);

		f->flags = (uint8_t)(clean ? f->flags & ~FRAME_DIRTY : f->flags | FRAME_DIRTY);
	}
	object->dirty_count += clean ? -(uint64_t)n : n;
	cache_counts.dirty += clean ? -(uint64_t)n : n;
}

/* Write `n` dirty pages from `index` on. */
static int write_run(struct object *object, uint64_t index, const uint32_t *run, unsigned n)
{
	uint64_t size = object->size, end = (index + n) << PAGE_SHIFT;
	int error;

	cache_protect(object, index, index + n);
	mapping_flush();
	if (size < end) {
		/* Stores through a mapping may have reached behind the end of the file. */
		unsigned used = (unsigned)(size & (PAGE_BYTES - 1));

		memset((uint8_t *)frame_data(run[n - 1]) + used, 0, PAGE_BYTES - used);
	}
	set_clean(object, run, n, true);
	cache_counts.writeback = n;
	error = files_write_pages(object->fs, object->ino, index, n, run);
	cache_counts.writeback = 0;
	if (error != 0) {
		set_clean(object, run, n, false);
		object->error = error;
		return error;
	}
	cache_counts.pages_out += n;
	return 0;
}

int cache_write_back(struct object *object, uint64_t first, uint64_t end)
{
	uint32_t run[FILES_PAGES];
	uint64_t index = first < object->dirty_first ? object->dirty_first : first;
	int result = 0;

	if (!object_on_disk(object)) {
		return 0;
	}
	result = object_push_size(object);
	if (result != 0) {
		object->error = result;
	}
	end = end > object->dirty_end ? object->dirty_end : end;
	while (object->dirty_count > 0 && index < end) {
		unsigned n = find_run(object, &index, end, run);
		int error;

		if (n == 0) {
			break;
		}
		error = write_run(object, index, run, n);
		result = result == 0 ? error : result;
		index += n;
	}
	object_note_dirty(object);
	return result;
}

int cache_write_back_old(uint64_t age, uint64_t goal)
{
	uint64_t now = kernel_milliseconds();
	struct object *object = object_first_dirty(), *next;
	int result = 0;

	for (; object != NULL && cache_counts.dirty > goal; object = next) {
		int error;

		next = object_next_dirty(object);
		if (now - object->dirty_since < age) {
			break;
		}
		error = cache_write_back(object, 0, TREE_INDEX_END);
		result = result == 0 ? error : result;
	}
	return result;
}

void cache_tick(void)
{
	cache_write_back_old(WRITEBACK_AGE, 0);
	if (cache_counts.dirty > 0) {
		kernel_tick_after(WRITEBACK_AGE);
	}
}
