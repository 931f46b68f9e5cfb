/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/table.h"

/* Sets the options of @sock ("keep-alive=1") on a socket that is not bound yet, or on an open FIFO. What the kernel refuses is logged. */
void listen_set_options(int fd, int family, const struct table_socket *sock);

/* The length of the queue of connections: "backlog=128", or as long as the kernel allows. */
int listen_backlog(const struct table_socket *sock);
