/* SPDX-License-Identifier: BSD-2-Clause */
/* The suite of interrupts alone, for machines with other controllers. */
#include "tests/native-kernel/harness.h"

int main(void)
{
	harness_init();
	run_tests(interrupt_tests, interrupt_test_count);
	harness_done();
}
