/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs: names. Entries are found through a hash table of the whole file
 * system; for listing they are linked in the directory in the order of their
 * cookies, which only grow, so that a listing neither repeats nor skips what
 * stays.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/files/tmpfs_private.h"

static struct tmpfs_entry **bucket(struct tmpfs *tmpfs, const struct tmpfs_node *directory,
				   const struct name *name)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ directory->ino;

	for (unsigned i = 0; i < name->length; i++) {
		hash = (hash ^ (uint8_t)name->text[i]) * 0x100000001b3ull;
	}
	return &tmpfs->entries[(hash ^ hash >> 32) % TMPFS_BUCKETS];
}

static struct tmpfs_entry *find(struct tmpfs *tmpfs, const struct tmpfs_node *directory,
				const struct name *name)
{
	struct tmpfs_entry *entry = *bucket(tmpfs, directory, name);

	while (entry && (entry->directory != directory || entry->length != name->length ||
			 memcmp(entry->text, name->text, name->length) != 0)) {
		entry = entry->hash_next;
	}
	return entry;
}

static bool is_directory(const struct tmpfs_node *node)
{
	return (node->attributes.mode & MODE_TYPE) == MODE_DIRECTORY;
}

static int64_t find_directory(struct tmpfs *tmpfs, uint64_t ino, struct tmpfs_node **directory)
{
	*directory = tmpfs_node_find(tmpfs, ino);
	if (!*directory) {
		return -STATUS_STALE;
	}
	return is_directory(*directory) ? 0 : -STATUS_NOTDIR;
}

static bool add(struct tmpfs *tmpfs, struct tmpfs_node *directory, const struct name *name,
		struct tmpfs_node *node)
{
	struct tmpfs_entry *entry = calloc(1, sizeof(*entry) + name->length);
	struct tmpfs_entry **head = bucket(tmpfs, directory, name);

	if (!entry) {
		return false;
	}
	heap_has_grown = true;
	entry->directory = directory;
	entry->node = node;
	entry->cookie = directory->next_cookie++;
	entry->length = name->length;
	memcpy(entry->text, name->text, name->length);
	entry->hash_next = *head;
	*head = entry;
	entry->previous = directory->last;
	if (directory->last) {
		directory->last->next = entry;
	} else {
		directory->first = entry;
	}
	directory->last = entry;
	if (is_directory(node)) {
		node->parent = directory;
		directory->attributes.links++;
	}
	tmpfs_touch(directory, true);
	return true;
}

static void remove_entry(struct tmpfs *tmpfs, struct tmpfs_entry *entry)
{
	const struct name name = {entry->text, entry->length};
	struct tmpfs_node *directory = entry->directory;
	struct tmpfs_entry **link = bucket(tmpfs, directory, &name);

	while (*link != entry) {
		link = &(*link)->hash_next;
	}
	*link = entry->hash_next;
	if (entry->previous) {
		entry->previous->next = entry->next;
	} else {
		directory->first = entry->next;
	}
	if (entry->next) {
		entry->next->previous = entry->previous;
	} else {
		directory->last = entry->previous;
	}
	if (is_directory(entry->node)) {
		directory->attributes.links--;
	}
	tmpfs_touch(directory, true);
	free(entry);
}

/* The node lost a name. */
static void name_removed(struct tmpfs *tmpfs, struct tmpfs_node *node)
{
	struct open_file *file = open_file_find(&tmpfs->base, node->ino);

	node->attributes.links = is_directory(node) ? 0 : node->attributes.links - 1;
	tmpfs_touch(node, false);
	if (node->attributes.links > 0) {
		return;
	}
	if (file) {
		file->unlinked = true;
	} else {
		tmpfs_node_free(tmpfs, node);
	}
}

int64_t tmpfs_lookup(struct file_system *fs, uint64_t directory, const struct name *name,
		     uint64_t *ino)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *node;
	struct tmpfs_entry *entry;
	int64_t status = find_directory(tmpfs, directory, &node);

	if (status != 0) {
		return status;
	}
	if (name_is_dots(name)) {
		*ino = name->length == 1 ? node->ino : node->parent->ino;
		return 0;
	}
	entry = find(tmpfs, node, name);
	if (!entry) {
		return -STATUS_NOENT;
	}
	*ino = entry->node->ino;
	return 0;
}

static int64_t find_for_new(struct tmpfs *tmpfs, uint64_t ino, const struct name *name,
			    struct tmpfs_node **directory)
{
	int64_t status = find_directory(tmpfs, ino, directory);

	if (status != 0) {
		return status;
	}
	if ((*directory)->attributes.links == 0) {
		return -STATUS_NOENT;
	}
	return find(tmpfs, *directory, name) ? -STATUS_EXIST : 0;
}

int64_t tmpfs_create(struct file_system *fs, uint64_t directory, const struct name *name,
		     const struct creation *creation, uint64_t *ino)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *parent, *node;
	int64_t status = find_for_new(tmpfs, directory, name, &parent);

	if (status != 0) {
		return status;
	}
	node = tmpfs_node_new(tmpfs, creation);
	if (!node) {
		return -STATUS_NOSPC;
	}
	if (!add(tmpfs, parent, name, node)) {
		tmpfs_node_free(tmpfs, node);
		return -STATUS_NOMEM;
	}
	*ino = node->ino;
	return 0;
}

