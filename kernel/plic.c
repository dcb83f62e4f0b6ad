/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLIC. Each hart has a context in it, whose number the device tree gives.
 *
 * A gateway forwards no further interrupt of a source until its completion,
 * which is a write of the source number to the claim register of the context
 * that claimed it. That register can be written from any hart, but the write
 * is ignored if the source is not enabled for the context ("Interrupt
 * Completion" chapter). So a claimed source stays enabled where it is: the
 * source's hart is where it was and will be claimed, and moving or disabling
 * it completes it first.
 *
 * Registers: device memory, strongly ordered among themselves; 32 bits.
 */
#include "kernel/plic.h"

#include "kernel/hart.h"
#include "sbi/machine.h"
#include "vm/vm.h"

#define PRIORITY(source) (4ul * (source))
#define ENABLE(context, source) (0x2000ul + 0x80ul * (context) + 4ul * ((source) / 32))
#define THRESHOLD(context) (0x200000ul + 0x1000ul * (context))
#define CLAIM(context) (0x200004ul + 0x1000ul * (context))

#define HART_NONE 0xff

static struct {
	uint8_t hart; /* where it is enabled, or HART_NONE */
	bool is_claimed;
} sources[PLIC_SOURCES_MAX];

static volatile uint32_t *plic_register(uint64_t offset)
{
	return vm_pointer((struct paddr){machine.plic.base + offset});
}

static bool has_context(unsigned hart)
{
	return hart < machine.hart_count && machine.plic_context[hart] != PLIC_NO_CONTEXT;
}

static void set_enabled(unsigned source, bool is_enabled)
{
	volatile uint32_t *word =
		plic_register(ENABLE(machine.plic_context[sources[source].hart], source));
	uint32_t bit = 1u << (source % 32);

	*word = is_enabled ? *word | bit : *word & ~bit;
}

void plic_init(void)
{
	for (unsigned source = 1; source <= machine.plic_sources; source++) {
		sources[source].hart = HART_NONE;
		*plic_register(PRIORITY(source)) = 0;
	}
}

void plic_hart_init(unsigned hart)
{
	if (!has_context(hart)) {
		return;
	}
	for (unsigned source = 0; source <= machine.plic_sources; source += 32) {
		*plic_register(ENABLE(machine.plic_context[hart], source)) = 0;
	}
	*plic_register(THRESHOLD(machine.plic_context[hart])) = 0;
}

bool plic_is_source(unsigned source)
{
	return source >= 1 && source <= machine.plic_sources;
}

void plic_enable(unsigned source, unsigned hart)
{
	if (!plic_is_source(source)) {
		return;
	}
	for (unsigned i = 0; i < machine.hart_count && !has_context(hart); i++) {
		hart = i;
	}
	if (!has_context(hart) || sources[source].hart == hart) {
		return;
	}
	plic_disable(source);
	sources[source].hart = (uint8_t)hart;
	*plic_register(PRIORITY(source)) = 1;
	set_enabled(source, true);
}

void plic_disable(unsigned source)
{
	if (!plic_is_source(source) || sources[source].hart == HART_NONE) {
		return;
	}
	plic_complete(source);
	set_enabled(source, false);
	*plic_register(PRIORITY(source)) = 0;
	sources[source].hart = HART_NONE;
}

uint32_t plic_claim(void)
{
	unsigned hart = hart_index();

	if (!has_context(hart)) {
		return 0;
	}
	uint32_t source = *plic_register(CLAIM(machine.plic_context[hart]));

	if (source == 0) {
		return 0;
	}
	if (!plic_is_source(source) || sources[source].hart != hart) {
		/* Not enabled by us: give it back, or it stays claimed for ever. */
		*plic_register(CLAIM(machine.plic_context[hart])) = source;
		return 0;
	}
	sources[source].is_claimed = true;
	return source;
}

void plic_complete(unsigned source)
{
	if (!plic_is_source(source) || !sources[source].is_claimed) {
		return;
	}
	sources[source].is_claimed = false;
	*plic_register(CLAIM(machine.plic_context[sources[source].hart])) = source;
}
