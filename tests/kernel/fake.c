/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rest of the kernel and of the machine, for capabilities under test:
 * nothing runs, interrupts are pending at random.
 */
#include "tests/kernel/model.h"

#include "kernel/csr.h"
#include "kernel/fast.h"
#include "kernel/fpu.h"
#include "kernel/irqchip.h"
#include "kernel/panic.h"
#include "kernel/print.h"
#include "kernel/schedule.h"
#include "sbi/errata.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

struct hart harts[HARTS_MAX];
unsigned harts_online_end = 1;
struct thread *root_thread;
struct machine machine = {.hart_count = 4, .timebase_hz = 10000000};
struct errata errata;
struct sbi_features sbi_features;

struct hart *hart_current(void)
{
	return &harts[0];
}

uint64_t time_now(void)
{
	return 1;
}

/* The point of every preemption: each look may find an interrupt. */
uint64_t csr_read_sip(void)
{
	return one_in(config.preempt_one_in) ? SIP_STIP : 0;
}

uint64_t csr_read_sie(void)
{
	return ~0ull;
}

void csr_clear_sip(uint64_t bits)
{
	(void)bits;
}

void sched_ready(struct thread *t, bool handoff)
{
	(void)t;
	(void)handoff;
}

void sched_requeue(struct thread *t, uint8_t priority)
{
	t->priority = priority;
}

void sched_current_changed(struct thread *t)
{
	(void)t;
}

struct thread *fast_exception(struct thread *t)
{
	(void)t;
	return NULL;
}

struct thread *fast_page_fault(struct thread *t)
{
	(void)t;
	return NULL;
}

void sched_stop(struct thread *t)
{
	(void)t;
}

void sched_leave_space(struct vm_space *space)
{
	(void)space;
}

void sched_set_timer(uint64_t time)
{
	(void)time;
}

void sched_timer(uint64_t now)
{
	(void)now;
}

bool fpu_load(struct hart *hart, struct thread *t)
{
	(void)hart;
	(void)t;
	return false;
}

void print(const char *format, ...)
{
	(void)format;
}

void panic(const char *format, ...)
{
	fail("the kernel panics: %s", format);
}

void panic_stop_if_asked(void)
{
}

bool irqchip_is_source(unsigned source)
{
	return source != 0 && source < 96;
}

void irqchip_set_trigger(unsigned source, enum irq_trigger trigger)
{
	(void)source;
	(void)trigger;
}

void irqchip_enable(unsigned source, unsigned hart)
{
	(void)source;
	(void)hart;
}

void irqchip_disable(unsigned source)
{
	(void)source;
}

uint32_t irqchip_claim(void)
{
	return 0;
}

void irqchip_complete(unsigned source)
{
	(void)source;
}

void sbi_console_put(char c)
{
	(void)c;
}

void sbi_console_write(const char *text, uint64_t size)
{
	(void)text;
	(void)size;
}

long sbi_system_reset(uint32_t type, uint32_t reason)
{
	(void)type;
	(void)reason;
	return -1;
}

/* Bounds of the kernel image, for vm_kernel_map; nothing lies there. */
struct vm_image vm_image(void)
{
	return (struct vm_image){0x1000, 0x2000, 0x3000, 0x4000, 0x5000};
}
