/* SPDX-License-Identifier: BSD-2-Clause */
/* How threads end, and what else a process does with several of them. */
#include "tests/linux/harness.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
	int error = pthread_create(thread, NULL, body, argument);

	if (error != 0) {
		FAIL("pthread_create: error %d", error);
	}
}

static void *sleep_for_ever(void *argument)
{
	for (;;) {
		sleep(1);
	}
	return argument;
}

TEST(cancel)
{
	pthread_t thread;
	void *result;

	start(&thread, sleep_for_ever, NULL);
	sleep_ms(10);
	CHECK_EQ(pthread_cancel(thread), 0);
	CHECK_EQ(pthread_join(thread, &result), 0);
	CHECK(result == PTHREAD_CANCELED);
}

static volatile int is_detached_done;

static void *detached(void *argument)
{
	__atomic_store_n(&is_detached_done, 1, __ATOMIC_RELEASE);
	return argument;
}

TEST(detached_thread)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	CHECK_EQ(pthread_create(&thread, &attributes, detached, NULL), 0);
	wait_flag(&is_detached_done, 1);
}

static void *exit_process(void *argument)
{
	sleep_ms(5);
	exit((int)(long)argument);
}

TEST(exit_ends_all_threads)
{
	pthread_t thread;
	pid_t child = must_fork();

	if (child == 0) {
		start(&thread, sleep_for_ever, NULL);
		start(&thread, exit_process, (void *)17);
		sleep_for_ever(NULL);
	}
	CHECK_EXIT(child, 17);
}

static void *exit_later(void *argument)
{
	sleep_ms(20);
	_exit(argument == NULL ? 18 : 19);
}

TEST(main_thread_ends_first)
{
	pthread_t thread;
	pid_t child = must_fork();

	if (child == 0) {
		start(&thread, exit_later, NULL);
		pthread_exit(NULL);
	}
	CHECK_EXIT(child, 18);
}

static void *crash(void *argument)
{
	*(volatile int *)argument = 1;
	return NULL;
}

TEST(crash_ends_all_threads)
{
	pthread_t thread;
	pid_t child = must_fork();

	if (child == 0) {
		start(&thread, sleep_for_ever, NULL);
		start(&thread, crash, bad_pointer());
		sleep_for_ever(NULL);
	}
	CHECK_KILLED(child, SIGSEGV);
}

static void *fork_in_thread(void *argument)
{
	pid_t child = fork();

	if (child == 0) {
		/* Only this thread is there. */
		CHECK_EQ(syscall(SYS_gettid), getpid());
		_exit(20);
	}
	CHECK_EXIT(child, 20);
	return argument;
}

TEST(fork_from_thread)
{
	pthread_t other, thread;

	start(&other, sleep_for_ever, NULL);
	start(&thread, fork_in_thread, NULL);
	pthread_join(thread, NULL);
}

static volatile pthread_t signalled;

static void on_usr1(int number)
{
	(void)number;
	signalled = pthread_self();
}

TEST(signal_to_thread)
{
	struct sigaction action = {.sa_handler = on_usr1};
	pthread_t one, two;

	sigaction(SIGUSR1, &action, NULL);
	start(&one, sleep_for_ever, NULL);
	start(&two, sleep_for_ever, NULL);
	sleep_ms(10);
	CHECK_EQ(pthread_kill(two, SIGUSR1), 0);
	while (signalled == 0) {
		sleep_ms(1);
	}
	CHECK(signalled == two);
}

static void *block_and_wait(void *argument)
{
	sigset_t set;
	int number = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigwait(&set, &number), 0);
	return argument != NULL ? (void *)(long)number : NULL;
}

TEST(process_signal_finds_open_thread)
{
	sigset_t set;
	pthread_t thread;
	void *result;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	start(&thread, block_and_wait, &set);
	sleep_ms(10);
	kill(getpid(), SIGUSR1);
	pthread_join(thread, &result);
	CHECK_EQ(result, SIGUSR1);
}

static void *die_with_lock(void *argument)
{
	pthread_mutex_lock(argument);
	return NULL;
}

TEST(robust_mutex)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t robust;
	pthread_t thread;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	CHECK_EQ(pthread_mutex_init(&robust, &attributes), 0);
	start(&thread, die_with_lock, &robust);
	pthread_join(thread, NULL);
	CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&robust), 0);
	CHECK_EQ(pthread_mutex_unlock(&robust), 0);
	CHECK_EQ(pthread_mutex_lock(&robust), 0);
}

TEST(mutex_between_processes)
{
	pthread_mutexattr_t attributes;
	struct shared {
		pthread_mutex_t lock;
		volatile int count;
	} *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[3];

	CHECK(shared != MAP_FAILED);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	CHECK_EQ(pthread_mutex_init(&shared->lock, &attributes), 0);
	for (int i = 0; i < 3; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			for (int n = 0; n < 1000; n++) {
				pthread_mutex_lock(&shared->lock);
				shared->count = shared->count + 1;
				pthread_mutex_unlock(&shared->lock);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EXIT(children[i], 0);
	}
	CHECK_EQ(shared->count, 3000);
}

static void *recurse(void *argument)
{
	volatile char frame[1000];

	frame[0] = argument == NULL ? 0 : 1;
	if (frame[0] != 2) {
		recurse((void *)frame);
	}
	return (void *)(long)frame[0];
}

TEST(stack_guard_of_thread)
{
	pthread_t thread;
	pid_t child = must_fork();

	if (child == 0) {
		start(&thread, recurse, NULL);
		pthread_join(thread, NULL);
		_exit(0);
	}
	CHECK_KILLED(child, SIGSEGV);
}

static void *use_memory(void *argument)
{
	for (int i = 0; i < 100; i++) {
		size_t size = 1000 + (size_t)i * 1500;
		unsigned char *p = malloc(size);

		CHECK(p != NULL);
		memset(p, i, size);
		CHECK(p[0] == i && p[size - 1] == i);
		free(p);
	}
	return argument;
}

TEST(malloc_in_threads)
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++) {
		start(&threads[i], use_memory, NULL);
	}
	for (int i = 0; i < 6; i++) {
		pthread_join(threads[i], NULL);
	}
}
