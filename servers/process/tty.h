/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal (tty.c, tty_ioctl.c). */
#ifndef SERVERS_PROCESS_TTY_H
#define SERVERS_PROCESS_TTY_H

#include "servers/process/files.h"
#include "servers/process/tty_line.h"

struct tty_size { /* Linux's struct winsize */
	uint16_t rows, columns, x_pixels, y_pixels;
};

struct tty {
	struct tty_line line;
	struct waitable waitable;
	struct session *session; /* whose controlling terminal it is */
	/*
	 * The session is the first process's, which minds the terminal until a session of its
	 * own wants it. As on Linux it has no controlling terminal then: no /dev/tty, no
	 * signals, no job control; but if it is a shell and asks for that, it gets it.
	 */
	bool is_lent;
	int32_t foreground; /* process group, 0 = none */
	struct tty_size size;
};

/* Send what waits for the wire, as far as the driver takes it. */
void tty_flush(struct tty *tty);
/* Is it the process's controlling terminal? */
bool tty_is_controlling(const struct tty *tty, const struct process *p);
/*
 * Job control: may t, perhaps in the background, use the terminal in a way that `number`
 * (SIGTTIN, SIGTTOU) guards? 0, -STATUS_IO, or CALL_RESTART_SYS after the signal was sent.
 */
int64_t tty_check(struct tty *tty, struct thread *t, int number);
/* Could a session leader that has no terminal get this one? */
bool tty_is_free(const struct tty *tty);
void tty_give(struct tty *tty, struct session *session, int32_t foreground);

int64_t tty_ioctl(struct thread *t, struct open_file *file, uint32_t command, uint64_t argument);

#endif
