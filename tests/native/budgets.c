/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a server have the time that the system file states? One program, four
 * servers (budgets.system): each looks at its scheduling context and measures,
 * then keeps its hart busy as long as it may.
 *
 *   limited  uses 2 of 20 ms, and no more
 *   prompt   below it, is done with its budget before the deadline that was admitted
 *   placed   runs on hart 1 only
 *   plain    has a slice, and gets the rest; waits for the others and ends the test
 *
 * Fails if root configures another budget, period, priority or hart than
 * stated, or a budget where none is; if the kernel gives more time than the
 * budget, or if the response is later than sysc said.
 *
 * Time is measured on one hart only: where the emulator counts instructions,
 * all harts share its time.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

/* Words of SCHED_INFO. */
enum { PRIORITY, CEILING, BUDGET, PERIOD, USED };

static uint64_t us(uint64_t n)
{
	return n * startup()->timebase_hz / 1000000;
}

static uint64_t sched_info(unsigned word)
{
	struct message m = {0};

	return invoke(SLOT_SCHED_CONTEXT, SCHED_INFO, 0, &m) == ERR_OK ? m.words[word] : ~0ull;
}

static bool is_configured(uint64_t priority, uint64_t budget, uint64_t period)
{
	return sched_info(PRIORITY) == priority && sched_info(CEILING) == priority &&
	       sched_info(BUDGET) == us(budget) && sched_info(PERIOD) == us(period);
}

/* What it uses of ten periods, one more or less at the ends. */
static const char *limited(void)
{
	uint64_t before, from = time_ticks();

	if (!is_configured(100, 2000, 20000))
		return "its context is another";
	if (startup()->hart_count > 1)
		return NULL;
	before = sched_info(USED);
	while (time_ticks() - from < us(200000))
		continue;
	before = sched_info(USED) - before;
	return before > us(18000) && before < us(22500) ? NULL : "it used more or less time";
}

/* From when it was to wake until nearly all its budget is used, at different times of `limited`. */
static const char *prompt(void)
{
	cap_t timer = object_create(OBJECT_NOTIFICATION, 0);
	uint64_t longest = 0, bits;

	if (!is_configured(50, 5000, 50000))
		return "its context is another";
	if (startup()->hart_count > 1)
		return NULL;
	for (unsigned i = 0; i < 6; i++) {
		uint64_t from = time_ticks() + us(60000 + 3000 * i), before, took;

		if (invoke5(timer, NOTIFICATION_SET_TIMER, from, 0, 0, 0, 0) != ERR_OK ||
		    notification_wait(timer, &bits) != ERR_OK)
			return "it cannot wait";
		before = sched_info(USED);
		while (sched_info(USED) - before < us(4900))
			continue;
		took = time_ticks() - from;
		longest = took > longest ? took : longest;
	}
	log_print("budgets: longest response %lu us\n", longest * 1000000 / startup()->timebase_hz);
	if (longest < us(6900))
		return "it met nobody of higher priority";
	return longest <= us(9000) ? NULL : "it was late";
}

/* Hart 0 is often idle. */
static const char *placed(void)
{
	if (!is_configured(20, 10000, 0))
		return "its context is another";
	for (unsigned i = 0; i < 100000; i++) {
		struct message m = {0};

		if (invoke(SLOT_THREAD, THREAD_INFO, 0, &m) != ERR_OK || m.words[3] != 1)
			return "it runs on another hart";
	}
	return NULL;
}

static const char *plain(void)
{
	return is_configured(10, 5000, 0) ? NULL : "its context is another";
}

static const struct {
	const char *name;
	const char *(*run)(void);
} tests[] = {{"limited", limited}, {"prompt", prompt}, {"placed", placed}, {"plain", plain}};

#define TESTS (sizeof(tests) / sizeof(tests[0]))

int main(void)
{
	volatile bool *finished = (volatile bool *)startup_region("results")->address;

	for (unsigned i = 0; i < TESTS; i++) {
		const char *reason;

		if (strcmp(program_name(), tests[i].name) != 0)
			continue;
		reason = tests[i].run();
		log_print("%s %s %s\n", reason == NULL ? "PASS" : "FAIL", tests[i].name,
			  reason == NULL ? "" : reason);
		finished[i] = true;
	}
	while (startup_cap("system") == 0)
		continue;
	for (unsigned i = 0; i < TESTS; i++) {
		bool is_there = strcmp(tests[i].name, "placed") != 0 || startup()->hart_count > 1;

		while (is_there && !finished[i])
			thread_yield();
	}
	log_print("DONE\n");
	invoke5(startup_cap("system"), SYSTEM_RESET, 0, 0, 0, 0, 0);
	fatal("budgets: the machine does not power off\n");
}
