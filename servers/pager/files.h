/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVERS_PAGER_FILES_H
#define SERVERS_PAGER_FILES_H

#include "servers/lib/syscall.h"

/* Find the file server and hand it the pool, from and to which it moves pages. Once. */
void files_connect(cap_t pool);

#endif
