/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types that must not be mixed up: each wraps one number in a struct, so
 * that passing one for another does not compile. And the few helpers that
 * everything uses.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define HARTS_MAX 8

/* A physical address in bytes. */
struct paddr {
	uint64_t raw;
};

/* A set of harts by logical number: bit i is hart i, i < HARTS_MAX. */
struct hart_mask {
	uint32_t bits;
};

/* A physical range in bytes. */
struct phys_range {
	uint64_t base;
	uint64_t size;
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
#define NODISCARD __attribute__((warn_unused_result))

static inline uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline uint64_t align_down(uint64_t value, uint64_t power_of_two)
{
	return value & ~(power_of_two - 1);
}

#endif
