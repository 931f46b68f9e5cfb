/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

static void loopback_up(void)
{
	CLEANUP_FD
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_warning_errno(-errno, "cannot bring up lo");
}

static void set_kernel(void)
{
	static const struct {
		const char *path;
		const char *value;
	} settings[] = {
		{ "/proc/sys/net/unix/max_dgram_qlen",
		  "512\n" }, /* or a slow log reader stops all */
		{ "/proc/sys/fs/suid_dumpable", "0\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		int r = fs_write_at(AT_FDCWD, settings[i].path, settings[i].value);

		if (r < 0)
			log_warning_errno(r, "cannot write %s", settings[i].path);
	}
}

void kernel_settings_apply(void)
{
	set_kernel();
	loopback_up();
}
