/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See single_step.h. Encodings: unprivileged specification, chapters
 * "Introduction" (instruction lengths), "RV32I" (control transfer), "A" (LR,
 * SC), "C", and "RV32/64G Instruction Set Listings". System instructions fall
 * through.
 */
#include "servers/lib/single_step.h"
#include "servers/lib/startup.h"

#define C_EBREAK 0x9002
#define SCAUSE_BREAKPOINT 3
#define CODE_RIGHTS (RIGHT_READ | RIGHT_EXECUTE)

enum flow_kind { FLOW_ON, FLOW_JUMP, FLOW_BRANCH, FLOW_INDIRECT, FLOW_LR, FLOW_SC };

/* An instruction, as far as it says where execution goes. */
struct flow {
	enum flow_kind kind;
	unsigned length;     /* bytes */
	uint64_t offset;     /* JUMP, BRANCH: from pc; INDIRECT: from rs1 */
	unsigned rs1, rs2;   /* BRANCH, INDIRECT */
	unsigned comparison; /* BRANCH: funct3 of the 32-bit ones */
};

enum comparison { IF_EQUAL, IF_NOT_EQUAL, IF_LESS = 4, IF_NOT_LESS, IF_BELOW, IF_NOT_BELOW };

static volatile uint16_t *parcel(const struct step_code *code, uint64_t address)
{
	uint64_t offset = address - code->address;

	return offset < code->bytes && offset % 2 == 0 ? &code->view[offset / 2] : NULL;
}

/* Bits `from`... of an instruction, moved to bit `to`. */
static uint32_t field(uint32_t i, unsigned from, unsigned width, unsigned to)
{
	return (i >> from & ((1u << width) - 1)) << to;
}

static uint64_t sign_extend(uint32_t value, unsigned sign_bit)
{
	uint64_t sign = 1ull << sign_bit;

	return (value ^ sign) - sign;
}

static void decode_16(uint32_t i, struct flow *f)
{
	switch (i & 0xe003) {
	case 0xa001: /* c.j */
		f->kind = FLOW_JUMP;
		f->offset = sign_extend(field(i, 12, 1, 11) | field(i, 11, 1, 4) |
						field(i, 9, 2, 8) | field(i, 8, 1, 10) |
						field(i, 7, 1, 6) | field(i, 6, 1, 7) |
						field(i, 3, 3, 1) | field(i, 2, 1, 5),
					11);
		break;
	case 0xc001: /* c.beqz */
	case 0xe001: /* c.bnez */
		f->kind = FLOW_BRANCH;
		f->rs1 = 8 + field(i, 7, 3, 0);
		f->comparison = i & 0x2000 ? IF_NOT_EQUAL : IF_EQUAL;
		f->offset =
			sign_extend(field(i, 12, 1, 8) | field(i, 10, 2, 3) | field(i, 5, 2, 6) |
					    field(i, 3, 2, 1) | field(i, 2, 1, 5),
				    8);
		break;
	case 0x8002: /* c.jr, c.jalr: rs2 is 0; without rs1 c.ebreak */
		f->rs1 = field(i, 7, 5, 0);
		if (field(i, 2, 5, 0) == 0 && f->rs1 != 0)
			f->kind = FLOW_INDIRECT;
		break;
	}
}

static void decode_32(uint32_t i, struct flow *f)
{
	unsigned funct3 = field(i, 12, 3, 0), funct5 = field(i, 27, 5, 0);

	f->rs1 = field(i, 15, 5, 0);
	switch (i & 0x7f) {
	case 0x2f: /* AMO */
		if ((funct3 == 2 || funct3 == 3) && (funct5 == 2 || funct5 == 3))
			f->kind = funct5 == 2 ? FLOW_LR : FLOW_SC;
		break;
	case 0x63: /* BRANCH */
		f->kind = FLOW_BRANCH;
		f->rs2 = field(i, 20, 5, 0);
		f->comparison = funct3;
		f->offset = sign_extend(field(i, 31, 1, 12) | field(i, 25, 6, 5) |
						field(i, 8, 4, 1) | field(i, 7, 1, 11),
					12);
		break;
	case 0x67: /* JALR */
		if (funct3 == 0)
			f->kind = FLOW_INDIRECT;
		f->offset = sign_extend(field(i, 20, 12, 0), 11);
		break;
	case 0x6f: /* JAL */
		f->kind = FLOW_JUMP;
		f->offset = sign_extend(field(i, 31, 1, 20) | field(i, 21, 10, 1) |
						field(i, 20, 1, 11) | field(i, 12, 8, 12),
					20);
		break;
	}
}

static enum step_error decode(const struct step_code *code, uint64_t pc, struct flow *f)
{
	volatile uint16_t *low = parcel(code, pc), *high = parcel(code, pc + 2);

	if (low == NULL)
		return STEP_OUTSIDE;
	*f = (struct flow){.length = (*low & 3) == 3 ? 4 : 2};
	if (f->length == 2) {
		decode_16(*low, f);
		return STEP_OK;
	}
	if ((*low & 0x1c) == 0x1c)
		return STEP_LENGTH;
	if (high == NULL)
		return STEP_OUTSIDE;
	decode_32((uint32_t)*high << 16 | *low, f);
	return STEP_OK;
}

