/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that change attributes: chmod, chown, utimensat; and extended attributes, refused. */
#include "servers/process/files.h"

#define NS_PER_S 1000000000l
#define UTIME_NOW 0x3fffffffl
#define UTIME_OMIT 0x3ffffffel
#define KEEP_ID 0xffffffffu

/* The owner, or root. */
static bool owns(const struct process *p, const struct inode *inode)
{
	return p->credentials.fsuid == 0 || p->credentials.fsuid == inode->uid;
}

static int64_t change_mode(struct process *p, const struct vfs_path *path, uint64_t mode)
{
	struct inode *inode = path->dentry->inode;
	struct file_attributes set = {.mode = (uint32_t)mode & MODE_PERMISSIONS};

	if (inode_is(inode, MODE_LINK)) {
		return -STATUS_OPNOTSUPP;
	}
	if (path_is_read_only(path)) {
		return -STATUS_ROFS;
	}
	if (!owns(p, inode)) {
		return -STATUS_PERM;
	}
	if (p->credentials.fsuid != 0 && p->credentials.fsgid != inode->gid) {
		set.mode &= ~MODE_SETGID;
	}
	set.mode |= inode->mode & MODE_TYPE;
	return inode_set(inode, FILES_SET_MODE, &set);
}

static int64_t change_owner(struct process *p, const struct vfs_path *path, uint64_t uid,
			    uint64_t gid)
{
	struct inode *inode = path->dentry->inode;
	struct file_attributes set = {.uid = (uint32_t)uid, .gid = (uint32_t)gid};
	uint32_t mask = 0;

	if (path_is_read_only(path)) {
		return -STATUS_ROFS;
	}
	if (set.uid != KEEP_ID) {
		if (p->credentials.fsuid != 0 && (!owns(p, inode) || set.uid != inode->uid)) {
			return -STATUS_PERM;
		}
		mask |= FILES_SET_UID;
	}
	if (set.gid != KEEP_ID) {
		if (p->credentials.fsuid != 0 &&
		    (!owns(p, inode) || set.gid != p->credentials.fsgid)) {
			return -STATUS_PERM;
		}
		mask |= FILES_SET_GID;
	}
	if (mask == 0) {
		return 0;
	}
	if (!inode_is(inode, MODE_DIRECTORY) && (inode->mode & (MODE_SETUID | MODE_SETGID))) {
		set.mode = inode->mode & ~(MODE_SETUID | MODE_SETGID);
		mask |= FILES_SET_MODE;
	}
	return inode_set(inode, mask, &set);
}

HANDLER(fchmod)
{
	struct open_file *file = fd_file(t->process, args[0]);

	return file == NULL ? -STATUS_BADF : change_mode(t->process, &file->path, args[1]);
}

static int64_t chmod_at(struct thread *t, uint64_t flags)
{
	struct walk_result found;
	unsigned walk_flags = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	int64_t result;

	if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) {
		return -STATUS_INVAL;
	}
	if (flags & LINUX_AT_EMPTY_PATH) {
		walk_flags |= WALK_EMPTY;
	}
	result = walk_user(t, t->args[0], t->args[1], walk_flags, &found);
	if (result == 0) {
		result = change_mode(t->process, &found.path, t->args[2]);
		path_put(&found.path);
	}
	return result;
}

HANDLER(fchmodat)
{
	return chmod_at(t, 0);
}

HANDLER(fchmodat2)
{
	return chmod_at(t, args[3]);
}

HANDLER(fchown)
{
	struct open_file *file = fd_file(t->process, args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	return change_owner(t->process, &file->path, args[1], args[2]);
}

HANDLER(fchownat)
{
	struct walk_result found;
	uint64_t flags = args[4];
	unsigned walk_flags = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	int64_t result;

	if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) {
		return -STATUS_INVAL;
	}
	if (flags & LINUX_AT_EMPTY_PATH) {
		walk_flags |= WALK_EMPTY;
	}
	result = walk_user(t, args[0], args[1], walk_flags, &found);
	if (result == 0) {
		result = change_owner(t->process, &found.path, args[2], args[3]);
		path_put(&found.path);
	}
	return result;
}

/* ---- times ---- */

struct linux_timespec {
	int64_t seconds, nanoseconds;
};

