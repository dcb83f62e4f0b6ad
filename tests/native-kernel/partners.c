/* SPDX-License-Identifier: BSD-2-Clause */
/* See partners.h. */
#include "tests/native-kernel/partners.h"

volatile uint64_t spins[SPINS];
static struct area area;

/* --- servers ------------------------------------------------------------------- */

static void work(struct server *s)
{
	uint64_t from = time_ticks();

	while (s->hold || time_ticks() - from < s->work)
		s->busy++;
	s->served++;
}

/* The page that faulted, with the answer to come. */
static void prepare_map(struct message *m)
{
	struct window_item *item = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];

	*item = (struct window_item){.cap = area.binding,
				     .op = WINDOW_MAP,
				     .rights = RIGHT_READ | RIGHT_WRITE,
				     .va_page = m->words[0] >> 12,
				     .pool_page = (m->words[0] - area.va) >> 12,
				     .count = 1};
	m->tag = MESSAGE_TAG(FAULT_RESUME, 0) | MESSAGE_TAG_ITEMS(1);
}

static void server_handle(struct server *s, struct message *m)
{
	if (s->next != NULL) {
		struct message n = *m;

		if (ipc_call(s->next->endpoint, &n) == ERR_OK)
			m->words[0] = n.words[0];
		else
			s->forward_failed++;
	}
	work(s);
	switch (message_label(m->tag)) {
	case LABEL_ECALL:
		m->words[0]++;
		m->tag = MESSAGE_TAG(0, 1);
		break;
	case LABEL_EXCEPTION:
		m->words[0] = m->words[2] + 4;
		m->tag = MESSAGE_TAG(EXCEPTION_SET_PC, 1);
		break;
	case LABEL_FAULT:
		prepare_map(m);
		break;
	default:
		m->words[0]++;
		break;
	}
}

static void server_run(void *argument)
{
	struct server *s = argument;
	struct message m = {0};

	/* Until its objects go. */
	while (ipc_reply_receive(s->endpoint, s->reply, &m) == ERR_OK)
		server_handle(s, &m);
}

void server_init(struct server *s)
{
	memset((void *)s, 0, sizeof(*s));
	s->endpoint = make_object(OBJECT_ENDPOINT);
	s->reply = make_object(OBJECT_REPLY);
}

void server_start(struct server *s, unsigned priority, uint64_t mask)
{
	server_init(s);
	s->worker = worker_start_on(server_run, s, priority, mask);
	WAIT_UNTIL(thread_state(s->worker->thread) == THREAD_RECEIVING);
}

void server_passive(struct server *s)
{
	CHECK_OK(set_sched(s->worker->thread, 0));
}

void server_wait_busy(struct server *s)
{
	wait_moves(&s->busy);
}

/* --- clients ------------------------------------------------------------------- */

static enum err call_server(struct client *c, unsigned words)
{
	struct message m = {.tag = MESSAGE_TAG(1, words), .words = {100}};
	enum err err = ipc_call(c->server->endpoint, &m);

	if (err == ERR_OK && m.words[0] != 100 + (c->adds != 0 ? c->adds : 1))
		c->wrong++;
	return err;
}

static void foreign_ecall(struct client *c)
{
	register uint64_t a0 __asm__("a0") = 1000;

	__asm__ volatile("ecall" : "+r"(a0) : : "memory");
	if (a0 != 1001)
		c->wrong++;
}

static void client_run(void *argument)
{
	struct client *c = argument;

	c->before = spins[0];
	for (unsigned i = 0; i < c->rounds; i++) {
		switch (c->kind) {
		case CALL_SHORT:
			c->err = call_server(c, 1);
			break;
		case CALL_LONG:
			c->err = call_server(c, MESSAGE_REGISTERS + 2);
			break;
		case CALL_ECALL:
			foreign_ecall(c);
			break;
		case CALL_EXCEPTION:
			__asm__ volatile(".4byte 0xffffffff" ::: "memory");
			break;
		case CALL_FAULT:
			*(volatile uint64_t *)(area.va + i * 4096) = i;
			break;
		case CALL_KINDS:
			break;
		}
		c->after = spins[0];
		c->done++;
	}
	/* With a personality it cannot make the call that ends it. */
	while (c->kind == CALL_ECALL)
		;
}

void client_make(struct client *c, struct server *s, unsigned rounds, unsigned priority,
		 uint64_t mask)
{
	memset((void *)c, 0, sizeof(*c));
	c->server = s;
	c->rounds = rounds;
	c->err = (enum err)999;
	c->worker = worker_make(client_run, c, priority, mask);
}

void client_start(struct client *c, struct server *s, unsigned rounds, unsigned priority,
		  uint64_t mask)
{
	client_make(c, s, rounds, priority, mask);
	CHECK_OK(worker_resume(c->worker));
}

void client_join(struct client *c)
{
	WAIT_UNTIL(c->done == c->rounds);
	CHECK_EQUAL(c->wrong, 0);
	if (c->kind == CALL_SHORT || c->kind == CALL_LONG)
		CHECK_OK(c->err);
}

void server_answers(struct server *s, uint64_t adds)
{
	static struct client c;

	client_make(&c, s, 3, 150, 0);
	c.adds = adds;
	CHECK_OK(worker_resume(c.worker));
	client_join(&c);
	worker_end(c.worker);
}

void partners_area(struct server *pager)
{
	area_make(&area, 0, 2 << 20, 20, pager->endpoint, 5);
}

/* --- spinners ------------------------------------------------------------------ */

static void spin(void *argument)
{
	volatile uint64_t *count = argument;

	for (;;)
		(*count)++;
}

struct worker *spinner_start(unsigned i, unsigned priority, uint64_t mask)
{
	struct worker *w;

	spins[i] = 0;
	w = worker_start_on(spin, (void *)&spins[i], priority, mask);
	WAIT_UNTIL(spins[i] != 0);
	return w;
}

bool stands_still(volatile uint64_t *counter)
{
	uint64_t before = *counter;

	sleep_us(5000);
	return *counter == before;
}

void wait_moves(volatile uint64_t *counter)
{
	uint64_t before = *counter;

	WAIT_UNTIL(*counter != before);
}
