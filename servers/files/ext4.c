/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext4: mounting, the clean mark, bitmaps, sync.
 *
 * The disk is mounted by the first request that names it. Bitmaps are loaded
 * and orphans of an earlier run freed by the first change.
 *
 * Clean mark: the first change after a sync writes the superblock without
 * EXT2_VALID_FS to stable storage before anything else is written; a sync
 * writes everything and then the superblock with it. So the mark on the disk
 * is set only while the disk is consistent. The journal is neither written
 * nor replayed: a file system with a journal to replay is mounted read-only.
 *
 * Only bitmaps of groups that changed are written (dirty_groups); the
 * callback of libext2fs tells of blocks, ext4_touch_inode_bitmap of inodes.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/ext4_private.h"
#include "servers/lib/objects.h"

#define SUPERBLOCK_BYTES 1024
#define INODE_CACHE 32
#define WORKING_BYTES 65536
#define BITARRAY_MAX (1ull << 23) /* blocks: 1 MiB of bits; larger disks use trees */

/* Features that may be there on a disk that is written. */
#define WRITABLE_RO_COMPAT                                                                         \
	(EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |                 \
	 EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |                      \
	 EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |                   \
	 EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)
/* Features without which the disk cannot be understood. */
#define KNOWN_INCOMPAT                                                                             \
	(EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER |                          \
	 EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_EXTENTS |                           \
	 EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG |                             \
	 EXT4_FEATURE_INCOMPAT_CSUM_SEED | EXT4_FEATURE_INCOMPAT_LARGEDIR)

static const struct file_system_operations ext4_operations;

struct file_system *ext4_new(struct device *device, char *memory, size_t size)
{
	struct ext4 *ext4 = calloc(1, sizeof(*ext4));

	if (!ext4) {
		return NULL;
	}
	ext4->base.operations = &ext4_operations;
	ext4->base.number = FILES_FS_DISK;
	ext4->device = device;
	ext4->cache_memory = memory;
	ext4->cache_size = size;
	ext4_directory_block_written(0, UINT64_MAX);
	return &ext4->base;
}

static void unmount(struct ext4 *ext4)
{
	if (ext4->fs) {
		ext2fs_free(ext4->fs);
		ext4->fs = NULL;
	}
	free(ext4->cache.lines);
	free(ext4->cache.hash);
	ext4->cache.lines = NULL;
	ext4->cache.hash = NULL;
	free(ext4->dirty_groups);
	free(ext4->block);
	ext4->dirty_groups = NULL;
	ext4->block = NULL;
}

void ext4_drop(struct file_system *fs)
{
	unmount(ext4_of(fs));
	free(fs);
}

/*
 * Look at the superblock before libext2fs does: it would allocate memory for
 * as many groups as a corrupt one claims.
 */
static int64_t check_superblock(struct ext4 *ext4)
{
	static struct ext2_super_block super;
	uint64_t blocks;
	int64_t status = cache_read(&ext4->cache, SUPERBLOCK_OFFSET, &super, sizeof(super));

	_Static_assert(sizeof(super) == SUPERBLOCK_BYTES, "a superblock is 1 KiB");
	if (status != 0) {
		return status;
	}
	if (super.s_magic != EXT2_SUPER_MAGIC) {
		log_print("files: the disk holds no ext4 file system\n");
		return -STATUS_UCLEAN;
	}
	if ((super.s_feature_incompat & ~(uint32_t)KNOWN_INCOMPAT) != 0) {
		log_print("files: the file system has unsupported features (%#x)\n",
			  (unsigned)(super.s_feature_incompat & ~(uint32_t)KNOWN_INCOMPAT));
		return -STATUS_UCLEAN;
	}
	if (super.s_log_block_size > 2) {
		log_print("files: blocks larger than a page are not supported\n");
		return -STATUS_UCLEAN;
	}
	blocks = super.s_blocks_count;
	if (super.s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT) {
		blocks |= (uint64_t)super.s_blocks_count_hi << 32;
	}
	if (blocks > ext4->cache.bytes >> (10 + super.s_log_block_size) ||
	    super.s_first_data_block != (super.s_log_block_size == 0) ||
	    super.s_inodes_per_group == 0 || super.s_clusters_per_group % 8 != 0 ||
	    super.s_inodes_per_group % 8 != 0 ||
	    super.s_inodes_per_group > 8u << (10 + super.s_log_block_size) ||
	    super.s_clusters_per_group > 8u << (10 + super.s_log_block_size)) {
		log_print("files: the superblock is corrupt, or the disk is too small for it\n");
		return -STATUS_UCLEAN;
	}
	return 0;
}

