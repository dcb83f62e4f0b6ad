/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of destroy.c, one step of it, on any well-formed tree of K slots
 * around a CSpace and a table bank, which may be alive or not. Slots 0 to 2 lie
 * in the CSpace, 3 in the bank, the others anywhere.
 *
 * PART 1: `descend`, from any slot, finds one that is below it or in a CSpace
 * that is, and that nothing depends on any more, or is interrupted.
 * PART 2: `delete_leaf` of such a slot empties it, and what lies in its object,
 * and nothing else; or it is interrupted and empties nothing.
 *
 * Either leaves a well-formed state, in which each object that is named is
 * alive (C2). A step that is not interrupted empties a slot, so the loop ends.
 *
 * Fails if a capability, or a slot embedded in an object, outlives the object,
 * or if deleting goes beyond what the object owns.
 */
#include "tests/proof/objects.h"
#include "tests/proof/state.h"

#include "kernel/objects.h"

#define CONTENT 3 /* slots 0, 1, 2 */
#define SPACE 3	  /* slot number of the bank's */

static struct cap_slot c0, c1, c2, s4, s5, s6;
static struct cspace cspace; /* c0, c1 and c2 stand for what is behind it */
static struct {
	char before[BANK_OBJECT_OFFSET];
	struct bank_object object;
} bank;
static uint64_t thing; /* an object that holds nothing */

static struct state before, after;

struct cap_slot *slot_at(unsigned i)
{
	switch (i) {
	case 0:
		return &c0;
	case 1:
		return &c1;
	case 2:
		return &c2;
	case SPACE:
		return &bank.object.space;
	case 4:
		return &s4;
	case 5:
		return &s5;
	default:
		return &s6;
	}
}

void *any_object(void)
{
	void *object = nondet_bool() ? &thing : NULL; /* NULL: of empty slots */

	object = nondet_bool() ? (void *)&cspace : object;
	return nondet_bool() ? (void *)&bank : object;
}

static struct cap_slot *stub_cspace_slot(struct cspace *around, uint64_t index)
{
	check(around == &cspace && index >= 1 && index <= CONTENT, "a slot of the CSpace");
	if (index == 1) {
		return &c0;
	}
	return index == 2 ? &c1 : &c2;
}

#define cspace_slot stub_cspace_slot
#include "kernel/destroy.c"

/* --- the objects' part of a good state --------------------------------------------- */

/* The primary capability of an object, as a set of at most one slot. */
static unsigned primary_of(const struct state *s, const void *object)
{
	unsigned set = 0;

	for (unsigned i = 0; i < K; i++) {
		set |= (unsigned)(s->used[i] & s->data[i].primary & (s->data[i].object == object))
		       << i;
	}
	return set;
}

static bool is_good_object(const struct state *s, const void *object, enum object_type type)
{
	unsigned primary = primary_of(s, object);
	bool is_good = (primary & (primary - 1)) == 0;

	for (unsigned i = 0; i < K; i++) {
		bool names = s->used[i] & (s->data[i].object == object);

		/* A capability of it has its type and hangs below the primary one. */
		is_good &= implies(names, s->data[i].type == type);
		is_good &= implies(names & !s->data[i].primary, s->parent[i] != 0);
		is_good &= implies(s->used[i] & (s->data[i].type == type),
				   s->data[i].object == object);
	}
	return is_good;
}

/* C2: whatever is named is alive. */
static bool is_alive(const struct state *s, const void *object)
{
	unsigned primary = primary_of(s, object);
	bool is_good = true;

	for (unsigned i = 0; i < K; i++) {
		is_good &= implies(s->used[i] & (s->data[i].object == object), primary != 0);
	}
	return is_good;
}

static bool is_good_cspace(const struct state *s)
{
	unsigned primary = primary_of(s, &cspace);
	bool is_good = (cspace.count == 4) & (cspace.cursor <= CONTENT + 1) &
		       implies(!cspace.dying, cspace.cursor == 0);

	for (unsigned i = 0; i < CONTENT; i++) {
		is_good &= implies(s->used[i], primary != 0);
		/* Only what is empty is passed by. */
		is_good &= implies(s->used[i], cspace.cursor <= i + 1);
		/* C3: neither its own primary capability nor what that hangs below. */
		for (unsigned j = 0; j < K; j++) {
			is_good &= implies(has(primary, j), (j != i) & !has(s->above[j], i));
		}
	}
	return is_good;
}

static bool is_good_bank(const struct state *s)
{
	return implies(s->used[SPACE], primary_of(s, &bank) != 0);
}

