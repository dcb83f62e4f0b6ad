/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each request: check what it names (space, object, place in xfer), call the
 * function that does it, and fill in the answer. Words that a client left out
 * count as 0.
 */
#include "servers/pager/dispatch.h"

#include "servers/pager/cache.h"
#include "servers/pager/fault.h"
#include "servers/pager/statistics.h"

/* Idle objects kept as a cache. */
#define OBJECTS_KEPT 512u
/* Bytes that one read or write moves at the most; the client asks again for the rest. */
#define TRANSFER_MAX (32ul << 20)

enum subject { ON_NOTHING, ON_SPACE, ON_OBJECT };

/* A handler returns the status; out[1...] and `words` are its business if there is more. */
typedef int64_t handler_fn(struct request *q, struct space *space, struct object *object);

static void answer(struct request *q, unsigned i, uint64_t value)
{
	q->out[i] = value;
	q->words = i + 1;
}

/* `length` bytes at `offset` of xfer, NULL if that is not inside. */
static uint8_t *xfer_at(uint64_t offset, uint64_t length)
{
	return offset <= PAGER_XFER_SIZE && length <= PAGER_XFER_SIZE - offset ? pager_xfer + offset
									       : NULL;
}

static int64_t give_space(struct request *q, int error, struct space *space)
{
	if (error == 0) {
		answer(q, 1, space->number);
		q->cap = space->kernel.grant;
	}
	return error;
}

static int64_t do_space_create(struct request *q, struct space *space, struct object *object)
{
	int error = space_create(&space);

	(void)object;
	return give_space(q, error, space);
}

static int64_t do_space_fork(struct request *q, struct space *space, struct object *object)
{
	struct space *child = NULL;
	int error = space_fork(space, &child);

	(void)object;
	return give_space(q, error, child);
}

static int64_t do_space_destroy(struct request *q, struct space *space, struct object *object)
{
	(void)q;
	(void)object;
	space_destroy(space);
	return 0;
}

static int64_t do_map(struct request *q, struct space *space, struct object *object)
{
	const struct map_request map = {.address = q->in[1],
					.length = q->in[2],
					.protection = (uint32_t)q->in[3],
					.flags = (uint32_t)q->in[4],
					.object = (uint32_t)q->in[5],
					.offset = q->in[6]};
	int64_t address;

	(void)object;
	if ((q->in[3] | q->in[4] | q->in[5]) >> 32) {
		return -STATUS_INVAL;
	}
	address = space_map(space, &map);
	if (address >= 0) {
		answer(q, 1, (uint64_t)address);
	}
	return address < 0 ? address : 0;
}

static int64_t do_unmap(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return space_unmap(space, q->in[1], q->in[2]);
}

static int64_t do_protect(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return space_protect(space, q->in[1], q->in[2], q->in[3]);
}

static int64_t do_remap(struct request *q, struct space *space, struct object *object)
{
	int64_t address = space_remap(space, q->in[1], q->in[2], q->in[3], q->in[4], q->in[5]);

	(void)object;
	if (address >= 0) {
		answer(q, 1, (uint64_t)address);
	}
	return address < 0 ? address : 0;
}

static int64_t do_advise(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return space_advise(space, q->in[1], q->in[2], q->in[3]);
}

static int64_t do_sync_range(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return space_sync(space, q->in[1], q->in[2], q->in[3]);
}

static int64_t do_lock(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return q->in[3] > 1 ? -STATUS_INVAL : space_lock(space, q->in[1], q->in[2], q->in[3] == 1);
}

static int64_t do_mincore(struct request *q, struct space *space, struct object *object)
{
	uint64_t pages = q->in[2] / PAGE_BYTES + (q->in[2] % PAGE_BYTES != 0);
	uint8_t *to = xfer_at(q->in[3], pages);

	(void)object;
	return to == NULL ? -STATUS_INVAL : space_mincore(space, q->in[1], q->in[2], to);
}

