/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's side of the pager (port.h): objects behind spaces, window
 * operations, the pager's own view of its pool.
 *
 * The view: one window of the pager's own space from POOL_VIEW_VA on. Each
 * extent of the pool is mapped there as a whole, its address congruent to its
 * physical address modulo 1 GiB, so that the kernel takes the largest leaves
 * it can; hence every frame has an address, and filling or copying one needs
 * no call.
 */
#include "servers/pager/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/pager/port.h"
#include "servers/protocol/pager.h"

#define POOL_VIEW_VA 0x1000000000ul
#define GIB (1ul << 30)
#define BANK_BITS_FIRST 16 /* log2 bytes */
#define BANK_BITS_MAX 20
#define RIGHTS_MEMORY (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)

_Static_assert(PAGER_SPACE_END % (2ul << 20) == 0, "a window ends at a multiple of 2 MiB");

static cap_t pool_cap, endpoint_cap, timer_cap;

/* ---- spaces ---- */

static bool attach(const struct kernel_space *k, uint32_t number)
{
	struct message m = {.words = {k->window, 0, PAGER_SPACE_END >> PAGE_SHIFT, RIGHTS_MEMORY,
				      endpoint_cap, PAGER_FAULT_BADGE + number}};

	return invoke(k->space, SPACE_ATTACH_WINDOW, 6, &m) == ERR_OK &&
	       invoke5(k->binding, BINDING_BIND, k->window, pool_cap, RIGHTS_MEMORY, 0, 0) ==
		       ERR_OK;
}

bool kernel_space_create(struct kernel_space *k, uint32_t number)
{
	memset(k, 0, sizeof(*k));
	k->space = object_create(OBJECT_SPACE, 0);
	k->window = k->space != 0 ? object_create(OBJECT_WINDOW, 0) : 0;
	k->binding = k->window != 0 ? object_create(OBJECT_BINDING, 0) : 0;
	if (k->binding != 0 && kernel_space_add_bank(k) && attach(k, number)) {
		k->grant = cap_derive(k->space, RIGHT_BIND, 0);
	}
	if (k->grant == 0) {
		kernel_space_destroy(k);
	}
	return k->grant != 0;
}

bool kernel_space_add_bank(struct kernel_space *k)
{
	unsigned bits = BANK_BITS_FIRST + k->bank_count / 2;
	cap_t bank = 0;

	if (k->bank_count == KERNEL_SPACE_BANKS) {
		return false;
	}
	bits = bits > BANK_BITS_MAX ? BANK_BITS_MAX : bits;
	for (; bits >= BANK_BITS_FIRST && bank == 0; bits--) {
		bank = object_create(OBJECT_TABLE_BANK, bits);
	}
	if (bank == 0) {
		return false;
	}
	if (invoke5(k->space, SPACE_ADD_BANK, bank, 0, 0, 0, 0) != ERR_OK) {
		object_destroy(bank);
		return false;
	}
	k->banks[k->bank_count++] = bank;
	return true;
}

void kernel_space_recycle(struct kernel_space *k)
{
	invoke5(SLOT_CSPACE, CSPACE_REVOKE, k->grant, 0, 0, 0, 0);
	/* The next user shall not find a giant's tables. */
	while (k->bank_count > 2) {
		object_destroy(k->banks[--k->bank_count]);
	}
}

void kernel_space_destroy(struct kernel_space *k)
{
	const uint32_t objects[] = {k->window, k->binding, k->space};

	if (k->grant != 0) {
		slot_free(k->grant);
	}
	for (unsigned i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (objects[i] != 0) {
			object_destroy(objects[i]);
		}
	}
	while (k->bank_count > 0) {
		object_destroy(k->banks[--k->bank_count]);
	}
	memset(k, 0, sizeof(*k));
}

uint64_t kernel_space_tables(const struct kernel_space *k)
{
	struct message m = {0};

	return invoke(k->space, SPACE_INFO, 0, &m) == ERR_OK ? m.words[0] : 0;
}

/* ---- windows ---- */

enum err kernel_window_run(struct window_item *items, unsigned count)
{
	uint64_t *words = &message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {.tag = MESSAGE_TAG_ITEMS(count)};
	enum err err;

	memcpy(words, items, count * sizeof(*items));
	err = syscall_message(SYS_WINDOW, 0, &m);
	memcpy(items, words, count * sizeof(*items));
	return err;
}

enum err kernel_window_query(uint32_t window, uint64_t page, unsigned count, uint64_t *out)
{
	uint64_t *words = message_buffer()->words;
	unsigned at = WINDOW_ITEM_WORD + sizeof(struct window_item) / sizeof(*words);
	struct window_item item = {.cap = window,
				   .op = WINDOW_QUERY,
				   .va_page = page,
				   .pool_page = at,
				   .count = count};
	enum err err = kernel_window_run(&item, 1);

	if (err == ERR_OK) {
		memcpy(out, &words[at], count * sizeof(*out));
	}
	return err;
}

