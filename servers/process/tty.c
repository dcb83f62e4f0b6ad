/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console terminal: the line discipline between the serial driver and
 * open files, and job control.
 *
 * The driver's signal (input has come, or room in a full queue) leads to
 * tty_event(). Output that the driver does not take stays in the line's ring;
 * a writer who finds the ring full parks.
 */
#include "servers/process/tty.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/serial.h"

#define CHUNK 2048
_Static_assert(CHUNK <= SERIAL_BYTES, "one message");
#define TENTH_NS 100000000l

static struct tty console;

/* ---- the driver ---- */

/* Words of a message from the second on, as bytes: they lie in two places. */
static void put_bytes(struct message *m, const uint8_t *bytes, size_t n)
{
	size_t in_registers = (MESSAGE_REGISTERS - 1) * 8;
	size_t first = n < in_registers ? n : in_registers;

	memcpy(&m->words[1], bytes, first);
	memcpy(&message_buffer()->words[MESSAGE_REGISTERS], bytes + first, n - first);
}

static void get_bytes(const struct message *m, uint8_t *bytes, size_t n)
{
	size_t in_registers = (MESSAGE_REGISTERS - 1) * 8;
	size_t first = n < in_registers ? n : in_registers;

	memcpy(bytes, &m->words[1], first);
	memcpy(bytes + first, &message_buffer()->words[MESSAGE_REGISTERS], n - first);
}

/* Bytes taken; all of them if there is no driver. */
static size_t serial_write(const uint8_t *bytes, size_t n)
{
	struct message m = {.tag = MESSAGE_TAG(SERIAL_WRITE, 1 + (n + 7) / 8), .words = {n}};

	if (serial_cap == 0) {
		return n;
	}
	put_bytes(&m, bytes, n);
	if (ipc_call(serial_cap, &m) != ERR_OK || (int64_t)m.words[0] < 0 || m.words[0] > n) {
		return n;
	}
	return m.words[0];
}

static size_t serial_read(uint8_t *bytes, size_t n)
{
	struct message m = {.tag = MESSAGE_TAG(SERIAL_READ, 1), .words = {n}};

	if (serial_cap == 0 || ipc_call(serial_cap, &m) != ERR_OK || (int64_t)m.words[0] < 0 ||
	    m.words[0] > n) {
		return 0;
	}
	get_bytes(&m, bytes, m.words[0]);
	return m.words[0];
}

void tty_flush(struct tty *tty)
{
	uint8_t bytes[CHUNK];
	size_t n;

	while ((n = tty_line_pending(&tty->line, bytes, sizeof(bytes))) > 0) {
		size_t sent = serial_write(bytes, n);

		tty_line_sent(&tty->line, sent);
		if (sent < n) {
			return;
		}
	}
}

void tty_report(const char *format, ...)
{
	char text[256];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	n = n < (int)sizeof(text) ? n : (int)sizeof(text) - 1;
	if (n <= 0) {
		return;
	}
	if (serial_cap == 0 || tty_line_room(&console.line) < (size_t)n) {
		log_print("%s", text);
		return;
	}
	tty_line_write(&console.line, (const uint8_t *)text, (size_t)n);
	tty_flush(&console);
}

/* Take what has come over the wire, as far as there is room for it. */
static void take_input(struct tty *tty)
{
	uint8_t bytes[CHUNK];
	size_t room, n;

	do {
		room = tty_line_input_room(&tty->line);
		if (room == 0) {
			return;
		}
		if (room > sizeof(bytes)) {
			room = sizeof(bytes);
		}
		n = serial_read(bytes, room);
		for (size_t i = 0; i < n; i++) {
			int number = tty_line_input(&tty->line, bytes[i]);

			if (number != 0 && tty->foreground > 0) {
				signal_send_group(tty->foreground, number);
			}
		}
	} while (n == room);
}

void tty_event(void)
{
	take_input(&console);
	tty_flush(&console);
	waitable_wake(&console.waitable);
}

void tty_stop(void)
{
	console.line.stopped = false;
	while (serial_cap != 0 && console.line.out_head != console.line.out_tail) {
		tty_flush(&console);
		if (server_request(serial_cap, SERIAL_DRAIN, 0, 0, 0, 0, 0, 0, 0) < 0) {
			return;
		}
	}
}

void tty_start(void)
{
	struct message m = {
		.tag = MESSAGE_TAG(SERIAL_SUBSCRIBE, 0) | MESSAGE_TAG_CAPS(1),
	};

	tty_line_reset(&console.line);
	console.size.rows = 24;
	console.size.columns = 80;
	if (serial_cap == 0) {
		return;
	}
	message_buffer()->send_caps[0] = event_capability(EVENT_SERIAL);
	ipc_call(serial_cap, &m);
	message_buffer()->send_caps[0] = 0;
	tty_event();
}

/* ---- job control ---- */

bool tty_is_controlling(const struct tty *tty, const struct process *p)
{
	return p->session != NULL && p->session->tty == tty;
}

int64_t tty_check(struct tty *tty, struct thread *t, int number)
{
	struct process *p = t->process;

	if (!tty_is_controlling(tty, p) || p->pgid == tty->foreground || tty->foreground == 0) {
		return 0;
	}
	if (signal_is_ignored(t, number)) {
		return number == LINUX_SIGTTIN ? -STATUS_IO : 0;
	}
	if (group_is_orphaned(p->pgid)) {
		return -STATUS_IO;
	}
	signal_send_group(p->pgid, number);
	return CALL_RESTART_SYS;
}

bool tty_is_free(const struct tty *tty)
{
	return tty->session == NULL || tty->is_lent;
}

