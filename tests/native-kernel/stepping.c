/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread stepped through stepping_code.S by its debugger, the main thread:
 * the exact addresses, the routine's result, and its code as it was. It fails
 * when a branch is predicted wrongly, lr and sc are not one step, a breakpoint
 * stays, or the answer does not let the thread go on; an alarm ends a step that
 * never ends. The emulator sees new code without fences: tests/system tests these.
 */
#include "servers/lib/single_step.h"
#include "tests/native-kernel/partners.h"

#define RX (RIGHT_READ | RIGHT_EXECUTE)
#define CODE_OFFSET 4000 /* the routine lies across the end of a page */
#define CODE_PAGES 2
#define SUM 10
#define ALARM_MS 10000

extern const char stepped_code[], stepped_entry[], stepped_code_end[];
extern const uint16_t stepped_trace[], stepped_trace_end[];

struct data {
	volatile uint64_t word, result;
};

static struct area area;
static struct twin twin;
static struct single_step step;
static struct data data, other_data;
static volatile bool stop;
static volatile uint64_t rounds, wrong;

static uint64_t code_size(void)
{
	return (uint64_t)(stepped_code_end - stepped_code);
}

static void check_code(void)
{
	CHECK(memcmp((void *)step.code.view, stepped_code, code_size()) == 0);
}

/*
 * The code: executable in a space of the debuggee's, which looks like the
 * program's otherwise, and writable in the program's own.
 */
