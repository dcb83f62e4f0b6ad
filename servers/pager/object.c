/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects: their life.
 *
 * An object is in use while it has an opener, a region or a request (hold).
 * Out of use it stays as a cache of its file (idle list, oldest first) until
 * its last page is evicted, the list is too long, or the file is unlinked
 * (PAGER_OBJECT_FORGET). From its first to its last moment it counts as an
 * opener at the file server, so an inode number is never used again while
 * pages of the old file are here. Pages of tmpfs files live nowhere else: such
 * an object goes only when it has no page or its file is unlinked.
 */
#include "servers/pager/object.h"

#include <string.h>

#include "servers/pager/cache.h"

#define HASH_BUCKETS 512u

static struct slab object_slab = {.size = sizeof(struct object)};
static struct object *buckets[HASH_BUCKETS];
static struct object_links idle_list; /* next = first, prev = last */
static struct object_links dirty_list;
static uint32_t idle_count; /* of the disk's objects */
static bool trim_wanted;    /* an idle object may have no page */

static void links_append(struct object_links *list, struct object *object, size_t which)
{
	struct object_links *own = (struct object_links *)(void *)((uint8_t *)object + which);

	own->next = NULL;
	own->prev = list->prev;
	if (list->prev != NULL) {
		((struct object_links *)(void *)((uint8_t *)list->prev + which))->next = object;
	} else {
		list->next = object;
	}
	list->prev = object;
}

static void links_remove(struct object_links *list, struct object *object, size_t which)
{
	struct object_links *own = (struct object_links *)(void *)((uint8_t *)object + which);

	if (own->prev != NULL) {
		((struct object_links *)(void *)((uint8_t *)own->prev + which))->next = own->next;
	} else {
		list->next = own->next;
	}
	if (own->next != NULL) {
		((struct object_links *)(void *)((uint8_t *)own->next + which))->prev = own->prev;
	} else {
		list->prev = own->prev;
	}
}

static struct object **bucket_of(uint32_t fs, uint64_t ino)
{
	uint64_t hash = (ino * 0x9e3779b97f4a7c15ull) ^ fs * 0x85ebca6bull;

	return &buckets[(hash >> 32) % HASH_BUCKETS];
}

struct object *object_find(uint64_t number)
{
	struct object *object =
		number <= UINT32_MAX ? slab_record(&object_slab, (uint32_t)number) : NULL;

	return object != NULL && object->kind != 0 ? object : NULL;
}

uint32_t object_number(const struct object *object)
{
	return slab_number(&object_slab, object);
}

struct object *object_of_file(uint32_t fs, uint64_t ino)
{
	struct object *object = *bucket_of(fs, ino);

	while (object != NULL && (object->fs != fs || object->ino != ino)) {
		object = object->hash_next;
	}
	return object;
}

static void set_idle(struct object *object, bool idle)
{
	if (idle == object->on_idle) {
		return;
	}
	object->on_idle = idle;
	if (idle) {
		links_append(&idle_list, object, offsetof(struct object, idle));
		idle_count += object_on_disk(object);
		trim_wanted = trim_wanted || object->tree.pages == 0;
	} else {
		links_remove(&idle_list, object, offsetof(struct object, idle));
		idle_count -= object_on_disk(object);
	}
}

void object_note_dirty(struct object *object)
{
	bool dirty = object->dirty_count > 0 && object_on_disk(object);

	if (dirty == object->on_dirty) {
		return;
	}
	object->on_dirty = dirty;
	if (dirty) {
		object->dirty_since = kernel_milliseconds();
		links_append(&dirty_list, object, offsetof(struct object, dirty));
	} else {
		links_remove(&dirty_list, object, offsetof(struct object, dirty));
	}
}

struct object *object_first_dirty(void)
{
	return dirty_list.next;
}

struct object *object_next_dirty(const struct object *object)
{
	return object->dirty.next;
}

