/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Untyped memory and retype.
 *
 * An untyped capability's slot holds the range (object = physical base, badge
 * = size) and the bytes in use from its base (used). Retype takes memory from
 * there on, aligned to the object's size, which may waste some; revoking the
 * capability empties it again. Kernel objects start zeroed: `zeroed` says up to
 * where (in units of 64 bytes from the base) that is done, so that zeroing much
 * memory can be preempted and goes on where it was.
 */
#include "kernel/untyped.h"

#include "kernel/invoke.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define UNIT 64ul
#define RETYPE_MOST 32
#define ZERO_STEP 4096ul

static const uint8_t object_bits[OBJECT_TYPES] = {
#define OBJECT_BITS(name, value, bits, meaning) [value] = bits,
	OBJECT_LIST(OBJECT_BITS)
#undef OBJECT_BITS
};

struct retype {
	struct cap_slot *untyped;
	struct cspace *cspace; /* where the slots are */
	enum object_type type;
	unsigned bits;	    /* log2 bytes of one object */
	unsigned slot_bits; /* CSPACE: log2 slots */
	uint64_t count;
	uint64_t first_slot;
	uint64_t start, end; /* offsets in the untyped */
};

static enum err retype_size(struct retype *r, uint64_t wanted)
{
	r->bits = object_bits[r->type];
	switch (r->type) {
	case OBJECT_UNTYPED:
		if (wanted < 6 || wanted > UNTYPED_BITS_MOST) {
			return ERR_ARGUMENT;
		}
		r->bits = (unsigned)wanted;
		return ERR_OK;
	case OBJECT_CSPACE:
		if (wanted < 2 || wanted > 16) {
			return ERR_ARGUMENT;
		}
		r->slot_bits = (unsigned)wanted;
		r->bits = r->slot_bits + 6;
		return ERR_OK;
	case OBJECT_TABLE_BANK:
		if (wanted < 16 || wanted > 24) {
			return ERR_ARGUMENT;
		}
		r->bits = (unsigned)wanted;
		return ERR_OK;
	default:
		return r->bits != 0 ? ERR_OK : ERR_ARGUMENT;
	}
}

static enum err retype_check(struct retype *r, uint64_t wanted)
{
	struct cap_slot *untyped = r->untyped;
	uint64_t base = (uint64_t)untyped->object;
	struct cap_slot *slot;
	enum err err = retype_size(r, wanted);

	if (err != ERR_OK) {
		return err;
	}
	if (untyped->device && r->type != OBJECT_UNTYPED) {
		return ERR_ARGUMENT;
	}
	r->start = align_up(base + untyped->used, 1ull << r->bits) - base;
	if (r->start > untyped->badge || (untyped->badge - r->start) >> r->bits < r->count) {
		return ERR_NO_MEMORY;
	}
	r->end = r->start + (r->count << r->bits);
	for (uint64_t i = 0; i < r->count; i++) {
		err = cap_lookup_empty(r->cspace, r->first_slot + i, &slot);
		if (err != ERR_OK) {
			return err;
		}
	}
	return ERR_OK;
}

/*
 * Zero the unused memory up to offset `end`, as far as it is not done. What
 * alignment leaves out is zeroed too: whoever is preempted may give up, and
 * then it is used after all. False = preempted.
 */
static bool zero_until(struct cap_slot *untyped, uint64_t end)
{
	if ((uint64_t)untyped->zeroed * UNIT < untyped->used) {
		untyped->zeroed = (uint32_t)(untyped->used / UNIT);
	}
	while ((uint64_t)untyped->zeroed * UNIT < end) {
		uint64_t at = untyped->zeroed * UNIT;
		uint64_t step = end - at < ZERO_STEP ? end - at : ZERO_STEP;

		memset(vm_pointer((struct paddr){(uint64_t)untyped->object + at}), 0, step);
		untyped->zeroed += (uint32_t)(step / UNIT);
		if (thread_preempt_pending() && untyped->zeroed * UNIT < end) {
			return false;
		}
	}
	return true;
}