static bool is_good(const struct state *s)
{
	bool good = is_well_formed(s) & is_good_object(s, &cspace, OBJECT_CSPACE) &
		    is_good_object(s, &bank, OBJECT_TABLE_BANK) & is_alive(s, &cspace) &
		    is_alive(s, &bank) & is_good_cspace(s) & is_good_bank(s);

	for (unsigned i = 0; i < K; i++) {
		good &= s->data[i].role == (i == SPACE ? ROLE_BANK_SPACE : ROLE_NONE);
	}
	/* Only these objects are in play: others hold nothing, or hold slots in the same way. */
	for (unsigned i = 0; i < K; i++) {
		uint8_t type = s->data[i].type;

		good &= implies(s->used[i] & s->data[i].primary,
				(type == OBJECT_UNTYPED) | (type == OBJECT_ENDPOINT) |
					(type == OBJECT_CSPACE) | (type == OBJECT_TABLE_BANK));
	}
	return good;
}

/* --- the two parts ------------------------------------------------------------------- */

/* Nothing depends on slot i: what delete_leaf asks for. */
static bool is_leaf(const struct state *s, unsigned i)
{
	bool holds = (s->data[i].object == &cspace) & s->data[i].primary;

	return s->used[i] & (s->child[i] == 0) & !(holds & (s->used[0] | s->used[1] | s->used[2]));
}

#if PART == 1

/* i may go when `from` does: is it, is below it, or below or in a CSpace that is. */
static bool goes_with(const struct state *s, unsigned i, unsigned from)
{
	unsigned primary = primary_of(s, &cspace);
	bool goes = (i == from) | has(s->above[i], from);
	bool cspace_goes = has(primary, from);
	bool in_cspace = i < CONTENT;

	for (unsigned j = 0; j < K; j++) {
		cspace_goes |= has(primary, j) & has(s->above[j], from);
	}
	for (unsigned j = 0; j < CONTENT; j++) {
		in_cspace |= has(s->above[i], j);
	}
	return goes | (cspace_goes & in_cspace);
}

static void part(void)
{
	struct cap_slot *found;

	assume(before.used[FROM]);
	found = descend(slot_at(FROM));
	state_read(&after);
	check(found != NULL, "descend: finds one"); /* 3 slots are too few to be interrupted at */
	for (unsigned i = 0; i < K; i++) {
		check(is_untouched(&before, &after, i), "descend: only looks");
		if (found == slot_at(i)) {
			check(is_leaf(&before, i), "descend: a leaf");
			check(goes_with(&before, i, FROM), "descend: one that is to go");
		}
	}
}

#else

static void part(void)
{
	bool is_done;
	bool is_bank;

	assume(is_leaf(&before, FROM));
	/* After `descend` has looked. */
	assume(!(before.data[FROM].object == &cspace && before.data[FROM].primary) ||
	       (cspace.dying && cspace.cursor == CONTENT + 1));
	is_bank = before.data[FROM].object == &bank && before.data[FROM].primary;
	is_done = delete_leaf(slot_at(FROM));
	state_read(&after);
	check(is_done == !interrupted, "delete: done if the object is");
	for (unsigned i = 0; i < K; i++) {
		bool goes = i == FROM || (is_bank && i == SPACE);

		check(!is_done || !goes || !after.used[i], "delete: it is gone");
		check(goes || is_kept(&before, &after, i), "delete: nothing else is touched");
		check(is_done || is_untouched(&before, &after, i), "delete: interrupted");
	}
}

#endif

/* LEAF: the slot to delete is of one kind, which together are all. */
static void choose_leaf(struct cap_slot *leaf)
{
#if LEAF == 1
	leaf->primary = false;
#elif LEAF == 2
	leaf->primary = true;
	leaf->type = OBJECT_ENDPOINT;
	leaf->object = &thing;
#elif LEAF == 3
	leaf->primary = true;
	leaf->type = OBJECT_UNTYPED;
	leaf->object = &thing;
#elif LEAF == 4
	leaf->primary = true;
	leaf->type = OBJECT_CSPACE;
	leaf->object = &cspace;
#elif LEAF == 5
	leaf->primary = true;
	leaf->type = OBJECT_TABLE_BANK;
	leaf->object = &bank;
#endif
}

int main(void)
{
	cspace.count = 4;
	cspace.dying = nondet_bool();
	cspace.cursor = nondet_word();
	state_any();
	for (unsigned i = 0; i < K; i++) {
		slot_at(i)->role = i == SPACE ? ROLE_BANK_SPACE : ROLE_NONE;
	}
	choose_leaf(slot_at(FROM));
	state_read(&before);
	assume(is_good(&before));
	part();
	check(is_good(&after), "a good state");
	check_end();
	return 0;
}
