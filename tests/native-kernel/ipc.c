/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: endpoints, reply objects, capabilities in messages. */
#include "tests/native-kernel/harness.h"

/* What the workers of this file share with the main thread. */
static struct {
	cap_t endpoint, reply;
	unsigned words;
	volatile enum err err;
	volatile unsigned count;
	volatile bool wrong;
	struct message message; /* what a client sends, and then its answer */
} shared;

static void shared_init(void)
{
	memset((void *)&shared, 0, sizeof(shared));
	shared.endpoint = make_object(OBJECT_ENDPOINT);
	shared.reply = make_object(OBJECT_REPLY);
	shared.err = (enum err)999;
}

static void client_call(void *argument)
{
	(void)argument;
	shared.err = ipc_call(shared.endpoint, &shared.message);
	shared.count++;
}

static void client_send(void *argument)
{
	(void)argument;
	shared.err = ipc_send(shared.endpoint, &shared.message);
	shared.count++;
}

/* --- errors -------------------------------------------------------------------- */

static void test_send_errors(void)
{
	static const enum syscall sends[] = {SYS_CALL, SYS_SEND, SYS_SEND_NB};
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);
	cap_t reader = derive(endpoint, RIGHT_READ | RIGHT_GRANT, 0);
	cap_t no_share = derive(endpoint, RIGHT_WRITE, 0);

	for (unsigned i = 0; i < 3; i++) {
		struct message m = {0};

		CHECK_EQUAL(syscall_message(sends[i], 0, &m), ERR_CAP_EMPTY);
		CHECK_EQUAL(syscall_message(sends[i], 99999, &m), ERR_CAP_EMPTY);
		CHECK_EQUAL(syscall_message(sends[i], reply, &m), ERR_CAP_TYPE);
		CHECK_EQUAL(syscall_message(sends[i], reader, &m), ERR_RIGHTS);
		m.tag = MESSAGE_TAG(0, MESSAGE_WORDS + 1);
		CHECK_EQUAL(syscall_message(sends[i], endpoint, &m), ERR_ARGUMENT);
		m.tag = MESSAGE_TAG_CAPS(MESSAGE_CAPS + 1);
		CHECK_EQUAL(syscall_message(sends[i], endpoint, &m), ERR_ARGUMENT);
		m.tag = MESSAGE_TAG_ITEMS(1);
		CHECK_EQUAL(syscall_message(sends[i], endpoint, &m), ERR_ARGUMENT);
		m.tag = MESSAGE_TAG_CAPS(1);
		CHECK_EQUAL(syscall_message(sends[i], no_share, &m), ERR_RIGHTS);
		for (uint32_t label = LABEL_ECALL; label <= LABEL_NOTIFICATION; label++) {
			m.tag = MESSAGE_TAG(label, 0);
			CHECK_EQUAL(syscall_message(sends[i], endpoint, &m), ERR_ARGUMENT);
		}
		m.tag = MESSAGE_TAG(0xffffffff, 0);
		CHECK_EQUAL(syscall_message(sends[i], endpoint, &m), ERR_ARGUMENT);
	}
	struct message m = {0};
	CHECK_EQUAL(syscall_message(SYS_SEND_NB, endpoint, &m), ERR_WOULD_BLOCK);
}

