/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small cache of directory lookups: (directory, name) to inode number, 0 for
 * names known not to exist. Direct-mapped: a new entry replaces the one in
 * its place. Long names are not kept.
 */
#ifndef SERVERS_FILES_NAME_CACHE_H
#define SERVERS_FILES_NAME_CACHE_H

#include "servers/files/file_system.h"

#define NAME_CACHE_ENTRIES 512
#define NAME_CACHE_LENGTH 31

struct name_cache {
	struct {
		uint32_t directory; /* 0 = empty */
		uint32_t ino;
		uint8_t length;
		char text[NAME_CACHE_LENGTH];
	} entries[NAME_CACHE_ENTRIES];
};

bool name_cache_find(const struct name_cache *cache, uint32_t directory, const struct name *name,
		     uint32_t *ino);
void name_cache_put(struct name_cache *cache, uint32_t directory, const struct name *name,
		    uint32_t ino);
/* The directory is gone; its number may come back as another one. */
void name_cache_forget(struct name_cache *cache, uint32_t directory);

#endif
