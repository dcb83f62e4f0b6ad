/* SPDX-License-Identifier: BSD-2-Clause */
/* See fpu.h. */
#include "kernel/fpu.h"

#include "kernel/csr.h"

static void set_fs(uint64_t fs)
{
	csr_clear_sstatus(SSTATUS_FS);
	csr_set_sstatus(fs);
}

void fpu_save(struct hart *hart, struct thread *t)
{
	if ((csr_read_sstatus() & SSTATUS_FS) != SSTATUS_FS_DIRTY) {
		return;
	}
	fpu_store_registers(t->fpu);
	t->fpu_used = true;
	t->fpu_hart = hart;
	hart->fpu_owner = t;
	set_fs(SSTATUS_FS_CLEAN);
}

void fpu_switch_in(struct hart *hart, struct thread *t)
{
	bool is_loaded = hart->fpu_owner == t && t->fpu_hart == hart;

	set_fs(is_loaded ? SSTATUS_FS_CLEAN : 0);
}

bool fpu_load(struct hart *hart, struct thread *t)
{
	if ((csr_read_sstatus() & SSTATUS_FS) != 0) {
		return false;
	}
	set_fs(SSTATUS_FS_CLEAN);
	fpu_load_registers(t->fpu);
	set_fs(SSTATUS_FS_CLEAN); /* loading made it dirty */
	t->fpu_hart = hart;
	hart->fpu_owner = t;
	return true;
}
