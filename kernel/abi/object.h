/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects: types, rights and methods (SYS_INVOKE).
 *
 * SYS_INVOKE: a0 = capability of the object, tag label = method, tag words =
 * number of arguments; arguments are message words 0, 1, ...; results come
 * back the same way. "slot" means a slot of the caller's own CSpace.
 *
 * Derivation. Retype makes an object's *primary* capability, a child of the
 * untyped capability. CSPACE_COPY and IPC make children of the capability
 * copied; an object that refers to another one (thread to its space, binding
 * to its pool...) holds a derived capability inside itself. Deleting a
 * primary capability, or revoking above it, destroys the object after every
 * capability derived from it; deleting another one gives its children to its
 * parent. Untyped capabilities can be moved, not copied.
 */
#ifndef KERNEL_ABI_OBJECT_H
#define KERNEL_ABI_OBJECT_H

#include <stdint.h>

/*
 * X(name, value, log2 of the size in bytes at retype, meaning). A size of 0
 * means that the caller chooses: UNTYPED log2 bytes (6..38), CSPACE log2
 * slots (2..16, a slot takes 64 bytes), TABLE_BANK log2 bytes (16..24; of each
 * 64 KiB 15 pages become tables).
 */
#define OBJECT_LIST(X)                                                                             \
	X(OBJECT_NONE, 0, 0, "an empty slot")                                                      \
	X(OBJECT_UNTYPED, 1, 0, "a range of physical memory, RAM or device")                       \
	X(OBJECT_CSPACE, 2, 0, "a flat table of capability slots")                                 \
	X(OBJECT_THREAD, 3, 13, "registers, message buffer, handler endpoint")                     \
	X(OBJECT_SCHED_CONTEXT, 4, 8, "priority, time to run and harts")                           \
	X(OBJECT_ENDPOINT, 5, 6, "where callers and receivers meet")                               \
	X(OBJECT_REPLY, 6, 6, "holds one caller until it is answered")                             \
	X(OBJECT_NOTIFICATION, 7, 7, "a word of signal bits, with a timer")                        \
	X(OBJECT_SPACE, 8, 13, "an Sv39 address space")                                            \
	X(OBJECT_TABLE_BANK, 9, 0, "pages that become page tables of one space")                   \
	X(OBJECT_WINDOW, 10, 10, "a range of a space under one pager")                             \
	X(OBJECT_POOL, 11, 10, "physical pages that are nothing else while it lives")              \
	X(OBJECT_BINDING, 12, 8, "allows pages of a pool in a window")                             \
	X(OBJECT_IRQ_CONTROL, 13, 0, "makes interrupt handlers; one, made at boot")                \
	X(OBJECT_IRQ_HANDLER, 14, 0, "one interrupt source")                                       \
	X(OBJECT_HART, 15, 0, "the right to configure scheduling contexts; one, made at boot")     \
	X(OBJECT_CONSOLE, 16, 0, "the firmware's debug console; one, made at boot")                \
	X(OBJECT_SYSTEM, 17, 0, "reset and power; one, made at boot")

enum object_type {
#define OBJECT_ENUM(name, value, bits, meaning) name = value,
	OBJECT_LIST(OBJECT_ENUM)
#undef OBJECT_ENUM
		OBJECT_TYPES
};

/* Rights of a capability. A derived capability never has more than its source. */
#define RIGHTS_LIST(X)                                                                             \
	X(RIGHT_READ, 1, "endpoint: receive; notification: wait; pool, window: load")              \
	X(RIGHT_WRITE, 2, "endpoint: send and call; notification: signal; pool, window: store")    \
	X(RIGHT_EXECUTE, 4, "pool, window: fetch")                                                 \
	X(RIGHT_GRANT, 8, "endpoint: capabilities may move away with a message")                   \
	X(RIGHT_BIND, 16, "pool, window: a binding may be made; others: may be attached")          \
	X(RIGHT_MANAGE, 32, "the object's methods may be invoked")                                 \
	X(RIGHT_DMA, 64, "pool: physical addresses may be read")                                   \
	X(RIGHT_SHARE, 128,                                                                        \
	  "endpoint: capabilities derived from one's own may travel with a message")

enum right {
#define RIGHT_ENUM(name, value, meaning) name = value,
	RIGHTS_LIST(RIGHT_ENUM)
#undef RIGHT_ENUM
		RIGHTS_ALL = 255
};

