/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line is formatted into a buffer on the stack and written at once, so that lines of several processes on one kmsg or
 * pipe never mix. On kmsg a line begins with its level, as the kernel wants it; longer lines than the buffer are cut.
 */
#include "early/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *log_module = "early";
static int log_fd = STDERR_FILENO;
static bool log_is_kmsg;
static enum log_level log_max_level = LOG_LEVEL_INFO;

void log_init(const char *module, enum log_sink sink, enum log_level max_level)
{
	log_module = module;
	log_max_level = max_level;
	if (sink != LOG_SINK_KMSG || log_is_kmsg)
		return;

	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0) {
		log_fd = fd;
		log_is_kmsg = true;
	}
}

void log_set_max_level(enum log_level level)
{
	log_max_level = level;
}

void log_close_others(void)
{
	unsigned int keep = (unsigned int)log_fd;

	if (keep > 3)
		(void)close_range(3, keep - 1, 0);
	(void)close_range(keep >= 3 ? keep + 1 : 3, ~0U, 0);
}

void log_line(enum log_level level, int error, const char *fmt, ...)
{
	char line[960];
	size_t len = 0, size = sizeof(line) - 1;
	int saved = errno;
	va_list args;

	if (level > log_max_level)
		return;
	if (log_is_kmsg)
		len += (size_t)snprintf(line, size, "<%d>", (int)level);
	len += (size_t)snprintf(line + len, size - len, "%s: ", log_module);
	if (len > size)
		len = size;

	va_start(args, fmt);
	len += (size_t)vsnprintf(line + len, size - len, fmt, args);
	va_end(args);
	if (len < size && error)
		len += (size_t)snprintf(line + len, size - len, ": %s", strerrordesc_np(-error));
	if (len >= size)
		len = size - 1;
	line[len++] = '\n';
	(void)!write(log_fd, line, len); /* there is nowhere to report a failed log line to */
	errno = saved;
}
