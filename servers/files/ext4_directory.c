/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory blocks.
 *
 * A directory is a file of blocks, each filled with records from end to end;
 * a record of inode 0 is unused, and with metadata checksums the last record
 * of a block is such a one and holds the checksum. In an indexed directory
 * (htree) the blocks of the index look like blocks with one unused record, so
 * reading takes no notice of it. New names are added to an indexed directory
 * by libext2fs, which keeps the index; that path is checked before
 * (check_index). All other changes are made here.
 *
 * Every record is checked when it is passed (ext4_directory_record), and a
 * search that does not find its name has passed all of them.
 */
#include <string.h>

#include "servers/files/ext4_private.h"

#define RECORD_HEADER 8 /* bytes before the name */
#define TAIL_LENGTH 12	/* bytes of the checksum record */
#define TAIL_TYPE 0xde
#define INDEX_ROOT 24 /* offset of struct ext2_dx_root_info in block 0 */
#define INDEX_NODE 8  /* offset of the entries in other index blocks */

/* The block that was loaded last; it is not read and checked again while it is wanted again. */
static _Alignas(8) char loaded_block[4096];
static struct {
	const struct ext4 *ext4;
	uint32_t ino;	   /* of the directory */
	uint64_t physical; /* 0: none */
} loaded;

void ext4_directory_block_written(uint64_t first, uint64_t count)
{
	if (loaded.physical - first < count) {
		loaded.physical = 0;
	}
}

/* Fill loaded_block. */
static int64_t load(struct ext4 *ext4, uint32_t ino, uint64_t physical)
{
	int64_t status;

	if (loaded.ext4 == ext4 && loaded.ino == ino && loaded.physical == physical) {
		return 0;
	}
	loaded.physical = 0;
	status = ext4_status(ext2fs_read_dir_block4(ext4->fs, physical, loaded_block, 0, ino));
	if (status == 0) {
		loaded.ext4 = ext4;
		loaded.ino = ino;
		loaded.physical = physical;
	}
	return status;
}

/* Record bytes that a name takes. */
static unsigned record_length(unsigned name_length)
{
	return (RECORD_HEADER + name_length + 3) & ~3u;
}

int64_t ext4_directory_open(struct ext4 *ext4, uint64_t ino, struct ext4_directory *directory)
{
	int64_t status;

	memset(directory, 0, sizeof(*directory));
	directory->ext4 = ext4;
	directory->data = loaded_block;
	status = ext4_directory_load(ext4, ino, &directory->inode);
	if (status != 0) {
		return status;
	}
	directory->blocks = ext4_size(&directory->inode) >> ext4->block_shift;
	return ext4_map_open(ext4, &directory->inode, &directory->map);
}

void ext4_directory_close(struct ext4_directory *directory)
{
	ext4_map_close(&directory->map);
}

int64_t ext4_directory_load_block(struct ext4_directory *directory, uint64_t logical)
{
	struct ext4 *ext4 = directory->ext4;
	struct ext4_run *run = &directory->run;
	int64_t status;

	if (run->length == 0 || logical < run->logical || logical >= run->logical + run->length) {
		status = ext4_map_next(&directory->map, logical, directory->blocks, run);
		if (status != 1) {
			run->length = 0;
			return status;
		}
		if (run->unwritten) {
			return -STATUS_UCLEAN;
		}
		logical = run->logical > logical ? run->logical : logical;
	}
	directory->logical = logical;
	directory->physical = run->physical + (logical - run->logical);
	status = load(ext4, directory->inode.ino, directory->physical);
	return status == 0 ? 1 : status;
}

static bool has_types(const struct ext4 *ext4)
{
	return ext2fs_has_feature_filetype(ext4->fs->super);
}

int64_t ext4_directory_record(const struct ext4_directory *directory, unsigned offset,
			      struct ext4_record *record)
{
	const struct ext4 *ext4 = directory->ext4;
	unsigned size = ext4->fs->blocksize;
	const struct ext2_dir_entry *entry =
		(const struct ext2_dir_entry *)(const void *)(directory->data + offset);

