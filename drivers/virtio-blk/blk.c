/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio block device.
 *
 * DMA memory: the virtqueue at the start, then one struct area per request
 * with its header, status byte and indirect table. A device request is header
 * (device reads), data pieces, status byte (device writes).
 *
 * A client's segments are cut where the pool's physical extents end and at
 * the device's largest piece; as many pieces as the device takes make one
 * device request, and its completion starts the next one.
 */
#include <string.h>

#include "drivers/virtio-blk/blk.h"
#include "servers/lib/objects.h"
#include "servers/protocol/status.h"

#define RESET_POLLS 1000000 /* reads of the status register before giving up */
#define CONFIG_TRIES 16

struct area {
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	volatile uint8_t status;
	uint8_t padding[15];
	struct descriptor table[BLK_PIECES + 2];
};

enum blk_status { BLK_S_OK = 0 }; /* 5.2.6: 1 is an I/O error, 2 unsupported */

#define AREAS_OFFSET 4096

_Static_assert(AREAS_OFFSET + BLK_REQUESTS * sizeof(struct area) <= BLK_MEMORY, "areas fit");
_Static_assert(sizeof(struct area) % 16 == 0, "indirect tables are 16-byte aligned (2.7)");

static struct area *area_of(const struct blk *blk, const struct blk_request *request)
{
	return (struct area *)(void *)(blk->memory + AREAS_OFFSET) + request->index;
}

static uint64_t area_physical(const struct blk *blk, const struct blk_request *request)
{
	return blk->physical + AREAS_OFFSET + request->index * sizeof(struct area);
}

static void add_status(struct virtio_device *device, uint8_t bits)
{
	device->operations->set_status(device,
				       (uint8_t)(device->operations->get_status(device) | bits));
}

static bool device_reset(struct virtio_device *device)
{
	device->operations->set_status(device, 0);
	for (unsigned i = 0; i < RESET_POLLS; i++) {
		if (device->operations->get_status(device) == 0) {
			return true;
		}
	}
	return false;
}

/* 3.1.1 steps 4 to 6. */
static bool negotiate(struct blk *blk)
{
	struct virtio_device *device = blk->device;
	uint64_t offered = device->operations->get_features(device, 0) |
			   (uint64_t)device->operations->get_features(device, 1) << 32;
	uint64_t wanted =
		offered & (VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH |
			   VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_SIZE_MAX |
			   VIRTIO_F_INDIRECT_DESC | VIRTIO_F_ACCESS_PLATFORM);

	if (!(wanted & VIRTIO_F_VERSION_1)) {
		log_print("virtio-blk: %s does not offer VERSION_1\n", device->name);
		return false;
	}
	device->operations->set_features(device, 0, (uint32_t)wanted);
	device->operations->set_features(device, 1, (uint32_t)(wanted >> 32));
	add_status(device, VIRTIO_STATUS_FEATURES_OK);
	if (!(device->operations->get_status(device) & VIRTIO_STATUS_FEATURES_OK)) {
		log_print("virtio-blk: %s refuses the features\n", device->name);
		return false;
	}
	blk->read_only = (wanted & VIRTIO_BLK_F_RO) != 0;
	blk->has_flush = (wanted & VIRTIO_BLK_F_FLUSH) != 0;
	blk->has_indirect = (wanted & VIRTIO_F_INDIRECT_DESC) != 0;
	blk->piece_max = (wanted & VIRTIO_BLK_F_SIZE_MAX) != 0 ? 0 : BLK_SIZE_MAX;
	blk->pieces_max = (wanted & VIRTIO_BLK_F_SEG_MAX) != 0 ? 0 : 1;
	return true;
}

/* Read the capacity and limits; again while the device changes them (2.5.1). */
static bool read_configuration(struct blk *blk)
{
	struct virtio_device *device = blk->device;
	uint32_t size_max, seg_max, before;

	for (unsigned i = 0; i < CONFIG_TRIES; i++) {
		before = device->operations->config_generation(device);
		blk->sectors = device->operations->config_read(device, VIRTIO_BLK_CONFIG_CAPACITY) |
			       (uint64_t)device->operations->config_read(
				       device, VIRTIO_BLK_CONFIG_CAPACITY + 4)
				       << 32;
		size_max = device->operations->config_read(device, VIRTIO_BLK_CONFIG_SIZE_MAX);
		seg_max = device->operations->config_read(device, VIRTIO_BLK_CONFIG_SEG_MAX);
		if (device->operations->config_generation(device) == before) {
			if (blk->piece_max == 0) {
				blk->piece_max =
					size_max < BLK_SIZE_MAX ? size_max & ~511u : BLK_SIZE_MAX;
			}
			if (blk->pieces_max == 0) {
				blk->pieces_max = seg_max < BLK_PIECES ? seg_max : BLK_PIECES;
			}
			return blk->piece_max >= BLOCK_SECTOR && blk->pieces_max >= 1 &&
			       blk->sectors <= UINT64_MAX / BLOCK_SECTOR;
		}
	}
	return false;
}

