/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native system calls: numbers and register convention.
 *
 *   register          on entry                          on return
 *   a7                system call number                preserved
 *   a0                capability | reply cap << 32      enum err
 *   a1                message tag (message.h)           tag of the message received
 *   a2-a6, t0-t4      message words 0-4, 5-9            message words 0-4, 5-9
 *   t5                -                                 badge of the sender, or signal bits
 *
 * All other registers are preserved. Words 10 and above travel in the two
 * threads' message buffers. Where the call carries nothing back (send,
 * signal, yield) only a0 changes.
 *
 * A thread with a personality handler reaches none of these: each of its
 * ecalls is a call on its handler endpoint (fault.h).
 */
#ifndef KERNEL_ABI_SYSCALL_H
#define KERNEL_ABI_SYSCALL_H

/* X(name, number, what it does) */
#define SYSCALL_LIST(X)                                                                            \
	X(SYS_CALL, 0, "send to an endpoint, wait for the one-shot reply")                         \
	X(SYS_REPLY_RECEIVE, 1,                                                                    \
	  "run the items in the buffer, answer through the reply object, then receive with it")    \
	X(SYS_SEND, 2, "send to an endpoint; wait until it is received")                           \
	X(SYS_SEND_NB, 3, "send to an endpoint if a receiver waits, else ERR_WOULD_BLOCK")         \
	X(SYS_RECEIVE, 4, "wait for a message or for the bound notification")                      \
	X(SYS_RECEIVE_NB, 5, "receive if a message or signal is there, else ERR_WOULD_BLOCK")      \
	X(SYS_REPLY, 6, "answer through a reply object without waiting")                           \
	X(SYS_SIGNAL, 7, "or the badge of the capability into a notification's word")              \
	X(SYS_WAIT, 8, "wait until a notification's word is not 0, take and clear it")             \
	X(SYS_POLL, 9, "take and clear a notification's word, which may be 0")                     \
	X(SYS_YIELD, 10, "go to the end of the run queue of one's priority")                       \
	X(SYS_INVOKE, 11, "run a method of a kernel object (object.h)")                            \
	X(SYS_WINDOW, 12, "run the window items in the message buffer (window.h)")

enum syscall {
#define SYSCALL_ENUM(name, number, text) name = number,
	SYSCALL_LIST(SYSCALL_ENUM)
#undef SYSCALL_ENUM
};

#endif
