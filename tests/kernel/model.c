/* SPDX-License-Identifier: BSD-2-Clause */
/* See model.h. */
#include "tests/kernel/model.h"

struct node nodes[NODES];
struct object objects[OBJECTS];

int node_new(int home, unsigned index, unsigned type, int object, int parent)
{
	for (int i = 0; i < NODES; i++) {
		if (!nodes[i].used) {
			nodes[i] = (struct node){.used = true,
						 .home = home,
						 .index = index,
						 .type = type,
						 .object = object,
						 .parent = parent,
						 .rights = RIGHTS_ALL};
			return i;
		}
	}
	fail("the model is too small");
}

int object_new(unsigned type, void *kernel)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (!objects[i].used) {
			objects[i] = (struct object){.used = true, .type = type, .kernel = kernel};
			return i;
		}
	}
	fail("the model is too small");
}

int node_at(int home, unsigned index)
{
	for (int i = 0; i < NODES; i++) {
		if (nodes[i].used && nodes[i].home == home && nodes[i].index == index) {
			return i;
		}
	}
	return NOBODY;
}

int node_child(int node)
{
	for (int i = 0; i < NODES; i++) {
		if (nodes[i].used && nodes[i].parent == node) {
			return i;
		}
	}
	return NOBODY;
}

/* --- what objects lose ---------------------------------------------------------- */

static bool names(int holder, unsigned role, int object)
{
	int node = objects[holder].type != OBJECT_CSPACE ? node_at(holder, role) : NOBODY;

	return node != NOBODY && nodes[node].object == object;
}

/* The bindings of a window or pool allow nothing any more. */
static void unbind_all(unsigned role, int object)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (objects[i].used && objects[i].type == OBJECT_BINDING &&
		    names(i, role, object)) {
			objects[i].is_bound = false;
		}
	}
}

unsigned model_bindings(int window)
{
	unsigned count = 0;

	for (int i = 0; i < OBJECTS; i++) {
		count += objects[i].used && objects[i].type == OBJECT_BINDING &&
			 objects[i].is_bound && names(i, ROLE_BINDING_WINDOW, window);
	}
	return count;
}

unsigned model_windows(int space)
{
	unsigned count = 0;

	for (int i = 0; i < OBJECTS; i++) {
		count += objects[i].used && objects[i].type == OBJECT_WINDOW &&
			 names(i, ROLE_WINDOW_SPACE, space);
	}
	return count;
}

/* An embedded capability goes. */
static void detached(int node)
{
	int home = nodes[node].home;

	switch (nodes[node].index & 0xff) {
	case ROLE_WINDOW_SPACE:
		unbind_all(ROLE_BINDING_WINDOW, home);
		break;
	case ROLE_BINDING_WINDOW:
	case ROLE_BINDING_POOL:
		objects[home].is_bound = false;
		break;
	case ROLE_POOL_EXTENT:
		objects[home].extents = 0;
		unbind_all(ROLE_BINDING_POOL, home);
		break;
	}
}

/* --- deleting --------------------------------------------------------------------- */

void model_remove(int node)
{
	nodes[node].used = false;
}

static void kill(int node);

static void kill_all_in(int home, bool is_cspace)
{
	for (int i = 0; i < NODES; i++) {
		if (!nodes[i].used || nodes[i].home != home) {
			continue;
		}
		if (!is_cspace) {
			detached(i);
			if ((nodes[i].index & 0xff) == ROLE_POOL_EXTENT) {
				nodes[nodes[i].parent].taken = 0;
			}
			model_remove(i);
		} else {
			kill(i);
			i = -1; /* others may have gone too */
		}
	}
}

/* The capability, all derived from it, and what it alone keeps alive. */
static void kill(int node)
{
	int child;

	while ((child = node_child(node)) != NOBODY) {
		kill(child);
	}
	if (nodes[node].primary && nodes[node].type != OBJECT_UNTYPED) {
		kill_all_in(nodes[node].object, nodes[node].type == OBJECT_CSPACE);
		objects[nodes[node].object].used = false;
	}
	if (nodes[node].home != NOBODY && objects[nodes[node].home].type != OBJECT_CSPACE) {
		detached(node);
	}
	model_remove(node);
}

