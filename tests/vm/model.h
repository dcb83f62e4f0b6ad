/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flat model of some spaces, and what the files of the random test share.
 */
#ifndef TESTS_VM_MODEL_H
#define TESTS_VM_MODEL_H

#include "kernel/abi/message.h"
#include "tests/vm/harness.h"

#define SPACES 5u
#define RANGES 5u
#define BANKS 3u
#define POOLS 4u
#define BINDINGS 4u
#define BUFFERS 5u
#define GIB_PAGES (1ull << 18)
#define EXPECT_BOTH (WINDOW_EXPECT_EMPTY | WINDOW_EXPECT_PAGE)
#define FLAT_PAGES (3 * GIB_PAGES)

#define FLAT_V 1ull
#define FLAT_RIGHTS(flat) ((unsigned)(flat) >> 1 & 7)
#define FLAT_A (1ull << 4)
#define FLAT_D (1ull << 5)
#define FLAT_PPN(flat) ((flat) >> 12)

struct range {
	uint64_t first, pages;
};

/* Where windows may be, and which message buffers. */
extern const struct range ranges[RANGES];
extern const uint32_t buffer_numbers[BUFFERS];

struct test_space {
	struct vm_space vm;
	bool exists;
	struct vm_bank banks[BANKS];
	struct vm_window windows[RANGES];
	struct vm_binding bindings[RANGES][BINDINGS];
	uint64_t buffers[BUFFERS]; /* frame, 0 = not mapped */
	uint64_t *flat;
	uint64_t valid; /* pages in flat */
	bool fence_i_owed[HARTS];
};

extern struct test_space spaces[SPACES];
extern struct vm_pool pools[POOLS];
extern struct range last; /* pages of the last item */
extern uint64_t words[MESSAGE_WORDS];
/* What items of one batch owe: committed before anything else happens. */
extern struct vm_flush batch;

struct call {
	struct test_space *s, *target;
	unsigned w;
	struct vm_binding *binding;
	struct window_item item;
	bool is_valid; /* arguments are */
};

/* model.c */
void flat_set(struct test_space *s, uint64_t page, uint64_t value);
uint64_t pool_frame(const struct vm_pool *pool, uint64_t pool_page);
/* The pool that a frame is in, and its page there. */
const struct vm_pool *frame_pool(uint64_t ppn, uint64_t *pool_page);
/* 2: a binding allows it; 1: one has the pool, without the rights; 0: none. */
unsigned allowed(const struct test_space *s, unsigned w, uint64_t ppn, unsigned rights);
void check_page(struct test_space *s, uint64_t page);
/* Everything: V1, V2, V4, live counts, number of tables, every leaf. */
void check_space(struct test_space *s);
void check_harts(void);
/* The pages of the last item, or some of them, their neighbours, and some others. */
void check_last(struct test_space *s);
/* The model does pages [from, to) of the item; fails if vm/ must not have done them. */
void model_do(struct call *c, uint64_t from, uint64_t to);
/* Is `err` right for page `at`, the first one not done? */
void model_error(struct call *c, enum err err, uint64_t at);
void check_query(struct call *c);
void check_harvest(struct call *c);

/* random_items.c: one random operation each; batch_end commits what is owed and checks. */
struct test_space *any_space(void);
void set_last(uint64_t first, uint64_t pages);
struct range any_range(unsigned w);
void fence_i_note(unsigned hart);
void fence_i_end(void);
void batch_end(void);
void do_map(void);
void do_giant(void);
void do_protect(void);
void do_unmap(void);
void do_clone(void);
void do_report(void);
void do_freeze(void);

#endif
