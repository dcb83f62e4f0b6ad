/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jumps and branches for the tests of the single step, encoded by the bit
 * order that the specification prints. Offsets are in bytes.
 */
#ifndef TESTS_SYSTEM_STEP_ENCODE_H
#define TESTS_SYSTEM_STEP_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

uint32_t encode_branch(unsigned funct3, unsigned rs1, unsigned rs2, int64_t offset);
uint32_t encode_jal(unsigned rd, int64_t offset);
uint32_t encode_jalr(unsigned rd, unsigned rs1, int64_t offset);
/* c.j; c.beqz and c.bnez, rs1 of x8-x15; c.jr and c.jalr. */
uint32_t encode_cj(int64_t offset);
uint32_t encode_cb(bool is_not_equal, unsigned rs1, int64_t offset);
uint32_t encode_cr(bool links, unsigned rs1);

/* Is the branch with this funct3 taken? */
bool holds(unsigned funct3, uint64_t a, uint64_t b);
/* A value for which the comparisons differ. */
uint64_t any_value(void);

#endif
