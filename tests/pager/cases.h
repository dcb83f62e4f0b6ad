/* SPDX-License-Identifier: BSD-2-Clause */
/* One behaviour each, step by step. */
#ifndef TESTS_PAGER_CASES_H
#define TESTS_PAGER_CASES_H

#include <stdint.h>

struct pager_case {
	const char *name;
	void (*run)(void);
	uint32_t pages; /* of the pool */
};
extern const struct pager_case pager_cases[];
extern const unsigned pager_case_count;

#endif
