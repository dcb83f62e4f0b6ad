/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where execution goes next (servers/lib/single_step.h): compared with
 * encodings written by the assembler, with ones made from the bit order that
 * the specification prints, and for all 16-bit instructions. It fails when a
 * bit of an offset, a register or a comparison is wrong, an instruction is
 * taken for a jump that is none, or bytes behind the code are read.
 */
#include <string.h>

#include "servers/lib/single_step.h"
#include "servers/lib/startup.h"
#include "tests/system/check.h"
#include "tests/system/step_encode.h"

#define BASE 0x40001234ull
#define CODE_PARCELS 256

static uint16_t memory[CODE_PARCELS]; /* of the code, at BASE */
static const struct step_code code = {BASE, sizeof(memory), memory};

/* The rest of the library is linked too, and not called. */
struct message_buffer *message_buffer(void)
{
	return NULL;
}

enum err syscall_message(enum syscall number, uint64_t caps, struct message *m)
{
	(void)number;
	(void)caps;
	(void)m;
	return ERR_ARGUMENT;
}

/* The one exit of the instruction at offset `at` of the code; -1: an error. */
static uint64_t next_of(uint32_t encoding, unsigned at, uint64_t registers[32])
{
	struct step_exits exits;

	memory[at / 2] = (uint16_t)encoding;
	memory[at / 2 + 1] = (uint16_t)(encoding >> 16);
	registers[0] = BASE + at;
	if (step_exits(&code, registers, &exits) != STEP_OK)
		return ~0ull;
	EXPECT(exits.count == 1);
	return exits.address[0];
}

static void assembled(void)
{
	/* What riscv64 `as` makes of a mnemonic with x10 = 1000, x11 = -1, x31 = 2001, else 0. */
	static const struct {
		uint32_t encoding;
		int64_t next; /* from pc; absolute for the indirect ones */
		bool is_absolute;
	} cases[] = {
		{0x54b50a63, 4, false},		/* beq a0, a1, .+0x554 */
		{0x81f41063, 4 - 4100, false},	/* bne s0, t6, .-4096 */
		{0x7eb54fe3, 4, false},		/* blt a0, a1, .+4094 */
		{0xfeb55fe3, -2, false},	/* bge a0, a1, .-2 */
		{0x2ab56563, 0x2aa, false},	/* bltu a0, a1, .+0x2aa */
		{0xaab575e3, 4, false},		/* bgeu a0, a1, .-0x556 */
		{0x554550ef, 0x55554, false},	/* jal ra, .+0x55554 */
		{0x8000006f, -0x100000, false}, /* jal zero, .-0x100000 */
		{0x7ffff2ef, 0xffffe, false},	/* jal t0, .+0xffffe */
		{0x7ff500e7, 3046, true},	/* jalr ra, 2047(a0): an odd sum */
		{0x800f8067, -48, true},	/* jalr zero, -2048(t6) */
		{0xaaa50567, -366, true},	/* jalr a0, -1366(a0) */
		{0xab91, 0x554, false},		/* c.j .+0x554 */
		{0xb001, -0x800, false},	/* c.j .-0x800 */
		{0xa46d, 0x2aa, false},		/* c.j .+0x2aa */
		{0xc54d, 2, false},		/* c.beqz a0, .+0xaa */
		{0xc831, 0x54, false},		/* c.beqz s0, .+0x54 */
		{0xf381, 2, false},		/* c.bnez a5, .-0x100 */
		{0x8082, 0, true},		/* c.jr ra */
		{0x9f82, 2000, true},		/* c.jalr t6 */
		{0x00000073, 4, false},		/* ecall */
		{0x9002, 2, false},		/* c.ebreak */
		{0x18c5b52f, 4, false},		/* sc.d a0, a2, (a1) */
	};
	uint64_t registers[32] = {[10] = 1000, [11] = ~0ull, [31] = 2001};

	for (unsigned i = 0; i < SIZE(cases); i++) {
		uint64_t next = next_of(cases[i].encoding, 100, registers);

		if (next != (uint64_t)cases[i].next + (cases[i].is_absolute ? 0 : BASE + 100))
			printf("case %u goes to %#lx\n", i, next);
		EXPECT(next == (uint64_t)cases[i].next + (cases[i].is_absolute ? 0 : BASE + 100));
	}
}

