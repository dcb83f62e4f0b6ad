/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: configuration, registers, FPU, suspension, exceptions, personalities. */
#include "tests/native-kernel/harness.h"

static volatile uint64_t counter;

static void count_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		counter++;
}

static enum err suspend(cap_t thread)
{
	return invoke5(thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
}

static enum err configure(cap_t thread, uint64_t cspace, uint64_t space, uint64_t buffer)
{
	return invoke5(thread, THREAD_CONFIGURE, cspace, space, buffer, 0, 0);
}

static enum err read_registers(cap_t thread, struct message *m)
{
	memset(m, 0, sizeof(*m));
	return invoke(thread, THREAD_READ_REGISTERS, 0, m);
}

static enum err write_registers(cap_t thread, struct message *m)
{
	return invoke(thread, THREAD_WRITE_REGISTERS, 32, m);
}

/* --- configuration --------------------------------------------------------------- */

static void test_configure_errors(void)
{
	cap_t thread = make_object(OBJECT_THREAD), space = make_object(OBJECT_SPACE);
	cap_t endpoint = make_object(OBJECT_ENDPOINT), sched = make_object(OBJECT_SCHED_CONTEXT);
	cap_t badged = derive(endpoint, RIGHTS_ALL, 4);

	CHECK_EQUAL(configure(thread, 0, 0, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(configure(thread, endpoint, space, 0), ERR_CAP_TYPE);
	CHECK_EQUAL(configure(thread, 0, endpoint, 0), ERR_CAP_TYPE);
	CHECK_EQUAL(configure(thread, 0, derive(space, RIGHTS_ALL & ~RIGHT_BIND, 0), 0),
		    ERR_RIGHTS);
	CHECK_EQUAL(configure(thread, 0, space, MESSAGE_BUFFER_MAX + 1), ERR_ARGUMENT);
	CHECK_EQUAL(configure(thread, 0, space, ~0ull), ERR_ARGUMENT);
	CHECK_EQUAL(configure(thread, 0, space, 1), ERR_NO_TABLE);
	CHECK_OK(configure(thread, 0, space, 0));
	CHECK_EQUAL(configure(thread, 0, BOOT_SLOT_SPACE, 1), ERR_BUSY); /* number in use */
	CHECK_EQUAL(configure(BOOT_SLOT_THREAD, 0, space, 0), ERR_BUSY); /* runs */
	CHECK_EQUAL(invoke5(thread, THREAD_SET_HANDLER, space, 0, 0, 0, 0), ERR_CAP_TYPE);
	CHECK_EQUAL(invoke5(thread, THREAD_SET_HANDLER, badged, 5, 0, 0, 0), ERR_RIGHTS);
	CHECK_EQUAL(
		invoke5(thread, THREAD_SET_HANDLER, derive(endpoint, RIGHT_READ, 0), 5, 0, 0, 0),
		ERR_RIGHTS);
	CHECK_EQUAL(invoke5(thread, THREAD_SET_SCHED, BOOT_SLOT_SCHED_CONTEXT, 0, 0, 0, 0),
		    ERR_BUSY);
	CHECK_EQUAL(invoke5(thread, THREAD_SET_SCHED, derive(sched, RIGHTS_ALL & ~RIGHT_BIND, 0), 0,
			    0, 0, 0),
		    ERR_RIGHTS);
	CHECK_EQUAL(invoke5(thread, THREAD_SET_SCHED, space, 0, 0, 0, 0), ERR_CAP_TYPE);
	CHECK_OK(invoke5(thread, THREAD_SET_SCHED, sched, 0, 0, 0, 0));
	CHECK_OK(invoke5(thread, THREAD_SET_SCHED, sched, 0, 0, 0, 0)); /* the same again */
	CHECK_OK(invoke5(thread, THREAD_SET_SCHED, 0, 0, 0, 0, 0));
	CHECK_EQUAL(thread_state(thread), THREAD_STOPPED);
}

/* A message buffer that cannot be moved stays where it is. */
static void test_configure_keeps_buffer(void)
{
	cap_t thread = make_object(OBJECT_THREAD);
	volatile uint64_t *word = (volatile uint64_t *)MESSAGE_BUFFER_VA(100);

	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, 101));
	*word = 4711;
	CHECK_EQUAL(configure(thread, 0, BOOT_SLOT_SPACE, 1), ERR_BUSY);
	CHECK_EQUAL(configure(make_object(OBJECT_THREAD), 0, BOOT_SLOT_SPACE, 101), ERR_BUSY);
	CHECK_EQUAL(*word, 4711);
	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, 101)); /* where it is already */
	CHECK_EQUAL(*word, 4711);
	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, 102));
	CHECK_EQUAL(word[512], 4711);
	CHECK_OK(configure(make_object(OBJECT_THREAD), 0, BOOT_SLOT_SPACE, 101)); /* free now */
	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, 0));
	CHECK_OK(configure(make_object(OBJECT_THREAD), 0, BOOT_SLOT_SPACE, 102));
}

