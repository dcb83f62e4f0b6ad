/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rename(2).
 *
 * Order of the changes: the new name is entered (or made to name the file)
 * before the old one is removed, so that the file has a name at every moment.
 * All checks come before the first change.
 */
#include "servers/files/ext4_private.h"

#define DEPTH_MAX 4096 /* of directories; guards against circles in a corrupt tree */

struct renaming {
	struct ext4 *ext4;
	uint32_t from, to; /* directories */
	const struct name *name, *new_name;
	struct ext4_inode source, target;
	struct ext4_place source_place, target_place;
	bool has_target;
};

/* Find a name and load what it names; 0 with ->ino 0 if there is none. */
static int64_t find(struct ext4 *ext4, uint64_t directory, const struct name *name,
		    struct ext4_place *place, struct ext4_inode *inode)
{
	struct ext4_directory handle;
	int64_t status = ext4_directory_open(ext4, directory, &handle);

	if (status != 0) {
		return status;
	}
	if (handle.inode.raw.i_links_count == 0) {
		status = -STATUS_STALE;
	} else {
		status = ext4_directory_find(&handle, name, place);
	}
	ext4_directory_close(&handle);
	if (status == -STATUS_NOENT) {
		place->ino = 0;
		return 0;
	}
	if (status == 0) {
		status = ext4_inode_load(ext4, place->ino, inode);
		status = status == -STATUS_STALE ? -STATUS_UCLEAN : status;
	}
	return status == -STATUS_STALE ? -STATUS_NOENT : status;
}

/* -STATUS_INVAL if directory `ino` is `to` or lies above it. */
static int64_t check_not_above(struct ext4 *ext4, uint32_t ino, uint32_t to)
{
	const struct name dotdot = {"..", 2};

	for (unsigned i = 0; i < DEPTH_MAX; i++) {
		uint64_t parent;
		int64_t status;

		if (to == ino) {
			return -STATUS_INVAL;
		}
		if (to == EXT2_ROOT_INO) {
			return 0;
		}
		status = ext4_lookup(&ext4->base, to, &dotdot, &parent);
		if (status != 0) {
			return status == -STATUS_NOENT ? -STATUS_UCLEAN : status;
		}
		to = (uint32_t)parent;
	}
	return -STATUS_UCLEAN;
}

static int64_t check_target(struct renaming *r, bool no_replace)
{
	struct ext4_directory handle;
	bool is_directory = ext4_is(&r->source, MODE_DIRECTORY);
	int64_t status;

	if (no_replace) {
		return -STATUS_EXIST;
	}
	if (!ext4_is(&r->target, MODE_DIRECTORY)) {
		return is_directory ? -STATUS_NOTDIR : 0;
	}
	if (!is_directory) {
		return -STATUS_ISDIR;
	}
	if (r->target.ino == EXT2_ROOT_INO) {
		return -STATUS_BUSY;
	}
	status = ext4_directory_open(r->ext4, r->target.ino, &handle);
	if (status == 0) {
		status = ext4_directory_is_empty(&handle);
		ext4_directory_close(&handle);
		status = status == 1 ? 0 : status == 0 ? -STATUS_NOTEMPTY : status;
	}
	return status;
}

static int64_t check(struct renaming *r, bool no_replace)
{
	struct ext4 *ext4 = r->ext4;
	int64_t status = find(ext4, r->from, r->name, &r->source_place, &r->source);

	if (status == 0 && r->source_place.ino == 0) {
		status = -STATUS_NOENT;
	}
	if (status == 0) {
		status = find(ext4, r->to, r->new_name, &r->target_place, &r->target);
	}
	if (status != 0) {
		return status;
	}
	r->has_target = r->target_place.ino != 0;
	if (ext4_is(&r->source, MODE_DIRECTORY)) {
		if (r->source.ino == EXT2_ROOT_INO) {
			return -STATUS_BUSY;
		}
		if (r->from != r->to) {
			status = check_not_above(ext4, r->source.ino, r->to);
		}
		if (status == 0 && r->from != r->to && !r->has_target) {
			struct ext4_inode parent;

			status = ext4_directory_load(ext4, r->to, &parent);
			status = status ? status : ext4_links_check(ext4, &parent);
		}
	}
	/* Two names of one file: nothing to do, the caller compares. */
	if (status == 0 && r->has_target && r->target.ino != r->source.ino) {
		status = check_target(r, no_replace);
	} else if (status == 0 && r->has_target && no_replace) {
		status = -STATUS_EXIST;
	}
	return status;
}

