/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A serial line driver: raw bytes. The line discipline (echo, editing,
 * signals) is the personality server's. Bytes travel in message words from
 * word 1 on, little-endian, SERIAL_BYTES at the most. Neither call waits.
 */
#ifndef SERVERS_PROTOCOL_SERIAL_H
#define SERVERS_PROTOCOL_SERIAL_H

#define SERIAL_BYTES 2048

#define SERIAL_LIST(X)                                                                              \
	X(SERIAL_WRITE, 1, "bytes n, bytes", "status or bytes taken 0..n",                          \
	  "queue bytes for sending; less than n: the queue is full, a signal tells when it is not") \
	X(SERIAL_READ, 2, "bytes wanted n", "status or bytes m, bytes", "take what has arrived")    \
	X(SERIAL_SUBSCRIBE, 3, "cap 0: Notification (signal)", "status",                            \
	  "signal it when input arrives, and when a full queue has room again")                     \
	X(SERIAL_DRAIN, 4, "-", "status", "wait until all queued bytes are sent")

enum serial_label {
#define SERIAL_ENUM(name, label, in, out, text) name = label,
	SERIAL_LIST(SERIAL_ENUM)
#undef SERIAL_ENUM
};

#endif
