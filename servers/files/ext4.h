/* SPDX-License-Identifier: BSD-2-Clause */
/* The ext4 file system on the disk. */
#ifndef SERVERS_FILES_EXT4_H
#define SERVERS_FILES_EXT4_H

#include "servers/files/device.h"
#include "servers/files/file_system.h"

/*
 * The file system on `device`, to be mounted on first use. `memory` (`size`
 * bytes, pool DEVICE_POOL_CACHE) is for its cache. NULL if memory is out.
 */
struct file_system *ext4_new(struct device *device, char *memory, size_t size);

/* Free it without writing anything; the host tests start over with it. */
void ext4_drop(struct file_system *fs);

#endif
