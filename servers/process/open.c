/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths from programs, opening files, working and root directories.
 */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

#include "servers/process/exec_file.h"
#include "servers/process/pipe.h"

static char path_buffers[2][VFS_PATH_MAX];

int64_t path_from_user(struct thread *t, uint64_t user, unsigned index, char **path)
{
	int64_t result = copy_in_string(t, path_buffers[index], user, VFS_PATH_MAX);

	*path = path_buffers[index];
	return result;
}

int64_t walk_from(struct process *p, uint64_t dirfd, const char *path, unsigned flags,
		  struct walk_result *result)
{
	const struct vfs_path *start = &p->fs->cwd;

	if ((int32_t)dirfd != LINUX_AT_FDCWD && path[0] != '/') {
		struct open_file *file = fd_file_any(p, (uint32_t)dirfd);

		if (path[0] == 0 && !(flags & WALK_EMPTY)) {
			return -STATUS_NOENT;
		}
		if (file == NULL) {
			return -STATUS_BADF;
		}
		if (path[0] != 0 && !inode_is(file->inode, MODE_DIRECTORY)) {
			return -STATUS_NOTDIR;
		}
		start = &file->path;
	}
	return walk(p, start, path, flags, result);
}

int64_t walk_user(struct thread *t, uint64_t dirfd, uint64_t user, unsigned flags,
		  struct walk_result *result)
{
	char *path;
	int64_t status = path_from_user(t, user, 0, &path);

	return status < 0 ? status : walk_from(t->process, dirfd, path, flags, result);
}

bool path_is_read_only(const struct vfs_path *path)
{
	return path->mount->is_read_only;
}

/* ---- open ---- */

int64_t create_check(struct process *p, const struct vfs_path *path)
{
	const struct inode *parent = path->dentry->parent->inode;
	int64_t result;

	if (parent == NULL || parent->is_removed) {
		return -STATUS_NOENT;
	}
	result = inode_permission(parent, &p->credentials, ACCESS_WRITE | ACCESS_EXECUTE);
	if (result == 0 && path_is_read_only(path)) {
		result = -STATUS_ROFS;
	}
	return result;
}

void create_attributes(struct process *p, const struct vfs_path *path, uint32_t mode,
		       struct file_attributes *with)
{
	const struct inode *parent = path->dentry->parent->inode;

	memset(with, 0, sizeof(*with));
	with->mode = mode;
	with->uid = p->credentials.fsuid;
	with->gid = p->credentials.fsgid;
	if (parent->mode & MODE_SETGID) {
		with->gid = parent->gid;
		if ((mode & MODE_TYPE) == MODE_DIRECTORY) {
			with->mode |= MODE_SETGID;
		}
	}
}

int64_t create_node(struct process *p, const struct vfs_path *path, uint32_t mode, uint32_t rdev)
{
	struct dentry *dentry = path->dentry;
	struct file_system *fs = dentry->fs;
	struct file_attributes with, made;
	struct inode *inode;
	int64_t result = create_check(p, path);

	if (result < 0) {
		return result;
	}
	if (fs->ops->create == NULL) {
		return fs->is_volatile ? -STATUS_NOENT : -STATUS_PERM;
	}
	create_attributes(p, path, mode, &with);
	with.rdev = rdev;
	result = fs->ops->create(dentry->parent->inode, dentry->name, dentry->length, &with, &made);
	if (result < 0) {
		return result;
	}
	inode = inode_get(fs, &made);
	if (inode == NULL) {
		/* The name exists now; without an inode the dentry must not say that it does not. */
		dentry_delete(dentry);
		return -STATUS_NOMEM;
	}
	dentry_instantiate(dentry, inode);
	return 0;
}