int64_t tmpfs_link(struct file_system *fs, uint64_t directory, const struct name *name,
		   uint64_t ino)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *node = tmpfs_node_find(tmpfs, ino);
	struct tmpfs_node *parent;
	int64_t status = find_for_new(tmpfs, directory, name, &parent);

	if (status != 0) {
		return status;
	}
	if (!node || node->attributes.links == 0) {
		return node ? -STATUS_NOENT : -STATUS_STALE;
	}
	if (is_directory(node)) {
		return -STATUS_PERM;
	}
	if (!add(tmpfs, parent, name, node)) {
		return -STATUS_NOMEM;
	}
	node->attributes.links++;
	tmpfs_touch(node, false);
	return 0;
}

int64_t tmpfs_unlink(struct file_system *fs, uint64_t directory, const struct name *name,
		     bool want_directory, uint64_t *ino, uint64_t *links)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *parent, *node;
	struct tmpfs_entry *entry;
	int64_t status = find_directory(tmpfs, directory, &parent);

	if (status != 0) {
		return status;
	}
	entry = find(tmpfs, parent, name);
	if (!entry) {
		return -STATUS_NOENT;
	}
	node = entry->node;
	if (is_directory(node) != want_directory) {
		return want_directory ? -STATUS_NOTDIR : -STATUS_ISDIR;
	}
	if (want_directory && node->first) {
		return -STATUS_NOTEMPTY;
	}
	*ino = node->ino;
	*links = want_directory ? 0 : node->attributes.links - 1;
	remove_entry(tmpfs, entry);
	name_removed(tmpfs, node);
	return 0;
}

/* Whether the source may take the place of what the new name names. */
static int64_t check_replacement(const struct tmpfs_node *source, const struct tmpfs_node *target,
				 bool no_replace)
{
	if (no_replace) {
		return -STATUS_EXIST;
	}
	if (source == target) {
		return 0;
	}
	if (is_directory(source) != is_directory(target)) {
		return is_directory(source) ? -STATUS_NOTDIR : -STATUS_ISDIR;
	}
	return target->first ? -STATUS_NOTEMPTY : 0;
}

int64_t tmpfs_rename(struct file_system *fs, uint64_t directory, const struct name *name,
		     uint64_t new_directory, const struct name *new_name, bool no_replace,
		     uint64_t *replaced)
{
	struct tmpfs *tmpfs = tmpfs_of(fs);
	struct tmpfs_node *from, *to, *source, *target;
	struct tmpfs_entry *old, *existing;
	int64_t status = find_directory(tmpfs, directory, &from);

	*replaced = 0;
	if (status == 0) {
		status = find_directory(tmpfs, new_directory, &to);
	}
	if (status != 0) {
		return status;
	}
	old = find(tmpfs, from, name);
	if (!old || to->attributes.links == 0) {
		return -STATUS_NOENT;
	}
	source = old->node;
	/* Moving a directory below itself; the chain of parents ends at the root. */
	for (const struct tmpfs_node *at = to; is_directory(source); at = at->parent) {
		if (at == source) {
			return -STATUS_INVAL;
		}
		if (at == tmpfs->root) {
			break;
		}
	}
	existing = find(tmpfs, to, new_name);
	target = existing ? existing->node : NULL;
	status = target ? check_replacement(source, target, no_replace) : 0;
	if (status != 0 || target == source) {
		return status;
	}
	if (!add(tmpfs, to, new_name, source)) {
		return -STATUS_NOMEM;
	}
	remove_entry(tmpfs, old);
	if (target) {
		*replaced = target->ino;
		remove_entry(tmpfs, existing);
		name_removed(tmpfs, target);
	}
	tmpfs_touch(source, false);
	return 0;
}

int64_t tmpfs_read_directory(struct file_system *fs, uint64_t directory, uint64_t cookie,
			     struct record_buffer *records)
{
	static const struct name dot = {".", 1}, dotdot = {"..", 2};
	struct tmpfs_node *node;
	int64_t status = find_directory(tmpfs_of(fs), directory, &node);

	if (status != 0) {
		return status;
	}
	if (node->attributes.links == 0) {
		return 0; /* removed: empty */
	}
	if (cookie < 1) {
		record_append(records, node->ino, 1, MODE_DIRECTORY >> 12, &dot);
	}
	if (cookie < 2) {
		record_append(records, node->parent->ino, 2, MODE_DIRECTORY >> 12, &dotdot);
	}
	for (const struct tmpfs_entry *entry = node->first; entry; entry = entry->next) {
		const struct name name = {entry->text, entry->length};

		if (entry->cookie > cookie &&
		    !record_append(records, entry->node->ino, entry->cookie,
				   mode_to_record_type(entry->node->attributes.mode), &name)) {
			break;
		}
	}
	return records->count;
}
