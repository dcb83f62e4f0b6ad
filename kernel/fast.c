/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See fast.h: calls and answers. Paths that leave both threads ready are in
 * fast_wake.c.
 *
 * A call switches to a server that waits. It needs no look at the run queue:
 * the server runs on what the caller lends it, at no lower priority than the
 * caller, which was the hart's best thread. An answer switches back to the
 * caller if nobody better is ready.
 *
 * No time is read here: what the hart is charged to (hart->charged) is passed on
 * with the message, so the timer stays as it is programmed.
 *
 * Each path is one function that calls none, so that it saves no registers;
 * what is rare is in functions called last.
 */
#include "kernel/fast_private.h"

#include "kernel/abi/syscall.h"
#include "kernel/debug.h"

/*
 * t's message goes to a thread of this hart that waits at the endpoint. Returns that, within the
 * section and without the endpoint's lock; or NULL, outside of it.
 */
static ALWAYS_INLINE struct thread *call_begin(struct hart *hart, struct thread *t,
					       struct endpoint *endpoint)
{
	struct thread *server;

	if (!try_lock(&endpoint->lock)) {
		goto leave;
	}
	server = endpoint->queue.head;
	if (server == NULL || !endpoint->receivers || !may_switch(hart, t, server) ||
	    server->next != server || server->group_next != NULL || server->serving == NULL ||
	    t->lend_depth >= LEND_DEPTH || !vm_activate_quick(hart, server->space.object)) {
		goto unlock;
	}
	endpoint->queue.head = NULL;
	unlock(&endpoint->lock);
	return server;
unlock:
	unlock(&endpoint->lock);
leave:
	hart_local_leave(hart);
	return NULL;
}

/* The server has the message: t waits for the answer and lends its time. */
static ALWAYS_INLINE struct fast_result call_end(struct hart *hart, struct thread *t,
						 struct thread *server, uint64_t badge)
{
	struct reply *reply = server->serving;

	server->registers[REG_A0] = ERR_OK;
	server->registers[REG_BADGE] = badge;
	server->state = THREAD_READY;
	reply->caller = t;
	t->held_by = reply;
	t->state = THREAD_WAITING_REPLY;
	t->time->runner = server;
	server->time = t->time;
	server->lender = t;
	server->lend_depth = (uint8_t)(t->lend_depth + 1);
	if (server->priority < t->priority) {
		server->priority = t->priority;
	}
	return switch_thread(hart, t, server);
}

static PATH struct fast_result call(struct thread *t, uint64_t tag)
{
	struct hart *hart = hart_current();
	struct cap_slot *slot;
	struct thread *server;

	if (!is_short(tag) || !hart_local_enter(hart)) {
		return full_path(t);
	}
	slot = lookup(t, cap_argument(t, 0), OBJECT_ENDPOINT, RIGHT_WRITE);
	if (slot == NULL) {
		hart_local_leave(hart);
		return full_path(t);
	}
	server = call_begin(hart, t, slot->object);
	if (server == NULL) {
		return full_path(t);
	}
	t->send_kind = SEND_MESSAGE;
	copy_words(t, server, (uint32_t)tag);
	server->registers[REG_A1] = tag;
	return call_end(hart, t, server, slot->badge);
}

/* The message that the kernel makes of t's ecall, exception or fault, to an endpoint. Outside
 * of the section if that does not go. */
