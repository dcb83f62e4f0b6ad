/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: nodes. Inode numbers are never used twice, so a stale one names
 * nothing. A node lives while it has a link or an opener.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/tmpfs_private.h"

#define TMPFS_MAGIC 0x01021994u

static unsigned total_nodes;

static const struct file_system_operations tmpfs_operations;

struct tmpfs_node *tmpfs_node_find(struct tmpfs *tmpfs, uint64_t ino)
{
	struct tmpfs_node *node = tmpfs->nodes[ino % TMPFS_BUCKETS];

	while (node && node->ino != ino) {
		node = node->hash_next;
	}
	return node;
}

void tmpfs_touch(struct tmpfs_node *node, bool modified)
{
	node->attributes.ctime = clock_now();
	if (modified) {
		node->attributes.mtime = node->attributes.ctime;
	}
}

struct tmpfs_node *tmpfs_node_new(struct tmpfs *tmpfs, const struct creation *creation)
{
	struct tmpfs_node *node;

	if (total_nodes >= TMPFS_NODES_MAX) {
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		return NULL;
	}
	if (creation->target) {
		node->target = malloc(creation->target_length);
		if (!node->target) {
			free(node);
			return NULL;
		}
		memcpy(node->target, creation->target, creation->target_length);
		node->attributes.size = creation->target_length;
	}
	heap_has_grown = true;
	node->ino = tmpfs->next_ino++;
	node->next_cookie = 3; /* behind "." and ".." */
	node->attributes.ino = node->ino;
	node->attributes.mode = creation->mode;
	node->attributes.links = (creation->mode & MODE_TYPE) == MODE_DIRECTORY ? 2 : 1;
	node->attributes.uid = creation->uid;
	node->attributes.gid = creation->gid;
	node->attributes.rdev = creation->rdev;
	node->attributes.block_size = PAGE_BYTES;
	tmpfs_touch(node, true);
	node->attributes.atime = node->attributes.mtime;
	node->hash_next = tmpfs->nodes[node->ino % TMPFS_BUCKETS];
	tmpfs->nodes[node->ino % TMPFS_BUCKETS] = node;
	tmpfs->node_count++;
	total_nodes++;
	return node;
}

void tmpfs_node_free(struct tmpfs *tmpfs, struct tmpfs_node *node)
{
	struct tmpfs_node **link = &tmpfs->nodes[node->ino % TMPFS_BUCKETS];

	while (*link != node) {
		link = &(*link)->hash_next;
	}
	*link = node->hash_next;
	tmpfs_drop_pages(tmpfs, node);
	free(node->target);
	free(node);
	tmpfs->node_count--;
	total_nodes--;
}

struct file_system *tmpfs_new(uint32_t number, uint64_t limit)
{
	const struct creation root = {.mode = MODE_DIRECTORY | 01777};
	struct tmpfs *tmpfs = calloc(1, sizeof(*tmpfs));

	if (!tmpfs) {
		return NULL;
	}
	tmpfs->base.operations = &tmpfs_operations;
	tmpfs->base.number = number;
	tmpfs->limit = limit;
	tmpfs->next_ino = 1;
	tmpfs->root = tmpfs_node_new(tmpfs, &root);
	if (!tmpfs->root) {
		free(tmpfs);
		return NULL;
	}
	tmpfs->root->parent = tmpfs->root;
	return &tmpfs->base;
}

static int64_t tmpfs_root(struct file_system *fs, uint64_t *ino)
{
	*ino = tmpfs_of(fs)->root->ino;
	return 0;
}

static int64_t tmpfs_get_attributes(struct file_system *fs, uint64_t ino,
				    struct file_attributes *attributes)
{
	const struct tmpfs_node *node = tmpfs_node_find(tmpfs_of(fs), ino);

	if (!node) {
		return -STATUS_STALE;
	}
	*attributes = node->attributes;
	attributes->blocks = node->pages * (PAGE_BYTES / 512);
	return 0;
}

static int64_t tmpfs_set_attributes(struct file_system *fs, uint64_t ino, uint64_t mask,
				    const struct file_attributes *attributes)
{
	struct tmpfs_node *node = tmpfs_node_find(tmpfs_of(fs), ino);

	if (!node) {
		return -STATUS_STALE;
	}
	if (mask & FILES_SET_MODE) {
		node->attributes.mode =
			(node->attributes.mode & MODE_TYPE) | (attributes->mode & 07777u);
	}
	if (mask & FILES_SET_UID) {
		node->attributes.uid = attributes->uid;
	}
	if (mask & FILES_SET_GID) {
		node->attributes.gid = attributes->gid;
	}
	if (mask & FILES_SET_ATIME) {
		node->attributes.atime = attributes->atime;
	}
	if (mask & FILES_SET_MTIME) {
		node->attributes.mtime = attributes->mtime;
	}
	tmpfs_touch(node, false);
	return 0;
}

static int64_t tmpfs_read_link(struct file_system *fs, uint64_t ino, char *target, size_t size)
{
	const struct tmpfs_node *node = tmpfs_node_find(tmpfs_of(fs), ino);

	if (!node) {
		return -STATUS_STALE;
	}
	if (!node->target || node->attributes.size > size) {
		return -STATUS_INVAL;
	}
	memcpy(target, node->target, node->attributes.size);
	return (int64_t)node->attributes.size;
}

static int64_t tmpfs_statistics(struct file_system *fs, struct statistics *statistics)
{
	const struct tmpfs *tmpfs = tmpfs_of(fs);

	statistics->type = TMPFS_MAGIC;
	statistics->block_size = PAGE_BYTES;
	statistics->blocks = tmpfs->limit;
	statistics->free = statistics->available = tmpfs->limit - tmpfs->used;
	statistics->inodes = TMPFS_NODES_MAX;
	statistics->free_inodes = TMPFS_NODES_MAX - total_nodes;
	return 0;
}

static int64_t tmpfs_release(struct file_system *fs, uint64_t ino)
{
	struct tmpfs_node *node = tmpfs_node_find(tmpfs_of(fs), ino);

	if (!node) {
		return -STATUS_STALE;
	}
	tmpfs_node_free(tmpfs_of(fs), node);
	return 0;
}

static int64_t tmpfs_sync(struct file_system *fs)
{
	(void)fs;
	return 0;
}

static const struct file_system_operations tmpfs_operations = {
	.root = tmpfs_root,
	.lookup = tmpfs_lookup,
	.get_attributes = tmpfs_get_attributes,
	.set_attributes = tmpfs_set_attributes,
	.create = tmpfs_create,
	.read_link = tmpfs_read_link,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.read_directory = tmpfs_read_directory,
	.statistics = tmpfs_statistics,
	.release = tmpfs_release,
	.read_pages = tmpfs_read_pages,
	.write_pages = tmpfs_write_pages,
	.allocate = tmpfs_allocate,
	.set_size = tmpfs_set_size,
	.sync = tmpfs_sync,
	.power_off = tmpfs_sync,
};