/* Each group's bitmaps and inode table must lie on the disk. */
static bool groups_are_sound(ext2_filsys fs)
{
	uint64_t blocks = ext2fs_blocks_count(fs->super);
	uint64_t first = fs->super->s_first_data_block;

	for (dgrp_t i = 0; i < fs->group_desc_count; i++) {
		uint64_t table = ext2fs_inode_table_loc(fs, i);
		uint64_t block_bitmap = ext2fs_block_bitmap_loc(fs, i);
		uint64_t inode_bitmap = ext2fs_inode_bitmap_loc(fs, i);

		if (table <= first || table >= blocks ||
		    fs->inode_blocks_per_group > blocks - table || block_bitmap <= first ||
		    block_bitmap >= blocks || inode_bitmap <= first || inode_bitmap >= blocks) {
			return false;
		}
		if (ext2fs_has_group_desc_csum(fs) && !ext2fs_group_desc_csum_verify(fs, i)) {
			return false;
		}
	}
	return true;
}

/* Why the file system must not be written, NULL if it may. */
static const char *read_only_reason(const struct ext4 *ext4)
{
	const struct ext2_super_block *super = ext4->fs->super;

	if (ext4->device->read_only) {
		return "the disk is read-only";
	}
	if (super->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) {
		return "its journal must be replayed first (run e2fsck)";
	}
	if ((super->s_feature_ro_compat & ~(uint32_t)WRITABLE_RO_COMPAT) != 0) {
		return "it has features that are not supported for writing";
	}
	if (super->s_feature_compat & EXT2_FEATURE_COMPAT_IMAGIC_INODES) {
		return "it has AFS inodes";
	}
	if (super->s_state & EXT2_ERROR_FS) {
		return "it has recorded errors (run e2fsck)";
	}
	return NULL;
}

static void block_changed(ext2_filsys fs, blk64_t block, int in_use)
{
	(void)in_use;
	ext4_touch_block_bitmap(fs->priv_data, block);
}

/*
 * The same for a range. libext2fs 1.47.0 passes the block behind it and length
 * 0, so all groups that either reading allows are marked; a range spans two
 * groups at the most.
 */
static void blocks_changed(ext2_filsys fs, blk64_t block, blk_t count, int in_use)
{
	uint64_t per_group = EXT2_BLOCKS_PER_GROUP(fs->super);
	uint64_t last = block + count - 1;

	(void)in_use;
	ext4_touch_block_bitmap(fs->priv_data, last);
	if (last >= fs->super->s_first_data_block + per_group) {
		ext4_touch_block_bitmap(fs->priv_data, last - per_group);
	}
}

void ext4_touch_block_bitmap(struct ext4 *ext4, uint64_t block)
{
	dgrp_t group = ext2fs_group_of_blk2(ext4->fs, block);

	ext4->dirty_groups[group / 4] |= (uint8_t)(1u << (group % 4 * 2));
}

void ext4_touch_inode_bitmap(struct ext4 *ext4, uint32_t ino)
{
	dgrp_t group = ext2fs_group_of_ino(ext4->fs, ino);

	ext4->dirty_groups[group / 4] |= (uint8_t)(2u << (group % 4 * 2));
}

/* Whether the boot block, which no file system uses, is zero (see ext4_pages.c). */
static void find_zero(struct ext4 *ext4)
{
	uint64_t words[SUPERBLOCK_BYTES / 8];

	if (cache_read(&ext4->cache, 0, words, sizeof(words)) != 0) {
		return;
	}
	for (unsigned i = 0; i < SUPERBLOCK_BYTES / 8; i++) {
		if (words[i] != 0) {
			return;
		}
	}
	ext4->boot_block_is_zero = true;
}

