/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests: the start-up page, see fake.c. */
#ifndef SERVERS_LIB_STARTUP_H
#define SERVERS_LIB_STARTUP_H

#include "servers/lib/syscall.h"

struct startup {
	uint64_t timebase_hz;
	uint32_t hart_count;
};

const struct startup *startup(void);
cap_t startup_cap_required(const char *name);

#endif
