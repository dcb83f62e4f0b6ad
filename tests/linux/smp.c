/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several harts at once: shared counters, faults in parallel, shootdown, migration. Few rounds:
 * a fence on other harts is slow under emulation.
 */
#include "tests/linux/harness.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RW = PROT_READ | PROT_WRITE, THREADS = 4 };

static volatile long plain, atomic_count;
static volatile int is_over;
static unsigned char *area;

static void run_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_create(&threads[i], NULL, body, (void *)i), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	}
}

static void *count(void *argument)
{
	for (int i = 0; i < 50000; i++) {
		__atomic_fetch_add(&atomic_count, 1, __ATOMIC_RELAXED);
	}
	return argument;
}

TEST(atomic_counters)
{
	run_threads(count);
	CHECK_EQ(atomic_count, THREADS * 50000l);
}

static int spin_lock_word;

static void *count_with_spin_lock(void *argument)
{
	for (int i = 0; i < 3000; i++) {
		while (__atomic_exchange_n(&spin_lock_word, 1, __ATOMIC_ACQUIRE) != 0) {
			sched_yield();
		}
		plain = plain + 1;
		__atomic_store_n(&spin_lock_word, 0, __ATOMIC_RELEASE);
	}
	return argument;
}

TEST(spin_lock)
{
	run_threads(count_with_spin_lock);
	CHECK_EQ(plain, THREADS * 3000);
}

static void *touch_all(void *argument)
{
	size_t self = (size_t)argument;

	/* All want the same pages at the same time, each its own byte of them. */
	for (size_t i = 0; i < 500; i++) {
		area[i * PAGE + self] = (unsigned char)(self + 1);
	}
	return NULL;
}

TEST(threads_fault_on_the_same_pages)
{
	area = map_pages(500);
	run_threads(touch_all);
	for (size_t i = 0; i < 500; i++) {
		for (size_t t = 0; t < THREADS; t++) {
			CHECK_EQ(area[i * PAGE + t], t + 1);
		}
	}
}

static void *touch_own(void *argument)
{
	size_t self = (size_t)argument;

	for (size_t round = 0; round < 3; round++) {
		unsigned char *p = map_pages(20);

		for (size_t i = 0; i < 20; i++) {
			CHECK_EQ(p[i * PAGE], 0);
			p[i * PAGE] = (unsigned char)(self + 1);
		}
		for (size_t i = 0; i < 20; i++) {
			CHECK_EQ(p[i * PAGE], self + 1);
		}
		CHECK_EQ(munmap(p, 20 * PAGE), 0);
	}
	return NULL;
}

TEST(threads_map_and_unmap)
{
	run_threads(touch_own);
}

/*
 * One thread takes pages away while the others read them: what they read is
 * the old content or zeros of a new page, never another page's bytes.
 */
static void *read_page(void *argument)
{
	while (!is_over) {
		uint64_t value = *(volatile uint64_t *)area;

		CHECK(value == 0 || value == 0x1111111111111111);
	}
	return argument;
}

TEST(dontneed_under_readers)
{
	pthread_t threads[THREADS - 1];
	unsigned char *other = map_pages(1);

	area = map_pages(1);
	for (int i = 0; i < THREADS - 1; i++) {
		CHECK_EQ(pthread_create(&threads[i], NULL, read_page, NULL), 0);
	}
	for (int round = 0; round < 30; round++) {
		memset(area, 0x11, PAGE);
		CHECK_EQ(madvise(area, PAGE, MADV_DONTNEED), 0);
		/* The frame that was given back may come here. */
		memset(other, 0x22, PAGE);
		CHECK_EQ(madvise(other, PAGE, MADV_DONTNEED), 0);
	}
	is_over = 1;
	for (int i = 0; i < THREADS - 1; i++) {
		pthread_join(threads[i], NULL);
	}
}

static volatile int stores;

static void *write_page(void *argument)
{
	while (!is_over) {
		*(volatile uint64_t *)(area + (long)argument * 8) += 1;
		stores = stores + 1;
	}
	return argument;
}

/* fork while others write: the child's copy does not change any more. */
TEST(fork_under_writers)
{
	pthread_t threads[THREADS - 1];

	area = map_pages(1);
	for (long i = 0; i < THREADS - 1; i++) {
		CHECK_EQ(pthread_create(&threads[i], NULL, write_page, (void *)i), 0);
	}
	while (stores < 1000) {
		sched_yield();
	}
	for (int round = 0; round < 6; round++) {
		pid_t child = fork();

		if (child == 0) {
			uint64_t seen[THREADS], again[THREADS];

			memcpy(seen, area, sizeof(seen));
			sleep_ms(3);
			memcpy(again, area, sizeof(again));
			_exit(memcmp(seen, again, sizeof(seen)) != 0);
		}
		CHECK_EXIT(child, 0);
	}
	is_over = 1;
	for (int i = 0; i < THREADS - 1; i++) {
		pthread_join(threads[i], NULL);
	}
}

TEST(processes_run_in_parallel)
{
	volatile int *ready = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[THREADS];

	/* All must run, whether there are harts enough or not. */
	for (int c = 0; c < THREADS; c++) {
		children[c] = must_fork();
		if (children[c] == 0) {
			__atomic_fetch_add(ready, 1, __ATOMIC_SEQ_CST);
			while (*ready < THREADS) {
			}
			_exit(0);
		}
	}
	for (int c = 0; c < THREADS; c++) {
		CHECK_EXIT(children[c], 0);
	}
}

TEST(affinity_moves_a_process)
{
	cpu_set_t all, one;

	CHECK_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int round = 0; round < 5; round++) {
		for (int hart = 0; hart < CPU_SETSIZE; hart++) {
			if (!CPU_ISSET(hart, &all)) {
				continue;
			}
			CPU_ZERO(&one);
			CPU_SET(hart, &one);
			CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
			CHECK_EQ(sched_getaffinity(0, sizeof(one), &one), 0);
			CHECK(CPU_COUNT(&one) == 1 && CPU_ISSET(hart, &one));
			sched_yield();
		}
	}
	CPU_ZERO(&one);
	CHECK_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
}

static void *protect_and_write(void *argument)
{
	unsigned char *p = area + (long)argument * 4 * PAGE;

	for (int round = 0; round < 20; round++) {
		CHECK_EQ(mprotect(p, 2 * PAGE, PROT_READ), 0);
		CHECK_EQ(p[0], round & 255);
		CHECK_EQ(mprotect(p, 2 * PAGE, RW), 0);
		p[0]++;
		p[PAGE]++;
	}
	return NULL;
}

TEST(threads_change_protections)
{
	area = map_pages(4 * THREADS);
	run_threads(protect_and_write);
	for (int t = 0; t < THREADS; t++) {
		CHECK_EQ(area[t * 4 * PAGE], 20);
		CHECK_EQ(area[t * 4 * PAGE + PAGE], 20);
	}
}
