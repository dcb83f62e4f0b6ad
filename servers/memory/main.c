/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory server (servers/protocol/memory.h): takes all RAM that the root
 * task left and gives it out under quotas. It trusts no client: a request
 * that makes no sense gets an error and changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/memory/memory.h"
#include "servers/protocol/memory.h"
#include "servers/protocol/status.h"

static struct memory memory;

/* RAM from the start-up capabilities: `ram` Untypeds in consecutive slots. */
static void take_ram(void)
{
	cap_t first = startup_cap_required("ram");
	const char *count = startup_argument("ram");

	blocks_init(&memory.blocks, memory.table, MEMORY_BLOCKS);
	for (unsigned long i = 0; count != NULL && i < strtoul(count, NULL, 10); i++) {
		struct message m = {0};

		if (invoke(first + (cap_t)i, UNTYPED_INFO, 0, &m) != ERR_OK ||
		    !blocks_add(&memory.blocks, first + (cap_t)i, m.words[0], m.words[1],
				m.words[2]))
			log_print("memory: RAM at %#lx cannot be used\n", m.words[0]);
	}
	memory.total = memory.blocks.free_bytes;
}

static void add_clients(void)
{
	uint64_t promised = 0;

	for (unsigned badge = 1; badge < MEMORY_CLIENTS; badge++) {
		char key[16];
		const char *text;

		snprintf(key, sizeof(key), "client%u", badge);
		text = startup_argument(key);
		if (text == NULL)
			continue;
		if (!memory_add_client(&memory, badge, text))
			log_print("memory: quota '%s' of client %u is unreadable\n", text, badge);
		else if (memory.clients[badge].quota != MEMORY_REST)
			promised += memory.clients[badge].quota;
	}
	if (promised > memory.total)
		log_print("memory: quotas of %lu KiB, but only %lu KiB of RAM are left\n",
			  promised / 1024, memory.total / 1024);
}

/* Answer MEMORY_INFO in m. */
static int info(const struct client *client, struct message *m)
{
	uint64_t free_bytes = memory.blocks.free_bytes;

	m->tag = MESSAGE_TAG(0, 5);
	m->words[1] = memory.total;
	m->words[2] = free_bytes;
	m->words[3] = client->quota == MEMORY_REST ? client->used + free_bytes : client->quota;
	m->words[4] = client->used;
	return STATUS_OK;
}

/* Run the request in m and put the answer there. `received`: slot of the capability sent, or 0. */
static void serve(struct message *m, cap_t received)
{
	uint32_t label = message_label(m->tag), words = message_words(m->tag);
	bool is_client =
		m->badge > 0 && m->badge < MEMORY_CLIENTS && memory.clients[m->badge].quota != 0;
	unsigned badge = is_client ? (unsigned)m->badge : 0;
	int status = -STATUS_NOSYS;

	m->tag = MESSAGE_TAG(0, 1);
	if (label == MEMORY_RECLAIM) {
		status = -STATUS_PERM;
		if (m->badge == 0 && words == 1 && m->words[0] < MEMORY_CLIENTS)
			status = memory_reclaim(&memory, (unsigned)m->words[0]);
	} else if (!is_client) {
		status = -STATUS_PERM;
	} else if (label == MEMORY_UNTYPED && words == 2) {
		status = memory_untyped(&memory, badge, m->words[0], m->words[1], received);
	} else if (label == MEMORY_POOL && words == 2) {
		cap_t pool;
		uint64_t pages;

		status = memory_pool(&memory, badge, m->words[0], m->words[1], &pool, &pages);
		if (status == STATUS_OK) {
			message_buffer()->send_caps[0] = pool;
			m->words[1] = pages;
			m->tag = MESSAGE_TAG(0, 2) | MESSAGE_TAG_CAPS(1);
		}
	} else if (label == MEMORY_INFO) {
		status = info(&memory.clients[badge], m);
	}
	m->words[0] = (uint64_t)(int64_t)status;
}

int main(void)
{
	cap_t endpoint = startup_cap_required("memory");
	cap_t reply = object_create(OBJECT_REPLY, 0);
	cap_t received = slot_allocate();
	struct message m = {0};

	if (reply == 0 || received == 0)
		fatal("memory: no kernel memory to start with\n");
	take_ram();
	add_clients();
	message_buffer()->receive_caps[0] = received;
	for (;;) {
		bool has_cap;

		if (ipc_reply_receive(endpoint, reply, &m) != ERR_OK)
			fatal("memory: cannot receive\n");
		has_cap = message_caps(m.tag) != 0;
		serve(&m, has_cap ? received : 0);
		if (has_cap)
			invoke5(SLOT_CSPACE, CSPACE_DELETE, received, 0, 0, 0, 0);
	}
}
