/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First process of a test boot: runs the programs named in its arguments one
 * after the other, reports each, and powers off.
 *
 *	testinit [-t SECONDS] PROGRAM[:ARGUMENT...]...
 *
 * A program without a slash is one of usr/lib/ravelin/tests. It may print PASS
 * and FAIL lines of its own; its exit status counts as one more test. A program
 * that does not end in time (default 30 s) is killed with its process group.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 32 };

static volatile sig_atomic_t is_late;

static void on_alarm(int number)
{
	(void)number;
	is_late = 1;
}

/* Ravelin has these from the start; on Linux they have to be mounted. */
static void mount_missing(void)
{
	struct stat st;

	if (stat("/proc/self", &st) != 0) {
		mount("proc", "/proc", "proc", 0, NULL);
	}
	if (stat("/dev/null", &st) != 0) {
		mount("dev", "/dev", "devtmpfs", 0, NULL);
	}
}

static void start(char *words)
{
	static char path[256];
	char *arguments[MAX_ARGUMENTS + 1];
	int count = 0;

	for (char *word = strtok(words, ":"); word != NULL && count < MAX_ARGUMENTS;
	     word = strtok(NULL, ":")) {
		arguments[count++] = word;
	}
	arguments[count] = NULL;
	if (count == 0) {
		_exit(127);
	}
	snprintf(path, sizeof(path), "%s%s",
		 strchr(arguments[0], '/') != NULL ? "" : "/usr/lib/ravelin/tests/", arguments[0]);
	setpgid(0, 0);
	execv(path, arguments);
	printf("testinit: %s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(127);
}

static void run(const char *program, unsigned int seconds)
{
	char words[256];
	int status = 0;
	pid_t child;

	snprintf(words, sizeof(words), "%s", program);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		start(words);
	}
	words[strcspn(words, ":")] = '\0';
	if (child < 0) {
		printf("FAIL %s fork: %s\n", words, strerror(errno));
		return;
	}
	is_late = 0;
	alarm(seconds);
	for (;;) {
		pid_t ended = waitpid(-1, &status, 0);

		if (ended == child) {
			break;
		}
		if (ended < 0 && is_late) {
			kill(-child, SIGKILL);
			kill(child, SIGKILL);
		} else if (ended < 0 && errno == ECHILD) {
			printf("FAIL %s is gone without a status\n", words);
			return;
		}
	}
	alarm(0);
	if (is_late) {
		printf("FAIL %s did not end in %u s\n", words, seconds);
	} else if (WIFSIGNALED(status)) {
		printf("FAIL %s died of signal %d\n", words, WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 77) {
		printf("SKIP %s does not apply\n", words);
	} else if (WEXITSTATUS(status) != 0) {
		printf("FAIL %s exit status %d\n", words, WEXITSTATUS(status));
	} else {
		printf("PASS %s\n", words);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_alarm};
	unsigned int seconds = 30;
	int first = 1;

	mount_missing();
	sigaction(SIGALRM, &action, NULL);
	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		seconds = (unsigned int)atoi(argv[2]);
		first = 3;
	}
	for (int i = first; i < argc; i++) {
		run(argv[i], seconds);
	}
	sync();
	printf("DONE\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
