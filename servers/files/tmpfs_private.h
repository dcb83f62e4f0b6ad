/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of tmpfs. */
#ifndef SERVERS_FILES_TMPFS_PRIVATE_H
#define SERVERS_FILES_TMPFS_PRIVATE_H

#include "servers/files/tmpfs.h"

#define TMPFS_BUCKETS 256

/* Pages of a file that were given: sorted, not touching each other. */
struct tmpfs_range {
	uint64_t first, count;
};

struct tmpfs_entry {
	struct tmpfs_entry *next, *previous; /* in the directory, ascending cookies */
	struct tmpfs_entry *hash_next;
	struct tmpfs_node *directory, *node;
	uint64_t cookie; /* of this record; FILES_READDIR goes on behind it */
	unsigned length;
	char text[];
};

struct tmpfs_node {
	struct tmpfs_node *hash_next;
	uint64_t ino;
	struct file_attributes attributes;
	/* directories */
	struct tmpfs_node *parent; /* of the root: itself */
	struct tmpfs_entry *first, *last;
	uint64_t next_cookie;
	/* symbolic links: attributes.size bytes */
	char *target;
	/* regular files */
	struct tmpfs_range *ranges;
	unsigned range_count, range_capacity;
	uint64_t pages;
};

struct tmpfs {
	struct file_system base;
	uint64_t limit, used; /* pages */
	uint64_t node_count;
	uint64_t next_ino;
	struct tmpfs_node *root;
	struct tmpfs_node *nodes[TMPFS_BUCKETS];
	struct tmpfs_entry *entries[TMPFS_BUCKETS];
};

static inline struct tmpfs *tmpfs_of(struct file_system *fs)
{
	return (struct tmpfs *)fs; /* base is the first member */
}

/* tmpfs.c */
struct tmpfs_node *tmpfs_node_find(struct tmpfs *tmpfs, uint64_t ino);

/* tmpfs_pages.c */
int64_t tmpfs_read_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			 const uint64_t *pages, uint64_t *holes);
int64_t tmpfs_write_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			  const uint64_t *pages);
int64_t tmpfs_allocate(struct file_system *fs, uint64_t ino, uint64_t first, uint64_t count);
int64_t tmpfs_set_size(struct file_system *fs, uint64_t ino, uint64_t size);
/* Take all pages of a file that is freed off the account. */
void tmpfs_drop_pages(struct tmpfs *tmpfs, struct tmpfs_node *node);

/* tmpfs_names.c */
int64_t tmpfs_lookup(struct file_system *fs, uint64_t directory, const struct name *name,
		     uint64_t *ino);
int64_t tmpfs_create(struct file_system *fs, uint64_t directory, const struct name *name,
		     const struct creation *creation, uint64_t *ino);
int64_t tmpfs_link(struct file_system *fs, uint64_t directory, const struct name *name,
		   uint64_t ino);
int64_t tmpfs_unlink(struct file_system *fs, uint64_t directory, const struct name *name,
		     bool is_directory, uint64_t *ino, uint64_t *links);
int64_t tmpfs_rename(struct file_system *fs, uint64_t directory, const struct name *name,
		     uint64_t new_directory, const struct name *new_name, bool no_replace,
		     uint64_t *replaced);
int64_t tmpfs_read_directory(struct file_system *fs, uint64_t directory, uint64_t cookie,
			     struct record_buffer *records);

/* tmpfs.c, for tmpfs_names.c */
struct tmpfs_node *tmpfs_node_new(struct tmpfs *tmpfs, const struct creation *creation);
void tmpfs_node_free(struct tmpfs *tmpfs, struct tmpfs_node *node);
void tmpfs_touch(struct tmpfs_node *node, bool modified);

#endif
