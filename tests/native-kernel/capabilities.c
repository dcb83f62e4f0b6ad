/* SPDX-License-Identifier: BSD-2-Clause */
/* Untyped memory, retype, and the derivation tree. */
#include "tests/native-kernel/harness.h"

static enum err retype(cap_t untyped, unsigned type, uint64_t bits, uint64_t count, uint64_t slot)
{
	return invoke5(untyped, UNTYPED_RETYPE, type, bits, count, slot, 0);
}

static enum err copy(cap_t cspace, uint64_t to, uint64_t from, uint64_t rights, uint64_t badge)
{
	return invoke5(cspace, CSPACE_COPY, to, from, rights, badge, 0);
}

static enum err move(cap_t cspace, uint64_t to, uint64_t from)
{
	return invoke5(cspace, CSPACE_MOVE, to, from, 0, 0, 0);
}

static uint64_t inspect(cap_t slot, unsigned word)
{
	struct message m = {.words = {slot}};

	CHECK_OK(invoke(SLOT_CSPACE, CSPACE_INSPECT, 1, &m));
	return m.words[word];
}

static void test_retype_errors(void)
{
	cap_t untyped = make(OBJECT_UNTYPED, 16), slot = new_slots(300);

	CHECK_EQUAL(retype(untyped, OBJECT_NONE, 12, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_TYPES, 12, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, 1u << 31, 12, 1, slot), ERR_ARGUMENT);
	for (unsigned type = OBJECT_IRQ_CONTROL; type <= OBJECT_SYSTEM; type++)
		CHECK_EQUAL(retype(untyped, type, 12, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 0, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 33, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_UNTYPED, 5, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_UNTYPED, 39, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_UNTYPED, ~0ull, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_UNTYPED, 38, 32, slot), ERR_NO_MEMORY);
	CHECK_EQUAL(retype(untyped, OBJECT_CSPACE, 1, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_CSPACE, 17, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_TABLE_BANK, 15, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_TABLE_BANK, 25, 1, slot), ERR_ARGUMENT);
	CHECK_EQUAL(retype(untyped, OBJECT_THREAD, 0, 9, slot), ERR_NO_MEMORY);
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 1, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 2, 4095), ERR_CAP_EMPTY);
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 2, ~0ull), ERR_CAP_EMPTY);
	CHECK_OK(retype(untyped, OBJECT_REPLY, 0, 1, slot + 5));
	CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 6, slot), ERR_SLOT_OCCUPIED);
	for (unsigned i = 0; i < 5; i++) /* all or none */
		CHECK_EQUAL(slot_type(slot + i), OBJECT_NONE);
	CHECK_EQUAL(query(untyped, UNTYPED_INFO, 2), 64);
	CHECK_OK(retype(untyped, OBJECT_REPLY, 0, 32, slot + 6));
}

/* Retype takes memory from the base on, aligned; revoke makes it whole. */
static void test_untyped_use(void)
{
	cap_t untyped = make(OBJECT_UNTYPED, 16);
	uint64_t base = query(untyped, UNTYPED_INFO, 0);

	CHECK(base % 65536 == 0 && query(untyped, UNTYPED_INFO, 1) == 65536);
	for (unsigned round = 0; round < 3; round++) {
		CHECK_EQUAL(query(untyped, UNTYPED_INFO, 2), 0);
		CHECK_EQUAL(query(untyped, UNTYPED_INFO, 4), 0);
		CHECK_OK(retype(untyped, OBJECT_REPLY, 0, 1, new_slot()));
		CHECK_OK(retype(untyped, OBJECT_THREAD, 0, 1, new_slot()));
		CHECK_EQUAL(query(untyped, UNTYPED_INFO, 2), 16384);
		CHECK_EQUAL(query(untyped, UNTYPED_INFO, 4), 8192 - 64); /* left out before it */
		CHECK_OK(retype(untyped, OBJECT_UNTYPED, 15, 1, new_slot()));
		CHECK_EQUAL(retype(untyped, OBJECT_REPLY, 0, 1, new_slot()), ERR_NO_MEMORY);
		CHECK_OK(revoke_cap(untyped));
	}
	CHECK_OK(retype(untyped, OBJECT_CSPACE, 10, 1, new_slot()));
}

