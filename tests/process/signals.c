/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal semantics: what Linux does, step by step. */
#include "tests/process/fake.h"

#include <string.h>

#define MEMORY FAKE_BASE
#define HANDLER 0x20000ull
#define SECOND 10000000ull /* ticks */

static struct registers *regs(struct thread *t)
{
	return &fake_threads[t->number].regs;
}

static void action(struct thread *t, int number, uint64_t handler, uint64_t flags, uint64_t mask)
{
	struct signal_action a = {handler, flags, mask};

	memcpy(fake_memory(t->process, MEMORY), &a, sizeof(a));
	CHECK(CALL4(t, NR_SIGACTION, number, MEMORY, 0, 8) && fake_result(t) == 0);
}

static void block(struct thread *t, int how, uint64_t mask)
{
	memcpy(fake_memory(t->process, MEMORY), &mask, 8);
	CALL4(t, NR_SIGPROCMASK, how, MEMORY, 0, 8);
}

static int64_t fork_child(struct thread *t)
{
	CALL6(t, NR_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0, 0);
	return fake_result(t);
}

static bool sleep_long(struct thread *t)
{
	int64_t *ts = fake_memory(t->process, MEMORY + 256);

	ts[0] = 100;
	ts[1] = 0;
	return CALL2(t, NR_NANOSLEEP, MEMORY + 256, MEMORY + 512);
}

static void handler_in_user(void)
{
	struct thread *t = fake_start();
	struct registers before;
	int32_t *info;
	uint64_t sp;

	action(t, LINUX_SIGUSR1, HANDLER, ACTION_SIGINFO, SIGNAL_BIT(LINUX_SIGUSR2));
	for (unsigned i = 5; i < REGISTERS; i++) {
		regs(t)->r[i] = i * 3;
	}
	regs(t)->r[REG_PC] = 0x10100;
	fake_threads[t->number].fpu.f[7] = 0x1234;
	before = *regs(t);
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	sp = regs(t)->r[REG_SP];
	CHECK(fake_threads[t->number].resumed);
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CHECK(sp % 16 == 0 && sp == FAKE_STACK - 1088);
	CHECK(regs(t)->r[REG_A0] == LINUX_SIGUSR1);
	CHECK(regs(t)->r[REG_A0 + 1] == sp);
	CHECK(regs(t)->r[REG_A0 + 2] == sp + 128);
	CHECK(regs(t)->r[REG_RA] == t->process->space->trampoline);
	info = fake_memory(t->process, sp);
	CHECK(info[0] == LINUX_SIGUSR1 && info[2] == CODE_KERNEL);
	CHECK(t->core->blocked == (SIGNAL_BIT(LINUX_SIGUSR1) | SIGNAL_BIT(LINUX_SIGUSR2)));
	/* uc_mcontext: pc first, then x1... */
	CHECK(*(uint64_t *)fake_memory(t->process, sp + 128 + 176) == 0x10100);
	CHECK(*(uint64_t *)fake_memory(t->process, sp + 128 + 176 + 256 + 7 * 8) == 0x1234);
	fake_threads[t->number].fpu.f[7] = 0;
	memset(&regs(t)->r[5], 0, 8 * (REGISTERS - 5));
	CALL0(t, NR_SIGRETURN);
	CHECK(memcmp(regs(t), &before, sizeof(before)) == 0);
	CHECK(fake_threads[t->number].fpu.f[7] == 0x1234);
	CHECK(t->core->blocked == 0);
}

static void interrupted_sleep(void)
{
	struct thread *t = fake_start();

	action(t, LINUX_SIGALRM, HANDLER, ACTION_RESTART, 0);
	CHECK(!sleep_long(t));
	CHECK(t->core->phase == PHASE_PARKED);
	fake_time(30 * SECOND);
	signal_send_process(t->process, LINUX_SIGALRM, NULL);
	fake_settle();
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CALL0(t, NR_SIGRETURN);
	CHECK(fake_result(t) == -STATUS_INTR);
	CHECK(*(int64_t *)fake_memory(t->process, MEMORY + 512) == 70);
	CHECK(t->core->timer.heap_index == 0);
}

