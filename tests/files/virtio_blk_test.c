/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio block driver above a device in memory that follows the
 * descriptors itself, checks that they stay inside attached memory, and can
 * be told to misbehave.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio-blk/service.h"
#include "servers/protocol/status.h"

#define DISK_SECTORS 4096
#define POOL_PAGES 600
#define CLIENT 7

enum mischief { BEHAVE, BAD_ID, BAD_INDEX, REPEAT_ID, IO_ERROR, NO_ANSWER, WANT_RESET };

static struct {
	uint8_t status;
	unsigned queue_size;
	uint64_t offered, accepted;
	uint32_t size_max, seg_max;
	struct descriptor *descriptors;
	uint16_t *available, *used;
	uint16_t seen;
	unsigned requests, indirect_requests, longest;
	bool stuck_in_reset, saw_bad_address;
	enum mischief mischief;
} fake;

static unsigned char disk[DISK_SECTORS * 512], expected[DISK_SECTORS * 512];
static _Alignas(4096) unsigned char ring[BLK_MEMORY];
static _Alignas(4096) unsigned char memory[3][POOL_PAGES / 3 * 4096]; /* extents of the pool */
static struct virtio_device device;
static struct blk blk;
static struct service service;
static unsigned passed, failed;

void log_print(const char *format, ...)
{
	(void)format;
}

static bool is_inside(uint64_t address, uint64_t length, const void *base, size_t size)
{
	return address >= (uintptr_t)base && length <= size &&
	       address - (uintptr_t)base <= size - length;
}

/* Memory that the device may reach. */
static void *reach(uint64_t address, uint64_t length)
{
	bool good = is_inside(address, length, ring, sizeof(ring));

	for (unsigned i = 0; i < 3; i++) {
		good = good || is_inside(address, length, memory[i], sizeof(memory[i]));
	}
	if (!good) {
		fake.saw_bad_address = true;
		return NULL;
	}
	return (void *)(uintptr_t)address;
}

static void use(uint32_t id)
{
	struct {
		uint32_t id, length;
	} *elements = (void *)(fake.used + 2);
	unsigned size = fake.queue_size;

	elements[fake.used[1] % size].id = id;
	fake.used[1]++;
}

/* Move the data of one piece; returns the bytes. */
static uint64_t move(const struct descriptor *d, uint32_t type, uint64_t at)
{
	void *data = reach(d->address, d->length);

	if (!data || at + d->length > sizeof(disk) ||
	    ((d->flags & DESCRIPTOR_WRITE) != 0) != (type == BLK_READ)) {
		fake.saw_bad_address = true;
		return 0;
	}
	if (type == BLK_READ) {
		memcpy(data, disk + at, d->length);
	} else {
		memcpy(disk + at, data, d->length);
	}
	if (d->length > fake.longest) {
		fake.longest = d->length;
	}
	return d->length;
}

static void serve_chain(uint16_t head)
{
	const struct descriptor *table = fake.descriptors;
	const struct descriptor *d = &table[head];
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} * header;
	uint64_t at;
	unsigned pieces = 0;

	if (d->flags & DESCRIPTOR_INDIRECT) {
		table = reach(d->address, d->length);
		d = &table[0];
		fake.indirect_requests++;
	}
	header = reach(d->address, 16);
	at = header->sector * 512;
	while (d->flags & DESCRIPTOR_NEXT) {
		d = &table[d->next];
		if (d->flags & DESCRIPTOR_NEXT) {
			at += move(d, header->type, at);
			pieces++;
		}
	}
	if (pieces > fake.seg_max && (fake.offered & VIRTIO_BLK_F_SEG_MAX)) {
		fake.saw_bad_address = true;
	}
	*(uint8_t *)reach(d->address, 1) = fake.mischief == IO_ERROR;
	fake.requests++;
}

static void fake_notify(struct virtio_device *it)
{
	(void)it;
	while (fake.seen != fake.available[1]) {
		uint16_t head = fake.available[2 + fake.seen++ % fake.queue_size];

		switch (fake.mischief) {
		case NO_ANSWER:
			break;
		case BAD_ID:
			use(fake.queue_size + 5);
			break;
		case BAD_INDEX:
			fake.used[1] += 500;
			break;
		case REPEAT_ID:
			serve_chain(head);
			use(head);
			use(head);
			break;
		case WANT_RESET:
			fake.status |= VIRTIO_STATUS_NEEDS_RESET;
			break;
		default:
			serve_chain(head);
			use(head);
		}
	}
}

