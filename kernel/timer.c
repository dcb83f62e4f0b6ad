/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See timer.h. An array sorted by deadline. The timer interrupt that fires
 * the first entry is programmed on the hart that armed it or fired the one
 * before; a hart that leaves its timer alone wakes too early at the worst.
 */
#include "kernel/timer.h"

#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/schedule.h"

static struct notification *armed[TIMERS_MAX];
static unsigned armed_count;

void timer_disarm(struct notification *n)
{
	unsigned i = 0;

	if (n->deadline == 0) {
		return;
	}
	while (armed[i] != n) {
		i++;
	}
	armed_count--;
	for (; i < armed_count; i++) {
		armed[i] = armed[i + 1];
	}
	n->deadline = 0;
}

enum err timer_arm(struct notification *n, uint64_t deadline)
{
	unsigned i;

	if (n->deadline == 0 && armed_count == TIMERS_MAX) {
		return ERR_LIMIT;
	}
	timer_disarm(n);
	for (i = armed_count; i > 0 && armed[i - 1]->deadline > deadline; i--) {
		armed[i] = armed[i - 1];
	}
	armed[i] = n;
	armed_count++;
	n->deadline = deadline;
	sched_set_timer(armed[0]->deadline);
	return ERR_OK;
}

void timers_fire(uint64_t now)
{
	while (armed_count > 0 && armed[0]->deadline <= now) {
		struct notification *n = armed[0];

		timer_disarm(n);
		notification_signal(n, TIMER_BIT, false);
	}
	if (armed_count > 0) {
		sched_set_timer(armed[0]->deadline);
	}
}

enum err notification_set_timer(struct invocation *call)
{
	if (call->arguments[0] != 0) {
		return timer_arm(call->object, call->arguments[0]);
	}
	timer_disarm(call->object);
	return ERR_OK;
}
