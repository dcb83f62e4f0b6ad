/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls about signals. */
#include "servers/process/core.h"

#include <string.h>

#define MASK_SIZE 8
#define STACK_SIZE_LEAST 2048

enum mask_how { MASK_BLOCK = 0, MASK_UNBLOCK = 1, MASK_SET = 2 };

/* ---- masks and actions ---- */

/* Read a signal set of the size given. */
static int64_t mask_copy_in(struct thread *t, uint64_t user, uint64_t size, uint64_t *mask)
{
	if (size != MASK_SIZE) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, mask, user, MASK_SIZE) < 0) {
		return -STATUS_FAULT;
	}
	*mask &= ~SIGNALS_UNBLOCKABLE;
	return 0;
}

/* Change t's mask; others may have to take what t blocks now. */
static void mask_set(struct thread *t, uint64_t mask)
{
	uint64_t newly = mask & ~t->core->blocked;

	t->core->blocked = mask & ~SIGNALS_UNBLOCKABLE;
	if ((t->process->signals->pending.set & newly) != 0) {
		signal_retarget(t->process);
	}
}

int64_t signal_set_call_mask(struct thread *t, uint64_t user, uint64_t size)
{
	uint64_t mask;
	int64_t status;

	if (user == 0) {
		return 0;
	}
	status = mask_copy_in(t, user, size, &mask);
	if (status < 0) {
		return status;
	}
	if (!t->core->has_call_mask) {
		t->core->call_mask_saved = t->core->blocked;
		t->core->has_call_mask = true;
	}
	mask_set(t, mask);
	return 0;
}

int64_t sys_rt_sigprocmask(struct thread *t, const uint64_t args[6])
{
	uint64_t old = t->core->blocked, mask = 0;
	int64_t status;

	if (args[3] != MASK_SIZE) {
		return -STATUS_INVAL;
	}
	if (args[1] != 0) {
		status = mask_copy_in(t, args[1], args[3], &mask);
		if (status < 0) {
			return status;
		}
		switch ((int)args[0]) {
		case MASK_BLOCK:
			mask_set(t, old | mask);
			break;
		case MASK_UNBLOCK:
			mask_set(t, old & ~mask);
			break;
		case MASK_SET:
			mask_set(t, mask);
			break;
		default:
			return -STATUS_INVAL;
		}
	}
	return args[2] != 0 ? copy_out(t, args[2], &old, MASK_SIZE) : 0;
}

