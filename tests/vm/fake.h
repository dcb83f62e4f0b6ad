/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vm/csr.h gives to vm/ in host tests instead of instructions. fake.c.
 */
#ifndef TESTS_VM_FAKE_H
#define TESTS_VM_FAKE_H

#include "kernel/types.h"

struct vm_image;
struct vm_space;

void vm_assert_at(bool condition, const char *file, int line);
#define vm_assert(condition) vm_assert_at(condition, __FILE__, __LINE__)
void satp_write(uint64_t value);
uint64_t satp_read(void);
void sfence_all(void);
void sfence_asid(uint64_t asid);
void sfence_page(uint64_t address, uint64_t asid);
void sfence_w_inval(void);
void sinval_page(uint64_t address, uint64_t asid);
void sfence_inval_ir(void);
void fence_i(void);
void zero_block(void *block);
bool vm_preempt_pending(void);
void pte_trace(const uint64_t *pte, uint64_t value);
struct vm_image vm_image(void);
unsigned hart_index(void);
struct vm_space **vm_current_space(unsigned hart);
void vm_count_remote_fence(uint32_t mask);

#endif
