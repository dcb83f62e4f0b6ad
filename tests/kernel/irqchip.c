/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real kernel/irqchip.c, plic.c, aplic.c and imsic.c on models of the
 * controllers (irqchip_model.h): devices raise and lower wires, drivers enable,
 * acknowledge and disable, harts claim, messages arrive late and out of order,
 * all at random. `kernel_irqchip [operations [seed]]`.
 *
 * Fails if a claimed or disabled source is claimed, or one of another hart;
 * if, when all is quiet, a source that is enabled and not claimed still has its
 * level up or an edge that nobody was told; if a level that is down comes again
 * after its acknowledgement; if a hart is interrupted without end; if something
 * is pending after the start; if a register is used that does not exist.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/hart.h"
#include "kernel/irqchip_private.h"
#include "tests/kernel/irqchip_model.h"

#define OPERATIONS 500000
#define MACHINES 100 /* each operations / MACHINES are one's */
#define HART_NONE MODEL_HARTS
#define CLAIMS_MAX 1000 /* of one hart in a row */

/* What the test knows of a source. */
static struct {
	unsigned hart;
	enum irq_trigger trigger;
	bool is_claimed, is_owed; /* an edge that no claim told of */
	bool must_be_quiet;	  /* down since its acknowledgement */
} known[MODEL_SOURCES + 1];

static const char *name;
static unsigned seed, operation;
static unsigned passed, failed;

void model_fail(const char *format, ...)
{
	va_list arguments;

	printf("FAIL %s seed %u operation %u: ", name, seed, operation);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n%u passed, %u failed\n", passed, failed + 1);
	exit(1);
}

static bool is_edge(unsigned source)
{
	return machine.irqchip != IRQCHIP_PLIC && (known[source].trigger == IRQ_EDGE_RISING ||
						   known[source].trigger == IRQ_EDGE_FALLING);
}

/* The device asks for service, or would at an edge. */
static bool is_asserted(unsigned source)
{
	bool is_low =
		machine.irqchip != IRQCHIP_PLIC && (known[source].trigger == IRQ_EDGE_FALLING ||
						    known[source].trigger == IRQ_LEVEL_LOW);

	return model_wire(source) != is_low;
}

static uint32_t claim(void)
{
	uint32_t source = irqchip_claim();

	if (source == 0) {
		return 0;
	}
	if (source > MODEL_SOURCES || known[source].hart == HART_NONE) {
		model_fail("source %u is claimed but off", source);
	}
	if (known[source].hart != hart_index()) {
		model_fail("source %u of hart %u is claimed on %u", source, known[source].hart,
			   hart_index());
	}
	if (known[source].is_claimed) {
		model_fail("source %u is claimed again before its completion", source);
	}
	if (known[source].must_be_quiet) {
		model_fail("source %u comes again, but nobody asked", source);
	}
	known[source].is_claimed = true;
	known[source].is_owed = false;
	return source;
}

/* What the kernel does on an external interrupt. */
static void take_interrupts(unsigned hart)
{
	model_run_on(hart);
	for (unsigned claims = 0; model_is_interrupted(hart); claims++) {
		if (claims == CLAIMS_MAX) {
			model_fail("hart %u is interrupted without end", hart);
		}
		while (claim() != 0) {
		}
	}
}

static void settle(void)
{
	bool is_busy = true;

	while (is_busy) {
		is_busy = false;
		while (model_deliver_one()) {
		}
		for (unsigned hart = 0; hart < MODEL_HARTS; hart++) {
			if (model_is_interrupted(hart)) {
				is_busy = true;
				take_interrupts(hart);
			}
		}
	}
	for (unsigned source = 1; source <= MODEL_SOURCES; source++) {
		if (known[source].hart == HART_NONE || known[source].is_claimed) {
			continue;
		}
		if (known[source].is_owed) {
			model_fail("an edge of source %u is lost", source);
		}
		if (!is_edge(source) && is_asserted(source)) {
			model_fail("the level of source %u is lost", source);
		}
	}
}

static void set_wire(unsigned source, bool is_high)
{
	bool before = is_asserted(source);

	model_set_wire(source, is_high);
	if (is_asserted(source) && !before) {
		known[source].must_be_quiet = false;
		known[source].is_owed = is_edge(source) && known[source].hart != HART_NONE;
	}
}

