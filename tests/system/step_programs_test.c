/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs under the single step of servers/lib. They are kept as lists
 * of operations beside their encoding, run freely and then stepped; both must
 * pass through the same registers.
 *
 * It fails when a step goes astray, a thread stops between lr and sc (the
 * processor here drops the reservation at each trap), a breakpoint is left in
 * the code, or one is planted or taken away without the fence: the processor
 * fetches from a copy that only the fence refreshes.
 */
#include <string.h>

#include "servers/lib/single_step.h"
#include "servers/lib/startup.h"
#include "tests/system/check.h"
#include "tests/system/step_encode.h"

#define BASE 0x40001234ull
#define CODE_PARCELS 256
#define OPERATIONS 40
#define STOPS 400
#define ANYWHERE OPERATIONS /* a target that is chosen once all sequences are there */
#define EBREAK 0x9002

enum { CAP_THREAD = 11, CAP_WINDOW, CAP_ENDPOINT, CAP_REPLY };

enum kind { PLAIN, COMPARE, JUMP, INDIRECT, LOAD_ADDRESS, LOAD_RESERVED, STORE_CONDITIONAL };

struct operation {
	enum kind kind;
	unsigned size, rd, rs1, rs2, funct3;
	unsigned target;   /* number of an operation; INDIRECT, LOAD_ADDRESS: what rs1, rd holds */
	unsigned sequence; /* that it is part of; 0: none */
	int64_t offset;	   /* of INDIRECT */
	uint64_t address;
};

struct state {
	uint64_t x[32]; /* x[0]: pc */
	uint64_t random;
	unsigned stores; /* conditional ones so far */
};

static uint16_t memory[CODE_PARCELS]; /* of the code, at BASE */
static const struct step_code code = {BASE, sizeof(memory), memory};
static struct operation program[OPERATIONS + 1];
static int operation_at[CODE_PARCELS]; /* index of the operation that begins there, or -1 */
static uint16_t pristine[CODE_PARCELS], fetched[CODE_PARCELS];
static struct state cpu;
static bool is_reserved, is_resumed, fence_fails;
static uint64_t illegal_at; /* raises another exception there */
static struct message_buffer buffer;

struct message_buffer *message_buffer(void)
{
	return &buffer;
}

static uint64_t address_of(unsigned operation)
{
	return program[operation].address;
}

/* Execute one operation: by the list, never by the bytes. */
static void execute(const struct operation *o)
{
	uint64_t next = cpu.x[0] + o->size, link = next;
	uint64_t a = o->rs1 != 0 ? cpu.x[o->rs1] : 0, b = o->rs2 != 0 ? cpu.x[o->rs2] : 0;
	uint64_t result = link;

	switch (o->kind) {
	case PLAIN:
		cpu.random = cpu.random * 6364136223846793005ull + 1442695040888963407ull;
		result = cpu.random >> 62 == 0 ? a : (cpu.random >> 61) - 2;
		break;
	case COMPARE:
		next = holds(o->funct3, a, b) ? address_of(o->target) : next;
		break;
	case JUMP:
		next = address_of(o->target);
		break;
	case INDIRECT:
		next = (a + (uint64_t)o->offset) & ~1ull;
		break;
	case LOAD_ADDRESS:
		result = address_of(o->target) - (uint64_t)o->offset;
		break;
	case LOAD_RESERVED:
		is_reserved = true;
		result = cpu.stores % 2;
		break;
	case STORE_CONDITIONAL:
		result = !is_reserved || cpu.stores++ % 4 == 1;
		is_reserved = false;
		break;
	}
	if (o->rd != 0)
		cpu.x[o->rd] = result;
	cpu.x[0] = next;
}

/* The operation at pc, if the processor fetches it whole; NULL: a breakpoint. */
static const struct operation *fetch(void)
{
	uint64_t at = (cpu.x[0] - BASE) / 2;

	EXPECT(cpu.x[0] >= BASE && at < CODE_PARCELS && operation_at[at] >= 0);
	if (fetched[at] == EBREAK)
		return NULL;
	const struct operation *o = &program[operation_at[at]];
	for (unsigned p = 0; p < o->size / 2; p++)
		EXPECT(fetched[at + p] == pristine[at + p]);
	return o;
}