/* --- running and stopping ----------------------------------------------------------- */

static void test_suspend(void)
{
	uint64_t seen;

	counter = 0;
	struct worker *w = worker_start_on(count_for_ever, NULL, 50, 0);
	for (unsigned round = 0; round < 50; round++) {
		seen = counter;
		WAIT_UNTIL(counter != seen);
		CHECK_OK(suspend(w->thread));
		seen = counter;
		for (volatile unsigned i = 0; i < 2000; i++)
			;
		CHECK_EQUAL(counter, seen);
		CHECK(thread_suspended(w->thread));
		CHECK_OK(suspend(w->thread));
		CHECK_OK(worker_resume(w));
		CHECK(!thread_suspended(w->thread));
	}
	CHECK(query(w->thread, THREAD_INFO, 2) > 0);
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, 0, 0, 0, 0, 0));
	seen = counter;
	sleep_us(2000);
	CHECK_EQUAL(counter, seen); /* nothing to run on */
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, w->sched, 0, 0, 0, 0));
	WAIT_UNTIL(counter != seen);
	CHECK_OK(delete_cap(w->sched));
	seen = counter;
	sleep_us(2000);
	CHECK_EQUAL(counter, seen);
	CHECK_OK(delete_cap(w->thread));
}

static void test_registers(void)
{
	struct message m = {0};

	CHECK_EQUAL(read_registers(BOOT_SLOT_THREAD, &m), ERR_BUSY);
	CHECK_EQUAL(write_registers(BOOT_SLOT_THREAD, &m), ERR_BUSY);
	CHECK_EQUAL(invoke(BOOT_SLOT_THREAD, THREAD_READ_FPU, 0, &m), ERR_BUSY);
	CHECK_EQUAL(invoke(BOOT_SLOT_THREAD, THREAD_WRITE_FPU, 33, &m), ERR_BUSY);
	counter = 0;
	/* The other thread on the last hart, this one not there. */
	uint64_t last = 1ull << (BOOT->hart_count - 1), rest = last > 1 ? last - 1 : 1;
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, rest, 0));
	struct worker *w = worker_start_on(count_for_ever, NULL, 50, last);
	WAIT_UNTIL(counter != 0);
	if (BOOT->hart_count > 1) {
		for (uint64_t now = counter; counter == now;)
			;
		CHECK_EQUAL(read_registers(w->thread, &m), ERR_BUSY);
		CHECK_EQUAL(write_registers(w->thread, &m), ERR_BUSY);
	}
	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY,
			 BOOT->timebase_hz / 100, 0, 0));
	CHECK_OK(suspend(w->thread));
	CHECK_OK(read_registers(w->thread, &m));
	CHECK_EQUAL(message_words(m.tag), 32);
	CHECK(m.words[0] >= 0x200000 && m.words[0] < 0x10000000);
	/* All registers as written, pc even. */
	for (unsigned i = 0; i < 32; i++) {
		uint64_t *at = i < MESSAGE_REGISTERS ? &m.words[i] : &message_buffer()->words[i];
		*at = 0x1111111111111111ull * (i % 16) + i;
	}
	m.words[0] |= 1;
	CHECK_OK(write_registers(w->thread, &m));
	memset(message_buffer()->words, 0, 32 * 8);
	CHECK_OK(read_registers(w->thread, &m));
	CHECK_EQUAL(m.words[0], 0);
	for (unsigned i = 1; i < 32; i++) {
		uint64_t *at = i < MESSAGE_REGISTERS ? &m.words[i] : &message_buffer()->words[i];
		CHECK_EQUAL(*at, 0x1111111111111111ull * (i % 16) + i);
	}
}

