/* SPDX-License-Identifier: BSD-2-Clause */
/* The fuzzer guided by coverage: libFuzzer's entry points. `make fuzz`. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

static void print_events(void)
{
	printf("%lu events, %lu calls without error, %lu fast switches\n", fuzz_counts.events,
	       fuzz_counts.calls_ok, fuzz_counts.fast);
	fflush(stdout);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	atexit(print_events);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!fuzz_run(data, size)) {
		fflush(stdout);
		abort();
	}
	return 0;
}

static void swap_events(uint8_t *one, uint8_t *other)
{
	uint8_t event[EVENT_BYTES];

	memcpy(event, one, EVENT_BYTES);
	memcpy(one, other, EVENT_BYTES);
	memcpy(other, event, EVENT_BYTES);
}

/* Half of the mutations keep events whole: one more, one less, one again, two exchanged. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size_t events = size > HEAD_BYTES ? (size - HEAD_BYTES) / EVENT_BYTES : 0;
	uint8_t *first = data + HEAD_BYTES, *one, *other;

	if (events < 2 || seed % 2 == 0) {
		return LLVMFuzzerMutate(data, size, most);
	}
	one = first + seed / 16 % events * EVENT_BYTES;
	other = first + seed / 65536 % events * EVENT_BYTES;
	size = HEAD_BYTES + events * EVENT_BYTES;
	switch (seed / 2 % 8) {
	case 0:
		memmove(one, one + EVENT_BYTES, (size_t)(data + size - one) - EVENT_BYTES);
		return size - EVENT_BYTES;
	case 1:
		swap_events(one, other);
		return size;
	case 2:
	case 3: /* another hart does it */
		one[0] ^= (uint8_t)(1 + seed / 16 % 3);
		return size;
	case 4:
		LLVMFuzzerMutate(one, EVENT_BYTES, EVENT_BYTES);
		return size;
	default:
		if (size + EVENT_BYTES > most) {
			return size;
		}
		memmove(one + EVENT_BYTES, one, (size_t)(data + size - one));
		if (other != one) {
			memcpy(one, other > one ? other + EVENT_BYTES : other, EVENT_BYTES);
		}
		for (unsigned i = 0; i < 1 + seed % 3; i++) {
			one[seed / 16 % EVENT_BYTES] = (uint8_t)(seed >> (8 * i));
		}
		return size + EVENT_BYTES;
	}
}
