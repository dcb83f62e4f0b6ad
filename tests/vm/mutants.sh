#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mutants.sh [PATTERN]: breaks vm/ in known ways, one at a time, and requires
# that vm_model notices each. Prints PASS or FAIL for each mutant.
set -eu

. "$(dirname "$0")/../tools/mutants.sh"

# compile TREE FOLDER FILE...: objects of the files of a tree, in $tmp/FOLDER.
compile() {
	tree=$1 folder=$tmp/$2
	shift 2
	mkdir -p "$folder"
	for file; do
		(cd "$tree" && ${HOST_CC:-gcc} -std=gnu17 -O1 -g -I. -DVM_HOST -c \
			-fsanitize=address,undefined -fno-sanitize-recover=all \
			-o "$folder/$(echo "$file" | tr / _).o" "$file") || return 1
	done
}

compile . whole tests/vm/*.c vm/*.c

# mutant NAME FILE SCRIPT
mutant() {
	name=$1
	selected "$name" || return 0
	broken_tree "$@" tests/vm || return 0
	rm -rf "$tmp/objects"
	cp -r "$tmp/whole" "$tmp/objects"
	case $2 in
	*.c) files=$2 ;;
	*) files=$(echo tests/vm/*.c vm/*.c) ;; # a header: all
	esac
	# shellcheck disable=SC2086 # several
	if ! { compile "$tmp/tree" objects $files && ${HOST_CC:-gcc} -fsanitize=address,undefined \
		-o "$tmp/model" "$tmp"/objects/*.o; } >"$tmp/log" 2>&1; then
		echo "FAIL $name: does not compile: $(grep error "$tmp/log" | head -n 1)"
		status=1
	elif timeout 120 "$tmp/model" >"$tmp/log" 2>&1; then
		echo "FAIL $name: nobody noticed"
		status=1
	else
		echo "PASS $name ($(grep -c '^FAIL' "$tmp/log") tests noticed: $(
			grep '^FAIL' "$tmp/log" | awk '{ print $2 }' | head -n 4 | xargs))"
	fi
}

# Fences.
mutant unmap_without_flush vm/ops.c '/cleared != 0/,/vm_live_sub/ s/^\t\tvm_flush_range.*//'
mutant drop_without_flush vm/table.c '/^static void unlink_table/,/^}/ s/^\tvm_flush_whole.*//'
mutant drop_straight_to_free vm/table.c \
	'/^static void unlink_table/,/^}/ s/^\t\tlimbo_add\(space, table\);/&\n\t\tvm_limbo_release(space);/'
mutant drop_flushed_by_page vm/shootdown.c 's/flush->whole \|\| space->limbo != 0/false/'
mutant split_without_flush vm/table.c '/live = SV39_ENTRIES/,/\} else/ s/vm_flush_whole.*//'
mutant protect_without_flush vm/ops.c '/^static enum err protect_step/,/^}/ s/if \(\(differs \& old\) != 0\)/if (false)/'
mutant flush_of_the_first vm/ops.c 's/^\t\t\t\t       \(i - first\) \* span\);/span);/'
mutant flush_of_the_last vm/ops.c 's/run->first \+ first \* span,/run->first + (i - 1) * span,/'
mutant map_same_frame_without_flush vm/map.c 's/if \(old \& PTE_RWX \& ~step->bits\)/if (false)/'
mutant replace_without_break vm/map.c 's/is_replaced = true;/is_replaced = false;/'
mutant harvest_without_flush vm/ops.c '/^static enum err harvest_step/,/^}/ s/^\t\t\tvm_flush_range.*//'
mutant harvest_leaf_without_flush vm/ops.c '/^static void harvest_leaf/,/^}/ s/vm_flush_range.*//'
mutant clone_without_flush vm/clone.c 's/^\t\tvm_flush_range.*/\t\tif (false)\n&/'
mutant detach_without_flush vm/window.c '/^static uint64_t detach_step/,/^}/ s/^\t\tvm_flush_range.*//'
mutant unbind_without_flush vm/window.c '/^bool vm_binding_unbind/,/^}/ s/^\t\t\tvm_flush_range.*//'
mutant buffer_without_flush vm/space.c '/^void vm_message_buffer_unmap/,/^}/ s/^\tvm_flush_range.*//'
mutant preempted_unbind_without_commit vm/window.c \
	'/^bool vm_binding_unbind/,/^}/ s/^\t\t\tvm_flush_commit.*//'
mutant range_forgets_its_end vm/shootdown.c 's/last_page > flush->last_page/false/'
mutant range_forgets_its_start vm/shootdown.c 's/first_page < flush->first_page/false/'
mutant two_spaces_in_one_flush vm/shootdown.c '/^static void flush_for/,/^}/ s/^\t\tvm_flush_commit.*//'
mutant self_not_fenced vm/shootdown.c '/^static void fence_space/,/^}/ s/running \& self/false/'
mutant others_not_fenced vm/shootdown.c '/^static void fence_space/,/^}/ s/running \& ~self\)/false)/'
mutant errata_ignored_remotely vm/shootdown.c \
	'/^static void fence_space/,/^}/ s/vm_features.fence_all_only/false/'
