/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One operation on any well-formed tree of K slots leaves a well-formed one,
 * and does to each slot what it should and nothing else. All slots empty is
 * well formed, so this holds after any number of operations: rights never
 * grow from parent to child, a badge once set stays (state.h).
 *
 * OP chooses: the functions of cap.h that the kernel calls itself, and the
 * methods of cspace_methods.c. Where those look up a slot they get one that
 * fits (lookup.c proves that lookup gives such). Objects here hold nothing:
 * what destroying them does is delete.c.
 *
 * The operation is always on the slots A and B: the code does not compare
 * addresses, so any two slots can be given these numbers. For DELETE and REVOKE
 * the numbers are taken (ORDERED), and A is each slot in turn.
 *
 * Fails if a link is not set or not cleared, a right or a badge is not
 * checked, or a loop goes over what the slot does not own.
 */
#include "tests/proof/objects.h"
#include "tests/proof/state.h"

#include "kernel/invoke.h"
#include "kernel/thread.h"

#define OP_INSERT 1
#define OP_DERIVE 2
#define OP_REMOVE 3
#define OP_COPY 4
#define OP_MOVE 5
#define OP_GIVE 6
#define OP_DELETE 7
#define OP_REVOKE 8

#ifndef A
#define A 0
#endif
#define B 1

static struct state before, after;

/* What capabilities name does not matter here. */
static uint64_t thing, other_thing;

void *any_object(void)
{
	void *object = nondet_bool() ? &thing : NULL;

	return nondet_bool() ? &other_thing : object;
}

static void check_others(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < K; i++) {
		check(i == a || i == b || is_kept(&before, &after, i),
		      "others keep what they name");
	}
}

/* --- lookups --------------------------------------------------------------------- */

static enum err stub_lookup(struct cspace *cspace, uint64_t index, struct cap_slot **slot)
{
	(void)cspace;
	(void)index;
	if (nondet_bool()) {
		return ERR_CAP_EMPTY;
	}
	assume(before.used[A] && before.data[A].role == ROLE_NONE);
	*slot = slot_at(A);
	return ERR_OK;
}

static enum err stub_lookup_empty(struct cspace *cspace, uint64_t index, struct cap_slot **slot)
{
	(void)cspace;
	(void)index;
	if (nondet_bool()) {
		return ERR_SLOT_OCCUPIED;
	}
	assume(!before.used[B] && before.data[B].role == ROLE_NONE);
	*slot = slot_at(B);
	return ERR_OK;
}

#define cap_lookup stub_lookup
#define cap_lookup_empty stub_lookup_empty
#include "kernel/cspace_methods.c"

static struct thread caller;
static struct invocation call = {.thread = &caller};

static enum err run(enum err (*method)(struct invocation *))
{
	enum err err;

	for (unsigned i = 0; i < 4; i++) {
		call.arguments[i] = nondet_long();
	}
	err = method(&call);
	state_read(&after);
	for (unsigned i = 0; i < K; i++) {
		check(err == ERR_OK || err == CAP_PREEMPTED || is_untouched(&before, &after, i),
		      "an error changes nothing");
	}
	return err;
}

/* --- operations --------------------------------------------------------------------- */

#if OP == OP_INSERT

/* Callers make primary capabilities (retype), roots (boot) and extents: no more rights, the same. */
static void operation(void)
{
	struct cap_slot *parent = nondet_bool() ? slot_at(B) : NULL;
	enum object_type type = nondet_byte();
	void *object = any_object();
	uint8_t rights = nondet_byte();
	uint64_t badge = nondet_long();
	bool primary = nondet_bool();
	const struct cap_slot *is = &after.data[A];

	assume(!before.used[A] && type != OBJECT_NONE);
	assume(before.data[A].role == ROLE_NONE || !primary);
	if (parent != NULL) {
		const struct cap_slot *from = &before.data[B];

		assume(before.used[B] && from->role == ROLE_NONE);
		assume(primary || (type == from->type && object == from->object &&
				   badge == from->badge && (rights & ~from->rights) == 0));
	}
	cap_insert(slot_at(A), parent, type, object, rights, badge);
	slot_at(A)->primary = primary;
	state_read(&after);
	check(is->parent == parent && is->child == NULL, "insert: below its parent");
	check(is->type == type && is->object == object && is->rights == rights &&
		      is->badge == badge && is->used == 0 && is->zeroed == 0,
	      "insert: as asked");
	check(is->role == before.data[A].role, "insert: the slot's role stays");
	check_others(A, A);
}

#elif OP == OP_DERIVE

/* As methods and messages do: into a slot of a CSpace or an embedded one. */
static void operation(void)
{
	const struct cap_slot *from = &before.data[A];
	const struct cap_slot *is = &after.data[B];
	uint8_t rights = nondet_byte();
	uint64_t badge = nondet_long();

	assume(before.used[A] && !before.used[B]);
	assume(from->role == ROLE_NONE && from->type != OBJECT_UNTYPED);
	assume(badge == 0 || from->badge == 0);
	cap_derive(slot_at(B), slot_at(A), rights, badge);
	state_read(&after);
	check(has(after.parent[B], A), "derive: a child of its source");
	check(is->rights == (from->rights & rights), "derive: rights");
	check(is->badge == (badge != 0 ? badge : from->badge), "derive: badge");
	check(!is->primary && is->type == from->type && is->object == from->object,
	      "derive: the same object");
	check(is->role == before.data[B].role, "derive: the slot's role stays");
	check_others(B, B);
}

