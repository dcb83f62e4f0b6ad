/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an emulator and judges what it prints on its console.
 *
 *	boot [-t SECONDS] [-l LOG] [-i SCRIPT] [-v] -- COMMAND...
 *
 * The guest reports with whole lines:
 *
 *	PASS name            a test passed
 *	FAIL name reason     a test failed
 *	SKIP name reason     a test does not apply here
 *	bench name value unit n
 *	DONE                 all tests have run; the guest powers off now
 *
 * PASS, FAIL and SKIP lines are passed on with the seconds since the line
 * before as second word; bench lines as they are. The last line of output is
 * "END ok" or "END reason": the boot itself is at fault when it prints a line
 * with PANIC, runs into the timeout, ends without DONE, or says DONE and does
 * not power off.
 *
 * With a script the console is driven like a person would. Its lines:
 *
 *	send TEXT            types TEXT; \r \n \t \e \\ \xNN are understood
 *	expect TEXT          waits until TEXT appears after the last match
 *	pause SECONDS        goes on reading meanwhile
 *	timeout SECONDS      for the expects that follow (default 20)
 *	pass NAME            reports PASS NAME
 *
 * and DONE is not asked for: the script is over, then the guest must power off.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_SECONDS = 10, PANIC_SECONDS = 1, LINE_MAX_BYTES = 1024, STREAM_MAX = 1 << 20 };

static double started;	   /* seconds, monotonic */
static double deadline;	   /* of the whole boot */
static double last_report; /* when the previous result line came */

static int to_guest = -1;
static int from_guest = -1;
static pid_t guest = -1;
static FILE *log_file;
static bool is_verbose;

static bool is_done;   /* the guest said DONE */
static bool is_closed; /* the guest's console reached its end */
static char verdict[LINE_MAX_BYTES];

/* The current line, and for scripts what came since the last match. */
static char line[LINE_MAX_BYTES];
static size_t line_length;
static char stream[STREAM_MAX + 1];
static size_t stream_length;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Only the first reason counts: later ones follow from it. */
__attribute__((format(printf, 1, 2))) static void set_verdict(const char *format, ...)
{
	va_list arguments;

	if (verdict[0] != '\0') {
		return;
	}
	va_start(arguments, format);
	vsnprintf(verdict, sizeof(verdict), format, arguments);
	va_end(arguments);
}

static void shorten_deadline(double seconds)
{
	if (now() + seconds < deadline) {
		deadline = now() + seconds;
	}
}

static void report(const char *kind, const char *rest)
{
	double t = now();

	printf("%s %.1f %s\n", kind, t - last_report, rest);
	last_report = t;
}

static void take_line(void)
{
	line[line_length] = '\0';
	line_length = 0;
	if (strncmp(line, "PASS ", 5) == 0 || strncmp(line, "FAIL ", 5) == 0 ||
	    strncmp(line, "SKIP ", 5) == 0) {
		line[4] = '\0';
		report(line, line + 5);
	} else if (strncmp(line, "bench ", 6) == 0) {
		puts(line);
	} else if (strcmp(line, "DONE") == 0) {
		is_done = true;
		shorten_deadline(GRACE_SECONDS);
	} else if (strstr(line, "PANIC") != NULL) {
		set_verdict("panic: %s", line);
		shorten_deadline(PANIC_SECONDS); /* for the rest of the message */
	}
	fflush(stdout);
}

static void take_byte(char byte)
{
	if (stream_length == STREAM_MAX) {
		memmove(stream, stream + STREAM_MAX / 2, STREAM_MAX / 2);
		stream_length = STREAM_MAX / 2;
	}
	/* A zero byte would hide what follows from strstr. */
	stream[stream_length++] = byte == '\0' ? '?' : byte;
	stream[stream_length] = '\0';

	if (byte == '\n') {
		take_line();
	} else if (byte != '\r' && line_length < LINE_MAX_BYTES - 1) {
		line[line_length++] = byte;
	}
}

/* Reads the console until something came, or the time is up. */
static void read_console(double until)
{
	char buffer[4096];
	struct pollfd poll_fd = {.fd = from_guest, .events = POLLIN};
	double left = (until < deadline ? until : deadline) - now();
	ssize_t n;

	if (left <= 0 || poll(&poll_fd, 1, (int)(left * 1000) + 1) <= 0) {
		return;
	}
	n = read(from_guest, buffer, sizeof(buffer));
	if (n < 0 && errno == EINTR) {
		return;
	}
	if (n <= 0) {
		is_closed = true;
		return;
	}
	fwrite(buffer, 1, (size_t)n, log_file);
	fflush(log_file);
	if (is_verbose) {
		fwrite(buffer, 1, (size_t)n, stderr);
	}
	for (ssize_t i = 0; i < n; i++) {
		take_byte(buffer[i]);
	}
}

static bool expect(const char *text, double seconds)
{
	double until = now() + seconds;
	char *match;

	while ((match = strstr(stream, text)) == NULL) {
		if (is_closed || now() >= until || now() >= deadline) {
			return false;
		}
		read_console(until);
	}
	match += strlen(text);
	stream_length -= (size_t)(match - stream);
	memmove(stream, match, stream_length + 1);
	return true;
}

