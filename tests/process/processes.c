/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: fork, wait, exit, reparenting, groups, sessions, threads. */
#include "tests/process/fake.h"

#include <string.h>

#define MEMORY FAKE_BASE
#define CLONE_THREAD_FLAGS 0x3d0f00u /* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS... */

static struct thread *fork_of(struct thread *t)
{
	CHECK(CALL6(t, NR_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0, 0));
	return thread_find((int32_t)fake_result(t));
}

static int64_t wait_any(struct thread *t, int options)
{
	return CALL4(t, NR_WAIT4, -1, MEMORY, options, 0) ? fake_result(t) : INT64_MIN;
}

static void fork_copies(void)
{
	struct thread *t = fake_start(), *c;

	*fake_word(t->process, MEMORY) = 77;
	fake_threads[t->number].regs.r[9] = 99;
	fake_threads[t->number].regs.r[REG_PC] = 0x10000;
	c = fork_of(t);
	CHECK(c != NULL && c->process != t->process && c->tid == c->process->pid);
	CHECK(fake_threads[c->number].regs.r[REG_A0] == 0);
	CHECK(fake_threads[c->number].regs.r[9] == 99);
	CHECK(fake_threads[c->number].regs.r[REG_PC] == 0x10004);
	CHECK(*fake_word(c->process, MEMORY) == 77);
	*fake_word(c->process, MEMORY) = 78;
	CHECK(*fake_word(t->process, MEMORY) == 77);
	CHECK(c->process->parent == t->process && c->process->session == t->process->session);
	CALL0(c, NR_GETPPID);
	CHECK(fake_result(c) == t->process->pid);
}

static void exit_codes(void)
{
	struct thread *t = fake_start(), *c;
	int32_t pid;

	CHECK(wait_any(t, 0) == -STATUS_CHILD);
	c = fork_of(t);
	pid = c->tid;
	CHECK(wait_any(t, 1) == 0);
	CHECK(wait_any(t, 0) == INT64_MIN);
	CHECK(!CALL1(c, NR_EXIT_GROUP, 0x1ff));
	CHECK(fake_result(t) == pid);
	CHECK(*fake_word(t->process, MEMORY) == 0xff00);
	CHECK(wait_any(t, 0) == -STATUS_CHILD);
	CHECK(fake_spaces == 1 && fake_tables == 2);
}

static void wait_selects(void)
{
	struct thread *t = fake_start(), *a = fork_of(t), *b = fork_of(t);
	int32_t pid_a = a->tid, pid_b = b->tid;

	CALL2(b, NR_SETPGID, 0, 0);
	CALL1(a, NR_EXIT_GROUP, 1);
	CALL1(b, NR_EXIT_GROUP, 2);
	CHECK(CALL4(t, NR_WAIT4, -pid_b, 0, 0, 0) && fake_result(t) == pid_b);
	CHECK(CALL4(t, NR_WAIT4, pid_b, 0, 0, 0) && fake_result(t) == -STATUS_CHILD);
	CHECK(CALL4(t, NR_WAIT4, 0, 16, 0, 0) && fake_result(t) == -STATUS_FAULT);
	CHECK(CALL4(t, NR_WAIT4, pid_a, 0, 0x10, 0) && fake_result(t) == -STATUS_INVAL);
	CHECK(CALL4(t, NR_WAIT4, INT32_MIN, 0, 0, 0) && fake_result(t) == -STATUS_SRCH);
}

static void waitid_information(void)
{
	struct thread *t = fake_start(), *c = fork_of(t);
	int32_t pid = c->tid, *info = fake_memory(t->process, MEMORY + 128);

	CALL1(c, NR_EXIT_GROUP, 5);
	/* WNOWAIT leaves it, then it is taken */
	for (int i = 0; i < 2; i++) {
		CHECK(CALL6(t, NR_WAITID, 1, pid, MEMORY + 128, i == 0 ? 0x1000004 : 4, 0, 0));
		CHECK(fake_result(t) == 0 && info[0] == LINUX_SIGCHLD &&
		      info[2] == CODE_CLD_EXITED);
		CHECK(info[4] == pid && info[6] == 5);
	}
	CHECK(CALL6(t, NR_WAITID, 0, 0, MEMORY + 128, 4, 0, 0) && fake_result(t) == -STATUS_CHILD);
	CHECK(CALL6(t, NR_WAITID, 0, 0, 0, 0, 0, 0) && fake_result(t) == -STATUS_INVAL);
	CHECK(CALL6(t, NR_WAITID, 9, 0, 0, 4, 0, 0) && fake_result(t) == -STATUS_INVAL);
	fork_of(t);
	CHECK(CALL6(t, NR_WAITID, 0, 0, MEMORY + 128, 5, 0, 0) && fake_result(t) == 0);
	CHECK(info[0] == 0 && info[4] == 0);
}

