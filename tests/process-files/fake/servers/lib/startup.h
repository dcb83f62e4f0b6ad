/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests: the start-up page, see fake_servers.c. */
#ifndef SERVERS_LIB_STARTUP_H
#define SERVERS_LIB_STARTUP_H

#include "servers/lib/syscall.h"

struct startup {
	uint64_t timebase_hz;
	uint32_t hart_count, arguments;
	char strings[64]; /* `arguments` is their offset */
};

const struct startup *startup(void);
cap_t startup_cap(const char *name);
struct message_buffer *message_buffer(void);

#endif
