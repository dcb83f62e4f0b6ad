/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See irqchip_model.h. The APLIC's pending bits follow the chapter "Precise
 * effects on interrupt-pending bits"; a PLIC's gateways are all of the kind
 * for levels.
 */
#include "tests/kernel/irqchip_model.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/csr.h"
#include "kernel/hart.h"
#include "kernel/irqchip_private.h"

#define CONTEXTS 8
#define MESSAGES_MAX 4096
#define DOMAINCFG_IE 0x100u
#define DOMAINCFG_DM 4u
#define EDGE_RISING 4u
#define EDGE_FALLING 5u
#define LEVEL_HIGH 6u
#define LEVEL_LOW 7u

struct source {
	bool wire, pending;
	/* APLIC */
	bool enabled;
	uint32_t mode, target;
	/* PLIC */
	bool busy; /* the gateway waits for a completion */
	uint32_t priority;
	bool enabled_for[CONTEXTS];
};

/* Of one context or hart index. */
struct context {
	uint32_t threshold, idelivery, iforce;
	bool eip[MODEL_IDENTITIES + 1], eie[MODEL_IDENTITIES + 1];
	uint64_t eidelivery, eithreshold, siselect;
};

struct message {
	unsigned context;
	uint32_t identity;
};

static struct {
	bool is_sticky;
	uint32_t domaincfg;
	struct source sources[MODEL_IMPLEMENTED + 1];
	struct context contexts[CONTEXTS];
	unsigned message_count;
	struct message messages[MESSAGES_MAX];
	unsigned running;
} model;

struct hart harts[HARTS_MAX];
struct machine machine;
static uint64_t random_state;

struct hart *hart_current(void)
{
	return &harts[model.running];
}

void model_run_on(unsigned hart)
{
	model.running = hart;
}

