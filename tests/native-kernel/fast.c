/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every register across calls, answers, ecalls of a personality and
 * exceptions, between spaces, on one hart (where the kernel has paths of its
 * own for them) and on two. These fail if a register that the ABI preserves
 * changes, a word of a message is wrong, a word that was not sent arrives, or
 * the short paths accept what the long ones refuse.
 */
#include "tests/native-kernel/fast.h"

/* All registers but sp are loaded from x, the instruction runs, all are stored to x. */
#define WITH_REGISTERS(name, instruction)                                                          \
	__asm__(".text\n"                                                                          \
		".balign 4\n.globl " #name "\n" #name ":\n"                                        \
		"addi sp, sp, -144\n"                                                              \
		"sd ra, 0(sp)\nsd gp, 8(sp)\nsd tp, 16(sp)\n"                                      \
		"sd s0, 24(sp)\nsd s1, 32(sp)\nsd s2, 40(sp)\nsd s3, 48(sp)\n"                     \
		"sd s4, 56(sp)\nsd s5, 64(sp)\nsd s6, 72(sp)\nsd s7, 80(sp)\n"                     \
		"sd s8, 88(sp)\nsd s9, 96(sp)\nsd s10, 104(sp)\nsd s11, 112(sp)\n"                 \
		"sd a0, 120(sp)\n"                                                                 \
		"mv x31, a0\n"                                                                     \
		"ld x1, 8(x31)\n"                                                                  \
		".irp n,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"   \
		"29,30,31\n"                                                                       \
		"ld x\\n, 8*\\n(x31)\n"                                                            \
		".endr\n" instruction "\n"                                                         \
		"sd x31, 128(sp)\n"                                                                \
		"ld x31, 120(sp)\n"                                                                \
		".irp n,1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28," \
		"29,30\n"                                                                          \
		"sd x\\n, 8*\\n(x31)\n"                                                            \
		".endr\n"                                                                          \
		"ld x1, 128(sp)\nsd x1, 248(x31)\n"                                                \
		"ld ra, 0(sp)\nld gp, 8(sp)\nld tp, 16(sp)\n"                                      \
		"ld s0, 24(sp)\nld s1, 32(sp)\nld s2, 40(sp)\nld s3, 48(sp)\n"                     \
		"ld s4, 56(sp)\nld s5, 64(sp)\nld s6, 72(sp)\nld s7, 80(sp)\n"                     \
		"ld s8, 88(sp)\nld s9, 96(sp)\nld s10, 104(sp)\nld s11, 112(sp)\n"                 \
		"addi sp, sp, 144\n"                                                               \
		"ret\n")
WITH_REGISTERS(all_ecall, "ecall");
WITH_REGISTERS(all_illegal, ".4byte 0xffffffff");

const uint8_t word_register[MESSAGE_REGISTERS] = {12, 13, 14, 15, 16, 5, 6, 7, 28, 29};

static struct side client, server;
static struct {
	cap_t endpoint, reply, own; /* the client's capability has a badge */
	uint64_t badge;
	unsigned rounds;
	volatile unsigned kind; /* of the message that the server waits for */
} shared;

void side_fill(struct side *side)
{
	for (unsigned i = 1; i < 32; i++) {
		side->random ^= side->random << 13;
		side->random ^= side->random >> 7;
		side->random ^= side->random << 17;
		side->in[i] = side->random;
	}
	side->in[SP] = 0; /* not looked at: it must be right for the program to get on */
}

void side_enter(struct side *side, void (*how)(uint64_t[32]))
{
	memcpy(side->out, side->in, sizeof(side->in));
	how(side->out);
}

void side_expect(struct side *side, const uint64_t *expected)
{
	for (unsigned i = 1; i < 32; i++) {
		if (side->out[i] != expected[i] && side->wrong == 0)
			side->wrong = (uint64_t)(side->rounds + 1) << 8 | i;
	}
}

/* Lengths of message and answer in a round: all pairs. */
static unsigned call_words(unsigned round)
{
	return round % 13;
}

