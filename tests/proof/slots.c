/* SPDX-License-Identifier: BSD-2-Clause */
/* Where slots lie if nothing is around them. */
#include "tests/proof/state.h"

static struct cap_slot s0, s1, s2, s3, s4, s5, s6;

struct cap_slot *slot_at(unsigned i)
{
	switch (i) {
	case 0:
		return &s0;
	case 1:
		return &s1;
	case 2:
		return &s2;
	case 3:
		return &s3;
	case 4:
		return &s4;
	case 5:
		return &s5;
	default:
		return &s6;
	}
}
