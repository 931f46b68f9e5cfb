/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A service's log, read from early-log's files: the archive on the disk, and from where it ends (log_text.c) what is in /run. With -f
 * the file in /run is followed, and across its rotation.
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
#include "log_text.h"
#include "verbs.h"

#define ARCHIVE_DIR "/var/log/early"
#define LOG_FILE_MAX (64 * 1024 * 1024)
#define FOLLOW_CHECK_MS 1000
#define ROTATION_TRIES 5

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

static bool was_rotated(int fd, const char *dir, const char *name)
{
	int now_fd CLEANUP_FD
	= -1;
	struct stat was, now;

	return open_log(dir, name, "", &now_fd) == 0 && fstat(fd, &was) == 0 &&
	       fstat(now_fd, &now) == 0 && (was.st_ino != now.st_ino || was.st_dev != now.st_dev);
}

/* What follows in @fd is added to @text. */
static int read_rest(int fd, struct strbuf *text)
{
	char *bytes CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r = fd_read_all(fd, LOG_FILE_MAX, &bytes, &len);

	if (r == 0)
		strbuf_add(text, bytes, len);
	return r < 0 ? r : strbuf_error(text);
}

static int read_file(const char *dir, const char *name, const char *suffix, struct strbuf *text)
{
	int fd CLEANUP_FD
	= -1;
	int r = open_log(dir, name, suffix, &fd);

	return r < 0 ? r : read_rest(fd, text);
}

/* Both generations; the newer one stays open at its end, for what follows. -ENOENT if there is neither. */
static int read_both(const char *dir, const char *name, struct strbuf *text, int *ret_fd)
{
	int old, r;

	for (int i = 0; i < ROTATION_TRIES; i++) {
		int fd = -1;

		strbuf_reset(text);
		r = open_log(dir, name, "", &fd);
		old = read_file(dir, name, ".1", text);
		if (r == 0 && was_rotated(fd, dir, name)) {
			fd_close(
				fd); /* between the two: what was the newer one is the older by now */
			continue;
		}
		if (r == 0)
			r = read_rest(fd, text);
		if (r == 0)
			*ret_fd = fd;
		return r == -ENOENT && old == 0 ? 0 : r;
	}
	return -EBUSY;
}

static int print_rest(const struct settings *settings, int fd)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	int r = read_rest(fd, &text);

	if (r == 0 && text.len > 0)
		print_text(settings, text.data, text.len);
	return r;
}

/* The rest of @fd, which is another generation by now, and the one between, if it was rotated twice meanwhile. */
static int print_rotated(const struct settings *settings, const char *dir, const char *name, int fd)
{
	int old_fd CLEANUP_FD
	= -1;
	struct stat was, old;
	int r = print_rest(settings, fd);

	if (r == 0 && open_log(dir, name, ".1", &old_fd) == 0 && fstat(fd, &was) == 0 &&
	    fstat(old_fd, &old) == 0 && was.st_ino != old.st_ino)
		r = print_rest(settings, old_fd);
	return r;
}

/* Until the reader has enough of it (a signal, or a closed stdout). @fd: where to go on; -1: it is not there yet. Taken over. */
static int follow(const struct settings *settings, const char *dir, const char *name, int start_fd)
{
	int watch_fd CLEANUP_FD
	= inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int fd CLEANUP_FD
	= start_fd;
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
			if (print_rotated(settings, dir, name, fd) < 0)
				return -EIO;
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

/* A machine's archive, a container's. */
static void archive_dir(const struct settings *settings, const char *run, struct strbuf *ret_dir)
{
	if (strcmp(settings->control, CONTROL_PATH) == 0)
		strbuf_puts(ret_dir, ARCHIVE_DIR);
	else
		strbuf_printf(ret_dir, "%s/archive", run);
}

static int show(const struct settings *settings, const char *run, const char *dir, const char *name)
{
	struct strbuf archive CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf disk CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf memory CLEANUP_STRBUF = STRBUF_INIT;
	struct log_text text;
	int disk_fd CLEANUP_FD
	= -1;
	int fd CLEANUP_FD
	= -1;
	int on_disk, r;

	archive_dir(settings, run, &archive);
	if (strbuf_error(&archive) < 0)
		return -ENOMEM;
	on_disk = read_both(archive.data, name, &disk, &disk_fd);
	r = read_both(dir, name, &memory,
		      &fd); /* later: what reaches the disk meanwhile is here, too */
	if (r < 0 && on_disk < 0 && !(settings->follow && r == -ENOENT))
		return r;
	text = log_text_join(disk.data ? disk.data : "", disk.len, memory.data ? memory.data : "",
			     memory.len);
	if (settings->boot)
		log_text_this_boot(&text);
	if (settings->since_us > 0)
		log_text_since(&text, settings->since_us);
	print_text(settings, text.disk, text.disk_len);
	print_text(settings, text.memory, text.memory_len);
	return settings->follow ? follow(settings, dir, name, TAKE_FD(fd)) : 0;
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
	const char *name = strcmp(argv[0], "syslog") == 0 || strcmp(argv[0], "early-log") == 0 ||
					   strcmp(argv[0], "kernel") == 0
				   ? argv[0]
				   : verb_unit_name(argv[0]);
	int r;

	strbuf_printf(&dir, "%s/log", run ? run : "");
	r = run && strbuf_error(&dir) == 0 ? show(settings, run, dir.data, name) : -ENOMEM;
	if (r == 0)
		return EXIT_DONE;
	if (r == -ENOENT)
		return tell_no_log(settings, name, dir.data);
	fprintf(stderr, "earlyctl: cannot read the log of %s: %s\n", name, strerror(-r));
	return client_exit_code(r);
}
