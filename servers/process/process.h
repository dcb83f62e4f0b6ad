/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The personality server's shared header: processes, threads, parked calls,
 * access to a program's memory, and what its two halves ask of each other.
 * "Core" is everything but files (task, exec, signals, time, memory);
 * "files" is descriptors, names, tty, pipes, poll, procfs.
 *
 * The server is one thread and one event loop. A handler never waits: it
 * answers, or parks its caller and returns CALL_PARKED. A parked caller is
 * woken by a waitable, by its deadline or by a signal; its continuation then
 * runs from the event loop (never inside the waker) and answers or parks again.
 *
 * Errors are negative numbers of protocol/status.h: Linux's errno values.
 */
#ifndef SERVERS_PROCESS_PROCESS_H
#define SERVERS_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/lib/syscall.h"
#include "servers/process/linux.h"
#include "servers/protocol/pager.h"
#include "servers/protocol/status.h"

struct fd_table;   /* files: descriptors, shared by reference count */
struct fs_context; /* files: cwd, root, umask, shared by reference count */
struct tty;	   /* files */
struct thread;

/* ---- parked calls (park.c) ------------------------------------------------------------------ */

/* Results of a handler beside an answer ≥ 0 or -STATUS_x. The RESTART values are for calls that
 * a signal interrupts, as in Linux; programs never see them. */
#define CALL_PARKED INT64_MIN	       /* answered later */
#define CALL_NO_RETURN (INT64_MIN + 1) /* registers are already as wanted, or the thread is gone */
#define CALL_RESTART_SYS (-512)	       /* restart if SA_RESTART or no handler ran, else EINTR */
#define CALL_RESTART_ALWAYS (-513)     /* restart always */
#define CALL_RESTART_NO_HANDLER (-514) /* restart if no handler ran, else EINTR */

/* Someone who wants to know when a waitable's state changes. */
struct watcher {
	struct waitable *on; /* NULL: not watching */
	struct watcher *next, *previous;
	/* Called by waitable_wake(); may not destroy the waitable or remove other watchers of it. */
	void (*notify)(struct watcher *w);
};

/* A thing to wait for, inside a pipe, tty, eventfd...; zeroed memory is a valid empty one. */
struct waitable {
	struct watcher *first;
};

void waitable_watch(struct waitable *w, struct watcher *watcher);
void waitable_unwatch(struct watcher *watcher); /* harmless if not watching */
/* Something changed: notify all watchers; parked threads' continuations will run soon. */
void waitable_wake(struct waitable *w);
/* Wake everyone and detach them, before the memory of w goes away. */
void waitable_destroy(struct waitable *w);

enum wake {
	WAKE_EVENT,   /* a waitable was woken (perhaps in vain: look again) */
	WAKE_TIMEOUT, /* the deadline has passed */
	WAKE_SIGNAL, /* a signal is to be handled: return EINTR, CALL_RESTART_x or a partial result */
	WAKE_KILL,   /* the thread dies: release what the call holds; the result is ignored */
};

/*
 * Continuation of a parked call. All waitables are already unwatched. Returns
 * the call's result, or parks again (park_on, park) for WAKE_EVENT only.
 */
typedef int64_t (*park_resume)(struct thread *t, enum wake why);

#define PARK_FOREVER UINT64_MAX

/* Watch w with the caller's parked call; any number of times before park(). 0 or -STATUS_NOMEM
 * (then nothing is watched any more and the handler returns the error). */
int64_t park_on(struct thread *t, struct waitable *w);
/*
 * Park the call that is being handled. `deadline` in ticks of time_ticks() or
 * PARK_FOREVER; returns CALL_PARKED. If a signal is already pending and
 * `interruptible`, the continuation runs at once with WAKE_SIGNAL. State of
 * the call goes into t->park_words and t->park_data.
 */
int64_t park(struct thread *t, park_resume resume, uint64_t deadline, bool interruptible);

/* ---- time (timer.c) ------------------------------------------------------------------------- */

