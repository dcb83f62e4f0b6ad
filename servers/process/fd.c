/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables, and the calls that work on descriptors alone.
 */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

#define FD_FIRST_CAPACITY 32
#define FD_LIMIT 65536 /* whatever RLIMIT_NOFILE says */

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

struct fd_table *fd_table_new(void)
{
	struct fd_table *table = calloc(1, sizeof(*table));

	if (table == NULL) {
		return NULL;
	}
	table->references = 1;
	table->capacity = FD_FIRST_CAPACITY;
	table->entries = calloc(table->capacity, sizeof(*table->entries));
	if (table->entries == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

struct fd_table *fd_table_copy(const struct fd_table *table)
{
	struct fd_table *copy = calloc(1, sizeof(*copy));

	if (copy == NULL) {
		return NULL;
	}
	copy->references = 1;
	copy->capacity = table->capacity;
	copy->entries = calloc(copy->capacity, sizeof(*copy->entries));
	if (copy->entries == NULL) {
		free(copy);
		return NULL;
	}
	memcpy(copy->entries, table->entries, copy->capacity * sizeof(*copy->entries));
	for (uint32_t i = 0; i < copy->capacity; i++) {
		if (copy->entries[i].file != NULL) {
			open_file_hold(copy->entries[i].file);
		}
	}
	return copy;
}

struct fd_table *fd_table_share(struct fd_table *table)
{
	table->references++;
	return table;
}

bool fd_table_is_shared(const struct fd_table *table)
{
	return table->references > 1;
}

/* Empty a slot of a table: record locks of the table's owner go with it. */
static void close_entry(struct fd_table *table, uint32_t fd)
{
	struct open_file *file = table->entries[fd].file;

	table->entries[fd].file = NULL;
	if (file->inode->locks != NULL) {
		locks_release(file->inode, table);
	}
	open_file_put(file);
}

void fd_table_release(struct fd_table *table)
{
	if (table == NULL || --table->references > 0) {
		return;
	}
	for (uint32_t i = 0; i < table->capacity; i++) {
		if (table->entries[i].file != NULL) {
			close_entry(table, i);
		}
	}
	free(table->entries);
	free(table);
}

void fd_table_close_on_exec(struct fd_table *table)
{
	for (uint32_t i = 0; i < table->capacity; i++) {
		if (table->entries[i].file != NULL && table->entries[i].close_on_exec) {
			close_entry(table, i);
		}
	}
}

struct open_file *fd_file_any(struct process *p, uint64_t fd)
{
	struct fd_table *table = p->files;

	return table != NULL && fd < table->capacity ? table->entries[fd].file : NULL;
}

struct open_file *fd_file(struct process *p, uint64_t fd)
{
	struct open_file *file = fd_file_any(p, fd);

	return file != NULL && !(file->flags & OPEN_PATH) ? file : NULL;
}

/* Descriptors must stay below this. */
static uint64_t fd_limit(const struct process *p)
{
	uint64_t limit = p->limits[LINUX_RLIMIT_NOFILE].soft;

	return limit < FD_LIMIT ? limit : FD_LIMIT;
}

/* Make the table large enough for descriptor fd < FD_LIMIT. */
static bool grow(struct fd_table *table, uint64_t fd)
{
	uint32_t capacity = table->capacity;
	struct fd_entry *entries;

	if (fd < capacity) {
		return true;
	}
	while (capacity <= fd) {
		capacity *= 2;
	}
	entries = realloc(table->entries, capacity * sizeof(*entries));
	if (entries == NULL) {
		return false;
	}
	memset(entries + table->capacity, 0, (capacity - table->capacity) * sizeof(*entries));
	table->entries = entries;
	table->capacity = capacity;
	return true;
}

int64_t fd_install(struct process *p, struct open_file *file, uint64_t least, bool close_on_exec)
{
	struct fd_table *table = p->files;
	uint64_t fd = least;
	int64_t result;

	while (fd < table->capacity && table->entries[fd].file != NULL) {
		fd++;
	}
	result = fd >= fd_limit(p) ? -STATUS_MFILE : grow(table, fd) ? 0 : -STATUS_NOMEM;
	if (result < 0) {
		open_file_put(file);
		return result;
	}
	table->entries[fd].file = file;
	table->entries[fd].close_on_exec = close_on_exec;
	return (int64_t)fd;
}

int64_t fd_close(struct process *p, uint64_t fd)
{
	if (fd_file_any(p, fd) == NULL) {
		return -STATUS_BADF;
	}
	close_entry(p->files, (uint32_t)fd);
	return 0;
}

HANDLER(close)
{
	return fd_close(t->process, args[0]);
}

HANDLER(dup)
{
	struct open_file *file = fd_file_any(t->process, args[0]);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	open_file_hold(file);
	return fd_install(t->process, file, 0, false);
}

HANDLER(dup3)
{
	struct process *p = t->process;
	struct open_file *file = fd_file_any(p, args[0]);
	uint64_t to = args[1];
	uint64_t flags = args[2];

	if ((flags & ~(uint64_t)OPEN_CLOEXEC) != 0 || args[0] == to) {
		return -STATUS_INVAL;
	}
	if (file == NULL || to >= fd_limit(p)) {
		return -STATUS_BADF;
	}
	if (!grow(p->files, to)) {
		return -STATUS_NOMEM;
	}
	open_file_hold(file);
	if (p->files->entries[to].file != NULL) {
		close_entry(p->files, (uint32_t)to);
	}
	p->files->entries[to].file = file;
	p->files->entries[to].close_on_exec = (flags & OPEN_CLOEXEC) != 0;
	return (int64_t)to;
}

HANDLER(close_range)
{
	struct process *p = t->process;
	uint64_t last = args[1];
	uint64_t flags = args[2];

	if (args[0] > last || (flags & ~(uint64_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))) {
		return -STATUS_INVAL;
	}
	if ((flags & CLOSE_RANGE_UNSHARE) && fd_table_is_shared(p->files)) {
		struct fd_table *copy = fd_table_copy(p->files);

		if (copy == NULL) {
			return -STATUS_NOMEM;
		}
		fd_table_release(p->files);
		p->files = copy;
	}
	for (uint64_t fd = args[0]; fd <= last && fd < p->files->capacity; fd++) {
		struct fd_entry *entry = &p->files->entries[fd];

		if (entry->file == NULL) {
			continue;
		}
		if (flags & CLOSE_RANGE_CLOEXEC) {
			entry->close_on_exec = true;
		} else {
			close_entry(p->files, (uint32_t)fd);
		}
	}
	return 0;
}
