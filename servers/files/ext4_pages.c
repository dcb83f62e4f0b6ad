/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File data: moved between the disk and the pager's frames without passing
 * through this server's memory.
 *
 * A request becomes a list of parts (place on the disk, place in the pool,
 * bytes), which is then cut into block requests: each covers consecutive
 * sectors and up to BLOCK_SEGMENTS pieces of memory. Adjacent frames make one
 * piece.
 *
 * Blocks may be smaller than a page. A page that is partly a hole is read
 * with the hole's bytes taken from a place on the disk that is known to be
 * zero. Blocks given to a page behind the end of the file (FILES_ALLOCATE
 * comes before the size is known) are remembered in ext4->beyond and freed by
 * the next sync if the file has not grown over them: e2fsck wants none there.
 */
#include <string.h>

#include "servers/files/ext4_private.h"

#define ZERO_BYTES 1024
#define PARTS_MAX (FILES_PAGES * (PAGE_BYTES / ZERO_BYTES))

struct part {
	uint64_t disk;	 /* byte offset */
	uint64_t memory; /* byte offset in the pager's pool */
	uint32_t bytes;
};

static struct part parts[PARTS_MAX];
static unsigned part_count;

static void add_part(uint64_t disk, uint64_t memory, uint32_t bytes)
{
	struct part *last = &parts[part_count - (part_count > 0)];

	if (part_count > 0 && last->disk + last->bytes == disk &&
	    last->memory + last->bytes == memory) {
		last->bytes += bytes;
		return;
	}
	parts[part_count++] = (struct part){disk, memory, bytes};
}

/* Do the transfers of the list. */
static int64_t transfer_parts(struct ext4 *ext4, bool is_write)
{
	uint64_t segments[BLOCK_SEGMENTS];

	for (unsigned i = 0; i < part_count;) {
		uint64_t start = parts[i].disk, end = start;
		unsigned count = 0;
		int64_t status;

		while (i < part_count && count < BLOCK_SEGMENTS && parts[i].disk == end) {
			segments[count++] = DEVICE_SEGMENT(parts[i].memory, parts[i].bytes);
			end += parts[i++].bytes;
		}
		status = cache_release(&ext4->cache, start, end - start);
		if (status == 0) {
			status = ext4->device->transfer(ext4->device, is_write, DEVICE_POOL_PAGER,
							start / BLOCK_SECTOR, segments, count);
		}
		if (status != 0) {
			return status;
		}
	}
	if (is_write && part_count > 0) {
		ext4->cache.unflushed = true;
	}
	return 0;
}

static int64_t check_pages(const struct ext4 *ext4, unsigned count, const uint64_t *pages)
{
	for (unsigned i = 0; i < count; i++) {
		if (pages[i] >= ext4->device->pool_pages[DEVICE_POOL_PAGER]) {
			return -STATUS_INVAL;
		}
	}
	return 0;
}

static unsigned blocks_per_page(const struct ext4 *ext4)
{
	return 1u << (12 - ext4->block_shift);
}

/* ---- reading ---- */

/* Blocks of a page that have content: a bit each, and where they are. */
struct page_blocks {
	unsigned written; /* bits */
	uint64_t physical[4];
};

/*
 * Find the blocks of a page; `run` is kept from page to page, `limit` is the
 * end of all that will be asked for.
 */
static int64_t find_page_blocks(struct ext4_map *map, uint64_t logical, uint64_t limit,
				struct ext4_run *run, struct page_blocks *found)
{
	uint64_t end = logical + blocks_per_page(map->ext4);

	found->written = 0;
	for (uint64_t at = logical; at < end;) {
		if (at >= run->logical + run->length) {
			int64_t status = ext4_map_next(map, at, limit, run);

			if (status != 1) {
				/* Nothing behind here. */
				*run = (struct ext4_run){.logical = UINT64_MAX / 2, .length = 1};
				if (status < 0) {
					return status;
				}
			}
		}
		if (run->logical > at) {
			at = run->logical < end ? run->logical : end;
			continue;
		}
		if (!run->unwritten) {
			found->written |= 1u << (at - logical);
			found->physical[at - logical] = run->physical + (at - run->logical);
		}
		at++;
	}
	return 0;
}

/*
 * Where on the disk there are ZERO_BYTES zeroes: in the boot block, or in a
 * free block, zeroed now and not used by anybody while this request lasts.
 */