struct timer {
	uint64_t deadline; /* ticks */
	void (*fire)(struct timer *timer);
	uint32_t heap_index; /* 0: not set */
};

/* Call timer->fire once from the event loop at `deadline`; replaces an earlier setting. */
void timer_set(struct timer *timer, uint64_t deadline);
void timer_cancel(struct timer *timer);
uint64_t time_now(void);		       /* ticks since power on */
uint64_t time_ns(uint64_t ticks);	       /* ticks to nanoseconds (monotonic clock) */
uint64_t time_ticks_of(uint64_t ns);	       /* nanoseconds to ticks, rounded up, saturating */
int64_t time_realtime_ns(void);		       /* nanoseconds since 1970 */
int64_t time_clock_ns(int clock, int64_t *ns); /* any system-wide CLOCK_*; -STATUS_INVAL */
/* Read a timespec (or, micro, a timeval) that is an interval into *ns; NULL pointer: *ns = -1.
 * -STATUS_FAULT, -STATUS_INVAL. Saturates at INT64_MAX. */
int64_t time_copy_in(struct thread *t, uint64_t user, bool micro, int64_t *ns);
int64_t time_copy_out(struct thread *t, uint64_t user, bool micro, int64_t ns);
uint64_t time_deadline(int64_t ns); /* interval to park()'s deadline; -1: PARK_FOREVER */

/* ---- processes and threads (task.c) ----------------------------------------------------------*/

struct space { /* an address space, shared by CLONE_VM */
	uint32_t references;
	uint32_t number; /* the pager's */
	cap_t cap;
	uint64_t brk_start, brk;
	uint64_t trampoline; /* address of the sigreturn page */
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t stack_low, stack_top; /* of the first stack */
	uint64_t stack_start;	       /* the first stack pointer */
	uint64_t stack_block;	       /* a page that keeps it from growing, 0: none */
	uint64_t code_start, code_end, data_start, data_end;
	uint64_t auxv[2 * 24]; /* for /proc/PID/auxv */
	uint32_t auxv_words;
	bool lock_future; /* mlockall(MCL_FUTURE) */
	bool not_dumpable;
};

struct credentials {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint32_t group_count;
	uint32_t groups[32];
};

struct session {
	uint32_t references;
	int32_t id;
	struct tty *tty; /* controlling tty; set and cleared by files */
};

struct limit {
	uint64_t soft, hard;
};

/* What vfs_open_exec tells of a program file. Kept open while a process runs it. */
struct exec_file {
	uint32_t references; /* core's */
	uint32_t fs;
	bool is_tmpfs;
	uint64_t ino, size;
	uint32_t mode, uid, gid;
	char *path; /* absolute, malloc'ed; for /proc/PID/exe */
};

struct usage { /* times in ticks */
	uint64_t user, system;
	uint64_t minor_faults, major_faults, switches;
	uint64_t peak_pages;
};

enum process_state { PROCESS_ALIVE, PROCESS_ZOMBIE };

#define COMM_SIZE 16

struct process {
	int32_t pid; /* thread group id; the leader thread's tid */
	enum process_state state;
	struct process *parent, *children, *sibling_next, *sibling_previous;
	struct process *list_next, *list_previous; /* all processes by age */
	struct thread *threads;			   /* list by thread->process_next */
	struct thread *leader;			   /* NULL after its exit */
	uint32_t thread_count;
	int32_t pgid;
	struct session *session;
	struct space *space; /* NULL in a zombie */
	struct fd_table *files;
	struct fs_context *fs;
	struct signal_state *signals; /* core's */
	struct exec_file *exe;	      /* shared with forked children; NULL before the first exec */
	struct credentials credentials;
	struct limit limits[16]; /* RLIMIT_* */
	uint64_t start_time;	 /* ticks */
	struct usage usage;	 /* of threads that have ended, when alive */
	struct usage children_usage;
	struct process_core *core; /* core's further fields */
	int32_t exit_status;	   /* as wait4 gives it */
	bool stopped;		   /* by a stop signal */
	bool has_executed;	   /* for setpgid's EACCES */
};

