#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mutants.sh [PATTERN]: breaks the kernel in known ways, one at a time, and
# requires that the proof named refutes each. Prints PASS or FAIL for each.
# First it requires of the proofs themselves that their ends can be reached:
# what assumes the impossible proves everything. Exit status 77: no tools.
set -eu

. "$(dirname "$0")/../tools/mutants.sh"
tools=${PROOF_TOOLS:-.cache/proof}

"$tools/cbmc" --version >/dev/null 2>&1 || {
	echo "cbmc is not there: sh tests/tools/setup.sh --proof fetches it, if it can"
	exit 77
}
PROOF_TOOLS=$(cd "$tools" && pwd)
export PROOF_TOOLS

# verdict NAME FOLDER PROOF: must be refuted.
verdict() {
	result=0
	found=$(cd "$2" && sh tests/proof/prove.sh "$tmp/work" "$3") || result=$?
	case $result in
	1) echo "PASS $1 ($3: $(echo "$found" | head -n 1 | head -c 80))" ;;
	0) echo "FAIL $1: $3 proves it" && status=1 ;;
	*) echo "FAIL $1: $found" && status=1 ;;
	esac
}

reached() {
	! selected "reached-$1" || REACHED=1 verdict "reached-$1" . "$1"
}

# mutant NAME PROOF FILE SCRIPT
mutant() {
	selected "$1" || return 0
	broken_tree "$1" "$3" "$4" tests/proof || return 0
	mkdir -p "$tmp/tree/tests/vm"
	cp tests/vm/fake.h "$tmp/tree/tests/vm/"
	verdict "$1" "$tmp/tree" "$2"
}

for proof in lookup links-insert links-derive links-remove links-copy links-move links-give \
	links-revoke4-0 links-delete4-0 delete-descend6-0 delete-descend6-3 delete-descend6-4 \
	delete-leaf1-0 delete-leaf2-0 delete-leaf5-0 delete-leaf1-3 delete-leaf2-4 \
	delete-leaf3-4 delete-leaf4-4 delete-leaf5-4 retype-any-1 retype-any-5 retype-1 \
	retype-2 retype-5 retype-8 retype-9 vm-walk-2 vm-split-0 vm-split-1 vm-map-quick-2 \
	vm-thaw-2 vm-fault-2; do
	reached "$proof"
done

# Lookup.
mutant index_off_by_one lookup kernel/cap.c \
	'/^enum err cap_lookup\(/,/^}/ s/index >= cspace->count/index > cspace->count/'
mutant index_zero lookup kernel/cap.c '/^enum err cap_lookup\(/,/^}/ s/index == 0 \|\| //'
mutant index_not_checked lookup kernel/cap.c \
	'/^enum err cap_lookup_empty/,/^}/ s/ \|\| index >= cspace->count//'
mutant empty_zero lookup kernel/cap.c '/^enum err cap_lookup_empty/,/^}/ s/index == 0 \|\| //'
mutant empty_found lookup kernel/cap.c \
	'/^enum err cap_lookup\(/,/^}/ s/found->type == OBJECT_NONE/false/'
mutant occupied_found lookup kernel/cap.c 's/->type != OBJECT_NONE\) \{/->type == OBJECT_TYPES) {/'
mutant dying_found lookup kernel/cap.c 's/cspace->dying \|\| //'
mutant type_not_checked lookup kernel/cap.c 's/found->type != type/false/'
mutant some_right_suffices lookup kernel/cap.c \
	's/\(found->rights \& rights\) != rights/rights != 0 \&\& (found->rights \& rights) == 0/'
mutant slot_number_shifted lookup kernel/objects.h 's/slots\[index - 1\]/slots[index]/'

# Links.
mutant insert_forgets_previous links-insert kernel/cap.c \
	's/^\t\tchild->next->previous = child;/\t\t;/'
mutant insert_forgets_next links-insert kernel/cap.c 's/child->next = parent->child;/;/'
mutant insert_keeps_zeroed links-insert kernel/cap.c 's/^\tchild->zeroed = 0;//; s/^\tchild->used = 0;/\tchild->used = badge;/'
mutant remove_forgets_parent links-remove kernel/cap.c \
	's/slot->parent->child = slot->next/slot->next = slot->next/'
mutant remove_forgets_next links-remove kernel/cap.c \
	's/slot->next->previous = slot->previous/slot->next = slot->next/'
