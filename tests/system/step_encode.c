/* SPDX-License-Identifier: BSD-2-Clause */
/* See step_encode.h. */
#include "tests/system/step_encode.h"

#include "tests/system/check.h"

/* Which bit of the offset is in which bit of the instruction, from its bit `top` downwards, as
 * the specification prints it. */
struct format {
	const char *bits; /* of the offset, separated by spaces */
	unsigned top;
};

static const struct format b_high = {"12 10 9 8 7 6 5", 31}, b_low = {"4 3 2 1 11", 11},
			   j_all = {"20 10 9 8 7 6 5 4 3 2 1 11 19 18 17 16 15 14 13 12", 31},
			   i_all = {"11 10 9 8 7 6 5 4 3 2 1 0", 31},
			   cj_all = {"11 4 9 8 10 6 7 3 2 1 5", 12}, cb_high = {"8 4 3", 12},
			   cb_low = {"7 6 2 1 5", 6};

static uint32_t scatter(struct format format, int64_t offset)
{
	uint32_t result = 0;
	unsigned at = format.top;

	for (const char *p = format.bits; *p != '\0'; at--) {
		unsigned bit = (unsigned)strtoul(p, (char **)&p, 10);

		result |= (uint32_t)(offset >> bit & 1) << at;
	}
	return result;
}

uint32_t encode_branch(unsigned funct3, unsigned rs1, unsigned rs2, int64_t offset)
{
	return 0x63 | funct3 << 12 | rs1 << 15 | rs2 << 20 | scatter(b_high, offset) |
	       scatter(b_low, offset);
}

uint32_t encode_jal(unsigned rd, int64_t offset)
{
	return 0x6f | rd << 7 | scatter(j_all, offset);
}

uint32_t encode_jalr(unsigned rd, unsigned rs1, int64_t offset)
{
	return 0x67 | rd << 7 | rs1 << 15 | scatter(i_all, offset);
}

uint32_t encode_cj(int64_t offset)
{
	return 0xa001 | scatter(cj_all, offset);
}

uint32_t encode_cb(bool is_not_equal, unsigned rs1, int64_t offset)
{
	return (is_not_equal ? 0xe001 : 0xc001) | (rs1 - 8) << 7 | scatter(cb_high, offset) |
	       scatter(cb_low, offset);
}

uint32_t encode_cr(bool links, unsigned rs1)
{
	return (links ? 0x9002 : 0x8002) | rs1 << 7;
}

bool holds(unsigned funct3, uint64_t a, uint64_t b)
{
	bool less = funct3 < 6 ? (int64_t)a < (int64_t)b : a < b;

	return (funct3 < 4 ? a == b : less) != (funct3 & 1);
}

/* Values for which the comparisons differ. */
uint64_t any_value(void)
{
	static const uint64_t values[] = {0, 1, 2, ~0ull, 1ull << 63, ~0ull >> 1, 1ull << 31};

	return values[check_random() % (sizeof(values) / sizeof(values[0]))];
}
