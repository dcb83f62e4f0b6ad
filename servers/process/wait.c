/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait4 and waitid, and what tells a parent about its children.
 *
 * A child's state that can be waited for: zombie, stopped and not yet
 * reported, continued and not yet reported. A waiting call looks through all
 * children each time one of them changed (process_core.child_wait).
 */
#include "servers/process/core.h"

#include <string.h>

enum wait_option {
	WAIT_NOHANG = 1,
	WAIT_STOPPED = 2,
	WAIT_EXITED = 4,
	WAIT_CONTINUED = 8,
	WAIT_NOWAIT = 0x01000000,
	WAIT_NOTHREAD = 0x20000000,
	WAIT_ALL = 0x40000000,
};
#define WAIT_CLONE 0x80000000u

enum wait_kind { KIND_ALL = 0, KIND_PID = 1, KIND_GROUP = 2 };

struct wait_request {
	enum wait_kind kind;
	int32_t id;
	uint32_t options;
};

struct wait_result {
	struct process *child;
	int32_t pid;
	uint32_t uid;
	int32_t code, status; /* as in siginfo */
	int32_t word;	      /* as wait4 gives it */
	struct usage usage;
};

/* ---- telling the parent ---- */

static struct signal_info child_info(const struct process *child, int32_t code, int32_t status)
{
	struct signal_info info = {.number = child->core->exit_signal, .code = code};

	info.child.pid = child->pid;
	info.child.uid = child->credentials.uid;
	info.child.status = status;
	info.child.utime = (int64_t)(time_ns(child->usage.user) / 10000000);
	info.child.stime = (int64_t)(time_ns(child->usage.system) / 10000000);
	return info;
}

/* The child has stopped or goes on: CODE_CLD_STOPPED or CONTINUED, and the signal. */
void wait_notify(struct process *child, int32_t code, int32_t status)
{
	struct process *parent = child->parent;
	struct signal_info info = child_info(child, code, status);

	if (code == CODE_CLD_STOPPED) {
		child->core->stop_reported = false;
	} else {
		child->core->continue_reported = false;
	}
	if (parent == NULL || parent->state != PROCESS_ALIVE) {
		return;
	}
	info.number = LINUX_SIGCHLD;
	if ((parent->signals->handlers->action[LINUX_SIGCHLD].flags & ACTION_NOCLDSTOP) == 0) {
		signal_send_process(parent, LINUX_SIGCHLD, &info);
	}
	waitable_wake(&parent->core->child_wait);
}

static void wait_codes(const struct process *child, int32_t *code, int32_t *status)
{
	int32_t s = child->exit_status;

	if ((s & 0x7f) == 0) {
		*code = CODE_CLD_EXITED;
		*status = s >> 8;
	} else {
		*code = CODE_CLD_KILLED;
		*status = s & 0x7f;
	}
}

/* The child is a zombie now, or came to its parent as one. It may be freed here. */
void wait_notify_exit(struct process *child)
{
	struct process *parent = child->parent;
	const struct signal_action *action;
	struct signal_info info;
	int32_t code, status, number = child->core->exit_signal;

	if (parent == NULL) {
		return;
	}
	action = &parent->signals->handlers->action[LINUX_SIGCHLD];
	wait_codes(child, &code, &status);
	info = child_info(child, code, status);
	if (parent->state == PROCESS_ALIVE && number != 0) {
		signal_send_process(parent, number, &info);
	}
	if (number == LINUX_SIGCHLD &&
	    (action->handler == HANDLER_IGNORE || (action->flags & ACTION_NOCLDWAIT) != 0)) {
		process_reap(child);
	}
	waitable_wake(&parent->core->child_wait);
}

/* Forget a zombie; its times go to the parent's children. */
void process_reap(struct process *p)
{
	if (p->parent != NULL) {
		usage_add(&p->parent->children_usage, &p->usage);
		usage_add(&p->parent->children_usage, &p->children_usage);
	}
	process_free(p);
}

/* ---- waiting ---- */

static bool matches(const struct process *child, const struct wait_request *r)
{
	bool is_clone = child->core->exit_signal != LINUX_SIGCHLD;

	if ((r->kind == KIND_PID && child->pid != r->id) ||
	    (r->kind == KIND_GROUP && child->pgid != r->id)) {
		return false;
	}
	return (r->options & WAIT_ALL) != 0 || is_clone == ((r->options & WAIT_CLONE) != 0);
}

/* If the child has a state that r asks for: describe it and (unless WAIT_NOWAIT) take it. */
static bool take_state(struct process *child, const struct wait_request *r,
		       struct wait_result *result)
{
	bool keep = (r->options & WAIT_NOWAIT) != 0;

	result->pid = child->pid;
	result->uid = child->credentials.uid;
	if (child->state == PROCESS_ZOMBIE) {
		if ((r->options & WAIT_EXITED) == 0) {
			return false;
		}
		wait_codes(child, &result->code, &result->status);
		result->word = child->exit_status;
		result->usage = child->usage;
		usage_add(&result->usage, &child->children_usage);
		result->child = keep ? NULL : child;
		return true;
	}
	if ((r->options & WAIT_STOPPED) != 0 && child->stopped && !child->core->stop_reported) {
		child->core->stop_reported = !keep;
		result->code = CODE_CLD_STOPPED;
		result->status = child->core->stop_signal;
		result->word = child->core->stop_signal << 8 | 0x7f;
	} else if ((r->options & WAIT_CONTINUED) != 0 && child->core->continued &&
		   !child->core->continue_reported) {
		child->core->continue_reported = !keep;
		result->code = CODE_CLD_CONTINUED;
		result->status = LINUX_SIGCONT;
		result->word = 0xffff;
	} else {
		return false;
	}
	process_usage(child, &result->usage);
	return true;
}

