/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native tests of the kernel. Each program is the root task of its own boot:
 * it holds every capability there is, and nothing else runs.
 *
 * A test runs in an arena: one Untyped of which all its objects are made, and
 * the slots from TEST_SLOT on. Whatever happens to it, afterwards the arena is
 * revoked and the slots are emptied, so the next test finds the machine as it
 * was. Checks that fail in the main thread leave the test at once.
 */
#ifndef TESTS_NATIVE_KERNEL_HARNESS_H
#define TESTS_NATIVE_KERNEL_HARNESS_H

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/abi/boot_info.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define BOOT ((const struct boot_info *)BOOT_INFO_VA)

#define ARENA_BITS 24 /* 16 MiB */
#define SLOT_ARENA 256
#define SLOT_SLEEP 257	 /* a notification of the harness */
#define SLOT_TABLES 258	 /* tables for the program's own space */
#define SLOT_ALL_RAM 259 /* what is left of the largest Untyped, for tests that want much */
#define TEST_SLOT 512u
#define TEST_SLOTS_END 4096u

/* Addresses from here on belong to windows that tests attach to the program's space. */
#define TEST_VA 0x80000000ul

#define WORKERS 24
#define MAIN_PRIORITY 200

struct test {
	const char *name;
	void (*run)(void);
};

/* Run the tests that the hart count allows, print the lines that run-tests.sh reads. */
void run_tests(const struct test *tests, size_t count);
/* Machine, console, arena; once, first thing in main. */
void harness_init(void);
/* Say DONE and switch the machine off. */
_Noreturn void harness_done(void);

/* The test ends here as a failure. Main thread only. */
_Noreturn void test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void check_equal(const char *what, uint64_t value, uint64_t wanted, const char *file, int line);
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			test_fail("%s:%d not so: %s", __FILE_NAME__, __LINE__, #condition);        \
	} while (0)
