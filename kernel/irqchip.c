/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See irqchip.h. Here is the state of each source; the controllers only move
 * it to and from their registers.
 */
#include "kernel/irqchip.h"

#include "kernel/hart.h"
#include "kernel/irqchip_private.h"

#define HART_NONE HARTS_MAX

struct irqchip_source irqchip_sources[IRQCHIP_SOURCES_MAX];

static const struct irqchip *const chips[] = {
	[IRQCHIP_NONE] = NULL,
	[IRQCHIP_PLIC] = &irqchip_plic,
	[IRQCHIP_APLIC] = &irqchip_aplic,
	[IRQCHIP_IMSIC] = &irqchip_imsic,
};

static const struct irqchip *chip; /* not NULL if any hart has a context */

static bool has_context(unsigned hart)
{
	return hart < machine.hart_count && machine.irqchip_context[hart] != IRQCHIP_NO_CONTEXT;
}

void irqchip_init(void)
{
	chip = chips[machine.irqchip];
	for (unsigned source = 0; source < IRQCHIP_SOURCES_MAX; source++) {
		irqchip_sources[source].hart = HART_NONE;
	}
	if (chip != NULL) {
		chip->init();
	}
}

void irqchip_hart_init(unsigned hart)
{
	if (has_context(hart)) {
		chip->hart_init(hart);
	}
}

bool irqchip_is_source(unsigned source)
{
	return source >= 1 && source <= machine.irqchip_sources;
}

void irqchip_set_trigger(unsigned source, enum irq_trigger trigger)
{
	if (irqchip_is_source(source)) {
		irqchip_sources[source].trigger = (uint8_t)trigger;
	}
}

void irqchip_enable(unsigned source, unsigned hart)
{
	if (!irqchip_is_source(source)) {
		return;
	}
	for (unsigned i = 0; i < machine.hart_count && !has_context(hart); i++) {
		hart = i;
	}
	if (!has_context(hart) || irqchip_sources[source].hart == hart) {
		return;
	}
	irqchip_disable(source);
	irqchip_sources[source].hart = hart & 0x7f;
	chip->enable(source);
}

void irqchip_disable(unsigned source)
{
	if (!irqchip_is_source(source) || irqchip_sources[source].hart == HART_NONE) {
		return;
	}
	chip->disable(source);
	irqchip_sources[source].hart = HART_NONE;
	irqchip_sources[source].is_claimed = false;
}

uint32_t irqchip_claim(void)
{
	unsigned hart = hart_index();
	struct irqchip_source *source;
	uint32_t number;

	if (machine.irqchip_context[hart] == IRQCHIP_NO_CONTEXT) {
		return 0;
	}
	number = chip->claim(hart);
	if (!irqchip_is_source(number)) {
		return 0; /* claimed for ever: silent */
	}
	source = &irqchip_sources[number];
	if (source->is_claimed) {
		return 0; /* a message sent before the claim, which covers what it tells */
	}
	if (source->hart != hart) {
		/* Not enabled here: give it back, or it would be silent where it is. */
		chip->complete(number, hart);
		return 0;
	}
	source->is_claimed = true;
	return number;
}

void irqchip_complete(unsigned source)
{
	if (!irqchip_is_source(source) || !irqchip_sources[source].is_claimed) {
		return;
	}
	irqchip_sources[source].is_claimed = false;
	chip->complete(source, irqchip_sources[source].hart);
}
