/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_caps [operations [seed]]: random capability operations in the real
 * code of kernel/ and vm/ and in a naive model; all of their state is compared
 * after each. Interrupts are pending never, at times, or nearly always, so
 * every preemption point is hit and every call is made again until it is done.
 * Each run is a process of its own. Default seeds are fixed.
 */
#include "tests/kernel/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned preempt_one_in;
} runs[] = {{"caps_undisturbed", 0},
	    {"caps_preempted_at_times", 5},
	    {"caps_preempted_often", 2},
	    {"caps_preempted_always", 1}};

static struct paddr alloc_page(void *context)
{
	uint64_t *next = context;

	*next += PAGE_SIZE;
	return (struct paddr){*next - PAGE_SIZE};
}

static int run_one(unsigned preempt_one_in, uint64_t operations, uint64_t seed)
{
	static uint64_t next = KERNEL_TABLES_BASE;
	struct machine_config machine = {.asid_bits = 16, .preempt_one_in = preempt_one_in};
	struct vm_features features = {.asid_bits = 16};
	struct vm_kernel_map map = {
		.image = {0x80200000}, .alloc = alloc_page, .alloc_context = &next};

	if (setjmp(test_failed) != 0) {
		return 1;
	}
	random_seed(seed);
	machine_init(&machine);
	vm_kernel_map(&map);
	vm_hart_init();
	vm_init(&features);
	operations_init();
	operations_given_up();
	operations_cut_off();
	struct operation_counts counts_of_run = operations_run(operations);
	printf("  %lu of %lu operations not refused, %lu preemptions\n", counts_of_run.done,
	       operations, counts_of_run.preempted);
	CHECK(counts_of_run.done > operations / 10);
	CHECK(preempt_one_in == 0 || counts_of_run.preempted > operations / 100);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 0) : 25000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0) {
			return run_one(runs[i].preempt_one_in, operations, seed + i);
		}
		waitpid(child, &status, 0);
		if (status == 0) {
			printf("PASS %s\n", runs[i].name);
			passed++;
		} else {
			printf("FAIL %s seed %lu\n", runs[i].name, seed + i);
			failed++;
		}
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
