/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From blocks of a file to blocks of the disk, and the changes to that map.
 *
 * Two formats: extent trees, read and changed through libext2fs's extent
 * cursor, and the block maps of ext2 and ext3, through ext2fs_bmap2 and
 * ext2fs_punch. Each run handed out lies on the disk behind the first data
 * block. libext2fs keeps the inode of a map open here in step: it changes
 * i_block and i_blocks in place.
 *
 * Truncation deletes extents from the end (ext2fs_punch in 1.47.0 refuses an
 * extent that ends with the last block of the disk).
 */
#include "servers/files/ext4_private.h"

#define EXTENT_MAX EXT_INIT_MAX_LEN /* blocks */

int64_t ext4_map_open(struct ext4 *ext4, struct ext4_inode *inode, struct ext4_map *map)
{
	map->ext4 = ext4;
	map->inode = inode;
	map->extents = NULL;
	if (!ext4_has_extents(inode)) {
		return 0;
	}
	return ext4_status(
		ext2fs_extent_open2(ext4->fs, inode->ino, ext4_small(inode), &map->extents));
}

void ext4_map_close(struct ext4_map *map)
{
	ext2fs_extent_free(map->extents);
	map->extents = NULL;
}

static bool run_is_on_disk(const struct ext4 *ext4, uint64_t physical, uint64_t length)
{
	uint64_t blocks = ext2fs_blocks_count(ext4->fs->super);

	return length > 0 && physical >= ext4->fs->super->s_first_data_block && physical < blocks &&
	       length <= blocks - physical;
}

/*
 * Move the cursor to the next leaf extent; 1, 0 at the end. Not by
 * EXT2_EXTENT_NEXT_LEAF, which goes through the same node once more when the
 * cursor got there by ext2fs_extent_goto.
 */
static int64_t next_leaf(struct ext4_map *map, struct ext2fs_extent *extent)
{
	errcode_t error = ext2fs_extent_get(map->extents, EXT2_EXTENT_NEXT_SIB, extent);

	while (error == EXT2_ET_EXTENT_NO_NEXT) {
		error = ext2fs_extent_get(map->extents, EXT2_EXTENT_UP, extent);
		if (error == EXT2_ET_EXTENT_NO_UP) {
			return 0;
		}
		if (!error) {
			error = ext2fs_extent_get(map->extents, EXT2_EXTENT_NEXT_SIB, extent);
		}
	}
	while (!error && !(extent->e_flags & EXT2_EXTENT_FLAGS_LEAF)) {
		error = ext2fs_extent_get(map->extents, EXT2_EXTENT_DOWN, extent);
	}
	return error ? ext4_status(error) : 1;
}

/* Put the cursor on the extent that holds `logical`, or else the next one. 1, 0 if none. */
static int64_t seek(struct ext4_map *map, uint64_t logical, struct ext2fs_extent *extent)
{
	errcode_t error = ext2fs_extent_goto2(map->extents, 0, logical);
	int64_t status;

	if (error && error != EXT2_ET_EXTENT_NOT_FOUND) {
		return ext4_status(error);
	}
	/* In a hole the cursor is on the extent before or behind it, if there is any. */
	error = ext2fs_extent_get(map->extents, EXT2_EXTENT_CURRENT, extent);
	if (error == EXT2_ET_NO_CURRENT_NODE) {
		return 0;
	}
	status = ext4_status(error);
	if (status == 0 && extent->e_lblk + extent->e_len <= logical) {
		status = next_leaf(map, extent);
		if (status != 1) {
			return status;
		}
		status = 0;
	}
	if (status != 0) {
		return status;
	}
	if (!(extent->e_flags & EXT2_EXTENT_FLAGS_LEAF) ||
	    extent->e_lblk + extent->e_len <= logical ||
	    !run_is_on_disk(map->ext4, extent->e_pblk, extent->e_len)) {
		return -STATUS_UCLEAN;
	}
	return 1;
}

static int64_t next_extent(struct ext4_map *map, uint64_t logical, uint64_t end,
			   struct ext4_run *run)
{
	struct ext2fs_extent extent;
	uint64_t skipped;
	int64_t status = seek(map, logical, &extent);

	if (status != 1 || extent.e_lblk >= end) {
		return status == 1 ? 0 : status;
	}
	run->logical = extent.e_lblk > logical ? extent.e_lblk : logical;
	skipped = run->logical - extent.e_lblk;
	run->physical = extent.e_pblk + skipped;
	run->length = extent.e_len - skipped;
	if (run->length > end - run->logical) {
		run->length = end - run->logical;
	}
	run->unwritten = (extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) != 0;
	return 1;
}

static int64_t next_mapped(struct ext4_map *map, uint64_t logical, uint64_t end,
			   struct ext4_run *run)
{
	struct ext4 *ext4 = map->ext4;

