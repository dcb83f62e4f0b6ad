/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything used up: memory, mappings, processes, descriptors, pipes, a disk
 * and a tmpfs. The one who asks for too much gets an error or is killed; then
 * a new program starts, and what was free before is free again.
 *
 * To be run on a machine with little memory, and a disk with little room (see
 * small-disk.sh). Loops have bounds, for machines that are larger.
 */
#include "tests/linux/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	MEMORY_MAX = 1 << 30,  /* bytes that a test asks for at most */
	LEAK_KB = 1024,	       /* what may be missing afterwards: caches of servers */
	LINUX_LEAK_KB = 16384, /* its caches grow as they please */
	RETURN_MS = 5000,
	MAPPINGS = 15000,
	ENOUGH_STATUS = 7 /* of a child that got its error */
};

static void check_program_starts(void)
{
	pid_t child = must_fork();

	if (child == 0) {
		execl("/bin/busybox", "busybox", "sh", "-c",
		      "/bin/busybox ls / | /bin/busybox grep -q bin", (char *)NULL);
		_exit(1);
	}
	CHECK_EXIT(child, 0);
}

static long available_kb(void)
{
	return proc_value("/proc/meminfo", "MemAvailable");
}

/* Pages of the dead come back in a while, not at once. */
static void check_memory_returns(long before)
{
	uint64_t end = now_ms() + RETURN_MS;
	long now, leak = on_ravelin() ? LEAK_KB : LINUX_LEAK_KB;

	while ((now = available_kb()) < before - leak) {
		if (now_ms() > end) {
			FAIL("%ld KiB were available, now %ld", before, now);
		}
		sleep_ms(50);
	}
	check_program_starts();
}

/* Linux's killer of processes should take the child, not the test. */
static void offer_oneself(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0 && write(fd, "1000", 4) == 4) {
		close(fd);
	}
}

/* Ended by its own decision after an error, or killed. */
static void check_ended(pid_t child)
{
	int status;

	CHECK_EQ(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status)) {
		CHECK(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS ||
		      WTERMSIG(status) == SIGSEGV);
	} else {
		CHECK_EQ(WEXITSTATUS(status), ENOUGH_STATUS);
	}
	printf("%s %d\n", WIFSIGNALED(status) ? "killed by" : "exit",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void touch_until_end(int flags)
{
	size_t step = 1 << 20;

	for (size_t have = 0; have < MEMORY_MAX; have += step) {
		unsigned char *p = mmap(NULL, step, PROT_READ | PROT_WRITE, flags, -1, 0);

		if (p == MAP_FAILED) {
			_exit(errno == ENOMEM ? ENOUGH_STATUS : 1);
		}
		for (size_t at = 0; at < step; at += PAGE) {
			p[at] = 1;
		}
	}
	_exit(ENOUGH_STATUS);
}

static void run_hog(int flags)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		offer_oneself();
		touch_until_end(flags);
	}
	check_ended(child);
	check_memory_returns(before);
}

TEST(private_memory)
{
	run_hog(MAP_PRIVATE | MAP_ANONYMOUS);
}

TEST(shared_memory)
{
	run_hog(MAP_SHARED | MAP_ANONYMOUS);
}

TEST(populated_memory)
{
	run_hog(MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
}

TEST(heap)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		offer_oneself();
		for (size_t have = 0; have < MEMORY_MAX; have += 1 << 16) {
			unsigned char *p = sbrk(1 << 16);

			if (p == (void *)-1) {
				_exit(errno == ENOMEM ? ENOUGH_STATUS : 1);
			}
			memset(p, 1, 1 << 16);
		}
		_exit(ENOUGH_STATUS);
	}
	check_ended(child);
	check_memory_returns(before);
}

static int recurse(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth == 0 ? 0 : recurse(depth - 1) + frame[0];
}

TEST(stack)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		_exit(recurse(1 << 20) == 0 ? 0 : 1);
	}
	CHECK_KILLED(child, SIGSEGV);
	check_memory_returns(before);
}

