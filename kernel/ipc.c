/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See ipc.h.
 *
 * An endpoint queues either senders or receivers, never both. A call is a
 * send whose sender then waits in a Reply object of the receiver: one-shot,
 * because answering empties the object, and unforgeable, because only the
 * receiver's capability reaches it. The kernel speaks for a thread (ecall of a
 * personality, exception, page fault) by the same calls.
 *
 * A thread that receives names the Reply object it does it with (serving); a
 * caller that it received from names the object that holds it (held_by). The
 * caller lends its time meanwhile (lend.h). What fast.c does is the same, for
 * the most frequent cases.
 */
#include "kernel/ipc.h"

#include "kernel/lend.h"
#include "kernel/notification.h"
#include "kernel/schedule.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/wait_queue.h"

const uint8_t message_register[MESSAGE_REGISTERS] = {12, 13, 14, 15, 16, 5, 6, 7, 28, 29};

/* --- endpoint queues ------------------------------------------------------ */

static void endpoint_enqueue(struct endpoint *endpoint, struct thread *t, bool receiver)
{
	endpoint->receivers = receiver;
	t->endpoint = endpoint;
	t->state = receiver ? THREAD_RECEIVING : THREAD_SENDING;
	wait_queue_add(&endpoint->queue, t);
}

static void endpoint_dequeue(struct thread *t)
{
	wait_queue_remove(&t->endpoint->queue, t);
	t->state = THREAD_READY;
}

/* t receives with the reply object (NULL: none) from now on: serving and server name each other. */
static void set_serving(struct thread *t, struct reply *reply)
{
	if (t->serving == reply) {
		return;
	}
	if (t->serving != NULL) {
		t->serving->server = NULL;
	}
	if (reply != NULL) {
		if (reply->server != NULL) {
			reply->server->serving = NULL;
		}
		reply->server = t;
	}
	t->serving = reply;
}

/* --- moving a message ------------------------------------------------------ */

static void copy_words(struct thread *from, struct thread *to, unsigned words)
{
	unsigned in_registers = words < MESSAGE_REGISTERS ? words : MESSAGE_REGISTERS;

	for (unsigned i = 0; i < in_registers; i++) {
		set_message_word(to, i, message_word(from, i));
	}
	if (words > MESSAGE_REGISTERS) {
		memcpy(&thread_buffer(to)->words[MESSAGE_REGISTERS],
		       &thread_buffer(from)->words[MESSAGE_REGISTERS],
		       (words - MESSAGE_REGISTERS) * sizeof(uint64_t));
	}
}

/* What the endpoint capability needs for capability i of the sender's buffer. */
static unsigned right_to_send(struct thread *from, unsigned i)
{
	return (thread_buffer(from)->send_caps[i] & MESSAGE_CAP_MOVE) != 0 ? RIGHT_GRANT
									   : RIGHT_SHARE;
}

/* Capability i, from the slot named by the sender into the one named by the receiver. */
static bool send_cap(struct thread *from, struct thread *to, unsigned i)
{
	unsigned needed = right_to_send(from, i); /* the buffer may have changed since the check */
	struct cap_slot *source;
	struct cap_slot *target;

	if ((from->send_rights & needed) == 0 ||
	    cap_lookup(from->cspace.object, thread_buffer(from)->send_caps[i] & ~MESSAGE_CAP_MOVE,
		       &source) != ERR_OK ||
	    cap_lookup_empty(to->cspace.object, thread_buffer(to)->receive_caps[i], &target) !=
		    ERR_OK) {
		return false;
	}
	if (needed == RIGHT_GRANT) {
		if (!cap_may_move(source)) {
			return false;
		}
		cap_move(target, source);
		return true;
	}
	if (source->type == OBJECT_UNTYPED) {
		return false;
	}
	cap_derive(target, source, RIGHTS_ALL, 0);
	return true;
}

static void put_words(struct thread *to, uint32_t label, const uint64_t *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		set_message_word(to, i, words[i]);
	}
	to->registers[REG_A1] = MESSAGE_TAG(label, n);
}

