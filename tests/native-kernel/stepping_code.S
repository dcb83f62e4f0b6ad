/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routine that stepping.c steps through: void (struct { word; result } *).
 * It adds 1 to the word by lr and sc and stores 10 as the result. It holds no
 * address and is copied to where it runs. Each line is one instruction with
 * its number, of 32 (o) or 16 bits (c); stepped_trace lists, as offsets, those
 * that a step begins at, in order.
 */
	.option norelax
	.section .rodata.stepped, "a"

	.macro o number:req, text:vararg
	.option push
	.option norvc
at_\number:
	\text
	.option pop
	.endm

	.macro c number:req, text:vararg
at_\number:
	\text
	.endm

	.globl	stepped_code, stepped_entry, stepped_code_end
	.balign 4
stepped_code:
	/* Two functions: each adds 1 to the sum. */
	c 60,	c.addi	a2, 1
	c 61,	c.jr	ra
	o 62,	addi	a2, a2, 1
	o 63,	jalr	zero, 0(t0)
stepped_entry:
	o 0,	add	t3, a0, zero
	c 1,	c.li	a1, 3
	c 2,	c.li	a2, 0
	/* 3 + 2 + 1 */
	o 3,	add	a2, a2, a1
	c 4,	c.addi	a1, -1
	c 5,	c.bnez	a1, at_3
	/* Each comparison, taken and not, signed and not. */
	o 6,	addi	t0, zero, -1
	o 7,	addi	t1, zero, 1
	o 8,	beq	t0, t1, at_99
	o 9,	bne	t0, t1, at_11
	o 10,	unimp
	o 11,	blt	t0, t1, at_13
	o 12,	unimp
	o 13,	bge	t0, t1, at_99
	o 14,	bltu	t0, t1, at_99
	o 15,	bgeu	t0, t1, at_17
	o 16,	unimp
	o 17,	beq	t0, t0, at_19
	o 18,	unimp
	o 19,	bne	t0, t0, at_99
	o 20,	blt	t1, t0, at_99
	o 21,	bge	t1, t0, at_23
	o 22,	unimp
	o 23,	bltu	t1, t0, at_25
	o 24,	unimp
	o 25,	bgeu	t1, t0, at_99
	c 26,	c.beqz	a1, at_28
	c 27,	c.unimp
	c 28,	c.bnez	a1, at_99
	c 29,	c.beqz	a2, at_99
	c 30,	c.j	at_32
	c 31,	c.unimp
	/* Calls and jumps. */
	o 32,	add	a5, ra, zero
	o 33,	jal	ra, at_60
	o 34,	auipc	t2, %pcrel_hi(at_60)
	o 35,	jalr	ra, %pcrel_lo(at_34)(t2)
	o 36,	auipc	a4, %pcrel_hi(at_60)
	o 37,	addi	a4, a4, %pcrel_lo(at_36)
	c 38,	c.jalr	a4
	o 39,	auipc	t2, 0
	o 40,	jalr	t2, 12(t2) /* to 42, with the same register */
	o 41,	unimp
	o 42,	jal	t0, at_62
	o 43,	jal	zero, at_45
	o 44,	unimp
	/* A sequence that goes through, and one that is left: the word is not 0. */
	o 45,	lr.d	t0, (t3)
	o 46,	addi	t1, t0, 1
	o 47,	sc.d	t2, t1, (t3)
	o 48,	bne	t2, zero, at_45
	o 49,	lr.d	t0, (t3)
	o 50,	bne	t0, zero, at_53
	o 51,	sc.d	t2, zero, (t3)
	o 52,	bne	t2, zero, at_49
	o 53,	amoadd.d zero, zero, (t3)
	o 54,	addi	a7, zero, 10 /* SYS_YIELD */
	o 55,	ecall
	o 56,	fence	rw, rw
	o 57,	sd	a2, 8(t3)
	c 58,	c.jr	a5
	o 99,	unimp
stepped_code_end:

	.macro trace numbers:vararg
	.irp	number, \numbers
	.2byte	at_\number - stepped_code
	.endr
	.endm

	.globl	stepped_trace, stepped_trace_end
	.balign 2
stepped_trace:
	trace 0, 1, 2, 3, 4, 5, 3, 4, 5, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 15, 17, 19, 20, 21, 23, 25
	trace 26, 28, 29, 30, 32, 33, 60, 61, 34, 35, 60, 61, 36, 37, 38, 60, 61, 39, 40, 42, 62, 63
	trace 43, 45, 49, 53, 54, 55, 56, 57, 58
stepped_trace_end:
