/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes of an inode, and how ext4 keeps them: times with nanoseconds
 * where the inode has room for them, owners in two halves, device numbers in
 * place of block numbers.
 */
#include "servers/files/ext4_private.h"

#define NANOSECONDS 1000000000ll

/* Whether the inode has room for the field that ends at `end` of the large inode. */
static bool has_extra(const struct ext4 *ext4, const struct ext4_inode *inode, size_t end)
{
	return EXT2_INODE_SIZE(ext4->fs->super) >= end &&
	       EXT2_GOOD_OLD_INODE_SIZE + (size_t)inode->raw.i_extra_isize >= end;
}

#define HAS_EXTRA(ext4, inode, field)                                                              \
	has_extra(ext4, inode,                                                                     \
		  offsetof(struct ext2_inode_large, field) + sizeof((inode)->raw.field))

/* Seconds have two more bits, nanoseconds thirty, in the extra word. */
static int64_t time_get(uint32_t seconds, uint32_t extra)
{
	uint32_t nanoseconds = extra >> 2;

	return ((int64_t)(int32_t)seconds + ((int64_t)(extra & 3) << 32)) * NANOSECONDS +
	       (nanoseconds < NANOSECONDS ? nanoseconds : 0);
}

static void time_set(int64_t time, uint32_t *seconds, uint32_t *extra)
{
	int64_t whole = time / NANOSECONDS;
	int64_t rest = time % NANOSECONDS;

	if (rest < 0) {
		rest += NANOSECONDS;
		whole--;
	}
	*seconds = (uint32_t)whole;
	*extra = (uint32_t)((whole - (int32_t)whole) >> 32 & 3) | (uint32_t)rest << 2;
}

static void set_atime(struct ext4 *ext4, struct ext4_inode *inode, int64_t time)
{
	uint32_t extra;

	time_set(time, &inode->raw.i_atime, &extra);
	if (HAS_EXTRA(ext4, inode, i_atime_extra)) {
		inode->raw.i_atime_extra = extra;
	}
}

static void set_mtime(struct ext4 *ext4, struct ext4_inode *inode, int64_t time)
{
	uint32_t extra;

	time_set(time, &inode->raw.i_mtime, &extra);
	if (HAS_EXTRA(ext4, inode, i_mtime_extra)) {
		inode->raw.i_mtime_extra = extra;
	}
}

static void set_ctime(struct ext4 *ext4, struct ext4_inode *inode, int64_t time)
{
	uint32_t extra;

	time_set(time, &inode->raw.i_ctime, &extra);
	if (HAS_EXTRA(ext4, inode, i_ctime_extra)) {
		inode->raw.i_ctime_extra = extra;
	}
}

void ext4_inode_touch(struct ext4 *ext4, struct ext4_inode *inode, bool modified)
{
	int64_t now = clock_now();

	set_ctime(ext4, inode, now);
	if (modified) {
		set_mtime(ext4, inode, now);
	}
}

void ext4_inode_born(struct ext4 *ext4, struct ext4_inode *inode)
{
	uint32_t extra;

	ext4_inode_touch(ext4, inode, true);
	set_atime(ext4, inode, clock_now());
	time_set(clock_now(), &inode->raw.i_crtime, &extra);
	if (HAS_EXTRA(ext4, inode, i_crtime_extra)) {
		inode->raw.i_crtime_extra = extra;
	}
}

/* The device number of a device node: 8 + 8 bits in the first word, or 12 + 20 in the second. */
static uint32_t get_rdev(const struct ext4_inode *inode)
{
	if (!ext4_is(inode, MODE_BLOCK) && !ext4_is(inode, MODE_CHARACTER)) {
		return 0;
	}
	return inode->raw.i_block[0] ? inode->raw.i_block[0] & 0xffff : inode->raw.i_block[1];
}

void ext4_set_rdev(struct ext4_inode *inode, uint32_t rdev)
{
	if (rdev <= 0xffff) {
		inode->raw.i_block[0] = rdev;
	} else {
		inode->raw.i_block[1] = rdev;
	}
}

int64_t ext4_get_attributes(struct file_system *fs, uint64_t ino,
			    struct file_attributes *attributes)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	int64_t status = ext4_begin(ext4);

	if (status == 0) {
		status = ext4_inode_load(ext4, ino, &inode);
	}
	if (status != 0) {
		return status;
	}
	attributes->ino = ino;
	attributes->size = ext4_size(&inode);
	attributes->blocks = ext2fs_inode_i_blocks(ext4->fs, ext4_small(&inode));
	attributes->mode = inode.raw.i_mode;
	attributes->links = inode.raw.i_links_count;
	attributes->uid = inode.raw.i_uid | (uint32_t)inode.raw.osd2.linux2.l_i_uid_high << 16;
	attributes->gid = inode.raw.i_gid | (uint32_t)inode.raw.osd2.linux2.l_i_gid_high << 16;
	attributes->rdev = get_rdev(&inode);
	attributes->block_size = ext4->fs->blocksize;
	attributes->atime =
		time_get(inode.raw.i_atime,
			 HAS_EXTRA(ext4, &inode, i_atime_extra) ? inode.raw.i_atime_extra : 0);
	attributes->mtime =
		time_get(inode.raw.i_mtime,
			 HAS_EXTRA(ext4, &inode, i_mtime_extra) ? inode.raw.i_mtime_extra : 0);
	attributes->ctime =
		time_get(inode.raw.i_ctime,
			 HAS_EXTRA(ext4, &inode, i_ctime_extra) ? inode.raw.i_ctime_extra : 0);
	return 0;
}

void ext4_set_owner(struct ext4_inode *inode, uint32_t uid, uint32_t gid)
{
	inode->raw.i_uid = (uint16_t)uid;
	inode->raw.osd2.linux2.l_i_uid_high = (uint16_t)(uid >> 16);
	inode->raw.i_gid = (uint16_t)gid;
	inode->raw.osd2.linux2.l_i_gid_high = (uint16_t)(gid >> 16);
}

int64_t ext4_set_attributes(struct file_system *fs, uint64_t ino, uint64_t mask,
			    const struct file_attributes *attributes)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_inode_load(ext4, ino, &inode);
	}
	if (status != 0) {
		return status;
	}
	if (mask & FILES_SET_MODE) {
		inode.raw.i_mode =
			(uint16_t)((inode.raw.i_mode & MODE_TYPE) | (attributes->mode & 07777u));
	}
	ext4_set_owner(
		&inode,
		mask & FILES_SET_UID
			? attributes->uid
			: inode.raw.i_uid | (uint32_t)inode.raw.osd2.linux2.l_i_uid_high << 16,
		mask & FILES_SET_GID
			? attributes->gid
			: inode.raw.i_gid | (uint32_t)inode.raw.osd2.linux2.l_i_gid_high << 16);
	if (mask & FILES_SET_ATIME) {
		set_atime(ext4, &inode, attributes->atime);
	}
	if (mask & FILES_SET_MTIME) {
		set_mtime(ext4, &inode, attributes->mtime);
	}
	ext4_inode_touch(ext4, &inode, false);
	return ext4_inode_store(ext4, &inode);
}
