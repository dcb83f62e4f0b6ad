/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: fork, exit, wait, orphans, zombies, groups, identities. */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

TEST(exit_status)
{
	for (int status = 0; status < 256; status += 51) {
		pid_t child = must_fork();

		if (child == 0) {
			_exit(status);
		}
		CHECK_EXIT(child, status);
	}
}

TEST(exit_status_is_a_byte)
{
	pid_t child = must_fork();

	if (child == 0) {
		_exit(0x1234);
	}
	CHECK_EXIT(child, 0x34);
}

TEST(killed_status)
{
	static const int numbers[] = {SIGKILL, SIGTERM, SIGINT, SIGUSR1, SIGALRM, SIGHUP};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pid_t child = must_fork();

		if (child == 0) {
			for (;;) {
				pause();
			}
		}
		CHECK_EQ(kill(child, numbers[i]), 0);
		CHECK_KILLED(child, numbers[i]);
	}
}

TEST(abort_is_sigabrt)
{
	pid_t child = must_fork();

	if (child == 0) {
		abort();
	}
	CHECK_KILLED(child, SIGABRT);
}

TEST(fork_returns_pid)
{
	int to_parent[2];
	pid_t child, seen, parent = getpid();

	CHECK_EQ(pipe(to_parent), 0);
	child = must_fork();
	if (child == 0) {
		pid_t words[2] = {getpid(), getppid()};

		_exit(write(to_parent[1], words, sizeof(words)) == sizeof(words) ? 0 : 1);
	}
	CHECK_EQ(read(to_parent[0], &seen, sizeof(seen)), sizeof(seen));
	CHECK_EQ(seen, child);
	CHECK_EQ(read(to_parent[0], &seen, sizeof(seen)), sizeof(seen));
	CHECK_EQ(seen, parent);
	CHECK_EXIT(child, 0);
}

TEST(fork_copies_memory)
{
	static int data = 1;
	int stack = 2;
	int *heap = malloc(sizeof(*heap));
	pid_t child;

	*heap = 3;
	child = must_fork();
	if (child == 0) {
		CHECK(data == 1 && stack == 2 && *heap == 3);
		data = stack = *heap = 9;
		_exit(data + stack + *heap == 27 ? 0 : 1);
	}
	CHECK_EXIT(child, 0);
	CHECK(data == 1 && stack == 2 && *heap == 3);
}

TEST(many_children)
{
	enum { CHILDREN = 40 };
	pid_t children[CHILDREN];
	int sum = 0;

	for (int i = 0; i < CHILDREN; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			_exit(i);
		}
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		pid_t got = wait(&status);
		int index = 0;

		while (index < CHILDREN && children[index] != got) {
			index++;
		}
		CHECK(index < CHILDREN);
		CHECK_EQ(status, index << 8);
		sum += index;
	}
	CHECK_EQ(sum, CHILDREN * (CHILDREN - 1) / 2);
	CHECK_ERRNO(wait(NULL), ECHILD);
}

TEST(chain_of_forks)
{
	for (int depth = 0; depth < 20; depth++) {
		pid_t child = must_fork();

		if (child != 0) {
			CHECK_EXIT(child, 0);
			_exit(0);
		}
	}
	_exit(0);
}

TEST(wait_errors)
{
	int status;
	pid_t child;

	CHECK_ERRNO(wait(&status), ECHILD);
	CHECK_ERRNO(waitpid(1, &status, 0), ECHILD);
	CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
	CHECK_ERRNO(waitpid(-1, &status, 0x40), EINVAL);
	CHECK_ERRNO(waitid(P_ALL, 0, NULL, WNOHANG), EINVAL);
	CHECK_ERRNO(waitid((idtype_t)77, 0, NULL, WEXITED), EINVAL);
	child = must_fork();
	if (child == 0) {
		_exit(0);
	}
	/* Not a child of ours, though we have one. */
	CHECK_ERRNO(waitpid(getpid(), &status, 0), ECHILD);
	CHECK_EXIT(child, 0);
	CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
}

TEST(wait_nohang)
{
	int go[2], status;
	char byte = 0;
	pid_t child;

	CHECK_EQ(pipe(go), 0);
	child = must_fork();
	if (child == 0) {
		_exit(read(go[0], &byte, 1) == 1 ? 7 : 1);
	}
	CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
	CHECK_EQ(write(go[1], &byte, 1), 1);
	CHECK_EXIT(child, 7);
}

TEST(wait_by_group)
{
	int status;
	pid_t one, two;

	one = must_fork();
	if (one == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	setpgid(one, one);
	two = must_fork();
	if (two == 0) {
		_exit(2);
	}
	CHECK_EQ(waitpid(-one, &status, 0), one);
	CHECK_EQ(WEXITSTATUS(status), 1);
	CHECK_ERRNO(waitpid(-one, &status, 0), ECHILD);
	CHECK_EQ(waitpid(0, &status, 0), two);
	CHECK_EQ(WEXITSTATUS(status), 2);
}

TEST(waitid_fields)
{
	siginfo_t info;
	pid_t child = must_fork();

	if (child == 0) {
		_exit(11);
	}
	memset(&info, 0, sizeof(info));
	CHECK_EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, child);
	CHECK_EQ(info.si_status, 11);
	CHECK_EQ(info.si_uid, getuid());
	CHECK_EXIT(child, 11); /* WNOWAIT left it there */

	child = must_fork();
	if (child == 0) {
		pause();
	}
	kill(child, SIGKILL);
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGKILL);
}

