/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake.h. */
#include "tests/process/fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define SPACES 256

struct fake_thread fake_threads[THREAD_LIMIT];
uint64_t fake_clock;
unsigned fake_spaces, fake_tables;
int fake_power;
char fake_log[4096];
jmp_buf fake_jump;

cap_t pager_cap = 1, files_cap = 2, serial_cap, rtc_cap, process_endpoint = 3,
      event_notification = 4;
static unsigned char xfer[PAGER_XFER_SIZE], xfer2[65536];
unsigned char *pager_xfer = xfer, *files_xfer = xfer2;

static unsigned char *spaces[SPACES];
static uint32_t reply_thread[4096]; /* by Reply capability: the thread it holds, 0 none */
static cap_t next_cap = 100;

/* ---- kernel ---- */

const struct startup *startup(void)
{
	static const struct startup s = {.timebase_hz = 10000000, .hart_count = 4};

	return &s;
}

cap_t startup_cap_required(const char *name)
{
	(void)name;
	return 5;
}

uint64_t time_ticks(void)
{
	return fake_clock;
}

cap_t object_create(enum object_type type, unsigned size_bits)
{
	(void)type;
	(void)size_bits;
	return next_cap++;
}

void slot_free(cap_t slot)
{
	(void)slot;
}

enum err invoke(cap_t object, enum method method, unsigned arguments, struct message *m)
{
	(void)object;
	(void)arguments;
	if (method == SYSTEM_RESET) {
		fake_power = (int)m->words[1];
		longjmp(fake_jump, 1);
	}
	return ERR_OK;
}

enum err invoke5(cap_t object, enum method method, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		 uint64_t e)
{
	struct message m = {.words = {a, b, c, d, e}};

	return invoke(object, method, 5, &m);
}

enum err ipc_reply(cap_t reply, struct message *m)
{
	struct fake_thread *f = &fake_threads[reply_thread[reply]];

	if (reply_thread[reply] == 0) {
		return ERR_NOT_BOUND;
	}
	reply_thread[reply] = 0;
	f->answered = true;
	for (unsigned i = 0; i < message_words(m->tag); i++) {
		f->regs.r[REG_A0 + i] = m->words[i];
	}
	return ERR_OK;
}

static void log_append(const char *format, va_list list)
{
	size_t used = strlen(fake_log);

	vsnprintf(fake_log + used, sizeof(fake_log) - used, format, list);
}

void log_print(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	log_append(format, list);
	va_end(list);
}

void tty_report(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	log_append(format, list);
	va_end(list);
}

void fatal(const char *format, ...)
{
	printf("fatal: %s\n", format);
	exit(1);
}

int64_t kthread_open(uint32_t number, struct space *s)
{
	(void)s;
	memset(&fake_threads[number], 0, sizeof(fake_threads[number]));
	fake_threads[number].open = true;
	return 0;
}

void kthread_close(uint32_t number, cap_t reply)
{
	answer_flush();
	if (reply != 0) {
		reply_thread[reply] = 0;
	}
	fake_threads[number].open = false;
}

int64_t kthread_move(uint32_t number, struct space *s)
{
	(void)number;
	(void)s;
	return 0;
}

void kthread_resume(uint32_t number)
{
	fake_threads[number].resumed = true;
}

enum kthread_where kthread_suspend(uint32_t number)
{
	answer_flush();
	fake_threads[number].resumed = false;
	return fake_threads[number].calling ? KTHREAD_CALLING : KTHREAD_USER;
}

void kthread_read(uint32_t number, struct registers *r)
{
	*r = fake_threads[number].regs;
}

void kthread_write(uint32_t number, const struct registers *r)
{
	fake_threads[number].regs = *r;
}

void kthread_read_fpu(uint32_t number, struct fpu_state *f)
{
	*f = fake_threads[number].fpu;
}

void kthread_write_fpu(uint32_t number, const struct fpu_state *f)
{
	fake_threads[number].fpu = *f;
}

uint64_t kthread_run_ticks(uint32_t number)
{
	(void)number;
	return 0;
}

void kthread_set_harts(uint32_t number, uint64_t mask)
{
	(void)number;
	(void)mask;
}

uint32_t kthread_hart(uint32_t number)
{
	(void)number;
	return 0;
}

/* ---- pager ---- */