static void complete(unsigned source)
{
	bool is_served = known[source].is_claimed && !is_edge(source) && !is_asserted(source) &&
			 machine.irqchip != IRQCHIP_PLIC && !model_has_message(source);

	irqchip_complete(source);
	known[source].is_claimed = false;
	if (is_served) {
		known[source].must_be_quiet = true;
	}
}

static void enable(unsigned source, unsigned hart)
{
	/* The kernel takes the first hart that can if that one cannot. */
	unsigned wanted = hart == MODEL_HARTS - 1 ? 0 : hart;

	irqchip_enable(source, hart);
	if (known[source].hart != wanted) {
		known[source].is_claimed = false;
		known[source].is_owed = false;
		known[source].must_be_quiet = false;
	}
	known[source].hart = wanted;
}

static void disable(unsigned source)
{
	irqchip_disable(source);
	known[source].hart = HART_NONE;
	known[source].is_claimed = false;
	known[source].is_owed = false;
	known[source].must_be_quiet = false;
}

static void set_trigger(unsigned source)
{
	static const enum irq_trigger triggers[] = {IRQ_DEFAULT, IRQ_EDGE_RISING, IRQ_EDGE_FALLING,
						    IRQ_LEVEL_HIGH, IRQ_LEVEL_LOW};

	disable(source);
	known[source].trigger = triggers[model_random(ARRAY_SIZE(triggers))];
	irqchip_set_trigger(source, known[source].trigger);
}

/* A device with power over memory writes to an IMSIC. */
static void inject(void)
{
	unsigned hart = model_random(MODEL_HARTS - 1);
	uint32_t identity = model_random(MODEL_IDENTITIES + 2);

	if (machine.irqchip != IRQCHIP_IMSIC) {
		return;
	}
	if (identity >= 1 && identity <= MODEL_SOURCES) {
		known[identity].must_be_quiet = false;
	}
	model_inject(hart, identity);
}

static void operate(void)
{
	unsigned source = 1 + model_random(MODEL_SOURCES);
	unsigned hart = model_random(MODEL_HARTS);

	model_run_on(model_random(MODEL_HARTS));
	switch (model_random(16)) {
	case 0:
		enable(source, hart);
		break;
	case 1:
		if (model_random(4) == 0) {
			disable(source);
		} else if (model_random(4) == 0) {
			set_trigger(source);
		}
		break;
	case 2:
		if (model_random(8) == 0) {
			inject();
		}
		break;
	case 3:
	case 4:
	case 5:
		complete(source);
		break;
	case 6:
	case 7:
		model_deliver_one();
		break;
	case 8:
	case 9:
		claim(); /* pending or not: interrupts may be spurious */
		break;
	case 10:
		take_interrupts(hart);
		break;
	default:
		set_wire(source, model_random(2) != 0);
	}
}

static void start(enum irqchip_kind kind, bool is_sticky)
{
	model_reset(kind, is_sticky);
	memset(irqchip_sources, 0, sizeof(irqchip_sources));
	memset(known, 0, sizeof(known));
	for (unsigned source = 0; source <= MODEL_SOURCES; source++) {
		known[source].hart = HART_NONE;
	}
	irqchip_init();
	for (unsigned hart = 0; hart < MODEL_HARTS; hart++) {
		model_run_on(hart);
		irqchip_hart_init(hart);
	}
	for (unsigned hart = 0; hart < MODEL_HARTS; hart++) {
		if (model_is_interrupted(hart)) {
			model_fail("hart %u is interrupted at the start", hart);
		}
	}
}

static void run(const char *what, enum irqchip_kind kind, bool is_sticky, unsigned operations)
{
	name = what;
	for (operation = 0; operation < operations; operation++) {
		if (operation % (operations / MACHINES + 1) == 0) {
			start(kind, is_sticky);
		}
		operate();
		if (model_random(64) == 0) {
			settle();
		}
	}
	passed++;
	printf("PASS %s\n", what);
}

int main(int argc, char **argv)
{
	unsigned operations = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : OPERATIONS;

	seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 1;
	model_seed(seed);
	run("plic", IRQCHIP_PLIC, false, operations);
	run("aplic", IRQCHIP_APLIC, false, operations);
	run("aplic_sticky", IRQCHIP_APLIC, true, operations);
	run("imsic", IRQCHIP_IMSIC, false, operations);
	run("imsic_sticky", IRQCHIP_IMSIC, true, operations);
	printf("%u passed, 0 failed\n", passed);
	return 0;
}