static void ignored_during_sleep(void)
{
	struct thread *t = fake_start();

	CHECK(!sleep_long(t));
	signal_send_process(t->process, LINUX_SIGCHLD, NULL);
	signal_send_process(t->process, LINUX_SIGCONT, NULL);
	fake_settle();
	CHECK(t->core->phase == PHASE_PARKED);
	fake_time(99 * SECOND);
	CHECK(t->core->phase == PHASE_PARKED);
	fake_time(100 * SECOND);
	CHECK(t->core->phase == PHASE_USER && fake_result(t) == 0);
}

/* wait4 answers RESTART_SYS: with SA_RESTART the pc is back on the ecall, without it is EINTR. */
static void restart_flag(void)
{
	struct thread *t = fake_start();
	uint64_t pc;

	fork_child(t);
	for (int restart = 0; restart < 2; restart++) {
		action(t, LINUX_SIGUSR1, HANDLER, restart != 0 ? ACTION_RESTART : 0, 0);
		pc = regs(t)->r[REG_PC];
		CHECK(!CALL4(t, NR_WAIT4, -1, 0, 0, 0));
		signal_send_process(t->process, LINUX_SIGUSR1, NULL);
		fake_settle();
		CHECK(regs(t)->r[REG_PC] == HANDLER);
		CALL0(t, NR_SIGRETURN);
		CHECK(regs(t)->r[REG_PC] == (restart != 0 ? pc : pc + 4));
		CHECK(restart != 0 ? regs(t)->r[REG_A0] == UINT64_MAX
				   : fake_result(t) == -STATUS_INTR);
	}
}

static void blocked_then_unblocked(void)
{
	struct thread *t = fake_start();
	uint64_t *set = fake_memory(t->process, MEMORY + 64);

	action(t, LINUX_SIGUSR1, HANDLER, 0, 0);
	block(t, 0, SIGNAL_BIT(LINUX_SIGUSR1) | SIGNALS_UNBLOCKABLE);
	CHECK(t->core->blocked == SIGNAL_BIT(LINUX_SIGUSR1));
	CALL2(t, NR_KILL, t->process->pid, LINUX_SIGUSR1);
	CALL2(t, NR_KILL, t->process->pid, LINUX_SIGUSR1);
	CHECK(regs(t)->r[REG_PC] != HANDLER);
	CALL2(t, NR_SIGPENDING, MEMORY + 64, 8);
	CHECK(*set == SIGNAL_BIT(LINUX_SIGUSR1));
	block(t, 1, SIGNAL_BIT(LINUX_SIGUSR1));
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CHECK(regs(t)->r[REG_A0] == LINUX_SIGUSR1);
	CALL0(t, NR_SIGRETURN);
	CHECK(fake_result(t) == 0 && regs(t)->r[REG_PC] != HANDLER);
	CHECK(signal_pending(t) == 0);
}

static void realtime_queue(void)
{
	struct thread *t = fake_start();
	int32_t *info = fake_memory(t->process, MEMORY + 1024);
	uint64_t *mask = fake_memory(t->process, MEMORY + 2048);

	block(t, 0, SIGNAL_BIT(40) | SIGNAL_BIT(LINUX_SIGUSR1));
	for (int i = 1; i <= 3; i++) {
		memset(info, 0, 128);
		info[2] = CODE_QUEUE;
		info[6] = i;
		CALL3(t, NR_SIGQUEUEINFO, t->process->pid, 40, MEMORY + 1024);
		CHECK(fake_result(t) == 0);
	}
	CALL2(t, NR_KILL, t->process->pid, LINUX_SIGUSR1);
	*mask = SIGNAL_BIT(40) | SIGNAL_BIT(LINUX_SIGUSR1);
	CHECK(CALL4(t, NR_SIGTIMEDWAIT, MEMORY + 2048, MEMORY + 1024, 0, 8));
	CHECK(fake_result(t) == LINUX_SIGUSR1);
	for (int i = 1; i <= 3; i++) {
		CHECK(CALL4(t, NR_SIGTIMEDWAIT, MEMORY + 2048, MEMORY + 1024, 0, 8));
		CHECK(fake_result(t) == 40 && info[6] == i && info[2] == CODE_QUEUE);
	}
	CHECK(!CALL4(t, NR_SIGTIMEDWAIT, MEMORY + 2048, MEMORY + 1024, 0, 8));
	signal_send_thread(t, 40, NULL);
	fake_settle();
	CHECK(fake_result(t) == 40 && t->core->phase == PHASE_USER);
	CHECK(t->process->signals->queued == 0);
}