mutant remove_forgets_previous links-remove kernel/cap.c \
	's/slot->previous->next = slot->next/slot->next = slot->next/'
mutant remove_leaves_content links-remove kernel/cap.c \
	's/^\t\*slot = \(struct cap_slot\).*/\tslot->type = OBJECT_NONE;\n\tslot->role = role;/'
mutant remove_forgets_role links-remove kernel/cap.c 's/, \.role = role\}/}; (void)role/'
mutant derive_grows_rights links-derive kernel/cap.c 's/source->rights \& rights/rights/'
mutant derive_replaces_badge links-derive kernel/cap.c 's/badge != 0 \? badge : source->badge/badge/'
mutant derive_a_sibling links-derive kernel/cap.c 's/cap_insert\(child, source, /cap_insert(child, source->parent, /'
mutant derived_is_primary links-derive kernel/cap.c 's/child->primary = false/child->primary = true/'
mutant copy_replaces_badge links-copy kernel/cspace_methods.c 's/badge != 0 \&\& from->badge != 0/false/'
mutant copy_of_untyped links-copy kernel/cspace_methods.c 's/from->type == OBJECT_UNTYPED/false/'
mutant copy_keeps_all_rights links-copy kernel/cspace_methods.c \
	's/\(unsigned\)call->arguments\[2\] \& RIGHTS_ALL/RIGHTS_ALL/'
mutant move_with_children links-move kernel/cap.h 's/slot->child == NULL \&\& //'
mutant move_of_cspace links-move kernel/cap.h 's/!\(slot->type == OBJECT_CSPACE \&\& slot->primary\)/true/'
mutant move_leaves_copy links-move kernel/cap.c 's/^\t\*from = .*//'
mutant move_forgets_parent links-move kernel/cap.c 's/to->parent->child = to/to->next = to->next/'
mutant move_forgets_next links-move kernel/cap.c 's/to->next->previous = to/to->next = to->next/'
mutant give_without_unlinking links-give kernel/cap.c \
	'/^static void cap_reparent/,/^}/ s/unlink_child\(slot\)/(void)slot/'
mutant give_to_nobody links-give kernel/cap.c 's/cap_reparent\(slot->child, slot->parent\)/cap_reparent(slot->child, NULL)/'
mutant give_two_up links-give kernel/cap.c \
	's/cap_reparent\(slot->child, slot->parent\)/cap_reparent(slot->child, slot->parent ? slot->parent->parent : NULL)/'

# Delete and revoke.
mutant delete_orphans links-delete4-0 kernel/destroy.c \
	's/err = cap_give_children_to_parent.*/err = ERR_OK;/'
mutant delete_takes_children links-delete4-0 kernel/destroy.c \
	's/err = cap_give_children_to_parent.*/err = delete_below(slot);/'
mutant delete_ignores_interrupt links-delete4-0 kernel/destroy.c \
	'/^enum err cap_delete/,/^}/ s/if \(err == ERR_OK\)/if (true)/'
mutant primary_leaves_children links-delete4-0 kernel/destroy.c 's/if \(!slot->primary\)/if (true)/'
mutant revoke_stops_early links-revoke4-0 kernel/destroy.c \
	'/^static enum err delete_below/,/^}/ s/while \(slot/if (slot/'
mutant revoke_takes_itself links-revoke4-0 kernel/destroy.c 's/descend\(slot->child\)/descend(slot)/'
mutant revoke_forgets_whole links-revoke4-0 kernel/destroy.c '/^enum err cap_revoke/,/^}/ s/slot->used = 0;/;/'
mutant revoke_keeps_zeroed links-revoke4-0 kernel/destroy.c '/^enum err cap_revoke/,/^}/ s/slot->zeroed = 0/;/'
mutant revoke_forgets_device links-revoke4-0 kernel/destroy.c '/^enum err cap_revoke/,/^}/ s/slot->used = 0;/&\n\t\tslot->device = false;/'
mutant interrupted_revoke_is_done links-revoke4-0 kernel/destroy.c \
	'/^static enum err delete_below/,/^}/ s/return CAP_PREEMPTED/return ERR_OK/'
mutant descend_ignores_cspace delete-descend6-4 kernel/destroy.c 's/slot->type != OBJECT_CSPACE/true/'
mutant descend_ignores_children delete-descend6-4 kernel/destroy.c \
	'/^static struct cap_slot \*descend/,/^}/ s/slot->child != NULL/false/'
