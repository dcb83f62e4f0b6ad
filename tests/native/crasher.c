/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that faults when asked to, for libtest.c. */
#include <stdlib.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "tests/native/crasher.h"

static unsigned recurse(volatile unsigned *last)
{
	volatile unsigned here[64];

	here[0] = *last + 1;
	return recurse(here) + here[0];
}

static void crash(uint64_t kind)
{
	volatile unsigned start = 0;

	switch (kind) {
	case CRASH_NULL:
		*(volatile int *)8 = 1;
		break;
	case CRASH_STACK:
		recurse(&start);
		break;
	case CRASH_WRITE_TEXT:
		*(volatile int *)(uintptr_t)program_name = 1;
		break;
	case CRASH_ILLEGAL:
		__asm__ volatile("unimp");
		break;
	case CRASH_EXECUTE_HEAP:
		((void (*)(void))malloc(64))();
		break;
	default:
		fatal("crasher: told to end\n");
	}
}

int main(void)
{
	cap_t endpoint = startup_cap_required("crasher");
	cap_t reply = object_create(OBJECT_REPLY, 0);
	struct message m = {0};

	for (;;) {
		if (ipc_reply_receive(endpoint, reply, &m) != ERR_OK)
			fatal("crasher: cannot receive\n");
		if (message_label(m.tag) == CRASHER_CRASH)
			crash(m.words[0]);
		m.tag = MESSAGE_TAG(0, 1);
		m.words[0] = *(uint64_t *)startup_region("test-shared")->address;
	}
}
