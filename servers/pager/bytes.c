/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy, memmove and memset by words. The C library's go byte by byte, which
 * costs eight times as much; most of what the pager executes is copying and
 * clearing pages. (Not in the host tests, which use the host's.)
 *
 * Words are read and written aligned only. Where source and destination are
 * aligned differently, each word stored is put together from two words read; no
 * word is read that has no byte of the source.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The compiler must not see memcpy and memset in the loops that are them. */
#define PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))

#define WORD sizeof(uint64_t)
#define WORDS_AT_ONCE 8

typedef uint64_t __attribute__((may_alias)) word;

/* Copy n words, both sides aligned. */
PLAIN_LOOPS static void copy_words(word *to, const word *from, size_t n)
{
	for (; n >= WORDS_AT_ONCE; n -= WORDS_AT_ONCE) {
		word a = from[0], b = from[1], c = from[2], d = from[3];
		word e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
		to[4] = e;
		to[5] = f;
		to[6] = g;
		to[7] = h;
		to += WORDS_AT_ONCE;
		from += WORDS_AT_ONCE;
	}
	while (n-- > 0) {
		*to++ = *from++;
	}
}

/* Copy n words to an aligned place from one that is not: `from` is the word that holds the first
 * byte, `shift` (8..56) the bits before it. */
PLAIN_LOOPS static void copy_shifted(word *to, const word *from, unsigned shift, size_t n)
{
	word low = *from++;

	while (n-- > 0) {
		word high = *from++;

		*to++ = low >> shift | high << (64 - shift);
		low = high;
	}
}

PLAIN_LOOPS void *memcpy(void *restrict destination, const void *restrict source, size_t n)
{
	uint8_t *to = destination;
	const uint8_t *from = source;

	if (n >= 2 * WORD) {
		size_t words;
		unsigned odd;

		for (; (uintptr_t)to % WORD != 0; n--) {
			*to++ = *from++;
		}
		words = n / WORD;
		odd = (uintptr_t)from % WORD;
		if (odd == 0) {
			copy_words((word *)to, (const word *)from, words);
		} else {
			/* The last word read holds the last byte of the last word stored. */
			copy_shifted((word *)to, (const word *)(from - odd), 8 * odd, words);
		}
		to += words * WORD;
		from += words * WORD;
		n %= WORD;
	}
	while (n-- > 0) {
		*to++ = *from++;
	}
	return destination;
}

PLAIN_LOOPS void *memmove(void *destination, const void *source, size_t n)
{
	uint8_t *to = destination;
	const uint8_t *from = source;

	/* Forwards is right unless the destination begins inside the source. */
	if ((uintptr_t)to - (uintptr_t)from >= n) {
		if ((uintptr_t)from - (uintptr_t)to >= WORDS_AT_ONCE * WORD) {
			return memcpy(destination, source, n);
		}
		while (n-- > 0) {
			*to++ = *from++;
		}
		return destination;
	}
	while (n-- > 0) {
		to[n] = from[n];
	}
	return destination;
}

PLAIN_LOOPS void *memset(void *destination, int value, size_t n)
{
	uint8_t *to = destination;
	word pattern = (uint8_t)value * 0x0101010101010101ull;

	if (n >= 2 * WORD) {
		word *words;

		for (; (uintptr_t)to % WORD != 0; n--) {
			*to++ = (uint8_t)value;
		}
		words = (word *)to;
		for (; n >= WORDS_AT_ONCE * WORD; n -= WORDS_AT_ONCE * WORD) {
			words[0] = pattern;
			words[1] = pattern;
			words[2] = pattern;
			words[3] = pattern;
			words[4] = pattern;
			words[5] = pattern;
			words[6] = pattern;
			words[7] = pattern;
			words += WORDS_AT_ONCE;
		}
		for (; n >= WORD; n -= WORD) {
			*words++ = pattern;
		}
		to = (uint8_t *)words;
	}
	while (n-- > 0) {
		*to++ = (uint8_t)value;
	}
	return destination;
}