static int64_t do_copy_in(struct request *q, struct space *space, struct object *object)
{
	uint8_t *to = xfer_at(q->in[3], q->in[2]);

	(void)object;
	return to == NULL ? -STATUS_INVAL : copy_in(space, q->in[1], q->in[2], to);
}

static int64_t do_copy_out(struct request *q, struct space *space, struct object *object)
{
	const uint8_t *from = xfer_at(q->in[3], q->in[2]);

	(void)object;
	return from == NULL ? -STATUS_INVAL : copy_out(space, q->in[1], q->in[2], from);
}

static int64_t do_copy_in_string(struct request *q, struct space *space, struct object *object)
{
	uint8_t *to = xfer_at(q->in[3], q->in[2]);

	(void)object;
	return to == NULL ? -STATUS_INVAL : copy_in_string(space, q->in[1], q->in[2], to);
}

static int64_t do_load(struct request *q, struct space *space, struct object *object)
{
	uint64_t value = 0;
	int error = copy_load(space, q->in[1], q->in[2], &value);

	(void)object;
	answer(q, 1, value);
	return error;
}

static int64_t do_store(struct request *q, struct space *space, struct object *object)
{
	(void)object;
	return copy_store(space, q->in[1], q->in[2], q->in[3]);
}

static int64_t do_compare_exchange(struct request *q, struct space *space, struct object *object)
{
	uint32_t found = 0;
	int error = copy_compare_exchange(space, q->in[1], (uint32_t)q->in[2], (uint32_t)q->in[3],
					  &found);

	(void)object;
	answer(q, 1, found);
	return error;
}

static int64_t do_key(struct request *q, struct space *space, struct object *object)
{
	uint64_t key[2] = {0, 0};
	int error = copy_key(space, q->in[1], key);

	(void)object;
	answer(q, 1, key[0]);
	answer(q, 2, key[1]);
	return error;
}

static int64_t do_object_open(struct request *q, struct space *space, struct object *object)
{
	int error;

	(void)space;
	if (q->in[0] == 0 || q->in[0] > UINT32_MAX || q->in[3] > 1) {
		return -STATUS_INVAL;
	}
	error = object_open((uint32_t)q->in[0], q->in[1], q->in[3] == 1, &object);
	if (error == 0) {
		answer(q, 1, object_number(object));
	}
	return error;
}

static int64_t do_object_anonymous(struct request *q, struct space *space, struct object *object)
{
	int error = object_anonymous(q->in[0], true, &object);

	(void)space;
	if (error == 0) {
		answer(q, 1, object_number(object));
	}
	return error;
}

static int64_t do_object_close(struct request *q, struct space *space, struct object *object)
{
	(void)q;
	(void)space;
	if (object->openers == 0) {
		return -STATUS_BADF;
	}
	object->openers--; /* the hold of this request settles it */
	return 0;
}

/* The space of a read or write, and its length cut to what one request may do. */
static struct space *transfer_space(struct request *q)
{
	q->in[2] = q->in[2] > TRANSFER_MAX ? TRANSFER_MAX : q->in[2];
	return space_find(q->in[3]);
}

static int64_t do_object_read(struct request *q, struct space *space, struct object *object)
{
	space = transfer_space(q);
	return space == NULL ? -STATUS_SRCH
			     : object_read(object, q->in[1], q->in[2], space, q->in[4]);
}

static int64_t do_object_write(struct request *q, struct space *space, struct object *object)
{
	uint64_t behind = 0;
	int64_t result;

	space = transfer_space(q);
	if (space == NULL) {
		return -STATUS_SRCH;
	}
	result = object_write(object, q->in[1], q->in[2], space, q->in[4], &behind);
	answer(q, 1, behind);
	return result;
}

