/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Native system calls as C functions (kernel/abi/syscall.h has the register
 * convention). Messages are passed by pointer: words 0-9 in the struct, words
 * 10 and above in the thread's message buffer, message_buffer()->words[i].
 */
#ifndef SERVERS_LIB_SYSCALL_H
#define SERVERS_LIB_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/fault.h"
#include "kernel/abi/message.h"
#include "kernel/abi/object.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/window.h"

/* A slot of the program's own CSpace; 0 = none. */
typedef uint32_t cap_t;

struct message {
	uint64_t tag;
	uint64_t badge; /* received: badge of the sender, or signal bits */
	uint64_t words[MESSAGE_REGISTERS];
};

#ifdef __riscv
/* The raw call: message is sent and overwritten with what comes back. */
static inline enum err syscall_message(enum syscall number, uint64_t caps, struct message *m)
{
	register uint64_t a0 __asm__("a0") = caps;
	register uint64_t a1 __asm__("a1") = m->tag;
	register uint64_t a2 __asm__("a2") = m->words[0];
	register uint64_t a3 __asm__("a3") = m->words[1];
	register uint64_t a4 __asm__("a4") = m->words[2];
	register uint64_t a5 __asm__("a5") = m->words[3];
	register uint64_t a6 __asm__("a6") = m->words[4];
	register uint64_t a7 __asm__("a7") = number;
	register uint64_t t0 __asm__("t0") = m->words[5];
	register uint64_t t1 __asm__("t1") = m->words[6];
	register uint64_t t2 __asm__("t2") = m->words[7];
	register uint64_t t3 __asm__("t3") = m->words[8];
	register uint64_t t4 __asm__("t4") = m->words[9];
	register uint64_t t5 __asm__("t5") = 0;
	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
			   "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5)
			 : "r"(a7)
			 : "memory");
	m->tag = a1;
	m->badge = t5;
	m->words[0] = a2;
	m->words[1] = a3;
	m->words[2] = a4;
	m->words[3] = a5;
	m->words[4] = a6;
	m->words[5] = t0;
	m->words[6] = t1;
	m->words[7] = t2;
	m->words[8] = t3;
	m->words[9] = t4;
	return (enum err)a0;
}

/* System calls that carry a capability and no message. */
static inline enum err syscall_cap(enum syscall number, cap_t cap)
{
	register uint64_t a0 __asm__("a0") = cap;
	register uint64_t a7 __asm__("a7") = number;
	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
	return (enum err)a0;
}

/* The time counter, in ticks of startup()->timebase_hz. */
static inline uint64_t time_ticks(void)
{
	uint64_t t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	return t;
}
#else
/* On the build machine, host tests supply a kernel of their own. */
enum err syscall_message(enum syscall number, uint64_t caps, struct message *m);
enum err syscall_cap(enum syscall number, cap_t cap);
uint64_t time_ticks(void);
#endif

static inline enum err ipc_call(cap_t endpoint, struct message *m)
{
	return syscall_message(SYS_CALL, endpoint, m);
}

static inline enum err ipc_send(cap_t endpoint, struct message *m)
{
	return syscall_message(SYS_SEND, endpoint, m);
}

/* Wait for a message; its caller, if it called, is then held by `reply`. */
static inline enum err ipc_receive(cap_t endpoint, cap_t reply, struct message *m)
{
	return syscall_message(SYS_RECEIVE, endpoint | (uint64_t)reply << 32, m);
}

static inline enum err ipc_receive_nb(cap_t endpoint, cap_t reply, struct message *m)
{
	return syscall_message(SYS_RECEIVE_NB, endpoint | (uint64_t)reply << 32, m);
}

/* Answer the caller that `reply` holds, then receive with the same reply object. If `reply`
 * holds nobody, this is a plain receive. */
static inline enum err ipc_reply_receive(cap_t endpoint, cap_t reply, struct message *m)
{
	return syscall_message(SYS_REPLY_RECEIVE, endpoint | (uint64_t)reply << 32, m);
}

static inline enum err ipc_reply(cap_t reply, struct message *m)
{
	return syscall_message(SYS_REPLY, (uint64_t)reply, m);
}

static inline enum err notification_signal(cap_t notification)
{
	return syscall_cap(SYS_SIGNAL, notification);
}

/* Returns the bits. */
static inline enum err notification_wait(cap_t notification, uint64_t *bits)
{
	struct message m = {0};
	enum err err = syscall_message(SYS_WAIT, notification, &m);

	*bits = m.badge;
	return err;
}

static inline enum err notification_poll(cap_t notification, uint64_t *bits)
{
	struct message m = {0};
	enum err err = syscall_message(SYS_POLL, notification, &m);

	*bits = m.badge;
	return err;
}

static inline void thread_yield(void)
{
	syscall_cap(SYS_YIELD, 0);
}

/* Method of a kernel object: arguments in m->words, results come back there. */
static inline enum err invoke(cap_t object, enum method method, unsigned arguments,
			      struct message *m)
{
	m->tag = MESSAGE_TAG(method, arguments);
	return syscall_message(SYS_INVOKE, object, m);
}

/* The same for at most five arguments and no result. */
static inline enum err invoke5(cap_t object, enum method method, uint64_t a, uint64_t b, uint64_t c,
			       uint64_t d, uint64_t e)
{
	struct message m = {.words = {a, b, c, d, e}};

	return invoke(object, method, 5, &m);
}

#endif