static void test_receive_errors(void)
{
	static const enum syscall receives[] = {SYS_RECEIVE, SYS_RECEIVE_NB, SYS_REPLY_RECEIVE};
	cap_t endpoint = make_object(OBJECT_ENDPOINT), reply = make_object(OBJECT_REPLY);
	cap_t writer = derive(endpoint, RIGHTS_ALL & ~RIGHT_READ, 0);

	for (unsigned i = 0; i < 3; i++) {
		struct message m = {0};
		uint64_t with = (uint64_t)reply << 32;

		CHECK_EQUAL(syscall_message(receives[i], with, &m), ERR_CAP_EMPTY);
		CHECK_EQUAL(syscall_message(receives[i], with | reply, &m), ERR_CAP_TYPE);
		CHECK_EQUAL(syscall_message(receives[i], with | writer, &m), ERR_RIGHTS);
		CHECK_EQUAL(syscall_message(receives[i], (uint64_t)endpoint << 32 | endpoint, &m),
			    ERR_CAP_TYPE);
		CHECK_EQUAL(syscall_message(receives[i], 4095ull << 32 | endpoint, &m),
			    ERR_CAP_EMPTY);
	}
	struct message m = {0};
	CHECK_EQUAL(ipc_receive_nb(endpoint, reply, &m), ERR_WOULD_BLOCK);
	CHECK_EQUAL(ipc_receive_nb(endpoint, 0, &m), ERR_WOULD_BLOCK);
	CHECK_EQUAL(ipc_reply(endpoint, &m), ERR_CAP_TYPE);
	CHECK_EQUAL(ipc_reply(0, &m), ERR_CAP_EMPTY);
	CHECK_EQUAL(ipc_reply(reply, &m), ERR_NOT_BOUND);
	m.tag = MESSAGE_TAG(0, MESSAGE_WORDS + 1);
	CHECK_EQUAL(ipc_reply(reply, &m), ERR_ARGUMENT);
	CHECK_EQUAL(ipc_reply_receive(endpoint, reply, &m), ERR_ARGUMENT);
	m.tag = MESSAGE_TAG(LABEL_FAULT, 0);
	CHECK_EQUAL(ipc_reply(reply, &m), ERR_ARGUMENT);
	m.tag = MESSAGE_TAG(0, 0) | MESSAGE_TAG_ITEMS(WINDOW_ITEMS + 1);
	CHECK_EQUAL(ipc_reply_receive(endpoint, reply, &m), ERR_ARGUMENT);
}

/* --- calls ---------------------------------------------------------------------- */

/* Every length, both ways, with a badge; words outside the message stay as they are. */
static void long_client(void *argument)
{
	struct message_buffer *buffer = message_buffer();

	(void)argument;
	for (unsigned words = 0; words <= MESSAGE_WORDS; words += words < 16 ? 1 : 27) {
		struct message m = {.tag = MESSAGE_TAG(words, words)};

		for (unsigned i = 0; i < MESSAGE_REGISTERS; i++)
			m.words[i] = words * 1000 + i;
		for (unsigned i = MESSAGE_REGISTERS; i < MESSAGE_WORDS; i++)
			buffer->words[i] = words * 1000 + i;
		if (ipc_call(shared.endpoint, &m) != ERR_OK || message_words(m.tag) != words ||
		    message_label(m.tag) != words + 1 || m.badge != 0)
			shared.wrong = true;
		for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
			uint64_t got = i < MESSAGE_REGISTERS ? m.words[i] : buffer->words[i];
			uint64_t sent = words * 1000 + i;

			if (got != (i < words ? ~sent : sent))
				shared.wrong = true;
		}
	}
}

static void test_call_lengths(void)
{
	struct message m = {0};
	unsigned words = 0;
	struct worker *w;

	shared_init();
	cap_t server = shared.endpoint;
	shared.endpoint = derive(server, RIGHT_WRITE, 0x123456789abcull);
	w = worker_start(long_client, NULL);
	CHECK_OK(ipc_receive(server, shared.reply, &m));
	for (; words <= MESSAGE_WORDS; words += words < 16 ? 1 : 27) {
		CHECK_EQUAL(message_words(m.tag), words);
		CHECK_EQUAL(message_label(m.tag), words);
		CHECK_EQUAL(message_caps(m.tag), 0);
		CHECK_EQUAL(m.badge, 0x123456789abcull);
		for (unsigned i = 0; i < words; i++) {
			uint64_t *at =
				i < MESSAGE_REGISTERS ? &m.words[i] : &message_buffer()->words[i];
			CHECK_EQUAL(*at, words * 1000 + i);
			*at = ~*at;
		}
		m.tag = MESSAGE_TAG(words + 1, words);
		if (words + 27 > MESSAGE_WORDS && words >= 16)
			break;
		CHECK_OK(ipc_reply_receive(server, shared.reply, &m));
	}
	CHECK_OK(ipc_reply(shared.reply, &m));
	CHECK_EQUAL(ipc_reply(shared.reply, &m), ERR_NOT_BOUND); /* one-shot */
	worker_join(w);
	CHECK(!shared.wrong);
}

