/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/overlayctl.h"

struct loop;

/* The daemon's own control socket, RUN/overlay/NAME.sock, for `earlyctl overlay`. */
struct ctlsock;

struct ctlsock_ops {
	/* Fills in a status; text and lists are the callee's and live until the next call. */
	void (*status)(void *data, struct overlayctl_status *ret_status);
	/* Starts a merge; 0 or negative errno. */
	int (*merge)(void *data, const char *into);
	/* The directories of the layers, the callee's; 0 or negative errno (-EALREADY: merged). */
	int (*layers)(void *data, int *ret_upper, const int **ret_lower, size_t *ret_n_lower);
};

int ctlsock_new(struct loop *loop, const char *run_dir, const char *mountpoint,
		const struct ctlsock_ops *ops, void *data, struct ctlsock **ret_sock);
struct ctlsock *ctlsock_free(struct ctlsock *sock); /* takes the socket's name away */

/* To all that wait for a merge. */
void ctlsock_progress(struct ctlsock *sock, const struct overlayctl_progress *progress);
void ctlsock_done(struct ctlsock *sock, const struct overlayctl_done *done);
