/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent radix trees of frames, shaped like the Sv39 tables: nodes of one
 * page with 512 entries, an entry being the number of a node or, at level 0,
 * of a frame. A space has one for its private pages, an object one for its
 * cached pages.
 *
 * Persistence: a node counts who refers to it (parents, or trees for a
 * root). Forking a space gives the child's tree a reference on the root and
 * nothing else. Who wants to change a shared path copies its nodes first
 * (tree_prepare), top down, adding a reference to each entry; so a frame's
 * count is the number of *leaf nodes* that hold it, and
 *
 * T1: a frame belongs to one tree alone iff every node on the path to it and
 *     the frame itself have one reference.
 * T2: a node in use has at least one entry, but for the moment between
 *     tree_prepare and tree_put.
 *
 * There are no shadow chains: a lookup is one descent, however many forks
 * there were. A node's frame record keeps the number of entries in use
 * (count) and of frames at or below it (index), so that dropping a shared
 * subtree needs no walk.
 */
#include "servers/pager/tree.h"

#include <string.h>

#include "servers/pager/port.h"

static uint64_t *node_entries(uint32_t node)
{
	return frame_data(node);
}

static unsigned slot_of(uint64_t index, unsigned level)
{
	return (unsigned)(index >> (TREE_BITS * level)) & (TREE_FANOUT - 1);
}

static uint64_t span_of(unsigned level)
{
	return 1ull << (TREE_BITS * level);
}

static bool tree_covers(const struct tree *tree, uint64_t index)
{
	return tree->height > 0 && index < span_of(tree->height);
}

uint32_t tree_get(const struct tree *tree, uint64_t index, bool *exclusive)
{
	uint32_t node = tree->root;
	bool alone = true;

	if (!tree_covers(tree, index)) {
		return 0;
	}
	for (unsigned level = tree->height; level-- > 0 && node != 0;) {
		alone = alone && frame_of(node)->refs == 1;
		node = (uint32_t)node_entries(node)[slot_of(index, level)];
	}
	if (exclusive != NULL) {
		*exclusive = alone && node != 0 && frame_of(node)->refs == 1;
	}
	return node;
}

uint32_t tree_sharers(const struct tree *tree, uint64_t index)
{
	uint32_t node = tree->root, sharers = 1;

	if (!tree_covers(tree, index)) {
		return 1;
	}
	for (unsigned level = tree->height; level-- > 0 && node != 0;) {
		sharers += frame_of(node)->refs - 1;
		node = (uint32_t)node_entries(node)[slot_of(index, level)];
	}
	return node == 0 ? sharers : sharers + frame_of(node)->refs - 1;
}

/* First entry in use of `node` from `slot` on, TREE_FANOUT if none. */
static unsigned node_scan(uint32_t node, unsigned slot)
{
	const uint64_t *entries = node_entries(node);

	while (slot < TREE_FANOUT && entries[slot] == 0) {
		slot++;
	}
	return slot;
}

uint32_t tree_next(const struct tree *tree, uint64_t *index, uint64_t end)
{
	uint64_t at = *index;

	while (at < end && tree_covers(tree, at)) {
		uint32_t node = tree->root;
		unsigned level = tree->height - 1;

		for (;;) {
			unsigned slot = slot_of(at, level);
			unsigned found = node_scan(node, slot);

			if (found != slot) {
				/* Go on behind the gap, from the root: the node may be exhausted. */
				at = (at & ~(span_of(level + 1) - 1)) + found * span_of(level);
				if (found == TREE_FANOUT || at >= end) {
					break;
				}
			}
			node = (uint32_t)node_entries(node)[found];
			if (level == 0) {
				*index = at;
				return node;
			}
			level--;
		}
	}
	return 0;
}

/* A copy of `node` in place of one reference to it. */
static uint32_t node_copy(uint32_t node)
{
	uint32_t copy = frame_take(FRAME_NODE);
	uint64_t *to = node_entries(copy);

	memcpy(to, node_entries(node), PAGE_BYTES);
	frame_of(copy)->count = frame_of(node)->count;
	frame_of(copy)->index = frame_of(node)->index;
	for (unsigned i = 0; i < TREE_FANOUT; i++) {
		if (to[i] != 0) {
			frame_of((uint32_t)to[i])->refs++;
		}
	}
	frame_of(node)->refs--;
	return copy;
}

static uint32_t node_create(void)
{
	uint32_t node = frame_take(FRAME_NODE);

	frame_zero(node);
	return node;
}

