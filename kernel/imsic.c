/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IMSIC, a hart's receiver of messages (RISC-V Advanced Interrupt Architecture
 * 1.0), here from the APLIC only: identity n is source n of the APLIC.
 *
 * Its registers are CSRs: no hart reaches those of another. So all identities
 * that are sources stay enabled in it for good, and sources are enabled,
 * moved, disabled and silenced in the APLIC. A message that was under way at
 * that moment still arrives: irqchip_claim expects such. The same goes for what
 * a device writes here that has power over all memory.
 */
#include "kernel/csr.h"
#include "kernel/irqchip_private.h"

#define EIDELIVERY 0x70
#define EITHRESHOLD 0x72
/* 64 identities each; only even numbers exist. */
#define EIP(identity) (0x80 + (identity) / 64 * 2)
#define EIE(identity) (0xc0 + (identity) / 64 * 2)
#define STOPEI_IDENTITY_SHIFT 16

static void write_indirect(unsigned number, uint64_t value)
{
	csr_write_siselect(number);
	csr_write_sireg(value);
}

/* Of the 64 bits from `first` on, those for 1..last. */
static uint64_t bits_up_to(unsigned last, unsigned first)
{
	uint64_t bits = last < first	     ? 0
			: last - first >= 63 ? ~0ull
					     : (2ull << (last - first)) - 1;

	return first == 0 ? bits & ~1ull : bits;
}

static void imsic_hart_init(unsigned hart)
{
	(void)hart;
	/* Reset leaves all of it undefined. */
	for (unsigned first = 0; first <= machine.imsic_identities; first += 64) {
		write_indirect(EIE(first), bits_up_to(machine.irqchip_sources, first));
		write_indirect(EIP(first), 0);
	}
	write_indirect(EITHRESHOLD, 0);
	write_indirect(EIDELIVERY, 1);
}

static uint32_t imsic_claim(unsigned hart)
{
	uint32_t source = (uint32_t)(csr_claim_stopei() >> STOPEI_IDENTITY_SHIFT);

	(void)hart;
	if (source != 0) {
		aplic_silence(source);
	}
	return source;
}

const struct irqchip irqchip_imsic = {
	.init = aplic_init,
	.hart_init = imsic_hart_init,
	.enable = aplic_enable,
	.disable = aplic_disable,
	.claim = imsic_claim,
	.complete = aplic_complete,
};
