/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock server (servers/protocol/rtc.h) for the Goldfish RTC, which
 * counts nanoseconds since 1970 in two 32-bit registers; reading the low one
 * latches the high one (Goldfish virtual hardware, timer section). On a
 * machine without the device every request gets STATUS_NODEV.
 */
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"
#include "servers/protocol/rtc.h"
#include "servers/protocol/status.h"

#define TIME_LOW 0
#define TIME_HIGH 1

static uint64_t read_clock(const volatile uint32_t *registers)
{
	uint64_t low = registers[TIME_LOW];

	return (uint64_t)registers[TIME_HIGH] << 32 | low;
}

int main(void)
{
	const struct startup_region *region = startup_region("registers");
	cap_t endpoint = startup_cap_required("rtc");
	cap_t reply = object_create(OBJECT_REPLY, 0);
	struct message m = {0};

	if (reply == 0)
		fatal("rtc: no kernel memory to start with\n");
	for (;;) {
		if (ipc_reply_receive(endpoint, reply, &m) != ERR_OK)
			fatal("rtc: cannot receive\n");
		long status = -STATUS_NOSYS;

		if (message_label(m.tag) == RTC_READ)
			status = region != NULL ? STATUS_OK : -STATUS_NODEV;
		m.tag = MESSAGE_TAG(0, 1);
		m.words[0] = (uint64_t)status;
		if (status == STATUS_OK) {
			m.words[1] = read_clock((const volatile uint32_t *)region->address);
			m.words[2] = time_ticks();
			m.tag = MESSAGE_TAG(0, 3);
		}
	}
}
