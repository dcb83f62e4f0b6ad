/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests of the personality server's core. */
#include "tests/process/fake.h"

int main(void)
{
	test_timers();
	test_signals();
	test_processes();
	test_futexes();
	test_arguments();
	test_random_calls();
	return test_summary();
}
