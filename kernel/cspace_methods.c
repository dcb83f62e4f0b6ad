/* SPDX-License-Identifier: BSD-2-Clause */
/* Methods of CSpace. See invoke.h and cap.h. */
#include "kernel/invoke.h"

/* A slot of the capability space invoked, and one of the caller's. */
static enum err copy_check(struct invocation *call, struct cap_slot **to, struct cap_slot **from)
{
	enum err err = cap_lookup(invocation_cspace(call), call->arguments[1], from);

	return err != ERR_OK ? err : cap_lookup_empty(call->object, call->arguments[0], to);
}

enum err cspace_copy(struct invocation *call)
{
	struct cap_slot *to;
	struct cap_slot *from;
	uint64_t badge = call->arguments[3];
	enum err err = copy_check(call, &to, &from);

	if (err != ERR_OK) {
		return err;
	}
	if (from->type == OBJECT_UNTYPED) {
		return ERR_CAP_TYPE;
	}
	if (badge != 0 && from->badge != 0) {
		return ERR_RIGHTS;
	}
	cap_derive(to, from, (unsigned)call->arguments[2] & RIGHTS_ALL, badge);
	return ERR_OK;
}

enum err cspace_move(struct invocation *call)
{
	struct cap_slot *to;
	struct cap_slot *from;
	enum err err = copy_check(call, &to, &from);

	if (err != ERR_OK) {
		return err;
	}
	if (!cap_may_move(from)) {
		return ERR_BUSY;
	}
	cap_move(to, from);
	return ERR_OK;
}

enum err cspace_delete(struct invocation *call)
{
	struct cap_slot *slot;
	enum err err = cap_lookup(call->object, call->arguments[0], &slot);

	return err != ERR_OK ? err : cap_delete(slot);
}

enum err cspace_revoke(struct invocation *call)
{
	struct cap_slot *slot;
	enum err err = cap_lookup(call->object, call->arguments[0], &slot);

	return err != ERR_OK ? err : cap_revoke(slot);
}

enum err cspace_inspect(struct invocation *call)
{
	struct cap_slot *slot;
	enum err err = cap_lookup(call->object, call->arguments[0], &slot);

	if (err != ERR_OK) {
		return err;
	}
	call->result[0] = slot->type;
	call->result[1] = slot->rights;
	call->result[2] = slot->badge;
	call->results = 3;
	return ERR_OK;
}
