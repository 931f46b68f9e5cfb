/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What services said. With -f the newest part, beside the control socket, is followed: each file from where it was read to,
 * and anew from its beginning when it was rotated. Files that come later are found by their directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "log_files.h"
#include "verbs.h"

#define FOLLOW_CHECK_MS 1000
#define READ_MAX (64 * 1024 * 1024)

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

/* --- following --- */

struct tail {
	char *name;
	int fd;
	struct strbuf rest; /* a line that is not whole yet */
};

struct follow {
	const struct settings *settings;
	const char *dir;
	const char *only; /* one service; NULL: all */
	struct tail *tails;
	size_t n_tails;
};

static void follow_done(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_tails; i++) {
		fd_close(follow->tails[i].fd);
		free(follow->tails[i].name);
		strbuf_done(&follow->tails[i].rest);
	}
	free(follow->tails);
}

static int open_log(const struct follow *follow, const char *name)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&path, "%s/%s.log", follow->dir, name);
	return strbuf_error(&path) < 0 ? -1 : open(path.data, O_RDONLY | O_CLOEXEC);
}

static struct tail *find_tail(struct follow *follow, const char *name)
{
	struct tail *tails;
	char *copy;

	for (size_t i = 0; i < follow->n_tails; i++)
		if (strcmp(follow->tails[i].name, name) == 0)
			return &follow->tails[i];
	tails = reallocarray(follow->tails, follow->n_tails + 1, sizeof(*tails));
	if (!tails)
		return NULL;
	follow->tails = tails;
	copy = strdup(name);
	if (!copy)
		return NULL;
	tails[follow->n_tails] = (struct tail){ copy, -1, STRBUF_INIT };
	return &tails[follow->n_tails++];
}

static bool was_rotated(const struct follow *follow, const struct tail *tail)
{
	int now_fd CLEANUP_FD
	= open_log(follow, tail->name);
	struct stat was, now;

	return now_fd >= 0 && fstat(tail->fd, &was) == 0 && fstat(now_fd, &now) == 0 &&
	       (was.st_ino != now.st_ino || was.st_dev != now.st_dev);
}

/* The whole lines of what is new in it, into @files. */
static int read_tail(struct tail *tail, struct log_files *files)
{
	struct strbuf text CLEANUP_STRBUF = tail->rest;
	char *got CLEANUP(free_charp)
	= NULL;
	size_t len, whole;
	int r;

	tail->rest = (struct strbuf)STRBUF_INIT;
	r = fd_read_all(tail->fd, READ_MAX, &got, &len);
	if (r < 0)
		return r;
	strbuf_add(&text, got, len);
	if (strbuf_error(&text) < 0)
		return -ENOMEM;
	whole = text.len;
	while (whole > 0 && text.data[whole - 1] != '\n')
		whole--;
	strbuf_add(&tail->rest, text.data + whole, text.len - whole);
	if (whole == 0)
		return strbuf_error(&tail->rest);
	text.data[whole] = '\0';
	return log_files_add(files, tail->name, strbuf_take(&text), whole);
}

static int turn_tail(struct follow *follow, const char *name, struct log_files *files)
{
	struct tail *tail = find_tail(follow, name);
	int r = 0;

	if (!tail)
		return -ENOMEM;
	for (;;) {
		if (tail->fd < 0)
			tail->fd = open_log(follow, name);
		if (tail->fd < 0)
			return 0; /* not yet */
		r = read_tail(tail, files);
		if (r < 0 || !was_rotated(follow, tail))
			return r;
		tail->fd = fd_close(tail->fd);
	}
}

/* What all of them have that was not there before; the first time, with the older halves. */
static int turn(struct follow *follow, struct log_files *files, bool first)
{
	const char *only[] = { follow->only, NULL };
	char **names CLEANUP_STRV = NULL;
	int r = follow->only ? 0 : log_files_names(follow->dir, &names);

	for (const char *const *name = follow->only ? only : (const char *const *)names;
	     r == 0 && name && *name; name++) {
		struct tail *tail = find_tail(follow, *name);

		if (first && tail)
			(void)log_files_add_file(files, follow->dir, tail->name,
						 ".1"); /* there may be none */
		r = turn_tail(follow, *name, files);
	}
	if (r == 0 && !follow->only)
		log_lines_sort(&files->lines);
	return r;
}

static int show_turn(struct follow *follow, bool first)
{
	const struct settings *settings = follow->settings;
	struct log_files files = { 0 };
	int r = turn(follow, &files, first);

	if (r == 0 && first && settings->lines >= 0)
		log_lines_keep(&files.lines, (size_t)settings->lines);
	if (r == 0)
		r = put_lines(settings, &files.lines, !follow->only);
	log_files_done(&files);
	return r;
}

/* Until the reader has enough of it (a signal, or a closed stdout). */
static int follow_on(struct follow *follow)
{
	int watch_fd CLEANUP_FD
	= inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char events[4096];
	bool first = true;

	if (watch_fd < 0 ||
	    inotify_add_watch(watch_fd, follow->dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return -errno;
	for (;;) {
		struct pollfd poll_fds[] = { { watch_fd, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };
		int r = show_turn(follow, first);

		if (r < 0)
			return r;
		first = false;
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
	struct follow follow = { .settings = settings, .dir = dir, .only = name };
	struct log_files files;
	int r;

	if (settings->follow) {
		r = follow_on(&follow);
		follow_done(&follow);
		return r;
	}
	r = log_files_read(&files, settings, name);
	if (r < 0)
		return r;
	if (settings->lines >= 0)
		log_lines_keep(&files.lines, (size_t)settings->lines);
	r = put_lines(settings, &files.lines, !name);
	log_files_done(&files);
	return r;
}

/* Is it silent, or is there no such service? early-init knows, and says the latter itself. */
static int tell_no_log(const struct settings *settings, const char *name, const char *dir)
{
	int code = EXIT_DONE;

	if (!name) {
		fprintf(stderr, "earlyctl: nobody has logged anything (there is no file in %s)\n",
			dir);
		return EXIT_DONE;
	}
	if (strchr(name, '.'))
		code = client_ask(settings->control, CONTROL_VERB_STATUS, name, NULL, NULL);
	if (code == EXIT_DONE)
		fprintf(stderr, "earlyctl: %s has logged nothing (there is no %s/%s.log)\n", name,
			dir, name);
	return code;
}

static const char *log_name(const char *word)
{
	return strcmp(word, "syslog") == 0 || strcmp(word, "early-log") == 0 ? word
									     : verb_unit_name(word);
}

int verb_log(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	const char *name = argc > 0 ? log_name(argv[0]) : NULL;
	char *dir CLEANUP(free_charp)
	= log_files_run_dir(settings);
	int r = dir ? show(settings, dir, name) : -ENOMEM;

	if (r == 0)
		return EXIT_DONE;
	if (r == -ENOENT)
		return tell_no_log(settings, name, dir);
	fprintf(stderr, "earlyctl: cannot read the log%s%s: %s\n", name ? " of " : "",
		name ? name : "", strerror(-r));
	return client_exit_code(r);
}
