/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * untyped_retype on any untyped memory (any base and size below 256 GiB,
 * any watermark) with any arguments, into a CSpace of 2^CSPACE_BITS slots with
 * any content. TYPE is the type asked for; without it, any that cannot be made.
 * FIXED: memory of one size at one place.
 *
 * Earlier children lie below the watermark. New objects lie behind it, inside
 * the memory, aligned to their size, one behind the other, and the watermark
 * ends up behind them: so no two objects ever overlap, however many retypes
 * there were. An error changes nothing; being preempted changes only how much
 * is zeroed. Zeroing touches nothing below the watermark, and each object but
 * an untyped is zero when it is made: shown for one byte, `watched`, which may
 * be any.
 *
 * Fails if a size or alignment is computed wrongly, a check or the watermark is
 * left out, or memory is not zeroed or zeroed twice.
 */
#include "kernel/invoke.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "tests/proof/content.h"

#ifndef CSPACE_BITS
#define CSPACE_BITS 2
#endif
#define SLOTS ((1u << CSPACE_BITS) - 1)

static struct memory {
	struct cspace header;
	struct cap_slot slots[SLOTS]; /* slot i is [i - 1] */
} memory, was;
static struct cap_slot untyped, untyped_was;
static struct thread caller;
static struct invocation call = {.thread = &caller, .slot = &untyped};
#define COUNT call.arguments[2]
#define FIRST call.arguments[3]

static uint64_t base, mark; /* of the untyped; the watermark as an address */

/* --- the memory that objects are made of ----------------------------------------- */

static uint64_t watched;      /* an address */
static bool watched_is_dirty; /* what is there is not zero */

/* Objects are touched one at a time: one place does for all. */
#if TYPE == 2
static struct cspace place;
#elif TYPE == 3
static struct thread place;
#elif TYPE == 8
static struct space_object place;
#elif TYPE == 9
static struct {
	char before[BANK_OBJECT_OFFSET];
	struct bank_object bank;
} place;
#elif TYPE == 10
static struct window_object place;
#elif TYPE == 11
static struct pool_object place;
#elif TYPE == 12
static struct binding_object place;
#else
static uint64_t place;
#endif
static uint64_t place_paddr;
static unsigned places;

void *vm_pointer(struct paddr paddr)
{
	place_paddr = paddr.raw;
	places++;
	return &place;
}

/* Of the page behind a space. */
static void *second_page;

struct paddr vm_paddr(const void *pointer)
{
	second_page = (void *)pointer;
	return (struct paddr){place_paddr + PAGE_SIZE};
}

void vm_space_init(struct vm_space *space, struct paddr root)
{
	check((void *)space == &place && second_page == (char *)&place + PAGE_SIZE &&
		      root.raw == place_paddr + PAGE_SIZE,
	      "the root table is a space's second page");
}

/*
 * Zeroing is interrupted at the third step at the latest; the next call goes on
 * from a state that this proof starts from too.
 */
static unsigned looks;

bool thread_preempt_pending(void)
{
	return ++looks >= 3 || nondet_bool();
}

void *memset(void *to, int value, size_t size)
{
	check(to == &place && value == 0, "zeroing: zero");
	check(place_paddr >= mark && place_paddr - base <= untyped.badge &&
		      size <= untyped.badge - (place_paddr - base),
	      "zeroing: behind the watermark, inside the memory");
	if (watched >= place_paddr && watched - place_paddr < size) {
		watched_is_dirty = false;
	}
	return to;
}

/* --- any state -------------------------------------------------------------------- */

/* `zeroed` tells the truth about the watched byte. */
static bool mark_is_true(void)
{
	uint64_t at = watched - base;

	return untyped.device || at < untyped.used || at >= untyped.zeroed * 64ull ||
	       !watched_is_dirty;
}

/* Bytes, at most 256 GiB, in units of 64: the least that anything is aligned to. */
static uint64_t any_units(void)
{
	return (uint64_t)nondet_word() << 6;
}

static void any_state(void)
{
	memory = (struct memory){0};
	for (unsigned i = 0; i < SLOTS; i++) {
		any_content(&memory.slots[i], (void *)nondet_long());
	}
	memory.header.dying = nondet_bool();
	__CPROVER_havoc_object(&place);
	any_content(&untyped, NULL);
	memory.header.count = 1u << CSPACE_BITS;
	caller.cspace.object = nondet_bool() ? &memory.header : NULL;
#ifdef FIXED
	base = 0x80000000;
	untyped.badge = 1ull << 26;
#else
	base = any_units();
	untyped.badge = any_units();
#endif
	untyped.object = (void *)base;
	untyped.used = any_units();
	untyped.type = OBJECT_UNTYPED;
	untyped.child = NULL; /* links are links.c's */
	watched = any_units();
	watched_is_dirty = nondet_bool();
	assume(untyped.used <= untyped.badge);
	assume(watched >= base && watched - base < untyped.badge);
	assume(mark_is_true());
	mark = base + untyped.used;
	was = memory;
	untyped_was = untyped;
}

static void any_arguments(void)
{
	for (unsigned i = 1; i < 4; i++) {
		call.arguments[i] = nondet_long();
	}
#ifdef TYPE
	call.arguments[0] = TYPE;
#else
	call.arguments[0] = nondet_long();
	assume(call.arguments[0] == OBJECT_NONE || call.arguments[0] > OBJECT_BINDING);
#endif
#ifdef FROM /* else any, which is cheap with FIXED */
	FIRST = FROM;
#endif
#ifdef BITS /* one case of many, which together are all */
	call.arguments[1] = BITS;
#endif
}