#define CHECK_EQUAL(value, wanted)                                                                 \
	check_equal(#value, (uint64_t)(value), (uint64_t)(wanted), __FILE_NAME__, __LINE__)
#define CHECK_OK(call) CHECK_EQUAL(call, ERR_OK)

/* Slots and objects; the test fails if there are none. */
cap_t new_slots(unsigned count);
static inline cap_t new_slot(void)
{
	return new_slots(1);
}
/* Retype from the arena without checks of the caller's. */
enum err try_make(enum object_type type, unsigned bits, unsigned count, cap_t first);
cap_t make(enum object_type type, unsigned bits);
static inline cap_t make_object(enum object_type type)
{
	return make(type, 0);
}
cap_t derive(cap_t source, unsigned rights, uint64_t badge);
enum err delete_cap(cap_t slot);
enum err revoke_cap(cap_t slot);
/* Type of what is in a slot; OBJECT_NONE if empty. */
enum object_type slot_type(cap_t slot);
cap_t make_sched(unsigned priority, uint64_t slice, uint64_t mask);

/* HART_CONFIGURE with all its arguments; ceiling and period may be 0. */
enum err sched_configure(cap_t sched, unsigned priority, uint64_t budget, uint64_t mask,
			 uint64_t period, unsigned ceiling);
/* The main thread runs on the harts of the mask from now on, 0 = any. It is so after each test. */
void main_on(uint64_t mask);
/* Milliseconds in ticks. */
static inline uint64_t ms(uint64_t milliseconds)
{
	return milliseconds * BOOT->timebase_hz / 1000;
}

/* Calls with results: arguments in m->words. */
enum err invoke_n(cap_t object, enum method method, unsigned arguments, struct message *m);
/* Result word `word` of a method without arguments; fails the test on an error. */
uint64_t query(cap_t object, enum method method, unsigned word);
uint64_t kernel_entries(unsigned hart);

/* Threads in the program's own space, stack and message buffer of their own. */
struct worker {
	cap_t thread, sched;
	unsigned index;
	bool used;
	void (*run)(void *);
	void *argument;
	volatile bool returned;
};
/* Make thread and scheduling context; not running yet. */
struct worker *worker_make(void (*run)(void *), void *argument, unsigned priority, uint64_t mask);
/* The same, and let it run. */
struct worker *worker_start(void (*run)(void *), void *argument);
struct worker *worker_start_on(void (*run)(void *), void *argument, unsigned priority,
			       uint64_t mask);
/* The same, in another space with another CSpace (twin.c). */
struct worker *worker_make_in(cap_t space, cap_t cspace, void (*run)(void *), void *argument,
			      unsigned priority, uint64_t mask);
/* Set its registers such that it begins to run its function. */
void worker_reset(struct worker *w);
enum err worker_resume(struct worker *w);
void worker_join(struct worker *w);
/* Destroy what is left of its thread and scheduling context; its place is free for another. */
void worker_end(struct worker *w);
/* After the test's threads are destroyed. */
void workers_forget(void);
struct message_buffer *worker_buffer(struct worker *w);
/* Thread info. */
enum thread_state thread_state(cap_t thread);
bool thread_suspended(cap_t thread);

/* Wait, letting all others run, until the condition is so; fails the test after 5 s. */
#define WAIT_UNTIL(condition)                                                                      \
	do {                                                                                       \
		uint64_t wait_from = time_ticks();                                                 \
		while (!(condition))                                                               \
			wait_a_moment(wait_from, __FILE_NAME__, __LINE__, #condition);             \
	} while (0)
void wait_a_moment(uint64_t since, const char *file, int line, const char *what);

/*
 * Checks a share of time, which `condition` measures anew each time. Emulated
 * time runs on while a busy build machine runs something else, so one good
 * round will do; a kernel that does not keep shares fails all.
 */
#define CHECK_SHARE(condition)                                                                     \
	do {                                                                                       \
		unsigned rounds_left = SHARE_ROUNDS;                                               \
		while (!(condition))                                                               \
			if (--rounds_left == 0)                                                    \
				test_fail("%s:%d never so: %s", __FILE_NAME__, __LINE__,           \
					  #condition);                                             \
	} while (0)
#define SHARE_ROUNDS 100
void sleep_us(uint64_t us);

/* A second space in which the whole program is mapped like in its own. */
struct twin {
	cap_t space, bank, window, binding;
};
void twin_make(struct twin *twin);

/* One window item. */
enum err window_item(const struct window_item *item, uint32_t *done);
/* A pool of 2^bits bytes; its Untyped in *untyped if that is not NULL. */
cap_t make_pool(unsigned bits, cap_t *untyped);
/* A window of the program's space at TEST_VA + offset, with a binding to the pool. */
struct area {
	cap_t window, binding, pool, untyped;
	uint64_t va;
};
void area_make(struct area *area, uint64_t offset, uint64_t bytes, unsigned pool_bits,
	       cap_t fault_endpoint, uint64_t badge);
enum err area_map(const struct area *area, uint64_t page, uint64_t pool_page, uint32_t count,
		  unsigned rights);
enum err area_unmap(const struct area *area, uint64_t page, uint32_t count);

uint64_t random_next(void);
static inline uint64_t random_below(uint64_t limit)
{
	return random_next() % limit;
}

/* The suites, one file each. */
extern const struct test method_tests[], capability_tests[], ipc_tests[], notification_tests[],
	thread_tests[], fault_tests[], schedule_tests[], window_tests[], revoke_tests[],
	interrupt_tests[], detached_tests[], preemption_tests[], budget_tests[], lending_tests[],
	lending_end_tests[], inheritance_tests[], queue_tests[], counter_tests[], fast_tests[],
	fast_wake_tests[], stepping_tests[], shootdown_tests[], cache_block_tests[];
extern const size_t method_test_count, capability_test_count, ipc_test_count,
	notification_test_count, thread_test_count, fault_test_count, schedule_test_count,
	window_test_count, revoke_test_count, interrupt_test_count, detached_test_count,
	preemption_test_count, budget_test_count, lending_test_count, lending_end_test_count,
	inheritance_test_count, queue_test_count, counter_test_count, fast_test_count,
	fast_wake_test_count, stepping_test_count, shootdown_test_count, cache_block_test_count;
#define SUITE(name, ...)                                                                           \
	const struct test name##_tests[] = {__VA_ARGS__};                                          \
	const size_t name##_test_count = sizeof(name##_tests) / sizeof(name##_tests[0])

#endif
