/* SPDX-License-Identifier: BSD-2-Clause */
/* ppoll, pselect6, epoll, eventfd, timerfd. */
#include <string.h>

#include "tests/process-files/fake.h"

static struct thread *t;

struct pollfd_user {
	int32_t fd;
	int16_t events, revents;
};

struct epoll_user {
	uint32_t events, padding;
	uint64_t data;
};

static int32_t fds[2];

static void start(void)
{
	t = fake_start();
	CHECK(CALL(t, NR_PIPE2, SCRATCH, 0) == 0);
	memcpy(fds, fake_memory(t, SCRATCH), sizeof(fds));
}

static struct pollfd_user *set_poll(struct thread *who, int32_t a, int32_t b)
{
	struct pollfd_user *p = fake_memory(who, SCRATCH + 0x200);

	p[0] = (struct pollfd_user){a, POLL_IN | POLL_OUT, 0x7777};
	p[1] = (struct pollfd_user){b, POLL_IN, 0x7777};
	return p;
}

static uint64_t timeout(struct thread *who, int64_t ns)
{
	int64_t spec[2] = {ns / 1000000000, ns % 1000000000};

	memcpy(fake_memory(who, SCRATCH + 0x300), spec, sizeof(spec));
	return SCRATCH + 0x300;
}

static int64_t do_poll(struct thread *who, uint64_t count, uint64_t time)
{
	return CALL(who, NR_PPOLL, SCRATCH + 0x200, count, time, 0, 8);
}

static void polls(void)
{
	struct thread *child;
	struct pollfd_user *p;

	start();
	p = set_poll(t, fds[1], fds[0]);
	CHECK(do_poll(t, 2, timeout(t, 0)) == 1 && p[0].revents == POLL_OUT && p[1].revents == 0);
	p = set_poll(t, -1, 55);
	CHECK(do_poll(t, 2, 0) == 1 && p[0].revents == 0 && p[1].revents == POLL_INVALID);
	CHECK(do_poll(t, 1, timeout(t, 5000)) == CALL_PARKED);
	fake_sleep(5000);
	CHECK(!fake_is_parked(t) && fake_result(t) == 0);
	child = fake_process(t, 1);
	p = set_poll(child, fds[0], -1);
	CHECK(do_poll(child, 2, timeout(child, 1000000)) == CALL_PARKED);
	fake_write(t, fds[1], "x");
	CHECK(!fake_is_parked(child) && fake_result(child) == 1 && p[0].revents == POLL_IN);
	CHECK(fake_write(t, fds[1], "x") == 1);
	p = set_poll(child, -1, -1);
	CHECK(do_poll(child, 2, timeout(child, 1000000)) == CALL_PARKED);
	fake_sleep(400000);
	fake_interrupt(child);
	CHECK(fake_result(child) == CALL_RESTART_NO_HANDLER);
	CHECK(((int64_t *)fake_memory(child, SCRATCH + 0x300))[1] == 600000);
	fake_exit(child);
	CHECK(CALL(t, NR_CLOSE, (uint64_t)fds[1]) == 0);
	p = set_poll(t, -1, fds[0]);
	CHECK(do_poll(t, 2, 0) == 1 && p[1].revents == (POLL_IN | POLL_HANGUP));
	CHECK(do_poll(t, 65, 0) == -STATUS_INVAL);
	CHECK(CALL(t, NR_PPOLL, BAD_ADDRESS, 1, 0, 0, 8) == -STATUS_FAULT);
}

static void selects(void)
{
	uint64_t *sets;
	struct thread *child;

	start();
	sets = fake_memory(t, SCRATCH + 0x400);
	sets[0] = 1ull << fds[0];
	sets[1] = 1ull << fds[1];
	CHECK(CALL(t, NR_PSELECT6, 10, SCRATCH + 0x400, SCRATCH + 0x408, 0, 0, 0) == 1);
	CHECK(sets[0] == 0 && sets[1] == 1ull << fds[1]);
	sets[0] = 1ull << 33;
	CHECK(CALL(t, NR_PSELECT6, 20, SCRATCH + 0x400, 0, 0, timeout(t, 0), 0) == 0);
	sets[0] = 1ull << 20;
	CHECK(CALL(t, NR_PSELECT6, 64, SCRATCH + 0x400, 0, 0, 0, 0) == -STATUS_BADF);
	CHECK(CALL(t, NR_PSELECT6, (uint64_t)-1, 0, 0, 0, 0, 0) == -STATUS_INVAL);
	child = fake_process(t, 1);
	sets = fake_memory(child, SCRATCH + 0x400);
	sets[0] = 1ull << fds[0];
	CHECK(CALL(child, NR_PSELECT6, 10, SCRATCH + 0x400, 0, 0, 0, 0) == CALL_PARKED);
	fake_write(t, fds[1], "x");
	CHECK(!fake_is_parked(child) && fake_result(child) == 1 && sets[0] == 1ull << fds[0]);
	fake_exit(child);
}

static int64_t epoll_control(int64_t set, uint64_t operation, int32_t fd, uint32_t events)
{
	struct epoll_user e = {.events = events, .data = (uint64_t)fd + 1000};

	memcpy(fake_memory(t, SCRATCH + 0x500), &e, sizeof(e));
	return CALL(t, NR_EPOLL_CTL, (uint64_t)set, operation, (uint64_t)fd, SCRATCH + 0x500);
}

static int64_t epoll_wait_for(int64_t set, int64_t milliseconds)
{
	return CALL(t, NR_EPOLL_PWAIT, (uint64_t)set, SCRATCH + 0x600, 8, (uint64_t)milliseconds, 0,
		    8);
}

