/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "definition.h"

/*
 * The sockets that PID 1 binds for a unit and hands over by LISTEN_FDS. They outlive its restarts. Only addresses that can't
 * block: below /run or the run directory, abstract, inet and netlink.
 */
struct listen_socket {
	char *address;
	char *name; /* for LISTEN_FDNAMES */
	int fd;
};

struct listen {
	struct listen_socket *sockets;
	size_t n_sockets;
};

/* Binds what is not bound yet. One that fails is logged and left out; returns the first error after all were tried. */
int listen_open(struct listen *listen, const struct definition *definition, const char *run_dir);

/* A socket that came over from before an exec. Takes @fd over. */
int listen_adopt(struct listen *listen, const char *address, const char *name, int fd);

/* Closes all and unlinks their paths. Idempotent. */
void listen_close(struct listen *listen);
