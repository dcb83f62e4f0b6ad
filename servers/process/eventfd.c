/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without names that stand for events: eventfd, timerfd, signalfd. */
#include "servers/process/files.h"

#include <stdlib.h>
#include <string.h>

#define EFD_SEMAPHORE 1u
#define EVENT_MAX (UINT64_MAX - 1)

/* Give an anonymous file its operations and a descriptor; frees `data` on failure. */
static int64_t install(struct thread *t, const char *kind, const struct file_ops *ops, void *data,
		       uint64_t flags)
{
	struct open_file *file = NULL;

	if (data != NULL) {
		file = open_file_anonymous(kind, 0600,
					   OPEN_READ_WRITE | ((uint32_t)flags & OPEN_NONBLOCK));
	}
	if (file == NULL) {
		free(data);
		return -STATUS_NOMEM;
	}
	file->data = data;
	file->ops = ops;
	return fd_install(t->process, file, 0, (flags & OPEN_CLOEXEC) != 0);
}

/* ---- eventfd ---- */

struct eventfd {
	struct waitable waitable;
	uint64_t count;
	bool is_semaphore;
};

static int64_t eventfd_read(struct open_file *file, struct transfer *x)
{
	struct eventfd *e = file->data;
	uint64_t value = e->is_semaphore ? 1 : e->count;
	int64_t result;

	if (x->left < sizeof(value)) {
		return -STATUS_INVAL;
	}
	if (e->count == 0) {
		return -STATUS_AGAIN;
	}
	result = transfer_out(x, &value, sizeof(value));
	if (result == sizeof(value)) {
		e->count -= value;
		waitable_wake(&e->waitable);
	}
	x->left = 0;
	return result;
}

static int64_t eventfd_write(struct open_file *file, struct transfer *x)
{
	struct eventfd *e = file->data;
	struct transfer peek = *x;
	struct io_segment front;
	uint64_t value;
	int64_t result;

	if (x->left < sizeof(value)) {
		return -STATUS_INVAL;
	}
	/* Look first: a write that has to wait must not have taken its bytes. */
	if (x->kernel == NULL) {
		front = *x->segment;
		peek.segment = &front;
		peek.segments = 1;
	}
	peek.left = sizeof(value);
	result = transfer_in(&peek, &value, sizeof(value));
	if (result != sizeof(value)) {
		return -STATUS_FAULT;
	}
	if (value == UINT64_MAX) {
		return -STATUS_INVAL;
	}
	if (value > EVENT_MAX - e->count) {
		return -STATUS_AGAIN;
	}
	e->count += value;
	waitable_wake(&e->waitable);
	transfer_advance(x, sizeof(value));
	x->left = 0;
	return sizeof(value);
}

static uint32_t eventfd_poll(struct open_file *file)
{
	const struct eventfd *e = file->data;
	uint32_t events = e->count > 0 ? POLL_IN | POLL_READ_NORMAL : 0;

	return events | (e->count < EVENT_MAX ? POLL_OUT | POLL_WRITE_NORMAL : 0);
}

static struct waitable *eventfd_waitable(struct open_file *file)
{
	return &((struct eventfd *)file->data)->waitable;
}

static void eventfd_close(struct open_file *file)
{
	struct eventfd *e = file->data;

	waitable_destroy(&e->waitable);
	free(e);
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.waitable = eventfd_waitable,
	.close = eventfd_close,
};

HANDLER(eventfd2)
{
	struct eventfd *e;

	if (args[1] & ~(uint64_t)(EFD_SEMAPHORE | OPEN_NONBLOCK | OPEN_CLOEXEC)) {
		return -STATUS_INVAL;
	}
	e = calloc(1, sizeof(*e));
	if (e != NULL) {
		e->count = args[0];
		e->is_semaphore = (args[1] & EFD_SEMAPHORE) != 0;
	}
	return install(t, "[eventfd]", &eventfd_ops, e, args[1]);
}

/* ---- timerfd ---- */

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct timerfd {
	struct waitable waitable;
	struct timer timer;
	int clock;
	uint64_t interval_ns;
	uint64_t expirations;
};