TEST(waitid_nohang_clears)
{
	siginfo_t info;
	pid_t child = must_fork();

	if (child == 0) {
		pause();
	}
	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	CHECK_EQ(info.si_signo, 0);
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

static char state_of(pid_t pid)
{
	char path[64], line[256];
	char *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f == NULL) {
		return '-';
	}
	CHECK(fgets(line, sizeof(line), f) != NULL);
	fclose(f);
	end = strrchr(line, ')');
	CHECK(end != NULL);
	return end[2];
}

TEST(zombie_until_waited)
{
	pid_t child = must_fork();

	if (child == 0) {
		_exit(5);
	}
	for (int i = 0; i < 1000 && state_of(child) != 'Z'; i++) {
		sleep_ms(5);
	}
	CHECK_EQ(state_of(child), 'Z');
	CHECK_EQ(kill(child, 0), 0);
	CHECK_EXIT(child, 5);
	CHECK_EQ(state_of(child), '-');
	CHECK_ERRNO(kill(child, 0), ESRCH);
}

TEST(orphan_goes_to_init)
{
	int report[2];
	pid_t child, word[2];

	CHECK_EQ(pipe(report), 0);
	child = must_fork();
	if (child == 0) {
		pid_t middle = getpid();

		if (must_fork() == 0) {
			while (getppid() == middle) {
				sleep_ms(2);
			}
			word[0] = getpid();
			word[1] = getppid();
			_exit(write(report[1], word, sizeof(word)) < 0);
		}
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(read(report[0], word, sizeof(word)), sizeof(word));
	CHECK_EQ(word[1], 1);
	CHECK_ERRNO(waitpid(word[0], NULL, 0), ECHILD);
}

TEST(child_subreaper)
{
	int status, report[2];
	pid_t child, orphan;

	CHECK_EQ(pipe(report), 0);
	CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	child = must_fork();
	if (child == 0) {
		pid_t middle = getpid();

		orphan = must_fork();
		if (orphan == 0) {
			while (getppid() == middle) {
				sleep_ms(2);
			}
			_exit(getppid() == getpgrp() ? 3 : 4);
		}
		_exit(write(report[1], &orphan, sizeof(orphan)) < 0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(read(report[0], &orphan, sizeof(orphan)), sizeof(orphan));
	CHECK_EQ(waitpid(orphan, &status, 0), orphan);
	CHECK_EQ(WEXITSTATUS(status), 3);
}

TEST(parent_death_signal)
{
	int report[2];
	char byte;
	pid_t child;

	CHECK_EQ(pipe(report), 0);
	child = must_fork();
	if (child == 0) {
		int ready[2];

		CHECK_EQ(pipe(ready), 0);
		if (must_fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			CHECK_EQ(write(ready[1], "", 1), 1);
			pause();
			_exit(0);
		}
		close(report[1]);
		_exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(report[1]);
	CHECK_EXIT(child, 0);
	/* The pipe ends when the last writer, the grandchild, is gone. */
	CHECK_EQ(read(report[0], &byte, 1), 0);
}

TEST(vfork_suspends_parent)
{
	static volatile int order;
	pid_t child = vfork();

	if (child == 0) {
		sleep_ms(30);
		order = 1;
		_exit(4);
	}
	CHECK_EQ(order, 1); /* shared memory, and we ran after it */
	CHECK_EXIT(child, 4);
}

TEST(vfork_exec_releases_parent)
{
	pid_t child = vfork();

	if (child == 0) {
		execl("/bin/busybox", "sh", "-c", "exit 6", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 6);
}

TEST(posix_spawn_program)
{
	char *arguments[] = {"sh", "-c", "test \"$A\" = 1 && exit 9", NULL};
	char *environment[] = {"A=1", NULL};
	pid_t child;

	CHECK_EQ(posix_spawn(&child, "/bin/busybox", NULL, NULL, arguments, environment), 0);
	CHECK_EXIT(child, 9);
	CHECK_EQ(posix_spawn(&child, "/nonexistent", NULL, NULL, arguments, environment), ENOENT);
}

static int clone_body(void *argument)
{
	*(volatile int *)argument = getpid();
	return 21;
}

TEST(clone_with_own_memory)
{
	static volatile int seen;
	char *stack = (char *)map_pages(16);
	pid_t child = clone(clone_body, stack + 16 * PAGE, SIGCHLD, (void *)&seen);

	CHECK(child > 0);
	CHECK_EXIT(child, 21);
	CHECK_EQ(seen, 0);
}

TEST(clone_shares_memory)
{
	static volatile int seen;
	char *stack = (char *)map_pages(16);
	pid_t child = clone(clone_body, stack + 16 * PAGE, CLONE_VM | SIGCHLD, (void *)&seen);

	CHECK(child > 0);
	CHECK_EXIT(child, 21);
	CHECK_EQ(seen, child);
}

static int clone_close(void *argument)
{
	return close(*(int *)argument);
}

TEST(clone_shares_files)
{
	char *stack = (char *)map_pages(16);
	int fd = open("/dev/null", O_RDONLY);
	pid_t child = clone(clone_close, stack + 16 * PAGE, CLONE_FILES | SIGCHLD, &fd);

	CHECK_EXIT(child, 0);
	CHECK_ERRNO(close(fd), EBADF);
	fd = open("/dev/null", O_RDONLY);
	child = clone(clone_close, stack + 16 * PAGE, SIGCHLD, &fd);
	CHECK_EXIT(child, 0);
	CHECK_EQ(close(fd), 0);
}

static int clone_chdir(void *argument)
{
	(void)argument;
	return chdir("/");
}

TEST(clone_shares_directory)
{
	char *stack = (char *)map_pages(16);
	char before[256], after[256];
	pid_t child;

	CHECK(getcwd(before, sizeof(before)) != NULL);
	child = clone(clone_chdir, stack + 16 * PAGE, SIGCHLD, NULL);
	CHECK_EXIT(child, 0);
	CHECK(getcwd(after, sizeof(after)) != NULL && strcmp(before, after) == 0);
	child = clone(clone_chdir, stack + 16 * PAGE, CLONE_FS | SIGCHLD, NULL);
	CHECK_EXIT(child, 0);
	CHECK(getcwd(after, sizeof(after)) != NULL && strcmp("/", after) == 0);
}

TEST(clone_bad_flags)
{
	CHECK_ERRNO(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

TEST(clone_writes_tids)
{
	int parent_tid = 0;
	pid_t child =
		(pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &parent_tid, 0, 0);

	if (child == 0) {
		_exit(0);
	}
	CHECK_EQ(parent_tid, child);
	CHECK_EXIT(child, 0);
}

TEST(process_groups)
{
	pid_t child;
	int ready[2];
	char byte;

	CHECK_EQ(getpgrp(), getpid()); /* the harness made us a leader */
	CHECK_EQ(getpgid(0), getpgrp());
	CHECK_EQ(pipe(ready), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(getpgrp(), getppid());
		CHECK_EQ(setpgid(0, 0), 0);
		CHECK_EQ(getpgrp(), getpid());
		CHECK_EQ(write(ready[1], "", 1), 1);
		pause();
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	CHECK_EQ(getpgid(child), child);
	CHECK_ERRNO(setpgid(child, 99999), EPERM);
	CHECK_ERRNO(setpgid(child, -1), EINVAL);
	CHECK_ERRNO(setpgid(99999, 0), ESRCH);
	CHECK_ERRNO(getpgid(99999), ESRCH);
	CHECK_EQ(setpgid(child, getpgrp()), 0);
	CHECK_EQ(getpgid(child), getpgrp());
	kill(child, SIGKILL);
	CHECK_KILLED(child, SIGKILL);
}

TEST(sessions)
{
	pid_t child;

	CHECK_ERRNO(setsid(), EPERM); /* a group leader cannot */
	CHECK_ERRNO(getsid(99999), ESRCH);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(getsid(0), getsid(getppid()));
		CHECK_EQ(setsid(), getpid());
		CHECK_EQ(getsid(0), getpid());
		CHECK_EQ(getpgrp(), getpid());
		CHECK_ERRNO(setpgid(0, 0), EPERM); /* a session leader stays */
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(kill_group)
{
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		children[i] = must_fork();
		if (children[i] == 0) {
			for (;;) {
				pause();
			}
		}
		setpgid(children[i], children[0]);
	}
	CHECK_EQ(kill(-children[0], SIGTERM), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_KILLED(children[i], SIGTERM);
	}
	CHECK_ERRNO(kill(-children[0], SIGTERM), ESRCH);
}

TEST(kill_errors)
{
	CHECK_ERRNO(kill(99999, SIGTERM), ESRCH);
	CHECK_ERRNO(kill(getpid(), 65), EINVAL);
	CHECK_ERRNO(kill(getpid(), -1), EINVAL);
	CHECK_EQ(kill(getpid(), 0), 0);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 99999, SIGTERM), ESRCH);
	CHECK_ERRNO(syscall(SYS_tgkill, 0, 1, SIGTERM), EINVAL);
	CHECK_ERRNO(syscall(SYS_tkill, -1, SIGTERM), EINVAL);
}

TEST(fork_storm)
{
	for (int i = 0; i < 200; i++) {
		pid_t child = must_fork();

		if (child == 0) {
			_exit(i & 127);
		}
		CHECK_EXIT(child, i & 127);
	}
}
