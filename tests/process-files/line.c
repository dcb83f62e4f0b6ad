/* SPDX-License-Identifier: BSD-2-Clause */
/* The line discipline alone: bytes typed, and what is echoed, read and signalled. */
#include <string.h>

#include "servers/process/tty_line.h"
#include "tests/process-files/fake.h"

struct script {
	const char *name;
	uint32_t iflag, lflag; /* bits to turn over */
	const char *typed, *screen;
	const char *reads[4]; /* NULL: no more */
	int signal;
};

static const struct script scripts[] = {
	{"plain line", 0, 0, "abc\r", "abc\r\n", {"abc\n"}, 0},
	{"newline typed", 0, 0, "abc\n", "abc\r\n", {"abc\n"}, 0},
	{"two lines", 0, 0, "a\rb\r", "a\r\nb\r\n", {"a\n", "b\n"}, 0},
	{"unfinished", 0, 0, "abc", "abc", {NULL}, 0},
	{"erase", 0, 0, "abx\177c\r", "abx\b \bc\r\n", {"abc\n"}, 0},
	{"erase at start", 0, 0, "\177\177a\r", "a\r\n", {"a\n"}, 0},
	{"erase does not cross lines", 0, 0, "a\r\177b\r", "a\r\nb\r\n", {"a\n", "b\n"}, 0},
	{"erase control", 0, 0, "\001\177\r", "^A\b \b\b \b\r\n", {"\n"}, 0},
	{"erase tab", 0, 0, "ab\t\177\r", "ab\t\b\b\b\b\b\b\r\n", {"ab\n"}, 0},
	{"kill", 0, 0, "abc\025d\r", "abc\b \b\b \b\b \bd\r\n", {"d\n"}, 0},
	{"kill without ECHOKE", 0, TTY_ECHOKE, "abc\025d\r", "abc^U\r\nd\r\n", {"d\n"}, 0},
	{"word erase", 0, 0, "ab cd  \027e\r", "ab cd  \b \b\b \b\b \b\b \be\r\n", {"ab e\n"}, 0},
	{"end of file", 0, 0, "\004", "", {""}, 0},
	{"end of file in a line", 0, 0, "ab\004c\r", "abc\r\n", {"ab", "c\n"}, 0},
	{"literal next", 0, 0, "\026\003\r", "^\b^C\r\n", {"\003\n"}, 0},
	{"reprint", 0, 0, "ab\022c\r", "ab^R\r\nabc\r\n", {"abc\n"}, 0},
	{"interrupt", 0, 0, "abc\003", "^C", {NULL}, 2}, /* what was not sent yet is dropped */
	{"quit", 0, 0, "\034", "^\\", {NULL}, 3},
	{"suspend", 0, 0, "x\032", "^Z", {NULL}, 20},
	{"no signals", 0, TTY_ISIG, "\003\r", "^C\r\n", {"\003\n"}, 0},
	{"no flush", 0, TTY_NOFLSH, "ab\003c\r", "ab^Cc\r\n", {"abc\n"}, 2},
	{"no echo", 0, TTY_ECHO, "secret\r", "", {"secret\n"}, 0},
	{"echo newline only", 0, TTY_ECHO | TTY_ECHONL, "a\r", "\r\n", {"a\n"}, 0},
	{"no ICRNL", TTY_ICRNL, 0, "a\rb\n", "a^Mb\r\n", {"a\rb\n"}, 0},
	{"ignore CR", TTY_IGNCR, 0, "a\rb\n", "ab\r\n", {"ab\n"}, 0},
	{"raw", 0, TTY_ICANON | TTY_ECHO, "a\003b", "", {"b"}, 2},
	{"quite raw",
	 TTY_ICRNL | TTY_IXON,
	 TTY_ICANON | TTY_ECHO | TTY_ISIG | TTY_IEXTEN,
	 "a\003\r\023b",
	 "",
	 {"a\003\r\023b"},
	 0},
	{"UTF-8 erase", TTY_IUTF8, 0, "\303\244\177\r", "\303\244\b \b\r\n", {"\n"}, 0},
};

