/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block protocol (servers/protocol/block.h): clients, their pools, and
 * the way from a message to a request and back.
 */
#ifndef DRIVERS_VIRTIO_BLK_SERVICE_H
#define DRIVERS_VIRTIO_BLK_SERVICE_H

#include "drivers/virtio-blk/blk.h"

#define SERVICE_POOLS 16 /* of all clients together */
#define SERVICE_WORDS (3 + BLOCK_SEGMENTS)

/* A message, taken out of registers and message buffer. */
struct service_message {
	uint32_t label;
	uint64_t client; /* badge */
	unsigned count;	 /* words */
	uint64_t words[SERVICE_WORDS];
};

struct service {
	struct blk *blk;
	struct pool pools[SERVICE_POOLS];
};

/*
 * Begin to serve a message. Either the answer is complete (`*answer_count`
 * words at `answer`, room for 6) and NULL is returned, or a request is under
 * way and is returned. The caller made sure that a request is free.
 * BLOCK_ATTACH_POOL is not for here (service_attach).
 */
struct blk_request *service_begin(struct service *service, const struct service_message *message,
				  uint64_t *answer, unsigned *answer_count);

/*
 * Add a pool of `client`, of `pages` pages and `extents` pairs {first page,
 * physical base} as POOL_INFO gives them. Returns the pool's number or a
 * negative status.
 */
int64_t service_attach(struct service *service, uint64_t client, uint64_t pages, uint64_t extents,
		       const uint64_t *pairs);

#endif