/* Translate one time of utimensat. Returns whether it is to be set, or -STATUS_INVAL. */
static int64_t take_time(const struct linux_timespec *from, int64_t now, int64_t *to)
{
	if (from->nanoseconds == UTIME_OMIT) {
		return 0;
	}
	if (from->nanoseconds == UTIME_NOW) {
		*to = now;
		return 1;
	}
	if (from->nanoseconds < 0 || from->nanoseconds >= NS_PER_S) {
		return -STATUS_INVAL;
	}
	if (__builtin_mul_overflow(from->seconds, NS_PER_S, to) ||
	    __builtin_add_overflow(*to, from->nanoseconds, to)) {
		*to = from->seconds < 0 ? INT64_MIN : INT64_MAX;
	}
	return 1;
}

static int64_t set_times(struct process *p, const struct vfs_path *path,
			 const struct linux_timespec times[2], bool is_now)
{
	struct inode *inode = path->dentry->inode;
	struct file_attributes set = {0};
	int64_t now = time_realtime_ns();
	int64_t atime = take_time(&times[0], now, &set.atime);
	int64_t mtime = take_time(&times[1], now, &set.mtime);
	uint32_t mask = (atime > 0 ? FILES_SET_ATIME : 0u) | (mtime > 0 ? FILES_SET_MTIME : 0u);

	if (atime < 0 || mtime < 0) {
		return -STATUS_INVAL;
	}
	if (mask == 0) {
		return 0;
	}
	if (path_is_read_only(path)) {
		return -STATUS_ROFS;
	}
	if (!owns(p, inode)) {
		if (!is_now) {
			return -STATUS_PERM;
		}
		if (inode_permission(inode, &p->credentials, ACCESS_WRITE) < 0) {
			return -STATUS_ACCES;
		}
	}
	return inode_set(inode, mask, &set);
}

HANDLER(utimensat)
{
	struct linux_timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct walk_result found;
	uint64_t flags = args[3];
	unsigned walk_flags = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
	bool is_now;
	int64_t result = 0;

	if (flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) {
		return -STATUS_INVAL;
	}
	if (args[2] != 0) {
		result = copy_in(t, times, args[2], sizeof(times));
	}
	if (result < 0) {
		return result;
	}
	is_now = times[0].nanoseconds == UTIME_NOW && times[1].nanoseconds == UTIME_NOW;
	if (args[1] == 0 && (int32_t)args[0] != LINUX_AT_FDCWD) {
		/* futimens */
		struct open_file *file = fd_file(t->process, (uint32_t)args[0]);

		return file == NULL ? -STATUS_BADF
				    : set_times(t->process, &file->path, times, is_now);
	}
	if (flags & LINUX_AT_EMPTY_PATH) {
		walk_flags |= WALK_EMPTY;
	}
	result = walk_user(t, args[0], args[1], walk_flags, &found);
	if (result == 0) {
		result = set_times(t->process, &found.path, times, is_now);
		path_put(&found.path);
	}
	return result;
}

/* ---- extended attributes: no file has any ---- */

/* -STATUS_OPNOTSUPP if the path exists. */
static int64_t no_attributes(struct thread *t, unsigned walk_flags)
{
	struct walk_result found;
	int64_t result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, t->args[0], walk_flags, &found);

	if (result < 0) {
		return result;
	}
	path_put(&found.path);
	return -STATUS_OPNOTSUPP;
}

static int64_t no_file_attributes(struct thread *t)
{
	return fd_file(t->process, (uint32_t)t->args[0]) == NULL ? -STATUS_BADF : -STATUS_OPNOTSUPP;
}

HANDLER(setxattr)
{
	return no_attributes(t, WALK_FOLLOW);
}

HANDLER(lsetxattr)
{
	return no_attributes(t, 0);
}

HANDLER(fsetxattr)
{
	return no_file_attributes(t);
}

HANDLER(getxattr)
{
	return no_attributes(t, WALK_FOLLOW);
}

HANDLER(lgetxattr)
{
	return no_attributes(t, 0);
}

HANDLER(fgetxattr)
{
	return no_file_attributes(t);
}

HANDLER(listxattr)
{
	return no_attributes(t, WALK_FOLLOW);
}

HANDLER(llistxattr)
{
	return no_attributes(t, 0);
}

HANDLER(flistxattr)
{
	return no_file_attributes(t);
}

HANDLER(removexattr)
{
	return no_attributes(t, WALK_FOLLOW);
}

HANDLER(lremovexattr)
{
	return no_attributes(t, 0);
}

HANDLER(fremovexattr)
{
	return no_file_attributes(t);
}
