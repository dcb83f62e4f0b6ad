/* SPDX-License-Identifier: BSD-2-Clause */
/* Every method of kernel/abi/object.h: what it refuses, and with which error. */
#include "tests/native-kernel/harness.h"

#define METHOD_LAST HART_ALLOW_COUNTERS

static const struct {
	enum method method;
	enum object_type object;
	unsigned arguments; /* at least */
} methods[] = {
#define WORDS_UNTYPED_RETYPE 4
#define WORDS_UNTYPED_INFO 0
#define WORDS_CSPACE_COPY 4
#define WORDS_CSPACE_MOVE 2
#define WORDS_CSPACE_DELETE 1
#define WORDS_CSPACE_REVOKE 1
#define WORDS_CSPACE_INSPECT 1
#define WORDS_THREAD_CONFIGURE 3
#define WORDS_THREAD_SET_HANDLER 3
#define WORDS_THREAD_SET_SCHED 1
#define WORDS_THREAD_BIND_NOTIFICATION 1
#define WORDS_THREAD_WRITE_REGISTERS 32
#define WORDS_THREAD_READ_REGISTERS 0
#define WORDS_THREAD_WRITE_FPU 33
#define WORDS_THREAD_READ_FPU 0
#define WORDS_THREAD_RESUME 0
#define WORDS_THREAD_SUSPEND 0
#define WORDS_THREAD_INFO 0
#define WORDS_SPACE_ADD_BANK 1
#define WORDS_SPACE_ATTACH_WINDOW 5
#define WORDS_SPACE_INFO 0
#define WORDS_BINDING_BIND 3
#define WORDS_POOL_ADD_EXTENT 1
#define WORDS_POOL_INFO 0
#define WORDS_NOTIFICATION_SET_TIMER 1
#define WORDS_IRQ_CONTROL_GET 2
#define WORDS_IRQ_SET_NOTIFICATION 1
#define WORDS_IRQ_ACK 0
#define WORDS_HART_CONFIGURE 4
#define WORDS_THREAD_CANCEL 0
#define WORDS_SCHED_SET_PRIORITY 1
#define WORDS_SCHED_INFO 0
#define WORDS_HART_ALLOW_COUNTERS 2
#define WORDS_HART_INFO 1
#define WORDS_CONSOLE_WRITE 1
#define WORDS_SYSTEM_RESET 2
#define METHOD_ENTRY(name, number, object, in, out, text) {name, object, WORDS_##name},
	METHOD_LIST(METHOD_ENTRY)};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* An object of a type, made or held since boot. */
static cap_t object_of(enum object_type type)
{
	struct message m = {.words = {20, 0}};

	switch (type) {
	case OBJECT_UNTYPED:
		return make(OBJECT_UNTYPED, 12);
	case OBJECT_CSPACE:
		return make(OBJECT_CSPACE, 4);
	case OBJECT_TABLE_BANK:
		return make(OBJECT_TABLE_BANK, 16);
	case OBJECT_IRQ_CONTROL:
		return BOOT_SLOT_IRQ_CONTROL;
	case OBJECT_HART:
		return BOOT_SLOT_HART;
	case OBJECT_CONSOLE:
		return BOOT_SLOT_CONSOLE;
	case OBJECT_SYSTEM:
		return BOOT_SLOT_SYSTEM;
	case OBJECT_IRQ_HANDLER:
		m.words[1] = new_slot();
		CHECK_OK(invoke_n(BOOT_SLOT_IRQ_CONTROL, IRQ_CONTROL_GET, 2, &m));
		return (cap_t)m.words[1];
	default:
		return make_object(type);
	}
}

static enum err call(cap_t cap, unsigned method, unsigned words)
{
	struct message m = {0};

	return invoke(cap, (enum method)method, words, &m);
}

