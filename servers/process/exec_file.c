/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Program files: found for execve, kept open while a process runs them; and
 * what mmap wants to know of a descriptor.
 */
#include "servers/process/exec_file.h"

#include <stdlib.h>
#include <string.h>

#include "servers/process/files.h"
#include "servers/process/regular.h"

#define NAMES 256 /* names of mapped files remembered */

struct running {
	struct running *next;
	struct inode *inode;  /* that of path; opened once */
	struct vfs_path path; /* held */
	unsigned count;
};

static struct running *running;

static struct {
	uint32_t fs;
	uint64_t ino;
	char *name;
} names[NAMES];
static unsigned next_name;

static struct running *find_running(uint32_t fs, uint64_t ino)
{
	struct running *r = running;

	while (r != NULL && (r->inode->fs->number != fs || r->inode->ino != ino)) {
		r = r->next;
	}
	return r;
}

bool exec_file_is_running(const struct inode *inode)
{
	return find_running(inode->fs->number, inode->ino) != NULL;
}

static int64_t run(const struct vfs_path *path)
{
	struct inode *inode = path->dentry->inode;
	struct running *r = find_running(inode->fs->number, inode->ino);
	int64_t result;

	if (r != NULL) {
		r->count++;
		return 0;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		return -STATUS_NOMEM;
	}
	result = regular_open(inode);
	if (result < 0) {
		free(r);
		return result;
	}
	path_hold(path);
	r->inode = inode;
	r->path = *path;
	r->count = 1;
	r->next = running;
	running = r;
	return 0;
}

static void stop(uint32_t fs, uint64_t ino)
{
	struct running *r = find_running(fs, ino);
	struct running **link = &running;

	if (r == NULL || --r->count > 0) {
		return;
	}
	while (*link != r) {
		link = &(*link)->next;
	}
	*link = r->next;
	regular_close(r->inode);
	path_put(&r->path);
	free(r);
}

struct vfs_path exec_file_path(const struct process *p)
{
	struct vfs_path none = {NULL, NULL};
	struct running *r = p->exe != NULL ? find_running(p->exe->fs, p->exe->ino) : NULL;

	return r != NULL ? r->path : none;
}

void exec_file_note_name(const struct inode *inode, const struct vfs_path *path)
{
	static char buffer[VFS_PATH_MAX];
	struct vfs_path root = {mount_first(), mount_first()->root};
	const char *known = exec_file_name(inode->fs->number, inode->ino);
	char *copy;

	if (path_name(path, &root, buffer, sizeof(buffer), false) < 0 ||
	    (known != NULL && strcmp(known, buffer) == 0)) {
		return;
	}
	copy = strdup(buffer);
	if (copy == NULL) {
		return;
	}
	free(names[next_name].name);
	names[next_name].fs = inode->fs->number;
	names[next_name].ino = inode->ino;
	names[next_name].name = copy;
	next_name = (next_name + 1) % NAMES;
}

const char *exec_file_name(uint32_t fs, uint64_t ino)
{
	for (unsigned i = 0; i < NAMES; i++) {
		unsigned at = (next_name + NAMES - 1 - i) % NAMES;

		if (names[at].name != NULL && names[at].fs == fs && names[at].ino == ino) {
			return names[at].name;
		}
	}
	return NULL;
}

static int64_t open_inode(struct process *p, const struct vfs_path *path, struct exec_file *file)
{
	static char name[VFS_PATH_MAX];
	struct inode *inode = path->dentry->inode;
	struct vfs_path root = {mount_first(), mount_first()->root};
	int64_t result;

	if (inode_is(inode, MODE_LINK)) {
		return -STATUS_LOOP;
	}
	if (!inode_is(inode, MODE_FILE) || inode->fs->number == 0) {
		return -STATUS_ACCES;
	}
	result = inode_permission(inode, &p->credentials, ACCESS_EXECUTE);
	if (result < 0) {
		return result;
	}
	if (inode->writers > 0) {
		return -STATUS_TXTBSY;
	}
	if (path_name(path, &root, name, sizeof(name), false) < 0) {
		return -STATUS_NAMETOOLONG;
	}
	memset(file, 0, sizeof(*file));
	file->path = strdup(name);
	if (file->path == NULL) {
		return -STATUS_NOMEM;
	}
	result = run(path);
	if (result < 0) {
		free(file->path);
		file->path = NULL;
		return result;
	}
	exec_file_note_name(inode, path);
	file->fs = inode->fs->number;
	file->is_tmpfs = inode->fs->is_tmpfs;
	file->ino = inode->ino;
	file->mode = inode->mode;
	file->uid = inode->uid;
	file->gid = inode->gid;
	regular_size(inode, &file->size);
	return 0;
}

int64_t vfs_open_exec(struct process *p, int dirfd, const char *path, int flags,
		      struct exec_file *file)
{
	struct walk_result found;
	unsigned walk_flags = (flags & LINUX_AT_SYMLINK_NOFOLLOW) ? 0 : WALK_FOLLOW;
	int64_t result;

	if (flags & LINUX_AT_EMPTY_PATH) {
		walk_flags |= WALK_EMPTY;
	}
	result = walk_from(p, (uint64_t)dirfd, path, walk_flags, &found);
	if (result < 0) {
		return result;
	}
	result = open_inode(p, &found.path, file);
	path_put(&found.path);
	return result;
}

void vfs_close_exec(struct exec_file *file)
{
	if (file->path != NULL) {
		stop(file->fs, file->ino);
		free(file->path);
	}
	memset(file, 0, sizeof(*file));
}

int64_t file_map_object(struct process *p, int fd, unsigned protection, bool shared,
			uint32_t *object)
{
	struct open_file *file = fd_file(p, (uint32_t)fd);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (!file_reads(file) || (shared && (protection & PAGER_WRITE) && !file_writes(file)) ||
	    (shared && (protection & PAGER_WRITE) && (file->flags & OPEN_APPEND))) {
		return -STATUS_ACCES;
	}
	if (file->ops->map == NULL) {
		return -STATUS_NODEV;
	}
	if (file->inode->fs->number != 0) {
		exec_file_note_name(file->inode, &file->path);
	}
	/* The time of writes through the mapping is not known: it counts as written now. */
	if (shared && (protection & PAGER_WRITE) && inode_is(file->inode, MODE_FILE)) {
		file->inode->mtime = time_realtime_ns();
		file->inode->mtime_is_newer = true;
	}
	return file->ops->map(file, object);
}
