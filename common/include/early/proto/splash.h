/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"

/*
 * PID 1 <-> early-splash.
 *
 * The splash owns the picture from its first frame until a compositor commits its own. PID 1 keeps a duplicate of the DRM
 * descriptor that comes with FRAME, so that the frame outlives the splash and master can be dropped for one that hangs.
 */

enum splash_opcode {
	SPLASH_PROGRESS = 1, /* to splash */
	SPLASH_MESSAGE = 2, /* to splash: a full page instead of progress */
	SPLASH_ADOPT =
		3, /* to splash, first message after a restart; one descriptor: the DRM file whose frame is on the screen */
	SPLASH_DROP_MASTER =
		4, /* to splash: a compositor is about to take the device; watch for its picture */
	SPLASH_TAKE = 5, /* to splash: the compositor is gone; KD_GRAPHICS, master, repaint */
	SPLASH_QUIT = 6, /* to splash: release all without touching what is on the screen */
	SPLASH_FRAME =
		7, /* to PID 1: the first frame is on the screen; one descriptor (DRM file) unless the device is /dev/fb0 */
	SPLASH_MASTER_DROPPED = 8, /* to PID 1 */
	SPLASH_GREETER =
		9, /* to PID 1: the screen shows somebody else's picture that is not of one colour, or a prompt in text */
	SPLASH_FAILED = 10, /* to PID 1: no picture can be shown here */
	SPLASH_OFFER_VT =
		11, /* to splash, before DROP_MASTER: who takes the device goes to a VT of its own first */
};

enum splash_kind {
	SPLASH_KIND_PROGRESS = 0, /* back to the progress picture */
	SPLASH_KIND_INFO = 1,
	SPLASH_KIND_FAILURE = 2,
};

struct splash_progress {
	uint32_t percent; /* 0 to 100 */
	const char *caption;
};

struct splash_message {
	uint32_t kind; /* enum splash_kind */
	const char *title;
	const char *text; /* what failed and what to do; lines end with \n */
};

struct splash_frame {
	uint64_t t_us; /* CLOCK_BOOTTIME of the commit */
	const char *device;
};

struct splash_greeter {
	uint64_t t_us; /* CLOCK_BOOTTIME */
};

struct splash_offer_vt {
	uint32_t vt; /* which it most likely is: the console does not paint there either */
};

struct splash_failed {
	const char *why;
};

extern const struct wire_protocol splash_protocol;
