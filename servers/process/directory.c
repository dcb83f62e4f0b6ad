/* SPDX-License-Identifier: BSD-2-Clause */
/* Open directories: getdents64; mount and umount2. */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

#define DIRENTS_MAX 65536ul
#define DIRENT_HEADER 19 /* bytes of Linux's struct linux_dirent64 before the name */

#define MS_RDONLY 1u
#define MS_REMOUNT 32u
#define MS_BIND 4096u
#define MS_SILENT 0x8000u
#define MS_IGNORED (2u | 4u | 8u | 16u | 1024u | 2048u | MS_SILENT | (1u << 21) | (1u << 24))
#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define UMOUNT_NOFOLLOW 8u
#define TMPFS_SIZE_DEFAULT 16384ul /* pages */

struct dirents {
	unsigned char buffer[DIRENTS_MAX];
	size_t size, used;
	uint64_t cookie; /* where to go on */
	bool is_full;
};

static struct dirents dirents;

static bool dirents_emit(void *context, uint64_t ino, uint64_t next_cookie, uint8_t type,
			 const char *name, size_t length)
{
	struct dirents *d = context;
	size_t size = (DIRENT_HEADER + length + 1 + 7) & ~(size_t)7;
	unsigned char *record = d->buffer + d->used;
	uint16_t record_size = (uint16_t)size;

	if (size > d->size - d->used) {
		d->is_full = true;
		return false;
	}
	memset(record, 0, size);
	memcpy(record, &ino, 8);
	memcpy(record + 8, &next_cookie, 8);
	memcpy(record + 16, &record_size, 2);
	record[18] = type;
	memcpy(record + DIRENT_HEADER, name, length);
	d->used += size;
	d->cookie = next_cookie;
	return true;
}

HANDLER(getdents64)
{
	struct open_file *file = fd_file(t->process, args[0]);
	uint64_t size = args[2];
	int64_t result;

	if (file == NULL) {
		return -STATUS_BADF;
	}
	if (!inode_is(file->inode, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	if (file->inode->is_removed) {
		return -STATUS_NOENT;
	}
	dirents.size = size < DIRENTS_MAX ? size : DIRENTS_MAX;
	dirents.used = 0;
	dirents.is_full = false;
	dirents.cookie = (uint64_t)file->offset;
	result = file->inode->fs->ops->readdir(file->inode, dirents.cookie, dirents_emit, &dirents);
	if (result < 0) {
		return result;
	}
	if (dirents.used == 0) {
		return dirents.is_full ? -STATUS_INVAL : 0;
	}
	result = copy_out(t, args[1], dirents.buffer, dirents.used);
	if (result < 0) {
		return result;
	}
	file->offset = (int64_t)dirents.cookie;
	return (int64_t)dirents.used;
}

/* Directories seek to cookies; only the start and what getdents64 gave make sense. */
static int64_t directory_seek(struct open_file *file, int64_t offset, unsigned whence)
{
	if (whence == 1) {
		if (offset != 0) {
			return -STATUS_INVAL;
		}
		return file->offset;
	}
	if (whence != 0 || offset < 0) {
		return -STATUS_INVAL;
	}
	file->offset = offset;
	return offset;
}

const struct file_ops directory_ops = {
	.seek = directory_seek,
};

/* What was opened with O_PATH: nothing but a name. */
const struct file_ops path_ops = {0};

/* ---- mount ---- */

/* tmpfs's "size=" in pages. */
static uint64_t tmpfs_pages(const char *options)
{
	const char *size = strstr(options, "size=");
	char *end;
	uint64_t bytes;

	if (size == NULL) {
		return TMPFS_SIZE_DEFAULT;
	}
	bytes = strtoull(size + 5, &end, 10);
	if (*end == 'k' || *end == 'K') {
		bytes <<= 10;
	} else if (*end == 'm' || *end == 'M') {
		bytes <<= 20;
	} else if (*end == 'g' || *end == 'G') {
		bytes <<= 30;
	}
	return (bytes + 4095) / 4096;
}

static int64_t mount_new(struct thread *t, const char *source, const char *type,
			 const struct vfs_path *path)
{
	static char options[VFS_PATH_MAX];
	bool read_only = (t->args[3] & MS_RDONLY) != 0;
	struct file_system *fs;
	int64_t result;

	options[0] = 0;
	if (t->args[4] != 0) {
		result = copy_in_string(t, options, t->args[4], sizeof(options));
		if (result < 0) {
			return result;
		}
	}
	if (strcmp(type, "proc") == 0) {
		proc_file_system.references++;
		return mount_add(&proc_file_system, path, source, read_only);
	}
	if (strcmp(type, "tmpfs") != 0) {
		return -STATUS_NODEV;
	}
	fs = served_tmpfs("tmpfs", tmpfs_pages(options));
	if (fs == NULL) {
		return -STATUS_NOMEM;
	}
	result = mount_add(fs, path, source, read_only);
	if (result < 0) {
		file_system_put(fs);
	}
	return result;
}

static int64_t mount_at(struct thread *t, const char *source, const char *type,
			const struct vfs_path *path)
{
	if (t->args[3] & MS_REMOUNT) {
		if (path->dentry != path->mount->root) {
			return -STATUS_INVAL;
		}
		path->mount->is_read_only = (t->args[3] & MS_RDONLY) != 0;
		return 0;
	}
	if (t->args[3] & ~(uint64_t)(MS_RDONLY | MS_IGNORED)) {
		return -STATUS_INVAL;
	}
	return mount_new(t, source, type, path);
}

HANDLER(mount)
{
	static char type[64], source[VFS_PATH_MAX];
	struct walk_result found;
	int64_t result = 0;

	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	type[0] = 0;
	strcpy(source, "none");
	if (args[2] != 0) {
		result = copy_in_string(t, type, args[2], sizeof(type));
	}
	if (result >= 0 && args[0] != 0) {
		result = copy_in_string(t, source, args[0], sizeof(source));
	}
	if (result < 0) {
		return result == -STATUS_NAMETOOLONG ? -STATUS_INVAL : result;
	}
	result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[1], WALK_FOLLOW | WALK_DIRECTORY,
			   &found);
	if (result == 0) {
		result = mount_at(t, source, type, &found.path);
		path_put(&found.path);
	}
	return result;
}

HANDLER(umount2)
{
	struct walk_result found;
	uint64_t flags = args[1];
	int64_t result;

	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	if (flags & ~(uint64_t)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW)) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[0],
			   flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &found);
	if (result < 0) {
		return result;
	}
	result = mount_remove(&found.path, (flags & MNT_DETACH) != 0);
	path_put(&found.path);
	return result;
}