	if (offset >= size) {
		return 0;
	}
	if (size - offset < RECORD_HEADER || entry->rec_len < RECORD_HEADER ||
	    entry->rec_len % 4 != 0 || entry->rec_len > size - offset) {
		return -STATUS_UCLEAN;
	}
	record->offset = offset;
	record->length = entry->rec_len;
	record->ino = entry->inode;
	record->file_type = has_types(ext4) ? (uint8_t)(entry->name_len >> 8) : 0;
	record->name.text = entry->name;
	record->name.length = has_types(ext4) ? entry->name_len & 0xff : entry->name_len;
	if (record->name.length > record->length - RECORD_HEADER) {
		return -STATUS_UCLEAN;
	}
	if (record->ino != 0 && (record->name.length == 0 || record->name.length > FILES_NAME_MAX ||
				 record->ino > ext4->fs->super->s_inodes_count)) {
		return -STATUS_UCLEAN;
	}
	return 1;
}

static bool is_tail(const struct ext4 *ext4, const struct ext4_record *record)
{
	return record->ino == 0 && record->length == TAIL_LENGTH && record->name.length == 0 &&
	       record->offset + record->length == ext4->fs->blocksize &&
	       record->file_type == TAIL_TYPE && ext2fs_has_feature_metadata_csum(ext4->fs->super);
}

/* Bytes of the record that nobody uses. */
static unsigned room_in(const struct ext4 *ext4, const struct ext4_record *record)
{
	if (record->ino == 0) {
		return is_tail(ext4, record) ? 0 : record->length;
	}
	return record->length - record_length(record->name.length) > record->length
		       ? 0
		       : record->length - record_length(record->name.length);
}

/* Search the loaded block. Returns 1 if the name is there. */
static int64_t find_in_block(struct ext4_directory *directory, const struct name *name,
			     struct ext4_place *place)
{
	struct ext4_record record;
	unsigned offset = 0, previous = 0;
	int64_t status;

	while ((status = ext4_directory_record(directory, offset, &record)) == 1) {
		if (record.ino != 0 && record.name.length == name->length &&
		    memcmp(record.name.text, name->text, name->length) == 0) {
			place->logical = directory->logical;
			place->physical = directory->physical;
			place->offset = offset;
			place->previous = previous;
			place->ino = record.ino;
			return 1;
		}
		if (!place->has_room &&
		    room_in(directory->ext4, &record) >= record_length(name->length)) {
			place->has_room = true;
			place->room_physical = directory->physical;
			place->room_offset = offset;
		}
		previous = offset;
		offset += record.length;
	}
	return status;
}

int64_t ext4_directory_find(struct ext4_directory *directory, const struct name *name,
			    struct ext4_place *place)
{
	uint64_t logical = 0;
	int64_t status;

	memset(place, 0, sizeof(*place));
	while ((status = ext4_directory_load_block(directory, logical)) == 1) {
		status = find_in_block(directory, name, place);
		if (status != 0) {
			return status == 1 ? 0 : status;
		}
		logical = directory->logical + 1;
	}
	return status == 0 ? -STATUS_NOENT : status;
}

static struct ext2_dir_entry *entry_at(const struct ext4_directory *directory, unsigned offset)
{
	return (struct ext2_dir_entry *)(void *)(directory->data + offset);
}

static int64_t read_block(struct ext4_directory *directory, uint64_t physical)
{
	directory->run.length = 0;
	return load(directory->ext4, directory->inode.ino, physical);
}

/* Write the block that is loaded, and was changed. */
static int64_t write_block(struct ext4_directory *directory, uint64_t physical)
{
	int64_t status;

	loaded.physical = 0;
	status = ext4_status(ext2fs_write_dir_block4(directory->ext4->fs, physical, directory->data,
						     0, directory->inode.ino));
	if (status == 0) {
		loaded.physical = physical;
	}
	return status;
}