#elif OP == OP_REMOVE

static void operation(void)
{
	assume(before.used[A] && before.data[A].child == NULL);
	cap_remove(slot_at(A));
	state_read(&after);
	check(!after.used[A], "remove: empty");
	check(after.data[A].role == before.data[A].role, "remove: the slot's role stays");
	check_others(A, A);
}

#elif OP == OP_GIVE

static void operation(void)
{
	enum err err;

	assume(before.used[A] && !before.data[A].primary);
	err = cap_give_children_to_parent(slot_at(A), thread_preempt_pending);
	state_read(&after);
	check(err == ERR_OK || err == CAP_PREEMPTED, "give: result");
	check(err != ERR_OK || after.data[A].child == NULL, "give: none left");
	check(before.data[A].child == NULL || after.data[A].child != before.data[A].child,
	      "give: progress");
	for (unsigned i = 0; i < K; i++) {
		bool stays = after.data[i].parent == before.data[i].parent;
		bool goes_up =
			has(before.parent[i], A) && after.data[i].parent == before.data[A].parent;

		check(stays || goes_up, "give: only children move, one up");
	}
	check_others(K, K);
}

#elif OP == OP_COPY

static void operation(void)
{
	enum err err = run(cspace_copy);
	const struct cap_slot *from = &before.data[A];
	const struct cap_slot *is = &after.data[B];
	uint64_t badge = call.arguments[3];

	if (err != ERR_OK) {
		return;
	}
	check(has(after.parent[B], A), "copy: a child of its source");
	check(is->rights == (from->rights & call.arguments[2] & RIGHTS_ALL), "copy: rights");
	check(is->badge == badge || badge == 0, "copy: badge as asked");
	check(is->badge == from->badge || from->badge == 0, "copy: no other badge");
	check(from->type != OBJECT_UNTYPED, "copy: untyped memory has one owner");
	check(!is->primary, "copy: not primary");
	check_others(B, B);
}

#elif OP == OP_MOVE

static void operation(void)
{
	enum err err = run(cspace_move);
	const struct cap_slot *from = &before.data[A];
	const struct cap_slot *is = &after.data[B];

	if (err != ERR_OK) {
		return;
	}
	check(!(from->type == OBJECT_CSPACE && from->primary), "move: C3");
	check(!after.used[A], "move: nothing stays behind");
	check(is->object == from->object && is->type == from->type && is->rights == from->rights &&
		      is->primary == from->primary && is->badge == from->badge &&
		      is->used == from->used && is->zeroed == from->zeroed &&
		      is->parent == from->parent && is->role == ROLE_NONE,
	      "move: all arrives");
	check_others(A, B);
}

#else

#define DELETES (OP == OP_DELETE)

/* A CSpace holds capabilities; so does what `destroy` empties, which is stubbed here. */
static void assume_objects_hold_nothing(void)
{
	for (unsigned i = 0; i < K; i++) {
		const struct cap_slot *slot = &before.data[i];

		assume(!slot->primary || slot->type != OBJECT_CSPACE);
	}
}

/* Primary: with everything below. Else: this one alone, its children go up. */
static void check_goes(enum err err, unsigned i)
{
	bool is_whole = !DELETES || before.data[A].primary;
	bool goes = (DELETES && i == A) || (is_whole && has(before.above[i], A));

	if (goes) {
		check(err != ERR_OK || !after.used[i], "delete: all of it is gone");
		check(!after.used[i] || is_kept(&before, &after, i), "delete: gone, or as it was");
	} else if (i != A) {
		check(is_kept(&before, &after, i), "delete: nothing else is touched");
	}
}

static void check_revoked(enum err err)
{
	const struct cap_slot *was = &before.data[A];
	const struct cap_slot *is = &after.data[A];

	check(err != ERR_OK || is->child == NULL, "revoke: nothing is derived");
	if (err == ERR_OK && was->type == OBJECT_UNTYPED) {
		check(is->used == 0 && is->wasted == 0 && is->device == was->device &&
			      is->zeroed == 0 && is->badge == was->badge &&
			      is->object == was->object && is->type == was->type &&
			      is->rights == was->rights && is->primary == was->primary,
		      "revoke: untyped memory is whole");
	} else {
		check(is_kept(&before, &after, A), "revoke: the slot itself stays");
	}
}

static void operation(void)
{
	enum err err;

	assume_objects_hold_nothing();
	err = run(DELETES ? cspace_delete : cspace_revoke);
	if (err != ERR_OK && err != CAP_PREEMPTED) {
		return;
	}
	check(err == CAP_PREEMPTED || !interrupted, "delete: not done before all is done");
	for (unsigned i = 0; i < K; i++) {
		check_goes(err, i);
	}
	if (!DELETES) {
		check_revoked(err);
	}
}

#endif

int main(void)
{
	state_any();
	state_read(&before);
	assume(is_well_formed(&before));
	operation();
	check(is_well_formed(&after), "well formed");
	check_end();
	return 0;
}
