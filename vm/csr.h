/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that vm/ needs beyond C: satp, sfence.vma, fence.i,
 * cbo.zero, the pending-interrupt test, and the bounds of the kernel image.
 * Nothing else in the kernel executes sfence.vma or writes satp (the first
 * instructions of boot excepted). Host tests (-DVM_HOST) supply fakes.
 */
#ifndef VM_CSR_H
#define VM_CSR_H

#include "kernel/types.h"

/* Sections of the kernel image, as byte offsets from its start; page multiples. */
struct vm_image {
	uint64_t text_end;
	uint64_t rodata_end;
	uint64_t stacks_start;
	uint64_t stacks_end;
	uint64_t end;
};

#ifdef VM_HOST
#include "tests/vm/fake.h"
#else
#include "kernel/hart.h"

/* A bug of the kernel, never of a user: ebreak, which the trap handler reports with sepc. */
#ifdef KERNEL_DEBUG
#include "kernel/panic.h"
#define vm_assert(condition) assert(condition)
#else
static inline void vm_assert(bool condition)
{
	if (!condition) {
		__builtin_trap();
	}
}
#endif

static inline void satp_write(uint64_t value)
{
	__asm__ volatile("csrw satp, %0" : : "r"(value) : "memory");
}

static inline uint64_t satp_read(void)
{
	uint64_t value;

	__asm__ volatile("csrr %0, satp" : "=r"(value) : : "memory");
	return value;
}

/*
 * sfence.vma (privileged spec, "Supervisor Memory-Management Fence
 * Instruction"): orders this hart's earlier stores to page tables before its
 * later walks, and drops cached translations:
 * all address spaces, global ones included, all levels;
 */
static inline void sfence_all(void)
{
	__asm__ volatile("sfence.vma x0, x0" : : : "memory");
}

/* one address space, all levels, global entries excluded (also for asid 0: rs2 is not x0); */
static inline void sfence_asid(uint64_t asid)
{
	__asm__ volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
}

/* one address space, the leaf entry of one address. */
static inline void sfence_page(uint64_t address, uint64_t asid)
{
	__asm__ volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory");
}

/*
 * sfence_page in three parts (Svinval chapter): earlier stores before the
 * invalidations, each of which is less work than a fence, and those before
 * later walks. By .insn, as -march does not name the extension.
 */
static inline void sfence_w_inval(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0c, x0, x0, x0" : : : "memory");
}

static inline void sinval_page(uint64_t address, uint64_t asid)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0b, x0, %0, %1"
			 :
			 : "r"(address), "r"(asid)
			 : "memory");
}

static inline void sfence_inval_ir(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x0c, x0, x0, x1" : : : "memory");
}

/* This hart's later fetches see its earlier stores, and other harts' that it has seen (Zifencei). */
static inline void fence_i(void)
{
	__asm__ volatile("fence.i" : : : "memory");
}

/* cbo.zero (Zicboz), written as .insn because -march does not name the extension. */
static inline void zero_block(void *block)
{
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, 4" : : "r"(block) : "memory");
}

/* Is an interrupt pending that the kernel would take if it were not busy? */
bool thread_preempt_pending(void); /* kernel/thread.h, which is above vm/ */
static inline bool vm_preempt_pending(void)
{
	return thread_preempt_pending();
}

/* The space that a hart runs, NULL: the kernel's own table. vm/asid.c and activate.h write it. */
static inline struct vm_space **vm_current_space(unsigned hart)
{
	return &harts[hart].active_space;
}

/* This hart asks the firmware for an sfence.vma on each hart of `mask` (HART_INFO). */
static inline void vm_count_remote_fence(uint32_t mask)
{
	struct hart *hart = hart_current();

	hart->fences_sent++;
	for (; mask != 0; mask &= mask - 1) {
		hart->fence_targets++;
	}
}

/* Host tests watch every store to an entry; here it costs nothing. */
static inline void pte_trace(const uint64_t *pte, uint64_t value)
{
	(void)pte;
	(void)value;
}

static inline struct vm_image vm_image(void)
{
	extern char __image_start[], __text_end[], __rodata_end[];
	extern char __stacks_start[], __stacks_end[], __image_end[];
	uint64_t start = (uint64_t)__image_start;

	return (struct vm_image){
		.text_end = (uint64_t)__text_end - start,
		.rodata_end = (uint64_t)__rodata_end - start,
		.stacks_start = (uint64_t)__stacks_start - start,
		.stacks_end = (uint64_t)__stacks_end - start,
		.end = (uint64_t)__image_end - start,
	};
}
#endif

#endif
