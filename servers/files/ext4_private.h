/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the ext4 file system: libext2fs on the block cache.
 *
 * libext2fs trusts some of what it reads. Before an inode or a directory
 * block is handed to it, the functions here have looked at it; see README.md,
 * "Hostile images".
 *
 * Functions return 0 (or a documented result) or a negative status unless
 * they return libext2fs's errcode_t.
 */
#ifndef SERVERS_FILES_EXT4_PRIVATE_H
#define SERVERS_FILES_EXT4_PRIVATE_H

#include <ext2fs/ext2fs.h>

#include "servers/files/cache.h"
#include "servers/files/ext4.h"
#include "servers/files/file_system.h"
#include "servers/files/name_cache.h"

#define EXT4_BEYOND_MAX 64 /* files that may have blocks behind their end */
#define EXT4_CHECKED 64	   /* files whose extent tree is known to be sound */
#define EXT4_DEPTH_MAX 5   /* of an extent tree */

struct ext4 {
	struct file_system base;
	struct device *device;
	struct cache cache;
	char *cache_memory;
	size_t cache_size;
	ext2_filsys fs; /* NULL: not mounted */
	struct struct_io_channel channel;

	bool tried;	/* mounting was tried; if fs is NULL, mount_status says why not */
	bool read_only; /* no request may change anything */
	bool was_clean; /* at mount; if not, it is never marked clean */
	bool dirty;	/* differs from what a sync left on the disk; marked not clean there */
	bool prepared;	/* bitmaps are loaded, orphans of the last run are gone */
	int64_t mount_status;
	unsigned block_shift; /* log2 bytes of a block */
	char *block;	      /* scratch, one block */
	bool boot_block_is_zero;

	uint8_t *dirty_groups; /* a bit a group: 2g its block bitmap, 2g + 1 its inode bitmap */
	uint32_t beyond[EXT4_BEYOND_MAX];
	unsigned beyond_count;
	uint32_t checked[EXT4_CHECKED]; /* by ino modulo EXT4_CHECKED */
	struct name_cache names;
};

struct ext4_inode {
	uint32_t ino;
	struct ext2_inode_large raw;
};

static inline struct ext4 *ext4_of(struct file_system *fs)
{
	return (struct ext4 *)fs; /* base is the first member */
}

static inline struct ext2_inode *ext4_small(struct ext4_inode *inode)
{
	return (struct ext2_inode *)&inode->raw;
}

static inline uint64_t ext4_size(const struct ext4_inode *inode)
{
	return inode->raw.i_size | (uint64_t)inode->raw.i_size_high << 32;
}

static inline bool ext4_is(const struct ext4_inode *inode, uint32_t type)
{
	return (inode->raw.i_mode & MODE_TYPE) == type;
}

static inline bool ext4_has_extents(const struct ext4_inode *inode)
{
	return (inode->raw.i_flags & EXT4_EXTENTS_FL) != 0;
}

/* Blocks that `bytes` take. */
static inline uint64_t ext4_blocks_of(const struct ext4 *ext4, uint64_t bytes)
{
	return (bytes >> ext4->block_shift) +
	       ((bytes & ((1u << ext4->block_shift) - 1)) != 0 ? 1 : 0);
}

/* ---- ext4_io.c ---- */

/* The status for an error of libext2fs; 0 for 0. */
int64_t ext4_status(errcode_t error);
/* The errcode for a negative status. */
errcode_t ext4_error(int64_t status);
/* The io_manager through which libext2fs reaches ext4->cache. */
io_manager ext4_io_manager(struct ext4 *ext4);

/* ---- ext4.c ---- */

/* Begin a request: mounts on first use, sets the loop guard. */
int64_t ext4_begin(struct ext4 *ext4);
/* Begin one that changes the file system: also marks it not clean, loads the bitmaps. */
int64_t ext4_begin_change(struct ext4 *ext4);
void ext4_touch_block_bitmap(struct ext4 *ext4, uint64_t block);
void ext4_touch_inode_bitmap(struct ext4 *ext4, uint32_t ino);

/* ---- ext4_inode.c ---- */

/*
 * Read an inode and check it: number, type, links, what i_block holds.
 * -STATUS_STALE: no such file (any more). -STATUS_UCLEAN: it is corrupt.
 */
