/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI, modern devices only (4.1).
 *
 * Bus 0 is scanned through ECAM (region "pci-ecam", 4 KiB a function). The
 * chosen device gets addresses for its memory BARs in the 32-bit window
 * "pci-mem", is allowed to decode memory and to master the bus, and uses
 * INTx. Other devices are only read. The window is cut into 32 slices, one
 * for each device number, so that drivers of different devices need not know
 * of each other. Interrupt pins follow the standard rotation
 * (PCI-to-PCI bridge specification 9.1): pin A of device d is "pci-irq<d mod 4>".
 */
#include <stdio.h>
#include <string.h>

#include "drivers/virtio-blk/virtio.h"
#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define PCI_DEVICES 32
#define PCI_BARS 6
#define PCI_CAPABILITIES 48 /* at the most, in 192 bytes of 4-aligned ones: guards against loops */
#define PCI_VENDOR_VIRTIO 0x1af4u
#define PCI_DEVICE_BLOCK 0x1042u     /* 0x1040 + device type */
#define PCI_DEVICE_BLOCK_OLD 0x1001u /* transitional; its modern half has version-1 capabilities */

enum pci_register {
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04, /* 16 bits */
	PCI_STATUS = 0x06,
	PCI_BAR = 0x10,
	PCI_CAPABILITY_POINTER = 0x34,
	PCI_INTERRUPT_PIN = 0x3d,
};

enum pci_command { PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_COMMAND_NO_INTX = 0x400 };

#define PCI_CAPABILITY_VENDOR 9

enum virtio_pci_capability { /* 4.1.4 */
			     VIRTIO_PCI_COMMON = 1,
			     VIRTIO_PCI_NOTIFY = 2,
			     VIRTIO_PCI_ISR = 3,
			     VIRTIO_PCI_DEVICE = 4,
};

enum common_register { /* 4.1.4.3 */
		       COMMON_DEVICE_FEATURES_SEL = 0x00,
		       COMMON_DEVICE_FEATURES = 0x04,
		       COMMON_DRIVER_FEATURES_SEL = 0x08,
		       COMMON_DRIVER_FEATURES = 0x0c,
		       COMMON_STATUS = 0x14,
		       COMMON_CONFIG_GENERATION = 0x15,
		       COMMON_QUEUE_SEL = 0x16,
		       COMMON_QUEUE_SIZE = 0x18,
		       COMMON_QUEUE_ENABLE = 0x1c,
		       COMMON_QUEUE_NOTIFY_OFF = 0x1e,
		       COMMON_QUEUE_DESC = 0x20,
		       COMMON_QUEUE_DRIVER = 0x28,
		       COMMON_QUEUE_DEVICE = 0x30,
		       COMMON_SIZE = 0x38,
};

struct bar {
	uint64_t size;		     /* bytes, 0 = none or I/O */
	volatile uint8_t *registers; /* where it is mapped for us, once assigned */
};

static uint8_t pci_get_status(struct virtio_device *device)
{
	return register_read8(device->registers + COMMON_STATUS);
}

static void pci_set_status(struct virtio_device *device, uint8_t status)
{
	register_write8(device->registers + COMMON_STATUS, status);
}

static uint32_t pci_get_features(struct virtio_device *device, unsigned half)
{
	register_write32(device->registers + COMMON_DEVICE_FEATURES_SEL, half);
	return register_read32(device->registers + COMMON_DEVICE_FEATURES);
}

static void pci_set_features(struct virtio_device *device, unsigned half, uint32_t bits)
{
	register_write32(device->registers + COMMON_DRIVER_FEATURES_SEL, half);
	register_write32(device->registers + COMMON_DRIVER_FEATURES, bits);
}

static uint32_t pci_config_read(struct virtio_device *device, unsigned offset)
{
	return register_read32(device->configuration + offset);
}

static uint32_t pci_config_generation(struct virtio_device *device)
{
	return register_read8(device->registers + COMMON_CONFIG_GENERATION);
}

static unsigned pci_queue_size_max(struct virtio_device *device)
{
	register_write16(device->registers + COMMON_QUEUE_SEL, 0);
	return register_read16(device->registers + COMMON_QUEUE_SIZE);
}

