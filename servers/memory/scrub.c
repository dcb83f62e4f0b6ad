/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zeroing memory that a client had. The block becomes a pool for a moment and
 * the kernel zeroes its pages while mapping them, 2 MiB at a time, into a
 * window of the memory server. Blocks smaller than a page only ever hold
 * kernel objects, which the kernel zeroes itself.
 */
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/memory/memory.h"

#define CHUNK_PAGES 512

static cap_t window_cap(void)
{
	static cap_t window;
	struct message m;

	if (window != 0)
		return window;
	window = object_create(OBJECT_WINDOW, 0);
	m = (struct message){.words = {window, PROGRAM_WINDOWS_VA / MEMORY_PAGE, CHUNK_PAGES,
				       RIGHT_READ | RIGHT_WRITE, 0, 0}};
	if (window != 0 && invoke(SLOT_SPACE, SPACE_ATTACH_WINDOW, 6, &m) != ERR_OK) {
		object_destroy(window);
		window = 0;
	}
	return window;
}

static enum err zero_pages(cap_t binding, uint64_t pages)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	enum err err = ERR_OK;

	for (uint64_t done = 0; done < pages && err == ERR_OK; done += CHUNK_PAGES) {
		struct message m = {.tag = MESSAGE_TAG(0, 0) | MESSAGE_TAG_ITEMS(1)};
		uint64_t count = pages - done < CHUNK_PAGES ? pages - done : CHUNK_PAGES;

		*item = (struct window_item){.cap = binding,
					     .op = WINDOW_MAP,
					     .rights = RIGHT_READ | RIGHT_WRITE,
					     .flags = WINDOW_ZERO,
					     .va_page = PROGRAM_WINDOWS_VA / MEMORY_PAGE,
					     .pool_page = done,
					     .count = (uint32_t)count};
		err = syscall_message(SYS_WINDOW, 0, &m);
	}
	return err;
}

bool scrub(cap_t untyped, unsigned bits)
{
	cap_t window, pool, binding;
	bool done = false;

	if (bits < MEMORY_PAGE_BITS)
		return true;
	window = window_cap();
	pool = object_create(OBJECT_POOL, 0);
	binding = object_create(OBJECT_BINDING, 0);
	if (window != 0 && pool != 0 && binding != 0 &&
	    invoke5(pool, POOL_ADD_EXTENT, untyped, 0, 0, 0, 0) == ERR_OK &&
	    invoke5(binding, BINDING_BIND, window, pool, RIGHT_READ | RIGHT_WRITE, 0, 0) == ERR_OK)
		done = zero_pages(binding, 1ull << (bits - MEMORY_PAGE_BITS)) == ERR_OK;
	if (binding != 0)
		object_destroy(binding);
	if (pool != 0)
		object_destroy(pool);
	return done;
}
