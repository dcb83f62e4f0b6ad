/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layout of the kernel objects (kernel/abi/object.h says what they are).
 * Each is made zeroed by untyped.c in memory of the size declared there.
 */
#ifndef KERNEL_OBJECTS_H
#define KERNEL_OBJECTS_H

#include "kernel/abi/fault.h"
#include "kernel/abi/message.h"
#include "kernel/cap.h"
#include "kernel/hart.h"
#include "vm/vm.h"

struct cspace {
	unsigned size_bits;
	bool dying;	 /* no capability may be put in any more */
	uint32_t cursor; /* slots below are empty; only while dying */
	uint32_t reserved[13];
	struct cap_slot slots[]; /* [0] is never used: the header stands in its place */
};
_Static_assert(sizeof(struct cspace) == sizeof(struct cap_slot), "the header replaces slot 0");

static inline struct cap_slot *cspace_slot(struct cspace *cspace, uint64_t index)
{
	return &cspace->slots[index - 1];
}

struct sched_context {
	uint8_t priority;
	bool configured;
	struct hart_mask allowed;
	uint64_t slice; /* ticks */
	struct thread *thread;
};

struct endpoint {
	struct thread *head, *tail; /* waiting threads, all senders or all receivers */
	bool receivers;
};

struct reply {
	struct thread *caller;	 /* whom an answer through this object resumes */
	struct thread *receiver; /* who waits to receive with this object */
};

struct notification {
	uint64_t word;
	struct thread *head, *tail; /* in SYS_WAIT */
	struct thread *bound;	    /* its receives take the word too */
	uint64_t deadline;	    /* timer, ticks; 0 = off */
};

/* Who speaks for the thread in a send or call. */
enum send_kind { SEND_MESSAGE, SEND_ECALL, SEND_EXCEPTION, SEND_FAULT };

struct thread {
	uint64_t registers[32]; /* [0] = pc, [i] = x_i; first, trap_entry.S */
	struct hart *hart;	/* where it runs or ran last; second, trap_entry.S */
	enum thread_state state;
	bool resumed;	  /* THREAD_RESUME was done, THREAD_SUSPEND not since */
	bool queued;	  /* in hart->queue */
	bool personality; /* ecalls are calls on the handler */
	bool has_buffer;
	uint32_t buffer_number;
	struct thread *next, *previous; /* in a run queue, endpoint or notification */

	/* IPC */
	enum send_kind send_kind;
	bool is_call;
	bool may_grant;
	uint64_t send_tag, send_badge;
	struct endpoint *endpoint;	   /* queued here (SENDING, RECEIVING) */
	struct notification *notification; /* queued here (WAITING_SIGNAL) */
	struct reply *reply; /* WAITING_REPLY: holds this thread; RECEIVING: receives with it */

	/* the latest fault or exception */
	uint64_t fault_address, fault_cause, fault_code, fault_count;
	enum fault_access fault_access;

	uint64_t run_ticks;
	uint64_t slice_end;    /* until when it goes before others of its priority, ticks */
	bool fpu_used;	       /* fpu[] counts; else all zero */
	struct hart *fpu_hart; /* whose FPU registers may still hold fpu[] */
	uint64_t fpu[33];      /* f0-f31, fcsr */

	struct cap_slot cspace, space, sched, handler, bound; /* embedded */
};
_Static_assert(offsetof(struct thread, registers) == 0, "trap_entry.S");
_Static_assert(offsetof(struct thread, hart) == 256, "trap_entry.S");
_Static_assert(sizeof(struct thread) <= 4096, "the message buffer is the second page");

static inline struct message_buffer *thread_buffer(struct thread *thread)
{
	return (struct message_buffer *)((uintptr_t)thread + 4096);
}

static inline struct sched_context *thread_sched(const struct thread *thread)
{
	return thread->sched.object;
}

/* The root table is the object's second page. */
struct space_object {
	struct vm_space vm;
};

struct window_object {
	struct vm_window vm;
	struct cap_slot space, fault; /* embedded */
};

struct pool_object {
	struct vm_pool vm;
	struct cap_slot extents[VM_POOL_EXTENTS]; /* embedded */
};

struct binding_object {
	struct vm_binding vm;
	struct cap_slot window, pool; /* embedded */
};

/* Lies at the end of the bank's first page, which never becomes a table. */
struct bank_object {
	struct vm_bank vm;
	struct cap_slot space; /* embedded */
};
#define BANK_OBJECT_OFFSET 3584

static inline struct bank_object *bank_object(void *bank)
{
	return (struct bank_object *)((uintptr_t)bank + BANK_OBJECT_OFFSET);
}

_Static_assert(sizeof(struct sched_context) <= 128, "size in object.h");
_Static_assert(sizeof(struct endpoint) <= 64, "size in object.h");
_Static_assert(sizeof(struct reply) <= 64, "size in object.h");
_Static_assert(sizeof(struct notification) <= 128, "size in object.h");
_Static_assert(sizeof(struct space_object) <= 4096, "the root table is the second page");
_Static_assert(sizeof(struct window_object) <= 1024, "size in object.h");
_Static_assert(sizeof(struct pool_object) <= 1024, "size in object.h");
_Static_assert(sizeof(struct binding_object) <= 256, "size in object.h");
_Static_assert(sizeof(struct bank_object) <= 4096 - BANK_OBJECT_OFFSET, "fits in the header page");

#endif
