/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems that the file server keeps: the disk's and tmpfs. Names go to
 * it and attributes come from it through the shared region files-xfer.
 */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

#define TMPFS_MAX 14 /* the file server knows 15 file systems */

static const struct file_system_ops served_ops;

static struct file_system disk = {
	.ops = &served_ops,
	.type = "ext4",
	.number = FILES_FS_DISK,
	.device = DEVICE(254, 0),
};
static struct file_system tmpfs[TMPFS_MAX];

struct file_system *served_disk(void)
{
	disk.references++;
	return &disk;
}

/*
 * A place for a tmpfs of this many pages. The file server cannot drop a file
 * system, so places that were used before and are empty now serve again: best
 * one of the same limit, then a new one, then any.
 */
static struct file_system *tmpfs_place(uint64_t pages)
{
	struct file_system *place = NULL;
	unsigned rank = 0;

	for (unsigned i = 0; i < TMPFS_MAX; i++) {
		unsigned own = tmpfs[i].number == 0 ? 2 : tmpfs[i].pages == pages ? 3 : 1;

		if (tmpfs[i].references == 0 && own > rank) {
			place = &tmpfs[i];
			rank = own;
		}
	}
	return place;
}

struct file_system *served_tmpfs(const char *type, uint64_t pages)
{
	uint64_t words[10] = {pages};
	struct file_system *fs = tmpfs_place(pages);

	if (fs == NULL) {
		return NULL;
	}
	if (fs->number == 0) {
		if (server_call(files_cap, FILES_NEW_TMPFS, 1, words) < 0) {
			return NULL;
		}
		fs->number = (uint32_t)words[1];
		fs->pages = pages;
	}
	fs->ops = &served_ops;
	fs->type = type;
	fs->device = DEVICE(0, 20 + (fs - tmpfs));
	fs->is_tmpfs = true;
	fs->references = 1;
	return fs;
}

uint32_t served_device(uint32_t number)
{
	if (number == disk.number) {
		return disk.device;
	}
	for (unsigned i = 0; i < TMPFS_MAX; i++) {
		if (tmpfs[i].number == number) {
			return tmpfs[i].device;
		}
	}
	return 0;
}

static void put_name(size_t offset, const char *name, size_t length)
{
	memcpy(files_xfer + offset, name, length);
}

static void get_attributes(struct file_attributes *attributes)
{
	memcpy(attributes, files_xfer + FILES_XFER_ATTRIBUTES, sizeof(*attributes));
}

static int64_t served_getattr_number(struct file_system *fs, uint64_t ino,
				     struct file_attributes *attributes)
{
	int64_t result = server_request(files_cap, FILES_GETATTR, 2, fs->number, ino, 0, 0, 0, 0);

	if (result >= 0) {
		get_attributes(attributes);
	}
	return result;
}

static int64_t served_root(struct file_system *fs, struct file_attributes *attributes)
{
	uint64_t words[10] = {fs->number};
	int64_t result = server_call(files_cap, FILES_ROOT, 1, words);

	return result < 0 ? result : served_getattr_number(fs, words[1], attributes);
}

static int64_t served_lookup(struct inode *dir, const char *name, size_t length,
			     struct file_attributes *attributes)
{
	int64_t result;

	put_name(FILES_XFER_NAME, name, length);
	result = server_request(files_cap, FILES_LOOKUP, 3, dir->fs->number, dir->ino, length, 0, 0,
				0);
	if (result >= 0) {
		get_attributes(attributes);
	}
	return result;
}

static int64_t served_getattr(struct inode *inode, struct file_attributes *attributes)
{
	return served_getattr_number(inode->fs, inode->ino, attributes);
}

static int64_t served_setattr(struct inode *inode, uint32_t mask, const struct file_attributes *set)
{
	memcpy(files_xfer + FILES_XFER_ATTRIBUTES, set, sizeof(*set));
	return server_request(files_cap, FILES_SETATTR, 3, inode->fs->number, inode->ino, mask, 0,
			      0, 0);
}

static int64_t served_create(struct inode *dir, const char *name, size_t length,
			     const struct file_attributes *with, struct file_attributes *made)
{
	uint64_t words[10] = {dir->fs->number, dir->ino,  length,   with->mode,
			      with->rdev,      with->uid, with->gid};
	int64_t result;

	put_name(FILES_XFER_NAME, name, length);
	result = server_call(files_cap, FILES_CREATE, 7, words);
	if (result >= 0) {
		get_attributes(made);
	}
	return result;
}

static int64_t served_symlink(struct inode *dir, const char *name, size_t length,
			      const char *target, size_t target_length,
			      const struct file_attributes *with, struct file_attributes *made)
{
	uint64_t words[10] = {dir->fs->number, dir->ino,  length,
			      target_length,   with->uid, with->gid};
	int64_t result;

	put_name(FILES_XFER_NAME, name, length);
	put_name(FILES_XFER_NAME2, target, target_length);
	result = server_call(files_cap, FILES_SYMLINK, 6, words);
	return result < 0 ? result : served_getattr_number(dir->fs, words[1], made);
}

static int64_t served_link(struct inode *dir, const char *name, size_t length, struct inode *inode)
{
	put_name(FILES_XFER_NAME, name, length);
	return server_request(files_cap, FILES_LINK, 4, dir->fs->number, dir->ino, length,
			      inode->ino, 0, 0);
}

