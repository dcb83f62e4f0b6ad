/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, select, epoll, eventfd, timerfd, signalfd. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

TEST(poll_states)
{
	static char buffer[70000];
	struct pollfd p[3];
	int fds[2];

	CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
	p[0] = (struct pollfd){fds[0], POLLIN, 0};
	p[1] = (struct pollfd){fds[1], POLLOUT, 0};
	p[2] = (struct pollfd){-1, POLLIN, 77};
	CHECK_EQ(poll(p, 3, 0), 1);
	CHECK(p[0].revents == 0 && p[1].revents == POLLOUT && p[2].revents == 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_EQ(poll(p, 3, -1), 2);
	CHECK_EQ(p[0].revents, POLLIN);
	while (write(fds[1], buffer, 4096) > 0) {
	}
	CHECK_EQ(poll(p, 2, 0), 1);
	CHECK_EQ(p[1].revents, 0);
	close(fds[1]);
	CHECK_EQ(read(fds[0], buffer, sizeof(buffer)) > 0, 1);
	CHECK_EQ(poll(p, 2, 0), 2);
	CHECK_EQ(p[0].revents, POLLHUP);
	CHECK_EQ(p[1].revents, POLLNVAL);
}

TEST(poll_timeout)
{
	struct pollfd p;
	uint64_t begin = now_ms();
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	p = (struct pollfd){fds[0], POLLIN, 0};
	CHECK_EQ(poll(&p, 1, 50), 0);
	CHECK(now_ms() - begin >= 49);
	CHECK_EQ(poll(NULL, 0, 10), 0);
	CHECK_ERRNO(poll(bad_pointer(), 1, 0), EFAULT);
	close(fds[0]);
	p = (struct pollfd){fds[1], POLLOUT, 0};
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK(p.revents & POLLERR);
}

TEST(poll_wakes_up)
{
	struct pollfd p;
	int fds[2];
	pid_t child;

	CHECK_EQ(pipe(fds), 0);
	child = must_fork();
	if (child == 0) {
		sleep_ms(30);
		_exit(write(fds[1], "x", 1) != 1);
	}
	p = (struct pollfd){fds[0], POLLIN, 0};
	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EXIT(child, 0);
}

TEST(poll_regular_file)
{
	struct pollfd p;

	make_file("file", 1);
	p = (struct pollfd){open("file", O_RDWR), POLLIN | POLLOUT, 0};
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(ppoll_with_mask)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct timespec time = {.tv_sec = 20};
	sigset_t blocked, open_set;
	pid_t child;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&open_set);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	child = must_fork();
	if (child == 0) {
		sleep_ms(20);
		_exit(kill(getppid(), SIGUSR1));
	}
	CHECK_ERRNO(ppoll(NULL, 0, &time, &open_set), EINTR);
	CHECK_EXIT(child, 0);
	raise(SIGUSR1);
	CHECK_ERRNO(ppoll(NULL, 0, &time, &open_set), EINTR); /* one that was pending */
}

TEST(select_states)
{
	struct timeval time = {0, 20000};
	fd_set in, out;
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	CHECK_EQ(select(fds[1] + 1, &in, &out, NULL, &time), 1);
	CHECK(!FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out));
	FD_SET(fds[0], &in);
	CHECK_EQ(select(fds[0] + 1, &in, NULL, NULL, &time), 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	FD_SET(fds[0], &in);
	CHECK_EQ(select(fds[0] + 1, &in, NULL, NULL, NULL), 1);
	close(fds[1]);
	FD_ZERO(&in);
	FD_SET(fds[1], &in);
	CHECK_ERRNO(select(fds[1] + 1, &in, NULL, NULL, NULL), EBADF);
	CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

TEST(event_counter)
{
	uint64_t value = 5;
	int fd = eventfd(3, EFD_NONBLOCK);

	CHECK_EQ(write(fd, &value, 8), 8);
	CHECK_EQ(read(fd, &value, 8), 8);
	CHECK_EQ(value, 8);
	CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
	CHECK_ERRNO(read(fd, &value, 4), EINVAL);
	value = UINT64_MAX;
	CHECK_ERRNO(write(fd, &value, 8), EINVAL);
	value = UINT64_MAX - 1;
	CHECK_EQ(write(fd, &value, 8), 8);
	value = 1;
	CHECK_ERRNO(write(fd, &value, 8), EAGAIN);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	CHECK_EQ(read(fd, &value, 8), 8);
	CHECK_EQ(value, 1);
	CHECK_EQ(read(fd, &value, 8), 8);
	CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
	CHECK_ERRNO(eventfd(0, 0x77), EINVAL);
}

TEST(event_counter_blocks)
{
	uint64_t value = 0;
	int fd = eventfd(0, 0);
	pid_t child = must_fork();

	if (child == 0) {
		value = 7;
		sleep_ms(30);
		_exit(write(fd, &value, 8) != 8);
	}
	CHECK_EQ(read(fd, &value, 8), 8);
	CHECK_EQ(value, 7);
	CHECK_EXIT(child, 0);
}

TEST(epoll_level)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42}, got[4];
	char byte;
	int fds[2], e = epoll_create1(EPOLL_CLOEXEC);

	CHECK(e >= 0);
	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fds[0], &event), 0);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 0);
	CHECK_EQ(write(fds[1], "ab", 2), 2);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(epoll_wait(e, got, 4, -1), 1);
		CHECK(got[0].events == EPOLLIN && got[0].data.u64 == 42);
		CHECK_EQ(read(fds[0], &byte, 1), 1);
	}
	CHECK_EQ(epoll_wait(e, got, 4, 10), 0);
	close(fds[1]);
	CHECK_EQ(epoll_wait(e, got, 4, -1), 1);
	CHECK(got[0].events & EPOLLHUP);
	close(fds[0]); /* leaves the set by itself */
	CHECK_EQ(epoll_wait(e, got, 4, 0), 0);
}