/* ---- the pager's view of its pool ---- */

static void add_own_bank(void)
{
	cap_t bank = object_create(OBJECT_TABLE_BANK, BANK_BITS_FIRST);

	if (bank == 0 || invoke5(SLOT_SPACE, SPACE_ADD_BANK, bank, 0, 0, 0, 0) != ERR_OK) {
		fatal("pager: no page tables for the view of the pool\n");
	}
}

/* Map `pages` of the pool from `first` on at `va`, in items that end at GiB boundaries. */
static void map_extent(cap_t binding, uint64_t va, uint32_t first, uint64_t pages)
{
	while (pages > 0) {
		uint64_t room = (GIB - va % GIB) >> PAGE_SHIFT;
		struct window_item item = {.cap = binding,
					   .op = WINDOW_MAP,
					   .rights = RIGHT_READ | RIGHT_WRITE,
					   .va_page = va >> PAGE_SHIFT,
					   .pool_page = first,
					   .count = (uint32_t)(pages < room ? pages : room)};
		enum err err = kernel_window_run(&item, 1);

		if (err == ERR_NO_TABLE) {
			add_own_bank();
		} else if (err != ERR_OK) {
			fatal("pager: the view of the pool cannot be made: error %d\n", (int)err);
		}
		va += (uint64_t)item.done << PAGE_SHIFT;
		first += item.done;
		pages -= item.done;
	}
}

/* The extents of the pool: first page and physical base of each. Returns their number. */
static unsigned read_extents(cap_t pool, uint64_t *pages, uint64_t (*list)[2])
{
	struct message m = {0};
	unsigned n;

	if (invoke(pool, POOL_INFO, 0, &m) != ERR_OK || m.words[1] == 0 ||
	    m.words[1] > POOL_EXTENTS) {
		fatal("pager: the pool cannot be read\n");
	}
	n = (unsigned)m.words[1];
	*pages = m.words[0];
	for (unsigned i = 0; i < 2 * n; i++) {
		list[i / 2][i % 2] =
			2 + i < MESSAGE_REGISTERS ? m.words[2 + i] : message_buffer()->words[2 + i];
	}
	return n;
}

unsigned kernel_take_pool(cap_t pool, cap_t endpoint, struct pool_extent *extents)
{
	cap_t window = object_create(OBJECT_WINDOW, 0);
	cap_t binding = object_create(OBJECT_BINDING, 0);
	uint64_t pages, list[POOL_EXTENTS][2], va = POOL_VIEW_VA;
	unsigned n = read_extents(pool, &pages, list);

	pool_cap = pool;
	endpoint_cap = endpoint;
	for (unsigned i = 0; i < n; i++) {
		uint64_t end = i + 1 < n ? list[i + 1][0] : pages;

		extents[i].first = (uint32_t)list[i][0];
		extents[i].pages = (uint32_t)(end - list[i][0]);
		va = (va + GIB - 1) / GIB * GIB + list[i][1] % GIB;
		extents[i].base = (uint8_t *)va;
		va += (uint64_t)extents[i].pages << PAGE_SHIFT;
	}
	va = (va + GIB - 1) / GIB * GIB;
	add_own_bank();
	if (window == 0 || binding == 0 ||
	    invoke5(SLOT_SPACE, SPACE_ATTACH_WINDOW, window, POOL_VIEW_VA >> PAGE_SHIFT,
		    (va - POOL_VIEW_VA) >> PAGE_SHIFT, RIGHT_READ | RIGHT_WRITE, 0) != ERR_OK ||
	    invoke5(binding, BINDING_BIND, window, pool, RIGHT_READ | RIGHT_WRITE, 0, 0) !=
		    ERR_OK) {
		fatal("pager: no window for the view of the pool\n");
	}
	for (unsigned i = 0; i < n; i++) {
		map_extent(binding, (uint64_t)extents[i].base, extents[i].first, extents[i].pages);
	}
	return n;
}

/* ---- time and log ---- */

void kernel_start_clock(void)
{
	timer_cap = object_create(OBJECT_NOTIFICATION, 0);
	if (timer_cap == 0 ||
	    invoke5(SLOT_THREAD, THREAD_BIND_NOTIFICATION, timer_cap, 0, 0, 0, 0) != ERR_OK) {
		fatal("pager: no timer\n");
	}
}

void kernel_tick_after(unsigned milliseconds)
{
	uint64_t ticks = startup()->timebase_hz * milliseconds / 1000;

	invoke5(timer_cap, NOTIFICATION_SET_TIMER, time_ticks() + ticks, 0, 0, 0, 0);
}

uint64_t kernel_milliseconds(void)
{
	return time_ticks() / (startup()->timebase_hz / 1000);
}

void kernel_broken(const char *condition, const char *file, int line)
{
	fatal("pager: %s:%d: not true: %s\n", file, line, condition);
}

void kernel_log(const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_print("%s", text);
}
