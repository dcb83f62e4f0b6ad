# SPDX-License-Identifier: BSD-2-Clause
# The library that is linked into every native program.
NATIVE_LIB_SRC += servers/lib/start.S servers/lib/runtime.c servers/lib/startup.c \
	servers/lib/log.c servers/lib/slots.c servers/lib/objects.c servers/lib/thread.c \
	servers/lib/blocks.c servers/lib/single_step.c
