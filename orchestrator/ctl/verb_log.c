/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What services said: all that there is (log_files.h), or a part of it. With -f what comes to memory's files is followed behind that;
 * files that come later are found by their directory.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "log_files.h"
#include "verbs.h"

#define FOLLOW_CHECK_MS 1000

static int put_lines(const struct settings *settings, const struct log_lines *lines, bool with_name)
{
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	for (size_t i = 0; i < lines->n; i++) {
		if (settings->json)
			log_line_put_json(&lines->lines[i], &out);
		else
			log_line_put(&lines->lines[i], &style, with_name, &out);
	}
	r = strbuf_error(&out);
	return r < 0 ? r : fd_write_all(STDOUT_FILENO, out.data, out.len);
}

/* --- what is there --- */

/* Nothing of what there is was asked for: how to see it. */
static void tell_selected(const struct settings *settings, size_t n_lines)
{
	fprintf(stderr, "earlyctl: nothing was said %s; without %s%s%s there are %zu older lines\n",
		settings->since_us != UINT64_MAX ? "in that time" : "in this boot",
		settings->boot ? "--boot" : "",
		settings->boot && settings->since_us != UINT64_MAX ? " and " : "",
		settings->since_us != UINT64_MAX ? "--since" : "", n_lines);
}

static void select_lines(const struct settings *settings, struct log_files *files)
{
	/* By the clock that times of this boot count by: it may have been set since. */
	uint64_t now_us = files->boots.now_us;
	uint64_t since_us = settings->since_us < now_us ? now_us - settings->since_us : 0;
	size_t n = files->lines.n;

	log_lines_select(&files->lines, settings->boot ? files->boots.current : NULL, since_us);
	if (n > 0 && files->lines.n == 0 && !settings->follow)
		tell_selected(settings, n);
	if (settings->lines >= 0)
		log_lines_keep(&files->lines, (size_t)settings->lines);
}

/* Is one silent, or is there no such service? early-init knows, and says the latter itself. */
static int tell_missing(const struct settings *settings, const struct log_files *files)
{
	int code = EXIT_DONE;

	for (char **name = files->missing; name && *name; name++) {
		int asked = EXIT_DONE;

		if (strchr(*name, '.'))
			asked = client_ask(settings->control, CONTROL_VERB_STATUS, *name, NULL,
					   NULL);
		if (asked == EXIT_DONE)
			fprintf(stderr, "earlyctl: %s has logged nothing (there is no %s/%s.log)\n",
				*name, files->dir, *name);
		else
			code = asked;
	}
	if (!files->missing)
		fprintf(stderr, "earlyctl: nobody has logged anything (there is no file in %s)\n",
			files->dir);
	return code;
}

static int tell_error(const char *what, const char *dir, int error)
{
	fprintf(stderr, "earlyctl: cannot read %s %s: %s%s\n", what, dir, strerror(-error),
		error == -EACCES ? "; only root may, as with sudo earlyctl log" : "");
	return client_exit_code(error);
}

/* --- following --- */

/* Until the reader has enough of it (a signal, or a closed stdout). */
static int follow_on(const struct settings *settings, struct log_files *files, char *const *names,
		     int watch_fd)
{
	char events[4096];

	for (;;) {
		struct pollfd poll_fds[] = { { watch_fd, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };
		int r;

		if (poll(poll_fds, ARRAY_SIZE(poll_fds), FOLLOW_CHECK_MS) < 0 && errno != EINTR)
			return -errno;
		if (poll_fds[1].revents & (POLLERR | POLLHUP))
			return 0;
		while (read(watch_fd, events, sizeof(events)) > 0)
			continue;
		r = log_files_read_new(files, names);
		if (r == 0)
			r = put_lines(settings, &files->lines, strv_length(names) != 1);
		if (r < 0)
			return r;
	}
}

/* A descriptor for each log. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else many logs are an error of their own */
}

static int watch(const char *dir, int *ret_fd)
{
	int fd CLEANUP_FD
	= inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- */

static int show(const struct settings *settings, struct log_files *files, char *const *names)
{
	int watch_fd CLEANUP_FD
	= -1;
	int code = EXIT_DONE, r = 0;

	files->is_followed = settings->follow;
	if (settings->follow) {
		r = watch(files->dir, &watch_fd);
		allow_many_files();
	}
	if (r < 0)
		return tell_error("what is logged in", files->dir, r);
	r = log_files_read(files, names);
	if (r < 0 && r != -ENOENT)
		return tell_error("what is logged in", files->dir, r);
	if (!settings->follow && (r == -ENOENT || files->missing))
		code = tell_missing(settings, files);
	if (files->disk_error < 0)
		code = tell_error("what is on the disk, in", files->archive_dir, files->disk_error);
	select_lines(settings, files);
	r = put_lines(settings, &files->lines, strv_length(names) != 1);
	if (r == 0 && settings->follow)
		r = follow_on(settings, files, names, watch_fd);
	return r < 0 ? tell_error("what is logged in", files->dir, r) : code;
}

/* Those that are no service's. */
static const char *log_name(const char *word)
{
	static const char *const own[] = { "syslog", "early-log", "kernel" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strcmp(word, own[i]) == 0)
			return word;
	return verb_unit_name(word);
}

int verb_log(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	char **names CLEANUP_STRV = NULL;
	struct log_files files;
	int r = 0;

	for (int i = 0; r == 0 && i < argc; i++)
		if (!strv_contains(names, log_name(argv[i])))
			r = strv_append(&names, log_name(argv[i]));
	if (r == 0)
		r = log_files_init(&files, settings);
	if (r != 0) {
		fprintf(stderr, "earlyctl: cannot read logs: %s\n", strerror(-r));
		return client_exit_code(r);
	}
	r = show(settings, &files, names);
	log_files_done(&files);
	return r;
}
