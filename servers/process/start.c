/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files side at start: mounts, the nodes of /dev, and the descriptors of
 * the first process.
 */
#include "servers/process/procfs.h"

#include <stdlib.h>
#include <string.h>

struct node {
	const char *name;
	uint32_t mode, rdev;
};

static const struct node dev_nodes[] = {
	{"null", MODE_CHARACTER | 0666, DEVICE(1, 3)},
	{"zero", MODE_CHARACTER | 0666, DEVICE(1, 5)},
	{"full", MODE_CHARACTER | 0666, DEVICE(1, 7)},
	{"random", MODE_CHARACTER | 0666, DEVICE(1, 8)},
	{"urandom", MODE_CHARACTER | 0666, DEVICE(1, 9)},
	{"kmsg", MODE_CHARACTER | 0644, DEVICE(1, 11)},
	{"tty", MODE_CHARACTER | 0666, DEVICE(5, 0)},
	{"console", MODE_CHARACTER | 0600, DEVICE(5, 1)},
	{"ttyS0", MODE_CHARACTER | 0660, DEVICE(4, 64)},
	{"shm", MODE_DIRECTORY | 01777, 0},
};

static const struct {
	const char *name, *target;
} dev_links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Make a node of a directory unless the name exists. */
static int64_t make_node(const struct vfs_path *dir, const struct node *node)
{
	struct file_attributes with = {.mode = node->mode, .rdev = node->rdev}, made;
	size_t length = strlen(node->name);
	struct dentry *dentry;
	int64_t result = dentry_lookup(dir->dentry, node->name, length, &dentry);

	if (result < 0) {
		return result;
	}
	if (dentry->inode == NULL) {
		result = dentry->fs->ops->create(dir->dentry->inode, node->name, length, &with,
						 &made);
		if (result >= 0) {
			dentry_instantiate(dentry, inode_get(dentry->fs, &made));
			result = dentry->inode == NULL ? -STATUS_NOMEM : 0;
		}
	}
	if (result < 0) {
		dentry_delete(dentry);
	}
	dentry_put(dentry);
	return result;
}

static void make_link(const struct vfs_path *dir, const char *name, const char *target)
{
	struct file_attributes with = {.mode = MODE_LINK | 0777}, made;
	const struct inode *inode = dir->dentry->inode;

	inode->fs->ops->symlink(dir->dentry->inode, name, strlen(name), target, strlen(target),
				&with, &made);
}

/* Mount on an absolute path, making the directory if it is missing. */
static bool mount_on(struct file_system *fs, const char *parent, const char *name, uint32_t mode,
		     const char *source)
{
	struct vfs_path root = {mount_first(), mount_first()->root};
	struct node node = {name, MODE_DIRECTORY | mode, 0};
	struct walk_result dir, point;
	bool done = false;

	if (fs == NULL || walk(NULL, &root, parent, WALK_FOLLOW | WALK_DIRECTORY, &dir) < 0) {
		return false;
	}
	make_node(&dir.path, &node);
	if (walk(NULL, &dir.path, name, WALK_FOLLOW | WALK_DIRECTORY, &point) == 0) {
		done = mount_add(fs, &point.path, source, false) == 0;
		path_put(&point.path);
	}
	path_put(&dir.path);
	return done;
}

static void fill_dev(void)
{
	struct vfs_path root = {mount_first(), mount_first()->root};
	struct walk_result dev;

	if (walk(NULL, &root, "/dev", WALK_FOLLOW | WALK_DIRECTORY, &dev) < 0) {
		return;
	}
	for (size_t i = 0; i < COUNT(dev_nodes); i++) {
		make_node(&dev.path, &dev_nodes[i]);
	}
	for (size_t i = 0; i < COUNT(dev_links); i++) {
		make_link(&dev.path, dev_links[i].name, dev_links[i].target);
	}
	path_put(&dev.path);
}

/* Half of the memory, as the limit of a tmpfs in pages. */
static uint64_t tmpfs_limit(void)
{
	struct pager_statistics statistics;

	if (server_request(pager_cap, PAGER_STATISTICS, 1, XFER_FILES, 0, 0, 0, 0, 0) < 0) {
		return 4096;
	}
	memcpy(&statistics, pager_xfer + XFER_FILES, sizeof(statistics));
	return statistics.total_pages / 2;
}

/* The root of a tmpfs gets the mode given. */
static void set_root_mode(const char *path, uint32_t mode)
{
	struct vfs_path root = {mount_first(), mount_first()->root};
	struct file_attributes set = {.mode = MODE_DIRECTORY | mode};
	struct walk_result found;

	if (walk(NULL, &root, path, WALK_FOLLOW | WALK_DIRECTORY, &found) == 0) {
		inode_set(found.path.dentry->inode, FILES_SET_MODE, &set);
		path_put(&found.path);
	}
}

bool files_start(void)
{
	uint64_t limit = tmpfs_limit();

	tty_start();
	proc_load_start();
	if (mount_add(served_disk(), NULL, "/dev/vda", false) < 0) {
		return false;
	}
	proc_file_system.references++;
	if (!mount_on(&proc_file_system, "/", "proc", 0555, "proc") ||
	    !mount_on(served_tmpfs("devtmpfs", limit), "/", "dev", 0755, "devtmpfs")) {
		return false;
	}
	fill_dev();
	mount_on(served_tmpfs("tmpfs", limit), "/dev", "shm", 01777, "tmpfs");
	mount_on(served_tmpfs("tmpfs", limit), "/", "tmp", 01777, "tmpfs");
	mount_on(served_tmpfs("tmpfs", limit), "/", "run", 0755, "tmpfs");
	set_root_mode("/dev", 0755);
	set_root_mode("/dev/shm", 01777);
	set_root_mode("/tmp", 01777);
	set_root_mode("/run", 0755);
	return true;
}

void files_stop(void)
{
	sync_all(0);
	tty_stop();
}

void files_event(uint64_t bits)
{
	if (bits & (1u << EVENT_SERIAL)) {
		tty_event();
	}
}

static int64_t open_console(struct process *init)
{
	struct walk_result found;
	struct open_file *file;
	int64_t result = walk(init, &init->fs->root, "/dev/console", WALK_FOLLOW, &found);

	if (result < 0) {
		return result;
	}
	result = open_file_open(init, &found.path, OPEN_READ_WRITE, &file);
	path_put(&found.path);
	if (result < 0) {
		return result;
	}
	tty_adopt(init, file);
	for (uint64_t fd = 0; fd < 3 && result >= 0; fd++) {
		open_file_hold(file);
		result = fd_install(init, file, fd, false);
	}
	open_file_put(file);
	return result < 0 ? result : 0;
}

int64_t files_start_init(struct process *init)
{
	init->fs = calloc(1, sizeof(*init->fs));
	init->files = fd_table_new();
	if (init->fs == NULL || init->files == NULL) {
		return -STATUS_NOMEM;
	}
	init->fs->references = 1;
	init->fs->umask = 022;
	init->fs->root.mount = init->fs->cwd.mount = mount_first();
	init->fs->root.dentry = init->fs->cwd.dentry = mount_first()->root;
	path_hold(&init->fs->root);
	path_hold(&init->fs->cwd);
	return open_console(init);
}
