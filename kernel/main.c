/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From sbi/boot.c to user mode, on each hart.
 */
#include "kernel/csr.h"
#include "kernel/irqchip.h"
#include "kernel/lock.h"
#include "kernel/root.h"
#include "kernel/schedule.h"
#include "kernel/trap.h"
#include "sbi/boot.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

/* User mode may do to its memory's cache blocks what is no more than it could by loads and stores. */
static void allow_cache_blocks(void)
{
	uint64_t allowed =
		(machine.has_cache_block_zero ? SENVCFG_CBZE : 0) |
		(machine.has_cache_block_management ? SENVCFG_CBCFE | SENVCFG_CBIE_FLUSH : 0);

	/* Harts older than the register name neither extension. */
	if (allowed != 0) {
		__asm__ volatile("csrw 0x10a, %0" : : "r"(allowed)); /* senvcfg */
	}
}

static void hart_init(unsigned index)
{
	struct hart *hart = &harts[index];

	hart->stack_top = KERNEL_STACK_TOP(index);
	hart->timer_at = ~0ull;
	hart->charged_since = time_now();
	hart->counters = COUNTERS_DEFAULT;
	__asm__ volatile("mv tp, %0" : : "r"(hart));
	csr_write_sscratch(0);
	csr_write_stvec((uint64_t)trap_entry);
	csr_clear_sstatus(SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS);
	csr_write_scounteren(COUNTERS_DEFAULT);
	allow_cache_blocks();
	irqchip_hart_init(index);
	csr_write_sie(SIP_SSIP | SIP_STIP | SIP_SEIP);
}

static _Noreturn void run(void)
{
	struct thread *t;

	kernel_lock();
	sched_hart_online();
	t = sched_pick();
	kernel_unlock();
	trap_return(t);
}

void kernel_main(unsigned boot_hart_index)
{
	irqchip_init();
	sched_init();
	hart_init(boot_hart_index);
	sched_hart_online();
	root_create(boot_hart_index);
	boot_start_harts();
	run();
}

void kernel_secondary_main(unsigned index)
{
	vm_hart_init();
	hart_init(index);
	run();
}
