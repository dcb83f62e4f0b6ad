# SPDX-License-Identifier: BSD-2-Clause
NATIVE += virtio-blk
virtio-blk_SRC := drivers/virtio-blk/main.c drivers/virtio-blk/service.c drivers/virtio-blk/blk.c \
	drivers/virtio-blk/queue.c drivers/virtio-blk/mmio.c drivers/virtio-blk/pci.c
