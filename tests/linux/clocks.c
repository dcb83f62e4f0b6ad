/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, sleeping, timers. */
#include "tests/linux/harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	CHECK_EQ(clock_gettime(clock, &t), 0);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void burn_ms(unsigned int ms)
{
	uint64_t end = nanoseconds(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000ul;

	while (nanoseconds(CLOCK_THREAD_CPUTIME_ID) < end) {
	}
}

TEST(clocks_go_forward)
{
	static const clockid_t clocks[] = {CLOCK_REALTIME,	     CLOCK_MONOTONIC,
					   CLOCK_MONOTONIC_RAW,	     CLOCK_BOOTTIME,
					   CLOCK_REALTIME_COARSE,    CLOCK_MONOTONIC_COARSE,
					   CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};

	for (size_t c = 0; c < sizeof(clocks) / sizeof(clocks[0]); c++) {
		uint64_t first = nanoseconds(clocks[c]), last = first;

		for (int i = 0; i < 300; i++) {
			uint64_t now = nanoseconds(clocks[c]);

			CHECK(now >= last);
			last = now;
		}
	}
}

TEST(time_of_day)
{
	struct timeval tv;
	struct timespec ts;

	CHECK(time(NULL) > 1700000000); /* the machine has a clock, and it is late */
	CHECK_EQ(gettimeofday(&tv, NULL), 0);
	CHECK_EQ(clock_gettime(CLOCK_REALTIME, &ts), 0);
	CHECK(ts.tv_sec - tv.tv_sec >= 0 && ts.tv_sec - tv.tv_sec <= 1);
}

TEST(sleep_lasts)
{
	uint64_t begin = nanoseconds(CLOCK_MONOTONIC), took;

	sleep_ms(100);
	took = nanoseconds(CLOCK_MONOTONIC) - begin;
	CHECK(took >= 100000000);
	CHECK(took < 5000000000);
}

TEST(absolute_sleep)
{
	struct timespec end;

	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &end), 0);
	end.tv_nsec += 50000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL), 0);
	CHECK(nanoseconds(CLOCK_MONOTONIC) >=
	      (uint64_t)end.tv_sec * 1000000000 + (uint64_t)end.tv_nsec);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL), 0); /* over */
}

TEST(errors)
{
	struct timespec bad = {0, 1000000000}, negative = {-1, 0}, t;

	CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);
	CHECK_ERRNO(nanosleep(&negative, NULL), EINVAL);
	CHECK_ERRNO(nanosleep(bad_pointer(), NULL), EFAULT);
	CHECK_ERRNO(clock_gettime(77, &t), EINVAL);
	CHECK_ERRNO(clock_getres(77, &t), EINVAL);
	CHECK_EQ(clock_nanosleep(77, 0, &negative, NULL), EINVAL);
	CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &t), 0);
	CHECK(t.tv_sec == 0 && t.tv_nsec >= 1);
}

TEST(processor_time)
{
	uint64_t process = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	struct tms tms;

	sleep_ms(50);
	CHECK(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - process < 40000000); /* sleep is free */
	burn_ms(60);
	CHECK(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - process >= 59000000);
	CHECK(times(&tms) != (clock_t)-1);
	CHECK(tms.tms_utime + tms.tms_stime >= 3); /* in 1/100 s */
	CHECK(clock() > 0);
}

static volatile sig_atomic_t ticks;

static void on_tick(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	CHECK_EQ(info->si_code, SI_TIMER);
	CHECK_EQ(info->si_value.sival_int, 55);
	ticks++;
}

TEST(posix_timer)
{
	struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 55};
	struct itimerspec time = {{0, 10000000}, {0, 10000000}}, left;
	timer_t timer;

	sigaction(SIGUSR1, &action, NULL);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	CHECK_EQ(timer_settime(timer, 0, &time, NULL), 0);
	while (ticks < 5) {
		sleep_ms(5);
	}
	CHECK_EQ(timer_gettime(timer, &left), 0);
	CHECK_EQ(left.it_interval.tv_nsec, 10000000);
	CHECK_EQ(timer_delete(timer), 0);
	CHECK_ERRNO(timer_delete(timer), EINVAL);
	ticks = 0;
	sleep_ms(30);
	CHECK_EQ(ticks, 0);
}

static void on_signal(int number)
{
	(void)number;
	ticks++;
}

TEST(processor_time_timer)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct itimerval time = {{0, 0}, {0, 30000}};

	sigaction(SIGPROF, &action, NULL);
	CHECK_EQ(setitimer(ITIMER_PROF, &time, NULL), 0);
	sleep_ms(60);
	CHECK_EQ(ticks, 0);
	burn_ms(100);
	CHECK_EQ(ticks, 1);
}

TEST(many_sleepers)
{
	pid_t children[10];
	uint64_t begin = nanoseconds(CLOCK_MONOTONIC);

	for (int i = 0; i < 10; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			for (int n = 0; n < 10; n++) {
				sleep_ms((unsigned int)(i + 1));
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 10; i++) {
		CHECK_EXIT(children[i], 0);
	}
	CHECK(nanoseconds(CLOCK_MONOTONIC) - begin >= 100000000);
}

TEST(system_information)
{
	struct sysinfo info;

	CHECK_EQ(sysinfo(&info), 0);
	CHECK(info.uptime >= 0);
	CHECK(info.totalram * info.mem_unit > 16 << 20);
	CHECK(info.freeram < info.totalram);
	CHECK(info.procs >= 2);
	CHECK_ERRNO(sysinfo(bad_pointer()), EFAULT);
}
