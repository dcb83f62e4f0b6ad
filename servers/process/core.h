/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private header of the core: what its files share and the files side does
 * not see.
 *
 * Life of a thread (enum phase):
 *
 *	USER ──ecall, exception──> CALL ──park()──> PARKED
 *	 ^                          │ ^───woken───────┘
 *	 └────────answer────────────┤
 *	STOPPED <──stop signal──────┘   (also straight from USER, suspended)
 *
 * In CALL, PARKED and STOPPED-from-a-call the server holds the thread's
 * caller in a Reply object (core->reply). Nothing that happens to *another*
 * thread is done to it at once: it is put into the ready queue with a reason
 * (attention_*), and attended to from the event loop. So no function of a
 * handler ever finds the thread it works for gone.
 */
#ifndef SERVERS_PROCESS_CORE_H
#define SERVERS_PROCESS_CORE_H

#include "servers/process/process.h"

#define THREAD_LIMIT 1024 /* thread numbers: 1..THREAD_LIMIT-1 */
#define PID_MAX 32768
#define PAGE 4096ul
#define PRIORITY_LINUX 50
#define SLICE_MS 10

/* ---- calls into the kernel for one Linux thread (kthread.c) ---------------------------------- */

enum { REG_PC = 0, REG_RA = 1, REG_SP = 2, REG_TP = 4, REG_A0 = 10, REG_A7 = 17, REGISTERS = 32 };
struct registers { /* as THREAD_WRITE_REGISTERS has them and Linux's user_regs_struct */
	uint64_t r[REGISTERS];
};

#define FPU_WORDS 33
struct fpu_state { /* f0-f31, fcsr */
	uint64_t f[FPU_WORDS];
};

enum kthread_where {
	KTHREAD_USER,	 /* in user code */
	KTHREAD_CALLING, /* has sent a message, or somebody else is to answer it */
};

/* Give thread number `number` a kernel thread in space `s`, stopped. -STATUS_NOMEM, -STATUS_AGAIN. */
int64_t kthread_open(uint32_t number, struct space *s);
/* Take it away: it runs no more and its caller, if held in `reply`, is let go. */
void kthread_close(uint32_t number, cap_t reply);
/* Move it (held by a reply) to another space. -STATUS_NOMEM. */
int64_t kthread_move(uint32_t number, struct space *s);
void kthread_resume(uint32_t number);
/* Stop it and tell where it is. */
enum kthread_where kthread_suspend(uint32_t number);
void kthread_read(uint32_t number, struct registers *r);
void kthread_write(uint32_t number, const struct registers *r);
void kthread_read_fpu(uint32_t number, struct fpu_state *f);
void kthread_write_fpu(uint32_t number, const struct fpu_state *f);
uint64_t kthread_run_ticks(uint32_t number); /* since kthread_open */
uint32_t kthread_hart(uint32_t number);	     /* where it runs or ran last */
/* Let it run on the harts of the mask only; 0: any, as it is after kthread_open. */
void kthread_set_harts(uint32_t number, uint64_t mask);

/* ---- threads --------------------------------------------------------------------------------- */

enum phase { PHASE_NEW, PHASE_USER, PHASE_CALL, PHASE_PARKED, PHASE_STOPPED };

enum attention {
	ATTEND_EVENT = 1,   /* a waitable was woken */
	ATTEND_TIMEOUT = 2, /* the deadline has passed */
	ATTEND_SIGNAL = 4,  /* look for signals, stop, continue */
};

struct pending_signal {
	struct pending_signal *next;
	struct signal_info info;
};

struct pending { /* signals sent and not yet handled */
	uint64_t set;
	struct pending_signal *first, *last;
};

struct signal_action { /* Linux's struct sigaction for riscv64 */
	uint64_t handler, flags, mask;
};

struct signal_handlers { /* shared by CLONE_SIGHAND */
	uint32_t references;
	struct signal_action action[LINUX_SIGNAL_MAX + 1];
};

struct signal_state { /* of a process */
	struct signal_handlers *handlers;
	struct pending pending;
	uint32_t queued;	  /* pending_signal records in use by it and its threads */
	struct waitable waitable; /* signalfd, sigtimedwait */
};

struct park_link {		/* one waitable that a parked thread watches */
	struct watcher watcher; /* first member */
	struct thread *thread;
	struct park_link *next;
	bool is_allocated;
};

#define PARK_LINKS 3

struct thread_core {
	struct thread *self;
	enum phase phase;
	cap_t reply;	   /* holds the caller; 0: it is not in a call */
	bool in_exception; /* the call is a LABEL_EXCEPTION */
	bool is_ready;	   /* in the ready queue */
	uint8_t attention; /* enum attention, while in the ready queue */
	struct thread *ready_next;

	park_resume resume;
	bool interruptible;
	struct timer timer; /* the parked call's deadline */
	struct park_link *links;
	struct park_link inline_links[PARK_LINKS];
	/* A call stopped or interrupted: its result until it may go on. */
	int64_t result;
	park_resume restart; /* CALL_RESTART_BLOCK: how to park again, with why = WAKE_EVENT */

