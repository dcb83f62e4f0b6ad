/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One event of an input: bytes become what a hart or the thread on it does
 * next. Most choices are made among what exists (a slot that holds the type
 * wanted, a page within the window); a few bytes mean "anything".
 */
#include "tests/fuzz/events.h"

#include <stdio.h>

#include "kernel/abi/syscall.h"
#include "kernel/csr.h"
#include "kernel/ipc.h"
#include "sbi/machine.h"

/* Where the thread is before an ecall, and before anything else. */
#define PC_ECALL 0x1000u
#define PC_OTHER 0x2000u

#define STUCK_MOST 12

enum kind {
	IPC,
	SIGNAL,
	METHOD,
	WINDOW,
	ACCESS,
	EXCEPTION,
	INTERRUPT,
	TIME,
	DEVICE,
	RATE,
	FPU,
	RAW
};

static const uint8_t kinds[64] = {
	IPC,	IPC,	IPC,	IPC,	   IPC,	   IPC,	      IPC,    IPC,    IPC,    IPC,
	IPC,	IPC,	IPC,	IPC,	   IPC,	   IPC,	      IPC,    IPC,    IPC,    IPC,
	SIGNAL, SIGNAL, SIGNAL, SIGNAL,	   SIGNAL, METHOD,    METHOD, METHOD, METHOD, METHOD,
	METHOD, METHOD, METHOD, METHOD,	   METHOD, METHOD,    METHOD, METHOD, METHOD, METHOD,
	METHOD, METHOD, WINDOW, WINDOW,	   WINDOW, WINDOW,    WINDOW, WINDOW, FPU,    ACCESS,
	ACCESS, ACCESS, ACCESS, EXCEPTION, FPU,	   INTERRUPT, TIME,   TIME,   TIME,   DEVICE,
	RATE,	FPU,	FPU,	RAW};

static unsigned stuck;

static void ecall(unsigned h)
{
	struct thread *t = running[h];
	uint64_t number = t->registers[REG_A7];
	uint64_t fast = harts[h].fast_switches;
	struct thread *fpu = call_writes_fpu(t);
	uint64_t f0 = message_word(t, 0);

	if (fuzz_verbose) {
		printf("    thread %lx: call %lu a0 %lx a1 %lx words %lx %lx %lx %lx %lx %lx\n",
		       vm_paddr(t).raw, number, t->registers[10], t->registers[11],
		       t->registers[12], t->registers[13], t->registers[14], t->registers[15],
		       t->registers[16], t->registers[5]);
	}
	if (number == SYS_INVOKE && message_label(t->registers[REG_A1]) == UNTYPED_RETYPE) {
		memory_open_all();
	}
	hart_enter(h, ENTRY_ECALL, SCAUSE_ECALL_U, 0);
	fuzz_counts.fast += harts[h].fast_switches - fast;
	if (fpu != NULL && t->registers[0] == PC_ECALL + 4 && t->registers[REG_A0] == ERR_OK) {
		*fpu_expected(fpu) = f0;
	}
	if (running[h] == t && harts[h].current == t) {
		if (t->registers[0] == PC_ECALL) {
			fuzz_counts.preempted++;
		} else {
			fuzz_counts.calls++;
			fuzz_counts.calls_ok += t->registers[REG_A0] == ERR_OK;
		}
		if (fuzz_verbose) {
			printf("    -> %ld%s\n", (long)t->registers[REG_A0],
			       t->registers[0] == PC_ECALL ? " preempted" : "");
		}
	}
}

/* --- events of a thread --------------------------------------------------------------- */

static void event_access(unsigned h, const uint8_t *e)
{
	static const uint64_t causes[] = {SCAUSE_LOAD_PAGE_FAULT, SCAUSE_STORE_PAGE_FAULT,
					  SCAUSE_FETCH_PAGE_FAULT};
	static const enum fault_access accesses[] = {FAULT_READ, FAULT_WRITE, FAULT_EXECUTE};
	struct thread *t = running[h];
	unsigned way = e[3] % 3;
	uint64_t page = e[1] % 6 * 512ull + e[2] % 16, asked = t->fault_count, ppn;

	if (e[1] < 160) {
		page = recent_page(e[1]) + e[2] % 4;
	} else if (e[1] >= 250) {
		page = e[1] == 255 ? ~0ull >> PAGE_SHIFT
				   : (MESSAGE_BUFFER_BASE >> PAGE_SHIFT) + e[2] % 12;
	}
	if (page < USER_END >> PAGE_SHIFT && hart_access(h, page, accesses[way], &ppn)) {
		return;
	}
	if (fuzz_verbose) {
		printf("    thread %lx: page fault at page %lx, access %u\n", vm_paddr(t).raw, page,
		       accesses[way]);
	}
	uint64_t races = fuzz_counts.races;
	fuzz_counts.faults++;
	t->registers[0] = PC_OTHER;
	hart_enter(h, ENTRY_TRAP, causes[way], page << PAGE_SHIFT);
	/* The entry answered, nobody was asked: then it allows the access, and the hart sees it. */
	if (running[h] == t && harts[h].current == t && races == fuzz_counts.races &&
	    t->fault_count == asked &&
	    vm_window_find(&((struct space_object *)t->space.object)->vm, page) != NULL) {
		CHECK(hart_access(h, page, accesses[way], &ppn));
	}
}

