/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "early/clock.h"
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

void show_date(uint64_t us, char *buf, size_t size)
{
	time_t moment = (time_t)(us / USEC_PER_SEC);
	struct tm tm;

	if (us == 0 || !localtime_r(&moment, &tm) ||
	    strftime(buf, size, "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		(void)snprintf(buf, size, "-");
}

/* The two largest units of it. */
static void show_span(uint64_t s, char *buf, size_t size)
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && s < units[i].s)
		i++;
	(void)snprintf(buf, size, "%llu%s", (unsigned long long)(s / units[i].s), units[i].name);
	if (i + 1 < ARRAY_SIZE(units) && s % units[i].s >= units[i + 1].s)
		(void)snprintf(buf + strlen(buf), size - strlen(buf), " %llu%s",
			       (unsigned long long)(s % units[i].s / units[i + 1].s),
			       units[i + 1].name);
}

void show_distance(uint64_t us, char *buf, size_t size)
{
	struct timespec now = { 0 };
	char span[64];
	uint64_t now_us;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* a clock that is always there */
	now_us = (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
	show_span((us > now_us ? us - now_us : now_us - us) / USEC_PER_SEC, span, sizeof(span));
	if (us == 0)
		(void)snprintf(buf, size, "-");
	else if (us > now_us)
		(void)snprintf(buf, size, "in %s", span);
	else
		(void)snprintf(buf, size, "%s ago", span);
}
