/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYS_INVOKE: methods of kernel objects (kernel/abi/object.h). Each method
 * checks everything first and then commits; the functions below return
 * ERR_OK, an ABI error with nothing changed, or CAP_PREEMPTED (progress is
 * kept in objects; the call is made again). All need the kernel lock.
 */
#ifndef KERNEL_INVOKE_H
#define KERNEL_INVOKE_H

#include "kernel/objects.h"

struct invocation {
	struct thread *thread; /* the caller */
	struct cap_slot *slot; /* the capability invoked; type and rights are checked */
	void *object;	       /* slot->object */
	unsigned words;	       /* arguments given */
	uint64_t arguments[MESSAGE_REGISTERS]; /* those in registers; 0 if not given */
	unsigned results;		       /* out: how many */
	uint64_t result[MESSAGE_REGISTERS];    /* out: those in registers */
};

/* The caller's capability space. */
static inline struct cspace *invocation_cspace(const struct invocation *call)
{
	return call->thread->cspace.object;
}

void invoke(struct thread *t);

enum err untyped_retype(struct invocation *call);
enum err untyped_info(struct invocation *call);
enum err cspace_copy(struct invocation *call);
enum err cspace_move(struct invocation *call);
enum err cspace_delete(struct invocation *call);
enum err cspace_revoke(struct invocation *call);
enum err cspace_inspect(struct invocation *call);
enum err thread_configure(struct invocation *call);
enum err thread_set_handler(struct invocation *call);
enum err thread_set_sched(struct invocation *call);
enum err thread_bind_notification(struct invocation *call);
enum err thread_write_registers(struct invocation *call);
enum err thread_read_registers(struct invocation *call);
enum err thread_write_fpu(struct invocation *call);
enum err thread_read_fpu(struct invocation *call);
enum err thread_resume(struct invocation *call);
enum err thread_suspend(struct invocation *call);
enum err thread_info(struct invocation *call);
enum err thread_cancel(struct invocation *call);
enum err sched_set_priority(struct invocation *call);
enum err sched_info(struct invocation *call);
enum err hart_allow_counters(struct invocation *call);
enum err space_add_bank(struct invocation *call);
enum err space_attach_window(struct invocation *call);
enum err space_info(struct invocation *call);
enum err binding_bind(struct invocation *call);
enum err pool_add_extent(struct invocation *call);
enum err pool_info(struct invocation *call);
enum err notification_set_timer(struct invocation *call);
enum err irq_control_get(struct invocation *call);
enum err irq_set_notification(struct invocation *call);
enum err irq_ack(struct invocation *call);
enum err hart_configure(struct invocation *call);
enum err hart_info(struct invocation *call);
enum err console_write(struct invocation *call);
enum err system_reset(struct invocation *call);

#endif
