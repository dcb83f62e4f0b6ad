/* SPDX-License-Identifier: BSD-2-Clause */
/* ioctl(2) of the terminal. */
#include "servers/process/tty.h"

#include <string.h>

enum tty_request {
	TCGETS = 0x5401,
	TCSETS = 0x5402,
	TCSETSW = 0x5403,
	TCSETSF = 0x5404,
	TCSBRK = 0x5409,
	TCXONC = 0x540a,
	TCFLSH = 0x540b,
	TIOCEXCL = 0x540c,
	TIOCNXCL = 0x540d,
	TIOCSCTTY = 0x540e,
	TIOCGPGRP = 0x540f,
	TIOCSPGRP = 0x5410,
	TIOCOUTQ = 0x5411,
	TIOCGWINSZ = 0x5413,
	TIOCSWINSZ = 0x5414,
	FIONREAD = 0x541b,
	TIOCNOTTY = 0x5422,
	TIOCSETD = 0x5423,
	TIOCGETD = 0x5424,
	TCSBRKP = 0x5425,
	TIOCGSID = 0x5429,
	TCSETS2 = 0x402c542b,
	TCSETSW2 = 0x402c542c,
	TCSETSF2 = 0x402c542d,
};
#define TCGETS2 0x802c542au /* does not fit an int */

static int64_t ioctl_resume(struct thread *t, enum wake why)
{
	return why == WAKE_EVENT ? sys_ioctl(t, t->args) : CALL_RESTART_SYS;
}

/* Has all output gone to the driver? Else parks the call, which then runs anew. */
static int64_t drain(struct thread *t, struct tty *tty)
{
	int64_t result;

	tty_flush(tty);
	if (tty->line.out_head == tty->line.out_tail) {
		return 0;
	}
	result = park_on(t, &tty->waitable);
	return result < 0 ? result : park(t, ioctl_resume, PARK_FOREVER, true);
}

static int64_t get_settings(struct thread *t, struct tty *tty, uint64_t argument, size_t size)
{
	return copy_out(t, argument, &tty->line.termios, size);
}

/* TCSETS and kin: `size` bytes of settings, after draining, with flushing. */
static int64_t set_settings(struct thread *t, struct tty *tty, uint64_t argument, size_t size,
			    unsigned how)
{
	struct tty_termios termios = tty->line.termios;
	int64_t result = tty_check(tty, t, LINUX_SIGTTOU);

	if (result == 0) {
		result = copy_in(t, &termios, argument, size);
	}
	if (result == 0 && how > 0) {
		result = drain(t, tty);
	}
	if (result != 0) {
		return result;
	}
	if (how == 2) {
		tty_line_flush_input(&tty->line);
	}
	tty_line_configure(&tty->line, &termios);
	tty_flush(tty);
	waitable_wake(&tty->waitable);
	return 0;
}

static bool group_exists(int32_t pgid)
{
	for (struct process *p = process_next(NULL); p != NULL; p = process_next(p)) {
		if (p->pgid == pgid) {
			return true;
		}
	}
	return false;
}

static int64_t set_foreground(struct thread *t, struct tty *tty, uint64_t argument)
{
	struct process *p = t->process;
	int32_t pgid;
	int64_t result;

	if (!tty_is_controlling(tty, p)) {
		return -STATUS_NOTTY;
	}
	result = tty_check(tty, t, LINUX_SIGTTOU);
	if (result != 0) {
		return result;
	}
	if (copy_in(t, &pgid, argument, sizeof(pgid)) < 0) {
		return -STATUS_FAULT;
	}
	if (pgid < 0) {
		return -STATUS_INVAL;
	}
	if (!group_in_session(pgid, p->session)) {
		return group_exists(pgid) ? -STATUS_PERM : -STATUS_SRCH;
	}
	tty->foreground = pgid;
	tty->is_lent = false; /* who asks for job control wants it for good */
	return 0;
}

static int64_t become_controlling(struct thread *t, struct tty *tty, uint64_t steal)
{
	struct process *p = t->process;

	if (tty_is_controlling(tty, p)) {
		return 0;
	}
	if (p->session->id != p->pid || p->session->tty != NULL) {
		return -STATUS_PERM;
	}
	if (!tty_is_free(tty) && (steal != 1 || p->credentials.euid != 0)) {
		return -STATUS_PERM;
	}
	tty_give(tty, p->session, p->pgid);
	return 0;
}

static int64_t give_up(struct thread *t, struct tty *tty)
{
	if (!tty_is_controlling(tty, t->process)) {
		return -STATUS_NOTTY;
	}
	if (t->process->session->id == t->process->pid) {
		tty_session_ended(t->process->session);
	}
	return 0;
}