static void test_send(void)
{
	struct message m = {0};

	shared_init();
	shared.message = (struct message){.tag = MESSAGE_TAG(7, 2), .words = {1, 2}};
	struct worker *w = worker_start(client_send, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	CHECK_EQUAL(shared.count, 0);
	CHECK_OK(ipc_receive_nb(shared.endpoint, shared.reply, &m));
	CHECK(m.tag == MESSAGE_TAG(7, 2) && m.words[0] == 1 && m.words[1] == 2);
	worker_join(w);
	CHECK_OK(shared.err);
	CHECK_EQUAL(ipc_reply(shared.reply, &m), ERR_NOT_BOUND); /* a send has no answer */
}

static void nb_receiver(void *argument)
{
	(void)argument;
	shared.err = ipc_receive(shared.endpoint, 0, &shared.message);
	shared.count++;
}

static void test_send_nb(void)
{
	struct message m = {.tag = MESSAGE_TAG(3, 1), .words = {42}};

	shared_init();
	struct worker *w = worker_start(nb_receiver, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_OK(syscall_message(SYS_SEND_NB, shared.endpoint, &m));
	CHECK_EQUAL(syscall_message(SYS_SEND_NB, shared.endpoint, &m), ERR_WOULD_BLOCK);
	worker_join(w);
	CHECK(shared.err == ERR_OK && shared.message.words[0] == 42 && shared.message.badge == 0);
}

/* A receiver without a reply object cannot answer: the caller is told. */
static void test_call_without_reply(void)
{
	struct message m = {0};

	shared_init();
	struct worker *w = worker_start(client_call, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	CHECK_OK(ipc_receive(shared.endpoint, 0, &m));
	worker_join(w);
	CHECK_EQUAL(shared.err, ERR_CANCELLED);
	shared.err = ERR_OK;
	w = worker_start(client_call, NULL);
	CHECK_OK(ipc_receive(shared.endpoint, 0, &m)); /* receiver first, on one hart */
	worker_join(w);
	CHECK_EQUAL(shared.err, ERR_CANCELLED);
}

/* First come, first served. */
static void numbered_client(void *argument)
{
	struct message m = {.tag = MESSAGE_TAG(0, 1), .words = {(uint64_t)argument}};

	if (ipc_call(shared.endpoint, &m) != ERR_OK || m.words[0] != (uint64_t)argument * 3)
		shared.wrong = true;
	__atomic_fetch_add(&shared.count, 1, __ATOMIC_RELAXED);
}

static void test_order(void)
{
	struct message m = {0};

	shared_init();
	for (uint64_t i = 0; i < 6; i++) {
		struct worker *w = worker_start(numbered_client, (void *)i);
		WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	}
	CHECK_OK(ipc_receive(shared.endpoint, shared.reply, &m));
	for (uint64_t i = 0; i < 6; i++) {
		CHECK_EQUAL(m.words[0], i);
		m = (struct message){.tag = MESSAGE_TAG(0, 1), .words = {i * 3}};
		if (i < 5)
			CHECK_OK(ipc_reply_receive(shared.endpoint, shared.reply, &m));
	}
	CHECK_OK(ipc_reply(shared.reply, &m));
	WAIT_UNTIL(shared.count == 6);
	CHECK(!shared.wrong);
}

/* Callers parked in reply objects of their own, answered in another order. */
static void test_parked(void)
{
	enum { CLIENTS = 6 };
	struct worker *clients[CLIENTS];
	cap_t replies = new_slots(CLIENTS);
	struct message m = {0};

	shared_init();
	CHECK_OK(try_make(OBJECT_REPLY, 0, CLIENTS, replies));
	for (uint64_t i = 0; i < CLIENTS; i++) {
		clients[i] = worker_start(numbered_client, (void *)i);
		CHECK_OK(ipc_receive(shared.endpoint, replies + (cap_t)i, &m));
		CHECK_EQUAL(m.words[0], i);
		CHECK_EQUAL(thread_state(clients[i]->thread), THREAD_WAITING_REPLY);
	}
	CHECK_EQUAL(ipc_receive(shared.endpoint, replies, &m), ERR_BUSY);
	CHECK_EQUAL(ipc_receive_nb(shared.endpoint, replies, &m), ERR_BUSY);
	for (uint64_t i = 0; i < CLIENTS; i++) {
		uint64_t which = (i * 5 + 3) % CLIENTS;

		CHECK_EQUAL(thread_state(clients[which]->thread), THREAD_WAITING_REPLY);
		m = (struct message){.tag = MESSAGE_TAG(0, 1), .words = {which * 3}};
		CHECK_OK(ipc_reply(replies + (cap_t)which, &m));
		CHECK_EQUAL(ipc_reply(replies + (cap_t)which, &m), ERR_NOT_BOUND);
		worker_join(clients[which]);
	}
	CHECK(!shared.wrong);
}

/* Two receivers cannot wait with the same reply object. */
static void reply_receiver(void *argument)
{
	(void)argument;
	shared.err = ipc_receive(shared.endpoint, shared.reply, &shared.message);
	shared.count++;
}

static void test_reply_in_use(void)
{
	struct message m = {0};

	shared_init();
	struct worker *w = worker_start(reply_receiver, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_RECEIVING);
	CHECK_EQUAL(ipc_receive(shared.endpoint, shared.reply, &m), ERR_BUSY);
	CHECK_EQUAL(ipc_reply_receive(shared.endpoint, shared.reply, &m), ERR_BUSY);
	CHECK_EQUAL(ipc_reply(shared.reply, &m), ERR_NOT_BOUND);
	/* Its object goes: it goes on receiving, as without. */
	CHECK_OK(delete_cap(shared.reply));
	CHECK_EQUAL(thread_state(w->thread), THREAD_RECEIVING);
	CHECK_OK(ipc_send(shared.endpoint, &m));
	worker_join(w);
	CHECK_OK(shared.err);
}

/* --- things that go away ---------------------------------------------------------- */

static void test_reply_destroyed(void)
{
	struct message m = {0};

	shared_init();
	struct worker *w = worker_start(client_call, NULL);
	CHECK_OK(ipc_receive(shared.endpoint, shared.reply, &m));
	CHECK_OK(delete_cap(shared.reply));
	worker_join(w);
	CHECK_EQUAL(shared.err, ERR_CANCELLED);
}

static void test_caller_destroyed(void)
{
	struct message m = {0};

	shared_init();
	struct worker *w = worker_start(client_call, NULL);
	CHECK_OK(ipc_receive(shared.endpoint, shared.reply, &m));
	CHECK_OK(delete_cap(w->thread));
	CHECK_EQUAL(ipc_reply(shared.reply, &m), ERR_NOT_BOUND);
	CHECK_EQUAL(ipc_receive_nb(shared.endpoint, shared.reply, &m), ERR_WOULD_BLOCK);
	w = worker_start(client_call, NULL); /* and in the queue */
	WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	CHECK_OK(delete_cap(w->thread));
	CHECK_EQUAL(ipc_receive_nb(shared.endpoint, shared.reply, &m), ERR_WOULD_BLOCK);
	CHECK_EQUAL(shared.count, 0);
}

static void count_cancelled(void *argument)
{
	struct message m = {0};
	enum err err = argument == NULL ? ipc_call(shared.endpoint, &m)
					: ipc_receive(shared.endpoint, 0, &m);

	if (err == ERR_CANCELLED)
		__atomic_fetch_add(&shared.count, 1, __ATOMIC_RELAXED);
}

static void test_endpoint_destroyed(void)
{
	for (unsigned kind = 0; kind < 2; kind++) {
		struct worker *w[5];

		shared_init();
		for (unsigned i = 0; i < 5; i++) {
			w[i] = worker_start(count_cancelled, kind == 0 ? NULL : &shared);
			WAIT_UNTIL(thread_state(w[i]->thread) ==
				   (kind == 0 ? THREAD_SENDING : THREAD_RECEIVING));
		}
		CHECK_OK(delete_cap(shared.endpoint));
		WAIT_UNTIL(shared.count == 5);
	}
}

/* The sender's capability alone goes: it waits on, and is served. */
static void test_capability_deleted(void)
{
	struct message m = {0};

	shared_init();
	cap_t server = shared.endpoint;
	shared.endpoint = derive(server, RIGHT_WRITE, 3);
	struct worker *w = worker_start(client_call, NULL);
	WAIT_UNTIL(thread_state(w->thread) == THREAD_SENDING);
	CHECK_OK(delete_cap(shared.endpoint));
	CHECK_OK(ipc_receive(server, shared.reply, &m));
	CHECK_EQUAL(m.badge, 3);
	CHECK_OK(ipc_reply(shared.reply, &m));
	worker_join(w);
	CHECK_OK(shared.err);
}

/* --- capabilities in messages ------------------------------------------------------ */

static void cap_client(void *argument)
{
	cap_t *caps = argument;

	for (unsigned i = 0; i < MESSAGE_CAPS; i++)
		message_buffer()->send_caps[i] = caps[i];
	shared.err = ipc_call(shared.endpoint, &shared.message);
	shared.count++;
}

/* Send four capabilities; `bad` of the receive slots or sources is unusable: 4 = none. */
static void send_four(unsigned bad, bool is_source)
{
	static cap_t caps[MESSAGE_CAPS];
	cap_t slots = new_slots(MESSAGE_CAPS), untyped = make(OBJECT_UNTYPED, 12);
	struct message m = {0};

	shared_init();
	for (unsigned i = 0; i < MESSAGE_CAPS; i++) {
		caps[i] = derive(make_object(OBJECT_NOTIFICATION), RIGHT_READ | i, 100 + i);
		message_buffer()->receive_caps[i] = slots + i;
	}
	if (bad < MESSAGE_CAPS && is_source)
		caps[bad] = bad % 2 ? untyped : 0;
	else if (bad < MESSAGE_CAPS)
		message_buffer()->receive_caps[bad] = bad % 2 ? shared.endpoint : 0;
	shared.message.tag = MESSAGE_TAG(5, 0) | MESSAGE_TAG_CAPS(4);
	struct worker *w = worker_start(cap_client, caps);
	CHECK_OK(ipc_receive(shared.endpoint, shared.reply, &m));
	CHECK_EQUAL(message_caps(m.tag), bad);
	for (unsigned i = 0; i < MESSAGE_CAPS; i++) {
		struct message info = {.words = {slots + i}};
		enum err err = invoke(SLOT_CSPACE, CSPACE_INSPECT, 1, &info);

		CHECK_EQUAL(err, i < bad ? ERR_OK : ERR_CAP_EMPTY);
		if (i < bad) {
			CHECK_EQUAL(info.words[1], RIGHT_READ | i);
			CHECK_EQUAL(info.words[2], 100 + i);
			CHECK_OK(revoke_cap(caps[i])); /* it was derived from the sender's */
			CHECK_EQUAL(slot_type(slots + i), OBJECT_NONE);
		}
	}
	m.tag = 0;
	CHECK_OK(ipc_reply(shared.reply, &m));
	worker_join(w);
	CHECK_OK(shared.err);
}

static void test_capabilities(void)
{
	for (unsigned bad = 0; bad <= MESSAGE_CAPS; bad++) {
		send_four(bad, false);
		send_four(bad, true);
	}
}

/* A client calls the new endpoint *server with one capability, by an endpoint capability with these
 * rights; `slot` is for what arrives here. It waits to be received, or has got an error. */
static struct worker *sender_of_one(cap_t *server, unsigned rights, uint32_t sent, cap_t slot)
{
	static cap_t caps[MESSAGE_CAPS];

	shared_init();
	*server = make_object(OBJECT_ENDPOINT);
	shared.endpoint = derive(*server, RIGHT_WRITE | rights, 0);
	shared.message.tag = MESSAGE_TAG_CAPS(1);
	caps[0] = sent;
	message_buffer()->receive_caps[0] = slot;
	struct worker *w = worker_start(cap_client, caps);
	WAIT_UNTIL(shared.count != 0 || thread_state(w->thread) == THREAD_SENDING);
	return w;
}

/* How many of one capability arrive; ~0: the sender lacks a right. */
static unsigned send_one(unsigned rights, uint32_t sent, cap_t slot)
{
	cap_t server;
	struct message m = {0};
	struct worker *w = sender_of_one(&server, rights, sent, slot);

	if (shared.count == 0) {
		CHECK_OK(ipc_receive(server, shared.reply, &m));
		CHECK_OK(ipc_reply(shared.reply, &m));
	}
	worker_join(w);
	worker_end(w);
	return shared.err == ERR_RIGHTS ? ~0u : message_caps(m.tag);
}

/* GRANT lets capabilities move, SHARE lets derived ones travel, neither stands for the other. */
static void test_share_and_grant(void)
{
	cap_t untyped = make(OBJECT_UNTYPED, 12), note = make_object(OBJECT_NOTIFICATION);
	cap_t copy = derive(note, RIGHT_READ, 9), slot = new_slot();

	CHECK_EQUAL(send_one(0, copy, slot), ~0u);
	CHECK_EQUAL(send_one(RIGHT_GRANT, copy, slot), ~0u);
	CHECK_EQUAL(send_one(0, copy | MESSAGE_CAP_MOVE, slot), ~0u);
	CHECK_EQUAL(send_one(RIGHT_SHARE, copy | MESSAGE_CAP_MOVE, slot), ~0u);
	CHECK_EQUAL(slot_type(slot), OBJECT_NONE);
	CHECK_EQUAL(send_one(RIGHT_SHARE, copy, slot), 1);
	/* It is the copy's child: the copy stays until that is gone. */
	cap_t second = new_slot();
	CHECK_EQUAL(send_one(RIGHT_GRANT, copy | MESSAGE_CAP_MOVE, second), 0);
	CHECK_OK(revoke_cap(copy));
	CHECK_EQUAL(slot_type(slot), OBJECT_NONE);
	CHECK_EQUAL(send_one(RIGHT_GRANT, copy | MESSAGE_CAP_MOVE, slot), 1);
	CHECK_EQUAL(slot_type(copy), OBJECT_NONE);
	struct message info = {.words = {slot}};
	CHECK_OK(invoke(SLOT_CSPACE, CSPACE_INSPECT, 1, &info));
	CHECK_EQUAL(info.words[1], RIGHT_READ);
	CHECK_EQUAL(info.words[2], 9);
	/* Nowhere to go to: it stays with the sender. */
	CHECK_EQUAL(send_one(RIGHT_GRANT, slot | MESSAGE_CAP_MOVE, 0), 0);
	CHECK_EQUAL(slot_type(slot), OBJECT_NOTIFICATION);
	CHECK_EQUAL(send_one(RIGHT_GRANT, new_slot() | MESSAGE_CAP_MOVE, second), 0);
	/* Derivation is as it was: who revokes the first one takes it from the receiver. */
	CHECK_OK(revoke_cap(note));
	CHECK_EQUAL(slot_type(slot), OBJECT_NONE);
	/* Untyped memory moves only, and can be used then. A primary CSpace stays. */
	CHECK_EQUAL(send_one(RIGHT_SHARE, untyped, slot), 0);
	CHECK_EQUAL(send_one(RIGHT_GRANT, untyped | MESSAGE_CAP_MOVE, slot), 1);
	CHECK_OK(invoke5(slot, UNTYPED_RETYPE, OBJECT_REPLY, 0, 1, second, 0));
	CHECK_EQUAL(send_one(RIGHT_GRANT, slot | MESSAGE_CAP_MOVE, new_slot()), 0);
	cap_t cspace = make(OBJECT_CSPACE, 4);
	CHECK_EQUAL(send_one(RIGHT_GRANT, cspace | MESSAGE_CAP_MOVE, new_slot()), 0);
	CHECK_EQUAL(slot_type(cspace), OBJECT_CSPACE);
}

/* The sender changes its mind between the check and the delivery. */
static void test_share_becomes_grant(void)
{
	cap_t server, note = make_object(OBJECT_NOTIFICATION);
	struct message m = {0};
	struct worker *w = sender_of_one(&server, RIGHT_SHARE, note, new_slot());

	CHECK_EQUAL(thread_state(w->thread), THREAD_SENDING);
	worker_buffer(w)->send_caps[0] |= MESSAGE_CAP_MOVE;
	CHECK_OK(ipc_receive(server, shared.reply, &m));
	CHECK_EQUAL(message_caps(m.tag), 0);
	CHECK_EQUAL(slot_type(note), OBJECT_NOTIFICATION);
	CHECK_OK(ipc_reply(shared.reply, &m));
	worker_join(w);
}

/* Answers carry capabilities without any right. */
static void answer_client(void *argument)
{
	message_buffer()->receive_caps[0] = *(cap_t *)argument;
	shared.err = ipc_call(shared.endpoint, &shared.message);
	shared.count++;
}

static void test_capability_in_answer(void)
{
	cap_t slot = new_slot();
	struct message m = {0};

	shared_init();
	cap_t server = shared.endpoint;
	shared.endpoint = derive(server, RIGHT_WRITE, 0);
	struct worker *w = worker_start(answer_client, &slot);
	CHECK_OK(ipc_receive(server, shared.reply, &m));
	message_buffer()->send_caps[0] = shared.reply;
	m.tag = MESSAGE_TAG_CAPS(1);
	CHECK_OK(ipc_reply(shared.reply, &m));
	worker_join(w);
	CHECK_EQUAL(message_caps(shared.message.tag), 1);
	CHECK_EQUAL(slot_type(slot), OBJECT_REPLY);
}

SUITE(ipc, {"ipc-send-errors", test_send_errors}, {"ipc-receive-errors", test_receive_errors},
      {"ipc-lengths", test_call_lengths}, {"ipc-send", test_send}, {"ipc-send-nb", test_send_nb},
      {"ipc-call-without-reply", test_call_without_reply}, {"ipc-order", test_order},
      {"ipc-parked", test_parked}, {"ipc-reply-in-use", test_reply_in_use},
      {"ipc-reply-destroyed", test_reply_destroyed},
      {"ipc-caller-destroyed", test_caller_destroyed},
      {"ipc-endpoint-destroyed", test_endpoint_destroyed},
      {"ipc-capability-deleted", test_capability_deleted}, {"ipc-capabilities", test_capabilities},
      {"ipc-share-and-grant", test_share_and_grant},
      {"ipc-share-becomes-grant", test_share_becomes_grant},
      {"ipc-capability-in-answer", test_capability_in_answer});
