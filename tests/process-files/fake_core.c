/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake.h: what the core half does, without a kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/process-files/fake.h"

#define THREADS 16
#define LINKS 32

struct thread_core_link {
	struct watcher watcher; /* first member */
	struct thread *thread;
};

struct fake_state {
	struct thread thread;
	struct process process;
	struct space space;
	unsigned char *memory;
	struct waitable signals;
	struct thread_core_link links[LINKS];
	unsigned link_count;
	park_resume resume;
	struct timer timer;
	bool is_parked, is_woken, timed_out;
	int64_t result;
};

static struct fake_state states[THREADS];
static struct session session;
static struct signal_state signals;
static uint64_t now;
static struct timer *timers[64];
struct fake_signal fake_signals[64];
unsigned fake_signal_count;
bool fake_group_orphaned, fake_signal_ignored;
char host_name[65] = "ravelin";

static struct fake_state *state_of(const struct thread *t)
{
	return &states[t->number];
}

/* ---- waiting ---- */

void waitable_watch(struct waitable *w, struct watcher *watcher)
{
	watcher->on = w;
	watcher->previous = NULL;
	watcher->next = w->first;
	if (w->first != NULL) {
		w->first->previous = watcher;
	}
	w->first = watcher;
}

void waitable_unwatch(struct watcher *watcher)
{
	if (watcher->on == NULL) {
		return;
	}
	if (watcher->previous != NULL) {
		watcher->previous->next = watcher->next;
	} else {
		watcher->on->first = watcher->next;
	}
	if (watcher->next != NULL) {
		watcher->next->previous = watcher->previous;
	}
	watcher->on = NULL;
}

void waitable_wake(struct waitable *w)
{
	struct watcher *next;

	for (struct watcher *watcher = w->first; watcher != NULL; watcher = next) {
		next = watcher->next;
		watcher->notify(watcher);
	}
}

void waitable_destroy(struct waitable *w)
{
	while (w->first != NULL) {
		struct watcher *watcher = w->first;

		waitable_unwatch(watcher);
		watcher->notify(watcher);
	}
}

static void notify(struct watcher *w)
{
	state_of(((struct thread_core_link *)w)->thread)->is_woken = true;
}

int64_t park_on(struct thread *t, struct waitable *w)
{
	struct fake_state *s = state_of(t);
	struct thread_core_link *link = &s->links[s->link_count++];

	if (s->link_count > LINKS) {
		abort();
	}
	link->thread = t;
	link->watcher.notify = notify;
	waitable_watch(w, &link->watcher);
	return 0;
}

static void unlink_all(struct fake_state *s)
{
	while (s->link_count > 0) {
		waitable_unwatch(&s->links[--s->link_count].watcher);
	}
	timer_cancel(&s->timer);
}

static void park_fire(struct timer *timer)
{
	struct fake_state *s =
		(struct fake_state *)((char *)timer - offsetof(struct fake_state, timer));

	s->timed_out = true;
}

int64_t park(struct thread *t, park_resume resume, uint64_t deadline, bool interruptible)
{
	struct fake_state *s = state_of(t);

	(void)interruptible;
	s->resume = resume;
	s->is_parked = true;
	s->is_woken = s->timed_out = false;
	if (deadline != PARK_FOREVER) {
		s->timer.fire = park_fire;
		timer_set(&s->timer, deadline);
	}
	return CALL_PARKED;
}

static void unpark(struct fake_state *s, enum wake why)
{
	unlink_all(s);
	s->is_parked = false;
	s->result = s->resume(&s->thread, why);
}

static void run_timers(void)
{
	for (unsigned i = 0; i < 64; i++) {
		struct timer *timer = timers[i];

		if (timer != NULL && timer->deadline <= now) {
			timer_cancel(timer);
			timer->fire(timer);
		}
	}
}

void fake_settle(void)
{
	bool again = true;

	while (again) {
		again = false;
		run_timers();
		for (unsigned i = 0; i < THREADS; i++) {
			struct fake_state *s = &states[i];

			if (s->is_parked && (s->is_woken || s->timed_out)) {
				unpark(s, s->is_woken ? WAKE_EVENT : WAKE_TIMEOUT);
				again = true;
			}
		}
	}
}

void fake_interrupt(struct thread *t)
{
	unpark(state_of(t), WAKE_SIGNAL);
	fake_settle();
}

bool fake_is_parked(const struct thread *t)
{
	return state_of(t)->is_parked;
}

int64_t fake_result(const struct thread *t)
{
	return state_of(t)->result;
}

/* ---- time ---- */

