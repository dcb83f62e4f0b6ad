/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal as programs see it: reads, settings, job control. */
#include <string.h>

#include "servers/process/tty_line.h"
#include "tests/process-files/fake.h"

enum {
	TCGETS = 0x5401,
	TCSETS = 0x5402,
	TCSETSF = 0x5404,
	TCFLSH = 0x540b,
	TIOCSCTTY = 0x540e,
	TIOCGPGRP = 0x540f,
	TIOCSPGRP = 0x5410,
	TIOCGWINSZ = 0x5413,
	TIOCSWINSZ = 0x5414,
	FIONREAD = 0x541b,
	TIOCNOTTY = 0x5422,
	TIOCGSID = 0x5429,
};

static struct thread *t;

static int64_t control(struct thread *who, uint32_t command)
{
	return CALL(who, NR_IOCTL, 0, command, SCRATCH + 0x100);
}

static void *argument(struct thread *who)
{
	return fake_memory(who, SCRATCH + 0x100);
}

static void set_mode(uint32_t clear, uint32_t set, uint8_t least, uint8_t tenths)
{
	struct tty_termios *termios = argument(t);

	CHECK(control(t, TCGETS) == 0);
	termios->lflag = (termios->lflag & ~clear) | set;
	termios->cc[TTY_VMIN] = least;
	termios->cc[TTY_VTIME] = tenths;
	CHECK(control(t, TCSETSF) == 0);
}

static void set_raw(uint8_t least, uint8_t tenths)
{
	set_mode(TTY_ICANON | TTY_ECHO | TTY_ISIG, 0, least, tenths);
}

/* Start with job control, as a shell does. */
static void start_shell(void)
{
	t = fake_start();
	*(int32_t *)argument(t) = 1;
	CHECK(control(t, TIOCSPGRP) == 0);
}

static void set_cooked(void)
{
	set_mode(0, TTY_ICANON | TTY_ECHO | TTY_ISIG, 1, 0);
}

static void cooked(void)
{
	char *text;

	t = fake_start();
	set_cooked();
	fake_screen();
	CHECK(fake_write(t, 1, "prompt$ ") == 8 && strcmp(fake_screen(), "prompt$ ") == 0);
	CHECK(fake_read(t, 0, &text) == CALL_PARKED);
	fake_type("ls -");
	CHECK(fake_is_parked(t) && strcmp(fake_screen(), "ls -") == 0);
	fake_type("l\r");
	CHECK(!fake_is_parked(t) && fake_result(t) == 6);
	CHECK(memcmp(fake_memory(t, SCRATCH), "ls -l\n", 6) == 0);
	CHECK(strcmp(fake_screen(), "l\r\n") == 0);
	fake_type("\004");
	CHECK(fake_read(t, 0, &text) == 0);
	fake_type("one\rtwo\r");
	CHECK(control(t, FIONREAD) == 0 && *(uint32_t *)argument(t) == 8);
	CHECK(fake_read(t, 0, &text) == 4 && strcmp(text, "one\n") == 0);
	CHECK(CALL(t, NR_IOCTL, 0, TCFLSH, 0) == 0);
	CHECK(CALL(t, NR_FCNTL, 0, 4, OPEN_NONBLOCK) == 0);
	CHECK(fake_read(t, 0, &text) == -STATUS_AGAIN);
	CHECK(CALL(t, NR_FCNTL, 0, 4, 0) == 0);
}

