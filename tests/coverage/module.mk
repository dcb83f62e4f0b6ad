# SPDX-License-Identifier: BSD-2-Clause
#
# `make coverage` builds the kernel and those host tests that contain parts of
# it a second time, below $(B)/coverage and with COVERAGE=1, such that they
# count what they execute. The rules are those of the ordinary build: a file
# added there is measured without a change here.

ifdef COVERAGE
# Not optimised: each line and condition of the source is then one in the code.
# Whether && becomes one branch or two depends on the processor otherwise.
COVERAGE_CFLAGS := -O0 -fprofile-arcs -ftest-coverage -fprofile-update=atomic \
	--param logical-op-non-short-circuit=0

# Unoptimised code has larger frames; the kernel's stacks are large enough.
KERNEL_CFLAGS += $(COVERAGE_CFLAGS) -fprofile-info-section -Wno-frame-larger-than
KERNEL_SRC += tests/coverage/dump.c
KERNEL_LDFLAGS += -Wl,-T,tests/coverage/coverage.ld -Wl,--wrap=sbi_system_reset \
	-Wl,-u,__gcov_info_to_gcda -Wl,-u,__gcov_merge_add -lgcov
$(B)/kernel/tests/coverage/dump.c.o: KERNEL_CFLAGS += -Os -fno-profile-arcs -fno-test-coverage \
	-DCOVERAGE_OBJECTS='"$(abspath $(B)/kernel)/"'
$(B)/kernel/kernel/string.c.o: KERNEL_CFLAGS += -O0
$(B)/kernel/ravelin.elf: tests/coverage/coverage.ld

# Host tests: no sanitizers, which have branches of their own; one object for
# each source, because a name such as print.c may occur twice in a program.
HOST_TEST_RULE := host_test_counting
define host_test_counting
$(1)_HOST_OBJ := $$(patsubst %,$(B)/host-tests/$(1)-obj/%.o,$$($(1)_SRC) tests/coverage/host_exit.c)
$(B)/host-tests/$(1)-obj/%.c.o: %.c $(B)/flags | $(SETUP)
	@mkdir -p $$(@D)
	@$(HOST_CC) $(HOST_CFLAGS) -O0 $$($(1)_CFLAGS) $$(if $$(filter $$<,$$(KERNEL_SRC)),$(COVERAGE_CFLAGS)) \
		$$(DEPFLAGS) -c -o $$@ $$<
$(B)/host-tests/$(1): $$($(1)_HOST_OBJ)
	@echo "  HOSTCC  $(1) (counting)"
	@$(HOST_CC) --coverage -Wl,--wrap=_exit -o $$@ $$($(1)_HOST_OBJ) $$($(1)_LDLIBS)
endef
endif