static void orphans_go_to_init(void)
{
	struct thread *t = fake_start(), *c = fork_of(t), *g = fork_of(c);
	int32_t pid_c = c->tid, pid_g = g->tid;

	CALL1(c, NR_EXIT_GROUP, 0);
	CHECK(g->process->parent == init_process);
	CHECK(wait_any(t, 0) == pid_c);
	CALL1(g, NR_EXIT_GROUP, 3);
	CHECK(wait_any(t, 0) == pid_g);
	CHECK(process_next(t->process) == NULL);
}

static void zombie_changes_parent(void)
{
	struct thread *t = fake_start(), *c = fork_of(t), *g = fork_of(c);
	int32_t pid_c = c->tid, pid_g = g->tid;

	CALL1(g, NR_EXIT_GROUP, 3);
	CALL1(c, NR_EXIT_GROUP, 0);
	CHECK(wait_any(t, 0) != wait_any(t, 0));
	CHECK(process_find(pid_c) == NULL && process_find(pid_g) == NULL);
}

static void subreaper(void)
{
	struct thread *t = fake_start(), *c = fork_of(t), *g, *gg;

	CALL2(c, NR_PRCTL, 36, 1);
	g = fork_of(c);
	gg = fork_of(g);
	CALL1(g, NR_EXIT_GROUP, 0);
	CHECK(gg->process->parent == c->process);
}

static void ignored_children_vanish(void)
{
	struct thread *t = fake_start(), *c;
	struct signal_action a = {HANDLER_IGNORE, 0, 0};

	memcpy(fake_memory(t->process, MEMORY), &a, sizeof(a));
	CALL4(t, NR_SIGACTION, LINUX_SIGCHLD, MEMORY, 0, 8);
	c = fork_of(t);
	CHECK(wait_any(t, 0) == INT64_MIN);
	CALL1(c, NR_EXIT_GROUP, 0);
	CHECK(fake_result(t) == -STATUS_CHILD);
	CHECK(process_next(t->process) == NULL && fake_spaces == 1);
}

static void vfork_waits(void)
{
	struct thread *t = fake_start(), *c;

	CHECK(!CALL6(t, NR_CLONE, 0x4111, FAKE_STACK - 4096, 0, 0, 0, 0));
	CHECK(t->core->phase == PHASE_PARKED && process_state_letter(t->process) == 'D');
	c = process_next(t->process)->leader;
	CHECK(c->process->space == t->process->space && fake_spaces == 1);
	CHECK(fake_threads[c->number].regs.r[REG_SP] == FAKE_STACK - 4096);
	signal_send_process(t->process, LINUX_SIGUSR1, NULL);
	fake_settle();
	CHECK(t->core->phase == PHASE_PARKED);
	CALL1(c, NR_EXIT_GROUP, 0);
	CHECK(t->core->phase == PHASE_USER && fake_result(t) > 0);
	CHECK(wait_any(t, 0) == fake_result(t));
}

static void vfork_parent_killed(void)
{
	struct thread *t = fake_start(), *c = fork_of(t), *g;
	int32_t pid = c->tid;

	CHECK(!CALL6(c, NR_CLONE, 0x4111, 0, 0, 0, 0, 0));
	g = c->process->children->leader;
	CALL2(t, NR_KILL, pid, LINUX_SIGKILL);
	CHECK(wait_any(t, 0) == pid);
	CHECK(g->process->parent == init_process && fake_spaces == 2);
	CALL1(g, NR_EXIT_GROUP, 0);
	CHECK(fake_spaces == 1);
}

