/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits, resource usage, scheduling parameters. */
#include "servers/process/core.h"

#include <string.h>

#include "servers/lib/startup.h"

#define FILES_SOFT 1024
#define FILES_HARD 4096
#define STACK_SOFT (8ull << 20)
#define LOCK_BYTES (8ull << 20)

enum usage_who { WHO_SELF = 0, WHO_CHILDREN = -1, WHO_THREAD = 1 };
enum priority_which { WHICH_PROCESS = 0, WHICH_GROUP = 1, WHICH_USER = 2 };
enum policy { POLICY_OTHER = 0, POLICY_FIFO = 1, POLICY_RR = 2, POLICY_BATCH = 3, POLICY_IDLE = 5 };
#define POLICY_RESET_ON_FORK 0x40000000

/* pid 1's limits; all others inherit them. */
void limits_start(struct limit limits[LINUX_RLIMITS])
{
	for (unsigned i = 0; i < LINUX_RLIMITS; i++) {
		limits[i] = (struct limit){LINUX_RLIM_INFINITY, LINUX_RLIM_INFINITY};
	}
	limits[LINUX_RLIMIT_STACK].soft = STACK_SOFT;
	limits[LINUX_RLIMIT_CORE].soft = 0;
	limits[LINUX_RLIMIT_NPROC] = (struct limit){THREAD_LIMIT, THREAD_LIMIT};
	limits[LINUX_RLIMIT_NOFILE] = (struct limit){FILES_SOFT, FILES_HARD};
	limits[LINUX_RLIMIT_MEMLOCK] = (struct limit){LOCK_BYTES, LOCK_BYTES};
	limits[LINUX_RLIMIT_SIGPENDING] = (struct limit){1024, 1024};
	limits[LINUX_RLIMIT_MSGQUEUE] = (struct limit){819200, 819200};
	limits[LINUX_RLIMIT_NICE] = (struct limit){0, 0};
	limits[LINUX_RLIMIT_RTPRIO] = (struct limit){0, 0};
}

/* Read (old != 0) and set (new != 0) a limit of p. */
static int64_t limit_change(struct thread *t, struct process *p, uint64_t resource, uint64_t new,
			    uint64_t old)
{
	struct limit wanted, before;

	if (resource >= LINUX_RLIMITS) {
		return -STATUS_INVAL;
	}
	if (new != 0 && copy_in(t, &wanted, new, sizeof(wanted)) < 0) {
		return -STATUS_FAULT;
	}
	before = p->limits[resource];
	if (new != 0) {
		if (wanted.soft > wanted.hard) {
			return -STATUS_INVAL;
		}
		if (wanted.hard > before.hard && t->process->credentials.euid != 0) {
			return -STATUS_PERM;
		}
		if (resource == LINUX_RLIMIT_NOFILE && wanted.hard > FILES_HARD) {
			return -STATUS_PERM;
		}
		p->limits[resource] = wanted;
		if (resource == LINUX_RLIMIT_STACK && p == t->process) {
			exec_stack_resize(p, wanted.soft);
		}
	}
	return old != 0 ? copy_out(t, old, &before, sizeof(before)) : 0;
}

int64_t sys_prlimit64(struct thread *t, const uint64_t args[6])
{
	struct process *p = args[0] == 0 ? t->process : process_find((int32_t)args[0]);

	if (p == NULL) {
		return -STATUS_SRCH;
	}
	if (p != t->process && !process_may_signal(t->process, p)) {
		return -STATUS_PERM;
	}
	return limit_change(t, p, args[1], args[2], args[3]);
}

int64_t sys_getrlimit(struct thread *t, const uint64_t args[6])
{
	return args[1] == 0 ? -STATUS_FAULT : limit_change(t, t->process, args[0], 0, args[1]);
}

int64_t sys_setrlimit(struct thread *t, const uint64_t args[6])
{
	return args[1] == 0 ? -STATUS_FAULT : limit_change(t, t->process, args[0], args[1], 0);
}

int64_t sys_getrusage(struct thread *t, const uint64_t args[6])
{
	struct usage u;
	int64_t rusage[16];

	switch ((int32_t)args[0]) {
	case WHO_SELF:
		process_usage(t->process, &u);
		break;
	case WHO_CHILDREN:
		u = t->process->children_usage;
		break;
	case WHO_THREAD:
		thread_usage(t, &u);
		break;
	default:
		return -STATUS_INVAL;
	}
	usage_fill(&u, rusage);
	return copy_out(t, args[1], rusage, sizeof(rusage));
}

/* ---- nice values ---- */

static bool priority_matches(const struct process *p, int which, int32_t who)
{
	return which == WHICH_PROCESS ? p->pid == who
	       : which == WHICH_GROUP ? p->pgid == who
				      : p->credentials.uid == (uint32_t)who;
}

static int32_t priority_who(const struct thread *t, int which, int32_t who)
{
	if (who != 0) {
		return who;
	}
	return which == WHICH_PROCESS ? t->process->pid
	       : which == WHICH_GROUP ? t->process->pgid
				      : (int32_t)t->process->credentials.uid;
}

int64_t sys_getpriority(struct thread *t, const uint64_t args[6])
{
	int which = (int)args[0];
	int64_t best = -STATUS_SRCH;

	if (which < WHICH_PROCESS || which > WHICH_USER) {
		return -STATUS_INVAL;
	}
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (priority_matches(p, which, priority_who(t, which, (int32_t)args[1])) &&
		    20 - p->core->nice > best) {
			best = 20 - p->core->nice;
		}
	}
	return best;
}

