/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll: a set of watched files.
 *
 * Each item watches its file's waitable; when that is woken, the item is
 * marked and those who wait for the set look through all items. An epoll set
 * may be watched by another one, but not deeper: so notification ends.
 */
#include "servers/process/epoll.h"

#include <stdlib.h>

#include "servers/process/files.h"

#define EPOLL_ADD 1
#define EPOLL_DELETE 2
#define EPOLL_MODIFY 3
#define EPOLL_CONTROL_BITS 0xf0000000u
#define EPOLL_ONE_SHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)
#define EPOLL_EVENTS_MAX (INT32_MAX / 16)
#define EPOLL_BATCH 256 /* events of one answer */

struct linux_epoll_event {
	uint32_t events, padding;
	uint64_t data;
};

struct epoll_item {
	struct watcher watcher; /* first member */
	struct epoll *epoll;
	struct epoll_item *next;      /* in the set, in the order of looking */
	struct epoll_item *file_next; /* of the same file */
	struct open_file *file;	      /* not held: its last close takes the item away */
	uint64_t fd;
	uint32_t events;
	bool is_triggered; /* woken since it was last reported */
	bool is_disabled;  /* one-shot, reported */
	uint64_t data;
};

struct epoll {
	struct waitable waitable;
	struct epoll_item *first;
};

static void item_notify(struct watcher *w)
{
	struct epoll_item *item = (struct epoll_item *)w;

	item->is_triggered = true;
	waitable_wake(&item->epoll->waitable);
}

static struct epoll_item **find(struct epoll *epoll, const struct open_file *file, uint64_t fd)
{
	struct epoll_item **link = &epoll->first;

	while (*link != NULL && ((*link)->file != file || (*link)->fd != fd)) {
		link = &(*link)->next;
	}
	return link;
}

static void item_append(struct epoll *epoll, struct epoll_item *item)
{
	struct epoll_item **link = &epoll->first;

	while (*link != NULL) {
		link = &(*link)->next;
	}
	item->next = NULL;
	*link = item;
}

/* Free the item that a link of its set points to. */
static void item_remove(struct epoll_item **link)
{
	struct epoll_item *item = *link;
	struct epoll_item **file_link = &item->file->epoll_items;

	waitable_unwatch(&item->watcher);
	while (*file_link != item) {
		file_link = &(*file_link)->file_next;
	}
	*file_link = item->file_next;
	*link = item->next;
	free(item);
}

void epoll_forget(struct open_file *file)
{
	while (file->epoll_items != NULL) {
		struct epoll_item *item = file->epoll_items;

		item_remove(find(item->epoll, file, item->fd));
	}
}

static uint32_t item_events(const struct epoll_item *item)
{
	if (item->is_disabled || ((item->events & EPOLL_EDGE) && !item->is_triggered)) {
		return 0;
	}
	return open_file_poll(item->file) & (item->events | POLL_ERROR | POLL_HANGUP) &
	       ~EPOLL_CONTROL_BITS;
}

static uint32_t epoll_poll(struct open_file *file)
{
	const struct epoll *epoll = file->data;

	for (const struct epoll_item *item = epoll->first; item != NULL; item = item->next) {
		if (item_events(item) != 0) {
			return POLL_IN | POLL_READ_NORMAL;
		}
	}
	return 0;
}

static struct waitable *epoll_waitable(struct open_file *file)
{
	return &((struct epoll *)file->data)->waitable;
}

static void epoll_close(struct open_file *file)
{
	struct epoll *epoll = file->data;

	while (epoll->first != NULL) {
		item_remove(&epoll->first);
	}
	waitable_destroy(&epoll->waitable);
	free(epoll);
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.waitable = epoll_waitable,
	.close = epoll_close,
};

HANDLER(epoll_create1)
{
	struct open_file *file;
	struct epoll *epoll;

	if (args[0] & ~(uint64_t)OPEN_CLOEXEC) {
		return -STATUS_INVAL;
	}
	epoll = calloc(1, sizeof(*epoll));
	file = epoll != NULL ? open_file_anonymous("[eventpoll]", 0600, OPEN_READ_WRITE) : NULL;
	if (file == NULL) {
		free(epoll);
		return -STATUS_NOMEM;
	}
	file->data = epoll;
	file->ops = &epoll_ops;
	return fd_install(t->process, file, 0, (args[0] & OPEN_CLOEXEC) != 0);
}

/* May `file` be watched by this set? */
static int64_t check_target(const struct open_file *set, struct open_file *file)
{
	const struct epoll *inner = file->data;

	if (file == set) {
		return -STATUS_INVAL;
	}
	if (open_file_waitable(file) == NULL) {
		return -STATUS_PERM;
	}
	if (file->ops != &epoll_ops) {
		return 0;
	}
	for (const struct epoll_item *item = inner->first; item != NULL; item = item->next) {
		if (item->file->ops == &epoll_ops) {
			return -STATUS_LOOP;
		}
	}
	return set->epoll_items != NULL ? -STATUS_LOOP : 0;
}

