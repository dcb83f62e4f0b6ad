/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ppoll and pselect6. A call that finds nothing parks on the waitable of each of its files and
 * looks again, reading its arguments anew, when one is woken.
 * While parked: park_words[0] = deadline in ticks.
 */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};

#define SELECT_READ (POLL_IN | POLL_READ_NORMAL | POLL_HANGUP | POLL_ERROR)
#define SELECT_WRITE (POLL_OUT | POLL_WRITE_NORMAL | POLL_ERROR)
#define SELECT_EXCEPTION POLL_PRI
#define SELECT_MAX 65536u /* descriptors */
#define SELECT_WORDS (SELECT_MAX / 64)

/* The deadline of a call: its timespec argument, or what a parked call has kept. */
static int64_t load_deadline(struct thread *t, uint64_t user, uint64_t *deadline)
{
	int64_t ns;
	int64_t result = time_copy_in(t, user, false, &ns);

	if (result == 0) {
		*deadline = time_deadline(ns);
	}
	return result;
}

/* Tell the program how much of its time is left, as Linux does; faults are passed over. */
static void store_rest(struct thread *t, uint64_t user, uint64_t deadline)
{
	uint64_t now = time_now();

	if (user != 0 && deadline != PARK_FOREVER) {
		time_copy_out(t, user, false,
			      deadline > now ? (int64_t)time_ns(deadline - now) : 0);
	}
}

/* ---- ppoll ---- */

static int64_t poll_scan(struct process *p, struct linux_pollfd *fds, uint64_t count)
{
	int64_t ready = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint32_t wanted = (uint16_t)fds[i].events | POLL_ERROR | POLL_HANGUP;
		struct open_file *file;
		uint32_t events = POLL_INVALID;

		fds[i].revents = 0;
		if (fds[i].fd < 0) {
			continue;
		}
		file = fd_file(p, (uint64_t)fds[i].fd);
		if (file != NULL) {
			events = open_file_poll(file) & wanted;
		}
		fds[i].revents = (int16_t)events;
		ready += events != 0;
	}
	return ready;
}

static int64_t park_on_file(struct thread *t, struct open_file *file)
{
	struct waitable *waitable = file != NULL ? open_file_waitable(file) : NULL;

	return waitable != NULL ? park_on(t, waitable) : 0;
}

static int64_t poll_resume(struct thread *t, enum wake why);

static int64_t poll_park(struct thread *t, const struct linux_pollfd *fds, uint64_t count,
			 uint64_t deadline)
{
	for (uint64_t i = 0; i < count; i++) {
		int64_t result = 0;

		if (fds[i].fd >= 0) {
			result = park_on_file(t, fd_file(t->process, (uint64_t)fds[i].fd));
		}
		if (result < 0) {
			return result;
		}
	}
	t->park_words[0] = deadline;
	return park(t, poll_resume, deadline, true);
}

/* Look at the descriptors; park if none is ready and time is left. */
static int64_t poll_run(struct thread *t, uint64_t deadline, bool timed_out)
{
	uint64_t count = t->args[1];
	size_t size = count * sizeof(struct linux_pollfd);
	struct linux_pollfd *fds;
	int64_t result;

	if (count > t->process->limits[LINUX_RLIMIT_NOFILE].soft || count > SELECT_MAX) {
		return -STATUS_INVAL;
	}
	fds = malloc(size + 1);
	if (fds == NULL) {
		return -STATUS_NOMEM;
	}
	result = copy_in(t, fds, t->args[0], size);
	if (result == 0) {
		result = poll_scan(t->process, fds, count);
		if (result == 0 && !timed_out && deadline > time_now()) {
			result = poll_park(t, fds, count, deadline);
		} else if (copy_out(t, t->args[0], fds, size) < 0) {
			result = -STATUS_FAULT;
		}
	}
	free(fds);
	return result;
}

static int64_t poll_resume(struct thread *t, enum wake why)
{
	uint64_t deadline = t->park_words[0];

	if (why == WAKE_SIGNAL || why == WAKE_KILL) {
		if (why == WAKE_SIGNAL) {
			store_rest(t, t->args[2], deadline);
		}
		return CALL_RESTART_NO_HANDLER;
	}
	return poll_run(t, deadline, why == WAKE_TIMEOUT);
}

HANDLER(ppoll)
{
	uint64_t deadline = PARK_FOREVER;
	int64_t result = load_deadline(t, args[2], &deadline);

	if (result == 0) {
		result = signal_set_call_mask(t, args[3], args[4]);
	}
	return result < 0 ? result : poll_run(t, deadline, false);
}

