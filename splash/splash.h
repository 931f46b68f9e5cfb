/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "display.h"
#include "nodes.h"
#include "picture.h"

#include "early/channel.h"
#include "early/loop.h"

struct splash_options {
	unsigned int vt;
	const char *device; /* NULL: whatever comes first */
};

/* Who has the screen. */
enum splash_state {
	SPLASH_STATE_SEARCHING, /* no device yet */
	SPLASH_STATE_SHOWING,
	SPLASH_STATE_RELEASED, /* master dropped, watching for the compositor's picture */
	SPLASH_STATE_IDLE, /* the compositor's picture was seen */
	SPLASH_STATE_TAKING, /* waiting for master */
};

struct splash {
	struct loop *loop;
	struct splash_options options;
	enum splash_state state;
	struct channel link;
	struct picture picture;
	struct display display;
	struct nodes nodes;
	struct loop_timer animate;
	struct loop_timer retry; /* a device that is there but not ready */
	struct loop_timer watch;
	struct loop_timer take;
	struct loop_timer offer;
	int offer_fd; /* our VT while it is offered; -1: it is not */
	unsigned int offered_vt;
	unsigned int prompts; /* how many looks in a row have seen one on a text console */
	uint64_t search_since_us; /* first failure of the devices that are there; 0: none */
	uint64_t take_deadline_us;
	bool failure_reported;
};

/* Opens the link on CHANNEL_HELPER_FD and begins to look for a device. The loop stops when the work is done. */
int splash_init(struct splash *splash, struct loop *loop, const struct splash_options *options);
void splash_done(struct splash *splash);
