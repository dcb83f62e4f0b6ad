/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's side of Linux threads. Each thread number owns, once used, a
 * Thread and a SchedContext; the next thread with the number takes them over,
 * unless the old one was in the middle of a send that cannot be taken back.
 */
#include "servers/process/core.h"

#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

static struct kthread {
	cap_t thread, sched;
	uint64_t base_ticks; /* run time of earlier users */
	uint64_t harts;	     /* mask, 0: any */
} kthreads[THREAD_LIMIT];

void kthread_set_harts(uint32_t number, uint64_t mask)
{
	uint64_t slice = startup()->timebase_hz / 1000 * SLICE_MS;

	kthreads[number].harts = mask;
	invoke5(startup_cap_required("hart"), HART_CONFIGURE, kthreads[number].sched,
		PRIORITY_LINUX, slice, mask, 0);
}

/* Make the objects of a number. */
static bool kthread_make(uint32_t number)
{
	struct kthread *k = &kthreads[number];

	if (k->sched == 0) {
		k->sched = object_create(OBJECT_SCHED_CONTEXT, 0);
		if (k->sched == 0) {
			return false;
		}
		kthread_set_harts(number, 0);
	}
	k->thread = object_create(OBJECT_THREAD, 0);
	if (k->thread == 0) {
		return false;
	}
	k->base_ticks = 0;
	if (invoke5(k->thread, THREAD_SET_HANDLER, process_endpoint, number, 1, 0, 0) != ERR_OK ||
	    invoke5(k->thread, THREAD_SET_SCHED, k->sched, 0, 0, 0, 0) != ERR_OK) {
		object_destroy(k->thread);
		k->thread = 0;
		return false;
	}
	return true;
}

int64_t kthread_open(uint32_t number, struct space *s)
{
	struct kthread *k = &kthreads[number];

	if (k->thread == 0 && !kthread_make(number)) {
		return -STATUS_AGAIN;
	}
	if (k->harts != 0) {
		kthread_set_harts(number, 0);
	}
	if (invoke5(k->thread, THREAD_CONFIGURE, 0, s->cap, 0, 0, 0) != ERR_OK) {
		object_destroy(k->thread);
		k->thread = 0;
		return -STATUS_NOMEM;
	}
	return 0;
}

uint32_t kthread_hart(uint32_t number)
{
	struct message m = {0};

	return invoke(kthreads[number].thread, THREAD_INFO, 0, &m) == ERR_OK ? (uint32_t)m.words[3]
									     : 0;
}

static enum thread_state kthread_state(uint32_t number, uint64_t *ticks)
{
	struct message m = {0};

	if (invoke(kthreads[number].thread, THREAD_INFO, 0, &m) != ERR_OK) {
		return THREAD_STOPPED;
	}
	*ticks = m.words[2];
	return (enum thread_state)m.words[0];
}

void kthread_close(uint32_t number, cap_t reply)
{
	struct kthread *k = &kthreads[number];
	struct message m = {.tag = MESSAGE_TAG(0, 0)};
	enum thread_state state;

	if (k->thread == 0) {
		return;
	}
	answer_flush();
	invoke5(k->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
	if (reply != 0) {
		ipc_reply(reply, &m);
	}
	state = kthread_state(number, &k->base_ticks);
	if (state != THREAD_READY && state != THREAD_STOPPED) {
		object_destroy(k->thread);
		k->thread = 0;
	}
}

int64_t kthread_move(uint32_t number, struct space *s)
{
	struct kthread *k = &kthreads[number];

	invoke5(k->thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
	if (invoke5(k->thread, THREAD_CONFIGURE, 0, s->cap, 0, 0, 0) != ERR_OK) {
		return -STATUS_NOMEM;
	}
	return 0;
}

void kthread_resume(uint32_t number)
{
	invoke5(kthreads[number].thread, THREAD_RESUME, 0, 0, 0, 0, 0);
}

enum kthread_where kthread_suspend(uint32_t number)
{
	uint64_t ticks;
	enum thread_state state;

	answer_flush();
	invoke5(kthreads[number].thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
	state = kthread_state(number, &ticks);
	return state == THREAD_READY || state == THREAD_STOPPED ? KTHREAD_USER : KTHREAD_CALLING;
}

void kthread_read(uint32_t number, struct registers *r)
{
	struct message m = {0};

	if (invoke(kthreads[number].thread, THREAD_READ_REGISTERS, 0, &m) != ERR_OK) {
		memset(r, 0, sizeof(*r));
		return;
	}
	memcpy(r->r, m.words, sizeof(m.words));
	memcpy(&r->r[MESSAGE_REGISTERS], &message_buffer()->words[MESSAGE_REGISTERS],
	       (REGISTERS - MESSAGE_REGISTERS) * sizeof(uint64_t));
}

void kthread_write(uint32_t number, const struct registers *r)
{
	struct message m = {0};

	memcpy(m.words, r->r, sizeof(m.words));
	memcpy(&message_buffer()->words[MESSAGE_REGISTERS], &r->r[MESSAGE_REGISTERS],
	       (REGISTERS - MESSAGE_REGISTERS) * sizeof(uint64_t));
	invoke(kthreads[number].thread, THREAD_WRITE_REGISTERS, REGISTERS, &m);
}

void kthread_read_fpu(uint32_t number, struct fpu_state *f)
{
	struct message m = {0};

	if (invoke(kthreads[number].thread, THREAD_READ_FPU, 0, &m) != ERR_OK) {
		memset(f, 0, sizeof(*f));
		return;
	}
	memcpy(f->f, m.words, sizeof(m.words));
	memcpy(&f->f[MESSAGE_REGISTERS], &message_buffer()->words[MESSAGE_REGISTERS],
	       (FPU_WORDS - MESSAGE_REGISTERS) * sizeof(uint64_t));
}

void kthread_write_fpu(uint32_t number, const struct fpu_state *f)
{
	struct message m = {0};

	memcpy(m.words, f->f, sizeof(m.words));
	memcpy(&message_buffer()->words[MESSAGE_REGISTERS], &f->f[MESSAGE_REGISTERS],
	       (FPU_WORDS - MESSAGE_REGISTERS) * sizeof(uint64_t));
	invoke(kthreads[number].thread, THREAD_WRITE_FPU, FPU_WORDS, &m);
}

uint64_t kthread_run_ticks(uint32_t number)
{
	uint64_t ticks = kthreads[number].base_ticks;

	if (kthreads[number].thread != 0) {
		kthread_state(number, &ticks);
	}
	return ticks - kthreads[number].base_ticks;
}
