/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block cache: lines of 4 KiB, aligned on the disk, found by a hash table and
 * replaced least recently used first.
 *
 * Invariants: (1) a line in the hash table holds its disk content, or newer
 * content and is dirty; (2) every line is on the list of age exactly once;
 * (3) a line that could not be read is in no hash chain.
 *
 * A miss reads the missing lines of an aligned group of READ_AHEAD lines
 * around it in one request: neighbours in an inode table or a directory are
 * mostly wanted soon. Write-back goes in disk order, consecutive lines
 * together. When the oldest line is dirty all dirty lines are written at once,
 * which is cheaper than one request at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/cache.h"
#include "servers/protocol/status.h"

#define NONE 0xffffu
#define READ_AHEAD 4 /* lines, power of two */

struct cache_line {
	uint64_t number; /* disk offset / CACHE_LINE */
	uint16_t hash_next;
	uint16_t newer, older;
	bool valid, dirty;
};

int64_t cache_init(struct cache *cache, struct device *device, char *memory, size_t size)
{
	size_t count = size / CACHE_LINE;
	unsigned buckets = 16;

	memset(cache, 0, sizeof(*cache));
	count = count < CACHE_LINES_MAX ? count : CACHE_LINES_MAX;
	if (count < 2 * READ_AHEAD) {
		return -STATUS_NOMEM;
	}
	while (buckets < count) {
		buckets *= 2;
	}
	cache->lines = calloc(count, sizeof(struct cache_line));
	cache->hash = malloc(buckets * sizeof(uint16_t));
	if (!cache->lines || !cache->hash) {
		free(cache->lines);
		free(cache->hash);
		return -STATUS_NOMEM;
	}
	memset(cache->hash, 0xff, buckets * sizeof(uint16_t));
	cache->device = device;
	cache->memory = memory;
	cache->count = (unsigned)count;
	cache->hash_mask = buckets - 1;
	cache->bytes = device->sectors * BLOCK_SECTOR;
	cache->budget = UINT64_MAX;
	for (unsigned i = 0; i < count; i++) {
		cache->lines[i].newer = (uint16_t)(i == 0 ? NONE : i - 1);
		cache->lines[i].older = (uint16_t)(i + 1 == count ? NONE : i + 1);
	}
	cache->newest = 0;
	cache->oldest = (uint16_t)(count - 1);
	return 0;
}

static uint16_t *bucket(struct cache *cache, uint64_t number)
{
	return &cache->hash[(number * 0x9e3779b97f4a7c15ull >> 40) & cache->hash_mask];
}

static char *line_data(const struct cache *cache, unsigned index)
{
	return cache->memory + (size_t)index * CACHE_LINE;
}

/* Bytes of a line that lie on the disk. */
static uint32_t line_bytes(const struct cache *cache, uint64_t number)
{
	uint64_t left = cache->bytes - number * CACHE_LINE;

	return left < CACHE_LINE ? (uint32_t)left : CACHE_LINE;
}

static unsigned find(struct cache *cache, uint64_t number)
{
	unsigned index = *bucket(cache, number);

	while (index != NONE && cache->lines[index].number != number) {
		index = cache->lines[index].hash_next;
	}
	return index;
}

static void unlink_age(struct cache *cache, unsigned index)
{
	struct cache_line *line = &cache->lines[index];

	if (line->newer != NONE) {
		cache->lines[line->newer].older = line->older;
	} else {
		cache->newest = line->older;
	}
	if (line->older != NONE) {
		cache->lines[line->older].newer = line->newer;
	} else {
		cache->oldest = line->newer;
	}
}

static void make_newest(struct cache *cache, unsigned index)
{
	struct cache_line *line = &cache->lines[index];

	if (cache->newest == index) {
		return;
	}
	unlink_age(cache, index);
	line->newer = NONE;
	line->older = cache->newest;
	cache->lines[cache->newest].newer = (uint16_t)index;
	cache->newest = (uint16_t)index;
}

static void make_oldest(struct cache *cache, unsigned index)
{
	struct cache_line *line = &cache->lines[index];

	if (cache->oldest == index) {
		return;
	}
	unlink_age(cache, index);
	line->older = NONE;
	line->newer = cache->oldest;
	cache->lines[cache->oldest].older = (uint16_t)index;
	cache->oldest = (uint16_t)index;
}

/* Take a line out of the hash table; its content is lost. */
static void forget(struct cache *cache, unsigned index)
{
	struct cache_line *line = &cache->lines[index];
	uint16_t *link;

	if (!line->valid) {
		return;
	}
	link = bucket(cache, line->number);
	while (*link != index) {
		link = &cache->lines[*link].hash_next;
	}
	*link = line->hash_next;
	cache->dirty -= line->dirty;
	line->valid = false;
	line->dirty = false;
	make_oldest(cache, index);
}