static uint8_t fake_get_status(struct virtio_device *it)
{
	(void)it;
	return fake.status;
}

static void fake_set_status(struct virtio_device *it, uint8_t status)
{
	(void)it;
	if (status == 0) {
		fake.seen = 0;
		fake.status = fake.stuck_in_reset ? 1 : 0;
		return;
	}
	if (!(fake.accepted & VIRTIO_F_VERSION_1)) {
		status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	}
	fake.status = status;
}

static uint32_t fake_get_features(struct virtio_device *it, unsigned half)
{
	(void)it;
	return (uint32_t)(fake.offered >> (32 * half));
}

static void fake_set_features(struct virtio_device *it, unsigned half, uint32_t bits)
{
	(void)it;
	fake.accepted &= ~(0xffffffffull << (32 * half));
	fake.accepted |= (uint64_t)bits << (32 * half);
}

static uint32_t fake_config_read(struct virtio_device *it, unsigned offset)
{
	(void)it;
	switch (offset) {
	case VIRTIO_BLK_CONFIG_CAPACITY:
		return DISK_SECTORS;
	case VIRTIO_BLK_CONFIG_SIZE_MAX:
		return fake.size_max;
	case VIRTIO_BLK_CONFIG_SEG_MAX:
		return fake.seg_max;
	}
	return 0;
}

static uint32_t fake_generation(struct virtio_device *it)
{
	(void)it;
	return 3;
}

static unsigned fake_queue_size_max(struct virtio_device *it)
{
	(void)it;
	return fake.queue_size;
}

static void fake_queue_enable(struct virtio_device *it, unsigned size, uint64_t descriptors,
			      uint64_t available, uint64_t used)
{
	(void)it;
	fake.queue_size = size;
	fake.descriptors = reach(descriptors, size * 16);
	fake.available = reach(available, 6 + 2 * size);
	fake.used = reach(used, 6 + 8 * size);
	if (descriptors % 16 || available % 2 || used % 4) {
		fake.saw_bad_address = true;
	}
}

static uint32_t fake_interrupt_take(struct virtio_device *it)
{
	(void)it;
	return 1;
}

static const struct virtio_operations operations = {
	.get_status = fake_get_status,
	.set_status = fake_set_status,
	.get_features = fake_get_features,
	.set_features = fake_set_features,
	.config_read = fake_config_read,
	.config_generation = fake_generation,
	.queue_size_max = fake_queue_size_max,
	.queue_enable = fake_queue_enable,
	.queue_notify = fake_notify,
	.interrupt_take = fake_interrupt_take,
};

/* Three extents, not in the order of their addresses. */
static const uint64_t *pool_pairs(void)
{
	static uint64_t pairs[6];

	pairs[0] = 0;
	pairs[1] = (uintptr_t)memory[2];
	pairs[2] = POOL_PAGES / 3;
	pairs[3] = (uintptr_t)memory[0];
	pairs[4] = POOL_PAGES / 3 * 2;
	pairs[5] = (uintptr_t)memory[1];
	return pairs;
}

static unsigned char *pool_byte(uint64_t offset)
{
	static const unsigned order[3] = {2, 0, 1};
	uint64_t extent = POOL_PAGES / 3 * 4096;

	return memory[order[offset / extent]] + offset % extent;
}

static bool start(uint64_t offered, unsigned queue_size)
{
	memset(&fake, 0, sizeof(fake));
	fake.offered = offered;
	fake.queue_size = queue_size;
	fake.seg_max = 20;
	fake.size_max = 5000;
	memset(&service, 0, sizeof(service));
	service.blk = &blk;
	device.operations = &operations;
	strcpy(device.name, "fake");
	return blk_init(&blk, &device, ring, (uintptr_t)ring) &&
	       service_attach(&service, CLIENT, POOL_PAGES, 3, pool_pairs()) == 0;
}

