/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A service's log, read from early-log's files: the archive on the disk if there is one, otherwise the newest part in /run. With -f
 * the file in /run is followed, and opened anew when it was rotated.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "verbs.h"

#define ARCHIVE_DIR "/var/log/early"
#define LOG_FILE_MAX (64 * 1024 * 1024)
#define FOLLOW_CHECK_MS 1000

/* "[   12.345678] info text" as an object. */
static void print_json_line(const char *line, size_t len)
{
	struct json_object *object = json_object_new_object();
	unsigned long long seconds = 0, micros = 0;
	char level[16] = "";
	int at = 0;

	if (len > 0 && sscanf(line, "[%llu.%llu] %15s %n", &seconds, &micros, level, &at) >= 3 &&
	    (size_t)at <= len) {
		json_object_object_add(
			object, "t_us",
			json_object_new_int64((int64_t)(seconds * 1000000 + micros)));
		json_object_object_add(object, "level", json_object_new_string(level));
	} else {
		at = 0;
	}
	json_object_object_add(object, "text",
			       json_object_new_string_len(line + at, (int)len - at));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void print_text(const struct settings *settings, const char *text, size_t len)
{
	if (!settings->json) {
		fwrite(text, 1, len, stdout);
		fflush(stdout);
		return;
	}
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t line_len = newline ? (size_t)(newline - text) : len;
		char *line = strndup(text, line_len);

		if (line)
			print_json_line(line, strlen(line));
		free(line);
		text += MIN(line_len + 1, len);
		len -= MIN(line_len + 1, len);
	}
	fflush(stdout);
}

static int open_log(const char *dir, const char *name, const char *suffix, int *ret_fd)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int fd;

	strbuf_printf(&path, "%s/%s.log%s", dir, name, suffix);
	if (strbuf_error(&path) < 0)
		return -ENOMEM;
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int print_rest(const struct settings *settings, int fd)
{
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r = fd_read_all(fd, LOG_FILE_MAX, &text, &len);

	if (r == 0)
		print_text(settings, text, len);
	return r;
}

static int print_file(const struct settings *settings, const char *dir, const char *name,
		      const char *suffix)
{
	int fd CLEANUP_FD
	= -1;
	int r = open_log(dir, name, suffix, &fd);

	return r < 0 ? r : print_rest(settings, fd);
}

static bool was_rotated(int fd, const char *dir, const char *name)
{
	int now_fd CLEANUP_FD
	= -1;
	struct stat was, now;

	return open_log(dir, name, "", &now_fd) == 0 && fstat(fd, &was) == 0 &&
	       fstat(now_fd, &now) == 0 && (was.st_ino != now.st_ino || was.st_dev != now.st_dev);
}

/* Until the reader has enough of it (a signal, or a closed stdout). */
static int follow(const struct settings *settings, const char *dir, const char *name)
{
	int watch_fd CLEANUP_FD
	= inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int fd CLEANUP_FD
	= -1;
	char events[4096];

	if (watch_fd < 0 ||
	    inotify_add_watch(watch_fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return -errno;
	for (;;) {
		struct pollfd poll_fds[] = { { watch_fd, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };

		if (fd < 0 && open_log(dir, name, "", &fd) < 0)
			fd = -1; /* not yet */
		if (fd >= 0 && print_rest(settings, fd) < 0)
			return -EIO;
		if (fd >= 0 && was_rotated(fd, dir, name)) {
			fd = fd_close(fd);
			continue;
		}
		if (poll(poll_fds, ARRAY_SIZE(poll_fds), FOLLOW_CHECK_MS) < 0 && errno != EINTR)
			return -errno;
		if (poll_fds[1].revents & (POLLERR | POLLHUP))
			return 0;
		while (read(watch_fd, events, sizeof(events)) > 0)
			continue;
	}
}

static int show(const struct settings *settings, const char *dir, const char *name)
{
	int r;

	if (!settings->follow && strcmp(settings->control, CONTROL_PATH) == 0 &&
	    print_file(settings, ARCHIVE_DIR, name, "") == 0)
		return 0;
	(void)print_file(settings, dir, name, ".1"); /* the older half, if there is one */
	if (settings->follow)
		return follow(settings, dir, name);
	r = print_file(settings, dir, name, "");
	return r;
}

/* Is it silent, or is there no such service? early-init knows, and says the latter itself. */
static int tell_no_log(const struct settings *settings, const char *name, const char *dir)
{
	int code = EXIT_DONE;

	if (strchr(name, '.'))
		code = client_ask(settings->control, CONTROL_VERB_STATUS, name, NULL, NULL);
	if (code == EXIT_DONE)
		fprintf(stderr, "earlyctl: %s has logged nothing (there is no %s/%s.log)\n", name,
			dir, name);
	return code;
}

int verb_log(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	char *run CLEANUP(free_charp)
	= verb_run_dir(settings);
	struct strbuf dir CLEANUP_STRBUF = STRBUF_INIT;
	const char *name = strcmp(argv[0], "syslog") == 0 || strcmp(argv[0], "early-log") == 0
				   ? argv[0]
				   : verb_unit_name(argv[0]);
	int r;

	strbuf_printf(&dir, "%s/log", run ? run : "");
	r = run && strbuf_error(&dir) == 0 ? show(settings, dir.data, name) : -ENOMEM;
	if (r == 0)
		return EXIT_DONE;
	if (r == -ENOENT)
		return tell_no_log(settings, name, dir.data);
	fprintf(stderr, "earlyctl: cannot read the log of %s: %s\n", name, strerror(-r));
	return client_exit_code(r);
}