static int64_t served_unlink(struct inode *dir, const char *name, size_t length, bool directory)
{
	uint64_t words[10] = {dir->fs->number, dir->ino, length, directory};
	int64_t result;

	put_name(FILES_XFER_NAME, name, length);
	result = server_call(files_cap, FILES_UNLINK, 4, words);
	return result < 0 ? result : (int64_t)(words[2] & 0xffffffff);
}

static int64_t served_rename(struct inode *dir, const char *name, size_t length,
			     struct inode *to_dir, const char *to_name, size_t to_length,
			     bool no_replace)
{
	put_name(FILES_XFER_NAME, name, length);
	put_name(FILES_XFER_NAME2, to_name, to_length);
	return server_request(files_cap, FILES_RENAME, 6, dir->fs->number, dir->ino, length,
			      to_dir->ino, to_length, no_replace);
}

static int64_t served_readlink(struct process *p, struct inode *inode, char *target)
{
	int64_t result = server_request(files_cap, FILES_READLINK, 2, inode->fs->number, inode->ino,
					0, 0, 0, 0);

	(void)p;
	if (result > FILES_LINK_MAX) {
		return -STATUS_IO;
	}
	if (result > 0) {
		memcpy(target, files_xfer + FILES_XFER_NAME2, (size_t)result);
	}
	return result;
}

/* Hand the records of one answer on. false: the receiver had enough. */
static bool emit_records(int64_t count, uint64_t *cookie, vfs_emit emit, void *context)
{
	size_t at = FILES_XFER_RECORDS;

	for (int64_t i = 0; i < count; i++) {
		const struct files_record *record = (const struct files_record *)(files_xfer + at);
		size_t size = sizeof(*record);

		if (at + size > FILES_XFER_SIZE ||
		    at + size + record->name_length > FILES_XFER_SIZE) {
			return false;
		}
		if (!emit(context, record->ino, record->cookie, record->type, record->name,
			  record->name_length)) {
			return false;
		}
		*cookie = record->cookie;
		at += (size + record->name_length + 7) & ~(size_t)7;
	}
	return true;
}

static int64_t served_readdir(struct inode *dir, uint64_t cookie, vfs_emit emit, void *context)
{
	int64_t count;

	do {
		count = server_request(files_cap, FILES_READDIR, 3, dir->fs->number, dir->ino,
				       cookie, 0, 0, 0);
	} while (count > 0 && emit_records(count, &cookie, emit, context));
	return count < 0 ? count : 0;
}

static int64_t served_statfs(struct inode *inode, struct vfs_statfs *figures)
{
	uint64_t words[10] = {inode->fs->number};
	int64_t result = server_call(files_cap, FILES_STATFS, 1, words);

	if (result < 0) {
		return result;
	}
	figures->magic = words[1];
	figures->block_size = words[2];
	figures->blocks = words[3];
	figures->free = words[4];
	figures->available = words[5];
	figures->inodes = words[6];
	figures->free_inodes = words[7];
	return 0;
}

static const struct file_system_ops served_ops = {
	.root = served_root,
	.lookup = served_lookup,
	.getattr = served_getattr,
	.setattr = served_setattr,
	.create = served_create,
	.symlink = served_symlink,
	.link = served_link,
	.unlink = served_unlink,
	.rename = served_rename,
	.readlink = served_readlink,
	.readdir = served_readdir,
	.statfs = served_statfs,
};

/* ---- the end of a tmpfs ---- */

#define FORGET_DEPTH 64

/* The file server cannot drop a file system; so its files are removed one by one. */
struct removal {
	uint64_t ino; /* 0: the directory is empty */
	uint8_t type;
	uint8_t length;
	char name[VFS_NAME_MAX];
};

static bool take_first(void *context, uint64_t ino, uint64_t next_cookie, uint8_t type,
		       const char *name, size_t length)
{
	struct removal *r = context;

	(void)next_cookie;
	if ((length == 1 && name[0] == '.') || (length == 2 && memcmp(name, "..", 2) == 0)) {
		return true;
	}
	r->ino = ino;
	r->type = type;
	r->length = (uint8_t)length;
	memcpy(r->name, name, length);
	return false;
}

static bool remove_one(struct inode *dir, const struct removal *r, bool directory)
{
	if (served_unlink(dir, r->name, r->length, directory) < 0) {
		return false;
	}
	if (!directory) {
		server_request(pager_cap, PAGER_OBJECT_FORGET, 2, dir->fs->number, r->ino, 0, 0, 0,
			       0);
	}
	return true;
}

void served_forget(struct file_system *fs)
{
	static struct removal path[FORGET_DEPTH]; /* path[i]: a directory in path[i - 1] */
	struct file_attributes root;
	struct inode dir = {.fs = fs};
	unsigned depth = 0;

	if (served_root(fs, &root) < 0) {
		return;
	}
	for (;;) {
		struct removal *r = &path[depth];
		bool going = true;

		r->ino = 0;
		dir.ino = depth == 0 ? root.ino : path[depth - 1].ino;
		served_readdir(&dir, 0, take_first, r);
		if (r->ino != 0 && r->type == MODE_DIRECTORY >> 12) {
			going = ++depth < FORGET_DEPTH;
		} else if (r->ino != 0) {
			going = remove_one(&dir, r, false);
		} else if (depth > 0) {
			depth--;
			dir.ino = depth == 0 ? root.ino : path[depth - 1].ino;
			going = remove_one(&dir, &path[depth], true);
		} else {
			return;
		}
		if (!going) {
			return;
		}
	}
}
