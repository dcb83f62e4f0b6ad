/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trap entry and return.
 *
 *   sscratch  in user mode: the current thread; in the kernel: 0
 *   tp        in user mode: the user's; in the kernel: the hart (kernel/hart.h)
 *
 * struct thread begins with pc, x1..x31, hart (asserted in objects.h);
 * struct hart begins with stack_top (asserted in hart.h).
 */
#define THREAD_PC 0
#define THREAD_HART 256
#define HART_STACK_TOP 0
#define EMERGENCY_STACK 2048

	.text
	.globl trap_entry
	.balign 4
trap_entry:
	csrrw tp, sscratch, tp
	beqz tp, kernel_trap
	/* tp = thread, sscratch = the user's tp */
	sd x1, 8(tp)
	sd x2, 16(tp)
	sd x3, 24(tp)
	sd x5, 40(tp)
	sd x6, 48(tp)
	sd x7, 56(tp)
	sd x8, 64(tp)
	sd x9, 72(tp)
	sd x10, 80(tp)
	sd x11, 88(tp)
	sd x12, 96(tp)
	sd x13, 104(tp)
	sd x14, 112(tp)
	sd x15, 120(tp)
	sd x16, 128(tp)
	sd x17, 136(tp)
	sd x18, 144(tp)
	sd x19, 152(tp)
	sd x20, 160(tp)
	sd x21, 168(tp)
	sd x22, 176(tp)
	sd x23, 184(tp)
	sd x24, 192(tp)
	sd x25, 200(tp)
	sd x26, 208(tp)
	sd x27, 216(tp)
	sd x28, 224(tp)
	sd x29, 232(tp)
	sd x30, 240(tp)
	sd x31, 248(tp)
	csrrw t0, sscratch, zero
	sd t0, 32(tp)
	csrr t1, sepc
	sd t1, THREAD_PC(tp)
	mv a0, tp
	ld tp, THREAD_HART(a0)
	ld sp, HART_STACK_TOP(tp)
	mv s0, zero /* the backtrace ends here */
	call trap_from_user

	/* a0 = thread */
	.globl trap_return
trap_return:
	csrw sscratch, a0
	ld t0, THREAD_PC(a0)
	csrw sepc, t0
	ld x1, 8(a0)
	ld x2, 16(a0)
	ld x3, 24(a0)
	ld x4, 32(a0)
	ld x5, 40(a0)
	ld x6, 48(a0)
	ld x7, 56(a0)
	ld x8, 64(a0)
	ld x9, 72(a0)
	ld x11, 88(a0)
	ld x12, 96(a0)
	ld x13, 104(a0)
	ld x14, 112(a0)
	ld x15, 120(a0)
	ld x16, 128(a0)
	ld x17, 136(a0)
	ld x18, 144(a0)
	ld x19, 152(a0)
	ld x20, 160(a0)
	ld x21, 168(a0)
	ld x22, 176(a0)
	ld x23, 184(a0)
	ld x24, 192(a0)
	ld x25, 200(a0)
	ld x26, 208(a0)
	ld x27, 216(a0)
	ld x28, 224(a0)
	ld x29, 232(a0)
	ld x30, 240(a0)
	ld x31, 248(a0)
	ld a0, 80(a0)
	sret

	/* A bug: tell about it. The stack may be what is broken. */
kernel_trap:
	csrrw tp, sscratch, tp
	la sp, emergency_stack_top
	call trap_from_kernel
1:	wfi
	j 1b

	.section .bss
	.balign 16
	.space EMERGENCY_STACK
emergency_stack_top:
