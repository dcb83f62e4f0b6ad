/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which cached pages go when memory is short.
 *
 * Pages that can be read again (of disk files; untouched zero pages of memory
 * objects) are on one of two queues. New ones, and those found in use, enter
 * the active queue at its tail. Ageing takes its head: if referenced since, it
 * loses that mark and goes to the tail; else it is unmapped everywhere (the
 * objects' lists of regions are the reverse map) and enters the inactive
 * queue. There a use shows, as a fault or a read, and marks it referenced.
 * Reclaiming takes the head of the inactive queue: a referenced page becomes
 * active again; another one is written if dirty, and freed. While memory is
 * getting short, ageing keeps a quarter of the pages inactive, so that a page
 * has that long to prove itself. Accesses through entries are not seen (A bits
 * are not read): a page in use costs one minor fault a round.
 *
 * Pages of private memory, and dirty ones of memory objects, have no other
 * place to be and are on no queue.
 */
#include "servers/pager/cache.h"
#include "servers/pager/mapping.h"
#include "servers/pager/object.h"

/* Pages aged at once: their unmaps run in one call. */
#define AGE_BATCH 64u

struct queue {
	uint32_t head, tail, length;
};

static struct queue active, inactive;

static struct queue *queue_of(const struct frame *f)
{
	return f->flags & FRAME_INACTIVE ? &inactive : &active;
}

static void append(struct queue *queue, uint32_t number)
{
	struct frame *f = frame_of(number);

	f->next = 0;
	f->prev = queue->tail;
	if (queue->tail != 0) {
		frame_of(queue->tail)->next = number;
	} else {
		queue->head = number;
	}
	queue->tail = number;
	queue->length++;
	f->flags = (uint8_t)((f->flags & ~FRAME_INACTIVE) | FRAME_QUEUED |
			     (queue == &inactive ? FRAME_INACTIVE : 0));
}

void replace_add(uint32_t number)
{
	append(&active, number);
}

void replace_remove(uint32_t number)
{
	struct frame *f = frame_of(number);
	struct queue *queue = queue_of(f);

	if (!(f->flags & FRAME_QUEUED)) {
		return;
	}
	if (f->prev != 0) {
		frame_of(f->prev)->next = f->next;
	} else {
		queue->head = f->next;
	}
	if (f->next != 0) {
		frame_of(f->next)->prev = f->prev;
	} else {
		queue->tail = f->prev;
	}
	queue->length--;
	f->flags &= (uint8_t) ~(FRAME_QUEUED | FRAME_INACTIVE);
}

uint32_t replace_evictable(void)
{
	return active.length + inactive.length;
}

static bool is_locked(const struct object *object, uint64_t index)
{
	uint64_t page, count;

	for (const struct region *r = object->regions; r != NULL; r = r->object_next) {
		if ((r->flags & PAGER_LOCKED) && region_part(r, index, index + 1, &page, &count)) {
			return true;
		}
	}
	return false;
}

/* Should the page stay, as far as can be seen? Takes its mark away. */
static bool is_in_use(struct frame *f)
{
	bool referenced = f->flags & FRAME_REFERENCED;

	f->flags &= (uint8_t)~FRAME_REFERENCED;
	return referenced || f->refs > 1 || is_locked(f->of.object, f->index);
}

/* Move a page to the tail of a queue. On the way to the inactive one its unmap is queued. */
static void move(uint32_t number, struct queue *to)
{
	struct frame *f = frame_of(number);

	replace_remove(number);
	append(to, number);
	if (to == &inactive && (f->flags & FRAME_MAPPED)) {
		cache_unmap(f->of.object, f->index, f->index + 1);
		f->flags &= (uint8_t)~FRAME_MAPPED;
	}
}

static bool wants_ageing(void)
{
	return active.length > 0 && inactive.length <= active.length / 3;
}

static void age_one(void)
{
	uint32_t number = active.head;

	move(number, is_in_use(frame_of(number)) ? &active : &inactive);
}

/* Write a dirty frame and its neighbours. False if it stays dirty. */
static bool clean(uint32_t frame)
{
	struct object *object = frame_of(frame)->of.object;
	uint64_t index = frame_of(frame)->index;

	if (cache_write_back(object, index, index + CLUSTER_MAX) == 0) {
		return true;
	}
	if (!object->on_idle) {
		return !(frame_of(frame)->flags & FRAME_DIRTY);
	}
	/* Nobody has the file open who could be told. */
	kernel_log("pager: page %lu of file %lu:%lu could not be written and is lost\n",
		   (unsigned long)index, (unsigned long)object->fs, (unsigned long)object->ino);
	cache_drop(object, index, index + 1);
	return false;
}

/* Deal with the oldest inactive page. Returns whether a frame was freed. */
static bool reclaim_one(void)
{
	uint32_t number = inactive.head, before = frames.free;
	struct frame *f = frame_of(number);
	struct object *object = f->of.object;

	if (is_in_use(f)) {
		move(number, &active);
		return false;
	}
	if (f->flags & FRAME_MAPPED) {
		/* Mapped along with a neighbour, not asked for. */
		move(number, &inactive);
		return false;
	}
	mapping_flush(); /* M1: its own unmap may be queued still */
	if ((f->flags & FRAME_DIRTY) && !clean(number)) {
		if (frames.free == before) {
			move(number, &active);
		}
		return frames.free > before;
	}
	cache_release(object, f->index, f->index + 1);
	cache_counts.evictions++;
	return true;
}

void cache_age(void)
{
	for (unsigned i = 0; i < AGE_BATCH && wants_ageing(); i++) {
		age_one();
	}
}

uint32_t cache_reclaim(uint32_t count)
{
	/* Each page is aged, at most twice, and looked at, at most twice. */
	uint64_t steps = 4ull * (active.length + inactive.length);
	uint32_t freed = 0;

	while (freed < count && steps-- > 0 && active.length + inactive.length > 0) {
		if (wants_ageing()) {
			age_one();
		} else {
			freed += reclaim_one();
		}
	}
	return freed;
}
