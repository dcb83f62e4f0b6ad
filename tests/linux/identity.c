/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process is and may: users, groups, limits, names, usage. */
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

TEST(identities)
{
	uid_t r, e, s;
	pid_t child;

	CHECK_EQ(getuid(), 0);
	CHECK_EQ(getegid(), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(setresgid(5, 6, 7), 0);
		CHECK_EQ(setresuid(1000, 1001, 1000), 0);
		CHECK_EQ(getresuid(&r, &e, &s), 0);
		CHECK(r == 1000 && e == 1001 && s == 1000);
		CHECK_EQ(getgid(), 5);
		CHECK_EQ(getegid(), 6);
		CHECK_EQ(setuid(1000), 0);
		CHECK_ERRNO(setuid(0), EPERM);
		CHECK_ERRNO(kill(1, SIGTERM), EPERM);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(user_is_kept_out)
{
	pid_t child;
	int fd = open("secret", O_WRONLY | O_CREAT, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(chmod(".", 0755), 0);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(setgid(1000), 0);
		CHECK_EQ(setuid(1000), 0);
		CHECK_ERRNO(open("secret", O_RDONLY), EACCES);
		CHECK_ERRNO(open("new", O_WRONLY | O_CREAT, 0600), EACCES);
		CHECK_ERRNO(unlink("secret"), EACCES);
		CHECK_ERRNO(chmod("secret", 0777), EPERM);
		CHECK_ERRNO(chown("secret", 1000, 1000), EPERM);
		CHECK_ERRNO(access("secret", R_OK), EACCES);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
}

TEST(priorities)
{
	errno = 0;
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	CHECK_EQ(nice(5), 5);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
	CHECK_EQ(setpriority(PRIO_PROCESS, 0, 100), 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERRNO(getpriority(PRIO_PROCESS, 99999), ESRCH);
	CHECK_ERRNO(getpriority(99, 0), EINVAL);
}

TEST(names)
{
	char name[17] = "";

	CHECK_EQ(prctl(PR_SET_NAME, "a-name-of-process"), 0);
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK(strcmp(name, "a-name-of-proce") == 0); /* 15 bytes at the most */
	CHECK_ERRNO(prctl(9999, 0), EINVAL);
}

TEST(usage_of_children)
{
	struct rusage usage;
	int status;
	pid_t child = must_fork();

	if (child == 0) {
		uint64_t end = now_ms() + 60;
		unsigned char *p = map_pages(64);

		for (int i = 0; i < 64; i++) {
			p[i * PAGE] = 1;
		}
		while (now_ms() < end) {
		}
		_exit(0);
	}
	CHECK_EQ(wait4(child, &status, 0, &usage), child);
	CHECK(usage.ru_minflt >= 64);
	CHECK(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
		      usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >
	      10000);
	CHECK_EQ(getrusage(RUSAGE_CHILDREN, &usage), 0);
	CHECK(usage.ru_minflt >= 64);
	CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
	CHECK(usage.ru_minflt > 0);
	CHECK_ERRNO(getrusage(77, &usage), EINVAL);
}

TEST(limits)
{
	struct rlimit limit, old;
	int fds[8], count = 0;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = (struct rlimit){8, old.rlim_max};
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (count < 8 && (fds[count] = dup(0)) >= 0) {
		count++;
	}
	CHECK(count < 8);
	CHECK_EQ(errno, EMFILE);
	limit = (struct rlimit){9, 8};
	CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	CHECK_ERRNO(getrlimit((enum __rlimit_resource)99, &limit), EINVAL);
	CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
	CHECK(limit.rlim_cur == 8 << 20);
}

TEST(file_size_limit)
{
	struct rlimit limit = {1000, 1000};
	char buffer[600] = "";
	int fd = open("file", O_WRONLY | O_CREAT, 0644);

	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_EQ(write(fd, buffer, 600), 600);
	CHECK_EQ(write(fd, buffer, 600), 400);
	CHECK_ERRNO(write(fd, buffer, 600), EFBIG);
}

TEST(affinity)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK(CPU_COUNT(&set) >= 1);
	CHECK_EQ(CPU_COUNT(&set), sysconf(_SC_NPROCESSORS_ONLN));
	CHECK_EQ(sched_yield(), 0);
}

TEST(uname_fields)
{
	struct utsname name;

	CHECK_EQ(uname(&name), 0);
	CHECK(strcmp(name.machine, "riscv64") == 0);
	CHECK(strcmp(name.sysname, "Linux") == 0);
	CHECK(name.release[0] >= '4' && name.release[0] <= '9');
	CHECK_EQ(sethostname("some-host", 9), 0);
	CHECK_EQ(uname(&name), 0);
	CHECK(strcmp(name.nodename, "some-host") == 0);
	CHECK_EQ(sethostname("ravelin", 7), 0);
}

TEST(umask_and_directory_are_inherited)
{
	char here[256], there[256];
	pid_t child;

	CHECK_EQ(umask(027), 022);
	CHECK(getcwd(here, sizeof(here)) != NULL);
	child = must_fork();
	if (child == 0) {
		CHECK_EQ(umask(0), 027);
		CHECK(getcwd(there, sizeof(there)) != NULL && strcmp(here, there) == 0);
		CHECK_EQ(chdir("/"), 0);
		_exit(0);
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(umask(0), 027);
	CHECK(getcwd(there, sizeof(there)) != NULL && strcmp(here, there) == 0);
}