static char escaped(const char **p)
{
	char hex[3] = "";
	char c = *++*p;

	switch (c) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'e':
		return '\033';
	case 'x':
		for (int i = 0; i < 2 && (*p)[1] != '\0'; i++) {
			hex[i] = *++*p;
		}
		return (char)strtol(hex, NULL, 16);
	case '\0':
		--*p;
		return '\\';
	default:
		return c;
	}
}

static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p != '\0'; p++) {
		*out++ = *p == '\\' ? escaped(&p) : *p;
	}
	*out = '\0';
}

/* Byte by byte with a pause, as an emulated UART has a short FIFO. */
static void type(const char *text)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (; *text != '\0'; text++) {
		if (write(to_guest, text, 1) != 1) {
			set_verdict("the console takes no input");
			return;
		}
		nanosleep(&pause, NULL);
	}
}

static void pause_for(double seconds)
{
	double until = now() + seconds;

	while (!is_closed && now() < until && now() < deadline) {
		read_console(until);
	}
}

static void play(const char *name)
{
	char command[LINE_MAX_BYTES];
	double seconds = 20;
	int number = 0;
	FILE *script = fopen(name, "r");

	if (script == NULL) {
		set_verdict("no script %s", name);
		return;
	}
	while (verdict[0] == '\0' && fgets(command, sizeof(command), script) != NULL) {
		char *text = strchr(command, ' ');

		number++;
		command[strcspn(command, "\n")] = '\0';
		if (command[0] == '#' || command[0] == '\0') {
			continue;
		}
		if (text != NULL) {
			*text++ = '\0';
		} else {
			text = command + strlen(command);
		}
		if (strcmp(command, "pass") == 0) {
			report("PASS", text);
			fflush(stdout);
			continue;
		}
		unescape(text);
		if (strcmp(command, "send") == 0) {
			type(text);
		} else if (strcmp(command, "expect") == 0) {
			if (!expect(text, seconds)) {
				set_verdict("line %d of %s: '%s' did not appear", number, name,
					    text);
			}
		} else if (strcmp(command, "pause") == 0) {
			pause_for(atof(text));
		} else if (strcmp(command, "timeout") == 0) {
			seconds = atof(text);
		} else {
			set_verdict("line %d of %s: unknown command", number, name);
		}
	}
	fclose(script);
	is_done = true;
	shorten_deadline(verdict[0] == '\0' ? GRACE_SECONDS : PANIC_SECONDS);
}

static void start_guest(char **command)
{
	int in[2];
	int out[2];

	if (pipe(in) != 0 || pipe(out) != 0) {
		perror("boot: pipe");
		exit(2);
	}
	guest = fork();
	if (guest == 0) {
		setpgid(0, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(in[0]);
		close(in[1]);
		close(out[0]);
		close(out[1]);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_guest = in[1];
	from_guest = out[0];
}

/* When we are told to end, the emulator must not stay behind. */
static void on_signal(int number)
{
	(void)number;
	if (guest > 0) {
		kill(-guest, SIGKILL);
	}
	_exit(130);
}

static void end_guest(void)
{
	int status = 0;
	pid_t ended = 0;

	/* The console closes a moment before the process is gone. */
	for (int i = 0; i < 20 && is_closed && ended == 0; i++) {
		ended = waitpid(guest, &status, WNOHANG);
		if (ended == 0) {
			struct timespec pause = {.tv_nsec = 100000000};

			nanosleep(&pause, NULL);
		}
	}
	if (ended == 0) {
		kill(-guest, SIGKILL);
		waitpid(guest, &status, 0);
		set_verdict(is_done ? "said DONE but did not power off" : "timeout after %.0f s",
			    now() - started);
	} else if (WIFSIGNALED(status)) {
		set_verdict("the emulator died of signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status) != 0) {
		set_verdict("the emulator ended with status %d", WEXITSTATUS(status));
	}
	if (!is_done) {
		set_verdict("powered off without DONE");
	}
}

int main(int argc, char **argv)
{
	const char *log_name = "/dev/null";
	const char *script = NULL;
	double seconds = 60;
	int option;

	while ((option = getopt(argc, argv, "t:l:i:v")) != -1) {
		switch (option) {
		case 't':
			seconds = atof(optarg);
			break;
		case 'l':
			log_name = optarg;
			break;
		case 'i':
			script = optarg;
			break;
		case 'v':
			is_verbose = true;
			break;
		default:
			return 2;
		}
	}
	log_file = fopen(log_name, "w");
	if (log_file == NULL || optind == argc) {
		fprintf(stderr,
			"usage: boot [-t SECONDS] [-l LOG] [-i SCRIPT] [-v] -- COMMAND...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	started = now();
	last_report = started;
	deadline = started + seconds;
	start_guest(argv + optind);
	if (script != NULL) {
		play(script);
	}
	while (!is_closed && now() < deadline) {
		read_console(deadline);
	}
	end_guest();
	printf("END %s\n", verdict[0] != '\0' ? verdict : "ok");
	return verdict[0] != '\0';
}