void timer_set(struct timer *timer, uint64_t deadline)
{
	timer_cancel(timer);
	timer->deadline = deadline;
	for (unsigned i = 0; i < 64; i++) {
		if (timers[i] == NULL) {
			timers[i] = timer;
			timer->heap_index = i + 1;
			return;
		}
	}
	abort();
}

void timer_cancel(struct timer *timer)
{
	if (timer->heap_index != 0) {
		timers[timer->heap_index - 1] = NULL;
		timer->heap_index = 0;
	}
}

uint64_t time_now(void)
{
	return now;
}

uint64_t time_ns(uint64_t ticks)
{
	return ticks * 100;
}

uint64_t time_ticks_of(uint64_t ns)
{
	return (ns + 99) / 100;
}

int64_t time_realtime_ns(void)
{
	return 1000000000000000000 + (int64_t)time_ns(now);
}

int64_t time_clock_ns(int clock, int64_t *ns)
{
	*ns = clock == 0 ? time_realtime_ns() : (int64_t)time_ns(now);
	return clock >= 0 && clock < 2 ? 0 : -STATUS_INVAL;
}

int64_t time_copy_in(struct thread *t, uint64_t user, bool micro, int64_t *ns)
{
	int64_t spec[2];

	*ns = -1;
	if (user == 0) {
		return 0;
	}
	if (copy_in(t, spec, user, sizeof(spec)) < 0) {
		return -STATUS_FAULT;
	}
	if (spec[0] < 0 || spec[1] < 0 || spec[1] >= 1000000000) {
		return -STATUS_INVAL;
	}
	*ns = INT64_MAX;
	if (spec[0] < INT64_MAX / 1000000000) {
		*ns = spec[0] * 1000000000 + spec[1] * (micro ? 1000 : 1);
	}
	return 0;
}

int64_t time_copy_out(struct thread *t, uint64_t user, bool micro, int64_t ns)
{
	int64_t spec[2] = {ns / 1000000000, ns % 1000000000 / (micro ? 1000 : 1)};

	return copy_out(t, user, spec, sizeof(spec));
}

uint64_t time_deadline(int64_t ns)
{
	return ns < 0 ? PARK_FOREVER : now + time_ticks_of((uint64_t)ns);
}

void fake_sleep(uint64_t ns)
{
	now += time_ticks_of(ns);
	fake_settle();
}

/* ---- memory ---- */

int64_t copy_in_partial(struct space *s, void *to, uint64_t user, size_t length)
{
	if (length == 0) {
		return 0;
	}
	if (user < FAKE_BASE || user >= FAKE_BASE + FAKE_SIZE) {
		return -STATUS_FAULT;
	}
	if (length > FAKE_BASE + FAKE_SIZE - user) {
		length = FAKE_BASE + FAKE_SIZE - user;
	}
	memcpy(to, states[s->number].memory + (user - FAKE_BASE), length);
	return (int64_t)length;
}

int64_t copy_out_partial(struct space *s, uint64_t user, const void *from, size_t length)
{
	if (length == 0) {
		return 0;
	}
	if (user < FAKE_BASE || user >= FAKE_BASE + FAKE_SIZE) {
		return -STATUS_FAULT;
	}
	if (length > FAKE_BASE + FAKE_SIZE - user) {
		length = FAKE_BASE + FAKE_SIZE - user;
	}
	memcpy(states[s->number].memory + (user - FAKE_BASE), from, length);
	return (int64_t)length;
}

int64_t copy_in(struct thread *t, void *to, uint64_t user, size_t length)
{
	return copy_in_partial(t->process->space, to, user, length) == (int64_t)length
		       ? 0
		       : -STATUS_FAULT;
}

int64_t copy_out(struct thread *t, uint64_t user, const void *from, size_t length)
{
	return copy_out_partial(t->process->space, user, from, length) == (int64_t)length
		       ? 0
		       : -STATUS_FAULT;
}

int64_t copy_in_string(struct thread *t, char *to, uint64_t user, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (copy_in(t, to + i, user + i, 1) < 0) {
			return -STATUS_FAULT;
		}
		if (to[i] == 0) {
			return (int64_t)i;
		}
	}
	return -STATUS_NAMETOOLONG;
}

void *fake_memory(struct thread *t, uint64_t address)
{
	return state_of(t)->memory + (address - FAKE_BASE);
}

/* ---- processes and signals ---- */

struct process *process_find(int32_t pid)
{
	for (unsigned i = 0; i < THREADS; i++) {
		if (states[i].process.pid == pid && pid != 0) {
			return &states[i].process;
		}
	}
	return NULL;
}

