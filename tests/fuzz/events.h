/* SPDX-License-Identifier: BSD-2-Clause */
/* What events.c and calls.c share. */
#ifndef TESTS_FUZZ_EVENTS_H
#define TESTS_FUZZ_EVENTS_H

#include "tests/fuzz/fuzz.h"

void events_reset(void);

/* calls.c: registers and message buffer of t for a call, chosen by an event's bytes. */
void call_ipc(struct thread *t, const uint8_t *event);
void call_signal(struct thread *t, const uint8_t *event);
void call_method(struct thread *t, const uint8_t *event);
void call_window(struct thread *t, const uint8_t *event);
void call_raw(struct thread *t);
/* The thread whose FPU state t's call is going to set, or NULL. */
struct thread *call_writes_fpu(const struct thread *t);
void calls_reset(void);
/* A page that a window item was about. */
uint64_t recent_page(unsigned i);
/* boot_thread does something for a thread of the root CSpace, on this hart, which idles. */
void help_from_outside(const uint8_t *event);

#endif
