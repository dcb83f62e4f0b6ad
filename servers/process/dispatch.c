/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of Linux threads and their answers.
 *
 * A Linux thread's ecall or exception arrives with the thread's number as
 * badge. The Reply object used for the receive then holds the caller and
 * belongs to the thread (core->reply) until it is answered. The answer that
 * is ready last is kept back and sent together with the next receive, in one
 * kernel entry.
 *
 * Reply objects: one for each thread plus one, so that the receive always has
 * one (reply_reserve at thread creation).
 */
#include "servers/process/core.h"

#include <string.h>

#include "servers/lib/objects.h"

#define STOCK_LIMIT (THREAD_LIMIT + 1)

static cap_t stock[STOCK_LIMIT];
static uint32_t stock_count;  /* objects at hand */
static uint32_t stock_wanted; /* threads + 1 */
static uint32_t stock_made;

static struct {
	cap_t reply; /* 0: none */
	unsigned words;
	uint64_t value;
} answer;

bool reply_reserve(void)
{
	if (stock_made <= stock_wanted) {
		cap_t reply = object_create(OBJECT_REPLY, 0);

		if (reply == 0) {
			return false;
		}
		stock[stock_count++] = reply;
		stock_made++;
	}
	stock_wanted++;
	return true;
}

void reply_unreserve(void)
{
	stock_wanted--;
}

cap_t reply_take(void)
{
	return stock[--stock_count];
}

void reply_give(cap_t reply)
{
	stock[stock_count++] = reply;
}

/* Send the answer that was kept back, if there is one. */
void answer_flush(void)
{
	struct message m = {.tag = MESSAGE_TAG(0, answer.words), .words = {answer.value}};

	if (answer.reply != 0) {
		ipc_reply(answer.reply, &m);
		reply_give(answer.reply);
		answer.reply = 0;
	}
}

/*
 * Take over the answer that was kept back: its words go into *m. The reply
 * object, to be used for the next receive; 0: there is no answer.
 */
cap_t answer_take(struct message *m)
{
	cap_t reply = answer.reply;

	answer.reply = 0;
	m->tag = MESSAGE_TAG(0, answer.words);
	m->words[0] = answer.value;
	return reply;
}

/* Let t go on: with a0 = value, or (0 words) with its registers as they are. */
void thread_answer(struct thread *t, unsigned words, uint64_t value)
{
	answer_flush();
	answer.reply = t->core->reply;
	answer.words = words;
	answer.value = value;
	t->core->reply = 0;
	t->core->phase = PHASE_USER;
	t->core->in_exception = false;
}

/* The call that t makes has the result given; see to signals, then answer. */
void call_finish(struct thread *t, int64_t result)
{
	struct thread_core *c = t->core;

	if (result == CALL_NO_RETURN) {
		c->in_exception = true;
	}
	if (c->has_call_mask && result != CALL_RESTART_NO_HANDLER) {
		c->has_call_mask = false;
		c->blocked = c->call_mask_saved;
	}
	if (signal_is_deliverable(t) || t->process->stopped ||
	    (result <= CALL_RESTART_SYS && result >= CALL_RESTART_BLOCK)) {
		signal_call_done(t, result);
	} else {
		thread_answer(t, c->in_exception ? 0 : 1, (uint64_t)result);
	}
}

/* Run the call in t->call_number and t->args. */
void dispatch_call(struct thread *t)
{
	int64_t result;

	t->core->phase = PHASE_CALL;
	result = call_run(t);
	if (result != CALL_PARKED && result != CALL_GONE) {
		call_finish(t, result);
	}
}

static void ecall_handle(struct thread *t, const struct message *m)
{
	t->core->fault.pc = 0; /* the latest exception is history */
	t->core->fault.bad_frame = false;
	memcpy(t->args, m->words, sizeof(t->args));
	t->call_number = m->words[7] < UINT32_MAX ? (uint32_t)m->words[7] : UINT32_MAX;
	if (t->process->stopped) {
		t->core->phase = PHASE_CALL;
		signal_call_done(t, CALL_RESTART_ALWAYS);
	} else {
		dispatch_call(t);
	}
}

/* A message has come whose caller `reply` holds. */
void message_handle(struct message *m, cap_t reply)
{
	uint32_t label = message_label(m->tag);
	struct thread *t = m->badge < THREAD_LIMIT ? thread_by_number((uint32_t)m->badge) : NULL;
	uint64_t begin;

	if (t == NULL || t->core->phase == PHASE_PARKED || t->core->reply != 0 ||
	    (label != LABEL_ECALL && label != LABEL_EXCEPTION)) {
		struct message no = {.tag = MESSAGE_TAG(0, 1), .words = {(uint64_t)-STATUS_NOSYS}};

		ipc_reply(reply, &no);
		reply_give(reply);
		return;
	}
	begin = time_now();
	t->core->reply = reply;
	if (label == LABEL_EXCEPTION) {
		t->core->in_exception = true;
		t->core->phase = PHASE_CALL;
		exception_handle(t, m->words[0], m->words[1], m->words[2], m->words[3]);
	} else {
		ecall_handle(t, m);
	}
	if (thread_by_number((uint32_t)m->badge) == t) {
		t->core->usage.system += time_now() - begin;
	}
}
