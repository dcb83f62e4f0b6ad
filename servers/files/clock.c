/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the clock service is asked once; from then on the time counter
 * counts. Without a clock service time starts in 1970.
 *
 * Also what libext2fs and picolibc want from a system below them.
 */
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#include <signal.h>

#include "servers/files/clock.h"
#include "servers/files/file_system.h"
#include "servers/lib/startup.h"
#include "servers/protocol/rtc.h"

#define NANOSECONDS 1000000000ull

static int64_t base_time;
static uint64_t base_ticks;

void clock_start(cap_t rtc)
{
	struct message m = {.tag = MESSAGE_TAG(RTC_READ, 0)};

	if (rtc && ipc_call(rtc, &m) == ERR_OK && (int64_t)m.words[0] == STATUS_OK) {
		base_time = (int64_t)m.words[1];
		base_ticks = m.words[2];
	}
}

int64_t clock_now(void)
{
	uint64_t hz = startup()->timebase_hz;
	uint64_t ticks = time_ticks() - base_ticks;

	return base_time + (int64_t)(ticks / hz * NANOSECONDS + ticks % hz * NANOSECONDS / hz);
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	int64_t now = clock_now();

	(void)zone;
	time->tv_sec = (time_t)(now / (int64_t)NANOSECONDS);
	time->tv_usec = (suseconds_t)(now % (int64_t)NANOSECONDS / 1000);
	return 0;
}

/* For picolibc's abort, by way of raise. */
__attribute__((weak)) pid_t getpid(void)
{
	return 1;
}

__attribute__((weak)) int kill(pid_t pid, int signal)
{
	(void)pid;
	_exit(128 + signal);
}
