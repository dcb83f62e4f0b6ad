/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files of the file server: their data is the pager's page cache. */
#ifndef SERVERS_PROCESS_REGULAR_H
#define SERVERS_PROCESS_REGULAR_H

#include "servers/process/vfs.h"

/* Count an opener with the file server and the pager: inode->object is valid until the close. */
int64_t regular_open(struct inode *inode);
void regular_close(struct inode *inode);
/* Correct a size from the file server by what the pager knows. */
void regular_size(struct inode *inode, uint64_t *size);
int64_t regular_truncate(struct inode *inode, uint64_t size);
/* Data, times and metadata to the disk. */
int64_t regular_sync(struct inode *inode, bool data_only);
/* Tell the file server the time of the last write. */
void regular_flush_time(struct inode *inode);
/* A file has lost its last name: forget its data when the last opener goes. */
void regular_removed(struct inode *inode);

#endif
