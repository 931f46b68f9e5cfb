/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The splash as a whole: it has a picture, a device or none, and orders from PID 1.
 *
 * - Nothing is waited for: a device that is not ready (nodes come before their driver is) is tried again by timer.
 * - A DRM device is better than a framebuffer device: it takes over when it comes, and keeps the screen from then on.
 * - FRAME is sent for each device whose picture is on the screen, and after TAKE; PID 1 keeps the newest descriptor.
 * - Between DROP_MASTER and TAKE nothing here touches any device but to look, also when a new one comes: opening one could
 *   make this process its master.
 * - A VT that is offered (OFFER_VT) is let go of to whoever asks, until then or until the compositor's picture is there.
 * - The end of the link ends the process and leaves the screen as it is.
 */
#include "splash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kms.h"
#include "prompt.h"
#include "vt.h"

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/proto/splash.h"

#define ANIMATE_MS 100
#define RETRY_FAST_MS 20
#define RETRY_SLOW_MS 500
#define RETRY_FAST_FOR_MS 2000 /* a device that is not usable by then is reported */
#define WATCH_MS 250
#define TAKE_RETRY_MS 50
#define TAKE_FOR_MS 2000
#define OFFER_MS 50
#define LOOKS_OF_A_PROMPT 2 /* a line that is being written has no end either */

static uint64_t in_ms(unsigned int ms)
{
	return clock_monotonic_us() + ms * USEC_PER_MSEC;
}

static void report_failed(struct splash *splash, const char *device, int error)
{
	char why[256];
	const struct splash_failed message = { why };

	(void)snprintf(why, sizeof(why), "%s: %s", device,
		       error == -ENXIO   ? "no output is connected"
		       : error == -EBUSY ? "another process is its master"
					 : strerror(-error)); /* cut if it is too long */
	log_warning("no picture on %s", why);
	(void)channel_send(&splash->link, SPLASH_FAILED,
			   &message); /* a dead link ends in on_close */
}

static void report_frame(struct splash *splash)
{
	const struct splash_frame frame = { clock_boottime_us(), splash->display.path };
	int fd = splash->display.kms ? kms_fd(splash->display.kms) : -1;

	/* a dead link ends in on_close */
	(void)channel_send_fds(&splash->link, SPLASH_FRAME, &frame, &fd, fd >= 0 ? 1 : 0);
}

static void show(struct splash *splash, unsigned int parts)
{
	int r;

	if (splash->state != SPLASH_STATE_SHOWING || parts == 0)
		return;
	r = display_show(&splash->display, &splash->picture, parts);
	if (r < 0)
		log_warning_errno(r, "cannot paint on %s", splash->display.path);
}

static void handle_animate(struct loop_timer *timer)
{
	struct splash *splash = container_of(timer, struct splash, animate);

	if (splash->state != SPLASH_STATE_SHOWING || splash->picture.page != PICTURE_PROGRESS)
		return;
	if (!picture_step(&splash->picture))
		return;
	show(splash, PICTURE_PART_BAR);
	(void)loop_timer_start(splash->loop, timer, in_ms(ANIMATE_MS), handle_animate);
}

/* The timer runs only while the bar has a way to go. */
static void animate(struct splash *splash)
{
	if (!splash->animate.loop)
		(void)loop_timer_start(splash->loop, &splash->animate, in_ms(ANIMATE_MS),
				       handle_animate);
}

/* The device is open: paint it all, tell PID 1. */
static int begin_showing(struct splash *splash)
{
	unsigned int permille;
	int r = 0;

	if (display_shows_adopted(&splash->display, &permille)) {
		splash->picture.shown_permille = splash->picture.target_permille = permille;
	} else {
		/* how the bar got there is no news to this device */
		splash->picture.shown_permille = splash->picture.target_permille;
		r = display_show(&splash->display, &splash->picture, PICTURE_PART_ALL);
	}
	if (r < 0)
		return r;
	if (splash->display.kms)
		nodes_done(&splash->nodes); /* nothing better can come; udev makes many nodes */
	splash->state = SPLASH_STATE_SHOWING;
	splash->search_since_us = 0;
	splash->failure_reported = false;
	report_frame(splash);
	animate(splash);
	return 0;
}

static void handle_retry(struct loop_timer *timer);

