/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fake.h. The page tables check what a real kernel cannot know: that an
 * entry shows a frame in use, that a writable one shows a frame which may be
 * written to.
 */
#include "tests/pager/fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/object.h"
#include "servers/pager/cache.h"
#include "servers/protocol/files.h"

#define LEAF 512u
#define LEAVES (PAGE_END / LEAF)

unsigned fake_banks_left = 1000000;
uint64_t fake_milliseconds;
bool fake_tick_wanted;
unsigned fake_spaces;
uint64_t fake_window_calls;
unsigned fake_read_errors, fake_write_errors, fake_errors;
uint64_t fake_blocks_left = UINT64_MAX;
uint64_t fake_pages_read, fake_pages_written, fake_reads;

static uint64_t random_state = 1;

uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dull >> 16;
}

void random_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < 8; i++) {
		random_next();
	}
}

void fake_pool(uint32_t pages, unsigned count)
{
	static uint8_t *memory;
	struct pool_extent extents[POOL_EXTENTS];
	uint32_t first = 0;

	free(memory);
	/* A page more between extents, never touched: adjacent numbers, separate addresses. */
	memory = aligned_alloc(PAGE_BYTES, (size_t)(pages + count) * PAGE_BYTES);
	memset(memory, 0xa5, (size_t)(pages + count) * PAGE_BYTES);
	for (unsigned i = 0; i < count; i++) {
		uint32_t end = i + 1 == count ? pages : pages / 16 * (i + 1);

		extents[i].first = first;
		extents[i].pages = end - first;
		extents[i].base = memory + (uint64_t)(first + i) * PAGE_BYTES;
		first = end;
	}
	CHECK(frames_init(extents, count));
}

/* ---- kernel ---- */

struct table {
	uint64_t *leaves[LEAVES];
	unsigned used;
};

#define HANDLES 4096u
static struct table *tables[HANDLES];

bool kernel_space_create(struct kernel_space *k, uint32_t number)
{
	if (fake_banks_left == 0) {
		return false;
	}
	fake_banks_left--;
	fake_spaces++;
	memset(k, 0, sizeof(*k));
	CHECK(number < HANDLES);
	CHECK(tables[number] == NULL);
	tables[number] = calloc(1, sizeof(struct table));
	k->space = number;
	k->window = number;
	k->binding = number;
	k->grant = number;
	k->bank_count = 1;
	return true;
}

bool kernel_space_add_bank(struct kernel_space *k)
{
	if (fake_banks_left == 0) {
		return false;
	}
	fake_banks_left--;
	k->bank_count++;
	return true;
}

static void no_entry(void *context, uint32_t page, uint64_t entry)
{
	(void)context;
	fail("entry %#lx is left at page %#x", (unsigned long)entry, page);
}

void kernel_space_recycle(struct kernel_space *k)
{
	fake_each_entry(k, no_entry, NULL);
	fake_banks_left += k->bank_count - 1;
	k->bank_count = 1;
}

/* How many entries show each frame. */
static uint32_t shown[1u << 16];

static void set_entry(uint64_t *entry, uint64_t value)
{
	if (*entry != 0) {
		shown[*entry >> 3]--;
	}
	*entry = value;
	if (value != 0) {
		shown[value >> 3]++;
	}
}

/* No frame may be free while an entry shows it: not even until the next call. */
static void check_shown(void)
{
	for (uint32_t i = 0; i < frames.total; i++) {
		CHECK(shown[i] == 0 || frame_of(i)->kind != FRAME_FREE);
	}
}

static void free_leaf(struct table *t, uint32_t leaf)
{
	for (uint32_t i = 0; i < LEAF; i++) {
		set_entry(&t->leaves[leaf][i], 0);
	}
	free(t->leaves[leaf]);
	t->leaves[leaf] = NULL;
	t->used--;
}

void kernel_space_destroy(struct kernel_space *k)
{
	struct table *t = tables[k->space];

	for (uint32_t i = 0; i < LEAVES; i++) {
		if (t->leaves[i] != NULL) {
			free_leaf(t, i);
		}
	}
	free(t);
	tables[k->space] = NULL;
	fake_spaces--;
	fake_banks_left += k->bank_count;
	memset(k, 0, sizeof(*k));
}

