/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that make, remove and rename names. */
#include "servers/process/files.h"

#include <string.h>

#include "servers/process/regular.h"

#define AT_REMOVEDIR 0x200u
#define AT_SYMLINK_FOLLOW 0x400u
#define RENAME_NOREPLACE 1u

/* Walk to a name that is to be made. On success its dentry is held and has no inode. */
static int64_t walk_new(struct process *p, uint64_t dirfd, const char *path, bool is_directory,
			struct walk_result *found)
{
	int64_t result = walk_from(p, dirfd, path, WALK_CREATE | WALK_LAST, found);

	if (result < 0) {
		return result;
	}
	if (found->path.dentry->inode != NULL) {
		result = -STATUS_EXIST;
	} else if (found->trailing_slash && !is_directory) {
		result = -STATUS_NOENT;
	}
	if (result < 0) {
		path_put(&found->path);
	}
	return result;
}

static int64_t make_node(struct thread *t, uint32_t mode, uint32_t rdev)
{
	struct process *p = t->process;
	struct walk_result found;
	char *path;
	int64_t result = path_from_user(t, t->args[1], 0, &path);

	if (result >= 0) {
		result =
			walk_new(p, t->args[0], path, (mode & MODE_TYPE) == MODE_DIRECTORY, &found);
	}
	if (result < 0) {
		return result;
	}
	result = create_node(p, &found.path, mode & ~p->fs->umask, rdev);
	path_put(&found.path);
	return result;
}

HANDLER(mkdirat)
{
	return make_node(t, MODE_DIRECTORY | ((uint32_t)args[2] & 01777), 0);
}

HANDLER(mknodat)
{
	uint32_t mode = (uint32_t)args[2] & (MODE_TYPE | MODE_PERMISSIONS);

	switch (mode & MODE_TYPE) {
	case 0:
		mode |= MODE_FILE;
		break;
	case MODE_FILE:
	case MODE_FIFO:
	case MODE_SOCKET:
		break;
	case MODE_CHARACTER:
	case MODE_BLOCK:
		if (t->process->credentials.euid != 0) {
			return -STATUS_PERM;
		}
		break;
	case MODE_DIRECTORY:
		return -STATUS_PERM;
	default:
		return -STATUS_INVAL;
	}
	return make_node(t, mode, (uint32_t)args[3]);
}

HANDLER(symlinkat)
{
	struct process *p = t->process;
	struct walk_result found;
	struct file_attributes with, made;
	char *target, *path;
	struct dentry *dentry;
	struct inode *inode;
	int64_t result = path_from_user(t, args[0], 1, &target);

	if (result >= 0) {
		result = target[0] == 0 ? -STATUS_NOENT : path_from_user(t, args[2], 0, &path);
	}
	if (result >= 0) {
		result = walk_new(p, args[1], path, false, &found);
	}
	if (result < 0) {
		return result;
	}
	dentry = found.path.dentry;
	result = create_check(p, &found.path);
	if (result == 0) {
		create_attributes(p, &found.path, MODE_LINK | 0777, &with);
		result = dentry->fs->ops->symlink == NULL
				 ? -STATUS_PERM
				 : dentry->fs->ops->symlink(dentry->parent->inode, dentry->name,
							    dentry->length, target, strlen(target),
							    &with, &made);
	}
	if (result >= 0) {
		inode = inode_get(dentry->fs, &made);
		if (inode == NULL) {
			dentry_delete(dentry);
		} else {
			dentry_instantiate(dentry, inode);
		}
		result = 0;
	}
	path_put(&found.path);
	return result;
}

static int64_t link_to(struct process *p, const struct vfs_path *from, const struct vfs_path *to)
{
	struct dentry *dentry = to->dentry;
	struct inode *inode = from->dentry->inode;
	int64_t result;

	if (from->mount != to->mount || dentry->fs != inode->fs) {
		return -STATUS_XDEV;
	}
	if (inode_is(inode, MODE_DIRECTORY)) {
		return -STATUS_PERM;
	}
	if (inode->is_removed) {
		return -STATUS_NOENT;
	}
	result = create_check(p, to);
	if (result < 0) {
		return result;
	}
	if (dentry->fs->ops->link == NULL) {
		return -STATUS_PERM;
	}
	result = dentry->fs->ops->link(dentry->parent->inode, dentry->name, dentry->length, inode);
	if (result < 0) {
		return result;
	}
	inode->links++;
	inode_hold(inode);
	dentry_instantiate(dentry, inode);
	return 0;
}

