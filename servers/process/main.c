/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The personality server's event loop.
 *
 * Everything happens in answer to a message: from a Linux thread
 * (dispatch.c), or from the notification that timers and the serial line
 * raise. After each, the ready queue is emptied (park.c), then the server
 * answers and receives again in one kernel entry.
 */
#include "servers/process/core.h"

#include "servers/lib/objects.h"
#include "servers/lib/startup.h"

#define FILES_EVENTS 0xffull

cap_t process_endpoint, event_notification;

static void event_loop(void)
{
	for (;;) {
		struct message m = {0};
		cap_t reply = answer_take(&m);
		enum err err;

		timers_program();
		if (reply != 0) {
			err = ipc_reply_receive(process_endpoint, reply, &m);
		} else {
			reply = reply_take();
			err = ipc_receive(process_endpoint, reply, &m);
		}
		if (err != ERR_OK) {
			reply_give(reply);
			continue;
		}
		if (message_label(m.tag) == LABEL_NOTIFICATION) {
			reply_give(reply);
			if ((m.badge & TIMER_BIT) != 0) {
				timers_run();
			}
			if ((m.badge & FILES_EVENTS) != 0) {
				files_event(m.badge & FILES_EVENTS);
			}
		} else {
			message_handle(&m, reply);
		}
		attention_run();
	}
}

cap_t event_capability(unsigned bit)
{
	return bit < 8 ? cap_derive(event_notification, RIGHT_WRITE, 1ull << bit) : 0;
}

/* A shared region that the system file has to declare. */
static unsigned char *region_required(const char *name, uint64_t size)
{
	const struct startup_region *region = startup_region(name);

	if (region == NULL || region->address == 0 || region->size < size) {
		fatal("process: no region \"%s\" of %lu bytes\n", name, (unsigned long)size);
	}
	return (unsigned char *)region->address;
}

/* Make pid 1 and let it run. */
static void init_start(void)
{
	const char *path = startup_argument("init");
	struct process *p = process_create(NULL, pid_allocate());
	struct thread *t;
	int64_t status = -STATUS_NOMEM;

	if (p != NULL) {
		p->signals = signal_state_create(signal_handlers_create());
		p->pgid = p->pid;
		p->session = session_create(p->pid);
		limits_start(p->limits);
		init_process = p;
		t = thread_create(p, p->pid);
		if (t != NULL && p->signals != NULL && p->session != NULL) {
			status = files_start_init(p);
			if (status >= 0) {
				status = exec_start_init(p, t, path != NULL ? path : "/sbin/init");
			}
		}
	}
	if (status < 0) {
		log_print("process: cannot start %s: error %d\n",
			  path != NULL ? path : "/sbin/init", (int)-status);
		power_off(true);
	}
}

int main(void)
{
	pager_cap = startup_cap_required("pager");
	files_cap = startup_cap_required("files");
	serial_cap = startup_cap("serial");
	rtc_cap = startup_cap("rtc");
	process_endpoint = startup_cap_required("process");
	pager_xfer = region_required("pager-xfer", PAGER_XFER_SIZE);
	files_xfer = region_required("files-xfer", 64 * 1024);
	event_notification = object_create(OBJECT_NOTIFICATION, 0);
	if (event_notification == 0 || !reply_reserve() ||
	    invoke5(SLOT_THREAD, THREAD_BIND_NOTIFICATION, event_notification, 0, 0, 0, 0) !=
		    ERR_OK) {
		fatal("process: no memory for kernel objects\n");
	}
	time_start();
	random_start(startup()->seed);
	if (!files_start()) {
		log_print("process: no root file system\n");
		power_off(true);
	}
	init_start();
	event_loop();
}
