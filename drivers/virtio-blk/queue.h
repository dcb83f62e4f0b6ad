/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split virtqueue (2.7): descriptor table, available ring, used ring.
 * Whatever the device writes is checked; garbage is reported, never followed.
 */
#ifndef DRIVERS_VIRTIO_BLK_QUEUE_H
#define DRIVERS_VIRTIO_BLK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_SIZE_MAX 128 /* entries, power of two */

enum descriptor_flag { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2, DESCRIPTOR_INDIRECT = 4 };

struct descriptor {
	uint64_t address; /* physical */
	uint32_t length;  /* bytes */
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct descriptor) == 16, "layout of the virtio specification");

struct used_element {
	uint32_t id;
	uint32_t length;
};

/* One piece of memory of a request, as the device sees it. */
struct piece {
	uint64_t address; /* physical */
	uint32_t length;  /* bytes */
	bool device_writes;
};

struct queue {
	unsigned size; /* entries, power of two */
	volatile struct descriptor *descriptors;
	volatile uint16_t *available; /* flags, index, ring[size] */
	volatile uint16_t *used;      /* flags, index, then elements */
	volatile struct used_element *used_ring;
	uint64_t descriptors_physical, available_physical, used_physical;
	uint16_t available_next, used_next;
	unsigned free_count;
	uint16_t free_head;
	uint16_t next[QUEUE_SIZE_MAX];	  /* own copy of the chains: the device cannot change it */
	void *owners[QUEUE_SIZE_MAX];	  /* by head descriptor; NULL = not given to the device */
	uint16_t lengths[QUEUE_SIZE_MAX]; /* descriptors of the chain, by head */
};

/* Bytes that queue_init uses of its memory, for `size` entries. */
size_t queue_bytes(unsigned size);

/*
 * Lay an empty queue out in `memory` (4 KiB aligned, queue_bytes(size) long,
 * at `physical` for the device) and forget whatever was in it.
 */
void queue_init(struct queue *queue, unsigned size, void *memory, uint64_t physical);

/*
 * Give a chain of `count` >= 1 pieces to the device, those it reads before
 * those it writes. With `table` (`table_physical` for the device, room for
 * `count` descriptors) the chain is indirect and takes one entry of the ring.
 * `owner` (not NULL) comes back from queue_take. False if entries are out.
 */
bool queue_give(struct queue *queue, const struct piece *pieces, unsigned count,
		struct descriptor *table, uint64_t table_physical, void *owner);

enum queue_taken { QUEUE_EMPTY, QUEUE_TAKEN, QUEUE_GARBAGE };

/* Take the next chain that the device is done with. */
enum queue_taken queue_take(struct queue *queue, void **owner);

#endif
