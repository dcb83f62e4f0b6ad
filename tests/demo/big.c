/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bigprogram: 4 MiB of generated text, of which it calls functions on 5 % of
 * the pages. Prints nothing; the exit status says whether the sum is right.
 */
#include "tests/demo/data.h"

extern uint64_t (*const big_functions[BIG_FUNCTIONS])(uint64_t);

int main(void)
{
	uint64_t got = 1, wanted = 1;

	for (uint32_t i = 0; i < BIG_CALLED; i++) {
		uint32_t number = data_called_function(i);

		got = big_functions[number](got);
		wanted = data_function_value(wanted, number);
	}
	return got != wanted;
}