/* Fast at first: the node is there a little before its driver is ready. */
static void retry_later(struct splash *splash, const char *device, int error)
{
	const uint64_t now = clock_monotonic_us();
	bool fast;

	if (splash->search_since_us == 0)
		splash->search_since_us = now;
	fast = now - splash->search_since_us < RETRY_FAST_FOR_MS * USEC_PER_MSEC;
	if (!fast && !splash->failure_reported) {
		splash->failure_reported = true;
		if (display_is_open(&splash->display))
			log_warning_errno(error, "the picture stays on %s: cannot use %s",
					  splash->display.path, device);
		else
			report_failed(splash, device, error);
	}
	(void)loop_timer_start(splash->loop, &splash->retry,
			       in_ms(fast ? RETRY_FAST_MS : RETRY_SLOW_MS), handle_retry);
}

static int try_device(struct splash *splash, const char *path)
{
	int r = display_open(&splash->display, path);

	if (r < 0)
		return r;
	r = begin_showing(splash);
	if (r < 0) {
		display_done(&splash->display);
		splash->state = SPLASH_STATE_SEARCHING;
	}
	return r;
}

/* Returns 0 if one shows the picture now, -ENOENT if there is none, another error if none of them works. */
static int try_cards(struct splash *splash, char (*paths)[NODE_PATH_MAX], size_t n,
		     const char **ret_failed)
{
	int error = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		int r = try_device(splash, paths[i]);

		if (r == 0)
			return 0;
		error = r;
		*ret_failed = paths[i];
	}
	return error;
}

static void search(struct splash *splash)
{
	char cards[8][NODE_PATH_MAX];
	const char *failed = NULL;
	int r, fb_error;

	if (splash->options.device) {
		r = try_device(splash, splash->options.device);
		failed = splash->options.device;
	} else {
		size_t n = nodes_list_cards("", cards, ARRAY_SIZE(cards));

		r = try_cards(splash, cards, n, &failed);
		if (r < 0 && !display_is_open(&splash->display)) {
			fb_error = nodes_fb_is_drm("") ? -ENOENT : try_device(splash, "/dev/fb0");
			if (fb_error < 0 && fb_error != -ENOENT && r == -ENOENT) {
				r = fb_error;
				failed = "/dev/fb0";
			}
		}
	}
	if (r < 0 && r != -ENOENT && failed)
		retry_later(splash, failed, r);
}

static bool wants_device(const struct splash *splash)
{
	if (splash->state == SPLASH_STATE_SEARCHING)
		return true;
	return splash->state == SPLASH_STATE_SHOWING && splash->display.fb &&
	       !splash->options.device;
}

static void handle_retry(struct loop_timer *timer)
{
	struct splash *splash = container_of(timer, struct splash, retry);

	if (wants_device(splash))
		search(splash);
}

static void handle_nodes(struct nodes *nodes)
{
	struct splash *splash = container_of(nodes, struct splash, nodes);

	if (wants_device(splash))
		search(splash);
}

/*
 * A greeter in text has no frame of its own. It is there when a text console at the front asks for something; and where our picture
 * is in the way, because the VT that was offered is in graphics mode by us alone, the picture goes first.
 */
static bool sees_prompt(struct splash *splash)
{
	unsigned int front;
	enum vt_kind kind = vt_front(&front);

	if (kind == VT_KIND_OTHER || !prompt_is_shown("/dev/vcsa"))
		splash->prompts = 0;
	else
		splash->prompts++;
	if (splash->prompts < LOOKS_OF_A_PROMPT)
		return false;
	if (kind == VT_KIND_BLANK && front == splash->offered_vt)
		vt_set_text(front);
	return kind == VT_KIND_TEXT;
}

static void handle_watch(struct loop_timer *timer)
{
	struct splash *splash = container_of(timer, struct splash, watch);
	struct splash_greeter greeter;

	if (splash->state != SPLASH_STATE_RELEASED)
		return;
	if (!display_watch_look(&splash->display) && !sees_prompt(splash)) {
		(void)loop_timer_start(splash->loop, timer, in_ms(WATCH_MS), handle_watch);
		return;
	}
	greeter.t_us = clock_boottime_us();
	splash->state = SPLASH_STATE_IDLE;
	(void)channel_send(&splash->link, SPLASH_GREETER,
			   &greeter); /* a dead link ends in on_close */
}