HANDLER(linkat)
{
	struct process *p = t->process;
	struct walk_result from, to;
	uint64_t flags = args[4];
	unsigned walk_flags = 0;
	char *path;
	int64_t result;

	if (flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH)) {
		return -STATUS_INVAL;
	}
	walk_flags |= flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
	walk_flags |= flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0;
	result = walk_user(t, args[0], args[1], walk_flags, &from);
	if (result < 0) {
		return result;
	}
	result = path_from_user(t, args[3], 0, &path);
	if (result >= 0) {
		result = walk_new(p, args[2], path, false, &to);
	}
	if (result == 0) {
		result = link_to(p, &from.path, &to.path);
		path_put(&to.path);
	}
	path_put(&from.path);
	return result;
}

/* May p take the name away from its directory? */
static int64_t remove_check(struct process *p, const struct vfs_path *path)
{
	const struct dentry *dentry = path->dentry;
	const struct inode *parent = dentry->parent->inode;
	uint32_t who = p->credentials.fsuid;
	int64_t result = inode_permission(parent, &p->credentials, ACCESS_WRITE | ACCESS_EXECUTE);

	if (result < 0) {
		return result;
	}
	if ((parent->mode & MODE_STICKY) && who != 0 && who != parent->uid &&
	    who != dentry->inode->uid) {
		return -STATUS_PERM;
	}
	if (path_is_read_only(path)) {
		return -STATUS_ROFS;
	}
	return dentry->mounts > 0 ? -STATUS_BUSY : 0;
}

/* A name of the inode is gone. */
static void name_lost(struct inode *inode, int64_t links_left)
{
	inode->links = (uint32_t)links_left;
	if (inode_is(inode, MODE_DIRECTORY)) {
		inode_remove(inode);
	} else if (links_left == 0) {
		regular_removed(inode);
	}
}

static int64_t check_last(const struct walk_result *found, bool is_directory)
{
	switch (found->last) {
	case WALK_DOT:
		return is_directory ? -STATUS_INVAL : -STATUS_ISDIR;
	case WALK_DOT_DOT:
		return is_directory ? -STATUS_NOTEMPTY : -STATUS_ISDIR;
	case WALK_NAME:
		return found->path.dentry->parent == NULL ? -STATUS_BUSY : 0;
	default:
		return is_directory ? -STATUS_BUSY : -STATUS_ISDIR;
	}
}

static int64_t remove_name(struct process *p, const struct walk_result *found, bool is_directory)
{
	struct dentry *dentry = found->path.dentry;
	struct inode *inode = dentry->inode;
	int64_t result = check_last(found, is_directory);

	if (result < 0) {
		return result;
	}
	if (found->trailing_slash && !is_directory) {
		return inode_is(inode, MODE_DIRECTORY) ? -STATUS_ISDIR : -STATUS_NOTDIR;
	}
	result = remove_check(p, &found->path);
	if (result < 0) {
		return result;
	}
	if (is_directory != inode_is(inode, MODE_DIRECTORY)) {
		return is_directory ? -STATUS_NOTDIR : -STATUS_ISDIR;
	}
	if (dentry->fs->ops->unlink == NULL) {
		return -STATUS_PERM;
	}
	result = dentry->fs->ops->unlink(dentry->parent->inode, dentry->name, dentry->length,
					 is_directory);
	if (result < 0) {
		return result;
	}
	dentry_delete(dentry);
	name_lost(inode, result);
	return 0;
}

HANDLER(unlinkat)
{
	struct walk_result found;
	uint64_t flags = args[2];
	int64_t result;

	if (flags & ~(uint64_t)AT_REMOVEDIR) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, args[0], args[1], WALK_LAST, &found);
	if (result == 0) {
		result = remove_name(t->process, &found, (flags & AT_REMOVEDIR) != 0);
		path_put(&found.path);
	}
	return result;
}

