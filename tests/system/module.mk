# SPDX-License-Identifier: BSD-2-Clause
# Host tests of root, memory server, library and small drivers.
HOST_TESTS += memory_allocators
memory_allocators_SRC := tests/system/blocks_test.c tests/system/fake_kernel.c \
	servers/lib/blocks.c servers/lib/objects.c servers/lib/slots.c servers/lib/startup.c \
	servers/memory/memory.c

HOST_TESTS += boot_images
boot_images_SRC := tests/system/images_test.c servers/root/archive.c servers/root/elf.c

HOST_TESTS += sysc_rules
sysc_rules_SRC := tests/system/sysc_test.c

HOST_TESTS += admission
admission_SRC := tests/system/admission_test.c

# libfdt for the build machine: the sources are there once setup has run, so they are no
# prerequisites.
LIBFDT_HOST := .cache/src/dtc/libfdt
HOST_TESTS += root_devices
root_devices_SRC := tests/system/devices_test.c servers/root/devices.c
root_devices_CFLAGS := -I$(LIBFDT_HOST) -Wno-sign-compare
root_devices_LDLIBS := $(patsubst %,$(LIBFDT_HOST)/%.c,fdt fdt_ro fdt_sw fdt_strerror)

HOST_TESTS += uart_model
uart_model_SRC := tests/system/uart_test.c drivers/ns16550/uart.c

HOST_TESTS += step_exits
step_exits_SRC := tests/system/step_exits_test.c tests/system/step_encode.c servers/lib/single_step.c
HOST_TESTS += step_programs
step_programs_SRC := tests/system/step_programs_test.c tests/system/step_encode.c servers/lib/single_step.c
