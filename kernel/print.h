/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text on the firmware's console: panics and the lines of boot.
 * Each byte costs a busy wait in the firmware; nothing else prints.
 */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * printf with %s %c %d %i %u %x %p %%, l, a width and the flags 0 and -.
 * "\n" is printed as CR LF. May be called on any hart at any time once
 * paging is on; texts of two harts may mix by lines.
 */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same into `buffer` of `size` bytes (at least 1), always ended by NUL
 * and cut short if need be. Returns the length without NUL.
 */
size_t print_to(char *buffer, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#endif
