/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See machine.h. One host thread runs all harts: a hart leaves the kernel when
 * it returns to user mode or idles (a jump out of wfi), and is asked to leave
 * a thread (sbi_send_ipi) where the real one would be: on its way to the lock.
 */
#include "tests/fuzz/machine.h"

#include <string.h>

#include "kernel/abi/syscall.h"
#include "kernel/csr.h"
#include "kernel/fast.h"
#include "kernel/fpu.h"
#include "kernel/interrupt.h"
#include "kernel/ipc.h"
#include "kernel/irqchip.h"
#include "kernel/lock.h"
#include "kernel/panic.h"
#include "kernel/print.h"
#include "kernel/schedule.h"
#include "kernel/trap.h"
#include "sbi/errata.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes)
#endif

struct machine machine;
struct errata errata;
struct sbi_features sbi_features = {.system_reset = true};
uint32_t kernel_lock_held;

uint64_t now;
struct thread *running[HARTS];
unsigned interrupts_one_in;
void (*faster_hart)(void);

static unsigned time_step;

/* What a hart has besides satp and a TLB. */
static struct registers {
	uint64_t sip, sstatus, scause, stval, scounteren, timer;
	uint64_t fpu[33];
} registers[HARTS];

static struct {
	bool pending, claimed, enabled;
	unsigned hart;
} sources[IRQ_SOURCES];

#define THREADS_AT ((MEMORY_END - MEMORY_BASE) / 8192)
static uint64_t fpu_f0[THREADS_AT];

/* Where a hart that idles goes. */
static jmp_buf *idle_jump;

void fuzz_machine_reset(const struct fuzz_machine *with)
{
	struct machine_config fake = {.asid_bits = with->asid_bits};

	machine_restart(&fake);
	memset(registers, 0, sizeof(registers));
	memset(sources, 0, sizeof(sources));
	memset(harts, 0, sizeof(harts));
	memset(running, 0, sizeof(running));
	memset(fpu_f0, 0, sizeof(fpu_f0));
	machine = (struct machine){
		.hart_count = with->harts, .timebase_hz = 10000000, .irqchip_sources = IRQ_SOURCES};
	now = 1000;
	time_step = with->time_step;
	interrupts_one_in = 0;
	faster_hart = NULL;
	kernel_lock_held = 0;
	harts_online_end = 0;
	kernel_state_reset();
	sched_init();
	for (unsigned i = 0; i < with->harts; i++) {
		hart_switch(i);
		registers[i].timer = ~0ull;
		harts[i].timer_at = ~0ull;
		harts[i].charged_since = now;
		harts[i].counters = COUNTERS_DEFAULT;
		vm_hart_init();
		satp_write(vm_kernel_satp);
	}
	hart_switch(0);
	vm_init(&(struct vm_features){.asid_bits = with->asid_bits});
	if (with->asid_bits != 0 && with->asid_bits < 16) {
		kernel_asids_left(2); /* so that generations end */
	}
}

unsigned hart_switch(unsigned hart)
{
	unsigned before = this_hart;

	this_hart = hart;
	return before;
}

struct hart *hart_current(void)
{
	return &harts[this_hart];
}

struct vm_space **vm_current_space(unsigned hart)
{
	return &harts[hart].active_space;
}

/* --- entries ------------------------------------------------------------------- */

/* As trap_entry.S. */
static struct thread *ecall(struct thread *t)
{
	uint64_t *r = t->registers;
	struct fast_result result;

	r[0] += 4;
	result = fast_ecall(t, r[11], r[12], r[13], r[14], r[15], r[16], r[17]);
	if (result.next == NULL) {
		r[0] -= 4;
		return trap_from_user(t);
	}
	CHECK(result.self == t);
	if (result.next != t) {
		hart_local_leave(hart_current());
	}
	return result.next;
}

static struct thread *kernel_entry(enum entry entry, struct thread *t)
{
	struct hart *hart = hart_current();

