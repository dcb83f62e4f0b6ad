/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking things away under threads that use them on other harts: when the call
 * returns nobody can use them any more.
 */
#include "tests/native-kernel/harness.h"

#define RW (RIGHT_READ | RIGHT_WRITE)

static volatile uint64_t progress[WORKERS];
static struct area area;

/* Write the same word over and over; the fault, when it comes, stops the thread. */
static void writer(void *argument)
{
	unsigned index = (unsigned)(uint64_t)argument;
	volatile uint64_t *word = (volatile uint64_t *)(area.va + 64 * index);

	for (;;) {
		*word = progress[index];
		progress[index]++;
	}
}

/* Writers on all harts in the area; then `take` is called: all must stop, nothing may change. */
static void take_under_writers(void (*take)(void))
{
	struct worker *w[8];
	unsigned n = BOOT->hart_count > 4 ? 4 : BOOT->hart_count;

	memset((void *)progress, 0, sizeof(progress));
	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(area_map(&area, 0, 0, 16, RW));
	for (unsigned i = 0; i < n; i++)
		w[i] = worker_start_on(writer, (void *)(uint64_t)i, 100, 0);
	for (unsigned i = 0; i < n; i++)
		WAIT_UNTIL(progress[i] != 0);
	take();
	uint64_t seen[8];
	for (unsigned i = 0; i < n; i++)
		seen[i] = progress[i];
	sleep_us(500);
	for (unsigned i = 0; i < n; i++) {
		/* One store was perhaps before, its count after. */
		CHECK(progress[i] <= seen[i] + 1);
		WAIT_UNTIL(thread_suspended(w[i]->thread));
		CHECK_OK(delete_cap(w[i]->thread));
	}
}

static void take_unmap(void)
{
	CHECK_OK(area_unmap(&area, 0, 16));
}

static void take_protect(void)
{
	struct window_item item = {.cap = area.window,
				   .op = WINDOW_PROTECT,
				   .rights = RIGHT_READ,
				   .va_page = area.va >> 12,
				   .count = 16};

	CHECK_OK(window_item(&item, NULL));
}

static void take_window(void)
{
	CHECK_OK(delete_cap(area.window));
}

static void take_binding(void)
{
	CHECK_OK(delete_cap(area.binding));
}

static void take_pool(void)
{
	CHECK_OK(delete_cap(area.pool));
}

/* The memory itself; it is at once a kernel object's, which starts zeroed and stays so. */
static void take_memory(void)
{
	cap_t thread = new_slot();
	struct message m = {0};

	CHECK_OK(revoke_cap(area.untyped));
	CHECK_OK(invoke5(area.untyped, UNTYPED_RETYPE, OBJECT_THREAD, 0, 1, thread, 0));
	sleep_us(1000);
	CHECK_OK(invoke(thread, THREAD_READ_REGISTERS, 0, &m));
	for (unsigned i = 0; i < 32; i++)
		CHECK_EQUAL(i < MESSAGE_REGISTERS ? m.words[i] : message_buffer()->words[i], 0);
}

static void take_bank(void)
{
	CHECK_OK(delete_cap(SLOT_TABLES));
}

static void test_unmap(void)
{
	take_under_writers(take_unmap);
}

static void test_protect(void)
{
	take_under_writers(take_protect);
}

static void test_window(void)
{
	take_under_writers(take_window);
}

static void test_binding(void)
{
	take_under_writers(take_binding);
}

static void test_pool(void)
{
	take_under_writers(take_pool);
}

static void test_memory(void)
{
	take_under_writers(take_memory);
}

/* --- spaces ------------------------------------------------------------------------- */

static void spin(void *argument)
{
	volatile uint64_t *count = argument;

	for (;;)
		(*count)++;
}

/* A space goes, with threads in it on every hart. */
static void test_space(void)
{
	struct twin twin;
	struct worker *w[8];
	unsigned n = BOOT->hart_count > 4 ? 4 : BOOT->hart_count;

	for (unsigned round = 0; round < 10; round++) {
		memset((void *)progress, 0, sizeof(progress));
		twin_make(&twin);
		for (unsigned i = 0; i < n; i++) {
			w[i] = worker_make_in(twin.space, 0, spin, (void *)&progress[i], 100, 0);
			CHECK_OK(worker_resume(w[i]));
		}
		for (unsigned i = 0; i < n; i++)
			WAIT_UNTIL(progress[i] != 0);
		CHECK_OK(delete_cap(round % 3 == 0   ? twin.space
				    : round % 3 == 1 ? twin.window
						     : twin.binding));
		uint64_t seen[8];
		for (unsigned i = 0; i < n; i++)
			seen[i] = progress[i];
		sleep_us(500);
		for (unsigned i = 0; i < n; i++) {
			CHECK(progress[i] <= seen[i] + 1);
			if (round % 3 != 0)
				WAIT_UNTIL(thread_suspended(w[i]->thread));
			CHECK_OK(delete_cap(w[i]->thread));
		}
		workers_forget();
		delete_cap(twin.space);
		CHECK_OK(delete_cap(twin.bank));
		delete_cap(twin.window);
		delete_cap(twin.binding);
	}
}

