/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A space with many pages resident, each by an entry of 4 KiB: what
 * operations on whole spaces and pools are measured with.
 */
#ifndef TESTS_NATIVE_VM_RESIDENT_H
#define TESTS_NATIVE_VM_RESIDENT_H

#include "tests/native-vm/access.h"

#define RESIDENT_WINDOW (255ul << 18)	 /* pages of the window, from 0 on: all there can be */
#define RESIDENT_FIRST ((1ul << 18) + 1) /* first page mapped, the second of a GiB */

struct resident {
	cap_t space, bank, window, binding;
	uint64_t pages, tables; /* mapped; of both levels */
};

/*
 * Make a space whose window has `mib` MiB mapped RW. The pool's pages are
 * mapped in their order, and again from the first when all are: so the pool,
 * one extent aligned to 2 MiB or more and whole multiples of that, may be much
 * smaller than what is resident. No page is aligned like its address, so there
 * are no large leaves. All objects come from `memory`, an Untyped; the tables
 * need 2 KiB for each MiB, and a little.
 */
void resident_make(struct resident *r, cap_t memory, cap_t pool, unsigned mib);
/* Destroy what it made, the pool excepted; its memory comes back when `memory` is revoked. */
void resident_end(struct resident *r);
/* Give all that is resident the rights. */
enum err resident_protect(const struct resident *r, unsigned rights);
/* Freeze the whole window. */
enum err resident_freeze(const struct resident *r);
/* Thaw the pages of one leaf table, counted from the first. */
enum err resident_thaw(const struct resident *r, unsigned table);

#endif
