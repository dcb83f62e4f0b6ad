/* SPDX-License-Identifier: BSD-2-Clause */
/* See state.h. */
#include "tests/proof/state.h"

#include "tests/proof/content.h"

/* NULL or one of the slots from..to - 1. */
static struct cap_slot *any_slot_or_null(unsigned from, unsigned to)
{
	struct cap_slot *slot = NULL;

	for (unsigned i = from; i < to; i++) {
		slot = nondet_bool() ? slot_at(i) : slot;
	}
	return slot;
}

static void any_links(unsigned i)
{
	struct cap_slot *slot = slot_at(i);

#ifdef ORDERED
	slot->parent = any_slot_or_null(0, i);
	slot->child = any_slot_or_null(i + 1, i + 2 < K ? i + 2 : K);
	slot->next = any_slot_or_null(i + 1, K);
	slot->previous = any_slot_or_null(0, i);
#else
	slot->parent = any_slot_or_null(0, K);
	slot->child = any_slot_or_null(0, K);
	slot->next = any_slot_or_null(0, K);
	slot->previous = any_slot_or_null(0, K);
#endif
}

void state_any(void)
{
	for (unsigned i = 0; i < K; i++) {
		any_content(slot_at(i), any_object());
		any_links(i);
	}
}

static unsigned named(const struct cap_slot *link)
{
	unsigned set = 0;

	for (unsigned j = 0; j < K; j++) {
		set |= (unsigned)(link == slot_at(j)) << j;
	}
	return set;
}

/* Everything that can be reached along the links (Warshall's algorithm). False if a ring is. */
static bool close(unsigned to[K], const unsigned link[K])
{
	bool is_good = true;

	for (unsigned i = 0; i < K; i++) {
		to[i] = link[i];
	}
	for (unsigned via = 0; via < K; via++) {
		for (unsigned i = 0; i < K; i++) {
			to[i] |= has(to[i], via) ? to[via] : 0;
		}
	}
	for (unsigned i = 0; i < K; i++) {
		is_good &= !has(to[i], i);
	}
	return is_good;
}

void state_read(struct state *s)
{
	unsigned behind[K];

	s->links_are_good = true;
	for (unsigned i = 0; i < K; i++) {
		const struct cap_slot *slot = slot_at(i);

		s->data[i] = *slot;
		s->used[i] = slot->type != OBJECT_NONE;
		s->parent[i] = named(slot->parent);
		s->child[i] = named(slot->child);
		s->next[i] = named(slot->next);
		s->previous[i] = named(slot->previous);
		s->links_are_good &= ((slot->parent == NULL) | (s->parent[i] != 0)) &
				     ((slot->child == NULL) | (s->child[i] != 0)) &
				     ((slot->next == NULL) | (s->next[i] != 0)) &
				     ((slot->previous == NULL) | (s->previous[i] != 0));
	}
	s->links_are_good &= close(s->above, s->parent);
	s->links_are_good &= close(behind, s->next);
}

static bool is_empty(const struct state *s, unsigned i)
{
	const struct cap_slot *slot = &s->data[i];

	return (slot->object == NULL) & (slot->rights == 0) & !slot->primary & (slot->zeroed == 0) &
	       (slot->badge == 0) & (slot->used == 0) & (slot->wasted == 0) & !slot->device &
	       ((s->parent[i] | s->child[i] | s->next[i] | s->previous[i]) == 0);
}

/* The links of i to j, and back. */
static bool agree(const struct state *s, unsigned i, unsigned j)
{
	bool first = s->previous[i] == 0;

	return implies(has(s->parent[i], j), s->used[j] & implies(first, has(s->child[j], i))) &
	       implies(has(s->child[i], j),
		       s->used[j] & has(s->parent[j], i) & (s->previous[j] == 0)) &
	       implies(has(s->next[i], j),
		       s->used[j] & has(s->previous[j], i) & (s->parent[j] == s->parent[i])) &
	       implies(has(s->previous[i], j), s->used[j] & has(s->next[j], i));
}

static bool is_derived_rightly(const struct cap_slot *child, const struct cap_slot *parent)
{
	bool is_same = (child->type == parent->type) & (child->object == parent->object) &
		       ((child->rights & ~parent->rights) == 0) &
		       ((parent->badge == 0) | (child->badge == parent->badge));

	return (parent->role == ROLE_NONE) & (child->primary | is_same);
}

static bool is_good_slot(const struct state *s, unsigned i)
{
	const struct cap_slot *slot = &s->data[i];
	bool is_good = ((slot->role == ROLE_NONE) | !slot->primary) &
		       implies(s->parent[i] == 0, (s->next[i] | s->previous[i]) == 0);

	for (unsigned j = 0; j < K; j++) {
		is_good &= agree(s, i, j) &
			   implies(has(s->parent[i], j), is_derived_rightly(slot, &s->data[j]));
	}
	return is_good;
}

bool is_well_formed(const struct state *s)
{
	bool is_good = s->links_are_good;

	for (unsigned i = 0; i < K; i++) {
		is_good &= (s->used[i] & is_good_slot(s, i)) | (!s->used[i] & is_empty(s, i));
	}
	return is_good;
}

bool is_kept(const struct state *before, const struct state *after, unsigned i)
{
	return is_same_content(&before->data[i], &after->data[i]);
}

bool is_untouched(const struct state *before, const struct state *after, unsigned i)
{
	const struct cap_slot *a = &before->data[i];
	const struct cap_slot *b = &after->data[i];

	return is_kept(before, after, i) & (a->parent == b->parent) & (a->child == b->child) &
	       (a->next == b->next) & (a->previous == b->previous);
}