static void threads_of_a_process(void)
{
	struct thread *t = fake_start(), *c = fork_of(t), *u, *v;
	int32_t pid = c->tid;

	CALL6(c, NR_CLONE, CLONE_THREAD_FLAGS | 0x1000000, FAKE_STACK - 4096, MEMORY + 64, 0x4321,
	      MEMORY + 128, 0);
	u = thread_find((int32_t)fake_result(c));
	CHECK(u != NULL && u->process == c->process && c->process->thread_count == 2);
	CHECK(fake_threads[u->number].regs.r[REG_TP] == 0x4321);
	CHECK(*fake_word(c->process, MEMORY + 64) == (uint32_t)u->tid);
	CHECK(*fake_word(c->process, MEMORY + 128) == (uint32_t)u->tid);
	CALL0(u, NR_GETPID);
	CHECK(fake_result(u) == pid);
	CALL0(u, NR_GETTID);
	CHECK(fake_result(u) == u->tid);
	/* CHILD_CLEARTID: the end of u clears the word and wakes the joiner */
	CHECK(!CALL6(c, NR_FUTEX, MEMORY + 128, 0, u->tid, 0, 0, 0));
	CALL1(u, NR_EXIT, 0);
	CHECK(fake_result(c) == 0 && *fake_word(c->process, MEMORY + 128) == 0);
	CHECK(c->process->thread_count == 1);
	/* the leader ends first: the process lives until the last thread ends */
	CALL6(c, NR_CLONE, CLONE_THREAD_FLAGS, FAKE_STACK - 4096, MEMORY + 64, 0, MEMORY + 128, 0);
	v = thread_find((int32_t)fake_result(c));
	CALL1(c, NR_EXIT, 9);
	CHECK(wait_any(t, 1) == 0 && process_find(pid) != NULL);
	CALL1(v, NR_EXIT, 0);
	CHECK(wait_any(t, 0) == pid && *fake_word(t->process, MEMORY) == 0x900);
}

static void exit_group_ends_all(void)
{
	struct thread *t = fake_start(), *c = fork_of(t);
	int32_t pid = c->tid;

	for (int i = 0; i < 5; i++) {
		struct thread *u;

		CALL6(c, NR_CLONE, CLONE_THREAD_FLAGS, FAKE_STACK - 4096, MEMORY + 64, 0,
		      MEMORY + 128, 0);
		u = thread_find((int32_t)fake_result(c));
		*fake_word(c->process, MEMORY + 256) = 1;
		CHECK(!CALL6(u, NR_FUTEX, MEMORY + 256, 128, 1, 0, 0, 0));
	}
	CALL1(c, NR_EXIT_GROUP, 4);
	CHECK(wait_any(t, 0) == pid && *fake_word(t->process, MEMORY) == 0x400);
	for (uint32_t i = 1; i < THREAD_LIMIT; i++) {
		CHECK(thread_by_number(i) == NULL || thread_by_number(i) == t);
		CHECK(!fake_threads[i].open || i == t->number);
	}
}

static void clone_arguments(void)
{
	static const uint64_t bad[] = {
		0x800,			/* SIGHAND without VM */
		0x10000 | 0x100,	/* THREAD without SIGHAND */
		0x20000,		/* NEWNS */
		0x10000000,		/* NEWUSER */
		0x8000,			/* PARENT of init */
		0x1000 | LINUX_SIGCHLD, /* PIDFD */
		65,
	};
	struct thread *t = fake_start();
	uint64_t *a = fake_memory(t->process, MEMORY);

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(CALL6(t, NR_CLONE, bad[i], 0, 0, 0, 0, 0));
		CHECK(fake_result(t) == -STATUS_INVAL);
	}
	CHECK(CALL2(t, NR_CLONE3, MEMORY, 63) && fake_result(t) == -STATUS_INVAL);
	CHECK(CALL2(t, NR_CLONE3, MEMORY, 4096) && fake_result(t) == -STATUS_2BIG);
	CHECK(CALL2(t, NR_CLONE3, 16, 88) && fake_result(t) == -STATUS_FAULT);
	memset(a, 0, 88);
	a[0] = LINUX_SIGCHLD;
	CHECK(CALL2(t, NR_CLONE3, MEMORY, 88) && fake_result(t) == -STATUS_INVAL);
	a[0] = 0;
	a[4] = LINUX_SIGCHLD;
	a[5] = FAKE_BASE;
	CHECK(CALL2(t, NR_CLONE3, MEMORY, 88) && fake_result(t) == -STATUS_INVAL);
	a[6] = 0x1000;
	CHECK(CALL2(t, NR_CLONE3, MEMORY, 88) && fake_result(t) > 0);
	CHECK(fake_threads[thread_find((int32_t)fake_result(t))->number].regs.r[REG_SP] ==
	      FAKE_BASE + 0x1000);
	CHECK(process_next(process_next(t->process)) == NULL);
}

