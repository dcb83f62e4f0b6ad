/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel/string.c against loops over bytes, for each alignment of both ends
 * and lengths around its steps of 8, 32 and 64 bytes. It fails when a byte is
 * missed, one beside the range is touched, or a result's sign is wrong. The
 * build renames the functions (kernel_memcpy and so on), or these would be the
 * C library's.
 */
#include "kernel/string.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define AREA 256
#define LENGTHS 150
#define ALIGNMENTS 8

static const char *failure;
static unsigned failure_line;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition) && failure == NULL) {                                             \
			failure = #condition;                                                      \
			failure_line = __LINE__;                                                   \
		}                                                                                  \
	} while (0)

static unsigned char got[AREA] __attribute__((aligned(64)));
static unsigned char wanted[AREA] __attribute__((aligned(64)));
static unsigned char source[AREA] __attribute__((aligned(64)));

static void fill(void)
{
	for (unsigned i = 0; i < AREA; i++) {
		got[i] = (unsigned char)(i * 7 + 1);
		wanted[i] = got[i];
		source[i] = (unsigned char)(i * 5 + 3);
	}
}

static bool is_as_wanted(void)
{
	for (unsigned i = 0; i < AREA; i++) {
		if (got[i] != wanted[i]) {
			return false;
		}
	}
	return true;
}

static void test_memset(void)
{
	for (unsigned at = 0; at < ALIGNMENTS; at++) {
		for (unsigned size = 0; size < LENGTHS; size++) {
			fill();
			for (unsigned i = 0; i < size; i++) {
				wanted[at + i] = 0xa5;
			}
			/* Of the value, the low byte counts. */
			CHECK(memset(got + at, 0x1a5, size) == got + at);
			CHECK(is_as_wanted());
		}
	}
}

static void test_memcpy(void)
{
	for (unsigned to = 0; to < ALIGNMENTS; to++) {
		for (unsigned from = 0; from < ALIGNMENTS; from++) {
			for (unsigned size = 0; size < LENGTHS; size++) {
				fill();
				for (unsigned i = 0; i < size; i++) {
					wanted[to + i] = source[from + i];
				}
				CHECK(memcpy(got + to, source + from, size) == got + to);
				CHECK(is_as_wanted());
			}
		}
	}
}

/* Within one area, overlapping in both directions. */
static void test_memmove(void)
{
	for (unsigned to = 0; to < 2 * ALIGNMENTS; to++) {
		for (unsigned from = 0; from < 2 * ALIGNMENTS; from++) {
			for (unsigned size = 0; size < LENGTHS; size++) {
				fill();
				for (unsigned i = 0; i < size; i++) {
					wanted[to + i] = (unsigned char)((from + i) * 7 + 1);
				}
				CHECK(memmove(got + to, got + from, size) == got + to);
				CHECK(is_as_wanted());
			}
		}
	}
}

static void test_memcmp(void)
{
	fill();
	for (unsigned size = 0; size < 20; size++) {
		CHECK(memcmp(got + 1, wanted + 1, size) == 0);
		for (unsigned at = 0; at < size; at++) {
			got[1 + at] = 0xff; /* unsigned: more than what was there */
			CHECK(memcmp(got + 1, wanted + 1, size) > 0);
			CHECK(memcmp(wanted + 1, got + 1, size) < 0);
			got[1 + at] = wanted[1 + at];
		}
		got[1 + size] = 0;
		CHECK(memcmp(got + 1, wanted + 1, size) == 0);
		got[1 + size] = wanted[1 + size];
	}
}

static void test_memchr(void)
{
	static const char text[] = "one\0two\xff";

	CHECK(memchr(text, 'o', 8) == text);
	CHECK(memchr(text + 1, 'o', 7) == text + 6);
	CHECK(memchr(text + 1, 'o', 5) == NULL);
	CHECK(memchr(text, 0, 8) == text + 3);
	CHECK(memchr(text, -1, 8) == text + 7);
	CHECK(memchr(text, 'o', 0) == NULL);
}

static void test_length(void)
{
	static const char text[] = "sixteen letters.";

	for (size_t i = 0; i <= 16; i++) {
		CHECK(strlen(text + i) == 16 - i);
		CHECK(strnlen(text, i) == i);
	}
	CHECK(strnlen(text, 17) == 16);
	CHECK(strnlen(text, SIZE_MAX) == 16);
}

static void test_compare(void)
{
	CHECK(strcmp("", "") == 0);
	CHECK(strcmp("abc", "abc") == 0);
	CHECK(strcmp("abc", "abd") < 0);
	CHECK(strcmp("abd", "abc") > 0);
	CHECK(strcmp("ab", "abc") < 0);
	CHECK(strcmp("abc", "ab") > 0);
	CHECK(strcmp("\xff", "a") > 0);
	CHECK(strncmp("abc", "abd", 2) == 0);
	CHECK(strncmp("abc", "abd", 3) < 0);
	CHECK(strncmp("abd", "abc", 4) > 0);
	CHECK(strncmp("abc", "abc", 100) == 0);
	CHECK(strncmp("ab", "abc", 3) < 0);
	CHECK(strncmp("\xff", "a", 1) > 0);
	CHECK(strncmp("a", "b", 0) == 0);
}

static void test_search(void)
{
	static const char text[] = "path/to/file";

	CHECK(strchr(text, '/') == text + 4);
	CHECK(strrchr(text, '/') == text + 7);
	CHECK(strchr(text, 'p') == text);
	CHECK(strrchr(text, 'p') == text);
	CHECK(strchr(text, 'x') == NULL);
	CHECK(strrchr(text, 'x') == NULL);
	CHECK(strchr(text, 0) == text + 12);
	CHECK(strrchr(text, 0) == text + 12);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{"memset", test_memset}, {"memcpy", test_memcpy},   {"memmove", test_memmove},
		{"memcmp", test_memcmp}, {"memchr", test_memchr},   {"length", test_length},
		{"search", test_search}, {"compare", test_compare},
	};
	unsigned failed = 0, count = sizeof(tests) / sizeof(tests[0]);

	for (unsigned i = 0; i < count; i++) {
		failure = NULL;
		tests[i].run();
		if (failure == NULL) {
			printf("PASS %s\n", tests[i].name);
		} else {
			printf("FAIL %s line %u: %s\n", tests[i].name, failure_line, failure);
			failed++;
		}
	}
	printf("%u passed, %u failed\n", count - failed, failed);
	return failed != 0;
}