static void all_offsets(void)
{
	uint64_t x[32] = {0};

	for (unsigned i = 0; i < 400000; i++) {
		unsigned rs1 = check_random() % 32, rs2 = check_random() % 32;
		unsigned funct3 = check_random() % 8;
		int64_t offset = (int64_t)(check_random() % 4096) * 2 - 4096;
		int64_t far = (int64_t)(check_random() % (1 << 20)) * 2 - (1 << 20);
		int64_t odd = (int64_t)(check_random() % 4096) - 2048;
		uint64_t pc = BASE + 200;

		for (unsigned r = 1; r < 32; r++)
			x[r] = any_value();
		if (funct3 != 2 && funct3 != 3) {
			bool taken = holds(funct3, rs1 == 0 ? 0 : x[rs1], rs2 == 0 ? 0 : x[rs2]);

			EXPECT(next_of(encode_branch(funct3, rs1, rs2, offset), 200, x) ==
			       pc + (taken ? (uint64_t)offset : 4));
		}
		EXPECT(next_of(encode_jal(rs1, far), 200, x) == pc + (uint64_t)far);
		EXPECT(next_of(encode_jalr(rs2, rs1, odd), 200, x) ==
		       (((rs1 == 0 ? 0 : x[rs1]) + (uint64_t)odd) & ~1ull));
	}
}

/* Each 16-bit instruction: those that the formats give go where these say, all others on. */
static void all_compressed(void)
{
	static struct {
		enum { ON, BY, TO } kind;
		int32_t value; /* BY: bytes; TO: what the register holds */
	} way[65536];
	uint64_t x[32], pc = BASE + 200;

	for (unsigned r = 1; r < 32; r++)
		x[r] = r >= 8 && r < 16 ? r % 2 : 0x1000 + 2 * r;
	for (int32_t offset = -2048; offset < 2048; offset += 2)
		way[encode_cj(offset)] = (typeof(way[0])){BY, offset};
	for (unsigned r = 8; r < 16; r++) {
		for (int32_t offset = -256; offset < 256; offset += 2) {
			way[encode_cb(false, r, offset)] =
				(typeof(way[0])){BY, x[r] == 0 ? offset : 2};
			way[encode_cb(true, r, offset)] =
				(typeof(way[0])){BY, x[r] != 0 ? offset : 2};
		}
	}
	for (unsigned r = 1; r < 32; r++) {
		way[encode_cr(false, r)] = (typeof(way[0])){TO, (int32_t)x[r] & ~1};
		way[encode_cr(true, r)] = (typeof(way[0])){TO, (int32_t)x[r] & ~1};
	}
	for (unsigned i = 0; i < 65536; i++) {
		uint64_t value = (uint64_t)way[i].value;

		if (i % 4 == 3)
			continue;
		EXPECT(next_of(i, 200, x) == (way[i].kind == TO	  ? value
					      : way[i].kind == BY ? pc + value
								  : pc + 2));
	}
}

static void lengths(void)
{
	uint64_t registers[32] = {0};
	struct step_exits exits;

	memset(memory, 0, sizeof(memory));
	for (unsigned low = 0; low < 65536; low += 4) {
		bool is_long = (low & 0x1c) == 0x1c;

		memory[0] = (uint16_t)(low | 3);
		registers[0] = BASE;
		EXPECT(step_exits(&code, registers, &exits) == (is_long ? STEP_LENGTH : STEP_OK));
		/* The second half is behind the end of the code. */
		memory[CODE_PARCELS - 1] = (uint16_t)(low | 3);
		registers[0] = BASE + sizeof(memory) - 2;
		EXPECT(step_exits(&code, registers, &exits) ==
		       (is_long ? STEP_LENGTH : STEP_OUTSIDE));
	}
	memory[CODE_PARCELS - 1] = 1; /* c.nop, the last one */
	EXPECT(step_exits(&code, registers, &exits) == STEP_OK);
	registers[0] = BASE + sizeof(memory);
	EXPECT(step_exits(&code, registers, &exits) == STEP_OUTSIDE);
	registers[0] = BASE - 2;
	EXPECT(step_exits(&code, registers, &exits) == STEP_OUTSIDE);
}

/* ---- sequences ------------------------------------------------------------------ */

