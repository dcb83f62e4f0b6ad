/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: handlers, masks, queues, waiting for them, interrupted calls, job control. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t count, last, depth, deepest;
static siginfo_t last_info;

static void on_signal(int number)
{
	count++;
	last = number;
}

static void on_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	count++;
	last = number;
	last_info = *info;
}

static void handle(int number, int flags)
{
	struct sigaction action = {.sa_flags = flags};

	if (flags & SA_SIGINFO) {
		action.sa_sigaction = on_info;
	} else {
		action.sa_handler = on_signal;
	}
	CHECK_EQ(sigaction(number, &action, NULL), 0);
}

static void block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void unblock(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

TEST(handler_runs)
{
	handle(SIGUSR1, 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(count, 1);
	CHECK_EQ(last, SIGUSR1);
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(count, 2); /* delivered before kill returns */
}

TEST(sender_in_siginfo)
{
	pid_t child;

	handle(SIGUSR1, SA_SIGINFO);
	block(SIGUSR1);
	child = must_fork();
	if (child == 0) {
		_exit(kill(getppid(), SIGUSR1) != 0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(count, 0);
	unblock(SIGUSR1);
	CHECK_EQ(count, 1);
	CHECK_EQ(last_info.si_signo, SIGUSR1);
	CHECK_EQ(last_info.si_code, SI_USER);
	CHECK_EQ(last_info.si_pid, child);
	CHECK_EQ(last_info.si_uid, 0);
}

TEST(thread_kill_code)
{
	handle(SIGUSR1, SA_SIGINFO);
	CHECK_EQ(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1), 0);
	CHECK_EQ(last_info.si_code, SI_TKILL);
}

TEST(old_action_is_returned)
{
	struct sigaction old;

	CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == SIG_DFL);
	handle(SIGUSR1, SA_RESTART);
	CHECK_EQ(sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == on_signal);
	CHECK(old.sa_flags & SA_RESTART);
}

TEST(action_errors)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(65, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(0, &action, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, bad_pointer(), NULL, 8), EFAULT);
	CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 77, &action, NULL, 8), EINVAL);
}

static void on_nested(int number)
{
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (++count < 3) {
		raise(number);
	}
	depth--;
}

TEST(signal_is_blocked_in_its_handler)
{
	struct sigaction action = {.sa_handler = on_nested};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	CHECK_EQ(count, 3);
	CHECK_EQ(deepest, 1);
}

TEST(nodefer)
{
	struct sigaction action = {.sa_handler = on_nested, .sa_flags = SA_NODEFER};

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	CHECK_EQ(count, 3);
	CHECK_EQ(deepest, 3);
}

static void on_masked(int number)
{
	if (number == SIGUSR1) {
		raise(SIGUSR2);
		CHECK_EQ(count, 0); /* USR2 is in our mask */
	} else {
		count++;
	}
}

TEST(mask_of_action)
{
	struct sigaction action = {.sa_handler = on_masked};

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR1);
	CHECK_EQ(count, 1);
}

TEST(resethand)
{
	struct sigaction old;

	handle(SIGUSR1, (int)SA_RESETHAND);
	raise(SIGUSR1);
	CHECK_EQ(count, 1);
	sigaction(SIGUSR1, NULL, &old);
	CHECK(old.sa_handler == SIG_DFL);
}

TEST(blocked_is_pending)
{
	sigset_t set;

	handle(SIGUSR1, 0);
	block(SIGUSR1);
	for (int i = 0; i < 5; i++) {
		raise(SIGUSR1);
	}
	CHECK_EQ(count, 0);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
	unblock(SIGUSR1);
	CHECK_EQ(count, 1); /* not a queue */
	CHECK_EQ(sigpending(&set), 0);
	CHECK(!sigismember(&set, SIGUSR1));
}

static int order[8];

static void on_order(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (count < 8) {
		order[count] = number * 100 + info->si_value.sival_int;
	}
	count++;
}

TEST(realtime_signals_queue)
{
	struct sigaction action = {.sa_sigaction = on_order, .sa_flags = SA_SIGINFO};
	int low = SIGRTMIN + 1, high = SIGRTMIN + 5;

	sigfillset(&action.sa_mask);
	sigaction(low, &action, NULL);
	sigaction(high, &action, NULL);
	block(low);
	block(high);
	for (int i = 1; i <= 3; i++) {
		CHECK_EQ(sigqueue(getpid(), high, (union sigval){.sival_int = i}), 0);
		CHECK_EQ(sigqueue(getpid(), low, (union sigval){.sival_int = i + 10}), 0);
	}
	CHECK_EQ(count, 0);
	unblock(high);
	CHECK_EQ(count, 3);
	CHECK(order[0] == high * 100 + 1 && order[2] == high * 100 + 3);
	unblock(low);
	CHECK_EQ(count, 6);
	CHECK(order[3] == low * 100 + 11 && order[5] == low * 100 + 13);
}

