/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone and clone3: new threads and new processes (fork and vfork are clone).
 *
 * A thread shares all of its process here, so CLONE_THREAD implies CLONE_FILES
 * and CLONE_FS. The child's registers are the parent's with a0 = 0.
 */
#include "servers/process/core.h"

#include <string.h>

enum clone_flag {
	CLONE_VM = 0x100,
	CLONE_FS = 0x200,
	CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800,
	CLONE_PIDFD = 0x1000,
	CLONE_VFORK = 0x4000,
	CLONE_PARENT = 0x8000,
	CLONE_THREAD = 0x10000,
	CLONE_SETTLS = 0x80000,
	CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000,
	CLONE_CHILD_SETTID = 0x1000000,
};
#define CLONE_NAMESPACES 0x7e020080ull /* every CLONE_NEW* */
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#define CLONE_UNSUPPORTED (CLONE_NAMESPACES | CLONE_PIDFD | ~0x1ffffffffull)
#define CLONE_ARGUMENTS_SIZE 64 /* of the first version of clone3's structure */

struct clone_request {
	uint64_t flags, stack, tls, parent_tid, child_tid;
	int32_t exit_signal;
};

static int64_t clone_check(const struct thread *t, const struct clone_request *r)
{
	uint64_t f = r->flags;

	if ((f & CLONE_UNSUPPORTED) != 0 || ((f & CLONE_SIGHAND) != 0 && (f & CLONE_VM) == 0) ||
	    ((f & CLONE_THREAD) != 0 && (f & CLONE_SIGHAND) == 0) ||
	    ((f & CLONE_CLEAR_SIGHAND) != 0 && (f & CLONE_SIGHAND) != 0) ||
	    ((f & CLONE_PARENT) != 0 && t->process == init_process)) {
		return -STATUS_INVAL;
	}
	return 0;
}