int64_t sys_setpriority(struct thread *t, const uint64_t args[6])
{
	int which = (int)args[0];
	int32_t nice = (int32_t)args[2];
	int64_t status = -STATUS_SRCH;

	if (which < WHICH_PROCESS || which > WHICH_USER) {
		return -STATUS_INVAL;
	}
	nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (!priority_matches(p, which, priority_who(t, which, (int32_t)args[1]))) {
			continue;
		}
		if (!process_may_signal(t->process, p)) {
			status = -STATUS_PERM;
		} else if (nice < p->core->nice && t->process->credentials.euid != 0) {
			status = -STATUS_ACCES;
		} else {
			p->core->nice = nice;
			status = status == -STATUS_SRCH ? 0 : status;
		}
	}
	return status;
}

/* ---- scheduling: one policy, any hart ---- */

static struct thread *sched_thread(struct thread *t, uint64_t tid)
{
	return tid == 0 ? t : thread_find((int32_t)tid);
}

int64_t sys_sched_getscheduler(struct thread *t, const uint64_t args[6])
{
	return (int32_t)args[0] < 0		  ? -STATUS_INVAL
	       : sched_thread(t, args[0]) == NULL ? -STATUS_SRCH
						  : POLICY_OTHER;
}

int64_t sys_sched_setscheduler(struct thread *t, const uint64_t args[6])
{
	int32_t priority;
	int policy = (int)args[1] & ~POLICY_RESET_ON_FORK;

	if ((int32_t)args[0] < 0 || args[2] == 0) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, &priority, args[2], sizeof(priority)) < 0) {
		return -STATUS_FAULT;
	}
	if (sched_thread(t, args[0]) == NULL) {
		return -STATUS_SRCH;
	}
	if (policy == POLICY_FIFO || policy == POLICY_RR) {
		return priority < 1 || priority > 99 ? -STATUS_INVAL : -STATUS_PERM;
	}
	if (policy != POLICY_OTHER && policy != POLICY_BATCH && policy != POLICY_IDLE) {
		return -STATUS_INVAL;
	}
	return priority != 0 ? -STATUS_INVAL : 0;
}

int64_t sys_sched_getparam(struct thread *t, const uint64_t args[6])
{
	static const int32_t priority;

	if ((int32_t)args[0] < 0 || args[1] == 0) {
		return -STATUS_INVAL;
	}
	return sched_thread(t, args[0]) == NULL ? -STATUS_SRCH
						: copy_out(t, args[1], &priority, sizeof(priority));
}

int64_t sys_sched_setparam(struct thread *t, const uint64_t args[6])
{
	int32_t priority;

	if ((int32_t)args[0] < 0 || args[1] == 0) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, &priority, args[1], sizeof(priority)) < 0) {
		return -STATUS_FAULT;
	}
	if (sched_thread(t, args[0]) == NULL) {
		return -STATUS_SRCH;
	}
	return priority != 0 ? -STATUS_INVAL : 0;
}

int64_t sys_sched_get_priority_max(struct thread *t, const uint64_t args[6])
{
	int policy = (int)args[0];

	(void)t;
	if (policy == POLICY_FIFO || policy == POLICY_RR) {
		return 99;
	}
	return policy == POLICY_OTHER || policy == POLICY_BATCH || policy == POLICY_IDLE
		       ? 0
		       : -STATUS_INVAL;
}

int64_t sys_sched_get_priority_min(struct thread *t, const uint64_t args[6])
{
	int64_t most = sys_sched_get_priority_max(t, args);

	return most == 99 ? 1 : most;
}

int64_t sys_sched_rr_get_interval(struct thread *t, const uint64_t args[6])
{
	if ((int32_t)args[0] < 0) {
		return -STATUS_INVAL;
	}
	return sched_thread(t, args[0]) == NULL
		       ? -STATUS_SRCH
		       : time_copy_out(t, args[1], false, SLICE_MS * 1000000ll);
}

static uint64_t all_harts(void)
{
	return (1ull << startup()->hart_count) - 1;
}

int64_t sys_sched_getaffinity(struct thread *t, const uint64_t args[6])
{
	struct thread *of = sched_thread(t, args[0]);
	uint64_t mask;

	if ((uint32_t)args[1] < sizeof(mask) || (uint32_t)args[1] % sizeof(mask) != 0) {
		return -STATUS_INVAL;
	}
	if (of == NULL) {
		return -STATUS_SRCH;
	}
	mask = of->core->harts != 0 ? of->core->harts : all_harts();
	if (copy_out(t, args[2], &mask, sizeof(mask)) < 0) {
		return -STATUS_FAULT;
	}
	return sizeof(mask);
}

int64_t sys_sched_setaffinity(struct thread *t, const uint64_t args[6])
{
	struct thread *of = sched_thread(t, args[0]);
	uint64_t mask = 0;
	size_t size = (uint32_t)args[1] < sizeof(mask) ? (uint32_t)args[1] : sizeof(mask);

	if (copy_in(t, &mask, args[2], size) < 0) {
		return -STATUS_FAULT;
	}
	if (of == NULL) {
		return -STATUS_SRCH;
	}
	if (!process_may_signal(t->process, of->process)) {
		return -STATUS_PERM;
	}
	mask &= all_harts();
	if (mask == 0) {
		return -STATUS_INVAL;
	}
	of->core->harts = mask == all_harts() ? 0 : mask;
	kthread_set_harts(of->number, of->core->harts);
	return 0;
}
