/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Response times of budgets (servers/root/sysc_admission.h): sets of tasks from
 * the literature; the exact time of a critical instant, simulated tick by tick;
 * and a model of what the kernel does with servers, lent budgets and harts, in
 * which no response may be later than the bound.
 *
 * Fails if a bound is too small in any of the cases that the model meets, so if
 *   - somebody of equal priority is not counted,
 *   - a budget counts at its server's own priority only, though it may be used
 *     by servers of higher priority, or of one who inherits it,
 *   - a server that waits for one on another hart is not delayed by that hart,
 * and if a bound for independent servers on one hart is larger than the time of
 * a critical instant.
 */
#include <stdbool.h>
#include <string.h>

#include "servers/root/sysc_admission.h"
#include "tests/system/check.h"

#define TASKS 6
#define TICKS 1200
#define NOBODY TASKS

static struct task tasks[TASKS];
static unsigned count;

static unsigned below(unsigned n)
{
	return (unsigned)(check_random() % n);
}

/* Add a task that runs on one hart and uses nobody; returns its number. */
static unsigned add(uint64_t budget, uint64_t period, uint32_t priority)
{
	tasks[count] = (struct task){.budget = budget,
				     .period = period,
				     .priority = priority,
				     .harts = 1,
				     .reach = 1u << count,
				     .is_limited = true};
	return count++;
}

static uint64_t response(unsigned i)
{
	return task_response_time(tasks, count, i, 0);
}

/* ---- known results ------------------------------------------------------------- */

/* Burns and Wellings, Real-Time Systems and Programming Languages: process sets A, C and D. */
static void textbook_sets(void)
{
	add(12, 50, 1), add(10, 40, 2), add(10, 30, 3);
	EXPECT(response(0) == 52 && response(1) == 20 && response(2) == 10);
	count = 0;
	add(40, 80, 1), add(10, 40, 2), add(5, 20, 3);
	EXPECT(response(0) == 80 && response(1) == 15 && response(2) == 5);
	count = 0;
	add(3, 7, 3), add(3, 12, 2), add(5, 20, 1);
	EXPECT(response(0) == 3 && response(1) == 6 && response(2) == 20);
}

/* The last tick that fits, the first that does not, and no time at all. */
static void full_sets(void)
{
	unsigned high = add(50, 100, 2), low = add(50, 150, 1);

	EXPECT(response(low) == 100);
	tasks[low].budget = 51;
	EXPECT(response(low) == 151);
	tasks[high].budget = 100;
	EXPECT(response(low) == RESPONSE_NONE);
	tasks[high].budget = 120;
	EXPECT(response(low) == RESPONSE_NONE);
}

static void equal_priorities_count(void)
{
	add(2, 10, 5), add(3, 20, 5);
	EXPECT(response(0) == 5 && response(1) == 5);
}

/* Two sections for each budget a period: here two of `high`, and its own. */
static void sections_count(void)
{
	add(3, 10, 2);
	EXPECT(task_response_time(tasks, 1, 0, 1) == 5);
	add(6, 30, 1);
	EXPECT(response(1) == 9);
	EXPECT(task_response_time(tasks, 2, 1, 1) == 8 + 2 * 5);
}

static void harts_count(void)
{
	unsigned a = add(3, 10, 2), b = add(6, 20, 1), any = add(1, 40, 0);

	tasks[b].harts = 2, tasks[any].harts = 3;
	EXPECT(response(a) == 3 && response(b) == 6);
	EXPECT(response(any) == 1 + 3 + 6); /* as if the two harts were one */
	tasks[any].priority = 3;
	EXPECT(response(a) == 4 && response(b) == 7);
	/* b waits for `any` while that works for a. */
	tasks[a].reach |= 1u << any, tasks[b].reach |= 1u << any;
	EXPECT(response(b) == 6 + 1 + 3);
}

/* The time of a caller is used at the priority of the server that it calls. */
static void lent_time_counts(void)
{
	unsigned client = add(5, 50, 1), server = add(1, 50, 3), between = add(2, 50, 2);

	EXPECT(response(between) == 3 && response(server) == 1);
	tasks[client].reach |= 1u << server;
	EXPECT(response(between) == 8 && response(server) == 6);
	/* The client's server has a low priority, but inherits a high one. */
	tasks[server].priority = 0, tasks[between].priority = 2;
	EXPECT(response(between) == 2);
	tasks[add(1, 50, 4)].reach |= 1u << server;
	EXPECT(response(between) == 2 + 5 + 1 + 1);
}