/*
 * libext2fs does not survive every failure of malloc (an extent cursor
 * without path, for one), so no request begins that might run out.
 */
static bool memory_is_left(void)
{
	void *memory;

	if (heap_has_grown) {
		memory = malloc(WORKING_BYTES);
		heap_has_grown = memory == NULL;
		free(memory);
	}
	return !heap_has_grown;
}

static int64_t set_up(struct ext4 *ext4)
{
	ext2_filsys fs = ext4->fs;
	const char *reason = read_only_reason(ext4);

	if (!groups_are_sound(fs)) {
		log_print("files: the group descriptors are corrupt\n");
		return -STATUS_UCLEAN;
	}
	ext4->block_shift = EXT2_BLOCK_SIZE_BITS(fs->super);
	ext4->block = malloc(fs->blocksize);
	ext4->dirty_groups = calloc(1, fs->group_desc_count / 4 + 1);
	heap_has_grown = true;
	if (!ext4->block || !ext4->dirty_groups || !memory_is_left() ||
	    ext2fs_create_inode_cache(fs, INODE_CACHE) != 0) {
		return -STATUS_NOMEM;
	}
	fs->priv_data = ext4;
	/* A bit array is small, and unlike libext2fs's trees it never aborts for want of memory. */
	if (ext2fs_blocks_count(fs->super) <= BITARRAY_MAX) {
		fs->default_bitmap_type = EXT2FS_BMAP64_BITARRAY;
	}
	ext2fs_set_block_alloc_stats_callback(fs, block_changed, NULL);
	ext2fs_set_block_alloc_stats_range_callback(fs, blocks_changed, NULL);
	ext4->was_clean = (fs->super->s_state & EXT2_VALID_FS) != 0;
	ext4->read_only = reason != NULL;
	find_zero(ext4);
	if (reason) {
		log_print("files: the file system is mounted read-only: %s\n", reason);
	} else if (!ext4->was_clean) {
		log_print("files: the file system was not cleanly unmounted; e2fsck should be "
			  "run\n");
	}
	return 0;
}

static int64_t mount(struct ext4 *ext4)
{
	int flags = EXT2_FLAG_64BITS | (ext4->device->read_only ? 0 : EXT2_FLAG_RW);
	int64_t status = ext4->device->status;

	if (status != 0) {
		return status;
	}
	status = cache_init(&ext4->cache, ext4->device, ext4->cache_memory, ext4->cache_size);
	if (status == 0) {
		status = check_superblock(ext4);
	}
	if (status == 0) {
		errcode_t error =
			ext2fs_open2("disk", NULL, flags, 0, 0, ext4_io_manager(ext4), &ext4->fs);

		if (error == EXT2_ET_RO_UNSUPP_FEATURE) {
			error = ext2fs_open2("disk", NULL, flags & ~EXT2_FLAG_RW, 0, 0,
					     ext4_io_manager(ext4), &ext4->fs);
		}
		status = ext4_status(error);
	}
	if (status == 0) {
		status = set_up(ext4);
	}
	if (status != 0) {
		log_print("files: the disk cannot be mounted (status %d)\n", (int)status);
		unmount(ext4);
	}
	return status;
}

int64_t ext4_begin(struct ext4 *ext4)
{
	if (!memory_is_left()) {
		return -STATUS_NOMEM;
	}
	if (!ext4->tried) {
		ext4->mount_status = mount(ext4);
		heap_has_grown = true;
		/* Another try may find more memory, or a disk that is well again. */
		ext4->tried =
			ext4->mount_status != -STATUS_NOMEM && ext4->mount_status != -STATUS_IO;
	}
	if (ext4->mount_status != 0) {
		return ext4->mount_status;
	}
	/* Honest work touches each metadata block a few times at the most. */
	ext4->cache.budget = 65536 + ext2fs_blocks_count(ext4->fs->super) / 2;
	ext4->fs->now = (time_t)(clock_now() / 1000000000);
	return 0;
}