void tty_give(struct tty *tty, struct session *session, int32_t foreground)
{
	if (tty->session != NULL) {
		tty->session->tty = NULL;
	}
	tty->session = session;
	tty->is_lent = false;
	tty->foreground = foreground;
	if (session != NULL) {
		session->tty = tty;
	}
}

void tty_session_ended(struct session *s)
{
	struct tty *tty = s->tty;
	int32_t foreground;

	if (tty == NULL) {
		return;
	}
	foreground = tty->foreground;
	tty_give(tty, NULL, 0);
	if (foreground > 0) {
		signal_send_group(foreground, LINUX_SIGHUP);
		signal_send_group(foreground, LINUX_SIGCONT);
	}
}

uint32_t tty_device_number(const struct tty *tty)
{
	return tty != NULL && !tty->is_lent ? DEVICE(4, 64) : 0;
}

int32_t tty_foreground(const struct tty *tty)
{
	return tty != NULL && !tty->is_lent ? tty->foreground : -1;
}

/* ---- open files ---- */

/* Is there enough for a read in raw mode, as VMIN and VTIME want it? Else when to look again. */
static bool raw_is_ready(struct tty *tty, const struct open_file *file, struct transfer *x)
{
	size_t ready = tty_line_readable(&tty->line);
	uint64_t least = tty->line.termios.cc[TTY_VMIN];
	int64_t wait_ns = tty->line.termios.cc[TTY_VTIME] * TENTH_NS;

	if (ready >= (least < x->left ? least : x->left) && (ready > 0 || wait_ns == 0)) {
		return true;
	}
	if (ready > 0 && (file->flags & OPEN_NONBLOCK)) {
		return true;
	}
	/* Without VMIN the clock runs from the call on, else from the latest byte on. */
	if (wait_ns == 0 || (least > 0 && ready == 0)) {
		return false;
	}
	if (x->timed_out && ready == x->state[1]) {
		return true;
	}
	if (x->state[0] == 0 || ready != x->state[1]) {
		x->state[0] = time_deadline(wait_ns);
		x->state[1] = ready;
	}
	x->deadline = x->state[0];
	return false;
}

static int64_t tty_read(struct open_file *file, struct transfer *x)
{
	static uint8_t buffer[TTY_INPUT];
	struct tty *tty = file->data;
	size_t n;
	int64_t result = tty_check(tty, x->thread, LINUX_SIGTTIN);

	if (result != 0) {
		return result;
	}
	if (tty->line.termios.lflag & TTY_ICANON) {
		if (!tty_line_ready(&tty->line)) {
			return -STATUS_AGAIN;
		}
	} else if (!raw_is_ready(tty, file, x)) {
		return -STATUS_AGAIN;
	}
	n = tty_line_read(&tty->line, buffer, x->left < sizeof(buffer) ? x->left : sizeof(buffer));
	if (n == 0) {
		return 0;
	}
	result = transfer_out(x, buffer, n);
	/* There is room again for what the driver may have kept. */
	take_input(tty);
	tty_flush(tty);
	return result;
}

static int64_t tty_write(struct open_file *file, struct transfer *x)
{
	uint8_t buffer[1024];
	struct tty *tty = file->data;
	int64_t moved = 0;
	int64_t result = 0;

	if (tty->line.termios.lflag & TTY_TOSTOP) {
		result = tty_check(tty, x->thread, LINUX_SIGTTOU);
		if (result != 0) {
			return result;
		}
	}
	while (x->left > 0) {
		size_t room = tty_line_room(&tty->line);

		if (room == 0) {
			tty_flush(tty);
			room = tty_line_room(&tty->line);
		}
		if (room == 0) {
			result = -STATUS_AGAIN;
			break;
		}
		result = transfer_in(x, buffer, room < sizeof(buffer) ? room : sizeof(buffer));
		if (result <= 0) {
			break;
		}
		tty_line_write(&tty->line, buffer, (size_t)result);
		moved += result;
	}
	tty_flush(tty);
	return moved > 0 ? moved : result;
}

static uint32_t tty_poll(struct open_file *file)
{
	const struct tty *tty = file->data;
	const struct tty_termios *termios = &tty->line.termios;
	bool is_raw = !(termios->lflag & TTY_ICANON);
	uint32_t events = 0;
	size_t least = is_raw && termios->cc[TTY_VTIME] == 0 ? termios->cc[TTY_VMIN] : 1;

	if (tty_line_ready(&tty->line) && (!is_raw || tty_line_readable(&tty->line) >= least)) {
		events |= POLL_IN | POLL_READ_NORMAL;
	}
	if (tty_line_room(&tty->line) > 0) {
		events |= POLL_OUT | POLL_WRITE_NORMAL;
	}
	return events;
}

static struct waitable *tty_waitable(struct open_file *file)
{
	return &((struct tty *)file->data)->waitable;
}

static const struct file_ops tty_ops = {
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.waitable = tty_waitable,
	.ioctl = tty_ioctl,
};

int64_t tty_open(struct process *p, struct open_file *file, bool is_own)
{
	struct session *session = p->session;

	file->ops = &tty_ops;
	file->data = &console;
	if (is_own) {
		file->data = session->tty;
		return session->tty == NULL || session->tty->is_lent ? -STATUS_NXIO : 0;
	}
	return 0;
}

void tty_open_controlling(struct process *p, const struct open_file *file, uint32_t flags)
{
	struct session *session = p->session;
	struct tty *tty = file->data;

	if (file->ops == &tty_ops && !(flags & OPEN_NO_TTY) && session->id == p->pid &&
	    session->tty == NULL && tty_is_free(tty) && file->inode->rdev == DEVICE(4, 64)) {
		tty_give(tty, session, p->pgid);
	}
}

void tty_adopt(struct process *init, const struct open_file *file)
{
	struct tty *tty = file->data;

	tty_give(tty, init->session, 0);
	tty->is_lent = true;
}