TEST(lowest_number_first)
{
	struct sigaction action = {.sa_sigaction = on_order, .sa_flags = SA_SIGINFO};
	sigset_t set, old;

	sigfillset(&action.sa_mask);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGRTMIN + 2, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGRTMIN + 2);
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_EQ(count, 3);
	CHECK_EQ(order[0] / 100, SIGUSR1);
	CHECK_EQ(order[1] / 100, SIGUSR2);
	CHECK_EQ(order[2] / 100, SIGRTMIN + 2);
}

TEST(kill_and_stop_cannot_be_blocked)
{
	sigset_t set;

	sigfillset(&set);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
	CHECK(sigismember(&set, SIGTERM));
}

TEST(mask_is_inherited)
{
	sigset_t set;
	pid_t child;

	handle(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	child = must_fork();
	if (child == 0) {
		sigprocmask(SIG_BLOCK, NULL, &set);
		CHECK(sigismember(&set, SIGUSR1));
		sigpending(&set);
		CHECK(!sigismember(&set, SIGUSR1)); /* what is pending is not */
		unblock(SIGUSR1);
		CHECK_EQ(count, 0);
		raise(SIGUSR1);
		CHECK_EQ(count, 1); /* but handlers are */
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(ignored_signal)
{
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	block(SIGUSR1);
	raise(SIGUSR1);
	handle(SIGUSR1, 0);
	unblock(SIGUSR1);
	CHECK(count <= 1);
	raise(SIGCHLD); /* ignored by default */
	raise(SIGURG);
	raise(SIGWINCH);
	raise(SIGCONT);
}

TEST(suspend)
{
	sigset_t none;
	pid_t child;

	handle(SIGUSR1, 0);
	block(SIGUSR1);
	child = must_fork();
	if (child == 0) {
		sleep_ms(20);
		_exit(kill(getppid(), SIGUSR1) != 0);
	}
	sigemptyset(&none);
	while (count == 0) {
		CHECK_ERRNO(sigsuspend(&none), EINTR);
	}
	sigprocmask(SIG_BLOCK, NULL, &none);
	CHECK(sigismember(&none, SIGUSR1)); /* the mask is back */
	while (waitpid(child, NULL, 0) < 0) {
	}
}

TEST(pause_returns)
{
	handle(SIGALRM, 0);
	alarm(1);
	CHECK_ERRNO(pause(), EINTR);
	CHECK_EQ(last, SIGALRM);
}

TEST(wait_for_signal)
{
	struct timespec zero = {0}, some = {.tv_nsec = 20000000};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_ERRNO(sigtimedwait(&set, &info, &zero), EAGAIN);
	CHECK_ERRNO(sigtimedwait(&set, &info, &some), EAGAIN);
	CHECK_EQ(sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 99}), 0);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 99);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_ERRNO(sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = -1}), EINVAL);
}

TEST(child_signal)
{
	pid_t child;

	handle(SIGCHLD, SA_SIGINFO);
	child = must_fork();
	if (child == 0) {
		_exit(33);
	}
	while (count == 0) {
		sleep_ms(2);
	}
	CHECK_EQ(last_info.si_code, CLD_EXITED);
	CHECK_EQ(last_info.si_pid, child);
	CHECK_EQ(last_info.si_status, 33);
	CHECK_EXIT(child, 33);
}

TEST(child_signal_ignored_reaps)
{
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	child = must_fork();
	if (child == 0) {
		_exit(0);
	}
	CHECK_ERRNO(waitpid(child, NULL, 0), ECHILD); /* after it has ended */
	while (kill(child, 0) == 0) {
		sleep_ms(1); /* Linux may take a moment to forget it */
	}
	CHECK_EQ(errno, ESRCH);
}

TEST(nocldwait_reaps)
{
	pid_t child;

	handle(SIGCHLD, SA_NOCLDWAIT);
	child = must_fork();
	if (child == 0) {
		_exit(0);
	}
	while (waitpid(child, NULL, 0) >= 0 || errno != ECHILD) {
	}
	while (kill(child, 0) == 0) {
		sleep_ms(1);
	}
}