static void run_to_exception(struct message *m)
{
	const struct operation *o;

	for (unsigned executed = 0; cpu.x[0] != illegal_at && (o = fetch()) != NULL; executed++) {
		EXPECT(executed < 1000);
		execute(o);
	}
	is_reserved = false;
	*m = (struct message){.tag = MESSAGE_TAG(LABEL_EXCEPTION, 4),
			      .words = {cpu.x[0] == illegal_at ? 2 : 3, 0, cpu.x[0]}};
}

static enum err run_items(uint64_t tag)
{
	const struct window_item *item =
		(const struct window_item *)&buffer.words[WINDOW_ITEM_WORD];

	EXPECT(message_items(tag) == 1 && item->cap == CAP_WINDOW && item->op == WINDOW_PROTECT);
	EXPECT(item->rights == (RIGHT_READ | RIGHT_EXECUTE) && item->flags == WINDOW_FENCE_I);
	EXPECT(item->va_page == BASE >> 12 && item->count == 1 && item->done == 0);
	if (fence_fails)
		return ERR_RIGHTS;
	memcpy(fetched, memory, sizeof(fetched));
	return ERR_OK;
}

enum err syscall_message(enum syscall number, uint64_t caps, struct message *m)
{
	switch (number) {
	case SYS_INVOKE:
		EXPECT(caps == CAP_THREAD);
		if (message_label(m->tag) == THREAD_READ_REGISTERS) {
			memcpy(m->words, cpu.x, sizeof(m->words));
			memcpy(buffer.words, cpu.x, sizeof(cpu.x));
			memset(buffer.words, 0xee, sizeof(m->words));
		} else {
			EXPECT(message_label(m->tag) == THREAD_RESUME);
			is_resumed = true;
		}
		return ERR_OK;
	case SYS_WINDOW:
		return run_items(m->tag);
	case SYS_REPLY_RECEIVE:
		EXPECT(caps == (CAP_ENDPOINT | (uint64_t)CAP_REPLY << 32) && is_resumed);
		EXPECT(m->tag == MESSAGE_TAG(EXCEPTION_RESUME, 0));
		run_to_exception(m);
		is_resumed = false;
		return ERR_OK;
	default:
		EXPECT(!"a system call that is not needed");
	}
	return ERR_ARGUMENT;
}

/* ---- random programs ------------------------------------------------------------- */

static uint32_t encode(const struct operation *o)
{
	int64_t offset = (int64_t)(address_of(o->target) - o->address);

	switch (o->kind) {
	case COMPARE:
		return o->size == 4 ? encode_branch(o->funct3, o->rs1, o->rs2, offset)
				    : encode_cb(o->funct3 == 1, o->rs1, offset);
	case JUMP:
		return o->size == 4 ? encode_jal(o->rd, offset) : encode_cj(offset);
	case INDIRECT:
		return o->size == 4 ? encode_jalr(o->rd, o->rs1, o->offset)
				    : encode_cr(o->rd != 0, o->rs1);
	case LOAD_RESERVED:
		return 0x100022af | (o->rd % 2) << 12; /* lr.w, lr.d */
	case STORE_CONDITIONAL:
		return 0x180022af | (o->rd % 2) << 12;
	default: /* lui, ld, ecall; c.nop, c.add */
		return o->size == 2 ? (o->rd % 2 ? 0x0001 : 0x952e)
				    : (const uint32_t[]){0x000007b7, 0x00053503, 0x73}[o->rd % 3];
	}
}

/* An operation that may be a target: not within a sequence. */
static unsigned any_target(void)
{
	for (;;) {
		unsigned target = check_random() % OPERATIONS;

		if (program[target].sequence == 0 || program[target].kind == LOAD_RESERVED)
			return target;
	}
}

static void make_plain(struct operation *o)
{
	*o = (struct operation){.kind = PLAIN,
				.size = 2 + 2 * (check_random() % 2),
				.rd = check_random() % 32,
				.rs1 = check_random() % 32,
				.sequence = o->sequence};
}

static void make_compare(struct operation *o, unsigned target)
{
	unsigned sequence = o->sequence;
	static const unsigned comparisons[] = {0, 1, 4, 5, 6, 7};

	*o = (struct operation){.kind = COMPARE,
				.size = 4,
				.rs1 = check_random() % 32,
				.rs2 = check_random() % 32,
				.funct3 = comparisons[check_random() % 6],
				.target = target,
				.sequence = sequence};
	if (check_random() % 2) {
		o->size = 2;
		o->rs1 = 8 + check_random() % 8;
		o->rs2 = 0;
		o->funct3 = check_random() % 2;
	}
}

