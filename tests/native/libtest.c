/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native system test: what the library, the root task, the memory server and
 * the small drivers promise to a program, seen from inside one. Its system
 * file is libtest.system; "crasher" faults in a way it is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/memory.h"
#include "servers/protocol/rtc.h"
#include "servers/protocol/serial.h"
#include "servers/protocol/status.h"
#include "tests/native/crasher.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return "line " LINE(__LINE__) ": " #condition;                             \
	} while (0)
#define BLANK_LINE 0x0a20202020202020 /* seven spaces and a line end */
#define LINE(n) LINE_(n)
#define LINE_(n) #n

static const char *test_startup(void)
{
	const struct startup *s = startup();

	CHECK(s->magic == STARTUP_MAGIC);
	CHECK(strcmp(program_name(), "libtest") == 0);
	CHECK(s->ram_size >= 32ul << 20 && s->timebase_hz > 1000);
	CHECK(startup_argument("key") != NULL && strcmp(startup_argument("key"), "value") == 0);
	CHECK(startup_argument("absent") == NULL);
	CHECK(startup_cap("absent") == 0 && startup_region("absent") == NULL);
	CHECK(s->heap_size == 1ul << 20);
	return NULL;
}

static const char *test_heap(void)
{
	char *most = malloc(900 * 1024);
	char *again;

	CHECK(most != NULL);
	memset(most, 1, 900 * 1024);
	CHECK(malloc(900 * 1024) == NULL && errno == ENOMEM);
	free(most);
	again = malloc(800 * 1024);
	CHECK(again != NULL);
	free(again);
	return NULL;
}

static const char *test_seed(void)
{
	uint8_t zero[32] = {0};

	/* The emulator's device tree has a seed. */
	CHECK(memcmp(startup()->seed, zero, sizeof(zero)) != 0);
	return NULL;
}

/* More kernel memory than the start-up Untyped has, so the memory server is asked. */
static const char *test_objects(void)
{
	static cap_t objects[200];
	struct message before = {.tag = MESSAGE_TAG(MEMORY_INFO, 0)}, after;
	cap_t memory = startup_cap_required("memory");

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++) {
			objects[i] = object_create(i % 2 ? OBJECT_THREAD : OBJECT_ENDPOINT, 0);
			CHECK(objects[i] != 0);
		}
		after = before;
		CHECK(ipc_call(memory, &after) == ERR_OK && after.words[0] == 0);
		if (round == 0)
			before = after;
		/* The same memory serves again. */
		CHECK(after.words[4] == before.words[4] && after.words[4] > 0);
		before.tag = MESSAGE_TAG(MEMORY_INFO, 0);
		for (unsigned i = 0; i < 200; i++)
			object_destroy(objects[i]);
	}
	CHECK(object_create(OBJECT_TABLE_BANK, 25) == 0);
	CHECK(object_create(OBJECT_CSPACE, 1) == 0);
	CHECK(object_create(OBJECT_CONSOLE, 0) == 0);
	return NULL;
}

/* Out of memory is an answer, and all of it is there again afterwards. */
static const char *test_exhaustion(void)
{
	static cap_t objects[900];
	unsigned first = 0, count = 0;

	for (unsigned round = 0; round < 2; round++) {
		for (count = 0; count < 900; count++) {
			objects[count] = object_create(OBJECT_SPACE, 0);
			if (objects[count] == 0)
				break;
		}
		/* 4 MiB of quota make some 500; slots are not the limit. */
		CHECK(count > 300 && count < 600);
		CHECK(round == 0 || count == first);
		first = count;
		while (count != 0)
			object_destroy(objects[--count]);
	}
	return NULL;
}

