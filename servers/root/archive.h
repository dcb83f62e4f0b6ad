/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the boot archive: cpio in the "newc" format (cpio(5), "New ASCII"). */
#ifndef SERVERS_ROOT_ARCHIVE_H
#define SERVERS_ROOT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_file {
	const char *data; /* inside the archive */
	size_t size;	  /* bytes */
};

/*
 * Find a file by its exact name in the `size` bytes at `archive`. False if it
 * is not there or the archive is damaged before it.
 */
bool archive_find(const char *archive, size_t size, const char *name, struct archive_file *file);

#endif
