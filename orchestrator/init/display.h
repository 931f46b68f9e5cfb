/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/loop.h"
#include "early/proto/splash.h"
#include "helper.h"

/*
 * The seat's screen as PID 1 sees it: early-splash, and a duplicate of the DRM file that holds its frame. The duplicate
 * keeps the frame on the screen when the splash dies or is replaced, and lets PID 1 drop master for a splash that hangs.
 */
enum display_owner {
	DISPLAY_SPLASH, /* the picture is ours */
	DISPLAY_HANDED, /* master was dropped; the frame stays until a compositor's first one */
	DISPLAY_GREETER, /* somebody else's picture is on the screen */
};

struct display {
	struct loop *loop;
	struct helper splash;
	struct loop_timer retry; /* after a death */
	enum display_owner owner;
	bool enabled;
	bool released; /* for good, by display_text_console */
	bool framed; /* a first frame was reported */
	uint32_t deaths;
	int drm_fd; /* -1: none */
	uint32_t percent;
	char caption[128];
	uint32_t page_kind; /* enum splash_kind */
	char page_title[128];
	char page_text[1024];
	void (*on_frame)(struct display *display, uint64_t t_us, const char *device);
	void (*on_greeter)(struct display *display, uint64_t t_us);
	void (*on_failed)(struct display *display, const char *why);
	void *data;
};

/* Callbacks and data are set by the caller before. */
void display_init(struct display *display, struct loop *loop, bool enabled);

/* Starts the splash; it adopts the frame that the duplicate holds, if there is one. */
void display_start(struct display *display);

/* Takes over one that the program before an exec started. @link_fd is taken over. */
int display_adopt(struct display *display, pid_t pid, int link_fd);

void display_progress(struct display *display, uint32_t percent, const char *caption);

/* A page instead of progress. SPLASH_KIND_PROGRESS goes back. */
void display_page(struct display *display, enum splash_kind kind, const char *title,
		  const char *text);

/* A compositor is about to take the device. Idempotent. */
void display_hand_over(struct display *display);

/* The same for one that goes to a VT of its own before it opens the device: an X server that the display manager starts by itself. */
void display_hand_over_vt(struct display *display);

/* The compositor is gone: back to our picture. */
void display_take(struct display *display);

/* The text console of the VT is visible and usable again, for good: now, and still after the end of the splash. */
void display_text_console(struct display *display);

/* The same where nobody hears of that end, before another program is executed: waits for it, a second at most. */
void display_text_console_now(struct display *display);
