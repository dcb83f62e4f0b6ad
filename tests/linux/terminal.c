/* SPDX-License-Identifier: BSD-2-Clause */
/* The console as a terminal: termios, size, sessions and foreground groups. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

/* In a child: a session of its own that has the console as its terminal. */
static int open_terminal(void)
{
	int fd;

	CHECK(setsid() > 0);
	fd = open("/dev/ttyS0", O_RDWR);
	CHECK(fd >= 0);
	if (ioctl(fd, TIOCSCTTY, 1) != 0) {
		FAIL("TIOCSCTTY: errno %d", errno);
	}
	return fd;
}

/* Run the body in such a child; setsid needs a process that leads no group. */
static void with_terminal(void (*body)(int fd))
{
	pid_t child = must_fork();

	if (child == 0) {
		signal(SIGHUP, SIG_IGN);
		body(open_terminal());
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(is_a_terminal)
{
	struct stat st;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	CHECK(fd >= 0);
	CHECK_EQ(isatty(fd), 1);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	fd = open("/dev/null", O_RDWR);
	CHECK_EQ(isatty(fd), 0);
	CHECK_EQ(errno, ENOTTY);
	CHECK_EQ(open("/dev/tty", O_RDWR), -1); /* no controlling terminal yet */
	CHECK_EQ(errno, ENXIO);
}

TEST(settings)
{
	struct termios old, changed, got;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	CHECK_EQ(tcgetattr(fd, &old), 0);
	CHECK(old.c_lflag & ICANON);
	CHECK(old.c_lflag & ECHO);
	CHECK(old.c_lflag & ISIG);
	CHECK(old.c_oflag & OPOST);
	CHECK_EQ(old.c_cc[VINTR], 3);
	CHECK_EQ(old.c_cc[VEOF], 4);
	CHECK_EQ(old.c_cc[VSUSP], 26);
	changed = old;
	cfmakeraw(&changed);
	changed.c_cc[VMIN] = 3;
	CHECK_EQ(tcsetattr(fd, TCSADRAIN, &changed), 0);
	CHECK_EQ(tcgetattr(fd, &got), 0);
	CHECK_EQ(got.c_lflag & (ICANON | ECHO | ISIG), 0);
	CHECK_EQ(got.c_cc[VMIN], 3);
	CHECK_EQ(tcsetattr(fd, TCSAFLUSH, &old), 0);
	CHECK_EQ(tcgetattr(fd, &got), 0);
	CHECK_EQ(got.c_lflag, old.c_lflag);
	CHECK_ERRNO(tcgetattr(99, &got), EBADF);
}

TEST(window_size)
{
	struct winsize size = {24, 80, 0, 0}, got;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	CHECK_EQ(ioctl(fd, TIOCSWINSZ, &size), 0);
	CHECK_EQ(ioctl(fd, TIOCGWINSZ, &got), 0);
	CHECK(got.ws_row == 24 && got.ws_col == 80);
	size = (struct winsize){0, 0, 0, 0};
	CHECK_EQ(ioctl(fd, TIOCSWINSZ, &size), 0);
}

static void check_groups(int fd)
{
	int tty = open("/dev/tty", O_RDWR);

	CHECK(tty >= 0);
	CHECK_EQ(tcgetsid(fd), getpid());
	CHECK_EQ(tcgetpgrp(fd), getpgrp());
	CHECK_EQ(tcgetpgrp(tty), getpgrp());
	CHECK_ERRNO(tcsetpgrp(fd, 99999), ESRCH);
	CHECK_ERRNO(tcsetpgrp(fd, -1), EINVAL);
}

TEST(foreground_group)
{
	with_terminal(check_groups);
}

static void check_background(int fd)
{
	struct termios termios;
	int status;
	pid_t child = must_fork();

	CHECK_EQ(tcgetattr(fd, &termios), 0);
	if (child == 0) {
		char byte;

		setpgid(0, 0);
		CHECK_EQ(read(fd, &byte, 1), -1); /* SIGTTIN stops us first */
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
	child = must_fork();
	if (child == 0) {
		setpgid(0, 0);
		tcsetattr(fd, TCSANOW, &termios);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(background_group_is_stopped)
{
	with_terminal(check_background);
}

static void check_ignored(int fd)
{
	pid_t child = must_fork();

	if (child == 0) {
		char byte;

		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		signal(SIGTTOU, SIG_IGN);
		CHECK_ERRNO(read(fd, &byte, 1), EIO);
		CHECK_EQ(tcsetpgrp(fd, getpid()), 0);
		CHECK_EQ(tcgetpgrp(fd), getpid());
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(background_read_with_signal_ignored)
{
	with_terminal(check_ignored);
}

static void check_nonblocking(int fd)
{
	char byte;

	CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(tcflush(fd, TCIFLUSH), 0);
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
}

TEST(nonblocking_read)
{
	with_terminal(check_nonblocking);
}

static void check_timed(int fd)
{
	struct termios old, raw;
	uint64_t begin = now_ms();
	char byte;

	CHECK_EQ(tcgetattr(fd, &old), 0);
	raw = old;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 1; /* tenths of a second */
	CHECK_EQ(tcsetattr(fd, TCSAFLUSH, &raw), 0);
	CHECK_EQ(read(fd, &byte, 1), 0);
	CHECK(now_ms() - begin >= 90);
	CHECK_EQ(tcsetattr(fd, TCSAFLUSH, &old), 0);
}

TEST(read_with_time_limit)
{
	with_terminal(check_timed);
}

TEST(no_terminal_after_setsid)
{
	pid_t child = must_fork();

	if (child == 0) {
		CHECK(setsid() > 0);
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}
