/* SPDX-License-Identifier: BSD-2-Clause */
/* The pager's own memcpy, memmove and memset against loops of bytes. */
#include <string.h>

#include "tests/pager/cases.h"
#include "tests/pager/fake.h"

void *bytes_memcpy(void *restrict destination, const void *restrict source, size_t n);
void *bytes_memmove(void *destination, const void *source, size_t n);
void *bytes_memset(void *destination, int value, size_t n);

#define memcpy bytes_memcpy
#define memmove bytes_memmove
#define memset bytes_memset
#include "servers/pager/bytes.c"
#undef memcpy
#undef memmove
#undef memset

#define BYTES 700u

void bytes_case(void)
{
	static uint8_t a[BYTES], b[BYTES], source[BYTES], before[BYTES];

	for (unsigned round = 0; round < 60000; round++) {
		size_t n = random_below(300), from = random_below(350), to = random_below(350);
		int value = (int)random_below(256);

		for (unsigned i = 0; i < BYTES && round % 8 == 0; i++) {
			a[i] = (uint8_t)random_next();
			source[i] = (uint8_t)random_next();
		}
		memcpy(b, a, BYTES);
		memcpy(before, a, BYTES);
		if (round % 3 == 0) {
			CHECK(bytes_memcpy(a + to, source + from, n) == a + to);
		} else if (round % 3 == 1) {
			CHECK(bytes_memmove(a + to, a + from, n) == a + to);
		} else {
			CHECK(bytes_memset(a + to, value, n) == a + to);
		}
		for (size_t i = 0; i < n; i++) {
			b[to + i] = round % 3 == 0   ? source[from + i]
				    : round % 3 == 1 ? before[from + i]
						     : (uint8_t)value;
		}
		CHECK(memcmp(a, b, BYTES) == 0);
	}
}