/* The end of an object without users. Its dirty pages are lost: the caller wants that. */
static void object_destroy(struct object *object)
{
	struct object **link = bucket_of(object->fs, object->ino);

	if (object->kind != OBJECT_KIND_ANONYMOUS) {
		if (!object->forgotten && object_push_size(object) != 0) {
			kernel_log("pager: size of file %lu:%lu is lost\n",
				   (unsigned long)object->fs, (unsigned long)object->ino);
		}
		while (*link != object) {
			link = &(*link)->hash_next;
		}
		*link = object->hash_next;
	}
	set_idle(object, false);
	cache_drop(object, 0, TREE_INDEX_END);
	if (object->kind != OBJECT_KIND_ANONYMOUS) {
		files_close(object->fs, object->ino);
	}
	slab_free(&object_slab, object);
}

static bool object_in_use(const struct object *object)
{
	return object->openers > 0 || object->region_count > 0 || object->holds > 0;
}

void object_settle(struct object *object)
{
	if (object_in_use(object)) {
		set_idle(object, false);
	} else if (object->kind == OBJECT_KIND_ANONYMOUS || object->forgotten) {
		object_destroy(object);
	} else {
		set_idle(object, true);
	}
}

void object_unhold(struct object *object)
{
	object->holds--;
	object_settle(object);
}

/* A new record of a file, opened at the file server. */
static int object_make(uint32_t fs, uint64_t ino, bool is_tmpfs, struct object **out)
{
	struct object *object = slab_allocate(&object_slab);
	struct object **bucket = bucket_of(fs, ino);
	int error;

	if (object == NULL) {
		return -STATUS_NOMEM;
	}
	error = files_open(fs, ino, &object->size);
	if (error == -STATUS_NFILE || error == -STATUS_NOMEM) {
		objects_trim(0);
		error = files_open(fs, ino, &object->size);
	}
	if (error == 0 && object->size > OBJECT_SIZE_MAX) {
		files_close(fs, ino);
		error = -STATUS_FBIG;
	}
	if (error != 0) {
		slab_free(&object_slab, object);
		return error;
	}
	object->file_size = object->size;
	object->kind = is_tmpfs ? OBJECT_KIND_TMPFS : OBJECT_KIND_DISK;
	object->fs = fs;
	object->ino = ino;
	object->hash_next = *bucket;
	*bucket = object;
	*out = object;
	return 0;
}

int object_open(uint32_t fs, uint64_t ino, bool is_tmpfs, struct object **out)
{
	struct object *object = object_of_file(fs, ino);

	if (object == NULL) {
		int error = object_make(fs, ino, is_tmpfs, &object);

		if (error != 0) {
			return error;
		}
	}
	object->openers++;
	object_settle(object);
	*out = object;
	return 0;
}

int object_anonymous(uint64_t size, bool opened, struct object **out)
{
	struct object *object;

	if (size > OBJECT_SIZE_MAX) {
		return -STATUS_NOMEM;
	}
	object = slab_allocate(&object_slab);
	if (object == NULL) {
		return -STATUS_NOMEM;
	}
	object->kind = OBJECT_KIND_ANONYMOUS;
	object->size = size;
	object->openers = opened ? 1 : 0;
	*out = object;
	return 0;
}

void object_forget(struct object *object)
{
	object->forgotten = true;
	object_settle(object);
}

void objects_trim_later(void)
{
	trim_wanted = true;
}

void objects_trim(uint32_t keep)
{
	struct object *object = idle_list.next, *next;

	if (idle_count <= keep && !trim_wanted) {
		return;
	}
	trim_wanted = false;
	for (; object != NULL; object = next) {
		next = object->idle.next;
		if (object->tree.pages == 0) {
			object_destroy(object);
		} else if (idle_count > keep && object_on_disk(object)) {
			if (cache_write_back(object, 0, TREE_INDEX_END) == 0) {
				object_destroy(object);
			}
		}
	}
}

int object_push_size(struct object *object)
{
	int error = 0;

	if (object->kind != OBJECT_KIND_ANONYMOUS && object->file_size != object->size) {
		error = files_set_size(object->fs, object->ino, object->size);
		object->file_size = error == 0 ? object->size : object->file_size;
	}
	return error;
}

