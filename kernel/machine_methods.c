/* SPDX-License-Identifier: BSD-2-Clause */
/* Methods of Hart, Console and System. See invoke.h. */
#include "kernel/invoke.h"
#include "kernel/schedule.h"
#include "sbi/machine.h"
#include "sbi/sbi.h"

#define CONSOLE_BYTES 2048
#define CONSOLE_WORD 16

/* Slices outside of this are taken as these: shorter than a switch takes leaves no time to run,
 * and time plus slice must not overflow. */
#define SLICES_A_SECOND_MOST 20000u
#define SLICE_TICKS_MOST (1ull << 62)

static uint64_t slice_ticks(uint64_t asked)
{
	uint64_t least = machine.timebase_hz / SLICES_A_SECOND_MOST + 1;

	if (asked < least) {
		return least;
	}
	return asked > SLICE_TICKS_MOST ? SLICE_TICKS_MOST : asked;
}

enum err hart_configure(struct invocation *call)
{
	uint64_t all = (1ull << machine.hart_count) - 1;
	uint64_t mask = call->arguments[3] != 0 ? call->arguments[3] : all;
	struct cap_slot *slot;
	struct sched_context *sched;
	enum err err = cap_lookup_typed(invocation_cspace(call), call->arguments[0],
					OBJECT_SCHED_CONTEXT, RIGHT_MANAGE, &slot);

	if (err != ERR_OK) {
		return err;
	}
	if (call->arguments[1] > PRIORITY_MAX || call->arguments[2] == 0 || (mask & all) == 0) {
		return ERR_ARGUMENT;
	}
	sched = slot->object;
	if (sched->thread != NULL) {
		sched_stop(sched->thread);
	}
	sched->priority = (uint8_t)call->arguments[1];
	sched->slice = slice_ticks(call->arguments[2]);
	sched->allowed.bits = (uint32_t)(mask & all);
	sched->configured = true;
	if (sched->thread != NULL) {
		sched_ready(sched->thread, false);
	}
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
		call->result[0] += time_now() - hart->switched_at;
	}
	call->result[1] = hart->switches;
	call->result[2] = hart->entries;
	call->results = 3;
	return ERR_OK;
}

enum err console_write(struct invocation *call)
{
	uint64_t size = call->arguments[0];
	const char *bytes = (const char *)&thread_buffer(call->thread)->words[CONSOLE_WORD];

	if (size == 0 || size > CONSOLE_BYTES) {
		return ERR_ARGUMENT;
	}
	for (uint64_t i = 0; i < size; i++) {
		sbi_console_put(bytes[i]);
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
	sbi_system_reset((uint32_t)call->arguments[0], (uint32_t)call->arguments[1]);
	return ERR_UNSUPPORTED; /* the firmware came back */
}
