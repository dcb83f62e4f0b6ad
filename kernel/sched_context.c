/* SPDX-License-Identifier: BSD-2-Clause */
/* See sched_context.h. */
#include "kernel/sched_context.h"

#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/lend.h"
#include "kernel/panic.h"
#include "kernel/refill.h"
#include "kernel/schedule.h"
#include "sbi/machine.h"

/* Budgets outside of this are taken as these: shorter than a switch takes leaves no time to run,
 * and time plus budget must not overflow. */
#define BUDGETS_A_SECOND_MOST 20000u
#define TICKS_MOST (1ull << 62)

/* Join what may be used now into the head. */
static void refill_merge(struct sched_context *sched, uint64_t now)
{
	while (sched->refill_count > 1 && refill_at(sched, 1)->time <= now) {
		refill_at(sched, 1)->amount += refill_at(sched, 0)->amount;
		sched->refill_head++;
		sched->refill_count--;
	}
}

/* `used` ticks, since `start`, come back a period later. What was used beyond the head (a late
 * interrupt) is taken from later pieces. */
static void refill_use(struct sched_context *sched, uint64_t start, uint64_t used)
{
	/* At most as often as there are pieces: each round but the last empties one. */
	for (uint32_t i = sched->refill_count; used > 0 && i > 0; i--) {
		struct refill *head = refill_at(sched, 0);
		uint64_t part = head->amount < used ? head->amount : used;

		head->amount -= part;
		used -= part;
		if (head->amount == 0) {
			sched->refill_head++;
			sched->refill_count--;
		}
		if (part > 0) {
			refill_append(sched, start + sched->period, part);
		}
	}
}

void sched_context_fill(struct sched_context *sched, uint64_t now)
{
	timer_disarm(&sched->timer);
	sched->exhausted = false;
	sched->slice_end = 0;
	sched->refill_head = 0;
	sched->refill_count = 0;
	if (sched->period != 0) {
		refill_append(sched, now, sched->budget);
	}
}

static void charge(struct sched_context *sched, uint64_t since, uint64_t now)
{
	sched->consumed += now - since;
	if (sched->period == 0) {
		return;
	}
	refill_use(sched, since, now - since);
	refill_merge(sched, now);
	/* Again if it was used up before: what the kernel took since may have emptied the head. */
	if (refill_at(sched, 0)->time > now) {
		sched->exhausted = true;
		/* There is room: see reserve. */
		if (timer_arm(&sched->timer, TIMER_SCHED_CONTEXT, refill_at(sched, 0)->time) !=
		    ERR_OK) {
			panic("more budgets than timers");
		}
	}
}

uint64_t sched_context_charge(struct hart *hart, struct sched_context *sched, uint64_t now)
{
	if (hart->charged != NULL && now != hart->charged_since) {
		charge(hart->charged, hart->charged_since, now);
	}
	hart->charged = sched;
	hart->charged_since = now;
	if (sched == NULL) {
		return ~0ull;
	}
	if (sched->period != 0) {
		refill_merge(sched, now);
		/* Used up just now: the timer interrupt comes at once. */
		sched->slice_end = sched->exhausted ? now : now + refill_at(sched, 0)->amount;
	} else if (now >= sched->slice_end) {
		sched->slice_end = now + sched->budget;
	}
	return sched->slice_end;
}

void sched_context_replenished(struct sched_context *sched, uint64_t now)
{
	sched->exhausted = false;
	refill_merge(sched, now);
	if (sched->runner != NULL) {
		sched_ready(sched->runner, false);
	}
}

void sched_context_time_over(struct thread *t)
{
	if (t->lender == NULL && t->reports_exhaustion) {
		ipc_kernel_call(t, &t->handler, SEND_EXHAUSTED);
	} else {
		lend_again(t);
	}
}

uint64_t sched_context_consumed(const struct sched_context *sched)
{
	for (unsigned i = 0; i < harts_online_end; i++) {
		if (harts[i].charged == sched) {
			return sched->consumed + time_now() - harts[i].charged_since;
		}
	}
	return sched->consumed;
}

/* Contexts with a period: not more than their timers. */
static unsigned enforced_count;

/* Make sure of a timer if `enforced`, else give it up. ERR_LIMIT. */
static enum err reserve(struct sched_context *sched, bool enforced)
{
	bool was_enforced = sched->period != 0;

	if (enforced && !was_enforced && enforced_count == TIMERS_MAX) {
		return ERR_LIMIT;
	}
	enforced_count += (unsigned)enforced - (unsigned)was_enforced;
	return ERR_OK;
}

void sched_context_stop(struct sched_context *sched)
{
	timer_disarm(&sched->timer);
	if (reserve(sched, false) == ERR_OK) { /* always */
		sched->period = 0;
	}
}

/* --- methods ------------------------------------------------------------------ */

static uint64_t budget_ticks(uint64_t asked)
{
	uint64_t least = machine.timebase_hz / BUDGETS_A_SECOND_MOST + 1;

	if (asked < least) {
		return least;
	}
	return asked > TICKS_MOST ? TICKS_MOST : asked;
}

static void set_priority(struct sched_context *sched, uint8_t priority)
{
	sched->priority = priority;
	if (sched->thread != NULL) {
		thread_sched_changed(sched->thread);
	}
}

enum err hart_configure(struct invocation *call)
{
	const uint64_t *arguments = call->arguments;
	uint64_t all = (1ull << machine.hart_count) - 1;
	uint64_t mask = arguments[3] != 0 ? arguments[3] : all;
	uint64_t budget = budget_ticks(arguments[2]), period = arguments[4];
	uint64_t ceiling = arguments[5] != 0 ? arguments[5] : arguments[1];
	struct cap_slot *slot;
	struct sched_context *sched;
	enum err err = cap_lookup_typed(invocation_cspace(call), arguments[0], OBJECT_SCHED_CONTEXT,
					RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	if (arguments[1] > PRIORITY_MAX || ceiling > PRIORITY_MAX || ceiling < arguments[1] ||
	    arguments[2] == 0 || (mask & all) == 0 || period > TICKS_MOST ||
	    (period != 0 && period < budget)) {
		return ERR_ARGUMENT;
	}
	sched = slot->object;
	if (sched->runner != NULL) {
		sched_stop(sched->runner);
	}
	err = reserve(sched, period != 0);
	if (err == ERR_OK) {
		sched->budget = budget;
		sched->period = period;
		sched->allowed.bits = (uint32_t)(mask & all);
		sched->ceiling = (uint8_t)ceiling;
		sched->configured = true;
		sched_context_fill(sched, time_now());
		set_priority(sched, (uint8_t)arguments[1]);
	}
	if (sched->runner != NULL) {
		sched_ready(sched->runner, false);
	}
	return err;
}

enum err sched_set_priority(struct invocation *call)
{
	struct sched_context *sched = call->object;

	if (!sched->configured) {
		return ERR_NOT_BOUND;
	}
	if (call->arguments[0] > sched->ceiling) {
		return ERR_RIGHTS;
	}
	set_priority(sched, (uint8_t)call->arguments[0]);
	return ERR_OK;
}

enum err sched_info(struct invocation *call)
{
	const struct sched_context *sched = call->object;

	call->result[0] = sched->priority;
	call->result[1] = sched->ceiling;
	call->result[2] = sched->budget;
	call->result[3] = sched->period;
	call->result[4] = sched_context_consumed(sched);
	call->result[5] = sched->exhausted;
	call->results = 6;
	return ERR_OK;
}
