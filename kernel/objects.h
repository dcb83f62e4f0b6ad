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
#include "kernel/timer.h"
#include "vm/vm.h"

struct cspace {
	uint32_t count;	 /* slots, a power of two */
	bool dying;	 /* no capability may be put in any more */
	uint64_t type;	 /* 0, in the place of slot 0's type: slot 0 reads as empty */
	uint32_t cursor; /* slots below are empty; only while dying */
	uint32_t reserved[11];
	struct cap_slot slots[]; /* [0] is never used: the header stands in its place */
};
_Static_assert(sizeof(struct cspace) == sizeof(struct cap_slot), "the header replaces slot 0");
_Static_assert(offsetof(struct cspace, type) == offsetof(struct cap_slot, type), "slot 0 is empty");

static inline struct cap_slot *cspace_slot(struct cspace *cspace, uint64_t index)
{
	return &cspace->slots[index - 1];
}

#define SCHED_REFILLS 8

/* Time that may be used from `time` on (ticks). */
struct refill {
	uint64_t time, amount;
};

/* Priority and time to run: see sched_context.h. */
struct sched_context {
	uint8_t priority;
	uint8_t ceiling; /* most that SCHED_SET_PRIORITY gives */
	bool configured;
	bool exhausted; /* waits for `timer`, its next replenishment */
	struct hart_mask allowed;
	struct thread *thread; /* bound: its embedded slot names this */
	struct thread *runner; /* who may run on it now: `thread`, or who it was lent to (lend.h) */
	uint64_t budget;       /* ticks: of a period, or of a slice if period is 0 */
	uint64_t period;       /* ticks; 0: not enforced */
	uint64_t slice_end;    /* until when it goes before others of its priority, ticks */
	uint64_t consumed;     /* ticks, ever */
	struct timer timer;
	uint32_t refill_head, refill_count;
	struct refill refills[SCHED_REFILLS]; /* ring, by time; only with a period */
};

struct endpoint {
	uint32_t lock;	/* of the queue, within hart-local sections (lock.h) */
	bool receivers; /* who waits: all senders or all receivers */
	struct wait_queue queue;
	struct thread *server; /* the first that received here: inherits priorities */
};

struct reply {
	struct thread *caller; /* whom an answer through this object resumes */
	struct thread *server; /* who receives with this object, or received with it last */
};

struct notification {
	uint64_t word;
	uint32_t lock;		 /* of the queue, within hart-local sections (lock.h) */
	struct wait_queue queue; /* in SYS_WAIT */
	struct thread *bound;	 /* its receives take the word too */
	struct timer timer;
};

/* Who speaks for the thread in a send or call. */
enum send_kind { SEND_MESSAGE, SEND_ECALL, SEND_EXCEPTION, SEND_FAULT, SEND_EXHAUSTED };

/* Why a thread that is ready does not run. */
enum thread_hold { HOLD_SUSPENDED = 1, HOLD_NO_SPACE = 2 };

struct thread {
	uint64_t registers[32]; /* [0] = pc, [i] = x_i; first, trap_entry.S */
	struct hart *hart;	/* where it runs or ran last; second, trap_entry.S */
	uint8_t state;		/* enum thread_state */
	uint8_t send_kind;	/* enum send_kind */
	union {
		struct {
			uint8_t hold;	  /* enum thread_hold */
			uint8_t counters; /* scounteren bits while it runs */
		};
		uint16_t mode; /* threads of equal mode can take each other's place */
	};
	uint8_t priority;      /* in effect: base_priority, lent or inherited */
	uint8_t base_priority; /* of its own scheduling context, 0 without */
	uint8_t lend_depth;    /* lenders above it in the chain */
	bool is_call;
	uint8_t send_rights;	 /* of the endpoint capability; all for an answer */
	bool personality;	 /* ecalls are calls on the handler */
	bool reports_exhaustion; /* to the handler */
	bool queued;		 /* in hart->queue */
	bool has_buffer;
	uint32_t buffer_number;

	/* Rings: not in a queue = alone. See wait_queue.h. */
	struct thread *next, *previous, *group_next, *group_previous;

	/* time to run: see lend.h */
	struct sched_context *time; /* what it runs on, or has lent */
	struct thread *lender;	    /* whose it is; NULL: its own */

	/* IPC */
	struct endpoint *endpoint;	   /* queued here while SENDING or RECEIVING */
	struct endpoint *served;	   /* served->server is this thread */
	struct notification *notification; /* queued here (WAITING_SIGNAL) */
	struct reply *serving;		   /* serving->server is this thread */
	struct reply *held_by;		   /* WAITING_REPLY: held_by->caller is this thread */
	uint64_t send_tag, send_badge;

	struct cap_slot cspace, space, sched, handler, bound; /* embedded */

	/* the latest fault or exception */
	uint64_t fault_address, fault_cause, fault_code, fault_count;
	enum fault_access fault_access;

	bool fpu_used;	       /* fpu[] counts; else all zero */
	struct hart *fpu_hart; /* whose FPU registers may still hold fpu[] */
	uint64_t fpu[33];      /* f0-f31, fcsr */
};
_Static_assert(offsetof(struct thread, registers) == 0, "trap_entry.S");
_Static_assert(offsetof(struct thread, hart) == 256, "trap_entry.S");
_Static_assert(sizeof(struct thread) <= 4096, "the message buffer is the second page");

static inline struct message_buffer *thread_buffer(struct thread *thread)
{
	return (struct message_buffer *)((uintptr_t)thread + 4096);
}

/* Its own scheduling context or NULL. */
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

_Static_assert(sizeof(struct sched_context) <= 256, "size in object.h");
_Static_assert(sizeof(struct endpoint) <= 64, "size in object.h");
_Static_assert(sizeof(struct reply) <= 64, "size in object.h");
_Static_assert(sizeof(struct notification) <= 128, "size in object.h");
_Static_assert(sizeof(struct space_object) <= 4096, "the root table is the second page");
_Static_assert(sizeof(struct window_object) <= 1024, "size in object.h");
_Static_assert(sizeof(struct pool_object) <= 1024, "size in object.h");
_Static_assert(sizeof(struct binding_object) <= 256, "size in object.h");
_Static_assert(sizeof(struct bank_object) <= 4096 - BANK_OBJECT_OFFSET, "fits in the header page");

#endif