/* Give the new thread its registers and what else it has from t. */
static int64_t clone_registers(struct thread *t, struct thread *child,
			       const struct clone_request *r)
{
	struct registers regs;
	struct fpu_state fpu;
	int64_t status = kthread_open(child->number, child->process->space);

	if (status < 0) {
		return status;
	}
	kthread_read(t->number, &regs);
	kthread_read_fpu(t->number, &fpu);
	regs.r[REG_A0] = 0;
	if (r->stack != 0) {
		regs.r[REG_SP] = r->stack;
	}
	if ((r->flags & CLONE_SETTLS) != 0) {
		regs.r[REG_TP] = r->tls;
	}
	kthread_write(child->number, &regs);
	kthread_write_fpu(child->number, &fpu);
	memcpy(child->comm, t->comm, COMM_SIZE);
	child->core->blocked = t->core->blocked;
	child->core->slack_ns = t->core->slack_ns;
	if (t->core->harts != 0) {
		child->core->harts = t->core->harts;
		kthread_set_harts(child->number, child->core->harts);
	}
	if ((r->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
		child->core->stack_base = t->core->stack_base;
		child->core->stack_size = t->core->stack_size;
		child->core->stack_flags = t->core->stack_flags;
	}
	if ((r->flags & CLONE_CHILD_CLEARTID) != 0) {
		child->core->clear_child_tid = r->child_tid;
	}
	return 0;
}

/* Write tids where they are wanted; bad addresses are ignored, as in Linux. */
static void clone_tids(struct thread *t, struct thread *child, const struct clone_request *r)
{
	if ((r->flags & CLONE_PARENT_SETTID) != 0) {
		copy_out(t, r->parent_tid, &child->tid, 4);
	}
	if ((r->flags & CLONE_CHILD_SETTID) != 0) {
		copy_out(child, r->child_tid, &child->tid, 4);
	}
}

static void clone_run(struct thread *child)
{
	if (child->process->stopped) {
		child->core->phase = PHASE_STOPPED;
		return;
	}
	child->core->phase = PHASE_USER;
	kthread_resume(child->number);
}

static int64_t clone_thread(struct thread *t, const struct clone_request *r)
{
	struct thread *child = thread_create(t->process, 0);
	int64_t status;

	if (child == NULL) {
		return -STATUS_AGAIN;
	}
	status = clone_registers(t, child, r);
	if (status < 0) {
		thread_free(child);
		return status;
	}
	clone_tids(t, child, r);
	clone_run(child);
	return child->tid;
}

/* Space, files, signal handlers: shared or copied. false: no memory; the rest is undone later. */
static bool clone_parts(struct process *p, struct process *child, uint64_t flags)
{
	struct signal_handlers *h = p->signals->handlers;

	if ((flags & CLONE_SIGHAND) != 0) {
		h->references++;
	} else {
		h = signal_handlers_copy(h);
	}
	child->signals = signal_state_create(h);
	if (child->signals == NULL) {
		return false;
	}
	if ((flags & CLONE_CLEAR_SIGHAND) != 0) {
		signal_exec(child);
	}
	child->space = (flags & CLONE_VM) != 0 ? space_share(p->space) : space_fork(p->space);
	child->files =
		(flags & CLONE_FILES) != 0 ? fd_table_share(p->files) : fd_table_copy(p->files);
	child->fs = (flags & CLONE_FS) != 0 ? fs_context_share(p->fs) : fs_context_copy(p->fs);
	return child->space != NULL && child->files != NULL && child->fs != NULL;
}

/* Undo a process that never ran. */
static void clone_undo(struct process *child, struct thread *thread)
{
	if (thread != NULL) {
		kthread_close(thread->number, 0);
		thread_free(thread);
	}
	if (child->space != NULL) {
		space_release(child->space);
	}
	if (child->files != NULL) {
		fd_table_release(child->files);
	}
	if (child->fs != NULL) {
		fs_context_release(child->fs);
	}
	process_free(child);
}

static bool process_limit_reached(const struct process *p)
{
	uint64_t count = 0;

	if (p->credentials.uid == 0) {
		return false;
	}
	for (struct process *q = process_next(NULL); q != NULL; q = process_next(q)) {
		count += q->credentials.uid == p->credentials.uid ? 1 : 0;
	}
	return count >= p->limits[LINUX_RLIMIT_NPROC].soft;
}

static int64_t vfork_resume(struct thread *t, enum wake why)
{
	struct process *child = process_find((int32_t)t->park_words[0]);

	if (why == WAKE_EVENT && child != NULL && child->core->in_vfork) {
		int64_t status = park_on(t, &child->core->vfork_wait);

		return status < 0 ? (int64_t)t->park_words[0]
				  : park(t, vfork_resume, PARK_FOREVER, false);
	}
	return (int64_t)t->park_words[0];
}

static int64_t clone_process(struct thread *t, const struct clone_request *r)
{
	struct process *p = t->process, *child;
	struct thread *first;

	if (process_limit_reached(p)) {
		return -STATUS_AGAIN;
	}
	child = process_create(p, pid_allocate());
	if (child == NULL) {
		return -STATUS_NOMEM;
	}
	if (!clone_parts(p, child, r->flags)) {
		clone_undo(child, NULL);
		return -STATUS_NOMEM;
	}
	first = thread_create(child, child->pid);
	if (first == NULL || clone_registers(t, first, r) < 0) {
		clone_undo(child, first);
		return -STATUS_AGAIN;
	}
	child->core->exit_signal = r->exit_signal;
	if ((r->flags & CLONE_PARENT) != 0) {
		process_link_child(child, p->parent);
		child->core->exit_signal = p->core->exit_signal;
	}
	child->exe = p->exe;
	if (child->exe != NULL) {
		child->exe->references++;
	}
	fork_count++;
	clone_tids(t, first, r);
	child->core->in_vfork = (r->flags & CLONE_VFORK) != 0;
	clone_run(first);
	if (child->core->in_vfork) {
		t->park_words[0] = (uint64_t)child->pid;
		return vfork_resume(t, WAKE_EVENT);
	}
	return child->pid;
}

static int64_t clone_request(struct thread *t, const struct clone_request *r)
{
	int64_t status = clone_check(t, r);

	if (status < 0) {
		return status;
	}
	return (r->flags & CLONE_THREAD) != 0 ? clone_thread(t, r) : clone_process(t, r);
}

/* riscv64's order of arguments: flags, stack, parent tid, tls, child tid. */
int64_t sys_clone(struct thread *t, const uint64_t args[6])
{
	struct clone_request r = {
		.flags = args[0] & 0xffffff00u,
		.stack = args[1],
		.parent_tid = args[2],
		.tls = args[3],
		.child_tid = args[4],
		.exit_signal = (int32_t)(args[0] & 0xff),
	};

	if (r.exit_signal > LINUX_SIGNAL_MAX) {
		return -STATUS_INVAL;
	}
	return clone_request(t, &r);
}

/* struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
 * then set_tid, set_tid_size, cgroup. */
int64_t sys_clone3(struct thread *t, const uint64_t args[6])
{
	uint64_t a[11] = {0};
	struct clone_request r;

	if (args[1] < CLONE_ARGUMENTS_SIZE) {
		return -STATUS_INVAL;
	}
	if (args[1] > sizeof(a)) {
		return -STATUS_2BIG;
	}
	if (copy_in(t, a, args[0], args[1]) < 0) {
		return -STATUS_FAULT;
	}
	r = (struct clone_request){
		.flags = a[0],
		.child_tid = a[2],
		.parent_tid = a[3],
		.exit_signal = (int32_t)a[4],
		.stack = a[5] != 0 ? a[5] + a[6] : 0,
		.tls = a[7],
	};
	if (a[4] > LINUX_SIGNAL_MAX || (a[0] & 0xff) != 0 || (a[5] == 0) != (a[6] == 0) ||
	    a[8] != 0 || a[9] != 0 || ((a[0] & (CLONE_THREAD | CLONE_PARENT)) != 0 && a[4] != 0)) {
		return -STATUS_INVAL;
	}
	return clone_request(t, &r);
}
