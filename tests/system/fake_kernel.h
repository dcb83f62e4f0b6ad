/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel for host tests: capability slots, Untypeds with the real rules of
 * retype and revoke, Pools, and nothing else. It fails a test when a program
 * loses track of its slots.
 */
#ifndef TESTS_SYSTEM_FAKE_KERNEL_H
#define TESTS_SYSTEM_FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "servers/lib/syscall.h"

#define FAKE_SLOTS 4096	       /* of the program under test */
#define FAKE_CLIENT_CSPACE 3   /* slot of a capability of another program's CSpace */
#define FAKE_CLIENT_FIRST 4096 /* where that CSpace's slots are in fake_slots */
#define FAKE_ALL (2 * FAKE_SLOTS)

struct fake_slot {
	enum object_type type;
	uint32_t parent; /* slot, 0 = none */
	bool primary, device;
	uint64_t base, size, used;
	uint64_t pages, extents; /* of a Pool */
};
extern struct fake_slot fake_slots[FAKE_ALL];

/* When not 0: that many more retypes succeed, then they fail. */
extern uint64_t fake_retypes_left;
/* Runs the calls to endpoints; returns the error of ipc_call. */
extern enum err (*fake_call)(uint32_t endpoint, struct message *m);

/* An empty kernel; free slots from `first` to `end`. Maps the start-up page if it is not yet. */
void fake_init(uint32_t first, uint32_t end);
void fake_untyped(uint32_t slot, uint64_t base, uint64_t size, bool device);
/* Bytes of the RAM Untyped at `slot` that live objects below it take. */
uint64_t fake_bytes_in_use(uint32_t slot);

#endif
