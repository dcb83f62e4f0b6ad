/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each run begins with, made by method calls as a root task would: seven
 * threads of two CSpaces and two spaces, servers among them, with windows,
 * pools, budgets, handlers and an interrupt.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "kernel/abi/syscall.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/lock.h"
#include "sbi/machine.h"

struct cap_slot roots[ROOTS];
struct thread *boot_thread;

#define ALL RIGHTS_ALL
#define RWX (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)

enum err boot_invoke(unsigned slot, unsigned method, const uint64_t *arguments, unsigned count)
{
	struct thread *t = boot_thread;

	do {
		t->registers[0] = 4;
		t->registers[REG_A0] = slot;
		t->registers[REG_A1] = MESSAGE_TAG(method, count);
		for (unsigned i = 0; i < count; i++) {
			if (i < MESSAGE_REGISTERS) {
				set_message_word(t, i, arguments[i]);
			} else {
				thread_buffer(t)->words[i] = arguments[i];
			}
		}
		invoke(t);
	} while (t->registers[0] != 4);
	return (enum err)t->registers[REG_A0];
}

/* A call that must succeed. */
#define MUST(slot, method, ...)                                                                    \
	do {                                                                                       \
		const uint64_t arguments[] = {__VA_ARGS__};                                        \
		enum err err = boot_invoke(slot, method, arguments, ARRAY_SIZE(arguments));        \
		if (err != ERR_OK) {                                                               \
			fail("setup, line %d: error %d", __LINE__, (int)err);                      \
		}                                                                                  \
	} while (0)

static void make_boot_thread(void)
{
	static const struct {
		enum object_type type;
		unsigned slot;
	} boot_objects[] = {{OBJECT_IRQ_CONTROL, SLOT_IRQ_CONTROL},
			    {OBJECT_HART, SLOT_HART},
			    {OBJECT_CONSOLE, SLOT_CONSOLE},
			    {OBJECT_SYSTEM, SLOT_SYSTEM}};
	const uint64_t cspace_bytes = 64ull << ROOT_SLOTS_BITS;
	struct cspace *cspace = vm_pointer((struct paddr){HARNESS_BASE});

	boot_thread = vm_pointer((struct paddr){HARNESS_BASE + cspace_bytes});
	memset(cspace, 0, cspace_bytes + 8192);
	memset(roots, 0, sizeof(roots));
	cspace->count = 1u << ROOT_SLOTS_BITS;
	boot_thread->next = boot_thread;
	boot_thread->previous = boot_thread;
	cap_insert(&roots[0], NULL, OBJECT_CSPACE, cspace, ALL, 0);
	roots[0].primary = true;
	boot_thread->cspace.role = ROLE_THREAD_CSPACE;
	cap_derive(&boot_thread->cspace, &roots[0], ALL, 0);
	cap_derive(cspace_slot(cspace, SLOT_CSPACE), &roots[0], ALL, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(boot_objects); i++) {
		struct cap_slot *root = &roots[1 + i];

		cap_insert(root, NULL, boot_objects[i].type, root, ALL, 0);
		root->primary = true;
		cap_derive(cspace_slot(cspace, boot_objects[i].slot), root, ALL, 0);
	}
}

static void make_memory(unsigned slot, uint64_t base, uint64_t bytes)
{
	struct cap_slot *memory = cspace_slot(roots[0].object, slot);

	cap_insert(memory, NULL, OBJECT_UNTYPED, (void *)base, ALL, bytes);
	memory->primary = true;
}

static void make_objects(void)
{
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_THREAD, 0, THREADS_AT_START, SLOT_THREAD);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_SPACE, 0, 2, SLOT_SPACE);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_WINDOW, 0, 4, SLOT_WINDOW);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_POOL, 0, 2, SLOT_POOL);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_CSPACE, 6, 1, SLOT_SECOND_CSPACE);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_SCHED_CONTEXT, 0, 8, SLOT_SCHED);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_BINDING, 0, 4, SLOT_BINDING);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_NOTIFICATION, 0, 3, SLOT_NOTIFICATION);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_ENDPOINT, 0, 4, SLOT_ENDPOINT);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_REPLY, 0, 6, SLOT_REPLY);
	MUST(SLOT_MEMORY, UNTYPED_RETYPE, OBJECT_TABLE_BANK, 16, 2, SLOT_BANK);
	MUST(SLOT_POOL_MEMORY, UNTYPED_RETYPE, OBJECT_UNTYPED, 21, 1, SLOT_UNTYPED);
	MUST(SLOT_POOL_MEMORY, UNTYPED_RETYPE, OBJECT_UNTYPED, 16, 2, SLOT_UNTYPED + 1);
	MUST(SLOT_POOL_MEMORY, UNTYPED_RETYPE, OBJECT_UNTYPED, 14, 2, SLOT_UNTYPED + 3);
}

