/* SPDX-License-Identifier: BSD-2-Clause */
/* What user mode may do to cache blocks: what the device tree names on every hart (Zicbom, Zicboz). */
#include "tests/native-kernel/harness.h"

/* cbo.*, by .insn: the assembler does not know the extensions. */
#define CBO(operation, pointer)                                                                    \
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, " #operation : : "r"(pointer) : "memory")
enum { CBO_INVAL, CBO_CLEAN, CBO_FLUSH, CBO_ZERO, OPERATIONS };

static uint64_t block[512] __attribute__((aligned(4096)));

static void operate(void *argument)
{
	switch ((uint64_t)argument) {
	case CBO_INVAL:
		CBO(0, block);
		break;
	case CBO_CLEAN:
		CBO(1, block);
		break;
	case CBO_FLUSH:
		CBO(2, block);
		break;
	default:
		CBO(4, block);
		break;
	}
}

/* Does the device tree have it? The harts of the emulator are alike. */
static bool is_named(const char *extension)
{
	const char *tree = (const char *)BOOT->device_tree;
	size_t size = strlen(extension) + 1;

	for (uint64_t i = 0; i + size <= BOOT->device_tree_size; i++) {
		if (memcmp(tree + i, extension, size) == 0)
			return true;
	}
	return false;
}

/*
 * On each hart. Fails if senvcfg is left closed on one, or if an operation
 * changes what is in memory other than to zeros.
 */
static void test_operations(void)
{
	for (unsigned hart = 0; hart < BOOT->hart_count; hart++) {
		for (uint64_t i = 0; i < OPERATIONS; i++) {
			bool is_allowed = is_named(i == CBO_ZERO ? "zicboz" : "zicbom");
			struct worker *w;

			block[0] = block[511] = 4711;
			w = worker_start_on(operate, (void *)i, 100, 1u << hart);
			WAIT_UNTIL(w->returned || thread_suspended(w->thread));
			CHECK_EQUAL(w->returned, is_allowed);
			CHECK_EQUAL(block[0], i == CBO_ZERO && is_allowed ? 0 : 4711);
			CHECK_EQUAL(block[511], 4711);
			worker_end(w);
		}
	}
}

SUITE(cache_block, {"cache-block-operations", test_operations});
