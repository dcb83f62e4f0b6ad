/* SPDX-License-Identifier: BSD-2-Clause */
/* Window operations under threads that use the same page on all harts. */
#include "tests/native-vm/race.h"

int main(void)
{
	static const struct test tests[] = {{"race-sealing", test_sealing},
					    {"race-revoking", test_revoking},
					    {"race-remapping", test_remapping}};

	harness_init();
	run_tests(tests, sizeof(tests) / sizeof(tests[0]));
	harness_done();
}