static void make_spaces(void)
{
	for (unsigned i = 0; i < 2; i++) {
		MUST(SLOT_SPACE + i, SPACE_ADD_BANK, SLOT_BANK + i);
	}
	MUST(SLOT_SPACE, SPACE_ATTACH_WINDOW, SLOT_WINDOW, 0, 1024, RWX, SLOT_ENDPOINT + 2, 5);
	MUST(SLOT_SPACE, SPACE_ATTACH_WINDOW, SLOT_WINDOW + 1, 1024, 512, RWX, 0);
	MUST(SLOT_SPACE + 1, SPACE_ATTACH_WINDOW, SLOT_WINDOW + 2, 0, 1024, RWX, SLOT_ENDPOINT + 2,
	     6);
	MUST(SLOT_POOL, POOL_ADD_EXTENT, SLOT_UNTYPED);
	MUST(SLOT_POOL, POOL_ADD_EXTENT, SLOT_UNTYPED + 1);
	MUST(SLOT_POOL + 1, POOL_ADD_EXTENT, SLOT_UNTYPED + 2);
	MUST(SLOT_BINDING, BINDING_BIND, SLOT_WINDOW, SLOT_POOL, RWX);
	MUST(SLOT_BINDING + 1, BINDING_BIND, SLOT_WINDOW + 1, SLOT_POOL + 1,
	     RIGHT_READ | RIGHT_WRITE);
	MUST(SLOT_BINDING + 2, BINDING_BIND, SLOT_WINDOW + 2, SLOT_POOL, RWX);
}

/* The second CSpace: some of everything, badged or with fewer rights. */
static void fill_second_cspace(void)
{
	static const struct {
		unsigned from, count, to, rights, badge;
	} copies[] = {
		{SLOT_ENDPOINT, 4, 1, RIGHT_WRITE | RIGHT_SHARE | RIGHT_GRANT, 7},
		{SLOT_ENDPOINT, 2, 6, RIGHT_READ | RIGHT_WRITE, 0},
		{SLOT_REPLY + 4, 2, 10, ALL, 0},
		{SLOT_NOTIFICATION, 3, 13, ALL, 4},
		{SLOT_THREAD + 5, 2, 17, RIGHT_MANAGE, 0},
		{SLOT_SCHED + 4, 3, 20, ALL, 0},
		{SLOT_WINDOW, 3, 24, ALL, 0},
		{SLOT_BINDING, 3, 28, RIGHT_MANAGE, 0},
		{SLOT_POOL, 2, 32, ALL & ~RIGHT_DMA, 0},
		{SLOT_SECOND_CSPACE, 1, 35, ALL, 0},
		{SLOT_SPACE, 2, 36, ALL, 0},
		{SLOT_HART, 1, 38, ALL, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(copies); i++) {
		for (unsigned j = 0; j < copies[i].count; j++) {
			MUST(SLOT_SECOND_CSPACE, CSPACE_COPY, copies[i].to + j, copies[i].from + j,
			     copies[i].rights, copies[i].badge);
		}
	}
}

static const struct {
	unsigned priority, ceiling, period; /* budget and period in units of 1000 ticks */
} scheds[8] = {{100, 200, 0}, {120, 120, 0}, {110, 110, 0}, {130, 140, 20},
	       {100, 255, 0}, {90, 100, 10}, {90, 90, 0},   {60, 60, 30}};

static void make_threads(unsigned hart_count)
{
	for (unsigned i = 0; i < ARRAY_SIZE(scheds); i++) {
		MUST(SLOT_HART, HART_CONFIGURE, SLOT_SCHED + i, scheds[i].priority, 3000,
		     i == 6 && hart_count > 1 ? 2 : 0, scheds[i].period * 1000, scheds[i].ceiling);
	}
	for (unsigned i = 0; i < THREADS_AT_START; i++) {
		unsigned slot = SLOT_THREAD + i, second = i >= 4;

		MUST(slot, THREAD_CONFIGURE, second ? SLOT_SECOND_CSPACE : SLOT_CSPACE,
		     SLOT_SPACE + second, 1 + i);
		MUST(slot, THREAD_SET_SCHED, SLOT_SCHED + i);
		MUST(slot, THREAD_SET_HANDLER, SLOT_ENDPOINT + 3, i,
		     i == 6   ? HANDLER_PERSONALITY
		     : i == 5 ? HANDLER_EXHAUSTION
			      : 0);
		MUST(slot, THREAD_RESUME, 0);
	}
	MUST(SLOT_THREAD + 1, THREAD_BIND_NOTIFICATION, SLOT_NOTIFICATION);
	MUST(SLOT_IRQ_CONTROL, IRQ_CONTROL_GET, 3, SLOT_IRQ_HANDLER, IRQ_LEVEL_HIGH);
	MUST(SLOT_IRQ_HANDLER, IRQ_SET_NOTIFICATION, SLOT_NOTIFICATION + 1);
}

void setup(void)
{
	memory_open_all();
	make_boot_thread();
	make_memory(SLOT_MEMORY, MEMORY_BASE, 1ull << MEMORY_BITS);
	make_memory(SLOT_POOL_MEMORY, POOL_BASE, POOL_BYTES);
	kernel_lock();
	make_objects();
	make_spaces();
	fill_second_cspace();
	make_threads(machine.hart_count);
	kernel_unlock();
}