static bool set_up_queue(struct blk *blk)
{
	struct virtio_device *device = blk->device;
	unsigned size = device->operations->queue_size_max(device);

	if (size > QUEUE_SIZE_MAX) {
		size = QUEUE_SIZE_MAX;
	}
	while ((size & (size - 1)) != 0) {
		size &= size - 1; /* down to a power of two */
	}
	if (size < 4) {
		return false;
	}
	if (blk->pieces_max > size - 2) {
		blk->pieces_max = size - 2; /* a chain is not longer than the queue, 2.7.5.3.1 */
	}
	queue_init(&blk->queue, size, blk->memory, blk->physical);
	device->operations->queue_enable(device, size, blk->queue.descriptors_physical,
					 blk->queue.available_physical, blk->queue.used_physical);
	return true;
}

/* 3.1.1: from reset to DRIVER_OK. */
static bool bring_up(struct blk *blk)
{
	struct virtio_device *device = blk->device;

	if (!device_reset(device)) {
		log_print("virtio-blk: %s does not come out of reset\n", device->name);
		return false;
	}
	add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(device, VIRTIO_STATUS_DRIVER);
	if (!negotiate(blk) || !read_configuration(blk) || !set_up_queue(blk)) {
		log_print("virtio-blk: %s cannot be set up\n", device->name);
		add_status(device, VIRTIO_STATUS_FAILED);
		return false;
	}
	device_fence(); /* the empty rings before the device may look at them */
	add_status(device, VIRTIO_STATUS_DRIVER_OK);
	return true;
}

bool blk_init(struct blk *blk, struct virtio_device *device, void *memory, uint64_t physical)
{
	memset(blk, 0, sizeof(*blk));
	blk->device = device;
	blk->memory = memory;
	blk->physical = physical;
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		blk->requests[i].index = i;
	}
	_Static_assert(AREAS_OFFSET >= QUEUE_SIZE_MAX * (16 + 2 + 8) + 128, "the queue fits");
	blk->present = device && bring_up(blk);
	return blk->present;
}

bool blk_has_free_request(const struct blk *blk)
{
	unsigned active = 0;

	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		active += blk->requests[i].active;
	}
	/* Without indirect descriptors one request may fill the whole ring. */
	return active < (blk->has_indirect ? BLK_REQUESTS : 1);
}

struct blk_request *blk_request_new(struct blk *blk)
{
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		struct blk_request *request = &blk->requests[i];

		if (!request->active) {
			request->active = true;
			request->finished = false;
			request->segments = 0;
			request->next_segment = 0;
			request->next_offset = 0;
			request->given = 0;
			request->done = 0;
			request->status = STATUS_OK;
			return request;
		}
	}
	return NULL;
}

void blk_request_free(struct blk_request *request)
{
	request->active = false;
	request->finished = false;
}

static uint32_t segment_bytes(uint64_t segment)
{
	return (uint32_t)(segment & 0xffffff);
}

static uint64_t segment_offset(uint64_t segment)
{
	return segment >> 24;
}

int blk_request_check(const struct blk *blk, const struct blk_request *request)
{
	uint64_t total = 0;

	if (!blk->present) {
		return -STATUS_NODEV;
	}
	if (request->type == BLK_FLUSH) {
		return STATUS_OK;
	}
	if (request->type == BLK_WRITE && blk->read_only) {
		return -STATUS_ROFS;
	}
	if (!request->pool || request->segments == 0 || request->segments > BLOCK_SEGMENTS) {
		return -STATUS_INVAL;
	}
	for (unsigned i = 0; i < request->segments; i++) {
		uint32_t bytes = segment_bytes(request->segment[i]);
		uint64_t offset = segment_offset(request->segment[i]);

		if (bytes == 0 || bytes % BLOCK_SECTOR != 0 || bytes > 8u << 20 ||
		    offset % BLOCK_SECTOR != 0 || offset > request->pool->size ||
		    bytes > request->pool->size - offset) {
			return -STATUS_INVAL;
		}
		total += bytes;
	}
	if (request->sector > blk->sectors ||
	    total / BLOCK_SECTOR > blk->sectors - request->sector) {
		return -STATUS_INVAL;
	}
	return STATUS_OK;
}

/* Physical address of a pool offset, and how many bytes from there on are contiguous. */
static uint64_t pool_physical(const struct pool *pool, uint64_t offset, uint64_t *contiguous)
{
	unsigned i = 0;

	while (i + 1 < pool->extents && pool->extent[i + 1].offset <= offset) {
		i++;
	}
	*contiguous = (i + 1 < pool->extents ? pool->extent[i + 1].offset : pool->size) - offset;
	return pool->extent[i].physical + (offset - pool->extent[i].offset);
}