static unsigned char *at(uint64_t space, uint64_t address, uint64_t length)
{
	if (address < FAKE_BASE || address > FAKE_BASE + FAKE_SIZE ||
	    length > FAKE_BASE + FAKE_SIZE - address) {
		return NULL;
	}
	return spaces[space] + (address - FAKE_BASE);
}

static int64_t space_new(uint64_t from, uint64_t words[10])
{
	for (uint32_t i = 1; i < SPACES; i++) {
		if (spaces[i] == NULL) {
			spaces[i] = calloc(1, FAKE_SIZE);
			if (from != 0) {
				memcpy(spaces[i], spaces[from], FAKE_SIZE);
			}
			words[1] = i;
			fake_spaces++;
			return 0;
		}
	}
	return -STATUS_NOMEM;
}

static int64_t word_access(uint32_t label, uint64_t w[10])
{
	uint64_t size = label == PAGER_COMPARE_EXCHANGE ? 4 : w[2];
	unsigned char *p = at(w[0], w[1], size);
	uint32_t now;

	if (p == NULL || w[1] % size != 0) {
		return -STATUS_FAULT;
	}
	if (label == PAGER_LOAD) {
		w[1] = 0;
		memcpy(&w[1], p, size);
	} else if (label == PAGER_STORE) {
		memcpy(p, &w[3], size);
	} else {
		memcpy(&now, p, 4);
		if (now == (uint32_t)w[2]) {
			memcpy(p, &w[3], 4);
		}
		w[1] = now;
	}
	return 0;
}

int64_t server_call(cap_t server, uint32_t label, unsigned count, uint64_t words[10])
{
	(void)count;
	if (server != pager_cap) {
		return 0;
	}
	switch (label) {
	case PAGER_SPACE_CREATE:
		return space_new(0, words);
	case PAGER_SPACE_FORK:
		return space_new(words[0], words);
	case PAGER_SPACE_DESTROY:
		free(spaces[words[0]]);
		spaces[words[0]] = NULL;
		fake_spaces--;
		return 0;
	case PAGER_LOAD:
	case PAGER_STORE:
	case PAGER_COMPARE_EXCHANGE:
		return word_access(label, words);
	case PAGER_KEY:
		if (at(words[0], words[1], 4) == NULL) {
			return -STATUS_FAULT;
		}
		words[2] = words[1];
		words[1] = words[0];
		return 0;
	case PAGER_SPACE_STATISTICS:
		memset(xfer + words[1], 0, sizeof(struct pager_space_statistics));
		return 0;
	default:
		return 0;
	}
}

int64_t server_request(cap_t server, uint32_t label, unsigned count, uint64_t a, uint64_t b,
		       uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	uint64_t words[10] = {a, b, c, d, e, f};

	return server_call(server, label, count, words);
}

int64_t server_call_cap(cap_t server, uint32_t label, unsigned count, uint64_t words[10],
			cap_t *cap)
{
	*cap = next_cap++;
	return server_call(server, label, count, words);
}

static uint64_t reachable(uint64_t address, size_t length)
{
	if (address < FAKE_BASE || address >= FAKE_BASE + FAKE_SIZE) {
		return 0;
	}
	return length < FAKE_BASE + FAKE_SIZE - address ? length : FAKE_BASE + FAKE_SIZE - address;
}

int64_t copy_in_partial(struct space *s, void *to, uint64_t user, size_t length)
{
	uint64_t n = reachable(user, length);

	if (n == 0) {
		return length == 0 ? 0 : -STATUS_FAULT;
	}
	memcpy(to, at(s->number, user, n), n);
	return (int64_t)n;
}

int64_t copy_out_partial(struct space *s, uint64_t user, const void *from, size_t length)
{
	uint64_t n = reachable(user, length);

	if (n == 0) {
		return length == 0 ? 0 : -STATUS_FAULT;
	}
	memcpy(at(s->number, user, n), from, n);
	return (int64_t)n;
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
	const char *from = (const char *)at(t->process->space->number, user, 1);

	if (from == NULL) {
		return -STATUS_FAULT;
	}
	snprintf(to, size, "%s", from);
	return strlen(from) < size ? (int64_t)strlen(from) : -STATUS_NAMETOOLONG;
}

void *fake_memory(struct process *p, uint64_t address)
{
	return at(p->space->number, address, 8);
}

void exec_stack_resize(struct process *p, uint64_t limit)
{
	(void)p;
	(void)limit;
}

/* ---- files ---- */

void files_stop(void)
{
}