/* Put the message of `from`, of whatever kind, into the registers and buffer of `to`. */
static void transfer(struct thread *from, struct thread *to)
{
	switch (from->send_kind) {
	case SEND_MESSAGE: {
		uint64_t tag = from->send_tag & ~(MESSAGE_TAG_CAPS(0xf) | MESSAGE_TAG_ITEMS(0xff));
		unsigned caps = 0;

		copy_words(from, to, message_words(tag));
		while (caps < message_caps(from->send_tag) && send_cap(from, to, caps)) {
			caps++;
		}
		to->registers[REG_A1] = tag | MESSAGE_TAG_CAPS(caps);
		break;
	}
	case SEND_ECALL:
		put_words(to, LABEL_ECALL, &from->registers[REG_A0], 8);
		break;
	case SEND_EXCEPTION:
		put_words(to, LABEL_EXCEPTION,
			  (uint64_t[]){from->fault_cause, from->fault_address, from->registers[0],
				       from->fault_code},
			  4);
		break;
	case SEND_EXHAUSTED:
		put_words(to, LABEL_EXHAUSTED,
			  (uint64_t[]){from->time != NULL ? from->time->consumed : 0,
				       from->time != NULL ? from->time->timer.deadline : 0},
			  2);
		break;
	case SEND_FAULT:
		put_words(to, LABEL_FAULT,
			  (uint64_t[]){from->fault_address, from->fault_access, from->registers[0],
				       from->fault_count},
			  4);
		break;
	}
	to->registers[REG_BADGE] = from->send_badge;
	set_result(to, ERR_OK);
}

/* `to` receives from `from`; both are in no queue. Makes neither of them ready by itself. */
static void deliver(struct thread *from, struct thread *to)
{
	transfer(from, to);
	to->state = THREAD_READY;
	if (!from->is_call) {
		from->state = THREAD_READY;
		set_result(from, ERR_OK);
		lend_return(to);
	} else if (to->serving == NULL) {
		ipc_cancel(from);
		lend_return(to);
	} else {
		/* In the queue it may have helped another server of the endpoint. */
		struct thread *runner = lend_recall(from);

		to->serving->caller = from;
		from->held_by = to->serving;
		from->state = THREAD_WAITING_REPLY;
		lend(from, to);
		if (runner != NULL) {
			sched_ready(runner, false);
		}
	}
}

/* --- sending --------------------------------------------------------------- */

/* t, with its send_* fields set, gives its message to the endpoint or waits in its queue. */
static void send(struct thread *t, struct endpoint *endpoint)
{
	struct thread *receiver = endpoint->receivers ? endpoint->queue.head : NULL;

	if (receiver == NULL) {
		endpoint_enqueue(endpoint, t, false);
		lend_to_server(t);
		return;
	}
	endpoint_dequeue(receiver);
	deliver(t, receiver);
	sched_ready(receiver, t->state != THREAD_READY);
}

void ipc_kernel_call(struct thread *t, const struct cap_slot *endpoint, enum send_kind kind)
{
	if (endpoint->type == OBJECT_NONE) {
		thread_dead(t);
		return;
	}
	t->send_kind = kind;
	t->send_badge = endpoint->badge;
	t->is_call = true;
	send(t, endpoint->object);
}

static enum err send_check(struct thread *t, struct cap_slot **slot)
{
	uint64_t tag = t->registers[REG_A1];
	enum err err = cap_lookup_typed(t->cspace.object, (uint32_t)t->registers[REG_A0],
					OBJECT_ENDPOINT, RIGHT_WRITE, slot);

	if (err != ERR_OK) {
		return err;
	}
	if (message_words(tag) > MESSAGE_WORDS || message_caps(tag) > MESSAGE_CAPS ||
	    message_items(tag) != 0 || message_label(tag) >= MESSAGE_LABEL_KERNEL) {
		return ERR_ARGUMENT;
	}
	for (unsigned i = 0; i < message_caps(tag); i++) {
		if (((*slot)->rights & right_to_send(t, i)) == 0) {
			return ERR_RIGHTS;
		}
	}
	return ERR_OK;
}

static void send_commit(struct thread *t, struct cap_slot *slot, bool is_call)
{
	t->send_kind = SEND_MESSAGE;
	t->send_tag = t->registers[REG_A1];
	t->send_badge = slot->badge;
	t->send_rights = slot->rights;
	t->is_call = is_call;
	send(t, slot->object);
}

void ipc_call(struct thread *t)
{
	struct cap_slot *slot;
	enum err err = send_check(t, &slot);

	if (err != ERR_OK) {
		set_result(t, err);
	} else {
		send_commit(t, slot, true);
	}
}

void ipc_send(struct thread *t, bool may_block)
{
	struct cap_slot *slot;
	enum err err = send_check(t, &slot);

	if (err == ERR_OK && !may_block) {
		struct endpoint *endpoint = slot->object;

		if (!endpoint->receivers || endpoint->queue.head == NULL) {
			err = ERR_WOULD_BLOCK;
		}
	}
	if (err != ERR_OK) {
		set_result(t, err);
	} else {
		send_commit(t, slot, false);
	}
}