/* Cut the next data pieces off the request; returns how many. */
static unsigned cut_pieces(const struct blk *blk, struct blk_request *request, struct piece *pieces)
{
	unsigned count = 0;

	request->given = 0;
	while (count < blk->pieces_max && request->next_segment < request->segments) {
		uint64_t segment = request->segment[request->next_segment];
		uint64_t length = segment_bytes(segment) - request->next_offset;
		uint64_t contiguous;
		uint64_t address = pool_physical(
			request->pool, segment_offset(segment) + request->next_offset, &contiguous);

		if (length > contiguous) {
			length = contiguous;
		}
		if (length > blk->piece_max) {
			length = blk->piece_max;
		}
		pieces[count++] =
			(struct piece){address, (uint32_t)length, request->type == BLK_READ};
		request->given += length;
		request->next_offset += (uint32_t)length;
		if (request->next_offset == segment_bytes(segment)) {
			request->next_segment++;
			request->next_offset = 0;
		}
	}
	return count;
}

static void finish(struct blk_request *request, int status)
{
	request->status = status;
	request->finished = true;
}

/* Give the next part of the request to the device, or finish it. */
static void advance(struct blk *blk, struct blk_request *request)
{
	struct piece pieces[BLK_PIECES + 2];
	struct area *area = area_of(blk, request);
	uint64_t physical = area_physical(blk, request);
	unsigned count;

	if (request->type != BLK_FLUSH && request->next_segment == request->segments) {
		finish(request, STATUS_OK);
		return;
	}
	area->header.type = request->type;
	area->header.reserved = 0;
	area->header.sector =
		request->type == BLK_FLUSH ? 0 : request->sector + request->done / BLOCK_SECTOR;
	area->status = 0xff;
	pieces[0] = (struct piece){physical + offsetof(struct area, header), sizeof(area->header),
				   false};
	count = 1 + (request->type == BLK_FLUSH ? 0 : cut_pieces(blk, request, pieces + 1));
	pieces[count++] = (struct piece){physical + offsetof(struct area, status), 1, true};
	if (!queue_give(&blk->queue, pieces, count, blk->has_indirect ? area->table : NULL,
			physical + offsetof(struct area, table), request)) {
		finish(request, -STATUS_IO); /* not with callers that heed blk_has_free_request */
		return;
	}
	device_fence(); /* the available index before the doorbell (2.7.13.4) */
	blk->device->operations->queue_notify(blk->device);
}

void blk_request_start(struct blk *blk, struct blk_request *request)
{
	if (!blk->present) {
		finish(request, -STATUS_NODEV);
	} else if (request->type == BLK_FLUSH && !blk->has_flush) {
		finish(request, STATUS_OK); /* no cache that could be flushed (5.2.6.2) */
		blk->flushes++;
	} else {
		advance(blk, request);
	}
}

static void account(struct blk *blk, const struct blk_request *request)
{
	switch (request->type) {
	case BLK_READ:
		blk->reads++;
		blk->sectors_read += request->done / BLOCK_SECTOR;
		break;
	case BLK_WRITE:
		blk->writes++;
		blk->sectors_written += request->done / BLOCK_SECTOR;
		break;
	case BLK_FLUSH:
		blk->flushes++;
		break;
	}
}

static void part_done(struct blk *blk, struct blk_request *request)
{
	if (area_of(blk, request)->status != BLK_S_OK) {
		finish(request, -STATUS_IO);
		return;
	}
	request->done += request->given;
	if (request->type == BLK_FLUSH) {
		finish(request, STATUS_OK);
	} else {
		advance(blk, request);
	}
	if (request->finished && request->status == STATUS_OK) {
		account(blk, request);
	}
}

void blk_reset(struct blk *blk, const char *reason)
{
	log_print("virtio-blk: %s: %s; resetting it\n", blk->device->name, reason);
	blk->resets++;
	blk->present = bring_up(blk);
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		if (blk->requests[i].active && !blk->requests[i].finished) {
			finish(&blk->requests[i], -STATUS_IO);
		}
	}
}

void blk_interrupt(struct blk *blk)
{
	blk->device->operations->interrupt_take(blk->device);
	if (!blk->present) {
		return;
	}
	/* Bounded: each step takes one of at most queue.size chains that the device has; a chain
	 * given anew inside the loop may be taken again only after the device worked on it. */
	for (unsigned i = 0; i < 2 * QUEUE_SIZE_MAX; i++) {
		void *owner;

		switch (queue_take(&blk->queue, &owner)) {
		case QUEUE_EMPTY:
			if (blk->device->operations->get_status(blk->device) &
			    VIRTIO_STATUS_NEEDS_RESET) {
				blk_reset(blk, "the device asks for a reset");
			}
			return;
		case QUEUE_GARBAGE:
			blk_reset(blk, "the used ring holds garbage");
			return;
		case QUEUE_TAKEN:
			part_done(blk, owner);
			break;
		}
	}
}
