/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests on files and other objects. */
#include <string.h>

#include "kernel/abi/fault.h"
#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "tests/pager/random_private.h"

static bool random_hole(uint64_t page)
{
	return (page * 7 + random_below(3)) % 4 == 0;
}

void op_create(void)
{
	struct model_object *o = free_object();
	struct fake_file *file;

	if (o == NULL) {
		return;
	}
	o->kind = random_below(3) == 0 ? MODEL_TMPFS : MODEL_DISK;
	o->fs = o->kind == MODEL_TMPFS ? 2 : 1;
	o->linked = true;
	file = fake_file_make(o->fs);
	o->ino = file->ino;
	if (o->kind == MODEL_DISK) {
		o->size = random_below(OBJECT_PAGES * PAGE_BYTES);
		fill_random(o->bytes, o->size);
		fake_file_fill(file, o->bytes, o->size, random_hole);
		for (uint64_t i = 0; i * PAGE_BYTES < o->size; i++) {
			if (file->pages[i] == NULL) {
				memset(o->bytes + i * PAGE_BYTES, 0, PAGE_BYTES);
			}
		}
	}
}

void op_open_close(void)
{
	struct model_object *o = &model_objects[random_below(MODEL_OBJECTS)];
	int64_t status;

	if (o->kind == 0) {
		return;
	}
	if (o->opened) {
		CHECK(CALL(PAGER_OBJECT_CLOSE, o->number) == 0);
		o->opened = false;
		model_settle(o);
		return;
	}
	if (!o->linked) {
		return;
	}
	status = CALL(PAGER_OBJECT_OPEN, o->fs, o->ino, 12345, o->kind == MODEL_TMPFS);
	if (status != 0) {
		CHECK(excused(status));
		return;
	}
	CHECK(o->regions == 0 || o->number == pager_result(1));
	o->number = (uint32_t)pager_result(1);
	o->opened = true;
	CHECK(CALL(PAGER_OBJECT_SIZE, o->number) == 0 && pager_result(1) == o->size);
}

void op_unlink(void)
{
	struct model_object *o = &model_objects[random_below(MODEL_OBJECTS)];

	if (o->kind == 0 || o->kind == MODEL_ANONYMOUS || !o->linked || random_below(4) != 0) {
		return;
	}
	fake_file_unlink(fake_file(o->fs, o->ino));
	CHECK(CALL(PAGER_OBJECT_FORGET, o->fs, o->ino) == 0);
	o->linked = false;
	model_settle(o);
}

/* Is any page of the range this object's? Then bytes move under our hands. */
static bool range_shows(const struct model_space *m, uint64_t address, uint64_t n,
			const struct model_object *o)
{
	for (uint64_t at = address & ~(PAGE_BYTES - 1); at < address + n; at += PAGE_BYTES) {
		unsigned slot = model_slot((uint32_t)(at >> PAGE_SHIFT));

		if (slot != MODEL_PAGES && m->pages[slot].object == o) {
			return true;
		}
	}
	return false;
}

static void model_write_file(struct model_object *o, uint64_t offset, const uint8_t *from,
			     uint64_t n)
{
	memcpy(o->bytes + offset, from, n);
	o->size = offset + n > o->size ? offset + n : o->size;
}

void op_write(void)
{
	static uint8_t bytes[12 * PAGE_BYTES];
	struct model_object *o = pick_object();
	struct model_space *m = random_below(2) ? NULL : pick_space();
	unsigned slot = m == NULL ? 0 : pick_mapped(m);
	uint64_t n = 1 + random_below(random_below(4) == 0 ? sizeof(bytes) : 5000), allowed = n;
	uint64_t offset, address = 0;
	bool append, defined = true;
	int64_t status;

	if (o == NULL || slot == MODEL_PAGES) {
		return;
	}
	append = random_below(3) == 0;
	offset = append ? o->size : random_below(o->size + 3 * PAGE_BYTES);
	if (offset + n > OBJECT_PAGES * PAGE_BYTES) {
		return;
	}
	if (m != NULL) {
		address = address_of(slot) + random_below(PAGE_BYTES);
		allowed = copy_allowed(m, address, n, FAULT_READ);
		if (range_shows(m, address, n, o)) {
			return;
		}
		model_gather(m, address, allowed, bytes, &defined);
		if (!defined) {
			return;
		}
		status = CALL(PAGER_OBJECT_WRITE, o->number, append ? UINT64_MAX : offset, n,
			      m->number, address);
	} else {
		fill_random(bytes, n);
		memcpy(pager_xfer + 64, bytes, n);
		status = CALL(PAGER_OBJECT_WRITE_XFER, o->number, append ? UINT64_MAX : offset, n,
			      64);
	}
	n = copy_result(status, allowed);
	CHECK(status < 0 || pager_result(1) == offset + n);
	if (n > 0) {
		model_write_file(o, offset, bytes, n);
	}
	CHECK(object_find(o->number)->size == o->size);
}

