/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that tell of files: stat and its kin, access, statfs. */
#include "servers/process/files.h"

#include <string.h>

#define NS_PER_S 1000000000l

#define AT_EACCESS 0x200u
#define AT_NO_AUTOMOUNT 0x800u
#define AT_STATX_SYNC 0x6000u
#define STATX_BASIC_STATS 0x7ffu
#define STATX_MNT_ID 0x1000u

/* Linux's struct stat for riscv64. */
struct linux_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad1;
	int64_t size;
	int32_t blksize, pad2;
	int64_t blocks;
	int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
	uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "Linux's struct stat");

struct linux_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct linux_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare0;
	uint64_t ino, size, blocks, attributes_mask;
	struct linux_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint32_t dio_memory_align, dio_offset_align;
	uint64_t spare[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "Linux's struct statx");

struct linux_statfs {
	int64_t type, bsize, blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	int64_t namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "Linux's struct statfs64");

/* Seconds and nanoseconds, the latter never negative. */
static void split_time(int64_t ns, int64_t *seconds, int64_t *rest)
{
	*seconds = ns / NS_PER_S;
	*rest = ns % NS_PER_S;
	if (*rest < 0) {
		*rest += NS_PER_S;
		*seconds -= 1;
	}
}

static int64_t stat_out(struct thread *t, struct inode *inode, uint64_t user)
{
	struct file_attributes a;
	struct linux_stat s = {0};
	int64_t result = inode_attributes(inode, &a);

	if (result < 0) {
		return result;
	}
	s.dev = inode->fs->device;
	s.ino = a.ino;
	s.mode = a.mode;
	s.nlink = a.links;
	s.uid = a.uid;
	s.gid = a.gid;
	s.rdev = a.rdev;
	s.size = (int64_t)a.size;
	s.blksize = (int32_t)a.block_size;
	s.blocks = (int64_t)a.blocks;
	split_time(a.atime, &s.atime, &s.atime_ns);
	split_time(a.mtime, &s.mtime, &s.mtime_ns);
	split_time(a.ctime, &s.ctime, &s.ctime_ns);
	return copy_out(t, user, &s, sizeof(s));
}

HANDLER(fstat)
{
	struct open_file *file = fd_file_any(t->process, args[0]);

	return file == NULL ? -STATUS_BADF : stat_out(t, file->inode, args[1]);
}

