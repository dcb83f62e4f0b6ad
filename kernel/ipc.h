/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message passing between threads. All functions need the kernel lock.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include "kernel/objects.h"

/* Register of message word i (kernel/abi/syscall.h). */
extern const uint8_t message_register[MESSAGE_REGISTERS];

static inline uint64_t message_word(const struct thread *t, unsigned i)
{
	return t->registers[message_register[i]];
}

static inline void set_message_word(struct thread *t, unsigned i, uint64_t value)
{
	t->registers[message_register[i]] = value;
}

#define REG_RA 1
#define REG_SP 2
#define REG_TP 4
#define REG_A0 10
#define REG_A1 11
#define REG_A7 17
#define REG_BADGE 30 /* t5 */

/* Set what a system call returns in a0. */
static inline void set_result(struct thread *t, enum err err)
{
	t->registers[REG_A0] = (uint64_t)err;
}

/* System calls of the current thread t. Results are in its registers on return, unless it waits. */
void ipc_call(struct thread *t);
void ipc_send(struct thread *t, bool may_block);
void ipc_receive(struct thread *t, bool may_block);
void ipc_reply(struct thread *t);
/* The answer half of SYS_REPLY_RECEIVE has been prepared by items; does both halves. */
void ipc_reply_receive(struct thread *t);

/* Make t, whose message the kernel speaks for, wait for the endpoint named by one of its own
 * embedded slots or its window's. If there is none the thread is stopped and reported. */
void ipc_kernel_call(struct thread *t, const struct cap_slot *endpoint, enum send_kind kind);

/* End the wait of t, whatever it is, with ERR_CANCELLED or by doing again what it waited for. */
void ipc_cancel(struct thread *t);

/* t, which receives, has been given something else: it waits no more. */
void ipc_end_receive(struct thread *t);

/* Take t out of the queue or reply object it waits in; what it lent comes back. It is STOPPED. */
void ipc_detach(struct thread *t);
/* The same, and out of whatever it serves, for its destruction. */
void ipc_forget(struct thread *t);

/* Destruction; false = preempted, call again. */
bool endpoint_destroy(struct endpoint *endpoint);
void reply_destroy(struct reply *reply);

#endif