mutant descend_into_copies delete-descend6-4 kernel/destroy.c 's/!slot->primary \|\| slot->type/slot->type/'
mutant contents_from_two delete-descend6-4 kernel/destroy.c 's/cspace->cursor = 1;/cspace->cursor = 2;/'
mutant last_slot_forgotten delete-descend6-4 kernel/destroy.c 's/while \(cspace->cursor < size\)/while (cspace->cursor + 1 < size)/'
mutant leaf_not_removed delete-leaf2-4 kernel/destroy.c '/^static bool delete_leaf/,/^}/ s/cap_remove\(slot\)/(void)slot/'
mutant interrupted_is_removed delete-leaf2-4 kernel/destroy.c \
	'/^static bool delete_leaf/,/^}/ s/if \(!destroy\(slot\)\)/if (!destroy(slot) \&\& false)/'
mutant embedded_is_forgotten delete-leaf5-4 kernel/destroy.c \
	'/^static bool bank_destroy/,/^}/ s/remove_if_used\(\&bank->space\)/(void)bank/'
mutant interrupted_loop_goes_on links-revoke4-0 kernel/destroy.c \
	'/^static enum err delete_below/,/^}/ s/ \|\| !delete_leaf\(leaf\)/ || (delete_leaf(leaf), false)/'
mutant detach_ignores_interrupt delete-leaf1-3 kernel/destroy.c \
	'/^static bool delete_leaf/,/^}/ s/if \(!detach\(slot\)\)/if (!detach(slot) \&\& false)/'

# Retype.
mutant watermark_kept retype-any-5 kernel/untyped.c 's/cap_set_used\(untyped, r->end\)/;/'
mutant watermark_at_start retype-5 kernel/untyped.c 's/cap_set_used\(untyped, r->end\)/cap_set_used(untyped, r->start)/'
mutant device_forgotten retype-1 kernel/untyped.c 's/cap_set_used\(untyped, r->end\);/&\n\tuntyped->device = false;/'
mutant device_child_forgotten retype-1 kernel/untyped.c 's/slot->device = untyped->device/slot->device = false/'
mutant objects_in_device retype-5 kernel/untyped.c 's/untyped->device \&\& r->type/false \&\& r->type/'
mutant size_of_untyped_any retype-1 kernel/untyped.c 's/wanted < 6 \|\| //'
mutant size_of_cspace_any retype-2 kernel/untyped.c 's/wanted > 16/wanted > 17/'
mutant cspace_too_large retype-2 kernel/untyped.c 's/->count = 1u << r->slot_bits/->count = 2u << r->slot_bits/'
mutant type_of_fixed_any retype-0 kernel/untyped.c 's/r->bits != 0 \? ERR_OK : ERR_ARGUMENT/ERR_OK/'
mutant offset_aligned retype-any-1 kernel/untyped.c \
	's/align_up\(base \+ untyped->used, 1ull << r->bits\) - base/align_up(untyped->used, 1ull << r->bits)/'
mutant room_rounded_up retype-any-5 kernel/untyped.c \
	's/\(untyped->badge - r->start\) >> r->bits < r->count/((untyped->badge - r->start) >> r->bits) + 1 < r->count/'
mutant room_not_checked retype-any-1 kernel/untyped.c 's/r->start > untyped->badge \|\| //'
mutant objects_too_close retype-any-1 kernel/untyped.c 's/\(i << r->bits\)/(i << (r->bits - 1))/'
mutant first_slot_only retype-5 kernel/untyped.c 's/cap_lookup_empty\(r->cspace, r->first_slot \+ i,/cap_lookup_empty(r->cspace, r->first_slot,/'
mutant count_any retype-5 kernel/untyped.c 's/arguments\[2\] == 0 \|\| //'
mutant zeroing_forgotten retype-5 kernel/untyped.c 's/!zero_until\(untyped, r.end\)/false/'
mutant zeroing_ends_early retype-9 kernel/untyped.c 's/untyped->zeroed \* UNIT < end\) \{$/false) {/'
mutant zeroing_from_base retype-5 kernel/untyped.c '/^static bool zero_until/,/^}/ s/^\tif .*\{/\tif (false) {/'
mutant zeroing_too_far retype-5 kernel/untyped.c 's/end - at < ZERO_STEP \? end - at : ZERO_STEP/ZERO_STEP/'
mutant gap_not_zeroed retype-9 kernel/untyped.c '/^static bool zero_until/,/^}/ s/memset\(/if (at >= end - ZERO_STEP) memset(/'
mutant interrupted_is_done retype-9 kernel/untyped.c 's/return CAP_PREEMPTED;/;/'
mutant not_primary retype-5 kernel/untyped.c 's/slot->primary = true/slot->primary = false/'
mutant child_is_zero_too retype-1 kernel/untyped.c 's/^\t\t\tslot->device = untyped/\t\t\tslot->zeroed = 1;\n&/'
mutant root_table_elsewhere retype-8 kernel/untyped.c 's/\(char \*\)object \+ PAGE_SIZE/(char *)object/'