struct fd_table *fd_table_copy(const struct fd_table *table)
{
	fake_tables++;
	return (struct fd_table *)table;
}

struct fd_table *fd_table_share(struct fd_table *table)
{
	fake_tables++;
	return table;
}

void fd_table_release(struct fd_table *table)
{
	(void)table;
	fake_tables--;
}

bool fd_table_is_shared(const struct fd_table *table)
{
	(void)table;
	return false;
}

struct fs_context *fs_context_copy(const struct fs_context *fs)
{
	fake_tables++;
	return (struct fs_context *)fs;
}

struct fs_context *fs_context_share(struct fs_context *fs)
{
	fake_tables++;
	return fs;
}

void fs_context_release(struct fs_context *fs)
{
	(void)fs;
	fake_tables--;
}

void tty_session_ended(struct session *s)
{
	(void)s;
}

void vfs_close_exec(struct exec_file *file)
{
	(void)file;
}

int64_t file_map_object(struct process *p, int fd, unsigned protection, bool shared,
			uint32_t *object)
{
	(void)p;
	(void)fd;
	(void)protection;
	(void)shared;
	(void)object;
	return -STATUS_BADF;
}

/* ---- driving it ---- */

struct thread *fake_start(void)
{
	static int tables[2];
	struct process *p = process_create(NULL, pid_allocate());
	struct thread *t;

	fake_log[0] = 0;
	fake_power = -1;
	reply_reserve();
	p->signals = signal_state_create(signal_handlers_create());
	p->pgid = p->pid;
	p->session = session_create(p->pid);
	limits_start(p->limits);
	p->files = (struct fd_table *)&tables[0];
	p->fs = (struct fs_context *)&tables[1];
	fake_tables += 2;
	p->space = space_create();
	init_process = p;
	t = thread_create(p, p->pid);
	kthread_open(t->number, p->space);
	fake_threads[t->number].regs.r[REG_SP] = FAKE_STACK;
	t->core->phase = PHASE_USER;
	kthread_resume(t->number);
	return t;
}

void fake_settle(void)
{
	attention_run();
	answer_flush();
}

bool fake_call(struct thread *t, uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	       uint64_t e, uint64_t f)
{
	struct fake_thread *k = &fake_threads[t->number];
	uint64_t args[6] = {a, b, c, d, e, f};
	struct message m = {.tag = MESSAGE_TAG(LABEL_ECALL, 8), .badge = t->number};
	cap_t reply = reply_take();

	memcpy(m.words, args, sizeof(args));
	m.words[7] = number;
	memcpy(&k->regs.r[REG_A0], args, sizeof(args));
	k->regs.r[REG_A7] = number;
	k->regs.r[REG_PC] += 4;
	k->answered = false;
	reply_thread[reply] = t->number;
	message_handle(&m, reply);
	fake_settle();
	return k->answered;
}

int64_t fake_result(const struct thread *t)
{
	return (int64_t)fake_threads[t->number].regs.r[REG_A0];
}

void fake_exception(struct thread *t, uint64_t cause, uint64_t value, uint64_t code)
{
	struct message m = {.tag = MESSAGE_TAG(LABEL_EXCEPTION, 4), .badge = t->number};
	cap_t reply = reply_take();

	m.words[0] = cause;
	m.words[1] = value;
	m.words[2] = fake_threads[t->number].regs.r[REG_PC];
	m.words[3] = code;
	fake_threads[t->number].answered = false;
	reply_thread[reply] = t->number;
	message_handle(&m, reply);
	fake_settle();
}

void fake_time(uint64_t ticks)
{
	fake_clock = ticks;
	timers_run();
	fake_settle();
}

/* ---- reporting ---- */

static unsigned passed, failed, failures_here;
static char reason[256];

void check(bool ok, const char *what, int line)
{
	if (!ok && failures_here++ == 0) {
		snprintf(reason, sizeof(reason), "line %d: %s", line, what);
	}
}

/* Each test runs in a process of its own, so that none sees another's leftovers. */
void test_run(const char *name, void (*test)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		test();
		if (failures_here == 0) {
			printf("PASS %s\n", name);
		} else {
			printf("FAIL %s %s\n", name, reason);
		}
		exit(failures_here != 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		failed++;
		if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 1) {
			printf("FAIL %s crashed\n", name);
		}
	} else {
		passed++;
	}
}

int test_summary(void)
{
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
