/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SBI_ERRATA_H
#define SBI_ERRATA_H

#include <stdbool.h>

/* What is wrong with this machine's harts; the table is in errata.c. */
struct errata {
	/* sfence.vma with an address or ASID may leave entries: only x0, x0 will do. */
	bool fence_all_only;
	/* stval of an instruction page or access fault has zeros above bit 38. */
	bool stval_not_extended;
};
extern struct errata errata;

/* From the ids in sbi_features and the boot arguments. */
void errata_find(void);

#endif