	switch (entry) {
	case ENTRY_ECALL:
		return ecall(t);
	case ENTRY_TRAP:
		return trap_from_user(t);
	case ENTRY_BOOT: /* as main.c */
		kernel_lock();
		sched_hart_online();
		break;
	case ENTRY_WAKE: /* the end of idle in schedule.c */
		kernel_lock();
		hart->is_idle = false;
		hart->idle_ticks += time_now() - hart->charged_since;
		hart->charged_since = time_now();
		interrupts_handle();
		break;
	}
	t = sched_pick();
	kernel_unlock();
	return t;
}

void hart_enter(unsigned hart, enum entry entry, uint64_t cause, uint64_t value)
{
	jmp_buf idle, *volatile outer = idle_jump;
	volatile unsigned from = hart_switch(hart);

	registers[hart].scause = cause;
	registers[hart].stval = value;
	idle_jump = &idle;
	if (setjmp(idle) == 0) {
		running[hart] = kernel_entry(entry, running[hart]);
	} else {
		running[hart] = NULL;
	}
	CHECK(this_hart == hart && kernel_lock_held == 0 && harts[hart].local == 0);
	idle_jump = outer;
	hart_switch(from);
}

void wait_for_interrupt(void)
{
	longjmp(*idle_jump, 1);
}

bool hart_is_evicted(unsigned hart)
{
	return running[hart] != NULL && harts[hart].current == NULL;
}

/* In place of lock.c: nobody can hold it, for harts act in turn. */
void kernel_lock(void)
{
	void (*first)(void) = faster_hart;

	faster_hart = NULL;
	if (first != NULL) {
		first();
	}
	CHECK(kernel_lock_held == 0);
	for (unsigned i = 0; i < HARTS; i++) {
		CHECK(harts[i].local == 0);
	}
	kernel_lock_held = 1;
}

void kernel_unlock(void)
{
	CHECK(kernel_lock_held == 1);
	kernel_lock_held = 0;
}

void sbi_send_ipi(struct hart_mask to)
{
	for (unsigned i = 0; i < HARTS; i++) {
		if ((to.bits >> i & 1) == 0) {
			continue;
		}
		registers[i].sip |= SIP_SSIP;
		if (harts[i].evict) {
			unsigned from = hart_switch(i);

			hart_serve_eviction();
			hart_switch(from);
		}
	}
}

/* --- time and interrupts ---------------------------------------------------------- */

uint64_t time_now(void)
{
	now += time_step;
	return now;
}

struct thread *root_thread; /* none */

void sbi_set_timer(uint64_t time)
{
	registers[this_hart].timer = time;
}

uint64_t hart_timer(unsigned hart)
{
	return registers[hart].timer;
}

static bool is_due(unsigned source, unsigned hart)
{
	return sources[source].pending && sources[source].enabled && !sources[source].claimed &&
	       sources[source].hart == hart;
}

uint64_t hart_pending(unsigned hart)
{
	uint64_t pending = registers[hart].sip;

	if (now >= registers[hart].timer) {
		pending |= SIP_STIP;
	}
	for (unsigned i = 1; i < IRQ_SOURCES; i++) {
		if (is_due(i, hart)) {
			pending |= SIP_SEIP;
		}
	}
	return pending;
}

uint64_t csr_read_sip(void)
{
	if (one_in(interrupts_one_in)) {
		registers[this_hart].sip |= SIP_SSIP;
	}
	return hart_pending(this_hart);
}

bool vm_preempt_pending(void)
{
	return csr_read_sip() != 0;
}

uint64_t csr_read_sie(void)
{
	return ~0ull;
}

void csr_clear_sip(uint64_t bits)
{
	registers[this_hart].sip &= ~bits;
}

uint64_t csr_read_scause(void)
{
	return registers[this_hart].scause;
}

uint64_t csr_read_stval(void)
{
	return registers[this_hart].stval;
}

void csr_write_scounteren(uint64_t value)
{
	registers[this_hart].scounteren = value;
}

void irq_raise(unsigned source)
{
	sources[source % IRQ_SOURCES].pending = true;
}

bool irqchip_is_source(unsigned source)
{
	return source != 0 && source < IRQ_SOURCES;
}

