# SPDX-License-Identifier: BSD-2-Clause
vm_test = $(kernel_harness_SRC) $(addprefix tests/native-vm/,$(1))

NATIVE_TESTS += vm_hardware vm_hardware_long
vm_hardware_SRC := $(call vm_test,access.S prober.c flat.c hardware.c hardware_random.c \
	hardware_main.c sparse.c)
vm_hardware_long_SRC := $(vm_hardware_SRC)
vm_hardware_long_CFLAGS := -DHARDWARE_SEED=100 -DHARDWARE_SEEDS=20 -DHARDWARE_OPERATIONS=10000
