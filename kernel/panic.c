/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic. The first hart that comes here owns panic_record and the console;
 * others that panic meanwhile, or take the interrupt sent to them, stop. A
 * hart with interrupts off is not stopped, but it runs no user code either,
 * and gets no lock that the panicking hart holds.
 *
 * The backtrace is each word on the stack that is an address in the kernel's
 * text right behind a call: frame pointers would cost every path of the kernel
 * some instructions. An old one that was not overwritten may be among them.
 */
#include "kernel/panic.h"

#include "kernel/print.h"
#include "kernel/types.h"
#include "sbi/boot.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

#define STOP_SPINS 100000u

struct panic_record panic_record;

static uint32_t panic_owner; /* hart + 1 */
static uint32_t harts_stopped;

#define CSR_READ(name)                                                                             \
	static uint64_t read_##name(void)                                                          \
	{                                                                                          \
		uint64_t value;                                                                    \
                                                                                                   \
		__asm__ volatile("csrr %0, " #name : "=r"(value));                                 \
		return value;                                                                      \
	}
CSR_READ(sepc)
CSR_READ(scause)
CSR_READ(stval)
CSR_READ(sstatus)
CSR_READ(time)

/* Interrupts off for good: sie = 0, so wfi can only end early, not trap. */
static _Noreturn void stop(void)
{
	__asm__ volatile("csrw sie, zero" : : : "memory");
	for (;;) {
		__asm__ volatile("wfi");
	}
}

void panic_stop_if_asked(void)
{
	if (__atomic_load_n(&panic_owner, __ATOMIC_ACQUIRE) != 0) {
		__atomic_fetch_add(&harts_stopped, 1, __ATOMIC_RELEASE);
		stop();
	}
}

/* A short wait, so that the report is not mixed with what others print; they may never answer. */
static void stop_other_harts(unsigned self)
{
	struct hart_mask others = {((1u << machine.hart_count) - 1) & ~(1u << self)};

	if (others.bits == 0) {
		return;
	}
	sbi_send_ipi(others);
	for (unsigned i = 0; i < STOP_SPINS; i++) {
		if (__atomic_load_n(&harts_stopped, __ATOMIC_ACQUIRE) + 1 >= machine.hart_count) {
			return;
		}
	}
}

/* Is there a call (jal or jalr that links ra, short or long) right before `address`? */
static bool is_return_address(uint64_t address)
{
	extern const char __image_start[], __text_end[];
	const uint16_t *code = (const uint16_t *)address;

	if (address % 2 != 0 || address < (uint64_t)__image_start + 4 ||
	    address >= (uint64_t)__text_end) {
		return false;
	}
	return (code[-2] & 0xfff) == 0x0ef || (code[-2] & 0xfff) == 0x0e7 ||
	       ((code[-1] & 0xf07f) == 0x9002 && (code[-1] & 0xf80) != 0);
}

static void record_frames(struct panic_record *record, unsigned hart)
{
	uint64_t at = (uint64_t)__builtin_frame_address(0);
	/* The boot stack, too, is aligned to its size. */
	uint64_t top =
		hart < HARTS_MAX ? KERNEL_STACK_TOP(hart) : align_up(at + 1, KERNEL_STACK_SIZE);

	record->frame_count = 0;
	for (; at + 8 <= top && record->frame_count < PANIC_FRAMES; at += 8) {
		uint64_t word = *(const uint64_t *)at;

		if (is_return_address(word)) {
			record->frames[record->frame_count++] = word;
		}
	}
}

static void report(const struct panic_record *record)
{
	if (record->hart < HARTS_MAX) {
		print("\nPANIC hart %u: %s\n", record->hart, record->message);
	} else {
		print("\nPANIC in early boot: %s\n", record->message);
	}
	print("sepc %016lx scause %016lx stval %016lx sstatus %016lx\nbacktrace", record->sepc,
	      record->scause, record->stval, record->sstatus);
	for (unsigned i = 0; i < record->frame_count; i++) {
		print(" %016lx", record->frames[i]);
	}
	print("\n");
}

void panic(const char *format, ...)
{
	unsigned hart = boot_this_hart();
	uint32_t free = 0;
	va_list arguments;

	__asm__ volatile("csrci sstatus, 2" : : : "memory");
	if (!__atomic_compare_exchange_n(&panic_owner, &free, hart + 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		stop(); /* another hart was first, or this one fails in its own panic */
	}
	panic_record.hart = hart;
	panic_record.time = read_time();
	panic_record.sepc = read_sepc();
	panic_record.scause = read_scause();
	panic_record.stval = read_stval();
	panic_record.sstatus = read_sstatus();
	va_start(arguments, format);
	(void)print_to(panic_record.message, sizeof(panic_record.message), format, arguments);
	va_end(arguments);
	record_frames(&panic_record, hart);
	panic_record.version = 1;
	panic_record.magic = PANIC_RECORD_MAGIC;

	stop_other_harts(hart);
	report(&panic_record);
	if (machine_has_argument("panic=off")) {
		(void)sbi_system_reset(0, 1);
	}
	stop();
}