/* log2 of an object's size as kernel/abi/object.h has it; what cannot be made is 0. */
static unsigned bits_of(uint64_t type, uint64_t wanted)
{
	switch (type) {
	case OBJECT_UNTYPED:
		return wanted >= 6 && wanted <= 38 ? (unsigned)wanted : 0;
	case OBJECT_CSPACE:
		return wanted >= 2 && wanted <= 16 ? (unsigned)wanted + 6 : 0;
	case OBJECT_TABLE_BANK:
		return wanted >= 16 && wanted <= 24 ? (unsigned)wanted : 0;
	case OBJECT_ENDPOINT:
	case OBJECT_REPLY:
		return 6;
	case OBJECT_NOTIFICATION:
		return 7;
	case OBJECT_SCHED_CONTEXT:
	case OBJECT_BINDING:
		return 8;
	case OBJECT_WINDOW:
	case OBJECT_POOL:
		return 10;
	case OBJECT_THREAD:
	case OBJECT_SPACE:
		return 13;
	default:
		return 0;
	}
}

/* --- what is to hold ---------------------------------------------------------------- */

static bool is_same(const struct cap_slot *a, const struct cap_slot *b)
{
	return is_same_content(a, b) & (a->parent == b->parent) & (a->child == b->child) &
	       (a->next == b->next) & (a->previous == b->previous);
}

static bool is_new(uint64_t slot)
{
	return (slot >= FIRST) & (slot < FIRST + COUNT);
}

static void check_untyped_kept(void)
{
	check(untyped.object == untyped_was.object && untyped.badge == untyped_was.badge &&
		      untyped.type == untyped_was.type && untyped.rights == untyped_was.rights &&
		      untyped.primary == untyped_was.primary &&
		      untyped.device == untyped_was.device,
	      "the untyped itself is kept");
	check(mark_is_true(), "what is said to be zero is zero");
}

static void check_failed(enum err err)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		check(is_same(&was.slots[i], &memory.slots[i]), "failure: no slot changes");
	}
	check(untyped.used == untyped_was.used && untyped.wasted == untyped_was.wasted &&
		      untyped.child == untyped_was.child,
	      "failure: nothing is used");
	check(untyped.zeroed == untyped_was.zeroed || err == CAP_PREEMPTED,
	      "an error does not even zero");
	check(places == 0 || err == CAP_PREEMPTED, "an error touches no memory");
}

static void check_slots(void)
{
	check(COUNT >= 1 && COUNT <= SLOTS && FIRST >= 1 && FIRST <= SLOTS + 1 - COUNT,
	      "the slots exist");
	check(caller.cspace.object != NULL && !was.header.dying, "the CSpace exists");
	for (unsigned i = 1; i <= SLOTS; i++) {
		const struct cap_slot *slot = &memory.slots[i - 1];

		check(is_new(i) | is_same(&was.slots[i - 1], slot), "other slots are untouched");
		if (is_new(i)) {
			check(was.slots[i - 1].type == OBJECT_NONE, "only empty slots are filled");
			check(slot->type == call.arguments[0] && slot->rights == RIGHTS_ALL &&
				      slot->primary && slot->parent == &untyped,
			      "primary capabilities, below the untyped");
		}
	}
}

#if TYPE == 1

/* Untyped memory out of untyped memory: slots say where it is. */
static void check_made(unsigned bits)
{
	uint64_t end = mark; /* of what was made so far */

	check(places == 0, "untyped memory is not touched");
	for (unsigned i = 1; i <= SLOTS; i++) {
		const struct cap_slot *slot = &memory.slots[i - 1];
		uint64_t at = (uint64_t)slot->object;

		if (is_new(i)) {
			check(slot->badge == 1ull << bits, "size as asked");
			check(at >= end && (at & ((1ull << bits) - 1)) == 0,
			      "behind the former, aligned");
			check(at - base <= untyped.badge &&
				      slot->badge <= untyped.badge - (at - base),
			      "inside");
			check(slot->used == 0 && slot->wasted == 0 &&
				      slot->device == untyped_was.device && slot->zeroed == 0,
			      "unused, of the same kind, not taken for zeroed");
			end = at + slot->badge;
		}
	}
	check(end == base + untyped.used, "the watermark is behind them");
}

#else

/* The last one made lies where vm_pointer was last called for. */
static void check_made(unsigned bits)
{
	uint64_t at = place_paddr;
	uint64_t size = 1ull << bits;
	uint64_t first = at - ((COUNT - 1) << bits);

	check(!untyped.device, "no object in device memory");
	check((at & (size - 1)) == 0, "aligned");
	check(first <= at && first >= mark, "behind the watermark");
	check(at - base <= untyped.badge && size <= untyped.badge - (at - base), "inside");
	check(at + size == base + untyped.used, "the watermark is behind them");
	check(watched < first || watched >= at + size || !watched_is_dirty, "objects are zero");
#if TYPE == 2
	check(place.count == 1u << (bits - 6), "a CSpace fills its memory");
#elif TYPE == 9
	check(place.bank.vm.bytes == size, "a bank knows its size");
#endif
}

#endif

int main(void)
{
	unsigned bits;
	enum err err;

	any_state();
	any_arguments();
	bits = bits_of(call.arguments[0], call.arguments[1]);
	err = untyped_retype(&call);
	check_untyped_kept();
	if (err != ERR_OK) {
		check_failed(err);
		return 0;
	}
	check(bits != 0, "type and size are in range");
	check_slots();
	check_made(bits);
	check_end();
	return 0;
}
