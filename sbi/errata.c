/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware errata by the ids that the firmware gives (SBI base extension).
 * All harts with an MMU of the machines known are alike, so the boot hart's
 * ids stand for all. A new erratum is a line here and a flag in errata.h.
 */
#include "sbi/errata.h"

#include "sbi/machine.h"
#include "sbi/sbi.h"

#define VENDOR_SIFIVE 0x489u
#define ARCH_U54 0x1u
#define ARCH_U74 0x8000000000000007u

enum flag { FENCE_ALL_ONLY, STVAL_NOT_EXTENDED };

struct erratum {
	uint64_t vendor_id, arch_id;
	uint64_t impl_mask; /* of impl_id, before it is compared */
	uint64_t impl_first, impl_last;
	uint64_t impl_not; /* an impl_id in the range that is not concerned; 0: none */
	enum flag flag;
};

static const struct erratum table[] = {
	/* CIP-1200: the ITLB may keep an entry through a qualified sfence.vma. FU540 (on which
	 * fences by address do nothing at all), FU740 and relatives. */
	{VENDOR_SIFIVE, ARCH_U54, 0xffffff, 0, 0x200630, 0x01200626, FENCE_ALL_ONLY},
	{VENDOR_SIFIVE, ARCH_U74, 0xffffff, 0, 0x200630, 0x01200626, FENCE_ALL_ONLY},
	/* CIP-453: stval of instruction faults is not sign-extended. FU740. */
	{VENDOR_SIFIVE, ARCH_U74, UINT64_MAX, 0x20181004, 0x20191105, 0, STVAL_NOT_EXTENDED},
};

struct errata errata;

void errata_find(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		const struct erratum *erratum = &table[i];
		uint64_t impl = sbi_features.impl_id & erratum->impl_mask;

		if (sbi_features.vendor_id != erratum->vendor_id ||
		    sbi_features.arch_id != erratum->arch_id || impl < erratum->impl_first ||
		    impl > erratum->impl_last ||
		    (erratum->impl_not != 0 && sbi_features.impl_id == erratum->impl_not)) {
			continue;
		}
		switch (erratum->flag) {
		case FENCE_ALL_ONLY:
			errata.fence_all_only = true;
			break;
		case STVAL_NOT_EXTENDED:
			errata.stval_not_extended = true;
			break;
		}
	}
	if (machine_has_argument("fence=all")) {
		errata.fence_all_only = true;
	}
}
