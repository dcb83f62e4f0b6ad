/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiler of system files: what it must refuse, with which words, and
 * that any damage to real files ends in a complaint or a sound result.
 * The compiler is included whole; its main is called in a child process.
 *
 * Fails if a wrong file is compiled, if a complaint lacks its line or words, if
 * a budget comes out other than stated, or if servers are admitted that are
 * late, or that one without a budget may keep from running.
 */
#define main sysc_main
#include "servers/root/sysc.c"
#undef main

#include <fcntl.h>

#include "tests/system/check.h"

static const char *const input = "/tmp/sysc_test.system", *const output = "/tmp/sysc_test.bin";
static char input_name[64], output_name[64];

/* Run the compiler on a text; its exit status, and what it said. */
static int compile(const char *text, size_t size, char *said, size_t said_size)
{
	char *arguments[] = {"sysc", input_name, output_name, NULL};
	FILE *file = fopen(input_name, "wb");
	int pipes[2], status;
	ssize_t n;
	size_t got = 0;
	pid_t child;

	EXPECT(file != NULL && fwrite(text, 1, size, file) == size && fclose(file) == 0);
	EXPECT(pipe(pipes) == 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		status = sysc_main(3, arguments);
		fflush(stdout);
		_exit(status);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], said + got, said_size - 1 - got)) > 0)
		got += (size_t)n;
	said[got] = 0;
	close(pipes[0]);
	EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define MEMORY "server memory { ram provides memory }\n"

