/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the fast paths share: see fast.h. */
#ifndef KERNEL_FAST_PRIVATE_H
#define KERNEL_FAST_PRIVATE_H

#include "kernel/csr.h"
#include "kernel/fast.h"
#include "kernel/fpu.h"
#include "kernel/ipc.h"
#include "kernel/lend.h"
#include "kernel/lock.h"
#include "vm/activate.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PATH __attribute__((noinline))

/* Slot `index` of t's CSpace if it is of this type with these rights, else NULL. Slot 0 is none
 * (struct cspace). */
static ALWAYS_INLINE struct cap_slot *lookup(struct thread *t, uint32_t index,
					     enum object_type type, enum right rights)
{
	struct cspace *cspace = t->cspace.object;
	struct cap_slot *slot;
	unsigned wanted = (unsigned)type | (unsigned)rights << 8, has;

	if (cspace == NULL || index >= cspace->count) {
		return NULL;
	}
	slot = (struct cap_slot *)cspace + index;
	has = *(const uint16_t *)(const void *)&slot->type; /* with rights behind it */
	return (has & (0xff | (unsigned)rights << 8)) == wanted ? slot : NULL;
}
_Static_assert(offsetof(struct cap_slot, rights) == offsetof(struct cap_slot, type) + 1,
	       "read at once");

/* The two halves of a0. */
static ALWAYS_INLINE uint32_t cap_argument(const struct thread *t, unsigned half)
{
	return ((const uint32_t *)(const void *)&t->registers[REG_A0])[half];
}

/* Words in registers only, no capabilities, no items, a user's label. */
static ALWAYS_INLINE bool is_short(uint64_t tag)
{
	return (uint32_t)tag <= MESSAGE_REGISTERS && tag < (uint64_t)MESSAGE_LABEL_KERNEL << 32;
}

/* At most MESSAGE_REGISTERS; and not one more than were sent: what else is in the sender's registers
 * is its own. */
static ALWAYS_INLINE void copy_words(const struct thread *from, struct thread *to, uint32_t words)
{
	if (words == 0) {
		return;
	}
	switch (words) {
	default:
		to->registers[29] = from->registers[29];
		/* fall through */
	case 9:
		to->registers[28] = from->registers[28];
		/* fall through */
	case 8:
		to->registers[7] = from->registers[7];
		/* fall through */
	case 7:
		to->registers[6] = from->registers[6];
		/* fall through */
	case 6:
		to->registers[5] = from->registers[5];
		/* fall through */
	case 5:
		to->registers[16] = from->registers[16];
		/* fall through */
	case 4:
		to->registers[15] = from->registers[15];
		/* fall through */
	case 3:
		to->registers[14] = from->registers[14];
		/* fall through */
	case 2:
		to->registers[13] = from->registers[13];
		/* fall through */
	case 1:
		to->registers[12] = from->registers[12];
	}
}

/* Can this hart go from `from`, which runs, to `to` as it is? */
static ALWAYS_INLINE bool may_switch(const struct hart *hart, const struct thread *from,
				     const struct thread *to)
{
	return to->hart == hart && to->mode == from->mode;
}

static ALWAYS_INLINE struct fast_result full_path(struct thread *t)
{
	return (struct fast_result){NULL, t};
}

/* The rest of switch_thread where the FPU is on. */
static PATH struct fast_result fast_switch_fpu(struct hart *hart, struct thread *from,
					       struct thread *to)
{
	fpu_save(hart, from);
	fpu_switch_in(hart, to);
	return (struct fast_result){to, from};
}

/* Run `to` in place of `from`: FPU and the hart's own state; the space has been activated. */
static ALWAYS_INLINE struct fast_result switch_thread(struct hart *hart, struct thread *from,
						      struct thread *to)
{
	hart->fast_switches++;
	hart->current = to;
	if (__builtin_expect((csr_read_sstatus() & SSTATUS_FS) != 0, 0)) {
		return fast_switch_fpu(hart, from, to);
	}
	return (struct fast_result){to, from};
}

/* fast_window.c. Do the `count` window items in t's message buffer; false: not all are done. */
bool fast_window_items(struct thread *t, unsigned count);

/* fast_wake.c */
struct fast_result fast_signal(struct thread *t);
struct fast_result fast_send(struct thread *t, uint64_t tag);
struct fast_result fast_yield(struct thread *t);

#endif
