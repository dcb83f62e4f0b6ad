/* SPDX-License-Identifier: BSD-2-Clause */
/* memfd_create: files of a tmpfs that is mounted nowhere, unlinked as soon as they are open. */
#include "servers/process/files.h"

#include <stdio.h>
#include <string.h>

#include "servers/process/regular.h"

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u
#define NAME_LIMIT 250 /* with its 0, as in Linux */
#define MEMFD_PAGES (1ul << 24)

static struct file_system *memfd_fs;

/* The root directory of the file system, held; NULL: no memory. */
static struct inode *memfd_root(void)
{
	struct file_attributes attributes;

	if (memfd_fs == NULL) {
		memfd_fs = served_tmpfs("tmpfs", MEMFD_PAGES);
	}
	if (memfd_fs == NULL || memfd_fs->ops->root(memfd_fs, &attributes) < 0) {
		return NULL;
	}
	return inode_get(memfd_fs, &attributes);
}

/* A new file without a name, held and counted as open. */
static int64_t make_file(struct process *p, struct inode *root, struct inode **made)
{
	static const char name[] = "memfd";
	struct file_attributes with = {.mode = MODE_FILE | 0777}, attributes;
	struct inode *inode;
	int64_t result;

	with.uid = p->credentials.fsuid;
	with.gid = p->credentials.fsgid;
	result = memfd_fs->ops->create(root, name, sizeof(name) - 1, &with, &attributes);
	if (result < 0) {
		return result;
	}
	inode = inode_get(memfd_fs, &attributes);
	result = inode == NULL ? -STATUS_NOMEM : regular_open(inode);
	memfd_fs->ops->unlink(root, name, sizeof(name) - 1, false);
	if (inode != NULL) {
		regular_removed(inode);
	}
	if (result < 0) {
		inode_put(inode);
		return result;
	}
	*made = inode;
	return 0;
}

HANDLER(memfd_create)
{
	char name[NAME_LIMIT], shown[VFS_NAME_MAX + 16];
	struct inode *root, *inode;
	struct open_file *file;
	int64_t result = copy_in_string(t, name, args[0], sizeof(name));

	if (result < 0) {
		return result == -STATUS_NAMETOOLONG ? -STATUS_INVAL : result;
	}
	if (args[1] & ~(uint64_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) {
		return -STATUS_INVAL;
	}
	root = memfd_root();
	if (root == NULL) {
		return -STATUS_NOMEM;
	}
	result = make_file(t->process, root, &inode);
	inode_put(root);
	if (result < 0) {
		return result;
	}
	snprintf(shown, sizeof(shown), "/memfd:%s (deleted)", name);
	shown[VFS_NAME_MAX] = 0;
	file = open_file_nameless(inode, shown, OPEN_READ_WRITE);
	if (file == NULL) {
		regular_close(inode);
		inode_put(inode);
		return -STATUS_NOMEM;
	}
	inode_put(inode);
	inode->writers++;
	file->ops = &regular_ops;
	return fd_install(t->process, file, 0, (args[1] & MFD_CLOEXEC) != 0);
}
