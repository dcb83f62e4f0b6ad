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
	.irp n, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	sd x\n, 8 * \n(\thread)
	.endr
.endm

/*
 * a0 = thread: everything else, then to user mode. If it is another one than
 * before, a reservation made by lr must not serve its sc, and sret need not end
 * it: storing what is there does (privileged specification, 3.3.2). No test
 * shows this, since the emulator ends reservations at every trap.
 */
.macro return_to_user other
	csrw sscratch, a0
	ld t0, THREAD_PC(a0)
	csrw sepc, t0
	.if \other
	sc.d zero, t0, (a0)
	.endif
	.irp n, 1, 2, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	ld x\n, 8 * \n(a0)
	.endr
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
	.irp n, 1, 2, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
	sd x\n, 8 * \n(tp)
	.endr
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
	return_to_user other=0
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
	call trap_from_user

	/* a0 = thread */
	.globl trap_return
trap_return:
	.irp n, 3, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
	ld x\n, 8 * \n(a0)
	.endr
	return_to_user other=1

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
