/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio 1.x device as its driver sees it, whichever bus it sits on.
 * Numbers in comments are sections of "Virtual I/O Device (VIRTIO) Version 1.2".
 *
 * A transport (mmio.c, pci.c, the fake one of the host tests) fills in a
 * struct virtio_device; everything above it uses only the operations.
 */
#ifndef DRIVERS_VIRTIO_BLK_VIRTIO_H
#define DRIVERS_VIRTIO_BLK_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Device status, 2.1. */
enum virtio_status {
	VIRTIO_STATUS_ACKNOWLEDGE = 1,
	VIRTIO_STATUS_DRIVER = 2,
	VIRTIO_STATUS_DRIVER_OK = 4,
	VIRTIO_STATUS_FEATURES_OK = 8,
	VIRTIO_STATUS_NEEDS_RESET = 64,
	VIRTIO_STATUS_FAILED = 128,
};

/* Feature bits, 5.2.3 and 6. */
#define VIRTIO_BLK_F_SIZE_MAX (1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE (1ull << 6)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)

#define VIRTIO_ID_BLOCK 2

/* Offsets in the block device's configuration space, 5.2.4. */
enum virtio_blk_config {
	VIRTIO_BLK_CONFIG_CAPACITY = 0, /* 64 bits, sectors of 512 bytes */
	VIRTIO_BLK_CONFIG_SIZE_MAX = 8,
	VIRTIO_BLK_CONFIG_SEG_MAX = 12,
	VIRTIO_BLK_CONFIG_BLK_SIZE = 20,
};

struct virtio_device;

struct virtio_operations {
	uint8_t (*get_status)(struct virtio_device *device);
	/* Writing 0 resets. */
	void (*set_status)(struct virtio_device *device, uint8_t status);
	uint32_t (*get_features)(struct virtio_device *device, unsigned half);
	void (*set_features)(struct virtio_device *device, unsigned half, uint32_t bits);
	uint32_t (*config_read)(struct virtio_device *device, unsigned offset); /* 4-aligned */
	uint32_t (*config_generation)(struct virtio_device *device);
	/* Entries that queue 0 may have at the most, 0 if there is no queue. */
	unsigned (*queue_size_max)(struct virtio_device *device);
	/* Hand over queue 0: entries and three physical addresses; enables it. */
	void (*queue_enable)(struct virtio_device *device, unsigned size, uint64_t descriptors,
			     uint64_t available, uint64_t used);
	void (*queue_notify)(struct virtio_device *device);
	/* Which causes are pending (bit 0 queue, bit 1 configuration); takes them back. */
	uint32_t (*interrupt_take)(struct virtio_device *device);
};

struct virtio_device {
	const struct virtio_operations *operations;
	volatile uint8_t *registers;	 /* mmio: all registers; pci: common configuration */
	volatile uint8_t *notify;	 /* pci: the queue's doorbell */
	volatile uint8_t *interrupt;	 /* pci: interrupt status */
	volatile uint8_t *configuration; /* of the device type */
	uint32_t notify_multiplier;	 /* pci: bytes from one queue's doorbell to the next */
	uint32_t notify_size;		 /* pci: bytes of the doorbell area */
	const char *irq_name;		 /* start-up capability of its interrupt */
	char name[16];			 /* for messages: "virtio3", "pci 00:02.0" */
};

static inline uint8_t register_read8(const volatile uint8_t *address)
{
	return *address;
}

static inline uint16_t register_read16(const volatile uint8_t *address)
{
	return *(const volatile uint16_t *)(const volatile void *)address;
}

static inline uint32_t register_read32(const volatile uint8_t *address)
{
	return *(const volatile uint32_t *)(const volatile void *)address;
}

static inline void register_write8(volatile uint8_t *address, uint8_t value)
{
	*address = value;
}

static inline void register_write16(volatile uint8_t *address, uint16_t value)
{
	*(volatile uint16_t *)(volatile void *)address = value;
}

static inline void register_write32(volatile uint8_t *address, uint32_t value)
{
	*(volatile uint32_t *)(volatile void *)address = value;
}

/*
 * Orders all earlier loads and stores, to memory and to device registers,
 * before all later ones. The device is an observer like another hart: rings
 * in memory and doorbells in I/O space must be seen in program order.
 */
static inline void device_fence(void)
{
#ifdef __riscv
	__asm__ volatile("fence iorw, iorw" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/*
 * Find the `wanted`-th block device (0 = the first) behind the virtio-mmio
 * windows, then on the PCI bus. True if there is one.
 */
bool mmio_find(unsigned *wanted, struct virtio_device *device);
bool pci_find(unsigned *wanted, struct virtio_device *device);

#endif