static ALWAYS_INLINE struct fast_result
kernel_call(struct hart *hart, struct thread *t, const struct cap_slot *slot, enum send_kind kind)
{
	struct thread *server;
	uint64_t *to;

	if (slot->object == NULL) {
		hart_local_leave(hart);
		return full_path(t);
	}
	server = call_begin(hart, t, slot->object);
	if (server == NULL) {
		return full_path(t);
	}
	to = server->registers;
	t->send_kind = (uint8_t)kind;
	if (kind == SEND_ECALL) {
		to[REG_A1] = MESSAGE_TAG(LABEL_ECALL, 8);
		to[12] = t->registers[10];
		to[13] = t->registers[11];
		to[14] = t->registers[12];
		to[15] = t->registers[13];
		to[16] = t->registers[14];
		to[5] = t->registers[15];
		to[6] = t->registers[16];
		to[7] = t->registers[17];
	} else if (kind == SEND_EXCEPTION) {
		to[REG_A1] = MESSAGE_TAG(LABEL_EXCEPTION, 4);
		to[12] = t->fault_cause;
		to[13] = t->fault_address;
		to[14] = t->registers[0];
		to[15] = t->fault_code;
	} else {
		to[REG_A1] = MESSAGE_TAG(LABEL_FAULT, 4);
		to[12] = t->fault_address;
		to[13] = t->fault_access;
		to[14] = t->registers[0];
		to[15] = ++t->fault_count;
	}
	return call_end(hart, t, server, slot->badge);
}

static PATH struct fast_result personality_call(struct thread *t)
{
	struct hart *hart = hart_current();

	if (!hart_local_enter(hart)) {
		return full_path(t);
	}
	return kernel_call(hart, t, &t->handler, SEND_ECALL);
}

struct thread *fast_exception(struct thread *t)
{
	struct hart *hart = hart_current();
	struct thread *next;

	if (!hart_local_enter(hart)) {
		return NULL;
	}
	next = kernel_call(hart, t, &t->handler, SEND_EXCEPTION).next;
	hart_local_leave(hart);
	return next;
}

struct thread *fast_page_fault(struct thread *t)
{
	struct hart *hart = hart_current();
	struct vm_space *space = t->space.object;
	struct vm_window *window;
	struct thread *next = NULL;
	enum vm_fault answer;

	if (!hart_local_enter(hart)) {
		return NULL;
	}
	if (!try_lock(&space->lock)) {
		hart_local_leave(hart);
		return NULL;
	}
	answer = vm_fault(space, t->fault_address, t->fault_access, &window);
	if (answer == VM_FAULT_RETRY) {
		debug_check_space(space);
	}
	unlock(&space->lock);
	switch (answer) {
	case VM_FAULT_RETRY:
		next = t;
		break;
	case VM_FAULT_WINDOW:
		next = kernel_call(hart, t, &CONTAINER_OF(window, struct window_object, vm)->fault,
				   SEND_FAULT)
			       .next;
		break;
	case VM_FAULT_NONE:
		break;
	}
	hart_local_leave(hart);
	return next;
}

/* The first `words` words of t's message become a0... of the caller. */
static ALWAYS_INLINE void answer_ecall(const struct thread *t, struct thread *caller,
				       uint32_t words)
{
	switch (words) {
	default:
		caller->registers[17] = t->registers[7];
		/* fall through */
	case 7:
		caller->registers[16] = t->registers[6];
		/* fall through */
	case 6:
		caller->registers[15] = t->registers[5];
		/* fall through */
	case 5:
		caller->registers[14] = t->registers[16];
		/* fall through */
	case 4:
		caller->registers[13] = t->registers[15];
		/* fall through */
	case 3:
		caller->registers[12] = t->registers[14];
		/* fall through */
	case 2:
		caller->registers[11] = t->registers[13];
		/* fall through */
	case 1:
		caller->registers[10] = t->registers[12];
		/* fall through */
	case 0:
		break;
	}
}

/* The caller gets the answer in t's registers. */
static ALWAYS_INLINE void answer(const struct thread *t, struct thread *caller, uint64_t tag)
{
	uint32_t words = (uint32_t)tag;

	if (caller->send_kind == SEND_MESSAGE) {
		copy_words(t, caller, words);
		caller->registers[REG_A0] = ERR_OK;
		caller->registers[REG_A1] = tag;
		caller->registers[REG_BADGE] = 0;
	} else if (caller->send_kind == SEND_ECALL) {
		answer_ecall(t, caller, words);
	} else if (caller->send_kind == SEND_EXCEPTION && tag >> 32 == EXCEPTION_SET_PC &&
		   words > 0) {
		caller->registers[0] = t->registers[12] & ~1ull;
	}
}