/* ---- pselect6 ---- */

enum { SET_READ, SET_WRITE, SET_EXCEPTION, SETS };
static const uint32_t set_events[SETS] = {SELECT_READ, SELECT_WRITE, SELECT_EXCEPTION};
static uint64_t wanted_sets[SETS][SELECT_WORDS], ready_sets[SETS][SELECT_WORDS];

static bool in_set(const uint64_t *set, uint32_t fd)
{
	return set[fd / 64] >> (fd % 64) & 1;
}

static bool is_wanted(uint32_t fd)
{
	return in_set(wanted_sets[SET_READ], fd) || in_set(wanted_sets[SET_WRITE], fd) ||
	       in_set(wanted_sets[SET_EXCEPTION], fd);
}

static int64_t select_load(struct thread *t, uint32_t count)
{
	size_t size = (count + 63) / 64 * 8;

	for (unsigned i = 0; i < SETS; i++) {
		uint64_t user = t->args[1 + i];

		memset(wanted_sets[i], 0, size);
		memset(ready_sets[i], 0, size);
		if (user != 0 && copy_in(t, wanted_sets[i], user, size) < 0) {
			return -STATUS_FAULT;
		}
	}
	return 0;
}

/* Number of bits set in the ready sets, or -STATUS_BADF. */
static int64_t select_scan(struct process *p, uint32_t count)
{
	int64_t ready = 0;

	for (uint32_t fd = 0; fd < count; fd++) {
		struct open_file *file;
		uint32_t events;

		if (!is_wanted(fd)) {
			continue;
		}
		file = fd_file(p, fd);
		if (file == NULL) {
			return -STATUS_BADF;
		}
		events = open_file_poll(file);
		for (unsigned i = 0; i < SETS; i++) {
			if (in_set(wanted_sets[i], fd) && (events & set_events[i])) {
				ready_sets[i][fd / 64] |= 1ull << (fd % 64);
				ready++;
			}
		}
	}
	return ready;
}

static int64_t select_store(struct thread *t, uint32_t count, int64_t result)
{
	size_t size = (count + 63) / 64 * 8;

	for (unsigned i = 0; i < SETS; i++) {
		uint64_t user = t->args[1 + i];

		if (user != 0 && copy_out(t, user, ready_sets[i], size) < 0) {
			return -STATUS_FAULT;
		}
	}
	return result;
}

static int64_t select_resume(struct thread *t, enum wake why);

static int64_t select_park(struct thread *t, uint32_t count, uint64_t deadline)
{
	for (uint32_t fd = 0; fd < count; fd++) {
		int64_t result = is_wanted(fd) ? park_on_file(t, fd_file(t->process, fd)) : 0;

		if (result < 0) {
			return result;
		}
	}
	t->park_words[0] = deadline;
	return park(t, select_resume, deadline, true);
}

static int64_t select_run(struct thread *t, uint64_t deadline, bool timed_out)
{
	uint32_t count = (uint32_t)t->args[0];
	int64_t result;

	if (t->process->files->capacity < count) {
		count = t->process->files->capacity;
	}
	result = select_load(t, count);
	if (result == 0) {
		result = select_scan(t->process, count);
	}
	if (result < 0) {
		return result;
	}
	if (result == 0 && !timed_out && deadline > time_now()) {
		return select_park(t, count, deadline);
	}
	return select_store(t, count, result);
}

static int64_t select_resume(struct thread *t, enum wake why)
{
	uint64_t deadline = t->park_words[0];

	if (why == WAKE_SIGNAL || why == WAKE_KILL) {
		if (why == WAKE_SIGNAL) {
			store_rest(t, t->args[4], deadline);
		}
		return CALL_RESTART_NO_HANDLER;
	}
	return select_run(t, deadline, why == WAKE_TIMEOUT);
}

HANDLER(pselect6)
{
	struct {
		uint64_t mask, size;
	} mask = {0, 0};
	uint64_t deadline = PARK_FOREVER;
	int64_t result;

	if ((int32_t)args[0] < 0) {
		return -STATUS_INVAL;
	}
	result = load_deadline(t, args[4], &deadline);
	if (result == 0 && args[5] != 0) {
		result = copy_in(t, &mask, args[5], sizeof(mask));
	}
	if (result == 0) {
		result = signal_set_call_mask(t, mask.mask, mask.size);
	}
	return result < 0 ? result : select_run(t, deadline, false);
}