struct process *process_next(struct process *p)
{
	unsigned i = p == NULL ? 0 : (unsigned)(p->threads->number + 1);

	while (i < THREADS && states[i].process.pid == 0) {
		i++;
	}
	return i < THREADS ? &states[i].process : NULL;
}

struct thread *thread_find(int32_t tid)
{
	struct process *p = process_find(tid);

	return p != NULL ? p->threads : NULL;
}

bool group_in_session(int32_t pgid, const struct session *s)
{
	for (unsigned i = 0; i < THREADS; i++) {
		if (states[i].process.pgid == pgid && states[i].process.session == s) {
			return true;
		}
	}
	return false;
}

bool group_is_orphaned(int32_t pgid)
{
	(void)pgid;
	return fake_group_orphaned;
}

static void record(int number, int32_t to)
{
	if (fake_signal_count < 64) {
		fake_signals[fake_signal_count++] = (struct fake_signal){number, to};
	}
}

void signal_send_thread(struct thread *t, int number, const struct signal_info *info)
{
	(void)info;
	record(number, t->tid);
}

void signal_send_group(int32_t pgid, int number)
{
	record(number, pgid);
}

bool signal_is_ignored(const struct thread *t, int number)
{
	(void)t;
	(void)number;
	return fake_signal_ignored;
}

int64_t signal_set_call_mask(struct thread *t, uint64_t user, uint64_t size)
{
	(void)t;
	return user != 0 && size != 8 ? -STATUS_INVAL : 0;
}

bool signal_take(struct thread *t, uint64_t mask, struct signal_info *info)
{
	(void)t;
	(void)mask;
	(void)info;
	return false;
}

uint64_t signal_pending(const struct thread *t)
{
	(void)t;
	return 0;
}

struct waitable *signal_waitable(struct process *p)
{
	return &state_of(p->threads)->signals;
}

cap_t event_capability(unsigned bit)
{
	return 100 + bit;
}

/* ---- what /proc asks ---- */

char process_state_letter(const struct process *p)
{
	return p->pid == 1 ? 'S' : 'R';
}

char thread_state_letter(const struct thread *t)
{
	return process_state_letter(t->process);
}

void process_usage(struct process *p, struct usage *u)
{
	memset(u, 0, sizeof(*u));
	u->user = (uint64_t)p->pid * 10000000;
}

void thread_usage(struct thread *t, struct usage *u)
{
	process_usage(t->process, u);
}

int64_t process_statistics(struct process *p, struct pager_space_statistics *s)
{
	memset(s, 0, sizeof(*s));
	s->virtual_pages = 1000 + (uint64_t)p->pid;
	s->resident_pages = 100;
	s->shared_pages = 40;
	return 0;
}

int64_t process_regions(struct process *p, uint64_t address, struct pager_region *r, unsigned n)
{
	static const struct pager_region all[] = {
		{.start = 0x1000,
		 .end = 0x9000,
		 .protection = 5,
		 .object = 1,
		 .fs = 1,
		 .ino = 77,
		 .resident = 8,
		 .private_clean = 8,
		 .proportional = 8 * 4096},
		{.start = 0x9000,
		 .end = 0xa000,
		 .offset = 0x10000,
		 .protection = 3,
		 .object = 1,
		 .fs = 1,
		 .ino = 77},
		{.start = 0xa000,
		 .end = 0xc000,
		 .protection = 3,
		 .flags = PAGER_HEAP,
		 .resident = 2,
		 .private_dirty = 2,
		 .anonymous = 2,
		 .proportional = 2 * 4096},
		{.start = 0x10000, .end = 0x20000, .protection = 3, .flags = PAGER_STACK},
	};
	unsigned count = 0;

	(void)p;
	for (unsigned i = 0; i < 4 && count < n; i++) {
		if (all[i].start >= address) {
			r[count++] = all[i];
		}
	}
	return count;
}

void process_signal_masks(const struct process *p, struct signal_masks *m)
{
	(void)p;
	memset(m, 0, sizeof(*m));
	m->ignored = 0x1000;
}

void task_count(struct task_counts *c)
{
	*c = (struct task_counts){
		.processes = 2, .threads = 2, .running = 1, .forks = 5, .last_pid = 2};
}

void random_bytes(void *to, size_t length)
{
	memset(to, 0x5a, length);
}

/* ---- making processes, calling ---- */

static struct thread *new_process(unsigned i, int32_t pid, int32_t pgid)
{
	struct fake_state *s = &states[i];