struct thread {
	int32_t tid;
	uint32_t number; /* index in the thread table, the badge of its messages */
	struct process *process;
	struct thread *process_next;
	char comm[COMM_SIZE];
	uint64_t args[6];	/* of the call being handled */
	uint32_t call_number;	/* of the call being handled or parked */
	uint64_t park_words[8]; /* the parked call's, for its continuation */
	void *park_data;
	struct thread_core *core; /* core's further fields */
};

struct process *process_find(int32_t pid);		      /* alive or zombie; NULL */
struct process *process_next(struct process *p);	      /* NULL: the oldest; for listing */
struct thread *thread_find(int32_t tid);		      /* NULL */
bool group_in_session(int32_t pgid, const struct session *s); /* does the group exist there? */
bool group_is_orphaned(int32_t pgid);
/* May a act on b's process (kill, ptrace-like reading)? */
bool process_may_signal(const struct process *a, const struct process *b);

/* ---- a program's memory (copy.c) ------------------------------------------------------------ */

/* All of it or -STATUS_FAULT; any length and alignment. */
int64_t copy_in(struct thread *t, void *to, uint64_t user, size_t length);
int64_t copy_out(struct thread *t, uint64_t user, const void *from, size_t length);
/* Bytes copied before the first bad page, for /proc/PID/mem and partial I/O; -STATUS_FAULT if 0. */
int64_t copy_in_partial(struct space *s, void *to, uint64_t user, size_t length);
int64_t copy_out_partial(struct space *s, uint64_t user, const void *from, size_t length);
/* Length without the 0; -STATUS_NAMETOOLONG if it does not end within size bytes, -STATUS_FAULT. */
int64_t copy_in_string(struct thread *t, char *to, uint64_t user, size_t size);

/* ---- requests to other servers (copy.c) ----------------------------------------------------- */

extern cap_t pager_cap, files_cap, serial_cap, rtc_cap; /* serial and rtc: 0 if absent */
extern unsigned char *pager_xfer;			/* PAGER_XFER_SIZE bytes */
extern unsigned char *files_xfer;			/* FILES_XFER_SIZE bytes */

/* Parts of pager-xfer: nothing in them outlives the next call of their owner. */
enum xfer_part {
	XFER_COPY = 0,		/* 64 KiB: copy_in and its kin, core */
	XFER_FILES = 64 * 1024, /* 128 KiB: files' own requests (READ_XFER, WRITE_XFER, REGIONS) */
	XFER_CORE = 192 * 1024, /* 64 KiB: exec, statistics */
};

/* Call a server with `count` ≤ 10 words; words[] is overwritten with the answer's first 10.
 * Returns word 0 of the answer, -STATUS_IO if the server is gone. */
int64_t server_call(cap_t server, uint32_t label, unsigned count, uint64_t words[10]);
/* The same for at most six words, when only the status counts. */
int64_t server_request(cap_t server, uint32_t label, unsigned count, uint64_t a, uint64_t b,
		       uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* ---- signals (signal.c) --------------------------------------------------------------------- */

struct signal_info { /* Linux's siginfo_t for riscv64, 128 bytes */
	int32_t number, error, code, padding;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status, padding;
			int64_t utime, stime;
		} child;
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} user; /* kill, sigqueue */
		struct {
			int32_t id, overrun;
			uint64_t value;
		} timer;
		struct {
			uint64_t address;
		} fault;
		uint64_t words[14];
	};
};
_Static_assert(sizeof(struct signal_info) == 128, "Linux's siginfo_t");

/* Send from the kernel's place (SI_KERNEL, or the info). 0 is no signal. */
void signal_send_process(struct process *p, int number, const struct signal_info *info);
void signal_send_thread(struct thread *t, int number, const struct signal_info *info);
void signal_send_group(int32_t pgid, int number); /* every process of the group */
/* Blocked by t or ignored by its process? For SIGTTIN and SIGTTOU. */
bool signal_is_ignored(const struct thread *t, int number);
/*
 * ppoll, pselect6, epoll_pwait: replace the mask until the call ends or its
 * handler has returned. `user` 0: no change. -STATUS_FAULT, -STATUS_INVAL.
 */
