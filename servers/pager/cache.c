/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache: finding, reading, unmapping and dropping pages. Write-back is
 * in writeback.c, eviction in replace.c.
 *
 * C1: a frame that some entry shows writable is FRAME_DIRTY.
 * C2: a CACHE frame that some entry shows is FRAME_MAPPED, and is shown only
 *     where a region of its object says so.
 * C3: between cache_make_dirty and the write to the page, nothing allocates
 *     and nothing is written back.
 */
#include "servers/pager/cache.h"

#include <string.h>

#include "servers/pager/mapping.h"
#include "servers/pager/object.h"
#include "servers/protocol/files.h"

_Static_assert(CLUSTER_MAX <= FILES_PAGES, "a cluster is one request");

struct cache_counts cache_counts;

uint32_t cache_find(const struct object *object, uint64_t index)
{
	return tree_get(&object->tree, index, NULL);
}

/* Make a filled frame page `index`. False, with the frame freed, if memory is out. */
static bool cache_insert(struct object *object, uint64_t index, uint32_t frame)
{
	struct frame *f = frame_of(frame);

	if (!tree_prepare(&object->tree, index, false)) {
		frame_free(frame);
		return false;
	}
	f->of.object = object;
	f->index = index;
	tree_put(&object->tree, index, frame);
	cache_counts.memory_pages += !object_on_disk(object);
	replace_add(frame);
	return true;
}

int64_t cache_page_blank(struct object *object, uint64_t index)
{
	uint32_t frame = cache_find(object, index);

	if (frame != 0) {
		return frame;
	}
	frame = frame_allocate(FRAME_CACHE);
	return frame != 0 && cache_insert(object, index, frame) ? (int64_t)frame : -STATUS_NOMEM;
}

/* A page of zeros: memory objects have those where nothing was written. */
static int64_t zero_page(struct object *object, uint64_t index)
{
	uint32_t frame = frame_allocate(FRAME_CACHE);

	if (frame == 0) {
		return -STATUS_NOMEM;
	}
	frame_zero(frame);
	cache_counts.zero_fills++;
	return cache_insert(object, index, frame) ? (int64_t)frame : -STATUS_NOMEM;
}

/* How many pages to read at `index`, which is not there: 1..CLUSTER_MAX, none of them there. */
static unsigned choose_cluster(const struct object *object, uint64_t index,
			       struct read_ahead *ahead, uint32_t wanted)
{
	uint64_t pages = wanted, stop = index + 1;
	uint64_t end = object_pages(object);

	if (ahead != NULL && index == ahead->next) {
		uint64_t window = ahead->window < 2 ? 4 : 2ull * ahead->window;

		pages = window > pages ? window : pages;
	}
	pages = pages > CLUSTER_MAX ? CLUSTER_MAX : pages;
	end = index + pages < end ? index + pages : end;
	if (tree_next(&object->tree, &stop, end) != 0) {
		end = stop;
	}
	return end > index + 1 ? (unsigned)(end - index) : 1;
}

/* Read `n` pages at `index` into fresh frames; *got: how many are filled. 0 or -STATUS_*. */
static int read_cluster(struct object *object, uint64_t index, unsigned n, uint32_t *list,
			unsigned *got, uint64_t *holes)
{
	unsigned i;
	int error;

	frames_reserve(n, false);
	for (i = 0; i < n && frames.free > frames.reserve; i++) {
		list[i] = frame_take(FRAME_CACHE);
	}
	n = i;
	if (n == 0) {
		return -STATUS_NOMEM;
	}
	*holes = 0;
	error = files_read_pages(object->fs, object->ino, index, n, list, holes);
	if (error != 0 && n > 1) {
		/* Only the page that is needed: another one may be the bad one. */
		error = files_read_pages(object->fs, object->ino, index, 1, list, holes);
		while (n > 1) {
			frame_free(list[--n]);
		}
	}
	if (error != 0) {
		frame_free(list[0]);
		return error;
	}
	*got = n;
	return 0;
}