static uint8_t file_type(const struct ext4 *ext4, const struct ext4_inode *target)
{
	if (!has_types(ext4)) {
		return 0;
	}
	switch (target->raw.i_mode & MODE_TYPE) {
	case MODE_REGULAR:
		return EXT2_FT_REG_FILE;
	case MODE_DIRECTORY:
		return EXT2_FT_DIR;
	case MODE_CHARACTER:
		return EXT2_FT_CHRDEV;
	case MODE_BLOCK:
		return EXT2_FT_BLKDEV;
	case MODE_FIFO:
		return EXT2_FT_FIFO;
	case MODE_SOCKET:
		return EXT2_FT_SOCK;
	case MODE_LINK:
		return EXT2_FT_SYMLINK;
	}
	return EXT2_FT_UNKNOWN;
}

/* Put a record into the room that was found. */
static int64_t add_to_block(struct ext4_directory *directory, const struct name *name,
			    uint64_t physical, unsigned offset, const struct ext4_inode *target)
{
	struct ext2_dir_entry *entry;
	struct ext4_record record;
	int64_t status = read_block(directory, physical);

	if (status == 0) {
		status = ext4_directory_record(directory, offset, &record);
	}
	if (status != 1 || room_in(directory->ext4, &record) < record_length(name->length)) {
		return status < 0 ? status : -STATUS_UCLEAN;
	}
	entry = entry_at(directory, offset);
	if (record.ino != 0) {
		unsigned used = record_length(record.name.length);

		entry->rec_len = (uint16_t)used;
		entry = entry_at(directory, offset + used);
		entry->rec_len = (uint16_t)(record.length - used);
	}
	entry->inode = target->ino;
	entry->name_len = (uint16_t)(name->length | file_type(directory->ext4, target) << 8);
	memcpy(entry->name, name->text, name->length);
	return write_block(directory, physical);
}

/* A block more, then the record at its start. */
static int64_t add_block(struct ext4_directory *directory, const struct name *name,
			 const struct ext4_inode *target)
{
	struct ext4 *ext4 = directory->ext4;
	uint32_t ino = directory->inode.ino;
	int64_t status = ext4_map_check(ext4, &directory->inode);

	ext4_map_close(&directory->map);
	if (status == 0) {
		status = ext4_status(ext2fs_expand_dir(ext4->fs, ino));
	}
	/* The inode and its map have changed: begin anew. */
	if (status == 0) {
		status = ext4_directory_open(ext4, ino, directory);
	}
	if (status == 0) {
		status = ext4_directory_load_block(directory, directory->blocks - 1);
		status = status == 0 ? -STATUS_UCLEAN : status == 1 ? 0 : status;
	}
	return status == 0 ? add_to_block(directory, name, directory->physical, 0, target) : status;
}

/* Check the counts of an index block whose entries begin at `offset`. */
static bool index_block_is_sound(const struct ext4_directory *directory, unsigned offset)
{
	const struct ext4 *ext4 = directory->ext4;
	const struct ext2_dx_countlimit *head =
		(const struct ext2_dx_countlimit *)(const void *)(directory->data + offset);
	const struct ext2_dx_entry *entries = (const struct ext2_dx_entry *)(const void *)head;
	unsigned tail =
		ext2fs_has_feature_metadata_csum(ext4->fs->super) ? sizeof(struct ext2_dx_tail) : 0;

	if (head->limit != (ext4->fs->blocksize - offset - tail) / sizeof(struct ext2_dx_entry) ||
	    head->count == 0 || head->count > head->limit) {
		return false;
	}
	for (unsigned i = 0; i < head->count; i++) {
		if ((entries[i].block & 0x0fffffff) >= directory->blocks) {
			return false;
		}
	}
	return true;
}

/*
 * Check the index before libext2fs changes it: the root and, below it, each
 * further level. libext2fs believes the counts.
 */
