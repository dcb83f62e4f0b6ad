/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes, and the robust lists of threads that end.
 *
 * Waiters stand in hash chains, first come first. A key names the word: for a
 * private futex its space and address; for a shared one what the pager says
 * (object and offset, or space and address of private memory).
 *
 * Atomicity: the value is read after the waiter is known to wait, seen from
 * any other call, because the server handles one call at a time. A program
 * that changes the word and then calls FUTEX_WAKE therefore either changed it
 * before the read (the wait returns EAGAIN) or wakes the waiter.
 */
#include "servers/process/core.h"

#include <string.h>

enum futex_op {
	OP_WAIT = 0,
	OP_WAKE = 1,
	OP_REQUEUE = 3,
	OP_CMP_REQUEUE = 4,
	OP_WAKE_OP = 5,
	OP_WAIT_BITSET = 9,
	OP_WAKE_BITSET = 10,
};
#define OP_PRIVATE 128u
#define OP_REALTIME 256u
#define ANY_BIT 0xffffffffu

#define CHAINS 64
#define ROBUST_LIMIT 2048
#define WORD_WAITERS 0x80000000u
#define WORD_OWNER_DIED 0x40000000u
#define WORD_TID 0x3fffffffu

static struct chain {
	struct thread *first, *last;
} chains[CHAINS];

static struct chain *chain_of(const uint64_t key[2])
{
	uint64_t h = (key[0] * 31 + key[1]) * 0x9e3779b97f4a7c15ull;

	return &chains[h >> 58];
}
_Static_assert(CHAINS == 1 << (64 - 58), "the hash keeps 6 bits");

static void queue_insert(struct thread *t)
{
	struct chain *c = chain_of(t->core->futex_key);

	t->core->futex_next = NULL;
	t->core->futex_previous = c->last;
	if (c->last != NULL) {
		c->last->core->futex_next = t;
	} else {
		c->first = t;
	}
	c->last = t;
	t->core->futex_queued = true;
}

/* Take t out of the queue it stands in, if any. */
void futex_remove(struct thread *t)
{
	struct thread_core *core = t->core;
	struct chain *c;

	if (!core->futex_queued) {
		return;
	}
	c = chain_of(core->futex_key);
	if (core->futex_previous != NULL) {
		core->futex_previous->core->futex_next = core->futex_next;
	} else {
		c->first = core->futex_next;
	}
	if (core->futex_next != NULL) {
		core->futex_next->core->futex_previous = core->futex_previous;
	} else {
		c->last = core->futex_previous;
	}
	core->futex_queued = false;
}

static bool has_key(const struct thread *t, const uint64_t key[2])
{
	return t->core->futex_key[0] == key[0] && t->core->futex_key[1] == key[1];
}

/* Wake up to `count` waiters that share a bit with mask; how many. */
static int64_t wake(const uint64_t key[2], uint32_t count, uint32_t mask)
{
	struct thread *next;
	int64_t woken = 0;

	for (struct thread *t = chain_of(key)->first; t != NULL && woken < (int64_t)count;
	     t = next) {
		next = t->core->futex_next;
		if (has_key(t, key) && (t->core->futex_mask & mask) != 0) {
			futex_remove(t);
			attend(t, ATTEND_EVENT);
			woken++;
		}
	}
	return woken;
}

/* Move up to `count` waiters from one word to another; how many. */
static int64_t requeue(const uint64_t from[2], const uint64_t to[2], uint32_t count)
{
	struct thread *next;
	int64_t moved = 0;

	if (from[0] == to[0] && from[1] == to[1]) {
		return 0;
	}
	for (struct thread *t = chain_of(from)->first; t != NULL && moved < (int64_t)count;
	     t = next) {
		next = t->core->futex_next;
		if (has_key(t, from)) {
			futex_remove(t);
			memcpy(t->core->futex_key, to, sizeof(t->core->futex_key));
			queue_insert(t);
			moved++;
		}
	}
	return moved;
}