/* Requests about sessions and groups. -STATUS_NOSYS: not one of these. */
static int64_t control_job(struct thread *t, struct tty *tty, uint32_t command, uint64_t argument)
{
	int32_t number;

	switch (command) {
	case TIOCSCTTY:
		return become_controlling(t, tty, argument);
	case TIOCNOTTY:
		return give_up(t, tty);
	case TIOCSPGRP:
		return set_foreground(t, tty, argument);
	case TIOCGPGRP:
	case TIOCGSID:
		if (!tty_is_controlling(tty, t->process)) {
			return -STATUS_NOTTY;
		}
		number = command == TIOCGSID ? tty->session->id
			 : tty->is_lent	     ? t->process->pgid
					     : tty->foreground;
		return copy_out(t, argument, &number, sizeof(number));
	default:
		return -STATUS_NOSYS;
	}
}

static int64_t set_size(struct thread *t, struct tty *tty, uint64_t argument)
{
	struct tty_size size;

	if (copy_in(t, &size, argument, sizeof(size)) < 0) {
		return -STATUS_FAULT;
	}
	if (memcmp(&size, &tty->size, sizeof(size)) != 0) {
		tty->size = size;
		if (tty->foreground > 0) {
			signal_send_group(tty->foreground, LINUX_SIGWINCH);
		}
	}
	return 0;
}

static int64_t flush_queues(struct thread *t, struct tty *tty, uint64_t which)
{
	int64_t result = tty_check(tty, t, LINUX_SIGTTOU);

	if (result != 0) {
		return result;
	}
	if (which > 2) {
		return -STATUS_INVAL;
	}
	if (which != 1) {
		tty_line_flush_input(&tty->line);
	}
	if (which != 0) {
		tty_line_flush_output(&tty->line);
	}
	waitable_wake(&tty->waitable);
	return 0;
}

/* TCXONC: 0 stop output, 1 start it; 2 and 3 would send ^S and ^Q. */
static int64_t flow(struct thread *t, struct tty *tty, uint64_t action)
{
	int64_t result = tty_check(tty, t, LINUX_SIGTTOU);

	if (result != 0) {
		return result;
	}
	if (action > 3) {
		return -STATUS_INVAL;
	}
	if (action < 2) {
		tty->line.stopped = action == 0;
		tty_flush(tty);
		waitable_wake(&tty->waitable);
	}
	return 0;
}

/* Requests about settings. -STATUS_NOSYS: not one of these. */
static int64_t control_settings(struct thread *t, struct tty *tty, uint32_t command,
				uint64_t argument)
{
	switch (command) {
	case TCGETS:
		return get_settings(t, tty, argument, TTY_TERMIOS_SIZE);
	case TCGETS2:
		return get_settings(t, tty, argument, sizeof(struct tty_termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_settings(t, tty, argument, TTY_TERMIOS_SIZE, command - TCSETS);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return set_settings(t, tty, argument, sizeof(struct tty_termios),
				    command - TCSETS2);
	case TIOCGWINSZ:
		return copy_out(t, argument, &tty->size, sizeof(tty->size));
	case TIOCSWINSZ:
		return set_size(t, tty, argument);
	default:
		return -STATUS_NOSYS;
	}
}

int64_t tty_ioctl(struct thread *t, struct open_file *file, uint32_t command, uint64_t argument)
{
	struct tty *tty = file->data;
	uint32_t count = 0;
	int64_t result = control_settings(t, tty, command, argument);

	if (result == -STATUS_NOSYS) {
		result = control_job(t, tty, command, argument);
	}
	if (result != -STATUS_NOSYS) {
		return result;
	}
	switch (command) {
	case TCSBRK:
	case TCSBRKP:
		result = tty_check(tty, t, LINUX_SIGTTOU);
		return result != 0 ? result : drain(t, tty);
	case TCXONC:
		return flow(t, tty, argument);
	case TCFLSH:
		return flush_queues(t, tty, argument);
	case FIONREAD:
		count = (uint32_t)tty_line_readable(&tty->line);
		return copy_out(t, argument, &count, sizeof(count));
	case TIOCOUTQ:
		count = tty->line.out_head - tty->line.out_tail;
		return copy_out(t, argument, &count, sizeof(count));
	case TIOCGETD:
		return copy_out(t, argument, &count, sizeof(count));
	case TIOCSETD:
		if (copy_in(t, &count, argument, sizeof(count)) < 0) {
			return -STATUS_FAULT;
		}
		return count == 0 ? 0 : -STATUS_INVAL;
	case TIOCEXCL:
	case TIOCNXCL:
		return 0;
	default:
		return -STATUS_NOTTY;
	}
}
