/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block protocol. Pool numbers count from 0 for each client; a client
 * reaches only pools that it attached itself, found by (badge, number).
 */
#include <string.h>

#include "drivers/virtio-blk/service.h"
#include "servers/protocol/status.h"

#define PAGE 4096

static const struct pool *find_pool(const struct service *service, uint64_t client, uint64_t number)
{
	for (unsigned i = 0; i < SERVICE_POOLS; i++) {
		const struct pool *pool = &service->pools[i];

		if (pool->in_use && pool->client == client && pool->number == number) {
			return pool;
		}
	}
	return NULL;
}

/* The extents must begin at page 0, ascend, lie in the pool and have physical addresses. */
static bool extents_are_sound(uint64_t pages, uint64_t extents, const uint64_t *pairs)
{
	if (pages == 0 || pages > UINT64_MAX / PAGE || extents == 0 || extents > BLK_EXTENTS ||
	    pairs[0] != 0) {
		return false;
	}
	for (unsigned i = 0; i < extents; i++) {
		uint64_t first = pairs[2 * i];
		uint64_t end = i + 1 < extents ? pairs[2 * i + 2] : pages;
		uint64_t physical = pairs[2 * i + 1];

		if (first >= end || end > pages || physical == 0 || physical % PAGE != 0 ||
		    (end - first) * PAGE > UINT64_MAX - physical) {
			return false;
		}
	}
	return true;
}

int64_t service_attach(struct service *service, uint64_t client, uint64_t pages, uint64_t extents,
		       const uint64_t *pairs)
{
	struct pool *pool = NULL;
	uint32_t number = 0;

	if (!extents_are_sound(pages, extents, pairs)) {
		return -STATUS_INVAL;
	}
	for (unsigned i = 0; i < SERVICE_POOLS; i++) {
		if (!service->pools[i].in_use) {
			pool = pool ? pool : &service->pools[i];
		} else if (service->pools[i].client == client) {
			number++;
		}
	}
	if (!pool) {
		return -STATUS_NOMEM;
	}
	memset(pool, 0, sizeof(*pool));
	pool->in_use = true;
	pool->client = client;
	pool->number = number;
	pool->size = pages * PAGE;
	pool->extents = (unsigned)extents;
	for (unsigned i = 0; i < extents; i++) {
		pool->extent[i].offset = pairs[2 * i] * PAGE;
		pool->extent[i].physical = pairs[2 * i + 1];
	}
	return number;
}

static int64_t begin_transfer(struct service *service, const struct service_message *message,
			      struct blk_request *request)
{
	request->type = message->label == BLOCK_READ ? BLK_READ : BLK_WRITE;
	if (message->count < 3 || message->words[2] > BLOCK_SEGMENTS ||
	    message->count < 3 + message->words[2]) {
		return -STATUS_INVAL;
	}
	request->pool = find_pool(service, message->client, message->words[0]);
	request->sector = message->words[1];
	request->segments = (unsigned)message->words[2];
	memcpy(request->segment, message->words + 3, request->segments * sizeof(uint64_t));
	return blk_request_check(service->blk, request);
}

static unsigned statistics(const struct blk *blk, uint64_t *answer)
{
	answer[1] = blk->reads;
	answer[2] = blk->sectors_read;
	answer[3] = blk->writes;
	answer[4] = blk->sectors_written;
	answer[5] = blk->flushes;
	return 6;
}

struct blk_request *service_begin(struct service *service, const struct service_message *message,
				  uint64_t *answer, unsigned *answer_count)
{
	struct blk *blk = service->blk;
	struct blk_request *request;
	int64_t status;

	answer[0] = STATUS_OK;
	*answer_count = 1;
	switch (message->label) {
	case BLOCK_INFO:
		answer[0] = blk->present ? STATUS_OK : (uint64_t)-STATUS_NODEV;
		answer[1] = blk->sectors;
		answer[2] = blk->read_only;
		*answer_count = blk->present ? 3 : 1;
		return NULL;
	case BLOCK_STATISTICS:
		*answer_count = statistics(blk, answer);
		return NULL;
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_FLUSH:
		request = blk_request_new(blk);
		if (message->label == BLOCK_FLUSH) {
			request->type = BLK_FLUSH;
			status = blk_request_check(blk, request);
		} else {
			status = begin_transfer(service, message, request);
		}
		if (status == STATUS_OK) {
			blk_request_start(blk, request);
			return request;
		}
		blk_request_free(request);
		answer[0] = (uint64_t)status;
		return NULL;
	default:
		answer[0] = (uint64_t)-STATUS_NOSYS;
		return NULL;
	}
}
