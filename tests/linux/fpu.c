/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floating-point registers belong to their thread alone, through switches,
 * forks, signals and system calls, to the last bit.
 */
#include "tests/linux/harness.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Load all 32 registers with patterns made from the seed. */
static void fill_registers(uint64_t seed)
{
	uint64_t values[32];

	for (unsigned int i = 0; i < 32; i++) {
		values[i] = seed * 0x9e3779b97f4a7c15 + i * 0x0123456789abcdef;
	}
#define LOAD(n) "fld f" #n ", 8*" #n "(%0)\n\t"
	__asm__ volatile(LOAD(0) LOAD(1) LOAD(2) LOAD(3) LOAD(4) LOAD(5) LOAD(6) LOAD(7) LOAD(8)
				 LOAD(9) LOAD(10) LOAD(11) LOAD(12) LOAD(13) LOAD(14) LOAD(15)
					 LOAD(16) LOAD(17) LOAD(18) LOAD(19) LOAD(20) LOAD(21)
						 LOAD(22) LOAD(23) LOAD(24) LOAD(25) LOAD(26)
							 LOAD(27) LOAD(28) LOAD(29) LOAD(30)
								 LOAD(31)
			 :
			 : "r"(values)
			 : "memory");
}

/* How many of them differ from what fill_registers(seed) left. */
static int wrong_registers(uint64_t seed)
{
	uint64_t values[32];
	int wrong = 0;

#define STORE(n) "fsd f" #n ", 8*" #n "(%0)\n\t"
	__asm__ volatile(STORE(0) STORE(1) STORE(2) STORE(3) STORE(4) STORE(5) STORE(6) STORE(7)
				 STORE(8) STORE(9) STORE(10) STORE(11) STORE(12) STORE(13) STORE(14)
					 STORE(15) STORE(16) STORE(17) STORE(18) STORE(19) STORE(20)
						 STORE(21) STORE(22) STORE(23) STORE(24) STORE(25)
							 STORE(26) STORE(27) STORE(28) STORE(29)
								 STORE(30) STORE(31)
			 :
			 : "r"(values)
			 : "memory");
	for (unsigned int i = 0; i < 32; i++) {
		wrong += values[i] != seed * 0x9e3779b97f4a7c15 + i * 0x0123456789abcdef;
	}
	return wrong;
}

/* System calls that do not touch the registers on their way. */
static void raw_yield(void)
{
	register long number __asm__("a7") = 124;
	register long result __asm__("a0");

	__asm__ volatile("ecall" : "=r"(result) : "r"(number) : "memory");
}

static void raw_sleep(void)
{
	static const long time[2] = {0, 100000};
	register long number __asm__("a7") = 101;
	register long request __asm__("a0") = (long)time;
	register long left __asm__("a1") = 0;

	__asm__ volatile("ecall" : "+r"(request) : "r"(number), "r"(left) : "memory");
}

TEST(eight_processes)
{
	pid_t children[8];

	for (int i = 0; i < 8; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			uint64_t seed = (uint64_t)i + 1;
			int wrong = 0;

			for (int round = 0; round < 300; round++) {
				fill_registers(seed + (uint64_t)round * 64);
				if (round % 8 == 7) {
					raw_sleep();
				} else {
					raw_yield();
				}
				for (volatile int spin = 0; spin < 500; spin++) {
				}
				wrong += wrong_registers(seed + (uint64_t)round * 64);
			}
			_exit(wrong > 100 ? 100 : wrong);
		}
	}
	for (int i = 0; i < 8; i++) {
		CHECK_EXIT(children[i], 0);
	}
}

/* A sum whose last bits depend on every step and on the rounding. */
static double series(int seed)
{
	double x = 1.0 + seed / 1024.0, sum = 0;

	for (int i = 1; i < 40000; i++) {
		x = x * 1.0000001 + 1.0 / (i + seed);
		sum += x / (i * 0.5 + 3);
	}
	return sum;
}

TEST(computations_agree_bit_by_bit)
{
	double wanted[8];
	pid_t children[8];

	for (int i = 0; i < 8; i++) {
		wanted[i] = series(i);
	}
	for (int i = 0; i < 8; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			double got = series(i);

			_exit(memcmp(&got, &wanted[i], sizeof(got)) != 0);
		}
	}
	for (int i = 0; i < 8; i++) {
		CHECK_EXIT(children[i], 0);
	}
}

static void *thread_series(void *argument)
{
	static __thread double result;

	result = series((int)(long)argument);
	return memcpy(malloc(sizeof(result)), &result, sizeof(result));
}

TEST(threads_agree_bit_by_bit)
{
	pthread_t threads[4];

	for (long i = 0; i < 4; i++) {
		CHECK_EQ(pthread_create(&threads[i], NULL, thread_series, (void *)i), 0);
	}
	for (int i = 0; i < 4; i++) {
		double wanted = series(i);
		void *got;

		pthread_join(threads[i], &got);
		CHECK(memcmp(got, &wanted, sizeof(wanted)) == 0);
	}
}

TEST(fresh_process_has_zeroed_state)
{
	uint64_t fcsr;

	__asm__ volatile("csrr %0, fcsr" : "=r"(fcsr));
	CHECK_EQ(fcsr & ~31ul, 0); /* round to nearest; printf may have set flags */
}

TEST(fork_copies_registers)
{
	pid_t child;

	fill_registers(77);
	/* glibc's fork may use floating point; the raw call may not. */
	{
		register long number __asm__("a7") = 220;
		register long a0 __asm__("a0") = SIGCHLD;
		register long a1 __asm__("a1") = 0;
		register long a2 __asm__("a2") = 0;
		register long a3 __asm__("a3") = 0;
		register long a4 __asm__("a4") = 0;

		__asm__ volatile("ecall"
				 : "+r"(a0)
				 : "r"(number), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
				 : "memory");
		child = (pid_t)a0;
	}
	if (child == 0) {
		_exit(wrong_registers(77));
	}
	CHECK_EQ(wrong_registers(77), 0);
	CHECK_EXIT(child, 0);
}

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
	(void)number;
	fill_registers(999);
	fesetround(FE_UPWARD);
	ticks++;
}

TEST(handlers_do_not_disturb)
{
	struct sigaction action = {.sa_handler = on_tick};
	struct itimerval timer = {{0, 2000}, {0, 2000}};
	int wrong = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (uint64_t round = 1; ticks < 60; round++) {
		fill_registers(round);
		for (volatile int spin = 0; spin < 3000; spin++) {
		}
		wrong += wrong_registers(round);
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(fegetround(), FE_TONEAREST);
}

TEST(rounding_mode_is_per_thread)
{
	pid_t child;

	CHECK_EQ(fesetround(FE_DOWNWARD), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(fegetround(), FE_DOWNWARD); /* inherited */
		fesetround(FE_TOWARDZERO);
		for (int i = 0; i < 100; i++) {
			sched_yield();
			CHECK_EQ(fegetround(), FE_TOWARDZERO);
		}
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		sched_yield();
		CHECK_EQ(fegetround(), FE_DOWNWARD);
	}
	CHECK_EXIT(child, 0);
}

TEST(exception_flags_are_kept)
{
	volatile double zero = 0, one = 1, result;

	feclearexcept(FE_ALL_EXCEPT);
	result = one / zero;
	(void)result;
	raw_yield();
	raw_sleep();
	CHECK_EQ(fetestexcept(FE_ALL_EXCEPT), FE_DIVBYZERO);
}