/* X(name, number, object, "arguments", "results", "what it does") */
#define METHOD_LIST(X)                                                                                           \
	X(UNTYPED_RETYPE, 1, OBJECT_UNTYPED, "type, size bits, count 1..32, first slot", "-",                    \
	  "make objects in consecutive empty slots; zeroed; all or none")                                        \
	X(UNTYPED_INFO, 2, OBJECT_UNTYPED, "-",                                                                  \
	  "physical base, bytes, bytes used, 1 if device memory, bytes of the used that alignment left out",     \
	  "describe the range; what is left out is counted up to 1 GiB")                                         \
	X(CSPACE_COPY, 3, OBJECT_CSPACE, "slot in this CSpace, source slot, rights, badge", "-",                 \
	  "derive from the caller's capability; a badge only on an unbadged source, 0 keeps it")                 \
	X(CSPACE_MOVE, 4, OBJECT_CSPACE, "slot in this CSpace, source slot", "-",                                \
	  "move the caller's capability, derivation unchanged")                                                  \
	X(CSPACE_DELETE, 5, OBJECT_CSPACE, "slot in this CSpace", "-", "empty the slot")                         \
	X(CSPACE_REVOKE, 6, OBJECT_CSPACE, "slot in this CSpace", "-",                                           \
	  "delete all that is derived from the capability; an untyped becomes whole again. If the "              \
	  "capability invoked is among these, this and CSPACE_DELETE may end early, with ERR_CAP_EMPTY")         \
	X(CSPACE_INSPECT, 7, OBJECT_CSPACE, "slot in this CSpace", "type, rights, badge",                        \
	  "describe the capability")                                                                             \
	X(THREAD_CONFIGURE, 8, OBJECT_THREAD,                                                                    \
	  "CSpace slot or 0, Space slot, buffer number + 1 or 0 for none", "-",                                  \
	  "give a stopped thread its spaces; maps the message buffer (may want a table)")                        \
	X(THREAD_SET_HANDLER, 9, OBJECT_THREAD,                                                                  \
	  "endpoint slot or 0, badge or 0, enum handler_flag", "-",                                              \
	  "who gets the exceptions, and what else the flags say")                                                \
	X(THREAD_SET_SCHED, 10, OBJECT_THREAD, "SchedContext slot or 0", "-",                                    \
	  "give the thread a scheduling context")                                                                \
	X(THREAD_BIND_NOTIFICATION, 11, OBJECT_THREAD, "notification slot or 0", "-",                            \
	  "its signals end the thread's receives")                                                               \
	X(THREAD_WRITE_REGISTERS, 12, OBJECT_THREAD, "pc, x1, ..., x31 (32 words)", "-",                         \
	  "set all integer registers")                                                                           \
	X(THREAD_READ_REGISTERS, 13, OBJECT_THREAD, "-", "pc, x1, ..., x31",                                     \
	  "stop the thread for a moment if it runs, and read its registers")                                     \
	X(THREAD_WRITE_FPU, 14, OBJECT_THREAD, "f0, ..., f31, fcsr (33 words)", "-",                             \
	  "set the floating-point state")                                                                        \
	X(THREAD_READ_FPU, 15, OBJECT_THREAD, "-", "f0, ..., f31, fcsr",                                         \
	  "read the floating-point state")                                                                       \
	X(THREAD_RESUME, 16, OBJECT_THREAD, "-", "-", "let it run")                                              \
	X(THREAD_SUSPEND, 17, OBJECT_THREAD, "-", "-",                                                           \
	  "stop it; when the call returns it runs on no hart. A wait it is in goes on")                          \
	X(THREAD_INFO, 18, OBJECT_THREAD, "-",                                                                   \
	  "state (enum thread_state), 1 if suspended, ticks its SchedContext used, hart, fault address, "        \
	  "fault access",                                                                                        \
	  "describe the thread")                                                                                 \
	X(SPACE_ADD_BANK, 19, OBJECT_SPACE, "TableBank slot", "-", "donate page-table pages")                    \
	X(SPACE_ATTACH_WINDOW, 20, OBJECT_SPACE,                                                                 \
	  "Window slot, first page, pages, rights, fault endpoint slot or 0, badge (may be left out)",           \
	  "-",                                                                                                   \
	  "place a window; both numbers multiples of 512, no overlap, below the message buffers")                \
	X(SPACE_INFO, 21, OBJECT_SPACE, "-", "table pages used, table pages free, live harts",                   \
	  "describe the space")                                                                                  \
	X(BINDING_BIND, 22, OBJECT_BINDING, "Window slot, Pool slot, rights", "-",                               \
	  "join the two, once; both capabilities need BIND")                                                     \
	X(POOL_ADD_EXTENT, 23, OBJECT_POOL, "Untyped slot", "-",                                                 \
	  "give the whole of an unused untyped to the pool; its pages come after the others'")                   \
	X(POOL_INFO, 24, OBJECT_POOL, "-",                                                                       \
	  "pages, extents n, then for each: first pool page, physical base (0 without DMA)",                     \
	  "describe the pool")                                                                                   \
	X(NOTIFICATION_SET_TIMER, 25, OBJECT_NOTIFICATION, "absolute time in ticks, 0 = off", "-",               \
	  "signal TIMER_BIT once at that time")                                                                  \
	X(IRQ_CONTROL_GET, 26, OBJECT_IRQ_CONTROL,                                                               \
	  "interrupt number, slot, trigger (may be left out)", "-",                                              \
	  "make the handler capability of a source (enum irq_trigger); ERR_BUSY if it exists, ERR_LIMIT: 48 do") \
	X(IRQ_SET_NOTIFICATION, 27, OBJECT_IRQ_HANDLER, "notification slot or 0", "-",                           \
	  "where it is signalled (with the badge); enables the source")                                          \
	X(IRQ_ACK, 28, OBJECT_IRQ_HANDLER, "-", "-", "let the source fire again")                                \
	X(HART_CONFIGURE, 29, OBJECT_HART,                                                                       \
	  "SchedContext slot, priority 0..255, budget in ticks, mask of harts, period in ticks, "                \
	  "ceiling of the priority (the last two may be left out)",                                              \
	  "-",                                                                                                   \
	  "set up a scheduling context; mask of logical hart numbers, 0 = any; period 0: the budget "            \
	  "is a slice and not enforced; ceiling 0: the priority")                                                \
	X(HART_INFO, 30, OBJECT_HART, "hart",                                                                    \
	  "idle time in ticks, context switches, kernel entries, remote fences it asked for, "                   \
	  "harts those named, in all",                                                                           \
	  "describe a hart")                                                                                     \
	X(CONSOLE_WRITE, 31, OBJECT_CONSOLE,                                                                     \
	  "number of bytes 1..2048, first byte (may be left out)", "-",                                          \
	  "print bytes from message-buffer word 16 on")                                                          \
	X(SYSTEM_RESET, 32, OBJECT_SYSTEM, "0 power off, 1 cold, 2 warm reboot; 0 or 1 = failure",               \
	  "-", "end or restart the machine through SBI SRST")                                                    \
	X(THREAD_CANCEL, 33, OBJECT_THREAD, "-", "-",                                                            \
	  "end the wait it is in, with ERR_CANCELLED; ERR_NOT_BOUND if it waits for nothing")                    \
	X(SCHED_SET_PRIORITY, 34, OBJECT_SCHED_CONTEXT, "priority 0..ceiling", "-",                              \
	  "another priority; ERR_RIGHTS above the ceiling")                                                      \
	X(SCHED_INFO, 35, OBJECT_SCHED_CONTEXT, "-",                                                             \
	  "priority, ceiling, budget, period, ticks used in all, 1 if it waits for a replenishment",             \
	  "describe the scheduling context")                                                                     \
	X(HART_ALLOW_COUNTERS, 36, OBJECT_HART, "Thread slot, enum counter bits", "-",                           \
	  "which counters the thread may read")

