/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the fuzzer: harts that act in turn, each at most one way
 * into the kernel at a time; time, interrupts, FPU registers. Translation is
 * that of tests/vm/fake.c.
 */
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include "kernel/objects.h"
/* kernel/ before vm/: both know hart_index. */
#include "tests/vm/harness.h"

/* Where fuzzed objects lie: so that tests/vm/fake.c watches the tables among them. */
#define MEMORY_BASE BANKS_BASE
#define MEMORY_BITS 20
#define POOL_BASE (MEMORY_BASE + (2ull << 20))
#define POOL_BYTES ((2ull << 20) + (256ull << 10))
#define MEMORY_END (POOL_BASE + POOL_BYTES)
/* Outside of them: what the harness needs itself, in place of the boot loader. */
#define HARNESS_BASE ROOTS_BASE

#define IRQ_SOURCES 32u

/* How this run's machine behaves; from the head of the input. */
struct fuzz_machine {
	unsigned harts;	    /* 1..HARTS */
	unsigned asid_bits; /* 0 or at least 4 */
	unsigned time_step; /* ticks between two looks at the clock */
};

/* Everything as at boot: no hart is online, nothing is in memory. */
void fuzz_machine_reset(const struct fuzz_machine *with);
/* state.c: the kernel's own static data, as at boot. */
void kernel_state_reset(void);
/* So many spaces get an ASID until a new generation begins. */
void kernel_asids_left(unsigned count);

extern uint64_t now;
/* The thread whose user code a hart executes: NULL while it idles. Not the kernel's `current` if
 * that was evicted and the hart's interrupt did not come yet. */
extern struct thread *running[HARTS];
/* While in the kernel, an interrupt comes at one look of so many; 0: none. */
extern unsigned interrupts_one_in;
/* Called once, before the next kernel lock is taken: another hart is faster. */
extern void (*faster_hart)(void);

/* Ways into the kernel. */
enum entry {
	ENTRY_BOOT,  /* the hart comes online */
	ENTRY_WAKE,  /* an idle hart's wfi ends */
	ENTRY_ECALL, /* of running[hart], registers as it set them; fast paths first */
	ENTRY_TRAP,  /* scause and stval as set; fast paths as the kernel likes */
};
void hart_enter(unsigned hart, enum entry entry, uint64_t cause, uint64_t value);
/* The hart of whose code is executed from now on; returns the one before. */
unsigned hart_switch(unsigned hart);
/* Ran, and another hart made it leave its thread. */
bool hart_is_evicted(unsigned hart);
/* Interrupts that are pending on the hart: sip. */
uint64_t hart_pending(unsigned hart);

/* A device asks for service. */
void irq_raise(unsigned source);
/* Which hart's timer interrupt comes first, as programmed. */
uint64_t hart_timer(unsigned hart);

/* The current thread of the hart uses the FPU: its registers must be as it left them. */
void fpu_use(unsigned hart, uint64_t value);
/* What thread t has in f0; forgotten when its memory becomes something else. */
uint64_t *fpu_expected(const struct thread *t);

/* The kernel and the harness may use this memory only, besides HARNESS_BASE. */
void memory_close(uint64_t base, uint64_t bytes);
void memory_open(uint64_t base, uint64_t bytes);

#endif