/* Fields of a new object that are not zero. */
static void object_init(struct retype *r, void *object)
{
	if (r->type == OBJECT_CSPACE) {
		((struct cspace *)object)->count = 1u << r->slot_bits;
	} else if (r->type == OBJECT_THREAD) {
		struct thread *t = object;

		t->hold = HOLD_SUSPENDED | HOLD_NO_SPACE;
		t->counters = COUNTERS_DEFAULT;
		t->next = t;
		t->previous = t;
		t->cspace.role = ROLE_THREAD_CSPACE;
		t->space.role = ROLE_THREAD_SPACE;
		t->sched.role = ROLE_THREAD_SCHED;
		t->handler.role = ROLE_THREAD_HANDLER;
		t->bound.role = ROLE_THREAD_NOTIFICATION;
	} else if (r->type == OBJECT_SPACE) {
		struct space_object *space = object;

		vm_space_init(&space->vm, vm_paddr((char *)object + PAGE_SIZE));
	} else if (r->type == OBJECT_WINDOW) {
		((struct window_object *)object)->space.role = ROLE_WINDOW_SPACE;
		((struct window_object *)object)->fault.role = ROLE_WINDOW_FAULT;
	} else if (r->type == OBJECT_POOL) {
		for (unsigned i = 0; i < VM_POOL_EXTENTS; i++) {
			((struct pool_object *)object)->extents[i].role = ROLE_POOL_EXTENT;
		}
	} else if (r->type == OBJECT_BINDING) {
		((struct binding_object *)object)->window.role = ROLE_BINDING_WINDOW;
		((struct binding_object *)object)->pool.role = ROLE_BINDING_POOL;
	} else if (r->type == OBJECT_TABLE_BANK) {
		bank_object(object)->space.role = ROLE_BANK_SPACE;
		bank_object(object)->vm.bytes = 1ull << r->bits;
	}
}

static void retype_commit(struct retype *r)
{
	struct cap_slot *untyped = r->untyped;
	uint64_t base = (uint64_t)untyped->object;
	uint64_t wasted = untyped->wasted + (r->start - untyped->used) / UNIT;

	for (uint64_t i = 0; i < r->count; i++) {
		struct cap_slot *slot = cspace_slot(r->cspace, r->first_slot + i);
		uint64_t at = base + r->start + (i << r->bits);

		if (r->type == OBJECT_UNTYPED) {
			cap_insert(slot, untyped, OBJECT_UNTYPED, (void *)at, RIGHTS_ALL,
				   1ull << r->bits);
			slot->device = untyped->device;
		} else {
			void *object = vm_pointer((struct paddr){at});

			object_init(r, object);
			cap_insert(slot, untyped, r->type, object, RIGHTS_ALL, 0);
		}
		slot->primary = true;
	}
	cap_set_used(untyped, r->end);
	untyped->wasted = (wasted > UNTYPED_WASTE_UNITS_MOST ? UNTYPED_WASTE_UNITS_MOST : wasted) &
			  UNTYPED_WASTE_UNITS_MOST;
}

enum err untyped_make(struct cap_slot *untyped, struct cspace *cspace, enum object_type type,
		      uint64_t size_bits, uint64_t count, uint64_t first_slot)
{
	struct retype r = {.untyped = untyped,
			   .cspace = cspace,
			   .type = type,
			   .count = count,
			   .first_slot = first_slot};
	enum err err = retype_check(&r, size_bits);

	if (err != ERR_OK) {
		return err;
	}
	if (type != OBJECT_UNTYPED && !zero_until(untyped, r.end)) {
		return CAP_PREEMPTED;
	}
	if ((uint64_t)untyped->zeroed * UNIT < r.end) {
		untyped->zeroed = (uint32_t)(r.end / UNIT);
	}
	retype_commit(&r);
	return ERR_OK;
}

enum err untyped_retype(struct invocation *call)
{
	const uint64_t *arguments = call->arguments;

	if (arguments[0] >= OBJECT_TYPES || arguments[2] == 0 || arguments[2] > RETYPE_MOST) {
		return ERR_ARGUMENT;
	}
	return untyped_make(call->slot, invocation_cspace(call), (enum object_type)arguments[0],
			    arguments[1], arguments[2], arguments[3]);
}

enum err untyped_info(struct invocation *call)
{
	call->result[0] = (uint64_t)call->slot->object;
	call->result[1] = call->slot->badge;
	call->result[2] = call->slot->used;
	call->result[3] = call->slot->device;
	call->result[4] = call->slot->wasted * UNIT;
	call->results = 5;
	return ERR_OK;
}
