/* SPDX-License-Identifier: BSD-2-Clause */
/* Client of servers/protocol/block.h. */
#include "servers/files/block_client.h"
#include "servers/lib/startup.h"
#include "servers/protocol/status.h"

static cap_t block;
static struct device device;
static uint64_t pool_numbers[DEVICE_POOLS]; /* as the driver counts them */

static int64_t call(struct message *m)
{
	return ipc_call(block, m) == ERR_OK ? (int64_t)m->words[0] : -STATUS_IO;
}

static int64_t transfer(struct device *it, bool is_write, enum device_pool pool, uint64_t sector,
			const uint64_t *segments, unsigned count)
{
	struct message m = {.tag = MESSAGE_TAG(is_write ? BLOCK_WRITE : BLOCK_READ, 3 + count),
			    .words = {pool_numbers[pool], sector, count}};

	if (it->pool_pages[pool] == 0) {
		return -STATUS_INVAL;
	}
	for (unsigned i = 0; i < count; i++) {
		if (3 + i < MESSAGE_REGISTERS) {
			m.words[3 + i] = segments[i];
		} else {
			message_buffer()->words[3 + i] = segments[i];
		}
	}
	return call(&m);
}

static int64_t flush(struct device *it)
{
	struct message m = {.tag = MESSAGE_TAG(BLOCK_FLUSH, 0)};

	(void)it;
	return call(&m);
}

static int64_t attach(enum device_pool pool, cap_t cap, uint64_t pages)
{
	struct message m = {.tag = MESSAGE_TAG(BLOCK_ATTACH_POOL, 0) | MESSAGE_TAG_CAPS(1)};
	int64_t status;

	message_buffer()->send_caps[0] = cap;
	status = call(&m);
	if (status == 0) {
		pool_numbers[pool] = m.words[1];
		device.pool_pages[pool] = pages;
	}
	return status;
}

struct device *block_client_start(cap_t service, cap_t cache_pool, uint64_t cache_pages)
{
	struct message m = {.tag = MESSAGE_TAG(BLOCK_INFO, 0)};

	block = service;
	device.transfer = transfer;
	device.flush = flush;
	device.status = call(&m);
	if (device.status == 0) {
		device.sectors = m.words[1];
		device.read_only = m.words[2] != 0;
		device.status = attach(DEVICE_POOL_CACHE, cache_pool, cache_pages);
	}
	return &device;
}

int64_t block_client_attach_pager(cap_t pool)
{
	struct message m = {.tag = 0};

	if (invoke(pool, POOL_INFO, 0, &m) != ERR_OK) {
		return -STATUS_INVAL;
	}
	return attach(DEVICE_POOL_PAGER, pool, m.words[0]);
}
