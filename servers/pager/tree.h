/* SPDX-License-Identifier: BSD-2-Clause */
/* Persistent radix trees of frames; theory in tree.c. */
#ifndef SERVERS_PAGER_TREE_H
#define SERVERS_PAGER_TREE_H

#include "servers/pager/frames.h"

#define TREE_BITS 9
#define TREE_FANOUT 512u
#define TREE_HEIGHT_MAX 4
#define TREE_INDEX_END (1ull << (TREE_BITS * TREE_HEIGHT_MAX))

struct tree {
	uint32_t root;	 /* node, 0 = empty */
	uint32_t height; /* levels below and with the root; 0 = empty */
	uint64_t pages;	 /* entries */
};

/* The frame at `index` or 0. *exclusive (may be NULL): no other tree shares the path to it. */
uint32_t tree_get(const struct tree *tree, uint64_t index, bool *exclusive);

/*
 * The first entry in [*index, end): its frame, with *index set to where it
 * is; 0 if there is none.
 */
uint32_t tree_next(const struct tree *tree, uint64_t *index, uint64_t end);

/*
 * Make the path to `index` (< TREE_INDEX_END) exist and belong to this tree
 * alone: shared nodes are copied, which gives each of their frames a holder
 * more. False, with the tree's contents unchanged, if memory is out. `urgent`
 * as in frames_reserve. May evict cached pages.
 */
bool tree_prepare(struct tree *tree, uint64_t index, bool urgent);

/* Put a frame (not 0) at a prepared index; returns the frame that was there or 0. */
uint32_t tree_put(struct tree *tree, uint64_t index, uint32_t frame);

/* What becomes of each entry that a removal takes out of the last tree that had it. */
typedef void tree_drop_fn(uint32_t frame);

/*
 * Take out the entries in [first, end). Boundary paths that are shared must
 * have been prepared (tree_prepare_range). Nodes left empty are freed; `drop`
 * gets the frames of entries which no other tree shares through a node.
 */
void tree_remove(struct tree *tree, uint64_t first, uint64_t end, tree_drop_fn *drop);

/*
 * Make tree_remove(first, end) possible: the paths at both ends, where nodes
 * exist, belong to this tree alone. Takes at most 2 * TREE_HEIGHT_MAX frames. False if
 * memory is out.
 */
bool tree_prepare_range(struct tree *tree, uint64_t first, uint64_t end);

/* Take out everything; needs no memory. */
void tree_clear(struct tree *tree, tree_drop_fn *drop);

/* Make `copy` (empty) share everything that `tree` has. Costs one reference. */
void tree_share(struct tree *copy, const struct tree *tree);

/* Among how many trees the path to an index is shared, as far as node references tell (>= 1). */
uint32_t tree_sharers(const struct tree *tree, uint64_t index);

#endif
