/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file server: file systems by (fs, inode number). Two clients: the
 * personality server works on names and attributes, and passes names and
 * records in the shared region "files-xfer"; the pager moves pages between
 * disk and its pool. File data is never copied here. Word 0 of answers:
 * status.h.
 *
 * Layout of "files-xfer" (64 KiB): bytes 0.. first name (not terminated, its
 * length in the message), 4096.. second name or link target, 8192.. struct
 * file_attributes, 12288.. directory records.
 */
#ifndef SERVERS_PROTOCOL_FILES_H
#define SERVERS_PROTOCOL_FILES_H

#include <stdint.h>

#define FILES_XFER_NAME 0
#define FILES_XFER_NAME2 4096
#define FILES_XFER_ATTRIBUTES 8192
#define FILES_XFER_RECORDS 12288
#define FILES_XFER_SIZE 65536
#define FILES_NAME_MAX 255
#define FILES_LINK_MAX 4095
#define FILES_PAGES 64 /* pages of one request at the most */

/* File systems: number 1 is the disk's; FILES_NEW_TMPFS makes further ones. */
#define FILES_FS_DISK 1

struct file_attributes {
	uint64_t ino;
	uint64_t size;	 /* bytes */
	uint64_t blocks; /* units of 512 bytes */
	uint32_t mode;	 /* type and permission bits as Linux's st_mode */
	uint32_t links;
	uint32_t uid, gid;
	uint32_t rdev; /* Linux's encoding */
	uint32_t block_size;
	int64_t atime, mtime, ctime; /* nanoseconds since 1970 */
};

/* A directory record; the next follows at the next multiple of 8 behind the name. */
struct files_record {
	uint64_t ino;
	uint64_t cookie; /* give it to FILES_READDIR to go on behind this record */
	uint16_t name_length;
	uint8_t type; /* Linux's DT_* */
	uint8_t reserved[5];
	char name[]; /* not terminated */
};

enum files_set { /* mask of FILES_SETATTR: which fields of the xfer attributes count */
		 FILES_SET_MODE = 1,
		 FILES_SET_UID = 2,
		 FILES_SET_GID = 4,
		 FILES_SET_ATIME = 8,
		 FILES_SET_MTIME = 16,
};

#define FILES_LIST(X)                                                                              \
	X(FILES_ROOT, 1, "fs", "status, ino", "root directory of a file system")                   \
	X(FILES_LOOKUP, 2, "fs, directory, length of name", "status, ino, mode; attributes",       \
	  "find a name (\".\" and \"..\" too) in a directory")                                     \
	X(FILES_GETATTR, 3, "fs, ino", "status; attributes", "attributes of a file")               \
	X(FILES_SETATTR, 4, "fs, ino, mask of enum files_set", "status", "set attributes")         \
	X(FILES_CREATE, 5, "fs, directory, length of name, mode with type, rdev, uid, gid",        \
	  "status, ino; attributes",                                                               \
	  "make a regular file, directory, fifo, socket or device node")                           \
	X(FILES_SYMLINK, 6, "fs, directory, length of name, length of target (name 2), uid, gid",  \
	  "status, ino", "make a symbolic link")                                                   \
	X(FILES_READLINK, 7, "fs, ino", "status or length; target at name 2",                      \
	  "read a symbolic link")                                                                  \
	X(FILES_LINK, 8, "fs, directory, length of name, ino", "status", "make a hard link")       \
	X(FILES_UNLINK, 9, "fs, directory, length of name, 1 = a directory, 0 = anything else",    \
	  "status, ino, links left", "remove a name; the file lives on while it is open")          \
	X(FILES_RENAME, 10,                                                                        \
	  "fs, directory, length of name, new directory, length of name 2, 1 = do not replace",    \
	  "status, ino replaced or 0", "rename, replacing atomically as rename(2) does")           \
	X(FILES_READDIR, 11, "fs, directory, cookie (0 = from the start)",                         \
	  "status or number of records; records", "list a directory; 0 = end")                     \
	X(FILES_STATFS, 12, "fs",                                                                  \
	  "status, type magic, block size, blocks, free, available, inodes, free inodes",          \
	  "figures of a file system")                                                              \
	X(FILES_OPEN, 13, "fs, ino", "status, size, mode", "count an opener (any client)")         \
	X(FILES_CLOSE, 14, "fs, ino", "status",                                                    \
	  "an opener less; the last of an unlinked file frees it")                                 \
	X(FILES_SYNC, 15, "fs or 0 for all", "status",                                             \
	  "metadata and disk cache to stable storage")                                             \
	X(FILES_NEW_TMPFS, 16, "limit in pages", "status, fs", "make an empty tmpfs")              \
	X(FILES_ATTACH_POOL, 20, "cap 0: Pool with DMA", "status", "the pager's pool, once")       \
	X(FILES_READ_PAGES, 21, "fs, ino, first page of the file, count n, n pool pages",          \
	  "status, word of bits: page i is a hole (the pager zeroes it)",                          \
	  "disk to the pool's pages; bytes behind the end of file are undefined")                  \
	X(FILES_WRITE_PAGES, 22, "fs, ino, first page of the file, count n, n pool pages",         \
	  "status", "the pool's pages to blocks that FILES_ALLOCATE has given")                    \
	X(FILES_ALLOCATE, 23, "fs, ino, first page of the file, count", "status",                  \
	  "give every page of the range a place on the disk, or STATUS_NOSPC")                     \
	X(FILES_SET_SIZE, 24, "fs, ino, bytes", "status",                                          \
	  "set the size; shrinking frees the blocks behind; growing leaves a hole; sets mtime")    \
	X(FILES_POWER_OFF, 25, "-", "status", "sync, mark every file system clean; then read-only")

enum files_label {
#define FILES_ENUM(name, label, in, out, text) name = label,
	FILES_LIST(FILES_ENUM)
#undef FILES_ENUM
};

#endif
