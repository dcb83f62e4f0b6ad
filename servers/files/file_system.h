/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a file system offers to the rest of the server. ext4 and tmpfs
 * implement it; requests.c calls it with arguments that are already checked:
 * names have 1..FILES_NAME_MAX bytes and hold neither '/' nor 0; counts are
 * within the protocol's bounds. Inode numbers are not checked.
 *
 * Every function returns 0 (or the result ≥ 0 it documents) or a negative
 * number of servers/protocol/status.h.
 */
#ifndef SERVERS_FILES_FILE_SYSTEM_H
#define SERVERS_FILES_FILE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/protocol/files.h"
#include "servers/protocol/status.h"

#define PAGE_BYTES 4096u

/* Linux's st_mode and DT_ values. */
#define MODE_TYPE 0170000u
#define MODE_SOCKET 0140000u
#define MODE_LINK 0120000u
#define MODE_REGULAR 0100000u
#define MODE_BLOCK 0060000u
#define MODE_DIRECTORY 0040000u
#define MODE_CHARACTER 0020000u
#define MODE_FIFO 0010000u

static inline uint8_t mode_to_record_type(uint32_t mode)
{
	return (uint8_t)((mode & MODE_TYPE) >> 12); /* DT_* are the type bits */
}

static inline bool mode_is_known(uint32_t mode)
{
	switch (mode & MODE_TYPE) {
	case MODE_SOCKET:
	case MODE_LINK:
	case MODE_REGULAR:
	case MODE_BLOCK:
	case MODE_DIRECTORY:
	case MODE_CHARACTER:
	case MODE_FIFO:
		return true;
	}
	return false;
}

struct name {
	const char *text; /* not terminated */
	unsigned length;
};

struct creation {
	uint32_t mode; /* type and permission bits */
	uint32_t rdev, uid, gid;
	const char *target; /* of a symbolic link, not terminated; else NULL */
	unsigned target_length;
};

struct statistics {
	uint64_t type, block_size, blocks, free, available, inodes, free_inodes;
};

/* Where directory records go. */
struct record_buffer {
	char *base;
	size_t size, used;
	unsigned count;
};

/* Append a record; false if it does not fit. */
bool record_append(struct record_buffer *records, uint64_t ino, uint64_t cookie, uint8_t type,
		   const struct name *name);

/* "." and "..". */
static inline bool name_is_dots(const struct name *name)
{
	return name->text[0] == '.' &&
	       (name->length == 1 || (name->length == 2 && name->text[1] == '.'));
}

struct file_system;

struct file_system_operations {
	int64_t (*root)(struct file_system *fs, uint64_t *ino);
	int64_t (*lookup)(struct file_system *fs, uint64_t directory, const struct name *name,
			  uint64_t *ino);
	int64_t (*get_attributes)(struct file_system *fs, uint64_t ino,
				  struct file_attributes *attributes);
	int64_t (*set_attributes)(struct file_system *fs, uint64_t ino, uint64_t mask,
				  const struct file_attributes *attributes);
	int64_t (*create)(struct file_system *fs, uint64_t directory, const struct name *name,
			  const struct creation *creation, uint64_t *ino);
	/* Returns the length, at most `size`. */
	int64_t (*read_link)(struct file_system *fs, uint64_t ino, char *target, size_t size);
	int64_t (*link)(struct file_system *fs, uint64_t directory, const struct name *name,
			uint64_t ino);
	int64_t (*unlink)(struct file_system *fs, uint64_t directory, const struct name *name,
			  bool is_directory, uint64_t *ino, uint64_t *links);
	int64_t (*rename)(struct file_system *fs, uint64_t directory, const struct name *name,
			  uint64_t new_directory, const struct name *new_name, bool no_replace,
			  uint64_t *replaced);
	int64_t (*read_directory)(struct file_system *fs, uint64_t directory, uint64_t cookie,
				  struct record_buffer *records);
	int64_t (*statistics)(struct file_system *fs, struct statistics *statistics);
	/* The last opener of an unlinked file is gone. */
	int64_t (*release)(struct file_system *fs, uint64_t ino);
	/* Bit i of `holes`: page first + i has no place on the disk. */
	int64_t (*read_pages)(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			      const uint64_t *pages, uint64_t *holes);
	int64_t (*write_pages)(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			       const uint64_t *pages);
	int64_t (*allocate)(struct file_system *fs, uint64_t ino, uint64_t first, uint64_t count);
	int64_t (*set_size)(struct file_system *fs, uint64_t ino, uint64_t size);
	int64_t (*sync)(struct file_system *fs);
	int64_t (*power_off)(struct file_system *fs);
};

struct file_system {
	const struct file_system_operations *operations;
	uint32_t number; /* as clients name it */
};

/*
 * Open files (open_files.c): how many openers an inode has, whatever client
 * they belong to, and whether its last name is gone.
 */
struct open_file {
	struct open_file *next;
	uint64_t ino;
	uint32_t fs;
	uint32_t openers;
	bool unlinked;
};

/* NULL if nobody has it open. */
struct open_file *open_file_find(const struct file_system *fs, uint64_t ino);
/* Count an opener; -STATUS_NOMEM, -STATUS_NFILE. */
int64_t open_file_add(const struct file_system *fs, uint64_t ino);
/* An opener less. Returns 1 if that was the last one of an unlinked file, which the caller then
 * releases; 0 if not; -STATUS_BADF if nobody had it open. */
int64_t open_file_remove(const struct file_system *fs, uint64_t ino);
/* Any open and unlinked file of `fs`, taken off the list; 0 if there is none. */
uint64_t open_file_take_unlinked(const struct file_system *fs);

/*
 * Set by whoever took memory that outlives the request. ext4 then looks
 * whether enough is left for its work, before the next request that needs it.
 */
extern bool heap_has_grown;

/* Wall-clock time, nanoseconds since 1970 (clock.c; the host tests have their own). */
int64_t clock_now(void);

#endif
