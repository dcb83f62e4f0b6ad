/* SPDX-License-Identifier: BSD-2-Clause */
/* Retype, for the system call and for the root task's first objects. */
#ifndef KERNEL_UNTYPED_H
#define KERNEL_UNTYPED_H

#include "kernel/objects.h"

/*
 * See UNTYPED_RETYPE; type and count are in range. Errors as there, or
 * CAP_PREEMPTED. Needs the kernel lock.
 */
NODISCARD enum err untyped_make(struct cap_slot *untyped, struct cspace *cspace,
				enum object_type type, uint64_t size_bits, uint64_t count,
				uint64_t first_slot);

#endif
