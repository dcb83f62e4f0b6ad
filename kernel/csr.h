/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control and status registers that kernel/ uses (privileged spec, "Supervisor
 * CSRs"). satp and the fences are vm/'s.
 */
#ifndef KERNEL_CSR_H
#define KERNEL_CSR_H

#include <stdint.h>

#define SSTATUS_SIE (1ull << 1)
#define SSTATUS_SPIE (1ull << 5)
#define SSTATUS_SPP (1ull << 8)
#define SSTATUS_FS (3ull << 13)
#define SSTATUS_FS_CLEAN (2ull << 13)
#define SSTATUS_FS_DIRTY (3ull << 13)

#define SIP_SSIP (1ull << 1)
#define SIP_STIP (1ull << 5)
#define SIP_SEIP (1ull << 9)

#define SCAUSE_INTERRUPT (1ull << 63)
#define SCAUSE_EXTERNAL (SCAUSE_INTERRUPT | 9)
#define SCAUSE_ILLEGAL 2
#define SCAUSE_ECALL_U 8
#define SCAUSE_FETCH_PAGE_FAULT 12
#define SCAUSE_LOAD_PAGE_FAULT 13
#define SCAUSE_STORE_PAGE_FAULT 15

/* senvcfg: cbo.inval, as a flush; cbo.clean and cbo.flush; cbo.zero in user mode. */
#define SENVCFG_CBIE_FLUSH (1ull << 4)
#define SENVCFG_CBCFE (1ull << 6)
#define SENVCFG_CBZE (1ull << 7)

#ifdef KERNEL_HOST /* host tests (tests/kernel) supply registers of their own */
#define CSR_ACCESSORS(name)                                                                        \
	uint64_t csr_read_##name(void);                                                            \
	void csr_write_##name(uint64_t value);                                                     \
	void csr_set_##name(uint64_t bits);                                                        \
	void csr_clear_##name(uint64_t bits);
uint64_t csr_claim_stopei(void);
void wait_for_interrupt(void);
#else
#define CSR_ACCESSORS(name)                                                                        \
	static inline uint64_t csr_read_##name(void)                                               \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("csrr %0, " #name : "=r"(value));                                 \
		return value;                                                                      \
	}                                                                                          \
	static inline void csr_write_##name(uint64_t value)                                        \
	{                                                                                          \
		__asm__ volatile("csrw " #name ", %0" : : "r"(value) : "memory");                  \
	}                                                                                          \
	static inline void csr_set_##name(uint64_t bits)                                           \
	{                                                                                          \
		__asm__ volatile("csrs " #name ", %0" : : "r"(bits) : "memory");                   \
	}                                                                                          \
	static inline void csr_clear_##name(uint64_t bits)                                         \
	{                                                                                          \
		__asm__ volatile("csrc " #name ", %0" : : "r"(bits) : "memory");                   \
	}

/* The most urgent external interrupt (Advanced Interrupt Architecture), 0 = none: identity in bits
 * 26..16. It is not pending any more. */
static inline uint64_t csr_claim_stopei(void)
{
	uint64_t value;

	__asm__ volatile("csrrw %0, 0x15c, zero" : "=r"(value) : : "memory");
	return value;
}

static inline void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}
#endif

CSR_ACCESSORS(sstatus)
CSR_ACCESSORS(scause)
CSR_ACCESSORS(stval)
CSR_ACCESSORS(sip)
CSR_ACCESSORS(sie)
CSR_ACCESSORS(sscratch)
CSR_ACCESSORS(stvec)
CSR_ACCESSORS(scounteren)
CSR_ACCESSORS(siselect) /* with sireg: registers by number */
CSR_ACCESSORS(sireg)

#endif