static int64_t do_object_read_xfer(struct request *q, struct space *space, struct object *object)
{
	(void)space;
	return xfer_at(q->in[3], q->in[2]) == NULL
		       ? -STATUS_INVAL
		       : object_read(object, q->in[1], q->in[2], NULL, q->in[3]);
}

static int64_t do_object_write_xfer(struct request *q, struct space *space, struct object *object)
{
	uint64_t behind = 0;
	int64_t result;

	(void)space;
	if (xfer_at(q->in[3], q->in[2]) == NULL) {
		return -STATUS_INVAL;
	}
	result = object_write(object, q->in[1], q->in[2], NULL, q->in[3], &behind);
	answer(q, 1, behind);
	return result;
}

static int64_t do_object_truncate(struct request *q, struct space *space, struct object *object)
{
	(void)space;
	return object_truncate(object, q->in[1]);
}

static int64_t do_object_size(struct request *q, struct space *space, struct object *object)
{
	(void)space;
	answer(q, 1, object->size);
	return 0;
}

static int64_t do_object_sync(struct request *q, struct space *space, struct object *object)
{
	int error = cache_write_back(object, 0, TREE_INDEX_END);

	(void)q;
	(void)space;
	if (error == 0) {
		error = object->error;
	}
	object->error = 0;
	return error;
}

static int64_t do_sync_all(struct request *q, struct space *space, struct object *object)
{
	(void)q;
	(void)space;
	(void)object;
	return objects_sync();
}

static int64_t do_statistics(struct request *q, struct space *space, struct object *object)
{
	struct pager_statistics *to = (void *)xfer_at(q->in[0], sizeof(*to));

	(void)space;
	(void)object;
	if (to == NULL || q->in[0] % 8 != 0) {
		return -STATUS_INVAL;
	}
	statistics_pager(to);
	return 0;
}

static int64_t do_space_statistics(struct request *q, struct space *space, struct object *object)
{
	struct pager_space_statistics *to = (void *)xfer_at(q->in[1], sizeof(*to));

	(void)object;
	if (to == NULL || q->in[1] % 8 != 0) {
		return -STATUS_INVAL;
	}
	statistics_space(space, to);
	return 0;
}

static int64_t do_regions(struct request *q, struct space *space, struct object *object)
{
	uint64_t most = q->in[3];
	struct pager_region *to;

	(void)object;
	if (most > PAGER_XFER_SIZE / sizeof(*to) || q->in[2] % 8 != 0) {
		return -STATUS_INVAL;
	}
	to = (void *)xfer_at(q->in[2], most * sizeof(*to));
	if (to == NULL) {
		return -STATUS_INVAL;
	}
	return statistics_regions(space, q->in[1], to, (unsigned)most, q->in[4] != 1);
}

static int64_t do_object_find(struct request *q, struct space *space, struct object *object)
{
	(void)space;
	object = q->in[0] > UINT32_MAX ? NULL : object_of_file((uint32_t)q->in[0], q->in[1]);
	answer(q, 1, object == NULL ? 0 : object_number(object));
	answer(q, 2, object == NULL ? 0 : object->size);
	return 0;
}

static int64_t do_object_forget(struct request *q, struct space *space, struct object *object)
{
	(void)space;
	object = q->in[0] > UINT32_MAX ? NULL : object_of_file((uint32_t)q->in[0], q->in[1]);
	if (object != NULL) {
		object_forget(object);
	}
	return 0;
}

static int64_t do_drop_cache(struct request *q, struct space *space, struct object *object)
{
	int error = objects_sync();

	(void)q;
	(void)space;
	(void)object;
	cache_reclaim(frames.total);
	return error;
}

