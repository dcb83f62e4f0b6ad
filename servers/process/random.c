/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: ChaCha20 with fast key erasure. Each request runs the block
 * function under a key; the first 32 bytes of the first block become the next
 * key, so that earlier output cannot be found from the state. The key comes
 * from the seed that the root task gives, mixed with the time counter.
 */
#include "servers/process/core.h"

#include <string.h>

#define BLOCK_WORDS 16
#define KEY_WORDS 8
#define ROUNDS 20

enum random_flag { RANDOM_NONBLOCK = 1, RANDOM_RANDOM = 2, RANDOM_INSECURE = 4 };
#define REQUEST_CHUNK 256

static uint32_t key[KEY_WORDS];

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

/* RFC 8439, 2.3: the block function with the nonce 0. */
static void chacha_block(const uint32_t k[KEY_WORDS], uint32_t counter, uint32_t out[BLOCK_WORDS])
{
	uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memcpy(in + 4, k, KEY_WORDS * sizeof(*k));
	in[12] = counter;
	memcpy(out, in, sizeof(in));
	for (unsigned i = 0; i < ROUNDS; i += 2) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < BLOCK_WORDS; i++) {
		out[i] += in[i];
	}
}

/* Start from the seed (all 0: the platform has none) and the time. */
void random_start(const uint8_t seed[32])
{
	uint64_t now = time_now();

	memcpy(key, seed, sizeof(key));
	key[0] ^= (uint32_t)now;
	key[1] ^= (uint32_t)(now >> 32);
	key[2] ^= (uint32_t)time_realtime_ns();
}

void random_bytes(void *to, size_t length)
{
	uint32_t block[BLOCK_WORDS], next[KEY_WORDS];
	uint32_t counter = 0;
	uint8_t *p = to;

	chacha_block(key, counter++, block);
	memcpy(next, block, sizeof(next));
	while (length > 0) {
		size_t n = length < sizeof(block) ? length : sizeof(block);

		chacha_block(key, counter++, block);
		memcpy(p, block, n);
		p += n;
		length -= n;
	}
	memcpy(key, next, sizeof(key));
	memset(block, 0, sizeof(block));
}

int64_t sys_getrandom(struct thread *t, const uint64_t args[6])
{
	uint8_t chunk[REQUEST_CHUNK];
	uint64_t done = 0, length = args[1] < INT32_MAX ? args[1] : INT32_MAX;

	if ((args[2] & ~(uint64_t)(RANDOM_NONBLOCK | RANDOM_RANDOM | RANDOM_INSECURE)) != 0 ||
	    (args[2] & (RANDOM_RANDOM | RANDOM_INSECURE)) == (RANDOM_RANDOM | RANDOM_INSECURE)) {
		return -STATUS_INVAL;
	}
	if (length > 1024 * 1024) {
		length = 1024 * 1024; /* a short count is allowed; keeps the server responsive */
	}
	while (done < length) {
		uint64_t n = length - done < sizeof(chunk) ? length - done : sizeof(chunk);

		random_bytes(chunk, n);
		if (copy_out(t, args[0] + done, chunk, n) < 0) {
			return done > 0 ? (int64_t)done : -STATUS_FAULT;
		}
		done += n;
	}
	return (int64_t)done;
}
