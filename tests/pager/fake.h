/* SPDX-License-Identifier: BSD-2-Clause */
/* Stand-ins for the kernel (page tables of spaces) and for the file server. */
#ifndef TESTS_PAGER_FAKE_H
#define TESTS_PAGER_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/pager/space.h"

/* Print why, with the seed and operation reached, and end. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fail("%s:%d: not true: %s", __FILE__, __LINE__, #condition);               \
		}                                                                                  \
	} while (0)

/* ---- memory ---- */

/* Make a pool of `pages`, in `extents` pieces, filled with garbage, and start the pager's logic on
 * it. */
void fake_pool(uint32_t pages, unsigned extents);

/* ---- kernel ---- */

/* An entry: 0, or frame << 3 | rights. */
uint64_t fake_entry(const struct kernel_space *k, uint32_t page);
/* Call `each` for every valid entry. */
void fake_each_entry(const struct kernel_space *k,
		     void (*each)(void *context, uint32_t page, uint64_t entry), void *context);
/* Banks that may still be made; each covers FAKE_BANK_TABLES leaf tables. */
extern unsigned fake_banks_left;
#define FAKE_BANK_TABLES 4u
extern uint64_t fake_milliseconds;
extern bool fake_tick_wanted;
extern unsigned fake_spaces; /* that exist */
extern uint64_t fake_window_calls;

/* ---- files ---- */

#define FAKE_PAGES_MAX 4096u

struct fake_file {
	uint32_t fs;
	uint64_t ino;
	uint64_t size;
	uint32_t openers;
	bool linked;
	uint8_t *pages[FAKE_PAGES_MAX]; /* NULL = hole */
};

/* A new empty file; reuses the number of a file that is gone if there is one. */
struct fake_file *fake_file_make(uint32_t fs);
/* By name; NULL if gone. */
struct fake_file *fake_file(uint32_t fs, uint64_t ino);
void fake_file_unlink(struct fake_file *file);
/* Fill with bytes as if it had always been there; holes where `hole` says. */
void fake_file_fill(struct fake_file *file, const uint8_t *data, uint64_t size,
		    bool (*hole)(uint64_t page));
unsigned fake_files_open(void);

/* One in so many calls fails; 0 = none. */
extern unsigned fake_read_errors, fake_write_errors;
extern unsigned fake_errors;	  /* errors given so far */
extern uint64_t fake_blocks_left; /* pages that can still be allocated */
extern uint64_t fake_pages_read, fake_pages_written, fake_reads;

uint64_t random_next(void);
void random_seed(uint64_t seed);
/* 0..n-1 */
static inline uint64_t random_below(uint64_t n)
{
	return random_next() % n;
}

#endif
