/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages: the tag and the message buffer.
 *
 * Each thread owns one message buffer of 4 KiB. It is part of the Thread
 * object (never of a Pool) and the kernel maps it at MESSAGE_BUFFER_VA(n) of
 * the thread's space, n chosen at THREAD_CONFIGURE.
 */
#ifndef KERNEL_ABI_MESSAGE_H
#define KERNEL_ABI_MESSAGE_H

#include <stdint.h>

/*
 * Tag: bits 0-15 number of words (0..MESSAGE_WORDS), 16-19 number of
 * capabilities (0..MESSAGE_CAPS), 24-31 number of window items
 * (0..WINDOW_ITEMS, only for SYS_WINDOW and SYS_REPLY_RECEIVE), 32-63 label.
 */
#define MESSAGE_TAG(label, words) (((uint64_t)(uint32_t)(label) << 32) | ((uint64_t)(words)&0xffff))
#define MESSAGE_TAG_CAPS(n) (((uint64_t)(n)&0xf) << 16)
#define MESSAGE_TAG_ITEMS(n) (((uint64_t)(n)&0xff) << 24)

static inline uint32_t message_label(uint64_t tag)
{
	return (uint32_t)(tag >> 32);
}

static inline uint32_t message_words(uint64_t tag)
{
	return (uint32_t)(tag & 0xffff);
}

static inline uint32_t message_caps(uint64_t tag)
{
	return (uint32_t)((tag >> 16) & 0xf);
}

static inline uint32_t message_items(uint64_t tag)
{
	return (uint32_t)((tag >> 24) & 0xff);
}

#define MESSAGE_REGISTERS 10 /* words that travel in registers */
#define MESSAGE_WORDS 448    /* words at the most */
#define MESSAGE_CAPS 4	     /* capabilities at the most */

/* With a slot in send_caps: the capability moves. */
#define MESSAGE_CAP_MOVE (1u << 31)

/* Labels from here up are made by the kernel only (fault.h); a sender that uses one gets
 * ERR_ARGUMENT. */
#define MESSAGE_LABEL_KERNEL 0xffff0000u

struct message_buffer {
	uint64_t words[MESSAGE_WORDS]; /* word i; words 0-9 are in registers, not here */
	/* Sender: slots of the capabilities to send. The receiver gets capabilities derived from
	 * them, for which the endpoint capability needs SHARE; or, with MESSAGE_CAP_MOVE added to
	 * the slot, the capabilities themselves, whose slots are empty then: for these it needs
	 * GRANT. Answers need neither. Untyped memory only moves; what has derived capabilities,
	 * or is a CSpace's first capability, does not move and is not delivered. */
	uint32_t send_caps[MESSAGE_CAPS];
	/* Receiver: empty slots of its own for what comes. A capability whose slot here is 0 or
	 * not empty is not delivered; the tag received counts those that were, from the first. */
	uint32_t receive_caps[MESSAGE_CAPS];
	uint64_t reserved[60];
};
_Static_assert(sizeof(struct message_buffer) == 4096, "a message buffer is one page");

/* The top GiB of every space's lower half holds message buffers and nothing else. */
#define MESSAGE_BUFFER_BASE 0x3fc0000000ul
#define MESSAGE_BUFFER_MAX 65536ul
#define MESSAGE_BUFFER_VA(n) (MESSAGE_BUFFER_BASE + (uint64_t)(n)*4096)

#endif
