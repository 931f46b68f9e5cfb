/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "early/fd.h"

int vt_set_graphics(unsigned int number)
{
	CLEANUP_FD
	int fd = -1;
	struct vt_stat state;
	char path[32];

	(void)snprintf(path, sizeof(path), "/dev/tty%u", number); /* fits any number */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	/* before graphics mode: the kernel ignores a switch away from a VT in graphics mode */
	if (ioctl(fd, VT_GETSTATE, &state) == 0 && state.v_active != number &&
	    ioctl(fd, VT_ACTIVATE, number) < 0)
		return -errno;
	return ioctl(fd, KDSETMODE, KD_GRAPHICS) < 0 ? -errno : 0;
}