int64_t sys_rt_sigaction(struct thread *t, const uint64_t args[6])
{
	struct process *p = t->process;
	int number = (int)args[0];
	struct signal_action old, new, *action;

	if (args[3] != MASK_SIZE || number < 1 || number > LINUX_SIGNAL_MAX) {
		return -STATUS_INVAL;
	}
	if (args[1] != 0 && copy_in(t, &new, args[1], sizeof(new)) < 0) {
		return -STATUS_FAULT;
	}
	action = &p->signals->handlers->action[number];
	old = *action;
	if (args[1] != 0) {
		if ((SIGNAL_BIT(number) & SIGNALS_UNBLOCKABLE) != 0) {
			return -STATUS_INVAL;
		}
		new.mask &= ~SIGNALS_UNBLOCKABLE;
		new.flags &= ACTION_NOCLDSTOP | ACTION_NOCLDWAIT | ACTION_SIGINFO | ACTION_ONSTACK |
			     ACTION_RESTART | ACTION_NODEFER | ACTION_RESETHAND |
			     ACTION_EXPOSE_TAGBITS;
		*action = new;
		if (new.handler == HANDLER_IGNORE ||
		    (new.handler == HANDLER_DEFAULT &&number <= LINUX_SIGSYS &&
		     (SIGNAL_BIT(number) & SIGNALS_DEFAULT_IGNORE) != 0)) {
			signal_discard(p, SIGNAL_BIT(number));
		}
	}
	return args[2] != 0 ? copy_out(t, args[2], &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigpending(struct thread *t, const uint64_t args[6])
{
	uint64_t set = signal_pending(t) & t->core->blocked;

	if (args[1] > MASK_SIZE) {
		return -STATUS_INVAL;
	}
	return copy_out(t, args[0], &set, args[1]);
}

/* ---- the alternate stack ---- */

/* sigaltstack's rules; sp is the program's stack pointer. -STATUS_PERM, INVAL, NOMEM. */
int64_t signal_stack_set(struct thread *t, uint64_t base, uint64_t size, uint32_t flags,
			 uint64_t sp)
{
	struct thread_core *c = t->core;
	uint32_t mode = flags & ~STACK_AUTODISARM;

	if (signal_stack_flags(t, sp) == STACK_ONSTACK) {
		return -STATUS_PERM;
	}
	if (mode != STACK_DISABLE && mode != STACK_ONSTACK && mode != 0) {
		return -STATUS_INVAL;
	}
	if (mode == STACK_DISABLE) {
		base = 0;
		size = 0;
	} else if (size < STACK_SIZE_LEAST) {
		return -STATUS_NOMEM;
	}
	c->stack_base = base;
	c->stack_size = size;
	c->stack_flags = flags;
	return 0;
}

int64_t sys_sigaltstack(struct thread *t, const uint64_t args[6])
{
	struct {
		uint64_t base;
		uint32_t flags, padding;
		uint64_t size;
	} new, old;
	struct registers r;
	int64_t status;

	if (args[0] != 0 && copy_in(t, &new, args[0], sizeof(new)) < 0) {
		return -STATUS_FAULT;
	}
	kthread_read(t->number, &r);
	memset(&old, 0, sizeof(old));
	old.base = t->core->stack_base;
	old.size = t->core->stack_size;
	old.flags = signal_stack_flags(t, r.r[REG_SP]) | (t->core->stack_flags & STACK_AUTODISARM);
	if (args[0] != 0) {
		status = signal_stack_set(t, new.base, new.size, new.flags, r.r[REG_SP]);
		if (status < 0) {
			return status;
		}
	}
	return args[1] != 0 ? copy_out(t, args[1], &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigreturn(struct thread *t, const uint64_t args[6])
{
	(void)args;
	if (!signal_frame_pop(t)) {
		signal_force(t, LINUX_SIGSEGV, CODE_KERNEL, 0);
	}
	return CALL_NO_RETURN;
}

/* ---- waiting for signals ---- */

static int64_t suspend_resume(struct thread *t, enum wake why)
{
	(void)t;
	return why == WAKE_EVENT ? park(t, suspend_resume, PARK_FOREVER, true)
				 : CALL_RESTART_NO_HANDLER;
}

int64_t sys_rt_sigsuspend(struct thread *t, const uint64_t args[6])
{
	int64_t status;

	if (args[0] == 0) {
		return -STATUS_FAULT;
	}
	status = signal_set_call_mask(t, args[0], args[1]);
	return status < 0 ? status : park(t, suspend_resume, PARK_FOREVER, true);
}

/* park_words: 0 mask, 1 deadline. */
static int64_t timedwait_resume(struct thread *t, enum wake why)
{
	struct signal_info info;

	if (signal_dequeue(t, t->park_words[0], &info)) {
		if (t->args[1] != 0 && copy_out(t, t->args[1], &info, sizeof(info)) < 0) {
			return -STATUS_FAULT;
		}
		return info.number;
	}
	if (why == WAKE_TIMEOUT) {
		return -STATUS_AGAIN;
	}
	if (why == WAKE_EVENT && park_on(t, signal_waitable(t->process)) == 0) {
		return park(t, timedwait_resume, t->park_words[1], true);
	}
	return -STATUS_INTR;
}

int64_t sys_rt_sigtimedwait(struct thread *t, const uint64_t args[6])
{
	uint64_t mask;
	int64_t ns, status = mask_copy_in(t, args[0], args[3], &mask);

	if (status == 0) {
		status = time_copy_in(t, args[2], false, &ns);
	}
	if (status < 0) {
		return status;
	}
	t->park_words[0] = mask;
	t->park_words[1] = time_deadline(ns);
	return timedwait_resume(t, ns == 0 ? WAKE_TIMEOUT : WAKE_EVENT);
}

/* ---- sending ---- */

bool process_may_signal(const struct process *a, const struct process *b)
{
	const struct credentials *from = &a->credentials, *to = &b->credentials;

	return from->euid == 0 || from->euid == to->suid || from->euid == to->uid ||
	       from->uid == to->suid || from->uid == to->uid;
}

static struct signal_info user_info(const struct thread *t, int number, int code)
{
	struct signal_info info = {.number = number, .code = code};

	info.user.pid = t->process->pid;
	info.user.uid = t->process->credentials.uid;
	return info;
}

/* As process_may_signal, and SIGCONT within a session. */
static bool may_send(const struct thread *t, const struct process *to, int number)
{
	return process_may_signal(t->process, to) ||
	       (number == LINUX_SIGCONT && to->session == t->process->session);
}

/* kill with pid ≤ 0: to a group (pgid > 0), or to all but init and oneself (0). */
static int64_t kill_many(struct thread *t, int32_t pgid, int number)
{
	struct signal_info info = user_info(t, number, CODE_USER);
	int64_t status = -STATUS_SRCH;

	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (pgid != 0 ? p->pgid != pgid : p == init_process || p == t->process) {
			continue;
		}
		if (may_send(t, p, number)) {
			signal_send_process(p, number, &info);
			status = 0;
		} else if (status != 0) {
			status = -STATUS_PERM;
		}
	}
	return status;
}

int64_t sys_kill(struct thread *t, const uint64_t args[6])
{
	int32_t pid = (int32_t)args[0];
	int number = (int)args[1];
	struct signal_info info = user_info(t, number, CODE_USER);
	struct process *p;

	if (number < 0 || number > LINUX_SIGNAL_MAX) {
		return -STATUS_INVAL;
	}
	if (pid == INT32_MIN) {
		return -STATUS_SRCH;
	}
	if (pid <= 0) {
		return kill_many(t, pid == -1 ? 0 : pid == 0 ? t->process->pgid : -pid, number);
	}
	p = process_find(pid);
	if (p == NULL) {
		return -STATUS_SRCH;
	}
	if (!may_send(t, p, number)) {
		return -STATUS_PERM;
	}
	signal_send_process(p, number, &info);
	return 0;
}

/* Send to one thread; tgid 0: of any process. */
static int64_t send_thread(struct thread *t, int32_t tgid, int32_t tid,
			   const struct signal_info *info)
{
	struct thread *to = thread_find(tid);

	if (tid <= 0 || info->number < 0 || info->number > LINUX_SIGNAL_MAX) {
		return -STATUS_INVAL;
	}
	if (to == NULL || (tgid != 0 && to->process->pid != tgid)) {
		return -STATUS_SRCH;
	}
	if (!may_send(t, to->process, info->number)) {
		return -STATUS_PERM;
	}
	signal_send_thread(to, info->number, info);
	return 0;
}

int64_t sys_tkill(struct thread *t, const uint64_t args[6])
{
	struct signal_info info = user_info(t, (int)args[1], CODE_TKILL);

	return send_thread(t, 0, (int32_t)args[0], &info);
}

int64_t sys_tgkill(struct thread *t, const uint64_t args[6])
{
	struct signal_info info = user_info(t, (int)args[2], CODE_TKILL);

	return (int32_t)args[0] <= 0 ? -STATUS_INVAL
				     : send_thread(t, (int32_t)args[0], (int32_t)args[1], &info);
}

/* Read a siginfo that the program made; it may not pose as the kernel's to others. */
static int64_t info_copy_in(struct thread *t, uint64_t user, int number, int32_t pid,
			    struct signal_info *info)
{
	if (copy_in(t, info, user, sizeof(*info)) < 0) {
		return -STATUS_FAULT;
	}
	info->number = number;
	if ((info->code >= 0 || info->code == CODE_TKILL) && pid != t->process->pid) {
		return -STATUS_PERM;
	}
	return number < 0 || number > LINUX_SIGNAL_MAX ? -STATUS_INVAL : 0;
}

int64_t sys_rt_sigqueueinfo(struct thread *t, const uint64_t args[6])
{
	struct process *p = process_find((int32_t)args[0]);
	struct signal_info info;
	int64_t status = info_copy_in(t, args[2], (int)args[1], (int32_t)args[0], &info);

	if (status < 0) {
		return status;
	}
	if (p == NULL) {
		return -STATUS_SRCH;
	}
	if (!may_send(t, p, info.number)) {
		return -STATUS_PERM;
	}
	signal_send_process(p, info.number, &info);
	return 0;
}

int64_t sys_rt_tgsigqueueinfo(struct thread *t, const uint64_t args[6])
{
	struct signal_info info;
	int64_t status = info_copy_in(t, args[3], (int)args[2], (int32_t)args[0], &info);

	if (status < 0) {
		return status;
	}
	return (int32_t)args[0] <= 0 ? -STATUS_INVAL
				     : send_thread(t, (int32_t)args[0], (int32_t)args[1], &info);
}

int64_t sys_restart_syscall(struct thread *t, const uint64_t args[6])
{
	(void)t;
	(void)args;
	return -STATUS_INTR;
}
