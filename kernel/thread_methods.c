/* SPDX-License-Identifier: BSD-2-Clause */
/* Methods of Thread. See invoke.h. */
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/lend.h"
#include "kernel/notification.h"
#include "kernel/sched_context.h"
#include "kernel/schedule.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* Put a capability derived from `source` (NULL: none) into an embedded slot. */
static void attach(struct cap_slot *embedded, struct cap_slot *source, uint64_t badge)
{
	if (embedded->type != OBJECT_NONE) {
		cap_remove(embedded);
	}
	if (source != NULL) {
		cap_derive(embedded, source, RIGHTS_ALL, badge);
	}
}

/* The capability in an optional argument: 0 gives NULL. */
static enum err optional(struct invocation *call, unsigned argument, enum object_type type,
			 unsigned rights, struct cap_slot **slot)
{
	*slot = NULL;
	if (call->arguments[argument] == 0) {
		return ERR_OK;
	}
	return cap_lookup_typed(invocation_cspace(call), call->arguments[argument], type, rights,
				slot);
}

/*
 * Map the message buffer in `space` as number `buffer` - 1 (0: nowhere), and
 * only then take the old mapping away: an error changes nothing.
 */
static enum err move_buffer(struct thread *t, struct space_object *space, uint64_t buffer)
{
	bool stays = t->has_buffer && buffer != 0 && t->space.object == space &&
		     t->buffer_number == buffer - 1;

	if (buffer != 0) {
		enum err err = vm_message_buffer_map(&space->vm, (uint32_t)buffer - 1,
						     vm_paddr(thread_buffer(t)));

		/* Where it stays, it is mapped unless a bank took the table away. */
		if (err != ERR_OK && !(stays && err == ERR_BUSY)) {
			return err;
		}
	}
	if (t->has_buffer && !stays) {
		vm_message_buffer_unmap(t->space.object, t->buffer_number);
	}
	t->has_buffer = buffer != 0;
	t->buffer_number = (uint32_t)(buffer - 1);
	return ERR_OK;
}

enum err thread_configure(struct invocation *call)
{
	struct thread *t = call->object;
	uint64_t buffer = call->arguments[2];
	struct cap_slot *cspace;
	struct cap_slot *space;
	enum err err = optional(call, 0, OBJECT_CSPACE, RIGHT_BIND, &cspace);

	if (err == ERR_OK) {
		err = cap_lookup_typed(invocation_cspace(call), call->arguments[1], OBJECT_SPACE,
				       RIGHT_BIND, &space);
	}
	if (err == ERR_OK && buffer > MESSAGE_BUFFER_MAX) {
		err = ERR_ARGUMENT;
	}
	if (err == ERR_OK && (t->hold & HOLD_SUSPENDED) == 0) {
		err = ERR_BUSY;
	}
	if (err != ERR_OK) {
		return err;
	}
	err = move_buffer(t, space->object, buffer);
	if (err != ERR_OK) {
		return err;
	}
	sched_stop(t);
	attach(&t->cspace, cspace, 0);
	attach(&t->space, space, 0);
	t->hold &= (uint8_t)~HOLD_NO_SPACE;
	return ERR_OK;
}

enum err thread_set_handler(struct invocation *call)
{
	struct thread *t = call->object;
	uint64_t badge = call->arguments[1];
	struct cap_slot *endpoint;
	enum err err = optional(call, 0, OBJECT_ENDPOINT, RIGHT_WRITE, &endpoint);

	if (err != ERR_OK) {
		return err;
	}
	if (endpoint != NULL && endpoint->badge != 0 && badge != 0) {
		return ERR_RIGHTS;
	}
	if ((call->arguments[2] & ~(uint64_t)(HANDLER_PERSONALITY | HANDLER_EXHAUSTION)) != 0) {
		return ERR_ARGUMENT;
	}
	attach(&t->handler, endpoint, badge);
	t->personality = (call->arguments[2] & HANDLER_PERSONALITY) != 0;
	t->reports_exhaustion = (call->arguments[2] & HANDLER_EXHAUSTION) != 0;
	return ERR_OK;
}

enum err thread_set_sched(struct invocation *call)
{
	struct thread *t = call->object;
	struct cap_slot *slot;
	struct sched_context *sched;
	enum err err = optional(call, 0, OBJECT_SCHED_CONTEXT, RIGHT_BIND, &slot);

