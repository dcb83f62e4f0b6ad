/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping and continuing; system calls that signals interrupt or restart; timers. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t count, last;
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

static pid_t stop_after_start(int ready)
{
	pid_t child = must_fork();

	if (child == 0) {
		CHECK_EQ(write(ready, "", 1), 1);
		for (;;) {
			sleep_ms(5);
		}
	}
	return child;
}

TEST(stop_and_continue)
{
	int ready[2], status;
	char byte;
	pid_t child;

	CHECK_EQ(pipe(ready), 0);
	child = stop_after_start(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(kill(child, i == 1 ? SIGTSTP : SIGSTOP), 0);
		CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), i == 1 ? SIGTSTP : SIGSTOP);
		CHECK_EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0); /* told once */
		CHECK_EQ(kill(child, SIGCONT), 0);
		CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
		CHECK(WIFCONTINUED(status));
	}
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(stopped_process_stands_still)
{
	int ready[2], ticks[2], status;
	char byte;
	char bytes[1000];
	pid_t child;

	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe2(ticks, O_NONBLOCK), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(write(ready[1], "", 1), 1);
		for (;;) {
			sleep_ms(1);
			if (write(ticks[1], "", 1) < 0) {
				_exit(errno);
			}
		}
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	kill(child, SIGSTOP);
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	while (read(ticks[0], bytes, sizeof(bytes)) > 0) {
	}
	sleep_ms(50);
	CHECK_ERRNO(read(ticks[0], bytes, sizeof(bytes)), EAGAIN);
	kill(child, SIGTERM);
	sleep_ms(10);
	CHECK_EQ(waitpid(child, &status, WNOHANG), 0); /* not before it goes on */
	kill(child, SIGCONT);
	CHECK_KILLED(child, SIGTERM);
}

TEST(kill_ends_stopped_process)
{
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status));
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(stop_is_told_by_signal)
{
	int status;
	pid_t child;

	handle(SIGCHLD, SA_SIGINFO);
	child = must_fork();
	if (child == 0) {
		raise(SIGSTOP);
		_exit(1);
	}
	while (count == 0) {
		sleep_ms(2);
	}
	CHECK_EQ(last_info.si_code, CLD_STOPPED);
	CHECK_EQ(last_info.si_status, SIGSTOP);
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	handle(SIGCHLD, SA_SIGINFO | SA_NOCLDSTOP);
	count = 0;
	kill(child, SIGCONT);
	while (count == 0) {
		sleep_ms(2);
	}
	CHECK_EQ(last_info.si_code, CLD_EXITED);
	CHECK_EXIT(child, 1);
}

/* The child sends the signal a little later. */
static pid_t send_later(int number)
{
	pid_t child = must_fork();

	if (child == 0) {
		sleep_ms(40);
		if (kill(getppid(), number) != 0) {
			_exit(1);
		}
		sleep_ms(40);
		_exit(0);
	}
	return child;
}

TEST(read_is_interrupted)
{
	int fds[2];
	char byte;
	pid_t child;

	CHECK_EQ(pipe(fds), 0);
	handle(SIGUSR1, 0);
	child = send_later(SIGUSR1);
	CHECK_ERRNO(read(fds[0], &byte, 1), EINTR);
	CHECK_EQ(count, 1);
	CHECK_EXIT(child, 0);
}

TEST(read_is_restarted)
{
	int fds[2];
	char byte = 0;
	pid_t child;

	CHECK_EQ(pipe(fds), 0);
	handle(SIGUSR1, SA_RESTART);
	child = must_fork();
	if (child == 0) {
		sleep_ms(30);
		kill(getppid(), SIGUSR1);
		sleep_ms(30);
		_exit(write(fds[1], "x", 1) != 1);
	}
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	CHECK_EQ(count, 1);
	CHECK_EXIT(child, 0);
}

TEST(wait_is_restarted_or_not)
{
	pid_t child;

	handle(SIGUSR1, 0);
	child = send_later(SIGUSR1);
	CHECK_ERRNO(waitpid(child, NULL, 0), EINTR);
	CHECK_EXIT(child, 0);
	handle(SIGUSR1, SA_RESTART);
	child = send_later(SIGUSR1);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	CHECK_EQ(count, 2);
}

TEST(sleep_is_interrupted)
{
	struct timespec left = {0};
	pid_t child;

	handle(SIGUSR1, SA_RESTART); /* sleeps are not restarted all the same */
	child = send_later(SIGUSR1);
	CHECK_ERRNO(nanosleep(&(struct timespec){.tv_sec = 20}, &left), EINTR);
	CHECK(left.tv_sec >= 15 && left.tv_sec < 20);
	CHECK_EXIT(child, 0);
}

