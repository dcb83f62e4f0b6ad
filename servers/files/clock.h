/* SPDX-License-Identifier: BSD-2-Clause */
/* Wall-clock time for attributes (clock_now is in file_system.h). */
#ifndef SERVERS_FILES_CLOCK_H
#define SERVERS_FILES_CLOCK_H

#include "servers/lib/syscall.h"

/* Read the clock service once, if there is one (`rtc` not 0). */
void clock_start(cap_t rtc);

#endif