static unsigned answer_words(unsigned round)
{
	return (round + round / 13) % 13;
}

void side_message(uint64_t *expected, uint64_t tag, uint64_t badge, const uint64_t *words)
{
	expected[A0] = ERR_OK;
	expected[A1] = tag;
	expected[T5] = badge;
	for (unsigned i = 0; i < message_words(tag) && i < MESSAGE_REGISTERS; i++)
		expected[word_register[i]] = words[word_register[i]];
}

/* --- native calls ---------------------------------------------------------------- */

static void client_calls(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	for (; client.rounds < shared.rounds; client.rounds++) {
		side_fill(&client);
		client.in[A0] = shared.endpoint;
		client.in[A1] = MESSAGE_TAG(client.rounds * 7777, call_words(client.rounds));
		client.in[A7] = SYS_CALL;
		side_enter(&client, all_ecall);
		memcpy(expected, client.in, sizeof(expected));
		side_message(expected, server.in[A1], 0, server.in);
		side_expect(&client, expected);
	}
}

static void fill_server(uint64_t tag)
{
	side_fill(&server);
	server.in[A0] = shared.own | (uint64_t)shared.reply << 32;
	server.in[A1] = tag;
	server.in[A7] = SYS_REPLY_RECEIVE;
}

static void serve(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	fill_server(0);
	for (;;) {
		side_enter(&server, all_ecall);
		memcpy(expected, server.in, sizeof(expected));
		side_message(expected, client.in[A1], shared.badge, client.in);
		side_expect(&server, expected);
		fill_server(MESSAGE_TAG(server.rounds * 3333, answer_words(server.rounds)));
		server.rounds++;
	}
}

/* --- personality -------------------------------------------------------------------- */

static void foreign_calls(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	while (client.rounds < shared.rounds) {
		unsigned words = answer_words(client.rounds);

		side_fill(&client);
		side_enter(&client, all_ecall);
		memcpy(expected, client.in, sizeof(expected));
		for (unsigned i = 0; i < words && i < 8; i++)
			expected[A0 + i] = server.in[word_register[i]];
		side_expect(&client, expected);
		client.rounds++;
	}
	for (;;)
		;
}

static void serve_foreign(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	fill_server(0);
	for (;;) {
		side_enter(&server, all_ecall);
		memcpy(expected, server.in, sizeof(expected));
		expected[A0] = ERR_OK;
		expected[A1] = MESSAGE_TAG(LABEL_ECALL, 8);
		expected[T5] = shared.badge;
		for (unsigned i = 0; i < 8; i++)
			expected[word_register[i]] = client.in[A0 + i];
		side_expect(&server, expected);
		fill_server(MESSAGE_TAG(server.rounds, answer_words(server.rounds)));
		server.rounds++;
	}
}

/* --- exceptions ----------------------------------------------------------------------- */

static void exceptions(void *argument)
{
	(void)argument;
	for (; client.rounds < shared.rounds; client.rounds++) {
		side_fill(&client);
		side_enter(&client, all_illegal);
		side_expect(&client, client.in);
	}
}

static void serve_exceptions(void *argument)
{
	uint64_t expected[32], pc = 0;

	(void)argument;
	fill_server(0);
	for (;; server.rounds++) {
		side_enter(&server, all_ecall);
		pc = server.rounds == 0 ? server.out[14] : pc; /* always of the same instruction */
		memcpy(expected, server.in, sizeof(expected));
		expected[A0] = ERR_OK;
		expected[A1] = MESSAGE_TAG(LABEL_EXCEPTION, 4);
		expected[T5] = shared.badge;
		expected[12] = 2;
		expected[13] = server.out[13]; /* stval: the instruction, or 0 */
		expected[14] = pc;
		expected[15] = 0;
		side_expect(&server, expected);
		/* Behind it, the second time with an odd address; or once more. */
		switch (server.rounds % 5) {
		case 0:
		case 1:
			fill_server(MESSAGE_TAG(EXCEPTION_SET_PC, 1 + server.rounds % 4));
			server.in[12] = pc + 4 + server.rounds % 5;
			break;
		case 2:
			fill_server(MESSAGE_TAG(EXCEPTION_RESUME, 1));
			break;
		case 3:
			fill_server(MESSAGE_TAG(EXCEPTION_SET_PC, 0));
			break;
		case 4:
			fill_server(MESSAGE_TAG(EXCEPTION_SET_PC + 1, 1));
			break;
		}
	}
}