/* ---- rename ---- */

static int64_t rename_check(struct process *p, const struct walk_result *from,
			    const struct walk_result *to)
{
	struct inode *inode = from->path.dentry->inode;
	struct inode *target = to->path.dentry->inode;
	bool is_directory = inode_is(inode, MODE_DIRECTORY);
	int64_t result;

	if (from->path.mount != to->path.mount) {
		return -STATUS_XDEV;
	}
	if (!is_directory && (from->trailing_slash || (target == NULL && to->trailing_slash))) {
		return -STATUS_NOTDIR;
	}
	if (dentry_is_below(to->path.dentry, from->path.dentry) &&
	    to->path.dentry != from->path.dentry) {
		return -STATUS_INVAL;
	}
	if (target != NULL && dentry_is_below(from->path.dentry, to->path.dentry) &&
	    to->path.dentry != from->path.dentry) {
		return -STATUS_NOTEMPTY;
	}
	result = remove_check(p, &from->path);
	if (result == 0) {
		result = target == NULL ? create_check(p, &to->path) : remove_check(p, &to->path);
	}
	if (result < 0 || target == NULL || target == inode) {
		return result;
	}
	if (is_directory && !inode_is(target, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	return !is_directory && inode_is(target, MODE_DIRECTORY) ? -STATUS_ISDIR : 0;
}

static int64_t rename_found(struct process *p, const struct walk_result *from,
			    const struct walk_result *to, bool no_replace)
{
	struct dentry *source = from->path.dentry;
	struct dentry *target = to->path.dentry;
	struct file_system *fs = source->fs;
	int64_t result;

	if (from->last != WALK_NAME || to->last != WALK_NAME || source->parent == NULL ||
	    (target->parent == NULL && target->inode != NULL)) {
		return no_replace && to->last != WALK_NAME ? -STATUS_EXIST : -STATUS_BUSY;
	}
	if (no_replace && target->inode != NULL) {
		return -STATUS_EXIST;
	}
	result = rename_check(p, from, to);
	if (result < 0) {
		return result;
	}
	if (source->inode == target->inode) {
		return 0;
	}
	if (fs->ops->rename == NULL) {
		return -STATUS_PERM;
	}
	result = fs->ops->rename(source->parent->inode, source->name, source->length,
				 target->parent->inode, target->name, target->length, no_replace);
	if (result < 0) {
		return result;
	}
	dentry_move(source, target);
	if (target->inode != NULL) {
		name_lost(target->inode, (int64_t)target->inode->links - 1);
	}
	return 0;
}

HANDLER(renameat2)
{
	struct walk_result from, to;
	uint64_t flags = args[4];
	int64_t result;

	if (flags & ~(uint64_t)RENAME_NOREPLACE) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, args[0], args[1], WALK_LAST, &from);
	if (result < 0) {
		return result;
	}
	result = walk_user(t, args[2], args[3], WALK_LAST | WALK_CREATE, &to);
	if (result == 0) {
		result = rename_found(t->process, &from, &to, (flags & RENAME_NOREPLACE) != 0);
		path_put(&to.path);
	}
	path_put(&from.path);
	return result;
}

HANDLER(readlinkat)
{
	static char target[VFS_PATH_MAX];
	struct walk_result found;
	const struct inode *inode;
	int32_t size = (int32_t)args[3];
	int64_t result;

	if (size <= 0) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, args[0], args[1], WALK_EMPTY, &found);
	if (result < 0) {
		return result;
	}
	inode = found.path.dentry->inode;
	if (!inode_is(inode, MODE_LINK) || inode->fs->ops->readlink == NULL) {
		result = -STATUS_INVAL;
	} else {
		result = inode->fs->ops->readlink(t->process, found.path.dentry->inode, target);
	}
	path_put(&found.path);
	if (result > size) {
		result = size;
	}
	if (result > 0 && copy_out(t, args[2], target, (size_t)result) < 0) {
		result = -STATUS_FAULT;
	}
	return result;
}
