/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See interrupt.h.
 *
 * A device interrupt becomes a signal to the notification its driver set. The
 * controller (irqchip.h) keeps the source silent from the claim until the
 * driver acknowledges (IRQ_ACK), so a storming device costs its driver's time
 * only. A source that fires with no notification set is switched off.
 */
#include "kernel/interrupt.h"

#include "kernel/csr.h"
#include "kernel/invoke.h"
#include "kernel/irqchip.h"
#include "kernel/notification.h"
#include "kernel/panic.h"
#include "kernel/schedule.h"
#include "kernel/timer.h"

#define HANDLERS_MAX 48u

/* The object of an IrqHandler capability. */
struct irq {
	uint32_t source;	      /* 0: not made */
	struct cap_slot notification; /* embedded */
};

static struct irq irqs[HANDLERS_MAX];
static uint8_t handler_of[IRQCHIP_SOURCES_MAX]; /* number in irqs + 1; 0 = none */

/* The source's handler or NULL. */
static struct irq *irq_of(uint32_t source)
{
	unsigned number = source < IRQCHIP_SOURCES_MAX ? handler_of[source] : 0;

	return number != 0 ? &irqs[number - 1] : NULL;
}

const struct cap_slot *interrupt_claim(uint32_t *source)
{
	uint32_t claimed = irqchip_claim();
	const struct irq *irq = irq_of(claimed);

	*source = claimed;
	return irq != NULL && irq->notification.type != OBJECT_NONE ? &irq->notification : NULL;
}

void interrupt_device(uint32_t source)
{
	const struct irq *irq = irq_of(source);

	if (irq == NULL || irq->notification.type == OBJECT_NONE) {
		irqchip_disable(source);
	} else {
		notification_signal(irq->notification.object, irq->notification.badge, false);
	}
}

static void device_interrupts(void)
{
	uint32_t source;

	/* Ends: a claimed source stays silent until it is completed. */
	while ((source = irqchip_claim()) != 0) {
		interrupt_device(source);
	}
}

void interrupts_handle(void)
{
	uint64_t pending = csr_read_sip() & csr_read_sie();

	if ((pending & SIP_SSIP) != 0) {
		csr_clear_sip(SIP_SSIP);
		panic_stop_if_asked();
	}
	if ((pending & SIP_STIP) != 0) {
		uint64_t now = time_now();

		sched_timer(now);
		timers_fire(now);
	}
	if ((pending & SIP_SEIP) != 0) {
		device_interrupts();
	}
}

void irq_detach(struct cap_slot *notification)
{
	irqchip_disable(CONTAINER_OF(notification, struct irq, notification)->source);
}

void irq_destroy(struct irq *irq)
{
	irqchip_disable(irq->source);
	if (irq->notification.type != OBJECT_NONE) {
		cap_remove(&irq->notification);
	}
	handler_of[irq->source] = 0;
	irq->source = 0;
}

static bool is_trigger(uint64_t trigger)
{
	return trigger <= IRQ_EDGE_FALLING || trigger == IRQ_LEVEL_HIGH || trigger == IRQ_LEVEL_LOW;
}

enum err irq_control_get(struct invocation *call)
{
	uint64_t source = call->arguments[0];
	uint64_t trigger = call->arguments[2]; /* may be absent: 0 */
	struct cap_slot *slot;
	unsigned number = 0;
	enum err err;

	if (source >= IRQCHIP_SOURCES_MAX || !irqchip_is_source((unsigned)source) ||
	    !is_trigger(trigger)) {
		return ERR_ARGUMENT;
	}
	err = cap_lookup_empty(invocation_cspace(call), call->arguments[1], &slot);
	if (err != ERR_OK) {
		return err;
	}
	if (irq_of((uint32_t)source) != NULL) {
		return ERR_BUSY;
	}
	while (number < HANDLERS_MAX && irqs[number].source != 0) {
		number++;
	}
	if (number == HANDLERS_MAX) {
		return ERR_LIMIT;
	}
	handler_of[source] = (uint8_t)(number + 1);
	irqs[number].source = (uint32_t)source;
	irqs[number].notification.role = ROLE_IRQ_NOTIFICATION;
	irqchip_set_trigger((unsigned)source, (enum irq_trigger)trigger);
	cap_insert(slot, call->slot, OBJECT_IRQ_HANDLER, &irqs[number], RIGHTS_ALL, 0);
	slot->primary = true;
	return ERR_OK;
}

enum err irq_set_notification(struct invocation *call)
{
	struct irq *irq = call->object;
	struct cap_slot *source = NULL;

	if (call->arguments[0] != 0) {
		enum err err = cap_lookup_typed(invocation_cspace(call), call->arguments[0],
						OBJECT_NOTIFICATION, RIGHT_WRITE, &source);

		if (err != ERR_OK) {
			return err;
		}
	}
	irqchip_disable(irq->source);
	if (irq->notification.type != OBJECT_NONE) {
		cap_remove(&irq->notification);
	}
	if (source == NULL) {
		return ERR_OK;
	}
	cap_derive(&irq->notification, source, RIGHT_WRITE, 0);
	irqchip_enable(irq->source, hart_index());
	return ERR_OK;
}

enum err irq_ack(struct invocation *call)
{
	irqchip_complete(((struct irq *)call->object)->source);
	return ERR_OK;
}
