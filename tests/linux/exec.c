/* SPDX-License-Identifier: BSD-2-Clause */
/* execve: arguments, what is kept and what is not, scripts, bad files. */
#include "tests/linux/harness.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

/*
 * The program executes itself with these:
 *	@args A B...   is each argument what it was given as? status 0
 *	@fds CLOSED OPEN   is the one closed and the other open?
 *	@signals       is USR1 default, USR2 ignored, HUP blocked?
 *	@pid N         is our process number N?
 *	@count N       are there N arguments of 100 bytes behind this?
 *	@environment   does A hold 1, and nothing else exist?
 *	@aux           is the auxiliary vector right?
 */
static int helper_signals(void)
{
	struct sigaction usr1, usr2;
	sigset_t set;

	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	sigprocmask(SIG_BLOCK, NULL, &set);
	return !(usr1.sa_handler == SIG_DFL && usr2.sa_handler == SIG_IGN &&
		 sigismember(&set, SIGHUP) && !sigismember(&set, SIGUSR1));
}

static int helper_auxiliary(void)
{
	const Elf64_Ehdr *header;
	unsigned char *random = (unsigned char *)getauxval(AT_RANDOM);
	int sum = 0;

	for (int i = 0; i < 16; i++) {
		sum |= random[i];
	}
	if (getauxval(AT_PAGESZ) != PAGE || getauxval(AT_PHENT) != sizeof(Elf64_Phdr) ||
	    getauxval(AT_PHNUM) == 0 || sum == 0 || getauxval(AT_UID) != 0 ||
	    getauxval(AT_SECURE) != 0 || getauxval(AT_CLKTCK) != 100) {
		return 1;
	}
	header = (const Elf64_Ehdr *)(getauxval(AT_PHDR) & ~(unsigned long)(PAGE - 1));
	return memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	       header->e_entry != getauxval(AT_ENTRY);
}

int helper_main(int argc, char **argv)
{
	if (strcmp(argv[1], "@args") == 0) {
		return !(argc == 6 && strcmp(argv[2], "one") == 0 && strcmp(argv[3], "") == 0 &&
			 strcmp(argv[4], "two words") == 0 && strcmp(argv[5], "\xff\x01") == 0 &&
			 argv[6] == NULL);
	}
	if (strcmp(argv[1], "@fds") == 0) {
		return !(fcntl(atoi(argv[2]), F_GETFD) == -1 && fcntl(atoi(argv[3]), F_GETFD) == 0);
	}
	if (strcmp(argv[1], "@signals") == 0) {
		return helper_signals();
	}
	if (strcmp(argv[1], "@pid") == 0) {
		return getpid() != atoi(argv[2]);
	}
	if (strcmp(argv[1], "@count") == 0) {
		for (int i = 3; i < argc; i++) {
			if (strlen(argv[i]) != 100 || argv[i][99] != 'x') {
				return 1;
			}
		}
		return argc - 3 != atoi(argv[2]);
	}
	if (strcmp(argv[1], "@environment") == 0) {
		return !(environ[0] != NULL && strcmp(environ[0], "A=1") == 0 &&
			 environ[1] == NULL);
	}
	if (strcmp(argv[1], "@aux") == 0) {
		return helper_auxiliary();
	}
	return 2;
}

static void write_file(const char *name, const void *bytes, size_t length, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, bytes, length), length);
	CHECK_EQ(fchmod(fd, mode), 0);
	CHECK_EQ(close(fd), 0);
}

