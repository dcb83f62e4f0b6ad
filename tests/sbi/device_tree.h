/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the cases of device_tree.c and irqchip.c share. Each case runs in a
 * process of its own.
 */
#ifndef TESTS_SBI_DEVICE_TREE_H
#define TESTS_SBI_DEVICE_TREE_H

#include <stdio.h>
#include <unistd.h>

#include "sbi/machine.h"

/* In a case: say where, and end it. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: %s", __FILE_NAME__, __LINE__, #condition);                  \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Have dtc compile the source, and the code under test read the blob. */
void read_tree(const char *source, uint64_t boot_hart);

/* Cases of irqchip.c. */
void test_aplic(void);
void test_imsic(void);
void test_imsic_m_mode_first(void);
void test_aplic_both_modes(void);
void test_aplic_hart_indexes(void);
void test_aplic_small(void);
void test_aplic_other_level(void);
void test_aplic_off(void);
void test_imsic_addresses(void);
void test_imsic_few_identities(void);
void test_imsic_absent(void);

#endif