static int64_t check_existing(struct process *p, const struct vfs_path *path, uint32_t flags)
{
	struct inode *inode = path->dentry->inode;
	uint32_t mode = flags & OPEN_ACCESS;
	bool writes = mode != OPEN_READ || (flags & OPEN_TRUNCATE);
	unsigned access = (mode != OPEN_WRITE ? ACCESS_READ : 0) | (writes ? ACCESS_WRITE : 0);

	if (inode_is(inode, MODE_LINK)) {
		return -STATUS_LOOP;
	}
	if (inode_is(inode, MODE_DIRECTORY) && (writes || (flags & OPEN_CREATE))) {
		return -STATUS_ISDIR;
	}
	if (writes && inode_is(inode, MODE_FILE)) {
		if (path_is_read_only(path)) {
			return -STATUS_ROFS;
		}
		if (exec_file_is_running(inode)) {
			return -STATUS_TXTBSY;
		}
	}
	return inode_permission(inode, &p->credentials, access);
}

static unsigned walk_flags_of(uint32_t flags)
{
	unsigned walk_flags = 0;

	if (!(flags & OPEN_NO_FOLLOW) &&
	    (flags & (OPEN_CREATE | OPEN_EXCLUSIVE)) != (OPEN_CREATE | OPEN_EXCLUSIVE)) {
		walk_flags |= WALK_FOLLOW;
	}
	if (flags & OPEN_CREATE) {
		walk_flags |= WALK_CREATE;
	}
	if (flags & OPEN_DIRECTORY) {
		walk_flags |= WALK_DIRECTORY;
	}
	return walk_flags;
}

static int64_t open_found(struct process *p, const struct walk_result *found, uint32_t flags,
			  uint32_t mode, struct open_file **file)
{
	const struct vfs_path *path = &found->path;
	int64_t result;

	if (path->dentry->inode == NULL) {
		if (found->trailing_slash) {
			return -STATUS_ISDIR;
		}
		mode = MODE_FILE | (mode & MODE_PERMISSIONS & ~p->fs->umask);
		result = create_node(p, path, mode, 0);
		return result < 0 ? result : open_file_open(p, path, flags & ~OPEN_TRUNCATE, file);
	}
	if ((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE)) {
		return -STATUS_EXIST;
	}
	if (!(flags & OPEN_PATH)) {
		result = check_existing(p, path, flags);
		if (result < 0) {
			return result;
		}
	}
	return open_file_open(p, path, flags, file);
}

/* The open that sys_openat does, short of the descriptor. */
static int64_t open_at(struct process *p, uint64_t dirfd, const char *path, uint32_t flags,
		       uint32_t mode, struct open_file **file)
{
	struct walk_result found;
	int64_t result;

	if (flags & OPEN_PATH) {
		flags &= OPEN_PATH | OPEN_DIRECTORY | OPEN_NO_FOLLOW | OPEN_CLOEXEC;
	}
	if (flags & OPEN_TMPFILE) {
		return -STATUS_OPNOTSUPP;
	}
	if ((flags & OPEN_CREATE) && (flags & OPEN_DIRECTORY)) {
		return -STATUS_INVAL;
	}
	result = walk_from(p, dirfd, path, walk_flags_of(flags), &found);
	if (result < 0) {
		return result;
	}
	result = open_found(p, &found, flags, mode, file);
	path_put(&found.path);
	return result;
}

static int64_t open_resume(struct thread *t, enum wake why);

/* Give the file a descriptor, after waiting for a fifo's other end. */
static int64_t open_finish(struct thread *t, struct open_file *file, uint64_t flags)
{
	if (fifo_open_waits(file)) {
		int64_t result = park_on(t, open_file_waitable(file));

		if (result < 0) {
			open_file_put(file);
			return result;
		}
		t->park_data = file;
		t->park_words[0] = flags;
		return park(t, open_resume, PARK_FOREVER, true);
	}
	tty_open_controlling(t->process, file, (uint32_t)flags);
	return fd_install(t->process, file, 0, (flags & OPEN_CLOEXEC) != 0);
}

static int64_t open_resume(struct thread *t, enum wake why)
{
	struct open_file *file = t->park_data;

	t->park_data = NULL;
	if (why == WAKE_EVENT) {
		return open_finish(t, file, t->park_words[0]);
	}
	open_file_put(file);
	return CALL_RESTART_SYS;
}