static int64_t find_zeroes(struct ext4 *ext4, uint64_t *offset)
{
	uint64_t block, length;
	int64_t status;

	*offset = 0;
	if (ext4->boot_block_is_zero) {
		return 0;
	}
	status = ext4_begin_change(ext4);
	if (status == 0) {
		status = ext4_map_find_free(ext4, 0, 1, &block, &length);
	}
	if (status == 0) {
		*offset = block << ext4->block_shift;
		status = cache_zero(&ext4->cache, *offset, ZERO_BYTES);
	}
	return status == 0 ? 0 : -STATUS_IO;
}

static int64_t add_zeroes(struct ext4 *ext4, uint64_t memory)
{
	for (uint32_t done = 0; done < ext4->fs->blocksize; done += ZERO_BYTES) {
		uint64_t offset;
		int64_t status = find_zeroes(ext4, &offset);

		if (status != 0) {
			return status;
		}
		add_part(offset, memory + done, ZERO_BYTES);
	}
	return 0;
}

static int64_t add_page(struct ext4 *ext4, const struct page_blocks *found, uint64_t memory,
			uint64_t bytes_in_file)
{
	uint32_t size = ext4->fs->blocksize;
	int64_t status = 0;

	for (unsigned i = 0; i < blocks_per_page(ext4) && status == 0; i++) {
		uint64_t at = memory + i * size;

		if (found->written & 1u << i) {
			add_part(found->physical[i] << ext4->block_shift, at, size);
		} else if (i * (uint64_t)size < bytes_in_file) {
			status = add_zeroes(ext4, at);
		}
	}
	return status;
}

int64_t ext4_read_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			const uint64_t *pages, uint64_t *holes)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_run run = {0};
	struct ext4_inode inode;
	struct ext4_map map;
	int64_t status = ext4_begin(ext4);

	*holes = 0;
	if (status == 0) {
		status = ext4_file_load(ext4, ino, &inode);
	}
	if (status == 0) {
		status = check_pages(ext4, count, pages);
	}
	if (status == 0) {
		status = ext4_map_open(ext4, &inode, &map);
	}
	if (status != 0) {
		return status;
	}
	part_count = 0;
	for (unsigned i = 0; i < count && status == 0; i++) {
		uint64_t start = (first + i) * PAGE_BYTES;
		struct page_blocks found = {0};

		if (first + i < 1ull << 44 && start < ext4_size(&inode)) {
			status = find_page_blocks(
				&map, start >> ext4->block_shift,
				((first + count) * PAGE_BYTES) >> ext4->block_shift, &run, &found);
		}
		if (found.written == 0) {
			*holes |= 1ull << i;
		} else if (status == 0) {
			status = add_page(ext4, &found, pages[i] * PAGE_BYTES,
					  ext4_size(&inode) - start);
		}
	}
	ext4_map_close(&map);
	return status == 0 ? transfer_parts(ext4, false) : status;
}

/* ---- giving blocks ---- */

static void remember_beyond(struct ext4 *ext4, uint32_t ino)
{
	for (unsigned i = 0; i < ext4->beyond_count; i++) {
		if (ext4->beyond[i] == ino) {
			return;
		}
	}
	if (ext4->beyond_count == EXT4_BEYOND_MAX) {
		ext4_trim_beyond(ext4);
	}
	if (ext4->beyond_count < EXT4_BEYOND_MAX) {
		ext4->beyond[ext4->beyond_count++] = ino;
	}
}

void ext4_forget_beyond(struct ext4 *ext4, uint32_t ino)
{
	for (unsigned i = 0; i < ext4->beyond_count; i++) {
		if (ext4->beyond[i] == ino) {
			ext4->beyond[i] = ext4->beyond[--ext4->beyond_count];
			return;
		}
	}
}

int64_t ext4_trim_beyond(struct ext4 *ext4)
{
	int64_t result = 0;

	for (unsigned i = 0; i < ext4->beyond_count; i++) {
		struct ext4_inode inode;
		int64_t status = ext4_inode_load(ext4, ext4->beyond[i], &inode);

		if (status == 0) {
			status = ext4_map_truncate(ext4, &inode,
						   ext4_blocks_of(ext4, ext4_size(&inode)));
		}
		if (status == 0) {
			status = ext4_inode_store(ext4, &inode);
		}
		result = result ? result : status;
	}
	ext4->beyond_count = 0;
	return result;
}