static int64_t make_key(struct space *s, uint64_t address, bool is_private, uint64_t key[2])
{
	uint64_t words[10] = {s->number, address};
	int64_t status;

	if (address % 4 != 0) {
		return -STATUS_INVAL;
	}
	if (is_private) {
		key[0] = s->number;
		key[1] = address;
		return 0;
	}
	status = server_call(pager_cap, PAGER_KEY, 2, words);
	if (status < 0) {
		return -STATUS_FAULT;
	}
	key[0] = words[1];
	key[1] = words[2];
	return 0;
}

static int64_t load(struct space *s, uint64_t address, uint64_t size, uint64_t *value)
{
	uint64_t words[10] = {s->number, address, size};

	if (server_call(pager_cap, PAGER_LOAD, 3, words) < 0) {
		return -STATUS_FAULT;
	}
	*value = words[1];
	return 0;
}

/* Wake `count` waiters of a shared word, such as one that clone's CLEARTID names. */
int64_t futex_wake_address(struct space *s, uint64_t address, unsigned count)
{
	uint64_t key[2];
	int64_t status = make_key(s, address, false, key);

	return status < 0 ? status : wake(key, count, ANY_BIT);
}

/* ---- waiting; park_words: 0 address, 1 value expected, 2 deadline ---- */

static int64_t wait_start(struct thread *t);

static int64_t wait_restart(struct thread *t, enum wake why)
{
	(void)why;
	return wait_start(t);
}

static int64_t wait_resume(struct thread *t, enum wake why)
{
	futex_remove(t);
	if (why == WAKE_EVENT) {
		return 0;
	}
	if (why == WAKE_TIMEOUT) {
		return -STATUS_TIMEDOUT;
	}
	if (t->park_words[2] == PARK_FOREVER) {
		return CALL_RESTART_SYS;
	}
	t->core->restart = wait_restart;
	return CALL_RESTART_BLOCK;
}

static int64_t wait_start(struct thread *t)
{
	uint64_t value;

	if (load(t->process->space, t->park_words[0], 4, &value) < 0) {
		return -STATUS_FAULT;
	}
	if ((uint32_t)value != (uint32_t)t->park_words[1]) {
		return -STATUS_AGAIN;
	}
	queue_insert(t);
	return park(t, wait_resume, t->park_words[2], true);
}

static int64_t futex_wait(struct thread *t, const uint64_t args[6], uint32_t op, uint32_t mask)
{
	bool is_absolute = (op & 0x7f) == OP_WAIT_BITSET;
	int64_t ns, now, status = time_copy_in(t, args[3], false, &ns);

	if (status < 0) {
		return status;
	}
	if (mask == 0) {
		return -STATUS_INVAL;
	}
	if (is_absolute && args[3] != 0) {
		time_clock_ns((op & OP_REALTIME) != 0 ? LINUX_CLOCK_REALTIME
						      : LINUX_CLOCK_MONOTONIC,
			      &now);
		ns = ns > now ? ns - now : 0;
	}
	status = make_key(t->process->space, args[0], (op & OP_PRIVATE) != 0, t->core->futex_key);
	if (status < 0) {
		return status;
	}
	t->core->futex_mask = mask;
	t->park_words[0] = args[0];
	t->park_words[1] = args[2];
	t->park_words[2] = time_deadline(ns);
	return wait_start(t);
}

/* ---- the other operations ---- */

static int64_t futex_wake(struct thread *t, const uint64_t args[6], uint32_t op, uint32_t mask)
{
	uint64_t key[2];
	uint32_t count = (int32_t)args[2] < 1 ? 1 : (uint32_t)args[2];
	int64_t status = make_key(t->process->space, args[0], (op & OP_PRIVATE) != 0, key);

	if (mask == 0) {
		return -STATUS_INVAL;
	}
	return status < 0 ? status : wake(key, count, mask);
}

