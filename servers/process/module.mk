# SPDX-License-Identifier: BSD-2-Clause
# The personality server: Linux programs. files.mk lists the half that deals with files.
NATIVE += process
process_SRC := \
	servers/process/main.c servers/process/dispatch.c servers/process/calls.c servers/process/park.c \
	servers/process/timer.c servers/process/clock.c servers/process/itimer.c \
	servers/process/task.c servers/process/group.c servers/process/kthread.c \
	servers/process/copy.c servers/process/elf.c servers/process/exec.c \
	servers/process/exec_args.c servers/process/exec_stack.c servers/process/clone.c \
	servers/process/exit.c servers/process/wait.c servers/process/signal.c \
	servers/process/signal_deliver.c servers/process/signal_frame.c \
	servers/process/signal_calls.c servers/process/exception.c servers/process/futex.c \
	servers/process/memory.c servers/process/identity.c servers/process/limits.c \
	servers/process/misc.c servers/process/random.c servers/process/procinfo.c
# Copying by words, which the C library does not.
process_SRC += $(wildcard servers/pager/bytes.c)
include servers/process/files.mk
