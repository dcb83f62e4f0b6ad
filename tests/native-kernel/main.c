/* SPDX-License-Identifier: BSD-2-Clause */
/* All functional suites of the kernel. */
#include "tests/native-kernel/harness.h"

static volatile unsigned started;

static void start(void *argument)
{
	(void)argument;
	__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED);
}

/* Threads for single harts, made while those harts may still be on their way up. */
static void test_early(void)
{
	for (unsigned hart = 0; hart < BOOT->hart_count; hart++)
		worker_start_on(start, NULL, MAIN_PRIORITY, 1u << hart);
	WAIT_UNTIL(started == BOOT->hart_count);
}

static const struct test early[] = {{"schedule-early", test_early}};

int main(void)
{
	harness_init();
	run_tests(early, 1);
	run_tests(method_tests, method_test_count);
	run_tests(interrupt_tests, interrupt_test_count);
	run_tests(capability_tests, capability_test_count);
	run_tests(ipc_tests, ipc_test_count);
	run_tests(notification_tests, notification_test_count);
	run_tests(thread_tests, thread_test_count);
	run_tests(fault_tests, fault_test_count);
	run_tests(schedule_tests, schedule_test_count);
	run_tests(window_tests, window_test_count);
	run_tests(cache_block_tests, cache_block_test_count);
	run_tests(shootdown_tests, shootdown_test_count);
	run_tests(stepping_tests, stepping_test_count);
	run_tests(detached_tests, detached_test_count);
	run_tests(preemption_tests, preemption_test_count);
	run_tests(revoke_tests, revoke_test_count);
	harness_done();
}