void irqchip_set_trigger(unsigned source, enum irq_trigger trigger)
{
	CHECK(irqchip_is_source(source) && trigger <= IRQ_LEVEL_LOW);
}

void irqchip_enable(unsigned source, unsigned hart)
{
	CHECK(irqchip_is_source(source) && hart < machine.hart_count);
	sources[source].enabled = true;
	sources[source].hart = hart;
}

void irqchip_complete(unsigned source)
{
	CHECK(irqchip_is_source(source));
	sources[source].claimed = false;
}

void irqchip_disable(unsigned source)
{
	irqchip_complete(source);
	sources[source].enabled = false;
}

uint32_t irqchip_claim(void)
{
	for (unsigned i = 1; i < IRQ_SOURCES; i++) {
		if (is_due(i, this_hart)) {
			sources[i].pending = false;
			sources[i].claimed = true;
			return i;
		}
	}
	return 0;
}

/* --- FPU ---------------------------------------------------------------------------- */

uint64_t csr_read_sstatus(void)
{
	return registers[this_hart].sstatus;
}

void csr_set_sstatus(uint64_t bits)
{
	registers[this_hart].sstatus |= bits;
}

void csr_clear_sstatus(uint64_t bits)
{
	registers[this_hart].sstatus &= ~bits;
}

void fpu_store_registers(uint64_t *words)
{
	CHECK((registers[this_hart].sstatus & SSTATUS_FS) != 0);
	memcpy(words, registers[this_hart].fpu, sizeof(registers[this_hart].fpu));
}

void fpu_load_registers(const uint64_t *words)
{
	CHECK((registers[this_hart].sstatus & SSTATUS_FS) != 0);
	memcpy(registers[this_hart].fpu, words, sizeof(registers[this_hart].fpu));
	registers[this_hart].sstatus |= SSTATUS_FS_DIRTY;
}

uint64_t *fpu_expected(const struct thread *t)
{
	return &fpu_f0[(vm_paddr(t).raw - MEMORY_BASE) / 8192];
}

void fpu_use(unsigned hart, uint64_t value)
{
	struct registers *r = &registers[hart];
	struct thread *t = running[hart];

	if ((r->sstatus & SSTATUS_FS) == 0) {
		hart_enter(hart, ENTRY_TRAP, SCAUSE_ILLEGAL, 0);
		CHECK(running[hart] == t && (r->sstatus & SSTATUS_FS) == SSTATUS_FS_CLEAN);
	}
	CHECK(r->fpu[0] == *fpu_expected(t));
	if (value != 0) {
		r->fpu[0] = value;
		r->sstatus |= SSTATUS_FS_DIRTY;
		*fpu_expected(t) = value;
	}
}

/* --- memory ---------------------------------------------------------------------------- */

void memory_close(uint64_t base, uint64_t bytes)
{
	void *memory = vm_pointer((struct paddr){base});

	ASAN_POISON_MEMORY_REGION(memory, bytes); /* nothing without a sanitizer */
	(void)memory;
	(void)bytes;
}

void memory_open(uint64_t base, uint64_t bytes)
{
	void *memory = vm_pointer((struct paddr){base});

	ASAN_UNPOISON_MEMORY_REGION(memory, bytes); /* nothing without a sanitizer */
	(void)memory;
	(void)bytes;
}

/* --- the rest ---------------------------------------------------------------------------- */

void print(const char *format, ...)
{
	(void)format;
}

void panic(const char *format, ...)
{
	fail("the kernel panics: %s", format);
}

void panic_stop_if_asked(void)
{
}

void sbi_console_put(char c)
{
	(void)c;
}

long sbi_system_reset(uint32_t type, uint32_t reason)
{
	CHECK(type <= 2 && reason <= 1);
	return -1;
}

/* Bounds of the kernel image, for vm_kernel_map; nothing lies there. */
struct vm_image vm_image(void)
{
	return (struct vm_image){0x1000, 0x2000, 0x3000, 0x4000, 0x5000};
}