static void unlimited_is_found(void)
{
	unsigned high = add(5, 0, 2), low = add(1, 10, 1);

	tasks[high].is_limited = false;
	EXPECT(task_unlimited_delay(tasks, count, low) == (int)high);
	EXPECT(task_unlimited_delay(tasks, count, high) == -1);
	tasks[high].harts = 2;
	EXPECT(task_unlimited_delay(tasks, count, low) == -1);
	tasks[high].harts = 3, tasks[high].priority = 0;
	EXPECT(task_unlimited_delay(tasks, count, low) == -1);
	tasks[high].reach |= 1u << low;
	EXPECT(task_unlimited_delay(tasks, count, low) == (int)high);
}

/* ---- a critical instant --------------------------------------------------------- */

/* When has task i run for its budget, if all become ready at 0 and again each period, and i is the
 * last of its priority? */
static uint64_t simulate_critical_instant(unsigned i)
{
	uint64_t left[TASKS] = {0}, time = 0;

	for (left[i] = tasks[i].budget; left[i] != 0; time++) {
		unsigned best = i;

		for (unsigned k = 0; k < count; k++) {
			if (k != i && time % tasks[k].period == 0)
				left[k] += tasks[k].budget;
			if (k != i && left[k] != 0 && tasks[k].priority >= tasks[best].priority)
				best = k;
		}
		left[best]--;
	}
	return time;
}

static void agrees_with_critical_instant(void)
{
	unsigned compared = 0;

	for (unsigned round = 0; round < 5000; round++) {
		count = 0;
		for (unsigned n = 1 + below(TASKS); n > 0; n--) {
			uint64_t period = 2 + below(60);

			add(1 + below((unsigned)period / 2), period, below(4));
		}
		for (unsigned i = 0; i < count; i++) {
			if (response(i) == RESPONSE_NONE)
				continue;
			EXPECT(simulate_critical_instant(i) == response(i));
			compared++;
		}
	}
	EXPECT(compared > 8000);
}

/* ---- a model of the kernel ------------------------------------------------------ */

/*
 * Each task is a server with one thread, and has jobs. A job needs the own
 * thread, and from tick `from` to tick `to` that of the server it calls. Who
 * holds what others wait for inherits their priority; if its budget is used up,
 * the called server's own or that of one who waits is used. A budget is what
 * may be used in any period.
 */
static struct job {
	unsigned length, done, from, to; /* length 0: none */
	unsigned waits_for;		 /* the thread, or NOBODY */
	unsigned payer, hart;		 /* whose budget it goes on with and where, or NOBODY */
	uint32_t priority;
} jobs[TASKS];
static unsigned called[TASKS]; /* the server it uses, or itself */
static unsigned holder[TASKS]; /* whose job has the thread, or NOBODY */
static unsigned used[TASKS];   /* ticks in the last period */
static bool use[TASKS][TICKS];

static bool in_call(unsigned k)
{
	return called[k] != k && jobs[k].done >= jobs[k].from && jobs[k].done < jobs[k].to;
}

/* Take the threads that the job needs, or wait for one. */
static void take_threads(unsigned k)
{
	unsigned need = holder[k] != k ? k : called[k];

	jobs[k].waits_for = NOBODY;
	if (holder[k] == k && !in_call(k))
		return;
	if (holder[need] == NOBODY)
		holder[need] = k;
	if (holder[need] != k)
		jobs[k].waits_for = need;
	else if (need == k)
		take_threads(k);
}

static void set_priorities(void)
{
	for (unsigned k = 0; k < count; k++) {
		uint32_t server = in_call(k) ? tasks[called[k]].priority : 0;

		jobs[k].priority = tasks[k].priority > server ? tasks[k].priority : server;
	}
	for (unsigned n = 0; n < count; n++) {
		for (unsigned k = 0; k < count; k++) {
			struct job *held = &jobs[k];

			if (jobs[k].length == 0 || jobs[k].waits_for == NOBODY)
				continue;
			held = &jobs[holder[jobs[k].waits_for]];
			if (held->priority < jobs[k].priority)
				held->priority = jobs[k].priority;
		}
	}
}

/* Does w wait for k, directly or through others? */
static bool waits_for(unsigned w, unsigned k)
{
	while (jobs[w].length != 0 && jobs[w].waits_for != NOBODY) {
		w = holder[jobs[w].waits_for];
		if (w == k)
			return true;
	}
	return false;
}

static bool has_budget(unsigned k)
{
	return used[k] < tasks[k].budget;
}

/* Choose whose budget the job uses, and a hart where that may be used. */
static void choose_payer(unsigned k)
{
	struct job *job = &jobs[k];
	unsigned payer = NOBODY;

	if (job->length != 0 && job->waits_for == NOBODY) {
		if (has_budget(k))
			payer = k;
		else if (in_call(k) && has_budget(called[k]))
			payer = called[k];
		for (unsigned w = 0; w < count && payer == NOBODY; w++) {
			if (has_budget(w) && waits_for(w, k))
				payer = w;
		}
	}
	if (payer != NOBODY && payer != job->payer) {
		do
			job->hart = below(2);
		while ((tasks[payer].harts >> job->hart & 1) == 0);
	}
	job->payer = payer;
}

