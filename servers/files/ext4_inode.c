/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes: reading with checks, making and freeing, orphans.
 *
 * An unlinked inode that is still open is an orphan: link count 0, its blocks
 * allocated, on the list that begins at s_last_orphan and goes on in i_dtime.
 * e2fsck, Linux and our next run free what is on the list. When the last
 * opener goes, it is taken off and freed.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/ext4_private.h"
#include "servers/lib/objects.h"

#define LINKS_MAX 65000u
#define FAST_LINK 60 /* bytes of i_block */

/* ---- reading and checking ---- */

static bool extent_root_is_sound(const struct ext4_inode *inode)
{
	const struct ext3_extent_header *header =
		(const struct ext3_extent_header *)(const void *)inode->raw.i_block;
	bool is_empty = true;

	for (unsigned i = 0; i < EXT2_N_BLOCKS; i++) {
		is_empty = is_empty && inode->raw.i_block[i] == 0;
	}
	return is_empty ||
	       (header->eh_magic == EXT3_EXT_MAGIC && header->eh_max <= 4 &&
		header->eh_entries <= header->eh_max && header->eh_depth <= EXT4_DEPTH_MAX &&
		(header->eh_depth == 0 || header->eh_entries > 0));
}

static int64_t check_inode(struct ext4 *ext4, const struct ext4_inode *inode)
{
	uint64_t size = ext4_size(inode);

	if (!mode_is_known(inode->raw.i_mode)) {
		return -STATUS_UCLEAN;
	}
	if (inode->raw.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT4_VERITY_FL |
				  EXT4_EA_INODE_FL | EXT4_CASEFOLD_FL)) {
		return -STATUS_UCLEAN;
	}
	if (ext4_has_extents(inode) && !extent_root_is_sound(inode)) {
		return -STATUS_UCLEAN;
	}
	if (ext4_blocks_of(ext4, size) > 1ull << 32) {
		return -STATUS_UCLEAN;
	}
	if (ext4_is(inode, MODE_DIRECTORY) &&
	    (size == 0 || size % ext4->fs->blocksize != 0 ||
	     size >> ext4->block_shift > ext2fs_blocks_count(ext4->fs->super))) {
		return -STATUS_UCLEAN;
	}
	return 0;
}

/* Read an inode that may be named by a client: the root or an ordinary one. */
static int64_t read_inode(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode)
{
	if (ino > ext4->fs->super->s_inodes_count ||
	    (ino != EXT2_ROOT_INO && ino < EXT2_FIRST_INODE(ext4->fs->super))) {
		return -STATUS_STALE;
	}
	memset(inode, 0, sizeof(*inode));
	inode->ino = (uint32_t)ino;
	return ext4_status(ext2fs_read_inode_full(ext4->fs, inode->ino, ext4_small(inode),
						  sizeof(inode->raw)));
}

int64_t ext4_inode_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode)
{
	int64_t status = read_inode(ext4, ino, inode);

	if (status != 0) {
		return status;
	}
	if (inode->raw.i_links_count == 0) {
		const struct open_file *file = open_file_find(&ext4->base, ino);

		if (!file || !file->unlinked) {
			return -STATUS_STALE;
		}
	}
	return check_inode(ext4, inode);
}

int64_t ext4_directory_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode)
{
	int64_t status = ext4_inode_load(ext4, ino, inode);

	return status == 0 && !ext4_is(inode, MODE_DIRECTORY) ? -STATUS_NOTDIR : status;
}

int64_t ext4_file_load(struct ext4 *ext4, uint64_t ino, struct ext4_inode *inode)
{
	int64_t status = ext4_inode_load(ext4, ino, inode);

	if (status == 0 && ext4_is(inode, MODE_DIRECTORY)) {
		return -STATUS_ISDIR;
	}
	return status == 0 && !ext4_is(inode, MODE_REGULAR) ? -STATUS_INVAL : status;
}

int64_t ext4_inode_store(struct ext4 *ext4, struct ext4_inode *inode)
{
	return ext4_status(ext2fs_write_inode_full(ext4->fs, inode->ino, ext4_small(inode),
						   sizeof(inode->raw)));
}