int64_t ext4_inode_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode);
/* The same, also -STATUS_NOTDIR. */
int64_t ext4_directory_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode);
/* The same, also -STATUS_ISDIR or -STATUS_INVAL for what is not a regular file. */
int64_t ext4_file_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode);
int64_t ext4_inode_store(struct ext4 *ext4, struct ext4_inode *inode);
/* Whether the inode may get one more link (-STATUS_MLINK). */
int64_t ext4_links_check(const struct ext4 *ext4, const struct ext4_inode *inode);
/* One link more or less, as directories with very many subdirectories count them. */
void ext4_links_add(struct ext4_inode *inode);
void ext4_links_remove(struct ext4_inode *inode);
/*
 * Allocate and write a new inode without a name. A directory gets its first
 * block. Link count as after its name is added.
 */
int64_t ext4_inode_make(struct ext4 *ext4, uint32_t parent, const struct creation *creation,
			struct ext4_inode *inode);
/* Free a file whose last link and opener are gone, with all it has. */
int64_t ext4_inode_free(struct ext4 *ext4, struct ext4_inode *inode);
/* Its last link is gone: free it, or keep it as an orphan while it is open. Stores the inode. */
int64_t ext4_inode_unlinked(struct ext4 *ext4, struct ext4_inode *inode);
/* Free what the orphan list of an earlier run names. */
int64_t ext4_orphans_free(struct ext4 *ext4);

int64_t ext4_release(struct file_system *fs, uint64_t ino);
int64_t ext4_read_link(struct file_system *fs, uint64_t ino, char *target, size_t size);

/* ---- ext4_attributes.c ---- */

/* Set ctime, and mtime too, to now; the caller stores the inode. */
void ext4_inode_touch(struct ext4 *ext4, struct ext4_inode *inode, bool modified);
/* Set all times of a new inode to now. */
void ext4_inode_born(struct ext4 *ext4, struct ext4_inode *inode);
void ext4_set_owner(struct ext4_inode *inode, uint32_t uid, uint32_t gid);
/* `rdev` in Linux's encoding. */
void ext4_set_rdev(struct ext4_inode *inode, uint32_t rdev);
int64_t ext4_get_attributes(struct file_system *fs, uint64_t ino,
			    struct file_attributes *attributes);
int64_t ext4_set_attributes(struct file_system *fs, uint64_t ino, uint64_t mask,
			    const struct file_attributes *attributes);
/* ---- ext4_map.c: where a file's blocks are ---- */

struct ext4_map {
	struct ext4 *ext4;
	struct ext4_inode *inode;
	ext2_extent_handle_t extents; /* NULL for block-mapped files */
};

struct ext4_run {
	uint64_t logical, physical, length; /* blocks; lies on the disk */
	bool unwritten;			    /* has a place, reads as zeroes */
};

int64_t ext4_map_open(struct ext4 *ext4, struct ext4_inode *inode, struct ext4_map *map);
void ext4_map_close(struct ext4_map *map);
/*
 * The first run of mapped blocks in [logical, end), cut to that range.
 * Returns 1, 0 if there is none.
 */
int64_t ext4_map_next(struct ext4_map *map, uint64_t logical, uint64_t end, struct ext4_run *run);
/*
 * Give the hole at [logical, logical + count) blocks; as many as one run of
 * free blocks has. `goal`: where to look first, 0 = wherever. Returns how many
 * (≥ 1). The caller stores the inode.
 */
int64_t ext4_map_fill(struct ext4_map *map, uint64_t logical, uint64_t count, uint64_t goal);
/* A run of at most `count` free blocks, at `goal` or as soon behind it as possible. Not claimed. */
int64_t ext4_map_find_free(struct ext4 *ext4, uint64_t goal, uint64_t count, uint64_t *first,
			   uint64_t *length);
/* Make an unwritten block a written one. */
int64_t ext4_map_set_written(struct ext4_map *map, uint64_t logical, uint64_t physical);
/* Free all blocks from `first` on. The caller stores the inode. */
int64_t ext4_map_truncate(struct ext4 *ext4, struct ext4_inode *inode, uint64_t first);
/* Check a file's whole extent tree, before libext2fs changes it. */
int64_t ext4_map_check(struct ext4 *ext4, struct ext4_inode *inode);