	if (err != ERR_OK) {
		return err;
	}
	sched = slot != NULL ? slot->object : NULL;
	if (sched != NULL && sched->thread != NULL && sched->thread != t) {
		return ERR_BUSY;
	}
	if (t->sched.type != OBJECT_NONE) {
		thread_detach_sched(t);
	}
	attach(&t->sched, slot, 0);
	if (sched != NULL) {
		sched->thread = t;
		sched->runner = t;
		thread_sched_changed(t);
	}
	sched_ready(t, false);
	return ERR_OK;
}

enum err thread_bind_notification(struct invocation *call)
{
	struct thread *t = call->object;
	struct cap_slot *slot;
	struct notification *n;
	enum err err = optional(call, 0, OBJECT_NOTIFICATION, RIGHT_READ, &slot);

	if (err != ERR_OK) {
		return err;
	}
	n = slot != NULL ? slot->object : NULL;
	if (n != NULL && n->bound != NULL && n->bound != t) {
		return ERR_BUSY;
	}
	if (t->bound.type != OBJECT_NONE) {
		((struct notification *)t->bound.object)->bound = NULL;
	}
	attach(&t->bound, slot, 0);
	if (n != NULL) {
		n->bound = t;
		notification_signal(n, 0, false); /* a receive it is in ends for what is there */
	}
	return ERR_OK;
}

/* Its registers are in the struct and nobody runs it. */
static bool is_still(const struct thread *t)
{
	return t->hart == NULL || t->hart->current != t;
}

/* Word i of a message longer than the registers. */
static uint64_t *long_word(struct thread *t, unsigned i)
{
	return i < MESSAGE_REGISTERS ? &t->registers[message_register[i]]
				     : &thread_buffer(t)->words[i];
}

enum err thread_write_registers(struct invocation *call)
{
	struct thread *t = call->object;

	if (!is_still(t)) {
		return ERR_BUSY;
	}
	for (unsigned i = 0; i < 32; i++) {
		t->registers[i] = *long_word(call->thread, i);
	}
	t->registers[0] &= ~1ull;
	return ERR_OK;
}

/* Results beyond the registers go straight to the caller's buffer. */
static void return_words(struct invocation *call, const uint64_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (i < MESSAGE_REGISTERS) {
			call->result[i] = words[i];
		} else {
			thread_buffer(call->thread)->words[i] = words[i];
		}
	}
	call->results = count;
}

enum err thread_read_registers(struct invocation *call)
{
	struct thread *t = call->object;

	if (!is_still(t)) {
		return ERR_BUSY;
	}
	return_words(call, t->registers, 32);
	return ERR_OK;
}

enum err thread_write_fpu(struct invocation *call)
{
	struct thread *t = call->object;

	if (!is_still(t)) {
		return ERR_BUSY;
	}
	for (unsigned i = 0; i < 33; i++) {
		t->fpu[i] = *long_word(call->thread, i);
	}
	t->fpu[32] &= 0xff; /* fcsr: rounding mode and flags */
	t->fpu_used = true;
	t->fpu_hart = NULL; /* registers of the hart that had it are old now */
	return ERR_OK;
}

enum err thread_read_fpu(struct invocation *call)
{
	struct thread *t = call->object;

	if (!is_still(t)) {
		return ERR_BUSY;
	}
	return_words(call, t->fpu, 33);
	return ERR_OK;
}

enum err thread_resume(struct invocation *call)
{
	struct thread *t = call->object;

	t->hold &= (uint8_t)~HOLD_SUSPENDED;
	if (t->state == THREAD_STOPPED) {
		t->state = THREAD_READY;
	}
	sched_ready(t, false);
	return ERR_OK;
}

enum err thread_suspend(struct invocation *call)
{
	struct thread *t = call->object;

	t->hold |= HOLD_SUSPENDED;
	if (t == call->thread) {
		hart_current()->reschedule = true; /* it goes when the call is over */
	} else {
		sched_stop(t);
	}
	return ERR_OK;
}

enum err thread_cancel(struct invocation *call)
{
	struct thread *t = call->object;

	if (t->state == THREAD_READY || t->state == THREAD_STOPPED) {
		return ERR_NOT_BOUND;
	}
	ipc_cancel(t);
	return ERR_OK;
}

enum err thread_info(struct invocation *call)
{
	struct thread *t = call->object;
	const struct sched_context *own = thread_sched(t);

	call->result[0] = t->state;
	call->result[1] = (t->hold & HOLD_SUSPENDED) != 0;
	call->result[2] = own != NULL ? sched_context_consumed(own) : 0;
	call->result[3] = t->hart != NULL ? t->hart->index : 0;
	call->result[4] = t->fault_address;
	call->result[5] = t->fault_access;
	call->results = 6;
	return ERR_OK;
}