static int64_t open_user(struct thread *t, uint64_t flags, uint64_t mode)
{
	struct open_file *file;
	char *path;
	int64_t result = path_from_user(t, t->args[1], 0, &path);

	if (result < 0) {
		return result;
	}
	/* As Linux does for every program of 64 bits; fcntl shows it. */
	flags |= OPEN_LARGE;
	result = open_at(t->process, t->args[0], path, (uint32_t)flags, (uint32_t)mode, &file);
	return result < 0 ? result : open_finish(t, file, flags);
}

HANDLER(openat)
{
	return open_user(t, args[2], args[3]);
}

HANDLER(openat2)
{
	struct {
		uint64_t flags, mode, resolve;
	} how;
	int64_t result;

	if (args[3] < sizeof(how)) {
		return -STATUS_INVAL;
	}
	if (args[3] > sizeof(how)) {
		return -STATUS_2BIG;
	}
	result = copy_in(t, &how, args[2], sizeof(how));
	if (result < 0) {
		return result;
	}
	if (how.flags > UINT32_MAX || how.resolve != 0 ||
	    (how.mode & ~(uint64_t)MODE_PERMISSIONS)) {
		return -STATUS_INVAL;
	}
	return open_user(t, how.flags, how.mode);
}

/* ---- working directory, root, umask ---- */

struct fs_context *fs_context_copy(const struct fs_context *fs)
{
	struct fs_context *copy = malloc(sizeof(*copy));

	if (copy != NULL) {
		*copy = *fs;
		copy->references = 1;
		path_hold(&copy->root);
		path_hold(&copy->cwd);
	}
	return copy;
}

struct fs_context *fs_context_share(struct fs_context *fs)
{
	fs->references++;
	return fs;
}

void fs_context_release(struct fs_context *fs)
{
	if (fs == NULL || --fs->references > 0) {
		return;
	}
	path_put(&fs->root);
	path_put(&fs->cwd);
	free(fs);
}

/* Take a directory for cwd or root. */
static int64_t change_directory(struct process *p, const struct vfs_path *path,
				struct vfs_path *place)
{
	const struct inode *inode = path->dentry->inode;
	int64_t result;

	if (!inode_is(inode, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	result = inode_permission(inode, &p->credentials, ACCESS_EXECUTE);
	if (result < 0) {
		return result;
	}
	path_hold(path);
	path_put(place);
	*place = *path;
	return 0;
}

HANDLER(chdir)
{
	struct walk_result found;
	int64_t result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[0],
				   WALK_FOLLOW | WALK_DIRECTORY, &found);

	if (result == 0) {
		result = change_directory(t->process, &found.path, &t->process->fs->cwd);
		path_put(&found.path);
	}
	return result;
}

HANDLER(fchdir)
{
	struct open_file *file = fd_file_any(t->process, args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	return change_directory(t->process, &file->path, &t->process->fs->cwd);
}

HANDLER(chroot)
{
	struct walk_result found;
	int64_t result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[0],
				   WALK_FOLLOW | WALK_DIRECTORY, &found);

	if (result == 0) {
		result = -STATUS_PERM;
		if (t->process->credentials.euid == 0) {
			result = change_directory(t->process, &found.path, &t->process->fs->root);
		}
		path_put(&found.path);
	}
	return result;
}

HANDLER(getcwd)
{
	static char buffer[VFS_PATH_MAX];
	const struct fs_context *fs = t->process->fs;
	int64_t length;

	if (fs->cwd.dentry->parent != NULL && !fs->cwd.dentry->is_hashed) {
		return -STATUS_NOENT;
	}
	length = path_name(&fs->cwd, &fs->root, buffer, sizeof(buffer), false);
	if (length < 0) {
		return -STATUS_NAMETOOLONG;
	}
	if ((uint64_t)length > args[1]) {
		return -STATUS_RANGE;
	}
	return copy_out(t, args[0], buffer, (size_t)length) < 0 ? -STATUS_FAULT : length;
}

HANDLER(umask)
{
	uint32_t old = t->process->fs->umask;

	t->process->fs->umask = (uint32_t)args[0] & 0777;
	return old;
}