/* Write `count` dirty lines, consecutive on the disk. */
static int64_t write_run(struct cache *cache, const uint16_t *indices, unsigned count)
{
	uint64_t segments[BLOCK_SEGMENTS] = {0};
	int64_t status;

	for (unsigned i = 0; i < count; i++) {
		segments[i] = DEVICE_SEGMENT((uint64_t)indices[i] * CACHE_LINE,
					     line_bytes(cache, cache->lines[indices[i]].number));
	}
	status = cache->device->transfer(
		cache->device, true, DEVICE_POOL_CACHE,
		cache->lines[indices[0]].number * (CACHE_LINE / BLOCK_SECTOR), segments, count);
	if (status != 0) {
		return status;
	}
	for (unsigned i = 0; i < count; i++) {
		cache->lines[indices[i]].dirty = false;
	}
	cache->dirty -= count;
	cache->unflushed = true;
	return 0;
}

/* Shell sort by place on the disk. */
static void sort_lines(const struct cache *cache, uint16_t *indices, unsigned count)
{
	for (unsigned gap = count / 2; gap > 0; gap /= 2) {
		for (unsigned i = gap; i < count; i++) {
			uint16_t index = indices[i];
			unsigned j = i;

			while (j >= gap &&
			       cache->lines[indices[j - gap]].number > cache->lines[index].number) {
				indices[j] = indices[j - gap];
				j -= gap;
			}
			indices[j] = index;
		}
	}
}

int64_t cache_write_back(struct cache *cache)
{
	static uint16_t indices[CACHE_LINES_MAX];
	unsigned count = 0;
	int64_t result = 0;

	if (cache->dirty == 0) {
		return 0;
	}
	for (unsigned i = 0; i < cache->count; i++) {
		if (cache->lines[i].dirty) {
			indices[count++] = (uint16_t)i;
		}
	}
	sort_lines(cache, indices, count);
	for (unsigned i = 0; i < count;) {
		unsigned run = 1;
		int64_t status;

		while (i + run < count && run < BLOCK_SEGMENTS &&
		       cache->lines[indices[i + run]].number ==
			       cache->lines[indices[i]].number + run) {
			run++;
		}
		status = write_run(cache, indices + i, run);
		result = result ? result : status;
		i += run;
	}
	return result;
}

int64_t cache_flush(struct cache *cache)
{
	int64_t status = cache_write_back(cache);

	if (status == 0 && cache->unflushed) {
		status = cache->device->flush(cache->device);
		if (status == 0) {
			cache->unflushed = false;
		}
	}
	return status;
}

/* The oldest line, made free and newest. */
static int64_t evict(struct cache *cache, unsigned *index)
{
	unsigned oldest = cache->oldest;

	if (cache->lines[oldest].dirty) {
		int64_t status = cache_write_back(cache);

		if (status != 0) {
			return status;
		}
	}
	forget(cache, oldest);
	make_newest(cache, oldest);
	*index = oldest;
	return 0;
}

static void insert(struct cache *cache, unsigned index, uint64_t number)
{
	struct cache_line *line = &cache->lines[index];
	uint16_t *head = bucket(cache, number);

	line->number = number;
	line->valid = true;
	line->dirty = false;
	line->hash_next = *head;
	*head = (uint16_t)index;
}

/* Read `count` (≤ READ_AHEAD) lines that are not in the cache. */
static int64_t read_lines(struct cache *cache, uint64_t first, unsigned count)
{
	uint64_t segments[READ_AHEAD] = {0};
	unsigned indices[READ_AHEAD];
	int64_t status = 0;

	for (unsigned i = 0; i < count; i++) {
		status = evict(cache, &indices[i]);
		if (status != 0) {
			return status;
		}
		segments[i] = DEVICE_SEGMENT((uint64_t)indices[i] * CACHE_LINE,
					     line_bytes(cache, first + i));
	}
	status = cache->device->transfer(cache->device, false, DEVICE_POOL_CACHE,
					 first * (CACHE_LINE / BLOCK_SECTOR), segments, count);
	for (unsigned i = 0; i < count; i++) {
		if (status == 0) {
			insert(cache, indices[i], first + i);
		} else {
			make_oldest(cache, indices[i]);
		}
	}
	return status;
}

static int64_t read_missing(struct cache *cache, uint64_t number)
{
	uint64_t lines = (cache->bytes + CACHE_LINE - 1) / CACHE_LINE;
	uint64_t first = number, end = number + 1;
	uint64_t group = number & ~(uint64_t)(READ_AHEAD - 1);
	int64_t status;

	while (first > group && find(cache, first - 1) == NONE) {
		first--;
	}
	while (end < group + READ_AHEAD && end < lines && find(cache, end) == NONE) {
		end++;
	}
	status = read_lines(cache, first, (unsigned)(end - first));
	if (status == -STATUS_IO && end - first > 1) {
		status = read_lines(cache, number, 1); /* perhaps only a neighbour is bad */
	}
	return status;
}

