/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interval timers: setitimer's three and POSIX timers.
 *
 * A timer on a CPU clock is a real-time timer that looks again: the CPU time
 * still to go cannot pass faster than real time on all harts, so it is set
 * that far ahead, and set again when it finds time left.
 */
#include "servers/process/core.h"

#include <stdlib.h>
#include <string.h>

#include "servers/lib/startup.h"

#define TIMERS_MAX 64
#define TIMER_ABSTIME 1
#define ITIMERS 3

enum notify { NOTIFY_SIGNAL = 0, NOTIFY_NONE = 1, NOTIFY_THREAD = 2, NOTIFY_THREAD_ID = 4 };

struct posix_timer {
	struct timer timer; /* first member */
	struct posix_timer *next;
	struct process *process;
	int32_t id; /* below 0: setitimer's number - ITIMERS */
	int clock;  /* LINUX_CLOCK_REALTIME, MONOTONIC or PROCESS */
	int notify, signal;
	int32_t tid;
	uint64_t value;
	uint64_t interval; /* ticks of the clock, 0: once */
	uint64_t expiry;   /* clock's ticks when it ends next; 0: not armed */
	int32_t overrun;
};

static const struct {
	int clock, signal;
} kinds[ITIMERS] = {
	{LINUX_CLOCK_MONOTONIC, LINUX_SIGALRM},
	{LINUX_CLOCK_PROCESS, LINUX_SIGVTALRM},
	{LINUX_CLOCK_PROCESS, LINUX_SIGPROF},
};

static uint64_t clock_ticks_now(const struct posix_timer *p)
{
	struct usage u;

	if (p->clock != LINUX_CLOCK_PROCESS) {
		return time_now();
	}
	process_usage(p->process, &u);
	return u.user + u.system;
}

static void notify(struct posix_timer *p)
{
	struct signal_info info = {.number = p->signal, .code = CODE_TIMER};
	struct thread *to = p->notify == NOTIFY_THREAD_ID ? thread_find(p->tid) : NULL;

	if (p->notify == NOTIFY_NONE) {
		return;
	}
	if (p->id < 0) {
		info.code = CODE_KERNEL;
	} else {
		info.timer.id = p->id;
		info.timer.overrun = p->overrun;
		info.timer.value = p->value;
	}
	if (to != NULL && to->process == p->process) {
		signal_send_thread(to, p->signal, &info);
	} else if (p->notify != NOTIFY_THREAD_ID) {
		signal_send_process(p->process, p->signal, &info);
	}
}

/* Set the underlying timer for what is left until p->expiry. */
static void schedule(struct posix_timer *p, uint64_t now)
{
	uint64_t left = p->expiry > now ? p->expiry - now : 0;

	if (p->clock == LINUX_CLOCK_PROCESS) {
		uint32_t harts = startup()->hart_count;

		left = left / (harts > 0 ? harts : 1) + 1;
	}
	timer_set(&p->timer, time_now() + left);
}

static void expire(struct timer *timer)
{
	struct posix_timer *p = (struct posix_timer *)timer;
	uint64_t now = clock_ticks_now(p);

	if (now < p->expiry) {
		schedule(p, now);
		return;
	}
	p->overrun = 0;
	if (p->interval != 0) {
		uint64_t missed = (now - p->expiry) / p->interval;

		p->overrun = missed < INT32_MAX ? (int32_t)missed : INT32_MAX;
		p->expiry += (missed + 1) * p->interval;
		schedule(p, now);
	} else {
		p->expiry = 0;
	}
	notify(p);
}

static struct posix_timer *find(struct process *process, int32_t id)
{
	for (struct posix_timer *p = process->core->timers; p != NULL; p = p->next) {
		if (p->id == id) {
			return p;
		}
	}
	return NULL;
}

static struct posix_timer *create(struct process *process, int32_t id, int clock)
{
	struct posix_timer *p = calloc(1, sizeof(*p));

	if (p != NULL) {
		p->process = process;
		p->id = id;
		p->clock = clock;
		p->timer.fire = expire;
		p->next = process->core->timers;
		process->core->timers = p;
	}
	return p;
}

