/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests: what the files half uses of servers/lib/objects.h. */
#ifndef SERVERS_LIB_OBJECTS_H
#define SERVERS_LIB_OBJECTS_H

void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
