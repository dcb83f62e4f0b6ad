/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds for programs: the ChaCha20 block function (RFC 8439, section 2.3)
 * with the boot loader's seed as the key and a counter, so that no program
 * can tell another one's seed from its own.
 */
#include <string.h>

#include "servers/root/root.h"

static uint32_t rotate(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

void random_seed(uint8_t out[32])
{
	static uint32_t counter;
	uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, work[16];
	const uint8_t *seed;
	size_t size = device_tree_seed(&seed);
	uint64_t now = time_ticks();

	memset(out, 0, 32);
	if (size == 0)
		return;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)&state[4])[i % 32] ^= seed[i];
	state[12] = ++counter;
	memcpy(&state[13], &now, sizeof(now));
	memcpy(work, state, sizeof(work));
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned j = 0; j < 4; j++)
			quarter(&work[j], &work[4 + j], &work[8 + j], &work[12 + j]);
		for (unsigned j = 0; j < 4; j++)
			quarter(&work[j], &work[4 + (j + 1) % 4], &work[8 + (j + 2) % 4],
				&work[12 + (j + 3) % 4]);
	}
	for (unsigned i = 0; i < 8; i++)
		work[i] += state[i];
	memcpy(out, work, 32);
}
