/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Master and framebuffers belong to the open DRM file, not to a process. With a duplicate of that file PID 1 can replace
 * the splash without a change on the screen, and can give master away without the splash's help.
 */
#include "display.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"

/* _IO('d', 0x1f) of the kernel's drm.h; PID 1 needs nothing else of it. */
#define DRM_DROP_MASTER _IO('d', 0x1f)

#define RETRY_US (300 * USEC_PER_MSEC)
#define MAX_DEATHS 5
#define AWAIT_MS 1000
#define DISPLAY_VT "/dev/tty1"
#define X_VT 7 /* where X servers are by custom: all of Debian's display managers but gdm say so */

static void send_picture(struct display *display)
{
	const struct splash_progress progress = { display->percent, display->caption };
	const struct splash_message page = { display->page_kind, display->page_title,
					     display->page_text };

	/* A splash that is not running gets all of this when it starts. */
	(void)helper_send(&display->splash, SPLASH_PROGRESS, &progress);
	if (display->page_kind != SPLASH_KIND_PROGRESS)
		(void)helper_send(&display->splash, SPLASH_MESSAGE, &page);
}

/* The screen is a compositor's: without our descriptor its file is closed for good when the compositor goes. */
static void let_go(struct display *display)
{
	(void)helper_send(&display->splash, SPLASH_QUIT, NULL);
	helper_finish(&display->splash);
	display->drm_fd = fd_close(display->drm_fd);
}

static void handle_frame(struct display *display, struct channel_message *message)
{
	struct splash_frame frame;

	if (channel_unpack(&display->splash.channel, message, &frame, sizeof(frame)) < 0)
		return;
	if (message->n_fds > 0) {
		fd_close(display->drm_fd);
		display->drm_fd = TAKE_FD(message->fds[0]);
	}
	display->deaths = 0;
	display->framed = true;
	display->on_frame(display, frame.t_us, frame.device);
}

static void handle_message(struct helper *helper, struct channel_message *message)
{
	struct display *display = helper->data;
	struct splash_greeter greeter;
	struct splash_failed failed;

	switch ((enum splash_opcode)message->opcode) {
	case SPLASH_FRAME:
		handle_frame(display, message);
		break;
	case SPLASH_GREETER:
		if (display->owner != DISPLAY_HANDED ||
		    channel_unpack(&helper->channel, message, &greeter, sizeof(greeter)) < 0)
			break;
		display->owner = DISPLAY_GREETER;
		let_go(display);
		display->on_greeter(display, greeter.t_us);
		break;
	case SPLASH_FAILED:
		if (channel_unpack(&helper->channel, message, &failed, sizeof(failed)) == 0)
			display->on_failed(display, failed.why);
		break;
	case SPLASH_MASTER_DROPPED:
	case SPLASH_PROGRESS:
	case SPLASH_MESSAGE:
	case SPLASH_ADOPT:
	case SPLASH_DROP_MASTER:
	case SPLASH_TAKE:
	case SPLASH_OFFER_VT:
	case SPLASH_QUIT:
		break;
	}
}

static void handle_retry(struct loop_timer *timer)
{
	display_start(container_of(timer, struct display, retry));
}

/*
 * Twice, for text mode over text mode does nothing: the second draws again what the kernel shows, whatever it has taken for the VT's mode
 * meanwhile.
 */
static int set_text(int fd)
{
	static const int modes[] = { KD_TEXT, KD_GRAPHICS, KD_TEXT };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (ioctl(fd, KDSETMODE, modes[i]) < 0)
			return -errno;
	}
	return 0;
}