static void run(const struct script *s)
{
	static struct tty_line line;
	struct tty_termios termios;
	uint8_t buffer[64];
	int signal = 0;
	size_t n;

	tty_line_reset(&line);
	termios = line.termios;
	termios.iflag ^= s->iflag;
	termios.lflag ^= s->lflag;
	tty_line_configure(&line, &termios);
	for (const char *c = s->typed; *c != 0; c++) {
		int got = tty_line_input(&line, (uint8_t)*c);

		signal = got != 0 ? got : signal;
	}
	CHECK(signal == s->signal);
	n = tty_line_pending(&line, buffer, sizeof(buffer));
	CHECK(n == strlen(s->screen) && memcmp(buffer, s->screen, n) == 0);
	for (unsigned i = 0; i < 4 && s->reads[i] != NULL; i++) {
		CHECK(tty_line_ready(&line));
		n = tty_line_read(&line, buffer, sizeof(buffer));
		CHECK(n == strlen(s->reads[i]) && memcmp(buffer, s->reads[i], n) == 0);
	}
	CHECK(!tty_line_ready(&line));
}

static const struct script *current;

static void run_current(void)
{
	run(current);
}

/* A line longer than the ring can still be ended; the rest of it is lost. */
static void overlong(void)
{
	static struct tty_line line;
	static uint8_t buffer[2 * TTY_INPUT];

	tty_line_reset(&line);
	for (unsigned i = 0; i < 5000; i++) {
		tty_line_input(&line, 'a');
	}
	CHECK(!tty_line_ready(&line));
	tty_line_input(&line, '\r');
	CHECK(tty_line_ready(&line));
	CHECK(tty_line_read(&line, buffer, sizeof(buffer)) == TTY_INPUT);
	CHECK(buffer[TTY_INPUT - 1] == '\n' && !tty_line_ready(&line));
}

/* Reads in pieces; an end-of-file mark right behind a full buffer goes with it. */
static void pieces(void)
{
	static struct tty_line line;
	uint8_t b[8];

	tty_line_reset(&line);
	for (const char *c = "hello\004x\r"; *c != 0; c++) {
		tty_line_input(&line, (uint8_t)*c);
	}
	CHECK(tty_line_readable(&line) == 7);
	CHECK(tty_line_read(&line, b, 3) == 3 && memcmp(b, "hel", 3) == 0);
	CHECK(tty_line_read(&line, b, 2) == 2 && memcmp(b, "lo", 2) == 0);
	CHECK(tty_line_read(&line, b, 8) == 2 && memcmp(b, "x\n", 2) == 0);
}

/* Typed in raw mode, read in canonical mode, and the other way round. */
static void mode_change(void)
{
	static struct tty_line line;
	struct tty_termios raw, cooked;
	uint8_t b[8];

	tty_line_reset(&line);
	cooked = raw = line.termios;
	raw.lflag &= ~(uint32_t)TTY_ICANON;
	tty_line_input(&line, 'a');
	tty_line_configure(&line, &raw);
	CHECK(tty_line_read(&line, b, 8) == 1 && b[0] == 'a');
	tty_line_input(&line, 'b');
	tty_line_configure(&line, &cooked);
	CHECK(tty_line_ready(&line) && tty_line_read(&line, b, 8) == 1 && b[0] == 'b');
}

/* Output processing; the ring never overflows. */
static void output(void)
{
	static struct tty_line line;
	static uint8_t sent[TTY_OUTPUT];
	size_t total = 0;

	tty_line_reset(&line);
	tty_line_write(&line, (const uint8_t *)"a\nb\tc", 5);
	CHECK(tty_line_pending(&line, sent, sizeof(sent)) == 6 &&
	      memcmp(sent, "a\r\nb\tc", 6) == 0);
	CHECK(line.column == 9);
	while (tty_line_room(&line) > 0) {
		tty_line_write(&line, (const uint8_t *)"\n", 1);
		total++;
	}
	CHECK(line.out_head - line.out_tail <= TTY_OUTPUT && total > 1000);
	line.stopped = true;
	CHECK(tty_line_pending(&line, sent, sizeof(sent)) == 0);
	tty_line_input(&line, 17);
	CHECK(tty_line_pending(&line, sent, sizeof(sent)) > 0);
}

void test_line(void)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		char name[64] = "line: ";

		current = &scripts[i];
		strcat(name, current->name);
		test_run(name, run_current);
	}
	test_run("line: overlong line", overlong);
	test_run("line: reads in pieces", pieces);
	test_run("line: mode change", mode_change);
	test_run("line: output", output);
}
