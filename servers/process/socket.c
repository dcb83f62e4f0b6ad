/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: there is no address family yet, so no descriptor is one. */
#include "servers/process/files.h"

static int64_t not_a_socket(struct thread *t)
{
	return fd_file(t->process, t->args[0]) == NULL ? -STATUS_BADF : -STATUS_NOTSOCK;
}

HANDLER(socket)
{
	return -STATUS_AFNOSUPPORT;
}

HANDLER(socketpair)
{
	return -STATUS_AFNOSUPPORT;
}

HANDLER(bind)
{
	return not_a_socket(t);
}

HANDLER(listen)
{
	return not_a_socket(t);
}

HANDLER(accept)
{
	return not_a_socket(t);
}

HANDLER(accept4)
{
	return not_a_socket(t);
}

HANDLER(connect)
{
	return not_a_socket(t);
}

HANDLER(getsockname)
{
	return not_a_socket(t);
}

HANDLER(getpeername)
{
	return not_a_socket(t);
}

HANDLER(sendto)
{
	return not_a_socket(t);
}

HANDLER(recvfrom)
{
	return not_a_socket(t);
}

HANDLER(setsockopt)
{
	return not_a_socket(t);
}

HANDLER(getsockopt)
{
	return not_a_socket(t);
}

HANDLER(shutdown)
{
	return not_a_socket(t);
}

HANDLER(sendmsg)
{
	return not_a_socket(t);
}

HANDLER(recvmsg)
{
	return not_a_socket(t);
}
