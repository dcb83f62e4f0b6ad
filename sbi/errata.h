/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SBI_ERRATA_H
#define SBI_ERRATA_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong with this machine's harts; the table is in errata.c. */
struct errata {
	/* sfence.vma with an address or ASID may leave entries: only x0, x0 will do (CIP-1200). */
	bool fence_all_only;
	/* stval of an instruction page or access fault has zeros above bit 38 (CIP-453). */
	bool stval_not_extended;
};
extern struct errata errata;

/*
 * The address of an instruction page fault that no window answers, from stval.
 * Those of user space have bit 38 clear and are right as they are; so are those
 * of instruction access faults, which follow a translation.
 */
static inline uint64_t errata_fetch_address(uint64_t stval)
{
	bool is_cut = errata.stval_not_extended && (stval >> 38 & 1) != 0;

	return is_cut ? stval | ~0ull << 39 : stval;
}

/* From the ids in sbi_features and the boot arguments. */
void errata_find(void);

#endif
