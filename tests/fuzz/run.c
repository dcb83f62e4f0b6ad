/* SPDX-License-Identifier: BSD-2-Clause */
/* One run: the head of an input, its events, the invariants, the end of everything. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "kernel/interrupt.h"
#include "kernel/lock.h"
#include "kernel/schedule.h"
#include "sbi/machine.h"
#include "tests/fuzz/events.h"

struct fuzz_counts fuzz_counts;
bool fuzz_verbose;

static struct paddr alloc_page(void *context)
{
	uint64_t *next = context;

	*next += PAGE_SIZE;
	return (struct paddr){*next - PAGE_SIZE};
}

void fuzz_init(void)
{
	static uint64_t next = KERNEL_TABLES_BASE;
	struct machine_config config = {.asid_bits = 16};
	struct vm_kernel_map map = {
		.image = {0x80200000}, .alloc = alloc_page, .alloc_context = &next};

	machine_init(&config);
	vm_kernel_map(&map);
}

/* Servers wait and clients call, as in a system that came up. */
static void come_up(void)
{
	static const uint8_t events[][EVENT_BYTES] = {
		{0, 6, 0, 0, 0, 0, 0, 0, 1, 1}, {0, 6, 1, 1, 0, 0, 0, 0, 1, 1},
		{0, 6, 2, 2, 0, 0, 0, 0, 1, 1}, {0, 6, 3, 3, 0, 0, 0, 0, 1, 1},
		{0, 0, 0, 0, 3, 0, 0, 0, 1, 1},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(events); i++) {
		event_run(events[i], NULL);
		invariants_check(true);
	}
}

static void boot(const uint8_t *head)
{
	static const uint8_t asid_bits[] = {16, 4, 5, 0}, time_steps[] = {0, 1, 7, 100};
	static const uint8_t rates[] = {0, 0, 20, 5, 2, 1, 0, 0};
	struct fuzz_machine with = {
		.harts = 1 + head[0] % HARTS,
		.asid_bits = asid_bits[head[0] >> 2 & 3],
		.time_step = time_steps[head[0] >> 4 & 3],
	};

	fuzz_machine_reset(&with);
	events_reset();
	config.updates_ad = head[2] & 1;
	setup();
	hart_enter(0, ENTRY_BOOT, 0, 0);
	if ((head[1] & 1) == 0) {
		come_up();
	}
	for (unsigned i = 1; i < with.harts && (head[1] & 2) == 0; i++) {
		hart_enter(i, ENTRY_BOOT, 0, 0);
	}
	interrupts_one_in = rates[head[1] >> 2 & 7];
}

/* A hart comes into the kernel and everything that the memory became is destroyed. */
static void revoke_all(void)
{
	struct cspace *cspace = roots[0].object;

	memory_open_all();
	hart_switch(0);
	kernel_lock();
	for (unsigned i = 1; i < cspace->count; i++) {
		struct cap_slot *slot = cspace_slot(cspace, i);

		while (slot->type != OBJECT_NONE && cap_delete(slot) != ERR_OK) {
			interrupts_handle();
		}
	}
	kernel_unlock();
}

static const uint8_t *event_at(const uint8_t *input, size_t size, size_t i, uint8_t *copy)
{
	size_t at = HEAD_BYTES + i * EVENT_BYTES;
	size_t left = size - at < EVENT_BYTES ? size - at : EVENT_BYTES;

	if (at >= size) {
		return NULL;
	}
	memset(copy, 0, EVENT_BYTES);
	memcpy(copy, input + at, left);
	return copy;
}

bool fuzz_run(const uint8_t *input, size_t size)
{
	uint8_t head[HEAD_BYTES] = {0}, event[EVENT_BYTES], next[EVENT_BYTES];

	memcpy(head, input, size < HEAD_BYTES ? size : HEAD_BYTES);
	if (setjmp(test_failed) != 0) {
		if (fuzz_verbose) {
			print_threads();
		}
		return false;
	}
	fuzz_counts.runs++;
	boot(head);
	invariants_check(true);
	for (size_t i = 0; i < EVENTS_MAX && event_at(input, size, i, event) != NULL; i++) {
		event_run(event, event_at(input, size, i + 1, next));
		fuzz_counts.events++;
		invariants_check(i % 8 == 0 || event[0] >> 2 >= 25);
		if (events_are_stuck()) {
			fuzz_counts.ended_early++;
			break;
		}
	}
	invariants_check(true);
	interrupts_one_in = 0;
	revoke_all();
	invariants_check_end();
	return true;
}
