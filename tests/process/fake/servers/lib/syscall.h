/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests: native system calls as plain functions, see fake.c. */
#ifndef SERVERS_LIB_SYSCALL_H
#define SERVERS_LIB_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/fault.h"
#include "kernel/abi/message.h"
#include "kernel/abi/object.h"

typedef uint32_t cap_t;

struct message {
	uint64_t tag, badge;
	uint64_t words[MESSAGE_REGISTERS];
};

enum err ipc_reply(cap_t reply, struct message *m);
enum err invoke(cap_t object, enum method method, unsigned arguments, struct message *m);
enum err invoke5(cap_t object, enum method method, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		 uint64_t e);
uint64_t time_ticks(void);

#endif