/* Give every block of [at, end) a place. */
static int64_t fill_range(struct ext4_map *map, uint64_t at, uint64_t end)
{
	uint64_t goal = 0;

	while (at < end) {
		struct ext4_run run;
		int64_t status = ext4_map_next(map, at, end, &run);

		if (status < 0) {
			return status;
		}
		if (status == 1 && run.logical == at) {
			at += run.length;
			goal = run.physical + run.length;
			continue;
		}
		if (goal == 0 && at > 0) {
			/* Continue where the file's last block before the hole is. */
			struct ext4_run before;

			if (ext4_map_next(map, at - 1, at, &before) == 1) {
				goal = before.physical + 1;
			}
		}
		status = ext4_map_fill(map, at, (status == 1 ? run.logical : end) - at, goal);
		if (status < 0) {
			return status;
		}
		at += (uint64_t)status;
		goal = 0;
	}
	return 0;
}

/* The highest block that a file of this format can have, plus one. */
static uint64_t block_limit(const struct ext4 *ext4, const struct ext4_inode *inode)
{
	uint64_t pointers = ext4->fs->blocksize / 4;

	if (ext4_has_extents(inode)) {
		return UINT32_MAX;
	}
	return EXT2_NDIR_BLOCKS + pointers + pointers * pointers + pointers * pointers * pointers;
}

int64_t ext4_allocate(struct file_system *fs, uint64_t ino, uint64_t first, uint64_t count)
{
	struct ext4 *ext4 = ext4_of(fs);
	unsigned shift = 12 - ext4->block_shift;
	struct ext4_inode inode;
	struct ext4_map map;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_file_load(ext4, ino, &inode);
	}
	if (status == 0) {
		status = ext4_map_check(ext4, &inode);
	}
	if (status != 0) {
		return status;
	}
	shift = 12 - ext4->block_shift;
	if (first > UINT32_MAX || count > UINT32_MAX ||
	    (first + count) << shift > block_limit(ext4, &inode)) {
		return -STATUS_FBIG;
	}
	if (count > ext2fs_free_blocks_count(ext4->fs->super) + inode.raw.i_blocks) {
		return -STATUS_NOSPC;
	}
	status = ext4_map_open(ext4, &inode, &map);
	if (status != 0) {
		return status;
	}
	status = fill_range(&map, first << shift, (first + count) << shift);
	ext4_map_close(&map);
	if ((first + count) << 12 > ext4_size(&inode)) {
		remember_beyond(ext4, inode.ino);
	}
	/* Also after a failure: what was given before it is in the inode. */
	int64_t stored = ext4_inode_store(ext4, &inode);
	return status ? status : stored;
}

/* ---- writing ---- */

/* Whether nothing but data has to be written: every block has its place and is written. */
static int64_t needs_change(struct ext4_map *map, uint64_t first, unsigned count, bool *needs)
{
	struct ext4 *ext4 = map->ext4;
	uint64_t at = first << (12 - ext4->block_shift);
	uint64_t end = (first + count) << (12 - ext4->block_shift);
	uint64_t file_end = ext4_blocks_of(ext4, ext4_size(map->inode));

	if (file_end > at && file_end < end && end - file_end < blocks_per_page(ext4)) {
		end = file_end;
	}
	*needs = false;
	while (at < end) {
		struct ext4_run run;
		int64_t status = ext4_map_next(map, at, end, &run);

		if (status < 0) {
			return status;
		}
		if (status == 0 || run.logical != at || run.unwritten) {
			*needs = true;
			return 0;
		}
		at += run.length;
	}
	return 0;
}

/*
 * Give every block of the range a place, and make it a written one. Left out
 * are blocks behind the file's last block in the page where the file ends.
 */
static int64_t make_writable(struct ext4_map *map, uint64_t at, uint64_t end)
{
	struct ext4 *ext4 = map->ext4;
	uint64_t file_end = ext4_blocks_of(ext4, ext4_size(map->inode));
	uint64_t behind = (file_end + blocks_per_page(ext4) - 1) & ~(blocks_per_page(ext4) - 1ull);
	int64_t status = ext4_map_check(ext4, map->inode);

	if (status == 0 && at < file_end) {
		status = fill_range(map, at, file_end < end ? file_end : end);
	}
	if (status == 0 && behind < end) {
		status = fill_range(map, at > behind ? at : behind, end);
	}
	while (status == 0 && at < end) {
		struct ext4_run run;

		status = ext4_map_next(map, at, end, &run);
		if (status != 1) {
			break;
		}
		status = 0;
		for (uint64_t i = 0; run.unwritten && i < run.length && status == 0; i++) {
			status = ext4_map_set_written(map, run.logical + i, run.physical + i);
		}
		at = run.logical + run.length;
	}
	return status;
}

