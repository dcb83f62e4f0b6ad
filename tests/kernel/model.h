/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A naive model of capabilities: every capability is a node in one array, and
 * what an operation does is said in the plainest way, by searching the array.
 * It knows each node's place in the kernel, and so can compare everything.
 */
#ifndef TESTS_KERNEL_MODEL_H
#define TESTS_KERNEL_MODEL_H

#include "kernel/objects.h"
/* kernel/ before vm/: both know hart_index. */
#include "tests/vm/harness.h"

#define NODES 320
#define OBJECTS 320
#define NOBODY (-1)

struct node {
	bool used;
	unsigned type, rights;
	uint64_t badge;
	bool primary;
	int parent;		    /* node */
	int object;		    /* what it names */
	int home;		    /* the object that its slot lies in */
	unsigned index;		    /* slot number in a CSpace, else the role */
	struct cap_slot *slot;	    /* in the kernel */
	uint64_t base, size, taken; /* UNTYPED */
};

struct object {
	bool used;
	unsigned type;
	void *kernel;
	unsigned size_bits; /* CSPACE */
	unsigned extents;   /* POOL */
	bool is_bound;	    /* BINDING */
	unsigned rights;    /* WINDOW: attached with */
};

extern struct node nodes[NODES];
extern struct object objects[OBJECTS];

int node_new(int home, unsigned index, unsigned type, int object, int parent);
int object_new(unsigned type, void *kernel);
/* The node in a slot of a CSpace, or embedded with a role; NOBODY. */
int node_at(int home, unsigned index);
int node_child(int node);

void model_delete(int node);
void model_revoke(int node);
void model_remove(int node);
/* Bindings that allow something in a window or of a pool now. */
unsigned model_bindings(int window);
unsigned model_windows(int space);

/* Everything in the kernel is as the model says; fails the test. */
void model_compare(void);

#endif