void model_seed(unsigned seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

unsigned model_random(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % limit;
}

static bool coin(void)
{
	return model_random(2) != 0;
}

static struct context *own_context(void)
{
	unsigned number = machine.irqchip_context[model.running];

	if (number >= CONTEXTS) {
		model_fail("hart %u has no IMSIC", model.running);
	}
	return &model.contexts[number];
}

/* ---- reset -------------------------------------------------------------- */

void model_reset(enum irqchip_kind kind, bool is_sticky)
{
	static const unsigned contexts[MODEL_HARTS] = {5, 0, 2, IRQCHIP_NO_CONTEXT};

	memset(&model, 0, sizeof(model));
	memset(&machine, 0, sizeof(machine));
	model.is_sticky = is_sticky;
	machine.hart_count = MODEL_HARTS;
	machine.irqchip = kind;
	machine.irqchip_sources = MODEL_SOURCES;
	machine.imsic_identities = MODEL_IDENTITIES;
	memcpy(machine.irqchip_context, contexts, sizeof(contexts));
	for (unsigned hart = 0; hart < MODEL_HARTS; hart++) {
		harts[hart].index = hart;
	}
	for (unsigned i = 1; i <= MODEL_IMPLEMENTED; i++) {
		struct source *s = &model.sources[i];

		if (kind == IRQCHIP_PLIC) {
			s->priority = model_random(8);
			for (unsigned c = 0; c < CONTEXTS && i <= MODEL_SOURCES; c++) {
				s->enabled_for[c] = coin();
			}
		} else if (coin()) {
			s->mode = EDGE_RISING + 2 * model_random(2);
			s->enabled = coin();
			s->pending = s->mode == EDGE_RISING && coin();
			s->target = model_random(CONTEXTS) << 18 | model_random(64);
		}
	}
	for (unsigned c = 0; c < CONTEXTS; c++) {
		struct context *context = &model.contexts[c];

		context->threshold = model_random(8);
		context->idelivery = model_random(2);
		context->iforce = model_random(2);
		context->eidelivery = model_random(2);
		context->eithreshold = model_random(MODEL_IDENTITIES);
		for (unsigned id = 1; id <= MODEL_IDENTITIES; id++) {
			context->eip[id] = coin();
			context->eie[id] = coin();
		}
	}
}

/* ---- PLIC --------------------------------------------------------------- */

static void plic_sample(struct source *s)
{
	if (s->wire && !s->busy) {
		s->busy = true;
		s->pending = true;
	}
}

static uint32_t plic_top(unsigned context)
{
	uint32_t top = 0, priority = model.contexts[context].threshold;

	for (unsigned i = 1; i <= MODEL_IMPLEMENTED; i++) {
		struct source *s = &model.sources[i];

		if (s->pending && s->enabled_for[context] && s->priority > priority) {
			top = i;
			priority = s->priority;
		}
	}
	return top;
}

/* Calls change() on each source of an enable word. */
static uint32_t plic_enable_word(uint32_t offset, const uint32_t *value)
{
	unsigned context = (offset - 0x2000) / 0x80, first = (offset & 0x7f) * 8;
	uint32_t bits = 0;

	for (unsigned i = first; i < first + 32 && i <= MODEL_IMPLEMENTED; i++) {
		bool *enabled = &model.sources[i].enabled_for[context];

		if (value != NULL) {
			*enabled = i != 0 && (*value >> (i - first) & 1) != 0;
		}
		bits |= (uint32_t)*enabled << (i - first);
	}
	return bits;
}

static uint32_t plic_read(uint32_t offset)
{
	uint32_t top;

	if (offset >= 0x2000 && offset < 0x2000 + 0x80 * CONTEXTS) {
		return plic_enable_word(offset, NULL);
	}
	if (offset < 0x200000 || (offset & 0xfff) != 4) {
		model_fail("PLIC: read of %x", offset);
	}
	top = plic_top((offset - 0x200000) / 0x1000);
	model.sources[top].pending = false;
	return top;
}

static void plic_write(uint32_t offset, uint32_t value)
{
	unsigned context = (offset - 0x200000) / 0x1000;

	if (offset < 0x1000) {
		model.sources[offset / 4].priority = value;
	} else if (offset >= 0x2000 && offset < 0x2000 + 0x80 * CONTEXTS) {
		plic_enable_word(offset, &value);
	} else if (offset < 0x200000 || context >= CONTEXTS) {
		model_fail("PLIC: write of %x", offset);
	} else if ((offset & 0xfff) == 0) {
		model.contexts[context].threshold = value;
	} else if (value <= MODEL_IMPLEMENTED && model.sources[value].enabled_for[context]) {
		model.sources[value].busy = false;
		plic_sample(&model.sources[value]);
	}
}

/* ---- APLIC -------------------------------------------------------------- */

static bool is_message_mode(void)
{
	return (model.domaincfg & DOMAINCFG_DM) != 0;
}

static bool rectified(const struct source *s)
{
	return s->mode >= EDGE_RISING && (s->wire != ((s->mode & 1) != 0));
}

static void aplic_send(void)
{
	for (unsigned i = 1; i <= MODEL_IMPLEMENTED; i++) {
		struct source *s = &model.sources[i];

		if (is_message_mode() && (model.domaincfg & DOMAINCFG_IE) != 0 && s->pending &&
		    s->enabled) {
			if (model.message_count == MESSAGES_MAX) {
				model_fail("too many messages");
			}
			s->pending = false;
			model.messages[model.message_count++] = (struct message){
				s->target >> 18 & (CONTEXTS - 1), s->target & 0x7ff};
		}
	}
}

static void aplic_wire(struct source *s, bool before)
{
	bool now = rectified(s);

	if (s->mode >= EDGE_RISING && now && !before) {
		s->pending = true;
	} else if (s->mode >= LEVEL_HIGH && !now && !model.is_sticky) {
		s->pending = false;
	}
}

static uint32_t aplic_top(unsigned context)
{
	for (unsigned i = 1; i <= MODEL_IMPLEMENTED; i++) {
		const struct source *s = &model.sources[i];
		uint32_t priority = s->target & 0xff;

		if (s->pending && s->enabled && s->target >> 18 == context &&
		    (model.contexts[context].threshold == 0 ||
		     priority < model.contexts[context].threshold)) {
			return i << 16 | priority;
		}
	}
	return 0;
}

static void write_sourcecfg(struct source *s, uint32_t mode)
{
	if (mode == 0) {
		s->pending = false;
		s->enabled = false;
		s->target = 0;
	} else if (s->mode == 0) {
		s->target = model_random(CONTEXTS) << 18 | model_random(64);
	}
	s->mode = mode;
	if (rectified(s) && ((mode >= LEVEL_HIGH && !is_message_mode()) || coin())) {
		s->pending = true;
	}
}

static uint32_t aplic_read(uint32_t offset)
{
	unsigned context = (offset - 0x4000) / 32;
	struct source *s;
	uint32_t top;

	if (offset < 0x4000 || context >= CONTEXTS || offset % 32 != 0x1c) {
		model_fail("APLIC: read of %x", offset);
	}
	top = aplic_top(context);
	s = &model.sources[top >> 16];
	if (top == 0) {
		model.contexts[context].iforce = 0;
	} else if (s->mode < LEVEL_HIGH || !rectified(s)) {
		s->pending = false;
	}
	return top;
}

static void aplic_write_number(uint32_t offset, uint32_t number)
{
	struct source *s;

	if (number == 0 || number > MODEL_IMPLEMENTED) {
		return;
	}
	s = &model.sources[number];
	if (s->mode == 0) {
		return;
	}
	if (offset == 0x1edc) {
		s->enabled = true;
	} else if (offset == 0x1fdc) {
		s->enabled = false;
	} else if (s->mode < LEVEL_HIGH || (is_message_mode() && rectified(s))) {
		s->pending = true;
	}
}

static void aplic_write(uint32_t offset, uint32_t value)
{
	unsigned context = (offset - 0x4000) / 32;

	if (offset == 0) {
		model.domaincfg = value & (DOMAINCFG_IE | DOMAINCFG_DM);
	} else if (offset < 0x1000) {
		if (offset / 4 <= MODEL_IMPLEMENTED) {
			write_sourcecfg(&model.sources[offset / 4], value & 7);
		}
	} else if (offset == 0x1edc || offset == 0x1fdc || offset == 0x1cdc) {
		aplic_write_number(offset, value);
	} else if (offset > 0x3000 && offset < 0x4000) {
		if (model.sources[(offset - 0x3000) / 4].mode != 0) {
			model.sources[(offset - 0x3000) / 4].target = value;
		}
	} else if (offset >= 0x4000 && context < CONTEXTS && !is_message_mode()) {
		uint32_t *const registers[] = {&model.contexts[context].idelivery,
					       &model.contexts[context].iforce,
					       &model.contexts[context].threshold};

		*registers[offset % 32 / 4] = value;
	} else {
		model_fail("APLIC: write of %x", offset);
	}
	aplic_send();
}

/* ---- IMSIC -------------------------------------------------------------- */

static uint64_t imsic_top(const struct context *context)
{
	for (uint64_t id = 1; id <= MODEL_IDENTITIES; id++) {
		if (context->eip[id] && context->eie[id] &&
		    (context->eithreshold == 0 || id < context->eithreshold)) {
			return id << 16 | id;
		}
	}
	return 0;
}

void csr_write_siselect(uint64_t value)
{
	own_context()->siselect = value;
}

void csr_write_sireg(uint64_t value)
{
	struct context *context = own_context();
	uint64_t number = context->siselect & 0x3f;
	bool *bits = context->siselect >= 0xc0 ? context->eie : context->eip;

	if (context->siselect == 0x70) {
		context->eidelivery = value;
	} else if (context->siselect == 0x72) {
		context->eithreshold = value;
	} else if (context->siselect < 0x80 || number % 2 != 0 || number * 32 > MODEL_IDENTITIES) {
		model_fail("IMSIC: no register %lx", context->siselect);
	} else {
		for (uint64_t i = 0; i < 64; i++) {
			bits[number * 32 + i] = number + i != 0 && (value >> i & 1) != 0;
		}
	}
}

uint64_t csr_claim_stopei(void)
{
	uint64_t top = imsic_top(own_context());

	own_context()->eip[top >> 16] = false;
	return top;
}

void model_inject(unsigned hart, uint32_t identity)
{
	if (identity != 0 && identity <= MODEL_IDENTITIES) {
		model.contexts[machine.irqchip_context[hart]].eip[identity] = true;
	}
}

bool model_deliver_one(void)
{
	if (model.message_count == 0) {
		return false;
	}
	unsigned i = model_random(model.message_count);
	struct message message = model.messages[i];

	model.messages[i] = model.messages[--model.message_count];
	if (message.identity != 0 && message.identity <= MODEL_IDENTITIES) {
		model.contexts[message.context].eip[message.identity] = true;
	}
	return true;
}

bool model_has_message(unsigned source)
{
	for (unsigned i = 0; i < model.message_count; i++) {
		if (model.messages[i].identity == source) {
			return true;
		}
	}
	for (unsigned c = 0; c < CONTEXTS; c++) {
		if (model.contexts[c].eip[source]) {
			return true;
		}
	}
	return false;
}

/* ---- all ---------------------------------------------------------------- */

uint32_t irqchip_read(uint32_t offset)
{
	return machine.irqchip == IRQCHIP_PLIC ? plic_read(offset) : aplic_read(offset);
}

void irqchip_write(uint32_t offset, uint32_t value)
{
	machine.irqchip == IRQCHIP_PLIC ? plic_write(offset, value) : aplic_write(offset, value);
}

void model_set_wire(unsigned source, bool is_high)
{
	struct source *s = &model.sources[source];
	bool before = rectified(s);

	s->wire = is_high;
	if (machine.irqchip == IRQCHIP_PLIC) {
		plic_sample(s);
	} else {
		aplic_wire(s, before);
		aplic_send();
	}
}

bool model_wire(unsigned source)
{
	return model.sources[source].wire;
}

bool model_is_interrupted(unsigned hart)
{
	unsigned number = machine.irqchip_context[hart];
	const struct context *context;

	if (number >= CONTEXTS) {
		return false;
	}
	context = &model.contexts[number];
	switch (machine.irqchip) {
	case IRQCHIP_PLIC:
		return plic_top(number) != 0;
	case IRQCHIP_APLIC:
		return (model.domaincfg & DOMAINCFG_IE) != 0 && context->idelivery == 1 &&
		       (context->iforce != 0 || aplic_top(number) != 0);
	case IRQCHIP_IMSIC:
		return context->eidelivery == 1 && imsic_top(context) != 0;
	default:
		return false;
	}
}