/* Zero what the file does not have of page `index`: a hole, or behind its end. */
static void complete_page(const struct object *object, uint64_t index, uint32_t frame, bool is_hole)
{
	struct frame *f = frame_of(frame);
	uint64_t start = index << PAGE_SHIFT;
	/* Pages are written only after the file server knows the size: behind what it knows there
	 * is nothing but zeros, whatever the disk says. */
	uint64_t end = object->size < object->file_size ? object->size : object->file_size;

	if (is_hole) {
		frame_zero(frame);
		return;
	}
	f->flags = FRAME_ALLOCATED;
	cache_counts.pages_in++;
	if (end < start + PAGE_BYTES) {
		uint64_t used = end > start ? end - start : 0;

		memset((uint8_t *)frame_data(frame) + used, 0, PAGE_BYTES - used);
	}
}

int64_t cache_page(struct object *object, uint64_t index, struct read_ahead *ahead, uint32_t wanted,
		   bool *major)
{
	uint32_t list[CLUSTER_MAX], found = cache_find(object, index);
	uint64_t holes;
	unsigned n;
	int error;

	if (found != 0) {
		frame_of(found)->flags |= FRAME_REFERENCED;
		return found;
	}
	if (!object_on_disk(object)) {
		return zero_page(object, index);
	}
	n = choose_cluster(object, index, ahead, wanted);
	error = read_cluster(object, index, n, list, &n, &holes);
	if (error != 0) {
		return error;
	}
	if (major != NULL) {
		*major = true;
	}
	if (ahead != NULL) {
		*ahead = (struct read_ahead){.next = index + n, .window = n};
	}
	for (unsigned i = 0; i < n; i++) {
		complete_page(object, index + i, list[i], (holes >> i) & 1);
	}
	if (!cache_insert(object, index, list[0])) {
		list[0] = 0;
	} else {
		cache_pin(list[0]);
	}
	for (unsigned i = 1; i < n; i++) {
		cache_insert(object, index + i, list[i]);
	}
	if (list[0] == 0) {
		return -STATUS_NOMEM;
	}
	cache_unpin(list[0]);
	return list[0];
}

bool region_part(const struct region *region, uint64_t first, uint64_t end, uint64_t *page,
		 uint64_t *count)
{
	uint64_t pages = region->end - region->start;
	uint64_t from = first > region->offset ? first - region->offset : 0;
	uint64_t to = end > region->offset ? end - region->offset : 0;

	to = to > pages ? pages : to;
	if (from >= to) {
		return false;
	}
	*page = region->start + from;
	*count = to - from;
	return true;
}

void cache_unmap(struct object *object, uint64_t first, uint64_t end)
{
	uint64_t page, count;

	for (struct region *r = object->regions; r != NULL; r = r->object_next) {
		if (!r->touched || !region_part(r, first, end, &page, &count)) {
			continue;
		}
		if (count == 1 && !(r->flags & PAGER_SHARED) &&
		    tree_get(&r->space->tree, page, NULL) != 0) {
			continue; /* shows a private copy */
		}
		mapping_unmap(r->space, page, count);
	}
}

void cache_protect(struct object *object, uint64_t first, uint64_t end)
{
	uint64_t page, count;

	for (struct region *r = object->regions; r != NULL; r = r->object_next) {
		if (r->touched && (r->flags & PAGER_SHARED) && (r->protection & PAGER_WRITE) &&
		    region_part(r, first, end, &page, &count)) {
			mapping_protect(r->space, page, count,
					region_rights(r) & (uint8_t)~PAGER_WRITE, 0);
		}
	}
}

/* For tree_remove: the frame is in no tree any more. */
static void drop_frame(uint32_t frame)
{
	struct frame *f = frame_of(frame);
	struct object *object = f->of.object;

	if (f->flags & FRAME_DIRTY) {
		object->dirty_count--;
		cache_counts.dirty -= object_on_disk(object);
	}
	cache_counts.memory_pages -= !object_on_disk(object);
	replace_remove(frame);
	frame_free(frame);
}

void cache_release(struct object *object, uint64_t first, uint64_t end)
{
	tree_remove(&object->tree, first, end, drop_frame);
	object_note_dirty(object);
	if (object->tree.pages == 0 && object->on_idle) {
		objects_trim_later();
	}
}

void cache_drop(struct object *object, uint64_t first, uint64_t end)
{
	cache_unmap(object, first, end);
	mapping_flush(); /* M1 */
	cache_release(object, first, end);
}