static int64_t futex_requeue(struct thread *t, const uint64_t args[6], uint32_t op)
{
	struct space *s = t->process->space;
	uint64_t from[2], to[2], value;
	int64_t status, woken;

	if ((int32_t)args[2] < 0 || (int32_t)args[3] < 0) {
		return -STATUS_INVAL;
	}
	status = make_key(s, args[0], (op & OP_PRIVATE) != 0, from);
	if (status == 0) {
		status = make_key(s, args[4], (op & OP_PRIVATE) != 0, to);
	}
	if (status < 0) {
		return status;
	}
	if ((op & 0x7f) == OP_CMP_REQUEUE) {
		if (load(s, args[0], 4, &value) < 0) {
			return -STATUS_FAULT;
		}
		if ((uint32_t)value != (uint32_t)args[5]) {
			return -STATUS_AGAIN;
		}
	}
	woken = wake(from, (uint32_t)args[2], ANY_BIT);
	return woken + requeue(from, to, (uint32_t)args[3]);
}

/* FUTEX_WAKE_OP's operation on the old value. */
static bool wake_op_compute(uint32_t code, uint32_t old, uint32_t *new)
{
	uint32_t argument = (code >> 12 & 0xfff) | ((code & 0x800000) != 0 ? 0xfffff000u : 0);

	if ((code & 0x80000000u) != 0) {
		argument = 1u << (argument & 31);
	}
	switch (code >> 28 & 7) {
	case 0:
		*new = argument;
		return true;
	case 1:
		*new = old + argument;
		return true;
	case 2:
		*new = old | argument;
		return true;
	case 3:
		*new = old & ~argument;
		return true;
	case 4:
		*new = old ^ argument;
		return true;
	default:
		return false;
	}
}

static bool wake_op_compare(uint32_t code, int32_t old, bool *result)
{
	int32_t with = (int32_t)(code << 20) >> 20;
	bool results[6] = {old == with, old != with, old<with, old <= with, old> with, old >= with};

	if ((code >> 24 & 15) > 5) {
		return false;
	}
	*result = results[code >> 24 & 15];
	return true;
}

/* Set a word to f(old) atomically against the program; *old_value = what it was. */
static int64_t modify(struct space *s, uint64_t address, uint32_t code, uint32_t *old_value)
{
	uint64_t old;
	uint32_t new;

	if (load(s, address, 4, &old) < 0) {
		return -STATUS_FAULT;
	}
	for (unsigned tries = 0; tries < 1000; tries++) {
		uint64_t words[10];

		if (!wake_op_compute(code, (uint32_t)old, &new)) {
			return -STATUS_NOSYS;
		}
		words[0] = s->number;
		words[1] = address;
		words[2] = (uint32_t)old;
		words[3] = new;
		if (server_call(pager_cap, PAGER_COMPARE_EXCHANGE, 4, words) < 0) {
			return -STATUS_FAULT;
		}
		if ((uint32_t)words[1] == (uint32_t)old) {
			*old_value = (uint32_t)old;
			return 0;
		}
		old = words[1];
	}
	return -STATUS_AGAIN;
}

static int64_t futex_wake_op(struct thread *t, const uint64_t args[6], uint32_t op)
{
	struct space *s = t->process->space;
	uint64_t first[2], second[2];
	uint32_t old = 0, code = (uint32_t)args[5];
	bool also;
	int64_t woken, status = make_key(s, args[0], (op & OP_PRIVATE) != 0, first);

	if (status == 0) {
		status = make_key(s, args[4], (op & OP_PRIVATE) != 0, second);
	}
	if (status == 0) {
		status = modify(s, args[4], code, &old);
	}
	if (status < 0) {
		return status;
	}
	if (!wake_op_compare(code, (int32_t)old, &also)) {
		return -STATUS_NOSYS;
	}
	woken = wake(first, (uint32_t)args[2], ANY_BIT);
	return also ? woken + wake(second, (uint32_t)args[3], ANY_BIT) : woken;
}