/* ---- links ---- */

int64_t ext4_links_check(const struct ext4 *ext4, const struct ext4_inode *inode)
{
	if (inode->raw.i_links_count < LINKS_MAX) {
		return 0;
	}
	return ext4_is(inode, MODE_DIRECTORY) && ext2fs_has_feature_dir_nlink(ext4->fs->super)
		       ? 0
		       : -STATUS_MLINK;
}

void ext4_links_add(struct ext4_inode *inode)
{
	/* A directory with too many subdirectories has link count 1 for ever (dir_nlink). */
	if (ext4_is(inode, MODE_DIRECTORY) &&
	    (inode->raw.i_links_count >= LINKS_MAX || inode->raw.i_links_count == 1)) {
		inode->raw.i_links_count = 1;
	} else {
		inode->raw.i_links_count++;
	}
}

void ext4_links_remove(struct ext4_inode *inode)
{
	if (ext4_is(inode, MODE_DIRECTORY) ? inode->raw.i_links_count > 2
					   : inode->raw.i_links_count > 0) {
		inode->raw.i_links_count--;
	}
}

/* ---- making ---- */

/* Give the file one block with what is in ext4->block. */
static int64_t add_first_block(struct ext4 *ext4, struct ext4_inode *inode)
{
	struct ext4_map map;
	struct ext4_run run;
	int64_t status = ext4_map_open(ext4, inode, &map);

	if (status != 0) {
		return status;
	}
	status = ext4_map_fill(&map, 0, 1, 0);
	if (status == 1) {
		status = ext4_map_next(&map, 0, 1, &run);
	}
	if (status == 1) {
		status = ext4_inode_store(ext4, inode); /* the checksum of a directory needs it */
	} else if (status == 0) {
		status = -STATUS_UCLEAN;
	}
	if (status == 0 && ext4_is(inode, MODE_DIRECTORY)) {
		status = ext4_status(ext2fs_write_dir_block4(ext4->fs, run.physical, ext4->block, 0,
							     inode->ino));
	} else if (status == 0) {
		status = ext4_status(
			io_channel_write_blk64(ext4->fs->io, run.physical, 1, ext4->block));
	}
	ext4_map_close(&map);
	return status;
}

static int64_t fill_link(struct ext4 *ext4, const struct creation *creation,
			 struct ext4_inode *inode)
{
	if (creation->target_length >= ext4->fs->blocksize) {
		return -STATUS_NAMETOOLONG;
	}
	inode->raw.i_size = creation->target_length;
	if (creation->target_length < FAST_LINK) {
		inode->raw.i_flags &= ~(uint32_t)EXT4_EXTENTS_FL;
		memset(inode->raw.i_block, 0, FAST_LINK);
		memcpy(inode->raw.i_block, creation->target, creation->target_length);
		return 0;
	}
	memset(ext4->block, 0, ext4->fs->blocksize);
	memcpy(ext4->block, creation->target, creation->target_length);
	return add_first_block(ext4, inode);
}

static int64_t fill_directory(struct ext4 *ext4, uint32_t parent, struct ext4_inode *inode)
{
	char *block;
	errcode_t error = ext2fs_new_dir_block(ext4->fs, inode->ino, parent, &block);

	if (error) {
		return ext4_status(error);
	}
	memcpy(ext4->block, block, ext4->fs->blocksize);
	ext2fs_free_mem(&block);
	inode->raw.i_size = ext4->fs->blocksize;
	return add_first_block(ext4, inode);
}

static void account_inode(struct ext4 *ext4, const struct ext4_inode *inode, int in_use)
{
	ext2fs_inode_alloc_stats2(ext4->fs, inode->ino, in_use, ext4_is(inode, MODE_DIRECTORY));
	ext4_touch_inode_bitmap(ext4, inode->ino);
}

/* An empty inode of the wanted kind, written to its place. */
static int64_t write_new(struct ext4 *ext4, const struct creation *creation,
			 struct ext4_inode *inode)
{
	bool has_blocks = (creation->mode & MODE_TYPE) == MODE_REGULAR ||
			  (creation->mode & MODE_TYPE) == MODE_DIRECTORY ||
			  (creation->mode & MODE_TYPE) == MODE_LINK;
	ext2_extent_handle_t extents = NULL;
	errcode_t error;

