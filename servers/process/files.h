/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private header of the files side: open files, descriptors, and what its
 * source files ask of each other. Names and inodes: vfs.h.
 */
#ifndef SERVERS_PROCESS_FILES_H
#define SERVERS_PROCESS_FILES_H

#include "servers/process/process.h"
#include "servers/process/vfs.h"

/* The function that answers a system call (calls.c finds it by its name). */
#define HANDLER(name)                                                                              \
	int64_t sys_##name(struct thread *t __attribute__((unused)),                               \
			   const uint64_t args[6] __attribute__((unused)))

/* Linux's open flags for riscv64 (asm-generic). */
#define OPEN_ACCESS 03u
#define OPEN_READ 0u
#define OPEN_WRITE 01u
#define OPEN_READ_WRITE 02u
#define OPEN_CREATE 0100u
#define OPEN_EXCLUSIVE 0200u
#define OPEN_NO_TTY 0400u
#define OPEN_TRUNCATE 01000u
#define OPEN_APPEND 02000u
#define OPEN_NONBLOCK 04000u
#define OPEN_DSYNC 010000u
#define OPEN_DIRECT 040000u
#define OPEN_LARGE 0100000u
#define OPEN_DIRECTORY 0200000u
#define OPEN_NO_FOLLOW 0400000u
#define OPEN_NO_ATIME 01000000u
#define OPEN_CLOEXEC 02000000u
#define OPEN_SYNC 04010000u
#define OPEN_PATH 010000000u
#define OPEN_TMPFILE 020000000u

/* Linux's poll bits; epoll's are the same where both exist. */
#define POLL_IN 0x001u
#define POLL_PRI 0x002u
#define POLL_OUT 0x004u
#define POLL_ERROR 0x008u
#define POLL_HANGUP 0x010u
#define POLL_INVALID 0x020u
#define POLL_READ_NORMAL 0x040u
#define POLL_WRITE_NORMAL 0x100u
#define POLL_READ_HANGUP 0x2000u
#define POLL_ALWAYS (POLL_IN | POLL_OUT | POLL_READ_NORMAL | POLL_WRITE_NORMAL)

#define IO_VECTOR_MAX 1024
#define IO_BYTES_MAX 0x7ffff000ul    /* of one call, as in Linux */
#define IO_ROUND (4ul * 1024 * 1024) /* bytes of one attempt; then others get their turn */

struct io_segment { /* Linux's struct iovec */
	uint64_t address, length;
};

/*
 * The data of one read or write: segments of a program's memory, or one
 * buffer of this server. File operations take from the front.
 */
struct transfer {
	struct thread *thread;	    /* whose memory; who gets SIGPIPE */
	struct io_segment *segment; /* the current one, shortened by what is done */
	unsigned segments;	    /* left, with the current one */
	unsigned char *kernel;	    /* instead: the next byte of a buffer */
	uint64_t left;		    /* bytes still to move */
	uint64_t done;		    /* bytes moved in this attempt and all before it */
	int64_t position;	    /* of pread and pwrite; -1: the file's own offset */
	bool timed_out;		    /* the call was parked, and its deadline has passed */
	uint64_t deadline;	    /* set by an operation that answers -STATUS_AGAIN */
	uint64_t state[2];	    /* the operation's own, kept while the call is parked */
};

/* Move up to n bytes between `buffer` and the front of the transfer; bytes moved, or
 * -STATUS_FAULT if none could be. */
int64_t transfer_out(struct transfer *x, const void *buffer, size_t n);
int64_t transfer_in(struct transfer *x, void *buffer, size_t n);
/* n bytes of the front are done (the pager moved them). */
void transfer_advance(struct transfer *x, uint64_t n);
/* The contiguous part at the front: a program's address or NULL buffer. */
uint64_t transfer_front(const struct transfer *x, uint64_t *address);

/*
 * Operations of an open file. Those that are NULL: read, write -EINVAL; ioctl
 * -ENOTTY; seek -ESPIPE; poll always ready; map -ENODEV.
 */
struct file_ops {
	/*
	 * Never wait: -STATUS_AGAIN if nothing can be moved now; the caller decides whether to
	 * park on the waitable. A write may move a part. Return the bytes moved, which
	 * transfer_* have counted already.
	 */
	int64_t (*read)(struct open_file *file, struct transfer *x);
	int64_t (*write)(struct open_file *file, struct transfer *x);
	/* Bytes that a write would take now; NULL: any number. */
	uint64_t (*room)(struct open_file *file);
	uint32_t (*poll)(struct open_file *file);
	struct waitable *(*waitable)(struct open_file *file);
	int64_t (*ioctl)(struct thread *t, struct open_file *file, uint32_t command,
			 uint64_t argument);
	int64_t (*seek)(struct open_file *file, int64_t offset, unsigned whence);
	int64_t (*map)(struct open_file *file, uint32_t *object);
	void (*close)(struct open_file *file); /* the last reference goes */
};

struct open_file {
	uint32_t references;
	uint32_t flags; /* OPEN_*: access, APPEND, NONBLOCK, ..., PATH */
	int64_t offset; /* bytes; directories: the file system's cookie */
	struct vfs_path path;
	struct inode *inode; /* that of path */
	const struct file_ops *ops;
	void *data;			/* the operations' own */
	struct epoll_item *epoll_items; /* watching this file */
	int32_t owner;			/* F_SETOWN */
};

