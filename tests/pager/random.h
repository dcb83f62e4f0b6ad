/* SPDX-License-Identifier: BSD-2-Clause */
/* Random sequences of requests against the model. */
#ifndef TESTS_PAGER_RANDOM_H
#define TESTS_PAGER_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_config {
	const char *name;
	uint64_t seed;
	uint64_t operations;
	uint32_t pages; /* of the pool */
	unsigned extents;
	bool tight;			    /* requests may fail for want of memory */
	uint64_t blocks;		    /* of the disk */
	unsigned banks;			    /* of page tables */
	unsigned read_errors, write_errors; /* one in so many; 0 = none */
};

void random_run(const struct random_config *config);
/* Say how far the run is, for a failure. */
void random_where(char *text, size_t size);

/* A request with n words; its status. Mappings are run as the real loop runs them. */
int64_t pager_call(uint32_t label, unsigned n, const uint64_t *words);
#define CALL(label, ...)                                                                           \
	pager_call(label, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})
/* Word 1 or 2 of the last answer. */
uint64_t pager_result(unsigned i);
/* Run what is queued; false if a mapping was dropped. */
bool pager_finish(void);

#endif
