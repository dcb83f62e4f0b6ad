/* SPDX-License-Identifier: BSD-2-Clause */
/* See race.h. */
#include "tests/native-vm/race.h"

#define YIELD_EVERY 4u
#define GROUP_ROUNDS 8u /* with the same racers active */
#define MORE_EVERY 16u	/* groups: then three are, and the others' harts stay in the space */
#define ALL_EVERY 64u	/* groups: then all are */

struct racer racers[RACERS];
unsigned racer_count;
struct twin race_twin;

static void (*racer_body)(struct racer *);
static volatile uint64_t the_phase;
static volatile uint32_t active; /* mask of racers */
static volatile bool parks;	 /* harts of the others leave the space */
static uint64_t started_at;

static struct {
	uint32_t is_taken;
	volatile bool is_set;
	unsigned racer;
	const char *what;
	uint64_t phase, value, wanted;
} wrong;

/* --- racers ------------------------------------------------------------------------- */

uint64_t phase_get(void)
{
	uint64_t phase;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	phase = the_phase;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return phase;
}

void race_wrong(const struct racer *r, const char *what, uint64_t phase, uint64_t value,
		uint64_t wanted)
{
	if (__atomic_exchange_n(&wrong.is_taken, 1u, __ATOMIC_ACQ_REL))
		return;
	wrong.racer = r->index;
	wrong.what = what;
	wrong.phase = phase;
	wrong.value = value;
	wrong.wanted = wanted;
	__atomic_store_n(&wrong.is_set, true, __ATOMIC_RELEASE);
}

uint64_t racer_random(struct racer *r, uint64_t limit)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return (r->random >> 3) % limit;
}

static void racer_main(void *argument)
{
	struct racer *r = argument;
	uint64_t bits;

	for (unsigned turn = 1;; turn++) {
		while (!race_is_active(r->index)) {
			if (parks)
				notification_signal(r->park);
			notification_wait(r->turn, &bits);
		}
		racer_body(r);
		/* The main thread is on hart 0 too. */
		if (r->index == 0 && turn % YIELD_EVERY == 0)
			thread_yield();
	}
}

/* In a space of its own; when it waits again its hart is idle there. */
static void parker_main(void *argument)
{
	struct racer *r = argument;
	uint64_t bits;

	for (;;)
		notification_wait(r->park, &bits);
}

static void refuser_main(void *argument)
{
	struct racer *r = argument;
	struct message m = {0};

	for (;;) {
		ipc_reply_receive(r->endpoint, r->reply, &m);
		if (m.words[0] != CAUSE_FETCH_PAGE && m.words[0] != CAUSE_LOAD_PAGE &&
		    m.words[0] != CAUSE_STORE_PAGE)
			race_wrong(r, "another exception, at", m.words[0], m.words[1], m.words[2]);
		m.tag = MESSAGE_TAG(EXCEPTION_SET_PC, 1);
		m.words[0] = (uint64_t)access_refused;
	}
}

/* --- main thread ---------------------------------------------------------------------- */

void race_remake(cap_t slot, cap_t home, enum object_type type)
{
	CHECK_OK(revoke_cap(home));
	CHECK_OK(invoke5(home, UNTYPED_RETYPE, type, 0, 1, slot, 0));
}

static struct worker *thread_on(cap_t space, void (*run)(void *), struct racer *r)
{
	return worker_make_in(space, BOOT_SLOT_CSPACE, run, r, MAIN_PRIORITY, 1u << r->index);
}

static void racer_make(struct racer *r, cap_t park_space)
{
	r->random = random_next() | 1;
	r->turn = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	r->park = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	r->endpoint = make_object(OBJECT_ENDPOINT);
	r->reply = make_object(OBJECT_REPLY);
	CHECK_OK(worker_resume(thread_on(park_space, parker_main, r)));
	CHECK_OK(worker_resume(thread_on(race_twin.space, refuser_main, r)));
	r->worker = thread_on(race_twin.space, racer_main, r);
	CHECK_OK(invoke5(r->worker->thread, THREAD_SET_HANDLER, r->endpoint, 0, 0, 0, 0));
}

void race_start(void (*body)(struct racer *))
{
	static struct twin park_twin;

	main_on(1);
	racer_body = body;
	racer_count = BOOT->hart_count;
	the_phase = 0;
	active = 0;
	parks = true;
	wrong.is_taken = 0;
	wrong.is_set = false;
	started_at = time_ticks();
	memset(racers, 0, sizeof(racers));
	twin_make(&race_twin);
	bank_add(race_twin.space, 17);
	twin_make(&park_twin);
	for (unsigned i = 0; i < racer_count; i++) {
		racers[i].index = i;
		racer_make(&racers[i], park_twin.space);
	}
}

void phase_set(uint64_t phase)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	the_phase = phase;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void race_check(void)
{
	if (__atomic_load_n(&wrong.is_set, __ATOMIC_ACQUIRE))
		test_fail("racer %u, phase %lu.%lu: %s %lx, wanted %lx", wrong.racer,
			  wrong.phase / 4, wrong.phase % 4, wrong.what, wrong.value, wrong.wanted);
}

bool race_is_active(unsigned racer)
{
	return active & 1u << racer;
}

static void activate(uint32_t mask, bool others_park)
{
	/* Who stayed is woken too, to park. */
	uint32_t changed = others_park && !parks ? ~active : mask & ~active;

	active = mask;
	parks = others_park;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < racer_count; i++) {
		if (changed & 1u << i)
			CHECK_OK(notification_signal(racers[i].turn));
	}
}

void race_round(unsigned round)
{
	unsigned group = round / GROUP_ROUNDS, others = racer_count - 1;
	bool are_more = group % MORE_EVERY == MORE_EVERY - 1;
	uint32_t mask;

	if (racer_count > 2 && round % GROUP_ROUNDS != 0 && active != 0)
		return;
	if (racer_count <= 2 || group % ALL_EVERY == ALL_EVERY - 1) {
		mask = (1u << racer_count) - 1;
	} else {
		/* One of the others in turn, perhaps the one beside the main thread. */
		mask = 2u << group % others | (uint32_t)random_below(2);
		if (are_more)
			mask |= 2u << random_below(others) | 2u << random_below(others);
	}
	activate(mask, !are_more);
}

void race_wait(unsigned roles)
{
	for (unsigned i = 0; i < racer_count; i++) {
		for (unsigned role = 0; role < RACE_ROLES; role++) {
			while (race_is_active(i) && (roles & 1u << role) &&
			       racers[i].seen[role] != the_phase) {
				race_check();
				thread_yield();
			}
		}
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	race_check();
}

/* Harts that the kernel asked to fence, over all. */
static uint64_t shootdowns(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < BOOT->hart_count; i++) {
		struct message m = {.words = {i}};

		CHECK_OK(invoke(BOOT_SLOT_HART, HART_INFO, 1, &m));
		sum += m.words[4];
	}
	return sum;
}

void race_report(const char *name, unsigned rounds)
{
	uint64_t stores = 0, loads = 0, fetches = 0, refused = 0;

	for (unsigned i = 0; i < racer_count; i++) {
		stores += racers[i].stores;
		loads += racers[i].loads;
		fetches += racers[i].fetches;
		refused += racers[i].refused;
	}
	log_print("race %s: %u rounds on %u harts in %lu ms, %lu stores, %lu loads, %lu calls, "
		  "%lu refused, %lu shootdowns\n",
		  name, rounds, racer_count, (time_ticks() - started_at) / ms(1), stores, loads,
		  fetches, refused, shootdowns());
}