TEST(ignored_signal_does_not_interrupt)
{
	struct timespec left = {0};
	pid_t child;

	signal(SIGUSR1, SIG_IGN);
	child = send_later(SIGUSR1);
	CHECK_EQ(nanosleep(&(struct timespec){.tv_nsec = 120000000}, &left), 0);
	CHECK_EXIT(child, 0);
}

TEST(stop_does_not_interrupt_sleep)
{
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		_exit(nanosleep(&(struct timespec){.tv_nsec = 150000000}, NULL) != 0);
	}
	sleep_ms(30);
	kill(child, SIGSTOP);
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	kill(child, SIGCONT);
	CHECK_EXIT(child, 0);
}

TEST(interval_timer)
{
	struct itimerval timer = {{0, 10000}, {0, 10000}}, old;

	handle(SIGALRM, SA_RESTART);
	CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
	while (count < 5) {
		sleep_ms(1);
	}
	timer = (struct itimerval){{0, 0}, {0, 0}};
	CHECK_EQ(setitimer(ITIMER_REAL, &timer, &old), 0);
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	count = 0;
	sleep_ms(40);
	CHECK_EQ(count, 0);
	CHECK_ERRNO(setitimer(77, &timer, NULL), EINVAL);
}

TEST(alarm_remaining)
{
	CHECK_EQ(alarm(100), 0);
	CHECK(alarm(50) >= 99);
	CHECK(alarm(0) >= 49);
	CHECK_EQ(alarm(0), 0);
}

TEST(broken_pipe)
{
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	close(fds[0]);
	handle(SIGPIPE, 0);
	CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
	CHECK_EQ(count, 1);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	pid_t child = must_fork();
	if (child == 0) {
		_exit((int)write(fds[1], "x", 1));
	}
	CHECK_KILLED(child, SIGPIPE);
}

static sigjmp_buf place;

static void on_jump(int number)
{
	siglongjmp(place, number);
}

TEST(jump_out_of_handler)
{
	struct sigaction action = {.sa_handler = on_jump};
	volatile int rounds = 0;
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	while (rounds < 3) {
		if (sigsetjmp(place, 1) == 0) {
			raise(SIGUSR1);
			FAIL("raise returned");
		}
		rounds++;
	}
	sigprocmask(SIG_BLOCK, NULL, &set);
	CHECK(!sigismember(&set, SIGUSR1));
}

static void on_context(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)number;
	(void)info;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	count++;
}

TEST(mask_in_context_counts)
{
	struct sigaction action = {.sa_sigaction = on_context, .sa_flags = SA_SIGINFO};
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &set);
	CHECK(sigismember(&set, SIGUSR2));
}

TEST(registers_survive_handlers)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	unsigned long a = 1, b = 2, c = 3, d = 5;
	unsigned long x = 1, y = 2, z = 3, w = 5;

	handle(SIGALRM, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (count < 50) {
		for (int i = 0; i < 1000; i++) {
			a = a * 6364136223846793005ul + b;
			b = b * 31 + c;
			c = c ^ (d << 3);
			d = d + a;
			x = x * 6364136223846793005ul + y;
			y = y * 31 + z;
			z = z ^ (w << 3);
			w = w + x;
			__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
			__asm__ volatile("" : "+r"(x), "+r"(y), "+r"(z), "+r"(w));
		}
		CHECK(a == x && b == y && c == z && d == w);
	}
}

TEST(default_actions)
{
	static const int deadly[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,	 SIGTRAP,   SIGABRT,
				     SIGBUS,  SIGFPE,  SIGUSR1, SIGSEGV, SIGUSR2,   SIGPIPE,
				     SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF,
				     SIGIO,   SIGPWR,  SIGSYS,	40,	 64};

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
		pid_t child = must_fork();

		if (child == 0) {
			kill(getpid(), deadly[i]);
			_exit(0);
		}
		CHECK_KILLED(child, deadly[i]);
	}
}

TEST(core_flag)
{
	struct rlimit none = {0, 0};
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		raise(SIGABRT);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, SIGABRT); /* no core was written, so no core flag */
}

TEST(storm_between_processes)
{
	pid_t child;

	handle(SIGUSR1, SA_RESTART);
	child = must_fork();
	if (child == 0) {
		for (int i = 0; i < 1000; i++) {
			kill(getppid(), SIGUSR1);
		}
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK(count >= 1 && count <= 1000);
}