static void groups(void)
{
	struct thread *t = fake_start(), *a = fork_of(t), *b = fork_of(t), *g = fork_of(a);

	CALL2(t, NR_SETPGID, a->tid, 0);
	CHECK(fake_result(t) == 0 && a->process->pgid == a->tid);
	CALL2(t, NR_SETPGID, b->tid, a->tid);
	CHECK(fake_result(t) == 0 && b->process->pgid == a->tid);
	CALL2(t, NR_SETPGID, g->tid, 0);
	CHECK(fake_result(t) == -STATUS_SRCH);
	CALL2(t, NR_SETPGID, 0, 0);
	CHECK(fake_result(t) == -STATUS_PERM);
	CALL2(t, NR_SETPGID, b->tid, 9999);
	CHECK(fake_result(t) == -STATUS_PERM);
	CALL2(t, NR_SETPGID, b->tid, -1);
	CHECK(fake_result(t) == -STATUS_INVAL);
	b->process->has_executed = true;
	CALL2(t, NR_SETPGID, b->tid, b->tid);
	CHECK(fake_result(t) == -STATUS_ACCES);
	CALL0(a, NR_SETSID);
	CHECK(fake_result(a) == -STATUS_PERM);
	CALL0(g, NR_SETSID);
	CHECK(fake_result(g) == g->tid && g->process->session != t->process->session);
	CHECK(g->process->pgid == g->tid);
	CALL1(t, NR_GETPGID, b->tid);
	CHECK(fake_result(t) == a->tid);
	CALL1(t, NR_GETPGID, 12345);
	CHECK(fake_result(t) == -STATUS_SRCH);
}

/* A shell with a stopped job ends: the job gets SIGHUP and SIGCONT. */
static void orphaned_stopped_job(void)
{
	struct thread *t = fake_start(), *shell = fork_of(t), *job;
	int32_t pid;

	CALL0(shell, NR_SETSID);
	job = fork_of(shell);
	pid = job->tid;
	CALL2(shell, NR_SETPGID, pid, pid);
	CHECK(!group_is_orphaned(pid));
	signal_send_process(job->process, LINUX_SIGTSTP, NULL);
	fake_settle();
	CHECK(job->process->stopped);
	CALL1(shell, NR_EXIT_GROUP, 0);
	CHECK(process_find(pid) == NULL || process_find(pid)->state == PROCESS_ZOMBIE);
	while (wait_any(t, 1) > 0) {
	}
	CHECK((*fake_word(t->process, MEMORY) & 0x7f) == LINUX_SIGHUP ||
	      *fake_word(t->process, MEMORY) == 0);
	CHECK(process_next(t->process) == NULL);
}

static void identities(void)
{
	struct thread *t = fake_start(), *c = fork_of(t);
	uint32_t *m = fake_word(c->process, MEMORY);

	CALL3(c, NR_SETRESUID, 10, 20, 30);
	CHECK(fake_result(c) == 0);
	CALL3(c, NR_GETRESUID, MEMORY, MEMORY + 4, MEMORY + 8);
	CHECK(m[0] == 10 && m[1] == 20 && m[2] == 30);
	CALL3(c, NR_SETRESUID, UINT32_MAX, 30, UINT32_MAX);
	CHECK(fake_result(c) == 0 && c->process->credentials.euid == 30);
	CALL3(c, NR_SETRESUID, 0, 0, 0);
	CHECK(fake_result(c) == -STATUS_PERM);
	CALL2(c, NR_KILL, t->process->pid, 1);
	CHECK(fake_result(c) == -STATUS_PERM);
	CALL2(c, NR_KILL, -1, 0);
	CHECK(fake_result(c) == -STATUS_SRCH);
}

static void unknown_calls(void)
{
	struct thread *t = fake_start();
	char report[256];

	for (int i = 0; i < 3; i++) {
		CHECK(CALL4(t, NR_RSEQ, 1, 2, 3, 4) && fake_result(t) == -STATUS_NOSYS);
	}
	CHECK(CALL0(t, 511) && fake_result(t) == -STATUS_NOSYS);
	CHECK(CALL0(t, 4000000000u) && fake_result(t) == -STATUS_NOSYS);
	report[unknown_calls_report(report, sizeof(report) - 1)] = 0;
	CHECK(strstr(report, "293 rseq 3\n") != NULL);
	CHECK(strstr(report, "out-of-range 1\n") != NULL);
}

static void init_exit_powers_off(void)
{
	struct thread *t = fake_start();

	if (setjmp(fake_jump) == 0) {
		CALL1(t, NR_EXIT_GROUP, 0);
		CHECK(false);
	}
	CHECK(fake_power == 0);
}

