/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line discipline: input editing, echo, output processing.
 *
 * Invariants:
 * L1. tail ≤ canon ≤ head and head - tail < TTY_INPUT (unsigned, modulo 2^32). In raw mode canon
 *     follows tail and means nothing.
 * L2. Each line in [tail, canon) ends with a byte whose bit in `ends` is set; a marked byte 0
 *     is an end-of-file mark (unless `pushed`).
 * L3. The last free byte of the ring is kept for a line end, so that a line that is too long
 *     can still be finished.
 */
#include "servers/process/tty_line.h"

#include <string.h>

#define SIGNAL_INT 2
#define SIGNAL_QUIT 3
#define SIGNAL_TSTP 20

static const uint8_t default_cc[19] = {
	3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0,
};

void tty_line_reset(struct tty_line *line)
{
	memset(line, 0, sizeof(*line));
	line->termios.iflag = TTY_ICRNL | TTY_IXON;
	line->termios.oflag = TTY_OPOST | TTY_ONLCR;
	line->termios.cflag = TTY_B115200 | TTY_CS8 | TTY_CREAD | TTY_HUPCL;
	line->termios.lflag = TTY_ISIG | TTY_ICANON | TTY_ECHO | TTY_ECHOE | TTY_ECHOK |
			      TTY_ECHOCTL | TTY_ECHOKE | TTY_IEXTEN;
	memcpy(line->termios.cc, default_cc, sizeof(default_cc));
	line->termios.ispeed = line->termios.ospeed = 115200;
}

static bool lflag(const struct tty_line *line, uint32_t flags)
{
	return (line->termios.lflag & flags) != 0;
}

static bool iflag(const struct tty_line *line, uint32_t flags)
{
	return (line->termios.iflag & flags) != 0;
}

/* Is the byte the control character `index`? 0 in the table means "none". */
static bool is_cc(const struct tty_line *line, uint8_t byte, enum tty_cc index)
{
	return byte != 0 && line->termios.cc[index] == byte;
}

static bool is_word(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') || byte == '_' || byte >= 0x80;
}

static void mark_end(struct tty_line *line, uint32_t position)
{
	line->ends[position % TTY_INPUT / 32] |= 1u << (position % 32);
}

static void clear_end(struct tty_line *line, uint32_t position)
{
	line->ends[position % TTY_INPUT / 32] &= ~(1u << (position % 32));
}

static bool is_end(const struct tty_line *line, uint32_t position)
{
	return line->ends[position % TTY_INPUT / 32] >> (position % 32) & 1;
}

static bool is_eof_mark(const struct tty_line *line, uint32_t position)
{
	return is_end(line, position) && line->input[position % TTY_INPUT] == 0 && !line->pushed;
}

/* ---- echo ---- */

/* Echo a byte as it is shown: control bytes as ^X with ECHOCTL, except tab (and newline, which
 * the caller handles). */
static void echo(struct tty_line *line, uint8_t byte)
{
	if (lflag(line, TTY_ECHOCTL) && tty_is_control(byte) && byte != '\t') {
		tty_line_put(line, '^');
		tty_line_put(line, byte ^ 0100);
		return;
	}
	tty_line_put(line, byte);
}

/* Columns that the byte takes when it is echoed at `column`. */
static unsigned echo_width(const struct tty_line *line, uint8_t byte, unsigned column)
{
	if (byte == '\t') {
		return TTY_TAB_WIDTH - column % TTY_TAB_WIDTH;
	}
	if (tty_is_control(byte)) {
		return lflag(line, TTY_ECHOCTL) ? 2 : 0;
	}
	return tty_is_continuation(line, byte) ? 0 : 1;
}

/* Wipe the byte at `position`, the last of the line, from the screen. */
static void echo_erase(struct tty_line *line, uint32_t position)
{
	uint8_t byte = line->input[position % TTY_INPUT];
	unsigned column = line->canon_column;
	unsigned width;

	for (uint32_t p = line->canon; p != position; p++) {
		column += echo_width(line, line->input[p % TTY_INPUT], column);
	}
	width = echo_width(line, byte, column);
	for (unsigned i = 0; i < width; i++) {
		tty_line_put(line, '\b');
		if (byte != '\t') {
			tty_line_put_raw(line, ' ');
			tty_line_put_raw(line, '\b');
		}
	}
}

/* ---- input ---- */

static uint32_t input_count(const struct tty_line *line)
{
	return line->head - line->tail;
}

static void store(struct tty_line *line, uint8_t byte)
{
	line->input[line->head % TTY_INPUT] = byte;
	clear_end(line, line->head);
	line->head++;
}

/* Finish the line being edited with the byte given. */
static void store_end(struct tty_line *line, uint8_t byte)
{
	if (input_count(line) >= TTY_INPUT) {
		return;
	}
	store(line, byte);
	mark_end(line, line->head - 1);
	line->canon = line->head;
	line->pushed = false;
}