/* --- floating point -------------------------------------------------------------------- */

static volatile unsigned fpu_wrong, fpu_rounds;

/* Fill all registers with a pattern, let others run, compare, many times. */
static void fpu_user(void *argument)
{
	uint64_t pattern = (uint64_t)argument;

	for (unsigned round = 0; round < 300; round++) {
		uint64_t sum = 0, a, b;

		__asm__ volatile(".option push\n.option arch, +f, +d\n"
				 "fmv.d.x f0, %0\nfmv.d.x f9, %1\nfmv.d.x f31, %2\n"
				 "csrw fcsr, %3\n.option pop"
				 :
				 : "r"(pattern), "r"(pattern + 1), "r"(pattern + round),
				   "r"(pattern & 0x1f));
		if (round % 3 == 0) {
			thread_yield();
		} else {
			for (volatile unsigned i = 0; i < 3000; i++)
				;
		}
		__asm__ volatile(".option push\n.option arch, +f, +d\n"
				 "fmv.x.d %0, f0\nfmv.x.d %1, f9\nfmv.x.d %2, f31\n"
				 ".option pop"
				 : "=r"(a), "=r"(b), "=r"(sum));
		uint64_t fcsr;
		__asm__ volatile(".option push\n.option arch, +f, +d\ncsrr %0, fcsr\n.option pop"
				 : "=r"(fcsr));
		if (a != pattern || b != pattern + 1 || sum != pattern + round ||
		    fcsr != (pattern & 0x1f))
			fpu_wrong++;
	}
	__atomic_fetch_add(&fpu_rounds, 1, __ATOMIC_RELAXED);
}

/* A thread that never used it finds zeroes, whoever used the registers before. */
static void fpu_newcomer(void *argument)
{
	uint64_t a, b, fcsr;

	(void)argument;
	__asm__ volatile(".option push\n.option arch, +f, +d\n"
			 "fmv.x.d %0, f9\nfmv.x.d %1, f31\ncsrr %2, fcsr\n.option pop"
			 : "=r"(a), "=r"(b), "=r"(fcsr));
	if ((a | b | fcsr) != 0)
		fpu_wrong++;
}

static void test_fpu(void)
{
	fpu_wrong = fpu_rounds = 0;
	for (uint64_t i = 0; i < 5; i++)
		worker_start((void (*)(void *))fpu_user, (void *)(0x400921fb54442d18ull + i));
	for (unsigned i = 0; i < 5; i++)
		worker_join(worker_start(fpu_newcomer, NULL));
	WAIT_UNTIL(fpu_rounds == 5);
	CHECK_EQUAL(fpu_wrong, 0);
}

static void test_fpu_access(void)
{
	struct message m = {0};

	fpu_wrong = fpu_rounds = 0;
	struct worker *w = worker_start(fpu_user, (void *)0x12345678);
	worker_join(w);
	CHECK_OK(suspend(w->thread));
	CHECK_OK(invoke(w->thread, THREAD_READ_FPU, 0, &m));
	CHECK_EQUAL(message_words(m.tag), 33);
	CHECK_EQUAL(m.words[0], 0x12345678);
	CHECK_EQUAL(m.words[9], 0x12345679);
	CHECK_EQUAL(message_buffer()->words[31], 0x12345678 + 299);
	CHECK_EQUAL(message_buffer()->words[32], 0x18);
	memset(&m, 0, sizeof(m));
	memset(message_buffer()->words, 0, 33 * 8);
	message_buffer()->words[32] = ~0ull << 8; /* not fcsr bits */
	CHECK_OK(invoke(w->thread, THREAD_WRITE_FPU, 33, &m));
	w->run = fpu_newcomer;
	w->returned = false;
	worker_reset(w);
	CHECK_OK(worker_resume(w));
	worker_join(w);
	CHECK_EQUAL(fpu_wrong, 0);
	CHECK_EQUAL(invoke(w->thread, THREAD_WRITE_FPU, 32, &m), ERR_ARGUMENT);
}

