/* SPDX-License-Identifier: BSD-2-Clause */
/* What the MMU allows, by seeds; and how many tables a sparse space has. */
#include <stdio.h>

#include "tests/native-vm/access.h"

#ifndef HARDWARE_SEED
#define HARDWARE_SEED 1u
#endif
#ifndef HARDWARE_SEEDS
#define HARDWARE_SEEDS 4u
#endif

int main(void)
{
	static const struct test sparse = {"sparse-tables", test_sparse};

	harness_init();
	run_tests(&sparse, 1);
	for (unsigned i = 0; i < HARDWARE_SEEDS; i++) {
		static char name[24];
		struct test test = {name, test_hardware};

		hardware_seed = HARDWARE_SEED + i;
		snprintf(name, sizeof(name), "hardware-%u", hardware_seed);
		run_tests(&test, 1);
	}
	harness_done();
}
