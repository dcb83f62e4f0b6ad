/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueue.
 *
 * Invariants: (1) free_head and next[] link exactly free_count entries;
 * (2) owners[h] is not NULL exactly for the heads of chains that the device
 * has; (3) the driver never reads back what it wrote into the descriptor
 * table, so a device that scribbles there harms only its own requests.
 */
#include <string.h>

#include "drivers/virtio-blk/queue.h"
#include "drivers/virtio-blk/virtio.h"

static size_t available_offset(unsigned size)
{
	return size * sizeof(struct descriptor);
}

static size_t used_offset(unsigned size)
{
	/* The used ring is 4-byte aligned (2.7); a cache line keeps the two rings apart. */
	return (available_offset(size) + 2 * (3 + size) + 63) & ~(size_t)63;
}

size_t queue_bytes(unsigned size)
{
	return used_offset(size) + 2 * 3 + size * sizeof(struct used_element);
}

void queue_init(struct queue *queue, unsigned size, void *memory, uint64_t physical)
{
	char *base = memory;

	memset(memory, 0, queue_bytes(size));
	memset(queue, 0, sizeof(*queue));
	queue->size = size;
	queue->descriptors = (volatile struct descriptor *)memory;
	queue->available = (volatile uint16_t *)(void *)(base + available_offset(size));
	queue->used = (volatile uint16_t *)(void *)(base + used_offset(size));
	queue->used_ring = (volatile struct used_element *)(void *)(base + used_offset(size) + 4);
	queue->descriptors_physical = physical;
	queue->available_physical = physical + available_offset(size);
	queue->used_physical = physical + used_offset(size);
	queue->free_count = size;
	for (unsigned i = 0; i < size; i++) {
		queue->next[i] = (uint16_t)(i + 1);
	}
}

static void write_descriptor(volatile struct descriptor *d, const struct piece *piece,
			     bool has_next, unsigned next)
{
	d->address = piece->address;
	d->length = piece->length;
	d->flags = (uint16_t)((has_next ? DESCRIPTOR_NEXT : 0) |
			      (piece->device_writes ? DESCRIPTOR_WRITE : 0));
	d->next = (uint16_t)(has_next ? next : 0);
}

static void publish(struct queue *queue, uint16_t head)
{
	queue->available[2 + (queue->available_next & (queue->size - 1))] = head;
	/* The chain and the ring entry before the index that makes them visible; pairs with the
	 * device's read barrier behind its load of the index (2.7.13.1). */
	device_fence();
	queue->available[1] = ++queue->available_next;
}

bool queue_give(struct queue *queue, const struct piece *pieces, unsigned count,
		struct descriptor *table, uint64_t table_physical, void *owner)
{
	unsigned entries = table ? 1 : count;
	uint16_t head = queue->free_head;
	uint16_t entry = head;

	if (entries > queue->free_count) {
		return false;
	}
	if (table) {
		volatile struct descriptor *d = &queue->descriptors[head];

		for (unsigned i = 0; i < count; i++) {
			write_descriptor(&table[i], &pieces[i], i + 1 < count, i + 1);
		}
		d->address = table_physical;
		d->length = count * (uint32_t)sizeof(struct descriptor);
		d->flags = DESCRIPTOR_INDIRECT;
		d->next = 0;
		entry = queue->next[head];
	} else {
		for (unsigned i = 0; i < count; i++) {
			uint16_t next = queue->next[entry];

			write_descriptor(&queue->descriptors[entry], &pieces[i], i + 1 < count,
					 next);
			entry = next;
		}
	}
	queue->free_head = entry;
	queue->free_count -= entries;
	queue->owners[head] = owner;
	queue->lengths[head] = (uint16_t)entries;
	publish(queue, head);
	return true;
}

static void free_chain(struct queue *queue, uint16_t head)
{
	uint16_t last = head;

	for (unsigned i = 1; i < queue->lengths[head]; i++) {
		last = queue->next[last];
	}
	queue->next[last] = queue->free_head;
	queue->free_head = head;
	queue->free_count += queue->lengths[head];
	queue->owners[head] = NULL;
}

enum queue_taken queue_take(struct queue *queue, void **owner)
{
	uint16_t index = queue->used[1];
	unsigned waiting = (uint16_t)(index - queue->used_next);
	uint32_t id;

	if (waiting == 0) {
		return QUEUE_EMPTY;
	}
	if (waiting > queue->size) {
		return QUEUE_GARBAGE;
	}
	/* The element, and the data the device wrote before it, behind the index; pairs with the
	 * device's barrier before its store of the index (2.7.14). */
	device_fence();
	id = queue->used_ring[queue->used_next & (queue->size - 1)].id;
	if (id >= queue->size || !queue->owners[id]) {
		return QUEUE_GARBAGE;
	}
	queue->used_next++;
	*owner = queue->owners[id];
	free_chain(queue, (uint16_t)id);
	return QUEUE_TAKEN;
}