TEST(epoll_edge_and_oneshot)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET}, got[4];
	int fds[2], e = epoll_create1(0);

	CHECK_EQ(pipe(fds), 0);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fds[0], &event), 0);
	CHECK_EQ(write(fds[1], "a", 1), 1);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 1);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 0); /* told once */
	CHECK_EQ(write(fds[1], "b", 1), 1);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 1);
	event.events = EPOLLIN | EPOLLONESHOT;
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_MOD, fds[0], &event), 0);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 1);
	CHECK_EQ(write(fds[1], "c", 1), 1);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 0);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_MOD, fds[0], &event), 0);
	CHECK_EQ(epoll_wait(e, got, 4, 0), 1);
}

TEST(epoll_errors)
{
	struct epoll_event event = {.events = EPOLLIN};
	int file, fds[2], e = epoll_create1(0);

	make_file("file", 1);
	file = open("file", O_RDONLY);
	CHECK_EQ(pipe(fds), 0);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, file, &event), EPERM);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, 99, &event), EBADF);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, e, &event), EINVAL);
	CHECK_ERRNO(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event), EINVAL);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_DEL, fds[0], &event), ENOENT);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_MOD, fds[0], &event), ENOENT);
	CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fds[0], &event), 0);
	CHECK_ERRNO(epoll_ctl(e, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
	CHECK_ERRNO(epoll_ctl(e, 77, fds[0], &event), EINVAL);
	CHECK_ERRNO(epoll_wait(e, &event, 0, 0), EINVAL);
	CHECK_ERRNO(epoll_wait(fds[0], &event, 1, 0), EINVAL);
	CHECK_ERRNO(epoll_create1(0x77), EINVAL);
}

TEST(epoll_wakes_up)
{
	struct epoll_event event = {.events = EPOLLIN}, got[8];
	int fds[4][2], e = epoll_create1(0);
	pid_t child;
	char byte;

	for (int i = 0; i < 4; i++) {
		CHECK_EQ(pipe(fds[i]), 0);
		event.data.u32 = (uint32_t)i;
		CHECK_EQ(epoll_ctl(e, EPOLL_CTL_ADD, fds[i][0], &event), 0);
	}
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < 100; i++) {
			CHECK_EQ(write(fds[i % 4][1], "x", 1), 1);
			if (i % 10 == 0) {
				sleep_ms(3);
			}
		}
		_exit(0);
	}
	for (int seen = 0; seen < 100;) {
		int n = epoll_wait(e, got, 8, 20000);

		CHECK(n > 0);
		for (int i = 0; i < n; i++) {
			CHECK_EQ(read(fds[got[i].data.u32][0], &byte, 1), 1);
			seen++;
		}
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(epoll_wait(e, got, 8, 0), 0);
}

TEST(timer_descriptor)
{
	struct itimerspec time = {{0, 10000000}, {0, 20000000}}, left;
	struct pollfd p;
	uint64_t ticks = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	CHECK(fd >= 0);
	CHECK_ERRNO(read(fd, &ticks, 8), EAGAIN);
	CHECK_EQ(timerfd_settime(fd, 0, &time, NULL), 0);
	CHECK_EQ(timerfd_gettime(fd, &left), 0);
	CHECK(left.it_value.tv_nsec > 0 && left.it_interval.tv_nsec == 10000000);
	p = (struct pollfd){fd, POLLIN, 0};
	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK_EQ(read(fd, &ticks, 8), 8);
	CHECK(ticks >= 1);
	sleep_ms(60);
	CHECK_EQ(read(fd, &ticks, 8), 8);
	CHECK(ticks >= 3);
	time = (struct itimerspec){{0, 0}, {0, 0}};
	CHECK_EQ(timerfd_settime(fd, 0, &time, NULL), 0);
	sleep_ms(30);
	CHECK_ERRNO(read(fd, &ticks, 8), EAGAIN);
	CHECK_ERRNO(timerfd_create(77, 0), EINVAL);
}

TEST(signal_descriptor)
{
	struct signalfd_siginfo info;
	struct pollfd p;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
	p = (struct pollfd){fd, POLLIN, 0};
	CHECK_EQ(poll(&p, 1, 0), 0);
	raise(SIGUSR1);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
	CHECK_EQ(info.ssi_signo, SIGUSR1);
	CHECK_EQ(info.ssi_pid, getpid());
	CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
}