/* Start of the last character of the line being edited (several bytes in UTF-8). */
static uint32_t last_character(const struct tty_line *line)
{
	uint32_t position = line->head - 1;

	while (position != line->canon &&
	       tty_is_continuation(line, line->input[position % TTY_INPUT])) {
		position--;
	}
	return position;
}

static void erase_character(struct tty_line *line)
{
	uint32_t position = last_character(line);
	uint8_t byte = line->input[position % TTY_INPUT];

	if (lflag(line, TTY_ECHO)) {
		if (lflag(line, TTY_ECHOE)) {
			echo_erase(line, position);
		} else {
			echo(line, byte);
		}
	}
	line->head = position;
}

static void erase_word(struct tty_line *line)
{
	bool seen_word = false;

	while (line->head != line->canon) {
		bool word = is_word(line->input[(line->head - 1) % TTY_INPUT]);

		if (!word && seen_word) {
			return;
		}
		seen_word |= word;
		erase_character(line);
	}
}

static void erase_line(struct tty_line *line, uint8_t byte)
{
	bool wipe = lflag(line, TTY_ECHOK) && lflag(line, TTY_ECHOKE) && lflag(line, TTY_ECHOE);

	if (!lflag(line, TTY_ECHO) || !wipe) {
		line->head = line->canon;
		if (lflag(line, TTY_ECHO)) {
			echo(line, byte);
			if (lflag(line, TTY_ECHOK)) {
				tty_line_put(line, '\n');
			}
		}
		return;
	}
	while (line->head != line->canon) {
		erase_character(line);
	}
}

static void reprint(struct tty_line *line, uint8_t byte)
{
	echo(line, byte);
	tty_line_put(line, '\n');
	line->canon_column = line->column;
	for (uint32_t p = line->canon; p != line->head; p++) {
		echo(line, line->input[p % TTY_INPUT]);
	}
}

/* Canonical mode's editing characters. Returns whether the byte was one. */
static bool edit(struct tty_line *line, uint8_t byte)
{
	bool extended = lflag(line, TTY_IEXTEN);

	if (is_cc(line, byte, TTY_VERASE)) {
		if (line->head != line->canon) {
			erase_character(line);
		}
	} else if (is_cc(line, byte, TTY_VKILL)) {
		erase_line(line, byte);
	} else if (extended && is_cc(line, byte, TTY_VWERASE)) {
		erase_word(line);
	} else if (extended && is_cc(line, byte, TTY_VLNEXT)) {
		line->literal = true;
		if (lflag(line, TTY_ECHO) && lflag(line, TTY_ECHOCTL)) {
			tty_line_put(line, '^');
			tty_line_put(line, '\b');
		}
	} else if (extended && lflag(line, TTY_ECHO) && is_cc(line, byte, TTY_VREPRINT)) {
		reprint(line, byte);
	} else {
		return false;
	}
	return true;
}

/* A byte that ends a line in canonical mode. Returns whether it was one. */
static bool end_line(struct tty_line *line, uint8_t byte)
{
	if (byte == '\n') {
		if (lflag(line, TTY_ECHO | TTY_ECHONL)) {
			tty_line_put(line, '\n');
		}
		store_end(line, byte);
		return true;
	}
	if (is_cc(line, byte, TTY_VEOF)) {
		store_end(line, 0);
		return true;
	}
	if (is_cc(line, byte, TTY_VEOL) ||
	    (lflag(line, TTY_IEXTEN) && is_cc(line, byte, TTY_VEOL2))) {
		if (lflag(line, TTY_ECHO)) {
			echo(line, byte);
		}
		store_end(line, byte);
		return true;
	}
	return false;
}

/* Store an ordinary byte and echo it. */
static void take(struct tty_line *line, uint8_t byte)
{
	bool canonical = lflag(line, TTY_ICANON);

	if (input_count(line) >= TTY_INPUT - 1) {
		if (iflag(line, TTY_IMAXBEL)) {
			tty_line_put_raw(line, '\a');
		}
		return;
	}
	if (canonical && line->head == line->canon) {
		line->canon_column = line->column;
	}
	if (lflag(line, TTY_ECHO)) {
		if (byte == '\n') {
			tty_line_put(line, '\n');
		} else {
			echo(line, byte);
		}
	}
	store(line, byte);
}

/* The signal that the byte asks for, 0 if none. */
static int signal_of(const struct tty_line *line, uint8_t byte)
{
	if (!lflag(line, TTY_ISIG)) {
		return 0;
	}
	if (is_cc(line, byte, TTY_VINTR)) {
		return SIGNAL_INT;
	}
	if (is_cc(line, byte, TTY_VQUIT)) {
		return SIGNAL_QUIT;
	}
	return is_cc(line, byte, TTY_VSUSP) ? SIGNAL_TSTP : 0;
}

