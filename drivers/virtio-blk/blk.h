/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio block device (5.2): requests of any number of pieces, several at
 * a time. Knows neither clients nor interrupts: service.c feeds it, main.c
 * tells it when the device wants attention.
 */
#ifndef DRIVERS_VIRTIO_BLK_BLK_H
#define DRIVERS_VIRTIO_BLK_BLK_H

#include "drivers/virtio-blk/queue.h"
#include "drivers/virtio-blk/virtio.h"
#include "servers/protocol/block.h"

#define BLK_REQUESTS 8		/* at a time */
#define BLK_PIECES 64		/* data pieces of one device request at the most */
#define BLK_EXTENTS 8		/* extents of one pool at the most */
#define BLK_SIZE_MAX (1u << 22) /* bytes of one piece at the most */

/* Physical memory of a pool that a client attached. */
struct pool {
	bool in_use;
	uint32_t number; /* what the client calls it */
	uint64_t client; /* badge */
	uint64_t size;	 /* bytes */
	unsigned extents;
	struct {
		uint64_t offset; /* in the pool, bytes */
		uint64_t physical;
	} extent[BLK_EXTENTS];
};

enum blk_type { BLK_READ = 0, BLK_WRITE = 1, BLK_FLUSH = 4 }; /* 5.2.6 */

/*
 * A client's request. It becomes one device request after another until all
 * its segments are done.
 */
struct blk_request {
	enum blk_type type;
	const struct pool *pool; /* read and write */
	uint64_t sector;
	unsigned segments;
	uint64_t segment[BLOCK_SEGMENTS]; /* byte offset in pool << 24 | bytes */
	/* Kept by blk.c. */
	unsigned next_segment; /* first one not given to the device in full */
	uint32_t next_offset;  /* bytes of it that are */
	uint64_t given;	       /* bytes of the device request under way */
	uint64_t done;	       /* bytes finished */
	int status;	       /* result: 0 or negative status.h */
	unsigned index;	       /* of its DMA area */
	bool active, finished;
};

struct blk {
	struct virtio_device *device;
	bool present; /* the device works */
	bool read_only, has_flush, has_indirect;
	uint64_t sectors;
	uint32_t piece_max;  /* bytes */
	unsigned pieces_max; /* of one device request */
	struct queue queue;
	char *memory; /* DMA area */
	uint64_t physical;
	struct blk_request requests[BLK_REQUESTS];
	uint64_t reads, sectors_read, writes, sectors_written, flushes; /* finished well */
	uint64_t resets;
};

/* Bytes of DMA memory that blk_init needs at the most. */
#define BLK_MEMORY 65536

/*
 * Bring the device up. `memory` (4 KiB aligned, BLK_MEMORY bytes at
 * `physical`) is for rings and headers. False, and blk->present false, if the
 * device cannot be used; the reason is logged.
 */
bool blk_init(struct blk *blk, struct virtio_device *device, void *memory, uint64_t physical);

/* Whether a further request may be started. */
bool blk_has_free_request(const struct blk *blk);
/* A free request to fill in; there must be one. */
struct blk_request *blk_request_new(struct blk *blk);
void blk_request_free(struct blk_request *request);

/*
 * Whether the segments lie in the pool, are whole sectors, and lie on the
 * disk. Returns 0 or a negative status.
 */
int blk_request_check(const struct blk *blk, const struct blk_request *request);

/* Start a checked request. It is finished at once if there is nothing to do or no device. */
void blk_request_start(struct blk *blk, struct blk_request *request);

/* The device (there is one) raised its interrupt: take what is done, go on with the rest. */
void blk_interrupt(struct blk *blk);

/* Reset the device; all requests under way end with STATUS_IO. */
void blk_reset(struct blk *blk, const char *reason);

#endif
