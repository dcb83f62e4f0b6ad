/* SPDX-License-Identifier: BSD-2-Clause */
/* See harness.h: threads of a test, and spaces that look like the program's own. */
#include "servers/lib/runtime.h"
#include "tests/native-kernel/harness.h"

#define STACK_BYTES 8192
#define TLS_BYTES 512
#define BATCH 32 /* pages asked for at once */

extern const char tls_template[], tls_template_size[], tls_size[];
extern char __global_pointer$[], program_end[];

static char stacks[WORKERS][STACK_BYTES] __attribute__((aligned(16)));
static char tls_blocks[WORKERS][TLS_BYTES] __attribute__((aligned(16)));
static struct worker workers[WORKERS];

/* In the worker: message buffer of its own, then its function, then idle for good. */
static void worker_main(void *argument)
{
	struct worker *w = argument;

	runtime_set_message_buffer((struct message_buffer *)MESSAGE_BUFFER_VA(w->index + 1));
	w->run(w->argument);
	w->returned = true;
	for (;;)
		invoke5(w->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
}

struct message_buffer *worker_buffer(struct worker *w)
{
	return (struct message_buffer *)MESSAGE_BUFFER_VA(w->index + 1);
}

void workers_forget(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		workers[i].used = false;
}

static struct worker *worker_free(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		if (!workers[i].used) {
			workers[i].index = i;
			workers[i].used = true;
			return &workers[i];
		}
	}
	test_fail("too many workers");
}

void worker_end(struct worker *w)
{
	(void)delete_cap(w->thread);
	(void)delete_cap(w->sched);
	w->used = false;
}

void worker_reset(struct worker *w)
{
	struct message m = {0};
	uint64_t *words = message_buffer()->words;
	char *tls = tls_blocks[w->index];

	memset(tls, 0, TLS_BYTES);
	memcpy(tls, tls_template, (size_t)tls_template_size);
	memset(words + MESSAGE_REGISTERS, 0, (32 - MESSAGE_REGISTERS) * 8);
	m.words[0] = (uint64_t)thread_entry;
	m.words[2] = (uint64_t)(stacks[w->index] + STACK_BYTES);
	m.words[3] = (uint64_t)__global_pointer$;
	m.words[4] = (uint64_t)tls;
	m.words[8] = (uint64_t)worker_main;
	words[10] = (uint64_t)w;
	CHECK_OK(invoke(w->thread, THREAD_WRITE_REGISTERS, 32, &m));
}

struct worker *worker_make_in(cap_t space, cap_t cspace, void (*run)(void *), void *argument,
			      unsigned priority, uint64_t mask)
{
	struct worker *w = worker_free();

	w->run = run;
	w->argument = argument;
	w->returned = false;
	w->thread = make_object(OBJECT_THREAD);
	w->sched = make_sched(priority, BOOT->timebase_hz / 200, mask);
	CHECK_OK(invoke5(w->thread, THREAD_CONFIGURE, cspace, space, w->index + 2, 0, 0));
	CHECK_OK(invoke5(w->thread, THREAD_SET_SCHED, w->sched, 0, 0, 0, 0));
	worker_reset(w);
	return w;
}

struct worker *worker_make(void (*run)(void *), void *argument, unsigned priority, uint64_t mask)
{
	return worker_make_in(BOOT_SLOT_SPACE, BOOT_SLOT_CSPACE, run, argument, priority, mask);
}

struct worker *worker_start_on(void (*run)(void *), void *argument, unsigned priority,
			       uint64_t mask)
{
	struct worker *w = worker_make(run, argument, priority, mask);

	CHECK_OK(worker_resume(w));
	return w;
}

struct worker *worker_start(void (*run)(void *), void *argument)
{
	return worker_start_on(run, argument, MAIN_PRIORITY, 0);
}

enum err worker_resume(struct worker *w)
{
	return invoke5(w->thread, THREAD_RESUME, 0, 0, 0, 0, 0);
}

void worker_join(struct worker *w)
{
	WAIT_UNTIL(w->returned);
}

enum thread_state thread_state(cap_t thread)
{
	return (enum thread_state)query(thread, THREAD_INFO, 0);
}

bool thread_suspended(cap_t thread)
{
	return query(thread, THREAD_INFO, 1) != 0;
}

/* Map pages `first`... as they are mapped in the program's own space. */
static void twin_copy(struct twin *twin, uint64_t first, uint64_t end)
{
	for (uint64_t page = first; page < end; page += BATCH) {
		uint32_t count = end - page < BATCH ? (uint32_t)(end - page) : BATCH;
		struct window_item ask = {.cap = BOOT_SLOT_WINDOW,
					  .op = WINDOW_QUERY,
					  .va_page = page,
					  .pool_page = 300,
					  .count = count};

		CHECK_OK(window_item(&ask, NULL));
		for (uint32_t i = 0; i < count; i++) {
			uint64_t found = message_buffer()->words[300 + i];
			struct window_item item = {.cap = twin->binding,
						   .op = WINDOW_MAP,
						   .rights = (uint8_t)(found >> 1 & 7),
						   .va_page = page + i,
						   .pool_page = found >> 12,
						   .count = 1};

			if (found != 0)
				CHECK_OK(window_item(&item, NULL));
		}
	}
}

void twin_make(struct twin *twin)
{
	struct message m = {0};
	unsigned rwx = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;

	twin->space = make_object(OBJECT_SPACE);
	twin->bank = make(OBJECT_TABLE_BANK, 16);
	twin->window = make_object(OBJECT_WINDOW);
	twin->binding = make_object(OBJECT_BINDING);
	CHECK_OK(invoke5(twin->space, SPACE_ADD_BANK, twin->bank, 0, 0, 0, 0));
	m.words[0] = twin->window;
	m.words[2] = 1ul << 18;
	m.words[3] = rwx;
	CHECK_OK(invoke(twin->space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(twin->binding, BINDING_BIND, twin->window, BOOT_SLOT_POOL, rwx, 0, 0));
	twin_copy(twin, 0x200, ((uint64_t)program_end + 4095) >> 12);
	twin_copy(twin, BOOT_INFO_VA >> 12, (BOOT_INFO_VA >> 12) + 1);
}
