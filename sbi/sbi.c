/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SBI calls. Chapter names below are those of the RISC-V Supervisor Binary
 * Interface Specification v2.0.
 *
 * The firmware names harts by hart id, in masks of 64 that begin at a base.
 * Ids may be sparse and large, so a set of logical harts can take several
 * calls; on every board known it takes one.
 */
#include "sbi/sbi.h"

#include "kernel/panic.h"
#include "sbi/boot.h"
#include "sbi/machine.h"

enum {
	EXT_LEGACY_PUTCHAR = 0x01,
	EXT_BASE = 0x10,
	EXT_TIME = 0x54494d45,
	EXT_IPI = 0x735049,
	EXT_RFENCE = 0x52464e43,
	EXT_HSM = 0x48534d,
	EXT_SYSTEM_RESET = 0x53525354,
	EXT_DEBUG_CONSOLE = 0x4442434e,
};

enum { BASE_SPEC_VERSION = 0, BASE_PROBE = 3, BASE_VENDOR = 4, BASE_ARCH = 5, BASE_IMPL = 6 };
enum { RFENCE_FENCE_I = 0, RFENCE_VMA = 1, RFENCE_VMA_ASID = 2 };

#define SPEC_VERSION_0_2 2u
#define SBI_ERR_NOT_SUPPORTED (-2l)

struct sbi_features sbi_features;

struct sbi_result {
	long error;
	uint64_t value;
};

/* "Binary Encoding": all registers but a0 and a1 are kept. The clobber orders memory: a fence or
 * interrupt asked for concerns the stores before it. */
static struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t arg0,
				  uint64_t arg1, uint64_t arg2, uint64_t arg3, uint64_t arg4)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register uint64_t a3 __asm__("a3") = arg3;
	register uint64_t a4 __asm__("a4") = arg4;
	register uint64_t a6 __asm__("a6") = function;
	register uint64_t a7 __asm__("a7") = extension;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){.error = (long)a0, .value = a1};
}

static uint64_t sbi_base(uint64_t function, uint64_t argument)
{
	struct sbi_result result = sbi_call(EXT_BASE, function, argument, 0, 0, 0, 0);

	return result.error == 0 ? result.value : 0;
}

void sbi_probe(void)
{
	static const struct {
		uint32_t extension;
		const char *name;
	} needed[] = {
		{EXT_TIME, "TIME"}, {EXT_IPI, "IPI"}, {EXT_RFENCE, "RFENCE"}, {EXT_HSM, "HSM"}};

	sbi_features.spec_version = sbi_base(BASE_SPEC_VERSION, 0);
	if (sbi_features.spec_version < SPEC_VERSION_0_2) {
		panic("firmware too old: SBI 0.2 with TIME, IPI, RFENCE and HSM is needed");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(needed); i++) {
		if (sbi_base(BASE_PROBE, needed[i].extension) == 0) {
			panic("firmware lacks the SBI extension %s", needed[i].name);
		}
	}
	sbi_features.vendor_id = sbi_base(BASE_VENDOR, 0);
	sbi_features.arch_id = sbi_base(BASE_ARCH, 0);
	sbi_features.impl_id = sbi_base(BASE_IMPL, 0);
	sbi_features.debug_console = sbi_base(BASE_PROBE, EXT_DEBUG_CONSOLE) != 0;
	sbi_features.system_reset = sbi_base(BASE_PROBE, EXT_SYSTEM_RESET) != 0;
}

void sbi_console_put(char c)
{
	if (sbi_features.debug_console) {
		(void)sbi_call(EXT_DEBUG_CONSOLE, 2, (unsigned char)c, 0, 0, 0, 0);
	} else {
		(void)sbi_call(EXT_LEGACY_PUTCHAR, 0, (unsigned char)c, 0, 0, 0, 0);
	}
}