int objects_sync(void)
{
	int result = cache_write_back_old(0, 0);

	for (unsigned i = 0; i < HASH_BUCKETS; i++) {
		for (struct object *o = buckets[i]; o != NULL; o = o->hash_next) {
			int error = o->forgotten ? 0 : object_push_size(o);

			result = result == 0 ? error : result;
		}
	}
	return result;
}

/*
 * The frame of the page that `size` ends in, pinned, if its bytes behind `size`
 * may be other than zero in the cache or on the disk; 0 if not, or -STATUS_*.
 */
static int64_t tail_pin(struct object *object, uint64_t size)
{
	uint64_t index = size >> PAGE_SHIFT;
	int64_t frame;

	if (size % PAGE_BYTES == 0) {
		return 0;
	}
	/* Pages that are not on a disk and not here are zeros. */
	frame = object_on_disk(object) ? cache_page(object, index, NULL, 1, NULL)
				       : cache_find(object, index);
	if (frame <= 0) {
		return frame;
	}
	if (!(frame_of((uint32_t)frame)->flags & (FRAME_ALLOCATED | FRAME_DIRTY))) {
		return 0; /* a hole */
	}
	cache_pin((uint32_t)frame);
	return frame;
}

/* Zero the bytes behind `size` in a frame that tail_pin gave, and unpin it. */
static int tail_clear(struct object *object, uint64_t size, uint32_t frame)
{
	uint64_t used = size % PAGE_BYTES;
	int error = 0;

	if (frame != 0) {
		error = cache_make_dirty(object, size >> PAGE_SHIFT, frame);
		if (error == 0) {
			memset((uint8_t *)frame_data(frame) + used, 0, PAGE_BYTES - used);
		}
		cache_unpin(frame);
	}
	return error;
}

int object_clear_tail(struct object *object, uint64_t size)
{
	int64_t frame = tail_pin(object, size);

	return frame < 0 ? (int)frame : tail_clear(object, size, (uint32_t)frame);
}

/*
 * Private copies of pages from `first` on go with the file's pages, as on
 * Linux. First with `really` false: makes sure that it cannot fail.
 */
static bool drop_copies(struct object *object, uint64_t first, bool really)
{
	for (struct region *r = object->regions; r != NULL; r = r->object_next) {
		uint64_t pages = r->end - r->start;
		uint64_t skip = first > r->offset ? first - r->offset : 0;
		uint32_t start = r->start + (uint32_t)skip;

		if ((r->flags & PAGER_SHARED) || !r->touched || skip >= pages) {
			continue;
		}
		if (really) {
			range_empty(r->space, start, r->end);
		} else if (!tree_prepare_range(&r->space->tree, start, r->end)) {
			return false;
		}
	}
	return true;
}

static int set_size(struct object *object, uint64_t size)
{
	int error = 0;

	if (object->kind != OBJECT_KIND_ANONYMOUS) {
		error = files_set_size(object->fs, object->ino, size);
	}
	if (error == 0) {
		object->size = size;
		object->file_size = size;
	}
	return error;
}

/* Make the object smaller. What can fail comes first. */
static int shrink(struct object *object, uint64_t size)
{
	uint64_t first = (size + PAGE_BYTES - 1) >> PAGE_SHIFT;
	/* The last page's tail must read as zeros if the file grows again. */
	int64_t tail = tail_pin(object, size);
	int error = tail < 0 ? (int)tail : 0;

	if (error == 0 && !drop_copies(object, first, false)) {
		error = -STATUS_NOMEM;
	}
	if (error == 0) {
		error = object_push_size(object);
	}
	if (error == 0) {
		error = set_size(object, size);
	}
	if (error != 0) {
		if (tail > 0) {
			cache_unpin((uint32_t)tail);
		}
		return error;
	}
	drop_copies(object, first, true);
	cache_drop(object, first, TREE_INDEX_END);
	return tail_clear(object, size, (uint32_t)tail);
}

int object_truncate(struct object *object, uint64_t size)
{
	if (size > OBJECT_SIZE_MAX) {
		return -STATUS_FBIG;
	}
	if (size > object->size) {
		int error = object_clear_tail(object, object->size);

		if (error != 0) {
			return error;
		}
	}
	return size < object->size ? shrink(object, size) : set_size(object, size);
}