static const struct {
	const char *text, *complaint;
} wrong[] = {
	{"", "1: no server is declared"},
	{"sever a {}", "1: 'sever' is neither 'server' nor 'region'"},
	{"server {}", "the name of the server is missing"},
	{"server a", "'{' is missing"},
	{"server a {\n priority 3\n", "1: the block that begins here is not closed"},
	{"}\n", "opened or closed where none can be"},
	{"server a { { }", "'{' without a block"},
	{"server a/b {}", "contains other than"},
	{"server abcdefghijklmnopqrstuvwxyz {}", "longer than 23"},
	{"server a {}\nserver a {}", "2: server 'a' is declared twice (first in line 1)"},
	{"region r { size 4K }\nregion r { size 4K }\nserver a { maps r rw }", "declared twice"},
	{"region r { size 4K }\nserver a {}", "1: region 'r' is used by nobody"},
	{"region r {}\nserver a { maps r r }", "has no size"},
	{"region r { size 5000 }\nserver a { maps r r }", "not a multiple of 4096"},
	{"region r { size 1G }\nserver a { maps r r }", "out of range"},
	{"region r { size 0 }\nserver a { maps r r }", "out of range"},
	{"region r { size x }\nserver a { maps r r }", "'x' is not a number"},
	{"region r { size -4K }\nserver a { maps r r }", "is not a number"},
	{"region r { size 4Q }\nserver a { maps r r }", "is not a number"},
	{"region r { size 18446744073709551615K }\nserver a { maps r r }", "out of range"},
	{"region r { size 4K colour }\nserver a { maps r r }",
	 "unknown property 'colour' of a region"},
	{"region r { size 4K }\nserver a { maps r rwx }", "must not be writable and executable"},
	{"region r { size 4K }\nserver a { maps r wx }", "must not be writable and executable"},
	{"region r { size 4K }\nserver a { maps r q }", "'q' is no right"},
	{"region r { size 4K }\nserver a { maps r }", "mapped without a right"},
	{"region r { size 4K }\nserver a {\nmaps r r\nmaps r rw }",
	 "4: server 'a' gets two things"},
	{"server a { maps s r }", "maps 's', which is not declared"},
	{"server a {\n\n uses x }", "3: server 'a' uses 'x', which no server provides"},
	{"server a { provides a\n uses a }", "gets two things with the name 'a'"},
	{"server a { provides x }\nserver b { provides x }",
	 "2: service 'x' is already provided by"},
	{"server a { provides a\nuses b }\nserver b { provides b\nuses a }", "in a circle"},
	{"server a { provides a\nuses b }\nserver b { provides b\nuses c }\n"
	 "server c { provides c\nuses b }",
	 "'b' uses 'c' uses 'b'"},
	{"server a { priority 256 }", "priority 256 is out of range (0..255)"},
	{"server a { priority }", "priority is missing"},
	{"server a { stack 2M }", "out of range"},
	{"server a { stack 100 }", "out of range"},
	{"server a { heap 1G }", "out of range"},
	{"server a { cspace 100 }", "not a power of two"},
	{"server a { cspace 131072 }", "out of range"},
	{"server a { untyped 12K }", "not a power of two"},
	{"server a { slice 1 }", "out of range"},
	{"server a { quota 91% }", "not a percentage"},
	{"server a { quota 1x% }", "not a percentage"},
	{"server a { quota % }", "is not a number"},
	{"server a { quota 4M }", "has a quota but does not use 'memory'"},
	{MEMORY "server a { uses memory }", "uses 'memory' but has no quota"},
	{MEMORY "server a { uses memory\nquota rest }\nserver b { uses memory\nquota rest }",
	 "a second server has 'quota rest'"},
	{MEMORY "server a { ram }", "a second server gets the remaining RAM"},
	{"server a { ram restart always }", "cannot be restarted"},
	{"server a { restart sometimes }", "is not a number"},
	{"server a { restart }", "restart is missing"},
	{"server a { holds everything }", "'everything' cannot be held"},
	{"server a { holds hart hart }", "gets two things with the name 'hart'"},
	{"server a { argument novalue }", "not of the form key=value"},
	{"server a { argument =x }", "not of the form key=value"},
	{"server a { colour red }", "unknown property 'colour' of a server"},
	{"server a { provides console }", "gets two things with the name 'console'"},
	{"server a { device x { irq i colour } }", "unknown property 'colour' of a device"},
	{"server a { device x { irq i\nregisters r }\ndevice y { registers r } }",
	 "gets two things"},
	{"server a { device x { registers r limit 3K } }", "out of range"},
	{"server a { device x { registers r limit 12K } }", "not a power of two"},
	{"server a { device { } }", "the compatible string of the device is missing"},
	{"server a {\nbudget 2\nperiod 20ms }", "2: budget '2' is not a time (as 500us or 20ms)"},
	{"server a { budget 2s period 20ms }", "budget '2s' is not a time"},
	{"server a { budget -2ms period 20ms }", "budget '-2ms' is not a time"},
	{"server a { budget ms period 20ms }", "budget 'ms' is not a time"},
	{"server a { budget }", "budget is missing"},
	{"server a { budget 99us period 20ms }", "budget 99us is out of range (100us..10000ms)"},
	{"server a { budget 1ms period 10001ms }", "period 10001ms is out of range"},
	{"server a { budget 18446744073709551615ms period 1ms }", "is out of range"},
	{"server a { budget 1ms }", "1: server 'a' has a budget or a period without the other"},
	{"server a { period 1ms }", "has a budget or a period without the other"},
	{"server a { budget 2ms period 1ms }", "has a budget longer than its period"},
	{"server a { budget 1ms period 5ms deadline 6ms }",
	 "has a deadline longer than its period"},
	{"server a { deadline 6ms }", "has a deadline longer than its period"},
	{"server a { budget 1ms period 5ms slice 1000 }", "has a slice and a budget"},
	{"server a { harts }", "hart is missing"},
	{"server a { harts 0 8 }", "hart 8 is out of range (0..7)"},
	/* Burns and Wellings' set A, ten times as long, and sections of the kernel. */
	{"server c { priority 3 budget 100ms period 300ms }\n"
	 "server b { priority 2 budget 100ms period 400ms }\n"
	 "server a { priority 1 budget 120ms period 500ms }\n",
	 "3: server 'a' has a response time of 520.250 ms, deadline 500.000 ms"},
	{"server b { priority 2 budget 2ms period 10ms }\n"
	 "server a { priority 1 budget 2ms period 10ms deadline 4ms }\n",
	 "2: server 'a' has a response time of 4.100 ms, deadline 4.000 ms"},
	{"server b { priority 2 budget 10ms period 10ms }\n"
	 "server a { priority 1 budget 2ms period 10ms }\n",
	 "2: server 'a' has no response time (others use all time), deadline 10.000 ms"},
	{"server b { priority 2 }\n"
	 "server a { priority 1 budget 2ms period 10ms deadline 10ms }\n",
	 "2: server 'a' has a deadline, but 'b' may run before it and has no budget"},
	{"server b { priority 2 budget 1ms period 9ms\nholds hart\nharts 1 }\n"
	 "server a { priority 1 budget 2ms period 10ms deadline 10ms harts 0 }\n",
	 "4: server 'a' has a deadline, but 'b' may run before it and holds 'hart'"},
	/* Of low priority, but it calls a server of high. */
	{"server s { priority 3 provides s\nbudget 1ms period 10ms }\nserver b { uses s }\n"
	 "server a { priority 1 budget 2ms period 10ms deadline 10ms }\n",
	 "4: server 'a' has a deadline, but 'b' may run before it and has no budget"},
};

