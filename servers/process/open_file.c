/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open file descriptions, and which operations serve which kind of file.
 */
#include "servers/process/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/process/epoll.h"
#include "servers/process/regular.h"

static int64_t anonymous_getattr(struct inode *inode, struct file_attributes *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	attributes->ino = inode->ino;
	attributes->mode = inode->mode;
	attributes->links = 1;
	attributes->block_size = 4096;
	return 0;
}

static int64_t anonymous_setattr(struct inode *inode, uint32_t mask,
				 const struct file_attributes *set)
{
	(void)inode;
	(void)mask;
	(void)set;
	return 0;
}

static const struct file_system_ops anonymous_ops = {
	.getattr = anonymous_getattr,
	.setattr = anonymous_setattr,
};

struct file_system anonymous_file_system = {
	.ops = &anonymous_ops,
	.type = "pipefs",
	.device = DEVICE(0, 12),
	.is_volatile = true,
	.references = 1,
};

/* What anonymous files' paths hold; never in the list of mounts, never let go. */
static struct mount anonymous_mount = {
	.fs = &anonymous_file_system,
	.references = 1,
	.is_detached = true,
};

struct open_file *open_file_make(const struct vfs_path *path, uint32_t flags)
{
	struct open_file *file = calloc(1, sizeof(*file));

	if (file == NULL) {
		return NULL;
	}
	path_hold(path);
	file->references = 1;
	file->path = *path;
	file->inode = path->dentry->inode;
	file->flags = flags & ~(OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_NO_TTY | OPEN_TRUNCATE |
				OPEN_CLOEXEC | OPEN_NO_FOLLOW);
	file->ops = &path_ops;
	return file;
}

struct open_file *open_file_nameless(struct inode *inode, const char *name, uint32_t flags)
{
	struct vfs_path path = {&anonymous_mount, dentry_root(inode, name)};
	struct open_file *file;

	if (path.dentry == NULL) {
		return NULL;
	}
	file = open_file_make(&path, flags);
	dentry_put(path.dentry);
	return file;
}

struct open_file *open_file_anonymous(const char *kind, uint32_t mode, uint32_t flags)
{
	static uint64_t last_number = 1;
	struct inode *inode = inode_anonymous(&anonymous_file_system, mode, ++last_number);
	struct open_file *file;
	char name[64];

	if (inode == NULL) {
		return NULL;
	}
	if (kind[0] == '[') {
		snprintf(name, sizeof(name), "anon_inode:%s", kind);
	} else {
		snprintf(name, sizeof(name), "%s:[%lu]", kind, (unsigned long)inode->ino);
	}
	file = open_file_nameless(inode, name, flags);
	inode_put(inode);
	return file;
}

void open_file_hold(struct open_file *file)
{
	file->references++;
}

void open_file_put(struct open_file *file)
{
	if (file == NULL || --file->references > 0) {
		return;
	}
	epoll_forget(file);
	if (file->inode->locks != NULL) {
		locks_release(file->inode, file);
	}
	if (file->ops->close != NULL) {
		file->ops->close(file);
	}
	path_put(&file->path);
	free(file);
}

uint32_t open_file_poll(struct open_file *file)
{
	return file->ops->poll != NULL ? file->ops->poll(file) : POLL_ALWAYS;
}

struct waitable *open_file_waitable(struct open_file *file)
{
	return file->ops->waitable != NULL ? file->ops->waitable(file) : NULL;
}

static int64_t open_regular(struct open_file *file, uint32_t flags)
{
	struct inode *inode = file->inode;
	int64_t result;

	result = regular_open(inode);
	if (result < 0) {
		return result;
	}
	if (flags & OPEN_TRUNCATE) {
		result = regular_truncate(inode, 0);
		if (result < 0) {
			regular_close(inode);
			return result;
		}
	}
	if (file_writes(file)) {
		inode->writers++;
	}
	file->ops = &regular_ops;
	return 0;
}

static int64_t open_by_type(struct process *p, struct open_file *file, uint32_t flags)
{
	struct inode *inode = file->inode;

	if (inode->fs->ops->open != NULL && !inode_is(inode, MODE_DIRECTORY)) {
		return inode->fs->ops->open(p, inode, file);
	}
	switch (inode->mode & MODE_TYPE) {
	case MODE_FILE:
		return open_regular(file, flags);
	case MODE_DIRECTORY:
		file->ops = &directory_ops;
		return 0;
	case MODE_CHARACTER:
		return device_open(p, file);
	case MODE_FIFO:
		return fifo_open(file);
	case MODE_LINK:
		return -STATUS_LOOP;
	default:
		return -STATUS_NXIO;
	}
}

int64_t open_file_open(struct process *p, const struct vfs_path *path, uint32_t flags,
		       struct open_file **opened)
{
	struct open_file *file = open_file_make(path, flags);
	int64_t result;

	if (file == NULL) {
		return -STATUS_NOMEM;
	}
	if (!(flags & OPEN_PATH)) {
		result = open_by_type(p, file, flags);
		if (result < 0) {
			file->ops = &path_ops;
			open_file_put(file);
			return result;
		}
	}
	*opened = file;
	return 0;
}
