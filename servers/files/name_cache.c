/* SPDX-License-Identifier: BSD-2-Clause */
/* Cache of directory lookups; see name_cache.h. */
#include <string.h>

#include "servers/files/name_cache.h"

/* FNV-1a over directory and name. */
static unsigned place_of(uint32_t directory, const struct name *name)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ directory;

	for (unsigned i = 0; i < name->length; i++) {
		hash = (hash ^ (uint8_t)name->text[i]) * 0x100000001b3ull;
	}
	return (unsigned)((hash ^ hash >> 32) % NAME_CACHE_ENTRIES);
}

bool name_cache_find(const struct name_cache *cache, uint32_t directory, const struct name *name,
		     uint32_t *ino)
{
	unsigned i = place_of(directory, name);

	if (cache->entries[i].directory != directory || cache->entries[i].length != name->length ||
	    memcmp(cache->entries[i].text, name->text, name->length) != 0) {
		return false;
	}
	*ino = cache->entries[i].ino;
	return true;
}

void name_cache_put(struct name_cache *cache, uint32_t directory, const struct name *name,
		    uint32_t ino)
{
	unsigned i = place_of(directory, name);

	if (name->length > NAME_CACHE_LENGTH) {
		return;
	}
	cache->entries[i].directory = directory;
	cache->entries[i].ino = ino;
	cache->entries[i].length = (uint8_t)name->length;
	memcpy(cache->entries[i].text, name->text, name->length);
}

void name_cache_forget(struct name_cache *cache, uint32_t directory)
{
	for (unsigned i = 0; i < NAME_CACHE_ENTRIES; i++) {
		if (cache->entries[i].directory == directory) {
			cache->entries[i].directory = 0;
		}
	}
}
