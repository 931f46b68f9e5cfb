/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "early/fd.h"
#include "early/macros.h"

void show_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		value /= 1024;
	(void)snprintf(buf, size, i == 0 ? "%.0f %s" : "%.1f %s", value, units[i]);
}

void show_user(uint32_t uid, char *buf, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		(void)snprintf(buf, size, "%s", user->pw_name);
	else
		(void)snprintf(buf, size, "uid %u", uid);
}

int show_out(const struct strbuf *out)
{
	int r = strbuf_error(out);

	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, out->data, out->len);
	if (r == 0)
		return EXIT_DONE;
	fprintf(stderr, "earlyctl: cannot write: %s\n", strerror(-r));
	return EXIT_FAILED;
}
