/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Further threads of a native program. Each gets a message buffer of the next
 * number and a block of thread-local data; a thread and what it needs are
 * never taken back.
 */
#include <stdlib.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

#define SLICE_TICKS_PER_SECOND 100 /* 10 ms */

extern const char tls_template[], tls_template_size[], tls_size[];
extern char __global_pointer$[];

struct thread_start {
	void (*entry)(void *);
	void *argument;
	struct message_buffer *buffer;
};

static unsigned buffers_used = 1; /* number 0 is the first thread's */

static void thread_main(void *context)
{
	struct thread_start *start = context;

	runtime_set_message_buffer(start->buffer);
	start->entry(start->argument);
	fatal("%s: a thread's function returned\n", program_name());
}

/* Registers of the new thread, then let it run. */
static enum err run(cap_t thread, struct thread_start *start, void *stack_top, char *tls)
{
	struct message m = {0};
	uint64_t *words = message_buffer()->words;
	uint64_t saved[32 - MESSAGE_REGISTERS];
	enum err err;

	memcpy(saved, words + MESSAGE_REGISTERS, sizeof(saved));
	memset(words + MESSAGE_REGISTERS, 0, sizeof(saved));
	m.words[0] = (uint64_t)thread_entry;
	m.words[2] = (uint64_t)stack_top & ~15ull;
	m.words[3] = (uint64_t)__global_pointer$;
	m.words[4] = (uint64_t)tls;
	m.words[8] = (uint64_t)thread_main; /* s0 */
	words[10] = (uint64_t)start;	    /* a0 */
	err = invoke(thread, THREAD_WRITE_REGISTERS, 32, &m);
	memcpy(words + MESSAGE_REGISTERS, saved, sizeof(saved));
	return err != ERR_OK ? err : invoke5(thread, THREAD_RESUME, 0, 0, 0, 0, 0);
}

static enum err configure(cap_t thread, cap_t context, unsigned priority, unsigned buffer)
{
	uint64_t slice = startup()->timebase_hz / SLICE_TICKS_PER_SECOND;
	cap_t supervisor = startup_cap("supervisor");
	enum err err;

	err = invoke5(startup_cap("hart"), HART_CONFIGURE, context, priority, slice, 0, 0);
	if (err == ERR_OK)
		err = invoke5(thread, THREAD_CONFIGURE, SLOT_CSPACE, SLOT_SPACE, buffer + 1, 0, 0);
	if (err == ERR_OK)
		err = invoke5(thread, THREAD_SET_HANDLER, supervisor, 0, 0, 0, 0);
	if (err == ERR_OK)
		err = invoke5(thread, THREAD_SET_SCHED, context, 0, 0, 0, 0);
	return err;
}

cap_t thread_start(void (*entry)(void *), void *argument, void *stack_top, unsigned priority)
{
	char *tls = calloc(1, (size_t)tls_size + 16);
	struct thread_start *start = malloc(sizeof(*start));
	cap_t thread = object_create(OBJECT_THREAD, 0);
	cap_t context = object_create(OBJECT_SCHED_CONTEXT, 0);
	enum err err = ERR_NO_MEMORY;

	if (tls != NULL && start != NULL && thread != 0 && context != 0) {
		char *block = (char *)(((uintptr_t)tls + 15) & ~(uintptr_t)15);

		memcpy(block, tls_template, (size_t)tls_template_size);
		start->entry = entry;
		start->argument = argument;
		start->buffer = (struct message_buffer *)MESSAGE_BUFFER_VA(buffers_used);
		err = configure(thread, context, priority, buffers_used);
		if (err == ERR_OK) {
			buffers_used++;
			err = run(thread, start, stack_top, block);
		}
	}
	if (err == ERR_OK)
		return thread;
	if (thread != 0)
		object_destroy(thread);
	if (context != 0)
		object_destroy(context);
	free(start);
	free(tls);
	return 0;
}
