/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names and files: file systems, inodes, directory entries, mounts, path walk.
 *
 * This server is the only client of the file server that changes names and
 * attributes, so it may remember them: a tree of `struct dentry` holds the names
 * looked up lately, found or not, and `struct inode` holds the attributes that
 * permission checks need. Sizes, block counts and times are asked anew for each
 * stat(2), because the pager changes them.
 *
 * References: an inode is held by its dentries and by who uses it directly; a
 * dentry by its children, by open files, by working directories and by mounts.
 * A dentry without references stays in a list of least recent use until room
 * is wanted, except in a volatile file system (/proc), whose names come and go.
 */
#ifndef SERVERS_PROCESS_VFS_H
#define SERVERS_PROCESS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/protocol/files.h"
#include "servers/protocol/status.h"

struct process;
struct credentials;
struct file_system;
struct inode;
struct dentry;
struct pipe;
struct file_lock;
struct open_file;
struct vfs_path;

#define VFS_NAME_MAX 255
#define VFS_PATH_MAX 4096 /* bytes of a path with its 0 */
#define VFS_LINK_DEPTH 40 /* symbolic links of one walk */

/* Linux's st_mode. */
#define MODE_TYPE 0170000u
#define MODE_SOCKET 0140000u
#define MODE_LINK 0120000u
#define MODE_FILE 0100000u
#define MODE_BLOCK 0060000u
#define MODE_DIRECTORY 0040000u
#define MODE_CHARACTER 0020000u
#define MODE_FIFO 0010000u
#define MODE_SETUID 04000u
#define MODE_SETGID 02000u
#define MODE_STICKY 01000u
#define MODE_PERMISSIONS 07777u

/* Linux's encoding of device numbers (below 2^8 and 2^12). */
#define DEVICE(major, minor) ((uint32_t)(major) << 8 | (uint32_t)(minor))

/* Called by readdir for each name; returns false to stop before this one. */
typedef bool (*vfs_emit)(void *context, uint64_t ino, uint64_t next_cookie, uint8_t type,
			 const char *name, size_t length);

struct vfs_statfs {
	uint64_t magic, block_size, blocks, free, available, inodes, free_inodes;
};

/*
 * What a kind of file system does. All return 0 or more, or a negative STATUS_* number.
 * Names are not terminated; 1 ≤ length ≤ VFS_NAME_MAX, no '/', not "." or "..".
 * Functions that are NULL answer -EPERM (names) or -EINVAL (readlink).
 */
struct file_system_ops {
	int64_t (*root)(struct file_system *fs, struct file_attributes *attributes);
	int64_t (*lookup)(struct inode *dir, const char *name, size_t length,
			  struct file_attributes *attributes);
	int64_t (*getattr)(struct inode *inode, struct file_attributes *attributes);
	int64_t (*setattr)(struct inode *inode, uint32_t mask, const struct file_attributes *set);
	int64_t (*create)(struct inode *dir, const char *name, size_t length,
			  const struct file_attributes *with, struct file_attributes *made);
	int64_t (*symlink)(struct inode *dir, const char *name, size_t length, const char *target,
			   size_t target_length, const struct file_attributes *with,
			   struct file_attributes *made);
	int64_t (*link)(struct inode *dir, const char *name, size_t length, struct inode *inode);
	/* Returns the links left. */
	int64_t (*unlink)(struct inode *dir, const char *name, size_t length, bool directory);
	int64_t (*rename)(struct inode *dir, const char *name, size_t length, struct inode *to_dir,
			  const char *to_name, size_t to_length, bool no_replace);
	/* Returns the length; at most VFS_PATH_MAX - 1 bytes go to target. */
	int64_t (*readlink)(struct process *p, struct inode *inode, char *target);
	/* A link that leads to a thing and not to a name (/proc/N/fd/M): 1 and a held path in
	 * `to`, or 0 if this is no such link. */
	int64_t (*follow)(struct process *p, struct inode *inode, struct vfs_path *to);
	int64_t (*readdir)(struct inode *dir, uint64_t cookie, vfs_emit emit, void *context);
	int64_t (*statfs)(struct inode *inode, struct vfs_statfs *figures);
	/* Open a file that only this file system can serve: sets ops and data of `file`. */
	int64_t (*open)(struct process *p, struct inode *inode, struct open_file *file);
	/* The last reference to the inode goes. */
	void (*release)(struct inode *inode);
};

struct file_system {
	const struct file_system_ops *ops;
	const char *type;    /* as in /proc/mounts */
	uint32_t number;     /* the file server's, 0 if it is served here */
	uint32_t device;     /* st_dev */
	bool is_volatile;    /* nothing is remembered after its last use */
	bool is_tmpfs;	     /* data lives in the pager only */
	uint64_t pages;	     /* limit of a tmpfs */
	uint32_t references; /* mounts */
};

struct inode {
	struct inode *next; /* in its bucket */
	struct file_system *fs;
	uint64_t ino;
	uint32_t references;
	uint32_t mode, uid, gid, rdev, links;
	bool is_hashed;	 /* can be found by number */
	bool is_removed; /* a directory without a name, or a file without links */

	/* Regular files, while open for reading or writing (regular.c). */
	uint32_t openers;
	uint32_t writers;
	uint32_t object;     /* the pager's; valid while openers > 0 */
	bool mtime_is_newer; /* `mtime` is not yet with the file server */
	int64_t mtime;	     /* nanoseconds since 1970 */

	struct pipe *pipe;	 /* a fifo in use */
	struct file_lock *locks; /* advisory locks */
};

