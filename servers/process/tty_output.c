/* SPDX-License-Identifier: BSD-2-Clause */
/* The line discipline's output: processing as OPOST asks for it, and the ring of bytes for the wire. */
#include "servers/process/tty_line.h"

static size_t output_room(const struct tty_line *line)
{
	return TTY_OUTPUT - (line->out_head - line->out_tail);
}

void tty_line_put_raw(struct tty_line *line, uint8_t byte)
{
	if (output_room(line) > 0) {
		line->output[line->out_head++ % TTY_OUTPUT] = byte;
	}
}

static void put_newline(struct tty_line *line)
{
	uint32_t oflag = line->termios.oflag;

	if (oflag & (TTY_ONLCR | TTY_ONLRET)) {
		line->column = 0;
	}
	if (oflag & TTY_ONLCR) {
		tty_line_put_raw(line, '\r');
	}
	tty_line_put_raw(line, '\n');
}

static void put_return(struct tty_line *line)
{
	uint32_t oflag = line->termios.oflag;

	if ((oflag & TTY_ONOCR) && line->column == 0) {
		return;
	}
	if (oflag & TTY_OCRNL) {
		if (oflag & TTY_ONLRET) {
			line->column = 0;
		}
		tty_line_put_raw(line, '\n');
		return;
	}
	line->column = 0;
	tty_line_put_raw(line, '\r');
}

static void put_tab(struct tty_line *line)
{
	unsigned spaces = TTY_TAB_WIDTH - line->column % TTY_TAB_WIDTH;

	line->column += spaces;
	if ((line->termios.oflag & TTY_XTABS) != TTY_XTABS) {
		tty_line_put_raw(line, '\t');
		return;
	}
	while (spaces-- > 0) {
		tty_line_put_raw(line, ' ');
	}
}

void tty_line_put(struct tty_line *line, uint8_t byte)
{
	if (!(line->termios.oflag & TTY_OPOST)) {
		tty_line_put_raw(line, byte);
		return;
	}
	switch (byte) {
	case '\n':
		put_newline(line);
		return;
	case '\r':
		put_return(line);
		return;
	case '\t':
		put_tab(line);
		return;
	case '\b':
		if (line->column > 0) {
			line->column--;
		}
		break;
	default:
		if ((line->termios.oflag & TTY_OLCUC) && byte >= 'a' && byte <= 'z') {
			byte = (uint8_t)(byte - 'a' + 'A');
		}
		if (!tty_is_control(byte) && !tty_is_continuation(line, byte)) {
			line->column++;
		}
		break;
	}
	tty_line_put_raw(line, byte);
}

size_t tty_line_room(const struct tty_line *line)
{
	size_t room = output_room(line);

	return room > TTY_ECHO_ROOM ? (room - TTY_ECHO_ROOM) / TTY_TAB_WIDTH : 0;
}

void tty_line_write(struct tty_line *line, const uint8_t *buffer, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		tty_line_put(line, buffer[i]);
	}
}

size_t tty_line_pending(const struct tty_line *line, uint8_t *buffer, size_t n)
{
	size_t count = line->out_head - line->out_tail;

	if (line->stopped) {
		return 0;
	}
	if (count > n) {
		count = n;
	}
	for (size_t i = 0; i < count; i++) {
		buffer[i] = line->output[(line->out_tail + i) % TTY_OUTPUT];
	}
	return count;
}

void tty_line_sent(struct tty_line *line, size_t n)
{
	line->out_tail += (uint32_t)n;
}

void tty_line_flush_output(struct tty_line *line)
{
	line->out_tail = line->out_head;
}