void model_delete(int node)
{
	int child;

	if (nodes[node].primary) {
		kill(node);
		return;
	}
	while ((child = node_child(node)) != NOBODY) {
		nodes[child].parent = nodes[node].parent;
	}
	model_remove(node);
}

void model_revoke(int node)
{
	int child;

	while ((child = node_child(node)) != NOBODY) {
		kill(child);
	}
	nodes[node].taken = 0;
}

/* --- comparing ---------------------------------------------------------------------- */

static void compare_node(const struct node *node)
{
	const struct cap_slot *slot = node->slot;
	unsigned children = 0;

	CHECK(slot->type == node->type);
	CHECK(slot->rights == node->rights);
	CHECK(slot->primary == node->primary);
	CHECK(slot->parent == (node->parent == NOBODY ? NULL : nodes[node->parent].slot));
	if (node->type == OBJECT_UNTYPED) {
		CHECK((uint64_t)slot->object == node->base);
		CHECK(slot->badge == node->size);
		CHECK(slot->used == node->taken);
	} else {
		CHECK(slot->badge == node->badge);
		CHECK(slot->object == objects[node->object].kernel);
	}
	for (const struct cap_slot *child = slot->child; child != NULL; child = child->next) {
		CHECK(child->parent == slot);
		CHECK(child->previous != NULL ? child->previous->next == child
					      : slot->child == child);
		children++;
	}
	for (int i = 0; i < NODES; i++) {
		if (nodes[i].used && nodes[i].parent == node - nodes) {
			children--;
		}
	}
	CHECK(children == 0);
}

static void compare_object(int object)
{
	const struct object *o = &objects[object];
	unsigned used = 0, found = 0;

	if (o->type == OBJECT_CSPACE) {
		struct cspace *cspace = o->kernel;

		CHECK(cspace->count == 1u << o->size_bits && !cspace->dying);
		for (unsigned i = 1; i < 1u << o->size_bits; i++) {
			used += cspace_slot(cspace, i)->type != OBJECT_NONE;
		}
		for (int i = 0; i < NODES; i++) {
			found += nodes[i].used && nodes[i].home == object;
		}
		CHECK(used == found);
	} else if (o->type == OBJECT_POOL) {
		CHECK(((struct pool_object *)o->kernel)->vm.extent_count == o->extents);
	} else if (o->type == OBJECT_BINDING) {
		CHECK((((struct binding_object *)o->kernel)->vm.window != NULL) == o->is_bound);
	} else if (o->type == OBJECT_WINDOW) {
		CHECK((((struct window_object *)o->kernel)->vm.space != NULL) ==
		      (node_at(object, ROLE_WINDOW_SPACE) != NOBODY));
	} else if (o->type == OBJECT_THREAD) {
		struct thread *t = o->kernel;

		CHECK((t->handler.type != OBJECT_NONE) ==
		      (node_at(object, ROLE_THREAD_HANDLER) != NOBODY));
		CHECK((t->bound.type != OBJECT_NONE) ==
		      (node_at(object, ROLE_THREAD_NOTIFICATION) != NOBODY));
		CHECK((t->sched.type != OBJECT_NONE) ==
		      (node_at(object, ROLE_THREAD_SCHED) != NOBODY));
		CHECK((t->space.type != OBJECT_NONE) ==
		      (node_at(object, ROLE_THREAD_SPACE) != NOBODY));
	} else if (o->type == OBJECT_SCHED_CONTEXT) {
		for (int i = 0; i < OBJECTS; i++) {
			found += objects[i].used && names(i, ROLE_THREAD_SCHED, object);
		}
		const struct sched_context *sched = o->kernel;

		CHECK((sched->thread != NULL) == (found == 1));
		CHECK(sched->runner == sched->thread); /* no message lends it here */
	} else if (o->type == OBJECT_NOTIFICATION) {
		for (int i = 0; i < OBJECTS; i++) {
			found += objects[i].used && names(i, ROLE_THREAD_NOTIFICATION, object);
		}
		CHECK((((struct notification *)o->kernel)->bound != NULL) == (found == 1));
	}
}

void model_compare(void)
{
	for (int i = 0; i < NODES; i++) {
		if (nodes[i].used) {
			compare_node(&nodes[i]);
		}
	}
	for (int i = 0; i < OBJECTS; i++) {
		if (objects[i].used) {
			compare_object(i);
		}
	}
}