static void raw(void)
{
	char *text;

	t = fake_start();
	set_raw(1, 0);
	fake_type("ab");
	CHECK(fake_read(t, 0, &text) == 2 && strcmp(text, "ab") == 0);
	CHECK(strcmp(fake_screen(), "") == 0 && fake_read(t, 0, &text) == CALL_PARKED);
	fake_type("\003");
	CHECK(fake_result(t) == 1 && fake_signal_count == 0);
	set_raw(0, 0);
	CHECK(fake_read(t, 0, &text) == 0);
	set_raw(0, 5);
	CHECK(fake_read(t, 0, &text) == CALL_PARKED);
	fake_sleep(400000000);
	CHECK(fake_is_parked(t));
	fake_sleep(200000000);
	CHECK(!fake_is_parked(t) && fake_result(t) == 0);
	set_raw(3, 0);
	fake_type("ab");
	CHECK(fake_read(t, 0, &text) == CALL_PARKED);
	fake_type("c");
	CHECK(fake_result(t) == 3);
	set_raw(10, 2);
	CHECK(fake_read(t, 0, &text) == CALL_PARKED);
	fake_sleep(10000000000);
	CHECK(fake_is_parked(t)); /* the clock starts with the first byte */
	fake_type("a");
	fake_sleep(150000000);
	fake_type("b");
	fake_sleep(150000000);
	CHECK(fake_is_parked(t));
	fake_sleep(100000000);
	CHECK(!fake_is_parked(t) && fake_result(t) == 2);
	set_cooked();
}

static void signals(void)
{
	char *text;

	start_shell();
	set_cooked();
	fake_screen();
	CHECK(fake_read(t, 0, &text) == CALL_PARKED);
	fake_type("abc\003");
	CHECK(fake_signal_count == 1 && fake_signals[0].number == 2 && fake_signals[0].to == 1);
	fake_interrupt(t);
	CHECK(fake_result(t) == CALL_RESTART_SYS);
	fake_type("\032\034");
	CHECK(fake_signals[1].number == 20 && fake_signals[2].number == 3);
}

static void job_control(void)
{
	struct thread *job;
	char *text;

	start_shell();
	set_cooked();
	job = fake_process(t, 0);
	CHECK(control(t, TIOCGPGRP) == 0 && *(int32_t *)argument(t) == 1);
	CHECK(control(t, TIOCGSID) == 0 && *(int32_t *)argument(t) == 1);
	CHECK(fake_read(job, 0, &text) == CALL_RESTART_SYS);
	CHECK(fake_signal_count == 1 && fake_signals[0].number == LINUX_SIGTTIN);
	CHECK(fake_signals[0].to == job->process->pgid);
	CHECK(fake_write(job, 1, "background output") == 17);
	*(int32_t *)argument(job) = job->process->pgid;
	CHECK(control(job, TIOCSPGRP) == CALL_RESTART_SYS);
	CHECK(fake_signals[1].number == LINUX_SIGTTOU);
	fake_signal_ignored = true;
	CHECK(fake_read(job, 0, &text) == -STATUS_IO);
	CHECK(control(job, TIOCSPGRP) == 0);
	fake_signal_ignored = false;
	CHECK(fake_read(t, 0, &text) == CALL_RESTART_SYS);
	fake_type("\003");
	CHECK(fake_signals[3].number == 2 && fake_signals[3].to == job->process->pgid);
	*(int32_t *)argument(job) = 77;
	CHECK(control(job, TIOCSPGRP) == -STATUS_SRCH);
	*(int32_t *)argument(job) = -1;
	CHECK(control(job, TIOCSPGRP) == -STATUS_INVAL);
	fake_group_orphaned = true;
	CHECK(fake_read(t, 0, &text) == -STATUS_IO);
	fake_group_orphaned = false;
	fake_exit(job);
}

static void sessions(void)
{
	static struct session own;
	struct thread *leader;

	t = fake_start();
	CHECK(fake_open(t, "/dev/tty", OPEN_READ_WRITE, 0) == -STATUS_NXIO);
	leader = fake_process(t, 0);
	own = (struct session){.references = 1, .id = leader->process->pid};
	CHECK(control(t, TIOCGPGRP) == 0 && *(int32_t *)argument(t) == 1);
	fake_type("\003");
	CHECK(fake_signal_count == 0);
	leader->process->session = &own;
	CHECK(fake_open(leader, "/dev/tty", OPEN_READ_WRITE, 0) == -STATUS_NXIO);
	CHECK(control(leader, TIOCGPGRP) == -STATUS_NOTTY);
	/* The first process only minds the terminal: another leader may have it. */
	CHECK(fake_open(leader, "/dev/ttyS0", OPEN_READ_WRITE, 0) == 3 && own.tty != NULL);
	CHECK(fake_open(leader, "/dev/tty", OPEN_READ_WRITE, 0) == 4);
	CHECK(t->process->session->tty == NULL);
	CHECK(control(leader, TIOCGPGRP) == 0);
	CHECK(*(int32_t *)argument(leader) == leader->process->pid);
	CHECK(CALL(t, NR_IOCTL, 0, TIOCSCTTY, 0) == -STATUS_PERM);
	tty_session_ended(&own);
	CHECK(own.tty == NULL && fake_signals[0].number == LINUX_SIGHUP);
	CHECK(fake_signals[1].number == LINUX_SIGCONT);
	CHECK(CALL(t, NR_IOCTL, 0, TIOCSCTTY, 0) == 0 && control(t, TIOCNOTTY) == 0);
	CHECK(t->process->session->tty == NULL);
	fake_exit(leader);
}

