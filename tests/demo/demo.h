/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the guided tour. */
#ifndef TESTS_DEMO_DEMO_H
#define TESTS_DEMO_DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The parts; each says what it does and gives its verdicts. */
void part_paging(void);
void part_search(void);
void part_writeback(void);
void part_fork(void);
void part_sharing(void);
void part_faults(void);
void part_servers(void);

/* A line of explanation, indented. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* PASS or FAIL of a check; the reason is said when it failed. */
void verdict(const char *name, bool is_right, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));

/* Value of "name value" in /proc/ravelin; -1 on a system that has none. */
long counter(const char *name);

/* Number behind "key:" or "key " in a file of /proc, or -1. */
long proc_value(const char *file, const char *key);

/* Sectors of 512 bytes read from the disk since boot. */
long disk_sectors_read(void);

/* Kernel entries of all harts since boot, or -1. */
long kernel_entries(void);

uint64_t microseconds(void);
pid_t start_child(void (*body)(void));

#endif
