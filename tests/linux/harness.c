/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() of a Linux-side test: runs each case in a child with a time limit, in
 * a directory that is removed afterwards.
 *
 * A case ends with 0, or has printed its FAIL line itself and ends with
 * FAILED_STATUS, or with SKIPPED_STATUS after its SKIP line. Anything else (a
 * signal, an unexpected exit) is reported by the parent.
 */
#include "tests/linux/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { FAILED_STATUS = 251, SKIPPED_STATUS = 250 };

extern const struct test_case __start_test_cases[], __stop_test_cases[];

static char program[64];
static const char *base = "/var/tmp";
static char self[256];
static char case_name[128];
static volatile sig_atomic_t is_late;

/* One write for each line: processes of a case share the console. */
__attribute__((format(printf, 1, 2))) static void print_line(const char *format, ...)
{
	char line[400];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (length > (int)sizeof(line) - 2) {
		length = (int)sizeof(line) - 2;
	}
	line[length] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)length + 1) < 0) {
		_exit(FAILED_STATUS);
	}
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char reason[300];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	if (strrchr(file, '/') != NULL) {
		file = strrchr(file, '/') + 1;
	}
	print_line("FAIL %s %s:%d: %s", case_name, file, line, reason);
	_exit(FAILED_STATUS);
}

void test_skip(const char *reason)
{
	print_line("SKIP %s %s", case_name, reason);
	_exit(SKIPPED_STATUS);
}

static int wait_for(const char *file, int line, pid_t child)
{
	int status = 0;
	pid_t got;

	do {
		got = waitpid(child, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got != child) {
		test_fail(file, line, "waitpid(%d) gave %d, errno %d", child, got, errno);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == FAILED_STATUS) {
		_exit(FAILED_STATUS);
	}
	return status;
}

void check_exit(const char *file, int line, pid_t child, int wanted)
{
	int status = wait_for(file, line, child);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted) {
		test_fail(file, line, "child's status is %#x, not exit %d", (unsigned int)status,
			  wanted);
	}
}

void check_killed(const char *file, int line, pid_t child, int number)
{
	int status = wait_for(file, line, child);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != number) {
		test_fail(file, line, "child's status is %#x, not signal %d", (unsigned int)status,
			  number);
	}
}

pid_t must_fork(void)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0) {
		FAIL("fork: errno %d", errno);
	}
	return child;
}

unsigned char *map_pages(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED) {
		FAIL("mmap of %zu pages: errno %d", pages, errno);
	}
	return p;
}

void *bad_pointer(void)
{
	return (void *)8;
}

void sleep_ms(unsigned int milliseconds)
{
	struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	while (nanosleep(&t, &t) != 0 && errno == EINTR) {
	}
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void wait_flag(const volatile int *flag, int value)
{
	uint64_t end = now_ms() + CASE_SECONDS * 1000;

	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) < value) {
		if (now_ms() > end) {
			FAIL("the other side did not answer");
		}
		sleep_ms(1);
	}
}

unsigned char pattern_byte(size_t index)
{
	return (unsigned char)((index * 31 + (index >> 8) * 7 + (index >> 16)) & 255);
}

void make_file(const char *name, size_t length)
{
	unsigned char buffer[PAGE];
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0) {
		FAIL("open %s: errno %d", name, errno);
	}
	for (size_t done = 0; done < length;) {
		size_t n = length - done < sizeof(buffer) ? length - done : sizeof(buffer);

		for (size_t i = 0; i < n; i++) {
			buffer[i] = pattern_byte(done + i);
		}
		if (write(fd, buffer, n) != (ssize_t)n) {
			FAIL("write %s: errno %d", name, errno);
		}
		done += n;
	}
	close(fd);
}

long proc_value(const char *file, const char *key)
{
	char line[256];
	long value = -1;
	FILE *f = fopen(file, "r");

	if (f == NULL) {
		FAIL("open %s: errno %d", file, errno);
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t length = strlen(key);

		if (strncmp(line, key, length) == 0 && strchr(": \t", line[length]) != NULL) {
			value = strtol(line + length + 1, NULL, 0);
			break;
		}
	}
	fclose(f);
	return value;
}

