/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/overlayctl.h"

/* Asking one daemon of early-overlay by its own socket. Lengths and texts as the daemon says them. */

/* Called for each message, the last as well; the value lives for the call only. */
typedef void (*overlay_fn)(enum overlayctl_opcode opcode, const void *value, void *data);

/*
 * 0 or negative errno: the transport's, or the daemon's (then told on stderr with its advice). -ECONNREFUSED: its daemon is gone.
 */
int overlay_ask(const char *socket, enum overlayctl_verb verb, const char *into, overlay_fn fn,
		void *data);

/* The directories of its layers, the upper one first; overlay_layers_done() closes them, also after a failure. */
struct overlay_layers {
	int *fds;
	size_t n;
};

int overlay_ask_layers(const char *socket, struct overlay_layers *ret_layers);
void overlay_layers_done(struct overlay_layers *layers);