static int64_t write_superblock(struct ext4 *ext4)
{
	ext2_filsys fs = ext4->fs;
	int64_t status = ext4_status(ext2fs_superblock_csum_set(fs, fs->super));

	if (status == 0) {
		status = cache_write(&ext4->cache, SUPERBLOCK_OFFSET, fs->super, SUPERBLOCK_BYTES);
	}
	if (status == 0) {
		memcpy(fs->orig_super, fs->super, SUPERBLOCK_BYTES);
		status = cache_flush(&ext4->cache);
	}
	return status;
}

static errcode_t write_bitmaps(ext2_filsys fs);

static int64_t prepare(struct ext4 *ext4)
{
	int64_t status = ext4_status(ext2fs_read_bitmaps(ext4->fs));

	heap_has_grown = true;
	if (status == 0 && !memory_is_left()) {
		return -STATUS_NOMEM; /* loaded again by the next attempt */
	}
	if (status == 0) {
		ext4->fs->write_bitmaps = write_bitmaps;
		ext4->prepared = true;
		status = ext4_orphans_free(ext4);
	}
	if (status != 0) {
		log_print("files: the bitmaps or the orphan list are corrupt (status %d): "
			  "read-only from now on\n",
			  (int)status);
		ext4->read_only = true;
	}
	return status;
}

int64_t ext4_begin_change(struct ext4 *ext4)
{
	int64_t status = ext4_begin(ext4);

	if (status != 0) {
		return status;
	}
	if (ext4->read_only) {
		return -STATUS_ROFS;
	}
	if (!ext4->dirty) {
		ext4->fs->super->s_state &= (uint16_t)~EXT2_VALID_FS;
		status = write_superblock(ext4);
		if (status != 0) {
			return status;
		}
		ext4->dirty = true;
	}
	return ext4->prepared ? 0 : prepare(ext4);
}

/* ---- sync ---- */

static errcode_t write_block_bitmap(ext2_filsys fs, dgrp_t group, char *buffer)
{
	uint64_t start =
		EXT2_BLOCKS_PER_GROUP(fs->super) * (uint64_t)group + fs->super->s_first_data_block;
	unsigned bytes = EXT2_CLUSTERS_PER_GROUP(fs->super) / 8;
	uint64_t left = ext2fs_blocks_count(fs->super) - start;
	errcode_t error;

	memset(buffer, 0xff, fs->blocksize);
	error = ext2fs_get_block_bitmap_range2(fs->block_map, start, bytes * 8u, buffer);
	if (error) {
		return error;
	}
	/* Blocks behind the end of the disk count as used. */
	for (uint64_t i = left; i < fs->blocksize * 8u; i++) {
		ext2fs_set_bit((unsigned)i, buffer);
	}
	error = ext2fs_block_bitmap_csum_set(fs, group, buffer, (int)bytes);
	if (error) {
		return error;
	}
	ext2fs_bg_flags_clear(fs, group, EXT2_BG_BLOCK_UNINIT);
	return io_channel_write_blk64(fs->io, ext2fs_block_bitmap_loc(fs, group), 1, buffer);
}

static errcode_t write_inode_bitmap(ext2_filsys fs, dgrp_t group, char *buffer)
{
	unsigned bits = EXT2_INODES_PER_GROUP(fs->super);
	errcode_t error;

	memset(buffer, 0xff, fs->blocksize);
	error = ext2fs_get_inode_bitmap_range2(fs->inode_map, (uint64_t)group * bits + 1, bits,
					       buffer);
	if (error) {
		return error;
	}
	error = ext2fs_inode_bitmap_csum_set(fs, group, buffer, (int)(bits / 8));
	if (error) {
		return error;
	}
	ext2fs_bg_flags_clear(fs, group, EXT2_BG_INODE_UNINIT);
	return io_channel_write_blk64(fs->io, ext2fs_inode_bitmap_loc(fs, group), 1, buffer);
}

