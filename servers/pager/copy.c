/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of a space read and written by the pager on the client's behalf,
 * through its own view of the frames: never through the space's addresses, so
 * nothing here can fault. Protection, copy on write and dirty marks are those
 * of a fault of the program.
 */
#include "servers/pager/fault.h"

#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/statistics.h"

uint8_t *pager_xfer;

/* The bytes behind an address up to the end of its page, for an access. */
static int piece_at(struct space *space, uint64_t address, unsigned access, uint8_t **bytes)
{
	uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
	struct region *region;
	struct resolved r;
	int code = page_resolve(space, page, access, false, &region, &r);

	if (code != 0) {
		return fault_status(code);
	}
	if (r.changed || r.major) {
		statistics_fault(space, r.major);
	}
	if (r.changed) {
		page_map(space, region, page, &r);
	}
	*bytes = (uint8_t *)frame_data(r.frame) + (address & (PAGE_BYTES - 1));
	return 0;
}

int64_t copy_visit(struct space *space, uint64_t address, uint64_t length, unsigned access,
		   copy_visit_fn *each, void *context)
{
	uint64_t done = 0;

	while (done < length) {
		uint64_t at = address + done;
		uint64_t count = PAGE_BYTES - (at & (PAGE_BYTES - 1));
		uint8_t *bytes;
		int error;

		if (at < address || at >= PAGER_SPACE_END) {
			return done > 0 ? (int64_t)done : -STATUS_FAULT;
		}
		error = piece_at(space, at, access, &bytes);
		if (error != 0) {
			return done > 0 ? (int64_t)done : error;
		}
		count = count > length - done ? length - done : count;
		done += count;
		if (!each(context, bytes, count)) {
			break;
		}
	}
	return (int64_t)done;
}

static bool read_piece(void *context, uint8_t *bytes, uint64_t count)
{
	uint8_t **to = context;

	memmove(*to, bytes, count);
	*to += count;
	return true;
}

static bool write_piece(void *context, uint8_t *bytes, uint64_t count)
{
	const uint8_t **from = context;

	memmove(bytes, *from, count);
	*from += count;
	return true;
}

int64_t copy_in(struct space *space, uint64_t address, uint64_t length, uint8_t *to)
{
	return copy_visit(space, address, length, FAULT_READ, read_piece, &to);
}

int64_t copy_out(struct space *space, uint64_t address, uint64_t length, const uint8_t *from)
{
	return copy_visit(space, address, length, FAULT_WRITE, write_piece, &from);
}

struct string_copy {
	uint8_t *to;
	uint64_t length;
	bool ended;
};

static bool string_piece(void *context, uint8_t *bytes, uint64_t count)
{
	struct string_copy *copy = context;
	const uint8_t *end = memchr(bytes, 0, count);
	uint64_t n = end == NULL ? count : (uint64_t)(end - bytes);

	memcpy(copy->to, bytes, n + (end != NULL));
	copy->to += n;
	copy->length += n;
	copy->ended = end != NULL;
	return !copy->ended;
}

int64_t copy_in_string(struct space *space, uint64_t address, uint64_t limit, uint8_t *to)
{
	struct string_copy copy = {.to = to};
	int64_t done = copy_visit(space, address, limit, FAULT_READ, string_piece, &copy);

	if (done < 0) {
		return done;
	}
	if (copy.ended) {
		return (int64_t)copy.length;
	}
	return (uint64_t)done < limit ? -STATUS_FAULT : -STATUS_NAMETOOLONG;
}

/* The naturally aligned word at an address. */
static int word_at(struct space *space, uint64_t address, uint64_t bytes, unsigned access,
		   uint8_t **word)
{
	if ((bytes != 4 && bytes != 8) || address % bytes != 0) {
		return -STATUS_INVAL;
	}
	return address < PAGER_SPACE_END ? piece_at(space, address, access, word) : -STATUS_FAULT;
}

int copy_load(struct space *space, uint64_t address, uint64_t bytes, uint64_t *value)
{
	uint8_t *word;
	int error = word_at(space, address, bytes, FAULT_READ, &word);

	if (error == 0) {
		*value = bytes == 8 ? __atomic_load_n((uint64_t *)(void *)word, __ATOMIC_ACQUIRE)
				    : __atomic_load_n((uint32_t *)(void *)word, __ATOMIC_ACQUIRE);
	}
	return error;
}

int copy_store(struct space *space, uint64_t address, uint64_t bytes, uint64_t value)
{
	uint8_t *word;
	int error = word_at(space, address, bytes, FAULT_WRITE, &word);

	if (error != 0) {
		return error;
	}
	if (bytes == 8) {
		__atomic_store_n((uint64_t *)(void *)word, value, __ATOMIC_RELEASE);
	} else {
		__atomic_store_n((uint32_t *)(void *)word, (uint32_t)value, __ATOMIC_RELEASE);
	}
	return 0;
}

int copy_compare_exchange(struct space *space, uint64_t address, uint32_t expected, uint32_t value,
			  uint32_t *found)
{
	uint8_t *word;
	int error = word_at(space, address, 4, FAULT_WRITE, &word);

	if (error == 0) {
		*found = expected;
		__atomic_compare_exchange_n((uint32_t *)(void *)word, found, value, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	}
	return error;
}

int copy_key(struct space *space, uint64_t address, uint64_t key[2])
{
	uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
	const struct region *region = address < PAGER_SPACE_END ? region_at(space, page) : NULL;

	if (region == NULL) {
		return -STATUS_FAULT;
	}
	if (region->flags & PAGER_SHARED) {
		key[0] = object_number(region->object);
		key[1] = (region_index(region, page) << PAGE_SHIFT) | (address & (PAGE_BYTES - 1));
	} else {
		key[0] = 1ull << 63 | space->number;
		key[1] = address;
	}
	return 0;
}
