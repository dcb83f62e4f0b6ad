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

#define SCOUNTEREN_TM 2 /* user mode may read `time`, neither `cycle` nor `instret` */

static void hart_init(unsigned index)
{
	struct hart *hart = &harts[index];

	hart->index = index;
	hart->stack_top = KERNEL_STACK_TOP(index);
	hart->timer_at = ~0ull;
	hart->switched_at = time_now();
	__asm__ volatile("mv tp, %0" : : "r"(hart));
	csr_write_sscratch(0);
	csr_write_stvec((uint64_t)trap_entry);
	csr_clear_sstatus(SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS);
	csr_write_scounteren(SCOUNTEREN_TM);
	irqchip_hart_init(index);
	csr_write_sie(SIP_SSIP | SIP_STIP | SIP_SEIP);
}

static _Noreturn void run(void)
{
	struct thread *t;

	kernel_lock();
	hart_current()->online = true;
	t = sched_pick();
	kernel_unlock();
	trap_return(t);
}

void kernel_main(unsigned boot_hart_index)
{
	irqchip_init();
	hart_init(boot_hart_index);
	hart_current()->online = true;
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