static const struct {
	handler_fn *handler;
	enum subject subject;
} handlers[] = {
	[PAGER_SPACE_CREATE] = {do_space_create, ON_NOTHING},
	[PAGER_SPACE_FORK] = {do_space_fork, ON_SPACE},
	[PAGER_SPACE_DESTROY] = {do_space_destroy, ON_SPACE},
	[PAGER_MAP] = {do_map, ON_SPACE},
	[PAGER_UNMAP] = {do_unmap, ON_SPACE},
	[PAGER_PROTECT] = {do_protect, ON_SPACE},
	[PAGER_REMAP] = {do_remap, ON_SPACE},
	[PAGER_ADVISE] = {do_advise, ON_SPACE},
	[PAGER_SYNC_RANGE] = {do_sync_range, ON_SPACE},
	[PAGER_LOCK] = {do_lock, ON_SPACE},
	[PAGER_MINCORE] = {do_mincore, ON_SPACE},
	[PAGER_COPY_IN] = {do_copy_in, ON_SPACE},
	[PAGER_COPY_OUT] = {do_copy_out, ON_SPACE},
	[PAGER_COPY_IN_STRING] = {do_copy_in_string, ON_SPACE},
	[PAGER_LOAD] = {do_load, ON_SPACE},
	[PAGER_STORE] = {do_store, ON_SPACE},
	[PAGER_COMPARE_EXCHANGE] = {do_compare_exchange, ON_SPACE},
	[PAGER_KEY] = {do_key, ON_SPACE},
	[PAGER_OBJECT_OPEN] = {do_object_open, ON_NOTHING},
	[PAGER_OBJECT_ANONYMOUS] = {do_object_anonymous, ON_NOTHING},
	[PAGER_OBJECT_CLOSE] = {do_object_close, ON_OBJECT},
	[PAGER_OBJECT_READ] = {do_object_read, ON_OBJECT},
	[PAGER_OBJECT_WRITE] = {do_object_write, ON_OBJECT},
	[PAGER_OBJECT_READ_XFER] = {do_object_read_xfer, ON_OBJECT},
	[PAGER_OBJECT_WRITE_XFER] = {do_object_write_xfer, ON_OBJECT},
	[PAGER_OBJECT_TRUNCATE] = {do_object_truncate, ON_OBJECT},
	[PAGER_OBJECT_SIZE] = {do_object_size, ON_OBJECT},
	[PAGER_OBJECT_SYNC] = {do_object_sync, ON_OBJECT},
	[PAGER_SYNC_ALL] = {do_sync_all, ON_NOTHING},
	[PAGER_STATISTICS] = {do_statistics, ON_NOTHING},
	[PAGER_SPACE_STATISTICS] = {do_space_statistics, ON_SPACE},
	[PAGER_REGIONS] = {do_regions, ON_SPACE},
	[PAGER_OBJECT_FIND] = {do_object_find, ON_NOTHING},
	[PAGER_OBJECT_FORGET] = {do_object_forget, ON_NOTHING},
	[PAGER_DROP_CACHE] = {do_drop_cache, ON_NOTHING},
};

static int64_t run(struct request *q)
{
	struct space *space = NULL;
	struct object *object = NULL;
	int64_t status;

	if (q->label >= sizeof(handlers) / sizeof(handlers[0]) ||
	    handlers[q->label].handler == NULL) {
		return -STATUS_NOSYS;
	}
	for (unsigned i = q->given; i < REQUEST_WORDS; i++) {
		q->in[i] = 0;
	}
	if (handlers[q->label].subject == ON_SPACE) {
		space = space_find(q->in[0]);
		if (space == NULL) {
			return -STATUS_SRCH;
		}
	}
	if (handlers[q->label].subject == ON_OBJECT) {
		object = object_find(q->in[0]);
		if (object == NULL) {
			return -STATUS_BADF;
		}
		object_hold(object);
	}
	status = handlers[q->label].handler(q, space, object);
	if (object != NULL) {
		object_unhold(object);
	}
	return status;
}

void dispatch(struct request *q)
{
	q->words = 1;
	q->cap = 0;
	q->out[0] = (uint64_t)run(q);
	objects_trim(OBJECTS_KEPT);
}
