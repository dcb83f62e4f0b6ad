/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * APLIC, the wired half of the RISC-V Advanced Interrupt Architecture 1.0: one
 * domain for S-mode. Either it interrupts the harts itself (direct delivery
 * mode), or it sends messages to their IMSICs (MSI delivery mode, imsic.c), of
 * which a source's number is the identity.
 *
 * It has no notion of a source in service. Claimed means off for all harts at
 * once, so that an acknowledgement from another hart can turn it on again:
 *
 * - A level is made inactive. To make it active again sets its pending bit if
 *   the wire is up, in MSI delivery mode with the help of setipnum, which has
 *   no effect if the wire is down ("Special consideration for level-sensitive
 *   interrupt sources"). To clear the enable bit would do but for QEMU (10.0),
 *   whose pending bits stay when a wire falls while they cannot be served:
 *   each interrupt would come twice.
 * - An edge is disabled: one that comes meanwhile waits in the pending bit.
 */
#include "kernel/irqchip_private.h"

#define DOMAINCFG 0x0u
#define DOMAINCFG_IE (1u << 8)
#define DOMAINCFG_DM (1u << 2)
#define SOURCECFG(source) (4u * (source))
#define SETIPNUM 0x1cdcu
#define SETIENUM 0x1edcu
#define CLRIENUM 0x1fdcu
#define TARGET(source) (0x3000u + 4u * (source))
#define TARGET_HART(context) ((context) << 18)
#define TARGET_PRIORITY 1u
/* Registers of a hart, direct delivery mode only. */
#define IDELIVERY(context) (0x4000u + 32u * (context))
#define IFORCE(context) (0x4004u + 32u * (context))
#define ITHRESHOLD(context) (0x4008u + 32u * (context))
#define CLAIMI(context) (0x401cu + 32u * (context))
#define CLAIMI_SOURCE_SHIFT 16

enum source_mode {
	MODE_INACTIVE = 0,
	MODE_EDGE_RISING = 4,
	MODE_EDGE_FALLING = 5,
	MODE_LEVEL_HIGH = 6,
	MODE_LEVEL_LOW = 7,
};

static enum source_mode source_mode(unsigned source)
{
	switch (irqchip_sources[source].trigger) {
	case IRQ_EDGE_RISING:
		return MODE_EDGE_RISING;
	case IRQ_EDGE_FALLING:
		return MODE_EDGE_FALLING;
	case IRQ_LEVEL_LOW:
		return MODE_LEVEL_LOW;
	default:
		return MODE_LEVEL_HIGH;
	}
}

void aplic_init(void)
{
	/* Reset leaves all else undefined. Writes for sources that do not exist are ignored. */
	irqchip_write(DOMAINCFG, 0);
	for (unsigned source = 1; source < IRQCHIP_SOURCES_MAX; source++) {
		irqchip_write(SOURCECFG(source), MODE_INACTIVE);
	}
	irqchip_write(DOMAINCFG, machine.irqchip == IRQCHIP_IMSIC ? DOMAINCFG_IE | DOMAINCFG_DM
								  : DOMAINCFG_IE);
}

static void aplic_hart_init(unsigned hart)
{
	unsigned context = machine.irqchip_context[hart];

	irqchip_write(IFORCE(context), 0);
	irqchip_write(ITHRESHOLD(context), 0);
	irqchip_write(IDELIVERY(context), 1);
}

/* The source is inactive. */
void aplic_enable(unsigned source)
{
	unsigned context = machine.irqchip_context[irqchip_sources[source].hart];
	bool is_message = machine.irqchip == IRQCHIP_IMSIC;

	irqchip_write(SOURCECFG(source), source_mode(source));
	/* It was read-only until now. The enable bit is clear. */
	irqchip_write(TARGET(source),
		      TARGET_HART(context) | (is_message ? source : TARGET_PRIORITY));
	if (is_message && source_mode(source) >= MODE_LEVEL_HIGH) {
		irqchip_write(SETIPNUM, source);
	}
	irqchip_write(SETIENUM, source);
}

void aplic_disable(unsigned source)
{
	/* Clears the bits for pending and enabled, too. */
	irqchip_write(SOURCECFG(source), MODE_INACTIVE);
}

void aplic_silence(unsigned source)
{
	if (irqchip_is_source(source) && source_mode(source) < MODE_LEVEL_HIGH) {
		irqchip_write(CLRIENUM, source);
	} else if (source < IRQCHIP_SOURCES_MAX) {
		aplic_disable(source);
	}
}

void aplic_complete(unsigned source, unsigned hart)
{
	(void)hart;
	if (irqchip_sources[source].hart == HARTS_MAX) {
		return; /* off for good */
	}
	if (source_mode(source) >= MODE_LEVEL_HIGH) {
		aplic_enable(source);
	} else {
		irqchip_write(SETIENUM, source);
	}
}

static uint32_t aplic_claim(unsigned hart)
{
	uint32_t source =
		irqchip_read(CLAIMI(machine.irqchip_context[hart])) >> CLAIMI_SOURCE_SHIFT;

	if (source != 0) {
		aplic_silence(source);
	}
	return source;
}

const struct irqchip irqchip_aplic = {
	.init = aplic_init,
	.hart_init = aplic_hart_init,
	.enable = aplic_enable,
	.disable = aplic_disable,
	.claim = aplic_claim,
	.complete = aplic_complete,
};