void sbi_console_write(const char *text, uint64_t size)
{
	while (size > 0 && sbi_features.debug_console) {
		/* One page at a time: neighbours in the kernel's space need not be so in memory. */
		uint64_t in_page = PAGE_SIZE - ((uintptr_t)text & (PAGE_SIZE - 1));
		struct sbi_result result =
			sbi_call(EXT_DEBUG_CONSOLE, 0, size < in_page ? size : in_page,
				 boot_paddr(text).raw, 0, 0, 0);

		if (result.error != 0 || result.value == 0 || result.value > size) {
			break; /* what is left goes byte by byte */
		}
		text += result.value;
		size -= result.value;
	}
	while (size > 0) {
		sbi_console_put(*text);
		text++;
		size--;
	}
}

void sbi_set_timer(uint64_t time)
{
	if (machine.has_sstc) {
		sbi_set_timer_quick(time);
	} else {
		(void)sbi_call(EXT_TIME, 0, time, 0, 0, 0, 0);
	}
}

/*
 * Take from `harts` those whose ids fit in one firmware mask with the first
 * one's, and give that mask.
 */
static uint64_t hart_ids_take(struct hart_mask *harts, uint64_t *base)
{
	uint64_t lowest = UINT64_MAX;
	uint64_t mask = 0;

	for (unsigned i = 0; i < machine.hart_count; i++) {
		if ((harts->bits & (1u << i)) != 0 && machine.hart_ids[i] < lowest) {
			lowest = machine.hart_ids[i];
		}
	}
	*base = lowest < 64 ? 0 : lowest;
	for (unsigned i = 0; i < machine.hart_count; i++) {
		if ((harts->bits & (1u << i)) != 0 && machine.hart_ids[i] - *base < 64) {
			mask |= 1ul << (machine.hart_ids[i] - *base);
			harts->bits &= ~(1u << i);
		}
	}
	return mask;
}

static struct hart_mask existing(struct hart_mask harts)
{
	return (struct hart_mask){harts.bits & ((1u << machine.hart_count) - 1)};
}

void sbi_send_ipi(struct hart_mask harts)
{
	harts = existing(harts);
	while (harts.bits != 0) {
		uint64_t base;
		uint64_t mask = hart_ids_take(&harts, &base);

		(void)sbi_call(EXT_IPI, 0, mask, base, 0, 0, 0);
	}
}

/* A fence that fails leaves a hart with entries that are gone: nothing can be trusted then. */
static void remote_fence(struct hart_mask harts, uint64_t function, uint64_t start, uint64_t size,
			 uint64_t asid)
{
	harts = existing(harts);
	while (harts.bits != 0) {
		uint64_t base;
		uint64_t mask = hart_ids_take(&harts, &base);
		struct sbi_result result =
			sbi_call(EXT_RFENCE, function, mask, base, start, size, asid);

		if (result.error != 0) {
			panic("remote fence %lu of harts %lx from %lu: error %ld", function, mask,
			      base, result.error);
		}
	}
}

void sbi_remote_sfence_vma(struct hart_mask harts, uint64_t first_page, uint64_t count, int asid)
{
	uint64_t start = count == 0 ? 0 : first_page << PAGE_SHIFT;
	uint64_t size = count == 0 ? UINT64_MAX : count << PAGE_SHIFT;

	if (asid < 0) {
		remote_fence(harts, RFENCE_VMA, start, size, 0);
	} else {
		remote_fence(harts, RFENCE_VMA_ASID, start, size, (uint64_t)asid);
	}
}

void sbi_remote_fence_i(struct hart_mask harts)
{
	remote_fence(harts, RFENCE_FENCE_I, 0, 0, 0);
}

long sbi_hart_start(uint64_t hart_id, struct paddr entry, uint64_t opaque)
{
	return sbi_call(EXT_HSM, 0, hart_id, entry.raw, opaque, 0, 0).error;
}

long sbi_system_reset(uint32_t type, uint32_t reason)
{
	if (!sbi_features.system_reset) {
		return SBI_ERR_NOT_SUPPORTED;
	}
	return sbi_call(EXT_SYSTEM_RESET, 0, type, reason, 0, 0, 0).error;
}
