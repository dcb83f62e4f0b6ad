/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel entries with all registers known, for fast.c and fast_wake.c. */
#ifndef TESTS_NATIVE_KERNEL_FAST_H
#define TESTS_NATIVE_KERNEL_FAST_H

#include "tests/native-kernel/partners.h"

#define SP 2
#define A0 10
#define A1 11
#define A7 17
#define T5 30

/* All registers but sp are loaded from x; an ecall, or an illegal instruction; all are stored to
 * x. */
void all_ecall(uint64_t x[32]);
void all_illegal(uint64_t x[32]);

/* Where word i of a message is. */
extern const uint8_t word_register[MESSAGE_REGISTERS];

/* One partner: registers as they were before its latest entry, and after. */
struct side {
	struct worker *worker;
	uint64_t in[32], out[32], random;
	volatile unsigned rounds;
	volatile uint64_t wrong; /* what was wrong first: round + 1, register */
};

/* Random registers into side->in. */
void side_fill(struct side *side);
void side_enter(struct side *side, void (*how)(uint64_t[32]));
/* Is side->out so? */
void side_expect(struct side *side, const uint64_t *expected);
/* What a receive leaves in `expected`, which is what it was called with. */
void side_message(uint64_t *expected, uint64_t tag, uint64_t badge, const uint64_t *words);

#endif
