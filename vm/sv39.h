/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sv39 page-table entries: bits and the accessors for them.
 *
 * Source: RISC-V privileged specification, chapter "Supervisor-Level ISA",
 * sections "Sv32: Addressing and Memory Protection" (bit meanings) and "Sv39".
 *
 * In this kernel an entry is nothing (0), valid, or *frozen*: not 0 but V clear.
 * A frozen entry, always above level 0, is what it was before WINDOW_FREEZE; it
 * becomes valid again at the first touch, and what it maps then has no W
 * (vm/freeze.c). Walkers see nothing in it ("Sv39", step 3 of the walk).
 */
#ifndef VM_SV39_H
#define VM_SV39_H

#include "kernel/abi/object.h"
#include "kernel/types.h"
#include "vm/csr.h"

#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_U (1ull << 4)
#define PTE_G (1ull << 5)
#define PTE_A (1ull << 6)
#define PTE_D (1ull << 7)
#define PTE_RWX (PTE_R | PTE_W | PTE_X)
#define PTE_PBMT_IO (2ull << 61) /* Svpbmt; bits 63..54 are 0 otherwise */
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK ((1ull << 44) - 1)

#ifndef SV39_INDEX_BITS /* proofs take smaller tables */
#define SV39_INDEX_BITS 9
#endif
#define SV39_ENTRIES (1u << SV39_INDEX_BITS)
#define SV39_ROOT_LEVEL 2u /* levels: 2 = root (1 GiB an entry), 1 (2 MiB), 0 (4 KiB) */

#define SATP_MODE_SV39 (8ull << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xffffull

/* Rights of the ABI and R, W, X of an entry differ by a shift only. */
_Static_assert(RIGHT_READ << 1 == PTE_R && RIGHT_WRITE << 1 == PTE_W && RIGHT_EXECUTE << 1 == PTE_X,
	       "rights are shifted into an entry");

/* A pointer to the next level, valid or frozen: none of R, W, X ("Sv39", step 4 of the walk). */
static inline bool pte_is_table(uint64_t pte)
{
	return pte != 0 && (pte & PTE_RWX) == 0;
}

/* Valid or frozen. */
static inline bool pte_is_leaf(uint64_t pte)
{
	return (pte & PTE_RWX) != 0;
}

static inline bool pte_is_frozen(uint64_t pte)
{
	return pte != 0 && (pte & PTE_V) == 0;
}

/* What a frozen entry becomes when it is thawed; what it points to then has to be frozen. */
static inline uint64_t pte_thawed(uint64_t pte)
{
	return (pte & ~PTE_W) | PTE_V;
}

/* Physical page number. */
static inline uint64_t pte_ppn(uint64_t pte)
{
	return (pte >> PTE_PPN_SHIFT) & PTE_PPN_MASK;
}

static inline struct paddr pte_paddr(uint64_t pte)
{
	return (struct paddr){pte_ppn(pte) << PAGE_SHIFT};
}

static inline uint64_t pte_make(uint64_t ppn, uint64_t bits)
{
	return ppn << PTE_PPN_SHIFT | bits;
}

/* Index of virtual page number `page` in a table of `level`. */
static inline unsigned sv39_index(uint64_t page, unsigned level)
{
	return (unsigned)(page >> (SV39_INDEX_BITS * level)) & (SV39_ENTRIES - 1);
}

/* 4 KiB pages that an entry of `level` spans: 1, 512, 262144. */
static inline uint64_t sv39_span(unsigned level)
{
	return 1ull << (SV39_INDEX_BITS * level);
}

/*
 * Entries are read by the walkers of all harts at any time and, where the
 * hardware updates A and D, written too. So every access is one atomic
 * access of 8 bytes, and bits are changed by read-modify-write.
 */
static inline __attribute__((always_inline)) uint64_t pte_load(const uint64_t *pte)
{
	return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

/*
 * Becomes `sd`, single-copy atomic since it is aligned: of an atomic store the
 * compiler makes `amoswap.d` where it looks for size. Which flush covers the
 * store is said where it is called.
 */
static inline __attribute__((always_inline)) void pte_store(uint64_t *pte, uint64_t value)
{
	pte_trace(pte, value);
	*(volatile uint64_t *)pte = value;
}

/*
 * Becomes `fence rw,w; sd`: what was stored before (the contents of the table
 * or frame that the entry points to) is visible to a walker that sees it.
 * Pairs with the address dependency of the walk.
 */
static inline void pte_publish(uint64_t *pte, uint64_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pte_store(pte, value);
}

/* Becomes `amoswap.d`. Returns the old entry with A and D as last set by any hart. */
static inline uint64_t pte_exchange(uint64_t *pte, uint64_t value)
{
	pte_trace(pte, value);
	return __atomic_exchange_n(pte, value, __ATOMIC_RELAXED);
}

/* Becomes `amoxor.d`: change bits that hardware leaves alone. `old`: the entry as loaded. */
static inline __attribute__((always_inline)) void pte_flip(uint64_t *pte, uint64_t old,
							   uint64_t bits)
{
	pte_trace(pte, old ^ bits);
	__atomic_fetch_xor(pte, bits, __ATOMIC_RELAXED);
}

/* Becomes `amoand.d`. Returns the old entry with A and D as last set by any hart. `old`: as loaded. */
static inline __attribute__((always_inline)) uint64_t pte_clear(uint64_t *pte, uint64_t old,
								uint64_t bits)
{
	pte_trace(pte, old & ~bits);
	return __atomic_fetch_and(pte, ~bits, __ATOMIC_RELAXED);
}

/*
 * Clear and set bits of a valid entry in one step (an lr/sc loop), keeping an
 * A or D that hardware sets meanwhile; it repeats only when that happened, at
 * most twice. Returns the old entry.
 */
static inline uint64_t pte_update(uint64_t *pte, uint64_t clear, uint64_t set)
{
	uint64_t old = pte_load(pte);

	pte_trace(pte, (old & ~clear) | set);
	while (!__atomic_compare_exchange_n(pte, &old, (old & ~clear) | set, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
	}
	return old;
}

#endif
