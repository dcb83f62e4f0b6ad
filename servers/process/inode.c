/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of inodes in use.
 *
 * Invariants:
 * I1. Of the inodes with is_hashed at most one has a given (file system, number).
 * I2. An inode with is_removed is not hashed: its number may be given out again.
 */
#include "servers/process/vfs.h"

#include <stdlib.h>
#include <string.h>

#include "servers/process/process.h"
#include "servers/process/regular.h"

#define INODE_BUCKETS 512

static struct inode *buckets[INODE_BUCKETS];
static unsigned count;

static struct inode **bucket_of(const struct file_system *fs, uint64_t ino)
{
	uint64_t hash = (ino ^ (uintptr_t)fs >> 4) * 0x9e3779b97f4a7c15ull;

	return &buckets[hash >> 32 & (INODE_BUCKETS - 1)];
}

static void remember(struct inode *inode, const struct file_attributes *attributes)
{
	inode->mode = attributes->mode;
	inode->uid = attributes->uid;
	inode->gid = attributes->gid;
	inode->rdev = attributes->rdev;
	inode->links = attributes->links;
}

struct inode *inode_get(struct file_system *fs, const struct file_attributes *attributes)
{
	struct inode **bucket = bucket_of(fs, attributes->ino);
	struct inode *inode;

	for (inode = *bucket; inode != NULL; inode = inode->next) {
		if (inode->fs == fs && inode->ino == attributes->ino) {
			inode->references++;
			remember(inode, attributes);
			return inode;
		}
	}
	inode = calloc(1, sizeof(*inode));
	if (inode == NULL) {
		return NULL;
	}
	inode->fs = fs;
	inode->ino = attributes->ino;
	inode->references = 1;
	remember(inode, attributes);
	inode->is_hashed = true;
	inode->next = *bucket;
	*bucket = inode;
	count++;
	return inode;
}

struct inode *inode_anonymous(struct file_system *fs, uint32_t mode, uint64_t ino)
{
	struct inode *inode = calloc(1, sizeof(*inode));

	if (inode != NULL) {
		inode->fs = fs;
		inode->ino = ino;
		inode->references = 1;
		inode->mode = mode;
		inode->links = 1;
		count++;
	}
	return inode;
}

void inode_hold(struct inode *inode)
{
	inode->references++;
}

static void unhash(struct inode *inode)
{
	struct inode **link = bucket_of(inode->fs, inode->ino);

	if (!inode->is_hashed) {
		return;
	}
	while (*link != inode) {
		link = &(*link)->next;
	}
	*link = inode->next;
	inode->is_hashed = false;
}

void inode_put(struct inode *inode)
{
	if (inode == NULL || --inode->references > 0) {
		return;
	}
	unhash(inode);
	if (inode->fs->ops->release != NULL) {
		inode->fs->ops->release(inode);
	}
	free(inode);
	count--;
}

void inode_remove(struct inode *inode)
{
	unhash(inode);
	inode->is_removed = true;
	inode->links = 0;
}

/* What is left of a file that the file system does not know any more. */
static void removed_attributes(const struct inode *inode, struct file_attributes *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	attributes->ino = inode->ino;
	attributes->mode = inode->mode;
	attributes->uid = inode->uid;
	attributes->gid = inode->gid;
	attributes->rdev = inode->rdev;
	attributes->block_size = 4096;
}

int64_t inode_attributes(struct inode *inode, struct file_attributes *attributes)
{
	int64_t result;

	if (inode->is_removed && inode->openers == 0) {
		removed_attributes(inode, attributes);
		return 0;
	}
	result = inode->fs->ops->getattr(inode, attributes);
	if (result < 0) {
		return result;
	}
	remember(inode, attributes);
	if (inode_is(inode, MODE_FILE) && inode->fs->number != 0) {
		regular_size(inode, &attributes->size);
	}
	if (inode->mtime_is_newer) {
		attributes->mtime = attributes->ctime = inode->mtime;
	}
	return 0;
}

int64_t inode_set(struct inode *inode, uint32_t mask, const struct file_attributes *set)
{
	int64_t result;

	if (inode->fs->ops->setattr == NULL) {
		return -STATUS_PERM;
	}
	if (inode->is_removed && inode->openers == 0) {
		return -STATUS_NOENT;
	}
	result = inode->fs->ops->setattr(inode, mask, set);
	if (result < 0) {
		return result;
	}
	if (mask & FILES_SET_MODE) {
		inode->mode = (inode->mode & MODE_TYPE) | (set->mode & MODE_PERMISSIONS);
	}
	if (mask & FILES_SET_UID) {
		inode->uid = set->uid;
	}
	if (mask & FILES_SET_GID) {
		inode->gid = set->gid;
	}
	if (mask & FILES_SET_MTIME) {
		inode->mtime_is_newer = false;
	}
	return 0;
}

void inode_each(void (*visit)(struct inode *inode, void *context), void *context)
{
	for (unsigned i = 0; i < INODE_BUCKETS; i++) {
		for (struct inode *inode = buckets[i]; inode != NULL; inode = inode->next) {
			visit(inode, context);
		}
	}
}

unsigned inode_count(void)
{
	return count;
}

int64_t inode_permission(const struct inode *inode, const struct credentials *who, unsigned access)
{
	uint32_t granted = inode->mode & 7;

	if (who == NULL || who->fsuid == 0) {
		bool may_execute = inode_is(inode, MODE_DIRECTORY) || (inode->mode & 0111) != 0;

		return (access & ACCESS_EXECUTE) && !may_execute ? -STATUS_ACCES : 0;
	}
	if (inode->uid == who->fsuid) {
		granted = inode->mode >> 6 & 7;
	} else {
		bool in_group = inode->gid == who->fsgid;

		for (unsigned i = 0; i < who->group_count && !in_group; i++) {
			in_group = who->groups[i] == inode->gid;
		}
		if (in_group) {
			granted = inode->mode >> 3 & 7;
		}
	}
	return (access & ~granted) != 0 ? -STATUS_ACCES : 0;
}