/* Exits of the sequence at BASE, as offsets; the rest is as the assembler wrote it. */
static void expect_exits(const uint32_t *words, unsigned count, const char *wanted)
{
	uint64_t registers[32] = {BASE};
	struct step_exits exits;
	char got[100] = "";

	memset(memory, 0, sizeof(memory));
	memcpy(memory, words, count * sizeof(*words));
	switch (step_exits(&code, registers, &exits)) {
	case STEP_OK:
		for (unsigned i = 0; i < exits.count; i++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%ld ",
				 (long)(exits.address[i] - BASE));
		break;
	case STEP_NO_SC:
		strcpy(got, "no sc");
		break;
	default:
		strcpy(got, "error");
		break;
	}
	if (strcmp(got, wanted) != 0)
		printf("%s, not %s\n", got, wanted);
	EXPECT(strcmp(got, wanted) == 0);
}

static void sequences(void)
{
	/* lr.w t0, (a0); bne t0, a1, 1f; sc.w t1, a2, (a0); bnez t1, the lr; 1: */
	static const uint32_t swap[] = {0x100522af, 0x00b29663, 0x18c5232f, 0xfe031ae3};
	/* lr.w t0, (a0); bnez t0, the lr; sc.w t0, a1, (a0); bnez t0, the lr */
	static const uint32_t lock[] = {0x100522af, 0xfe029ee3, 0x18b522af, 0xfe029ae3};
	/* lr.d t0, (a0); beqz t0, 1f; c.nop; c.j the next; sc.d t1, a4, (a0); bnez t1, before
	 * the lr; 1: */
	static const uint32_t before[] = {0x100532af, 0x00028863, 0xa0090001, 0x18e5332f,
					  0xfe0316e3};
	uint32_t words[STEP_SEQUENCE + 1];

	expect_exits(swap, SIZE(swap), "16 ");
	expect_exits(lock, SIZE(lock), "16 ");
	expect_exits(before, SIZE(before), "16 20 ");
	/* The sc is the last instruction that may be one. Each branch leads elsewhere. */
	words[0] = swap[0];
	for (unsigned i = 1; i < STEP_SEQUENCE; i++)
		words[i] = encode_branch(0, 1, 2, 100);
	words[STEP_SEQUENCE - 1] = swap[2];
	expect_exits(words, SIZE(words),
		     "64 104 108 112 116 120 124 128 132 136 140 144 148 152 156 ");
	words[STEP_SEQUENCE - 1] = words[1];
	words[STEP_SEQUENCE] = swap[2];
	expect_exits(words, SIZE(words), "no sc");
	words[1] = 0x80828082; /* ret */
	words[2] = swap[2];
	expect_exits(words, SIZE(words), "no sc");
}

/* Any bytes: bounded, nothing read beyond (the sanitizer looks), addresses even and different. */
static void random_bytes(void)
{
	uint64_t registers[32];

	for (unsigned i = 0; i < 300000; i++) {
		unsigned parcels = 1 + check_random() % 40;
		uint16_t *block = malloc(parcels * sizeof(*block));
		struct step_code random = {BASE, parcels * sizeof(*block), block};
		struct step_exits exits;

		for (unsigned p = 0; p < parcels; p++)
			block[p] = (uint16_t)check_random();
		if (i % 2 == 0 && parcels > 1) { /* lr.w t0, (a0) */
			block[0] = 0x22af;
			block[1] = 0x1005;
		}
		for (unsigned r = 0; r < 32; r++)
			registers[r] = check_random();
		registers[0] = BASE + (i % 2 == 0 ? 0 : 2 * (check_random() % parcels));
		if (step_exits(&random, registers, &exits) == STEP_OK) {
			EXPECT(exits.count >= 1 && exits.count <= STEP_EXITS);
			for (unsigned e = 0; e < exits.count; e++) {
				EXPECT(exits.address[e] % 2 == 0);
				for (unsigned f = 0; f < e; f++)
					EXPECT(exits.address[e] != exits.address[f]);
			}
		}
		free(block);
	}
}

int main(void)
{
	RUN(assembled);
	RUN(all_offsets);
	RUN(all_compressed);
	RUN(lengths);
	RUN(sequences);
	RUN(random_bytes);
	return check_summary();
}