/* Remove the process's timers with ids from `least` on. */
static void remove_from(struct process *process, int32_t least)
{
	struct posix_timer **i = &process->core->timers;

	while (*i != NULL) {
		struct posix_timer *p = *i;

		if (p->id >= least) {
			*i = p->next;
			timer_cancel(&p->timer);
			free(p);
		} else {
			i = &p->next;
		}
	}
}

/* The process ends. */
void itimer_release(struct process *p)
{
	remove_from(p, INT32_MIN);
}

/* execve keeps setitimer's timers only. */
void itimer_exec(struct process *p)
{
	remove_from(p, 0);
}

/* What is left and the interval, in nanoseconds. */
static void describe(const struct posix_timer *p, int64_t *left, int64_t *interval)
{
	uint64_t now;

	*left = 0;
	*interval = 0;
	if (p == NULL) {
		return;
	}
	*interval = (int64_t)time_ns(p->interval);
	if (p->expiry != 0) {
		now = clock_ticks_now(p);
		*left = p->expiry > now ? (int64_t)time_ns(p->expiry - now) : 1;
	}
}

/* Arm for `ns` from now (0: disarm). */
static void arm(struct posix_timer *p, int64_t ns, int64_t interval)
{
	uint64_t now = clock_ticks_now(p);

	timer_cancel(&p->timer);
	p->overrun = 0;
	p->interval = time_ticks_of((uint64_t)interval);
	p->expiry = 0;
	if (ns > 0) {
		uint64_t ticks = time_ticks_of((uint64_t)ns);

		p->expiry = ticks < INT64_MAX - now ? now + ticks : INT64_MAX;
		schedule(p, now);
	}
}

/* ---- setitimer ---- */

/* Write struct itimerval (micro) or itimerspec. */
static int64_t setting_copy_out(struct thread *t, uint64_t user, bool micro, int64_t left,
				int64_t interval)
{
	if (micro && left > 0 && left < 1000) {
		left = 1000;
	}
	if (time_copy_out(t, user, micro, interval) < 0 ||
	    time_copy_out(t, user + 16, micro, left) < 0) {
		return -STATUS_FAULT;
	}
	return 0;
}

int64_t sys_getitimer(struct thread *t, const uint64_t args[6])
{
	int64_t left, interval;

	if (args[0] >= ITIMERS) {
		return -STATUS_INVAL;
	}
	describe(find(t->process, (int32_t)args[0] - ITIMERS), &left, &interval);
	return setting_copy_out(t, args[1], true, left, interval);
}

int64_t sys_setitimer(struct thread *t, const uint64_t args[6])
{
	struct posix_timer *p;
	int64_t left, interval, value = 0, repeat = 0, status = 0;

	if (args[0] >= ITIMERS) {
		return -STATUS_INVAL;
	}
	if (args[1] != 0) {
		status = time_copy_in(t, args[1], true, &repeat);
		if (status == 0) {
			status = time_copy_in(t, args[1] + 16, true, &value);
		}
	}
	if (status < 0) {
		return status;
	}
	p = find(t->process, (int32_t)args[0] - ITIMERS);
	describe(p, &left, &interval);
	if (p == NULL) {
		p = create(t->process, (int32_t)args[0] - ITIMERS, kinds[args[0]].clock);
		if (p == NULL) {
			return -STATUS_NOMEM;
		}
		p->signal = kinds[args[0]].signal;
	}
	arm(p, value, repeat);
	return args[2] != 0 ? setting_copy_out(t, args[2], true, left, interval) : 0;
}

/* ---- POSIX timers ---- */

