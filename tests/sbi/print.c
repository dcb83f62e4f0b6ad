/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel/print.c against the C library's printf.
 */
#include "kernel/print.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sbi/sbi.h"

static char console[4096];
static unsigned passed, failed;

void sbi_console_write(const char *text, uint64_t size)
{
	strncat(console, text, size);
}

static void result(const char *name, const char *got, const char *wanted)
{
	bool is_good = strcmp(got, wanted) == 0;

	passed += is_good;
	failed += !is_good;
	if (is_good) {
		printf("PASS %s\n", name);
	} else {
		printf("FAIL %s got '%s', wanted '%s'\n", name, got, wanted);
	}
}

/* Bounded by `size`, with a byte behind that must stay. */
static void __attribute__((format(printf, 3, 4)))
compare(const char *name, size_t size, const char *format, ...)
{
	char got[256];
	char wanted[256];
	va_list arguments;

	memset(got, '#', sizeof(got));
	va_start(arguments, format);
	size_t length = print_to(got, size, format, arguments);
	va_end(arguments);
	va_start(arguments, format);
	vsnprintf(wanted, size, format, arguments);
	va_end(arguments);
	if (got[size] != '#' || length != strlen(wanted)) {
		strcpy(got, "a wrong length");
	}
	result(name, got, wanted);
}

static void long_line(void)
{
	char wanted[1024] = "\r\n";

	for (unsigned i = 0; i < 30; i++) {
		strcat(wanted, "0123456789abcdef ");
	}
	console[0] = '\0';
	print("\n%s", wanted + 2);
	result("longer_than_the_buffer", console, wanted);
}

/* What printf does not define: the kernel must print something and stop at the end. */
static void undefined(const char *name, const char *wanted, const char *format, ...)
{
	char got[64];
	va_list arguments;

	va_start(arguments, format);
	(void)print_to(got, sizeof(got), format, arguments);
	va_end(arguments);
	result(name, got, wanted);
}

int main(void)
{
	compare("plain", 100, "nothing to convert, 100%%");
	compare("signed", 100, "[%d|%5d|%-5d|%05d|%d]", -42, -42, -42, -42, INT_MIN);
	compare("unsigned", 100, "[%u|%8u|%-8u|%08u]", 42u, 42u, 42u, UINT_MAX);
	compare("hexadecimal", 100, "[%x|%08x|%-8x|%8x]", 0xbeefu, 0xbeefu, 0xbeefu, 0u);
	compare("long", 100, "[%ld|%lu|%lx|%016lx|%zu]", LONG_MIN, ULONG_MAX, ULONG_MAX, 1ul,
		sizeof(int));
	compare("pointer", 100, "[%p]", (void *)0x1234abcd);
	compare("text", 100, "[%s|%8s|%-8s|%2s|%c]", "abc", "abc", "abc", "abc", 'x');
	compare("cut_short", 8, "%s %d", "a text", 12345);
	compare("one_byte", 1, "%s", "a text");
	compare("exact", 5, "%s", "four");
	compare("i", 100, "[%i|%li]", -7, 7l);
	compare("newline", 100, "a\nb");
	undefined("lone_percent", "100", "100%");
	undefined("lone_width", "ab", "ab%-08");
	undefined("unknown", "[y]", "[%y]");
	undefined("no_text", "[(null)]", "[%s]", (const char *)NULL);
	long_line();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
