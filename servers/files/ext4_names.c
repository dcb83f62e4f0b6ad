/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on names: lookup, create, link, unlink, listing a directory.
 *
 * The name cache is written whenever a name is found, found missing, added or
 * removed, so it never contradicts the disk.
 */
#include <string.h>

#include "servers/files/ext4_private.h"

/* Find a name through the cache. */
static int64_t find_ino(struct ext4 *ext4, uint64_t directory, const struct name *name,
			uint32_t *ino)
{
	struct ext4_directory handle;
	struct ext4_place place;
	int64_t status;

	if (directory <= UINT32_MAX &&
	    name_cache_find(&ext4->names, (uint32_t)directory, name, ino)) {
		return *ino ? 0 : -STATUS_NOENT;
	}
	status = ext4_directory_open(ext4, directory, &handle);
	if (status == 0) {
		status = ext4_directory_find(&handle, name, &place);
		ext4_directory_close(&handle);
	}
	if (status == 0 || status == -STATUS_NOENT) {
		*ino = status == 0 ? place.ino : 0;
		name_cache_put(&ext4->names, (uint32_t)directory, name, *ino);
	}
	return status;
}

int64_t ext4_lookup(struct file_system *fs, uint64_t directory, const struct name *name,
		    uint64_t *ino)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_inode inode;
	uint32_t found;
	int64_t status = ext4_begin(ext4);

	/* The cache knows names, not whether the directory is one: a stale number ends here. */
	if (status == 0) {
		status = ext4_directory_load(ext4, directory, &inode);
	}
	if (status == 0) {
		status = find_ino(ext4, directory, name, &found);
	}
	if (status == 0) {
		status = ext4_inode_load(ext4, found, &inode);
		/* A name of a reserved or free inode is corruption, not a stale handle. */
		status = status == -STATUS_STALE ? -STATUS_UCLEAN : status;
		*ino = found;
	}
	return status;
}

int64_t ext4_parent_changed(struct ext4 *ext4, uint32_t directory, int subdirectories)
{
	struct ext4_inode inode;
	int64_t status = ext4_directory_load(ext4, directory, &inode);

	if (status != 0) {
		return status;
	}
	if (subdirectories > 0) {
		ext4_links_add(&inode);
	} else if (subdirectories < 0) {
		ext4_links_remove(&inode);
	}
	ext4_inode_touch(ext4, &inode, true);
	return ext4_inode_store(ext4, &inode);
}

/* Open a directory to which `name` is to be added: it must live, and lack the name. */
static int64_t open_for_new(struct ext4 *ext4, uint64_t directory, const struct name *name,
			    struct ext4_directory *handle, struct ext4_place *place)
{
	int64_t status = ext4_directory_open(ext4, directory, handle);

	if (status != 0) {
		return status;
	}
	if (handle->inode.raw.i_links_count == 0) {
		status = -STATUS_NOENT; /* removed, though still open */
	} else {
		status = ext4_directory_find(handle, name, place);
		status = status == 0 ? -STATUS_EXIST : status == -STATUS_NOENT ? 0 : status;
	}
	if (status != 0) {
		ext4_directory_close(handle);
	}
	return status;
}

int64_t ext4_create(struct file_system *fs, uint64_t directory, const struct name *name,
		    const struct creation *creation, uint64_t *ino)
{
	struct ext4 *ext4 = ext4_of(fs);
	bool is_directory = (creation->mode & MODE_TYPE) == MODE_DIRECTORY;
	struct ext4_directory handle;
	struct ext4_inode inode;
	struct ext4_place place;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = open_for_new(ext4, directory, name, &handle, &place);
	}
	if (status != 0) {
		return status;
	}
	if (is_directory) {
		status = ext4_links_check(ext4, &handle.inode);
	}
	if (status == 0) {
		status = ext4_inode_make(ext4, handle.inode.ino, creation, &inode);
	}
	if (status == 0) {
		status = ext4_directory_add(&handle, name, &place, &inode);
		if (status != 0) {
			ext4_inode_free(ext4, &inode);
		}
	}
	ext4_directory_close(&handle);
	if (status != 0) {
		return status;
	}
	*ino = inode.ino;
	name_cache_put(&ext4->names, (uint32_t)directory, name, inode.ino);
	return ext4_parent_changed(ext4, (uint32_t)directory, is_directory ? 1 : 0);
}

/* Whether the inode may get a further name. */
static int64_t check_link(struct ext4 *ext4, const struct ext4_inode *inode)
{
	if (ext4_is(inode, MODE_DIRECTORY)) {
		return -STATUS_PERM;
	}
	return inode->raw.i_links_count == 0 ? -STATUS_NOENT : ext4_links_check(ext4, inode);
}

int64_t ext4_link(struct file_system *fs, uint64_t directory, const struct name *name, uint64_t ino)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_directory handle;
	struct ext4_inode inode;
	struct ext4_place place;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_inode_load(ext4, ino, &inode);
	}
	if (status == 0) {
		status = open_for_new(ext4, directory, name, &handle, &place);
	}
	if (status != 0) {
		return status;
	}
	status = check_link(ext4, &inode);
	if (status != 0) {
		ext4_directory_close(&handle);
		return status;
	}
	/* The count first: too many links are harmless, too few are not. */
	inode.raw.i_links_count++;
	ext4_inode_touch(ext4, &inode, false);
	status = ext4_inode_store(ext4, &inode);
	if (status == 0) {
		status = ext4_directory_add(&handle, name, &place, &inode);
		if (status != 0) {
			inode.raw.i_links_count--;
			ext4_inode_store(ext4, &inode);
		}
	}
	ext4_directory_close(&handle);
	if (status != 0) {
		return status;
	}
	name_cache_put(&ext4->names, (uint32_t)directory, name, inode.ino);
	return ext4_parent_changed(ext4, (uint32_t)directory, 0);
}