/* The job with the highest priority of those that can run on the hart; `last` is the last of its. */
static unsigned choose_job(unsigned hart, unsigned last)
{
	unsigned best = NOBODY;

	for (unsigned k = 0; k < count; k++) {
		if (jobs[k].payer == NOBODY || jobs[k].hart != hart)
			continue;
		if (best == NOBODY || jobs[k].priority > jobs[best].priority ||
		    (jobs[k].priority == jobs[best].priority && best == last))
			best = k;
	}
	return best;
}

static void run(unsigned k, unsigned now)
{
	struct job *job = &jobs[k];

	use[job->payer][now] = true;
	used[job->payer]++;
	job->done++;
	if (called[k] != k && holder[called[k]] == k && !in_call(k))
		holder[called[k]] = NOBODY;
	if (job->done == job->length) {
		holder[k] = NOBODY;
		job->length = 0;
	}
}

static void start_job(unsigned k, unsigned length)
{
	unsigned a = below(length + 1), b = below(length + 1);

	jobs[k] = (struct job){.length = length,
			       .from = a < b ? a : b,
			       .to = a < b ? b : a,
			       .waits_for = NOBODY,
			       .payer = NOBODY};
}

/* One tick, in which `watched` is unlucky. */
static void tick(unsigned now, unsigned watched)
{
	unsigned first = below(count);
	unsigned chosen[2];

	for (unsigned n = 0; n < count; n++) {
		if (jobs[(first + n) % count].length != 0)
			take_threads((first + n) % count);
	}
	set_priorities();
	for (unsigned k = 0; k < count; k++)
		choose_payer(k);
	for (unsigned hart = 0; hart < 2; hart++)
		chosen[hart] = choose_job(hart, watched);
	for (unsigned hart = 0; hart < 2; hart++) {
		if (chosen[hart] != NOBODY)
			run(chosen[hart], now);
	}
}

static void make_system(void)
{
	unsigned placed = below(3);

	count = 0;
	memset(jobs, 0, sizeof(jobs));
	memset(use, 0, sizeof(use));
	memset(used, 0, sizeof(used));
	for (unsigned n = 2 + below(TASKS - 1); n > 0; n--) {
		unsigned period = 6 + below(40);
		unsigned k = add(1 + below(period / 4), period, below(5));

		if (placed != 0)
			tasks[k].harts = placed == 1 ? 1 + below(3) : 1 + below(2);
		called[k] = below(2) == 0 ? k : below(k + 1);
		tasks[k].reach |= tasks[called[k]].reach;
		holder[k] = jobs[k].payer = jobs[k].waits_for = NOBODY;
	}
	/* One call within another is more than the model knows. */
	for (unsigned k = 0; k < count; k++) {
		if (called[called[k]] != called[k]) {
			called[k] = k;
			tasks[k].reach = 1u << k;
		}
	}
}

/* Jobs of the watched task start when it has its whole budget; returns how many were in time. */
static unsigned watch(unsigned watched)
{
	unsigned finished = 0, since = 0, own = 0;
	uint64_t bound = response(watched);
	bool waiting = false;

	for (unsigned now = 0; now < TICKS; now++) {
		for (unsigned k = 0; k < count; k++) {
			if (now >= tasks[k].period && use[k][now - tasks[k].period])
				used[k]--;
			if (jobs[k].length == 0 && k != watched && below(4) != 0)
				start_job(k, 1 + below((unsigned)tasks[k].budget + 3));
		}
		if (jobs[watched].length == 0 && used[watched] == 0 && below(4) == 0) {
			start_job(watched, (unsigned)tasks[watched].budget);
			since = now, own = 0, waiting = true;
		}
		tick(now, watched);
		own += use[watched][now];
		if (waiting && (jobs[watched].length == 0 || own == tasks[watched].budget)) {
			waiting = false;
			finished++;
		}
		EXPECT(!waiting || now + 1 - since < bound);
	}
	return finished;
}

static void model_keeps_bounds(void)
{
	unsigned finished = 0;

	for (unsigned round = 0; round < 4000; round++) {
		make_system();
		finished += watch(below(count));
	}
	EXPECT(finished > 20000);
}

int main(void)
{
	RUN(textbook_sets);
	RUN(full_sets);
	RUN(equal_priorities_count);
	RUN(sections_count);
	RUN(harts_count);
	RUN(lent_time_counts);
	RUN(unlimited_is_found);
	RUN(agrees_with_critical_instant);
	RUN(model_keeps_bounds);
	return check_summary();
}