static void size_and_background(void)
{
	uint16_t *size;

	start_shell();
	size = argument(t);
	CHECK(control(t, TIOCGWINSZ) == 0 && size[0] == 24 && size[1] == 80);
	size[1] = 132;
	CHECK(control(t, TIOCSWINSZ) == 0 && fake_signals[0].number == LINUX_SIGWINCH);
	CHECK(control(t, TIOCSWINSZ) == 0 && fake_signal_count == 1);
	size[1] = 80;
	CHECK(control(t, TIOCSWINSZ) == 0);
	CHECK(CALL(t, NR_IOCTL, 0, TCGETS, BAD_ADDRESS) == -STATUS_FAULT);
	CHECK(CALL(t, NR_IOCTL, 0, 0x4b33, SCRATCH) == -STATUS_NOTTY);
	CHECK(fake_open(t, "/dev/null", 0, 0) == 3);
	CHECK(CALL(t, NR_IOCTL, 3, TCGETS, SCRATCH) == -STATUS_NOTTY);
}

/* The wire is slow: writers park until the driver has room, and nothing is lost. */
static void slow_wire(void)
{
	uint64_t big = FAKE_BASE + 0x100000;
	const char *screen;

	t = fake_start();
	set_cooked();
	fake_screen();
	memset(fake_memory(t, big), 'y', 50000);
	fake_serial_room = 100;
	CHECK(CALL(t, NR_WRITE, 1, big, 50000) == CALL_PARKED);
	for (unsigned i = 0; i < 1000 && fake_is_parked(t); i++) {
		fake_serial_room = 1000;
		files_event(1u << EVENT_SERIAL);
		fake_settle();
	}
	CHECK(!fake_is_parked(t) && fake_result(t) == 50000);
	fake_serial_room = 1 << 20;
	files_event(1u << EVENT_SERIAL);
	screen = fake_screen();
	CHECK(strlen(screen) == 50000 && strspn(screen, "y") == 50000);
	/* ^S holds output back, ^Q lets it go. */
	fake_type("\023");
	CHECK(fake_write(t, 1, "held") == 4 && strcmp(fake_screen(), "") == 0);
	fake_type("\021");
	CHECK(strcmp(fake_screen(), "held") == 0);
}

/* Much is typed ahead in raw mode: what the line cannot hold stays with the driver. */
static void type_ahead(void)
{
	static char bytes[10001];
	uint64_t place = FAKE_BASE + 0x100000;
	size_t total = 0;

	t = fake_start();
	set_raw(0, 0);
	for (unsigned i = 0; i < 10000; i++) {
		bytes[i] = (char)('a' + i % 26);
	}
	fake_type(bytes);
	for (unsigned i = 0; i < 100 && total < 10000; i++) {
		int64_t got = CALL(t, NR_READ, 0, place + total, 3000);

		total += got > 0 ? (size_t)got : 0;
	}
	CHECK(total == 10000 && memcmp(fake_memory(t, place), bytes, 10000) == 0);
	set_cooked();
}

void test_terminal(void)
{
	test_run("terminal: lines", cooked);
	test_run("terminal: raw mode, VMIN, VTIME", raw);
	test_run("terminal: signals", signals);
	test_run("terminal: job control", job_control);
	test_run("terminal: sessions", sessions);
	test_run("terminal: size, wrong requests", size_and_background);
	test_run("terminal: slow wire, flow control", slow_wire);
	test_run("terminal: type-ahead", type_ahead);
}
