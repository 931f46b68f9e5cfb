/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file is rotated at any moment. So both generations are opened before either is read, and once more if they changed meanwhile: what
 * is open can be read however often it is rotated then. Behind a rotation the former file is read
 * once more: it may have grown between the last look and the rotation, and grows no more.
 */
#include "log_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/file_id.h"

#define READ_MAX (64 * 1024 * 1024)
#define ROTATION_TRIES 5

int log_tail_init(struct log_tail *tail, const char *name)
{
	*tail = (struct log_tail){ .name = strdup(name), .fd = -1 };
	return tail->name ? 0 : -ENOMEM;
}

void log_tail_done(struct log_tail *tail)
{
	tail->fd = fd_close(tail->fd);
	free(tail->name);
	tail->name = NULL;
	strbuf_done(&tail->rest);
}

static int open_log(const char *dir, const char *name, const char *suffix)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int fd;

	strbuf_printf(&path, "%s/%s.log%s", dir, name, suffix);
	if (strbuf_error(&path) < 0)
		return -ENOMEM;
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* 0: none. */
static uint64_t id_of(int fd)
{
	uint64_t size;

	return fd >= 0 ? file_id(fd, "", &size) : 0;
}

static bool was_rotated(int fd, const char *dir, const char *name)
{
	int now_fd CLEANUP_FD
	= open_log(dir, name, "");

	return now_fd >= 0 && id_of(fd) != id_of(now_fd);
}

/* What follows in @fd is added to @text. */
static int read_rest(int fd, struct strbuf *text)
{
	char *bytes CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r = fd_read_all(fd, READ_MAX, &bytes, &len);

	if (r == 0)
		strbuf_add(text, bytes, len);
	return r < 0 ? r : strbuf_error(text);
}

/* Both generations as they are at one moment; -1: it has none such. */
static int open_pair(const char *dir, const char *name, int *ret_fd, int *ret_old_fd)
{
	for (int i = 0; i < ROTATION_TRIES; i++) {
		int fd = open_log(dir, name, "");
		int old_fd;

		if (fd < 0 && fd != -ENOENT)
			return fd;
		old_fd = open_log(dir, name, ".1");
		if (old_fd < 0 && old_fd != -ENOENT) {
			fd_close(fd);
			return old_fd;
		}
		if (fd >= 0 && was_rotated(fd, dir, name)) {
			fd_close(fd);
			fd_close(old_fd);
			continue;
		}
		*ret_fd = fd < 0 ? -1 : fd;
		*ret_old_fd = old_fd < 0 ? -1 : old_fd;
		return fd < 0 && old_fd < 0 ? -ENOENT : 0;
	}
	return -EBUSY;
}

int log_tail_open(struct log_tail *tail, const char *dir, struct strbuf *text)
{
	int old_fd CLEANUP_FD
	= -1;
	int r = open_pair(dir, tail->name, &tail->fd, &old_fd);

	tail->old_id = id_of(old_fd);
	return r == 0 && old_fd >= 0 ? read_rest(old_fd, text) : r;
}

/* Behind a rotation: what came before it, and the generation between, if there were two. */
static int read_former(struct log_tail *tail, const char *dir, struct strbuf *text)
{
	int old_fd CLEANUP_FD
	= open_log(dir, tail->name, ".1");
	uint64_t id = id_of(tail->fd), old_id = id_of(old_fd);
	int r = read_rest(tail->fd, text);

	if (r == 0 && old_id != 0 && old_id != id && old_id != tail->old_id)
		r = read_rest(old_fd, text);
	tail->old_id = old_id;
	return r;
}

static int read_new(struct log_tail *tail, const char *dir, struct strbuf *text)
{
	for (;;) {
		int r;

		if (tail->fd < 0)
			tail->fd = open_log(dir, tail->name, "");
		if (tail->fd < 0) {
			r = tail->fd;
			tail->fd = -1;
			return r == -ENOENT ? 0 : r; /* not yet */
		}
		r = read_rest(tail->fd, text);
		if (r < 0 || !was_rotated(tail->fd, dir, tail->name))
			return r;
		r = read_former(tail, dir, text);
		if (r < 0)
			return r;
		tail->fd = fd_close(tail->fd);
	}
}

int log_tail_read(struct log_tail *tail, const char *dir, struct strbuf *text)
{
	size_t from = text->len, whole;
	int r;

	strbuf_add(text, tail->rest.data, tail->rest.len);
	strbuf_reset(&tail->rest);
	r = read_new(tail, dir, text);
	if (r < 0)
		return r;
	whole = text->len;
	while (whole > from && text->data[whole - 1] != '\n')
		whole--;
	if (whole == text->len)
		return strbuf_error(text);
	strbuf_add(&tail->rest, text->data + whole, text->len - whole);
	text->len = whole;
	text->data[whole] = '\0';
	return strbuf_error(&tail->rest);
}

int log_tail_read_all(const char *dir, const char *name, struct strbuf *text,
		      uint64_t *ret_written_us)
{
	int fd CLEANUP_FD
	= -1;
	int old_fd CLEANUP_FD
	= -1;
	int r = open_pair(dir, name, &fd, &old_fd);
	struct stat st;

	if (r == 0 && fstat(fd >= 0 ? fd : old_fd, &st) < 0)
		r = -errno;
	if (r == 0 && old_fd >= 0)
		r = read_rest(old_fd, text);
	if (r == 0 && fd >= 0)
		r = read_rest(fd, text);
	if (r == 0)
		*ret_written_us = (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC +
				  (uint64_t)st.st_mtim.tv_nsec / 1000;
	return r;
}