static void run_self(int status, const char *word, const char *a, const char *b)
{
	pid_t child = must_fork();

	if (child == 0) {
		execl(self_path(), "exec", word, a, b, (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, status);
}

TEST(arguments)
{
	pid_t child = must_fork();

	if (child == 0) {
		execl(self_path(), "exec", "@args", "one", "", "two words", "\xff\x01",
		      (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 0);
}

TEST(environment)
{
	char *arguments[] = {"exec", "@environment", NULL};
	char *variables[] = {"A=1", NULL};
	pid_t child = must_fork();

	if (child == 0) {
		execve(self_path(), arguments, variables);
		_exit(127);
	}
	CHECK_EXIT(child, 0);
}

TEST(auxiliary_vector)
{
	run_self(0, "@aux", NULL, NULL);
}

static pid_t start_with(int count)
{
	static char word[101];
	char **arguments = calloc((size_t)count + 4, sizeof(char *));
	char number[16];
	pid_t child;

	memset(word, 'x', 100);
	snprintf(number, sizeof(number), "%d", count);
	arguments[0] = "exec";
	arguments[1] = "@count";
	arguments[2] = number;
	for (int i = 0; i < count; i++) {
		arguments[i + 3] = word;
	}
	child = must_fork();
	if (child == 0) {
		execv(self_path(), arguments);
		_exit(errno == E2BIG ? 7 : 8);
	}
	free(arguments);
	return child;
}

TEST(many_arguments)
{
	CHECK_EXIT(start_with(1000), 0);
}

TEST(too_many_arguments)
{
	CHECK_EXIT(start_with(100000), 7); /* more than a quarter of the stack */
}

TEST(too_long_argument)
{
	char *word = malloc(140000);
	char *arguments[] = {"exec", "@args", word, NULL};

	memset(word, 'x', 139999);
	word[139999] = '\0';
	CHECK_ERRNO(execv(self_path(), arguments), E2BIG);
}

TEST(descriptors)
{
	char closed[16], open_one[16];
	int a = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int b = open("/dev/null", O_RDONLY);

	snprintf(closed, sizeof(closed), "%d", a);
	snprintf(open_one, sizeof(open_one), "%d", b);
	run_self(0, "@fds", closed, open_one);
	CHECK_EQ(fcntl(a, F_SETFD, 0), 0);
	CHECK_EQ(fcntl(b, F_SETFD, FD_CLOEXEC), 0);
	run_self(0, "@fds", open_one, closed);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(signals)
{
	sigset_t set;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run_self(0, "@signals", NULL, NULL);
}

TEST(process_number_is_kept)
{
	char number[16];
	pid_t child = must_fork();

	if (child == 0) {
		snprintf(number, sizeof(number), "%d", getpid());
		execl(self_path(), "exec", "@pid", number, (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 0);
}

static void *exec_from_thread(void *argument)
{
	execl(self_path(), "exec", "@pid", (char *)argument, (char *)NULL);
	_exit(127);
}

static void *sleep_long(void *argument)
{
	for (;;) {
		sleep(10);
	}
	return argument;
}

TEST(thread_becomes_process)
{
	static char number[16];
	pthread_t one, two;
	pid_t child = must_fork();

	if (child == 0) {
		snprintf(number, sizeof(number), "%d", getpid());
		pthread_create(&one, NULL, sleep_long, NULL);
		pthread_create(&two, NULL, exec_from_thread, number);
		pause();
	}
	CHECK_EXIT(child, 0);
}

TEST(script)
{
	static const char text[] = "#!/bin/sh\ntest \"$1\" = a && test \"$2\" = 'b c' && exit 12\n";
	pid_t child;

	write_file("script", text, sizeof(text) - 1, 0755);
	child = must_fork();
	if (child == 0) {
		execl("./script", "other-name", "a", "b c", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 12);
}

TEST(script_with_option)
{
	/* All words behind the interpreter are one argument. */
	static const char text[] = "#! /bin/busybox sh\necho $0 $1 >out\nexit 13\n";
	char line[64] = "";
	pid_t child;
	FILE *f;

	write_file("script", text, sizeof(text) - 1, 0755);
	child = must_fork();
	if (child == 0) {
		execl("./script", "x", "word", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 13);
	f = fopen("out", "r");
	CHECK(f != NULL && fgets(line, sizeof(line), f) != NULL);
	CHECK(strcmp(line, "./script word\n") == 0);
}

TEST(script_of_script)
{
	static const char inner[] = "#!/bin/sh\ntest $# = 1 && exit 14\n";
	char outer[300];
	char here[200];
	pid_t child;

	CHECK(getcwd(here, sizeof(here)) != NULL);
	write_file("inner", inner, sizeof(inner) - 1, 0755);
	snprintf(outer, sizeof(outer), "#!%s/inner\n", here);
	write_file("outer", outer, strlen(outer), 0755);
	child = must_fork();
	if (child == 0) {
		execl("./outer", "outer", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 14);
}

TEST(script_interpreter_errors)
{
	static const char missing[] = "#!/no/such/file\n";
	char here[200], loop[300];

	CHECK(getcwd(here, sizeof(here)) != NULL);
	write_file("missing", missing, sizeof(missing) - 1, 0755);
	CHECK_ERRNO(execl("./missing", "missing", (char *)NULL), ENOENT);
	snprintf(loop, sizeof(loop), "#!%s/loop\n", here);
	write_file("loop", loop, strlen(loop), 0755);
	CHECK_ERRNO(execl("./loop", "loop", (char *)NULL), ELOOP);
	write_file("empty", "#!\n", 3, 0755);
	CHECK_ERRNO(execl("./empty", "empty", (char *)NULL), ENOEXEC);
}

TEST(path_errors)
{
	char name[5000];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_ERRNO(execl("/no/such", "x", (char *)NULL), ENOENT);
	CHECK_ERRNO(execl("", "x", (char *)NULL), ENOENT);
	CHECK_ERRNO(execl("/bin", "x", (char *)NULL), EACCES);
	CHECK_ERRNO(execl("/dev/null", "x", (char *)NULL), EACCES);
	CHECK_ERRNO(execl("/bin/busybox/x", "x", (char *)NULL), ENOTDIR);
	CHECK_ERRNO(execl(name, "x", (char *)NULL), ENAMETOOLONG);
	write_file("plain", "hello", 5, 0644);
	CHECK_ERRNO(execl("./plain", "x", (char *)NULL), EACCES);
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_ERRNO(execl("./loop", "x", (char *)NULL), ELOOP);
	CHECK_ERRNO(execl(bad_pointer(), "x", (char *)NULL), EFAULT);
	CHECK_ERRNO(execv("/bin/busybox", bad_pointer()), EFAULT);
}

TEST(symbolic_link)
{
	pid_t child;

	CHECK_EQ(symlink("/bin/busybox", "sh"), 0);
	child = must_fork();
	if (child == 0) {
		execl("./sh", "sh", "-c", "exit 15", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 15);
}

/* The start of this program, to be spoilt. */
static size_t own_start(unsigned char *bytes, size_t size)
{
	int fd = open(self_path(), O_RDONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, bytes, size);
	CHECK_EQ(n, size);
	close(fd);
	return (size_t)n;
}

static void expect_refused(const void *bytes, size_t length, int error)
{
	write_file("bad", bytes, length, 0755);
	CHECK_ERRNO(execl("./bad", "bad", (char *)NULL), error);
	CHECK_EQ(unlink("bad"), 0);
}

TEST(bad_elf_headers)
{
	static unsigned char bytes[64 * 1024];
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Ehdr good;

	own_start(bytes, sizeof(bytes));
	good = *header;
	expect_refused("", 0, ENOEXEC);
	expect_refused("\x7f"
		       "ELF",
		       4, ENOEXEC);
	expect_refused(bytes, 40, ENOEXEC);
	header->e_machine = EM_X86_64;
	expect_refused(bytes, sizeof(bytes), ENOEXEC);
	*header = good;
	header->e_type = ET_REL;
	expect_refused(bytes, sizeof(bytes), ENOEXEC);
	*header = good;
	header->e_ident[0] = 0;
	expect_refused(bytes, sizeof(bytes), ENOEXEC);
	*header = good;
	header->e_phentsize = 32;
	expect_refused(bytes, sizeof(bytes), ENOEXEC);
	*header = good;
	header->e_phnum = 0;
	expect_refused(bytes, sizeof(bytes), ENOEXEC);
}

TEST(missing_program_interpreter)
{
	static unsigned char bytes[64 * 1024];
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *segment = (Elf64_Phdr *)(bytes + sizeof(*header));
	static const char path[] = "/no/such/loader";

	own_start(bytes, sizeof(bytes));
	memcpy(bytes + 60 * 1024, path, sizeof(path));
	/* Some segment that is not loaded makes room. */
	for (int i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type != PT_LOAD) {
			segment[i] = (Elf64_Phdr){.p_type = PT_INTERP,
						  .p_offset = 60 * 1024,
						  .p_filesz = sizeof(path),
						  .p_memsz = sizeof(path)};
			break;
		}
	}
	expect_refused(bytes, sizeof(bytes), ENOENT);
}

TEST(running_program_is_busy)
{
	int fd;

	CHECK_ERRNO(open(self_path(), O_WRONLY), ETXTBSY);
	write_file("script", "#!/bin/sh\n", 10, 0755);
	fd = open("script", O_WRONLY);
	CHECK(fd >= 0);
	CHECK_ERRNO(execl("./script", "x", (char *)NULL), ETXTBSY);
}

TEST(by_descriptor)
{
	char *arguments[] = {"sh", "-c", "exit 16", NULL};
	char *variables[] = {NULL};
	int fd = open("/bin/busybox", O_RDONLY);
	pid_t child = must_fork();

	if (child == 0) {
		fexecve(fd, arguments, variables);
		_exit(127);
	}
	CHECK_EXIT(child, 16);
}

TEST(name_in_proc)
{
	char line[64] = "";
	pid_t child;
	FILE *f;

	child = must_fork();
	if (child == 0) {
		execl("/bin/busybox", "sh", "-c", "cat /proc/$$/comm >out; exit 0", (char *)NULL);
		_exit(127);
	}
	CHECK_EXIT(child, 0);
	f = fopen("out", "r");
	CHECK(f != NULL && fgets(line, sizeof(line), f) != NULL);
	CHECK(strcmp(line, "busybox\n") == 0);
}
