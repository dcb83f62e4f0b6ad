/* SPDX-License-Identifier: BSD-2-Clause */
/* Budgets, lending, inheritance, queues, counters and the fast paths. */
#include "tests/native-kernel/harness.h"

int main(void)
{
	harness_init();
	run_tests(budget_tests, budget_test_count);
	run_tests(lending_tests, lending_test_count);
	run_tests(lending_end_tests, lending_end_test_count);
	run_tests(inheritance_tests, inheritance_test_count);
	run_tests(queue_tests, queue_test_count);
	run_tests(counter_tests, counter_test_count);
	run_tests(fast_tests, fast_test_count);
	run_tests(fast_wake_tests, fast_wake_test_count);
	harness_done();
}
