/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads as glibc makes them: create, join, locks, conditions, TLS, exit. */
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

static void *add_one(void *argument)
{
	return (char *)argument + 1;
}

TEST(create_join)
{
	pthread_t thread;
	void *result;

	start(&thread, add_one, (void *)41);
	CHECK_EQ(pthread_join(thread, &result), 0);
	CHECK_EQ(result, 42);
}

TEST(many_one_after_another)
{
	for (long i = 0; i < 200; i++) {
		pthread_t thread;
		void *result;

		start(&thread, add_one, (void *)i);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK_EQ(result, i + 1);
	}
}

static pthread_barrier_t barrier;

static void *meet(void *argument)
{
	pthread_barrier_wait(&barrier);
	return argument;
}

TEST(many_at_once)
{
	enum { THREADS = 32 };
	pthread_t threads[THREADS];
	void *result;

	CHECK_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (long i = 0; i < THREADS; i++) {
		start(&threads[i], meet, (void *)i);
	}
	for (long i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(threads[i], &result), 0);
		CHECK_EQ(result, i);
	}
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static void *count_locked(void *argument)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&lock);
		counter = counter + 1;
		pthread_mutex_unlock(&lock);
	}
	return argument;
}

TEST(mutex_counter)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		start(&threads[i], count_locked, NULL);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(counter, 4 * 5000);
}

static void *try_lock(void *argument)
{
	(void)argument;
	return (void *)(long)pthread_mutex_trylock(&lock);
}

TEST(mutex_trylock_and_timeout)
{
	struct timespec end;
	pthread_t thread;
	void *result;

	pthread_mutex_lock(&lock);
	start(&thread, try_lock, NULL);
	pthread_join(thread, &result);
	CHECK_EQ(result, EBUSY);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 30000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	CHECK_EQ(pthread_mutex_timedlock(&lock, &end), ETIMEDOUT);
}

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int items, taken;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void *consume(void *argument)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&queue.lock);
		while (queue.items == 0) {
			pthread_cond_wait(&queue.changed, &queue.lock);
		}
		queue.items--;
		queue.taken++;
		pthread_mutex_unlock(&queue.lock);
	}
	return argument;
}

TEST(condition_queue)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++) {
		start(&threads[i], consume, NULL);
	}
	for (int i = 0; i < 1500; i++) {
		pthread_mutex_lock(&queue.lock);
		queue.items++;
		pthread_cond_signal(&queue.changed);
		pthread_mutex_unlock(&queue.lock);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(queue.taken, 1500);
	CHECK_EQ(queue.items, 0);
}

static volatile int released;

static void *wait_broadcast(void *argument)
{
	pthread_mutex_lock(&queue.lock);
	queue.items++;
	while (!released) {
		pthread_cond_wait(&queue.changed, &queue.lock);
	}
	queue.taken++;
	pthread_mutex_unlock(&queue.lock);
	return argument;
}

TEST(condition_broadcast)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++) {
		start(&threads[i], wait_broadcast, NULL);
	}
	wait_flag(&queue.items, 8);
	pthread_mutex_lock(&queue.lock);
	released = 1;
	pthread_cond_broadcast(&queue.changed);
	pthread_mutex_unlock(&queue.lock);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(queue.taken, 8);
}

TEST(condition_timeout)
{
	uint64_t begin = now_ms();
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 50000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_mutex_lock(&queue.lock);
	CHECK_EQ(pthread_cond_timedwait(&queue.changed, &queue.lock, &end), ETIMEDOUT);
	CHECK(now_ms() - begin >= 45);
}

static __thread int local = 7;
static __thread char local_zero[5000];

static void *use_local(void *argument)
{
	long seed = (long)argument;

	CHECK_EQ(local, 7);
	for (int i = 0; i < 5000; i++) {
		CHECK_EQ(local_zero[i], 0);
		local_zero[i] = (char)seed;
	}
	local = (int)seed;
	pthread_barrier_wait(&barrier);
	CHECK_EQ(local, seed);
	for (int i = 0; i < 5000; i++) {
		CHECK_EQ(local_zero[i], (char)seed);
	}
	return NULL;
}

TEST(thread_local_storage)
{
	pthread_t threads[4];

	local = 3;
	pthread_barrier_init(&barrier, NULL, 4);
	for (long i = 0; i < 4; i++) {
		start(&threads[i], use_local, (void *)(i + 100));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(local, 3);
}

static pthread_key_t key;
static int destroyed;

static void on_destroy(void *value)
{
	__atomic_fetch_add(&destroyed, (int)(long)value, __ATOMIC_SEQ_CST);
}

static void *use_key(void *argument)
{
	pthread_setspecific(key, argument);
	return pthread_getspecific(key);
}

TEST(specific_data)
{
	pthread_t thread;
	void *result;

	CHECK_EQ(pthread_key_create(&key, on_destroy), 0);
	for (long i = 1; i <= 3; i++) {
		start(&thread, use_key, (void *)i);
		pthread_join(thread, &result);
		CHECK_EQ(result, i);
	}
	CHECK_EQ(destroyed, 6);
}

static void *set_errno(void *argument)
{
	(void)argument;
	errno = 0;
	close(-1);
	return (void *)(long)errno;
}

TEST(errno_of_each_thread)
{
	pthread_t thread;
	void *result;

	errno = 77;
	start(&thread, set_errno, NULL);
	pthread_join(thread, &result);
	CHECK_EQ(errno, 77);
	CHECK_EQ(result, EBADF);
}

static void *own_tid(void *argument)
{
	(void)argument;
	CHECK_EQ(getpid(), getpgrp());
	return (void *)syscall(SYS_gettid);
}

TEST(thread_numbers)
{
	pthread_t thread;
	void *result;

	CHECK_EQ(syscall(SYS_gettid), getpid());
	start(&thread, own_tid, NULL);
	pthread_join(thread, &result);
	CHECK((long)result > 0 && (long)result != getpid());
}

static sem_t semaphore;

static void *post_later(void *argument)
{
	sleep_ms(20);
	sem_post(&semaphore);
	return argument;
}

TEST(semaphores)
{
	pthread_t thread;

	CHECK_EQ(sem_init(&semaphore, 0, 1), 0);
	CHECK_EQ(sem_wait(&semaphore), 0);
	CHECK_ERRNO(sem_trywait(&semaphore), EAGAIN);
	start(&thread, post_later, NULL);
	CHECK_EQ(sem_wait(&semaphore), 0);
	pthread_join(thread, NULL);
}

static pthread_rwlock_t readers = PTHREAD_RWLOCK_INITIALIZER;
static volatile long pair[2];

static void *read_or_write(void *argument)
{
	for (int i = 0; i < 1000; i++) {
		if (argument != NULL) {
			pthread_rwlock_wrlock(&readers);
			pair[0]++;
			pair[1]++;
		} else {
			pthread_rwlock_rdlock(&readers);
			CHECK_EQ(pair[0], pair[1]);
		}
		pthread_rwlock_unlock(&readers);
	}
	return NULL;
}

TEST(reader_writer_lock)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		start(&threads[i], read_or_write, i == 0 ? &threads : NULL);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(pair[0], 1000);
}

static int once_count;

static void once_body(void)
{
	sleep_ms(5);
	once_count++;
}

static void *use_once(void *argument)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, once_body);
	CHECK_EQ(once_count, 1);
	return argument;
}

TEST(once)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		start(&threads[i], use_once, NULL);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}