static int64_t message(uint32_t label, uint64_t client, unsigned count, const uint64_t *words,
		       uint64_t *result)
{
	struct service_message m = {.label = label, .client = client, .count = count};
	struct blk_request *request;
	uint64_t answer[6];
	unsigned answer_count;
	int64_t status;

	memcpy(m.words, words, count * sizeof(uint64_t));
	request = service_begin(&service, &m, answer, &answer_count);
	if (!request) {
		if (result) {
			memcpy(result, answer, sizeof(answer));
		}
		return (int64_t)answer[0];
	}
	for (unsigned i = 0; i < 1000 && !request->finished; i++) {
		blk_interrupt(&blk);
	}
	status = request->finished ? request->status : -STATUS_TIMEDOUT;
	if (result) {
		result[1] = request->done;
	}
	if (request->finished) {
		blk_request_free(request);
	}
	return status;
}

static int64_t transfer(bool is_write, uint64_t pool, uint64_t sector, unsigned count, ...)
{
	uint64_t words[SERVICE_WORDS] = {pool, sector, count};
	va_list arguments;

	va_start(arguments, count);
	for (unsigned i = 0; i < count; i++) {
		uint64_t offset = va_arg(arguments, uint64_t);

		words[3 + i] = offset << 24 | va_arg(arguments, uint64_t);
	}
	va_end(arguments);
	return message(is_write ? BLOCK_WRITE : BLOCK_READ, CLIENT, 3 + count, words, NULL);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			return #condition;                                                         \
		}                                                                                  \
	} while (0)

#define ALL_FEATURES                                                                               \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_SEG_MAX | \
	 VIRTIO_BLK_F_SIZE_MAX | (1ull << 11) | (1ull << 29))

/* Random requests of many segments against plain memory. */
static const char *random_transfers(void)
{
	for (unsigned round = 0; round < 400; round++) {
		uint64_t words[SERVICE_WORDS] = {0};
		unsigned count = 1 + (unsigned)rand() % BLOCK_SEGMENTS;
		bool is_write = rand() % 2;
		uint64_t total = 0, result[6];
		uint64_t slot = (uint64_t)POOL_PAGES * 4096 / count / 512;

		for (unsigned i = 0; i < count; i++) {
			uint64_t sectors = 1 + (uint64_t)rand() % 40;
			uint64_t offset =
				(slot * i + (slot > 40 ? (uint64_t)rand() % (slot - 40) : 0)) * 512;

			sectors = sectors < slot ? sectors : slot;
			words[3 + i] = offset << 24 | sectors * 512;
			total += sectors;
			for (uint64_t k = 0; k < sectors * 512; k++) {
				*pool_byte(offset + k) = (unsigned char)rand();
			}
		}
		words[1] = (uint64_t)rand() % (DISK_SECTORS - total);
		words[2] = count;
		memcpy(expected, disk, sizeof(disk));
		CHECK(message(is_write ? BLOCK_WRITE : BLOCK_READ, CLIENT, 3 + count, words,
			      result) == 0);
		CHECK(result[1] == total * 512);
		total = words[1] * 512;
		for (unsigned i = 0; i < count; i++) {
			uint64_t offset = words[3 + i] >> 24;

			for (uint64_t k = 0; k < (words[3 + i] & 0xffffff); k++, total++) {
				if (is_write) {
					expected[total] = *pool_byte(offset + k);
				}
				CHECK(*pool_byte(offset + k) == expected[total]);
			}
		}
		CHECK(memcmp(disk, expected, sizeof(disk)) == 0);
	}
	CHECK(!fake.saw_bad_address);
	return NULL;
}

static const char *test_transfers(void)
{
	CHECK(start(ALL_FEATURES, 256));
	CHECK((fake.accepted & ~ALL_FEATURES) == 0);
	CHECK((fake.accepted & ((1ull << 11) | (1ull << 29))) == 0);
	return random_transfers();
}

static const char *test_limits_are_kept(void)
{
	CHECK(start(ALL_FEATURES, 256));
	CHECK(random_transfers() == NULL);
	CHECK(fake.longest <= fake.size_max);
	CHECK(fake.indirect_requests == fake.requests);
	return NULL;
}

static const char *test_small_queue_without_indirect(void)
{
	CHECK(start(VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_SEG_MAX, 8));
	CHECK(random_transfers() == NULL);
	CHECK(fake.indirect_requests == 0);
	return NULL;
}