static void test_unknown(void)
{
	struct message m = {0};

	CHECK_EQUAL(call(BOOT_SLOT_CSPACE, 0, 0), ERR_NO_SYSCALL);
	CHECK_EQUAL(call(BOOT_SLOT_CSPACE, METHOD_LAST + 1, 0), ERR_NO_SYSCALL);
	CHECK_EQUAL(call(BOOT_SLOT_CSPACE, 0xffffffff, 0), ERR_NO_SYSCALL);
	for (unsigned number = SYS_WINDOW + 1; number < 300; number++)
		CHECK_EQUAL(syscall_message((enum syscall)number, 1, &m), ERR_NO_SYSCALL);
}

static void test_wrong_object(void)
{
	cap_t wrong = make_object(OBJECT_REPLY);

	for (size_t i = 0; i < METHODS; i++) {
		CHECK_EQUAL(call(wrong, methods[i].method, 10), ERR_CAP_TYPE);
		CHECK_EQUAL(call(0, methods[i].method, 10), ERR_CAP_EMPTY);
		CHECK_EQUAL(call(TEST_SLOTS_END - 1, methods[i].method, 10), ERR_CAP_EMPTY);
		CHECK_EQUAL(call(1u << BOOT_ROOT_CSPACE_BITS, methods[i].method, 10),
			    ERR_CAP_EMPTY);
		CHECK_EQUAL(call(0xffffffff, methods[i].method, 10), ERR_CAP_EMPTY);
	}
}

/* All but POOL_INFO need MANAGE; a capability with every other right is refused. */
static void test_rights(void)
{
	for (size_t i = 0; i < METHODS; i++) {
		cap_t weak;

		if (methods[i].object == OBJECT_UNTYPED || methods[i].object == OBJECT_IRQ_HANDLER)
			continue;
		weak = derive(object_of(methods[i].object), RIGHTS_ALL & ~RIGHT_MANAGE, 0);
		if (methods[i].method == POOL_INFO)
			CHECK_OK(call(weak, methods[i].method, 0));
		else
			CHECK_EQUAL(call(weak, methods[i].method, methods[i].arguments),
				    ERR_RIGHTS);
	}
}

/* One argument fewer than the method has, and more than a message has. */
static void test_argument_count(void)
{
	cap_t handler = object_of(OBJECT_IRQ_HANDLER);

	for (size_t i = 0; i < METHODS; i++) {
		cap_t object = methods[i].object == OBJECT_IRQ_HANDLER
				       ? handler
				       : object_of(methods[i].object);

		if (slot_type(object) != methods[i].object)
			test_fail("method %u: object %u", methods[i].method, slot_type(object));
		if (methods[i].arguments > 0)
			CHECK_EQUAL(call(object, methods[i].method, methods[i].arguments - 1),
				    ERR_ARGUMENT);
		CHECK_EQUAL(call(object, methods[i].method, MESSAGE_WORDS + 1), ERR_ARGUMENT);
		CHECK_EQUAL(call(object, methods[i].method, 0xffff), ERR_ARGUMENT);
	}
}

static void test_machine(void)
{
	cap_t sched = make_object(OBJECT_SCHED_CONTEXT), reply = make_object(OBJECT_REPLY);

	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, 256, 1000, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, 1, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, sched, 1, 1000, 1u << 31, 0),
		    ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, reply, 1, 1000, 0, 0), ERR_CAP_TYPE);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, 4000, 1, 1000, 0, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_CONFIGURE, derive(sched, RIGHT_BIND, 0), 1, 1000,
			    0, 0),
		    ERR_RIGHTS);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_INFO, BOOT->hart_count, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_HART, HART_INFO, ~0ull, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_CONSOLE, CONSOLE_WRITE, 0, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_CONSOLE, CONSOLE_WRITE, 2049, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_SYSTEM, SYSTEM_RESET, 3, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(BOOT_SLOT_SYSTEM, SYSTEM_RESET, 0, 2, 0, 0, 0), ERR_ARGUMENT);
}