/* Copies made by writing, in several processes at once. */
TEST(copies)
{
	enum { PAGES = 2048, CHILDREN = 12 };
	long before = available_kb();
	pid_t family = must_fork();

	if (family == 0) {
		pid_t children[CHILDREN];
		unsigned char *p = map_pages(PAGES);

		offer_oneself();
		for (size_t i = 0; i < PAGES; i++) {
			p[i * PAGE] = 1;
		}
		for (int i = 0; i < CHILDREN; i++) {
			children[i] = fork();
			if (children[i] == 0) {
				for (size_t j = 0; j < PAGES; j++) {
					p[j * PAGE] = 2;
				}
				sleep_ms(300);
				_exit(0);
			}
		}
		for (int i = 0; i < CHILDREN; i++) {
			if (children[i] > 0) {
				waitpid(children[i], NULL, 0);
			}
		}
		_exit(ENOUGH_STATUS);
	}
	check_ended(family);
	check_memory_returns(before);
}

TEST(mappings)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		offer_oneself();
		for (int i = 0; i < MAPPINGS; i++) {
			int rights = i % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;

			if (mmap(NULL, PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			    MAP_FAILED) {
				_exit(errno == ENOMEM ? ENOUGH_STATUS : 1);
			}
		}
		_exit(ENOUGH_STATUS);
	}
	check_ended(child);
	check_memory_returns(before);
}

/* Processes until there are no more; they wait for the end of a pipe. */
TEST(processes)
{
	enum { MOST = 1500 };
	long before = available_kb();
	pid_t family = must_fork();

	if (family == 0) {
		int gate[2], count = 0;
		char byte;

		offer_oneself();
		CHECK_EQ(pipe(gate), 0);
		while (count < MOST) {
			pid_t child = fork();

			if (child == 0) {
				close(gate[1]);
				_exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
			}
			if (child < 0) {
				CHECK(errno == EAGAIN || errno == ENOMEM);
				break;
			}
			count++;
		}
		printf("%d processes\n", count);
		fflush(stdout);
		CHECK(count > 10);
		close(gate[1]);
		while (wait(NULL) > 0) {
		}
		_exit(ENOUGH_STATUS);
	}
	check_ended(family);
	check_memory_returns(before);
}

static int park(void *unused)
{
	(void)unused;
	pause();
	return 0;
}

TEST(threads)
{
	enum { MOST = 1500 };
	long before = available_kb();
	pid_t family = must_fork();

	if (family == 0) {
		int count = 0;

		offer_oneself();
		while (count < MOST) {
			unsigned char *stack = map_pages(4);

			if (clone(park, stack + 4 * PAGE,
				  CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES,
				  NULL) < 0) {
				CHECK(errno == EAGAIN || errno == ENOMEM);
				break;
			}
			count++;
		}
		printf("%d threads\n", count);
		fflush(stdout);
		CHECK(count > 10);
		_exit(ENOUGH_STATUS);
	}
	check_ended(family);
	check_memory_returns(before);
}

static void raise_descriptors(void)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(descriptors)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		offer_oneself();
		raise_descriptors();
		for (int i = 0; i < 20000; i++) {
			if (dup(0) < 0) {
				_exit(errno == EMFILE || errno == ENOMEM ? ENOUGH_STATUS : 1);
			}
		}
		_exit(ENOUGH_STATUS);
	}
	CHECK_EXIT(child, ENOUGH_STATUS);
	check_memory_returns(before);
}

/* Pipes that are full to the brim. */
TEST(pipes)
{
	long before = available_kb();
	pid_t child = must_fork();

	if (child == 0) {
		static char buffer[65536];
		int pair[2], count = 0;

		offer_oneself();
		raise_descriptors();
		while (count < 4000 && pipe2(pair, O_NONBLOCK) == 0) {
			while (write(pair[1], buffer, sizeof(buffer)) > 0) {
			}
			CHECK(errno == EAGAIN || errno == ENOMEM);
			count++;
		}
		CHECK(count == 4000 || errno == EMFILE || errno == ENFILE || errno == ENOMEM);
		printf("%d pipes\n", count);
		fflush(stdout);
		_exit(ENOUGH_STATUS);
	}
	check_ended(child);
	check_memory_returns(before);
}