static int64_t check_index_level(struct ext4_directory *directory, uint64_t block,
				 unsigned levels_below)
{
	static uint32_t children[512];
	unsigned count;
	unsigned offset = block == 0 ? INDEX_ROOT + 8 : INDEX_NODE;
	const struct ext2_dx_entry *entries;
	int64_t status = ext4_directory_load_block(directory, block);

	if (status != 1 || directory->logical != block ||
	    !index_block_is_sound(directory, offset)) {
		return status < 0 ? status : -STATUS_UCLEAN;
	}
	if (levels_below == 0) {
		return 0;
	}
	entries = (const struct ext2_dx_entry *)(const void *)(directory->data + offset);
	count = ((const struct ext2_dx_countlimit *)(const void *)entries)->count;
	for (unsigned i = 0; i < count && i < 512; i++) {
		children[i] = entries[i].block & 0x0fffffff;
	}
	for (unsigned i = 0; i < count && i < 512; i++) {
		status = ext4_directory_load_block(directory, children[i]);
		if (status != 1 || directory->logical != children[i] || children[i] == 0 ||
		    !index_block_is_sound(directory, INDEX_NODE)) {
			return status < 0 ? status : -STATUS_UCLEAN;
		}
	}
	return 0;
}

static int64_t check_index(struct ext4_directory *directory)
{
	const struct ext2_dx_root_info *root =
		(const struct ext2_dx_root_info *)(const void *)(directory->data + INDEX_ROOT);
	int64_t status = ext4_directory_load_block(directory, 0);

	if (status != 1 || directory->logical != 0 || root->info_length != 8 ||
	    root->reserved_zero != 0) {
		return status < 0 ? status : -STATUS_UCLEAN;
	}
	if (root->indirect_levels > 1) {
		return -STATUS_NOSPC; /* three levels: more than some ten million names */
	}
	return check_index_level(directory, 0, root->indirect_levels);
}

static int64_t add_to_index(struct ext4_directory *directory, const struct name *name,
			    const struct ext4_inode *target)
{
	struct ext4 *ext4 = directory->ext4;
	char text[FILES_NAME_MAX + 1];
	int64_t status = check_index(directory);

	if (status == 0) {
		status = ext4_map_check(ext4, &directory->inode);
	}
	ext4_map_close(&directory->map);
	if (status == 0) {
		memcpy(text, name->text, name->length);
		text[name->length] = 0;
		status = ext4_status(ext2fs_link(ext4->fs, directory->inode.ino, text, target->ino,
						 file_type(ext4, target)));
	}
	return status;
}

int64_t ext4_directory_add(struct ext4_directory *directory, const struct name *name,
			   const struct ext4_place *place, const struct ext4_inode *target)
{
	if (directory->inode.raw.i_flags & EXT2_INDEX_FL) {
		return add_to_index(directory, name, target);
	}
	if (place->has_room) {
		return add_to_block(directory, name, place->room_physical, place->room_offset,
				    target);
	}
	return add_block(directory, name, target);
}

int64_t ext4_directory_remove(struct ext4_directory *directory, const struct ext4_place *place)
{
	struct ext2_dir_entry *entry, *previous;
	int64_t status = read_block(directory, place->physical);

	if (status != 0) {
		return status;
	}
	entry = entry_at(directory, place->offset);
	previous = entry_at(directory, place->previous);
	if (place->previous != place->offset) {
		previous->rec_len = (uint16_t)(previous->rec_len + entry->rec_len);
	}
	entry->inode = 0;
	return write_block(directory, place->physical);
}

int64_t ext4_directory_replace(struct ext4_directory *directory, const struct ext4_place *place,
			       const struct ext4_inode *target)
{
	struct ext2_dir_entry *entry;
	int64_t status = read_block(directory, place->physical);

	if (status != 0) {
		return status;
	}
	entry = entry_at(directory, place->offset);
	entry->inode = target->ino;
	if (has_types(directory->ext4)) {
		entry->name_len = (uint16_t)((entry->name_len & 0xff) |
					     file_type(directory->ext4, target) << 8);
	}
	return write_block(directory, place->physical);
}

int64_t ext4_directory_is_empty(struct ext4_directory *directory)
{
	uint64_t logical = 0;
	int64_t status;

	while ((status = ext4_directory_load_block(directory, logical)) == 1) {
		struct ext4_record record;
		unsigned offset = 0;

		while ((status = ext4_directory_record(directory, offset, &record)) == 1) {
			if (record.ino != 0 && !name_is_dots(&record.name)) {
				return 0;
			}
			offset += record.length;
		}
		if (status < 0) {
			return status;
		}
		logical = directory->logical + 1;
	}
	return status == 0 ? 1 : status;
}
