/* SPDX-License-Identifier: BSD-2-Clause */
/* See objects.c. */
#ifndef TESTS_PROOF_OBJECTS_H
#define TESTS_PROOF_OBJECTS_H

#include "kernel/cap.h"
#include "tests/proof/proof.h"

/* Something said that it is not done yet. */
extern bool interrupted;

/* In place of destroy() and detach(), where what they do is not the question. */
bool any_bool(struct cap_slot *slot);

#endif