bool on_ravelin(void)
{
	return access("/proc/ravelin", F_OK) == 0;
}

const char *self_path(void)
{
	return self;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *position)
{
	(void)st;
	(void)type;
	(void)position;
	return remove(path);
}

static void on_alarm(int number)
{
	(void)number;
	is_late = 1;
}

static void run_here(const struct test_case *c)
{
	char directory[64];

	snprintf(case_name, sizeof(case_name), "%s.%s", program, c->name);
	snprintf(directory, sizeof(directory), "%s/test.%d", base, getpid());
	if (mkdir(directory, 0755) != 0 || chdir(directory) != 0) {
		FAIL("mkdir %s: errno %d", directory, errno);
	}
	c->run();
}

static void report(pid_t child, int status)
{
	if (is_late) {
		print_line("FAIL %s timeout after %d s", case_name, CASE_SECONDS);
	} else if (WIFSIGNALED(status)) {
		print_line("FAIL %s died of signal %d", case_name, WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 0) {
		print_line("PASS %s", case_name);
	} else if (WEXITSTATUS(status) != FAILED_STATUS && WEXITSTATUS(status) != SKIPPED_STATUS) {
		print_line("FAIL %s child %d exited with %d", case_name, child,
			   WEXITSTATUS(status));
	}
}

/* The case in a process group of its own, which is killed with it. */
static void run_forked(const struct test_case *c)
{
	struct sigaction action = {.sa_handler = on_alarm};
	char directory[64];
	int status = 0;
	pid_t child;

	snprintf(case_name, sizeof(case_name), "%s.%s", program, c->name);
	child = must_fork();
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGALRM, SIG_DFL);
		run_here(c);
		fflush(NULL);
		_exit(0);
	}
	is_late = 0;
	sigaction(SIGALRM, &action, NULL);
	alarm(CASE_SECONDS);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) {
			FAIL("waitpid: errno %d", errno);
		}
		if (is_late) {
			kill(child, SIGKILL);
		}
	}
	alarm(0);
	kill(-child, SIGKILL);
	report(child, status);
	snprintf(directory, sizeof(directory), "%s/test.%d", base, child);
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void use_tmpfs(void)
{
	base = "/mnt";
	strcat(program, "-tmpfs");
	if (mount("tmpfs", base, "tmpfs", 0, "size=32m") != 0) {
		print_line("FAIL %s mount tmpfs: errno %d", program, errno);
		_exit(FAILED_STATUS);
	}
}

static const char *left_out[8];

static bool is_wanted(const char *name, char **names)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (left_out[i] != NULL && strcmp(left_out[i], name) == 0) {
			return false;
		}
	}
	if (*names == NULL) {
		return true;
	}
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0) {
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	bool is_forking = true;
	bool is_tmpfs = false;
	size_t excluded = 0;
	int option;

	const char *name = strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];

	snprintf(program, sizeof(program) - 8, "%s",
		 name + (strncmp(name, "test-", 5) == 0 ? 5 : 0));
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		snprintf(self, sizeof(self), "/usr/lib/ravelin/tests/%s", program);
	}
	if (argc > 1 && argv[1][0] == '@') {
		return helper_main != NULL ? helper_main(argc, argv) : 2;
	}
	while ((option = getopt(argc, argv, "d:nx:")) != -1) {
		if (option == 'd' && strcmp(optarg, "tmpfs") == 0) {
			is_tmpfs = true;
		} else if (option == 'd') {
			base = optarg;
		} else if (option == 'n') {
			is_forking = false;
		} else if (option == 'x' && excluded < sizeof(left_out) / sizeof(left_out[0])) {
			left_out[excluded++] = optarg;
		} else {
			return 2;
		}
	}
	if (is_tmpfs) {
		use_tmpfs();
	}
	for (const struct test_case *c = __start_test_cases; c < __stop_test_cases; c++) {
		if (!is_wanted(c->name, argv + optind)) {
			continue;
		}
		if (is_forking) {
			run_forked(c);
		} else {
			run_here(c);
			print_line("PASS %s", case_name);
		}
	}
	if (is_tmpfs && umount(base) != 0) {
		print_line("FAIL %s umount: errno %d", program, errno);
	}
	return 0;
}
