/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the Linux-side tests share. A program is a list of cases:
 *
 *	TEST(name)
 *	{
 *		CHECK(1 + 1 == 2);
 *	}
 *
 * Each runs in a child of its own, in an empty working directory, and is one
 * line of output: PASS program.name, FAIL program.name reason, or SKIP. A case
 * that crashes or takes more than CASE_SECONDS fails alone.
 *
 *	program [-d DIR] [-n] [-x CASE]... [CASE...]
 *
 * -d DIR makes the working directories below DIR (default /var/tmp, on the
 * disk); "-d tmpfs" mounts a tmpfs and uses that. -n runs the cases in the
 * program itself. Without names all cases run; -x leaves one out.
 */
#ifndef TESTS_LINUX_HARNESS_H
#define TESTS_LINUX_HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { CASE_SECONDS = 60, PAGE = 4096 };

struct test_case {
	const char *name;
	void (*run)(void);
};

#define TEST(id)                                                                                   \
	static void test_##id(void);                                                               \
	static const struct test_case case_##id                                                    \
		__attribute__((used, section("test_cases"))) = {#id, test_##id};                   \
	static void test_##id(void)

/* End the case, from whatever process or thread of it. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void test_skip(const char *reason);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			int check_errno = errno;                                                   \
			FAIL("%s (errno %d)", #condition, check_errno);                            \
		}                                                                                  \
	} while (0)

/* Both sides are taken as long. */
#define CHECK_EQ(got, wanted)                                                                      \
	do {                                                                                       \
		long check_got = (long)(got);                                                      \
		int check_errno = errno;                                                           \
		long check_wanted = (long)(wanted);                                                \
		if (check_got != check_wanted) {                                                   \
			FAIL("%s is %ld, not %ld (errno %d)", #got, check_got, check_wanted,       \
			     check_errno);                                                         \
		}                                                                                  \
	} while (0)

/* The call must return -1 with this errno. */
#define CHECK_ERRNO(call, wanted)                                                                  \
	do {                                                                                       \
		errno = 0;                                                                         \
		long check_got = (long)(call);                                                     \
		int check_errno = errno;                                                           \
		if (check_got != -1 || check_errno != (wanted)) {                                  \
			FAIL("%s gave %ld, errno %d, not -1, %s", #call, check_got, check_errno,   \
			     #wanted);                                                             \
		}                                                                                  \
	} while (0)

/* Wait for a child, which must exit with this status, or die of this signal. */
#define CHECK_EXIT(child, status) check_exit(__FILE__, __LINE__, child, status)
#define CHECK_KILLED(child, number) check_killed(__FILE__, __LINE__, child, number)
void check_exit(const char *file, int line, pid_t child, int status);
void check_killed(const char *file, int line, pid_t child, int number);

/* fork that cannot fail; output of the parent is flushed before. */
pid_t must_fork(void);

/* A mapping of `pages` zero pages, private, readable and writable; or the case fails. */
unsigned char *map_pages(size_t pages);

/* An address where nothing is. */
void *bad_pointer(void);

void sleep_ms(unsigned int milliseconds);
uint64_t now_ms(void); /* CLOCK_MONOTONIC */

/* Wait until the word at *flag (shared memory) is at least `value`. */
void wait_flag(const volatile int *flag, int value);

/* Make a file of `length` bytes; byte i is pattern_byte(i). */
void make_file(const char *name, size_t length);
unsigned char pattern_byte(size_t index);

/* A line "key: value" of a /proc file as number, or -1. */
long proc_value(const char *file, const char *key);

/* Is this Ravelin? For the few expected differences, each with its reason. */
bool on_ravelin(void);

/* This program's own file, to execute again: main is then called with these arguments. */
const char *self_path(void);

/* If a program defines it: runs instead of the cases when argv[1] begins with "@". */
int helper_main(int argc, char **argv) __attribute__((weak));

#endif