static void timedwait_timeout(void)
{
	struct thread *t = fake_start();
	uint64_t *memory = fake_memory(t->process, MEMORY);

	memory[0] = SIGNAL_BIT(LINUX_SIGUSR1);
	memory[1] = 2;
	memory[2] = 0;
	CHECK(!CALL4(t, NR_SIGTIMEDWAIT, MEMORY, 0, MEMORY + 8, 8));
	fake_time(2 * SECOND);
	CHECK(fake_result(t) == -STATUS_AGAIN);
	memory[1] = 0;
	CHECK(CALL4(t, NR_SIGTIMEDWAIT, MEMORY, 0, MEMORY + 8, 8));
	CHECK(fake_result(t) == -STATUS_AGAIN);
}

static void suspend_restores_mask(void)
{
	struct thread *t = fake_start();
	uint64_t *mask = fake_memory(t->process, MEMORY + 64);

	action(t, LINUX_SIGUSR1, HANDLER, 0, 0);
	block(t, 2, SIGNAL_BIT(LINUX_SIGUSR1));
	*mask = SIGNAL_BIT(LINUX_SIGUSR2);
	CHECK(!CALL2(t, NR_SIGSUSPEND, MEMORY + 64, 8));
	signal_send_process(t->process, LINUX_SIGUSR2, NULL);
	fake_settle();
	CHECK(t->core->phase == PHASE_PARKED);
	signal_discard(t->process, SIGNAL_BIT(LINUX_SIGUSR2));
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CHECK(t->core->blocked == (SIGNAL_BIT(LINUX_SIGUSR1) | SIGNAL_BIT(LINUX_SIGUSR2)));
	CALL0(t, NR_SIGRETURN);
	CHECK(fake_result(t) == -STATUS_INTR);
	CHECK(t->core->blocked == SIGNAL_BIT(LINUX_SIGUSR1));
}

static void reset_and_nodefer(void)
{
	struct thread *t = fake_start();

	action(t, LINUX_SIGUSR1, HANDLER, ACTION_RESETHAND | ACTION_NODEFER, 0);
	CALL2(t, NR_KILL, t->process->pid, LINUX_SIGUSR1);
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CHECK(t->core->blocked == 0);
	CHECK(t->process->signals->handlers->action[LINUX_SIGUSR1].handler == HANDLER_DEFAULT);
}

static void alternate_stack(void)
{
	struct thread *t = fake_start();
	uint64_t *memory = fake_memory(t->process, MEMORY);
	uint64_t base = FAKE_BASE + 0x4000;

	memory[0] = base;
	memory[1] = 0;
	memory[2] = 1000;
	CALL2(t, NR_SIGALTSTACK, MEMORY, 0);
	CHECK(fake_result(t) == -STATUS_NOMEM);
	memory[2] = 0x2000;
	CALL2(t, NR_SIGALTSTACK, MEMORY, 0);
	CHECK(fake_result(t) == 0);
	action(t, LINUX_SIGUSR1, HANDLER, ACTION_ONSTACK, 0);
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(regs(t)->r[REG_SP] == base + 0x2000 - 1088);
	CALL2(t, NR_SIGALTSTACK, MEMORY, 0);
	CHECK(fake_result(t) == -STATUS_PERM);
	CALL2(t, NR_SIGALTSTACK, 0, MEMORY + 64);
	CHECK(memory[8] == base && (uint32_t)memory[9] == STACK_ONSTACK && memory[10] == 0x2000);
	CALL0(t, NR_SIGRETURN);
	CHECK(regs(t)->r[REG_SP] == FAKE_STACK);
	CALL2(t, NR_SIGALTSTACK, 0, MEMORY + 64);
	CHECK((uint32_t)memory[9] == 0 && memory[8] == base);
}

