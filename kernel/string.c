/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See string.h. memset and memcpy work in aligned 64-byte steps, because the
 * kernel clears and copies whole objects and pages; the rest is plain.
 */
#include "kernel/string.h"

#include <stdint.h>

/* Built with -fno-tree-loop-distribute-patterns: the loops must not become calls to themselves. */

void *memset(void *to, int value, size_t size)
{
	unsigned char *at = to;
	uint64_t pattern = (unsigned char)value * 0x0101010101010101ull;

	for (; size > 0 && ((uintptr_t)at & 7) != 0; size--) {
		*at++ = (unsigned char)value;
	}
	for (; size >= 64; size -= 64, at += 64) {
		uint64_t *words = (uint64_t *)at;

		words[0] = pattern;
		words[1] = pattern;
		words[2] = pattern;
		words[3] = pattern;
		words[4] = pattern;
		words[5] = pattern;
		words[6] = pattern;
		words[7] = pattern;
	}
	for (; size >= 8; size -= 8, at += 8) {
		*(uint64_t *)at = pattern;
	}
	for (; size > 0; size--) {
		*at++ = (unsigned char)value;
	}
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	if ((((uintptr_t)target | (uintptr_t)source) & 7) == 0) {
		for (; size >= 32; size -= 32, target += 32, source += 32) {
			uint64_t a = ((const uint64_t *)source)[0],
				 b = ((const uint64_t *)source)[1];
			uint64_t c = ((const uint64_t *)source)[2],
				 d = ((const uint64_t *)source)[3];

			((uint64_t *)target)[0] = a;
			((uint64_t *)target)[1] = b;
			((uint64_t *)target)[2] = c;
			((uint64_t *)target)[3] = d;
		}
		for (; size >= 8; size -= 8, target += 8, source += 8) {
			*(uint64_t *)target = *(const uint64_t *)source;
		}
	}
	while (size-- > 0) {
		*target++ = *source++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	if ((uintptr_t)target - (uintptr_t)source >= size) {
		return memcpy(to, from, size);
	}
	while (size-- > 0) {
		target[size] = source[size];
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a;
	const unsigned char *right = b;

	for (size_t i = 0; i < size; i++) {
		if (left[i] != right[i]) {
			return left[i] - right[i];
		}
	}
	return 0;
}

void *memchr(const void *area, int value, size_t size)
{
	const unsigned char *at = area;

	for (size_t i = 0; i < size; i++) {
		if (at[i] == (unsigned char)value) {
			return (void *)(uintptr_t)&at[i];
		}
	}
	return NULL;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0') {
		length++;
	}
	return length;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length] != '\0') {
		length++;
	}
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit > 0 && *a != '\0' && *a == *b; limit--) {
		a++;
		b++;
	}
	return limit == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

char *strchr(const char *text, int c)
{
	for (;; text++) {
		if (*text == (char)c) {
			return (char *)(uintptr_t)text;
		}
		if (*text == '\0') {
			return NULL;
		}
	}
}

char *strrchr(const char *text, int c)
{
	const char *found = NULL;

	for (;; text++) {
		if (*text == (char)c) {
			found = text;
		}
		if (*text == '\0') {
			return (char *)(uintptr_t)found;
		}
	}
}
