/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One queue of window items for the whole pager. Order is kept, so a later
 * item wins over an earlier one. Two rules make it safe to delay them:
 *
 * M1: whoever frees a frame that an entry may show, or lets the disk read a
 *     frame that an entry may write, first queues the removal and flushes.
 * M2: a cached frame in a queued MAP is FRAME_MAPPED already, so evicting it
 *     queues its removal behind that MAP, and flushes (M1).
 */
#include "servers/pager/mapping.h"

#include <string.h>

#include "kernel/abi/object.h"
#include "servers/pager/frames.h"
#include "servers/pager/port.h"
#include "servers/pager/space.h"

/* Longest run of one MAP: below 512, so that client tables keep 4 KiB leaves, which change singly. */
#define RUN_MAX 64u

struct mapping_counts mapping_counts;

static struct window_item queue[WINDOW_ITEMS];
static struct space *queue_space[WINDOW_ITEMS];
static unsigned queue_count;
static bool queue_lost; /* a MAP was dropped since the last flush was asked for */

static void run_queue(void);

static struct window_item *queue_push(struct space *space)
{
	if (queue_count == WINDOW_ITEMS) {
		run_queue();
	}
	queue_space[queue_count] = space;
	memset(&queue[queue_count], 0, sizeof(queue[0]));
	return &queue[queue_count++];
}

void mapping_map(struct space *space, uint64_t page, uint32_t frame, uint32_t count, uint8_t rights,
		 uint16_t flags)
{
	struct window_item *last = queue_count == 0 ? NULL : &queue[queue_count - 1];

	if (last != NULL && last->op == WINDOW_MAP && last->cap == space->kernel.binding &&
	    last->rights == rights && last->flags == flags && last->va_page + last->count == page &&
	    last->pool_page + last->count == frame && last->count + count <= RUN_MAX) {
		last->count += count;
		return;
	}
	last = queue_push(space);
	last->cap = space->kernel.binding;
	last->op = WINDOW_MAP;
	last->rights = rights;
	last->flags = flags;
	last->va_page = page;
	last->pool_page = frame;
	last->count = count;
}

/* A PROTECT or UNMAP of any length. */
static void queue_range(struct space *space, enum window_op op, uint64_t page, uint64_t count,
			uint8_t rights, uint16_t flags)
{
	struct window_item *last = queue_count == 0 ? NULL : &queue[queue_count - 1];

	if (last != NULL && last->op == op && last->cap == space->kernel.window &&
	    last->rights == rights && last->flags == flags && last->va_page + last->count == page &&
	    last->count + count <= WINDOW_ITEM_PAGES) {
		last->count += (uint32_t)count;
		return;
	}
	while (count > 0) {
		uint32_t n = count > WINDOW_ITEM_PAGES ? WINDOW_ITEM_PAGES : (uint32_t)count;

		last = queue_push(space);
		last->cap = space->kernel.window;
		last->op = (uint8_t)op;
		last->rights = rights;
		last->flags = flags;
		last->va_page = page;
		last->count = n;
		page += n;
		count -= n;
	}
}

void mapping_protect(struct space *space, uint64_t page, uint64_t count, uint8_t rights,
		     uint16_t flags)
{
	if (rights == 0) {
		mapping_unmap(space, page, count);
	} else {
		queue_range(space, WINDOW_PROTECT, page, count, rights, flags);
	}
}

void mapping_unmap(struct space *space, uint64_t page, uint64_t count)
{
	queue_range(space, WINDOW_UNMAP, page, count, 0, 0);
}

void mapping_freeze(struct space *space)
{
	struct window_item *item = queue_push(space);

	item->cap = space->kernel.window;
	item->op = WINDOW_FREEZE;
	item->count = (uint32_t)(PAGER_SPACE_END >> PAGE_SHIFT) / WINDOW_SPAN;
}

void mapping_complete(void)
{
	mapping_counts.calls++;
	mapping_counts.items += queue_count;
	for (unsigned i = 0; i < queue_count; i++) {
		if (queue[i].op == WINDOW_MAP) {
			mapping_counts.pages_mapped += queue[i].count;
		}
	}
	queue_count = 0;
}

/* Count what ran and keep the rest: items before the first unfinished one go, that one shrinks. */
static void queue_advance(const struct window_item *ran)
{
	unsigned left = 0, i = 0;

	mapping_counts.calls++;
	mapping_counts.items += queue_count;
	for (; i < queue_count && ran[i].done == queue[i].count; i++) {
		if (queue[i].op == WINDOW_MAP) {
			mapping_counts.pages_mapped += queue[i].count;
		}
	}
	for (; i < queue_count; i++, left++) {
		queue[left] = queue[i];
		queue_space[left] = queue_space[i];
		if (left == 0) {
			queue[0].va_page += (uint64_t)ran[i].done *
					    (queue[0].op == WINDOW_FREEZE ? WINDOW_SPAN : 1);
			queue[0].pool_page += queue[0].op == WINDOW_MAP ? ran[i].done : 0;
			queue[0].count -= ran[i].done;
		}
	}
	queue_count = left;
}

/* Give up on the first item. Frames that the kernel was to zero are zeroed here: they are in use. */
static void queue_drop_first(void)
{
	struct window_item *item = &queue[0];

	if (item->op == WINDOW_MAP && (item->flags & WINDOW_ZERO)) {
		for (uint32_t i = 0; i < item->count; i++) {
			memset(frame_data((uint32_t)item->pool_page + i), 0, PAGE_BYTES);
		}
	}
	if (item->op == WINDOW_MAP) {
		/* Better no entry than one that shows an earlier frame. */
		item->op = WINDOW_UNMAP;
		item->cap = queue_space[0]->kernel.window;
		item->flags = 0;
		item->rights = 0;
		item->pool_page = 0;
		queue_lost = true;
		mapping_counts.dropped++;
		return;
	}
	queue_count--;
	memmove(&queue[0], &queue[1], queue_count * sizeof(queue[0]));
	memmove(&queue_space[0], &queue_space[1], queue_count * sizeof(queue_space[0]));
}

/* More page tables for a space, if need be those kept for spaces to come. */
static bool add_tables(struct space *space)
{
	while (!kernel_space_add_bank(&space->kernel)) {
		if (space->kernel.bank_count == KERNEL_SPACE_BANKS || !space_free_idle()) {
			return false;
		}
	}
	return true;
}

static void run_queue(void)
{
	static struct window_item items[WINDOW_ITEMS];

	while (queue_count > 0) {
		enum err err;

		memcpy(items, queue, queue_count * sizeof(queue[0]));
		err = kernel_window_run(items, queue_count);
		queue_advance(items);
		if (err == ERR_OK || queue_count == 0) {
			continue;
		}
		if (err == ERR_NO_TABLE && add_tables(queue_space[0])) {
			continue;
		}
		if (err != ERR_NO_TABLE) {
			kernel_log(
				"pager: window item %u of space %u at page %#lx fails: error %u\n",
				queue[0].op, queue_space[0]->number,
				(unsigned long)queue[0].va_page, (unsigned)err);
		}
		queue_drop_first();
	}
}

bool mapping_flush(void)
{
	bool complete;

	run_queue();
	complete = !queue_lost;
	queue_lost = false;
	return complete;
}

unsigned mapping_take(struct window_item *items)
{
	memcpy(items, queue, queue_count * sizeof(queue[0]));
	return queue_count;
}

bool mapping_finish(const struct window_item *items)
{
	queue_advance(items);
	return queue_count == 0;
}
