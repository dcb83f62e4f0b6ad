# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += vm_model
vm_model_SRC := tests/vm/main.c tests/vm/fake.c tests/vm/model.c tests/vm/random.c \
	tests/vm/random_items.c tests/vm/unit.c tests/vm/unit_harts.c tests/vm/unit_items.c \
	tests/vm/unit_tables.c tests/vm/unit_freeze.c $(filter vm/%.c,$(KERNEL_SRC))
vm_model_CFLAGS := -DVM_HOST
