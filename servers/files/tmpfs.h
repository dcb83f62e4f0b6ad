/* SPDX-License-Identifier: BSD-2-Clause */
/* tmpfs: names and attributes here, pages in the pager. */
#ifndef SERVERS_FILES_TMPFS_H
#define SERVERS_FILES_TMPFS_H

#include "servers/files/file_system.h"

#define TMPFS_NODES_MAX 4096 /* of all tmpfs together */

/* An empty tmpfs for at most `limit` pages of data; NULL if memory is out. */
struct file_system *tmpfs_new(uint32_t number, uint64_t limit);

#endif
