/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients, servers and spinners for the tests of scheduling. They share the
 * program's space; what they have done is in their structs.
 */
#ifndef TESTS_NATIVE_KERNEL_PARTNERS_H
#define TESTS_NATIVE_KERNEL_PARTNERS_H

#include "tests/native-kernel/harness.h"

/* Answers each call with its word 0 plus 1; with `next`, plus what that answers. */
struct server {
	struct worker *worker;
	cap_t endpoint, reply;
	struct server *next;	/* whom it calls for each call, or NULL */
	volatile bool hold;	/* works at a call until this is false... */
	volatile uint64_t busy; /* ...and counts meanwhile */
	volatile uint64_t work; /* or for so many ticks */
	volatile uint64_t served;
	volatile uint64_t forward_failed; /* calls to `next` */
};

/* A clean struct with endpoint and reply object. */
void server_init(struct server *s);
/* ... and a thread that waits for calls. */
void server_start(struct server *s, unsigned priority, uint64_t mask);
/* ... and has no scheduling context, or loses it when it waits again. */
void server_passive(struct server *s);
/* Wait until it works at a call, and until it goes on with that. */
void server_wait_busy(struct server *s);

/* How it comes to the server. */
enum call_kind { CALL_SHORT, CALL_LONG, CALL_ECALL, CALL_EXCEPTION, CALL_FAULT, CALL_KINDS };

struct client {
	struct worker *worker;
	struct server *server;
	enum call_kind kind;
	unsigned rounds; /* calls to make */
	uint64_t adds;	 /* what the answers add, not checked for faults; 0: 1 */
	volatile uint64_t done, wrong;
	volatile enum err err;		 /* of the latest call */
	volatile uint64_t before, after; /* spins[0] at the first call and after the last */
};

/* Not running yet, its calls are as set in the struct by then. */
void client_make(struct client *c, struct server *s, unsigned rounds, unsigned priority,
		 uint64_t mask);
void client_start(struct client *c, struct server *s, unsigned rounds, unsigned priority,
		  uint64_t mask);
/* All its calls are made and were answered right. */
void client_join(struct client *c);
/* One call by a new client is answered. */
void server_answers(struct server *s, uint64_t adds);

/* Where CALL_FAULT faults: pages of this area. Once in a test. */
void partners_area(struct server *pager);

/* Threads that count for ever. */
#define SPINS 8
extern volatile uint64_t spins[SPINS];
struct worker *spinner_start(unsigned i, unsigned priority, uint64_t mask);
/* Does the counter stay as it is for some milliseconds? */
bool stands_still(volatile uint64_t *counter);
/* Wait until it does not. */
void wait_moves(volatile uint64_t *counter);

/* Result word of SCHED_INFO. */
enum { INFO_PRIORITY, INFO_CEILING, INFO_BUDGET, INFO_PERIOD, INFO_USED, INFO_EXHAUSTED };
static inline uint64_t sched_info(cap_t sched, unsigned word)
{
	return query(sched, SCHED_INFO, word);
}

static inline enum err set_sched(cap_t thread, cap_t sched)
{
	return invoke5(thread, THREAD_SET_SCHED, sched, 0, 0, 0, 0);
}

static inline enum err cancel(cap_t thread)
{
	return invoke5(thread, THREAD_CANCEL, 0, 0, 0, 0, 0);
}

static inline enum err suspend(cap_t thread)
{
	return invoke5(thread, THREAD_SUSPEND, 0, 0, 0, 0, 0);
}

static inline enum err set_priority(cap_t sched, uint64_t priority)
{
	return invoke5(sched, SCHED_SET_PRIORITY, priority, 0, 0, 0, 0);
}

static inline enum err set_handler(cap_t thread, cap_t endpoint, uint64_t badge, unsigned flags)
{
	return invoke5(thread, THREAD_SET_HANDLER, endpoint, badge, flags, 0, 0);
}

/* Mask of the last hart. */
static inline uint64_t last_hart(void)
{
	return 1ull << (BOOT->hart_count - 1);
}

#endif