/* ^S and ^Q. Returns whether the byte was one. */
static bool flow_control(struct tty_line *line, uint8_t byte)
{
	if (!iflag(line, TTY_IXON)) {
		return false;
	}
	if (is_cc(line, byte, TTY_VSTART)) {
		line->stopped = false;
		return true;
	}
	if (is_cc(line, byte, TTY_VSTOP)) {
		line->stopped = true;
		return true;
	}
	return false;
}

int tty_line_input(struct tty_line *line, uint8_t byte)
{
	int number;

	if (iflag(line, TTY_ISTRIP)) {
		byte &= 0x7f;
	}
	if (iflag(line, TTY_IUCLC) && lflag(line, TTY_IEXTEN) && byte >= 'A' && byte <= 'Z') {
		byte = (uint8_t)(byte - 'A' + 'a');
	}
	if (line->literal) {
		line->literal = false;
		take(line, byte);
		return 0;
	}
	if (line->stopped && iflag(line, TTY_IXON) && iflag(line, TTY_IXANY)) {
		line->stopped = false;
	}
	if (flow_control(line, byte)) {
		return 0;
	}
	number = signal_of(line, byte);
	if (number != 0) {
		if (!lflag(line, TTY_NOFLSH)) {
			tty_line_flush_input(line);
			tty_line_flush_output(line);
		}
		line->stopped = false;
		if (lflag(line, TTY_ECHO)) {
			echo(line, byte);
		}
		return number;
	}
	if (byte == '\r') {
		if (iflag(line, TTY_IGNCR)) {
			return 0;
		}
		byte = iflag(line, TTY_ICRNL) ? '\n' : '\r';
	} else if (byte == '\n' && iflag(line, TTY_INLCR)) {
		byte = '\r';
	}
	if (lflag(line, TTY_ICANON) && (edit(line, byte) || end_line(line, byte))) {
		return 0;
	}
	take(line, byte);
	return 0;
}

bool tty_line_ready(const struct tty_line *line)
{
	return lflag(line, TTY_ICANON) ? line->canon != line->tail : line->head != line->tail;
}

size_t tty_line_readable(const struct tty_line *line)
{
	size_t count = 0;

	if (!lflag(line, TTY_ICANON)) {
		return input_count(line);
	}
	for (uint32_t p = line->tail; p != line->canon; p++) {
		count += !is_eof_mark(line, p);
	}
	return count;
}

size_t tty_line_input_room(const struct tty_line *line)
{
	/* An unfinished line that is too long loses bytes, so that its end can be seen. */
	if (lflag(line, TTY_ICANON) && line->canon == line->tail) {
		return TTY_INPUT;
	}
	return TTY_INPUT - 1 - input_count(line);
}

static size_t read_canonical(struct tty_line *line, uint8_t *buffer, size_t n)
{
	size_t done = 0;

	while (line->tail != line->canon) {
		uint32_t position = line->tail;
		bool ends = is_end(line, position);
		bool is_eof = is_eof_mark(line, position);

		/* A mark right behind a full buffer goes with it: no empty read afterwards. */
		if (done == n && !is_eof) {
			break;
		}
		clear_end(line, position);
		line->tail++;
		if (!is_eof) {
			buffer[done++] = line->input[position % TTY_INPUT];
		}
		if (ends) {
			break;
		}
	}
	return done;
}

size_t tty_line_read(struct tty_line *line, uint8_t *buffer, size_t n)
{
	size_t done = 0;

	if (lflag(line, TTY_ICANON)) {
		return n == 0 ? 0 : read_canonical(line, buffer, n);
	}
	while (done < n && line->tail != line->head) {
		buffer[done++] = line->input[line->tail++ % TTY_INPUT];
	}
	line->canon = line->tail;
	return done;
}

void tty_line_flush_input(struct tty_line *line)
{
	line->tail = line->canon = line->head;
	memset(line->ends, 0, sizeof(line->ends));
	line->pushed = false;
}

void tty_line_configure(struct tty_line *line, const struct tty_termios *termios)
{
	bool was_canonical = lflag(line, TTY_ICANON);

	line->termios = *termios;
	if (!(termios->iflag & TTY_IXON)) {
		line->stopped = false;
	}
	if (lflag(line, TTY_ICANON) == was_canonical) {
		return;
	}
	memset(line->ends, 0, sizeof(line->ends));
	line->literal = false;
	line->pushed = false;
	line->canon = line->tail;
	if (!was_canonical && input_count(line) > 0) {
		line->pushed = true;
		mark_end(line, line->head - 1);
		line->canon = line->head;
	}
}
