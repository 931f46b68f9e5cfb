/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records are replaced by their identifiers: "init" alone begins one, and the modes after it say how far a login has come. */
#include "login_record.h"

#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <utmpx.h>

#include "settings.h"
#include "terminal.h"

/* A field that is full has no NUL. */
static void set_text(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);

	memcpy(field, text, len < size ? len : size);
}

static void write_record(const struct table_service *service, short type, const char *user)
{
	const char *id = settings_get(&service->settings, "UtmpIdentifier");
	const char *line = terminal_path(service);
	struct utmpx record = { .ut_type = type, .ut_pid = getpid(), .ut_session = getsid(0) };
	struct timeval now;
	size_t len = id ? strlen(id) : 0;

	if (!id)
		return;
	(void)gettimeofday(&now, NULL);
	record.ut_tv.tv_sec = (typeof(record.ut_tv.tv_sec))now.tv_sec;
	record.ut_tv.tv_usec = (typeof(record.ut_tv.tv_usec))now.tv_usec;
	/* of a longer one the end is what tells it from others */
	set_text(record.ut_id, sizeof(record.ut_id),
		 len > sizeof(record.ut_id) ? id + len - sizeof(record.ut_id) : id);
	if (type != DEAD_PROCESS)
		set_text(record.ut_line, sizeof(record.ut_line),
			 strncmp(line, "/dev/", 5) == 0 ? line + 5 : line);
	set_text(record.ut_user, sizeof(record.ut_user), user);
	setutxent();
	(void)pututxline(&record); /* nobody who needs it can be told that there is no file */
	endutxent();
}

void login_record_begin(const struct table_service *service, const char *user)
{
	const char *mode = settings_get(&service->settings, "UtmpMode");

	write_record(service, INIT_PROCESS, "");
	if (mode && (strcmp(mode, "login") == 0 || strcmp(mode, "user") == 0))
		write_record(service, LOGIN_PROCESS, "LOGIN");
	if (mode && strcmp(mode, "user") == 0)
		write_record(service, USER_PROCESS, user);
}

void login_record_end(const struct table_service *service)
{
	write_record(service, DEAD_PROCESS, "");
}
