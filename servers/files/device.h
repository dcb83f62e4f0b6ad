/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk below the file server: the block service on the target
 * (block_client.c), an image in memory in the host tests.
 */
#ifndef SERVERS_FILES_DEVICE_H
#define SERVERS_FILES_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/protocol/block.h"

enum device_pool {
	DEVICE_POOL_CACHE, /* the region "files-io" */
	DEVICE_POOL_PAGER, /* the pager's frames */
	DEVICE_POOLS,
};

/* A piece of a pool: byte offset and bytes (1..8 MiB, a multiple of 512). */
#define DEVICE_SEGMENT(offset, bytes) ((uint64_t)(offset) << 24 | (bytes))

struct device {
	/*
	 * Move data between consecutive sectors and `count` segments
	 * (1..BLOCK_SEGMENTS) of a pool. Returns 0 or a negative status.
	 */
	int64_t (*transfer)(struct device *device, bool is_write, enum device_pool pool,
			    uint64_t sector, const uint64_t *segments, unsigned count);
	int64_t (*flush)(struct device *device);
	int64_t status; /* 0, or why there is no disk (negative status) */
	uint64_t sectors;
	bool read_only;
	uint64_t pool_pages[DEVICE_POOLS]; /* pages; 0 = not attached */
};

#endif