/* Walk flags for an AT_* word of the stat family. */
static unsigned stat_walk_flags(uint64_t flags)
{
	unsigned walk_flags = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;

	return walk_flags | (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

HANDLER(newfstatat)
{
	struct walk_result found;
	uint64_t flags = args[3];
	int64_t result;

	if (flags &
	    ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) {
		return -STATUS_INVAL;
	}
	result = walk_user(t, args[0], args[1], stat_walk_flags(flags), &found);
	if (result == 0) {
		result = stat_out(t, found.path.dentry->inode, args[2]);
		path_put(&found.path);
	}
	return result;
}

static void statx_time(struct linux_statx_time *to, int64_t ns)
{
	int64_t rest;

	split_time(ns, &to->seconds, &rest);
	to->nanoseconds = (uint32_t)rest;
}

static uint32_t device_major(uint32_t device)
{
	return device >> 8 & 0xfff;
}

static uint32_t device_minor(uint32_t device)
{
	return (device & 0xff) | (device >> 12 & ~0xffu);
}

static int64_t statx_out(struct thread *t, struct inode *inode, uint64_t user)
{
	struct file_attributes a;
	struct linux_statx s = {0};
	int64_t result = inode_attributes(inode, &a);

	if (result < 0) {
		return result;
	}
	s.mask = STATX_BASIC_STATS;
	s.blksize = a.block_size;
	s.nlink = a.links;
	s.uid = a.uid;
	s.gid = a.gid;
	s.mode = (uint16_t)a.mode;
	s.ino = a.ino;
	s.size = a.size;
	s.blocks = a.blocks;
	statx_time(&s.atime, a.atime);
	statx_time(&s.mtime, a.mtime);
	statx_time(&s.ctime, a.ctime);
	s.rdev_major = device_major(a.rdev);
	s.rdev_minor = device_minor(a.rdev);
	s.dev_major = device_major(inode->fs->device);
	s.dev_minor = device_minor(inode->fs->device);
	return copy_out(t, user, &s, sizeof(s));
}

HANDLER(statx)
{
	struct walk_result found;
	uint64_t flags = args[2];
	int64_t result;

	if ((flags & ~(uint64_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
				 AT_STATX_SYNC)) ||
	    (flags & AT_STATX_SYNC) == AT_STATX_SYNC || (args[3] & 0x80000000u)) {
		return -STATUS_INVAL;
	}
	/* Since Linux 6.11 a NULL path with AT_EMPTY_PATH means "". */
	if (args[1] == 0 && (flags & LINUX_AT_EMPTY_PATH)) {
		struct open_file *file = fd_file_any(t->process, (uint32_t)args[0]);

		return file == NULL ? -STATUS_BADF : statx_out(t, file->inode, args[4]);
	}
	result = walk_user(t, args[0], args[1], stat_walk_flags(flags), &found);
	if (result == 0) {
		result = statx_out(t, found.path.dentry->inode, args[4]);
		path_put(&found.path);
	}
	return result;
}

/* ---- access ---- */

static int64_t access_at(struct thread *t, uint64_t flags)
{
	struct process *p = t->process;
	struct walk_result found;
	struct credentials who = p->credentials;
	uint64_t mode = t->args[2];
	int64_t result;

	if ((mode & ~7ull) != 0 ||
	    (flags & ~(uint64_t)(AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))) {
		return -STATUS_INVAL;
	}
	if (!(flags & AT_EACCESS)) {
		who.fsuid = who.uid;
		who.fsgid = who.gid;
	}
	result = walk_user(t, t->args[0], t->args[1], stat_walk_flags(flags), &found);
	if (result < 0) {
		return result;
	}
	result = inode_permission(found.path.dentry->inode, &who, (unsigned)mode);
	if (result == 0 && (mode & ACCESS_WRITE) && path_is_read_only(&found.path)) {
		result = -STATUS_ROFS;
	}
	path_put(&found.path);
	return result;
}

HANDLER(faccessat)
{
	return access_at(t, 0);
}

HANDLER(faccessat2)
{
	return access_at(t, args[3]);
}

/* ---- statfs ---- */

static int64_t statfs_out(struct thread *t, const struct vfs_path *path, uint64_t user)
{
	struct inode *inode = path->dentry->inode;
	struct vfs_statfs figures = {.block_size = 4096};
	struct linux_statfs s = {0};
	int64_t result = 0;

	if (inode->fs->ops->statfs != NULL) {
		result = inode->fs->ops->statfs(inode, &figures);
	}
	if (result < 0) {
		return result;
	}
	s.type = (int64_t)figures.magic;
	s.bsize = s.frsize = (int64_t)figures.block_size;
	s.blocks = (int64_t)figures.blocks;
	s.bfree = (int64_t)figures.free;
	s.bavail = (int64_t)figures.available;
	s.files = (int64_t)figures.inodes;
	s.ffree = (int64_t)figures.free_inodes;
	s.fsid[0] = (int32_t)inode->fs->device;
	s.namelen = VFS_NAME_MAX;
	s.flags = 0x20 | (path_is_read_only(path) ? 1 : 0); /* ST_VALID, ST_RDONLY */
	return copy_out(t, user, &s, sizeof(s));
}

HANDLER(statfs)
{
	struct walk_result found;
	int64_t result = walk_user(t, (uint64_t)LINUX_AT_FDCWD, args[0], WALK_FOLLOW, &found);

	if (result == 0) {
		result = statfs_out(t, &found.path, args[1]);
		path_put(&found.path);
	}
	return result;
}

HANDLER(fstatfs)
{
	struct open_file *file = fd_file_any(t->process, args[0]);

	return file == NULL ? -STATUS_BADF : statfs_out(t, &file->path, args[1]);
}