static void drop_master(struct splash *splash)
{
	int r = splash->display.kms ? kms_drop_master(splash->display.kms) : 0;

	if (r < 0)
		log_warning_errno(r, "cannot drop master of %s", splash->display.path);
	loop_timer_stop(&splash->animate);
	loop_timer_stop(&splash->retry);
	loop_timer_stop(&splash->take);
	splash->state = SPLASH_STATE_RELEASED;
	splash->prompts = 0;
	if (splash->display.kms)
		kms_watch_reset(splash->display.kms);
	/* a dead link ends in on_close */
	(void)channel_send(&splash->link, SPLASH_MASTER_DROPPED, NULL);
	(void)loop_timer_start(splash->loop, &splash->watch, in_ms(WATCH_MS), handle_watch);
}

/* --- the VT --- */

static void end_offer(struct splash *splash, bool back)
{
	loop_timer_stop(&splash->offer);
	if (splash->offer_fd < 0)
		return;
	vt_offer_end(splash->offer_fd, splash->options.vt, splash->offered_vt, back);
	splash->offer_fd = fd_close(splash->offer_fd);
}

static void handle_offer(struct loop_timer *timer)
{
	struct splash *splash = container_of(timer, struct splash, offer);

	if (vt_offer_look(splash->offer_fd) || splash->state == SPLASH_STATE_IDLE)
		end_offer(splash, false);
	else
		(void)loop_timer_start(splash->loop, timer, in_ms(OFFER_MS), handle_offer);
}

/* PID 1 may ask again, and may have another VT in mind. */
static void offer_vt(struct splash *splash, unsigned int vt)
{
	int r;

	end_offer(splash, true);
	if (vt == 0 || vt > 63 || vt == splash->options.vt)
		return;
	r = vt_offer(splash->options.vt, vt, &splash->offer_fd);
	if (r < 0) {
		log_warning_errno(r, "cannot offer VT %u: a switch to another one may hang",
				  splash->options.vt);
		return;
	}
	splash->offered_vt = vt;
	(void)loop_timer_start(splash->loop, &splash->offer, in_ms(OFFER_MS), handle_offer);
}

static void set_graphics(struct splash *splash)
{
	int r = vt_set_graphics(splash->options.vt);

	if (r < 0)
		log_warning_errno(r,
				  "cannot put VT %u into graphics mode; the console may paint over "
				  "the picture",
				  splash->options.vt);
}

static int take_now(struct splash *splash)
{
	int r;

	if (splash->display.kms) {
		r = kms_take_master(splash->display.kms);
		if (r == 0)
			r = kms_rescan(splash->display.kms);
		if (r < 0)
			return r;
	}
	return begin_showing(splash);
}

static void handle_take(struct loop_timer *timer)
{
	struct splash *splash = container_of(timer, struct splash, take);
	int r;

	if (splash->state != SPLASH_STATE_TAKING)
		return;
	r = take_now(splash);
	if (r == 0)
		return;
	if (clock_monotonic_us() < splash->take_deadline_us) {
		(void)loop_timer_start(splash->loop, timer, in_ms(TAKE_RETRY_MS), handle_take);
		return;
	}
	splash->state = SPLASH_STATE_IDLE;
	report_failed(splash, splash->display.path, r);
}

static void start_taking(struct splash *splash, unsigned int delay_ms)
{
	splash->state = SPLASH_STATE_TAKING;
	splash->take_deadline_us = in_ms(TAKE_FOR_MS);
	(void)loop_timer_start(splash->loop, &splash->take, in_ms(delay_ms), handle_take);
}

static void take(struct splash *splash)
{
	end_offer(splash, true);
	set_graphics(splash);
	loop_timer_stop(&splash->watch);
	if (!display_is_open(&splash->display)) {
		splash->state = SPLASH_STATE_SEARCHING;
		search(splash);
		return;
	}
	start_taking(splash, 0);
}

/*
 * A file that is not master was made to drop it, and DROP_MASTER for this process too is probably next on the link; so
 * becoming master waits a little.
 */
