/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions of Linux threads: which signal each becomes, as Linux on riscv64
 * does it, and the report of those that end a process.
 */
#include "servers/process/core.h"

#include <stdio.h>

#define STACK_NEAR (64ull * 1024) /* bytes around the stack pointer that a stack access may hit */

/* Privileged spec, table of scause values. */
enum cause {
	CAUSE_FETCH_MISALIGNED = 0,
	CAUSE_FETCH_ACCESS = 1,
	CAUSE_ILLEGAL = 2,
	CAUSE_BREAKPOINT = 3,
	CAUSE_LOAD_MISALIGNED = 4,
	CAUSE_LOAD_ACCESS = 5,
	CAUSE_STORE_MISALIGNED = 6,
	CAUSE_STORE_ACCESS = 7,
	CAUSE_FETCH_PAGE = 12,
	CAUSE_LOAD_PAGE = 13,
	CAUSE_STORE_PAGE = 15,
};

enum fault_code { /* si_code */
		  CODE_ILL_ILLOPC = 1,
		  CODE_TRAP_BRKPT = 1,
		  CODE_BUS_ADRALN = 1,
		  CODE_BUS_ADRERR = 2,
		  CODE_SEGV_MAPERR = 1,
		  CODE_SEGV_ACCERR = 2,
};

/* A page fault that the pager refused, or that no window covers (code 0). */
static void page_fault(struct thread *t, uint64_t address, uint64_t pager_code)
{
	switch (pager_code) {
	case PAGER_FAULT_PROTECTION:
		signal_force(t, LINUX_SIGSEGV, CODE_SEGV_ACCERR, address);
		break;
	case PAGER_FAULT_BEYOND_FILE:
	case PAGER_FAULT_IO:
		signal_force(t, LINUX_SIGBUS, CODE_BUS_ADRERR, address);
		break;
	case PAGER_FAULT_NO_MEMORY:
		tty_report("process: out of memory: killing %s (pid %d)\n", t->comm,
			   (int)t->process->pid);
		t->process->core->may_die = true;
		signal_send_thread(t, LINUX_SIGKILL, NULL);
		break;
	default:
		signal_force(t, LINUX_SIGSEGV, CODE_SEGV_MAPERR, address);
		break;
	}
}

/*
 * t, held by its reply, had an exception: `cause` (scause), `value` (stval),
 * `pc`, and the pager's code for a page fault (0: the pager was not asked).
 */
void exception_handle(struct thread *t, uint64_t cause, uint64_t value, uint64_t pc,
		      uint64_t pager_code)
{
	t->core->fault = (struct fault_record){cause, value, pc, pager_code, false};
	switch (cause) {
	case CAUSE_ILLEGAL:
		signal_force(t, LINUX_SIGILL, CODE_ILL_ILLOPC, pc);
		break;
	case CAUSE_BREAKPOINT:
		signal_force(t, LINUX_SIGTRAP, CODE_TRAP_BRKPT, pc);
		break;
	case CAUSE_FETCH_MISALIGNED:
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
		signal_force(t, LINUX_SIGBUS, CODE_BUS_ADRALN, value);
		break;
	case CAUSE_FETCH_ACCESS:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		signal_force(t, LINUX_SIGSEGV, CODE_SEGV_ACCERR, value);
		break;
	default:
		page_fault(t, value, pager_code);
		break;
	}
	signal_call_done(t, 0);
}

static const char *access_name(uint64_t cause)
{
	switch (cause) {
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_LOAD_PAGE:
		return "read of";
	case CAUSE_STORE_MISALIGNED:
	case CAUSE_STORE_ACCESS:
	case CAUSE_STORE_PAGE:
		return "write to";
	default:
		return "execution at";
	}
}

/* Did t run over the end of its stack? The address is then close to the stack pointer. */
static bool is_stack_overflow(const struct thread *t)
{
	const struct fault_record *f = &t->core->fault;
	struct registers r;

	if (f->pager_code == PAGER_FAULT_STACK_GUARD) {
		return true;
	}
	if ((f->pager_code != PAGER_FAULT_PROTECTION && f->pager_code != PAGER_FAULT_NO_REGION) ||
	    f->cause == CAUSE_FETCH_PAGE) {
		return false;
	}
	kthread_read(t->number, &r);
	return f->value - (r.r[REG_SP] - STACK_NEAR) <= 2 * STACK_NEAR;
}

/* Why, in words; `text` is room for those that name the thread. */
static const char *reason_name(const struct thread *t, char *text, size_t size)
{
	if (is_stack_overflow(t)) {
		snprintf(text, size, "stack overflow of thread %s (tid %d)", t->comm, (int)t->tid);
		return text;
	}
	switch (t->core->fault.pager_code) {
	case PAGER_FAULT_PROTECTION:
		return "access not allowed there";
	case PAGER_FAULT_BEYOND_FILE:
		return "beyond the end of the mapped file";
	case PAGER_FAULT_IO:
		return "the disk failed";
	case PAGER_FAULT_NO_MEMORY:
		return "out of memory";
	case PAGER_FAULT_NULL:
		return "null pointer";
	default:
		return t->core->fault.value < PAGER_SPACE_FIRST ? "null pointer"
								: "nothing is mapped there";
	}
}

static bool is_misaligned(uint64_t cause)
{
	return cause == CAUSE_FETCH_MISALIGNED || cause == CAUSE_LOAD_MISALIGNED ||
	       cause == CAUSE_STORE_MISALIGNED;
}

/* t's process ends by a signal with a core-dump action: tell the console, if a fault is behind it. */
void fault_report(struct thread *t, int number)
{
	const struct fault_record *f = &t->core->fault;
	const char *name = signal_name(number);
	int pid = (int)t->process->pid;
	char text[64];

	if (f->bad_frame) {
		tty_report("fault: %s (pid %d): %s: no room for a signal frame on the stack\n",
			   t->comm, pid, name);
	} else if (!t->core->in_exception || f->pc == 0) {
		return;
	} else if (number == LINUX_SIGSEGV || number == LINUX_SIGBUS) {
		tty_report("fault: %s (pid %d): %s at pc 0x%lx: %s address 0x%lx: %s\n", t->comm,
			   pid, name, (unsigned long)f->pc, access_name(f->cause),
			   (unsigned long)f->value,
			   is_misaligned(f->cause) ? "misaligned"
						   : reason_name(t, text, sizeof(text)));
	} else {
		tty_report("fault: %s (pid %d): %s at pc 0x%lx\n", t->comm, pid, name,
			   (unsigned long)f->pc);
	}
}
