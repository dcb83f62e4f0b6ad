/* SPDX-License-Identifier: BSD-2-Clause */
/* Table of open files: a hash table with chains, one entry per open inode. */
#include <stdlib.h>

#include "servers/files/file_system.h"

#define BUCKETS 128
#define FILES_MAX 8192

bool heap_has_grown = true;

static struct open_file *buckets[BUCKETS];
static unsigned file_count;

static struct open_file **bucket_of(uint32_t fs, uint64_t ino)
{
	return &buckets[(ino + fs * 31) % BUCKETS];
}

struct open_file *open_file_find(const struct file_system *fs, uint64_t ino)
{
	struct open_file *file = *bucket_of(fs->number, ino);

	while (file && (file->ino != ino || file->fs != fs->number)) {
		file = file->next;
	}
	return file;
}

int64_t open_file_add(const struct file_system *fs, uint64_t ino)
{
	struct open_file *file = open_file_find(fs, ino);
	struct open_file **bucket = bucket_of(fs->number, ino);

	if (file) {
		if (file->openers == UINT32_MAX) {
			return -STATUS_NFILE;
		}
		file->openers++;
		return 0;
	}
	if (file_count == FILES_MAX) {
		return -STATUS_NFILE;
	}
	file = calloc(1, sizeof(*file));
	if (!file) {
		return -STATUS_NOMEM;
	}
	heap_has_grown = true;
	file->ino = ino;
	file->fs = fs->number;
	file->openers = 1;
	file->next = *bucket;
	*bucket = file;
	file_count++;
	return 0;
}

static void drop(struct open_file **link)
{
	struct open_file *file = *link;

	*link = file->next;
	free(file);
	file_count--;
}

int64_t open_file_remove(const struct file_system *fs, uint64_t ino)
{
	struct open_file **link = bucket_of(fs->number, ino);
	bool unlinked;

	while (*link && ((*link)->ino != ino || (*link)->fs != fs->number)) {
		link = &(*link)->next;
	}
	if (!*link) {
		return -STATUS_BADF;
	}
	if (--(*link)->openers > 0) {
		return 0;
	}
	unlinked = (*link)->unlinked;
	drop(link);
	return unlinked;
}

uint64_t open_file_take_unlinked(const struct file_system *fs)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct open_file **link = &buckets[i]; *link; link = &(*link)->next) {
			if ((*link)->fs == fs->number && (*link)->unlinked) {
				uint64_t ino = (*link)->ino;

				drop(link);
				return ino;
			}
		}
	}
	return 0;
}
