/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How threads and processes end.
 *
 * A thread's end: its parked call releases what it holds, robust futexes and
 * the tid word are handled while the space still exists, the kernel thread is
 * closed, the memory freed. The last thread's end is the process's: it gives
 * up space, files and timers, its children go to init (or a subreaper), and
 * it stays as a zombie until the parent waits for it.
 */
#include "servers/process/core.h"

#include <stdlib.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/files.h"
#include "servers/protocol/serial.h"

void usage_add(struct usage *to, const struct usage *from)
{
	to->user += from->user;
	to->system += from->system;
	to->minor_faults += from->minor_faults;
	to->major_faults += from->major_faults;
	to->switches += from->switches;
	if (from->peak_pages > to->peak_pages) {
		to->peak_pages = from->peak_pages;
	}
}

/* One process less that runs the program file. */
void exe_release(struct exec_file *exe)
{
	if (exe != NULL && --exe->references == 0) {
		vfs_close_exec(exe);
		free(exe);
	}
}

void vfork_done(struct process *child)
{
	if (child->core->in_vfork) {
		child->core->in_vfork = false;
		waitable_wake(&child->core->vfork_wait);
	}
}

enum reset { RESET_POWER_OFF = 0, RESET_COLD = 1 };

/* Shut the system down in order, then the machine. */
static void shut_down(enum reset reset, bool failure)
{
	struct message m = {.words = {reset, failure}};

	files_stop();
	server_request(files_cap, FILES_POWER_OFF, 0, 0, 0, 0, 0, 0, 0);
	if (serial_cap != 0) {
		server_request(serial_cap, SERIAL_DRAIN, 0, 0, 0, 0, 0, 0, 0);
	}
	invoke(startup_cap_required("system"), SYSTEM_RESET, 2, &m);
	fatal("process: the machine does not switch off\n");
}

/* Power off; `failure` is what a test runner sees. */
void power_off(bool failure)
{
	shut_down(RESET_POWER_OFF, failure);
}

void power_restart(void)
{
	shut_down(RESET_COLD, false);
}

/* Who takes over the children of p. */
static struct process *new_parent(const struct process *p)
{
	if (p->core->has_subreaper) {
		for (struct process *q = p->parent; q != NULL; q = q->parent) {
			if (q->core->is_subreaper && q->state == PROCESS_ALIVE) {
				return q;
			}
		}
	}
	return init_process;
}

static void children_give_away(struct process *p)
{
	struct process *to = new_parent(p);

	while (p->children != NULL) {
		struct process *child = p->children;

		process_link_child(child, to);
		child->core->exit_signal = LINUX_SIGCHLD;
		if (child->state == PROCESS_ZOMBIE) {
			wait_notify_exit(child);
		} else {
			if (child->core->parent_death_signal != 0) {
				signal_send_process(child, child->core->parent_death_signal, NULL);
			}
			group_check_orphan(child, p);
		}
	}
}

/* Figures that the pager keeps, into p->usage, before the space goes. */
static void usage_close(struct process *p)
{
	struct pager_space_statistics s;

	if (p->space->references == 1 && process_statistics(p, &s) >= 0) {
		p->usage.minor_faults += s.minor_faults;
		p->usage.major_faults += s.major_faults;
		if (s.peak_resident_pages > p->usage.peak_pages) {
			p->usage.peak_pages = s.peak_resident_pages;
		}
	}
}

/* The last thread of p is gone. p may be freed when this returns. */
static void process_finish(struct process *p)
{
	struct session *s = p->session;

	itimer_release(p);
	usage_close(p);
	space_release(p->space);
	p->space = NULL;
	vfork_done(p);
	fd_table_release(p->files);
	fs_context_release(p->fs);
	p->files = NULL;
	p->fs = NULL;
	exe_release(p->exe);
	p->exe = NULL;
	p->stopped = false;
	p->state = PROCESS_ZOMBIE;
	signal_discard(p, ~0ull);
	if (s->id == p->pid) {
		tty_session_ended(s);
	}
	if (p == init_process) {
		power_off(p->exit_status != 0);
	}
	children_give_away(p);
	group_check_orphan(p, p->parent);
	wait_notify_exit(p);
}

void thread_exit(struct thread *t)
{
	struct process *p = t->process;
	struct thread_core *c = t->core;
	cap_t reply;

	if (c->phase == PHASE_PARKED) {
		park_cancel(t);
		c->phase = PHASE_CALL;
		c->resume(t, WAKE_KILL);
		park_cancel(t);
	}
	robust_list_release(t);
	if (c->clear_child_tid != 0 && (p->thread_count > 1 || p->space->references > 1)) {
		server_request(pager_cap, PAGER_STORE, 4, p->space->number, c->clear_child_tid, 4,
			       0, 0, 0);
		futex_wake_address(p->space, c->clear_child_tid, 1);
	}
	p->usage.user += kthread_run_ticks(t->number);
	usage_add(&p->usage, &c->usage);
	reply = c->reply;
	kthread_close(t->number, reply);
	if (reply != 0) {
		reply_give(reply);
	}
	thread_free(t);
	if (p->thread_count == 0) {
		process_finish(p);
	} else {
		signal_retarget(p);
	}
}

/* End all threads of p; `status` as wait4 gives it. p may be freed when this returns. */
void process_exit(struct process *p, int32_t status)
{
	p->core->exiting = true;
	p->exit_status = status;
	for (unsigned n = p->thread_count; n > 0; n--) {
		thread_exit(p->threads);
	}
}

/* End all threads of p except `but`, which becomes the leader. */
void process_exit_others(struct process *p, struct thread *but)
{
	while (p->thread_count > 1) {
		thread_exit(p->threads != but ? p->threads : p->threads->process_next);
	}
	but->tid = p->pid;
	p->leader = but;
}

int64_t sys_exit(struct thread *t, const uint64_t args[6])
{
	if (t->process->leader == t) {
		t->process->exit_status = (int32_t)(args[0] & 0xff) << 8;
	}
	thread_exit(t);
	return CALL_GONE;
}

int64_t sys_exit_group(struct thread *t, const uint64_t args[6])
{
	process_exit(t->process, (int32_t)(args[0] & 0xff) << 8);
	return CALL_GONE;
}