/* A pool's pages written by a user never show in kernel objects made of the memory later. */
static void test_zeroed(void)
{
	struct area area;
	cap_t cspace = new_slot(), thread = new_slot();
	struct message m = {0};

	area_make(&area, 0, 2 << 20, 16, 0, 0);
	CHECK_OK(area_map(&area, 0, 0, 16, RIGHT_READ | RIGHT_WRITE));
	memset((void *)area.va, 0xff, 65536);
	CHECK_OK(delete_cap(area.pool));
	CHECK_OK(retype(area.untyped, OBJECT_CSPACE, 9, 1, cspace));
	for (unsigned i = 1; i < 512; i++) {
		m = (struct message){.words = {i}};
		CHECK_EQUAL(invoke(cspace, CSPACE_INSPECT, 1, &m), ERR_CAP_EMPTY);
	}
	CHECK_OK(retype(area.untyped, OBJECT_THREAD, 0, 1, thread));
	CHECK_OK(invoke(thread, THREAD_READ_REGISTERS, 0, &m));
	CHECK(m.words[0] == 0 && m.words[9] == 0 && message_buffer()->words[31] == 0);
}

static void test_copy_errors(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), slot = new_slots(4);
	cap_t untyped = make(OBJECT_UNTYPED, 12);

	CHECK_EQUAL(copy(SLOT_CSPACE, slot, slot, RIGHTS_ALL, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(copy(SLOT_CSPACE, 0, endpoint, RIGHTS_ALL, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(copy(SLOT_CSPACE, 4096, endpoint, RIGHTS_ALL, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(copy(SLOT_CSPACE, slot, 1ull << 32 | endpoint, RIGHTS_ALL, 0), ERR_CAP_EMPTY);
	CHECK_EQUAL(copy(SLOT_CSPACE, endpoint, untyped, RIGHTS_ALL, 0), ERR_SLOT_OCCUPIED);
	CHECK_EQUAL(copy(SLOT_CSPACE, slot, untyped, RIGHTS_ALL, 0), ERR_CAP_TYPE);
	CHECK_OK(copy(SLOT_CSPACE, slot, endpoint, RIGHT_READ | RIGHT_WRITE | 256, 77));
	CHECK_EQUAL(inspect(slot, 0), OBJECT_ENDPOINT);
	CHECK_EQUAL(inspect(slot, 1), RIGHT_READ | RIGHT_WRITE);
	CHECK_EQUAL(inspect(slot, 2), 77);
	CHECK_EQUAL(copy(SLOT_CSPACE, slot + 1, slot, RIGHTS_ALL, 78), ERR_RIGHTS);
	CHECK_OK(copy(SLOT_CSPACE, slot + 1, slot, RIGHTS_ALL, 0));
	CHECK_EQUAL(inspect(slot + 1, 1), RIGHT_READ | RIGHT_WRITE); /* never more */
	CHECK_EQUAL(inspect(slot + 1, 2), 77);
}

/* A random tree of copies; deleting one gives its children to its parent, revoking takes them. */
static void test_tree(void)
{
	enum { NODES = 60 };
	cap_t endpoint = make_object(OBJECT_ENDPOINT), first = new_slots(NODES);
	unsigned parent[NODES]; /* NODES: the primary */
	bool alive[NODES];

	for (unsigned i = 0; i < NODES; i++) {
		parent[i] = i == 0 ? NODES : (unsigned)random_below(i + 1);
		parent[i] = parent[i] == i ? NODES : parent[i];
		CHECK_OK(copy(SLOT_CSPACE, first + i,
			      parent[i] == NODES ? endpoint : first + parent[i], RIGHTS_ALL, 0));
		alive[i] = true;
	}
	for (unsigned round = 0; round < 20; round++) {
		unsigned victim = (unsigned)random_below(NODES);
		bool is_revoke = round % 3 == 0, gone[NODES] = {0};

		if (!alive[victim])
			continue;
		CHECK_OK(is_revoke ? revoke_cap(first + victim) : delete_cap(first + victim));
		for (unsigned i = 0; i < NODES; i++) {
			if (is_revoke && alive[i] && i != victim && parent[i] < NODES &&
			    (parent[i] == victim || gone[parent[i]]))
				gone[i] = true;
			else if (!is_revoke && parent[i] == victim)
				parent[i] = parent[victim];
		}
		alive[victim] = is_revoke;
		for (unsigned i = 0; i < NODES; i++) {
			alive[i] = alive[i] && !gone[i];
			CHECK_EQUAL(slot_type(first + i), alive[i] ? OBJECT_ENDPOINT : OBJECT_NONE);
		}
	}
	CHECK_OK(delete_cap(endpoint)); /* the primary: all go */
	for (unsigned i = 0; i < NODES; i++)
		CHECK_EQUAL(slot_type(first + i), OBJECT_NONE);
}

static void test_move(void)
{
	cap_t endpoint = make_object(OBJECT_ENDPOINT), slot = new_slots(4);
	cap_t cspace = make(OBJECT_CSPACE, 4), untyped = make(OBJECT_UNTYPED, 13);

	CHECK_EQUAL(move(SLOT_CSPACE, slot, slot + 1), ERR_CAP_EMPTY);
	CHECK_EQUAL(move(SLOT_CSPACE, cspace, endpoint), ERR_SLOT_OCCUPIED);
	CHECK_EQUAL(move(cspace, 16, endpoint), ERR_CAP_EMPTY);
	CHECK_EQUAL(move(SLOT_CSPACE, slot, cspace), ERR_BUSY);
	CHECK_OK(move(SLOT_CSPACE, slot, endpoint));
	CHECK_EQUAL(slot_type(endpoint), OBJECT_NONE);
	CHECK_OK(copy(SLOT_CSPACE, slot + 1, slot, RIGHTS_ALL, 9));
	CHECK_EQUAL(move(SLOT_CSPACE, endpoint, slot), ERR_BUSY); /* has children */
	CHECK_OK(move(cspace, 3, slot + 1));
	CHECK_OK(delete_cap(slot)); /* still the parent of what was moved */
	struct message m = {.words = {3}};
	CHECK_EQUAL(invoke(cspace, CSPACE_INSPECT, 1, &m), ERR_CAP_EMPTY);
	CHECK_OK(move(cspace, 3, untyped));
	CHECK_EQUAL(slot_type(untyped), OBJECT_NONE);
	CHECK_OK(delete_cap(cspace)); /* and the untyped in it */
}

/* CSpaces in CSpaces: destroying the outer one destroys all that is inside. */
static void test_nested(void)
{
	cap_t outer = make(OBJECT_CSPACE, 8), memory = make(OBJECT_UNTYPED, 20);
	cap_t inner = make(OBJECT_CSPACE, 10), pool = make_pool(12, NULL), slot = new_slots(2);
	cap_t endpoint = make_object(OBJECT_ENDPOINT);

	/* 1,000 capabilities in `inner`, which keep `endpoint` busy; inner itself twice in outer. */
	for (unsigned i = 1; i < 1000; i++)
		CHECK_OK(copy(inner, i, endpoint, RIGHTS_ALL, i));
	CHECK_OK(copy(outer, 1, inner, RIGHTS_ALL, 0));
	CHECK_OK(copy(inner, 1000, outer, RIGHTS_ALL, 0));
	CHECK_OK(copy(inner, 1001, inner, RIGHTS_ALL, 0)); /* itself */
	CHECK_OK(move(outer, 2, memory));
	CHECK_OK(move(outer, 3, pool));
	CHECK_OK(delete_cap(outer));
	CHECK_EQUAL(slot_type(inner), OBJECT_CSPACE); /* only its copy was in there */
	struct message m = {.words = {1000}};
	CHECK_EQUAL(invoke(inner, CSPACE_INSPECT, 1, &m), ERR_CAP_EMPTY);
	CHECK_OK(revoke_cap(endpoint));
	for (unsigned i = 1; i < 1000; i++) {
		m = (struct message){.words = {i}};
		CHECK_EQUAL(invoke(inner, CSPACE_INSPECT, 1, &m), ERR_CAP_EMPTY);
	}
	CHECK_OK(delete_cap(inner));
	CHECK_OK(copy(SLOT_CSPACE, slot, endpoint, RIGHTS_ALL, 0));
}

/* Memory made of memory: revoking the first takes all generations. */
static void test_generations(void)
{
	cap_t top = make(OBJECT_UNTYPED, 18), slots = new_slots(40);

	for (unsigned i = 0; i < 10; i++)
		CHECK_OK(
			retype(i == 0 ? top : slots + i - 1, OBJECT_UNTYPED, 17 - i, 1, slots + i));
	for (unsigned i = 0; i < 10; i++)
		CHECK_OK(retype(slots + i, OBJECT_REPLY, 0, 2, slots + 10 + 2 * i));
	CHECK_OK(revoke_cap(slots + 4));
	CHECK_EQUAL(slot_type(slots + 4), OBJECT_UNTYPED);
	CHECK_EQUAL(slot_type(slots + 5), OBJECT_NONE);
	CHECK_EQUAL(slot_type(slots + 10 + 8), OBJECT_NONE);
	CHECK_EQUAL(slot_type(slots + 10 + 6), OBJECT_REPLY);
	CHECK_OK(delete_cap(slots)); /* primary: everything below */
	for (unsigned i = 0; i < 9; i++)
		CHECK_EQUAL(slot_type(slots + 1 + i), OBJECT_NONE);
	CHECK_EQUAL(slot_type(slots + 10), OBJECT_NONE);
}

SUITE(capability, {"cap-retype-errors", test_retype_errors}, {"cap-untyped-use", test_untyped_use},
      {"cap-zeroed", test_zeroed}, {"cap-copy-errors", test_copy_errors}, {"cap-tree", test_tree},
      {"cap-move", test_move}, {"cap-nested", test_nested}, {"cap-generations", test_generations});