/* Called by ext2fs_flush before it writes the group descriptors. */
static errcode_t write_bitmaps(ext2_filsys fs)
{
	struct ext4 *ext4 = fs->priv_data;

	for (dgrp_t i = 0; i < fs->group_desc_count; i++) {
		unsigned bits = ext4->dirty_groups[i / 4] >> (i % 4 * 2) & 3u;
		errcode_t error = 0;

		if (bits == 0) {
			continue;
		}
		if (bits & 1) {
			error = write_block_bitmap(fs, i, ext4->block);
		}
		if ((bits & 2) && !error) {
			error = write_inode_bitmap(fs, i, ext4->block);
		}
		if (error) {
			return error;
		}
		ext2fs_group_desc_csum_set(fs, i);
		ext4->dirty_groups[i / 4] &= (uint8_t) ~(3u << (i % 4 * 2));
	}
	fs->flags &= ~(EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY);
	return 0;
}

static int64_t ext4_sync(struct file_system *fs)
{
	struct ext4 *ext4 = ext4_of(fs);
	int64_t status;

	if (!ext4->tried || ext4->mount_status != 0) {
		return 0; /* nothing was changed */
	}
	status = ext4_begin(ext4);
	if (status == 0 && ext4->dirty && ext4->prepared && !ext4->read_only) {
		status = ext4_trim_beyond(ext4);
	}
	ext4->cache.budget = UINT64_MAX;
	if (status == 0 && ext4->dirty) {
		if (ext4->was_clean) {
			ext4->fs->super->s_state |= EXT2_VALID_FS;
		}
		status = ext4_status(ext2fs_flush2(ext4->fs, 0));
		if (status == 0) {
			ext4->dirty = false;
		} else {
			ext4->fs->super->s_state &= (uint16_t)~EXT2_VALID_FS;
		}
	}
	if (status == 0) {
		status = cache_flush(&ext4->cache);
	}
	return status;
}

static int64_t ext4_power_off(struct file_system *fs)
{
	struct ext4 *ext4 = ext4_of(fs);
	int64_t result = 0, status;
	uint64_t ino;

	if (!ext4->tried || ext4->mount_status != 0) {
		ext4->tried = true; /* too late to mount it now */
		ext4->mount_status = ext4->mount_status ? ext4->mount_status : -STATUS_ROFS;
		return 0;
	}
	while ((ino = open_file_take_unlinked(fs)) != 0) {
		status = ext4_release(fs, ino);
		result = result ? result : status;
	}
	status = ext4_sync(fs);
	ext4->read_only = true;
	return result ? result : status;
}

static int64_t ext4_root(struct file_system *fs, uint64_t *ino)
{
	*ino = EXT2_ROOT_INO;
	return ext4_begin(ext4_of(fs));
}

static int64_t ext4_statistics(struct file_system *base, struct statistics *statistics)
{
	struct ext4 *ext4 = ext4_of(base);
	int64_t status = ext4_begin(ext4);
	uint64_t reserved;
	ext2_filsys fs;

	if (status != 0) {
		return status;
	}
	fs = ext4->fs;
	reserved = ext2fs_r_blocks_count(fs->super);
	statistics->type = EXT2_SUPER_MAGIC;
	statistics->block_size = fs->blocksize;
	statistics->blocks = ext2fs_blocks_count(fs->super);
	statistics->free = ext2fs_free_blocks_count(fs->super);
	statistics->available = statistics->free > reserved ? statistics->free - reserved : 0;
	statistics->inodes = fs->super->s_inodes_count;
	statistics->free_inodes = fs->super->s_free_inodes_count;
	return 0;
}

static const struct file_system_operations ext4_operations = {
	.root = ext4_root,
	.lookup = ext4_lookup,
	.get_attributes = ext4_get_attributes,
	.set_attributes = ext4_set_attributes,
	.create = ext4_create,
	.read_link = ext4_read_link,
	.link = ext4_link,
	.unlink = ext4_unlink,
	.rename = ext4_rename,
	.read_directory = ext4_read_directory,
	.statistics = ext4_statistics,
	.release = ext4_release,
	.read_pages = ext4_read_pages,
	.write_pages = ext4_write_pages,
	.allocate = ext4_allocate,
	.set_size = ext4_set_size,
	.sync = ext4_sync,
	.power_off = ext4_power_off,
};