/* A handler on the alternate stack that fills it: SIGSEGV kills, no frame below the stack. */
static void alternate_overflow(void)
{
	struct thread *t = fake_start(), *c;
	uint64_t *memory;

	c = thread_find((int32_t)fork_child(t));
	memory = fake_memory(c->process, MEMORY);
	memory[0] = FAKE_BASE + 0x4000;
	memory[1] = 0;
	memory[2] = 0x1000;
	CALL2(c, NR_SIGALTSTACK, MEMORY, 0);
	action(c, LINUX_SIGUSR1, HANDLER, ACTION_ONSTACK | ACTION_NODEFER, 0);
	for (int i = 0; i < 3; i++) {
		signal_send_process(c->process, LINUX_SIGUSR1, NULL);
		fake_settle();
		CHECK(regs(c)->r[REG_PC] == HANDLER);
	}
	signal_send_process(c->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 0, 0));
	CHECK((*fake_word(t->process, MEMORY) & 0x7f) == LINUX_SIGSEGV);
}

static void bad_stack_kills(void)
{
	struct thread *t = fake_start(), *c;

	c = thread_find((int32_t)fork_child(t));
	action(c, LINUX_SIGUSR1, HANDLER, 0, 0);
	regs(c)->r[REG_SP] = 8;
	signal_send_process(c->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 0, 0));
	CHECK((*fake_word(t->process, MEMORY) & 0x7f) == LINUX_SIGSEGV);
}

static void exception_codes(void)
{
	static const struct {
		uint64_t cause, code;
		int number, si_code;
	} cases[] = {
		{13, PAGER_FAULT_NO_REGION, LINUX_SIGSEGV, 1},
		{13, 0, LINUX_SIGSEGV, 1},
		{15, PAGER_FAULT_PROTECTION, LINUX_SIGSEGV, 2},
		{15, PAGER_FAULT_BEYOND_FILE, LINUX_SIGBUS, 2},
		{13, PAGER_FAULT_IO, LINUX_SIGBUS, 2},
		{15, PAGER_FAULT_STACK_GUARD, LINUX_SIGSEGV, 1},
		{12, PAGER_FAULT_NULL, LINUX_SIGSEGV, 1},
		{2, 0, LINUX_SIGILL, 1},
		{3, 0, LINUX_SIGTRAP, 1},
		{4, 0, LINUX_SIGBUS, 1},
		{5, 0, LINUX_SIGSEGV, 2},
	};
	struct thread *t = fake_start();

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int32_t *info;
		uint64_t pc = 0x10000 + 8 * i, address = 0x7000 + i;

		action(t, cases[i].number, HANDLER, ACTION_SIGINFO, 0);
		regs(t)->r[REG_PC] = pc;
		fake_exception(t, cases[i].cause, address, cases[i].code);
		CHECK(regs(t)->r[REG_PC] == HANDLER);
		info = fake_memory(t->process, regs(t)->r[REG_SP]);
		CHECK(info[0] == cases[i].number && info[2] == cases[i].si_code);
		CHECK(*(uint64_t *)(info + 4) ==
		      (cases[i].cause == 2 || cases[i].cause == 3 ? pc : address));
		CALL0(t, NR_SIGRETURN);
		CHECK(regs(t)->r[REG_PC] == pc);
	}
}

static void fatal_fault_report(void)
{
	struct thread *t = fake_start(), *c;
	int64_t pid = fork_child(t);

	c = thread_find((int32_t)pid);
	strcpy(c->comm, "victim");
	regs(c)->r[REG_PC] = 0x12345;
	fake_exception(c, 15, 0x3fff0, PAGER_FAULT_STACK_GUARD);
	CHECK(strstr(fake_log, "victim") != NULL && strstr(fake_log, "SIGSEGV") != NULL);
	CHECK(strstr(fake_log, "0x12345") != NULL && strstr(fake_log, "0x3fff0") != NULL);
	CHECK(strstr(fake_log, "write to") != NULL && strstr(fake_log, "stack overflow") != NULL);
	CHECK(CALL4(t, NR_WAIT4, pid, MEMORY, 0, 0) && fake_result(t) == pid);
	CHECK(*fake_word(t->process, MEMORY) == LINUX_SIGSEGV);
}

