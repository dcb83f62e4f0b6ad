/* SPDX-License-Identifier: BSD-2-Clause */
/* See cap.h: slots and the derivation tree. What destroying means is in destroy.c. */
#include "kernel/cap.h"

#include "kernel/objects.h"

enum err cap_lookup(struct cspace *cspace, uint64_t index, struct cap_slot **slot)
{
	struct cap_slot *found;

	if (cspace == NULL || index == 0 || index >= cspace->count) {
		return ERR_CAP_EMPTY;
	}
	found = cspace_slot(cspace, index);
	if (found->type == OBJECT_NONE) {
		return ERR_CAP_EMPTY;
	}
	*slot = found;
	return ERR_OK;
}

enum err cap_lookup_typed(struct cspace *cspace, uint64_t index, enum object_type type,
			  unsigned rights, struct cap_slot **slot)
{
	struct cap_slot *found;
	enum err err = cap_lookup(cspace, index, &found);

	if (err != ERR_OK) {
		return err;
	}
	if (found->type != type) {
		return ERR_CAP_TYPE;
	}
	if ((found->rights & rights) != rights) {
		return ERR_RIGHTS;
	}
	*slot = found;
	return ERR_OK;
}

enum err cap_lookup_empty(struct cspace *cspace, uint64_t index, struct cap_slot **slot)
{
	if (cspace == NULL || cspace->dying || index == 0 || index >= cspace->count) {
		return ERR_CAP_EMPTY;
	}
	if (cspace_slot(cspace, index)->type != OBJECT_NONE) {
		return ERR_SLOT_OCCUPIED;
	}
	*slot = cspace_slot(cspace, index);
	return ERR_OK;
}

static void link_child(struct cap_slot *child, struct cap_slot *parent)
{
	child->parent = parent;
	child->previous = NULL;
	child->next = NULL;
	if (parent == NULL) {
		return;
	}
	child->next = parent->child;
	if (child->next != NULL) {
		child->next->previous = child;
	}
	parent->child = child;
}

static void unlink_child(struct cap_slot *slot)
{
	if (slot->previous != NULL) {
		slot->previous->next = slot->next;
	} else if (slot->parent != NULL) {
		slot->parent->child = slot->next;
	}
	if (slot->next != NULL) {
		slot->next->previous = slot->previous;
	}
}

void cap_insert(struct cap_slot *child, struct cap_slot *parent, enum object_type type,
		void *object, unsigned rights, uint64_t badge)
{
	child->object = object;
	child->type = (uint8_t)type;
	child->rights = (uint8_t)rights;
	child->primary = false;
	child->zeroed = 0;
	child->badge = badge;
	child->used = 0;
	child->wasted = 0;
	child->device = false;
	child->child = NULL;
	link_child(child, parent);
}

void cap_derive(struct cap_slot *child, struct cap_slot *source, unsigned rights, uint64_t badge)
{
	cap_insert(child, source, source->type, source->object, source->rights & rights,
		   badge != 0 ? badge : source->badge);
}

void cap_move(struct cap_slot *to, struct cap_slot *from)
{
	*to = *from;
	if (to->previous != NULL) {
		to->previous->next = to;
	} else if (to->parent != NULL) {
		to->parent->child = to;
	}
	if (to->next != NULL) {
		to->next->previous = to;
	}
	*from = (struct cap_slot){.type = OBJECT_NONE};
}

void cap_remove(struct cap_slot *slot)
{
	uint8_t role = slot->role;

	unlink_child(slot);
	*slot = (struct cap_slot){.type = OBJECT_NONE, .role = role};
}

/* Hang a slot under another parent. */
static void cap_reparent(struct cap_slot *slot, struct cap_slot *parent)
{
	unlink_child(slot);
	link_child(slot, parent);
}

enum err cap_give_children_to_parent(struct cap_slot *slot, bool (*preempted)(void))
{
	while (slot->child != NULL) {
		cap_reparent(slot->child, slot->parent);
		if (preempted()) {
			return CAP_PREEMPTED;
		}
	}
	return ERR_OK;
}