struct linux_itimerspec {
	int64_t interval_s, interval_ns, value_s, value_ns;
};

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *f = (struct timerfd *)((char *)timer - offsetof(struct timerfd, timer));
	uint64_t step = time_ticks_of(f->interval_ns);
	uint64_t missed;

	f->expirations++;
	if (step > 0) {
		missed = (time_now() - timer->deadline) / step;
		f->expirations += missed;
		timer_set(timer, timer->deadline + (missed + 1) * step);
	}
	waitable_wake(&f->waitable);
}

static int64_t timerfd_read(struct open_file *file, struct transfer *x)
{
	struct timerfd *f = file->data;
	int64_t result;

	if (x->left < sizeof(f->expirations)) {
		return -STATUS_INVAL;
	}
	if (f->expirations == 0) {
		return -STATUS_AGAIN;
	}
	result = transfer_out(x, &f->expirations, sizeof(f->expirations));
	f->expirations = 0;
	x->left = 0;
	return result;
}

static uint32_t timerfd_poll(struct open_file *file)
{
	const struct timerfd *f = file->data;

	return f->expirations > 0 ? POLL_IN | POLL_READ_NORMAL : 0;
}

static struct waitable *timerfd_waitable(struct open_file *file)
{
	return &((struct timerfd *)file->data)->waitable;
}

static void timerfd_close(struct open_file *file)
{
	struct timerfd *f = file->data;

	timer_cancel(&f->timer);
	waitable_destroy(&f->waitable);
	free(f);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.waitable = timerfd_waitable,
	.close = timerfd_close,
};

HANDLER(timerfd_create)
{
	struct timerfd *f;
	int64_t ns;

	if (args[1] & ~(uint64_t)(OPEN_NONBLOCK | OPEN_CLOEXEC)) {
		return -STATUS_INVAL;
	}
	if (time_clock_ns((int)args[0], &ns) < 0) {
		return -STATUS_INVAL;
	}
	f = calloc(1, sizeof(*f));
	if (f != NULL) {
		f->clock = (int)args[0];
		f->timer.fire = timerfd_fire;
	}
	return install(t, "[timerfd]", &timerfd_ops, f, args[1]);
}

/* -STATUS_BADF, -STATUS_INVAL or the timerfd. */
static int64_t timerfd_of(struct thread *t, uint64_t fd, struct timerfd **found)
{
	struct open_file *file = fd_file(t->process, fd);

	if (file == NULL) {
		return -STATUS_BADF;
	}
	*found = file->data;
	return file->ops == &timerfd_ops ? 0 : -STATUS_INVAL;
}

static void timerfd_state(const struct timerfd *f, struct linux_itimerspec *s)
{
	uint64_t now = time_now();
	uint64_t left = 0;

	if (f->timer.heap_index != 0) {
		left = f->timer.deadline > now ? time_ns(f->timer.deadline - now) : 1;
	}
	s->interval_s = (int64_t)(f->interval_ns / 1000000000);
	s->interval_ns = (int64_t)(f->interval_ns % 1000000000);
	s->value_s = (int64_t)(left / 1000000000);
	s->value_ns = (int64_t)(left % 1000000000);
}

static bool spec_is_valid(const struct linux_itimerspec *s)
{
	return s->interval_s >= 0 && s->value_s >= 0 && s->interval_ns >= 0 && s->value_ns >= 0 &&
	       s->interval_ns < 1000000000 && s->value_ns < 1000000000 &&
	       s->interval_s < INT64_MAX / 1000000000 && s->value_s < INT64_MAX / 1000000000;
}

static void timerfd_arm(struct timerfd *f, const struct linux_itimerspec *s, bool is_absolute)
{
	int64_t value = s->value_s * 1000000000 + s->value_ns;
	int64_t now;

	timer_cancel(&f->timer);
	f->expirations = 0;
	f->interval_ns = (uint64_t)(s->interval_s * 1000000000 + s->interval_ns);
	if (value == 0) {
		return;
	}
	if (is_absolute) {
		time_clock_ns(f->clock, &now);
		value = value > now ? value - now : 0;
	}
	timer_set(&f->timer, time_deadline(value));
}

