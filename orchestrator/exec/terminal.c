/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/parse.h"
#include "settings.h"

const char *terminal_path(const struct table_service *service)
{
	return *service->tty_path ? service->tty_path : "/dev/console";
}

/* What a person at a terminal expects, after whatever the last program did to it. */
static void reset_modes(int fd)
{
	struct termios modes;

	(void)ioctl(fd, TIOCNXCL);
	(void)ioctl(fd, KDSETMODE, KD_TEXT); /* fails on what is no virtual console */
	(void)ioctl(fd, KDSKBMODE, K_UNICODE);
	if (tcgetattr(fd, &modes) < 0)
		return;
	modes.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | ISTRIP | INLCR | IGNCR | IUCLC);
	modes.c_iflag |= ICRNL | IMAXBEL | IUTF8;
	modes.c_oflag |= ONLCR | OPOST;
	modes.c_cflag |= CREAD;
	modes.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
	modes.c_cc[VINTR] = 'C' - '@';
	modes.c_cc[VQUIT] = '\\' - '@';
	modes.c_cc[VERASE] = 127;
	modes.c_cc[VKILL] = 'U' - '@';
	modes.c_cc[VEOF] = 'D' - '@';
	modes.c_cc[VSTART] = 'Q' - '@';
	modes.c_cc[VSTOP] = 'S' - '@';
	modes.c_cc[VSUSP] = 'Z' - '@';
	modes.c_cc[VLNEXT] = 'V' - '@';
	modes.c_cc[VWERASE] = 'W' - '@';
	modes.c_cc[VREPRINT] = 'R' - '@';
	modes.c_cc[VEOL] = 0;
	modes.c_cc[VEOL2] = 0;
	modes.c_cc[VTIME] = 0;
	modes.c_cc[VMIN] = 1;
	(void)tcsetattr(fd, TCSANOW, &modes);
	(void)tcflush(fd, TCIOFLUSH);
}

static void set_size(int fd, const struct wire_list *settings)
{
	uint64_t rows = settings_number(settings, "TTYRows", 10, 0);
	uint64_t columns = settings_number(settings, "TTYColumns", 10, 0);
	struct winsize size;

	if ((rows == 0 && columns == 0) || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return;
	if (rows > 0)
		size.ws_row = (unsigned short)rows;
	if (columns > 0)
		size.ws_col = (unsigned short)columns;
	(void)ioctl(fd, TIOCSWINSZ, &size);
}

/* Nothing of a session is to be read by the next one. The console in use cannot be given up: it is cleared. */
static void disallocate(const char *path, int fd)
{
	static const char clear[] = "\033[r\033[H\033[3J";
	int console CLEANUP_FD
	= -1;
	uint32_t number;

	if (strncmp(path, "/dev/tty", 8) != 0 || parse_u32(path + 8, &number) < 0 || number == 0)
		return;
	console = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (console < 0 || ioctl(console, VT_DISALLOCATE, number) == 0)
		return;
	if (errno == EBUSY)
		(void)fd_write_all(fd, clear, strlen(clear));
}

static int open_terminal(const char *path)
{
	return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

void terminal_prepare(const struct table_service *service)
{
	const struct wire_list *settings = &service->settings;
	const char *path = terminal_path(service);
	int fd CLEANUP_FD
	= -1;

	if (!settings_is_on(settings, "TTYVHangup") && !settings_is_on(settings, "TTYReset") &&
	    !settings_is_on(settings, "TTYVTDisallocate") && !settings_get(settings, "TTYRows") &&
	    !settings_get(settings, "TTYColumns"))
		return;
	fd = open_terminal(path);
	if (fd >= 0 && settings_is_on(settings, "TTYVHangup")) {
		(void)ioctl(fd, TIOCVHANGUP); /* this descriptor is hung up with the others */
		fd_close(fd);
		fd = open_terminal(path);
	}
	if (fd < 0)
		return;
	if (settings_is_on(settings, "TTYReset"))
		reset_modes(fd);
	set_size(fd, settings);
	if (settings_is_on(settings, "TTYVTDisallocate"))
		disallocate(path, fd);
}
