/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output: log_print, fatal and picolibc's stdout and stderr, all to the
 * kernel's debug console.
 *
 * The console method takes its bytes from where window items are also built
 * (word 16 on), so the bytes are swapped into the message buffer and out
 * again: a program may print while it prepares a message.
 */
#include <stdarg.h>
#include <stdio.h>

#include "servers/lib/objects.h"
#include "servers/lib/runtime.h"
#include "servers/lib/startup.h"

#define CONSOLE_WORD 16
#define LINE_BYTES 512

static void swap_words(uint64_t *a, uint64_t *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

/* Print `count` ≤ LINE_BYTES bytes of `line`, whose contents are undefined for a moment only. */
static void write_line(uint64_t *line, size_t count)
{
	uint64_t *words = message_buffer()->words + CONSOLE_WORD;
	size_t n = (count + 7) / 8;

	if (runtime_console == 0 || count == 0)
		return;
	swap_words(words, line, n);
	invoke5(runtime_console, CONSOLE_WRITE, count, 0, 0, 0, 0);
	swap_words(words, line, n);
}

static void print(const char *format, va_list arguments)
{
	uint64_t line[LINE_BYTES / 8];
	int n = vsnprintf((char *)line, sizeof(line), format, arguments);

	if (n > 0)
		write_line(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void log_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

_Noreturn void fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
	/* The breakpoint exception stops the thread and tells root. */
	for (;;)
		__asm__ volatile("ebreak");
}

/* Standard output by lines. */
static union {
	uint64_t words[LINE_BYTES / 8];
	char bytes[LINE_BYTES];
} pending;
static size_t pending_bytes;

static int stream_flush(FILE *stream)
{
	(void)stream;
	write_line(pending.words, pending_bytes);
	pending_bytes = 0;
	return 0;
}

static int stream_put(char c, FILE *stream)
{
	pending.bytes[pending_bytes++] = c;
	if (c == '\n' || pending_bytes == sizeof(pending.bytes))
		stream_flush(stream);
	return (unsigned char)c;
}

static int stream_get(FILE *stream)
{
	(void)stream;
	return EOF;
}

static FILE log_stream = FDEV_SETUP_STREAM(stream_put, stream_get, stream_flush, _FDEV_SETUP_RW);

FILE *const stdin = &log_stream;
FILE *const stdout = &log_stream;
FILE *const stderr = &log_stream;
