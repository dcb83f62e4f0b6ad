/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading arguments and environment for execve. */
#include "tests/process/fake.h"

#include <string.h>

#include "servers/process/exec_args.h"

#define MEMORY FAKE_BASE

/* A vector of pointers at `vector` to the strings, which are put at `strings`. */
static void vector_put(struct thread *t, uint64_t vector, uint64_t strings, const char *const *list)
{
	uint64_t *to = fake_memory(t->process, vector);

	for (; *list != NULL; list++) {
		strcpy(fake_memory(t->process, strings), *list);
		*to++ = strings;
		strings += strlen(*list) + 1;
	}
	*to = 0;
}

static void plain(void)
{
	static const char *const argv[] = {"/bin/sh", "-c", "", "echo", NULL};
	static const char *const envp[] = {"A=1", "B=22", NULL};
	struct thread *t = fake_start();
	struct exec_args a;

	/* strings across a page border */
	vector_put(t, MEMORY, MEMORY + 4096 - 5, argv);
	vector_put(t, MEMORY + 256, MEMORY + 8192, envp);
	CHECK(exec_args_read(&a, t, MEMORY, MEMORY + 256) == 0);
	CHECK(a.argument_count == 4 && a.environment_count == 2);
	CHECK(a.size == 17 + 9 && memcmp(a.text, "/bin/sh\0-c\0\0echo\0A=1\0B=22", 26) == 0);
	CHECK(a.argument_bytes == 17);
	CHECK(exec_args_replace_first(&a, "script") == 0);
	CHECK(exec_args_prepend(&a, "-x") == 0);
	CHECK(exec_args_prepend(&a, "/bin/interpreter") == 0);
	CHECK(a.argument_count == 6);
	CHECK(memcmp(a.text, "/bin/interpreter\0-x\0script\0-c\0\0echo\0A=1", 40) == 0);
	CHECK(a.text[a.argument_bytes] == 'A');
	exec_args_free(&a);
}

static void empty(void)
{
	struct thread *t = fake_start();
	struct exec_args a;

	CHECK(exec_args_read(&a, t, 0, 0) == 0);
	CHECK(a.argument_count == 1 && a.size == 1 && a.environment_count == 0);
	exec_args_free(&a);
}

static void bad_pointers(void)
{
	struct thread *t = fake_start();
	struct exec_args a;
	uint64_t *m = fake_memory(t->process, MEMORY);

	CHECK(exec_args_read(&a, t, 16, 0) == -STATUS_FAULT);
	CHECK(exec_args_read(&a, t, MEMORY + 1, 0) == -STATUS_FAULT);
	m[0] = 24;
	CHECK(exec_args_read(&a, t, MEMORY, 0) == -STATUS_FAULT);
	m[0] = FAKE_BASE + FAKE_SIZE - 1; /* a string that runs out of the space */
	*(char *)fake_memory(t->process, m[0] - 7) = 'x';
	memset(fake_memory(t->process, m[0] - 7), 'x', 8);
	CHECK(exec_args_read(&a, t, MEMORY, 0) == -STATUS_FAULT);
	CHECK(exec_args_read(&a, t, FAKE_BASE + FAKE_SIZE - 8, 0) == -STATUS_FAULT);
	CHECK(a.text == NULL);
}

static void too_big(void)
{
	struct thread *t = fake_start();
	struct exec_args a;
	uint64_t *m = fake_memory(t->process, MEMORY);

	t->process->limits[LINUX_RLIMIT_STACK].soft = 0;
	memset(fake_memory(t->process, MEMORY + 0x8000), 'x', 0x7fff);
	for (unsigned i = 0; i < 5; i++) {
		m[i] = MEMORY + 0x8000;
	}
	CHECK(exec_args_read(&a, t, MEMORY, 0) == -STATUS_2BIG);
	for (unsigned i = 0; i < 4000; i++) {
		m[i] = MEMORY + 0xfff0;
	}
	m[4000] = 0;
	CHECK(exec_args_read(&a, t, MEMORY, 0) == 0);
	exec_args_free(&a);
	t->process->limits[LINUX_RLIMIT_STACK].soft = UINT64_MAX;
	CHECK(exec_args_read(&a, t, MEMORY, 0) == 0 && a.argument_count == 4000);
	exec_args_free(&a);
}

void test_arguments(void)
{
	test_run("exec.arguments", plain);
	test_run("exec.no-arguments", empty);
	test_run("exec.bad-pointers", bad_pointers);
	test_run("exec.too-big", too_big);
}