static void refuses_what_is_wrong(void)
{
	char said[4096];

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int status = compile(wrong[i].text, strlen(wrong[i].text), said, sizeof(said));

		if (status != 1 || strstr(said, wrong[i].complaint) == NULL)
			printf("case %u, status %d: %s", i, status, said);
		EXPECT(status == 1);
		EXPECT(strncmp(said, input_name, strlen(input_name)) == 0);
		EXPECT(strstr(said, wrong[i].complaint) != NULL);
	}
}

static void names_missing_programs(void)
{
	char *arguments[] = {"sysc", input_name, output_name, "memory", "b", NULL};
	const char *text = MEMORY "server a { program b }\nserver c {}\n";
	FILE *file = fopen(input_name, "wb");

	EXPECT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	EXPECT(freopen("/dev/null", "w", stderr) != NULL);
	EXPECT(sysc_main(5, arguments) == 1 && errors == 1);
}

/* The compiled file: sections as the header says, servers in start order. */
static void check_result(void)
{
	static char data[65536];
	FILE *file = fopen(output_name, "rb");
	size_t size = file != NULL ? fread(data, 1, sizeof(data), file) : 0;
	const struct system_header *h = (const struct system_header *)data;
	const struct system_server *s = (const struct system_server *)(h + 1);
	const struct system_service *services = (const struct system_service *)(s + h->servers);
	const struct system_region *r = (const struct system_region *)(services + h->services);
	const struct system_grant *g = (const struct system_grant *)(r + h->regions);
	const struct system_device *d = (const struct system_device *)(g + h->grants);

	EXPECT(file != NULL && fclose(file) == 0);
	EXPECT(size >= sizeof(*h) && h->magic == SYSTEM_MAGIC && h->bytes == size);
	EXPECT((const char *)(d + h->devices) + h->strings == data + size);
	for (unsigned i = 0; i < h->servers; i++) {
		EXPECT(s[i].first_grant + s[i].grants <= h->grants);
		EXPECT(s[i].number >= 1 && s[i].number <= h->servers);
		for (unsigned j = s[i].first_grant; j < s[i].first_grant + s[i].grants; j++) {
			if (g[j].kind == SYSTEM_USES)
				EXPECT(services[g[j].index].provider < i);
			if (g[j].kind == SYSTEM_PROVIDES)
				EXPECT(services[g[j].index].provider == i);
		}
	}
}

/* The server of this name in the compiled file. */
static struct system_server compiled_server(const char *name)
{
	struct system_header head = {0};
	struct system_server server = {0};
	FILE *file = fopen(output_name, "rb");

