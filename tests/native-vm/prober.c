/* SPDX-License-Identifier: BSD-2-Clause */
/* See prober.h. */
#include "tests/native-vm/prober.h"

struct prober probers[PROBERS];
static cap_t finished; /* a notification */

static uint64_t attempt(struct prober *p, const struct probe *probe, enum probe_kind kind)
{
	uint64_t offset = kind == PROBE_LOAD	? FRAME_NUMBER
			  : kind == PROBE_STORE ? FRAME_STORED(p->index)
						: 0;

	p->kind = kind;
	p->at = probe->va + offset;
	switch (kind) {
	case PROBE_LOAD:
		return access_load(p->at);
	case PROBE_STORE:
		return access_store(p->at, probe->value);
	default:
		return access_fetch(p->at);
	}
}

static void prober_main(void *argument)
{
	struct prober *p = argument;
	uint64_t bits;

	for (;;) {
		notification_wait(p->start, &bits);
		for (unsigned i = 0; i < p->count; i++) {
			struct probe *probe = &p->probes[i];

			for (unsigned k = 0; k < PROBE_KINDS; k++) {
				unsigned kind = (probe->first + k) % PROBE_KINDS;

				if (probe->tries & 1u << kind)
					probe->results[kind] =
						attempt(p, probe, (enum probe_kind)kind);
			}
		}
		notification_signal(p->done);
	}
}

/* Is the exception of the access that the prober tries, for the reason that the pager gave? */
static bool is_expected(const struct prober *p, const struct message *m)
{
	static const uint64_t causes[] = {CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE};

	return message_label(m->tag) == LABEL_EXCEPTION && m->words[0] == causes[p->kind] &&
	       m->words[1] == p->at && m->words[3] == p->pager_code;
}

static void refuser_main(void *argument)
{
	struct prober *p = argument;
	struct message m = {0};

	for (;;) {
		ipc_reply_receive(p->endpoint, p->reply, &m);
		if (message_label(m.tag) == LABEL_FAULT) {
			m.tag = MESSAGE_TAG(FAULT_FAIL, 1);
			m.words[0] = PROBE_PAGER_CODE;
			continue;
		}
		if (!is_expected(p, &m)) {
			p->wrong = m;
			p->is_wrong = true;
		}
		p->refused++;
		m.tag = MESSAGE_TAG(EXCEPTION_SET_PC, 1);
		m.words[0] = (uint64_t)access_refused;
	}
}

void prober_init(unsigned index)
{
	struct prober *p = &probers[index];

	*p = (struct prober){.index = index};
	p->endpoint = make_object(OBJECT_ENDPOINT);
	p->reply = make_object(OBJECT_REPLY);
}

void prober_make(unsigned index, cap_t space, unsigned hart, bool has_pager)
{
	struct prober *p = &probers[index];

	if (index == 0)
		finished = make_object(OBJECT_NOTIFICATION);
	p->pager_code = has_pager ? PROBE_PAGER_CODE : 0;
	p->start = derive(make_object(OBJECT_NOTIFICATION), RIGHTS_ALL, 1);
	p->done = derive(finished, RIGHTS_ALL, 1);
	p->refuser =
		worker_make_in(space, BOOT_SLOT_CSPACE, refuser_main, p, MAIN_PRIORITY, 1u << hart);
	CHECK_OK(worker_resume(p->refuser));
	p->worker =
		worker_make_in(space, BOOT_SLOT_CSPACE, prober_main, p, MAIN_PRIORITY, 1u << hart);
	CHECK_OK(invoke5(p->worker->thread, THREAD_SET_HANDLER, p->endpoint, 0, 0, 0, 0));
	CHECK_OK(worker_resume(p->worker));
}

void probers_run(unsigned count, bool backwards)
{
	/* One after the other: all at once they would only wait for the kernel lock. */
	for (unsigned i = 0; i < count; i++) {
		const struct prober *p = &probers[backwards ? count - 1 - i : i];
		uint64_t bits;

		CHECK_OK(notification_signal(p->start));
		CHECK_OK(notification_wait(finished, &bits));

		if (p->is_wrong)
			test_fail("label %x cause %lx at %lx code %lx when trying kind %u at %lx",
				  message_label(p->wrong.tag), p->wrong.words[0], p->wrong.words[1],
				  p->wrong.words[3], p->kind, p->at);
	}
}