/* --- all of them ------------------------------------------------------------------------ */

struct pair {
	void (*client)(void *), (*server)(void *);
	unsigned flags, rounds;
	bool is_native;
};

static void run_pair(const struct pair *pair, uint64_t client_mask, uint64_t server_mask,
		     uint64_t badge)
{
	static struct twin twin;

	if (slot_type(twin.space) != OBJECT_SPACE || twin.space < TEST_SLOT)
		twin_make(&twin);
	memset((void *)&client, 0, sizeof(client));
	memset((void *)&server, 0, sizeof(server));
	client.random = random_next() | 1;
	server.random = random_next() | 1;
	shared.badge = badge;
	shared.rounds = pair->rounds;
	shared.own = make_object(OBJECT_ENDPOINT);
	shared.reply = make_object(OBJECT_REPLY);
	shared.endpoint = derive(shared.own, RIGHT_WRITE, badge);
	server.worker =
		worker_make_in(twin.space, BOOT_SLOT_CSPACE, pair->server, NULL, 60, server_mask);
	client.worker = worker_make(pair->client, NULL, 50, client_mask);
	if (!pair->is_native)
		CHECK_OK(set_handler(client.worker->thread, shared.endpoint, 0, pair->flags));
	CHECK_OK(worker_resume(server.worker));
	WAIT_UNTIL(thread_state(server.worker->thread) == THREAD_RECEIVING);
	CHECK_OK(worker_resume(client.worker));
	WAIT_UNTIL(client.rounds == pair->rounds);
	CHECK_EQUAL(client.wrong, 0);
	CHECK_EQUAL(server.wrong, 0);
	worker_end(client.worker);
	worker_end(server.worker);
}

static void run_everywhere(const struct pair *pair)
{
	run_pair(pair, 1, 1, 0);
	run_pair(pair, last_hart(), last_hart(), ~0ull);
	run_pair(pair, 1, last_hart(), 0x8000000000000001ull);
	run_pair(pair, 0, 0, 17);
}

static void test_calls(void)
{
	static const struct pair pair = {client_calls, serve, 0, 13 * 13, true};

	run_everywhere(&pair);
}

static void test_personality(void)
{
	static const struct pair pair = {foreign_calls, serve_foreign, HANDLER_PERSONALITY, 13 * 4,
					 false};

	run_everywhere(&pair);
}

static void test_exceptions(void)
{
	static const struct pair pair = {exceptions, serve_exceptions, 0, 60, false};

	run_everywhere(&pair);
}

/* --- what is refused ----------------------------------------------------------------------- */

static struct {
	const uint64_t (*cases)[3]; /* a0, a1, error */
	unsigned count, number;
} refused;

static void try_refused(void *argument)
{
	uint64_t expected[32];

	(void)argument;
	for (; client.rounds < refused.count; client.rounds++) {
		side_fill(&client);
		client.in[A0] = refused.cases[client.rounds][0];
		client.in[A1] = refused.cases[client.rounds][1];
		client.in[A7] = refused.number;
		side_enter(&client, all_ecall);
		memcpy(expected, client.in, sizeof(expected));
		expected[A0] = refused.cases[client.rounds][2];
		side_expect(&client, expected);
	}
}

/* Only a0 changes, and the server that waits sees nothing of it. */
static void check_refused(const uint64_t (*cases)[3], unsigned count, unsigned number)
{
	memset((void *)&client, 0, sizeof(client));
	client.random = 1;
	refused.cases = cases;
	refused.count = count;
	refused.number = number;
	client.worker = worker_start_on(try_refused, NULL, 50, 1);
	WAIT_UNTIL(client.rounds == count);
	CHECK_EQUAL(client.wrong, 0);
	worker_end(client.worker);
}