static inline bool file_reads(const struct open_file *f)
{
	return !(f->flags & OPEN_PATH) && (f->flags & OPEN_ACCESS) != OPEN_WRITE;
}

static inline bool file_writes(const struct open_file *f)
{
	return !(f->flags & OPEN_PATH) && (f->flags & OPEN_ACCESS) != OPEN_READ;
}

struct fd_entry {
	struct open_file *file;
	bool close_on_exec;
};

struct fd_table {
	uint32_t references;
	uint32_t capacity;
	struct fd_entry *entries;
};

struct fs_context {
	uint32_t references;
	uint32_t umask;
	struct vfs_path root, cwd;
};

/* ---- open_file.c ---- */

/* An open file on a path (held anew). NULL: no memory. */
struct open_file *open_file_make(const struct vfs_path *path, uint32_t flags);
/* One that has no name: `name` is what /proc/PID/fd shows. */
struct open_file *open_file_anonymous(const char *kind, uint32_t mode, uint32_t flags);
/* One of an inode that no path leads to; `name` (at most 255 bytes) as above, whole. */
struct open_file *open_file_nameless(struct inode *inode, const char *name, uint32_t flags);
void open_file_hold(struct open_file *file);
void open_file_put(struct open_file *file);
/* Open what a path names, for the access in flags: regular.c, pipe.c, device.c... */
int64_t open_file_open(struct process *p, const struct vfs_path *path, uint32_t flags,
		       struct open_file **opened);
uint32_t open_file_poll(struct open_file *file);
struct waitable *open_file_waitable(struct open_file *file);

/* ---- fd.c ---- */

/* The file of a descriptor (not held) or NULL. fd_file leaves out O_PATH ones. */
struct open_file *fd_file(struct process *p, uint64_t fd);
struct open_file *fd_file_any(struct process *p, uint64_t fd);
/* Put a file at the lowest free descriptor ≥ least; takes over the reference, also on failure.
 * Descriptor, -STATUS_MFILE or -STATUS_NOMEM. */
int64_t fd_install(struct process *p, struct open_file *file, uint64_t least, bool close_on_exec);
int64_t fd_close(struct process *p, uint64_t fd);
struct fd_table *fd_table_new(void);

/* ---- open.c ---- */

/* A path from a program: a static buffer that lives until the next call of this function
 * with the same index 0 or 1. */
int64_t path_from_user(struct thread *t, uint64_t user, unsigned index, char **path);
/* Walk a program's path argument from dirfd. */
int64_t walk_user(struct thread *t, uint64_t dirfd, uint64_t user, unsigned flags,
		  struct walk_result *result);
/* The same for a path that is already copied. */
int64_t walk_from(struct process *p, uint64_t dirfd, const char *path, unsigned flags,
		  struct walk_result *result);
bool path_is_read_only(const struct vfs_path *path);
/* May p make a name in the directory of path's (negative) dentry? */
int64_t create_check(struct process *p, const struct vfs_path *path);
/* Owner, group and mode of what p makes there. */
void create_attributes(struct process *p, const struct vfs_path *path, uint32_t mode,
		       struct file_attributes *with);
/* Make a file, directory, fifo or node of the dentry, which does not exist yet. */
int64_t create_node(struct process *p, const struct vfs_path *path, uint32_t mode, uint32_t rdev);

/* ---- backends ---- */

extern struct file_system proc_file_system;
struct file_system *served_disk(void);
struct file_system *served_tmpfs(const char *type, uint64_t pages);
/* A tmpfs that nobody refers to any more: its files go, its place is used again. */
void served_forget(struct file_system *fs);
/* st_dev of the file server's file system of this number, 0 if it is not known. */
uint32_t served_device(uint32_t number);
extern struct file_system anonymous_file_system;

extern const struct file_ops regular_ops, directory_ops, path_ops;
int64_t device_open(struct process *p, struct open_file *file);
int64_t fifo_open(struct open_file *file);
int64_t pipe_resize(struct open_file *file, uint64_t size);
int64_t pipe_capacity(const struct open_file *file);

HANDLER(ioctl);

/* ---- tty.c ---- */

void tty_start(void);
/* Send all output and wait for it. */
void tty_stop(void);
void tty_event(void);
/* Open /dev/console or ttyS0 (the console itself) or /dev/tty (-ENXIO without one). */
int64_t tty_open(struct process *p, struct open_file *file, bool is_own);
/* After an open: a session leader without a controlling terminal gets this one. */
void tty_open_controlling(struct process *p, const struct open_file *file, uint32_t flags);
/* The terminal becomes the controlling one of the first process, until a session leader of
 * its own (init's getty or shell) wants it. */
void tty_adopt(struct process *init, const struct open_file *file);
/* For /proc/PID/stat. */
uint32_t tty_device_number(const struct tty *tty);
int32_t tty_foreground(const struct tty *tty);

/* ---- storage.c ---- */

/* Everything that was written to a file system (0: to all) goes to stable storage. */
int64_t sync_all(uint64_t fs);

/* ---- locks.c ---- */

/* A process closes a descriptor of the inode: its record locks go. */
void locks_release(struct inode *inode, const void *owner);

#endif
