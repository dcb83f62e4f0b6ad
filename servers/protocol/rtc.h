/* SPDX-License-Identifier: BSD-2-Clause */
/* A real-time clock driver. */
#ifndef SERVERS_PROTOCOL_RTC_H
#define SERVERS_PROTOCOL_RTC_H

#define RTC_LIST(X)                                                                                \
	X(RTC_READ, 1, "-", "status, nanoseconds since 1970-01-01 UTC, time counter in ticks",     \
	  "wall-clock time and the time counter read together")

enum rtc_label {
#define RTC_ENUM(name, label, in, out, text) name = label,
	RTC_LIST(RTC_ENUM)
#undef RTC_ENUM
};

#endif