/* --- receiving ------------------------------------------------------------- */

struct receive {
	struct endpoint *endpoint;
	struct reply *reply; /* NULL: none given */
};

static enum err receive_check(struct thread *t, struct receive *receive)
{
	uint32_t reply_index = (uint32_t)(t->registers[REG_A0] >> 32);
	struct cap_slot *slot;
	enum err err = cap_lookup_typed(t->cspace.object, (uint32_t)t->registers[REG_A0],
					OBJECT_ENDPOINT, RIGHT_READ, &slot);

	if (err != ERR_OK) {
		return err;
	}
	receive->endpoint = slot->object;
	receive->reply = NULL;
	if (reply_index == 0) {
		return ERR_OK;
	}
	err = cap_lookup_typed(t->cspace.object, reply_index, OBJECT_REPLY, 0, &slot);
	if (err != ERR_OK) {
		return err;
	}
	receive->reply = slot->object;
	/* Another thread waits for a caller with it. */
	return receive->reply->server != NULL && receive->reply->server != t &&
			       receive->reply->server->state == THREAD_RECEIVING
		       ? ERR_BUSY
		       : ERR_OK;
}

/* The first thread that receives from an endpoint inherits the priorities of who waits there. */
static void set_server(struct endpoint *endpoint, struct thread *t)
{
	if (endpoint->server != NULL || t->served == endpoint) {
		return;
	}
	if (t->served != NULL) {
		t->served->server = NULL;
	}
	endpoint->server = t;
	t->served = endpoint;
}

/* t takes the next message, or waits for it. */
static void take_next(struct thread *t, const struct receive *receive, bool may_block)
{
	struct endpoint *endpoint = receive->endpoint;

	if (notification_take_bound(t)) {
		return;
	}
	if (endpoint->queue.head == NULL || endpoint->receivers) {
		if (!may_block) {
			set_result(t, ERR_WOULD_BLOCK);
			return;
		}
		set_serving(t, receive->reply);
		endpoint_enqueue(endpoint, t, true);
		set_server(endpoint, t);
		return;
	}
	struct thread *sender = endpoint->queue.head;

	endpoint_dequeue(sender);
	set_serving(t, receive->reply);
	set_server(endpoint, t);
	deliver(sender, t);
	sched_ready(sender, false);
}

static void receive_commit(struct thread *t, const struct receive *receive, bool may_block)
{
	struct thread *lender = t->lender;

	lend_return(t);
	take_next(t, receive, may_block);
	if (lender != NULL) {
		sched_ready(lender, false); /* it may wait for one that this helps */
	}
	if (t->state == THREAD_READY && !thread_has_time(t)) {
		sched_ready(t, false);
	}
}

void ipc_receive(struct thread *t, bool may_block)
{
	struct receive receive;
	enum err err = receive_check(t, &receive);

	if (err == ERR_OK && receive.reply != NULL && receive.reply->caller != NULL) {
		err = ERR_BUSY;
	}
	if (err != ERR_OK) {
		set_result(t, err);
	} else {
		receive_commit(t, &receive, may_block);
	}
}

/* --- answering ------------------------------------------------------------- */

static bool tag_is_answer(uint64_t tag)
{
	return message_words(tag) <= MESSAGE_WORDS && message_caps(tag) <= MESSAGE_CAPS &&
	       message_label(tag) < MESSAGE_LABEL_KERNEL;
}

static void answer_fault(struct thread *server, struct thread *caller)
{
	uint64_t tag = server->registers[REG_A1];

	if (message_label(tag) != FAULT_FAIL) {
		return; /* it tries the access again */
	}
	caller->fault_code = message_words(tag) > 0 ? message_word(server, 0) : 0;
	ipc_kernel_call(caller, &caller->handler, SEND_EXCEPTION);
}

/* Give the message of `server` to the caller that the object holds. It may be made ready. */
static struct thread *answer(struct thread *server, struct reply *reply)
{
	struct thread *caller = reply->caller;
	uint64_t tag = server->registers[REG_A1];
	unsigned words = message_words(tag);
	struct thread *runner;

