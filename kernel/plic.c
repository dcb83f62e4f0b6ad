/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLIC (RISC-V PLIC Specification 1.0). Each hart has a context in it, whose
 * number the device tree gives.
 *
 * A gateway forwards no further interrupt of a source until its completion,
 * which is a write of the source number to the claim register of the context
 * that claimed it. That register can be written from any hart, but the write
 * is ignored if the source is not enabled for the context ("Interrupt
 * Completion" chapter). So a claimed source stays enabled where it is: the
 * source's hart is where it was and will be claimed, and moving or disabling
 * it completes it first.
 */
#include "kernel/irqchip_private.h"

#define PRIORITY(source) (4u * (source))
#define ENABLE(context, source) (0x2000u + 0x80u * (context) + 4u * ((source) / 32))
#define THRESHOLD(context) (0x200000u + 0x1000u * (context))
#define CLAIM(context) (0x200004u + 0x1000u * (context))

static void set_enabled(unsigned source, bool is_enabled)
{
	uint32_t word = ENABLE(machine.irqchip_context[irqchip_sources[source].hart], source);
	uint32_t bit = 1u << (source % 32);
	uint32_t bits = irqchip_read(word);

	irqchip_write(word, is_enabled ? bits | bit : bits & ~bit);
}

static void plic_init(void)
{
	for (unsigned source = 1; source <= machine.irqchip_sources; source++) {
		irqchip_write(PRIORITY(source), 0);
	}
}

static void plic_hart_init(unsigned hart)
{
	unsigned context = machine.irqchip_context[hart];

	for (unsigned source = 0; source <= machine.irqchip_sources; source += 32) {
		irqchip_write(ENABLE(context, source), 0);
	}
	irqchip_write(THRESHOLD(context), 0);
}

static void plic_complete(unsigned source, unsigned hart)
{
	irqchip_write(CLAIM(machine.irqchip_context[hart]), source);
}

static void plic_enable(unsigned source)
{
	set_enabled(source, true);
	/* Last: QEMU looks at what is pending when a priority changes, not at an enable bit. */
	irqchip_write(PRIORITY(source), 1);
}

static void plic_disable(unsigned source)
{
	if (irqchip_sources[source].is_claimed) {
		plic_complete(source, irqchip_sources[source].hart);
	}
	set_enabled(source, false);
	irqchip_write(PRIORITY(source), 0);
}

static uint32_t plic_claim(unsigned hart)
{
	return irqchip_read(CLAIM(machine.irqchip_context[hart]));
}

const struct irqchip irqchip_plic = {
	.init = plic_init,
	.hart_init = plic_hart_init,
	.enable = plic_enable,
	.disable = plic_disable,
	.claim = plic_claim,
	.complete = plic_complete,
};