mutant errata_ignored_locally vm/shootdown.c \
	'/^void vm_fence_local/,/^}/ s/vm_features.fence_all_only/false/'
mutant fault_without_fence vm/fault.c 's/vm_fence_local\(0, 0, .*//'
mutant fault_fences_the_page_only vm/fault.c 's/vm_fence_local\(0, 0,/vm_fence_local(page, 1,/'
mutant svinval_not_begun vm/shootdown.c 's/^\t\tsfence_w_inval\(\);//'
mutant svinval_not_ended vm/shootdown.c 's/^\t\tsfence_inval_ir\(\);//'
mutant svinval_of_the_first vm/shootdown.c '/sfence_w_inval/,/\}/ s/i < count/i < 1/'
mutant device_as_memory vm/table.h 's/pool->is_device \&\& vm_features.svpbmt/false/'
mutant memory_as_device vm/table.h 's/pool->is_device \&\& vm_features.svpbmt/vm_features.svpbmt/'
mutant pbmt_unasked vm/table.h 's/ \&\& vm_features.svpbmt//'
# ASIDs.
mutant stale_not_marked vm/shootdown.c 's/^\t__atomic_fetch_or\(\&space->stale.bits, live.*//'
mutant stale_ignored vm/asid.c 's/if \(is_stale \&\& has_asids\(\)\)/if (false)/'
mutant asid0_not_fenced vm/asid.c '/^static void enter/,/^}/ s/^\t\tvm_fence_local\(0, 0, 0\);/;/'
mutant generation_not_fenced vm/asid.c 's/asid.flush_owed = .*/asid.flush_owed = 0;/'
mutant reserved_given_again vm/asid.c 's/while \(is_reserved\(candidate\)\)/while (false)/'
mutant running_loses_asid vm/asid.c 's/space->asid_generation = vm_asid_generation << 16 \| vm_asid\(space\);/;/'
mutant fence_i_only_here vm/shootdown.c 's/^\t\tsbi_remote_fence_i.*//'
mutant fence_i_not_owed vm/asid.c 's/if \(is_code_stale\)/if (false)/'
mutant batch_maps_over_stale vm/shootdown.c '/^void vm_flush_before/,/^}/ s/^\t\tvm_flush_commit.*//'
# Rights and invariants.
mutant protect_beyond_binding vm/ops.c '/^static enum err protect_step/,/^}/ s/op->item->rights,$/0,/'
mutant protect_beyond_extent vm/ops.c '/^static enum err protect_step/,/^}/ s/^\t\t\tframes = vm_frames_of.*//'
mutant map_over_the_old vm/map.c 's/ \&\& pte_load\(\&slot.pte\[i\]\) == 0; i\+\+/; i++/'
mutant map_beyond_binding vm/map.c 's/if \(item->rights \& ~binding->rights\)/if (false)/'
mutant clone_keeps_w vm/clone.c 's/value \& ~\(PTE_W \| PTE_D\)/value/'
mutant clone_leaves_w vm/clone.c 's/if \(value \& PTE_W\)/if (false)/'
mutant w_and_x vm/table.h 's/ \&\&$/\&\&/; s/!\(is_writable \&\& \(rights \& RIGHT_EXECUTE\)\)/true/'
mutant zero_through_weak_binding vm/map.c 's/if \(!\(binding->rights \& RIGHT_WRITE\)\)/if (false)/'
mutant unbind_takes_too_much vm/window.c 's/unbind.kept = kept_rights\(binding\);/unbind.kept = 0;/'
mutant unbind_takes_too_little vm/window.c 's/return rights == 0 \|\| \(!binding->closing/return rights == 0 || (true/'
mutant dirty_lost_by_map vm/map.c 's/pte_update\(\&slot.pte\[i\], PTE_RWX, /pte_update(\&slot.pte[i], PTE_RWX | PTE_D, /'
mutant dirty_lost_by_protect vm/ops.c 's/pte_flip\(entry, old, differs\)/pte_flip(entry, old, differs | (old \& PTE_D))/'
mutant harvest_clears_a_part vm/ops.c 's/ \&\& run->is_whole;/;/'
# Frozen entries.
mutant freeze_without_flush vm/freeze.c '/^static void freeze_entry/,/^}/ s/^\t\tvm_flush_whole.*//'
mutant freeze_loses_bits vm/freeze.c 's/pte_clear\(entry, pte, PTE_V\)/pte_store(entry, pte \& ~PTE_V)/'
mutant freeze_before_the_item vm/freeze.c 's/\(page > start \&\& page > window->first_page\)/false/'
mutant freeze_behind_the_item vm/freeze.c 's/\(page \+ left < end \&\& page \+ left < window_end\)/false/'
mutant freeze_passes_over vm/freeze.c 's/ \&\& \(pte_load\(slot.pte\) \& PTE_V\) == 0; slot/; slot/'
mutant freeze_forgets_the_last vm/freeze.c 's/i < \*pages \/ SV39_ENTRIES/i + 1 < *pages \/ SV39_ENTRIES/'
mutant freeze_without_end vm/freeze.c 's/if \(\*pages > FREEZE_STEP \* SV39_ENTRIES\)/if (false)/'
mutant thaw_keeps_w vm/freeze.c 's/slot.level > 1 \? PTE_V : PTE_W/slot.level > 1 ? PTE_V : 0/'
mutant thaw_not_below vm/freeze.c 's/slot.level > 1 \? PTE_V : PTE_W/slot.level > 1 ? 0 : PTE_W/'
mutant thaw_before_commit vm/freeze.c '/^bool vm_thaw/,/^}/ s/^\tvm_flush_before.*//'
mutant leaf_thawed_with_w vm/sv39.h 's/return \(pte \& ~PTE_W\) \| PTE_V;/return pte | PTE_V;/'
mutant frozen_above_unseen vm/table.c 's/^\t\tslot.is_frozen \|= .*//'
mutant frozen_leaf_unseen vm/table.h 's/return slot.is_frozen \|\| .*/return slot.is_frozen;/'
mutant map_does_not_thaw vm/map.c 's/if \(vm_thaw_needed\(slot\)\)/if (false)/'
mutant protect_does_not_thaw vm/ops.c '/^static enum err protect_step/,/^}/ s/if \(run->is_frozen\)/if (false)/'
mutant thaw_range_does_nothing vm/ops.c '/^static enum err thaw_step/,/^}/ s/if \(run->is_frozen\)/if (false)/'
mutant query_tells_w vm/ops.c 's/run->is_frozen \? PTE_R \| PTE_X : PTE_RWX/PTE_RWX/'
mutant clone_makes_invalid vm/clone.c 's/ \| PTE_A \| PTE_V\);/ | PTE_A);/'
mutant split_keeps_w vm/table.c 's/pte_is_frozen\(old\) \? pte_thawed\(old\) : old/old | PTE_V/'
mutant split_stays_invalid vm/table.c 's/pte_is_frozen\(old\) \? pte_thawed\(old\) : old/old/'
mutant fault_does_not_thaw vm/fault.c 's/if \(vm_thaw_needed\(slot\)\)/if (false)/'
mutant fault_thaws_without_fence vm/fault.c '/vm_thaw\(/,/return/ s/vm_fence_local.*//'
# vm_map_quick.
mutant quick_over_the_old vm/map.c '/^bool vm_map_quick/,/^}/ s/if \(pte_load.*/if (false) {/'
mutant quick_without_live vm/map.c '/^bool vm_map_quick/,/^}/ s/^\tvm_live_add.*//'
mutant quick_beyond_extent vm/map.c 's/item->count > extent->pages - inside/false/'
mutant quick_beyond_table vm/map.c 's/item->count > SV39_ENTRIES - sv39_index\(item->va_page, 0\)/false/'
mutant quick_without_table vm/map.c '/^bool vm_map_quick/,/^}/ s/slot.level != 0/false/'
mutant quick_in_frozen vm/map.c '/^bool vm_map_quick/,/^}/ s/slot.is_frozen/false/'
mutant quick_ignores_flags vm/map.c '/^bool vm_map_quick/,/^}/ s/\(item->flags \& ~WINDOW_EXPECT_EMPTY\)/false/'
# Tables.
mutant live_not_counted_by_map vm/map.c 's/vm_live_add\(slot, made\)/(void)made/'
mutant live_not_counted_by_split vm/table.c 's/->live = SV39_ENTRIES/->live = 1/'
mutant parent_not_dropped vm/table.c 's/if \(--vm_table_info\(parent\)->live != 0\)/if (--vm_table_info(parent)->live != 0 || true)/'
mutant table_not_zeroed vm/table.c 's/^\t\t\tvm_zero_page\(pa\);//'
mutant no_table_too_late vm/table.c 's/space->tables_free < slot->level - floor/space->tables_free == 0/'
mutant split_at_wrong_frame vm/table.c 's/leaf \+= step;/leaf += 1ull << PTE_PPN_SHIFT;/'
mutant leaf_beyond_extent vm/map.c 's/step.pages = extent->pages - inside;/step.pages = binding->pool->pages - pool_page;/'
mutant leaf_misaligned vm/map.c 's/\(\(step->page \| step->ppn\) \&/((step->page) \&/'
mutant bank_removed_while_used vm/space.c 's/while \(bank->used != 0\)/while (false)/; s/if \(bank->used != 0\)/if (false)/'
mutant closing_bank_gives vm/table.c 's/bank->closing \? 0 : bank_take\(bank\)/bank_take(bank)/'
mutant preempted_before_progress vm/ops.c 's/^\twhile \(op_left\(op\) != 0\) \{/&\n\t\tif (vm_preempt_pending()) {\n\t\t\treturn VM_PREEMPTED;\n\t\t}/'
exit $status