static const char *test_bounds(void)
{
	uint64_t words[SERVICE_WORDS] = {0, 0, 1, 512};
	const uint64_t end = (uint64_t)POOL_PAGES * 4096;

	CHECK(start(ALL_FEATURES, 64));
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)0) == -STATUS_INVAL);
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)100) == -STATUS_INVAL);
	CHECK(transfer(false, 0, 0, 1, (uint64_t)10, (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 0, 0, 1, end, (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 0, 0, 1, end - 512, (uint64_t)1024) == -STATUS_INVAL);
	CHECK(transfer(false, 0, 0, 1, end - 512, (uint64_t)512) == 0);
	CHECK(transfer(false, 0, 0, 1, (1ull << 40) - 512, (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 0, DISK_SECTORS, 1, (uint64_t)0, (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 0, DISK_SECTORS - 1, 1, (uint64_t)0, (uint64_t)512) == 0);
	CHECK(transfer(false, 0, DISK_SECTORS - 1, 2, (uint64_t)0, (uint64_t)512, (uint64_t)0,
		       (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 0, UINT64_MAX, 1, (uint64_t)0, (uint64_t)512) == -STATUS_INVAL);
	CHECK(transfer(false, 1, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_INVAL);
	CHECK(message(BLOCK_READ, CLIENT + 1, 4, words, NULL) == -STATUS_INVAL);
	CHECK(message(BLOCK_READ, CLIENT, 3, words, NULL) == -STATUS_INVAL);
	CHECK(message(BLOCK_READ, CLIENT, 0, words, NULL) == -STATUS_INVAL);
	words[2] = 65;
	CHECK(message(BLOCK_READ, CLIENT, SERVICE_WORDS, words, NULL) == -STATUS_INVAL);
	words[2] = UINT64_MAX;
	CHECK(message(BLOCK_READ, CLIENT, SERVICE_WORDS, words, NULL) == -STATUS_INVAL);
	words[2] = 0;
	CHECK(message(BLOCK_READ, CLIENT, SERVICE_WORDS, words, NULL) == -STATUS_INVAL);
	CHECK(message(99, CLIENT, 0, words, NULL) == -STATUS_NOSYS);
	CHECK(!fake.saw_bad_address && fake.requests == 2);
	return NULL;
}

static const char *test_attach(void)
{
	uint64_t pairs[6];

	CHECK(start(ALL_FEATURES, 64));
	CHECK(service_attach(&service, CLIENT, POOL_PAGES, 3, pool_pairs()) == 1);
	CHECK(service_attach(&service, 8, POOL_PAGES, 3, pool_pairs()) == 0);
	memcpy(pairs, pool_pairs(), sizeof(pairs));
	pairs[3] = 0; /* no DMA right */
	CHECK(service_attach(&service, 9, POOL_PAGES, 3, pairs) == -STATUS_INVAL);
	memcpy(pairs, pool_pairs(), sizeof(pairs));
	pairs[4] = POOL_PAGES;
	CHECK(service_attach(&service, 9, POOL_PAGES, 3, pairs) == -STATUS_INVAL);
	CHECK(service_attach(&service, 9, POOL_PAGES, 0, pairs) == -STATUS_INVAL);
	CHECK(service_attach(&service, 9, POOL_PAGES, 9, pairs) == -STATUS_INVAL);
	for (unsigned i = 3; i < SERVICE_POOLS; i++) {
		CHECK(service_attach(&service, 9, POOL_PAGES, 3, pool_pairs()) == i - 3);
	}
	CHECK(service_attach(&service, 9, POOL_PAGES, 3, pool_pairs()) == -STATUS_NOMEM);
	return NULL;
}

static const char *test_read_only_and_flush(void)
{
	uint64_t result[6];

	CHECK(start(ALL_FEATURES | VIRTIO_BLK_F_RO, 64));
	CHECK(transfer(true, 0, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_ROFS);
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == 0);
	CHECK(message(BLOCK_INFO, CLIENT, 0, result, result) == 0);
	CHECK(result[1] == DISK_SECTORS && result[2] == 1);
	CHECK(message(BLOCK_FLUSH, CLIENT, 0, result, NULL) == 0);
	CHECK(fake.requests == 2);
	CHECK(message(BLOCK_STATISTICS, CLIENT, 0, result, result) == 0);
	CHECK(result[1] == 1 && result[2] == 1 && result[3] == 0 && result[5] == 1);
	/* Without the feature there is nothing to flush. */
	CHECK(start(VIRTIO_F_VERSION_1, 64));
	CHECK(message(BLOCK_FLUSH, CLIENT, 0, result, NULL) == 0);
	CHECK(fake.requests == 0);
	return NULL;
}

static const char *test_misbehaviour(void)
{
	static const enum mischief kinds[] = {BAD_ID, BAD_INDEX, REPEAT_ID, WANT_RESET};

	for (unsigned i = 0; i < 4; i++) {
		CHECK(start(ALL_FEATURES, 64));
		fake.mischief = kinds[i];
		/* The chain that was served well before the garbage may have ended well. */
		CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) ==
		      (kinds[i] == REPEAT_ID ? 0 : -STATUS_IO));
		CHECK(blk.resets == 1);
		fake.mischief = BEHAVE;
		CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == 0);
		CHECK(blk.resets == 1);
	}
	CHECK(start(ALL_FEATURES, 64));
	fake.mischief = IO_ERROR;
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_IO);
	CHECK(blk.resets == 0);
	/* A device that stays silent is reset by the deadline (main.c), and its request fails. */
	fake.mischief = NO_ANSWER;
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_TIMEDOUT);
	blk_reset(&blk, "test");
	CHECK(blk.requests[0].finished && blk.requests[0].status == -STATUS_IO);
	blk_request_free(&blk.requests[0]);
	fake.mischief = BEHAVE;
	CHECK(random_transfers() == NULL);
	return NULL;
}