static void test_memory_methods(void)
{
	cap_t window = make_object(OBJECT_WINDOW), reply = make_object(OBJECT_REPLY);
	cap_t space = make_object(OBJECT_SPACE), bank = make(OBJECT_TABLE_BANK, 16);
	cap_t endpoint = make_object(OBJECT_ENDPOINT);
	struct message m;
	static const struct {
		uint64_t page, pages, rights;
	} bad[] = {
		{1, 512, 7},
		{512, 0, 7},
		{512, 511, 7},
		{0, 255ull << 18, 0},
		{512, (255ull << 18), 7},
		{512, 512, 8},
		{512, 512, 0},
		{~511ull, 1024, 7},
		{256ull << 18, 512, 7},
		{255ull << 18, 512, 7},
		{512, 1ull << 63, 7},
	};

	CHECK_EQUAL(invoke5(space, SPACE_ADD_BANK, reply, 0, 0, 0, 0), ERR_CAP_TYPE);
	CHECK_EQUAL(invoke5(space, SPACE_ADD_BANK, derive(bank, RIGHTS_ALL & ~RIGHT_MANAGE, 0), 0,
			    0, 0, 0),
		    ERR_RIGHTS);
	CHECK_OK(invoke5(space, SPACE_ADD_BANK, bank, 0, 0, 0, 0));
	CHECK_EQUAL(query(space, SPACE_INFO, 1), 15);
	CHECK_EQUAL(invoke5(space, SPACE_ADD_BANK, bank, 0, 0, 0, 0), ERR_BUSY);
	CHECK_EQUAL(invoke5(BOOT_SLOT_SPACE, SPACE_ADD_BANK, bank, 0, 0, 0, 0), ERR_BUSY);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m = (struct message){.words = {window, bad[i].page, bad[i].pages, bad[i].rights}};
		CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_ARGUMENT);
	}
	m = (struct message){.words = {window, 512, 512, 7, reply}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_CAP_TYPE);
	m = (struct message){.words = {window, 512, 512, 7, derive(endpoint, RIGHT_READ, 0)}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_RIGHTS);
	m = (struct message){.words = {window, 512, 512, 7, derive(endpoint, RIGHT_WRITE, 5), 6}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_RIGHTS);
	m = (struct message){.words = {window, 512, 1024, 7, endpoint, 6}};
	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	m = (struct message){.words = {window, 5120, 512, 7}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_BUSY);
	m = (struct message){.words = {make_object(OBJECT_WINDOW), 1024, 512, 7}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_ARGUMENT); /* overlap */
	for (unsigned i = 1; i < 16; i++) {
		m = (struct message){.words = {make_object(OBJECT_WINDOW), 2048 + 512 * i, 512, 7}};
		CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	}
	m = (struct message){.words = {make_object(OBJECT_WINDOW), 1 << 18, 512, 7}};
	CHECK_EQUAL(invoke(space, SPACE_ATTACH_WINDOW, 6, &m), ERR_LIMIT);
}

static enum err bind(cap_t binding, cap_t window, cap_t pool, uint64_t rights)
{
	return invoke5(binding, BINDING_BIND, window, pool, rights, 0, 0);
}

static void test_bindings(void)
{
	cap_t space = make_object(OBJECT_SPACE), window = make_object(OBJECT_WINDOW);
	cap_t pool = make_pool(12, NULL), binding = make_object(OBJECT_BINDING);
	struct message m = {.words = {window, 0, 512, RIGHT_READ | RIGHT_WRITE}};

	CHECK_EQUAL(bind(binding, window, pool, RIGHT_READ), ERR_NOT_BOUND);
	CHECK_OK(invoke(space, SPACE_ATTACH_WINDOW, 6, &m));
	CHECK_EQUAL(bind(binding, pool, window, RIGHT_READ), ERR_CAP_TYPE);
	CHECK_EQUAL(bind(binding, window, pool, 8), ERR_ARGUMENT);
	CHECK_EQUAL(bind(binding, window, pool, 1ull << 40), ERR_ARGUMENT);
	CHECK_EQUAL(bind(binding, window, pool, 0), ERR_ARGUMENT);
	CHECK_EQUAL(bind(binding, window, pool, RIGHT_READ | RIGHT_EXECUTE), ERR_RIGHTS);
	CHECK_EQUAL(bind(binding, derive(window, RIGHTS_ALL & ~RIGHT_BIND, 0), pool, RIGHT_READ),
		    ERR_RIGHTS);
	CHECK_EQUAL(bind(binding, window, derive(pool, RIGHTS_ALL & ~RIGHT_BIND, 0), RIGHT_READ),
		    ERR_RIGHTS);
	CHECK_EQUAL(bind(binding, window, derive(pool, RIGHT_BIND | RIGHT_READ, 0),
			 RIGHT_READ | RIGHT_WRITE),
		    ERR_RIGHTS);
	CHECK_OK(bind(binding, window, pool, RIGHT_READ));
	CHECK_EQUAL(bind(binding, window, pool, RIGHT_READ), ERR_BUSY);
	for (unsigned i = 1; i < 8; i++)
		CHECK_OK(bind(make_object(OBJECT_BINDING), window, pool, RIGHT_READ));
	CHECK_EQUAL(bind(make_object(OBJECT_BINDING), window, pool, RIGHT_READ), ERR_LIMIT);
}

