/* SPDX-License-Identifier: BSD-2-Clause */
/* Advisory locks (locks.c). */
#ifndef SERVERS_PROCESS_LOCKS_H
#define SERVERS_PROCESS_LOCKS_H

#include "servers/process/files.h"

/* fcntl's F_GETLK and F_SETLK(W) with the struct flock at t->args[2]; `owner` is the descriptor
 * table for record locks, the open file for OFD locks. */
int64_t lock_get(struct thread *t, struct open_file *file, const void *owner);
int64_t lock_set(struct thread *t, struct open_file *file, const void *owner, bool wait);

#endif
