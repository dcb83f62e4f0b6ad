# SPDX-License-Identifier: BSD-2-Clause
HOST_TESTS += kernel_caps
kernel_caps_SRC := tests/kernel/main.c tests/kernel/operations.c tests/kernel/model.c \
	tests/kernel/fake.c tests/vm/fake.c kernel/cap.c kernel/cspace_methods.c kernel/destroy.c \
	kernel/untyped.c kernel/invoke.c kernel/ipc.c kernel/notification.c \
	kernel/lend.c kernel/wait_queue.c kernel/sched_context.c kernel/thread.c kernel/thread_methods.c \
	kernel/memory_methods.c kernel/machine_methods.c kernel/timer.c kernel/interrupt.c \
	kernel/window_call.c $(filter vm/%.c,$(KERNEL_SRC))
kernel_caps_CFLAGS := -DKERNEL_HOST -DVM_HOST

HOST_TESTS += kernel_irqchip
kernel_irqchip_SRC := tests/kernel/irqchip.c tests/kernel/irqchip_model.c kernel/irqchip.c \
	kernel/plic.c kernel/aplic.c kernel/imsic.c
kernel_irqchip_CFLAGS := -DKERNEL_HOST -DVM_HOST

HOST_TESTS += kernel_string
kernel_string_SRC := tests/kernel/string.c kernel/string.c
kernel_string_CFLAGS := -fno-builtin $(foreach f,memset memcpy memmove memcmp memchr strlen strnlen \
	strcmp strncmp strchr strrchr,-D$(f)=kernel_$(f))

HOST_TESTS += kernel_budgets
kernel_budgets_SRC := tests/kernel/budgets.c kernel/sched_context.c kernel/timer.c kernel/cap.c
kernel_budgets_CFLAGS := -DKERNEL_HOST -DVM_HOST