/* ---- ext4_directory.c: directory blocks ---- */

struct ext4_directory {
	struct ext4 *ext4;
	struct ext4_inode inode;
	struct ext4_map map;
	struct ext4_run run;	    /* the run of blocks of which one is loaded */
	uint64_t blocks;	    /* size of the directory */
	uint64_t logical, physical; /* of the loaded block */
	char *data;		    /* the loaded block; shared by all directories */
};

struct ext4_record {
	unsigned offset, length; /* in the block */
	uint32_t ino;		 /* 0 = unused */
	uint8_t file_type;	 /* ext4's */
	struct name name;
};

/* Where a name is, and where a new one could go. */
struct ext4_place {
	uint64_t logical, physical; /* block */
	unsigned offset;	    /* record */
	unsigned previous;	    /* record before it in the block; = offset if it is the first */
	uint32_t ino;
	bool has_room; /* a record for the name fits at room_offset */
	uint64_t room_physical;
	unsigned room_offset;
};

int64_t ext4_directory_open(struct ext4 *ext4, uint64_t ino, struct ext4_directory *directory);
void ext4_directory_close(struct ext4_directory *directory);
/* Blocks of the disk were written by somebody: one of them may be the loaded one. */
void ext4_directory_block_written(uint64_t first, uint64_t count);
/* Load the first existing block from `logical` on. Returns 1, 0 at the end. */
int64_t ext4_directory_load_block(struct ext4_directory *directory, uint64_t logical);
/* The record at `offset` of the loaded block. Returns 1, 0 at the end of the block. */
int64_t ext4_directory_record(const struct ext4_directory *directory, unsigned offset,
			      struct ext4_record *record);
/* Find a name; 0 or -STATUS_NOENT. `place` also tells where there is room, if wanted. */
int64_t ext4_directory_find(struct ext4_directory *directory, const struct name *name,
			    struct ext4_place *place);
/* Add a name that ext4_directory_find did not find. */
int64_t ext4_directory_add(struct ext4_directory *directory, const struct name *name,
			   const struct ext4_place *place, const struct ext4_inode *target);
int64_t ext4_directory_remove(struct ext4_directory *directory, const struct ext4_place *place);
/* Let the record name another inode. */
int64_t ext4_directory_replace(struct ext4_directory *directory, const struct ext4_place *place,
			       const struct ext4_inode *target);
/* 1 if it holds nothing but "." and "..". */
int64_t ext4_directory_is_empty(struct ext4_directory *directory);

/* ---- ext4_names.c, ext4_rename.c ---- */

int64_t ext4_lookup(struct file_system *fs, uint64_t directory, const struct name *name,
		    uint64_t *ino);
int64_t ext4_create(struct file_system *fs, uint64_t directory, const struct name *name,
		    const struct creation *creation, uint64_t *ino);
int64_t ext4_link(struct file_system *fs, uint64_t directory, const struct name *name,
		  uint64_t ino);
int64_t ext4_unlink(struct file_system *fs, uint64_t directory, const struct name *name,
		    bool is_directory, uint64_t *ino, uint64_t *links);
int64_t ext4_rename(struct file_system *fs, uint64_t directory, const struct name *name,
		    uint64_t new_directory, const struct name *new_name, bool no_replace,
		    uint64_t *replaced);
int64_t ext4_read_directory(struct file_system *fs, uint64_t directory, uint64_t cookie,
			    struct record_buffer *records);
/* Shared with rename: account for a name that went away or came. */
int64_t ext4_name_removed(struct ext4 *ext4, struct ext4_inode *inode);
int64_t ext4_parent_changed(struct ext4 *ext4, uint32_t directory, int subdirectories);

/* ---- ext4_pages.c ---- */

int64_t ext4_read_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			const uint64_t *pages, uint64_t *holes);
int64_t ext4_write_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			 const uint64_t *pages);
int64_t ext4_allocate(struct file_system *fs, uint64_t ino, uint64_t first, uint64_t count);
int64_t ext4_set_size(struct file_system *fs, uint64_t ino, uint64_t size);
/* Free blocks behind the ends of files, which nobody made use of. */
int64_t ext4_trim_beyond(struct ext4 *ext4);
void ext4_forget_beyond(struct ext4 *ext4, uint32_t ino);

#endif
