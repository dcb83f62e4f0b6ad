/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol of crasher.c, a server that faults when asked to. */
#ifndef TESTS_NATIVE_CRASHER_H
#define TESTS_NATIVE_CRASHER_H

enum crasher_label {
	CRASHER_COUNT = 1, /* answer: word 0 of the shared region */
	CRASHER_CRASH = 2, /* word 0: enum crash_kind; never answered */
};

enum crash_kind {
	CRASH_NULL,
	CRASH_STACK,
	CRASH_WRITE_TEXT,
	CRASH_ILLEGAL,
	CRASH_FATAL,
	CRASH_EXECUTE_HEAP,
	CRASH_KINDS,
};

#endif