/*
 * 1: *result is filled in (result->child, if not NULL, is to be reaped by the
 * caller); 0: nothing yet; -STATUS_CHILD: no child can ever match.
 */
static int64_t look(struct process *parent, const struct wait_request *r,
		    struct wait_result *result)
{
	bool any = false;

	memset(result, 0, sizeof(*result));
	for (struct process *c = parent->children; c != NULL; c = c->sibling_next) {
		if (matches(c, r)) {
			any = true;
			if (take_state(c, r, result)) {
				return 1;
			}
		}
	}
	return any ? 0 : -STATUS_CHILD;
}

/* struct rusage from a usage. */
void usage_fill(const struct usage *u, int64_t rusage[16])
{
	int64_t user = (int64_t)time_ns(u->user) / 1000,
		system = (int64_t)time_ns(u->system) / 1000;

	memset(rusage, 0, 16 * sizeof(*rusage));
	rusage[0] = user / 1000000;
	rusage[1] = user % 1000000;
	rusage[2] = system / 1000000;
	rusage[3] = system % 1000000;
	rusage[4] = (int64_t)(u->peak_pages * (PAGE / 1024));
	rusage[8] = (int64_t)u->minor_faults;
	rusage[9] = (int64_t)u->major_faults;
	rusage[14] = (int64_t)u->switches;
}

static int64_t copy_usage(struct thread *t, uint64_t user, const struct usage *u)
{
	int64_t rusage[16];

	if (user == 0) {
		return 0;
	}
	usage_fill(u, rusage);
	return copy_out(t, user, rusage, sizeof(rusage));
}

static int64_t wait_park(struct thread *t, park_resume resume)
{
	int64_t status = park_on(t, &t->process->core->child_wait);

	return status < 0 ? status : park(t, resume, PARK_FOREVER, true);
}

int64_t sys_wait4(struct thread *t, const uint64_t args[6]);

static int64_t wait4_resume(struct thread *t, enum wake why)
{
	return why == WAKE_EVENT ? sys_wait4(t, t->args) : CALL_RESTART_SYS;
}

int64_t sys_wait4(struct thread *t, const uint64_t args[6])
{
	int32_t id = (int32_t)args[0];
	struct wait_request r = {.id = id, .options = (uint32_t)args[2]};
	struct wait_result result;
	int64_t status;

	if ((r.options & ~(WAIT_NOHANG | WAIT_STOPPED | WAIT_CONTINUED | WAIT_NOTHREAD | WAIT_ALL |
			   WAIT_CLONE)) != 0) {
		return -STATUS_INVAL;
	}
	if (id == INT32_MIN) {
		return -STATUS_SRCH;
	}
	r.options |= WAIT_EXITED;
	r.kind = id == -1 ? KIND_ALL : id > 0 ? KIND_PID : KIND_GROUP;
	if (id < -1) {
		r.id = -id;
	} else if (id == 0) {
		r.id = t->process->pgid;
	}
	status = look(t->process, &r, &result);
	if (status == 0) {
		return (r.options & WAIT_NOHANG) != 0 ? 0 : wait_park(t, wait4_resume);
	}
	if (status < 0) {
		return status;
	}
	if (result.child != NULL) {
		process_reap(result.child);
	}
	if ((args[1] != 0 && copy_out(t, args[1], &result.word, 4) < 0) ||
	    copy_usage(t, args[3], &result.usage) < 0) {
		return -STATUS_FAULT;
	}
	return result.pid;
}

int64_t sys_waitid(struct thread *t, const uint64_t args[6]);

static int64_t waitid_resume(struct thread *t, enum wake why)
{
	return why == WAKE_EVENT ? sys_waitid(t, t->args) : CALL_RESTART_SYS;
}

int64_t sys_waitid(struct thread *t, const uint64_t args[6])
{
	struct wait_request r = {.kind = (enum wait_kind)args[0],
				 .id = (int32_t)args[1],
				 .options = (uint32_t)args[3]};
	struct wait_result result;
	struct signal_info info;
	int64_t status;

	if ((r.options & ~(WAIT_NOHANG | WAIT_STOPPED | WAIT_EXITED | WAIT_CONTINUED | WAIT_NOWAIT |
			   WAIT_NOTHREAD | WAIT_ALL | WAIT_CLONE)) != 0 ||
	    (r.options & (WAIT_STOPPED | WAIT_EXITED | WAIT_CONTINUED)) == 0 ||
	    args[0] > KIND_GROUP || (r.kind == KIND_PID && r.id <= 0) ||
	    (r.kind == KIND_GROUP && r.id < 0)) {
		return -STATUS_INVAL;
	}
	if (r.kind == KIND_GROUP && r.id == 0) {
		r.id = t->process->pgid;
	}
	status = look(t->process, &r, &result);
	if (status < 0) {
		return status;
	}
	if (status == 0 && (r.options & WAIT_NOHANG) == 0) {
		return wait_park(t, waitid_resume);
	}
	if (result.child != NULL) {
		process_reap(result.child);
	}
	memset(&info, 0, sizeof(info));
	if (status > 0) {
		info.number = LINUX_SIGCHLD;
		info.code = result.code;
		info.child.pid = result.pid;
		info.child.uid = result.uid;
		info.child.status = result.status;
	}
	/* Linux writes these fields only and leaves the rest of siginfo alone. */
	if ((args[2] != 0 && copy_out(t, args[2], &info, 32) < 0) ||
	    copy_usage(t, args[4], &result.usage) < 0) {
		return -STATUS_FAULT;
	}
	return 0;
}
