# SPDX-License-Identifier: BSD-2-Clause
vm_test = $(kernel_harness_SRC) $(addprefix tests/native-vm/,$(1))

NATIVE_TESTS += vm_hardware vm_hardware_long
vm_hardware_SRC := $(call vm_test,access.S prober.c flat.c hardware.c hardware_random.c \
	hardware_main.c sparse.c)
vm_hardware_long_SRC := $(vm_hardware_SRC)
vm_hardware_long_CFLAGS := -DHARDWARE_SEED=100 -DHARDWARE_SEEDS=20 -DHARDWARE_OPERATIONS=10000

NATIVE_TESTS += vm_races vm_races_long
vm_races_SRC := $(call vm_test,access.S race.c sealing.c revoking.c remapping.c races_main.c)
vm_races_long_SRC := $(vm_races_SRC)
vm_races_long_CFLAGS := -DRACE_ROUNDS=34000u

NATIVE_TESTS += vm_bench
vm_bench_SRC := $(call vm_test,resident.c bench.c)