	run->length = 0;
	run->unwritten = false;
	for (uint64_t at = logical; at < end && at <= UINT32_MAX; at++) {
		blk64_t physical = 0;
		errcode_t error = ext2fs_bmap2(ext4->fs, map->inode->ino, ext4_small(map->inode),
					       NULL, 0, at, NULL, &physical);

		if (error) {
			return ext4_status(error);
		}
		if (ext4->cache.budget == 0) {
			return -STATUS_UCLEAN;
		}
		ext4->cache.budget--; /* a huge hole is no reason to hang either */
		if (physical != 0 && run->length == 0) {
			run->logical = at;
			run->physical = physical;
			run->length = 1;
		} else if (physical != 0 && physical == run->physical + run->length) {
			run->length++;
		} else if (run->length > 0) {
			break;
		}
	}
	if (run->length == 0) {
		return 0;
	}
	return run_is_on_disk(ext4, run->physical, run->length) ? 1 : -STATUS_UCLEAN;
}

int64_t ext4_map_next(struct ext4_map *map, uint64_t logical, uint64_t end, struct ext4_run *run)
{
	if (logical >= end) {
		return 0;
	}
	return map->extents ? next_extent(map, logical, end, run)
			    : next_mapped(map, logical, end, run);
}

/* ---- changes ---- */

int64_t ext4_map_find_free(struct ext4 *ext4, uint64_t goal, uint64_t count, uint64_t *first,
			   uint64_t *length)
{
	ext2fs_block_bitmap map = ext4->fs->block_map;
	uint64_t start = ext4->fs->super->s_first_data_block;
	uint64_t last = ext2fs_blocks_count(ext4->fs->super) - 1;
	blk64_t found, end;
	errcode_t error;

	if (goal < start || goal > last) {
		goal = start;
	}
	error = ext2fs_find_first_zero_block_bitmap2(map, goal, last, &found);
	if (error && goal > start) {
		error = ext2fs_find_first_zero_block_bitmap2(map, start, goal - 1, &found);
	}
	if (error) {
		return -STATUS_NOSPC;
	}
	if (last - found >= count) {
		last = found + count - 1;
	}
	if (ext2fs_find_first_set_block_bitmap2(map, found, last, &end) != 0) {
		end = last + 1;
	}
	*first = found;
	*length = end - found;
	return 0;
}

static void claim(struct ext4 *ext4, uint64_t first, uint64_t length, int in_use)
{
	ext2_filsys fs = ext4->fs;

	ext2fs_block_alloc_stats_range(fs, first, (blk_t)length, in_use);
	for (uint64_t i = 0; i < length;) {
		dgrp_t group = ext2fs_group_of_blk2(fs, first + i);

		ext4_touch_block_bitmap(ext4, first + i);
		i = ext2fs_group_last_block2(fs, group) + 1 - first;
	}
}

/* Enter a run of blocks into the extent tree, as part of its left neighbour if possible. */
static int64_t insert_extent(struct ext4_map *map, uint64_t logical, uint64_t physical,
			     uint64_t length)
{
	struct ext2fs_extent current;
	struct ext2fs_extent added = {
		.e_lblk = logical, .e_pblk = physical, .e_len = (uint32_t)length};
	errcode_t error = ext2fs_extent_goto2(map->extents, 0, logical);

	if (error && error != EXT2_ET_EXTENT_NOT_FOUND) {
		return ext4_status(error);
	}
	error = ext2fs_extent_get(map->extents, EXT2_EXTENT_CURRENT, &current);
	if (error == EXT2_ET_NO_CURRENT_NODE) {
		return ext4_status(ext2fs_extent_insert(map->extents, 0, &added));
	}
	if (error) {
		return ext4_status(error);
	}
	if (current.e_lblk + current.e_len == logical &&
	    current.e_pblk + current.e_len == physical &&
	    !(current.e_flags & EXT2_EXTENT_FLAGS_UNINIT) && current.e_len + length <= EXTENT_MAX) {
		current.e_len += (uint32_t)length;
		return ext4_status(ext2fs_extent_replace(map->extents, 0, &current));
	}
	error = ext2fs_extent_insert(
		map->extents, logical < current.e_lblk ? 0 : EXT2_EXTENT_INSERT_AFTER, &added);
	if (!error) {
		error = ext2fs_extent_fix_parents(map->extents);
	}
	return ext4_status(error);
}

static int64_t fill_mapped(struct ext4_map *map, uint64_t logical)
{
	blk64_t physical = 0;
	errcode_t error = ext2fs_bmap2(map->ext4->fs, map->inode->ino, ext4_small(map->inode), NULL,
				       BMAP_ALLOC, logical, NULL, &physical);

	return error ? ext4_status(error) : 1;
}