static void item_set(struct epoll_item *item, const struct linux_epoll_event *event)
{
	item->events = event->events;
	item->data = event->data;
	item->is_triggered = true;
	item->is_disabled = false;
	waitable_wake(&item->epoll->waitable);
}

static int64_t item_add(struct epoll *epoll, struct open_file *file, uint64_t fd,
			const struct linux_epoll_event *event)
{
	struct epoll_item *item = calloc(1, sizeof(*item));

	if (item == NULL) {
		return -STATUS_NOMEM;
	}
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	item->file_next = file->epoll_items;
	file->epoll_items = item;
	item->watcher.notify = item_notify;
	waitable_watch(open_file_waitable(file), &item->watcher);
	item_append(epoll, item);
	item_set(item, event);
	return 0;
}

HANDLER(epoll_ctl)
{
	struct open_file *set = fd_file(t->process, args[0]);
	struct open_file *file = fd_file(t->process, args[2]);
	struct linux_epoll_event event = {0};
	struct epoll_item **link;
	int64_t result;

	if (args[1] != EPOLL_DELETE && copy_in(t, &event, args[3], sizeof(event)) < 0) {
		return -STATUS_FAULT;
	}
	if (set == NULL || file == NULL) {
		return -STATUS_BADF;
	}
	if (set->ops != &epoll_ops) {
		return -STATUS_INVAL;
	}
	result = check_target(set, file);
	if (result < 0) {
		return result;
	}
	link = find(set->data, file, args[2]);
	switch (args[1]) {
	case EPOLL_ADD:
		return *link != NULL ? -STATUS_EXIST : item_add(set->data, file, args[2], &event);
	case EPOLL_DELETE:
		if (*link == NULL) {
			return -STATUS_NOENT;
		}
		item_remove(link);
		return 0;
	case EPOLL_MODIFY:
		if (*link == NULL) {
			return -STATUS_NOENT;
		}
		item_set(*link, &event);
		return 0;
	default:
		return -STATUS_INVAL;
	}
}

/* ---- epoll_pwait ---- */

/* Report at most `most` events; items reported go to the end, so that others get their turn. */
static unsigned collect(struct epoll *epoll, struct linux_epoll_event *events, unsigned most)
{
	struct epoll_item *reported = NULL, **reported_end = &reported;
	struct epoll_item **link = &epoll->first;
	unsigned count = 0;

	while (*link != NULL && count < most) {
		struct epoll_item *item = *link;
		uint32_t ready = item_events(item);

		if (ready == 0) {
			link = &item->next;
			continue;
		}
		events[count].events = ready;
		events[count].data = item->data;
		count++;
		item->is_triggered = false;
		item->is_disabled = (item->events & EPOLL_ONE_SHOT) != 0;
		*link = item->next;
		item->next = NULL;
		*reported_end = item;
		reported_end = &item->next;
	}
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = reported;
	return count;
}

static int64_t wait_resume(struct thread *t, enum wake why);

static int64_t wait_run(struct thread *t, uint64_t deadline, bool timed_out)
{
	static struct linux_epoll_event events[EPOLL_BATCH];
	struct open_file *set = fd_file(t->process, t->args[0]);
	unsigned most = t->args[2] < EPOLL_BATCH ? (unsigned)t->args[2] : EPOLL_BATCH;
	struct epoll *epoll;
	unsigned count;
	int64_t result;

	if (set == NULL) {
		return -STATUS_BADF;
	}
	if (set->ops != &epoll_ops) {
		return -STATUS_INVAL;
	}
	epoll = set->data;
	count = collect(epoll, events, most);
	if (count > 0) {
		result = copy_out(t, t->args[1], events, count * sizeof(events[0]));
		return result < 0 ? result : (int64_t)count;
	}
	if (timed_out || deadline <= time_now()) {
		return 0;
	}
	result = park_on(t, &epoll->waitable);
	if (result < 0) {
		return result;
	}
	t->park_words[0] = deadline;
	return park(t, wait_resume, deadline, true);
}

static int64_t wait_resume(struct thread *t, enum wake why)
{
	if (why == WAKE_SIGNAL || why == WAKE_KILL) {
		return -STATUS_INTR;
	}
	return wait_run(t, t->park_words[0], why == WAKE_TIMEOUT);
}

static int64_t wait_start(struct thread *t, int64_t ns)
{
	int64_t result;

	if ((int64_t)t->args[2] <= 0 || t->args[2] > EPOLL_EVENTS_MAX) {
		return -STATUS_INVAL;
	}
	result = signal_set_call_mask(t, t->args[4], t->args[5]);
	return result < 0 ? result : wait_run(t, time_deadline(ns), false);
}

HANDLER(epoll_pwait)
{
	int64_t milliseconds = (int64_t)args[3];

	return wait_start(t, milliseconds < 0 ? -1 : milliseconds * 1000000);
}

HANDLER(epoll_pwait2)
{
	int64_t ns;
	int64_t result = time_copy_in(t, args[3], false, &ns);

	return result < 0 ? result : wait_start(t, ns);
}
