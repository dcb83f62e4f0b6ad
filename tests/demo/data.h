/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Content of the demo's files, known on both sides: data.c makes and checks
 * them on the build machine, the demo uses them on the target.
 */
#ifndef TESTS_DEMO_DATA_H
#define TESTS_DEMO_DATA_H

#include <stdint.h>

#define WORDS_PATH "/usr/share/ravelin/words.txt"
#define WORDS_COUNT_PATH "/usr/share/ravelin/words.count"
#define WORDS_PATTERN "ravelin"
#define WORDS_BYTES (64ul << 20)

#define PAGES_PATH "/var/lib/ravelin/pages.dat"
#define PAGES_COUNT 4096u /* of 4 KiB, a power of two */
#define PAGES_CHANGED 1000u
#define PAGE_BYTES 4096ul
#define PAGE_WORDS (PAGE_BYTES / 8)

#define BIG_FUNCTIONS 1024u /* one page of text each: 4 MiB */
#define BIG_CALLED 52u	    /* 5 % */

static inline uint64_t data_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* The 64-bit word number `index` of the file of pages, as it is made. */
static inline uint64_t data_word(uint64_t index)
{
	return data_mix(index);
}

/* Page of the i-th change: a permutation of 0..4095 without a visible order. */
static inline uint32_t data_changed_page(uint32_t i)
{
	uint32_t x = i & (PAGES_COUNT - 1);

	for (uint32_t round = 0; round < 3; round++) {
		x = (x * 0xb4d + 0x3a7 + round) & (PAGES_COUNT - 1);
		x ^= x >> 5;
	}
	return x;
}

/* What the i-th change writes, and to which word of its page. */
static inline uint32_t data_changed_word(uint32_t i)
{
	return (uint32_t)(data_mix(i + 77) % PAGE_WORDS);
}

static inline uint64_t data_changed_value(uint32_t i)
{
	return ~data_mix(i + 1000000);
}

/* Number of the i-th function that the big program calls, and what one returns. */
static inline uint32_t data_called_function(uint32_t i)
{
	return (i * 397 + 211) % BIG_FUNCTIONS;
}

static inline uint64_t data_function_value(uint64_t x, uint32_t number)
{
	return x * 31 + number * 2654435761ul;
}

#endif
