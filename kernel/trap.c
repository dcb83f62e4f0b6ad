/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps from user mode: each comes here with the registers saved in the
 * thread, takes the kernel lock, does one thing, and leaves with the thread to
 * run next. The kernel itself takes no traps: one is a bug.
 */
#include "kernel/trap.h"

#include "kernel/abi/syscall.h"
#include "kernel/csr.h"
#include "kernel/debug.h"
#include "kernel/fast.h"
#include "kernel/interrupt.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/lock.h"
#include "kernel/notification.h"
#include "kernel/panic.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"
#include "kernel/window_call.h"

/* Make the ecall again after the interrupts that stopped it. */
static void restart(struct thread *t)
{
	t->registers[0] -= 4;
	hart_current()->reschedule = true;
}

static void system_window(struct thread *t)
{
	enum err err = window_items_run(t);

	if (err == VM_PREEMPTED) {
		restart(t);
	} else {
		set_result(t, err);
	}
}

static void system_reply_receive(struct thread *t)
{
	uint64_t tag = t->registers[REG_A1];

	if (message_items(tag) != 0) {
		enum err err = window_items_run(t);

		if (err == VM_PREEMPTED) {
			restart(t);
			return;
		}
		if (err != ERR_OK) {
			set_result(t, err);
			return;
		}
	}
	ipc_reply_receive(t);
}

static void native_call(struct thread *t)
{
	switch (t->registers[REG_A7]) {
	case SYS_CALL:
		ipc_call(t);
		break;
	case SYS_REPLY_RECEIVE:
		system_reply_receive(t);
		break;
	case SYS_SEND:
		ipc_send(t, true);
		break;
	case SYS_SEND_NB:
		ipc_send(t, false);
		break;
	case SYS_RECEIVE:
		ipc_receive(t, true);
		break;
	case SYS_RECEIVE_NB:
		ipc_receive(t, false);
		break;
	case SYS_REPLY:
		ipc_reply(t);
		break;
	case SYS_SIGNAL:
		notification_call_signal(t);
		break;
	case SYS_WAIT:
		notification_call_wait(t, true);
		break;
	case SYS_POLL:
		notification_call_wait(t, false);
		break;
	case SYS_YIELD:
		set_result(t, ERR_OK);
		sched_yield();
		break;
	case SYS_INVOKE:
		invoke(t);
		break;
	case SYS_WINDOW:
		system_window(t);
		break;
	default:
		set_result(t, ERR_NO_SYSCALL);
		break;
	}
}

static void handle(struct thread *t, uint64_t cause)
{
	if ((cause & SCAUSE_INTERRUPT) != 0) {
		return; /* handled with all others that are pending */
	}
	if (cause != SCAUSE_ECALL_U) {
		thread_exception(t);
		return;
	}
	t->registers[0] += 4;
	if (t->personality) {
		ipc_kernel_call(t, &t->handler, SEND_ECALL);
	} else {
		native_call(t);
	}
}

struct thread *trap_from_user(struct thread *t)
{
	struct hart *hart = hart_current();
	uint64_t cause = csr_read_scause();

	uint32_t claimed = 0;
	struct thread *next = NULL;

	debug_section_begin(t);

	if (cause == SCAUSE_EXTERNAL) {
		next = fast_interrupt(t, &claimed);
	} else if ((cause & SCAUSE_INTERRUPT) == 0 && cause != SCAUSE_ECALL_U) {
		next = thread_exception_begin(t, cause, csr_read_stval());
		hart->entries += next == t; /* else it counts as a switch */
	}
	if (next != NULL) {
		debug_section_end();
		return next;
	}
	kernel_lock();
	hart->entries++;
	if (claimed != 0) {
		interrupt_device(claimed);
	}
	/* Evicted while it waited for the lock: the trap is dropped, its instruction comes again. */
	if (hart->current == t) {
		handle(t, cause);
	}
	if ((csr_read_sip() & csr_read_sie()) != 0) {
		interrupts_handle();
	}
	t = sched_pick();
	debug_section_end();
	debug_check();
	kernel_unlock();
	return t;
}

void trap_from_kernel(void)
{
	panic("trap in the kernel: cause %lx, pc and address below", csr_read_scause());
}
