/* SPDX-License-Identifier: BSD-2-Clause */
/* Host tests: native system calls as plain functions, see fake_servers.c. */
#ifndef SERVERS_LIB_SYSCALL_H
#define SERVERS_LIB_SYSCALL_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errors.h"
#include "kernel/abi/message.h"
#include "kernel/abi/object.h"

typedef uint32_t cap_t;

struct message {
	uint64_t tag, badge;
	uint64_t words[MESSAGE_REGISTERS];
};

enum err ipc_call(cap_t endpoint, struct message *m);
enum err invoke(cap_t object, enum method method, unsigned arguments, struct message *m);

#endif