static const char *test_no_device(void)
{
	uint64_t result[6];

	CHECK(start(ALL_FEATURES, 64));
	fake.mischief = BAD_ID;
	fake.stuck_in_reset = true;
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_IO);
	CHECK(transfer(false, 0, 0, 1, (uint64_t)0, (uint64_t)512) == -STATUS_NODEV);
	CHECK(message(BLOCK_FLUSH, CLIENT, 0, result, NULL) == -STATUS_NODEV);
	CHECK(message(BLOCK_INFO, CLIENT, 0, result, NULL) == -STATUS_NODEV);
	CHECK(!start(VIRTIO_BLK_F_FLUSH, 64)); /* a device before version 1 */
	CHECK(!start(ALL_FEATURES, 0));
	CHECK(!start(ALL_FEATURES, 2));
	return NULL;
}

/* Several requests at a time, taken back in any order. */
static const char *test_parallel(void)
{
	struct blk_request *requests[BLK_REQUESTS];

	CHECK(start(ALL_FEATURES, 64));
	fake.mischief = NO_ANSWER;
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		struct service_message m = {.label = BLOCK_READ,
					    .client = CLIENT,
					    .count = 4,
					    .words = {0, i, 1, (uint64_t)i * 4096 << 24 | 512}};
		uint64_t answer[6];
		unsigned count;

		CHECK(blk_has_free_request(&blk));
		requests[i] = service_begin(&service, &m, answer, &count);
		CHECK(requests[i] && !requests[i]->finished);
	}
	CHECK(!blk_has_free_request(&blk));
	for (unsigned i = BLK_REQUESTS; i-- > 0;) {
		uint16_t head = fake.available[2 + i];

		serve_chain(head);
		use(head);
		blk_interrupt(&blk);
		CHECK(requests[i]->finished && requests[i]->status == 0);
		CHECK(memcmp(pool_byte(i * 4096), disk + i * 512, 512) == 0);
		CHECK(i == 0 || !requests[i - 1]->finished);
	}
	return NULL;
}

int main(void)
{
	static const struct {
		const char *name;
		const char *(*function)(void);
	} tests[] = {
		{"virtio-blk-transfers", test_transfers},
		{"virtio-blk-device-limits", test_limits_are_kept},
		{"virtio-blk-small-queue", test_small_queue_without_indirect},
		{"virtio-blk-bounds", test_bounds},
		{"virtio-blk-attach", test_attach},
		{"virtio-blk-read-only-flush", test_read_only_and_flush},
		{"virtio-blk-misbehaviour", test_misbehaviour},
		{"virtio-blk-no-device", test_no_device},
		{"virtio-blk-parallel", test_parallel},
	};

	for (unsigned i = 0; i < sizeof(disk); i++) {
		disk[i] = (unsigned char)(i * 7 + i / 512);
	}
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char *failure = tests[i].function();

		printf(failure ? "FAIL %s %s\n" : "PASS %s\n", tests[i].name, failure);
		*(failure ? &failed : &passed) += 1;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