HANDLER(timerfd_settime)
{
	struct timerfd *f;
	struct linux_itimerspec spec, old;
	int64_t result = timerfd_of(t, args[0], &f);

	if (result == 0 && (args[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))) {
		result = -STATUS_INVAL;
	}
	if (result == 0) {
		result = copy_in(t, &spec, args[2], sizeof(spec));
	}
	if (result < 0) {
		return result;
	}
	if (!spec_is_valid(&spec)) {
		return -STATUS_INVAL;
	}
	timerfd_state(f, &old);
	timerfd_arm(f, &spec, (args[1] & TFD_TIMER_ABSTIME) != 0);
	return args[3] != 0 ? copy_out(t, args[3], &old, sizeof(old)) : 0;
}

HANDLER(timerfd_gettime)
{
	struct timerfd *f;
	struct linux_itimerspec state;
	int64_t result = timerfd_of(t, args[0], &f);

	if (result < 0) {
		return result;
	}
	timerfd_state(f, &state);
	return copy_out(t, args[1], &state, sizeof(state));
}

/* ---- signalfd ---- */

struct linux_signalfd_info {
	uint32_t number;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t timer_id, band, overrun, trap_number;
	int32_t status, value;
	uint64_t pointer, utime, stime, address;
	uint8_t padding[48];
};
_Static_assert(sizeof(struct linux_signalfd_info) == 128, "Linux's struct signalfd_siginfo");

struct signalfd {
	struct waitable gone; /* stands in when the process is no more */
	uint64_t mask;
	int32_t pid; /* of the process that made it: whose signals poll looks at */
};

static int64_t signalfd_read(struct open_file *file, struct transfer *x)
{
	const struct signalfd *f = file->data;
	struct linux_signalfd_info out = {0};
	struct signal_info info;
	int64_t result;

	if (x->left < sizeof(out)) {
		return -STATUS_INVAL;
	}
	if (!signal_take(x->thread, f->mask, &info)) {
		return -STATUS_AGAIN;
	}
	out.number = (uint32_t)info.number;
	out.error = info.error;
	out.code = info.code;
	out.pid = (uint32_t)info.user.pid;
	out.uid = info.user.uid;
	out.status = info.child.status;
	out.pointer = info.user.value;
	result = transfer_out(x, &out, sizeof(out));
	x->left = 0;
	return result;
}

static uint32_t signalfd_poll(struct open_file *file)
{
	const struct signalfd *f = file->data;
	struct process *p = process_find(f->pid);

	if (p == NULL || p->threads == NULL) {
		return 0;
	}
	return signal_pending(p->threads) & f->mask ? POLL_IN | POLL_READ_NORMAL : 0;
}

static struct waitable *signalfd_waitable(struct open_file *file)
{
	struct signalfd *f = file->data;
	struct process *p = process_find(f->pid);

	return p != NULL && p->state == PROCESS_ALIVE ? signal_waitable(p) : &f->gone;
}

static void signalfd_close(struct open_file *file)
{
	struct signalfd *f = file->data;

	waitable_destroy(&f->gone);
	free(f);
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.waitable = signalfd_waitable,
	.close = signalfd_close,
};

HANDLER(signalfd4)
{
	struct open_file *file = fd_file(t->process, args[0]);
	struct signalfd *f;
	uint64_t mask;

	if (args[2] != sizeof(mask) || (args[3] & ~(uint64_t)(OPEN_NONBLOCK | OPEN_CLOEXEC))) {
		return -STATUS_INVAL;
	}
	if (copy_in(t, &mask, args[1], sizeof(mask)) < 0) {
		return -STATUS_FAULT;
	}
	mask &= ~(1ull << (LINUX_SIGKILL - 1) | 1ull << (LINUX_SIGSTOP - 1));
	if ((int32_t)args[0] != -1) {
		if (file == NULL) {
			return -STATUS_BADF;
		}
		if (file->ops != &signalfd_ops) {
			return -STATUS_INVAL;
		}
		f = file->data;
		f->mask = mask;
		waitable_wake(signalfd_waitable(file));
		return (int64_t)args[0];
	}
	f = calloc(1, sizeof(*f));
	if (f != NULL) {
		f->mask = mask;
		f->pid = t->process->pid;
	}
	return install(t, "[signalfd]", &signalfd_ops, f, args[3]);
}
