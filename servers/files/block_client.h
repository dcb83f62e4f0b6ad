/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk through the block service. */
#ifndef SERVERS_FILES_BLOCK_CLIENT_H
#define SERVERS_FILES_BLOCK_CLIENT_H

#include "servers/files/device.h"
#include "servers/lib/syscall.h"

/*
 * Ask the service about its disk and attach `cache_pool` of `cache_pages`
 * pages. The device exists afterwards even if there is no disk (->status).
 */
struct device *block_client_start(cap_t service, cap_t cache_pool, uint64_t cache_pages);

/* Attach the pager's pool, in place of an earlier one. Returns 0 or a negative status. */
int64_t block_client_attach_pager(cap_t pool);

#endif