static void thread_event(unsigned h, const uint8_t *e)
{
	struct thread *t = running[h];

	/* Preempted: it makes the same call again, or gives up. */
	if (t->registers[0] == PC_ECALL && e[9] % 4 != 0) {
		ecall(h);
		return;
	}
	t->registers[0] = PC_ECALL;
	switch ((enum kind)kinds[e[0] >> 2]) {
	case IPC:
		call_ipc(t, e);
		ecall(h);
		break;
	case SIGNAL:
		call_signal(t, e);
		ecall(h);
		break;
	case METHOD:
		call_method(t, e);
		ecall(h);
		break;
	case WINDOW:
		call_window(t, e);
		ecall(h);
		break;
	case RAW:
		call_raw(t);
		ecall(h);
		break;
	case ACCESS:
		event_access(h, e);
		break;
	case EXCEPTION:
		t->registers[0] = PC_OTHER;
		hart_enter(h, ENTRY_TRAP, e[1] % 8, e[2]);
		break;
	case FPU:
		fpu_use(h, e[1] % 4 == 0 ? 0 : e[1]);
		break;
	default:
		hart_enter(h, ENTRY_TRAP, SCAUSE_INTERRUPT | 5, 0);
		break;
	}
}

/* --- events of the machine ------------------------------------------------------------- */

/* True: done. */
static bool machine_event(const uint8_t *e)
{
	static const unsigned rates[] = {0, 0, 20, 5, 2, 1};

	switch ((enum kind)kinds[e[0] >> 2]) {
	case TIME:
		now += (e[2] & 15) << e[1] % 16;
		return true;
	case DEVICE:
		irq_raise(e[1] % 2 == 0 ? 3 : e[1]);
		return true;
	case RATE:
		interrupts_one_in = rates[e[1] % ARRAY_SIZE(rates)];
		return true;
	default:
		return false;
	}
}

/* An online hart with a thread from `first` on; HARTS if there is none. */
static unsigned hart_that_runs(unsigned first)
{
	for (unsigned i = 0; i < machine.hart_count; i++) {
		unsigned h = (first + i) % machine.hart_count;

		if (harts[h].online && running[h] != NULL) {
			return h;
		}
	}
	return HARTS;
}

/* Every hart idles, none is woken by an interrupt of now: the next timer, or help from outside. */
static void wake_somebody(unsigned h, const uint8_t *e)
{
	uint64_t first = ~0ull;

	for (unsigned i = 0; i < machine.hart_count; i++) {
		if (harts[i].online && hart_timer(i) < first) {
			first = hart_timer(i);
			h = i;
		}
	}
	if (first <= now + (1ull << 40)) {
		now = first > now ? first : now;
	} else {
		stuck++;
		hart_switch(h);
		help_from_outside(e);
	}
	hart_enter(h, ENTRY_WAKE, 0, 0);
}

bool events_are_stuck(void)
{
	return stuck > STUCK_MOST;
}

void events_reset(void)
{
	stuck = 0;
	calls_reset();
}

/* Another hart's event, in the middle of this one's: before it has the lock. */
static const uint8_t *race_event;
static unsigned race_loser;

static void race(void)
{
	const uint8_t *e = race_event;
	unsigned h = e[0] % machine.hart_count;

	if (h == race_loser || !harts[h].online || running[h] == NULL || hart_is_evicted(h) ||
	    machine_event(e)) {
		return;
	}
	if (fuzz_verbose) {
		printf("   meanwhile hart %u, kind %u\n", h, kinds[e[0] >> 2]);
	}
	fuzz_counts.races++;
	hart_switch(h);
	thread_event(h, e);
	hart_switch(race_loser);
}

void event_run(const uint8_t *e, const uint8_t *next)
{
	uint64_t seed = 0;
	unsigned h = e[0] % 4 % machine.hart_count;

	for (unsigned i = 0; i < EVENT_BYTES; i++) {
		seed = seed * 257 + e[i];
	}
	random_seed(seed);
	now++;
	if (fuzz_verbose) {
		printf("  event %lu at %lu: hart %u, kind %u\n", fuzz_counts.events, now, h,
		       kinds[e[0] >> 2]);
	}
	if (machine_event(e)) {
		return;
	}
	if (!harts[h].online) {
		hart_enter(h, ENTRY_BOOT, 0, 0);
		return;
	}
	if (running[h] == NULL && (hart_pending(h) != 0 || e[9] % 16 == 0)) {
		fuzz_counts.idle++;
		hart_enter(h, ENTRY_WAKE, 0, 0);
		return;
	}
	unsigned other = hart_that_runs(h);
	if (other == HARTS) {
		wake_somebody(h, e);
		return;
	}
	h = other;
	if (hart_is_evicted(h)) {
		fuzz_counts.evictions++;
		hart_enter(h, ENTRY_TRAP, e[1] % 2 == 0 ? SCAUSE_ECALL_U : SCAUSE_INTERRUPT | 1, 0);
		return;
	}
	stuck = 0;
	if (hart_pending(h) != 0 && e[9] % 2 == 0) {
		hart_enter(h, ENTRY_TRAP, SCAUSE_INTERRUPT | 5, 0);
		if (running[h] == NULL || hart_is_evicted(h)) {
			return;
		}
	}
	if (next != NULL && e[8] % 8 == 0) {
		race_event = next;
		race_loser = h;
		faster_hart = race;
	}
	hart_switch(h);
	thread_event(h, e);
	faster_hart = NULL;
}