/* Add levels until the tree covers `index`. */
static void tree_grow(struct tree *tree, uint64_t index)
{
	while (!tree_covers(tree, index)) {
		uint32_t root;

		if (tree->root == 0) {
			tree->height++;
			continue;
		}
		root = node_create();
		node_entries(root)[0] = tree->root;
		frame_of(root)->count = 1;
		frame_of(root)->index = frame_of(tree->root)->index;
		tree->root = root;
		tree->height++;
	}
	if (tree->root == 0) {
		tree->root = node_create();
	}
}

/* Does the path down to the leaf of `index` exist, for this tree alone? */
static bool tree_ready(const struct tree *tree, uint64_t index)
{
	uint32_t node = tree->root;

	if (!tree_covers(tree, index)) {
		return false;
	}
	for (unsigned level = tree->height - 1; node != 0 && frame_of(node)->refs == 1; level--) {
		if (level == 0) {
			return true;
		}
		node = (uint32_t)node_entries(node)[slot_of(index, level)];
	}
	return false;
}

bool tree_prepare(struct tree *tree, uint64_t index, bool urgent)
{
	uint32_t *root = &tree->root, node;

	if (tree_ready(tree, index)) {
		return true;
	}
	if (!frames_reserve(2 * TREE_HEIGHT_MAX, urgent)) {
		return false;
	}
	tree_grow(tree, index);
	if (frame_of(*root)->refs > 1) {
		*root = node_copy(*root);
	}
	node = *root;
	for (unsigned level = tree->height - 1; level > 0; level--) {
		uint64_t *entry = &node_entries(node)[slot_of(index, level)];

		if (*entry == 0) {
			*entry = node_create();
			frame_of(node)->count++;
		} else if (frame_of((uint32_t)*entry)->refs > 1) {
			*entry = node_copy((uint32_t)*entry);
		}
		node = (uint32_t)*entry;
	}
	return true;
}

uint32_t tree_put(struct tree *tree, uint64_t index, uint32_t frame)
{
	uint32_t path[TREE_HEIGHT_MAX], node = tree->root, old;
	uint64_t *entry;

	for (unsigned level = tree->height - 1;; level--) {
		INVARIANT(frame_of(node)->refs == 1);
		path[level] = node;
		entry = &node_entries(node)[slot_of(index, level)];
		if (level == 0) {
			break;
		}
		node = (uint32_t)*entry;
	}
	old = (uint32_t)*entry;
	*entry = frame;
	if (old == 0) {
		frame_of(path[0])->count++;
		tree->pages++;
		for (unsigned level = 0; level < tree->height; level++) {
			frame_of(path[level])->index++;
		}
	}
	return old;
}

/* Give back one reference to the subtree `node` of `level`; the last one frees it. */
static void subtree_release(uint32_t node, unsigned level, tree_drop_fn *drop)
{
	uint32_t stack[TREE_HEIGHT_MAX];
	unsigned next[TREE_HEIGHT_MAX];
	unsigned depth = 0;

	if (--frame_of(node)->refs > 0) {
		return;
	}
	stack[0] = node;
	next[0] = 0;
	for (;;) {
		unsigned slot = node_scan(stack[depth], next[depth]);
		uint32_t child;

		if (slot == TREE_FANOUT) {
			frame_free(stack[depth]);
			if (depth == 0) {
				return;
			}
			depth--;
			continue;
		}
		next[depth] = slot + 1;
		child = (uint32_t)node_entries(stack[depth])[slot];
		if (depth == level) {
			drop(child);
		} else if (--frame_of(child)->refs == 0) {
			depth++;
			stack[depth] = child;
			next[depth] = 0;
		}
	}
}

/* After `gone` frames went from the last node of path[0..depth]: adjust counts, free empty nodes. */
static void path_settle(struct tree *tree, const uint32_t *path, unsigned depth, uint64_t index,
			uint64_t gone)
{
	tree->pages -= gone;
	for (unsigned i = 0; i <= depth; i++) {
		frame_of(path[i])->index -= gone;
	}
	while (frame_of(path[depth])->count == 0) {
		frame_free(path[depth]);
		if (depth == 0) {
			tree->root = 0;
			tree->height = 0;
			return;
		}
		depth--;
		node_entries(path[depth])[slot_of(index, tree->height - 1 - depth)] = 0;
		frame_of(path[depth])->count--;
	}
}

