/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver for virtio block devices: start-up and the message loop.
 *
 * One thread. Each request under way keeps its caller in a reply object of
 * its own; the loop receives with the reply object of a free request. The
 * device's interrupt and the timer arrive on the bound notification, which
 * ends a receive. While all requests are under way only the notification is
 * waited for.
 *
 * With the argument "disk-deadline=SECONDS" a device that leaves a request
 * unanswered for that long is reset. The timer is armed only when a request
 * starts and none is armed, so it costs next to nothing. It is off by default
 * because an emulator that counts instructions lets virtual time jump to the
 * next timer while the host's disk works: no deadline holds there.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio-blk/service.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/status.h"

#define IRQ_BIT 1

static struct virtio_device device;
static struct blk blk;
static struct service service;

static cap_t endpoint, notification, irq, receive_slot;
static cap_t replies[BLK_REQUESTS + 1]; /* one for each request, one to receive with */
static cap_t spare_reply;		/* the one to receive with */
static uint64_t started[BLK_REQUESTS];	/* ticks */
static uint64_t deadline;		/* ticks, 0 = none */
static bool timer_armed;

static void set_up_device(void)
{
	const struct startup_region *ring = startup_region("ring");
	const char *disk = startup_argument("disk");
	const char *seconds = startup_argument("disk-deadline");
	unsigned wanted = disk ? (unsigned)strtoul(disk, NULL, 10) : 0;

	deadline = seconds ? strtoul(seconds, NULL, 10) * startup()->timebase_hz : 0;

	if (!ring || !ring->address || !ring->physical || ring->size < BLK_MEMORY) {
		fatal("virtio-blk: needs a DMA region \"ring\" of %u bytes\n", BLK_MEMORY);
	}
	if (!mmio_find(&wanted, &device) && !pci_find(&wanted, &device)) {
		log_print("virtio-blk: no disk\n");
		return;
	}
	irq = startup_cap_required(device.irq_name);
	if (!blk_init(&blk, &device, (void *)ring->address, ring->physical)) {
		return;
	}
	log_print("virtio-blk: %s, %llu MiB%s%s\n", device.name,
		  (unsigned long long)(blk.sectors >> 11), blk.read_only ? ", read-only" : "",
		  blk.has_flush ? "" : ", no write cache");
}

/* Interrupts signal the notification with bit IRQ_BIT. */
static void set_up_interrupt(void)
{
	cap_t badged = cap_derive(notification, RIGHT_WRITE, IRQ_BIT);

	if (!badged || invoke5(irq, IRQ_SET_NOTIFICATION, badged, 0, 0, 0, 0) != ERR_OK) {
		fatal("virtio-blk: cannot get interrupts\n");
	}
}

static void set_up_capabilities(void)
{
	endpoint = startup_cap_required("block");
	notification = object_create(OBJECT_NOTIFICATION, 0);
	receive_slot = slot_allocate();
	if (!notification || !receive_slot ||
	    invoke5(SLOT_THREAD, THREAD_BIND_NOTIFICATION, notification, 0, 0, 0, 0) != ERR_OK) {
		fatal("virtio-blk: no memory for kernel objects\n");
	}
	for (unsigned i = 0; i <= BLK_REQUESTS; i++) {
		replies[i] = object_create(OBJECT_REPLY, 0);
		if (!replies[i]) {
			fatal("virtio-blk: no memory for reply objects\n");
		}
	}
	spare_reply = replies[BLK_REQUESTS];
}

static void arm_timer(void)
{
	uint64_t now = time_ticks();

	if (deadline != 0 && !timer_armed &&
	    invoke5(notification, NOTIFICATION_SET_TIMER, now + deadline, 0, 0, 0, 0) == ERR_OK) {
		timer_armed = true;
	}
}

static void check_deadlines(void)
{
	uint64_t now = time_ticks();
	bool waiting = false;

	timer_armed = false;
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		if (!blk.requests[i].active || blk.requests[i].finished) {
			continue;
		}
		if (now - started[i] >= deadline) {
			blk_reset(&blk, "no answer to a request");
			return;
		}
		waiting = true;
	}
	if (waiting) {
		arm_timer();
	}
}

/* Answer of a finished request, which becomes free. */
static void make_answer(struct blk_request *request, struct message *m)
{
	m->tag = MESSAGE_TAG(0, 2);
	m->words[0] = (uint64_t)(int64_t)request->status;
	m->words[1] = request->done;
	blk_request_free(request);
}