static bool is_taken(unsigned comparison, uint64_t a, uint64_t b)
{
	switch (comparison) {
	case IF_EQUAL:
		return a == b;
	case IF_NOT_EQUAL:
		return a != b;
	case IF_LESS:
		return (int64_t)a < (int64_t)b;
	case IF_NOT_LESS:
		return (int64_t)a >= (int64_t)b;
	case IF_BELOW:
		return a < b;
	case IF_NOT_BELOW:
		return a >= b;
	default:
		return false; /* reserved: an illegal instruction */
	}
}

static void add_exit(struct step_exits *exits, uint64_t address)
{
	for (unsigned i = 0; i < exits->count; i++) {
		if (exits->address[i] == address)
			return;
	}
	exits->address[exits->count++] = address;
}

/*
 * A trap may end the reservation, so nothing may stop a thread between lr and
 * sc; nor on its way back to the lr, or no attempt might ever succeed.
 */
static enum step_error sequence_exits(const struct step_code *code, uint64_t start,
				      struct step_exits *exits)
{
	uint64_t targets[STEP_SEQUENCE], end = start;
	unsigned branches = 0, length = 0;
	struct flow f;

	do {
		enum step_error error = decode(code, end, &f);

		if (error != STEP_OK)
			return error;
		if (f.kind == FLOW_INDIRECT || length++ == STEP_SEQUENCE)
			return STEP_NO_SC;
		if (f.kind == FLOW_JUMP || f.kind == FLOW_BRANCH)
			targets[branches++] = end + f.offset;
		end += f.length;
	} while (f.kind != FLOW_SC);
	if (decode(code, end, &f) == STEP_OK && (f.kind == FLOW_JUMP || f.kind == FLOW_BRANCH) &&
	    end + f.offset - start < end - start)
		end += f.length;
	add_exit(exits, end);
	for (unsigned i = 0; i < branches; i++) {
		if (targets[i] - start >= end - start)
			add_exit(exits, targets[i]);
	}
	return STEP_OK;
}

enum step_error step_exits(const struct step_code *code, const uint64_t registers[32],
			   struct step_exits *exits)
{
	uint64_t pc = registers[0], next, a, b;
	struct flow f;
	enum step_error error = decode(code, pc, &f);

	exits->count = 0;
	if (error != STEP_OK)
		return error;
	if (f.kind == FLOW_LR)
		return sequence_exits(code, pc, exits);
	a = f.rs1 != 0 ? registers[f.rs1] : 0;
	b = f.rs2 != 0 ? registers[f.rs2] : 0;
	next = pc + f.length;
	if (f.kind == FLOW_JUMP || (f.kind == FLOW_BRANCH && is_taken(f.comparison, a, b)))
		next = pc + f.offset;
	else if (f.kind == FLOW_INDIRECT)
		next = (a + f.offset) & ~1ull;
	add_exit(exits, next);
	return STEP_OK;
}

/* All harts see what was written into the code. The page keeps its rights. */
static enum err fence(const struct single_step *s)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct window_item saved = *item;
	struct message m = {.tag = MESSAGE_TAG_ITEMS(1)};
	enum err err;

	*item = (struct window_item){.cap = s->window,
				     .op = WINDOW_PROTECT,
				     .rights = CODE_RIGHTS,
				     .flags = WINDOW_FENCE_I,
				     .va_page = s->code.address >> 12,
				     .count = 1};
	err = syscall_message(SYS_WINDOW, 0, &m);
	*item = saved; /* may be part of a message */
	return err;
}

static bool is_at_exit(const struct single_step *s, const struct message *m)
{
	if (message_label(m->tag) != LABEL_EXCEPTION || m->words[0] != SCAUSE_BREAKPOINT)
		return false;
	for (unsigned i = 0; i < s->exits.count; i++) {
		if (s->exits.address[i] == m->words[2])
			return true;
	}
	return false;
}

enum step_error step_run(struct single_step *s, struct message *m)
{
	enum err err, fenced;

	for (unsigned i = 0; i < s->exits.count; i++) {
		if (parcel(&s->code, s->exits.address[i]) == NULL)
			return STEP_OUTSIDE;
	}
	/* 16 bits at once: they take the place of any instruction, and of nothing behind it. */
	for (unsigned i = 0; i < s->exits.count; i++) {
		s->saved[i] = *parcel(&s->code, s->exits.address[i]);
		*parcel(&s->code, s->exits.address[i]) = C_EBREAK;
	}
	err = fence(s);
	if (err == ERR_OK)
		err = invoke5(s->thread, THREAD_RESUME, 0, 0, 0, 0, 0);
	if (err == ERR_OK)
		err = ipc_reply_receive(s->endpoint, s->reply, m);
	for (unsigned i = 0; i < s->exits.count; i++)
		*parcel(&s->code, s->exits.address[i]) = s->saved[i];
	fenced = fence(s);
	if (err != ERR_OK || fenced != ERR_OK)
		return STEP_KERNEL;
	return is_at_exit(s, m) ? STEP_OK : STEP_OTHER;
}

enum step_error single_step(struct single_step *s, struct message *m)
{
	uint64_t registers[32];
	enum step_error error;

	*m = (struct message){0};
	if (invoke(s->thread, THREAD_READ_REGISTERS, 0, m) != ERR_OK)
		return STEP_KERNEL;
	for (unsigned i = 0; i < 32; i++)
		registers[i] = i < MESSAGE_REGISTERS ? m->words[i] : message_buffer()->words[i];
	error = step_exits(&s->code, registers, &s->exits);
	if (error != STEP_OK)
		return error;
	*m = (struct message){.tag = MESSAGE_TAG(EXCEPTION_RESUME, 0)};
	return step_run(s, m);
}