static void test_pools(void)
{
	cap_t pool = make_object(OBJECT_POOL), used = make(OBJECT_UNTYPED, 13);
	cap_t small = make(OBJECT_UNTYPED, 6), untyped;
	struct message m = {0};

	CHECK_OK(invoke5(used, UNTYPED_RETYPE, OBJECT_REPLY, 0, 1, new_slot(), 0));
	CHECK_EQUAL(invoke5(pool, POOL_ADD_EXTENT, used, 0, 0, 0, 0), ERR_BUSY);
	CHECK_EQUAL(invoke5(pool, POOL_ADD_EXTENT, small, 0, 0, 0, 0), ERR_ARGUMENT);
	CHECK_EQUAL(invoke5(pool, POOL_ADD_EXTENT, pool, 0, 0, 0, 0), ERR_CAP_TYPE);
	for (unsigned i = 0; i < 8; i++) {
		untyped = make(OBJECT_UNTYPED, 12 + i % 3);
		CHECK_OK(invoke5(pool, POOL_ADD_EXTENT, untyped, 0, 0, 0, 0));
		CHECK_EQUAL(invoke5(pool, POOL_ADD_EXTENT, untyped, 0, 0, 0, 0), ERR_BUSY);
		CHECK_EQUAL(invoke5(untyped, UNTYPED_RETYPE, OBJECT_REPLY, 0, 1, new_slot(), 0),
			    ERR_NO_MEMORY);
	}
	CHECK_EQUAL(invoke5(pool, POOL_ADD_EXTENT, make(OBJECT_UNTYPED, 12), 0, 0, 0, 0),
		    ERR_LIMIT);
	CHECK_OK(invoke(pool, POOL_INFO, 0, &m));
	CHECK_EQUAL(message_words(m.tag), 18);
	CHECK_EQUAL(m.words[0], 17);
	CHECK_EQUAL(m.words[1], 8);
	CHECK_EQUAL(m.words[4], 1); /* the second extent begins behind the first's page */
	CHECK(m.words[3] != 0 && m.words[3] % 4096 == 0);
	CHECK_EQUAL(message_buffer()->words[16], 15);
	m = (struct message){0};
	CHECK_OK(invoke(derive(pool, RIGHTS_ALL & ~RIGHT_DMA, 0), POOL_INFO, 0, &m));
	CHECK_EQUAL(m.words[3], 0);
	CHECK_OK(delete_cap(pool));
	/* The memory is free again. */
	CHECK_OK(invoke5(untyped, UNTYPED_RETYPE, OBJECT_REPLY, 0, 1, new_slot(), 0));
}

SUITE(method, {"method-unknown", test_unknown}, {"method-wrong-object", test_wrong_object},
      {"method-rights", test_rights}, {"method-argument-count", test_argument_count},
      {"method-machine", test_machine}, {"method-memory", test_memory_methods},
      {"method-bindings", test_bindings}, {"method-pools", test_pools});