/* --- exceptions ----------------------------------------------------------------------------- */

static void fault_ebreak(void *argument)
{
	(void)argument;
	/* The handler goes on behind it, with a0 = 5. */
	register uint64_t a0 __asm__("a0") = 1;
	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : "+r"(a0));
	counter = a0;
}

static void fault_illegal(void *argument)
{
	(void)argument;
	register uint64_t a0 __asm__("a0") = 1;
	__asm__ volatile(".4byte 0xffffffff" : "+r"(a0));
	counter = a0;
}

static void fault_null(void *argument)
{
	(void)argument;
	register uint64_t a0 __asm__("a0") = 1;
	__asm__ volatile(".option push\n.option norvc\nsd a0, 16(zero)\n.option pop" : "+r"(a0));
	counter = a0;
}

static void fault_kernel_address(void *argument)
{
	(void)argument;
	register uint64_t a0 __asm__("a0") = 0xffffffff80000000ull;
	__asm__ volatile(".option push\n.option norvc\nld a0, 0(a0)\n.option pop" : "+r"(a0));
	counter = a0;
}

static void test_exceptions(void)
{
	static const struct {
		void (*run)(void *);
		uint64_t cause, value;
	} cases[] = {{fault_ebreak, 3, ~0ull},
		     {fault_illegal, 2, ~0ull},
		     {fault_null, 15, 16},
		     {fault_kernel_address, 13, 0xffffffff80000000ull}};
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);

	for (unsigned i = 0; i < 4; i++) {
		struct worker *w = worker_make(cases[i].run, NULL, MAIN_PRIORITY, 0);
		struct message m = {0}, r = {0};

		counter = 0;
		CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, endpoint, 60 + i, 0, 0, 0));
		CHECK_OK(worker_resume(w));
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_EXCEPTION, 4));
		CHECK_EQUAL(m.badge, 60 + i);
		CHECK_EQUAL(m.words[0], cases[i].cause);
		if (cases[i].value != ~0ull)
			CHECK_EQUAL(m.words[1], cases[i].value);
		CHECK_EQUAL(m.words[3], 0);
		CHECK_OK(read_registers(w->thread, &r));
		CHECK_EQUAL(r.words[0], m.words[2]);
		CHECK_EQUAL(counter, 0);
		r.words[0] += 4;
		message_buffer()->words[10] = 5;
		CHECK_OK(write_registers(w->thread, &r));
		m.tag = 0;
		CHECK_OK(ipc_reply(reply, &m));
		worker_join(w);
		CHECK_EQUAL(counter, 5);
	}
}

/* Without a handler, or when the handler goes away, the thread stops. */
static void test_unhandled(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);
	struct worker *w = worker_start(fault_ebreak, NULL);
	struct message m = {0};

	WAIT_UNTIL(thread_suspended(w->thread));
	for (unsigned when = 0; when < 3; when++) {
		endpoint = make_object(OBJECT_ENDPOINT);
		reply = make_object(OBJECT_REPLY);
		w = worker_make(fault_ebreak, NULL, MAIN_PRIORITY, 0);
		CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, endpoint, 0, 0, 0, 0));
		CHECK_OK(worker_resume(w));
		WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
		if (when == 0) {
			CHECK_OK(delete_cap(endpoint)); /* while it waits to send */
		} else {
			CHECK_OK(ipc_receive(endpoint, when == 1 ? reply : 0, &m));
			if (when == 1)
				CHECK_OK(delete_cap(reply)); /* while it waits for the answer */
		}
		WAIT_UNTIL(thread_suspended(w->thread));
		CHECK(!w->returned);
	}
}

/* --- personality ---------------------------------------------------------------------------- */

static volatile uint64_t ecall_result[9]; /* a0-a7 after it, and t6 */

