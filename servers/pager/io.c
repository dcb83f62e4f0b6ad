/* SPDX-License-Identifier: BSD-2-Clause */
/* Read and write of objects: between page cache and memory of a space, or xfer. */
#include <string.h>

#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/protocol/files.h"

int64_t object_read(struct object *object, uint64_t offset, uint64_t length, struct space *space,
		    uint64_t address)
{
	uint64_t done = 0;

	if (offset >= object->size) {
		return 0;
	}
	length = length > object->size - offset ? object->size - offset : length;
	while (done < length) {
		uint64_t at = offset + done, in_page = at & (PAGE_BYTES - 1);
		uint64_t piece = PAGE_BYTES - in_page, pages;
		const uint8_t *from;
		int64_t frame, n;

		piece = piece > length - done ? length - done : piece;
		pages = (length - done + in_page + PAGE_BYTES - 1) >> PAGE_SHIFT;
		frame = cache_page(object, at >> PAGE_SHIFT, &object->ahead,
				   pages > CLUSTER_MAX ? CLUSTER_MAX : (uint32_t)pages, NULL);
		if (frame < 0) {
			return done > 0 ? (int64_t)done : frame;
		}
		from = (const uint8_t *)frame_data((uint32_t)frame) + in_page;
		if (space == NULL) {
			memcpy(pager_xfer + address + done, from, piece);
			n = (int64_t)piece;
		} else {
			cache_pin((uint32_t)frame);
			n = copy_out(space, address + done, piece, from);
			cache_unpin((uint32_t)frame);
		}
		if (n < 0) {
			return done > 0 ? (int64_t)done : n;
		}
		done += (uint64_t)n;
		if ((uint64_t)n < piece) {
			break;
		}
	}
	return (int64_t)done;
}

/* One write request. */
struct write {
	struct object *object;
	uint64_t offset, length;
	struct space *space; /* NULL: from xfer */
	uint64_t address;
	uint64_t placed_end; /* pages below it, from the request's first on, have places */
};

/*
 * Give the next pages of the request, behind the end of the file, places at
 * once: one call of the file server for many pages. Failure is no error here:
 * each page asks for itself. (Not in holes: a place that is not written to in
 * the end would show what the disk had there.)
 */
static void place_ahead(struct write *w, uint64_t done)
{
	uint64_t index = (w->offset + done) >> PAGE_SHIFT;
	uint64_t end = (w->offset + w->length + PAGE_BYTES - 1) >> PAGE_SHIFT;

	if (!object_on_disk(w->object) || index < w->placed_end || end - index < 2 ||
	    index < object_pages(w->object)) {
		return;
	}
	end = end - index > FILES_PAGES ? index + FILES_PAGES : end;
	if (files_allocate(w->object->fs, w->object->ino, index, end - index) == 0) {
		w->placed_end = end;
	}
}

/* The frame for page `index`, of which [in_page, in_page + n) will be written; pinned. */
static int64_t write_frame(struct write *w, uint64_t index, uint64_t in_page, uint64_t n)
{
	struct object *object = w->object;
	uint64_t start = index << PAGE_SHIFT;
	bool is_new = cache_find(object, index) == 0;
	bool is_behind = start >= object->size;
	bool covers = in_page == 0 && (n == PAGE_BYTES || start + n >= object->size);
	int64_t frame = is_new && (covers || is_behind) ? cache_page_blank(object, index)
							: cache_page(object, index, NULL, 1, NULL);
	int error;

	if (frame < 0) {
		return frame;
	}
	if (is_new && (covers || is_behind)) {
		uint8_t *bytes = frame_data((uint32_t)frame);

		memset(bytes, 0, in_page);
		memset(bytes + in_page + n, 0, PAGE_BYTES - in_page - n);
	}
	if (index < w->placed_end) {
		frame_of((uint32_t)frame)->flags |= FRAME_ALLOCATED;
	}
	cache_pin((uint32_t)frame);
	error = cache_make_dirty(object, index, (uint32_t)frame);
	if (error != 0) {
		cache_unpin((uint32_t)frame);
		if (is_new) {
			cache_drop(object, index, index + 1);
		}
		return error;
	}
	return frame;
}

/* Write the piece of the request at `done`, at most up to a page boundary of the file. */
static int64_t write_piece(struct write *w, uint64_t done)
{
	static uint8_t bounce[PAGE_BYTES];
	uint64_t at = w->offset + done, in_page = at & (PAGE_BYTES - 1);
	uint64_t n = PAGE_BYTES - in_page;
	const uint8_t *from = pager_xfer + w->address + done;
	int64_t frame;

	n = n > w->length - done ? w->length - done : n;
	if (w->space != NULL) {
		/* By way of a buffer: no page may be touched before all its bytes are there. */
		int64_t got = copy_in(w->space, w->address + done, n, bounce);

		if (got < 0) {
			return got;
		}
		n = (uint64_t)got;
		from = bounce;
	}
	frame = write_frame(w, at >> PAGE_SHIFT, in_page, n);
	if (frame < 0) {
		return frame;
	}
	memcpy((uint8_t *)frame_data((uint32_t)frame) + in_page, from, n);
	cache_unpin((uint32_t)frame);
	if (at + n > w->object->size) {
		w->object->size = at + n;
	}
	return (int64_t)n;
}

/* Places behind the end of the file that a request cut short did not use go back. */
static void return_places(const struct write *w)
{
	struct object *object = w->object;

	if (w->placed_end > object_pages(object)) {
		files_set_size(object->fs, object->ino, w->placed_end << PAGE_SHIFT);
		object->file_size = w->placed_end << PAGE_SHIFT;
		object_push_size(object);
	}
}

int64_t object_write(struct object *object, uint64_t offset, uint64_t length, struct space *space,
		     uint64_t address, uint64_t *behind)
{
	struct write w = {.object = object, .space = space, .address = address, .length = length};
	uint64_t done = 0;
	int64_t n = 0;

	w.offset = offset == UINT64_MAX ? object->size : offset;
	*behind = w.offset;
	if (length == 0) {
		return 0;
	}
	if (w.offset >= OBJECT_SIZE_MAX) {
		return -STATUS_FBIG;
	}
	if (w.length > OBJECT_SIZE_MAX - w.offset) {
		w.length = OBJECT_SIZE_MAX - w.offset;
	}
	if (w.offset > object->size) {
		int error = object_clear_tail(object, object->size);

		if (error != 0) {
			return error;
		}
	}
	while (done < w.length) {
		uint64_t room = PAGE_BYTES - ((w.offset + done) & (PAGE_BYTES - 1));

		place_ahead(&w, done);
		n = write_piece(&w, done);
		if (n < 0) {
			break;
		}
		done += (uint64_t)n;
		if ((uint64_t)n < room && done < w.length) {
			break;
		}
	}
	return_places(&w);
	*behind = w.offset + done;
	return done > 0 ? (int64_t)done : n;
}