int64_t ext4_name_removed(struct ext4 *ext4, struct ext4_inode *inode)
{
	if (!ext4_is(inode, MODE_DIRECTORY) && inode->raw.i_links_count > 1) {
		inode->raw.i_links_count--;
		ext4_inode_touch(ext4, inode, false);
		return ext4_inode_store(ext4, inode);
	}
	return ext4_inode_unlinked(ext4, inode);
}

/* Whether the inode may be removed as what the caller says it is. */
static int64_t check_removal(struct ext4 *ext4, const struct ext4_inode *inode, bool is_directory)
{
	struct ext4_directory handle;
	int64_t status;

	if (!is_directory) {
		return ext4_is(inode, MODE_DIRECTORY) ? -STATUS_ISDIR : 0;
	}
	if (!ext4_is(inode, MODE_DIRECTORY)) {
		return -STATUS_NOTDIR;
	}
	if (inode->ino == EXT2_ROOT_INO) {
		return -STATUS_BUSY;
	}
	status = ext4_directory_open(ext4, inode->ino, &handle);
	if (status == 0) {
		status = ext4_directory_is_empty(&handle);
		ext4_directory_close(&handle);
		status = status == 1 ? 0 : status == 0 ? -STATUS_NOTEMPTY : status;
	}
	return status;
}

int64_t ext4_unlink(struct file_system *fs, uint64_t directory, const struct name *name,
		    bool is_directory, uint64_t *ino, uint64_t *links)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_directory handle;
	struct ext4_inode inode;
	struct ext4_place place;
	int64_t status = ext4_begin_change(ext4);

	if (status == 0) {
		status = ext4_directory_open(ext4, directory, &handle);
	}
	if (status != 0) {
		return status;
	}
	status = ext4_directory_find(&handle, name, &place);
	if (status == 0) {
		status = ext4_inode_load(ext4, place.ino, &inode);
		status = status == -STATUS_STALE ? -STATUS_UCLEAN : status;
	}
	if (status == 0) {
		status = check_removal(ext4, &inode, is_directory);
	}
	if (status == 0) {
		status = ext4_directory_remove(&handle, &place);
	}
	ext4_directory_close(&handle);
	if (status != 0) {
		return status;
	}
	name_cache_put(&ext4->names, (uint32_t)directory, name, 0);
	*ino = inode.ino;
	*links = is_directory ? 0 : inode.raw.i_links_count - 1u;
	status = ext4_name_removed(ext4, &inode);
	if (status == 0) {
		status = ext4_parent_changed(ext4, (uint32_t)directory, is_directory ? -1 : 0);
	}
	return status;
}

/* ---- listing ---- */

static uint8_t record_type(uint8_t file_type)
{
	static const uint8_t types[] = {
		[EXT2_FT_REG_FILE] = MODE_REGULAR >> 12, [EXT2_FT_DIR] = MODE_DIRECTORY >> 12,
		[EXT2_FT_CHRDEV] = MODE_CHARACTER >> 12, [EXT2_FT_BLKDEV] = MODE_BLOCK >> 12,
		[EXT2_FT_FIFO] = MODE_FIFO >> 12,	 [EXT2_FT_SOCK] = MODE_SOCKET >> 12,
		[EXT2_FT_SYMLINK] = MODE_LINK >> 12,
	};

	return file_type < sizeof(types) ? types[file_type] : 0;
}

/*
 * A cookie is the byte offset behind a record in the directory. Records may
 * have been merged since it was given out, so the block is walked from its
 * start and what lies before the cookie is passed over.
 */
int64_t ext4_read_directory(struct file_system *fs, uint64_t directory, uint64_t cookie,
			    struct record_buffer *records)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct ext4_directory handle;
	struct ext4_record record;
	uint64_t logical;
	int64_t status = ext4_begin(ext4);

	if (status == 0) {
		status = ext4_directory_open(ext4, directory, &handle);
	}
	if (status != 0) {
		return status;
	}
	logical = cookie >> ext4->block_shift;
	while ((status = ext4_directory_load_block(&handle, logical)) == 1) {
		uint64_t base = handle.logical << ext4->block_shift;
		unsigned offset = 0;

		while ((status = ext4_directory_record(&handle, offset, &record)) == 1) {
			offset += record.length;
			if (record.ino == 0 || base + record.offset < cookie) {
				continue;
			}
			if (memchr(record.name.text, '/', record.name.length) ||
			    memchr(record.name.text, 0, record.name.length)) {
				status = -STATUS_UCLEAN;
				goto full;
			}
			if (!record_append(records, record.ino, base + offset,
					   record_type(record.file_type), &record.name)) {
				goto full;
			}
			/* What is listed is mostly looked up next. */
			name_cache_put(&ext4->names, handle.inode.ino, &record.name, record.ino);
		}
		if (status < 0) {
			break;
		}
		logical = handle.logical + 1;
	}
full:
	ext4_directory_close(&handle);
	/* What was read before a corrupt block is still good. */
	return status < 0 && records->count == 0 ? status : records->count;
}
