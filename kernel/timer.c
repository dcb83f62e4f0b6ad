/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See timer.h. An array sorted by deadline. The timer interrupt that fires
 * the first entry is programmed on the hart that armed it or fired the one
 * before; a hart that leaves its timer alone wakes too early at the worst.
 */
#include "kernel/timer.h"

#include "kernel/invoke.h"
#include "kernel/notification.h"
#include "kernel/sched_context.h"
#include "kernel/schedule.h"

static struct timer *armed[TIMER_KINDS * TIMERS_MAX];
static unsigned armed_count;
static unsigned armed_of[TIMER_KINDS];

void timer_disarm(struct timer *timer)
{
	unsigned i = 0;

	if (timer->deadline == 0) {
		return;
	}
	while (armed[i] != timer) {
		i++;
	}
	armed_count--;
	armed_of[timer->kind]--;
	for (; i < armed_count; i++) {
		armed[i] = armed[i + 1];
	}
	timer->deadline = 0;
}

enum err timer_arm(struct timer *timer, enum timer_kind kind, uint64_t deadline)
{
	unsigned i;

	if (timer->deadline == 0 && armed_of[kind] == TIMERS_MAX) {
		return ERR_LIMIT;
	}
	timer_disarm(timer);
	for (i = armed_count; i > 0 && armed[i - 1]->deadline > deadline; i--) {
		armed[i] = armed[i - 1];
	}
	armed[i] = timer;
	armed_count++;
	armed_of[kind]++;
	timer->deadline = deadline;
	timer->kind = kind;
	sched_set_timer(armed[0]->deadline);
	return ERR_OK;
}

static void fire(struct timer *timer, uint64_t now)
{
	timer_disarm(timer);
	if (timer->kind == TIMER_NOTIFICATION) {
		notification_signal(CONTAINER_OF(timer, struct notification, timer), TIMER_BIT,
				    false);
	} else {
		sched_context_replenished(CONTAINER_OF(timer, struct sched_context, timer), now);
	}
}

void timers_fire(uint64_t now)
{
	while (armed_count > 0 && armed[0]->deadline <= now) {
		fire(armed[0], now);
	}
	if (armed_count > 0) {
		sched_set_timer(armed[0]->deadline);
	}
}

enum err notification_set_timer(struct invocation *call)
{
	struct notification *n = call->object;

	if (call->arguments[0] != 0) {
		return timer_arm(&n->timer, TIMER_NOTIFICATION, call->arguments[0]);
	}
	timer_disarm(&n->timer);
	return ERR_OK;
}
