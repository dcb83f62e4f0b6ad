/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The personality server's event loop.
 *
 * A Linux thread's ecall or exception arrives with the thread's number as
 * badge. The Reply object used for the receive then holds the caller and
 * belongs to the thread (core->reply) until it is answered. The answer that
 * is ready first is kept back and sent together with the next receive, in one
 * kernel entry; further ones (of woken threads) are sent at once.
 *
 * Reply objects: one for each thread plus one, so that the receive always has
 * one (reply_reserve at thread creation).
 */
#include "servers/process/core.h"

#include <stdlib.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define FILES_EVENTS 0xffull
#define STOCK_LIMIT (THREAD_LIMIT + 1)

cap_t process_endpoint, event_notification;

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

void reply_give(cap_t reply)
{
	stock[stock_count++] = reply;
}

/* Send the answer that was kept back, if there is one. */
void main_flush_answer(void)
{
	struct message m = {.tag = MESSAGE_TAG(0, answer.words), .words = {answer.value}};

	if (answer.reply != 0) {
		ipc_reply(answer.reply, &m);
		reply_give(answer.reply);
		answer.reply = 0;
	}
}

/* Let t go on: with a0 = value, or (0 words) with its registers as they are. */
void thread_answer(struct thread *t, unsigned words, uint64_t value)
{
	main_flush_answer();
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

/* A message whose caller `reply` holds. */
static void message_handle(struct message *m, cap_t reply)
{
	uint32_t label = message_label(m->tag);
	struct thread *t = m->badge < THREAD_LIMIT ? thread_by_number((uint32_t)m->badge) : NULL;

	if (t == NULL || t->core->phase == PHASE_PARKED || t->core->reply != 0 ||
	    (label != LABEL_ECALL && label != LABEL_EXCEPTION)) {
		struct message no = {.tag = MESSAGE_TAG(0, 1), .words = {(uint64_t)-STATUS_NOSYS}};

		ipc_reply(reply, &no);
		reply_give(reply);
		return;
	}
	t->core->reply = reply;
	if (label == LABEL_EXCEPTION) {
		t->core->in_exception = true;
		t->core->phase = PHASE_CALL;
		exception_handle(t, m->words[0], m->words[1], m->words[2], m->words[3]);
		return;
	}
	memcpy(t->args, m->words, sizeof(t->args));
	t->call_number = m->words[7] < UINT32_MAX ? (uint32_t)m->words[7] : UINT32_MAX;
	if (t->process->stopped) {
		t->core->phase = PHASE_CALL;
		signal_call_done(t, CALL_RESTART_ALWAYS);
	} else {
		dispatch_call(t);
	}
}

static void event_loop(void)
{
	for (;;) {
		struct message m = {.tag = MESSAGE_TAG(0, answer.words), .words = {answer.value}};
		cap_t reply = answer.reply;
		enum err err;

		timers_program();
		if (reply != 0) {
			answer.reply = 0;
			err = ipc_reply_receive(process_endpoint, reply, &m);
		} else {
			reply = stock[--stock_count];
			err = ipc_receive(process_endpoint, reply, &m);
		}
		if (err != ERR_OK) {
			reply_give(reply);
			continue;
		}
		if (message_label(m.tag) == LABEL_NOTIFICATION) {
			reply_give(reply);
			if ((m.badge & TIMER_BIT) != 0) {
				timers_run();
			}
			if ((m.badge & FILES_EVENTS) != 0) {
				files_event(m.badge & FILES_EVENTS);
			}
		} else {
			message_handle(&m, reply);
		}
		attention_run();
	}
}

cap_t event_capability(unsigned bit)
{
	return bit < 8 ? cap_derive(event_notification, RIGHT_WRITE, 1ull << bit) : 0;
}

/* A shared region that the system file has to declare. */
static unsigned char *region_required(const char *name, uint64_t size)
{
	const struct startup_region *region = startup_region(name);

	if (region == NULL || region->address == 0 || region->size < size) {
		fatal("process: no region \"%s\" of %lu bytes\n", name, (unsigned long)size);
	}
	return (unsigned char *)region->address;
}

/* Make pid 1 and let it run. */
static void init_start(void)
{
	const char *path = startup_argument("init");
	struct process *p = process_create(NULL, pid_allocate());
	struct thread *t;
	int64_t status = -STATUS_NOMEM;

	if (p != NULL) {
		p->signals = signal_state_create(signal_handlers_create());
		p->pgid = p->pid;
		p->session = session_create(p->pid);
		limits_start(p->limits);
		init_process = p;
		t = thread_create(p, p->pid);
		if (t != NULL && p->signals != NULL && p->session != NULL) {
			status = files_start_init(p);
			if (status >= 0) {
				status = exec_start_init(p, t, path != NULL ? path : "/sbin/init");
			}
		}
	}
	if (status < 0) {
		log_print("process: cannot start %s: error %d\n",
			  path != NULL ? path : "/sbin/init", (int)-status);
		power_off(true);
	}
}

int main(void)
{
	pager_cap = startup_cap_required("pager");
	files_cap = startup_cap_required("files");
	serial_cap = startup_cap("serial");
	rtc_cap = startup_cap("rtc");
	process_endpoint = startup_cap_required("process");
	pager_xfer = region_required("pager-xfer", PAGER_XFER_SIZE);
	files_xfer = region_required("files-xfer", 64 * 1024);
	event_notification = object_create(OBJECT_NOTIFICATION, 0);
	if (event_notification == 0 || !reply_reserve() ||
	    invoke5(SLOT_THREAD, THREAD_BIND_NOTIFICATION, event_notification, 0, 0, 0, 0) !=
		    ERR_OK) {
		fatal("process: no memory for kernel objects\n");
	}
	time_start();
	random_start(startup()->seed);
	if (!files_start()) {
		log_print("process: no root file system\n");
		power_off(true);
	}
	init_start();
	event_loop();
}