uint64_t kernel_space_tables(const struct kernel_space *k)
{
	return tables[k->space]->used;
}

uint64_t fake_entry(const struct kernel_space *k, uint32_t page)
{
	const uint64_t *leaf = tables[k->space]->leaves[page / LEAF];

	return leaf == NULL ? 0 : leaf[page % LEAF];
}

void fake_each_entry(const struct kernel_space *k,
		     void (*each)(void *context, uint32_t page, uint64_t entry), void *context)
{
	const struct table *t = tables[k->space];

	for (uint32_t i = 0; i < LEAVES; i++) {
		for (uint32_t j = 0; t->leaves[i] != NULL && j < LEAF; j++) {
			if (t->leaves[i][j] != 0) {
				each(context, i * LEAF + j, t->leaves[i][j]);
			}
		}
	}
}

/* The capacity of a space's banks, for a handle. */
static unsigned capacity(uint32_t handle)
{
	const struct space *space = space_at(handle - 1);

	return (space == NULL ? 1 : space->kernel.bank_count) * FAKE_BANK_TABLES;
}

static enum err map_page(uint32_t handle, struct window_item *item, uint64_t page, uint32_t frame)
{
	struct table *t = tables[handle];
	uint64_t **leaf = &t->leaves[page / LEAF];

	CHECK(frame > 0 && frame < frames.total);
	CHECK(frame_of(frame)->kind == FRAME_PRIVATE || frame_of(frame)->kind == FRAME_CACHE ||
	      frame_of(frame)->kind == FRAME_ZERO);
	if (item->rights & RIGHT_WRITE) {
		CHECK(frame_of(frame)->kind != FRAME_ZERO);
		CHECK(frame_of(frame)->kind != FRAME_PRIVATE || frame_of(frame)->refs == 1);
		CHECK(frame_of(frame)->kind != FRAME_CACHE ||
		      (frame_of(frame)->flags & FRAME_DIRTY));
	}
	if (*leaf == NULL) {
		if (t->used >= capacity(handle)) {
			return ERR_NO_TABLE;
		}
		*leaf = calloc(LEAF, sizeof(uint64_t));
		t->used++;
	}
	if (item->flags & WINDOW_ZERO) {
		memset(frame_data(frame), 0, PAGE_BYTES);
	}
	set_entry(&(*leaf)[page % LEAF], (uint64_t)frame << 3 | item->rights);
	return ERR_OK;
}

static void change_page(uint32_t handle, const struct window_item *item, uint64_t page)
{
	struct table *t = tables[handle];
	uint64_t *leaf = t->leaves[page / LEAF];

	if (leaf == NULL || leaf[page % LEAF] == 0) {
		return;
	}
	if (item->op == WINDOW_PROTECT) {
		leaf[page % LEAF] = (leaf[page % LEAF] & ~7ull) | item->rights;
		return;
	}
	set_entry(&leaf[page % LEAF], 0);
	for (uint32_t i = 0; i < LEAF; i++) {
		if (leaf[i] != 0) {
			return;
		}
	}
	free_leaf(t, (uint32_t)(page / LEAF));
}

/* All that the space has, as the pager asks for it. */
static enum err freeze(struct window_item *item)
{
	CHECK(item->va_page == 0 && (uint64_t)item->count * WINDOW_SPAN == PAGE_END);
	CHECK(item->rights == 0 && item->flags == 0);
	for (uint64_t i = 0; i < PAGE_END / LEAF; i++) {
		uint64_t *leaf = tables[item->cap]->leaves[i];

		for (unsigned j = 0; leaf != NULL && j < LEAF; j++) {
			leaf[j] &= ~(uint64_t)RIGHT_WRITE;
		}
	}
	item->done = item->count;
	return ERR_OK;
}

