# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += pager_model
pager_model_SRC := tests/pager/main.c tests/pager/fake.c tests/pager/model.c tests/pager/random.c \
	tests/pager/random_access.c tests/pager/random_regions.c tests/pager/random_objects.c \
	tests/pager/cases.c tests/pager/cases_objects.c tests/pager/bytes.c $(PAGER_LOGIC)
