# SPDX-License-Identifier: BSD-2-Clause
# Benchmarks inside an ordinary static Linux program; the same binary measures Linux.
LINUX_PROGRAMS += bench-linux bench-nothing
bench-linux_SRC := tests/bench/main.c tests/bench/memory.c tests/bench/process.c
bench-nothing_SRC := tests/bench/nothing.c
bench-linux_LDLIBS := -Wl,-s
bench-nothing_LDLIBS := -Wl,-s