static enum err run_item(struct window_item *item)
{
	CHECK(item->cap < HANDLES && tables[item->cap] != NULL);
	if (item->op == WINDOW_FREEZE) {
		return freeze(item);
	}
	CHECK(item->count >= 1 && item->count <= WINDOW_ITEM_PAGES);
	CHECK(item->va_page >= PAGE_FIRST && item->va_page + item->count <= PAGE_END);
	if (item->op == WINDOW_MAP || item->op == WINDOW_PROTECT) {
		CHECK(item->rights != 0 && item->rights <= 7);
		CHECK((item->rights & 6) != 6);
		CHECK(!(item->rights & RIGHT_WRITE) || (item->rights & RIGHT_READ));
	}
	for (; item->done < item->count; item->done++) {
		uint64_t page = item->va_page + item->done;

		if (item->op == WINDOW_MAP) {
			enum err err = map_page(item->cap, item, page,
						(uint32_t)item->pool_page + item->done);

			if (err != ERR_OK) {
				return err;
			}
		} else if (tables[item->cap]->leaves[page / LEAF] == NULL) {
			uint32_t skip = (uint32_t)(LEAF - page % LEAF);
			uint32_t left = item->count - item->done;

			item->done += (skip < left ? skip : left) - 1;
		} else {
			change_page(item->cap, item, page);
		}
	}
	return ERR_OK;
}

enum err kernel_window_run(struct window_item *items, unsigned count)
{
	enum err err = ERR_OK;

	CHECK(count >= 1 && count <= WINDOW_ITEMS);
	if (fake_window_calls++ % (1 + frames.total / 4096) == 0) {
		check_shown();
	}
	for (unsigned i = 0; i < count; i++) {
		CHECK(items[i].done == 0);
	}
	for (unsigned i = 0; i < count && err == ERR_OK; i++) {
		err = run_item(&items[i]);
	}
	return err;
}

enum err kernel_window_query(uint32_t window, uint64_t page, unsigned count, uint64_t *out)
{
	struct kernel_space k = {.space = window};

	CHECK(count >= 1 && count <= WINDOW_QUERY_PAGES);
	for (unsigned i = 0; i < count; i++) {
		uint64_t entry = fake_entry(&k, (uint32_t)page + i);

		out[i] = entry == 0 ? 0
				    : QUERY_VALID | QUERY_ACCESSED | (entry & 7) << 1 |
					      (entry >> 3) << 12;
	}
	return ERR_OK;
}

void kernel_tick_after(unsigned milliseconds)
{
	(void)milliseconds;
	fake_tick_wanted = true;
}

uint64_t kernel_milliseconds(void)
{
	return fake_milliseconds;
}

void kernel_log(const char *format, ...)
{
	(void)format;
}

void kernel_broken(const char *condition, const char *file, int line)
{
	fail("invariant %s at %s:%d", condition, file, line);
}

/* ---- files ---- */

#define FILES_MAX 256u
static struct fake_file *files[FILES_MAX];

struct fake_file *fake_file(uint32_t fs, uint64_t ino)
{
	return ino >= 1 && ino <= FILES_MAX && files[ino - 1] != NULL && files[ino - 1]->fs == fs
		       ? files[ino - 1]
		       : NULL;
}

struct fake_file *fake_file_make(uint32_t fs)
{
	for (unsigned i = 0; i < FILES_MAX; i++) {
		if (files[i] == NULL) {
			files[i] = calloc(1, sizeof(*files[i]));
			files[i]->fs = fs;
			files[i]->ino = i + 1;
			files[i]->linked = true;
			return files[i];
		}
	}
	fail("no more files");
}

static void drop_pages(struct fake_file *file, uint64_t first)
{
	for (uint64_t i = first; i < FAKE_PAGES_MAX; i++) {
		if (file->pages[i] != NULL) {
			free(file->pages[i]);
			file->pages[i] = NULL;
			fake_blocks_left += fake_blocks_left != UINT64_MAX;
		}
	}
}

static void settle_file(struct fake_file *file)
{
	if (!file->linked && file->openers == 0) {
		drop_pages(file, 0);
		files[file->ino - 1] = NULL;
		free(file);
	}
}

void fake_file_unlink(struct fake_file *file)
{
	file->linked = false;
	settle_file(file);
}

void fake_file_fill(struct fake_file *file, const uint8_t *data, uint64_t size,
		    bool (*hole)(uint64_t page))
{
	file->size = size;
	for (uint64_t i = 0; i * PAGE_BYTES < size; i++) {
		uint64_t n = size - i * PAGE_BYTES;

		if (hole != NULL && hole(i)) {
			continue;
		}
		file->pages[i] = malloc(PAGE_BYTES);
		memset(file->pages[i], 0x5a, PAGE_BYTES);
		memcpy(file->pages[i], data + i * PAGE_BYTES, n < PAGE_BYTES ? n : PAGE_BYTES);
	}
}