	inode->raw.i_mode = (uint16_t)creation->mode;
	inode->raw.i_links_count = (creation->mode & MODE_TYPE) == MODE_DIRECTORY ? 2 : 1;
	ext4_set_owner(inode, creation->uid, creation->gid);
	if (has_blocks && ext2fs_has_feature_extents(ext4->fs->super)) {
		inode->raw.i_flags |= EXT4_EXTENTS_FL;
		error = ext2fs_extent_open2(ext4->fs, inode->ino, ext4_small(inode), &extents);
		if (error) {
			return ext4_status(error);
		}
		ext2fs_extent_free(extents); /* it has made the empty tree's header */
	} else if (!has_blocks) {
		ext4_set_rdev(inode, creation->rdev);
	}
	/* This clears the rest of the inode's place, and says how much of it is in use. */
	error = ext2fs_write_new_inode(ext4->fs, inode->ino, ext4_small(inode));
	if (!error) {
		error = ext2fs_read_inode_full(ext4->fs, inode->ino, ext4_small(inode),
					       sizeof(inode->raw));
	}
	ext4_inode_born(ext4, inode);
	return ext4_status(error);
}

int64_t ext4_inode_make(struct ext4 *ext4, uint32_t parent, const struct creation *creation,
			struct ext4_inode *inode)
{
	ext2_ino_t ino;
	int64_t status =
		ext4_status(ext2fs_new_inode(ext4->fs, parent, (int)creation->mode, NULL, &ino));

	if (status != 0) {
		return status;
	}
	memset(inode, 0, sizeof(*inode));
	inode->ino = ino;
	ext4->checked[ino % EXT4_CHECKED] = 0;
	status = write_new(ext4, creation, inode);
	if (status != 0) {
		return status;
	}
	account_inode(ext4, inode, 1);
	if (ext4_is(inode, MODE_LINK)) {
		status = fill_link(ext4, creation, inode);
	} else if (ext4_is(inode, MODE_DIRECTORY)) {
		status = fill_directory(ext4, parent, inode);
	}
	if (status == 0) {
		status = ext4_inode_store(ext4, inode);
	}
	if (status != 0) {
		inode->raw.i_links_count = 0;
		ext4_inode_free(ext4, inode);
	}
	return status;
}

/* ---- freeing ---- */

static bool may_have_blocks(const struct ext4_inode *inode)
{
	return ext4_is(inode, MODE_REGULAR) || ext4_is(inode, MODE_DIRECTORY) ||
	       (ext4_is(inode, MODE_LINK) &&
		(ext4_has_extents(inode) || ext4_size(inode) >= FAST_LINK));
}

int64_t ext4_inode_free(struct ext4 *ext4, struct ext4_inode *inode)
{
	int64_t status = 0, attributes = 0;

	ext4_forget_beyond(ext4, inode->ino);
	if (may_have_blocks(inode)) {
		status = ext4_map_truncate(ext4, inode, 0);
	}
	attributes = ext4_status(ext2fs_free_ext_attr(ext4->fs, inode->ino, &inode->raw));
	if (status != 0) {
		/* Corrupt: what could not be freed stays allocated, for e2fsck to find. */
		ext4_inode_store(ext4, inode);
		return status;
	}
	ext4->checked[inode->ino % EXT4_CHECKED] = 0;
	if (ext4_is(inode, MODE_DIRECTORY)) {
		name_cache_forget(&ext4->names, inode->ino);
	}
	inode->raw.i_size = 0;
	inode->raw.i_size_high = 0;
	inode->raw.i_links_count = 0;
	inode->raw.i_dtime = (uint32_t)ext4->fs->now;
	status = ext4_inode_store(ext4, inode);
	account_inode(ext4, inode, -1);
	return status ? status : attributes;
}