/* A blocked or ignored SIGSEGV that the thread causes itself still kills. */
static void forced_fault(void)
{
	struct thread *t = fake_start(), *c;

	c = thread_find((int32_t)fork_child(t));
	action(c, LINUX_SIGSEGV, HANDLER_IGNORE, 0, 0);
	fake_exception(c, 13, 0, PAGER_FAULT_NULL);
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 0, 0));
	c = thread_find((int32_t)fork_child(t));
	action(c, LINUX_SIGSEGV, HANDLER, 0, 0);
	block(c, 0, SIGNAL_BIT(LINUX_SIGSEGV));
	fake_exception(c, 13, 0, PAGER_FAULT_NULL);
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 0, 0) && fake_result(t) > 0);
}

static void init_is_protected(void)
{
	struct thread *t = fake_start(), *c;

	c = thread_find((int32_t)fork_child(t));
	CALL2(c, NR_KILL, t->process->pid, LINUX_SIGKILL);
	CALL2(c, NR_KILL, t->process->pid, LINUX_SIGTERM);
	CALL2(c, NR_KILL, t->process->pid, LINUX_SIGSTOP);
	CHECK(t->process->state == PROCESS_ALIVE && t->core->phase == PHASE_USER);
	if (setjmp(fake_jump) == 0) {
		fake_exception(t, 13, 0, PAGER_FAULT_NULL);
		CHECK(false);
	}
	CHECK(fake_power == 1);
}

static void stop_and_continue(void)
{
	struct thread *t = fake_start(), *c;
	int64_t pid = fork_child(t);

	c = thread_find((int32_t)pid);
	CALL2(c, NR_SETPGID, 0, 0);
	CHECK(!sleep_long(c));
	CHECK(!CALL4(t, NR_WAIT4, -1, MEMORY, 2, 0));
	signal_send_process(c->process, LINUX_SIGTSTP, NULL);
	fake_settle();
	/* its group has a parent of the same session in another group: not orphaned, but that
	 * parent is init, which does not count */
	CHECK(c->core->phase == PHASE_PARKED);
	signal_send_process(c->process, LINUX_SIGSTOP, NULL);
	fake_settle();
	CHECK(c->core->phase == PHASE_STOPPED && process_state_letter(c->process) == 'T');
	CHECK(fake_result(t) == pid);
	CHECK(*fake_word(t->process, MEMORY) == (LINUX_SIGSTOP << 8 | 0x7f));
	fake_time(50 * SECOND);
	CHECK(c->core->phase == PHASE_STOPPED);
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 3, 0) && fake_result(t) == 0);
	CALL2(t, NR_KILL, pid, LINUX_SIGCONT);
	CHECK(c->core->phase == PHASE_PARKED);
	CHECK(CALL4(t, NR_WAIT4, -1, MEMORY, 8, 0) && fake_result(t) == pid);
	CHECK(*fake_word(t->process, MEMORY) == 0xffff);
	fake_time(100 * SECOND);
	CHECK(c->core->phase == PHASE_USER && fake_result(c) == 0);
}

static void stopped_in_user_and_killed(void)
{
	struct thread *t = fake_start(), *c;
	int64_t pid = fork_child(t);

	c = thread_find((int32_t)pid);
	CALL2(t, NR_KILL, pid, LINUX_SIGSTOP);
	CHECK(c->core->phase == PHASE_STOPPED && !fake_threads[c->number].resumed);
	CALL2(t, NR_KILL, pid, LINUX_SIGTERM);
	CHECK(c->core->phase == PHASE_STOPPED);
	CALL2(t, NR_KILL, pid, LINUX_SIGKILL);
	CHECK(CALL4(t, NR_WAIT4, pid, MEMORY, 0, 0) && fake_result(t) == pid);
	CHECK((*fake_word(t->process, MEMORY) & 0x7f) == LINUX_SIGKILL ||
	      (*fake_word(t->process, MEMORY) & 0x7f) == LINUX_SIGTERM);
}

