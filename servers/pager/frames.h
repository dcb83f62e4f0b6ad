/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: the pages of the pager's one pool, by number (= page of the pool;
 * 0 is never given out and means none). Everything the pager keeps, clients'
 * pages and its own records alike, lives in frames.
 */
#ifndef SERVERS_PAGER_FRAMES_H
#define SERVERS_PAGER_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096ul
#define POOL_EXTENTS 8

enum frame_kind {
	FRAME_FREE,
	FRAME_METADATA, /* the array of struct frame itself, and frame 0 */
	FRAME_ZERO,	/* the one page of zeros, mapped read-only only */
	FRAME_NODE,	/* node of a tree: refs = parents or trees, count = entries in use */
	FRAME_SLAB,	/* page of small records: count = records in use */
	FRAME_PRIVATE,	/* private page: refs = leaf nodes that hold it */
	FRAME_CACHE,	/* page `index` of `object`: refs = 1 + pins */
	FRAME_KINDS
};

enum frame_flag {
	FRAME_DIRTY = 1,      /* CACHE: newer than the disk; only then mapped writable */
	FRAME_REFERENCED = 2, /* CACHE: used again since it was aged */
	FRAME_MAPPED = 4,     /* CACHE: an entry of some space may show it */
	FRAME_ALLOCATED = 16, /* CACHE: the file system has a place for it */
	FRAME_FENCED = 32,    /* instruction caches have seen its bytes */
	FRAME_QUEUED = 64,    /* CACHE: on a queue of replace.c */
	FRAME_INACTIVE = 128, /* CACHE: on the inactive one */
};

struct object;

struct frame {
	uint8_t kind;  /* enum frame_kind */
	uint8_t flags; /* enum frame_flag */
	uint16_t count;
	uint32_t refs;
	uint32_t next, prev; /* free list, replacement queue or slab list, by kind */
	union {
		struct object *object; /* CACHE */
		void *slab;	       /* SLAB: the struct slab */
	} of;
	uint64_t index; /* CACHE: page of the object; SLAB: first free record */
};
_Static_assert(sizeof(struct frame) == 32, "the array costs 1/128 of the pool");

/* A run of the pool's pages as the pager sees them. */
struct pool_extent {
	uint32_t first; /* page of the pool */
	uint32_t pages;
	uint8_t *base; /* where the pager has it mapped */
};

struct frames {
	struct frame *array; /* by number */
	uint32_t total, free;
	uint32_t reserve; /* frames kept for requests that give memory back */
	uint32_t low;	  /* free frames at which reclaiming begins */
	uint32_t ageing;  /* free frames at which ageing begins */
	uint32_t floor;	  /* free and evictable frames that are left to the cache */
	uint32_t zero;	  /* the FRAME_ZERO frame */
	uint32_t by_kind[FRAME_KINDS];
};
extern struct frames frames;

/* Take over a pool of `count` extents (1..POOL_EXTENTS), in ascending pool order. Returns false if it is too small to work with. */
bool frames_init(const struct pool_extent *extents, unsigned count);

static inline struct frame *frame_of(uint32_t number)
{
	return &frames.array[number];
}

/* The 4096 bytes of a frame. */
void *frame_data(uint32_t number);

/*
 * See that `count` frames are free, evicting cached pages if need be. False if
 * not. `urgent`: the request gives memory back; it may use the reserve. Pages
 * not pinned may be evicted.
 */
bool frames_reserve(uint32_t count, bool urgent);
/*
 * May one more frame hold a page that cannot be evicted (of private memory, or a
 * written one of a memory object)? Not if less than the floor would be left to the
 * cache: without that, programs would read their own text again and again.
 */
bool frames_may_keep(void);
/* A frame, after frames_reserve said that there is one: refs 1, contents undefined. Evicts
 * nothing. */
uint32_t frame_take(enum frame_kind kind);
/* Both: a frame or 0. For a PRIVATE frame the floor must be left, see frames_may_keep. */
uint32_t frame_allocate(enum frame_kind kind);
/* Precondition: no page-table entry shows it (the unmap was run, not just queued). */
void frame_free(uint32_t number);
/* Make all bytes 0. */
void frame_zero(uint32_t number);

/* A holder more, or less, of a private page; the last one frees it. */
void frame_hold(uint32_t number);
void frame_release(uint32_t number);

/* Records of one size, several to a frame. */
struct slab {
	uint16_t size;	   /* bytes, a multiple of 8 */
	uint16_t per_page; /* set at first use */
	uint32_t partial;  /* first frame with a free record */
	uint32_t used;
};

/* A zeroed record, NULL if memory is out. May evict cached pages. */
void *slab_allocate(struct slab *slab);
void slab_free(struct slab *slab, void *record);
/* A small number > 0 for a record, and back; NULL if the number names no page of the slab (the
 * record may be a free one: it is then all 0 but for its first 8 bytes). */
uint32_t slab_number(const struct slab *slab, const void *record);
void *slab_record(const struct slab *slab, uint32_t number);

#endif