	uint64_t blocked, call_mask_saved;
	bool has_call_mask; /* call_mask_saved is to be restored */
	struct pending pending;
	uint64_t stack_base, stack_size; /* sigaltstack */
	uint32_t stack_flags;

	uint64_t clear_child_tid, robust_list;
	bool in_vfork;		/* waits for the child */
	uint64_t poke_deadline; /* a retry of the delivery is set up by poke_timer */
	struct timer poke_timer;
	struct fault_record {
		uint64_t cause, value, pc, pager_code;
		bool bad_frame; /* there was no room for a signal frame */
	} fault;		/* the last exception */
	struct usage usage;
	uint64_t futex_key[2]; /* while it waits on a futex */
	uint32_t futex_mask;
	struct thread *futex_next, *futex_previous;
	bool futex_queued, futex_woken;
	uint32_t futex_index; /* of the vector, futex_waitv */
	uint64_t slack_ns;    /* PR_SET_TIMERSLACK */
	uint64_t harts;	      /* mask of harts it may use, 0: any */
};

#define CALL_RESTART_BLOCK (-516) /* as RESTART_NO_HANDLER, but through core->restart */
#define CALL_GONE (INT64_MIN + 2) /* the thread exists no more */

struct process_core {
	struct waitable child_wait; /* children change state */
	struct waitable vfork_wait; /* of this child: exec or exit done */
	bool in_vfork;		    /* its parent waits for that */
	bool exiting;		    /* exit_group or fatal signal: threads go */
	bool may_die;		    /* pid 1: a forced signal kills it all the same */
	bool continued, stop_reported, continue_reported;
	int32_t stop_signal;
	int32_t exit_signal; /* to the parent: SIGCHLD, or clone's */
	int32_t parent_death_signal;
	bool is_subreaper, has_subreaper;
	bool no_new_privileges;
	struct timer real_timer;
	uint64_t real_interval; /* ticks */
	struct posix_timer *timers;
	int32_t oom_adjust;
	int32_t nice;
};

extern struct process *init_process;
extern uint64_t fork_count;
extern int32_t last_pid;
extern cap_t process_endpoint, event_notification;

/* task.c */
struct thread *thread_by_number(uint32_t number); /* NULL */
struct process *process_create(struct process *parent, int32_t pid);
void process_free(struct process *p);
void process_unlink_child(struct process *p);
void process_link_child(struct process *p, struct process *parent);
struct thread *thread_create(struct process *p, int32_t tid); /* tid 0: a new one */
void thread_free(struct thread *t);
int32_t pid_allocate(void);
struct session *session_create(int32_t id);
struct session *session_share(struct session *s);
void session_release(struct session *s);
struct space *space_create(void);
struct space *space_fork(struct space *s);
struct space *space_share(struct space *s);
void space_release(struct space *s);
bool pid_in_use(int32_t pid);

/* group.c */
void group_check_orphan(const struct process *p, const struct process *connection);

/* dispatch.c */
void thread_answer(struct thread *t, unsigned words, uint64_t value);
void answer_flush(void);
cap_t answer_take(struct message *m);
void message_handle(struct message *m, cap_t reply);
cap_t reply_take(void);
bool reply_reserve(void); /* one more for the stock; false: no memory */
void reply_unreserve(void);
void reply_give(cap_t reply);
void dispatch_call(struct thread *t);
void call_finish(struct thread *t, int64_t result);

/* copy.c */
int64_t server_call_cap(cap_t server, uint32_t label, unsigned count, uint64_t words[10],
			cap_t *cap);

/* calls.c */
int64_t call_run(struct thread *t);
const char *call_name(uint32_t number);

/* park.c */
void attend(struct thread *t, enum attention why);
void attend_forget(struct thread *t);
void attention_run(void);
void park_cancel(struct thread *t); /* unwatch everything, stop the timer */

/* timer.c */
void timers_run(void);
void timers_program(void);
void time_start(void);
int64_t process_cpu_ns(struct process *p);

/* clock.c, timer.c */
void time_set_realtime(int64_t ns);

/* exit.c */
void thread_exit(struct thread *t);
void process_exit(struct process *p, int32_t status);
void process_exit_others(struct process *p, struct thread *but);
void usage_add(struct usage *to, const struct usage *from);
void exe_release(struct exec_file *exe);
void power_off(bool failure);
void power_restart(void);
void vfork_done(struct process *child);

/* wait.c */
void wait_notify(struct process *child, int32_t code, int32_t status);
void wait_notify_exit(struct process *child);
void process_reap(struct process *p);
void usage_fill(const struct usage *u, int64_t rusage[16]);

/* signal.c: sending and taking */
#define SIGNAL_BIT(n) (1ull << ((n)-1))
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(LINUX_SIGKILL) | SIGNAL_BIT(LINUX_SIGSTOP))
#define SIGNALS_STOP                                                                               \
	(SIGNAL_BIT(LINUX_SIGSTOP) | SIGNAL_BIT(LINUX_SIGTSTP) | SIGNAL_BIT(LINUX_SIGTTIN) |       \
	 SIGNAL_BIT(LINUX_SIGTTOU))
