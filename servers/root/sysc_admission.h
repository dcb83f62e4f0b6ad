/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do all budgets fit? Response-time analysis for sysc.c, its only user.
 *
 * The question: how long after a server became ready, with its whole budget at
 * hand, has it run for its budget? For fixed priorities on one hart (Joseph and
 * Pandya 1986; Audsley and others 1993) the smallest R with
 *
 *	R = C + sum over all k that may come before of ceil(R / T_k) * C_k
 *
 * is a bound. The kernel enforces a budget in any interval of a period's length
 * (kernel/sched_context.h), however it is used; so ceil(R / T_k) * C_k holds for
 * each budget, also that of a server that waits in the midst of its work.
 *
 * Who may come before. Time is lent along calls, and servers run at the higher
 * of their own and their caller's priority, or inherit that of who waits for
 * them. So k's budget may be used at the highest priority of
 *   - k and the servers that it uses, directly or through others, and
 *   - everybody who uses one of these.
 * It counts against each server that is not above that, wholly: this covers
 * waiting for a server that is busy with k's call, too.
 *
 * Harts. Lent time is used on the harts of who lends. While a server waits for
 * its turn, whoever it waits for - itself, or a server that it uses and that
 * works on somebody's time - is in the queue of one of the harts of those with
 * whom it shares a server, and that hart runs somebody of no lower priority.
 * So the sum goes over all budgets that may be used on one of these harts, as
 * if these were one hart. That is safe for any choice of harts, and exact for
 * servers on one hart that share nothing; two servers that may run anywhere get
 * no credit for the second hart. Who wants that states `harts`.
 *
 * Kernel. Its sections are not interrupted. `section` bounds one, with what a
 * section of each other hart takes first (SECTION_US). Each budget costs others
 * two a period: the interrupt that makes its server ready, and what it overruns
 * at its end. Two more delay the server itself: the one that was under way, and
 * the one that makes it ready.
 *
 * What is not counted, and what a budget must have room for: servers/README.md.
 */
#ifndef SERVERS_ROOT_SYSC_ADMISSION_H
#define SERVERS_ROOT_SYSC_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * 3,000 instructions and 110 of entry and exit (docs/status.md), on each of 8
 * harts one after the other, an instruction a nanosecond; or on 4 harts that
 * take two. A slower machine needs a larger one.
 */
#define SECTION_US 25
#define RESPONSE_MOST 100000000ull /* ten times the longest period; a bound beyond this is none */
#define RESPONSE_NONE (~0ull)

/* A server as the analysis sees it. Times in any unit, `section` in the same. */
struct task {
	uint64_t budget, period;
	uint32_t priority;
	uint32_t harts;	 /* bits: where its time may be used */
	uint32_t reach;	 /* bits: itself, and the servers it uses, directly or through others */
	bool is_limited; /* all it does is within its budget */
};

/* The highest priority at which time of task k may be used. */
static inline uint32_t task_highest_priority(const struct task *tasks, unsigned count, unsigned k)
{
	uint32_t highest = 0;

	for (unsigned i = 0; i < count; i++) {
		if ((tasks[i].reach & tasks[k].reach) != 0 && tasks[i].priority > highest)
			highest = tasks[i].priority;
	}
	return highest;
}

/* The harts of all with whom task i shares a server. */
static inline uint32_t task_harts(const struct task *tasks, unsigned count, unsigned i)
{
	uint32_t harts = 0;

	for (unsigned k = 0; k < count; k++) {
		if ((tasks[i].reach & tasks[k].reach) != 0)
			harts |= tasks[k].harts;
	}
	return harts;
}

/* May time of task k be used where and when task i could run? */
static inline bool task_may_delay(const struct task *tasks, unsigned count, unsigned k, unsigned i)
{
	return k != i && task_highest_priority(tasks, count, k) >= tasks[i].priority &&
	       (tasks[k].harts & task_harts(tasks, count, i)) != 0;
}

/* The first task that may delay task i without limit, or -1. */
static inline int task_unlimited_delay(const struct task *tasks, unsigned count, unsigned i)
{
	for (unsigned k = 0; k < count; k++) {
		if (!tasks[k].is_limited && task_may_delay(tasks, count, k, i))
			return (int)k;
	}
	return -1;
}

/* R of task i, RESPONSE_NONE if the others leave it no time. Precondition: nobody delays it without
 * limit. */
static inline uint64_t task_response_time(const struct task *tasks, unsigned count, unsigned i,
					  uint64_t section)
{
	uint64_t time = 0, next = tasks[i].budget + 2 * section;
	uint32_t delaying = 0;

	for (unsigned k = 0; k < count; k++)
		delaying |= (uint32_t)task_may_delay(tasks, count, k, i) << k;
	while (next != time && next <= RESPONSE_MOST) {
		time = next;
		next = tasks[i].budget + 2 * section;
		for (unsigned k = 0; k < count; k++) {
			if ((delaying >> k & 1) != 0)
				next += (time + tasks[k].period - 1) / tasks[k].period *
					(tasks[k].budget + 2 * section);
		}
	}
	return next == time ? time : RESPONSE_NONE;
}

#endif
