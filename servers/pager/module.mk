# SPDX-License-Identifier: BSD-2-Clause
# The pager. Its logic is shared with the host tests (tests/pager).
NATIVE += pager
PAGER_LOGIC := servers/pager/advise.c servers/pager/cache.c servers/pager/copy.c \
	servers/pager/dispatch.c servers/pager/fault.c servers/pager/frames.c servers/pager/io.c \
	servers/pager/map.c servers/pager/mapping.c servers/pager/object.c servers/pager/regions.c \
	servers/pager/remap.c servers/pager/replace.c servers/pager/space.c servers/pager/statistics.c \
	servers/pager/tree.c servers/pager/writeback.c
pager_SRC := $(PAGER_LOGIC) servers/pager/bytes.c servers/pager/files.c servers/pager/kernel.c servers/pager/main.c
