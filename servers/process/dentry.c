/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names.
 *
 * Invariants:
 * D1. A hashed dentry has a parent and can be found by (parent, name); of the hashed ones at
 *     most one has a given parent and name.
 * D2. A dentry without references has no children (each child holds its parent) and is in the
 *     list of least recent use if it is hashed; if it is not hashed it does not exist any more.
 * D3. In a volatile file system no dentry without references exists.
 */
#include "servers/process/vfs.h"

#include <stdlib.h>
#include <string.h>

#define DENTRY_BUCKETS 1024
#define DENTRY_UNUSED_MAX 1024 /* names kept without a user */

static struct dentry *buckets[DENTRY_BUCKETS];
static struct dentry *oldest, *newest;
static unsigned unused_count;

static struct dentry **bucket_of(const struct dentry *parent, const char *name, size_t length)
{
	uint64_t hash = (uintptr_t)parent >> 4;

	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3ull;
	}
	return &buckets[(hash ^ hash >> 32) & (DENTRY_BUCKETS - 1)];
}

static void unused_remove(struct dentry *dentry)
{
	if (dentry->older != NULL) {
		dentry->older->newer = dentry->newer;
	} else {
		oldest = dentry->newer;
	}
	if (dentry->newer != NULL) {
		dentry->newer->older = dentry->older;
	} else {
		newest = dentry->older;
	}
	dentry->older = dentry->newer = NULL;
	unused_count--;
}

static void unused_add(struct dentry *dentry)
{
	dentry->older = newest;
	dentry->newer = NULL;
	if (newest != NULL) {
		newest->newer = dentry;
	} else {
		oldest = dentry;
	}
	newest = dentry;
	unused_count++;
}

static void hash_insert(struct dentry *dentry)
{
	struct dentry **bucket = bucket_of(dentry->parent, dentry->name, dentry->length);

	dentry->next = *bucket;
	*bucket = dentry;
	dentry->is_hashed = true;
}

static void hash_remove(struct dentry *dentry)
{
	struct dentry **link;

	if (!dentry->is_hashed) {
		return;
	}
	link = bucket_of(dentry->parent, dentry->name, dentry->length);
	while (*link != dentry) {
		link = &(*link)->next;
	}
	*link = dentry->next;
	dentry->is_hashed = false;
}

void dentry_hold(struct dentry *dentry)
{
	if (dentry->references++ == 0) {
		unused_remove(dentry);
	}
}

/* Free a dentry without references that is in no list; returns the parent to let go. */
static struct dentry *discard(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent;

	hash_remove(dentry);
	inode_put(dentry->inode);
	free(dentry->name);
	free(dentry);
	return parent;
}

static void put_chain(struct dentry *dentry)
{
	while (dentry != NULL && --dentry->references == 0) {
		if (dentry->is_hashed && !dentry->fs->is_volatile) {
			unused_add(dentry);
			return;
		}
		dentry = discard(dentry);
	}
}

static void evict_oldest(void)
{
	struct dentry *dentry = oldest;

	unused_remove(dentry);
	put_chain(discard(dentry));
}

void dentry_put(struct dentry *dentry)
{
	put_chain(dentry);
	while (unused_count > DENTRY_UNUSED_MAX) {
		evict_oldest();
	}
}

static struct dentry *allocate(struct file_system *fs, const char *name, size_t length)
{
	struct dentry *dentry = calloc(1, sizeof(*dentry));
	char *copy = malloc(length + 1);

	if (dentry == NULL || copy == NULL) {
		free(dentry);
		free(copy);
		return NULL;
	}
	memcpy(copy, name, length);
	dentry->fs = fs;
	dentry->references = 1;
	dentry->length = (uint8_t)length;
	dentry->name = copy;
	return dentry;
}

struct dentry *dentry_root(struct inode *inode, const char *name)
{
	struct dentry *dentry = allocate(inode->fs, name, strlen(name));

	if (dentry != NULL) {
		inode_hold(inode);
		dentry->inode = inode;
	}
	return dentry;
}

static struct dentry *find(struct dentry *dir, const char *name, size_t length)
{
	struct dentry *dentry = *bucket_of(dir, name, length);

	while (dentry != NULL && (dentry->parent != dir || dentry->length != length ||
				  memcmp(dentry->name, name, length) != 0)) {
		dentry = dentry->next;
	}
	return dentry;
}

/* Ask the file system. Returns 0 and a held inode, NULL if the name does not exist. */
static int64_t ask(struct dentry *dir, const char *name, size_t length, struct inode **found)
{
	struct file_attributes attributes;
	int64_t result;

	*found = NULL;
	if (dir->inode->is_removed) {
		return 0;
	}
	result = dir->fs->ops->lookup(dir->inode, name, length, &attributes);
	if (result == -STATUS_NOENT) {
		return 0;
	}
	if (result < 0) {
		return result;
	}
	*found = inode_get(dir->fs, &attributes);
	return *found == NULL ? -STATUS_NOMEM : 0;
}

int64_t dentry_lookup(struct dentry *dir, const char *name, size_t length, struct dentry **found)
{
	struct dentry *dentry = find(dir, name, length);
	struct inode *inode;
	int64_t result;

	if (dentry != NULL && !dir->fs->is_volatile) {
		dentry_hold(dentry);
		*found = dentry;
		return 0;
	}
	result = ask(dir, name, length, &inode);
	if (result < 0) {
		return result;
	}
	if (dentry != NULL && dentry->inode == inode) {
		inode_put(inode);
		dentry_hold(dentry);
		*found = dentry;
		return 0;
	}
	if (dentry != NULL) {
		hash_remove(dentry);
	}
	dentry = allocate(dir->fs, name, length);
	if (dentry == NULL) {
		inode_put(inode);
		return -STATUS_NOMEM;
	}
	dentry->inode = inode;
	dentry->parent = dir;
	dentry_hold(dir);
	hash_insert(dentry);
	*found = dentry;
	return 0;
}

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
	dentry->inode = inode;
}

void dentry_delete(struct dentry *dentry)
{
	hash_remove(dentry);
}

void dentry_move(struct dentry *from, struct dentry *to)
{
	struct dentry *parent = from->parent;
	char *name = from->name;
	uint8_t length = from->length;

	hash_remove(from);
	hash_remove(to);
	from->parent = to->parent;
	from->name = to->name;
	from->length = to->length;
	to->parent = parent;
	to->name = name;
	to->length = length;
	hash_insert(from);
}

void dentry_prune(struct file_system *fs)
{
	struct dentry *dentry = oldest;

	while (dentry != NULL) {
		if (dentry->fs == fs) {
			unused_remove(dentry);
			put_chain(discard(dentry));
			/* The parent may have been freed or moved in the list: start again. */
			dentry = oldest;
			continue;
		}
		dentry = dentry->newer;
	}
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor)
{
	while (dentry != NULL && dentry != ancestor) {
		dentry = dentry->parent;
	}
	return dentry != NULL;
}
