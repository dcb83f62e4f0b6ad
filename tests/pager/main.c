/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager's logic on the build machine. Usage: pager_model [operations
 * [seed]]: 0 operations = the default. One process for each run, so that a
 * failure ends only its own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "servers/pager/fault.h"
#include "tests/pager/cases.h"
#include "tests/pager/fake.h"
#include "tests/pager/random.h"

static unsigned passed, failed;

void fail(const char *format, ...)
{
	char where[160];
	va_list arguments;

	random_where(where, sizeof(where));
	fprintf(stderr, "  %s: ", where);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

/* Run `body` in a process of its own. */
static void run(const char *name, void (*body)(const void *), const void *argument)
{
	int status = 1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		body(argument);
		exit(0);
	}
	waitpid(child, &status, 0);
	if (status == 0) {
		printf("PASS pager-%s\n", name);
		passed++;
	} else {
		printf("FAIL pager-%s status %#x\n", name, (unsigned)status);
		failed++;
	}
}

static void start_pool(uint32_t pages, unsigned extents)
{
	pager_xfer = aligned_alloc(PAGE_BYTES, PAGER_XFER_SIZE);
	fake_pool(pages, extents);
}

static void random_body(const void *argument)
{
	const struct random_config *config = argument;

	start_pool(config->pages, config->extents);
	random_run(config);
}

static void case_body(const void *argument)
{
	const struct pager_case *c = argument;

	start_pool(c->pages, 1);
	c->run();
}

static struct random_config configs[] = {
	{.name = "random-roomy", .pages = 24000, .extents = 1},
	{.name = "random-extents", .pages = 24000, .extents = 5},
	{.name = "random-small", .pages = 1500, .extents = 1, .tight = true},
	{.name = "random-tiny", .pages = 400, .extents = 2, .tight = true},
	{.name = "random-minute", .pages = 160, .extents = 1, .tight = true},
	{.name = "random-errors",
	 .pages = 3000,
	 .extents = 1,
	 .tight = true,
	 .read_errors = 30,
	 .write_errors = 3},
	{.name = "random-disk-full", .pages = 24000, .extents = 1, .blocks = 60},
	{.name = "random-no-tables", .pages = 24000, .extents = 1, .tight = true, .banks = 9},
};

int main(int argc, char **argv)
{
	uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	for (unsigned i = 0; i < pager_case_count; i++) {
		run(pager_cases[i].name, case_body, &pager_cases[i]);
	}
	for (unsigned i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		configs[i].operations = operations == 0 ? 6000 : operations;
		configs[i].seed = seed * 100 + i;
		configs[i].blocks = configs[i].blocks == 0 ? UINT64_MAX : configs[i].blocks;
		configs[i].banks = configs[i].banks == 0 ? 100000 : configs[i].banks;
		run(configs[i].name, random_body, &configs[i]);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