static const char *test_quota(void)
{
	cap_t memory = startup_cap_required("memory"), slot = slot_allocate();
	struct message m = {.tag = MESSAGE_TAG(MEMORY_POOL, 2), .words = {1 << 20, 1 << 20}};
	struct message small = {.tag = MESSAGE_TAG(MEMORY_POOL, 2), .words = {3, 3}};

	CHECK(slot != 0);
	message_buffer()->receive_caps[0] = slot;
	CHECK(ipc_call(memory, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_NOMEM);
	m = (struct message){.tag = MESSAGE_TAG(MEMORY_POOL, 2), .words = {5, 4}};
	CHECK(ipc_call(memory, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_INVAL);
	m = (struct message){.tag = MESSAGE_TAG(MEMORY_UNTYPED, 2), .words = {12, slot}};
	CHECK(ipc_call(memory, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_INVAL);
	m = (struct message){.tag = MESSAGE_TAG(MEMORY_RECLAIM, 1), .words = {1}};
	CHECK(ipc_call(memory, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_PERM);
	m = (struct message){.tag = MESSAGE_TAG(999, 0)};
	CHECK(ipc_call(memory, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_NOSYS);
	CHECK(ipc_call(memory, &small) == ERR_OK && small.words[0] == 0 && small.words[1] == 3);
	CHECK(message_caps(small.tag) == 1);
	m = (struct message){0};
	CHECK(invoke(slot, POOL_INFO, 0, &m) == ERR_OK && m.words[0] == 3);
	message_buffer()->receive_caps[0] = 0;
	return NULL;
}

static const char *test_regions(void)
{
	const struct startup_region *dma = startup_region("test-dma");
	const struct startup_region *shared = startup_region("test-shared");
	uint64_t *words;

	CHECK(dma != NULL && dma->size == 16384 && dma->physical % 4096 == 0 && dma->physical != 0);
	CHECK(dma->pool != 0 && dma->address % 4096 == 0);
	CHECK(shared != NULL && shared->physical == 0 && shared->pool == 0);
	words = (uint64_t *)dma->address;
	for (unsigned i = 0; i < dma->size / 8; i++)
		words[i] = i;
	CHECK(words[2047] == 2047);
	return NULL;
}

static volatile unsigned thread_result;
static cap_t thread_done;

static void thread_body(void *argument)
{
	errno = 5;
	thread_result = *(unsigned *)argument + (unsigned)errno;
	/* Its own message buffer: printing uses it. */
	log_print("libtest: second thread\n");
	notification_signal(thread_done);
	for (;;)
		thread_yield();
}

static const char *test_thread(void)
{
	static char stack[8192] __attribute__((aligned(16)));
	unsigned argument = 37;
	uint64_t bits = 0;
	cap_t thread, done = object_create(OBJECT_NOTIFICATION, 0);

	CHECK(done != 0);
	thread_done = cap_derive(done, RIGHTS_ALL, 4);
	CHECK(thread_done != 0);
	errno = 0;
	thread = thread_start(thread_body, &argument, stack + sizeof(stack), 40);
	CHECK(thread != 0);
	CHECK(notification_wait(done, &bits) == ERR_OK && bits == 4);
	CHECK(thread_result == 42 && errno == 0);
	object_destroy(thread);
	return NULL;
}

static const char *test_rtc(void)
{
	struct message a = {.tag = MESSAGE_TAG(RTC_READ, 0)}, b = a;
	cap_t rtc = startup_cap_required("rtc");

	CHECK(ipc_call(rtc, &a) == ERR_OK && a.words[0] == 0);
	CHECK(ipc_call(rtc, &b) == ERR_OK && b.words[0] == 0);
	CHECK(a.words[1] > 1700000000ull * 1000000000 && b.words[1] >= a.words[1]);
	CHECK(b.words[2] >= a.words[2]);
	a = (struct message){.tag = MESSAGE_TAG(77, 0)};
	CHECK(ipc_call(rtc, &a) == ERR_OK && (int64_t)a.words[0] == -STATUS_NOSYS);
	return NULL;
}

static const char *test_serial(void)
{
	struct message m = {.tag = MESSAGE_TAG(SERIAL_WRITE, 4), .words = {19}};
	cap_t serial = startup_cap_required("serial"), done = object_create(OBJECT_NOTIFICATION, 0);
	uint64_t bits;

	memcpy(&m.words[1], "libtest: on serial\n", 19);
	CHECK(ipc_call(serial, &m) == ERR_OK && m.words[0] == 19);
	m = (struct message){.tag = MESSAGE_TAG(SERIAL_WRITE, 2), .words = {2000}};
	CHECK(ipc_call(serial, &m) == ERR_OK && (int64_t)m.words[0] == -STATUS_INVAL);
	m = (struct message){.tag = MESSAGE_TAG(SERIAL_READ, 1), .words = {100}};
	CHECK(ipc_call(serial, &m) == ERR_OK && (int64_t)m.words[0] >= 0);
	CHECK(done != 0);
	message_buffer()->send_caps[0] = cap_derive(done, RIGHT_WRITE, 1);
	m = (struct message){.tag = MESSAGE_TAG(SERIAL_SUBSCRIBE, 0) | MESSAGE_TAG_CAPS(1)};
	CHECK(ipc_call(serial, &m) == ERR_OK && m.words[0] == 0);
	/* A flood: writes are cut short, a signal tells of room, in the end all is sent. */
	for (unsigned sent = 0; sent < 12000;) {
		m = (struct message){.tag = MESSAGE_TAG(SERIAL_WRITE, 257), .words = {2048}};
		for (unsigned i = 1; i <= 256; i++)
			*(i < 10 ? &m.words[i] : &message_buffer()->words[i]) = BLANK_LINE;
		CHECK(ipc_call(serial, &m) == ERR_OK && m.words[0] <= 2048);
		sent += (unsigned)m.words[0];
		if (m.words[0] < 2048)
			CHECK(notification_wait(done, &bits) == ERR_OK);
	}
	m = (struct message){.tag = MESSAGE_TAG(SERIAL_WRITE, 2), .words = {1, '\n'}};
	CHECK(ipc_call(serial, &m) == ERR_OK);
	m = (struct message){.tag = MESSAGE_TAG(SERIAL_DRAIN, 0)};
	CHECK(ipc_call(serial, &m) == ERR_OK && m.words[0] == 0);
	return NULL;
}

/* A server that faults is made anew behind the same capability; shared memory stays. */
static const char *test_restart(void)
{
	cap_t crasher = startup_cap_required("crasher");
	uint64_t *shared = (uint64_t *)startup_region("test-shared")->address;

	for (unsigned i = 0; i < CRASH_KINDS; i++) {
		struct message m = {.tag = MESSAGE_TAG(CRASHER_COUNT, 0)};

		CHECK(ipc_call(crasher, &m) == ERR_OK && m.words[0] == i);
		m = (struct message){.tag = MESSAGE_TAG(CRASHER_CRASH, 1), .words = {i}};
		CHECK(ipc_call(crasher, &m) == ERR_CANCELLED);
		shared[0]++;
	}
	/* Its restarts are used up now. */
	struct message m = {.tag = MESSAGE_TAG(CRASHER_CRASH, 1), .words = {0}};

	CHECK(ipc_call(crasher, &m) == ERR_CANCELLED);
	for (unsigned i = 0; i < 1000; i++) {
		m = (struct message){.tag = MESSAGE_TAG(CRASHER_COUNT, 0)};
		if (ipc_call(crasher, &m) == ERR_CAP_EMPTY)
			return NULL;
		thread_yield();
	}
	return "calls of a server that is gone do not fail";
}

static const struct {
	const char *name;
	const char *(*run)(void);
} tests[] = {{"startup", test_startup},	      {"heap", test_heap},	{"seed", test_seed},
	     {"objects", test_objects},	      {"quota", test_quota},	{"regions", test_regions},
	     {"thread", test_thread},	      {"rtc", test_rtc},	{"serial", test_serial},
	     {"exhaustion", test_exhaustion}, {"restart", test_restart}};

int main(void)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char *reason = tests[i].run();

		if (reason != NULL) {
			failed++;
			log_print("FAIL %s %s\n", tests[i].name, reason);
		} else {
			log_print("PASS %s\n", tests[i].name);
		}
	}
	log_print("DONE\n");
	invoke5(startup_cap_required("system"), SYSTEM_RESET, 0, failed != 0, 0, 0, 0);
	fatal("libtest: the machine does not power off\n");
}
