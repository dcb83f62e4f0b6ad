/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One access to memory each, at the address in a0. Where the MMU refuses it,
 * the thread's exception handler goes on at access_refused: ra is then the
 * place behind the call, also when the jump in access_fetch was refused.
 */
	.text
	.globl	access_load, access_store, access_fetch, access_refused

/* uint64_t access_load(uint64_t address); */
access_load:
	ld	a0, 0(a0)
	ret

/* uint64_t access_store(uint64_t address, uint64_t value); 0, or ACCESS_REFUSED */
access_store:
	sd	a1, 0(a0)
	li	a0, 0
	ret

/* uint64_t access_fetch(uint64_t address); what the code there returns */
access_fetch:
	addi	sp, sp, -16
	sd	ra, 8(sp)
	jalr	a0
	ld	ra, 8(sp)
	addi	sp, sp, 16
	ret

/* ACCESS_REFUSED */
access_refused:
	li	a0, -1
	ret