	EXPECT(file != NULL && fread(&head, sizeof(head), 1, file) == 1);
	while (head.servers-- != 0 && strcmp(server.name, name) != 0)
		EXPECT(fread(&server, sizeof(server), 1, file) == 1);
	fclose(file);
	EXPECT(strcmp(server.name, name) == 0);
	return server;
}

static void compiles_budgets(void)
{
	static const char text[] = "server a { priority 9 budget 500us period 10ms\nharts 0 2 }\n"
				   "server b { slice 700 }\nserver c {}\n";
	char said[4096];
	struct system_server server;

	EXPECT(compile(text, strlen(text), said, sizeof(said)) == 0);
	server = compiled_server("a");
	EXPECT(server.budget == 500 && server.period == 10000 && server.harts == 5);
	server = compiled_server("b");
	EXPECT(server.budget == 700 && server.period == 0 && server.harts == 0);
	server = compiled_server("c");
	EXPECT(server.budget == 10000 && server.period == 0 && server.harts == 0);
}

/* A line for each server with a budget. */
static void prints_response_times(void)
{
	static const char text[] =
		"server memory { priority 9 harts 1\nram provides memory }\n"
		"server high { priority 3 budget 2ms period 20ms\nharts 0 }\n"
		"server low { priority 2 budget 5ms period 50ms deadline 40ms\nharts 0 }\n"
		"server limited { priority 1 budget 1ms period 50ms }\n";
	char said[4096];

	EXPECT(compile(text, strlen(text), said, sizeof(said)) == 0);
	EXPECT(strcmp(said, "server                  priority    budget    period  deadline  "
			    "response (ms)\n"
			    "high                           3     2.000    20.000    20.000     "
			    "2.050\n"
			    "low                            2     5.000    50.000    40.000     "
			    "7.100\n"
			    "limited                        1     1.000    50.000    50.000      "
			    "none: 'memory' may run before it and has no budget\n") == 0);
}

static char *read_real_file(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	char *text = calloc(1, 65536);

	EXPECT(file != NULL && text != NULL);
	*size = fread(text, 1, 65535, file);
	fclose(file);
	return text;
}

static void accepts_the_real_file(void)
{
	char said[4096];
	size_t size;
	char *text = read_real_file("servers/root/ravelin.system", &size);

	EXPECT(compile(text, size, said, sizeof(said)) == 0 && said[0] == 0);
	check_result();
	free(text);
}

static void survive_damage(const char *name)
{
	static const char bytes[] = "{}\n #0aK-";
	size_t size;
	char *text = read_real_file(name, &size);
	char said[16384];

	for (unsigned i = 0; i < 300; i++) {
		char *copy = malloc(size + 1);
		size_t at = check_random() % size;
		int status;

		memcpy(copy, text, size + 1);
		if (i % 3 == 0)
			memmove(copy + at, copy + at + 1, size - at);
		else
			copy[at] = bytes[check_random() % (sizeof(bytes) - 1)];
		status = compile(copy, i % 5 == 0 ? at : strlen(copy), said, sizeof(said));
		EXPECT(status == 0 || (status == 1 && said[0] != 0));
		if (status == 0)
			check_result();
		free(copy);
	}
	free(text);
}

static void survives_damage(void)
{
	survive_damage("servers/root/ravelin.system");
	survive_damage("tests/native/budgets.system");
}

int main(void)
{
	int result;

	snprintf(input_name, sizeof(input_name), "%s.%d", input, (int)getpid());
	snprintf(output_name, sizeof(output_name), "%s.%d", output, (int)getpid());
	RUN(refuses_what_is_wrong);
	RUN(names_missing_programs);
	RUN(compiles_budgets);
	RUN(prints_response_times);
	RUN(accepts_the_real_file);
	RUN(survives_damage);
	result = check_summary();
	unlink(input_name);
	unlink(output_name);
	return result;
}

/* The compiler ends with its process. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