# Page tables.
mutant walk_through_leaf vm-walk-2 vm/sv39.h '/bool pte_is_table/,/^}/ s/ \&\& \(pte \& PTE_RWX\) == 0//'
mutant walk_stops_at_frozen vm-walk-2 vm/sv39.h '/bool pte_is_table/,/^}/ s/pte != 0/(pte \& PTE_V) != 0/'
mutant walk_forgets_frozen vm-walk-2 vm/table.c 's/slot.is_frozen \|= .*/;/'
mutant walk_ignores_floor vm-walk-2 vm/table.c 's/slot.level <= floor/slot.level == 0/'
mutant split_wrong_step vm-split-0 vm/table.c 's/uint64_t step = sv39_span\(level\)/uint64_t step = sv39_span(level + 1)/'
mutant split_keeps_frozen_write vm-split-0 vm/table.c 's/pte_is_frozen\(old\) \? pte_thawed\(old\) : old/old | PTE_V/'
mutant split_not_counted vm-split-0 vm/table.c 's/->live = SV39_ENTRIES/->live = SV39_ENTRIES - 1/'
mutant split_not_fenced vm-split-0 vm/table.c '/live = SV39_ENTRIES/,/else/ s/vm_flush_whole\(flush, space\)/(void)flush/'
mutant table_not_zeroed vm-split-1 vm/table.c 's/^\t\t\tvm_zero_page\(pa\);/;/'
mutant table_not_counted vm-split-1 vm/table.c 's/^\t\t\tvm_live_add\(\*slot, 1\);/;/'
mutant table_given_twice vm-split-0 vm/table.c '/^static uint64_t bank_take/,/^}/ s/bank->base.raw \+ bank->fresh \* PAGE_SIZE;\n//; s/^\ttable = bank->base.raw \+ bank->fresh.*/\ttable = bank->base.raw + PAGE_SIZE;/'
mutant quick_over_mapped vm-map-quick-2 vm/map.c '/^bool vm_map_quick/,/^}/ s/pte_load\(\&slot.pte\[i\]\) != 0/false/'
mutant quick_into_frozen vm-map-quick-2 vm/map.c '/^bool vm_map_quick/,/^}/ s/slot.is_frozen/false/'
mutant quick_beyond_table vm-map-quick-2 vm/map.c '/^bool vm_map_quick/,/^}/ s/item->count > SV39_ENTRIES - sv39_index\(item->va_page, 0\)/false/'
mutant quick_not_counted vm-map-quick-2 vm/map.c 's/vm_live_add\(slot, item->count\)/vm_live_add(slot, 1)/'
mutant map_any_rights vm-map-quick-2 vm/map.c 's/item->rights \& ~binding->rights/false/'
mutant thaw_gives_write vm-thaw-2 vm/freeze.c 's/slot.level > 1 \? PTE_V : PTE_W/PTE_V * (slot.level > 1)/'
mutant thaw_opens_all vm-thaw-2 vm/freeze.c 's/slot.level > 1 \? PTE_V : PTE_W/PTE_W/'
mutant thaw_gives_leaf_write vm-thaw-2 vm/sv39.h 's/return \(pte \& ~PTE_W\) \| PTE_V/return pte | PTE_V/'
mutant thaw_before_fence vm-thaw-2 vm/freeze.c 's/^\tvm_flush_before\(flush, space, page, 1\);//'
mutant freeze_beyond_window vm-freeze-0 vm/freeze.c 's/if \(covers_root_entry\(window, page, left\)\)/if (true)/'
mutant fault_no_thaw vm-fault-2 vm/fault.c 's/vm_thaw\(space, page, \&flush\)/(void)flush/'
mutant fault_any_access vm-fault-2 vm/fault.c 's/ \&\& \(pte \& need\)//'
exit $status
