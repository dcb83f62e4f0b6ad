# SPDX-License-Identifier: BSD-2-Clause
#
# The one entry point. `make help` lists what it can do.
#
# Non-recursive: each folder adds its sources to a few lists in its module.mk,
# and the rules below turn the lists into programs.
#
#   KERNEL_SRC      C and assembly of the kernel image (sbi/ kernel/ vm/ iommu/)
#   NATIVE          names of native programs; for each name P:
#                   P_SRC, and if wanted P_CFLAGS, P_LIBS (of: ext2fs com_err fdt)
#   NATIVE_TESTS    the same, but left out of the default boot archive
#   NATIVE_LIB_SRC  the library linked into each native program, with its crt0
#   HOST_TESTS      programs run on the build machine, with sanitizers: P_SRC, P_CFLAGS
#   LINUX_PROGRAMS  static riscv64 Linux programs for the disk image: P_SRC, P_CFLAGS, P_DEST
#   DISK_FILES      other files for the disk image: source=destination
#
# Engineers who share a tree can build side by side: make B=build-mine.

B ?= build
SMP ?= 4
MEM ?= 512M
APPEND ?=
DISK ?= $(B)/disk.img
DISK_SIZE ?= 256M
BENCH ?= .
SECONDS ?= 300
TESTS ?= .
# What `make coverage` runs, and the least percentage of lines and branches it accepts.
COVERAGE_TESTS ?= ^(native-|kernel-|vm-|sbi-|panic|machines|shell|demo-small|hostile|linux-|script|tools)
COVERAGE_LINES ?= 98
COVERAGE_BRANCHES ?= 93

TOOLS := tests/tools
SETUP := .cache/setup.stamp
# Third-party libraries do not depend on anything in the tree: one copy for all B.
LIB := build/lib

KERNEL_SRC :=
NATIVE :=
NATIVE_TESTS :=
NATIVE_LIB_SRC :=
HOST_TESTS :=
LINUX_PROGRAMS :=
DISK_FILES :=

# ---- flags ------------------------------------------------------------------

CROSS := riscv64-unknown-elf-
CC := $(CROSS)gcc
LINUX_CC := riscv64-linux-gnu-gcc
HOST_CC := gcc

PICOLIBC := /usr/lib/picolibc/riscv64-unknown-elf/include

DEPFLAGS = -MMD -MP -MF $@.d

KERNEL_ARCH := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
KERNEL_WARN := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wframe-larger-than=512
KERNEL_CFLAGS := -std=c17 -ffreestanding -Os -g $(KERNEL_ARCH) $(KERNEL_WARN) \
	-fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-ffunction-sections -fdata-sections -fno-stack-protector -I.
# make KERNEL_DEBUG=1: invariants checked, sections measured (kernel/debug.h).
KERNEL_CFLAGS += $(if $(KERNEL_DEBUG),-DKERNEL_DEBUG)
KERNEL_ASFLAGS := $(KERNEL_ARCH) -g -I.
KERNEL_LDFLAGS := -nostdlib -static -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments
KERNEL_LIBS :=

NATIVE_ARCH := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany
NATIVE_CFLAGS := --specs=picolibc.specs -std=gnu17 -O2 -g $(NATIVE_ARCH) -Wall -Wextra -Werror \
	-fno-common -ffunction-sections -fdata-sections -I. -isystem $(LIB)/include
# The linker picks libc and libgcc by -march, and knows them only without the z extensions.
LINK_ARCH := -march=rv64imac -mabi=lp64 -mcmodel=medany
NATIVE_LDFLAGS := --specs=picolibc.specs -nostartfiles -static $(LINK_ARCH) \
	-T servers/lib/native.ld -Wl,--gc-sections -Wl,-u,_start -Wl,--build-id=none

HOST_CFLAGS := -std=gnu17 -O1 -g -Wall -Wextra -Werror -I.
HOST_TEST_CFLAGS := $(HOST_CFLAGS) -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all
LINUX_CFLAGS := -std=gnu17 -static -O2 -g -pthread -Wall -Wextra -Werror -I.