int64_t ext4_map_fill(struct ext4_map *map, uint64_t logical, uint64_t count, uint64_t goal)
{
	struct ext4 *ext4 = map->ext4;
	uint64_t first, length;
	int64_t status;

	if (!map->extents) {
		return fill_mapped(map, logical);
	}
	if (goal == 0) {
		goal = ext2fs_find_inode_goal(ext4->fs, map->inode->ino, ext4_small(map->inode),
					      logical);
	}
	status = ext4_map_find_free(ext4, goal, count < EXTENT_MAX ? count : EXTENT_MAX, &first,
				    &length);
	if (status != 0) {
		return status;
	}
	/* Claimed first, so that a new node of the tree does not take the same blocks. */
	claim(ext4, first, length, 1);
	status = insert_extent(map, logical, first, length);
	if (status != 0) {
		claim(ext4, first, length, -1);
		return status;
	}
	ext2fs_iblk_add_blocks(ext4->fs, ext4_small(map->inode), length);
	return (int64_t)length;
}

int64_t ext4_map_set_written(struct ext4_map *map, uint64_t logical, uint64_t physical)
{
	return ext4_status(ext2fs_extent_set_bmap(map->extents, logical, physical, 0));
}

static int64_t truncate_extents(struct ext4_map *map, uint64_t first)
{
	struct ext4 *ext4 = map->ext4;

	/* Each round removes or shortens the last extent: as many rounds as extents. */
	for (;;) {
		struct ext2fs_extent extent;
		uint64_t keep, freed;
		errcode_t error = ext2fs_extent_get(map->extents, EXT2_EXTENT_ROOT, &extent);

		if (error == EXT2_ET_EXTENT_NO_NEXT) {
			return 0; /* empty */
		}
		if (!error) {
			error = ext2fs_extent_get(map->extents, EXT2_EXTENT_LAST_LEAF, &extent);
		}
		if (error) {
			return ext4_status(error);
		}
		if (extent.e_lblk + extent.e_len <= first) {
			return 0;
		}
		if (!run_is_on_disk(ext4, extent.e_pblk, extent.e_len)) {
			return -STATUS_UCLEAN;
		}
		keep = extent.e_lblk < first ? first - extent.e_lblk : 0;
		freed = extent.e_pblk + keep;
		claim(ext4, freed, extent.e_len - keep, -1);
		ext2fs_iblk_sub_blocks(ext4->fs, ext4_small(map->inode), extent.e_len - keep);
		if (keep > 0) {
			extent.e_len = (uint32_t)keep;
			return ext4_status(ext2fs_extent_replace(map->extents, 0, &extent));
		}
		error = ext2fs_extent_delete(map->extents, 0);
		if (error) {
			return ext4_status(error);
		}
	}
}

int64_t ext4_map_truncate(struct ext4 *ext4, struct ext4_inode *inode, uint64_t first)
{
	struct ext4_map map;
	int64_t status = ext4_map_check(ext4, inode);

	if (status != 0) {
		return status;
	}
	if (!ext4_has_extents(inode)) {
		return first > UINT32_MAX
			       ? 0
			       : ext4_status(ext2fs_punch(ext4->fs, inode->ino, ext4_small(inode),
							  NULL, first, ~0ull));
	}
	status = ext4_map_open(ext4, inode, &map);
	if (status == 0) {
		status = truncate_extents(&map, first);
		ext4_map_close(&map);
	}
	return status;
}

/* One step of the check; `next` is the first logical block that may come now. */
static int64_t check_extent(struct ext4 *ext4, const struct ext2fs_extent *extent, bool is_leaf,
			    uint64_t *next)
{
	if (!is_leaf) {
		return extent->e_lblk < *next || !run_is_on_disk(ext4, extent->e_pblk, 1)
			       ? -STATUS_UCLEAN
			       : 0;
	}
	if (extent->e_len == 0 || extent->e_lblk < *next ||
	    !run_is_on_disk(ext4, extent->e_pblk, extent->e_len)) {
		return -STATUS_UCLEAN;
	}
	*next = extent->e_lblk + extent->e_len;
	return 0;
}

int64_t ext4_map_check(struct ext4 *ext4, struct ext4_inode *inode)
{
	struct ext2fs_extent extent;
	struct ext4_map map;
	uint64_t next = 0;
	int64_t status = 0;
	errcode_t error;

	if (!ext4_has_extents(inode) || ext4->checked[inode->ino % EXT4_CHECKED] == inode->ino) {
		return 0;
	}
	status = ext4_map_open(ext4, inode, &map);
	if (status != 0) {
		return status;
	}
	error = ext2fs_extent_get(map.extents, EXT2_EXTENT_ROOT, &extent);
	/* Ascending logical blocks make every node different; the cache's budget bounds the rest. */
	while (!error && status == 0) {
		bool is_leaf = (extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) != 0;

		if (is_leaf || !(extent.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT)) {
			status = check_extent(ext4, &extent, is_leaf, &next);
		}
		if (status == 0) {
			error = ext2fs_extent_get(map.extents, EXT2_EXTENT_NEXT, &extent);
		}
	}
	ext4_map_close(&map);
	if (status == 0 && error != EXT2_ET_EXTENT_NO_NEXT) {
		status = ext4_status(error);
	}
	if (status == 0) {
		ext4->checked[inode->ino % EXT4_CHECKED] = inode->ino;
	}
	return status;
}
