/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to hardware*.c: the spaces looked at, and the batch of items that is tried on them. */
#ifndef TESTS_NATIVE_VM_HARDWARE_H
#define TESTS_NATIVE_VM_HARDWARE_H

#include "tests/native-vm/flat.h"

#define SPACES 2
#define BATCH_MAX 4

extern struct flat_space spaces[SPACES];
extern cap_t windows[SPACES], bindings[SPACES][POOLS];

struct batch_item {
	struct window_item item;
	unsigned space, pool;
};
extern struct batch_item batch[BATCH_MAX];
extern unsigned batch_items;

void random_seed(unsigned seed);
uint64_t below(uint64_t limit);
bool chance(unsigned percent);

/* Pages of the window. */
void random_range(uint64_t *first, uint64_t *count);
/* Fill `batch`, and say where the machine is to be looked at. */
void random_batch(void);
/* Add to it: a block is unmapped, and a 2 MiB leaf put there. */
void random_leaf(unsigned space, uint64_t first, unsigned rights);
uint64_t random_block(void);
/* Look at the ends of a range, their neighbours, both sides of a 2 MiB border, some inside. */
void sample_range(uint64_t first, uint64_t count);

#endif
