# SPDX-License-Identifier: BSD-2-Clause
NATIVE_TESTS += libtest crasher survivor budgets
libtest_SRC := tests/native/libtest.c
crasher_SRC := tests/native/crasher.c
crasher_CFLAGS := -fno-optimize-sibling-calls -Wno-infinite-recursion -Wno-array-bounds
survivor_SRC := tests/native/survivor.c
budgets_SRC := tests/native/budgets.c
