# SPDX-License-Identifier: BSD-2-Clause
# The file server on the build machine. Needs libext2fs built for it.
.DEFAULT_GOAL := all

FILES_HOST_LIB := build/lib-host
FILES_HOST_SRC := $(FILES_COMMON_SRC) tests/files/harness.c
FILES_HOST_CFLAGS := -isystem $(FILES_HOST_LIB)/include
FILES_HOST_LDLIBS := $(FILES_HOST_LIB)/libext2fs.a

HOST_TESTS += files-model
files-model_SRC := tests/files/model_test.c tests/files/model.c $(FILES_HOST_SRC)
files-model_CFLAGS := $(FILES_HOST_CFLAGS)
files-model_LDLIBS := $(FILES_HOST_LDLIBS)

$(FILES_HOST_LIB)/libext2fs.a: tests/files/build-host-ext2fs.sh | $(SETUP)
	@sh tests/files/build-host-ext2fs.sh $(FILES_HOST_LIB)

$(B)/host-tests/files-model: $(FILES_HOST_LIB)/libext2fs.a

HOST_TESTS += files-robust
files-robust_SRC := tests/files/robust_test.c $(FILES_HOST_SRC)
files-robust_CFLAGS := $(FILES_HOST_CFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
files-robust_LDLIBS := $(FILES_HOST_LDLIBS)
$(B)/host-tests/files-robust: $(FILES_HOST_LIB)/libext2fs.a

HOST_TESTS += virtio-blk-host
virtio-blk-host_SRC := tests/files/virtio_blk_test.c drivers/virtio-blk/service.c \
	drivers/virtio-blk/blk.c drivers/virtio-blk/queue.c

HOST_TESTS += files-limits
files-limits_SRC := tests/files/limits_test.c $(FILES_HOST_SRC)
files-limits_CFLAGS := $(FILES_HOST_CFLAGS)
files-limits_LDLIBS := $(FILES_HOST_LDLIBS)
$(B)/host-tests/files-limits: $(FILES_HOST_LIB)/libext2fs.a