/* May t answer its caller and then run it? */
static ALWAYS_INLINE bool may_answer(const struct hart *hart, const struct thread *t,
				     const struct reply *reply, uint64_t tag)
{
	const struct thread *caller = reply->caller;

	return caller != NULL && t->serving == reply && t->lender == caller &&
	       may_switch(hart, t, caller) &&
	       (hart->queue.head == NULL || hart->queue.head->priority <= caller->priority) &&
	       (caller->send_kind == SEND_MESSAGE || caller->send_kind != SEND_FAULT ||
		tag >> 32 == FAULT_RESUME) &&
	       (t->bound.object == NULL ||
		__atomic_load_n(&((struct notification *)t->bound.object)->word,
				__ATOMIC_RELAXED) == 0);
}

/*
 * t waits at the endpoint, alone: others wait there for nothing, or t would have
 * to take the first of them. Within the section; false if not.
 */
static ALWAYS_INLINE bool wait_alone(struct hart *hart, struct thread *t, struct endpoint *endpoint,
				     struct vm_space *next)
{
	bool done = false;

	if (!try_lock(&endpoint->lock)) {
		return false;
	}
	if (endpoint->queue.head == NULL && vm_activate_quick(hart, next)) {
		endpoint->receivers = true;
		endpoint->queue.head = t;
		t->endpoint = endpoint;
		t->state = THREAD_RECEIVING;
		done = true;
	}
	unlock(&endpoint->lock);
	return done;
}

static PATH struct fast_result reply_receive(struct thread *t, uint64_t tag)
{
	struct hart *hart = hart_current();
	struct cap_slot *slot, *reply_slot;
	struct reply *reply;
	struct thread *caller;

	if (!hart_local_enter(hart)) {
		return full_path(t);
	}
	slot = lookup(t, cap_argument(t, 0), OBJECT_ENDPOINT, RIGHT_READ);
	reply_slot = lookup(t, cap_argument(t, 1), OBJECT_REPLY, (enum right)0);
	if (slot == NULL || reply_slot == NULL) {
		goto leave;
	}
	reply = reply_slot->object;
	caller = reply->caller;
	if (!may_answer(hart, t, reply, tag) ||
	    !wait_alone(hart, t, slot->object, caller->space.object)) {
		goto leave;
	}
	answer(t, caller, tag);
	reply->caller = NULL;
	caller->held_by = NULL;
	caller->state = THREAD_READY;
	t->time->runner = caller;
	t->time = t->sched.object;
	t->lender = NULL;
	t->lend_depth = 0;
	t->priority = t->base_priority;
	return switch_thread(hart, t, caller);
leave:
	hart_local_leave(hart);
	return full_path(t);
}

/* The answer to a page fault, with window items. */
static PATH struct fast_result map_reply_receive(struct thread *t, uint64_t tag)
{
	uint64_t rest = tag & ~MESSAGE_TAG_ITEMS(0xff);

	if (!is_short(rest) || !fast_window_items(t, message_items(tag))) {
		return full_path(t);
	}
	return reply_receive(t, rest);
}

struct fast_result fast_ecall(struct thread *t, uint64_t tag, uint64_t word0, uint64_t word1,
			      uint64_t word2, uint64_t word3, uint64_t word4, uint64_t number)
{
	(void)word0, (void)word1, (void)word2, (void)word3, (void)word4;
	if (t->personality) {
		return personality_call(t);
	}
	if (number == SYS_CALL) {
		return call(t, tag);
	}
	if (number == SYS_REPLY_RECEIVE) {
		return is_short(tag) ? reply_receive(t, tag) : map_reply_receive(t, tag);
	}
	if (number == SYS_SIGNAL) {
		return fast_signal(t);
	}
	if (number == SYS_SEND) {
		return fast_send(t, tag);
	}
	if (number == SYS_YIELD) {
		return fast_yield(t);
	}
	if (number > SYS_WINDOW) {
		t->registers[REG_A0] = ERR_NO_SYSCALL;
		hart_current()->entries++;
		return (struct fast_result){t, t};
	}
	return full_path(t);
}