/*
 * Take the device's interrupt, answer all finished requests. The last answer
 * is left in `m` for the caller to send together with its next receive: then
 * true is returned and its reply object is the spare one.
 */
static bool take_notification(uint64_t bits, struct message *m)
{
	bool pending = false;

	if ((bits & TIMER_BIT) != 0) {
		check_deadlines();
	}
	if ((bits & IRQ_BIT) != 0) {
		blk_interrupt(&blk);
		invoke5(irq, IRQ_ACK, 0, 0, 0, 0, 0);
	}
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		if (!blk.requests[i].active || !blk.requests[i].finished) {
			continue;
		}
		if (pending) {
			ipc_reply(spare_reply, m);
		}
		make_answer(&blk.requests[i], m);
		/* The request gets the reply object that nobody waits in. */
		cap_t reply = replies[i];
		replies[i] = spare_reply;
		spare_reply = reply;
		pending = true;
	}
	return pending;
}

static void attach(struct message *m)
{
	struct message info = {.tag = 0};
	uint64_t pairs[2 * BLK_EXTENTS];
	int64_t status = -STATUS_INVAL;

	if (message_caps(m->tag) >= 1 && invoke(receive_slot, POOL_INFO, 0, &info) == ERR_OK &&
	    info.words[1] <= BLK_EXTENTS) {
		for (unsigned i = 0; i < 2 * info.words[1]; i++) {
			pairs[i] = i + 2 < MESSAGE_REGISTERS ? info.words[i + 2]
							     : message_buffer()->words[i + 2];
		}
		status = service_attach(&service, m->badge, info.words[0], info.words[1], pairs);
	}
	m->tag = MESSAGE_TAG(0, 2);
	m->words[0] = (uint64_t)(status < 0 ? status : STATUS_OK);
	m->words[1] = (uint64_t)status;
}

static void drop_received_capability(const struct message *m, bool keep)
{
	if (message_caps(m->tag) == 0) {
		return;
	}
	if (!keep) {
		slot_free(receive_slot);
	}
	receive_slot = slot_allocate();
}

/* Serve a message. True if the answer is in `m`, false if a request is under way. */
static bool serve(struct message *m)
{
	struct service_message message = {
		.label = message_label(m->tag), .client = m->badge, .count = message_words(m->tag)};
	struct blk_request *request;
	uint64_t answer[6];
	unsigned count;

	if (message.label == BLOCK_ATTACH_POOL) {
		struct message received = *m;

		attach(m);
		/* The capability is kept: it keeps the pool alive while the device may use it. */
		drop_received_capability(&received, m->words[0] == STATUS_OK);
		return true;
	}
	drop_received_capability(m, false);
	if (message.count > SERVICE_WORDS) {
		message.count = SERVICE_WORDS;
	}
	for (unsigned i = 0; i < message.count; i++) {
		message.words[i] = i < MESSAGE_REGISTERS ? m->words[i] : message_buffer()->words[i];
	}
	request = service_begin(&service, &message, answer, &count);
	if (request && !request->finished) {
		/* Its caller stays in the spare reply object, which becomes the request's. */
		cap_t reply = replies[request->index];
		replies[request->index] = spare_reply;
		spare_reply = reply;
		started[request->index] = time_ticks();
		arm_timer();
		return false;
	}
	if (request) {
		make_answer(request, m);
		return true;
	}
	m->tag = MESSAGE_TAG(0, count);
	memcpy(m->words, answer, sizeof(answer));
	return true;
}

int main(void)
{
	struct message m = {.tag = 0};
	bool answer = false;

	set_up_capabilities();
	set_up_device();
	service.blk = &blk;
	if (blk.present) {
		set_up_interrupt();
	}
	for (;;) {
		enum err err;

		if (answer) {
			message_buffer()->receive_caps[0] = receive_slot;
			err = ipc_reply_receive(endpoint, spare_reply, &m);
		} else if (blk_has_free_request(&blk)) {
			message_buffer()->receive_caps[0] = receive_slot;
			err = ipc_receive(endpoint, spare_reply, &m);
		} else {
			err = notification_wait(notification, &m.badge);
			m.tag = MESSAGE_TAG(LABEL_NOTIFICATION, 0);
		}
		answer = false;
		if (err != ERR_OK) {
			continue;
		}
		if (message_label(m.tag) == LABEL_NOTIFICATION) {
			answer = take_notification(m.badge, &m);
		} else {
			answer = serve(&m);
		}
	}
}
