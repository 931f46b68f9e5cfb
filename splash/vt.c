/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "early/fd.h"

#define CLEAR "\033[H\033[J"

static int open_vt(unsigned int number, int *ret_fd)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/tty%u", number); /* fits any number */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int vt_set_graphics(unsigned int number)
{
	CLEANUP_FD
	int fd = -1;
	struct vt_stat state;
	int r = open_vt(number, &fd);

	if (r < 0)
		return r;
	/* before graphics mode: the kernel ignores a switch away from a VT in graphics mode */
	if (ioctl(fd, VT_GETSTATE, &state) == 0 && state.v_active != number &&
	    ioctl(fd, VT_ACTIVATE, number) < 0)
		return -errno;
	return ioctl(fd, KDSETMODE, KD_GRAPHICS) < 0 ? -errno : 0;
}

int vt_offer(unsigned int number, unsigned int next, int *ret_fd)
{
	static const struct vt_mode process = { .mode = VT_PROCESS }; /* no signals */
	CLEANUP_FD
	int fd = -1;
	CLEANUP_FD
	int next_fd = -1;
	int r = open_vt(number, &fd);

	if (r < 0)
		return r;
	r = open_vt(next, &next_fd);
	if (r < 0)
		return r;
	if (ioctl(next_fd, KDSETMODE, KD_GRAPHICS) < 0)
		return -errno;
	/* What an earlier one asked there nobody asks now. A console that is stopped (Ctrl-S) keeps its text. */
	if ((write(next_fd, CLEAR, strlen(CLEAR)) < 0 && errno != EAGAIN) ||
	    ioctl(fd, VT_SETMODE, &process) < 0) {
		r = -errno;
		(void)ioctl(next_fd, KDSETMODE, KD_TEXT); /* as it was */
		return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

bool vt_offer_look(int fd)
{
	return ioctl(fd, VT_RELDISP, 1) == 0; /* EINVAL: nobody has asked yet */
}

void vt_set_text(unsigned int number)
{
	CLEANUP_FD
	int fd = -1;

	if (open_vt(number, &fd) == 0)
		(void)ioctl(fd, KDSETMODE,
			    KD_TEXT); /* it stays as it is: nobody may ever go there */
}

void vt_offer_end(int fd, unsigned int number, unsigned int next, bool back)
{
	static const struct vt_mode automatic = { .mode = VT_AUTO };
	struct vt_stat state = { 0 };
	bool at_front = ioctl(fd, VT_GETSTATE, &state) < 0 || state.v_active == number;

	if (back || !at_front)
		(void)ioctl(fd, VT_SETMODE, &automatic); /* nothing else could be done */
	if (!at_front)
		vt_set_text(number);
	if (state.v_active != next)
		vt_set_text(next);
}

enum vt_kind vt_front(unsigned int *ret_number)
{
	CLEANUP_FD
	int fd = -1;
	struct vt_stat state;
	struct vt_mode switching;
	int mode;

	if (open_vt(0, &fd) < 0 || ioctl(fd, VT_GETSTATE, &state) < 0 ||
	    ioctl(fd, KDGETMODE, &mode) < 0 || ioctl(fd, VT_GETMODE, &switching) < 0)
		return VT_KIND_OTHER;
	*ret_number = state.v_active;
	if (mode == KD_TEXT)
		return VT_KIND_TEXT;
	return switching.mode == VT_AUTO ? VT_KIND_BLANK : VT_KIND_OTHER;
}
