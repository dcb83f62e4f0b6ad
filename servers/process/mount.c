/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of mounts, and names of paths.
 *
 * Invariants:
 * M1. A mount that is not detached is in the list, and its mount point's dentry counts it in
 *     `mounts`, so that a walk need not search the list at every step.
 * M2. A mount holds its root, its mount point and its parent until nobody refers to it.
 */
#include "servers/process/vfs.h"

#include <stdlib.h>
#include <string.h>

#include "servers/process/files.h"

static struct mount *mounts; /* oldest first: children after parents */
static uint32_t last_id;

struct mount *mount_first(void)
{
	return mounts;
}

void file_system_put(struct file_system *fs)
{
	if (--fs->references == 0 && fs->is_tmpfs) {
		served_forget(fs);
	}
}

static void mount_put(struct mount *mount)
{
	while (mount != NULL && --mount->references == 0) {
		struct mount *parent = mount->parent;

		dentry_put(mount->root);
		if (mount->mount_point != NULL) {
			dentry_put(mount->mount_point);
		}
		dentry_prune(mount->fs);
		file_system_put(mount->fs);
		free(mount);
		mount = parent;
	}
}

void path_hold(const struct vfs_path *path)
{
	path->mount->references++;
	dentry_hold(path->dentry);
}

void path_put(struct vfs_path *path)
{
	if (path->dentry == NULL) {
		return;
	}
	dentry_put(path->dentry);
	mount_put(path->mount);
	path->dentry = NULL;
	path->mount = NULL;
}

static struct mount *mounted_on(const struct vfs_path *path)
{
	struct mount *mount = mounts;

	while (mount != NULL &&
	       (mount->parent != path->mount || mount->mount_point != path->dentry)) {
		mount = mount->next;
	}
	return mount;
}

static void move_to(struct vfs_path *path, struct mount *mount, struct dentry *dentry)
{
	struct vfs_path next = {mount, dentry};

	path_hold(&next);
	path_put(path);
	*path = next;
}

void path_enter_mounts(struct vfs_path *path)
{
	while (path->dentry->mounts > 0) {
		struct mount *mount = mounted_on(path);

		if (mount == NULL) {
			return;
		}
		move_to(path, mount, mount->root);
	}
}

static bool is_same(const struct vfs_path *a, const struct vfs_path *b)
{
	return a->mount == b->mount && a->dentry == b->dentry;
}

void path_to_parent(struct vfs_path *path, const struct vfs_path *root)
{
	while (!is_same(path, root) && path->dentry == path->mount->root) {
		if (path->mount->parent == NULL) {
			return;
		}
		move_to(path, path->mount->parent, path->mount->mount_point);
	}
	if (!is_same(path, root) && path->dentry->parent != NULL) {
		move_to(path, path->mount, path->dentry->parent);
	}
	path_enter_mounts(path);
}

/* Put bytes before *start, not before `buffer`. */
static bool prepend(const char *buffer, char **start, const char *bytes, size_t length)
{
	if ((size_t)(*start - buffer) < length) {
		return false;
	}
	*start -= length;
	memcpy(*start, bytes, length);
	return true;
}

/* A name outside of any tree: "pipe:[3]". */
static bool is_nameless(const struct vfs_path *path)
{
	return path->dentry->parent == NULL && path->dentry->length > 0;
}

/* Prepend the names from the root to `path`. */
static bool prepend_names(const struct vfs_path *path, const struct vfs_path *root, char *buffer,
			  char **start)
{
	const struct mount *mount = path->mount;
	const struct dentry *dentry = path->dentry;
	const char *end = *start;

	if (is_nameless(path)) {
		return prepend(buffer, start, dentry->name, dentry->length);
	}
	for (;;) {
		if (mount == root->mount && dentry == root->dentry) {
			return *start != end || prepend(buffer, start, "/", 1);
		}
		if (dentry == mount->root) {
			if (mount->parent == NULL || mount->is_detached) {
				return (*start != end || prepend(buffer, start, "/", 1)) &&
				       prepend(buffer, start, "(unreachable)", 13);
			}
			dentry = mount->mount_point;
			mount = mount->parent;
			continue;
		}
		if (!prepend(buffer, start, dentry->name, dentry->length) ||
		    !prepend(buffer, start, "/", 1)) {
			return false;
		}
		dentry = dentry->parent;
	}
}

int64_t path_name(const struct vfs_path *path, const struct vfs_path *root, char *buffer,
		  size_t size, bool mark)
{
	char *start = buffer + size;
	const struct dentry *dentry = path->dentry;
	bool is_deleted = dentry->parent != NULL && !dentry->is_hashed;
	size_t length;

	if (!prepend(buffer, &start, "", 1) ||
	    (mark && is_deleted && !prepend(buffer, &start, " (deleted)", 10)) ||
	    !prepend_names(path, root, buffer, &start)) {
		return -STATUS_RANGE;
	}
	length = (size_t)(buffer + size - start);
	memmove(buffer, start, length);
	return (int64_t)length;
}

int64_t mount_add(struct file_system *fs, const struct vfs_path *path, const char *source,
		  bool read_only)
{
	struct mount *mount = calloc(1, sizeof(*mount));
	struct mount **link = &mounts;
	struct file_attributes attributes = {0};
	struct inode *inode;
	int64_t result;

	if (mount == NULL) {
		return -STATUS_NOMEM;
	}
	result = fs->ops->root(fs, &attributes);
	inode = result < 0 ? NULL : inode_get(fs, &attributes);
	mount->root = inode == NULL ? NULL : dentry_root(inode, "");
	inode_put(inode);
	if (mount->root == NULL) {
		free(mount);
		return result < 0 ? result : -STATUS_NOMEM;
	}
	mount->id = ++last_id;
	mount->fs = fs;
	mount->references = 1;
	mount->is_read_only = read_only;
	strncpy(mount->source, source, sizeof(mount->source) - 1);
	if (path != NULL) {
		path_hold(path);
		mount->parent = path->mount;
		mount->mount_point = path->dentry;
		path->dentry->mounts++;
	}
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = mount;
	return 0;
}

int64_t mount_remove(const struct vfs_path *path, bool lazy)
{
	struct mount *mount = path->mount;
	struct mount **link = &mounts;

	if (path->dentry != mount->root) {
		return -STATUS_INVAL;
	}
	if (mount->parent == NULL) {
		/* As on Linux: the first file system stays, but is not written any more. */
		mount->is_read_only = true;
		return 0;
	}
	for (struct mount *other = mounts; other != NULL; other = other->next) {
		if (other->parent == mount) {
			return -STATUS_BUSY;
		}
	}
	/* One reference is the list's, one the caller's path. */
	if (!lazy && mount->references > 2) {
		return -STATUS_BUSY;
	}
	while (*link != mount) {
		link = &(*link)->next;
	}
	*link = mount->next;
	mount->is_detached = true;
	mount->mount_point->mounts--;
	mount_put(mount);
	return 0;
}
