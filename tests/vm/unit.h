/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests share: two spaces, short names for calls.
 */
#ifndef TESTS_VM_UNIT_H
#define TESTS_VM_UNIT_H

#include "kernel/abi/message.h"
#include "tests/vm/harness.h"

#define R RIGHT_READ
#define W RIGHT_WRITE
#define X RIGHT_EXECUTE
#define GIB_PAGES (1ull << 18)
#define POOL_PPN (POOLS_BASE >> 12)

/* A space with a bank of 30 tables, a window [0, 2 GiB), and a binding of all rights to the pool of
 * 1 GiB + 2 MiB, which is that of worlds[0]. */
struct world {
	struct vm_space space;
	struct vm_bank bank;
	struct vm_window window;
	struct vm_pool pool;
	struct vm_binding binding;
};
extern struct world worlds[2];
/* Of worlds[0]. */
static __attribute__((unused)) struct vm_space *const space = &worlds[0].space;
static __attribute__((unused)) struct vm_window *const window = &worlds[0].window;
static __attribute__((unused)) struct vm_binding *const binding = &worlds[0].binding;
extern struct vm_flush flush;
extern uint64_t words[MESSAGE_WORDS];
extern uint64_t kernel_pages; /* next page for vm_kernel_map */

struct paddr alloc_page(void *context);
void boot_with(unsigned asid_bits);
void make_world(unsigned i);
struct window_item item_of(uint64_t va_page, uint64_t pool_page, uint32_t count, uint8_t rights,
			   uint16_t flags);

/* The operations of worlds[0], flushed. */
enum err map(uint64_t va_page, uint64_t pool_page, uint32_t count, uint8_t rights, uint16_t flags);
enum err unmap(uint64_t va_page, uint32_t count);
enum err protect(uint64_t va_page, uint32_t count, uint8_t rights, uint16_t flags);
enum err clone(uint64_t va_page, uint32_t count);		    /* to worlds[1] */
enum err freeze(uint64_t va_page, uint32_t spans);		    /* of 512 pages */
uint64_t harvest(uint64_t va_page, uint32_t count, uint16_t flags); /* the first word */

unsigned level_of(uint64_t page);
void activate(unsigned hart, struct vm_space *s);
void clear_counts(void);

void test_kernel_map(void);
void test_window_arguments(void);
void test_pool_arguments(void);
void test_binding_arguments(void);
void test_map_arguments(void);
void test_expectations(void);
void test_leaf_sizes(void);
void test_promotion(void);
void test_no_table(void);
void test_all_tables(void);
void test_banks(void);
void test_closing_bank(void);
void test_message_buffers(void);
void test_who_is_fenced(void);
void test_svinval(void);
void test_svpbmt(void);
void test_fence_i(void);
void test_flush_of_two_spaces(void);
void test_accessed_dirty(void);
void test_reports(void);
void test_clone(void);
void test_asid_generations(void);
void test_activate(void);
void test_preemption(void);
void test_map_quick(void);
void test_freeze_arguments(void);
void test_freeze_cost(void);
void test_freeze_empty(void);
void test_freeze_shared(void);
void test_freeze_gib_leaf(void);
void test_freeze_preemption(void);
void test_freeze_dirty(void);
void test_thaw(void);

#endif
