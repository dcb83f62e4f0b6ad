/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal frame of riscv64 Linux: struct rt_sigframe, which the handler's
 * arguments point into and rt_sigreturn reads back. There is no vdso: each
 * space has one read-only page with the two instructions that call it.
 */
#include "servers/process/core.h"

#include <string.h>

#define FCSR_WORD 32

struct signal_stack { /* stack_t */
	uint64_t base;
	uint32_t flags, padding;
	uint64_t size;
};

struct signal_frame {
	struct signal_info info;
	uint64_t flags, link;
	struct signal_stack stack;
	uint64_t mask;
	uint8_t unused[120 + 8]; /* the mask's reserve, then alignment to 16 */
	uint64_t registers[REGISTERS];
	uint64_t fpu[66]; /* f0-f31, fcsr, the rest 0: room for the Q extension */
};
_Static_assert(offsetof(struct signal_frame, flags) == 128, "ucontext follows siginfo");
_Static_assert(offsetof(struct signal_frame, registers) == 128 + 176, "uc_mcontext");
_Static_assert(sizeof(struct signal_frame) == 1088, "rt_sigframe");

/* 0, STACK_ONSTACK or STACK_DISABLE: how t's alternate stack stands to sp. */
uint32_t signal_stack_flags(const struct thread *t, uint64_t sp)
{
	const struct thread_core *c = t->core;

	if (c->stack_size == 0) {
		return STACK_DISABLE;
	}
	if ((c->stack_flags & STACK_AUTODISARM) != 0) {
		return 0;
	}
	return sp > c->stack_base && sp - c->stack_base <= c->stack_size ? STACK_ONSTACK : 0;
}

/* Address of the frame, 0 if it would run over the end of the alternate stack. */
static uint64_t frame_address(const struct thread *t, const struct signal_action *action,
			      uint64_t sp)
{
	if (signal_stack_flags(t, sp) == STACK_ONSTACK &&
	    signal_stack_flags(t, sp - sizeof(struct signal_frame)) != STACK_ONSTACK) {
		return 0;
	}
	if ((action->flags & ACTION_ONSTACK) != 0 && signal_stack_flags(t, sp) == 0) {
		sp = t->core->stack_base + t->core->stack_size;
	}
	return (sp - sizeof(struct signal_frame)) & ~15ull;
}

/*
 * Push a frame that saves *r, the FPU and t's mask, and set *r to run the
 * handler. Changes the mask as the action says. false: the stack cannot take
 * it, nothing is changed.
 */
bool signal_frame_push(struct thread *t, const struct signal_action *action,
		       const struct signal_info *info, struct registers *r)
{
	struct thread_core *c = t->core;
	struct signal_frame frame;
	struct fpu_state fpu;
	uint64_t at = frame_address(t, action, r->r[REG_SP]);

	memset(&frame, 0, sizeof(frame));
	frame.info = *info;
	frame.stack.base = c->stack_base;
	frame.stack.size = c->stack_size;
	frame.stack.flags = c->stack_flags;
	frame.mask = c->has_call_mask ? c->call_mask_saved : c->blocked;
	memcpy(frame.registers, r->r, sizeof(frame.registers));
	kthread_read_fpu(t->number, &fpu);
	memcpy(frame.fpu, fpu.f, sizeof(fpu.f));
	if (at == 0 || copy_out(t, at, &frame, sizeof(frame)) < 0) {
		return false;
	}
	c->has_call_mask = false;
	c->blocked |= action->mask;
	if ((action->flags & ACTION_NODEFER) == 0) {
		c->blocked |= SIGNAL_BIT(info->number);
	}
	c->blocked &= ~SIGNALS_UNBLOCKABLE;
	if ((c->stack_flags & STACK_AUTODISARM) != 0) {
		c->stack_base = 0;
		c->stack_size = 0;
		c->stack_flags = STACK_DISABLE;
	}
	r->r[REG_RA] = t->process->space->trampoline;
	r->r[REG_SP] = at;
	r->r[REG_A0] = (uint64_t)info->number;
	r->r[REG_A0 + 1] = at + offsetof(struct signal_frame, info);
	r->r[REG_A0 + 2] = at + offsetof(struct signal_frame, flags);
	r->r[REG_PC] = action->handler;
	return true;
}

/* rt_sigreturn: put registers, FPU, mask and alternate stack back. false: the frame is bad. */
bool signal_frame_pop(struct thread *t)
{
	struct thread_core *c = t->core;
	struct signal_frame frame;
	struct registers r;
	struct fpu_state fpu;

	kthread_read(t->number, &r);
	if ((r.r[REG_SP] & 7) != 0 || copy_in(t, &frame, r.r[REG_SP], sizeof(frame)) < 0) {
		return false;
	}
	memcpy(r.r, frame.registers, sizeof(r.r));
	memcpy(fpu.f, frame.fpu, sizeof(fpu.f));
	fpu.f[FCSR_WORD] &= 0xff;
	kthread_write(t->number, &r);
	kthread_write_fpu(t->number, &fpu);
	c->blocked = frame.mask & ~SIGNALS_UNBLOCKABLE;
	signal_stack_set(t, frame.stack.base, frame.stack.size, frame.stack.flags, r.r[REG_SP]);
	return true;
}

/*
 * Map the page with the return instructions into a new space: one page of
 * memory, shared by all. -STATUS_NOMEM.
 */
int64_t signal_trampoline_map(struct space *s)
{
	static const uint32_t code[2] = {0x08b00893, 0x00000073}; /* li a7, 139; ecall */
	static uint32_t object;
	uint64_t words[10] = {PAGE};

	if (object == 0) {
		if (server_call(pager_cap, PAGER_OBJECT_ANONYMOUS, 1, words) < 0) {
			return -STATUS_NOMEM;
		}
		memcpy(pager_xfer + XFER_CORE, code, sizeof(code));
		if (server_request(pager_cap, PAGER_OBJECT_WRITE_XFER, 4, words[1], 0, sizeof(code),
				   XFER_CORE, 0, 0) < 0) {
			return -STATUS_NOMEM;
		}
		object = (uint32_t)words[1];
	}
	s->trampoline = PAGER_SPACE_END - PAGE;
	return space_map(s, &s->trampoline, PAGE, PAGER_READ | PAGER_EXECUTE,
			 PAGER_FIXED | PAGER_SHARED, object, 0);
}