/* Tables go: with them the mappings, and after new ones come they can be made again. */
static void test_bank(void)
{
	struct twin twin;

	progress[0] = 0;
	twin_make(&twin);
	struct worker *w = worker_make_in(twin.space, 0, spin, (void *)&progress[0], 100, 0);
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(progress[0] != 0);
	CHECK_OK(delete_cap(twin.bank));
	WAIT_UNTIL(thread_suspended(w->thread));
	CHECK_EQUAL(query(twin.space, SPACE_INFO, 0), 0);
	CHECK_EQUAL(query(twin.space, SPACE_INFO, 1), 0);
	CHECK_OK(delete_cap(w->thread));
}

/* Threads destroyed while they run. */
static void test_thread(void)
{
	for (unsigned round = 0; round < 100; round++) {
		progress[0] = 0;
		struct worker *w = worker_start_on(spin, (void *)&progress[0], 100, 0);
		if (round % 2 == 0)
			WAIT_UNTIL(progress[0] != 0);
		CHECK_OK(delete_cap(w->thread));
		uint64_t seen = progress[0];
		CHECK_OK(delete_cap(w->sched));
		CHECK_EQUAL(progress[0], seen);
		workers_forget();
	}
}

/*
 * A thread takes away what it runs by: its own object, its scheduling context,
 * its space, the memory of all of them. It ends there. If an interrupt comes
 * between, the rest of the call is never made; anybody else can make it.
 */
static cap_t victim;
static volatile bool begun, survived;

static void suicide(void *argument)
{
	begun = true;
	if (argument == NULL)
		delete_cap(victim);
	else
		revoke_cap(victim);
	survived = true;
	for (;;)
		;
}

static void end_itself(struct worker *w, cap_t by)
{
	begun = survived = false;
	victim = by;
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(begun);
	sleep_us(5000);
	CHECK(!survived);
	enum err err = delete_cap(by);
	CHECK(err == ERR_OK || err == ERR_CAP_EMPTY);
	CHECK(!survived);
}

static void test_self(void)
{
	struct worker *w = worker_make(suicide, NULL, 100, 0);
	struct twin twin;

	end_itself(w, w->thread);
	w = worker_make(suicide, NULL, 100, 0);
	end_itself(w, w->sched);
	CHECK_OK(delete_cap(w->thread));
	twin_make(&twin);
	w = worker_make_in(twin.space, BOOT_SLOT_CSPACE, suicide, NULL, 100, 0);
	end_itself(w, twin.space);
	CHECK_OK(delete_cap(w->thread));
	/* The arena: thread, space and all. */
	twin_make(&twin);
	w = worker_make_in(twin.space, BOOT_SLOT_CSPACE, suicide, &victim, 100, 0);
	begun = survived = false;
	victim = SLOT_ARENA;
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(begun);
	sleep_us(5000);
	CHECK_OK(revoke_cap(SLOT_ARENA));
	CHECK(!survived && slot_type(w->thread) == OBJECT_NONE);
}

/* A CSpace goes under a thread that uses it. */
static cap_t inner_notification;
static volatile uint64_t errors_seen;

static void signaller(void *argument)
{
	(void)argument;
	for (;;) {
		if (notification_signal(inner_notification) != ERR_OK)
			errors_seen++;
		progress[0]++;
	}
}

static void test_cspace(void)
{
	cap_t cspace = make(OBJECT_CSPACE, 6), notification = make_object(OBJECT_NOTIFICATION);
	uint64_t bits;

	errors_seen = 0;
	progress[0] = 0;
	inner_notification = 5;
	CHECK_OK(invoke5(cspace, CSPACE_COPY, 5, notification, RIGHT_WRITE, 1, 0));
	struct worker *w = worker_make_in(BOOT_SLOT_SPACE, cspace, signaller, NULL, 100, 0);
	CHECK_OK(worker_resume(w));
	WAIT_UNTIL(notification_poll(notification, &bits) == ERR_OK && bits == 1);
	CHECK_EQUAL(errors_seen, 0);
	CHECK_OK(delete_cap(cspace));
	CHECK_OK(notification_poll(notification, &bits));
	CHECK_OK(notification_poll(notification, &bits));
	CHECK_EQUAL(bits, 0);
	WAIT_UNTIL(errors_seen > 10);
	CHECK_OK(delete_cap(w->thread));
}

/* Last: this takes the harness's own tables. */
static void test_own_bank(void)
{
	take_under_writers(take_bank);
}

SUITE(revoke, {"revoke-unmap", test_unmap}, {"revoke-protect", test_protect},
      {"revoke-window", test_window}, {"revoke-binding", test_binding}, {"revoke-pool", test_pool},
      {"revoke-memory", test_memory}, {"revoke-space", test_space}, {"revoke-bank", test_bank},
      {"revoke-thread", test_thread}, {"revoke-self", test_self}, {"revoke-cspace", test_cspace},
      {"revoke-own-bank", test_own_bank});
