/* SPDX-License-Identifier: BSD-2-Clause */
/* See thread.h. The methods of Thread are in thread_methods.c. */
#include "kernel/thread.h"

#include "kernel/csr.h"
#include "kernel/debug.h"
#include "kernel/fast.h"
#include "kernel/fpu.h"
#include "kernel/ipc.h"
#include "kernel/print.h"
#include "kernel/root.h"
#include "kernel/schedule.h"
#include "sbi/errata.h"

bool thread_preempt_pending(void)
{
	bool is_pending = (csr_read_sip() & csr_read_sie()) != 0;

	if (!is_pending) {
		debug_section_end();
	}
	return is_pending;
}

void thread_dead(struct thread *t)
{
	t->hold |= HOLD_SUSPENDED;
	/* The root task has nobody above it that could tell. The others' can read its registers. */
	if (t == root_thread) {
		print("root task: unhandled exception %lu, address %lx, pc %lx; stopped\n",
		      t->fault_cause, t->fault_address, t->registers[0]);
	}
}

static enum fault_access access_of(uint64_t cause)
{
	if (cause == SCAUSE_FETCH_PAGE_FAULT) {
		return FAULT_EXECUTE;
	}
	return cause == SCAUSE_STORE_PAGE_FAULT ? FAULT_WRITE : FAULT_READ;
}

static void page_fault(struct thread *t)
{
	struct vm_window *window;
	struct window_object *object;

	switch (vm_fault(t->space.object, t->fault_address, t->fault_access, &window)) {
	case VM_FAULT_RETRY:
		debug_note_space(t->space.object);
		return;
	case VM_FAULT_WINDOW:
		object = CONTAINER_OF(window, struct window_object, vm);
		t->fault_count++;
		if (object->fault.type != OBJECT_NONE) {
			ipc_kernel_call(t, &object->fault, SEND_FAULT);
			return;
		}
		break;
	case VM_FAULT_NONE:
		if (t->fault_access == FAULT_EXECUTE) {
			t->fault_address = errata_fetch_address(t->fault_address);
		}
		break;
	}
	ipc_kernel_call(t, &t->handler, SEND_EXCEPTION);
}

static bool is_page_fault(uint64_t cause)
{
	return cause == SCAUSE_FETCH_PAGE_FAULT || cause == SCAUSE_LOAD_PAGE_FAULT ||
	       cause == SCAUSE_STORE_PAGE_FAULT;
}

struct thread *thread_exception_begin(struct thread *t, uint64_t cause, uint64_t value)
{
	if (cause == SCAUSE_ILLEGAL && fpu_load(hart_current(), t)) {
		return t;
	}
	t->fault_cause = cause;
	t->fault_address = value;
	t->fault_code = 0;
	t->fault_access = access_of(cause);
	return is_page_fault(cause) ? fast_page_fault(t) : fast_exception(t);
}

void thread_exception(struct thread *t)
{
	if (is_page_fault(t->fault_cause)) {
		page_fault(t);
	} else {
		ipc_kernel_call(t, &t->handler, SEND_EXCEPTION);
	}
}

void thread_detach_sched(struct thread *t)
{
	struct sched_context *own = thread_sched(t);
	struct thread *runner = NULL;

	sched_stop(t);
	if (t->lender == NULL) {
		runner = lend_recall(t);
		t->time = NULL;
	}
	own->thread = NULL;
	own->runner = NULL;
	t->base_priority = 0;
	if (runner != NULL) {
		sched_ready(runner, false);
	}
	sched_ready(t, false); /* if it runs on what it was lent */
}

void thread_destroy(struct thread *t)
{
	struct cap_slot *embedded[] = {&t->cspace, &t->space, &t->sched, &t->handler, &t->bound};

	sched_stop(t);
	ipc_forget(t);
	if (t->has_buffer && t->space.type != OBJECT_NONE) {
		vm_message_buffer_unmap(t->space.object, t->buffer_number);
	}
	t->has_buffer = false;
	if (t->bound.type != OBJECT_NONE) {
		((struct notification *)t->bound.object)->bound = NULL;
	}
	if (t->sched.type != OBJECT_NONE) {
		thread_sched(t)->thread = NULL;
		thread_sched(t)->runner = NULL;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(embedded); i++) {
		if (embedded[i]->type != OBJECT_NONE) {
			cap_remove(embedded[i]);
		}
	}
}
