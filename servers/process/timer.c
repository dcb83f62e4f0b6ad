/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers and the conversions of time.
 *
 * All timeouts of the server are `struct timer` in one binary heap, ordered
 * by deadline; the kernel's one-shot timer of the server's notification is
 * set to the first of them. heap[0] is not used, so heap_index 0 means "not
 * set". The kernel's timer may be set earlier than needed after a cancel:
 * then timers_run() finds nothing due and sets it again.
 */
#include "servers/process/core.h"

#include <stdlib.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/rtc.h"

#define NS 1000000000ull

static struct timer **heap;
static uint32_t heap_size = 1, heap_room;
static uint64_t programmed;	/* what the kernel's timer is set to; 0 = off */
static int64_t realtime_offset; /* nanoseconds since 1970 at tick 0 */

static void heap_put(uint32_t i, struct timer *timer)
{
	heap[i] = timer;
	timer->heap_index = i;
}

/* Move the timer at i up or down to where it belongs. */
static void heap_settle(uint32_t i)
{
	struct timer *timer = heap[i];

	for (; i > 1 && heap[i / 2]->deadline > timer->deadline; i /= 2) {
		heap_put(i, heap[i / 2]);
	}
	for (;;) {
		uint32_t child = 2 * i;

		if (child + 1 < heap_size && heap[child + 1]->deadline < heap[child]->deadline) {
			child++;
		}
		if (child >= heap_size || heap[child]->deadline >= timer->deadline) {
			break;
		}
		heap_put(i, heap[child]);
		i = child;
	}
	heap_put(i, timer);
}

/* Room for one more; ends the server if there is no memory for 8 bytes. */
static void heap_grow(void)
{
	if (heap_size >= heap_room) {
		uint32_t room = heap_room == 0 ? 64 : heap_room * 2;
		struct timer **larger = realloc(heap, room * sizeof(*heap));

		if (larger == NULL) {
			fatal("process: no memory for timers\n");
		}
		heap = larger;
		heap_room = room;
	}
}

void timer_set(struct timer *timer, uint64_t deadline)
{
	timer->deadline = deadline;
	if (timer->heap_index == 0) {
		heap_grow();
		heap_put(heap_size, timer);
		heap_size++;
	}
	heap_settle(timer->heap_index);
}

void timer_cancel(struct timer *timer)
{
	uint32_t i = timer->heap_index;

	if (i == 0) {
		return;
	}
	timer->heap_index = 0;
	heap_size--;
	if (i != heap_size) {
		heap_put(i, heap[heap_size]);
		heap_settle(i);
	}
}

/* Fire every timer that is due. */
void timers_run(void)
{
	uint64_t now = time_now();

	while (heap_size > 1 && heap[1]->deadline <= now) {
		struct timer *timer = heap[1];

		timer_cancel(timer);
		timer->fire(timer);
	}
	if (programmed <= now) {
		programmed = 0;
	}
}

/* Set the kernel's timer for the first deadline, if it is not set early enough. */
void timers_program(void)
{
	if (heap_size > 1 && (programmed == 0 || heap[1]->deadline < programmed)) {
		programmed = heap[1]->deadline > 0 ? heap[1]->deadline : 1;
		invoke5(event_notification, NOTIFICATION_SET_TIMER, programmed, 0, 0, 0, 0);
	}
}

uint64_t time_now(void)
{
	return time_ticks();
}

uint64_t time_ns(uint64_t ticks)
{
	uint64_t hz = startup()->timebase_hz;

	return ticks / hz * NS + ticks % hz * NS / hz;
}

uint64_t time_ticks_of(uint64_t ns)
{
	uint64_t hz = startup()->timebase_hz;
	uint64_t seconds = ns / NS;

	if (seconds > INT64_MAX / hz) {
		return INT64_MAX;
	}
	return seconds * hz + (ns % NS * hz + NS - 1) / NS;
}

uint64_t time_deadline(int64_t ns)
{
	uint64_t ticks;

	if (ns < 0) {
		return PARK_FOREVER;
	}
	ticks = time_ticks_of((uint64_t)ns);
	return ticks > INT64_MAX - time_now() ? PARK_FOREVER : time_now() + ticks;
}

int64_t time_realtime_ns(void)
{
	return realtime_offset + (int64_t)time_ns(time_now());
}

/* Set the wall clock: nanoseconds since 1970, now. */
void time_set_realtime(int64_t ns)
{
	realtime_offset = ns - (int64_t)time_ns(time_now());
}

/* Read the real-time clock, once; without one the time is that since power on. */
void time_start(void)
{
	uint64_t words[10] = {0};

	if (rtc_cap != 0 && server_call(rtc_cap, RTC_READ, 0, words) >= 0) {
		realtime_offset = (int64_t)words[1] - (int64_t)time_ns(words[2]);
	}
}

int64_t time_clock_ns(int clock, int64_t *ns)
{
	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_REALTIME_ALARM:
	case LINUX_CLOCK_TAI:
		*ns = time_realtime_ns();
		return 0;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_RAW:
	case LINUX_CLOCK_MONOTONIC_COARSE:
	case LINUX_CLOCK_BOOTTIME:
	case LINUX_CLOCK_BOOTTIME_ALARM:
		*ns = (int64_t)time_ns(time_now());
		return 0;
	default:
		return -STATUS_INVAL;
	}
}

int64_t time_copy_in(struct thread *t, uint64_t user, bool micro, int64_t *ns)
{
	int64_t pair[2], unit = micro ? 1000 : 1;

	if (user == 0) {
		*ns = -1;
		return 0;
	}
	if (copy_in(t, pair, user, sizeof(pair)) < 0) {
		return -STATUS_FAULT;
	}
	if (pair[0] < 0 || pair[1] < 0 || pair[1] >= (int64_t)NS / unit) {
		return -STATUS_INVAL;
	}
	if (pair[0] >= INT64_MAX / (int64_t)NS) {
		*ns = INT64_MAX;
	} else {
		*ns = pair[0] * (int64_t)NS + pair[1] * unit;
	}
	return 0;
}

int64_t time_copy_out(struct thread *t, uint64_t user, bool micro, int64_t ns)
{
	int64_t seconds = ns / (int64_t)NS, rest = ns % (int64_t)NS;
	int64_t pair[2];

	if (rest < 0) {
		seconds--;
		rest += (int64_t)NS;
	}
	pair[0] = seconds;
	pair[1] = rest / (micro ? 1000 : 1);
	return copy_out(t, user, pair, sizeof(pair));
}
