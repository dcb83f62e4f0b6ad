/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of threads, and copies by the pager. */
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "tests/pager/random_private.h"

/* What a thread's access must lead to. */
int expected_code(const struct model_page *p, unsigned access)
{
	uint8_t allowed = p->protection & PAGER_WRITE ? p->protection | PAGER_READ : p->protection;

	if (!p->mapped) {
		return PAGER_FAULT_NO_REGION;
	}
	if (!(allowed & access)) {
		return PAGER_FAULT_PROTECTION;
	}
	return model_beyond(p) ? PAGER_FAULT_BEYOND_FILE : 0;
}

/* The frame that a thread gets at; 0 if it faults, as it should. */
static uint32_t thread_frame(struct model_space *m, unsigned slot, unsigned access)
{
	struct space *space = space_find(m->number);
	const struct model_page *p = &m->pages[slot];
	int expected = expected_code(p, access);

	for (unsigned tries = 0; tries < 3; tries++) {
		uint64_t entry = fake_entry(&space->kernel, model_page_number(slot));
		int code;

		if (entry & access) {
			CHECK(expected == 0);
			return (uint32_t)(entry >> 3);
		}
		code = fault_handle(space, address_of(slot) + random_below(PAGE_BYTES), access);
		if (!pager_finish() && code == 0) {
			code = PAGER_FAULT_NO_MEMORY;
		}
		if (code != 0) {
			bool full = p->shared && (access & FAULT_WRITE) && may_be_full();

			CHECK(code == expected ||
			      (code == PAGER_FAULT_NO_MEMORY && config->tight) ||
			      (code == PAGER_FAULT_IO && (fake_read_errors != 0 || full)));
			sync_copies(m, slot, 1);
			return 0;
		}
	}
	fail("fault at page %#x is never resolved", model_page_number(slot));
}

void op_load(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned access = random_below(6) == 0 ? FAULT_EXECUTE : FAULT_READ;
	uint32_t frame;

	if (slot == MODEL_PAGES) {
		return;
	}
	frame = thread_frame(m, slot, access);
	if (frame != 0) {
		const struct model_page *p = &m->pages[slot];

		CHECK(memcmp(frame_data(frame), model_read(p), model_defined(p)) == 0);
	}
}

void op_store(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned offset = (unsigned)random_below(PAGE_BYTES);
	unsigned n = 1 + (unsigned)random_below(PAGE_BYTES - offset);
	uint8_t bytes[PAGE_BYTES];
	struct model_page *p;
	uint32_t frame;

	if (slot == MODEL_PAGES) {
		return;
	}
	p = &m->pages[slot];
	frame = thread_frame(m, slot, FAULT_WRITE);
	if (frame == 0) {
		return;
	}
	fill_random(bytes, n);
	memcpy((uint8_t *)frame_data(frame) + offset, bytes, n);
	uint8_t *to = model_write(p);
	unsigned defined = model_defined(p);

	/* Stores behind the end of a file count for nothing. */
	if (offset < defined) {
		memcpy(to + offset, bytes, n < defined - offset ? n : defined - offset);
	}
}

/* How many bytes of a copy the model lets through. */
uint64_t copy_allowed(const struct model_space *m, uint64_t address, uint64_t n, unsigned access)
{
	uint64_t done = 0;

	while (done < n) {
		uint64_t at = address + done, piece = PAGE_BYTES - at % PAGE_BYTES;
		unsigned slot = model_slot((uint32_t)(at >> PAGE_SHIFT));

		if (slot == MODEL_PAGES || expected_code(&m->pages[slot], access) != 0) {
			break;
		}
		done += piece < n - done ? piece : n - done;
	}
	return done;
}

/* Check the status of a copy that should have moved `allowed` bytes; the bytes it moved. */
uint64_t copy_result(int64_t status, uint64_t allowed)
{
	if (status < 0) {
		CHECK((status == -STATUS_FAULT && allowed == 0) || excused(status));
		return 0;
	}
	CHECK((uint64_t)status == allowed ||
	      ((uint64_t)status < allowed &&
	       (config->tight || fake_read_errors != 0 || may_be_full())));
	return (uint64_t)status;
}

/* Bytes of a space as the model has them. */
void model_gather(const struct model_space *m, uint64_t address, uint64_t n, uint8_t *to,
		  bool *defined)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		const struct model_page *p = &m->pages[model_slot((uint32_t)(at >> PAGE_SHIFT))];

		to[i] = model_read(p)[at % PAGE_BYTES];
		if (at % PAGE_BYTES >= model_defined(p)) {
			*defined = false;
		}
	}
}

void model_scatter(struct model_space *m, uint64_t address, uint64_t n, const uint8_t *from)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = address + i;
		struct model_page *p = &m->pages[model_slot((uint32_t)(at >> PAGE_SHIFT))];
		uint8_t *to = model_write(p);

		if (at % PAGE_BYTES < model_defined(p)) {
			to[at % PAGE_BYTES] = from[i];
		}
	}
}

void op_copy(void)
{
	static uint8_t bytes[4 * PAGE_BYTES];
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	bool in = random_below(2), defined = true;
	uint64_t n = 1 + random_below(sizeof(bytes)), address, done;

	if (slot == MODEL_PAGES) {
		return;
	}
	address = address_of(slot) + random_below(PAGE_BYTES);
	done = copy_allowed(m, address, n, in ? FAULT_READ : FAULT_WRITE);
	if (in) {
		done = copy_result(CALL(PAGER_COPY_IN, m->number, address, n, 100), done);
		model_gather(m, address, done, bytes, &defined);
		CHECK(!defined || memcmp(bytes, pager_xfer + 100, done) == 0);
		return;
	}
	fill_random(pager_xfer, n);
	memcpy(bytes, pager_xfer, n);
	done = copy_result(CALL(PAGER_COPY_OUT, m->number, address, n, 0), done);
	model_scatter(m, address, done, bytes);
	if (done < n) {
		slot = model_slot((uint32_t)((address + done) >> PAGE_SHIFT));
		if (slot != MODEL_PAGES) {
			sync_copies(m, slot, 1);
		}
	}
}

void op_exchange(void)
{
	struct model_space *m = pick_space();
	unsigned slot = m == NULL ? MODEL_PAGES : pick_mapped(m);
	unsigned offset = 4 * (unsigned)random_below(PAGE_BYTES / 4);
	uint32_t before, found, after = (uint32_t)random_next();
	struct model_page *p;
	int64_t status;

	if (slot == MODEL_PAGES || m->pages[slot].object != NULL) {
		return;
	}
	p = &m->pages[slot];
	memcpy(&before, model_read(p) + offset, 4);
	before += random_below(4) == 0;
	status = CALL(PAGER_COMPARE_EXCHANGE, m->number, address_of(slot) + offset, before, after);
	if (status != 0) {
		CHECK(excused(status) || expected_code(p, FAULT_WRITE) != 0);
		return;
	}
	CHECK(expected_code(p, FAULT_WRITE) == 0);
	found = (uint32_t)pager_result(1);
	CHECK(memcmp(&found, model_read(p) + offset, 4) == 0);
	if (found == before) {
		memcpy(model_write(p) + offset, &after, 4);
	}
}
