/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small printf. The text gathers in a buffer on the stack and goes out in
 * as few calls of the firmware as it fits.
 */
#include "kernel/print.h"

#include "kernel/types.h"
#include "sbi/sbi.h"

struct sink {
	char *buffer;
	size_t size; /* of the buffer */
	size_t used; /* < size */
	bool to_console;
};

static void put(struct sink *sink, char c)
{
	if (sink->used + 1 >= sink->size) {
		if (!sink->to_console) {
			return;
		}
		sbi_console_write(sink->buffer, sink->used);
		sink->used = 0;
	}
	sink->buffer[sink->used++] = c;
}

struct field {
	size_t width;
	bool left;
	bool zeros;
};

static void put_padded(struct sink *sink, const char *text, size_t length, struct field field)
{
	size_t padding = field.width > length ? field.width - length : 0;

	if (field.zeros && length > 0 && *text == '-') {
		put(sink, '-');
		text++;
		length--;
	}
	while (!field.left && padding > 0) {
		put(sink, field.zeros ? '0' : ' ');
		padding--;
	}
	for (; length > 0; length--) {
		put(sink, *text++);
	}
	for (; padding > 0; padding--) {
		put(sink, ' ');
	}
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, bool negative,
		       struct field field)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative) {
		digits[--at] = '-';
	}
	put_padded(sink, &digits[at], sizeof(digits) - at, field);
}

/* The conversion that begins at *format; returns its last character. */
static const char *put_conversion(struct sink *sink, const char *format, va_list *arguments)
{
	struct field field = {0, false, false};
	bool is_long = false;

	for (; *format == '-' || *format == '0'; format++) {
		field.left |= *format == '-';
		field.zeros |= *format == '0';
	}
	field.zeros &= !field.left;
	for (; *format >= '0' && *format <= '9'; format++) {
		field.width = (field.width * 10 + (size_t)(*format - '0')) % 256;
	}
	for (; *format == 'l' || *format == 'z'; format++) {
		is_long = true;
	}
	switch (*format) {
	case 'd':
	case 'i': {
		long value = is_long ? va_arg(*arguments, long) : va_arg(*arguments, int);

		put_number(sink, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0,
			   field);
		break;
	}
	case 'u':
	case 'x':
		put_number(sink,
			   is_long ? va_arg(*arguments, unsigned long)
				   : va_arg(*arguments, unsigned),
			   *format == 'x' ? 16 : 10, false, field);
		break;
	case 'p':
		put(sink, '0');
		put(sink, 'x');
		put_number(sink, (uintptr_t)va_arg(*arguments, void *), 16, false, field);
		break;
	case 'c':
		put(sink, (char)va_arg(*arguments, int));
		break;
	case 's': {
		const char *text = va_arg(*arguments, const char *);
		size_t length = 0;

		text = text != NULL ? text : "(null)";
		while (text[length] != '\0') {
			length++;
		}
		field.zeros = false;
		put_padded(sink, text, length, field);
		break;
	}
	case '\0': /* a lone % at the end */
		format--;
		break;
	default:
		put(sink, *format);
		break;
	}
	return format;
}

static void put_format(struct sink *sink, const char *format, va_list *arguments)
{
	for (; *format != '\0'; format++) {
		if (*format == '%') {
			format = put_conversion(sink, format + 1, arguments);
			continue;
		}
		if (*format == '\n' && sink->to_console) {
			put(sink, '\r');
		}
		put(sink, *format);
	}
}

void print(const char *format, ...)
{
	char buffer[128];
	struct sink sink = {buffer, sizeof(buffer), 0, true};
	va_list arguments;

	va_start(arguments, format);
	put_format(&sink, format, &arguments);
	va_end(arguments);
	sbi_console_write(buffer, sink.used);
}

size_t print_to(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct sink sink = {buffer, size, 0, false};
	va_list copy;

	va_copy(copy, arguments);
	put_format(&sink, format, &copy);
	va_end(copy);
	buffer[sink.used] = '\0';
	return sink.used;
}
