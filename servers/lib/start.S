/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a native program's first thread. The loader has zeroed bss and
 * set up:
 *
 *   a0   STARTUP_VA (a server) or BOOT_INFO_VA (the root task)
 *   sp   top of the stack, 16-byte aligned
 *
 * All other registers are 0. runtime_start never returns.
 */
	.section .text.start, "ax"
	.globl	_start
	.type	_start, @function
_start:
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	la	tp, first_thread_tls
	li	ra, 0
	tail	runtime_start
	.size	_start, . - _start

/*
 * Entry of a further thread (thread.c sets its registers): s0 function, a0
 * its argument; sp, gp and tp are set. The function must not return; if it
 * does, the thread ends like a program whose main returns.
 */
	.section .text.thread_entry, "ax"
	.globl	thread_entry
	.type	thread_entry, @function
thread_entry:
	jalr	s0
	ebreak
	j	thread_entry
	.size	thread_entry, . - thread_entry
