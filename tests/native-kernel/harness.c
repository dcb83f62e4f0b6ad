/* SPDX-License-Identifier: BSD-2-Clause */
/* See harness.h: arenas, checks, objects. Threads and spaces: workers.c. */
#include "tests/native-kernel/harness.h"

#include <stdarg.h>
#include <stdio.h>

#include "servers/lib/runtime.h"

#define HEAP_BYTES 65536
#define WAIT_SECONDS 20
#define NOTES 200

static jmp_buf test_over;
static char failure[NOTES];
static cap_t next_slot;
static uint64_t random_state = 88172645463325252ull;

_Noreturn void test_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(failure, sizeof(failure), format, arguments);
	va_end(arguments);
	longjmp(test_over, 1);
}

void check_equal(const char *what, uint64_t value, uint64_t wanted, const char *file, int line)
{
	if (value != wanted)
		test_fail("%s:%d %s is %lx, not %lx", file, line, what, value, wanted);
}

uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 3;
}

/* --- slots and objects ----------------------------------------------------- */

cap_t new_slots(unsigned count)
{
	cap_t first = next_slot;

	if (next_slot + count > TEST_SLOTS_END)
		test_fail("no slots left");
	next_slot += count;
	return first;
}

enum err invoke_n(cap_t object, enum method method, unsigned arguments, struct message *m)
{
	return invoke(object, method, arguments, m);
}

enum err try_make(enum object_type type, unsigned bits, unsigned count, cap_t first)
{
	enum err err = ERR_OK;

	for (unsigned done = 0; done < count && err == ERR_OK; done += 32) {
		unsigned step = count - done < 32 ? count - done : 32;

		err = invoke5(SLOT_ARENA, UNTYPED_RETYPE, type, bits, step, first + done, 0);
	}
	return err;
}

cap_t make(enum object_type type, unsigned bits)
{
	cap_t slot = new_slot();

	CHECK_OK(try_make(type, bits, 1, slot));
	return slot;
}

cap_t derive(cap_t source, unsigned rights, uint64_t badge)
{
	cap_t slot = new_slot();

	CHECK_OK(invoke5(SLOT_CSPACE, CSPACE_COPY, slot, source, rights, badge, 0));
	return slot;
}

enum err delete_cap(cap_t slot)
{
	return invoke5(SLOT_CSPACE, CSPACE_DELETE, slot, 0, 0, 0, 0);
}

enum err revoke_cap(cap_t slot)
{
	return invoke5(SLOT_CSPACE, CSPACE_REVOKE, slot, 0, 0, 0, 0);
}

enum object_type slot_type(cap_t slot)
{
	struct message m = {.words = {slot}};

	if (invoke(SLOT_CSPACE, CSPACE_INSPECT, 1, &m) != ERR_OK)
		return OBJECT_NONE;
	return (enum object_type)m.words[0];
}

cap_t make_sched(unsigned priority, uint64_t slice, uint64_t mask)
{
	cap_t sched = make_object(OBJECT_SCHED_CONTEXT);

	CHECK_OK(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, priority, slice, mask, 0));
	return sched;
}

enum err sched_configure(cap_t sched, unsigned priority, uint64_t budget, uint64_t mask,
			 uint64_t period, unsigned ceiling)
{
	struct message m = {.words = {sched, priority, budget, mask, period, ceiling}};

	return invoke(BOOT_SLOT_HART, HART_CONFIGURE, 6, &m);
}

void main_on(uint64_t mask)
{
	CHECK_OK(sched_configure(BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY, ms(10), mask, 0, 0));
}

uint64_t query(cap_t object, enum method method, unsigned word)
{
	struct message m = {0};

	CHECK_OK(invoke(object, method, 0, &m));
	return m.words[word];
}

uint64_t kernel_entries(unsigned hart)
{
	struct message m = {.words = {hart}};

	CHECK_OK(invoke(BOOT_SLOT_HART, HART_INFO, 1, &m));
	return m.words[2];
}

/* --- time --------------------------------------------------------------------- */

void sleep_us(uint64_t us)
{
	uint64_t until = time_ticks() + us * BOOT->timebase_hz / 1000000, bits;

	invoke5(SLOT_SLEEP, NOTIFICATION_SET_TIMER, until, 0, 0, 0, 0);
	notification_wait(SLOT_SLEEP, &bits);
}

void wait_a_moment(uint64_t since, const char *file, int line, const char *what)
{
	if (time_ticks() - since > WAIT_SECONDS * BOOT->timebase_hz)
		test_fail("%s:%d does not happen: %s", file, line, what);
	for (unsigned i = 0; i < 8; i++)
		thread_yield();
	sleep_us(200); /* threads of lower priority too */
}

/* --- memory ------------------------------------------------------------------- */

enum err window_item(const struct window_item *item, uint32_t *done)
{
	struct window_item *slot = (struct window_item *)&message_buffer()->words[WINDOW_ITEM_WORD];
	struct message m = {.tag = MESSAGE_TAG(0, 0) | MESSAGE_TAG_ITEMS(1)};
	enum err err;

	*slot = *item;
	err = syscall_message(SYS_WINDOW, 0, &m);
	if (done != NULL)
		*done = slot->done;
	return err;
}

cap_t make_pool(unsigned bits, cap_t *untyped)
{
	cap_t memory = make(OBJECT_UNTYPED, bits), pool = make_object(OBJECT_POOL);

	CHECK_OK(invoke5(pool, POOL_ADD_EXTENT, memory, 0, 0, 0, 0));
	if (untyped != NULL)
		*untyped = memory;
	return pool;
}

void area_make(struct area *area, uint64_t offset, uint64_t bytes, unsigned pool_bits,
	       cap_t fault_endpoint, uint64_t badge)
{
	struct message m = {0};

	area->va = TEST_VA + offset;
	area->window = make_object(OBJECT_WINDOW);
	area->binding = make_object(OBJECT_BINDING);
	area->pool = make_pool(pool_bits, &area->untyped);
	m.words[0] = area->window;
	m.words[1] = area->va >> 12;
	m.words[2] = bytes >> 12;
	m.words[3] = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE;
	m.words[4] = fault_endpoint;
	m.words[5] = badge;
	CHECK_OK(invoke(BOOT_SLOT_SPACE, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_OK(invoke5(area->binding, BINDING_BIND, area->window, area->pool,
			 RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE, 0, 0));
}

enum err area_map(const struct area *area, uint64_t page, uint64_t pool_page, uint32_t count,
		  unsigned rights)
{
	struct window_item item = {.cap = area->binding,
				   .op = WINDOW_MAP,
				   .rights = (uint8_t)rights,
				   .va_page = (area->va >> 12) + page,
				   .pool_page = pool_page,
				   .count = count};

	return window_item(&item, NULL);
}

enum err area_unmap(const struct area *area, uint64_t page, uint32_t count)
{
	struct window_item item = {.cap = area->window,
				   .op = WINDOW_UNMAP,
				   .va_page = (area->va >> 12) + page,
				   .count = count};

	return window_item(&item, NULL);
}

/* --- tests ---------------------------------------------------------------------- */

/* The arena comes from the largest Untyped; so do the few objects that stay. */
void harness_init(void)
{
	static char heap[HEAP_BYTES] __attribute__((aligned(16)));
	uint64_t most = 0;
	cap_t largest = 0;

	runtime_set_heap(heap, sizeof(heap));
	for (cap_t slot = BOOT_SLOT_UNTYPED; slot < BOOT_SLOT_UNTYPED + BOOT->untyped_count;
	     slot++) {
		struct message m = {0};

		if (invoke(slot, UNTYPED_INFO, 0, &m) == ERR_OK && m.words[3] == 0 &&
		    m.words[1] - m.words[2] > most) {
			most = m.words[1] - m.words[2];
			largest = slot;
		}
	}
	if (invoke5(largest, UNTYPED_RETYPE, OBJECT_NOTIFICATION, 0, 1, SLOT_SLEEP, 0) != ERR_OK ||
	    invoke5(largest, UNTYPED_RETYPE, OBJECT_TABLE_BANK, 18, 1, SLOT_TABLES, 0) != ERR_OK ||
	    invoke5(largest, UNTYPED_RETYPE, OBJECT_UNTYPED, ARENA_BITS, 1, SLOT_ARENA, 0) !=
		    ERR_OK ||
	    invoke5(BOOT_SLOT_SPACE, SPACE_ADD_BANK, SLOT_TABLES, 0, 0, 0, 0) != ERR_OK)
		fatal("FAIL harness no arena\n");
	next_slot = TEST_SLOT;
}

static void clean(void)
{
	enum err err = revoke_cap(SLOT_ARENA);

	if (err != ERR_OK)
		log_print("FAIL clean revoking the arena: %d\n", (int)err);
	workers_forget();
	(void)sched_configure(BOOT_SLOT_SCHED_CONTEXT, MAIN_PRIORITY, ms(10), 0, 0, 0);
	for (cap_t slot = TEST_SLOT; slot < next_slot; slot++)
		delete_cap(slot);
	next_slot = TEST_SLOT;
}

void run_tests(const struct test *list, size_t count)
{
	for (volatile size_t i = 0; i < count; i++) {
		if (setjmp(test_over) == 0) {
			list[i].run();
			log_print("PASS %s\n", list[i].name);
		} else {
			log_print("FAIL %s %s\n", list[i].name, failure);
		}
		clean();
	}
}

_Noreturn void harness_done(void)
{
	log_print("DONE\n");
	invoke5(BOOT_SLOT_SYSTEM, SYSTEM_RESET, 0, 0, 0, 0, 0);
	fatal("the machine does not switch off\n");
}