int64_t signal_set_call_mask(struct thread *t, uint64_t user, uint64_t size);
/* For signalfd: take a pending signal of the mask; false if none. Woken through *waitable. */
bool signal_take(struct thread *t, uint64_t mask, struct signal_info *info);
uint64_t signal_pending(const struct thread *t);
struct waitable *signal_waitable(struct process *p);

/* ---- events --------------------------------------------------------------------------------- */

#define EVENT_SERIAL 0 /* bits 0-7 of the server's notification belong to files */
/* A capability (signal only) of the server's notification that raises `bit`; 0 on failure. */
cap_t event_capability(unsigned bit);

/* ---- what procfs reads (procinfo.c) ---------------------------------------------------------- */

struct task_counts {
	uint32_t processes, threads, running;
	uint64_t forks; /* since boot */
	int32_t last_pid;
};

char process_state_letter(const struct process *p); /* R S D T Z */
char thread_state_letter(const struct thread *t);
void process_usage(struct process *p, struct usage *u); /* of living and ended threads */
void thread_usage(struct thread *t, struct usage *u);
int64_t process_statistics(struct process *p, struct pager_space_statistics *s);
/* Regions from `address` on, at most n; number, or -STATUS_x. */
int64_t process_regions(struct process *p, uint64_t address, struct pager_region *r, unsigned n);
/* Signal masks as /proc/PID/status shows them. */
struct signal_masks {
	uint64_t pending, shared_pending, blocked, ignored, caught;
};
void process_signal_masks(const struct process *p, struct signal_masks *m);
void task_count(struct task_counts *c);
/* The report of unknown calls, text for /proc/ravelin/unknown_calls; length. */
size_t unknown_calls_report(char *buffer, size_t size);

/* ---- what core asks of files ---------------------------------------------------------------- */

/* Once at start: mount the disk, tmpfs, /dev, /proc. false: no usable root. */
bool files_start(void);
/* The system ends: everything written goes to the disk, all output to the serial line. */
void files_stop(void);
/* Bits 0-7 of the notification have come. */
void files_event(uint64_t bits);
/* Print a line of at most 255 bytes on the console, between what programs print there and not within;
 * to the system log if the terminal takes nothing now. */
void tty_report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* pid 1: descriptors 0-2 on the console, controlling tty of its session, cwd and root "/". */
int64_t files_start_init(struct process *init);

struct fd_table *fd_table_copy(const struct fd_table *table); /* fork; NULL: no memory */
struct fd_table *fd_table_share(struct fd_table *table);
void fd_table_release(struct fd_table *table); /* the last closes everything */
bool fd_table_is_shared(const struct fd_table *table);
void fd_table_close_on_exec(struct fd_table *table);
struct fs_context *fs_context_copy(const struct fs_context *fs);
struct fs_context *fs_context_share(struct fs_context *fs);
void fs_context_release(struct fs_context *fs);
/* The session's leader exits: SIGHUP and SIGCONT to the foreground group, tty given up. */
void tty_session_ended(struct session *s);

/*
 * Find a program for execve and execveat: follows links (unless
 * AT_SYMLINK_NOFOLLOW), wants a regular file with execute permission, counts
 * an opener. `path` is the server's own copy. -STATUS_ACCES, NOENT, LOOP, ...
 */
int64_t vfs_open_exec(struct process *p, int dirfd, const char *path, int flags,
		      struct exec_file *file);
void vfs_close_exec(struct exec_file *file); /* frees path, not *file; harmless if zeroed */
/*
 * What mmap needs of a descriptor: *object = the pager's object, 0 for
 * anonymous memory (/dev/zero). Checks the open mode against
 * protection (PAGER_READ...) and `shared`. -STATUS_BADF, ACCES, NODEV.
 * The object stays open at least as long as the descriptor.
 */
int64_t file_map_object(struct process *p, int fd, unsigned protection, bool shared,
			uint32_t *object);

#endif
