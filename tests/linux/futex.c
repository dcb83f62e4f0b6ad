/* SPDX-License-Identifier: BSD-2-Clause */
/* The futex call itself, beside what pthreads make of it. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static long futex(volatile int *word, int op, int value, const void *timeout, volatile int *other,
		  unsigned int value3)
{
	return syscall(SYS_futex, word, op, value, timeout, other, value3);
}

static const struct timespec short_time = {.tv_nsec = 30000000};

TEST(wait_on_other_value)
{
	int word = 1;

	CHECK_ERRNO(futex(&word, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
}

TEST(wait_timeout)
{
	uint64_t begin = now_ms();
	int word = 1;

	CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, &short_time, NULL, 0), ETIMEDOUT);
	CHECK(now_ms() - begin >= 29);
}

TEST(wait_bitset_absolute_timeout)
{
	uint64_t begin = now_ms();
	struct timespec end;
	int word = 1;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += 30000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, &end, NULL, 1), ETIMEDOUT);
	CHECK(now_ms() - begin >= 29);
	/* A time that is over already. */
	CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 1, &end, NULL, 1), ETIMEDOUT);
}

TEST(bad_arguments)
{
	struct timespec bad_time = {.tv_nsec = 1000000000};
	int words[2] = {0, 0};

	CHECK_ERRNO(futex((int *)((char *)words + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(bad_pointer(), FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex(words, FUTEX_WAIT, 0, &bad_time, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(words, FUTEX_WAIT, 0, bad_pointer(), NULL, 0), EFAULT);
	CHECK_ERRNO(futex(words, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(words, 99, 0, NULL, NULL, 0), ENOSYS);
	CHECK_EQ(futex(words, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

static volatile int word, second, waiting, woken;

static void *wait_once(void *argument)
{
	__atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
	while (futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) != 0 && errno == EINTR) {
	}
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return argument;
}

static void start_waiters(pthread_t *threads, int count, void *(*body)(void *))
{
	for (int i = 0; i < count; i++) {
		CHECK_EQ(pthread_create(&threads[i], NULL, body, (void *)(long)i), 0);
	}
	wait_flag(&waiting, count);
	sleep_ms(50); /* from there into the call */
}

TEST(wake_counts)
{
	pthread_t threads[5];

	start_waiters(threads, 5, wait_once);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0), 2);
	wait_flag(&woken, 2);
	sleep_ms(20);
	CHECK_EQ(woken, 2);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0), 3);
	for (int i = 0; i < 5; i++) {
		pthread_join(threads[i], NULL);
	}
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0), 0);
}

TEST(requeue)
{
	pthread_t threads[4];

	start_waiters(threads, 4, wait_once);
	CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &second, 5), EAGAIN);
	/* One is woken, three move; the call counts both. */
	CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &second, 0), 4);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&second, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 3);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
}

static void *wait_bit(void *argument)
{
	unsigned int bit = 1u << (long)argument;

	__atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
	CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bit), 0);
	__atomic_fetch_or(&woken, (int)bit, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST(bitset)
{
	pthread_t threads[4];

	start_waiters(threads, 4, wait_bit);
	CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4), 1);
	pthread_join(threads[2], NULL);
	CHECK_EQ(woken, 4);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 3);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	pthread_join(threads[3], NULL);
	CHECK_EQ(woken, 15);
}

TEST(wake_operation)
{
	pthread_t threads[2];

	start_waiters(threads, 2, wait_once);
	second = 5;
	/* second += 3; wake one of `word`, and of `second` as 5 was > 100: no. */
	CHECK_EQ(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
		       FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 100)),
		 1);
	CHECK_EQ(second, 8);
	CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(interrupted)
{
	struct sigaction action = {.sa_handler = on_signal};
	pid_t child = must_fork();

	if (child == 0) {
		int own = 0;

		sigaction(SIGUSR1, &action, NULL);
		CHECK_ERRNO(futex(&own, FUTEX_WAIT, 0, &(struct timespec){.tv_sec = 20}, NULL, 0),
			    EINTR);
		_exit(3);
	}
	while (waitpid(child, NULL, WNOHANG) == 0 && kill(child, 0) == 0) {
		sleep_ms(40);
		kill(child, SIGUSR1); /* the first may come before the handler */
		break;
	}
	CHECK_EXIT(child, 3);
}

TEST(between_processes)
{
	volatile int *shared =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	CHECK(shared != MAP_FAILED);
	child = must_fork();
	if (child == 0) {
		while (shared[0] == 0) {
			futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0);
		}
		shared[1] = 1;
		futex(&shared[1], FUTEX_WAKE, 1, NULL, NULL, 0);
		_exit(0);
	}
	sleep_ms(30);
	shared[0] = 1;
	futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0);
	while (shared[1] == 0) {
		futex(&shared[1], FUTEX_WAIT, 0, NULL, NULL, 0);
	}
	CHECK_EXIT(child, 0);
}

TEST(same_page_of_file_at_two_addresses)
{
	volatile int *one, *two;
	int fd;
	pid_t child;

	make_file("file", PAGE);
	fd = open("file", O_RDWR);
	one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	two = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(one != MAP_FAILED && two != MAP_FAILED && one != two);
	one[0] = 0;
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(futex(two, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
		_exit(0);
	}
	while (futex(one, FUTEX_WAKE, 1, NULL, NULL, 0) == 0) {
		sleep_ms(2);
	}
	CHECK_EXIT(child, 0);
}

TEST(private_is_not_shared)
{
	volatile int *shared =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = must_fork();

	if (child == 0) {
		CHECK_ERRNO(futex(shared, FUTEX_WAIT_PRIVATE, 0,
				  &(struct timespec){.tv_nsec = 100000000}, NULL, 0),
			    ETIMEDOUT);
		_exit(0);
	}
	for (int i = 0; i < 10; i++) {
		sleep_ms(5);
		CHECK_EQ(futex(shared, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	}
	CHECK_EXIT(child, 0);
}

static void *ping_pong(void *argument)
{
	int self = (int)(long)argument;

	for (int i = 0; i < 2000; i++) {
		while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != self) {
			futex(&word, FUTEX_WAIT_PRIVATE, !self, NULL, NULL, 0);
		}
		__atomic_store_n(&word, !self, __ATOMIC_RELEASE);
		futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

TEST(no_lost_wakeup)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, ping_pong, (void *)0);
	pthread_create(&threads[1], NULL, ping_pong, (void *)1);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

TEST(robust_list_calls)
{
	void *head = NULL;
	size_t length = 0;

	CHECK_EQ(syscall(SYS_get_robust_list, 0, &head, &length), 0);
	CHECK(head != NULL);
	CHECK_EQ(length, 24);
	CHECK_ERRNO(syscall(SYS_set_robust_list, head, 23), EINVAL);
	CHECK_ERRNO(syscall(SYS_get_robust_list, 99999, &head, &length), ESRCH);
}