static void test_refused(void)
{
	static struct server s;

	server_start(&s, 60, 1);
	cap_t reader = derive(s.endpoint, RIGHT_READ | RIGHT_GRANT, 0);
	cap_t writer = derive(s.endpoint, RIGHT_WRITE, 0);
	cap_t empty = new_slot(), note = make_object(OBJECT_NOTIFICATION);
	cap_t note_reader = derive(note, RIGHT_READ, 1), spare = make_object(OBJECT_REPLY);
	uint64_t with = (uint64_t)spare << 32;
	const uint64_t calls[][3] = {
		{0, 0, ERR_CAP_EMPTY},
		{empty, 0, ERR_CAP_EMPTY},
		{1u << 16, 1, ERR_CAP_EMPTY},
		{1u << 20, 1, ERR_CAP_EMPTY},
		{~0u, 4, ERR_CAP_EMPTY},
		{~0ull, 4, ERR_CAP_EMPTY},
		{with, 4, ERR_CAP_EMPTY},
		{s.reply, 0, ERR_CAP_TYPE},
		{note, 0, ERR_CAP_TYPE},
		{reader, 0, ERR_RIGHTS},
		{reader, 10, ERR_RIGHTS},
		{writer, MESSAGE_TAG(MESSAGE_LABEL_KERNEL, 0), ERR_ARGUMENT},
		{writer, MESSAGE_TAG(LABEL_ECALL, 8), ERR_ARGUMENT},
		{writer, MESSAGE_TAG(~0u, 10), ERR_ARGUMENT},
		{writer, MESSAGE_WORDS + 1, ERR_ARGUMENT},
		{writer, 0xffff, ERR_ARGUMENT},
		{writer, MESSAGE_TAG_CAPS(1), ERR_RIGHTS},
		{writer, MESSAGE_TAG_CAPS(5), ERR_ARGUMENT},
		{writer, MESSAGE_TAG_ITEMS(1), ERR_ARGUMENT},
		{writer, MESSAGE_TAG_ITEMS(255), ERR_ARGUMENT},
	};
	const uint64_t receives[][3] = {
		{0, 0, ERR_CAP_EMPTY},
		{with, 0, ERR_CAP_EMPTY},
		{with | empty, 0, ERR_CAP_EMPTY},
		{with | writer, 0, ERR_RIGHTS},
		{with | note, 0, ERR_CAP_TYPE},
		{(uint64_t)empty << 32 | reader, 0, ERR_CAP_EMPTY},
		{~0ull << 32 | reader, 0, ERR_CAP_EMPTY},
		{(uint64_t)note << 32 | reader, 0, ERR_CAP_TYPE},
		{(uint64_t)s.reply << 32 | reader, 0, ERR_BUSY},
		{with | reader, MESSAGE_TAG(MESSAGE_LABEL_KERNEL, 0), ERR_ARGUMENT},
		{with | reader, MESSAGE_WORDS + 1, ERR_ARGUMENT},
	};
	const uint64_t signals[][3] = {
		{0, 0, ERR_CAP_EMPTY},	   {empty, 0, ERR_CAP_EMPTY}, {~0u, 0, ERR_CAP_EMPTY},
		{writer, 0, ERR_CAP_TYPE}, {spare, 0, ERR_CAP_TYPE},  {note_reader, 0, ERR_RIGHTS},
		{note, ~0ull, ERR_OK}, /* no badge: no bits */
	};
	const uint64_t numbers[][3] = {{writer, 1, ERR_NO_SYSCALL}, {0, ~0ull, ERR_NO_SYSCALL}};
	uint64_t bits;

	check_refused(calls, sizeof(calls) / sizeof(calls[0]), SYS_CALL);
	check_refused(receives, sizeof(receives) / sizeof(receives[0]), SYS_REPLY_RECEIVE);
	check_refused(signals, sizeof(signals) / sizeof(signals[0]), SYS_SIGNAL);
	check_refused(numbers, 2, SYS_WINDOW + 1);
	check_refused(numbers, 2, 93);
	check_refused(numbers, 2, ~0u);
	CHECK_OK(notification_poll(note, &bits));
	CHECK_EQUAL(bits, 0);
	CHECK_EQUAL(s.served, 0);
	CHECK_EQUAL(thread_state(s.worker->thread), THREAD_RECEIVING);
	/* The last label that a user may send. */
	static struct client c;
	struct message m = {.tag = MESSAGE_TAG(MESSAGE_LABEL_KERNEL - 1, 1), .words = {5}};
	CHECK_OK(ipc_call(writer, &m));
	CHECK(m.tag == MESSAGE_TAG(MESSAGE_LABEL_KERNEL - 1, 1) && m.words[0] == 6);
	client_start(&c, &s, 4, 50, 1);
	client_join(&c);
}

