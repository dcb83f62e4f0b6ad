/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SBI calls (RISC-V Supervisor Binary Interface Specification, v2.0) that
 * the kernel uses. Functions return 0 or a negative SBI error code.
 */
#ifndef SBI_SBI_H
#define SBI_SBI_H

#include "kernel/types.h"
#include "sbi/machine.h"

/* Which optional extensions the firmware has; filled in by sbi_probe at boot. */
struct sbi_features {
	bool debug_console; /* DBCN; else the legacy putchar */
	bool system_reset;  /* SRST */
	uint64_t spec_version;
	uint64_t vendor_id, arch_id, impl_id; /* of the boot hart */
};
extern struct sbi_features sbi_features;

/* Stops with a message on the legacy console if TIME, IPI, RFENCE or HSM is missing. */
void sbi_probe(void);

/* Print one byte; busy-waits. May be called at any time, also before paging. */
void sbi_console_put(char c);

/* Print `size` bytes of kernel memory, which must be mapped; one call of the firmware if it can. */
void sbi_console_write(const char *text, uint64_t size);

/* Next timer interrupt of this hart at `time` ticks (absolute); ~0 = never. */
void sbi_set_timer(uint64_t time);

/* Can sbi_set_timer_quick be used (Sstc)? */
static inline bool sbi_timer_is_quick(void)
{
	return machine.has_sstc;
}
/* sbi_set_timer without the firmware: stimecmp (Sstc chapter: interrupt while time >= stimecmp). */
#ifdef KERNEL_HOST
static inline void sbi_set_timer_quick(uint64_t time)
{
	sbi_set_timer(time);
}
#else
static inline void sbi_set_timer_quick(uint64_t time)
{
	__asm__ volatile("csrw 0x14d, %0" : : "r"(time) : "memory");
}
#endif

/* Software interrupt to each hart of the mask (logical numbers; numbers of no hart are ignored). */
void sbi_send_ipi(struct hart_mask harts);

/*
 * Remote fences; return when every hart of the mask, which must have been
 * started, has done it. Pages: page numbers; count 0 = everything. asid < 0 =
 * all address spaces, global entries too.
 */
void sbi_remote_sfence_vma(struct hart_mask harts, uint64_t first_page, uint64_t count, int asid);
void sbi_remote_fence_i(struct hart_mask harts);

/* Start the hart at a physical address with a1 = opaque. 0 promises nothing: some firmware says so
 * of harts that never come. */
long sbi_hart_start(uint64_t hart_id, struct paddr entry, uint64_t opaque);

/* type: 0 power off, 1 cold reboot, 2 warm reboot. Returns only on failure. */
long sbi_system_reset(uint32_t type, uint32_t reason);

#endif
