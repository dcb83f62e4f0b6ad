/* SPDX-License-Identifier: BSD-2-Clause */
/* See invoke.h: finds the method, checks the capability, moves arguments and results. */
#include "kernel/invoke.h"

#include "kernel/ipc.h"

struct method_entry {
	enum err (*run)(struct invocation *call);
	uint8_t type;	   /* enum object_type it needs */
	uint8_t arguments; /* at least */
};

static const struct method_entry methods[] = {
	[UNTYPED_RETYPE] = {untyped_retype, OBJECT_UNTYPED, 4},
	[UNTYPED_INFO] = {untyped_info, OBJECT_UNTYPED, 0},
	[CSPACE_COPY] = {cspace_copy, OBJECT_CSPACE, 4},
	[CSPACE_MOVE] = {cspace_move, OBJECT_CSPACE, 2},
	[CSPACE_DELETE] = {cspace_delete, OBJECT_CSPACE, 1},
	[CSPACE_REVOKE] = {cspace_revoke, OBJECT_CSPACE, 1},
	[CSPACE_INSPECT] = {cspace_inspect, OBJECT_CSPACE, 1},
	[THREAD_CONFIGURE] = {thread_configure, OBJECT_THREAD, 3},
	[THREAD_SET_HANDLER] = {thread_set_handler, OBJECT_THREAD, 3},
	[THREAD_SET_SCHED] = {thread_set_sched, OBJECT_THREAD, 1},
	[THREAD_BIND_NOTIFICATION] = {thread_bind_notification, OBJECT_THREAD, 1},
	[THREAD_WRITE_REGISTERS] = {thread_write_registers, OBJECT_THREAD, 32},
	[THREAD_READ_REGISTERS] = {thread_read_registers, OBJECT_THREAD, 0},
	[THREAD_WRITE_FPU] = {thread_write_fpu, OBJECT_THREAD, 33},
	[THREAD_READ_FPU] = {thread_read_fpu, OBJECT_THREAD, 0},
	[THREAD_RESUME] = {thread_resume, OBJECT_THREAD, 0},
	[THREAD_SUSPEND] = {thread_suspend, OBJECT_THREAD, 0},
	[THREAD_INFO] = {thread_info, OBJECT_THREAD, 0},
	[SPACE_ADD_BANK] = {space_add_bank, OBJECT_SPACE, 1},
	[SPACE_ATTACH_WINDOW] = {space_attach_window, OBJECT_SPACE, 5},
	[SPACE_INFO] = {space_info, OBJECT_SPACE, 0},
	[BINDING_BIND] = {binding_bind, OBJECT_BINDING, 3},
	[POOL_ADD_EXTENT] = {pool_add_extent, OBJECT_POOL, 1},
	[POOL_INFO] = {pool_info, OBJECT_POOL, 0},
	[NOTIFICATION_SET_TIMER] = {notification_set_timer, OBJECT_NOTIFICATION, 1},
	[IRQ_CONTROL_GET] = {irq_control_get, OBJECT_IRQ_CONTROL, 2},
	[IRQ_SET_NOTIFICATION] = {irq_set_notification, OBJECT_IRQ_HANDLER, 1},
	[IRQ_ACK] = {irq_ack, OBJECT_IRQ_HANDLER, 0},
	[HART_CONFIGURE] = {hart_configure, OBJECT_HART, 4},
	[THREAD_CANCEL] = {thread_cancel, OBJECT_THREAD, 0},
	[SCHED_SET_PRIORITY] = {sched_set_priority, OBJECT_SCHED_CONTEXT, 1},
	[SCHED_INFO] = {sched_info, OBJECT_SCHED_CONTEXT, 0},
	[HART_ALLOW_COUNTERS] = {hart_allow_counters, OBJECT_HART, 2},
	[HART_INFO] = {hart_info, OBJECT_HART, 1},
	[CONSOLE_WRITE] = {console_write, OBJECT_CONSOLE, 1},
	[SYSTEM_RESET] = {system_reset, OBJECT_SYSTEM, 2},
};

/* Rights that the capability must have: POOL_INFO reads, all others manage. */
static unsigned rights_needed(unsigned method)
{
	return method == POOL_INFO ? 0 : RIGHT_MANAGE;
}

void invoke(struct thread *t)
{
	struct invocation call = {.thread = t, .words = message_words(t->registers[REG_A1])};
	unsigned method = message_label(t->registers[REG_A1]);
	enum err err = ERR_NO_SYSCALL;

	if (method < ARRAY_SIZE(methods) && methods[method].run != NULL) {
		err = cap_lookup_typed(invocation_cspace(&call), (uint32_t)t->registers[REG_A0],
				       methods[method].type, rights_needed(method), &call.slot);
	}
	if (err == ERR_OK &&
	    (call.words < methods[method].arguments || call.words > MESSAGE_WORDS)) {
		err = ERR_ARGUMENT;
	}
	if (err == ERR_OK) {
		call.object = call.slot->object;
		for (unsigned i = 0; i < call.words && i < MESSAGE_REGISTERS; i++) {
			call.arguments[i] = message_word(t, i);
		}
		err = methods[method].run(&call);
	}
	if (err == CAP_PREEMPTED) {
		t->registers[0] -= 4; /* the ecall is made again */
		hart_current()->reschedule = true;
		return;
	}
	set_result(t, err);
	if (err != ERR_OK) {
		return;
	}
	t->registers[REG_A1] = MESSAGE_TAG(method, call.results);
	for (unsigned i = 0; i < call.results && i < MESSAGE_REGISTERS; i++) {
		set_message_word(t, i, call.result[i]);
	}
}