#define SIGNALS_DEFAULT_IGNORE                                                                     \
	(SIGNAL_BIT(LINUX_SIGCHLD) | SIGNAL_BIT(LINUX_SIGCONT) | SIGNAL_BIT(LINUX_SIGURG) |        \
	 SIGNAL_BIT(LINUX_SIGWINCH))
#define SIGNALS_CORE                                                                               \
	(SIGNAL_BIT(LINUX_SIGQUIT) | SIGNAL_BIT(LINUX_SIGILL) | SIGNAL_BIT(LINUX_SIGTRAP) |        \
	 SIGNAL_BIT(LINUX_SIGABRT) | SIGNAL_BIT(LINUX_SIGBUS) | SIGNAL_BIT(LINUX_SIGFPE) |         \
	 SIGNAL_BIT(LINUX_SIGSEGV) | SIGNAL_BIT(LINUX_SIGXCPU) | SIGNAL_BIT(LINUX_SIGXFSZ) |       \
	 SIGNAL_BIT(LINUX_SIGSYS))

/* sigaltstack's flags. */
#define STACK_ONSTACK 1u
#define STACK_DISABLE 2u
#define STACK_AUTODISARM 0x80000000u

enum signal_handler { HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1 }; /* special handler addresses */

enum signal_action_flag {
	ACTION_NOCLDSTOP = 1,
	ACTION_NOCLDWAIT = 2,
	ACTION_SIGINFO = 4,
	ACTION_EXPOSE_TAGBITS = 0x800,
};
#define ACTION_ONSTACK 0x08000000ull
#define ACTION_RESTART 0x10000000ull
#define ACTION_NODEFER 0x40000000ull
#define ACTION_RESETHAND 0x80000000ull

enum signal_code {
	CODE_USER = 0,
	CODE_KERNEL = 0x80,
	CODE_QUEUE = -1,
	CODE_TIMER = -2,
	CODE_TKILL = -6,
	CODE_CLD_EXITED = 1,
	CODE_CLD_KILLED = 2,
	CODE_CLD_STOPPED = 5,
	CODE_CLD_CONTINUED = 6,
};

struct signal_state *signal_state_create(struct signal_handlers *handlers);
struct signal_handlers *signal_handlers_create(void);
struct signal_handlers *signal_handlers_copy(const struct signal_handlers *h);
int64_t signal_handlers_unshare(struct signal_state *s);
void signal_state_release(struct signal_state *s);
void signal_pending_clear(struct signal_state *s, struct pending *p);
bool signal_is_deliverable(const struct thread *t);
bool signal_is_fatal(const struct thread *t);
bool signal_dequeue(struct thread *t, uint64_t mask, struct signal_info *info);
void signal_force(struct thread *t, int number, int code, uint64_t address);
void signal_retarget(struct process *p);
void signal_discard(struct process *p, uint64_t mask);
void signal_exec(struct process *p);
const char *signal_name(int number);

/* signal_deliver.c: what a signal does to its thread */
void signal_attend(struct thread *t);
void signal_call_done(struct thread *t, int64_t result);
void signal_continue(struct process *p);

/* signal_frame.c: the frame on the program's stack */
bool signal_frame_push(struct thread *t, const struct signal_action *action,
		       const struct signal_info *info, struct registers *r);
bool signal_frame_pop(struct thread *t);
int64_t signal_trampoline_map(struct space *s);
uint32_t signal_stack_flags(const struct thread *t, uint64_t sp);

/* signal_calls.c */
int64_t signal_stack_set(struct thread *t, uint64_t base, uint64_t size, uint32_t flags,
			 uint64_t sp);

/* exception.c */
void exception_handle(struct thread *t, uint64_t cause, uint64_t value, uint64_t pc,
		      uint64_t pager_code);
void fault_report(struct thread *t, int number);

/* futex.c */
int64_t futex_wake_address(struct space *s, uint64_t address, unsigned count);
void futex_remove(struct thread *t);
void robust_list_release(struct thread *t);

/* memory.c */
int64_t space_map(struct space *s, uint64_t *address, uint64_t length, unsigned protection,
		  unsigned flags, uint32_t object, uint64_t offset);
int64_t space_unmap(struct space *s, uint64_t address, uint64_t length);

/* exec.c, exec_stack.c */
void exec_stack_resize(struct process *p, uint64_t limit);
int64_t exec_start_init(struct process *p, struct thread *t, const char *path);

/* itimer.c */
void itimer_release(struct process *p);
void itimer_exec(struct process *p);

/* misc.c */
void random_start(const uint8_t seed[32]);
void random_bytes(void *to, size_t length);
extern char host_name[65];

/* limits */
void limits_start(struct limit limits[LINUX_RLIMITS]);

static inline uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(PAGE - 1);
}

static inline uint64_t page_down(uint64_t n)
{
	return n & ~(PAGE - 1);
}

#endif