static void epolls(void)
{
	struct epoll_user *e;
	int64_t set, outer;

	start();
	e = fake_memory(t, SCRATCH + 0x600);
	set = CALL(t, NR_EPOLL_CREATE1, 0);
	CHECK(epoll_control(set, 1, fds[0], POLL_IN) == 0);
	CHECK(epoll_control(set, 1, fds[0], POLL_IN) == -STATUS_EXIST);
	CHECK(epoll_control(set, 2, fds[1], 0) == -STATUS_NOENT);
	CHECK(epoll_control(set, 1, (int32_t)set, POLL_IN) == -STATUS_INVAL);
	CHECK(epoll_wait_for(set, 0) == 0);
	fake_write(t, fds[1], "x");
	CHECK(epoll_wait_for(set, -1) == 1 && e[0].data == (uint64_t)fds[0] + 1000);
	CHECK(epoll_wait_for(set, -1) == 1); /* level-triggered */
	CHECK(epoll_control(set, 3, fds[0], POLL_IN | 1u << 31) == 0);
	CHECK(epoll_wait_for(set, 0) == 1 && epoll_wait_for(set, 0) == 0); /* edge */
	fake_write(t, fds[1], "y");
	CHECK(epoll_wait_for(set, 0) == 1);
	CHECK(epoll_control(set, 3, fds[0], POLL_IN | 1u << 30) == 0);
	CHECK(epoll_wait_for(set, 0) == 1 && epoll_wait_for(set, 0) == 0); /* one shot */
	CHECK(epoll_control(set, 3, fds[0], POLL_IN) == 0);
	outer = CALL(t, NR_EPOLL_CREATE1, OPEN_CLOEXEC);
	CHECK(epoll_control(outer, 1, (int32_t)set, POLL_IN) == 0 && epoll_wait_for(outer, 0) == 1);
	CHECK(epoll_control(set, 1, (int32_t)outer, POLL_IN) == -STATUS_LOOP);
	CHECK(CALL(t, NR_READ, (uint64_t)fds[0], SCRATCH, 10) == 2 &&
	      epoll_wait_for(outer, 0) == 0);
	/* The last close of a file takes it out of the set. */
	CHECK(CALL(t, NR_CLOSE, (uint64_t)fds[0]) == 0 && epoll_wait_for(set, 0) == 0);
	CHECK(epoll_wait_for(set, 5) == CALL_PARKED);
	fake_sleep(5000000);
	CHECK(fake_result(t) == 0);
	CHECK(CALL(t, NR_CLOSE, (uint64_t)set) == 0 && epoll_wait_for(outer, 0) == 0);
	CHECK(epoll_wait_for(fds[1], 0) == -STATUS_INVAL);
}

static void events(void)
{
	struct thread *child;
	int64_t fd;
	uint64_t *value;

	t = fake_start();
	value = fake_memory(t, SCRATCH);
	fd = CALL(t, NR_EVENTFD2, 3, 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 8) == 8 && *value == 3);
	child = fake_process(t, 1);
	CHECK(CALL(child, NR_READ, (uint64_t)fd, SCRATCH, 8) == CALL_PARKED);
	*value = 5;
	CHECK(CALL(t, NR_WRITE, (uint64_t)fd, SCRATCH, 8) == 8 && fake_result(child) == 8);
	CHECK(*(uint64_t *)fake_memory(child, SCRATCH) == 5);
	*value = UINT64_MAX;
	CHECK(CALL(t, NR_WRITE, (uint64_t)fd, SCRATCH, 8) == -STATUS_INVAL);
	*value = UINT64_MAX - 1;
	CHECK(CALL(t, NR_WRITE, (uint64_t)fd, SCRATCH, 8) == 8);
	*value = 1;
	CHECK(CALL(t, NR_WRITE, (uint64_t)fd, SCRATCH, 8) == CALL_PARKED);
	CHECK(CALL(child, NR_READ, (uint64_t)fd, SCRATCH, 8) == 8 && fake_result(t) == 8);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 4) == -STATUS_INVAL);
	fake_exit(child);
}

static void timers(void)
{
	int64_t fd, *spec;

	t = fake_start();
	fd = CALL(t, NR_TIMERFD_CREATE, 1, OPEN_NONBLOCK);
	spec = fake_memory(t, SCRATCH + 64);
	spec[0] = 0;
	spec[1] = 1000000;
	spec[2] = 0;
	spec[3] = 2000000;
	CHECK(CALL(t, NR_TIMERFD_SETTIME, (uint64_t)fd, 0, SCRATCH + 64, 0) == 0);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 8) == -STATUS_AGAIN);
	fake_sleep(2000000);
	fake_sleep(3500000);
	CHECK(CALL(t, NR_READ, (uint64_t)fd, SCRATCH, 8) == 8);
	CHECK(*(uint64_t *)fake_memory(t, SCRATCH) == 4);
	spec[3] = 1000000000;
	CHECK(CALL(t, NR_TIMERFD_SETTIME, (uint64_t)fd, 0, SCRATCH + 64, 0) == -STATUS_INVAL);
	CHECK(CALL(t, NR_CLOSE, (uint64_t)fd) == 0);
}

void test_polling(void)
{
	test_run("poll: ppoll", polls);
	test_run("poll: pselect6", selects);
	test_run("poll: epoll", epolls);
	test_run("poll: eventfd", events);
	test_run("poll: timerfd", timers);
}