enum method {
#define METHOD_ENUM(name, number, object, in, out, text) name = number,
	METHOD_LIST(METHOD_ENUM)
#undef METHOD_ENUM
};

enum thread_state {
	THREAD_STOPPED, /* never resumed, or lacking a space or scheduling context */
	THREAD_READY,	/* runs or could run */
	THREAD_SENDING,
	THREAD_RECEIVING,
	THREAD_WAITING_REPLY, /* called, faulted or excepted; the partner has not answered */
	THREAD_WAITING_SIGNAL,
};

/* When a device asks for service, by the numbers of device trees. */
enum irq_trigger {
	IRQ_DEFAULT = 0, /* as IRQ_LEVEL_HIGH */
	IRQ_EDGE_RISING = 1,
	IRQ_EDGE_FALLING = 2,
	IRQ_LEVEL_HIGH = 4,
	IRQ_LEVEL_LOW = 8,
};

/* The bit that a notification's timer ors into its word. */
#define TIMER_BIT (1ull << 63)

#define PRIORITY_MAX 255

/* THREAD_SET_HANDLER */
enum handler_flag {
	HANDLER_PERSONALITY = 1, /* each ecall is a call on the handler (LABEL_ECALL) */
	HANDLER_EXHAUSTION = 2, /* the end of its budget is told to the handler (LABEL_EXHAUSTED) */
};

/* Bits of scounteren. A new thread may read the time only. */
enum counter { COUNTER_CYCLE = 1, COUNTER_TIME = 2, COUNTER_INSTRET = 4, COUNTERS_ALL = 7 };
#define COUNTERS_DEFAULT COUNTER_TIME

#endif