/* Make the list of parts for writing; blocks that still have no place are left out. */
static int64_t list_pages(struct ext4_map *map, uint64_t first, unsigned count,
			  const uint64_t *pages)
{
	struct ext4 *ext4 = map->ext4;
	uint64_t end = (first + count) << (12 - ext4->block_shift);
	struct ext4_run run = {0};

	part_count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct page_blocks found;
		int64_t status = find_page_blocks(map, (first + i) << (12 - ext4->block_shift), end,
						  &run, &found);

		if (status != 0) {
			return status;
		}
		for (unsigned k = 0; k < blocks_per_page(ext4); k++) {
			if (found.written & 1u << k) {
				add_part(found.physical[k] << ext4->block_shift,
					 pages[i] * PAGE_BYTES + (k << ext4->block_shift),
					 ext4->fs->blocksize);
			}
		}
	}
	return 0;
}

static int64_t gather(struct ext4_map *map, uint64_t first, unsigned count, const uint64_t *pages)
{
	struct ext4 *ext4 = map->ext4;
	unsigned shift = 12 - ext4->block_shift;
	bool needs;
	int64_t status = needs_change(map, first, count, &needs);

	if (status != 0) {
		return status;
	}
	if (needs) {
		int64_t stored;

		status = make_writable(map, first << shift, (first + count) << shift);
		stored = ext4_inode_store(ext4, map->inode);
		if ((first + count) * PAGE_BYTES > ext4_size(map->inode)) {
			remember_beyond(ext4, map->inode->ino);
		}
		status = status ? status : stored;
	}
	return status == 0 ? list_pages(map, first, count, pages) : status;
}

int64_t ext4_write_pages(struct file_system *fs, uint64_t ino, uint64_t first, unsigned count,
			 const uint64_t *pages)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	struct ext4_map map;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_file_load(ext4, ino, &inode);
	}
	if (status == 0) {
		status = check_pages(ext4, count, pages);
	}
	if (status == 0 && (first > UINT32_MAX || (first + count) << (12 - ext4->block_shift) >
							  block_limit(ext4, &inode))) {
		status = -STATUS_FBIG;
	}
	if (status == 0) {
		status = ext4_map_open(ext4, &inode, &map);
	}
	if (status != 0) {
		return status;
	}
	status = gather(&map, first, count, pages);
	ext4_map_close(&map);
	return status == 0 ? transfer_parts(ext4, true) : status;
}

/* ---- size ---- */

/* Zero the rest of the file's last block, which a later growth would show. */
static int64_t zero_rest_of_block(struct ext4 *ext4, struct ext4_inode *inode, uint64_t size)
{
	uint64_t rest = size & (ext4->fs->blocksize - 1);
	uint64_t logical = size >> ext4->block_shift;
	struct ext4_map map;
	struct ext4_run run;
	int64_t status;

	if (rest == 0) {
		return 0;
	}
	status = ext4_map_open(ext4, inode, &map);
	if (status != 0) {
		return status;
	}
	status = ext4_map_next(&map, logical, logical + 1, &run);
	ext4_map_close(&map);
	if (status == 1 && !run.unwritten) {
		return cache_zero(&ext4->cache, (run.physical << ext4->block_shift) + rest,
				  ext4->fs->blocksize - rest);
	}
	return status < 0 ? status : 0;
}

int64_t ext4_set_size(struct file_system *fs, uint64_t ino, uint64_t size)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_file_load(ext4, ino, &inode);
	}
	if (status != 0) {
		return status;
	}
	if (size > block_limit(ext4, &inode) << ext4->block_shift) {
		return -STATUS_FBIG;
	}
	if (size < ext4_size(&inode)) {
		status = zero_rest_of_block(ext4, &inode, size);
		/* The size first: a file must not claim blocks that may belong to another one. */
		if (status == 0) {
			status = ext4_status(
				ext2fs_inode_size_set(ext4->fs, ext4_small(&inode), size));
		}
		if (status == 0) {
			status = ext4_map_truncate(ext4, &inode, ext4_blocks_of(ext4, size));
		}
	} else {
		status = ext4_status(ext2fs_inode_size_set(ext4->fs, ext4_small(&inode), size));
	}
	if (status != 0) {
		return status;
	}
	ext4_inode_touch(ext4, &inode, true);
	return ext4_inode_store(ext4, &inode);
}