static int64_t event_copy_in(struct thread *t, uint64_t user, struct posix_timer *p)
{
	struct {
		uint64_t value;
		int32_t signal, notify, tid;
	} event;

	p->notify = NOTIFY_SIGNAL;
	p->signal = LINUX_SIGALRM;
	p->value = (uint64_t)p->id;
	if (user == 0) {
		return 0;
	}
	if (copy_in(t, &event, user, 20) < 0) {
		return -STATUS_FAULT;
	}
	p->notify = event.notify;
	p->signal = event.signal;
	p->value = event.value;
	p->tid = event.tid;
	if (event.notify == NOTIFY_THREAD_ID) {
		struct thread *to = thread_find(event.tid);

		if (to == NULL || to->process != t->process) {
			return -STATUS_INVAL;
		}
	} else if (event.notify != NOTIFY_SIGNAL && event.notify != NOTIFY_NONE &&
		   event.notify != NOTIFY_THREAD) {
		return -STATUS_INVAL;
	}
	return event.notify != NOTIFY_NONE && (event.signal < 1 || event.signal > LINUX_SIGNAL_MAX)
		       ? -STATUS_INVAL
		       : 0;
}

int64_t sys_timer_create(struct thread *t, const uint64_t args[6])
{
	int clock = (int)args[0];
	struct posix_timer *p;
	int32_t id = 0;
	int64_t ns, status;

	if (clock == LINUX_CLOCK_THREAD) {
		clock = LINUX_CLOCK_PROCESS;
	} else if (clock != LINUX_CLOCK_PROCESS) {
		status = time_clock_ns(clock, &ns);
		if (status < 0) {
			return status;
		}
		clock = clock == LINUX_CLOCK_REALTIME ? clock : LINUX_CLOCK_MONOTONIC;
	}
	while (id < TIMERS_MAX && find(t->process, id) != NULL) {
		id++;
	}
	p = id < TIMERS_MAX ? create(t->process, id, clock) : NULL;
	if (p == NULL) {
		return -STATUS_AGAIN;
	}
	status = event_copy_in(t, args[1], p);
	if (status == 0) {
		status = copy_out(t, args[2], &p->id, 4);
	}
	if (status < 0) {
		t->process->core->timers = p->next;
		free(p);
	}
	return status;
}

/* The timer that an id names, for setting and so on; NULL: none. */
static struct posix_timer *posix_find(struct thread *t, uint64_t id)
{
	return (int32_t)id < 0 ? NULL : find(t->process, (int32_t)id);
}

int64_t sys_timer_settime(struct thread *t, const uint64_t args[6])
{
	struct posix_timer *p = posix_find(t, args[0]);
	int64_t value, repeat, left, interval, now, status;

	if (args[2] == 0) {
		return -STATUS_INVAL;
	}
	status = time_copy_in(t, args[2], false, &repeat);
	if (status == 0) {
		status = time_copy_in(t, args[2] + 16, false, &value);
	}
	if (status < 0) {
		return status;
	}
	if (p == NULL) {
		return -STATUS_INVAL;
	}
	describe(p, &left, &interval);
	if ((args[1] & TIMER_ABSTIME) != 0 && value != 0) {
		if (p->clock == LINUX_CLOCK_PROCESS) {
			now = process_cpu_ns(t->process);
		} else {
			time_clock_ns(p->clock, &now);
		}
		value = value > now ? value - now : 1;
	}
	arm(p, value, repeat);
	return args[3] != 0 ? setting_copy_out(t, args[3], false, left, interval) : 0;
}

int64_t sys_timer_gettime(struct thread *t, const uint64_t args[6])
{
	struct posix_timer *p = posix_find(t, args[0]);
	int64_t left, interval;

	if (p == NULL) {
		return -STATUS_INVAL;
	}
	describe(p, &left, &interval);
	return setting_copy_out(t, args[1], false, left, interval);
}

int64_t sys_timer_getoverrun(struct thread *t, const uint64_t args[6])
{
	struct posix_timer *p = posix_find(t, args[0]);

	return p == NULL ? -STATUS_INVAL : p->overrun;
}

int64_t sys_timer_delete(struct thread *t, const uint64_t args[6])
{
	struct posix_timer *p = posix_find(t, args[0]), **i;

	if (p == NULL) {
		return -STATUS_INVAL;
	}
	for (i = &t->process->core->timers; *i != p; i = &(*i)->next) {
	}
	*i = p->next;
	timer_cancel(&p->timer);
	free(p);
	return 0;
}
