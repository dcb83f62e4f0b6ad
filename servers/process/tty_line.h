/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line discipline of a terminal: between raw bytes of a serial line and
 * what programs read and write. Pure logic: it does no input or output and
 * sends no signal itself; the caller (tty.c) moves bytes and acts on what the
 * functions return. Behaviour follows Linux's N_TTY.
 */
#ifndef SERVERS_PROCESS_TTY_LINE_H
#define SERVERS_PROCESS_TTY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linux's struct ktermios as riscv64 programs see it (TCGETS copies the first 36 bytes). */
struct tty_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct tty_termios) == 44, "layout of termios2");
#define TTY_TERMIOS_SIZE 36

enum tty_iflag {
	TTY_ISTRIP = 040,
	TTY_INLCR = 0100,
	TTY_IGNCR = 0200,
	TTY_ICRNL = 0400,
	TTY_IUCLC = 01000,
	TTY_IXON = 02000,
	TTY_IXANY = 04000,
	TTY_IMAXBEL = 020000,
	TTY_IUTF8 = 040000,
};

enum tty_oflag {
	TTY_OPOST = 01,
	TTY_OLCUC = 02,
	TTY_ONLCR = 04,
	TTY_OCRNL = 010,
	TTY_ONOCR = 020,
	TTY_ONLRET = 040,
	TTY_XTABS = 014000,
};

enum tty_cflag { TTY_CS8 = 060, TTY_CREAD = 0200, TTY_HUPCL = 02000, TTY_B115200 = 010002 };

enum tty_lflag {
	TTY_ISIG = 01,
	TTY_ICANON = 02,
	TTY_ECHO = 010,
	TTY_ECHOE = 020,
	TTY_ECHOK = 040,
	TTY_ECHONL = 0100,
	TTY_NOFLSH = 0200,
	TTY_TOSTOP = 0400,
	TTY_ECHOCTL = 01000,
	TTY_ECHOKE = 04000,
	TTY_IEXTEN = 0100000,
};

enum tty_cc {
	TTY_VINTR,
	TTY_VQUIT,
	TTY_VERASE,
	TTY_VKILL,
	TTY_VEOF,
	TTY_VTIME,
	TTY_VMIN,
	TTY_VSWTC,
	TTY_VSTART,
	TTY_VSTOP,
	TTY_VSUSP,
	TTY_VEOL,
	TTY_VREPRINT,
	TTY_VDISCARD,
	TTY_VWERASE,
	TTY_VLNEXT,
	TTY_VEOL2,
};

#define TTY_INPUT 4096	   /* bytes of the input ring; also the longest line + 1 */
#define TTY_OUTPUT 16384   /* bytes of the output ring */
#define TTY_ECHO_ROOM 1024 /* of these, kept free by writers so that echo finds room */

struct tty_line {
	struct tty_termios termios;
	/*
	 * Input ring. Positions count up and are taken modulo TTY_INPUT:
	 * tail ≤ canon ≤ head ≤ tail + TTY_INPUT. In canonical mode only
	 * [tail, canon) can be read: whole lines, whose last bytes are marked
	 * in `ends`; [canon, head) is the line being edited.
	 */
	uint8_t input[TTY_INPUT];
	uint32_t ends[TTY_INPUT / 32];
	uint32_t head, canon, tail;
	bool literal; /* the next byte is taken as it is (VLNEXT) */
	bool pushed;  /* the last line was made by a change to canonical mode, not by an end byte */

	/* Output ring: bytes ready for the wire, out_tail ≤ out_head. */
	uint8_t output[TTY_OUTPUT];
	uint32_t out_head, out_tail;
	bool stopped;	       /* ^S or TCOOFF */
	unsigned column;       /* of the cursor, as far as it can be known */
	unsigned canon_column; /* where the line being edited begins */
};

/* Set everything to the state of a fresh terminal. */
void tty_line_reset(struct tty_line *line);

/*
 * Take one byte from the wire: edit, echo, store.
 * Returns 0 or the number of the signal (2, 3, 20) that the foreground group shall get.
 */
int tty_line_input(struct tty_line *line, uint8_t byte);

/* Bytes that reads can get now (canonical: of whole lines only, without end-of-file marks). */
size_t tty_line_readable(const struct tty_line *line);
/* Is there a byte or an end-of-file mark to read? */
bool tty_line_ready(const struct tty_line *line);
/* Bytes of input that can be taken without loss. */
size_t tty_line_input_room(const struct tty_line *line);
/*
 * Move at most n bytes to `buffer`. In canonical mode at most one line; an
 * end-of-file mark ends it and is not copied. Returns the bytes copied; the caller asked
 * tty_line_ready before, so that 0 means end of file in canonical mode.
 */
size_t tty_line_read(struct tty_line *line, uint8_t *buffer, size_t n);

/* Process n ≤ tty_line_room() bytes for output. */
void tty_line_write(struct tty_line *line, const uint8_t *buffer, size_t n);
/* Bytes that tty_line_write takes for certain now. */
size_t tty_line_room(const struct tty_line *line);
/* Copy at most n bytes that wait for the wire; tty_line_sent removes them. */
size_t tty_line_pending(const struct tty_line *line, uint8_t *buffer, size_t n);
void tty_line_sent(struct tty_line *line, size_t n);

/* Change the settings, as TCSETS does. */
void tty_line_configure(struct tty_line *line, const struct tty_termios *termios);
void tty_line_flush_input(struct tty_line *line);
void tty_line_flush_output(struct tty_line *line);

/* ---- between tty_line.c and tty_output.c ---- */

#define TTY_TAB_WIDTH 8

/* Output processing of one byte; at most TTY_TAB_WIDTH bytes go to the ring. */
void tty_line_put(struct tty_line *line, uint8_t byte);
/* Append to the output ring; what does not fit is lost (echo only: writers ask for room). */
void tty_line_put_raw(struct tty_line *line, uint8_t byte);

static inline bool tty_is_control(uint8_t byte)
{
	return byte < 32 || byte == 127;
}

/* A byte of a UTF-8 character behind its first. */
static inline bool tty_is_continuation(const struct tty_line *line, uint8_t byte)
{
	return (line->termios.iflag & TTY_IUTF8) && (byte & 0xc0) == 0x80;
}

#endif