/* From the operation `first` on; returns what follows it. */
static unsigned make_sequence(unsigned first, unsigned sequence)
{
	unsigned inner = check_random() % 5, end = first + 2 + inner;
	bool has_retry = check_random() % 4 != 0;
	struct operation *sc = &program[end - 1];

	for (unsigned i = first; i < end + has_retry; i++)
		program[i] = (struct operation){.size = 4, .sequence = sequence};
	program[first].kind = LOAD_RESERVED;
	program[first].rd = 8 + check_random() % 8;
	sc->kind = STORE_CONDITIONAL;
	sc->rd = 8 + check_random() % 8;
	for (unsigned i = first + 1; i < end - 1; i++) {
		if (check_random() % 2)
			make_plain(&program[i]);
		else /* onwards in it, out of it, or back to its start */
			make_compare(&program[i], check_random() % 3 == 0 ? i + 1
						  : check_random() % 4	  ? ANYWHERE
									  : first);
	}
	if (has_retry)
		program[end] = (struct operation){.kind = COMPARE,
						  .size = 2 + 2 * (sc->rd % 2),
						  .rs1 = sc->rd,
						  .funct3 = 1,
						  .target = first,
						  .sequence = sequence};
	else
		make_plain(&program[end]); /* a branch to the lr would belong to it */
	return end + 1;
}

static void make_program(void)
{
	unsigned at = 0, sequence = 0, size = 0;

	memset(program, 0, sizeof(program));
	for (at = check_random() % 12; at + 10 < OPERATIONS; at += check_random() % 12)
		at = make_sequence(at, ++sequence);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		struct operation *o = &program[i];

		if (o->target == ANYWHERE)
			o->target = any_target();
		if (o->size != 0)
			continue;
		switch (i + 1 < OPERATIONS && program[i + 1].size != 0 ? 0 : check_random() % 4) {
		case 0:
			make_plain(o);
			break;
		case 1:
			make_compare(o, any_target());
			break;
		case 2:
			*o = (struct operation){.kind = JUMP,
						.size = 2 + 2 * (check_random() % 2),
						.target = any_target()};
			o->rd = o->size == 4 ? check_random() % 32 : 0;
			break;
		case 3: /* an address, and where it leads; `odd` as the lowest bit does not count */
			if (i + 1 == OPERATIONS) {
				make_plain(o);
				break;
			}
			*o = (struct operation){.kind = LOAD_ADDRESS,
						.size = 4,
						.rd = 1 + check_random() % 31,
						.target = any_target()};
			o[1] = (struct operation){.kind = INDIRECT,
						  .size = 2 + 2 * (check_random() % 2),
						  .rs1 = o->rd,
						  .target = o->target};
			if (o[1].size == 4) {
				o->offset = o[1].offset =
					(int64_t)(check_random() % 2048) * 2 - 2048;
				o[1].rd = check_random() % 32;
				o->offset -= (int64_t)(check_random() % 2);
			} else {
				o[1].rd = check_random() % 2;
			}
			break;
		}
	}
	memset(operation_at, 0xff, sizeof(operation_at));
	for (unsigned i = 0; i <= OPERATIONS; i++) {
		program[i].address = BASE + size;
		size += program[i].size;
	}
	for (unsigned i = 0; i <= OPERATIONS; i++) { /* the last one is the end */
		uint32_t encoding = encode(&program[i]);

		memcpy(memory + (address_of(i) - BASE) / 2, &encoding, program[i].size);
		operation_at[(address_of(i) - BASE) / 2] = (int)i;
	}
	memcpy(pristine, memory, sizeof(memory));
}

/*
 * Run freely, until the program ends or goes astray: to an address that a
 * register held by chance, of nothing, of the inside of a sequence, or of the
 * jump itself that sets a register (it counts as done before it has). Returns how many states there are in which a step must stop.
 */
