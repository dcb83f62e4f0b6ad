/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine on which vm/ runs in host tests: physical memory, harts whose
 * TLBs keep whatever they have walked until a fence covers it, firmware.
 */
#ifndef TESTS_VM_HARNESS_H
#define TESTS_VM_HARNESS_H

#include <setjmp.h>

#include "vm/table.h"

#define MEMORY_BYTES (16ull << 30) /* physical addresses 0.. */
#define DEVICES_END 0x40000000ull  /* devices are below */
#define ROOTS_BASE 0x40000000ull   /* one page a space */
#define BANKS_BASE 0x48000000ull   /* 64 MiB */
#define BANKS_END 0x4c000000ull
#define KERNEL_TABLES_BASE 0x4d000000ull /* pages for vm_kernel_map */
#define POOLS_BASE 0x80000000ull

#define HARTS 4u

struct machine_config {
	unsigned asid_bits;	 /* that the harts have */
	bool fence_all_only;	 /* fences by address or ASID do nothing */
	bool updates_ad;	 /* Svadu; else Svade */
	unsigned preempt_one_in; /* vm_preempt_pending says yes so often; 0 = never */
	bool walks_during_ops;	 /* harts touch memory while the kernel works */
	bool svinval;
	bool svpbmt;
};
extern struct machine_config config;

/* Counters, for tests to look at. */
struct machine_counts {
	uint64_t local_fences, invalidations, remote_fences, remote_whole, fences_i, zeroed, stores;
};
extern struct machine_counts counts;
/* If not NULL: called when the kernel has computed what it stores to an entry, before it does. */
extern void (*before_store)(const uint64_t *pte);

/* The hart whose kernel code runs. */
extern unsigned this_hart;
/* Pages around which harts touch memory while the kernel works. */
extern uint64_t hot_page, hot_pages;

void machine_init(const struct machine_config *with);
/* The same, but memory stays as it is. */
void machine_restart(const struct machine_config *with);

/* A random number below `limit` (≥ 1). */
uint64_t random_below(uint64_t limit);
bool one_in(unsigned n);
void random_seed(uint64_t seed);

/* The test ends here: prints the reason, jumps to test_failed. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                 \
		}                                                                                  \
	} while (0)
extern jmp_buf test_failed;
extern char failure_reason[256];

/* A walk as hardware does it, without any cache. The leaf's entry for that very page, or 0. */
uint64_t walk_memory(struct paddr root, uint64_t page);
/* What the tables mean: the same through frozen entries, as if they were thawed. */
uint64_t walk_tables(struct paddr root, uint64_t page);
/* Message buffers that the tables map, if vm_check_space finds no fault in them. */
unsigned buffers_mapped(const struct vm_space *space);

/* One access of a hart in user mode. False: page fault. The frame in *ppn. */
bool hart_access(unsigned hart, uint64_t page, enum fault_access access, uint64_t *ppn);
/* satp of a hart. */
uint64_t hart_satp(unsigned hart);
/* Everything that the hart may still use must be what the tables say. Fails the test. */
void hart_check_tlb(unsigned hart);
/* Number of cached leaf entries. */
unsigned hart_tlb_entries(unsigned hart);
/* fence.i seen on the hart since this was last cleared. */
extern bool hart_fence_i[HARTS_MAX];

void run_unit_tests(unsigned *passed, unsigned *failed);
/* One random run; fails through fail(). */
void run_random(uint64_t operations);

#endif