static void show_text(void)
{
	static const struct vt_mode automatic = { .mode = VT_AUTO };
	CLEANUP_FD
	int fd = open(DISPLAY_VT, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return; /* a machine without VTs */
	r = ioctl(fd, VT_SETMODE, &automatic) < 0 || ioctl(fd, KDSKBMODE, K_UNICODE) < 0
		    ? -errno
		    : set_text(fd);
	if (r < 0)
		log_warning_errno(r, "cannot give " DISPLAY_VT " back to the text console");
}

static void handle_exit(struct helper *helper, int status)
{
	struct display *display = helper->data;

	if (display->released)
		show_text();
	if (!display->enabled || display->owner == DISPLAY_GREETER)
		return;
	if (++display->deaths > MAX_DEATHS) {
		display->enabled = false;
		display->on_failed(display, "early-splash ends again and again");
		return;
	}
	(void)loop_timer_start(display->loop, &display->retry, clock_monotonic_us() + RETRY_US,
			       handle_retry);
}

void display_init(struct display *display, struct loop *loop, bool enabled)
{
	display->loop = loop;
	display->enabled = enabled;
	display->drm_fd = -1;
}

static struct helper_spec make_spec(struct display *display)
{
	static const char *const argv[] = { EARLY_LIBEXECDIR "/early-splash", NULL };

	return (struct helper_spec){
		.name = "early-splash",
		.argv = argv,
		.protocol = &splash_protocol,
		.on_message = handle_message,
		.on_exit = handle_exit,
		.data = display,
	};
}

int display_adopt(struct display *display, pid_t pid, int link_fd)
{
	const struct helper_spec spec = make_spec(display);

	return helper_adopt(&display->splash, display->loop, &spec, pid, link_fd);
}

void display_start(struct display *display)
{
	const struct helper_spec spec = make_spec(display);
	int r;

	if (!display->enabled)
		return;
	r = helper_start(&display->splash, display->loop, &spec);
	if (r < 0) {
		log_errno(r, "cannot start early-splash");
		return;
	}
	if (display->drm_fd >= 0)
		(void)channel_send_fds(&display->splash.channel, SPLASH_ADOPT, NULL,
				       &display->drm_fd, 1);
	send_picture(display);
	if (display->owner == DISPLAY_HANDED)
		(void)helper_send(&display->splash, SPLASH_DROP_MASTER, NULL);
}

void display_progress(struct display *display, uint32_t percent, const char *caption)
{
	display->percent = MIN(percent, 100U);
	(void)snprintf(display->caption, sizeof(display->caption), "%s", caption);

	const struct splash_progress progress = { display->percent, display->caption };

	if (display->owner == DISPLAY_SPLASH)
		(void)helper_send(&display->splash, SPLASH_PROGRESS, &progress);
}

void display_page(struct display *display, enum splash_kind kind, const char *title,
		  const char *text)
{
	display->page_kind = kind;
	(void)snprintf(display->page_title, sizeof(display->page_title), "%s", title);
	(void)snprintf(display->page_text, sizeof(display->page_text), "%s", text);

	const struct splash_message page = { kind, display->page_title, display->page_text };

	(void)helper_send(&display->splash, SPLASH_MESSAGE, &page);
}

void display_hand_over(struct display *display)
{
	if (display->owner != DISPLAY_SPLASH)
		return;
	display->owner = DISPLAY_HANDED;
	display->page_kind = SPLASH_KIND_PROGRESS;
	(void)helper_send(&display->splash, SPLASH_DROP_MASTER, NULL);
	/* By our own hand, at once: the splash may be slow, and the compositor meets EBUSY until this is done. */
	if (display->drm_fd >= 0 && ioctl(display->drm_fd, DRM_DROP_MASTER, 0) < 0 &&
	    errno != EINVAL)
		log_warning_errno(-errno, "cannot drop master of the display");
}

void display_hand_over_vt(struct display *display)
{
	static const struct splash_offer_vt offer = { X_VT };

	if (display->owner == DISPLAY_SPLASH)
		(void)helper_send(&display->splash, SPLASH_OFFER_VT, &offer);
	display_hand_over(display);
}

void display_take(struct display *display)
{
	display->owner = DISPLAY_SPLASH;
	if (!display->enabled)
		return;
	if (helper_is_running(&display->splash))
		(void)helper_send(&display->splash, SPLASH_TAKE, NULL);
	else
		display_start(display);
	send_picture(display);
}

/*
 * The splash is killed: it may be about to set graphics mode, or to paint. And the kernel turns off a screen whose framebuffer goes with
 * its process, so what was shown while that lived is shown once more after its end.
 */
void display_text_console(struct display *display)
{
	display->enabled = false;
	display->released = true;
	loop_timer_stop(&display->retry);
	helper_kill(&display->splash, SIGKILL);
	let_go(display);
	show_text();
}

void display_text_console_now(struct display *display)
{
	display_text_console(display);
	if (helper_await(&display->splash, AWAIT_MS))
		show_text();
}