	reply->caller = NULL;
	caller->held_by = NULL;
	if (server->lender == caller) {
		lend_return(server);
	}
	runner = lend_recall(caller);
	caller->state =
		THREAD_READY; /* not before: it may have to wait again, and is in no queue */
	if (runner != NULL) {
		sched_ready(runner, false);
	}
	switch (caller->send_kind) {
	case SEND_MESSAGE:
		server->send_kind = SEND_MESSAGE;
		server->send_tag = tag;
		server->send_badge = 0;
		server->send_rights = RIGHTS_ALL;
		transfer(server, caller);
		break;
	case SEND_ECALL:
		for (unsigned i = 0; i < words && i < 8; i++) {
			caller->registers[REG_A0 + i] = message_word(server, i);
		}
		break;
	case SEND_FAULT:
		answer_fault(server, caller);
		break;
	case SEND_EXCEPTION:
		if (message_label(tag) == EXCEPTION_SET_PC && words > 0) {
			caller->registers[0] = message_word(server, 0) & ~1ull;
		}
		break;
	case SEND_EXHAUSTED:
		break;
	}
	return caller;
}

void ipc_reply(struct thread *t)
{
	struct cap_slot *slot;
	struct reply *reply;
	enum err err = cap_lookup_typed(t->cspace.object, (uint32_t)t->registers[REG_A0],
					OBJECT_REPLY, 0, &slot);

	if (err == ERR_OK && !tag_is_answer(t->registers[REG_A1])) {
		err = ERR_ARGUMENT;
	}
	reply = err == ERR_OK ? slot->object : NULL;
	if (err == ERR_OK && reply->caller == NULL) {
		err = ERR_NOT_BOUND;
	}
	set_result(t, err);
	if (err == ERR_OK) {
		sched_ready(answer(t, reply), false);
		sched_ready(t, false); /* if that was its time, the next caller helps */
	}
}

void ipc_reply_receive(struct thread *t)
{
	struct receive receive;
	struct thread *caller = NULL;
	enum err err = receive_check(t, &receive);

	if (err == ERR_OK && !tag_is_answer(t->registers[REG_A1])) {
		err = ERR_ARGUMENT;
	}
	if (err != ERR_OK) {
		set_result(t, err);
		return;
	}
	if (receive.reply != NULL && receive.reply->caller != NULL) {
		caller = answer(t, receive.reply);
	}
	receive_commit(t, &receive, true);
	if (caller != NULL) {
		sched_ready(caller, t->state != THREAD_READY);
	}
}

/* --- ending waits ---------------------------------------------------------- */

void ipc_detach(struct thread *t)
{
	struct thread *runner;

	if (t->state == THREAD_SENDING || t->state == THREAD_RECEIVING) {
		endpoint_dequeue(t);
	}
	if (t->notification != NULL) {
		notification_dequeue(t);
	}
	if (t->held_by != NULL) {
		t->held_by->caller = NULL;
		t->held_by = NULL;
	}
	t->state = THREAD_STOPPED;
	runner = lend_recall(t);
	if (runner != NULL) {
		sched_ready(runner, false);
	}
}

void ipc_forget(struct thread *t)
{
	ipc_detach(t);
	set_serving(t, NULL);
	if (t->served != NULL) {
		t->served->server = NULL;
		t->served = NULL;
	}
	if (t->lender != NULL) {
		lend_return(t);
	}
}

void ipc_cancel(struct thread *t)
{
	bool spoke_kernel = (t->state == THREAD_SENDING || t->state == THREAD_WAITING_REPLY ||
			     t->state == THREAD_READY) &&
			    t->send_kind != SEND_MESSAGE;

	ipc_detach(t);
	t->state = THREAD_READY;
	if (!spoke_kernel) {
		set_result(t, ERR_CANCELLED);
	} else if (t->send_kind == SEND_ECALL) {
		t->registers[0] -= 4; /* it makes the call again */
	} else if (t->send_kind == SEND_EXCEPTION) {
		thread_dead(t);
	}
	sched_ready(t, false);
}

void ipc_end_receive(struct thread *t)
{
	endpoint_dequeue(t);
}

bool endpoint_destroy(struct endpoint *endpoint)
{
	if (endpoint->server != NULL) {
		endpoint->server->served = NULL;
		endpoint->server = NULL;
	}
	while (endpoint->queue.head != NULL) {
		ipc_cancel(endpoint->queue.head);
		if (thread_preempt_pending()) {
			return false;
		}
	}
	return true;
}

void reply_destroy(struct reply *reply)
{
	if (reply->server != NULL) {
		set_serving(reply->server, NULL);
	}
	if (reply->caller != NULL) {
		ipc_cancel(reply->caller);
	}
}