/* Let the new name name the source. */
static int64_t enter(struct renaming *r)
{
	struct ext4_directory handle;
	int64_t status = ext4_directory_open(r->ext4, r->to, &handle);

	if (status != 0) {
		return status;
	}
	if (r->has_target) {
		status = ext4_directory_replace(&handle, &r->target_place, &r->source);
	} else {
		status = ext4_directory_add(&handle, r->new_name, &r->target_place, &r->source);
	}
	ext4_directory_close(&handle);
	if (status == 0) {
		name_cache_put(&r->ext4->names, r->to, r->new_name, r->source.ino);
	}
	return status;
}

/* Remove the old name; its record may have moved when the new one was entered. */
static int64_t leave(struct renaming *r)
{
	struct ext4_directory handle;
	int64_t status = ext4_directory_open(r->ext4, r->from, &handle);

	if (status != 0) {
		return status;
	}
	status = ext4_directory_find(&handle, r->name, &r->source_place);
	if (status == 0) {
		status = ext4_directory_remove(&handle, &r->source_place);
	}
	ext4_directory_close(&handle);
	if (status == 0) {
		name_cache_put(&r->ext4->names, r->from, r->name, 0);
	}
	return status;
}

/* Let the moved directory's ".." name its new parent. */
static int64_t set_parent(struct renaming *r)
{
	const struct name dotdot = {"..", 2};
	struct ext4_directory handle;
	struct ext4_inode parent;
	struct ext4_place place;
	int64_t status = ext4_directory_load(r->ext4, r->to, &parent);

	if (status == 0) {
		status = ext4_directory_open(r->ext4, r->source.ino, &handle);
	}
	if (status != 0) {
		return status;
	}
	status = ext4_directory_find(&handle, &dotdot, &place);
	if (status == 0) {
		status = ext4_directory_replace(&handle, &place, &parent);
	}
	ext4_directory_close(&handle);
	name_cache_put(&r->ext4->names, r->source.ino, &dotdot, r->to);
	return status == -STATUS_NOENT ? -STATUS_UCLEAN : status;
}

static int64_t commit(struct renaming *r)
{
	struct ext4 *ext4 = r->ext4;
	bool moves_directory = ext4_is(&r->source, MODE_DIRECTORY) && r->from != r->to;
	int64_t status = enter(r);

	if (status == 0) {
		status = leave(r);
	}
	if (status == 0 && moves_directory) {
		status = set_parent(r);
	}
	if (status == 0) {
		status = ext4_inode_load(ext4, r->source.ino, &r->source);
	}
	if (status == 0) {
		ext4_inode_touch(ext4, &r->source, false);
		status = ext4_inode_store(ext4, &r->source);
	}
	if (status == 0 && r->has_target) {
		status = ext4_name_removed(ext4, &r->target);
	}
	if (status != 0) {
		return status;
	}
	/* Subdirectories: one leaves `from`, one comes to `to`, a replaced one leaves `to`. */
	if (r->from == r->to) {
		return ext4_parent_changed(
			ext4, r->to, r->has_target && ext4_is(&r->target, MODE_DIRECTORY) ? -1 : 0);
	}
	status = ext4_parent_changed(ext4, r->from, moves_directory ? -1 : 0);
	if (status == 0) {
		status =
			ext4_parent_changed(ext4, r->to, moves_directory && !r->has_target ? 1 : 0);
	}
	return status;
}

int64_t ext4_rename(struct file_system *fs, uint64_t directory, const struct name *name,
		    uint64_t new_directory, const struct name *new_name, bool no_replace,
		    uint64_t *replaced)
{
	struct ext4 *ext4 = ext4_of(fs);
	struct renaming r = {.ext4 = ext4, .name = name, .new_name = new_name};
	int64_t status = ext4_begin_change(ext4);

	*replaced = 0;
	if (status != 0) {
		return status;
	}
	if (directory > UINT32_MAX || new_directory > UINT32_MAX) {
		return -STATUS_STALE;
	}
	r.from = (uint32_t)directory;
	r.to = (uint32_t)new_directory;
	status = check(&r, no_replace);
	if (status != 0 || (r.has_target && r.target.ino == r.source.ino)) {
		return status;
	}
	status = commit(&r);
	if (status == 0 && r.has_target) {
		*replaced = r.target.ino;
	}
	return status;
}
