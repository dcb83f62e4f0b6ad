/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the random test. */
#ifndef TESTS_PAGER_RANDOM_PRIVATE_H
#define TESTS_PAGER_RANDOM_PRIVATE_H

#include "tests/pager/model.h"
#include "tests/pager/random.h"

extern const struct random_config *config;

/* Can a file be out of room: the disk's, or memory for tmpfs? */
bool may_be_full(void);
/* Do errors of this kind happen in this run? */
bool excused(int64_t status);
uint64_t address_of(unsigned slot);

/* Something at random; NULL or MODEL_PAGES if there is none. */
struct model_space *pick_space(void);
struct model_object *pick_object(void); /* one that is open */
struct model_object *free_object(void);
/* A range inside one arena: first slot and number of pages. */
unsigned pick_range(unsigned most, unsigned *pages);
unsigned pick_mapped(const struct model_space *m);
void fill_random(uint8_t *bytes, uint64_t n);

/* Private copies that the pager made on its own account show the bytes of now. */
void sync_copies(struct model_space *m, unsigned slot, unsigned pages);

/* What a thread's access must lead to: 0 or an enum pager_fault_code. */
int expected_code(const struct model_page *p, unsigned access);
/* How many bytes of a copy the model lets through. */
uint64_t copy_allowed(const struct model_space *m, uint64_t address, uint64_t n, unsigned access);
/* Check the status of a copy that should have moved `allowed` bytes; the bytes it moved. */
uint64_t copy_result(int64_t status, uint64_t allowed);
/* Bytes of a space as the model has them; *defined becomes false if some are not. */
void model_gather(const struct model_space *m, uint64_t address, uint64_t n, uint8_t *to,
		  bool *defined);
void model_scatter(struct model_space *m, uint64_t address, uint64_t n, const uint8_t *from);

void op_load(void);
void op_store(void);
void op_copy(void);
void op_exchange(void);
void op_map(void);
void op_unmap(void);
void op_protect(void);
void op_remap(void);
void op_advise(void);
void op_lock(void);
void op_fork(void);
void op_exit(void);
void op_create(void);
void op_open_close(void);
void op_unlink(void);
void op_write(void);
void op_read(void);
void op_truncate(void);
void op_sync(void);
void op_sync_range(void);

#endif