/* Write files of `size` until there is no room; returns how many were whole. */
static int fill(const char *prefix, size_t size, int most)
{
	static char buffer[65536];
	char name[32];

	for (int i = 0; i < most; i++) {
		int fd;

		snprintf(name, sizeof(name), "%s%d", prefix, i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0) {
			CHECK(errno == ENOSPC || errno == ENOMEM);
			return i;
		}
		for (size_t at = 0; at < size;) {
			ssize_t n = write(fd, buffer,
					  size - at < sizeof(buffer) ? size - at : sizeof(buffer));

			if (n <= 0) {
				CHECK(errno == ENOSPC);
				close(fd);
				return i;
			}
			at += (size_t)n;
		}
		if (fsync(fd) != 0) {
			CHECK(errno == ENOSPC);
			close(fd);
			return i;
		}
		close(fd);
	}
	return most;
}

static void remove_all(const char *prefix)
{
	DIR *directory = opendir(".");
	struct dirent *entry;

	CHECK(directory != NULL);
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
			CHECK_EQ(unlink(entry->d_name), 0);
			rewinddir(directory);
		}
	}
	closedir(directory);
}

static void use_up_disk(size_t size, int most)
{
	int files = fill("full", size, most);

	printf("%d files of %zu bytes\n", files, size);
	fflush(stdout);
	if (files == most) {
		remove_all("full");
		test_skip("the disk is too large");
	}
	/* Nothing more fits; what is there can be read; after removal there is room again. */
	fill("more", PAGE, 100);
	CHECK_EQ(access("full0", R_OK), 0);
	check_program_starts();
	remove_all("full");
	remove_all("more");
	sync();
	CHECK_EQ(fill("again", PAGE, 10), 10);
	remove_all("again");
}

TEST(disk)
{
	use_up_disk(1 << 20, 64);
}

TEST(directories_on_full_disk)
{
	static char buffer[65536];
	int fd = open("full", O_WRONLY | O_CREAT, 0644), made = 0;
	char name[32];
	size_t length = 0;

	while (length < 64 << 20) {
		ssize_t n = write(fd, buffer, sizeof(buffer));

		if (n <= 0) {
			CHECK(errno == ENOSPC);
			break;
		}
		length += (size_t)n;
	}
	if (fsync(fd) != 0) {
		CHECK(errno == ENOSPC);
	}
	CHECK_EQ(close(fd), 0);
	if (length >= 64 << 20) {
		test_skip("the disk is too large");
	}
	for (; made < 200; made++) {
		snprintf(name, sizeof(name), "directory%d", made);
		if (mkdir(name, 0755) != 0) {
			CHECK(errno == ENOSPC);
			break;
		}
	}
	printf("%zu bytes, then %d directories\n", length, made);
	for (int i = 0; i < made; i++) {
		snprintf(name, sizeof(name), "directory%d", i);
		CHECK_EQ(rmdir(name), 0);
	}
	CHECK_EQ(unlink("full"), 0);
	CHECK_EQ(mkdir("directory", 0755), 0);
	check_program_starts();
}

TEST(tmpfs)
{
	long before = available_kb();

	CHECK_EQ(mkdir("t", 0755), 0);
	CHECK_EQ(mount("tmpfs", "t", "tmpfs", 0, "size=2m"), 0);
	CHECK_EQ(chdir("t"), 0);
	CHECK_EQ(fill("full", 1 << 18, 100) < 9, true);
	fill("more", PAGE, 100);
	remove_all("full");
	remove_all("more");
	CHECK_EQ(fill("again", PAGE, 10), 10);
	CHECK_EQ(chdir(".."), 0);
	CHECK_EQ(umount("t"), 0);
	check_memory_returns(before);
}
