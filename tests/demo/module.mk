# SPDX-License-Identifier: BSD-2-Clause
# The guided tour and its files, whose content data.c knows.
LINUX_PROGRAMS += demo bigprogram
demo_SRC := tests/demo/demo.c tests/demo/paging.c tests/demo/memory.c
demo_DEST := usr/lib/ravelin
demo_LDLIBS := -Wl,-s
# Recursion without end is what one part is about.
demo_CFLAGS := -Wno-infinite-recursion
bigprogram_SRC := tests/demo/big.c $(B)/demo/functions.c
bigprogram_DEST := usr/lib/ravelin
bigprogram_LDLIBS := -Wl,-s

DISK_FILES += $(B)/demo/words.txt=usr/share/ravelin/words.txt \
	$(B)/demo/words.count=usr/share/ravelin/words.count \
	$(B)/demo/pages.dat=var/lib/ravelin/pages.dat

$(B)/host/demo-data: tests/demo/data.c | $(SETUP)
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(HOST_CC) $(HOST_CFLAGS) $(DEPFLAGS) -o $@ $<

$(B)/demo/words.txt: $(B)/host/demo-data
	@mkdir -p $(@D)
	@$< words $@
$(B)/demo/words.count: $(B)/demo/words.txt
	@grep -c ravelin $< >$@
$(B)/demo/pages.dat: $(B)/host/demo-data
	@mkdir -p $(@D)
	@$< pages $@
$(B)/demo/functions.c: $(B)/host/demo-data
	@mkdir -p $(@D)
	@$< big $@
