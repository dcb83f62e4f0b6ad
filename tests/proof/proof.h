/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harnesses share. CBMC takes a function without a body whose name
 * begins with nondet_ for "any value"; check() is what is to be proved.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include <stdbool.h>
#include <stdint.h>

bool nondet_bool(void);
unsigned nondet_unsigned(void);
uint8_t nondet_byte(void);
uint32_t nondet_word(void);
uint64_t nondet_long(void);

#define assume(condition) __CPROVER_assume(condition)
#define check(condition, what) __CPROVER_assert(condition, what)

/* At the end of each harness: not to be provable, or nothing was proved. */
#ifdef REACHED
#define check_end() check(false, "the end is reached")
#else
#define check_end() ((void)0)
#endif

#endif
