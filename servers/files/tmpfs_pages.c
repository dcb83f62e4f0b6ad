/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: the account of pages. The pages themselves are the pager's; here is
 * only which ones it was allowed to have, as sorted ranges.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/tmpfs_private.h"

#define SIZE_MAX_BYTES (1ull << 44)

static int64_t find_file(struct tmpfs *tmpfs, uint64_t ino, struct tmpfs_node **node)
{
	*node = tmpfs_node_find(tmpfs, ino);
	if (!*node) {
		return -STATUS_STALE;
	}
	switch ((*node)->attributes.mode & MODE_TYPE) {
	case MODE_REGULAR:
		return 0;
	case MODE_DIRECTORY:
		return -STATUS_ISDIR;
	}
	return -STATUS_INVAL;
}

int64_t tmpfs_read_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			 const uint64_t *pages, uint64_t *holes)
{
	struct tmpfs_node *node;

	(void)first;
	(void)pages;
	*holes = count >= 64 ? UINT64_MAX : (1ull << count) - 1;
	return find_file(tmpfs_of(fs), ino, &node);
}

int64_t tmpfs_write_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			  const uint64_t *pages)
{
	(void)fs;
	(void)ino;
	(void)first;
	(void)count;
	(void)pages;
	return -STATUS_INVAL; /* there is no place to write them to */
}

/* The first range that ends at or behind `page`. */
static unsigned find_range(const struct tmpfs_node *node, uint64_t page)
{
	unsigned low = 0, high = node->range_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (node->ranges[middle].first + node->ranges[middle].count < page) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool make_room(struct tmpfs_node *node)
{
	unsigned capacity = node->range_capacity ? node->range_capacity * 2 : 4;
	struct tmpfs_range *ranges;

	if (node->range_count < node->range_capacity) {
		return true;
	}
	ranges = realloc(node->ranges, capacity * sizeof(*ranges));
	if (!ranges) {
		return false;
	}
	heap_has_grown = true;
	node->ranges = ranges;
	node->range_capacity = capacity;
	return true;
}

int64_t tmpfs_allocate(struct file_system *fs, uint64_t ino, uint64_t first, uint64_t count)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *node;
	uint64_t start = first, end = first + count, had = 0;
	unsigned at, last;
	int64_t status = find_file(tmpfs, ino, &node);

	if (status != 0) {
		return status;
	}
	if (count == 0) {
		return 0;
	}
	if (first > SIZE_MAX_BYTES / PAGE_BYTES || count > SIZE_MAX_BYTES / PAGE_BYTES) {
		return -STATUS_FBIG;
	}
	/* Merge all ranges that touch [start, end). */
	at = find_range(node, first);
	for (last = at; last < node->range_count && node->ranges[last].first <= first + count;
	     last++) {
		const struct tmpfs_range *range = &node->ranges[last];

		had += range->count;
		start = range->first < start ? range->first : start;
		end = range->first + range->count > end ? range->first + range->count : end;
	}
	if (end - start - had > tmpfs->limit - tmpfs->used) {
		return -STATUS_NOSPC;
	}
	if (at == last && !make_room(node)) {
		return -STATUS_NOMEM;
	}
	tmpfs->used += end - start - had;
	node->pages += end - start - had;
	memmove(&node->ranges[at + 1], &node->ranges[last],
		(node->range_count - last) * sizeof(node->ranges[0]));
	node->range_count = node->range_count - (last - at) + 1;
	node->ranges[at] = (struct tmpfs_range){start, end - start};
	return 0;
}

/* Take pages from `first` on off the account. */
static void cut(struct tmpfs *tmpfs, struct tmpfs_node *node, uint64_t first)
{
	while (node->range_count > 0) {
		struct tmpfs_range *last = &node->ranges[node->range_count - 1];
		uint64_t keep = last->first < first ? first - last->first : 0;

		if (keep >= last->count) {
			break;
		}
		tmpfs->used -= last->count - keep;
		node->pages -= last->count - keep;
		last->count = keep;
		if (keep > 0) {
			break;
		}
		node->range_count--;
	}
}

void tmpfs_drop_pages(struct tmpfs *tmpfs, struct tmpfs_node *node)
{
	cut(tmpfs, node, 0);
	free(node->ranges);
	node->ranges = NULL;
	node->range_capacity = 0;
}

int64_t tmpfs_set_size(struct file_system *fs, uint64_t ino, uint64_t size)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *node;
	int64_t status = find_file(tmpfs, ino, &node);

	if (status != 0) {
		return status;
	}
	if (size > SIZE_MAX_BYTES) {
		return -STATUS_FBIG;
	}
	if (size < node->attributes.size) {
		cut(tmpfs, node, (size + PAGE_BYTES - 1) / PAGE_BYTES);
	}
	node->attributes.size = size;
	tmpfs_touch(node, true);
	return 0;
}
