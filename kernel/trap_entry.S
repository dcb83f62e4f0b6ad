/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trap entry and return.
 *
 *   sscratch  in user mode: the current thread; in the kernel: 0
 *   tp        in user mode: the user's; in the kernel: the hart (kernel/hart.h)
 *
 * An ecall first goes to fast_ecall (kernel/fast.h) with only those registers
 * saved that a C function may change: sp, tp and the caller-saved ones. The
 * others (gp, which the kernel does not use, and s0-s11) still hold the user's
 * values when it returns, and are saved if another thread goes on.
 *
 * struct thread begins with pc, x1..x31, hart (asserted in objects.h);
 * struct hart begins with stack_top; `local` is where hart.h asserts it.
 */
#define THREAD_PC 0
#define THREAD_HART 256
#define HART_STACK_TOP 0
#define HART_LOCAL 12
#define EMERGENCY_STACK 2048
#define SCAUSE_ECALL_U 8

/* What a C function preserves, but for sp and tp. */
.macro save_preserved thread
	sd x3, 24(\thread)
	sd x8, 64(\thread)
	sd x9, 72(\thread)
	sd x18, 144(\thread)
	sd x19, 152(\thread)
	sd x20, 160(\thread)
	sd x21, 168(\thread)
	sd x22, 176(\thread)
	sd x23, 184(\thread)
	sd x24, 192(\thread)
	sd x25, 200(\thread)
	sd x26, 208(\thread)
	sd x27, 216(\thread)
.endm

/* a0 = thread: everything else, then to user mode. */
.macro return_to_user
	csrw sscratch, a0
	ld t0, THREAD_PC(a0)
	csrw sepc, t0
	ld x1, 8(a0)
	ld x2, 16(a0)
	ld x4, 32(a0)
	ld x5, 40(a0)
	ld x6, 48(a0)
	ld x7, 56(a0)
	ld x11, 88(a0)
	ld x12, 96(a0)
	ld x13, 104(a0)
	ld x14, 112(a0)
	ld x15, 120(a0)
	ld x16, 128(a0)
	ld x17, 136(a0)
	ld x28, 224(a0)
	ld x29, 232(a0)
	ld x30, 240(a0)
	ld x31, 248(a0)
	ld a0, 80(a0)
	sret
.endm

	.text
	.globl trap_entry
	.balign 4
trap_entry:
	csrrw tp, sscratch, tp
	beqz tp, kernel_trap
	/* tp = thread, sscratch = the user's tp */
	sd x1, 8(tp)
	sd x2, 16(tp)
	sd x5, 40(tp)
	sd x6, 48(tp)
	sd x7, 56(tp)
	sd x10, 80(tp)
	sd x11, 88(tp)
	sd x12, 96(tp)
	sd x13, 104(tp)
	sd x14, 112(tp)
	sd x15, 120(tp)
	sd x16, 128(tp)
	sd x17, 136(tp)
	sd x28, 224(tp)
	sd x29, 232(tp)
	sd x30, 240(tp)
	sd x31, 248(tp)
	csrrw t0, sscratch, zero
	csrr t1, sepc
	csrr t2, scause
	sd t0, 32(tp)
	mv a0, tp
	ld tp, THREAD_HART(a0)
	addi t2, t2, -SCAUSE_ECALL_U
	ld sp, HART_STACK_TOP(tp)
	bnez t2, other_trap
	addi t1, t1, 4 /* behind the ecall */
	sd t1, THREAD_PC(a0)
	/* a0 = thread, a1-a7 as the user gave them. Returns a0 = thread to run or 0, a1 = thread */
	call fast_ecall
	beqz a0, slow_ecall
	bne a0, a1, to_other
	return_to_user
to_other:
	save_preserved a1
	/* hart_local_leave: from here on other harts may run a1, or destroy it. */
	fence rw, w
	sw zero, HART_LOCAL(tp)
	j trap_return

slow_ecall:
	ld t1, THREAD_PC(a1)
	addi t1, t1, -4
	mv a0, a1
other_trap: /* a0 = thread, t1 = pc */
	sd t1, THREAD_PC(a0)
	save_preserved a0
	mv s0, zero /* the backtrace ends here */
	call trap_from_user

	/* a0 = thread */
	.globl trap_return
trap_return:
	ld x3, 24(a0)
	ld x8, 64(a0)
	ld x9, 72(a0)
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
	return_to_user

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
