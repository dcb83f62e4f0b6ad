# SPDX-License-Identifier: BSD-2-Clause
# Linux programs, one for each area; the same binaries run on a real Linux.
# Their names begin with test- because all programs of the tree share one name
# space of P_SRC variables (a server is called process too).
LINUX_TESTS := process identity exec threads threads_end futex signal jobs fault fpu memory remap sharing files names directory descriptors attributes pipes polling clocks terminal procfs calls smp
LINUX_PROGRAMS += $(LINUX_TESTS:%=test-%)
$(foreach p,$(LINUX_TESTS),$(eval test-$(p)_SRC := tests/linux/$(p).c tests/linux/harness.c)\
	$(eval test-$(p)_LDLIBS := -Wl,-s) $(eval test-$(p)_CFLAGS := -fno-toplevel-reorder))
test-fpu_LDLIBS += -lm