static void adopt(struct splash *splash, struct channel_message *message)
{
	int r;

	if (message->n_fds == 0) {
		log_error("the order to adopt a frame came without a descriptor");
		return;
	}
	loop_timer_stop(&splash->retry);
	r = display_adopt(&splash->display, TAKE_FD(message->fds[0]));
	if (r == 0 && !kms_is_master(splash->display.kms)) {
		start_taking(splash, TAKE_RETRY_MS);
		return;
	}
	if (r == 0)
		r = begin_showing(splash);
	if (r == 0)
		return;
	log_warning_errno(r, "cannot go on with the frame of an earlier splash");
	if (wants_device(splash))
		search(splash);
}

static void handle_progress(struct splash *splash, const struct splash_progress *progress)
{
	int parts = picture_set_progress(&splash->picture, progress->percent, progress->caption);

	if (parts < 0) {
		log_warning_errno(parts, "cannot keep the caption");
		return;
	}
	show(splash, (unsigned int)parts);
	animate(splash);
}

static void handle_page(struct splash *splash, const struct splash_message *message)
{
	static const enum picture_page pages[] = {
		[SPLASH_KIND_PROGRESS] = PICTURE_PROGRESS,
		[SPLASH_KIND_INFO] = PICTURE_INFO,
		[SPLASH_KIND_FAILURE] = PICTURE_FAILURE,
	};
	int parts;

	if (message->kind >= ARRAY_SIZE(pages)) {
		log_warning("unknown kind of message: %u", message->kind);
		return;
	}
	parts = picture_set_page(&splash->picture, pages[message->kind], message->title,
				 message->text);
	if (parts < 0) {
		log_warning_errno(parts, "cannot keep the message");
		return;
	}
	show(splash, (unsigned int)parts);
	animate(splash);
}

static void handle_message(struct channel *link, struct channel_message *message)
{
	struct splash *splash = link->data;
	union {
		struct splash_progress progress;
		struct splash_message page;
		struct splash_offer_vt offer;
	} body;
	int r;

	r = channel_unpack(link, message, &body, sizeof(body));
	if (r < 0) {
		log_warning_errno(r, "cannot understand message %u", message->opcode);
		return;
	}
	switch (message->opcode) {
	case SPLASH_PROGRESS:
		handle_progress(splash, &body.progress);
		break;
	case SPLASH_MESSAGE:
		handle_page(splash, &body.page);
		break;
	case SPLASH_ADOPT:
		adopt(splash, message);
		break;
	case SPLASH_OFFER_VT:
		offer_vt(splash, body.offer.vt);
		break;
	case SPLASH_DROP_MASTER:
		drop_master(splash);
		break;
	case SPLASH_TAKE:
		take(splash);
		break;
	case SPLASH_QUIT:
		splash->state = SPLASH_STATE_IDLE;
		loop_exit(splash->loop, 0);
		break;
	default:
		log_warning("message %u is not for the splash", message->opcode);
	}
}

static void handle_close(struct channel *link, int error)
{
	struct splash *splash = link->data;

	if (error < 0)
		log_warning_errno(error, "the link to PID 1 broke");
	loop_exit(splash->loop, 0);
}

int splash_init(struct splash *splash, struct loop *loop, const struct splash_options *options)
{
	int r;

	*splash = (struct splash){
		.loop = loop, .options = *options, .nodes.fd = -1, .offer_fd = -1
	};
	r = channel_init(&splash->link, loop, CHANNEL_HELPER_FD, &splash_protocol, handle_message,
			 handle_close, splash);
	if (r < 0)
		return log_errno(
			r,
			"descriptor 3 is not the link to PID 1; to see the picture, use --render");
	r = nodes_init(&splash->nodes, loop, "", handle_nodes);
	if (r < 0)
		return log_errno(r, "cannot watch /dev for screens");
	/* an order to adopt a frame, a caption, or that the screen is somebody else's may be waiting already */
	r = loop_turn(loop, 0);
	if (r < 0)
		return log_errno(r, "cannot read the link to PID 1");
	if (splash->state == SPLASH_STATE_SEARCHING || splash->state == SPLASH_STATE_SHOWING)
		set_graphics(splash);
	if (wants_device(splash) && !splash->retry.loop)
		search(splash);
	return 0;
}

void splash_done(struct splash *splash)
{
	loop_timer_stop(&splash->animate);
	loop_timer_stop(&splash->retry);
	loop_timer_stop(&splash->watch);
	loop_timer_stop(&splash->take);
	end_offer(splash, false);
	nodes_done(&splash->nodes);
	channel_close(&splash->link);
	display_done(&splash->display);
	picture_done(&splash->picture);
}
