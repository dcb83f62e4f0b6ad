/* SPDX-License-Identifier: BSD-2-Clause */
/* See cases.h. */
#include "tests/pager/cases.h"
const struct pager_case pager_cases[] = {{0}};
const unsigned pager_case_count = 0;
