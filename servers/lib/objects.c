/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects and the memory they are made of.
 *
 * Each object lives in an Untyped of exactly its own size, its home: to
 * destroy the object, the home is revoked and goes to the free list of its
 * size, ready for the next object of that size. New homes are carved from the
 * open chunk, an Untyped used from its start to its end. What alignment
 * leaves out, and the rest of a chunk that is too small for a request, is
 * carved into naturally aligned pieces for the free lists, so nothing is
 * lost. A chunk is, in this order: the smallest free home that is larger than
 * the request, the start-up Untyped, an Untyped of the memory server.
 *
 * Notes on slots (runtime.h): of an object, link = slot of its home; of a
 * home or chunk, size = log2 bytes, and while it is on a free list, link =
 * the next one.
 */
#include <stdbool.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"
#include "servers/protocol/memory.h"

#define SIZE_BITS_MIN 6
#define SIZE_BITS_MAX 38
#define CHUNK_BITS 16 /* asked of the memory server at the least */

static cap_t free_homes[SIZE_BITS_MAX + 1];

static struct {
	cap_t slot; /* 0 = none */
	unsigned bits;
	uint64_t used; /* bytes */
} chunk;
static bool startup_chunk_taken;

static const uint8_t object_size_bits[OBJECT_TYPES] = {
#define SIZE_ENTRY(name, value, bits, meaning) [name] = bits,
	OBJECT_LIST(SIZE_ENTRY)
#undef SIZE_ENTRY
};

/* log2 of the bytes of an object; 0 for what cannot be made. */
static unsigned home_bits(enum object_type type, unsigned size_bits)
{
	unsigned bits = object_size_bits[type];

	switch (type) {
	case OBJECT_UNTYPED:
	case OBJECT_TABLE_BANK:
		bits = size_bits;
		break;
	case OBJECT_CSPACE:
		bits = size_bits + 6;
		break;
	default:
		break;
	}
	return bits >= SIZE_BITS_MIN && bits <= SIZE_BITS_MAX ? bits : 0;
}

static void push_home(cap_t home)
{
	unsigned bits = *slot_size(home);

	*slot_link(home) = (uint16_t)free_homes[bits];
	free_homes[bits] = home;
}

static cap_t pop_home(unsigned bits)
{
	cap_t home = free_homes[bits];

	if (home != 0)
		free_homes[bits] = *slot_link(home);
	return home;
}

/* The next home of the open chunk. Precondition: it fits and is aligned there. 0: no slot. */
static cap_t carve(unsigned bits)
{
	cap_t home = slot_allocate();

	if (home == 0)
		return 0;
	if (invoke5(chunk.slot, UNTYPED_RETYPE, OBJECT_UNTYPED, bits, 1, home, 0) != ERR_OK) {
		slot_release(home);
		return 0;
	}
	chunk.used += 1ull << bits;
	*slot_size(home) = (uint8_t)bits;
	return home;
}

/* Carve the open chunk up to `limit` bytes into free homes. False: no slot. */
static bool shelve(uint64_t limit)
{
	while (chunk.used < limit) {
		unsigned bits = 63 - (unsigned)__builtin_clzll(limit - chunk.used);

		if (chunk.used != 0 && (unsigned)__builtin_ctzll(chunk.used) < bits)
			bits = (unsigned)__builtin_ctzll(chunk.used);
		cap_t home = carve(bits);
		if (home == 0)
			return false;
		push_home(home);
	}
	return true;
}

/* An Untyped of 2^bits bytes of the memory server; 0 if it gives none. */
static cap_t memory_server_untyped(unsigned bits)
{
	const struct startup *s = startup();
	struct message_buffer *buffer = message_buffer();
	uint32_t send_cap = buffer->send_caps[0];
	struct message m = {.tag = MESSAGE_TAG(MEMORY_UNTYPED, 2) | MESSAGE_TAG_CAPS(1)};
	cap_t memory = 0, slot;

	/* The memory server itself holds the endpoint without a badge. */
	for (uint32_t i = 0; i < s->cap_count; i++) {
		if (strcmp(s->caps[i].name, "memory") == 0 && s->caps[i].badge != 0)
			memory = s->caps[i].slot;
	}
	slot = memory != 0 ? slot_allocate() : 0;
	if (slot == 0)
		return 0;
	m.words[0] = bits;
	m.words[1] = slot;
	buffer->send_caps[0] = SLOT_CSPACE;
	enum err err = ipc_call(memory, &m);
	buffer->send_caps[0] = send_cap;
	if (err == ERR_OK && m.words[0] == 0) {
		*slot_size(slot) = (uint8_t)bits;
		return slot;
	}
	slot_release(slot);
	return 0;
}

/* Close the open chunk and open one of at least 2^bits bytes. */
static bool open_chunk(unsigned bits)
{
	cap_t slot = 0;

	if (chunk.slot != 0 && !shelve(1ull << chunk.bits))
		return false;
	for (unsigned b = bits + 1; b <= SIZE_BITS_MAX && slot == 0; b++)
		slot = pop_home(b);
	if (slot == 0 && !startup_chunk_taken) {
		struct message m = {0};

		startup_chunk_taken = true;
		slot = startup_cap("untyped");
		if (slot != 0 && invoke(slot, UNTYPED_INFO, 0, &m) == ERR_OK) {
			*slot_size(slot) = (uint8_t)__builtin_ctzll(m.words[1]);
			if (*slot_size(slot) < bits) {
				push_home(slot);
				slot = 0;
			}
		}
	}
	if (slot == 0)
		slot = memory_server_untyped(bits > CHUNK_BITS ? bits : CHUNK_BITS);
	if (slot == 0)
		return false;
	chunk.slot = slot;
	chunk.bits = *slot_size(slot);
	chunk.used = 0;
	return true;
}

static cap_t take_home(unsigned bits)
{
	uint64_t size = 1ull << bits;
	uint64_t start = (chunk.used + size - 1) & ~(size - 1);
	cap_t home = pop_home(bits);

	if (home != 0)
		return home;
	if (chunk.slot == 0 || start + size > 1ull << chunk.bits) {
		if (!open_chunk(bits))
			return 0;
		start = 0;
	}
	return shelve(start) ? carve(bits) : 0;
}

cap_t object_create(enum object_type type, unsigned size_bits)
{
	unsigned bits = home_bits(type, size_bits);
	cap_t object = bits != 0 ? slot_allocate() : 0;
	cap_t home = object != 0 ? take_home(bits) : 0;

	if (home == 0) {
		if (object != 0)
			slot_release(object);
		return 0;
	}
	if (invoke5(home, UNTYPED_RETYPE, type, size_bits, 1, object, 0) != ERR_OK) {
		push_home(home);
		slot_release(object);
		return 0;
	}
	*slot_link(object) = (uint16_t)home;
	return object;
}

void object_destroy(cap_t object)
{
	cap_t home = *slot_link(object);

	if (home == 0) {
		invoke5(SLOT_CSPACE, CSPACE_DELETE, object, 0, 0, 0, 0);
	} else {
		invoke5(SLOT_CSPACE, CSPACE_REVOKE, home, 0, 0, 0, 0);
		push_home(home);
	}
	slot_release(object);
}

void slot_free(cap_t slot)
{
	object_destroy(slot);
}
