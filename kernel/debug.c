/* SPDX-License-Identifier: BSD-2-Clause */
/* See debug.h. Empty in other builds. */
#include "kernel/debug.h"

#ifdef KERNEL_DEBUG

#include "kernel/csr.h"
#include "kernel/ipc.h"
#include "kernel/lend.h"
#include "kernel/panic.h"
#include "kernel/print.h"

/* Those that the items of one batch name; with more, some are not looked at. */
#define SPACES_NOTED 8u

struct section {
	uint64_t begin, entry;
	uint64_t longest, longest_entry;
	uintptr_t from; /* where it began: an address in the kernel's text */
	uintptr_t longest_from, longest_to;
	bool entered; /* boot is no section */
	bool spoiled; /* interrupts, timers above all, came while a space was looked at */
	const struct vm_space *noted[SPACES_NOTED];
	unsigned noted_count;
};

static struct section sections[HARTS_MAX];

static uint64_t cycles(void)
{
	uint64_t value;

	__asm__ volatile("rdcycle %0" : "=r"(value) : : "memory");
	return value;
}

void debug_section_begin(const struct thread *t)
{
	struct section *s = &sections[hart_index()];
	uint64_t cause = csr_read_scause();

	if (t != NULL && cause == SCAUSE_ECALL_U) {
		s->entry = t->registers[REG_A7] << 32 | message_label(t->registers[REG_A1]);
	} else {
		s->entry = 1ull << 63 | cause;
	}
	s->entered = true;
	s->from = (uintptr_t)__builtin_return_address(0);
	s->begin = cycles();
}

void debug_section_end(void)
{
	struct section *s = &sections[hart_index()];
	uint64_t now = cycles();

	if (s->entered && !s->spoiled && now - s->begin > s->longest) {
		s->longest = now - s->begin;
		s->longest_entry = s->entry;
		s->longest_from = s->from;
		s->longest_to = (uintptr_t)__builtin_return_address(0);
	}
	s->spoiled = false;
	s->from = (uintptr_t)__builtin_return_address(0);
	s->begin = now;
}

void debug_check_space(const struct vm_space *space)
{
	struct section *s = &sections[hart_index()];
	uint64_t start = cycles();

	vm_check_space(space);
	s->spoiled |= (csr_read_sip() & csr_read_sie()) != 0;
	s->begin += cycles() - start;
}

void debug_note_space(const struct vm_space *space)
{
	struct section *s = &sections[hart_index()];

	for (unsigned i = 0; i < s->noted_count; i++) {
		if (s->noted[i] == space) {
			return;
		}
	}
	if (s->noted_count < SPACES_NOTED) {
		s->noted[s->noted_count++] = space;
	}
}

void debug_report(void)
{
	for (unsigned i = 0; i < harts_online_end; i++) {
		const struct section *s = &sections[i];

		print("debug: hart %u: longest section %lu, %s %lx, from %lx to %lx\n", i,
		      s->longest, s->longest_entry >> 63 != 0 ? "cause" : "call and label",
		      s->longest_entry << 1 >> 1, s->longest_from, s->longest_to);
	}
}

/* --- invariants ------------------------------------------------------------------ */

/* One ring of a queue, as far as 64 threads. */
static void check_ring(const struct thread *head)
{
	const struct thread *t = head;

	for (unsigned i = 0; i < 64; i++) {
		assert(t->next->previous == t);
		assert(t->priority == head->priority);
		t = t->next;
		if (t == head) {
			return;
		}
	}
}

static void check_queue(const struct wait_queue *queue)
{
	const struct thread *above = NULL;

	for (const struct thread *t = queue->head; t != NULL; t = t->group_next) {
		assert(t->group_previous == above);
		assert(above == NULL || above->priority > t->priority);
		check_ring(t);
		above = t;
	}
}

/* D1, D2, D4 for the thread that runs. */
static void check_time(const struct thread *t)
{
	const struct thread *lender = t;
	unsigned depth = 0;

	assert(t->time->runner == t);
	assert(t->priority >= t->base_priority);
	while (lender->lender != NULL) {
		lender = lender->lender;
		assert(lender->time == t->time);
		assert(++depth <= LEND_DEPTH);
	}
	assert(lender->sched.object == t->time);
	assert(t->time->thread == lender);
}

void debug_check(void)
{
	struct hart *hart = hart_current();
	struct section *s = &sections[hart_index()];
	const struct thread *t = hart->current;

	while (s->noted_count > 0) {
		debug_check_space(s->noted[--s->noted_count]);
	}
	check_queue(&hart->queue);
	assert(hart->queue.head == NULL ||
	       (hart->queue.head->state == THREAD_READY && hart->queue.head->queued));
	if (t == NULL) {
		assert(hart->charged == NULL);
		return;
	}
	assert(t->hart == hart && !t->queued && t->state == THREAD_READY && t->hold == 0);
	assert(hart->charged == t->time);
	assert(hart->active_space == t->space.object);
	assert(hart->counters == t->counters);
	assert(t->serving == NULL || t->serving->server == t);
	assert(t->served == NULL || t->served->server == t);
	check_time(t);
	if (t->endpoint != NULL && t->served == t->endpoint) {
		check_queue(&t->endpoint->queue);
	}
}

#endif