void op_read(void)
{
	static uint8_t bytes[12 * PAGE_BYTES];
	struct model_object *o = pick_object();
	struct model_space *m = random_below(2) ? NULL : pick_space();
	unsigned slot = m == NULL ? 0 : pick_mapped(m);
	uint64_t n = 1 + random_below(random_below(4) == 0 ? sizeof(bytes) : 5000), allowed;
	uint64_t offset, address = 0, done;

	if (o == NULL || slot == MODEL_PAGES) {
		return;
	}
	offset = random_below(o->size + PAGE_BYTES);
	allowed = offset >= o->size ? 0 : n < o->size - offset ? n : o->size - offset;
	if (m == NULL) {
		done = copy_result(CALL(PAGER_OBJECT_READ_XFER, o->number, offset, n, 8), allowed);
		CHECK(memcmp(pager_xfer + 8, o->bytes + offset, done) == 0);
		return;
	}
	address = address_of(slot) + random_below(PAGE_BYTES);
	if (range_shows(m, address, n, o)) {
		return;
	}
	if (allowed > 0) {
		allowed = copy_allowed(m, address, allowed, FAULT_WRITE);
		done = copy_result(
			CALL(PAGER_OBJECT_READ, o->number, offset, n, m->number, address), allowed);
		memcpy(bytes, o->bytes + offset, done);
		model_scatter(m, address, done, bytes);
		slot = model_slot((uint32_t)((address + done) >> PAGE_SHIFT));
		if (slot != MODEL_PAGES) {
			sync_copies(m, slot, 1);
		}
	}
}

void op_truncate(void)
{
	struct model_object *o = pick_object();
	uint64_t size = random_below(OBJECT_PAGES * PAGE_BYTES + 1);
	int64_t status;

	if (o == NULL || random_below(3) != 0) {
		return;
	}
	size = random_below(2) ? size & ~(PAGE_BYTES - 1) : size;
	status = CALL(PAGER_OBJECT_TRUNCATE, o->number, size);
	CHECK(status == 0 || excused(status));
	if (object_find(o->number)->size != size) {
		CHECK(status != 0);
		return;
	}
	if (size < o->size) {
		memset(o->bytes + size, 0, o->size - size);
	}
	o->size = size;
	for (unsigned i = 0; i < MODEL_SPACES; i++) {
		for (unsigned j = 0; j < MODEL_PAGES; j++) {
			struct model_page *p = &model_spaces[i].pages[j];

			if (p->object == o && model_beyond(p)) {
				model_drop_copy(p);
			}
		}
	}
}

/* After a sync without error the disk has every byte. */
static void check_disk(const struct model_object *o)
{
	const struct fake_file *file = fake_file(o->fs, o->ino);

	CHECK(file != NULL && file->size == o->size);
	for (uint64_t i = 0; i * PAGE_BYTES < o->size; i++) {
		static const uint8_t zeros[PAGE_BYTES];
		uint64_t n = o->size - i * PAGE_BYTES;
		const uint8_t *page = file->pages[i] == NULL ? zeros : file->pages[i];

		CHECK(memcmp(page, o->bytes + i * PAGE_BYTES, n < PAGE_BYTES ? n : PAGE_BYTES) ==
		      0);
	}
	for (uint64_t i = object_pages(object_find(o->number)); i < FAKE_PAGES_MAX; i++) {
		CHECK(file->pages[i] == NULL);
	}
}

void op_sync(void)
{
	struct model_object *o = pick_object();
	unsigned errors = fake_errors;
	int64_t status;

	if (o == NULL) {
		return;
	}
	fake_write_errors = config->write_errors;
	status = CALL(PAGER_OBJECT_SYNC, o->number);
	fake_write_errors = 0;
	CHECK(status == 0 || (status == -STATUS_IO && fake_errors != errors));
	CHECK(fake_errors == errors || status == -STATUS_IO);
	if (status == 0 && o->kind == MODEL_DISK) {
		check_disk(o);
	}
}

void op_sync_range(void)
{
	struct model_space *m = pick_space();
	unsigned pages, slot = pick_range(16, &pages);
	int64_t status;
	bool hole = false;

	if (m == NULL) {
		return;
	}
	status = CALL(PAGER_SYNC_RANGE, m->number, address_of(slot), pages * PAGE_BYTES, 4);
	for (unsigned i = slot; i < slot + pages; i++) {
		hole = hole || !m->pages[i].mapped;
	}
	CHECK(status == (hole ? -STATUS_NOMEM : 0));
	for (unsigned i = slot; i < slot + pages; i++) {
		const struct model_page *p = &m->pages[i];

		if (p->mapped && p->shared && p->object->kind == MODEL_DISK && !model_beyond(p)) {
			const struct fake_file *file = fake_file(p->object->fs, p->object->ino);

			CHECK(file->pages[p->index] == NULL ||
			      memcmp(file->pages[p->index], model_read(p), model_defined(p)) == 0);
		}
	}
}
