/* SPDX-License-Identifier: BSD-2-Clause */
/* Methods of Hart, Console and System. See invoke.h. */
#include "kernel/debug.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/schedule.h"
#include "kernel/thread.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

#define CONSOLE_BYTES 2048
#define CONSOLE_WORD 16

enum err hart_allow_counters(struct invocation *call)
{
	struct cap_slot *slot;
	struct thread *t;
	enum err err = cap_lookup_typed(invocation_cspace(call), call->arguments[0], OBJECT_THREAD,
					RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	if ((call->arguments[1] & ~(uint64_t)COUNTERS_ALL) != 0) {
		return ERR_ARGUMENT;
	}
	t = slot->object;
	sched_stop(t);
	t->counters = (uint8_t)call->arguments[1];
	sched_ready(t, false);
	return ERR_OK;
}

enum err hart_info(struct invocation *call)
{
	const struct hart *hart;

	if (call->arguments[0] >= machine.hart_count) {
		return ERR_ARGUMENT;
	}
	hart = &harts[call->arguments[0]];
	call->result[0] = hart->idle_ticks;
	if (hart->is_idle) {
		call->result[0] += time_now() - hart->charged_since;
	}
	call->result[1] = hart->switches + hart->fast_switches;
	call->result[2] = hart->entries + hart->fast_switches;
	call->result[3] = hart->fences_sent;
	call->result[4] = hart->fence_targets;
	call->results = 5;
	return ERR_OK;
}

/* Preempted, it goes on at the byte that the caller's own word 1 then says. */
enum err console_write(struct invocation *call)
{
	uint64_t size = call->arguments[0], done = call->arguments[1];
	const char *bytes = (const char *)&thread_buffer(call->thread)->words[CONSOLE_WORD];

	if (size == 0 || size > CONSOLE_BYTES || done >= size) {
		return ERR_ARGUMENT;
	}
	while (done < size) {
		sbi_console_put(bytes[done++]);
		if (done < size && thread_preempt_pending()) {
			call->thread->registers[REG_A1] = MESSAGE_TAG(CONSOLE_WRITE, 2);
			set_message_word(call->thread, 1, done);
			return CAP_PREEMPTED;
		}
	}
	return ERR_OK;
}

enum err system_reset(struct invocation *call)
{
	if (call->arguments[0] > 2 || call->arguments[1] > 1) {
		return ERR_ARGUMENT;
	}
	if (!sbi_features.system_reset) {
		return ERR_UNSUPPORTED;
	}
	debug_report();
	sbi_system_reset((uint32_t)call->arguments[0], (uint32_t)call->arguments[1]);
	return ERR_UNSUPPORTED; /* the firmware came back */
}
