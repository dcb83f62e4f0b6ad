/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over MMIO, version 2 (4.2). The start-up regions "virtio0" to
 * "virtio7" are one register window each; a window without a device reads
 * device id 0.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/virtio-blk/virtio.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define MMIO_WINDOWS 8
#define MMIO_MAGIC 0x74726976u /* "virt" */

enum mmio_register { /* 4.2.2 */
		     MMIO_MAGIC_VALUE = 0x000,
		     MMIO_VERSION = 0x004,
		     MMIO_DEVICE_ID = 0x008,
		     MMIO_DEVICE_FEATURES = 0x010,
		     MMIO_DEVICE_FEATURES_SEL = 0x014,
		     MMIO_DRIVER_FEATURES = 0x020,
		     MMIO_DRIVER_FEATURES_SEL = 0x024,
		     MMIO_QUEUE_SEL = 0x030,
		     MMIO_QUEUE_NUM_MAX = 0x034,
		     MMIO_QUEUE_NUM = 0x038,
		     MMIO_QUEUE_READY = 0x044,
		     MMIO_QUEUE_NOTIFY = 0x050,
		     MMIO_INTERRUPT_STATUS = 0x060,
		     MMIO_INTERRUPT_ACK = 0x064,
		     MMIO_STATUS = 0x070,
		     MMIO_QUEUE_DESC = 0x080,	/* low, then high half */
		     MMIO_QUEUE_DRIVER = 0x090, /* available ring */
		     MMIO_QUEUE_DEVICE = 0x0a0, /* used ring */
		     MMIO_CONFIG_GENERATION = 0x0fc,
		     MMIO_CONFIG = 0x100,
};

static uint8_t mmio_get_status(struct virtio_device *device)
{
	return (uint8_t)register_read32(device->registers + MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *device, uint8_t status)
{
	register_write32(device->registers + MMIO_STATUS, status);
}

static uint32_t mmio_get_features(struct virtio_device *device, unsigned half)
{
	register_write32(device->registers + MMIO_DEVICE_FEATURES_SEL, half);
	return register_read32(device->registers + MMIO_DEVICE_FEATURES);
}

static void mmio_set_features(struct virtio_device *device, unsigned half, uint32_t bits)
{
	register_write32(device->registers + MMIO_DRIVER_FEATURES_SEL, half);
	register_write32(device->registers + MMIO_DRIVER_FEATURES, bits);
}

static uint32_t mmio_config_read(struct virtio_device *device, unsigned offset)
{
	return register_read32(device->configuration + offset);
}

static uint32_t mmio_config_generation(struct virtio_device *device)
{
	return register_read32(device->registers + MMIO_CONFIG_GENERATION);
}

static unsigned mmio_queue_size_max(struct virtio_device *device)
{
	register_write32(device->registers + MMIO_QUEUE_SEL, 0);
	return register_read32(device->registers + MMIO_QUEUE_NUM_MAX);
}

static void write_address(volatile uint8_t *registers, unsigned offset, uint64_t address)
{
	register_write32(registers + offset, (uint32_t)address);
	register_write32(registers + offset + 4, (uint32_t)(address >> 32));
}

static void mmio_queue_enable(struct virtio_device *device, unsigned size, uint64_t descriptors,
			      uint64_t available, uint64_t used)
{
	register_write32(device->registers + MMIO_QUEUE_SEL, 0);
	register_write32(device->registers + MMIO_QUEUE_NUM, size);
	write_address(device->registers, MMIO_QUEUE_DESC, descriptors);
	write_address(device->registers, MMIO_QUEUE_DRIVER, available);
	write_address(device->registers, MMIO_QUEUE_DEVICE, used);
	register_write32(device->registers + MMIO_QUEUE_READY, 1);
}

static void mmio_queue_notify(struct virtio_device *device)
{
	register_write32(device->registers + MMIO_QUEUE_NOTIFY, 0);
}

static uint32_t mmio_interrupt_take(struct virtio_device *device)
{
	uint32_t causes = register_read32(device->registers + MMIO_INTERRUPT_STATUS) & 3;

	register_write32(device->registers + MMIO_INTERRUPT_ACK, causes);
	return causes;
}

static const struct virtio_operations mmio_operations = {
	.get_status = mmio_get_status,
	.set_status = mmio_set_status,
	.get_features = mmio_get_features,
	.set_features = mmio_set_features,
	.config_read = mmio_config_read,
	.config_generation = mmio_config_generation,
	.queue_size_max = mmio_queue_size_max,
	.queue_enable = mmio_queue_enable,
	.queue_notify = mmio_queue_notify,
	.interrupt_take = mmio_interrupt_take,
};

static bool is_block_device(const struct startup_region *region)
{
	volatile uint8_t *registers = (volatile uint8_t *)region->address;

	if (register_read32(registers + MMIO_MAGIC_VALUE) != MMIO_MAGIC ||
	    register_read32(registers + MMIO_DEVICE_ID) != VIRTIO_ID_BLOCK) {
		return false;
	}
	if (register_read32(registers + MMIO_VERSION) != 2) {
		log_print("virtio-blk: %s is a legacy device, which is not supported "
			  "(QEMU: -global virtio-mmio.force-legacy=false)\n",
			  region->name);
		return false;
	}
	return true;
}

bool mmio_find(unsigned *wanted, struct virtio_device *device)
{
	static const char *const irq_names[MMIO_WINDOWS] = {"irq0", "irq1", "irq2", "irq3",
							    "irq4", "irq5", "irq6", "irq7"};
	char name[STARTUP_NAME];

	for (unsigned i = 0; i < MMIO_WINDOWS; i++) {
		const struct startup_region *region;

		snprintf(name, sizeof(name), "virtio%u", i);
		region = startup_region(name);
		if (!region || !region->address || region->size < 0x200) {
			continue;
		}
		if (!is_block_device(region) || (*wanted)-- > 0) {
			continue;
		}
		memset(device, 0, sizeof(*device));
		device->operations = &mmio_operations;
		device->registers = (volatile uint8_t *)region->address;
		device->configuration = device->registers + MMIO_CONFIG;
		device->irq_name = irq_names[i];
		snprintf(device->name, sizeof(device->name), "virtio%u", i);
		return true;
	}
	return false;
}
