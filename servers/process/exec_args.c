/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments and environment. A program's strings mostly lie close together,
 * so they are read through a window of one page of its memory: one request
 * of the pager fetches many of them.
 */
#include "servers/process/exec_args.h"

#include <stdlib.h>
#include <string.h>

#define STRING_MAX (128 * 1024) /* Linux's MAX_ARG_STRLEN */
#define LIMIT_LEAST (128 * 1024)
#define LIMIT_MOST (2 * 1024 * 1024)
#define POINTER_SIZE 8

static struct window {
	struct space *space;
	uint64_t start;
	size_t length;
	char bytes[PAGE];
} window, pointer_window;

void exec_args_free(struct exec_args *a)
{
	free(a->text);
	memset(a, 0, sizeof(*a));
}

/* Make room for `length` bytes at `offset`. */
static int64_t insert(struct exec_args *a, size_t offset, const char *bytes, size_t length)
{
	size_t pointers = ((size_t)a->argument_count + a->environment_count + 1) * POINTER_SIZE;

	if (length > STRING_MAX || a->size + length + pointers > a->limit) {
		return -STATUS_2BIG;
	}
	if (a->size + length > a->room) {
		size_t room = a->room == 0 ? PAGE : a->room * 2;
		char *larger;

		while (room < a->size + length) {
			room *= 2;
		}
		larger = realloc(a->text, room);
		if (larger == NULL) {
			return a->size > LIMIT_LEAST ? -STATUS_2BIG : -STATUS_NOMEM;
		}
		a->text = larger;
		a->room = room;
	}
	memmove(a->text + offset + length, a->text + offset, a->size - offset);
	memcpy(a->text + offset, bytes, length);
	a->size += length;
	return 0;
}

/* See that the window holds the byte at `address`; the number of bytes from there on, 0: a fault. */
static size_t window_move(struct window *w, struct space *s, uint64_t address)
{
	if (w->space != s || address < w->start || address - w->start >= w->length) {
		int64_t got =
			copy_in_partial(s, w->bytes, address, PAGE - (size_t)(address % PAGE));

		w->space = got > 0 ? s : NULL;
		w->start = address;
		w->length = got > 0 ? (size_t)got : 0;
	}
	return w->length - (size_t)(address - w->start);
}

/* Append the string at `address` to the text. */
static int64_t read_string(struct exec_args *a, struct space *s, uint64_t address)
{
	size_t begin = a->size;

	for (;;) {
		size_t n = window_move(&window, s, address);
		const char *bytes = window.bytes + (address - window.start);
		const char *end;
		int64_t status;

		if (n == 0) {
			return -STATUS_FAULT;
		}
		end = memchr(bytes, 0, n);
		if (end != NULL) {
			n = (size_t)(end - bytes) + 1;
		}
		if (a->size + n - begin > STRING_MAX) {
			return -STATUS_2BIG;
		}
		status = insert(a, a->size, bytes, n);
		if (status < 0 || end != NULL) {
			return status;
		}
		address += n;
	}
}

/* Append the strings of a vector of pointers that ends with a null pointer. */
static int64_t read_vector(struct exec_args *a, struct space *s, uint64_t vector, uint32_t *count)
{
	if (vector == 0) {
		return 0;
	}
	if (vector % POINTER_SIZE != 0) {
		return -STATUS_FAULT;
	}
	for (;; vector += POINTER_SIZE) {
		uint64_t address;
		int64_t status;

		if (window_move(&pointer_window, s, vector) < POINTER_SIZE) {
			return -STATUS_FAULT;
		}
		memcpy(&address, pointer_window.bytes + (vector - pointer_window.start),
		       POINTER_SIZE);
		if (address == 0) {
			return 0;
		}
		status = read_string(a, s, address);
		if (status < 0) {
			return status;
		}
		++*count;
	}
}

int64_t exec_args_read(struct exec_args *a, struct thread *t, uint64_t argv, uint64_t envp)
{
	struct space *s = t->process->space;
	uint64_t limit = t->process->limits[LINUX_RLIMIT_STACK].soft / 4;
	int64_t status;

	memset(a, 0, sizeof(*a));
	a->limit = limit < LIMIT_LEAST ? LIMIT_LEAST : limit > LIMIT_MOST ? LIMIT_MOST : limit;
	window.space = NULL;
	pointer_window.space = NULL;
	status = read_vector(a, s, argv, &a->argument_count);
	a->argument_bytes = a->size;
	if (status == 0) {
		status = read_vector(a, s, envp, &a->environment_count);
	}
	if (status == 0 && a->argument_count == 0) {
		status = exec_args_prepend(a, ""); /* as Linux does since 5.18 */
	}
	if (status < 0) {
		exec_args_free(a);
	}
	return status;
}

int64_t exec_args_prepend(struct exec_args *a, const char *string)
{
	size_t length = strlen(string) + 1;
	int64_t status = insert(a, 0, string, length);

	if (status == 0) {
		a->argument_bytes += length;
		a->argument_count++;
	}
	return status;
}

int64_t exec_args_replace_first(struct exec_args *a, const char *string)
{
	size_t old = strlen(a->text) + 1;
	int64_t status = exec_args_prepend(a, string);
	size_t new = strlen(string) + 1;

	if (status < 0) {
		return status;
	}
	memmove(a->text + new, a->text + new + old, a->size - new - old);
	a->size -= old;
	a->argument_bytes -= old;
	a->argument_count--;
	return 0;
}

int64_t exec_args_add(struct exec_args *a, const char *string)
{
	size_t length = strlen(string) + 1;
	int64_t status;

	if (a->limit == 0) {
		a->limit = LIMIT_LEAST;
	}
	status = insert(a, a->argument_bytes, string, length);
	if (status == 0) {
		a->argument_bytes += length;
		a->argument_count++;
	}
	return status;
}

int64_t exec_args_add_environment(struct exec_args *a, const char *string)
{
	int64_t status = insert(a, a->size, string, strlen(string) + 1);

	if (status == 0) {
		a->environment_count++;
	}
	return status;
}
