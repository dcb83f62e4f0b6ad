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

/* For the cases: a new space; a mapping that must succeed; a thread's fault, store and load. */
uint64_t case_space(void);
uint64_t case_map(uint64_t space, uint64_t address, uint64_t pages, unsigned protection,
		  unsigned flags, uint64_t object, uint64_t offset);
int case_fault(uint64_t space, uint64_t address, unsigned access);
void case_store(uint64_t space, uint64_t address, uint8_t value);
uint8_t case_load(uint64_t space, uint64_t address);

/* cases_objects.c */
void read_ahead_case(void);
void large_file_case(void);
void fork_cost_case(void);
void fork_unmap_case(void);
void dirty_bound_case(void);
void write_errors_case(void);
void unlink_case(void);
void advice_case(void);
void memory_full_case(void);
void floor_case(void);
void figures_case(void);
void tables_case(void);
void tail_case(void);
void second_chance_case(void);

/* bytes.c */
void bytes_case(void);

#endif
