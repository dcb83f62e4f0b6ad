/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls about clocks and sleeping. */
#include "servers/process/core.h"

#include <string.h>

#define NS 1000000000ll
#define TIMER_ABSTIME 1
#define COARSE_NS 4000000
#define TICKS_PER_SECOND 100 /* of times(2) and /proc */

/* CPU time of a thread or process so far, in nanoseconds. */
static int64_t thread_cpu_ns(struct thread *t)
{
	struct usage u;

	thread_usage(t, &u);
	return (int64_t)time_ns(u.user + u.system);
}

int64_t process_cpu_ns(struct process *p)
{
	struct usage u;

	process_usage(p, &u);
	return (int64_t)time_ns(u.user + u.system);
}

/* Any clock as `t` sees it; a negative number names the CPU clock of a process or thread. */
static int64_t clock_read(struct thread *t, int clock, int64_t *ns)
{
	if (clock == LINUX_CLOCK_PROCESS) {
		*ns = process_cpu_ns(t->process);
		return 0;
	}
	if (clock == LINUX_CLOCK_THREAD) {
		*ns = thread_cpu_ns(t);
		return 0;
	}
	if (clock < 0) {
		int32_t id = ~(clock >> 3);

		if ((clock & 4) != 0) {
			struct thread *of = id == 0 ? t : thread_find(id);

			if (of == NULL || of->process != t->process) {
				return -STATUS_INVAL;
			}
			*ns = thread_cpu_ns(of);
		} else {
			struct process *of = id == 0 ? t->process : process_find(id);

			if (of == NULL) {
				return -STATUS_INVAL;
			}
			*ns = process_cpu_ns(of);
		}
		return 0;
	}
	return time_clock_ns(clock, ns);
}

int64_t sys_clock_gettime(struct thread *t, const uint64_t args[6])
{
	int64_t ns, status = clock_read(t, (int)args[0], &ns);

	return status < 0 ? status : time_copy_out(t, args[1], false, ns);
}

int64_t sys_clock_getres(struct thread *t, const uint64_t args[6])
{
	int clock = (int)args[0];
	int64_t ns, status = clock_read(t, clock, &ns);

	if (status < 0 || args[1] == 0) {
		return status;
	}
	ns = clock == LINUX_CLOCK_REALTIME_COARSE || clock == LINUX_CLOCK_MONOTONIC_COARSE
		     ? COARSE_NS
		     : 1;
	return time_copy_out(t, args[1], false, ns);
}

int64_t sys_clock_settime(struct thread *t, const uint64_t args[6])
{
	int64_t ns, status;

	if ((int)args[0] != LINUX_CLOCK_REALTIME) {
		return -STATUS_INVAL;
	}
	if (args[1] == 0) {
		return -STATUS_FAULT;
	}
	status = time_copy_in(t, args[1], false, &ns);
	if (status < 0) {
		return status;
	}
	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	time_set_realtime(ns);
	return 0;
}

int64_t sys_gettimeofday(struct thread *t, const uint64_t args[6])
{
	static const int32_t zone[2];

	if (args[0] != 0 && time_copy_out(t, args[0], true, time_realtime_ns()) < 0) {
		return -STATUS_FAULT;
	}
	return args[1] != 0 ? copy_out(t, args[1], zone, sizeof(zone)) : 0;
}

int64_t sys_settimeofday(struct thread *t, const uint64_t args[6])
{
	int64_t ns, status;

	if (args[0] == 0) {
		return 0; /* a time zone: there is none to set */
	}
	status = time_copy_in(t, args[0], true, &ns);
	if (status < 0) {
		return status;
	}
	if (t->process->credentials.euid != 0) {
		return -STATUS_PERM;
	}
	time_set_realtime(ns);
	return 0;
}

static int64_t clock_ticks(uint64_t ticks)
{
	return (int64_t)(time_ns(ticks) / (NS / TICKS_PER_SECOND));
}

int64_t sys_times(struct thread *t, const uint64_t args[6])
{
	struct usage u;
	int64_t out[4];

	if (args[0] != 0) {
		process_usage(t->process, &u);
		out[0] = clock_ticks(u.user);
		out[1] = clock_ticks(u.system);
		out[2] = clock_ticks(t->process->children_usage.user);
		out[3] = clock_ticks(t->process->children_usage.system);
		if (copy_out(t, args[0], out, sizeof(out)) < 0) {
			return -STATUS_FAULT;
		}
	}
	return clock_ticks(time_now());
}

/* ---- sleeping; park_words: 0 deadline, 1 where the remaining time goes, 2 absolute ---- */

static int64_t sleep_resume(struct thread *t, enum wake why);

static int64_t sleep_restart(struct thread *t, enum wake why)
{
	(void)why;
	return park(t, sleep_resume, t->park_words[0], true);
}

static int64_t sleep_resume(struct thread *t, enum wake why)
{
	uint64_t now = time_now(), deadline = t->park_words[0];

	switch (why) {
	case WAKE_TIMEOUT:
		return 0;
	case WAKE_EVENT:
		return sleep_restart(t, why);
	default:
		break;
	}
	if (t->park_words[2] != 0) {
		return CALL_RESTART_NO_HANDLER;
	}
	if (t->park_words[1] != 0 && why == WAKE_SIGNAL &&
	    time_copy_out(t, t->park_words[1], false,
			  deadline > now ? (int64_t)time_ns(deadline - now) : 0) < 0) {
		return -STATUS_FAULT;
	}
	t->core->restart = sleep_restart;
	return CALL_RESTART_BLOCK;
}

static int64_t sleep_start(struct thread *t, int64_t ns, uint64_t remaining, bool absolute)
{
	t->park_words[0] = time_deadline(ns);
	t->park_words[1] = remaining;
	t->park_words[2] = absolute;
	return ns <= 0 ? 0 : park(t, sleep_resume, t->park_words[0], true);
}

int64_t sys_nanosleep(struct thread *t, const uint64_t args[6])
{
	int64_t ns, status = time_copy_in(t, args[0], false, &ns);

	if (args[0] == 0) {
		return -STATUS_FAULT;
	}
	return status < 0 ? status : sleep_start(t, ns, args[1], false);
}

int64_t sys_clock_nanosleep(struct thread *t, const uint64_t args[6])
{
	int clock = (int)args[0];
	int64_t ns, now, status;

	if (clock == LINUX_CLOCK_THREAD || clock < 0) {
		return -STATUS_INVAL;
	}
	if (clock == LINUX_CLOCK_PROCESS || clock == LINUX_CLOCK_MONOTONIC_RAW ||
	    clock == LINUX_CLOCK_REALTIME_COARSE || clock == LINUX_CLOCK_MONOTONIC_COARSE) {
		return -STATUS_OPNOTSUPP;
	}
	status = time_clock_ns(clock, &now);
	if (status < 0) {
		return status;
	}
	if (args[2] == 0) {
		return -STATUS_FAULT;
	}
	status = time_copy_in(t, args[2], false, &ns);
	if (status < 0) {
		return status;
	}
	if ((args[1] & TIMER_ABSTIME) != 0) {
		return sleep_start(t, ns > now ? ns - now : 0, 0, true);
	}
	return sleep_start(t, ns, args[3], false);
}

int64_t sys_sched_yield(struct thread *t, const uint64_t args[6])
{
	(void)t;
	(void)args;
	return 0;
}
