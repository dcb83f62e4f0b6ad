/* SPDX-License-Identifier: BSD-2-Clause */
/* Process groups and sessions, for job control. */
#include "servers/process/core.h"

bool group_in_session(int32_t pgid, const struct session *s)
{
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid == pgid && p->session == s) {
			return true;
		}
	}
	return false;
}

/* POSIX: no member has a parent that is in another group of the same session. */
bool group_is_orphaned(int32_t pgid)
{
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid != pgid || p->state != PROCESS_ALIVE || p->parent == NULL ||
		    p->parent == init_process) {
			continue;
		}
		if (p->parent->pgid != pgid && p->parent->session == p->session) {
			return false;
		}
	}
	return true;
}

static bool group_has_stopped(int32_t pgid)
{
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid == pgid && p->state == PROCESS_ALIVE && p->stopped) {
			return true;
		}
	}
	return false;
}

/* `leaving` was what connected p's group to its session: if that is now orphaned with stopped
 * members, nobody could continue them: SIGHUP and SIGCONT. */
void group_check_orphan(const struct process *p, const struct process *connection)
{
	if (connection == NULL || connection->pgid == p->pgid ||
	    connection->session != p->session || !group_is_orphaned(p->pgid) ||
	    !group_has_stopped(p->pgid)) {
		return;
	}
	signal_send_group(p->pgid, LINUX_SIGHUP);
	signal_send_group(p->pgid, LINUX_SIGCONT);
}

/* The process that a pid argument means: 0 = the caller; NULL: there is none. */
static struct process *process_of(struct thread *t, uint64_t pid)
{
	return pid == 0 ? t->process : process_find((int32_t)pid);
}

int64_t sys_setpgid(struct thread *t, const uint64_t args[6])
{
	struct process *self = t->process, *p = process_of(t, args[0]);
	int32_t pgid = (int32_t)args[1];

	if (pgid < 0) {
		return -STATUS_INVAL;
	}
	if (p == NULL || (p != self && p->parent != self) || p->state != PROCESS_ALIVE) {
		return -STATUS_SRCH;
	}
	if (p != self) {
		if (p->session != self->session) {
			return -STATUS_PERM;
		}
		if (p->has_executed) {
			return -STATUS_ACCES;
		}
	}
	if (p->session->id == p->pid) {
		return -STATUS_PERM;
	}
	if (pgid == 0) {
		pgid = p->pid;
	}
	if (pgid != p->pid && !group_in_session(pgid, self->session)) {
		return -STATUS_PERM;
	}
	p->pgid = pgid;
	return 0;
}

int64_t sys_getpgid(struct thread *t, const uint64_t args[6])
{
	struct process *p = process_of(t, args[0]);

	return p != NULL ? p->pgid : -STATUS_SRCH;
}

int64_t sys_getsid(struct thread *t, const uint64_t args[6])
{
	struct process *p = process_of(t, args[0]);

	return p != NULL ? p->session->id : -STATUS_SRCH;
}

int64_t sys_setsid(struct thread *t, const uint64_t args[6])
{
	struct process *self = t->process;
	struct session *s;

	(void)args;
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid == self->pid) {
			return -STATUS_PERM;
		}
	}
	s = session_create(self->pid);
	if (s == NULL) {
		return -STATUS_NOMEM;
	}
	session_release(self->session);
	self->session = s;
	self->pgid = self->pid;
	return self->pid;
}