struct dentry {
	struct dentry *next;	      /* in its bucket */
	struct dentry *older, *newer; /* list of those without references */
	struct dentry *parent;	      /* held; NULL: a root or no part of a tree */
	struct inode *inode;	      /* held; NULL: the name does not exist */
	struct file_system *fs;
	uint32_t references;
	uint16_t mounts; /* mounts whose mount point it is */
	bool is_hashed;	 /* can be found by name */
	uint8_t length;
	char *name; /* not terminated; "" for a root */
};

struct mount {
	struct mount *next;
	struct mount *parent;	    /* NULL: the first */
	struct dentry *mount_point; /* in parent; held */
	struct dentry *root;	    /* held */
	struct file_system *fs;
	uint32_t id;	     /* never used again */
	uint32_t references; /* paths, and mounts whose parent it is */
	bool is_detached;
	bool is_read_only;
	char source[32];
};

struct vfs_path {
	struct mount *mount;
	struct dentry *dentry;
};

/* ---- inode.c ---- */

/* The inode of these attributes, held by the caller; NULL = no memory. */
struct inode *inode_get(struct file_system *fs, const struct file_attributes *attributes);
/* An inode that cannot be found by number (pipes, epoll...). */
struct inode *inode_anonymous(struct file_system *fs, uint32_t mode, uint64_t ino);
void inode_hold(struct inode *inode);
void inode_put(struct inode *inode);
/* The file has no name left: its number may come to stand for another one. */
void inode_remove(struct inode *inode);
/* Fresh attributes: the file system's, corrected by what only this server knows. */
int64_t inode_attributes(struct inode *inode, struct file_attributes *attributes);
int64_t inode_set(struct inode *inode, uint32_t mask, const struct file_attributes *set);
/* Visit each inode that can be found by number. */
void inode_each(void (*visit)(struct inode *inode, void *context), void *context);
unsigned inode_count(void);

static inline bool inode_is(const struct inode *inode, uint32_t type)
{
	return (inode->mode & MODE_TYPE) == type;
}

/* ---- dentry.c ---- */

void dentry_hold(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
/* A root of a tree, or a name outside of any tree: holds the inode, held by the caller. */
struct dentry *dentry_root(struct inode *inode, const char *name);
/*
 * The name in a directory, held by the caller; its inode is NULL if there is no such file.
 * Returns 0 or a negative status (not -ENOENT).
 */
int64_t dentry_lookup(struct dentry *dir, const char *name, size_t length, struct dentry **found);
/* A name that did not exist does now; takes over the caller's hold of the inode. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* A name is gone; the dentry lives on for those who hold it. */
void dentry_delete(struct dentry *dentry);
/* `from` has got the name of `to`; what `to` was is gone. The caller holds both. */
void dentry_move(struct dentry *from, struct dentry *to);
/* Forget all names without users below a file system. */
void dentry_prune(struct file_system *fs);
bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor);

/* ---- mount.c ---- */

void path_hold(const struct vfs_path *path);
/* Let go; the path is empty afterwards. */
void path_put(struct vfs_path *path);
/* Down: while something is mounted on path, its root. Keeps the hold. */
void path_enter_mounts(struct vfs_path *path);
/* Up: to "..", not above `root`. Keeps the hold. */
void path_to_parent(struct vfs_path *path, const struct vfs_path *root);
/*
 * Write the absolute path as seen from `root`, terminated. Returns its length with the 0, or
 * -STATUS_RANGE if size is too small. Unreachable paths begin with "(unreachable)", removed ones end
 * with " (deleted)" if `mark` is set.
 */
int64_t path_name(const struct vfs_path *path, const struct vfs_path *root, char *buffer,
		  size_t size, bool mark);
/* Mount `fs` (taking over the caller's reference) on path; the first time path is NULL. */
int64_t mount_add(struct file_system *fs, const struct vfs_path *path, const char *source,
		  bool read_only);
int64_t mount_remove(const struct vfs_path *path, bool lazy);
struct mount *mount_first(void);
void file_system_put(struct file_system *fs);

/* ---- walk.c ---- */

enum walk_flag {
	WALK_FOLLOW = 1,    /* a symbolic link at the end is followed */
	WALK_CREATE = 2,    /* the last name need not exist: the dentry's inode may be NULL */
	WALK_EMPTY = 4,	    /* "" means the start itself (AT_EMPTY_PATH) */
	WALK_DIRECTORY = 8, /* the end must be a directory */
	WALK_LAST = 16,	    /* the last name is the object of the call (rename, unlink, mkdir...):
			       no link at the end is followed and no mount there entered */
};

enum walk_last { WALK_NAME, WALK_DOT, WALK_DOT_DOT, WALK_ROOT, WALK_MAGIC };

struct walk_result {
	struct vfs_path path; /* held by the caller */
	enum walk_last last;
	bool trailing_slash;
};

/*
 * Walk `name` (terminated, shorter than VFS_PATH_MAX) from `start`, which the caller holds, with
 * the root and rights of process p (NULL: the first mount's, all rights).
 * Returns 0 and a path to be put, or a negative status.
 */
int64_t walk(struct process *p, const struct vfs_path *start, const char *name, unsigned flags,
	     struct walk_result *result);

#define ACCESS_EXECUTE 1u
#define ACCESS_WRITE 2u
#define ACCESS_READ 4u

/* 0 or -STATUS_ACCES: may who has these ids (fsuid, fsgid, groups) use the inode so? NULL: yes. */
int64_t inode_permission(const struct inode *inode, const struct credentials *who, unsigned access);

#endif