static void foreign(void *argument)
{
	(void)argument;
	register uint64_t a0 __asm__("a0") = 100;
	register uint64_t a1 __asm__("a1") = 101;
	register uint64_t a2 __asm__("a2") = 102;
	register uint64_t a3 __asm__("a3") = 103;
	register uint64_t a4 __asm__("a4") = 104;
	register uint64_t a5 __asm__("a5") = 105;
	register uint64_t a6 __asm__("a6") = 106;
	register uint64_t a7 __asm__("a7") = SYS_YIELD; /* no native call for this thread */
	register uint64_t t6 __asm__("t6") = 107;
	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(a7), "+r"(t6)
			 :
			 : "memory");
	uint64_t got[9] = {a0, a1, a2, a3, a4, a5, a6, a7, t6};
	for (unsigned i = 0; i < 9; i++)
		ecall_result[i] = got[i];
	counter = 1;
	for (;;)
		;
}

static void test_personality(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);

	for (unsigned words = 0; words <= 12; words += 3) {
		struct worker *w = worker_make(foreign, NULL, 100, 0);
		struct message m = {0};

		counter = 0;
		CHECK_OK(invoke5(w->thread, THREAD_SET_HANDLER, endpoint, 71, 1, 0, 0));
		CHECK_OK(worker_resume(w));
		CHECK_OK(ipc_receive(endpoint, reply, &m));
		if (words == 6) {
			/* The answer is lost with the reply object: it makes the call again. */
			CHECK_OK(delete_cap(reply));
			reply = make_object(OBJECT_REPLY);
			CHECK_OK(ipc_receive(endpoint, reply, &m));
		}
		CHECK_EQUAL(m.tag, MESSAGE_TAG(LABEL_ECALL, 8));
		CHECK_EQUAL(m.badge, 71);
		for (unsigned i = 0; i < 7; i++)
			CHECK_EQUAL(m.words[i], 100 + i);
		CHECK_EQUAL(m.words[7], SYS_YIELD);
		for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
			m.words[i] = 200 + i;
		m.tag = MESSAGE_TAG(1234, words);
		CHECK_OK(ipc_reply(reply, &m));
		WAIT_UNTIL(counter == 1);
		for (unsigned i = 0; i < 8; i++)
			CHECK_EQUAL(ecall_result[i], i < words ? 200 + i
						     : i == 7  ? SYS_YIELD
							       : 100 + i);
		CHECK_EQUAL(ecall_result[8], 107);
		CHECK_OK(delete_cap(w->thread));
	}
}

/* The message buffer is at its address, and belongs to the thread's object. */
static void touch_buffer(void *argument)
{
	(void)argument;
	message_buffer()->words[200] = 31337;
}

static void test_message_buffer(void)
{
	struct worker *w = worker_start(touch_buffer, NULL);

	worker_join(w);
	CHECK_EQUAL(worker_buffer(w)->words[200], 31337);
	cap_t thread = make_object(OBJECT_THREAD);
	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, MESSAGE_BUFFER_MAX)); /* the last one */
	*(volatile uint64_t *)MESSAGE_BUFFER_VA(MESSAGE_BUFFER_MAX - 1) = 1;
	CHECK_OK(delete_cap(thread));
	thread = make_object(OBJECT_THREAD);
	CHECK_OK(configure(thread, 0, BOOT_SLOT_SPACE, MESSAGE_BUFFER_MAX));
	CHECK_EQUAL(*(volatile uint64_t *)MESSAGE_BUFFER_VA(MESSAGE_BUFFER_MAX - 1), 0);
}

SUITE(thread, {"thread-configure-errors", test_configure_errors},
      {"thread-configure-keeps-buffer", test_configure_keeps_buffer},
      {"thread-suspend", test_suspend}, {"thread-registers", test_registers},
      {"thread-fpu", test_fpu}, {"thread-fpu-access", test_fpu_access},
      {"thread-exceptions", test_exceptions}, {"thread-unhandled", test_unhandled},
      {"thread-personality", test_personality}, {"thread-message-buffer", test_message_buffer});