static void write_address(volatile uint8_t *registers, unsigned offset, uint64_t address)
{
	register_write32(registers + offset, (uint32_t)address);
	register_write32(registers + offset + 4, (uint32_t)(address >> 32));
}

static void pci_queue_enable(struct virtio_device *device, unsigned size, uint64_t descriptors,
			     uint64_t available, uint64_t used)
{
	register_write16(device->registers + COMMON_QUEUE_SEL, 0);
	register_write16(device->registers + COMMON_QUEUE_SIZE, (uint16_t)size);
	write_address(device->registers, COMMON_QUEUE_DESC, descriptors);
	write_address(device->registers, COMMON_QUEUE_DRIVER, available);
	write_address(device->registers, COMMON_QUEUE_DEVICE, used);
	register_write16(device->registers + COMMON_QUEUE_ENABLE, 1);
}

static void pci_queue_notify(struct virtio_device *device)
{
	register_write16(device->notify, 0);
}

static uint32_t pci_interrupt_take(struct virtio_device *device)
{
	return register_read8(device->interrupt) & 3; /* reading clears it and drops INTx */
}

static const struct virtio_operations pci_operations = {
	.get_status = pci_get_status,
	.set_status = pci_set_status,
	.get_features = pci_get_features,
	.set_features = pci_set_features,
	.config_read = pci_config_read,
	.config_generation = pci_config_generation,
	.queue_size_max = pci_queue_size_max,
	.queue_enable = pci_queue_enable,
	.queue_notify = pci_queue_notify,
	.interrupt_take = pci_interrupt_take,
};

static bool bar_is_64bit(uint32_t value)
{
	return (value & 7) == 4;
}

/* Size of a memory BAR, by writing ones into it; memory decoding must be off. */
static uint64_t bar_size(volatile uint8_t *config, unsigned index, bool is_64bit)
{
	volatile uint8_t *at = config + PCI_BAR + 4 * index;
	uint64_t mask = 0xffffffff00000000ull;

	register_write32(at, 0xffffffffu);
	mask |= register_read32(at) & ~0xfu;
	if (is_64bit) {
		register_write32(at + 4, 0xffffffffu);
		mask = (mask & 0xffffffffu) | (uint64_t)register_read32(at + 4) << 32;
		register_write32(at + 4, 0);
	}
	register_write32(at, 0);
	return (uint32_t)mask == 0 && !is_64bit ? 0 : ~mask + 1;
}

/*
 * Give each memory BAR an address in this device's slice of the window.
 * False if they do not fit.
 */
static bool assign_bars(volatile uint8_t *config, unsigned device,
			const struct startup_region *window, struct bar bars[PCI_BARS])
{
	uint64_t slice = window->size / PCI_DEVICES;
	uint64_t next = slice * device;
	uint64_t end = next + slice;

	memset(bars, 0, PCI_BARS * sizeof(bars[0]));
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint32_t value = register_read32(config + PCI_BAR + 4 * i);
		bool is_64bit = bar_is_64bit(value);
		uint64_t size, start;

		if ((value & 1) != 0) {
			continue; /* I/O space */
		}
		size = bar_size(config, i, is_64bit);
		if (size != 0) {
			/* Aligned as the device sees it, so the physical base counts. */
			start = ((window->physical + next + size - 1) & ~(size - 1)) -
				window->physical;
			if (start > end || size > end - start) {
				return false;
			}
			register_write32(config + PCI_BAR + 4 * i,
					 (uint32_t)(window->physical + start));
			bars[i] = (struct bar){size, (volatile uint8_t *)(window->address + start)};
			next = start + size;
		}
		i += is_64bit ? 1 : 0;
	}
	return true;
}

/* The structure that a virtio capability at `at` points to, if it lies in a BAR. */
static volatile uint8_t *capability_target(volatile uint8_t *at, const struct bar bars[PCI_BARS],
					   uint32_t least, uint32_t *length)
{
	unsigned index = register_read8(at + 4);
	uint32_t offset = register_read32(at + 8);

	*length = register_read32(at + 12);
	if (index >= PCI_BARS || !bars[index].registers || *length < least ||
	    offset > bars[index].size || *length > bars[index].size - offset) {
		return NULL;
	}
	return bars[index].registers + offset;
}