static void setup(const void *code, uint64_t size)
{
	cap_t window = make_object(OBJECT_WINDOW), binding = make_object(OBJECT_BINDING);
	cap_t alarm = make_object(OBJECT_NOTIFICATION);
	struct message m = {.words = {window, TEST_VA >> 12, 512, RX}};

	twin_make(&twin);
	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(area_map(&area, 0, 0, CODE_PAGES, RIGHT_READ | RIGHT_WRITE));
	CHECK_OK(invoke(twin.space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(binding, BINDING_BIND, window, area.pool, RX, 0, 0));
	step = (struct single_step){
		.code = {TEST_VA + CODE_OFFSET, size, (void *)(area.va + CODE_OFFSET)},
		.window = window,
		.endpoint = make_object(OBJECT_ENDPOINT),
		.reply = make_object(OBJECT_REPLY),
	};
	memcpy((void *)step.code.view, code, size);
	struct window_item item = {.cap = binding,
				   .op = WINDOW_MAP,
				   .rights = RX,
				   .flags = WINDOW_FENCE_I,
				   .va_page = TEST_VA >> 12,
				   .count = CODE_PAGES};
	CHECK_OK(window_item(&item, NULL));
	CHECK_OK(invoke5(BOOT_SLOT_THREAD, THREAD_BIND_NOTIFICATION, alarm, 0, 0, 0, 0));
	CHECK_OK(invoke5(alarm, NOTIFICATION_SET_TIMER, time_ticks() + ms(ALARM_MS), 0, 0, 0, 0));
	data = other_data = (struct data){.word = 5};
	stop = false;
	rounds = wrong = 0;
}

/* A thread of the debuggee's space. */
static struct worker *make_thread(uint64_t run, void *argument, unsigned priority, uint64_t mask)
{
	return worker_make_in(twin.space, BOOT_SLOT_CSPACE, (void (*)(void *))run, argument,
			      priority, mask);
}

static uint64_t entry(void)
{
	return step.code.address + (uint64_t)(stepped_entry - stepped_code);
}

/* A thread at the first instruction of the routine. */
static struct worker *debuggee(unsigned priority, uint64_t mask, unsigned flags)
{
	struct worker *w = make_thread(entry(), &data, priority, mask);
	struct message m = {0};

	step.thread = w->thread;
	CHECK_OK(set_handler(w->thread, step.endpoint, 0, flags));
	step.exits = (struct step_exits){1, {entry()}};
	CHECK_EQUAL(step_run(&step, &m), STEP_OK);
	CHECK_EQUAL(m.words[2], entry());
	return w;
}

/* Step from the beginning of the routine to its end; `between` runs after each step. */
static void step_all(void (*between)(void))
{
	struct message m;
	enum step_error error = STEP_OK;

	for (const uint16_t *at = stepped_trace + 1; at != stepped_trace_end; at++) {
		error = single_step(&step, &m);
		if (error == STEP_OTHER && message_label(m.tag) == LABEL_ECALL) {
			/* A personality's: it goes on behind the ecall. */
			m.tag = MESSAGE_TAG(0, 0);
			step.exits = (struct step_exits){1, {step.code.address + *at}};
			error = step_run(&step, &m);
		}
		CHECK_EQUAL(error, STEP_OK);
		CHECK_EQUAL(m.words[2], step.code.address + *at);
		check_code();
		if (between != NULL)
			between();
	}
	CHECK_EQUAL(single_step(&step, &m), STEP_OUTSIDE);
	check_code();
	CHECK_EQUAL(data.result, SUM);
}

static void resume(cap_t reply)
{
	struct message m = {.tag = MESSAGE_TAG(EXCEPTION_RESUME, 0)};

	CHECK_OK(ipc_reply(reply, &m));
}

/* On the debugger's hart, on another one, on any. */
static void test_trace(void)
{
	uint64_t masks[] = {1, last_hart(), 0};

	setup(stepped_code, code_size());
	for (unsigned i = 0; i < 3; i++) {
		main_on(i < 2 ? 1 : 0);
		data = (struct data){.word = 5};
		struct worker *w = debuggee(MAIN_PRIORITY, masks[i], 0);
		step_all(NULL);
		CHECK_EQUAL(data.word, 6);
		resume(step.reply);
		worker_join(w);
		worker_end(w);
	}
}

/* The ecall is a message to the debugger, who answers it. */
static void test_personality(void)
{
	setup(stepped_code, code_size());
	debuggee(MAIN_PRIORITY, 0, HANDLER_PERSONALITY);
	step_all(NULL);
}

static void add_for_ever(void *argument)
{
	(void)argument;
	while (!stop) {
		__atomic_fetch_add(&data.word, 1, __ATOMIC_RELAXED);
		rounds++;
	}
}

/* The sc fails now and then; a sequence is one step all the same. */
static void test_contended(void)
{
	setup(stepped_code, code_size());
	struct worker *adder = make_thread((uint64_t)add_for_ever, NULL, 50, 0);
	CHECK_OK(worker_resume(adder));
	WAIT_UNTIL(rounds != 0);
	struct worker *w = debuggee(MAIN_PRIORITY, 0, 0);
	step_all(NULL);
	resume(step.reply);
	worker_join(w);
	stop = true;
	worker_join(adder);
	CHECK_EQUAL(data.word, 5 + 1 + rounds);
}

static cap_t other_endpoint, other_reply;

static void run_for_ever(void *argument)
{
	void (*routine)(struct data *) = (void (*)(struct data *))argument;

	while (!stop) {
		other_data.result = 0;
		routine(&other_data);
		wrong += other_data.result != SUM;
		rounds++;
	}
}

/* The other thread ran into the breakpoint of the step. */
static void serve_other(void)
{
	struct message m = {0};

	CHECK_OK(ipc_receive_nb(other_endpoint, other_reply, &m));
	CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
	CHECK(m.words[0] == 3 && m.words[2] == step.exits.address[0]);
	resume(other_reply);
}

/*
 * Another thread runs the same code, on the same hart at a higher priority, so
 * it comes to each breakpoint first. Not on another hart: the emulator
 * translates code there while it is changed here, and then knows nothing of the
 * change, whatever is fenced.
 */
static void test_bystander(void)
{
	setup(stepped_code, code_size());
	main_on(1);
	other_endpoint = make_object(OBJECT_ENDPOINT);
	other_reply = make_object(OBJECT_REPLY);
	struct worker *other = make_thread((uint64_t)run_for_ever, (void *)entry(), 150, 1);
	CHECK_OK(set_handler(other->thread, other_endpoint, 0, 0));
	struct worker *w = debuggee(100, 1, 0);
	CHECK_OK(worker_resume(other));
	step_all(serve_other);
	stop = true;
	resume(step.reply);
	worker_join(w);
	worker_join(other);
	CHECK(rounds > 0 && wrong == 0);
	CHECK_EQUAL(other_data.word, 5 + rounds);
}

/* A thread that runs freely, stopped at any of its instructions and stepped from there. */
static void test_suspended(void)
{
	static const uint16_t loop[] = {0x0505, 0xbffd}; /* 1: c.addi a0, 1; c.j 1b */
	struct message m = {0};
	uint64_t pc, value;

	setup(loop, sizeof(loop));
	struct worker *w = make_thread(step.code.address, NULL, 50, 0);
	CHECK_OK(worker_resume(w));
	CHECK_OK(set_handler(w->thread, step.endpoint, 0, 0));
	step.thread = w->thread;
	for (unsigned round = 0; round < 5;) {
		sleep_us(1000);
		CHECK_OK(suspend(w->thread));
		CHECK_OK(invoke(w->thread, THREAD_READ_REGISTERS, 0, &m));
		pc = m.words[0];
		value = message_buffer()->words[10];
		if (pc < step.code.address || pc >= step.code.address + 4) {
			CHECK_OK(worker_resume(w)); /* not there yet */
			continue;
		}
		round++;
		for (unsigned i = 0; i < 6; i++) {
			pc = pc == step.code.address ? pc + 2 : step.code.address;
			CHECK_EQUAL(single_step(&step, &m), STEP_OK);
			CHECK_EQUAL(m.words[2], pc);
		}
		CHECK_OK(invoke(w->thread, THREAD_READ_REGISTERS, 0, &m));
		CHECK_EQUAL(message_buffer()->words[10], value + 3);
		resume(step.reply);
	}
}

/* Without the capabilities nothing happens; the debuggee's own exceptions come through. */
static void test_refused(void)
{
	static const uint16_t code[] = {0x0001, 0x0000, 0x001f}; /* c.nop, c.unimp, 48 bits */
	struct message m = {0};

	setup(code, sizeof(code));
	cap_t window = step.window;
	struct worker *w = make_thread(step.code.address, NULL, MAIN_PRIORITY, 0);
	CHECK_OK(set_handler(w->thread, step.endpoint, 0, 0));
	step.thread = derive(w->thread, RIGHTS_ALL & ~RIGHT_MANAGE, 0);
	CHECK_EQUAL(single_step(&step, &m), STEP_KERNEL);
	step.exits = (struct step_exits){1, {step.code.address}};
	CHECK_EQUAL(step_run(&step, &m), STEP_KERNEL);
	step.thread = w->thread;
	step.window = derive(window, RIGHTS_ALL & ~RIGHT_MANAGE, 0);
	CHECK_EQUAL(step_run(&step, &m), STEP_KERNEL);
	CHECK(memcmp((void *)step.code.view, code, sizeof(code)) == 0);
	CHECK(thread_suspended(w->thread));
	step.window = window;
	CHECK_EQUAL(step_run(&step, &m), STEP_OK);
	CHECK_EQUAL(single_step(&step, &m), STEP_OK);
	CHECK_EQUAL(single_step(&step, &m), STEP_OTHER);
	CHECK(m.words[0] == 2 && m.words[2] == step.code.address + 2);
	CHECK_OK(invoke(w->thread, THREAD_READ_REGISTERS, 0, &m));
	m.words[0] += 2;
	CHECK_OK(invoke(w->thread, THREAD_WRITE_REGISTERS, 32, &m));
	CHECK_EQUAL(single_step(&step, &m), STEP_LENGTH);
	CHECK(memcmp((void *)step.code.view, code, sizeof(code)) == 0);
}

SUITE(stepping, {"stepping-trace", test_trace}, {"stepping-personality", test_personality},
      {"stepping-contended", test_contended}, {"stepping-bystander", test_bystander},
      {"stepping-suspended", test_suspended}, {"stepping-refused", test_refused});