static unsigned record(struct state *stops)
{
	unsigned count = 0, previous = 0;

	memcpy(fetched, memory, sizeof(fetched));
	for (unsigned executed = 0; executed < 4 * STOPS && count < STOPS; executed++) {
		uint64_t at = (cpu.x[0] - BASE) / 2;
		const struct operation *o;

		if (at >= CODE_PARCELS || operation_at[at] < 0)
			break;
		o = &program[operation_at[at]];
		if (o->sequence == 0 || previous != o->sequence) {
			if (o->sequence != 0 && o->kind != LOAD_RESERVED)
				break;
			stops[count++] = cpu;
		}
		if (operation_at[at] == OPERATIONS)
			break;
		previous = o->sequence;
		execute(o);
		if (cpu.x[0] == o->address && o->rd != 0)
			break;
	}
	return count;
}

static struct single_step step_state(void)
{
	return (struct single_step){.code = code,
				    .thread = CAP_THREAD,
				    .window = CAP_WINDOW,
				    .endpoint = CAP_ENDPOINT,
				    .reply = CAP_REPLY};
}

static void programs(void)
{
	static struct state stops[STOPS];
	unsigned long steps = 0, sequences = 0, ends = 0;

	for (unsigned i = 0; i < 20000; i++) {
		struct single_step s = step_state();
		struct state start = {.random = check_random()};
		struct message m;
		unsigned count;

		memset(memory, 0, sizeof(memory));
		make_program();
		for (unsigned r = 1; r < 32; r++)
			start.x[r] = any_value();
		start.x[0] = BASE;
		cpu = start;
		count = record(stops);
		cpu = start;
		is_reserved = false;
		for (unsigned stop = 1; stop < count; stop++) {
			EXPECT(single_step(&s, &m) == STEP_OK);
			EXPECT(m.words[2] == cpu.x[0]);
			EXPECT(memcmp(&cpu, &stops[stop], sizeof(cpu)) == 0);
			EXPECT(memcmp(memory, pristine, sizeof(memory)) == 0);
			EXPECT(memcmp(fetched, pristine, sizeof(memory)) == 0);
			steps++;
			sequences +=
				program[operation_at[(stops[stop - 1].x[0] - BASE) / 2]].kind ==
				LOAD_RESERVED;
			ends += cpu.x[0] == address_of(OPERATIONS);
		}
	}
	printf("%lu steps, %lu of them sequences; %lu programs ended\n", steps, sequences, ends);
	EXPECT(steps > 1000000 && sequences > 100000 && ends > 1000);
}

/* Whatever goes wrong, the code is as it was, and the thread where it was or stopped. */
static void errors(void)
{
	struct single_step s = step_state();
	struct message m;

	memset(memory, 0, sizeof(memory));
	memset(operation_at, 0, sizeof(operation_at));
	memory[0] = memory[1] = 1; /* c.nop */
	program[0] = (struct operation){.kind = PLAIN, .size = 2};
	memcpy(pristine, memory, sizeof(memory));
	memcpy(fetched, memory, sizeof(memory));
	cpu = (struct state){.x = {BASE}};
	fence_fails = true;
	EXPECT(single_step(&s, &m) == STEP_KERNEL && !is_resumed && cpu.x[0] == BASE);
	EXPECT(memcmp(memory, pristine, sizeof(memory)) == 0);
	fence_fails = false;
	illegal_at = BASE + 2;
	EXPECT(single_step(&s, &m) == STEP_OTHER && m.words[0] == 2);
	EXPECT(memcmp(fetched, pristine, sizeof(memory)) == 0);
	illegal_at = 0;
	s.exits = (struct step_exits){2, {BASE, BASE + sizeof(memory)}};
	EXPECT(step_run(&s, &m) == STEP_OUTSIDE);
	EXPECT(memcmp(memory, pristine, sizeof(memory)) == 0);
	/* The item that fences lies where words of a message may be. */
	buffer.words[WINDOW_ITEM_WORD] = 4711;
	s.exits = (struct step_exits){1, {BASE + 2}};
	m = (struct message){0};
	EXPECT(step_run(&s, &m) == STEP_OK && buffer.words[WINDOW_ITEM_WORD] == 4711);
	/* A breakpoint of the program's own is none of ours. */
	memory[1] = pristine[1] = EBREAK;
	EXPECT(single_step(&s, &m) == STEP_OTHER && m.words[2] == BASE + 2);
}

int main(void)
{
	RUN(programs);
	RUN(errors);
	return check_summary();
}