	if (s->memory == NULL) {
		s->memory = calloc(1, FAKE_SIZE);
	}
	s->thread.tid = pid;
	s->thread.number = i;
	s->thread.process = &s->process;
	strcpy(s->thread.comm, "sh");
	s->process.pid = pid;
	s->process.pgid = pgid;
	s->process.threads = s->process.leader = &s->thread;
	s->process.thread_count = 1;
	s->process.session = &session;
	s->process.signals = &signals;
	s->process.space = &s->space;
	s->space.number = i;
	s->space.arg_start = FAKE_BASE + 0x100;
	s->space.arg_end = s->space.arg_start + 6;
	memcpy(s->memory + 0x100, "sh\0-c", 6);
	s->space.stack_start = 0x3effff0000;
	for (unsigned limit = 0; limit < LINUX_RLIMITS; limit++) {
		s->process.limits[limit].soft = s->process.limits[limit].hard = UINT64_MAX;
	}
	s->process.limits[LINUX_RLIMIT_NOFILE].soft = 64;
	return &s->thread;
}

void fake_exit(struct thread *t)
{
	struct fake_state *s = state_of(t);
	unsigned char *memory = s->memory;

	if (s->is_parked) {
		unpark(s, WAKE_KILL);
	}
	fd_table_release(t->process->files);
	fs_context_release(t->process->fs);
	memset(s, 0, sizeof(*s));
	s->memory = memory;
	fake_settle();
}

struct thread *fake_start(void)
{
	static bool is_started;
	struct thread *t;

	for (unsigned i = 0; i < THREADS; i++) {
		if (states[i].process.pid != 0) {
			fake_exit(&states[i].thread);
		}
	}
	fake_signal_count = 0;
	fake_group_orphaned = fake_signal_ignored = false;
	fake_serial_room = 1 << 20;
	if (!is_started) {
		is_started = true;
		CHECK(files_start());
	}
	session = (struct session){.references = 1, .id = 1};
	t = new_process(0, 1, 1);
	CHECK(files_start_init(t->process) == 0);
	fake_screen();
	return t;
}

struct thread *fake_process(struct thread *parent, int32_t pgid)
{
	unsigned i = 0;
	struct thread *t;

	while (states[i].process.pid != 0) {
		i++;
	}
	t = new_process(i, (int32_t)i + 1, pgid != 0 ? pgid : (int32_t)i + 1);
	t->process->parent = parent->process;
	t->process->files = fd_table_copy(parent->process->files);
	t->process->fs = fs_context_copy(parent->process->fs);
	t->process->credentials = parent->process->credentials;
	return t;
}

int64_t fake_call_n(struct thread *t, uint32_t number, const uint64_t args[6])
{
	struct fake_state *s = state_of(t);

	if (s->is_parked) {
		abort();
	}
	t->call_number = number;
	memcpy(t->args, args, sizeof(t->args));
	s->result = call_run(t);
	fake_settle();
	return s->is_parked ? CALL_PARKED : s->result;
}

/* ---- helpers ---- */

uint64_t fake_string(struct thread *t, unsigned n, const char *string)
{
	uint64_t address = FAKE_BASE + 0x200000 + n * 0x2000;

	memcpy(fake_memory(t, address), string, strlen(string) + 1);
	return address;
}

int64_t fake_open(struct thread *t, const char *path, uint32_t flags, uint32_t mode)
{
	return CALL(t, NR_OPENAT, AT_CWD, fake_string(t, 0, path), flags, mode);
}

int64_t fake_write(struct thread *t, int64_t fd, const char *string)
{
	return CALL(t, NR_WRITE, (uint64_t)fd, fake_string(t, 0, string), strlen(string));
}

int64_t fake_read(struct thread *t, int64_t fd, char **text)
{
	static char buffer[4096];
	int64_t got = CALL(t, NR_READ, (uint64_t)fd, SCRATCH, sizeof(buffer) - 1);

	buffer[0] = 0;
	if (got > 0) {
		memcpy(buffer, fake_memory(t, SCRATCH), (size_t)got);
		buffer[got] = 0;
	}
	*text = buffer;
	return got;
}

char *fake_file(struct thread *t, const char *path)
{
	static char whole[65536];
	int64_t fd = fake_open(t, path, 0, 0);
	size_t used = 0;
	char *text;
	int64_t got;

	if (fd < 0) {
		return NULL;
	}
	while ((got = fake_read(t, fd, &text)) > 0 && used + (size_t)got < sizeof(whole)) {
		memcpy(whole + used, text, (size_t)got);
		used += (size_t)got;
	}
	whole[used] = 0;
	CALL(t, NR_CLOSE, (uint64_t)fd);
	return whole;
}