static void limits(void)
{
	struct thread *t = fake_start(), *c = fork_of(t);
	uint64_t *m = fake_memory(c->process, MEMORY);

	CALL4(c, NR_PRLIMIT, 0, 3, 0, MEMORY);
	CHECK(fake_result(c) == 0 && m[0] == 8 << 20 && m[1] == UINT64_MAX);
	m[0] = 2;
	m[1] = 1;
	CALL4(c, NR_PRLIMIT, 0, 3, MEMORY, 0);
	CHECK(fake_result(c) == -STATUS_INVAL);
	CALL4(c, NR_PRLIMIT, 0, 16, 0, MEMORY);
	CHECK(fake_result(c) == -STATUS_INVAL);
	CALL4(c, NR_PRLIMIT, 12345, 3, 0, MEMORY);
	CHECK(fake_result(c) == -STATUS_SRCH);
	m[0] = 1;
	m[1] = 1;
	CALL4(c, NR_PRLIMIT, 0, 6, MEMORY, 0);
	CALL3(c, NR_SETRESUID, 5, 5, 5);
	CALL6(c, NR_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0, 0);
	CHECK(fake_result(c) == -STATUS_AGAIN);
}

static void random_differs(void)
{
	struct thread *t = fake_start();
	uint8_t *m = fake_memory(t->process, MEMORY);
	uint8_t seed[32] = {1, 2, 3};

	random_start(seed);
	CHECK(CALL3(t, NR_GETRANDOM, MEMORY, 1000, 0) && fake_result(t) == 1000);
	CHECK(CALL3(t, NR_GETRANDOM, MEMORY + 1000, 1000, 1) && fake_result(t) == 1000);
	CHECK(memcmp(m, m + 1000, 1000) != 0);
	CALL3(t, NR_GETRANDOM, MEMORY, 8, 0x10);
	CHECK(fake_result(t) == -STATUS_INVAL);
	CALL3(t, NR_GETRANDOM, 16, 8, 0);
	CHECK(fake_result(t) == -STATUS_FAULT);
}

/* Many lives in random order leave nothing behind. */
static void random_lives(void)
{
	struct thread *t = fake_start(), *alive[32] = {0};
	uint64_t seed = 7;

	for (unsigned step = 0; step < 20000; step++) {
		unsigned i;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		i = (unsigned)(seed >> 59);
		switch ((seed >> 40) % 6) {
		case 0:
		case 1:
			if (alive[i] == NULL) {
				alive[i] = fork_of(t);
			}
			break;
		case 2:
			if (alive[i] != NULL) {
				CALL1(alive[i], NR_EXIT_GROUP, i);
				alive[i] = NULL;
			}
			break;
		case 3:
			if (alive[i] != NULL) {
				CALL2(t, NR_KILL, alive[i]->tid, LINUX_SIGKILL);
				alive[i] = NULL;
			}
			break;
		case 4:
			if (alive[i] != NULL) {
				CALL6(alive[i], NR_CLONE, CLONE_THREAD_FLAGS, FAKE_STACK - 4096,
				      MEMORY + 64, 0, MEMORY + 128, 0);
			}
			break;
		default:
			wait_any(t, 1);
			break;
		}
	}
	for (unsigned i = 0; i < 32; i++) {
		if (alive[i] != NULL) {
			CALL1(alive[i], NR_EXIT_GROUP, i);
		}
	}
	while (wait_any(t, 1) > 0) {
	}
	CHECK(process_next(t->process) == NULL && fake_spaces == 1 && fake_tables == 2);
	CHECK(t->process->signals->queued == 0 || signal_pending(t) != 0);
}

void test_processes(void)
{
	test_run("process.fork-copies", fork_copies);
	test_run("process.exit-codes", exit_codes);
	test_run("process.wait-selects", wait_selects);
	test_run("process.waitid-information", waitid_information);
	test_run("process.orphans-go-to-init", orphans_go_to_init);
	test_run("process.zombie-changes-parent", zombie_changes_parent);
	test_run("process.subreaper", subreaper);
	test_run("process.ignored-children-vanish", ignored_children_vanish);
	test_run("process.vfork-waits", vfork_waits);
	test_run("process.vfork-parent-killed", vfork_parent_killed);
	test_run("process.threads", threads_of_a_process);
	test_run("process.exit-group-ends-all", exit_group_ends_all);
	test_run("process.clone-arguments", clone_arguments);
	test_run("process.groups", groups);
	test_run("process.orphaned-stopped-job", orphaned_stopped_job);
	test_run("process.identities", identities);
	test_run("process.unknown-calls", unknown_calls);
	test_run("process.init-exit-powers-off", init_exit_powers_off);
	test_run("process.limits", limits);
	test_run("process.random-differs", random_differs);
	test_run("process.random-lives", random_lives);
}