/* Take an inode off the orphan list; its i_dtime then has no meaning. */
static int64_t orphan_remove(struct ext4 *ext4, struct ext4_inode *inode)
{
	struct ext2_super_block *super = ext4->fs->super;
	struct ext4_inode other;
	uint32_t ino = super->s_last_orphan;
	int64_t status = 0;

	if (ino == inode->ino) {
		super->s_last_orphan = inode->raw.i_dtime;
		return 0;
	}
	while (ino != 0 && status == 0) {
		status = read_inode(ext4, ino, &other);
		if (status == 0 && other.raw.i_dtime == inode->ino) {
			other.raw.i_dtime = inode->raw.i_dtime;
			return ext4_inode_store(ext4, &other);
		}
		/* The list is short, but the budget ends it if it is a circle. */
		if (ext4->cache.budget == 0) {
			return -STATUS_UCLEAN;
		}
		ext4->cache.budget--;
		ino = other.raw.i_dtime;
	}
	return status;
}

int64_t ext4_inode_unlinked(struct ext4 *ext4, struct ext4_inode *inode)
{
	struct open_file *file = open_file_find(&ext4->base, inode->ino);

	inode->raw.i_links_count = 0;
	if (!file) {
		return ext4_inode_free(ext4, inode);
	}
	file->unlinked = true;
	ext4_inode_touch(ext4, inode, false);
	inode->raw.i_dtime = ext4->fs->super->s_last_orphan;
	ext4->fs->super->s_last_orphan = inode->ino;
	return ext4_inode_store(ext4, inode);
}

int64_t ext4_release(struct file_system *fs, uint64_t ino)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = read_inode(ext4, ino, &inode);
	}
	if (status == 0) {
		status = check_inode(ext4, &inode);
	}
	if (status == 0 && inode.raw.i_links_count != 0) {
		status = -STATUS_UCLEAN;
	}
	if (status == 0) {
		status = orphan_remove(ext4, &inode);
	}
	return status == 0 ? ext4_inode_free(ext4, &inode) : status;
}

int64_t ext4_orphans_free(struct ext4 *ext4)
{
	struct ext2_super_block *super = ext4->fs->super;
	unsigned count = 0;

	while (super->s_last_orphan != 0) {
		struct ext4_inode inode;
		int64_t status = read_inode(ext4, super->s_last_orphan, &inode);

		if (status == 0) {
			status = check_inode(ext4, &inode);
		}
		if (status != 0 || ++count > super->s_inodes_count) {
			return status ? status : -STATUS_UCLEAN;
		}
		super->s_last_orphan = inode.raw.i_dtime;
		inode.raw.i_dtime = 0;
		if (inode.raw.i_links_count == 0) {
			status = ext4_inode_free(ext4, &inode);
		} else {
			/* A truncation that was cut short. */
			status = ext4_map_truncate(ext4, &inode,
						   ext4_blocks_of(ext4, ext4_size(&inode)));
			status = status ? status : ext4_inode_store(ext4, &inode);
		}
		if (status != 0) {
			return status;
		}
	}
	if (count > 0) {
		log_print("files: freed %u files that were open when the last run ended\n", count);
	}
	return 0;
}

/* ---- symbolic links ---- */

int64_t ext4_read_link(struct file_system *fs, uint64_t ino, char *target, size_t size)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	struct ext4_map map;
	struct ext4_run run;
	uint64_t length;
	int64_t status = ext4_begin(ext4);

	if (status == 0) {
		status = ext4_inode_load(ext4, ino, &inode);
	}
	if (status != 0) {
		return status;
	}
	if (!ext4_is(&inode, MODE_LINK)) {
		return -STATUS_INVAL;
	}
	length = ext4_size(&inode);
	if (length == 0 || length > size || length > ext4->fs->blocksize) {
		return -STATUS_UCLEAN;
	}
	if (!may_have_blocks(&inode)) {
		memcpy(target, inode.raw.i_block, length);
		return (int64_t)length;
	}
	status = ext4_map_open(ext4, &inode, &map);
	if (status != 0) {
		return status;
	}
	status = ext4_map_next(&map, 0, 1, &run);
	ext4_map_close(&map);
	if (status == 1) {
		status =
			cache_read(&ext4->cache, run.physical << ext4->block_shift, target, length);
		return status == 0 ? (int64_t)length : status;
	}
	return status == 0 ? -STATUS_UCLEAN : status;
}