int64_t sys_futex(struct thread *t, const uint64_t args[6])
{
	uint32_t op = (uint32_t)args[1];

	if ((op & ~(0x7fu | OP_PRIVATE | OP_REALTIME)) != 0 ||
	    ((op & OP_REALTIME) != 0 && (op & 0x7f) != OP_WAIT_BITSET)) {
		return -STATUS_NOSYS;
	}
	switch (op & 0x7f) {
	case OP_WAIT:
		return futex_wait(t, args, op, ANY_BIT);
	case OP_WAIT_BITSET:
		return futex_wait(t, args, op, (uint32_t)args[5]);
	case OP_WAKE:
		return futex_wake(t, args, op, ANY_BIT);
	case OP_WAKE_BITSET:
		return futex_wake(t, args, op, (uint32_t)args[5]);
	case OP_REQUEUE:
	case OP_CMP_REQUEUE:
		return futex_requeue(t, args, op);
	case OP_WAKE_OP:
		return futex_wake_op(t, args, op);
	default:
		return -STATUS_NOSYS;
	}
}

/* ---- robust lists ---- */

/* The owner of the word died: say so in it, and wake one waiter. */
static void robust_word(struct thread *t, uint64_t address, bool is_pending)
{
	struct space *s = t->process->space;
	uint64_t value;

	if (address % 4 != 0 || load(s, address, 4, &value) < 0) {
		return;
	}
	for (unsigned tries = 0; tries < 1000; tries++) {
		uint64_t words[10];

		if (is_pending && (uint32_t)value == 0) {
			futex_wake_address(s, address, 1);
			return;
		}
		if ((value & WORD_TID) != (uint32_t)t->tid) {
			return;
		}
		words[0] = s->number;
		words[1] = address;
		words[2] = (uint32_t)value;
		words[3] = (value & WORD_WAITERS) | WORD_OWNER_DIED;
		if (server_call(pager_cap, PAGER_COMPARE_EXCHANGE, 4, words) < 0) {
			return;
		}
		if ((uint32_t)words[1] == (uint32_t)value) {
			if ((value & WORD_WAITERS) != 0) {
				futex_wake_address(s, address, 1);
			}
			return;
		}
		value = words[1];
	}
}

/* t ends or leaves its space: release the robust futexes that it holds. */
void robust_list_release(struct thread *t)
{
	struct space *s = t->process->space;
	uint64_t head = t->core->robust_list, entry, offset, pending, words[3];

	t->core->robust_list = 0;
	if (head == 0 || copy_in_partial(s, words, head, sizeof(words)) != sizeof(words)) {
		return;
	}
	entry = words[0];
	offset = words[1];
	pending = words[2];
	for (unsigned i = 0; i < ROBUST_LIMIT && (entry & ~1ull) != head; i++) {
		uint64_t next;
		bool has_next = load(s, entry & ~1ull, 8, &next) == 0;

		if ((entry & ~1ull) != (pending & ~1ull)) {
			robust_word(t, (entry & ~1ull) + offset, false);
		}
		if (!has_next) {
			return;
		}
		entry = next;
	}
	if ((pending & ~1ull) != 0) {
		robust_word(t, (pending & ~1ull) + offset, true);
	}
}

int64_t sys_set_robust_list(struct thread *t, const uint64_t args[6])
{
	if (args[1] != 24) {
		return -STATUS_INVAL;
	}
	t->core->robust_list = args[0];
	return 0;
}

int64_t sys_get_robust_list(struct thread *t, const uint64_t args[6])
{
	struct thread *of = args[0] == 0 ? t : thread_find((int32_t)args[0]);
	uint64_t size = 24;

	if (of == NULL) {
		return -STATUS_SRCH;
	}
	if (!process_may_signal(t->process, of->process)) {
		return -STATUS_PERM;
	}
	if (copy_out(t, args[1], &of->core->robust_list, 8) < 0 ||
	    copy_out(t, args[2], &size, 8) < 0) {
		return -STATUS_FAULT;
	}
	return 0;
}
