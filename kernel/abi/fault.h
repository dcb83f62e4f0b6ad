/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that the kernel makes on behalf of a thread, and the answers it
 * takes. Each is a call: the thread waits for the one-shot answer.
 */
#ifndef KERNEL_ABI_FAULT_H
#define KERNEL_ABI_FAULT_H

enum kernel_label {
	/*
	 * An ecall of a thread with a personality handler. Words 0-7: a0-a7;
	 * badge: the handler's. pc is already behind the ecall. Answer of n
	 * words (0..8) sets a0..a(n-1) and resumes.
	 */
	LABEL_ECALL = 0xffff0001u,
	/*
	 * An exception, or a page fault that no window covers or that the
	 * pager failed. To the handler. Words: scause code, stval, pc, and the
	 * pager's code (0 if no pager was asked). Answer resumes with the
	 * registers as they are then (see THREAD_WRITE_REGISTERS), with label
	 * EXCEPTION_SET_PC at the address in word 0.
	 */
	LABEL_EXCEPTION = 0xffff0002u,
	/*
	 * A page fault in a window. To the window's fault endpoint, with the
	 * window's badge. Words: address, access (FAULT_READ...), pc, and the
	 * thread's fault count. Answer: label FAULT_RESUME (retry the access)
	 * or FAULT_FAIL with word 0 a code, which turns it into an exception.
	 */
	LABEL_FAULT = 0xffff0003u,
	/*
	 * The budget that the thread runs on is used up, and THREAD_SET_HANDLER
	 * asked for a report. To the handler. Words: ticks that its scheduling
	 * context has used in all, time of the next replenishment in ticks.
	 * After the answer it runs when there is budget again.
	 */
	LABEL_EXHAUSTED = 0xffff0005u,
	/* Not a call: a receive that took the bound notification's word; badge = the bits. */
	LABEL_NOTIFICATION = 0xffff0004u,
};

enum fault_access { FAULT_READ = 1, FAULT_WRITE = 2, FAULT_EXECUTE = 4 };
enum fault_answer { FAULT_RESUME = 0, FAULT_FAIL = 1 };
enum exception_answer { EXCEPTION_RESUME = 0, EXCEPTION_SET_PC = 1 };

#endif
