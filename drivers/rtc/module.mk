# SPDX-License-Identifier: BSD-2-Clause
NATIVE += rtc
rtc_SRC := drivers/rtc/main.c
