/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects: the page cache of a file, or shared anonymous memory. */
#ifndef SERVERS_PAGER_OBJECT_H
#define SERVERS_PAGER_OBJECT_H

#include "servers/pager/space.h"
#include "servers/pager/tree.h"

/* Largest size of an object in bytes. */
#define OBJECT_SIZE_MAX (TREE_INDEX_END << PAGE_SHIFT)

enum object_kind { OBJECT_KIND_DISK = 1, OBJECT_KIND_TMPFS, OBJECT_KIND_ANONYMOUS };

struct object_links {
	struct object *next, *prev;
};

struct object {
	struct object *hash_next;
	uint8_t kind;	/* enum object_kind; 0 = a free record */
	bool forgotten; /* unlinked: goes with the last user */
	bool on_idle, on_dirty;
	int error; /* a write-back failed with it and nobody was told: -STATUS_*, else 0 */
	uint32_t fs;
	uint32_t openers;
	uint32_t region_count;
	uint32_t holds; /* requests in progress */
	uint64_t ino;
	uint64_t size;	    /* bytes */
	uint64_t file_size; /* the same as far as the file server knows */
	struct tree tree;
	uint64_t dirty_count;
	uint64_t dirty_first, dirty_end; /* all dirty pages lie in it */
	uint64_t dirty_since;		 /* kernel_milliseconds when the first page became dirty */
	struct region *regions;		 /* all that map it */
	struct object_links idle, dirty;
	struct read_ahead ahead;
};

/* The object of this number or NULL. */
struct object *object_find(uint64_t number);
uint32_t object_number(const struct object *object);
/* The cached object of a file or NULL. */
struct object *object_of_file(uint32_t fs, uint64_t ino);
/* Find or make; counts an opener. */
int object_open(uint32_t fs, uint64_t ino, bool is_tmpfs, struct object **out);
/* Shared anonymous memory with one opener if `opened`, else none: give it a region at once. */
int object_anonymous(uint64_t size, bool opened, struct object **out);
/* A file lost its last name: its pages go when nobody uses it any more, unwritten. */
void object_forget(struct object *object);
/* Called whenever a user (opener, region, hold) went. */
void object_settle(struct object *object);
/* Keep an object through a request. */
static inline void object_hold(struct object *object)
{
	object->holds++;
}
void object_unhold(struct object *object);
/* Free idle objects beyond a bound, and those without pages; between requests only. */
void objects_trim(uint32_t keep);
/* An idle object lost its last page. */
void objects_trim_later(void);
/* Write every dirty page and every new size to the file server. The first error or 0. */
int objects_sync(void);
/* Oldest dirty object, NULL if none. */
struct object *object_first_dirty(void);
struct object *object_next_dirty(const struct object *object);
/* Put on the list of dirty objects, or take off, by its dirty_count. */
void object_note_dirty(struct object *object);
/* Make the bytes behind `size` in its page zero, in the cache and so on the disk. */
int object_clear_tail(struct object *object, uint64_t size);
/* ftruncate. */
int object_truncate(struct object *object, uint64_t size);
/* Tell the file server the size if it does not know. */
int object_push_size(struct object *object);
/* Pages that the size covers. */
static inline uint64_t object_pages(const struct object *object)
{
	return (object->size + PAGE_BYTES - 1) >> PAGE_SHIFT;
}
static inline bool object_on_disk(const struct object *object)
{
	return object->kind == OBJECT_KIND_DISK;
}

/* The part of [first, end) that a region shows, in pages of its space; false if none. */
bool region_part(const struct region *region, uint64_t first, uint64_t end, uint64_t *page,
		 uint64_t *count);

/* ---- io.c: read and write; `space` NULL: `address` is an offset in xfer ---- */

int64_t object_read(struct object *object, uint64_t offset, uint64_t length, struct space *space,
		    uint64_t address);
/* `offset` UINT64_MAX appends; *behind: offset behind what was written. */
int64_t object_write(struct object *object, uint64_t offset, uint64_t length, struct space *space,
		     uint64_t address, uint64_t *behind);

#endif
