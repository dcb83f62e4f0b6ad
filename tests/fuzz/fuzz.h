/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the fuzzer: README.md. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "tests/fuzz/machine.h"

/* An input: a head, then events of so many bytes each; what is missing at the end is 0. */
#define HEAD_BYTES 4u
#define EVENT_BYTES 10u
#define EVENTS_MAX 2000u

/* Counted over all runs of this process. */
struct fuzz_counts {
	uint64_t runs, events;
	uint64_t calls, calls_ok; /* native system calls that came back, and those without error */
	uint64_t fast, switches, idle, evictions, preempted, races, faults, destroyed;
	uint64_t ended_early; /* runs that ended because no thread was left */
};
extern struct fuzz_counts fuzz_counts;
/* Print each event. */
extern bool fuzz_verbose;

/* Once, at the start of the process. */
void fuzz_init(void);
/* Run one input. False: an invariant is broken, and the reason printed. */
bool fuzz_run(const uint8_t *input, size_t size);

/* setup.c: the objects that each run begins with. */
#define SLOT_CSPACE 1u
#define SLOT_MEMORY 2u
#define SLOT_POOL_MEMORY 3u
#define ROOT_SLOTS_BITS 8u
#define THREADS_AT_START 7u

/* Slots of the root CSpace. */
enum first_slot {
	SLOT_IRQ_CONTROL = 4,
	SLOT_HART,
	SLOT_CONSOLE,
	SLOT_SYSTEM,
	SLOT_THREAD = 10,
	SLOT_SCHED = 20,
	SLOT_ENDPOINT = 30,
	SLOT_REPLY = 40,
	SLOT_NOTIFICATION = 50,
	SLOT_SPACE = 60,
	SLOT_BANK = 65,
	SLOT_WINDOW = 70,
	SLOT_POOL = 80,
	SLOT_BINDING = 90,
	SLOT_UNTYPED = 100,
	SLOT_SECOND_CSPACE = 110,
	SLOT_IRQ_HANDLER = 120,
};

/* The capabilities above all: of the root CSpace, and of the objects made at boot. */
#define ROOTS 5u
extern struct cap_slot roots[ROOTS];
/* A thread that never runs and in whose name the harness invokes methods. */
extern struct thread *boot_thread;
/* Make the objects. The machine was reset. */
void setup(void);
/* A method call of boot_thread on this hart, within the lock; made again until it is done. */
enum err boot_invoke(unsigned slot, unsigned method, const uint64_t *arguments, unsigned count);

/* invariants.c: check everything that does not need tables walked; with `tables`, that too. */
void invariants_check(bool tables);
/* Until the next check the memory of no object may be touched too: a retype zeroes it. */
void memory_open_all(void);
/* What the last check saw. */
void print_threads(void);
/* All is revoked: nothing is left. */
void invariants_check_end(void);

/* events.c */
void event_run(const uint8_t *event, const uint8_t *next);
/* No hart has a thread to run and no interrupt will come: something must be done for them. */
bool events_are_stuck(void);

#endif