unsigned fake_files_open(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FILES_MAX; i++) {
		n += files[i] == NULL ? 0 : files[i]->openers;
	}
	return n;
}

int files_open(uint32_t fs, uint64_t ino, uint64_t *size)
{
	struct fake_file *file = fake_file(fs, ino);

	if (file == NULL) {
		return -STATUS_NOENT;
	}
	file->openers++;
	*size = file->size;
	return 0;
}

int files_close(uint32_t fs, uint64_t ino)
{
	struct fake_file *file = fake_file(fs, ino);

	CHECK(file != NULL && file->openers > 0);
	file->openers--;
	settle_file(file);
	return 0;
}

static bool injected(unsigned one_in)
{
	if (one_in != 0 && random_below(one_in) == 0) {
		fake_errors++;
		return true;
	}
	return false;
}

static void check_frames(const uint32_t *list, unsigned n)
{
	CHECK(n >= 1 && n <= FILES_PAGES);
	for (unsigned i = 0; i < n; i++) {
		CHECK(list[i] > 0 && list[i] < frames.total);
		CHECK(frame_of(list[i])->kind == FRAME_CACHE);
	}
}

int files_read_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n, const uint32_t *list,
		     uint64_t *holes)
{
	struct fake_file *file = fake_file(fs, ino);

	CHECK(file != NULL);
	check_frames(list, n);
	if (injected(fake_read_errors)) {
		return -STATUS_IO;
	}
	*holes = 0;
	fake_reads++;
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *page = first + i < FAKE_PAGES_MAX ? file->pages[first + i] : NULL;

		if (page == NULL) {
			*holes |= 1ull << i;
			memset(frame_data(list[i]), 0xcc, PAGE_BYTES);
			continue;
		}
		memcpy(frame_data(list[i]), page, PAGE_BYTES);
		fake_pages_read++;
		if (file->size < (first + i + 1) * PAGE_BYTES) {
			/* Bytes behind the end are undefined. */
			uint64_t used = file->size > (first + i) * PAGE_BYTES
						? file->size - (first + i) * PAGE_BYTES
						: 0;

			memset((uint8_t *)frame_data(list[i]) + used, 0xdd, PAGE_BYTES - used);
		}
	}
	return 0;
}

int files_write_pages(uint32_t fs, uint64_t ino, uint64_t first, unsigned n, const uint32_t *list)
{
	struct fake_file *file = fake_file(fs, ino);

	CHECK(file != NULL);
	check_frames(list, n);
	if (injected(fake_write_errors)) {
		return -STATUS_IO;
	}
	for (unsigned i = 0; i < n; i++) {
		CHECK(file->pages[first + i] != NULL);
		memcpy(file->pages[first + i], frame_data(list[i]), PAGE_BYTES);
		fake_pages_written++;
	}
	return 0;
}

int files_allocate(uint32_t fs, uint64_t ino, uint64_t first, uint64_t count)
{
	struct fake_file *file = fake_file(fs, ino);
	uint64_t needed = 0;

	CHECK(file != NULL && count >= 1);
	if (first + count > FAKE_PAGES_MAX) {
		return -STATUS_FBIG;
	}
	for (uint64_t i = first; i < first + count; i++) {
		needed += file->pages[i] == NULL;
	}
	if (needed > fake_blocks_left) {
		return -STATUS_NOSPC;
	}
	for (uint64_t i = first; i < first + count; i++) {
		if (file->pages[i] == NULL) {
			file->pages[i] = malloc(PAGE_BYTES);
			memset(file->pages[i], 0xee, PAGE_BYTES); /* what the disk had there */
		}
	}
	fake_blocks_left -= fake_blocks_left == UINT64_MAX ? 0 : needed;
	return 0;
}

int files_set_size(uint32_t fs, uint64_t ino, uint64_t bytes)
{
	struct fake_file *file = fake_file(fs, ino);

	CHECK(file != NULL);
	if (bytes < file->size) {
		drop_pages(file, (bytes + PAGE_BYTES - 1) / PAGE_BYTES);
	}
	file->size = bytes;
	return 0;
}

int files_sync(uint32_t fs)
{
	(void)fs;
	return 0;
}