/* Empty the slots of a leaf in [index, end); returns how many frames went. */
static uint64_t leaf_remove(uint32_t leaf, uint64_t index, uint64_t end, tree_drop_fn *drop)
{
	uint64_t *entries = node_entries(leaf), gone = 0;
	unsigned slot = slot_of(index, 0);
	uint64_t stop = end - index < TREE_FANOUT - slot ? slot + (end - index) : TREE_FANOUT;

	for (; slot < stop; slot++) {
		if (entries[slot] != 0) {
			uint32_t frame = (uint32_t)entries[slot];

			entries[slot] = 0;
			frame_of(leaf)->count--;
			gone++;
			drop(frame);
		}
	}
	return gone;
}

/* One step of tree_remove: removes something at `index` or finds nothing; returns the index to go
 * on at. */
static uint64_t remove_step(struct tree *tree, uint64_t index, uint64_t end, tree_drop_fn *drop)
{
	uint32_t path[TREE_HEIGHT_MAX];
	unsigned depth = 0;

	path[0] = tree->root;
	for (unsigned level = tree->height - 1; level > 0; level--) {
		uint64_t span = span_of(level);
		uint64_t *entry = &node_entries(path[depth])[slot_of(index, level)];
		uint64_t behind = (index & ~(span - 1)) + span;
		uint32_t child = (uint32_t)*entry;

		if (child == 0) {
			return behind;
		}
		INVARIANT(frame_of(path[depth])->refs == 1);
		if (behind - span == index && end >= behind) {
			uint64_t gone = frame_of(child)->index;

			*entry = 0;
			frame_of(path[depth])->count--;
			subtree_release(child, level - 1, drop);
			path_settle(tree, path, depth, index, gone);
			return behind;
		}
		path[++depth] = child;
	}
	INVARIANT(frame_of(path[depth])->refs == 1);
	path_settle(tree, path, depth, index, leaf_remove(path[depth], index, end, drop));
	return (index | (TREE_FANOUT - 1)) + 1;
}

void tree_remove(struct tree *tree, uint64_t first, uint64_t end, tree_drop_fn *drop)
{
	uint64_t index = first;

	while (index < end && tree->root != 0 && tree_covers(tree, index)) {
		if (tree_next(tree, &index, end) == 0) {
			break;
		}
		/* Back to the start of a subtree that lies in the range wholly. */
		for (unsigned level = tree->height - 1; level > 0; level--) {
			uint64_t start = index & ~(span_of(level) - 1);

			if (start >= first && end - start >= span_of(level)) {
				index = start;
				break;
			}
		}
		index = remove_step(tree, index, end, drop);
	}
}

/*
 * Walk the nodes on the path to `index` that reach beyond [first, end).
 * `copying`: unshare those that are shared. Returns how many were.
 */
static unsigned walk_boundary(struct tree *tree, uint64_t index, uint64_t first, uint64_t end,
			      bool copying)
{
	uint64_t root = tree->root, *link = &root;
	unsigned shared = 0;

	if (!tree_covers(tree, index) || root == 0) {
		return 0;
	}
	for (unsigned level = tree->height; level-- > 0;) {
		uint64_t start;

		if (frame_of((uint32_t)*link)->refs > 1) {
			shared++;
			if (copying) {
				*link = node_copy((uint32_t)*link);
			}
		}
		link = &node_entries((uint32_t)*link)[slot_of(index, level)];
		start = index & ~(span_of(level) - 1);
		if (level == 0 || *link == 0 || (start >= first && end - start >= span_of(level))) {
			break;
		}
	}
	tree->root = (uint32_t)root;
	return shared;
}

bool tree_prepare_range(struct tree *tree, uint64_t first, uint64_t end)
{
	uint64_t at = first;

	if (tree_next(tree, &at, end) == 0 ||
	    walk_boundary(tree, first, first, end, false) +
			    walk_boundary(tree, end - 1, first, end, false) ==
		    0) {
		return true;
	}
	if (!frames_reserve(2 * TREE_HEIGHT_MAX, true)) {
		return false;
	}
	walk_boundary(tree, first, first, end, true);
	walk_boundary(tree, end - 1, first, end, true);
	return true;
}

void tree_clear(struct tree *tree, tree_drop_fn *drop)
{
	if (tree->root != 0) {
		subtree_release(tree->root, tree->height - 1, drop);
	}
	*tree = (struct tree){0};
}

void tree_share(struct tree *copy, const struct tree *tree)
{
	*copy = *tree;
	if (tree->root != 0) {
		frame_of(tree->root)->refs++;
	}
}