/* The line, with its content or (if it will be overwritten) without. */
static int64_t get_line(struct cache *cache, uint64_t number, bool overwrite, unsigned *index)
{
	int64_t status;

	if (cache->budget == 0) {
		return -STATUS_UCLEAN;
	}
	cache->budget--;
	*index = find(cache, number);
	if (*index != NONE) {
		cache->hits++;
		make_newest(cache, *index);
		return 0;
	}
	cache->misses++;
	if (overwrite) {
		status = evict(cache, index);
		if (status == 0) {
			insert(cache, *index, number);
		}
		return status;
	}
	status = read_missing(cache, number);
	if (status == 0) {
		*index = find(cache, number);
		make_newest(cache, *index);
	}
	return status;
}

static bool range_is_valid(const struct cache *cache, uint64_t offset, uint64_t bytes)
{
	return offset <= cache->bytes && bytes <= cache->bytes - offset;
}

int64_t cache_read(struct cache *cache, uint64_t offset, void *data, size_t bytes)
{
	char *to = data;

	if (!range_is_valid(cache, offset, bytes)) {
		return -STATUS_UCLEAN;
	}
	while (bytes > 0) {
		size_t start = offset % CACHE_LINE;
		size_t part = CACHE_LINE - start < bytes ? CACHE_LINE - start : bytes;
		unsigned index;
		int64_t status = get_line(cache, offset / CACHE_LINE, false, &index);

		if (status != 0) {
			return status;
		}
		memcpy(to, line_data(cache, index) + start, part);
		to += part;
		offset += part;
		bytes -= part;
	}
	return 0;
}

/* Whether `bytes` at both places are the same; data NULL = zeroes. By words where possible:
 * picolibc's memcmp goes by bytes. */
static bool is_same(const char *line, const char *data, size_t bytes)
{
	typedef uint64_t __attribute__((may_alias)) word;
	size_t i = 0;

	if ((uintptr_t)line % sizeof(word) == 0 && (uintptr_t)data % sizeof(word) == 0) {
		for (; i + sizeof(word) <= bytes; i += sizeof(word)) {
			if (*(const word *)(line + i) != (data ? *(const word *)(data + i) : 0)) {
				return false;
			}
		}
	}
	for (; i < bytes; i++) {
		if (line[i] != (data ? data[i] : 0)) {
			return false;
		}
	}
	return true;
}

/* Overwrite a part of one line; data NULL = zeroes. */
static int64_t write_part(struct cache *cache, uint64_t offset, const char *data, size_t bytes)
{
	uint64_t number = offset / CACHE_LINE;
	size_t start = offset % CACHE_LINE;
	bool was_cached = find(cache, number) != NONE;
	bool whole = start == 0 && bytes == line_bytes(cache, number);
	unsigned index;
	int64_t status = get_line(cache, number, whole, &index);
	char *to;

	if (status != 0) {
		return status;
	}
	to = line_data(cache, index) + start;
	if ((was_cached || !whole) && is_same(to, data, bytes)) {
		return 0;
	}
	if (data) {
		memcpy(to, data, bytes);
	} else {
		memset(to, 0, bytes);
	}
	if (!cache->lines[index].dirty) {
		cache->lines[index].dirty = true;
		cache->dirty++;
	}
	return 0;
}

int64_t cache_write(struct cache *cache, uint64_t offset, const void *data, size_t bytes)
{
	const char *from = data;

	if (!range_is_valid(cache, offset, bytes)) {
		return -STATUS_UCLEAN;
	}
	while (bytes > 0) {
		size_t part = CACHE_LINE - offset % CACHE_LINE;
		int64_t status;

		part = part < bytes ? part : bytes;
		status = write_part(cache, offset, from, part);
		if (status != 0) {
			return status;
		}
		from += part;
		offset += part;
		bytes -= part;
	}
	return 0;
}

int64_t cache_zero(struct cache *cache, uint64_t offset, uint64_t bytes)
{
	if (!range_is_valid(cache, offset, bytes)) {
		return -STATUS_UCLEAN;
	}
	while (bytes > 0) {
		uint64_t part = CACHE_LINE - offset % CACHE_LINE;
		int64_t status;

		part = part < bytes ? part : bytes;
		status = write_part(cache, offset, NULL, part);
		if (status != 0) {
			return status;
		}
		offset += part;
		bytes -= part;
	}
	return 0;
}

int64_t cache_release(struct cache *cache, uint64_t offset, uint64_t bytes)
{
	uint64_t first = offset / CACHE_LINE;
	uint64_t last;

	if (bytes == 0 || !range_is_valid(cache, offset, bytes)) {
		return bytes == 0 ? 0 : -STATUS_UCLEAN;
	}
	last = (offset + bytes - 1) / CACHE_LINE;
	for (uint64_t number = first; number <= last; number++) {
		unsigned index = find(cache, number);

		if (index == NONE) {
			continue;
		}
		if (cache->lines[index].dirty) {
			uint16_t one = (uint16_t)index;
			int64_t status = write_run(cache, &one, 1);

			if (status != 0) {
				return status;
			}
		}
		forget(cache, index);
	}
	return 0;
}
