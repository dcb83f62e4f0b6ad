/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_model [operations [seed]]: unit tests of vm/, then random runs on machines
 * of several kinds. Each run is a process of its own, so that the static state
 * of vm/ is fresh. The default seeds are fixed: a failure can be repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/harness.h"

static const struct random_run {
	const char *name;
	struct machine_config machine;
	unsigned asid_bits_asked; /* vm_features */
	bool cache_block_zero;
} runs[] = {
	{"asid16_svade", {16, false, false, 6, true, false, false}, 16, false},
	{"asid16_svadu", {16, false, true, 0, false, false, false}, 16, true},
	{"asid4_svadu", {4, false, true, 6, true, false, false}, 16, true},
	{"asid4_asked", {16, false, false, 3, true, false, false}, 4, false},
	{"asid2_svade", {2, false, false, 6, true, false, false}, 16, false},
	{"asid0_svadu", {0, false, true, 6, true, false, false}, 16, false},
	{"fence_all_only_asid0", {0, true, false, 6, true, false, false}, 0, false},
	{"fence_all_only_asid16", {16, true, true, 6, true, true, false}, 16, false},
	{"asid16_svinval_svpbmt", {16, false, false, 6, true, true, true}, 16, false},
	{"asid0_svinval_svpbmt", {0, false, true, 0, true, true, true}, 16, false},
};

static struct paddr alloc_page(void *context)
{
	uint64_t *next = context;

	*next += PAGE_SIZE;
	return (struct paddr){*next - PAGE_SIZE};
}

/* The kernel table, so that there is one to copy entries from. */
static void boot(const struct random_run *run)
{
	static uint64_t next = KERNEL_TABLES_BASE;
	static const struct phys_range ram = {0x80000000, 1ull << 30};
	struct vm_kernel_map map = {
		.ram = &ram,
		.ram_count = 1,
		.image = {0x80200000},
		.alloc = alloc_page,
		.alloc_context = &next,
	};
	struct vm_features features = {
		.asid_bits = run->asid_bits_asked,
		.fence_all_only = run->machine.fence_all_only,
		.cache_block_zero = run->cache_block_zero,
		.svinval = run->machine.svinval,
		.svpbmt = run->machine.svpbmt,
	};

	machine_init(&run->machine);
	vm_kernel_map(&map);
	for (this_hart = 0; this_hart < HARTS; this_hart++) {
		vm_hart_init();
	}
	this_hart = 0;
	vm_init(&features);
}

static int run_one(const struct random_run *run, uint64_t operations, uint64_t seed)
{
	if (setjmp(test_failed) != 0) {
		return 1;
	}
	random_seed(seed);
	boot(run);
	run_random(operations);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 0) : 40000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	run_unit_tests(&passed, &failed);
	for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0) {
			return run_one(&runs[i], operations, seed + i);
		}
		waitpid(child, &status, 0);
		if (status == 0) {
			printf("PASS random_%s\n", runs[i].name);
			passed++;
		} else {
			printf("FAIL random_%s seed %lu\n", runs[i].name, seed + i);
			failed++;
		}
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