/* --- floating point --------------------------------------------------------------------------- */

#define FPU_REGISTERS                                                                              \
	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

static void fpu_fill(uint64_t f[33])
{
	__asm__ volatile(".option push\n.option arch, +f, +d\n"
			 ".irp n," FPU_REGISTERS "\nfld f\\n, 8*\\n(%0)\n.endr\n"
			 "csrw fcsr, %1\n.option pop"
			 :
			 : "r"(f), "r"(f[32])
			 : "memory");
}

static void fpu_read(uint64_t f[33])
{
	uint64_t fcsr;

	__asm__ volatile(".option push\n.option arch, +f, +d\n"
			 ".irp n," FPU_REGISTERS "\nfsd f\\n, 8*\\n(%1)\n.endr\n"
			 "csrr %0, fcsr\n.option pop"
			 : "=&r"(fcsr)
			 : "r"(f)
			 : "memory");
	f[32] = fcsr;
}

/* New values now and then, else those of before. */
static bool fpu_step(struct side *side, uint64_t f[33])
{
	side->random ^= side->random << 13;
	side->random ^= side->random >> 7;
	side->random ^= side->random << 17;
	if (side->random % 3 == 0) {
		for (unsigned i = 0; i < 32; i++)
			f[i] = side->random * (2 * i + 1);
		f[32] = side->random >> 32 & 0x1f;
		fpu_fill(f);
	}
	return side->random % 5 < 3; /* look at them after this call? */
}

static void fpu_check(struct side *side, const uint64_t f[33])
{
	uint64_t now[33];

	fpu_read(now);
	if (memcmp(now, f, sizeof(now)) != 0)
		side->wrong++;
}

static void fpu_client(void *argument)
{
	uint64_t f[33] = {0};

	(void)argument;
	for (; client.rounds < shared.rounds; client.rounds++) {
		struct message m = {.tag = MESSAGE_TAG(0, 2), .words = {client.rounds}};
		bool looks = fpu_step(&client, f);

		if (ipc_call(shared.endpoint, &m) != ERR_OK || m.words[0] != client.rounds + 1)
			client.wrong++;
		if (looks)
			fpu_check(&client, f);
	}
}

static void fpu_server(void *argument)
{
	uint64_t f[33] = {0};
	struct message m = {0};

	(void)argument;
	for (;;) {
		bool looks = fpu_step(&server, f);

		if (ipc_reply_receive(shared.own, shared.reply, &m) != ERR_OK)
			break;
		m.words[0]++;
		if (looks)
			fpu_check(&server, f);
	}
}

static void test_fpu(void)
{
	static const struct pair pair = {fpu_client, fpu_server, 0, 400, true};

	run_everywhere(&pair);
}

SUITE(fast, {"fast-calls", test_calls}, {"fast-personality", test_personality},
      {"fast-exceptions", test_exceptions}, {"fast-refused", test_refused}, {"fast-fpu", test_fpu});
