/* SPDX-License-Identifier: BSD-2-Clause */
/* What /proc shows of processes and threads. */
#include "servers/process/core.h"

#include <string.h>

char thread_state_letter(const struct thread *t)
{
	switch (t->core->phase) {
	case PHASE_STOPPED:
		return 'T';
	case PHASE_PARKED:
		return t->core->interruptible ? 'S' : 'D';
	default:
		return 'R';
	}
}

char process_state_letter(const struct process *p)
{
	char letter = 'Z';

	if (p->leader != NULL) {
		return thread_state_letter(p->leader);
	}
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		letter = thread_state_letter(t);
	}
	return letter;
}

void thread_usage(struct thread *t, struct usage *u)
{
	*u = t->core->usage;
	u->user += kthread_run_ticks(t->number);
}

void process_usage(struct process *p, struct usage *u)
{
	struct pager_space_statistics s;

	*u = p->usage;
	for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
		u->user += kthread_run_ticks(t->number);
		usage_add(u, &t->core->usage);
	}
	if (process_statistics(p, &s) >= 0) {
		u->minor_faults += s.minor_faults;
		u->major_faults += s.major_faults;
		u->peak_pages = s.peak_resident_pages > u->peak_pages ? s.peak_resident_pages
								      : u->peak_pages;
	}
}

int64_t process_statistics(struct process *p, struct pager_space_statistics *s)
{
	int64_t status;

	if (p->space == NULL) {
		return -STATUS_SRCH;
	}
	status = server_request(pager_cap, PAGER_SPACE_STATISTICS, 2, p->space->number, XFER_CORE,
				0, 0, 0, 0);
	if (status >= 0) {
		memcpy(s, pager_xfer + XFER_CORE, sizeof(*s));
	}
	return status;
}

int64_t process_regions(struct process *p, uint64_t address, struct pager_region *r, unsigned n)
{
	unsigned most = (PAGER_XFER_SIZE - XFER_CORE) / sizeof(*r);
	int64_t count;

	if (p->space == NULL) {
		return -STATUS_SRCH;
	}
	n = n < most ? n : most;
	count = server_request(pager_cap, PAGER_REGIONS, 4, p->space->number, address, XFER_CORE, n,
			       0, 0);
	if (count > (int64_t)n) {
		return -STATUS_IO;
	}
	if (count > 0) {
		memcpy(r, pager_xfer + XFER_CORE, (size_t)count * sizeof(*r));
	}
	return count;
}

void process_signal_masks(const struct process *p, struct signal_masks *m)
{
	const struct thread *t = p->leader != NULL ? p->leader : p->threads;

	memset(m, 0, sizeof(*m));
	m->shared_pending = p->signals->pending.set;
	if (t != NULL) {
		m->pending = t->core->pending.set;
		m->blocked = t->core->blocked;
	}
	for (int n = 1; n <= LINUX_SIGNAL_MAX; n++) {
		uint64_t handler = p->signals->handlers->action[n].handler;

		m->ignored |= handler == HANDLER_IGNORE ? SIGNAL_BIT(n) : 0;
		m->caught |= handler > HANDLER_IGNORE ? SIGNAL_BIT(n) : 0;
	}
}

void task_count(struct task_counts *c)
{
	memset(c, 0, sizeof(*c));
	c->forks = fork_count;
	c->last_pid = last_pid;
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		c->processes++;
		c->threads += p->thread_count;
		for (struct thread *t = p->threads; t != NULL; t = t->process_next) {
			c->running += t->core->phase == PHASE_USER || t->core->phase == PHASE_CALL;
		}
	}
}
