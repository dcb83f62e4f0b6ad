/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt controllers as their specifications have them, for irqchip.c of
 * this folder: the registers that kernel/ drives, wires of devices, harts.
 * What a specification leaves open is decided at random, reset state too.
 */
#ifndef TESTS_KERNEL_IRQCHIP_MODEL_H
#define TESTS_KERNEL_IRQCHIP_MODEL_H

#include "kernel/irqchip.h"
#include "sbi/machine.h"

#define MODEL_HARTS 4	     /* the last one has no context */
#define MODEL_SOURCES 40     /* that the kernel is told of */
#define MODEL_IMPLEMENTED 63 /* that there are */
#define MODEL_IDENTITIES 127

/* Of a new machine. `is_sticky`: like QEMU, an APLIC's pending bit of a level stays when the wire
 * falls, until it is looked at. */
void model_reset(enum irqchip_kind kind, bool is_sticky);

/* The hart that runs. */
void model_run_on(unsigned hart);

void model_set_wire(unsigned source, bool is_high);
bool model_wire(unsigned source);

/* True if the hart's external interrupt is pending. */
bool model_is_interrupted(unsigned hart);

/* Messages that are under way: let one arrive, any; false if there is none. */
bool model_deliver_one(void);

/* True if a message of the source is under way or has arrived and is not claimed. */
bool model_has_message(unsigned source);

/* Somebody else writes to an IMSIC. */
void model_inject(unsigned hart, uint32_t identity);

/* Uniform in 0..limit-1. */
unsigned model_random(unsigned limit);
void model_seed(unsigned seed);

/* What was read or written does not exist, or worse: print it and give up. */
_Noreturn void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