/* A thread whose message is on its way: delivery is tried again until it stands still. */
static void delivery_race(void)
{
	struct thread *t = fake_start();

	action(t, LINUX_SIGUSR1, HANDLER, 0, 0);
	fake_threads[t->number].calling = true;
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(fake_threads[t->number].resumed && regs(t)->r[REG_PC] != HANDLER);
	fake_time(fake_clock + SECOND / 100);
	CHECK(regs(t)->r[REG_PC] != HANDLER);
	fake_threads[t->number].calling = false;
	fake_time(fake_clock + SECOND / 100);
	CHECK(regs(t)->r[REG_PC] == HANDLER);
}

static void threads_choose(void)
{
	struct thread *t = fake_start(), *u;

	action(t, LINUX_SIGUSR1, HANDLER, 0, 0);
	CALL6(t, NR_CLONE, 0x10f00, FAKE_STACK - 0x4000, 0, 0, 0, 0);
	u = thread_find((int32_t)fake_result(t));
	CHECK(u != NULL && u->process == t->process);
	block(t, 0, SIGNAL_BIT(LINUX_SIGUSR1));
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(regs(u)->r[REG_PC] == HANDLER && regs(t)->r[REG_PC] != HANDLER);
	/* now both block it; the first to unblock takes it */
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	block(t, 1, SIGNAL_BIT(LINUX_SIGUSR1));
	CHECK(regs(t)->r[REG_PC] == HANDLER);
	CALL3(t, NR_TGKILL, t->process->pid, u->tid, 0);
	CHECK(fake_result(t) == 0);
	CALL3(t, NR_TGKILL, t->process->pid, 4711, LINUX_SIGUSR1);
	CHECK(fake_result(t) == -STATUS_SRCH);
}

static void bad_arguments(void)
{
	struct thread *t = fake_start();

	CALL2(t, NR_KILL, t->process->pid, 65);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL2(t, NR_KILL, 9999, 1);
	CHECK(fake_result(t) == -STATUS_SRCH);
	CALL2(t, NR_KILL, INT32_MIN, 1);
	CHECK(fake_result(t) == -STATUS_SRCH);
	CALL4(t, NR_SIGACTION, 0, 0, 0, 8);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL4(t, NR_SIGACTION, LINUX_SIGKILL, MEMORY, 0, 8);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL4(t, NR_SIGACTION, LINUX_SIGUSR1, 16, 0, 8);
	CHECK(fake_result(t) == -STATUS_FAULT);
	CALL4(t, NR_SIGACTION, LINUX_SIGUSR1, MEMORY, 0, 16);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL4(t, NR_SIGPROCMASK, 7, MEMORY, 0, 8);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL2(t, NR_SIGSUSPEND, 16, 8);
	CHECK(fake_result(t) == -STATUS_FAULT);
	CALL3(t, NR_SIGQUEUEINFO, t->process->pid, 10, 8);
	CHECK(fake_result(t) == -STATUS_FAULT);
}

void test_signals(void)
{
	test_run("signal.handler-in-user-code", handler_in_user);
	test_run("signal.interrupted-sleep", interrupted_sleep);
	test_run("signal.ignored-during-sleep", ignored_during_sleep);
	test_run("signal.restart-flag", restart_flag);
	test_run("signal.blocked-then-unblocked", blocked_then_unblocked);
	test_run("signal.realtime-queue", realtime_queue);
	test_run("signal.timedwait-timeout", timedwait_timeout);
	test_run("signal.suspend-restores-mask", suspend_restores_mask);
	test_run("signal.reset-and-nodefer", reset_and_nodefer);
	test_run("signal.alternate-stack", alternate_stack);
	test_run("signal.alternate-overflow", alternate_overflow);
	test_run("signal.bad-stack-kills", bad_stack_kills);
	test_run("signal.exception-codes", exception_codes);
	test_run("signal.fatal-fault-report", fatal_fault_report);
	test_run("signal.forced-fault", forced_fault);
	test_run("signal.init-is-protected", init_is_protected);
	test_run("signal.stop-and-continue", stop_and_continue);
	test_run("signal.stopped-and-killed", stopped_in_user_and_killed);
	test_run("signal.delivery-race", delivery_race);
	test_run("signal.threads-choose", threads_choose);
	test_run("signal.bad-arguments", bad_arguments);
}