include $(wildcard sbi/module.mk kernel/module.mk vm/module.mk iommu/module.mk \
	servers/*/module.mk drivers/*/module.mk tests/module.mk tests/*/module.mk)

# ---- what there is to build -------------------------------------------------

KERNEL := $(if $(KERNEL_SRC),$(B)/kernel/Image)
NATIVE_LIB := $(if $(NATIVE_LIB_SRC),$(B)/lib/libravelin.a)
NATIVE_ELFS := $(NATIVE:%=$(B)/native/%.elf) $(NATIVE_TESTS:%=$(B)/native/%.elf)
ARCHIVE := $(if $(filter root,$(NATIVE)),$(B)/boot.cpio)
HOST_BINS := $(HOST_TESTS:%=$(B)/host-tests/%)
LINUX_BINS := $(LINUX_PROGRAMS:%=$(B)/linux/%)

.PHONY: all kernel native host-tests linux archive disk setup run run-reference debug demo test test-long \
	coverage coverage-programs fuzz proof protocol bench check format manual clean help
.DELETE_ON_ERROR:
.SUFFIXES:

all: kernel native linux archive ## build everything for the target
kernel: $(KERNEL) ## build the kernel image only
native: $(NATIVE_ELFS) ## build the native programs
host-tests: $(HOST_BINS)
linux: $(LINUX_BINS)
archive: $(ARCHIVE)
disk: $(B)/disk.base.img

setup: $(SETUP) ## install tools and fetch third-party sources (root, Debian 12)
$(SETUP): $(TOOLS)/setup.sh
	@sh $(TOOLS)/setup.sh
# A Linux kernel to compare with; only `make test-long` needs it.
.cache/reference.stamp: $(TOOLS)/setup.sh
	@sh $(TOOLS)/setup.sh --reference
# A model checker; without it the proofs are skipped.
.cache/proof.stamp: $(TOOLS)/setup.sh
	@sh $(TOOLS)/setup.sh --proof || echo "  no model checker: proofs will be skipped"

# A checker of protocol models; without it they are skipped.
.cache/protocol.stamp: $(TOOLS)/setup.sh
	@sh $(TOOLS)/setup.sh --protocol || echo "  no Spin: protocol models will be skipped"

# Clang, to fuzz with; only `make fuzz` and `make test-long` need it.
.cache/fuzz.stamp: $(TOOLS)/setup.sh
	@sh $(TOOLS)/setup.sh --fuzz

# Changed flags rebuild everything: an object made with the old ones would stay.
ALL_FLAGS := $(KERNEL_CFLAGS) $(KERNEL_ASFLAGS) $(NATIVE_CFLAGS) $(HOST_TEST_CFLAGS) $(LINUX_CFLAGS) \
	$(foreach p,$(NATIVE) $(NATIVE_TESTS) $(HOST_TESTS) $(LINUX_PROGRAMS),$($(p)_CFLAGS))
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' >$@
FORCE:

# ---- kernel -----------------------------------------------------------------

KERNEL_OBJ := $(patsubst %,$(B)/kernel/%.o,$(KERNEL_SRC))
KERNEL_ARCHIVES := $(KERNEL_LIBS:%=$(LIB)/lib%-kernel.a)

$(B)/kernel/%.c.o: %.c $(B)/flags | $(SETUP) $(KERNEL_ARCHIVES)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(KERNEL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(B)/kernel/%.S.o: %.S $(B)/flags | $(SETUP)
	@mkdir -p $(@D)
	@echo "  AS      $<"
	@$(CC) $(KERNEL_ASFLAGS) $(DEPFLAGS) -c -o $@ $<

$(B)/kernel/ravelin.elf: $(KERNEL_OBJ) $(KERNEL_ARCHIVES) kernel/kernel.ld
	@echo "  LD      $@"
	@$(CC) $(LINK_ARCH) $(KERNEL_LDFLAGS) -T kernel/kernel.ld -Wl,-Map=$@.map -o $@ \
		$(KERNEL_OBJ) $(KERNEL_ARCHIVES) -lgcc

$(B)/kernel/Image: $(B)/kernel/ravelin.elf
	@$(CROSS)objcopy -O binary $< $@

# ---- native programs --------------------------------------------------------

NATIVE_LIB_OBJ := $(patsubst %,$(B)/native/obj/ravelin/%.o,$(NATIVE_LIB_SRC))

$(NATIVE_LIB): $(NATIVE_LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	@$(CROSS)ar rcs $@ $^

# Objects of program P live in obj/P/, so that each may have flags of its own.
define native_program
$(1)_OBJ := $$(patsubst %,$(B)/native/obj/$(1)/%.o,$$($(1)_SRC))
$(B)/native/obj/$(1)/%.c.o: %.c $(B)/flags | $(SETUP) $$($(1)_LIBS:%=$(LIB)/lib%.a)
	@mkdir -p $$(@D)
	@echo "  CC      $$< ($(1))"
	@$(CC) $(NATIVE_CFLAGS) $$($(1)_CFLAGS) $$(DEPFLAGS) -c -o $$@ $$<
$(B)/native/obj/$(1)/%.S.o: %.S $(B)/flags | $(SETUP)
	@mkdir -p $$(@D)
	@echo "  AS      $$< ($(1))"
	@$(CC) $(NATIVE_CFLAGS) $$($(1)_CFLAGS) $$(DEPFLAGS) -c -o $$@ $$<
$(B)/native/$(1).elf: $$($(1)_OBJ) $(NATIVE_LIB) $$($(1)_LIBS:%=$(LIB)/lib%.a) \
		servers/lib/native.ld
	@echo "  LD      $$@"
	@$(CC) $(NATIVE_LDFLAGS) -Wl,-Map=$$@.map -o $$@ $$($(1)_OBJ) \
		-Wl,--start-group $(NATIVE_LIB) $$($(1)_LIBS:%=$(LIB)/lib%.a) -lc -lgcc -Wl,--end-group
endef
ravelin_SRC := $(NATIVE_LIB_SRC)
$(foreach p,$(NATIVE) $(NATIVE_TESTS) $(if $(NATIVE_LIB_SRC),ravelin),$(eval $(call native_program,$(p))))

%.stripped: %.elf
	@$(CROSS)strip -o $@ $<

# ---- boot archive -----------------------------------------------------------

$(B)/host/sysc: servers/root/sysc.c | $(SETUP)
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(HOST_CC) $(HOST_CFLAGS) $(DEPFLAGS) -o $@ $<

$(B)/system.bin: servers/root/ravelin.system $(B)/host/sysc
	@$(B)/host/sysc $< $@

# The root task comes first: the kernel starts the first entry. Programs whose
# sources live under tests/ stay out; tests make archives of their own.
ARCHIVE_PROGRAMS := $(foreach p,$(filter-out root,$(NATIVE)),$(if $(filter tests/%,$($(p)_SRC)),,$(p)))

$(B)/boot.cpio: $(B)/native/root.stripped $(B)/system.bin \
		$(ARCHIVE_PROGRAMS:%=$(B)/native/%.stripped) $(TOOLS)/mkarchive.sh
	@echo "  CPIO    $@"
	@sh $(TOOLS)/mkarchive.sh $@ root=$(B)/native/root.stripped system.bin=$(B)/system.bin \
		$(foreach p,$(ARCHIVE_PROGRAMS),$(p)=$(B)/native/$(p).stripped)

# ---- programs for the build machine and for Linux ---------------------------

define host_test
$(B)/host-tests/$(1): $$($(1)_SRC) $(B)/flags | $(SETUP)
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $(1)"
	@$(HOST_CC) $(HOST_TEST_CFLAGS) $$($(1)_CFLAGS) $$(DEPFLAGS) -o $$@ $$($(1)_SRC) $$($(1)_LDLIBS)
endef
HOST_TEST_RULE ?= host_test
$(foreach p,$(HOST_TESTS),$(eval $(call $(HOST_TEST_RULE),$(p))))

define linux_program
$(B)/linux/$(1): $$($(1)_SRC) $(B)/flags | $(SETUP)
	@mkdir -p $$(@D)
	@echo "  LINUXCC $(1)"
	@$(LINUX_CC) $(LINUX_CFLAGS) $$($(1)_CFLAGS) $$(DEPFLAGS) -o $$@ $$($(1)_SRC) $$($(1)_LDLIBS)
endef
$(foreach p,$(LINUX_PROGRAMS),$(eval $(call linux_program,$(p))))

# ---- third-party libraries, from sources that setup fetched -----------------

$(LIB)/libfdt.a $(LIB)/libfdt-kernel.a: $(LIB)/fdt.stamp ;
$(LIB)/fdt.stamp: $(TOOLS)/build-libfdt.sh | $(SETUP)
	@sh $(TOOLS)/build-libfdt.sh $(LIB) "$(LINK_ARCH)" "$(KERNEL_ARCH)"

$(LIB)/libext2fs.a $(LIB)/libcom_err.a: $(LIB)/e2fsprogs.stamp ;
$(LIB)/e2fsprogs.stamp: $(TOOLS)/build-e2fsprogs.sh | $(SETUP)
	@sh $(TOOLS)/build-e2fsprogs.sh $(LIB) "$(LINK_ARCH)"

# ---- disk image and running ---------------------------------------------------

# Where a Linux program goes: P_DEST, else with the tests. DISK_FILES adds
# other files, as source=destination.
DISK_ENTRIES := $(foreach p,$(LINUX_PROGRAMS),$(B)/linux/$(p)=$(or $($(p)_DEST),usr/lib/ravelin/tests)/$(p)) \
	$(DISK_FILES)

$(B)/disk.base.img: $(LINUX_BINS) $(foreach f,$(DISK_FILES),$(firstword $(subst =, ,$(f)))) \
		$(TOOLS)/mkroot.sh $(TOOLS)/mkdisk.sh | $(SETUP)
	@mkdir -p $(@D)
	@echo "  DISK    $@"
	@sh $(TOOLS)/mkroot.sh $(B)/root $(DISK_ENTRIES)
	@sh $(TOOLS)/mkdisk.sh $@ $(DISK_SIZE) $(B)/root

# The disk that `make run` keeps between runs, until what is on it is rebuilt.
$(B)/disk.img: $(B)/disk.base.img
	@cp --sparse=always $< $@

MACHINE = KERNEL=$(B)/kernel/Image ARCHIVE=$(B)/boot.cpio DISK='$(DISK)' SMP=$(SMP) MEM=$(MEM) \
	APPEND='$(APPEND)'

run: $(KERNEL) $(ARCHIVE) $(DISK) ## boot to a shell [SMP= MEM= APPEND= DISK= BLK=mmio|pci]
	@echo "  (Ctrl-a x ends the emulator)"
	@$(MACHINE) CONSOLE=person sh $(TOOLS)/qemu.sh

debug: $(KERNEL) $(ARCHIVE) $(DISK) ## boot halted, under gdb
	@$(MACHINE) B=$(B) sh $(TOOLS)/debug.sh

run-reference: $(B)/reference.cpio $(DISK) ## the same disk on a real Linux
	@KERNEL=$(B)/reference.kernel ARCHIVE=$(B)/reference.cpio DISK='$(DISK)' SMP=$(SMP) MEM=$(MEM) \
		APPEND='console=ttyS0 quiet $(APPEND)' CONSOLE=person sh $(TOOLS)/qemu.sh

$(B)/reference.cpio: $(TOOLS)/mkreference.sh .cache/reference.stamp
	@mkdir -p $(@D)
	@sh $(TOOLS)/mkreference.sh $(B)/reference

# ---- tests --------------------------------------------------------------------

$(B)/host/boot: $(TOOLS)/boot.c | $(SETUP)
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CFLAGS) $(DEPFLAGS) -o $@ $<

TEST_INPUTS := $(KERNEL) $(ARCHIVE) $(NATIVE:%=$(B)/native/%.stripped) \
	$(NATIVE_TESTS:%=$(B)/native/%.stripped) $(HOST_BINS) $(B)/disk.base.img $(B)/host/boot \
	$(if $(wildcard servers/root/sysc.c),$(B)/host/sysc)

# In continuous integration, samples of the long tests too.
test: $(TEST_INPUTS) .cache/protocol.stamp ## run the tests [TESTS=pattern]
	@B=$(B) ARCHIVE_PROGRAMS='$(ARCHIVE_PROGRAMS)' sh $(TOOLS)/run-tests.sh '$(TESTS)' $(wildcard tests/list tests/*/list $(if $(CI),tests/*/list.ci))

test-long: $(TEST_INPUTS) $(B)/reference.cpio .cache/proof.stamp .cache/protocol.stamp ## soaks, and the Linux programs on a real Linux
	@B=$(B) ARCHIVE_PROGRAMS='$(ARCHIVE_PROGRAMS)' sh $(TOOLS)/run-tests.sh '$(TESTS)' $(wildcard tests/list.long tests/*/list.long)

fuzz: ## fuzz the kernel's system calls, guided by coverage [SECONDS=]
	@B=$(B) FUZZ_SECONDS='$(SECONDS)' sh tests/fuzz/guided.sh
proof: .cache/proof.stamp ## bounded proofs of capabilities [TESTS=pattern PROOF_LONG=1]
	@B=$(B) sh $(TOOLS)/run-tests.sh '$(TESTS)' tests/proof/list.long
protocol: .cache/protocol.stamp ## models of shootdown, ASIDs and the kernel lock, with mutants [TESTS=pattern]
	@B=$(B) sh $(TOOLS)/run-tests.sh '$(TESTS)' tests/protocol/list tests/protocol/list.long

bench: $(TEST_INPUTS) ## measure, by counting instructions [BENCH=pattern]
	@B=$(B) BENCH='$(BENCH)' sh $(TOOLS)/run-bench.sh $(wildcard tests/list.bench tests/*/list.bench)

# The kernel and the host tests that contain parts of it, built to count what
# they execute (tests/coverage/module.mk), and the tests that run them.
coverage: $(TEST_INPUTS) ## lines and branches of the kernel that tests reach [COVERAGE_TESTS=pattern]
	@$(MAKE) --no-print-directory B=$(B)/coverage COVERAGE=1 kernel coverage-programs
	@B=$(B) ARCHIVE_PROGRAMS='$(ARCHIVE_PROGRAMS)' sh tests/coverage/run.sh '$(COVERAGE_TESTS)' \
		$(COVERAGE_LINES) $(COVERAGE_BRANCHES) $(wildcard tests/list tests/*/list)
coverage-programs: $(foreach p,$(HOST_TESTS),$(if $(filter $(KERNEL_SRC),$($(p)_SRC)),$(B)/host-tests/$(p)))

demo: $(TEST_INPUTS) ## guided tour, with an exit status [SMP= MEM=]
	@B=$(B) SMP=$(SMP) MEM=$(MEM) sh $(TOOLS)/demo.sh

# ---- checks -------------------------------------------------------------------

check: $(TEST_INPUTS) $(B)/host/manual ## format, analysers, house rules
	@B=$(B) CC='$(CC)' KERNEL_FLAGS='$(KERNEL_CFLAGS)' KERNEL_SRC='$(KERNEL_SRC)' \
		sh $(TOOLS)/check.sh

format: ## apply .clang-format to our sources
	@git ls-files '*.c' '*.h' | xargs -r clang-format -i

# ---- manual -------------------------------------------------------------------

$(B)/host/manual: kernel/abi/manual.c | $(SETUP)
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CFLAGS) $(DEPFLAGS) -o $@ $<

manual: $(B)/host/manual ## print the ABI's lists into docs/abi-tables.md
	@$(B)/host/manual > docs/abi-tables.md

# ---- cleaning and help --------------------------------------------------------

clean: ## remove everything built (not what setup fetched)
	rm -rf $(B)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

-include $(shell find $(B) -name '*.d' 2>/dev/null)