static bool find_structures(volatile uint8_t *config, const struct bar bars[PCI_BARS],
			    struct virtio_device *device)
{
	unsigned pointer = register_read8(config + PCI_CAPABILITY_POINTER) & 0xfcu;
	uint32_t length;

	for (unsigned i = 0; i < PCI_CAPABILITIES && pointer >= 0x40; i++) {
		volatile uint8_t *at = config + pointer;

		pointer = register_read8(at + 1) & 0xfcu;
		if (register_read8(at) != PCI_CAPABILITY_VENDOR) {
			continue;
		}
		/* The first of a type that fits is the one to use (4.1.4.1). */
		switch (register_read8(at + 3)) {
		case VIRTIO_PCI_COMMON:
			if (!device->registers) {
				device->registers =
					capability_target(at, bars, COMMON_SIZE, &length);
			}
			break;
		case VIRTIO_PCI_NOTIFY:
			if (!device->notify) {
				device->notify = capability_target(at, bars, 2, &length);
				device->notify_size = length;
				device->notify_multiplier = register_read32(at + 16);
			}
			break;
		case VIRTIO_PCI_ISR:
			if (!device->interrupt) {
				device->interrupt = capability_target(at, bars, 1, &length);
			}
			break;
		case VIRTIO_PCI_DEVICE:
			if (!device->configuration) {
				device->configuration = capability_target(at, bars, 24, &length);
			}
			break;
		}
	}
	return device->registers && device->notify && device->interrupt && device->configuration;
}

/* Queue 0's doorbell inside the notification structure (4.1.4.4). */
static bool find_doorbell(struct virtio_device *device)
{
	uint64_t offset;

	register_write16(device->registers + COMMON_QUEUE_SEL, 0);
	offset = (uint64_t)register_read16(device->registers + COMMON_QUEUE_NOTIFY_OFF) *
		 device->notify_multiplier;
	if (offset > device->notify_size - 2u) {
		return false;
	}
	device->notify += offset;
	return true;
}

static bool set_up(volatile uint8_t *config, unsigned number, const struct startup_region *window,
		   struct virtio_device *device)
{
	static const char *const irq_names[4] = {"pci-irq0", "pci-irq1", "pci-irq2", "pci-irq3"};
	unsigned pin = register_read8(config + PCI_INTERRUPT_PIN);
	struct bar bars[PCI_BARS];
	unsigned command;

	memset(device, 0, sizeof(*device));
	snprintf(device->name, sizeof(device->name), "pci 00:%02x.0", number);
	device->operations = &pci_operations;
	if (pin < 1 || pin > 4) {
		return false;
	}
	device->irq_name = irq_names[(pin - 1 + number) % 4];
	command = register_read16(config + PCI_COMMAND) &
		  ~(unsigned)(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	register_write16(config + PCI_COMMAND, (uint16_t)command);
	if (!assign_bars(config, number, window, bars)) {
		return false;
	}
	register_write16(config + PCI_COMMAND,
			 (uint16_t)(command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
	device_fence(); /* decoding is on before the first access through a BAR */
	return find_structures(config, bars, device) && find_doorbell(device);
}

bool pci_find(unsigned *wanted, struct virtio_device *device)
{
	const struct startup_region *ecam = startup_region("pci-ecam");
	const struct startup_region *window = startup_region("pci-mem");

	if (!ecam || !ecam->address || !window || !window->address) {
		return false;
	}
	for (unsigned i = 0; i < PCI_DEVICES && ((uint64_t)i << 15) + 4096 <= ecam->size; i++) {
		/* Function 0 only: virtio devices have one function. */
		volatile uint8_t *config =
			(volatile uint8_t *)(ecam->address + ((uint64_t)i << 15));
		uint32_t id = register_read32(config + PCI_ID);

		if ((id & 0xffff) != PCI_VENDOR_VIRTIO ||
		    (id >> 16 != PCI_DEVICE_BLOCK && id >> 16 != PCI_DEVICE_BLOCK_OLD)) {
			continue;
		}
		if ((*wanted)-- > 0) {
			continue;
		}
		if (set_up(config, i, window, device)) {
			return true;
		}
		log_print("virtio-blk: pci device %u is not a usable modern virtio device\n", i);
		return false;
	}
	return false;
}
