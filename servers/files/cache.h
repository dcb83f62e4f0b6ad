/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Write-back cache of disk blocks for metadata. File data does not pass
 * through it: see cache_release.
 *
 * All functions return 0 or a negative status.
 */
#ifndef SERVERS_FILES_CACHE_H
#define SERVERS_FILES_CACHE_H

#include "servers/files/device.h"
#include <stddef.h>

#define CACHE_LINE 4096u
#define CACHE_LINES_MAX 1024

struct cache_line;

struct cache {
	struct device *device;
	char *memory; /* the lines' data, in pool DEVICE_POOL_CACHE from offset 0 */
	struct cache_line *lines;
	uint16_t *hash;
	unsigned count; /* lines */
	unsigned hash_mask;
	unsigned dirty; /* lines that are */
	uint16_t newest, oldest;
	uint64_t bytes; /* of the disk */
	bool unflushed; /* something was written since the last flush */
	/*
	 * Lines that may still be touched before the request under way is
	 * given up with STATUS_UCLEAN: what ends a walk in circles through a
	 * corrupt file system.
	 */
	uint64_t budget;
	uint64_t hits, misses;
};

/* `memory` is `size` bytes; -STATUS_NOMEM if the table cannot be had. */
int64_t cache_init(struct cache *cache, struct device *device, char *memory, size_t size);

int64_t cache_read(struct cache *cache, uint64_t offset, void *data, size_t bytes);
/* Lines that change become dirty; writing what is there already changes nothing. */
int64_t cache_write(struct cache *cache, uint64_t offset, const void *data, size_t bytes);
int64_t cache_zero(struct cache *cache, uint64_t offset, uint64_t bytes);

/* Write all dirty lines to the disk. */
int64_t cache_write_back(struct cache *cache);
/* cache_write_back, then the disk's own cache to stable storage. */
int64_t cache_flush(struct cache *cache);
/* Write back and forget the lines of a range, so that the disk may be accessed past the cache. */
int64_t cache_release(struct cache *cache, uint64_t offset, uint64_t bytes);

#endif
