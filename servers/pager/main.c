/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager's loop: one thread takes requests of the process server and page
 * faults of all spaces from one endpoint. The answer carries the window items
 * that the request queued, so that a fault costs two kernel entries: the fault
 * itself, and the call that maps, answers and waits for the next.
 */
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/pager/cache.h"
#include "servers/pager/dispatch.h"
#include "servers/pager/fault.h"
#include "servers/pager/files.h"
#include "servers/pager/kernel.h"
#include "servers/pager/mapping.h"
#include "servers/protocol/memory.h"

#define POOL_PAGES_LEAST 1024

static cap_t obtain_pool(void)
{
	cap_t pool = slot_allocate();
	struct message m = {.tag = MESSAGE_TAG(MEMORY_POOL, 2),
			    .words = {POOL_PAGES_LEAST, UINT32_MAX}};

	message_buffer()->receive_caps[0] = pool;
	if (ipc_call(startup_cap_required("memory"), &m) != ERR_OK || (int64_t)m.words[0] < 0 ||
	    message_caps(m.tag) != 1) {
		fatal("pager: no pool of at least %d pages\n", POOL_PAGES_LEAST);
	}
	message_buffer()->receive_caps[0] = 0;
	return pool;
}

static cap_t start(void)
{
	cap_t endpoint = startup_cap_required("pager");
	const struct startup_region *xfer = startup_region("pager-xfer");
	struct pool_extent extents[POOL_EXTENTS];
	cap_t pool = obtain_pool();
	unsigned n = kernel_take_pool(pool, endpoint, extents);

	if (xfer == NULL || xfer->size < PAGER_XFER_SIZE) {
		fatal("pager: no region pager-xfer\n");
	}
	pager_xfer = (uint8_t *)xfer->address;
	if (!frames_init(extents, n)) {
		fatal("pager: the pool is too small\n");
	}
	kernel_start_clock();
	files_connect(pool);
	return endpoint;
}

/* Serve a fault and make the answer. */
static void serve_fault(struct message *m)
{
	struct space *space = space_find(m->badge - PAGER_FAULT_BADGE);
	int code = space == NULL ? PAGER_FAULT_NO_REGION
				 : fault_handle(space, m->words[0], (unsigned)m->words[1]);

	m->tag = code == 0 ? MESSAGE_TAG(FAULT_RESUME, 0) : MESSAGE_TAG(FAULT_FAIL, 1);
	m->words[0] = (uint64_t)code;
}

static void serve_request(struct message *m)
{
	struct request q = {.label = message_label(m->tag)};

	q.given = message_words(m->tag) > REQUEST_WORDS ? REQUEST_WORDS : message_words(m->tag);
	memcpy(q.in, m->words, sizeof(q.in));
	dispatch(&q);
	memcpy(m->words, q.out, q.words * sizeof(q.out[0]));
	m->tag = MESSAGE_TAG(0, q.words);
	if (q.cap != 0) {
		message_buffer()->send_caps[0] = q.cap;
		m->tag |= MESSAGE_TAG_CAPS(1);
	}
}

/*
 * Run what is queued, answer, and receive the next message into *m. Items that
 * fail keep the answer back: then they are run again with more page tables,
 * and a fault whose page could not be mapped fails.
 */
static void answer_and_receive(cap_t endpoint, cap_t reply, struct message *m, bool is_fault)
{
	struct window_item *items =
		(struct window_item *)(void *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message answer = *m;
	unsigned count = mapping_take(items);
	enum err err;

	m->tag |= MESSAGE_TAG_ITEMS(count);
	err = ipc_reply_receive(endpoint, reply, m);
	if (err == ERR_OK) {
		mapping_complete();
		return;
	}
	mapping_finish(items);
	*m = answer;
	if (!mapping_flush() && is_fault) {
		m->tag = MESSAGE_TAG(FAULT_FAIL, 1);
		m->words[0] = PAGER_FAULT_NO_MEMORY;
	}
	if (ipc_reply_receive(endpoint, reply, m) != ERR_OK) {
		m->tag = 0; /* no request has label 0 */
	}
}

int main(void)
{
	cap_t endpoint = start();
	cap_t reply = object_create(OBJECT_REPLY, 0);
	struct message m = {0};

	if (reply == 0) {
		fatal("pager: no reply object\n");
	}
	ipc_receive(endpoint, reply, &m);
	for (;;) {
		bool is_fault = message_label(m.tag) == LABEL_FAULT;

		if (message_label(m.tag) == LABEL_NOTIFICATION) {
			cache_tick();
			mapping_flush();
			ipc_receive(endpoint, reply, &m);
			continue;
		}
		if (is_fault) {
			serve_fault(&m);
		} else {
			serve_request(&m);
		}
		answer_and_receive(endpoint, reply, &m, is_fault);
	}
}
