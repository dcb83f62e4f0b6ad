/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting passes and failures of the host tests in this folder. */
#ifndef TESTS_SYSTEM_CHECK_H
#define TESTS_SYSTEM_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned check_passed, check_failed;
static const char *check_name = "";

/* A failed expectation ends the test: the state behind it cannot be trusted. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("FAIL %s line %d: %s\n", check_name, __LINE__, #condition);         \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* Each test runs in a process of its own: the code under test has static state. */
static inline void check_run(const char *name, void (*test)(void))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	check_name = name;
	child = fork();
	if (child == 0) {
		test();
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(2);
	if (status == 0) {
		printf("PASS %s\n", name);
		check_passed++;
	} else {
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			printf("FAIL %s status %#x\n", name, (unsigned)status);
		check_failed++;
	}
}
#define RUN(test) check_run(#test, test)

static inline int check_summary(void)
{
	printf("%u passed, %u failed\n", check_passed, check_failed);
	return check_failed != 0;
}

/* xorshift64*: the same sequence on every machine. */
static inline uint64_t check_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

#endif
