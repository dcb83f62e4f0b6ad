# SPDX-License-Identifier: BSD-2-Clause
# What the test runner itself needs; the tests are in the folders below.
LINUX_PROGRAMS += testinit
testinit_SRC := tests/tools/testinit.c
