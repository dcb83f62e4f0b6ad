/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses that may be refused (access.S), and code that returns a number. */
#ifndef TESTS_NATIVE_VM_ACCESS_H
#define TESTS_NATIVE_VM_ACCESS_H

#include "tests/native-kernel/harness.h"

#define ACCESS_REFUSED (~0ull)

uint64_t access_load(uint64_t address);
uint64_t access_store(uint64_t address, uint64_t value);
uint64_t access_fetch(uint64_t address);
extern const char access_refused[];

/* Exception codes of refused accesses (privileged spec, scause). */
enum { CAUSE_FETCH_PAGE = 12, CAUSE_LOAD_PAGE = 13, CAUSE_STORE_PAGE = 15 };

/* Code that returns `number`, 0..2^19-1, shifted left by 12: lui a0; ret. */
static inline void code_write(volatile uint32_t *code, uint32_t number)
{
	code[0] = number << 12 | 0x537;
	code[1] = 0x8067;
}

static inline uint64_t code_value(uint32_t number)
{
	return (uint64_t)number << 12;
}

/* One window item whose result must be ERR_OK; its fields in the order of their frequency. */
static inline void item_ok(enum window_op op, cap_t cap, uint64_t va_page, uint32_t count,
			   unsigned rights, uint64_t pool_page, unsigned flags)
{
	struct window_item item = {.cap = cap,
				   .op = (uint8_t)op,
				   .rights = (uint8_t)rights,
				   .flags = (uint16_t)flags,
				   .va_page = va_page,
				   .pool_page = pool_page,
				   .count = count};

	CHECK_OK(window_item(&item, NULL));
}

/* Attach a window without a pager, or with one. */
static inline void window_attach(cap_t space, cap_t window, uint64_t page, uint64_t pages,
				 cap_t pager)
{
	struct message m = {
		.words = {window, page, pages, RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE, pager}};

	CHECK_OK(invoke_n(space, SPACE_ATTACH_WINDOW, 5, &m));
}

static inline void bank_add(cap_t space, unsigned bits)
{
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, make(OBJECT_TABLE_BANK, bits), 0, 0, 0, 0));
}

/* The suites of the programs in this folder, one file each. */
extern unsigned hardware_seed; /* of the next run */
void test_hardware(void);
void test_sparse(void);
void test_sealing(void);
void test_revoking(void);
void test_remapping(void);

#endif
