/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root is the exception handler of every native program. A fault ends the
 * program: it is reported, all objects of the server are destroyed, and the
 * restart policy says whether it is made anew; one that faults again and again
 * right after its start is given up in any case. Service endpoints and shared
 * regions stay, so clients only see the calls that were under way fail with
 * ERR_CANCELLED. A server that has ended for good takes its endpoints along:
 * its clients get errors instead of waiting for ever.
 */
#include <string.h>

#include "servers/protocol/memory.h"
#include "servers/root/root.h"

#define SOON_SECONDS 1	    /* a fault so soon after a start */
#define FAULTS_SOON_MOST 10 /* and so often in a row: it is no use */
#define CAUSE_BREAKPOINT 3
#define CAUSE_FETCH_PAGE_FAULT 12
#define CAUSE_STORE_PAGE_FAULT 15

/* Privileged Specification, table of scause values, exceptions. */
static const char *cause_name(uint64_t cause)
{
	static const char *const names[16] = {
		"misaligned fetch", "fetch access fault", "illegal instruction",
		"breakpoint",	    "misaligned load",	  "load access fault",
		"misaligned store", "store access fault", "environment call",
		"cause 9",	    "cause 10",		  "cause 11",
		"fetch page fault", "load page fault",	  "cause 14",
		"store page fault"};

	return cause < 16 ? names[cause] : "unknown cause";
}

static bool is_page_fault(uint64_t cause)
{
	return cause >= CAUSE_FETCH_PAGE_FAULT && cause <= CAUSE_STORE_PAGE_FAULT;
}

static void report(const struct server *server, const struct message *fault)
{
	uint64_t cause = fault->words[0], address = fault->words[1], pc = fault->words[2];
	struct message m = {0};
	const char *hint = "";

	if (cause == CAUSE_BREAKPOINT) {
		log_print("root: server '%s' ended itself at pc %#lx\n", server->config->name, pc);
		return;
	}
	if (is_page_fault(cause) && address < PAGE_BYTES)
		hint = " (null pointer)";
	else if (is_page_fault(cause) && address < server->stack_low &&
		 server->stack_low - address <= PAGE_BYTES)
		hint = " (stack overflow)";
	log_print("root: server '%s' faulted: %s, address %#lx%s, pc %#lx\n", server->config->name,
		  cause_name(cause), address, hint, pc);
	/* Registers: pc, ra, sp, gp, tp, t0-t2, s0, s1 here, a0 and on in the buffer. */
	if (invoke(server->thread, THREAD_READ_REGISTERS, 0, &m) == ERR_OK) {
		const uint64_t *words = message_buffer()->words;

		log_print(
			"root:   first thread: pc %#lx ra %#lx sp %#lx s0 %#lx a0 %#lx a1 %#lx a2 %#lx\n",
			m.words[0], m.words[1], m.words[2], m.words[8], words[10], words[11],
			words[12]);
	}
}

void server_is_dead(struct server *server)
{
	server->is_dead = true;
	for (unsigned i = 0; i < file_system.header->services; i++) {
		if (&servers[file_system.services[i].provider] != server ||
		    service_endpoints[i] == 0)
			continue;
		invoke5(SLOT_CSPACE, CSPACE_DELETE, service_endpoints[i], 0, 0, 0, 0);
		service_endpoints[i] = 0;
	}
}

/* Have the memory server take back what it gave to a server that is gone. */
static void reclaim_memory(const struct server *server)
{
	struct message m = {.tag = MESSAGE_TAG(MEMORY_RECLAIM, 1),
			    .words = {server->config->number}};

	if (server->config->quota == 0)
		return;
	for (unsigned i = 0; i < file_system.header->services; i++) {
		if (strcmp(file_system.services[i].name, "memory") == 0 &&
		    service_endpoints[i] != 0)
			ipc_call(service_endpoints[i], &m);
	}
}

/* May the server be made anew? Counts the faults that came soon after a start. */
static bool may_restart(struct server *server)
{
	uint32_t allowed = server->config->restart;

	if (time_ticks() - server->started_at < boot->timebase_hz * SOON_SECONDS)
		server->faults_soon++;
	else
		server->faults_soon = 0;
	return server->faults_soon < FAULTS_SOON_MOST &&
	       (allowed == SYSTEM_ALWAYS || server->restarts < allowed);
}

static void end_server(struct server *server)
{
	const struct system_server *config = server->config;

	server_destroy(server);
	reclaim_memory(server);
	if (!may_restart(server)) {
		log_print("root: server '%s' stays down (restarts: %u)\n", config->name,
			  (unsigned)server->restarts);
		server_is_dead(server);
		return;
	}
	server->restarts++;
	log_print("root: server '%s' restarts (number %u)\n", config->name,
		  (unsigned)server->restarts);
	if (!server_build(server) || server_run(server) != ERR_OK)
		server_is_dead(server);
}

_Noreturn void supervise(void)
{
	cap_t reply = root_object(NULL, OBJECT_REPLY, 0);
	struct message m = {0};

	if (reply == 0)
		fatal("root: no memory to wait for faults\n");
	for (;;) {
		enum err err = ipc_reply_receive(fault_endpoint, reply, &m);
		struct server *server = server_by_number(m.badge);

		if (err != ERR_OK)
			fatal("root: cannot wait for faults (error %d)\n", (int)err);
		if (message_label(m.tag) == LABEL_EXCEPTION && server != NULL && !server->is_dead) {
			report(server, &m);
			end_server(server);
		}
		/* Whatever else came is a call of a server and gets an empty answer. */
		m.tag = MESSAGE_TAG(0, 0);
	}
}
