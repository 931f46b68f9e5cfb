/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of lines, each bounded: at its limit NAME.log is renamed to NAME.log.1 and begun anew, so that a service that never
 * stops talking costs two files of that size, and all together (sink_bounds.c): the oldest make room. What is at error level or worse is told to the kernel's log, too, so that it
 * outlives a machine that does not come up.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/file_id.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "generations.h"
#include "sink_bounds.h"

#define LEVEL_ERROR 3
#define LEVEL_WARNING 4
#define KMSG_LINE_MAX 900 /* the kernel takes no more than about a thousand bytes at once */

int sink_init(struct sink *sink, const char *dir, off_t file_max)
{
	int r = fs_mkdir_p_at(AT_FDCWD, dir, 0755);

	*sink = (struct sink){ .dir_fd = -1, .kmsg_fd = -1, .file_max = file_max };
	list_init(&sink->files);
	if (r < 0)
		return r;
	sink->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return sink->dir_fd < 0 ? -errno : 0;
}

static void file_free(struct sink_file *file)
{
	list_remove(&file->link);
	fd_close(file->fd);
	free(file->name);
	free(file);
}

void sink_done(struct sink *sink)
{
	struct sink_file *file, *next;

	list_for_each_safe (file, next, &sink->files, link)
		file_free(file);
	sink->dir_fd = fd_close(sink->dir_fd);
	sink->kmsg_fd = fd_close(sink->kmsg_fd);
}

/* A name that is one file's name, whatever a client calls itself. */
static void clean_name(const char *service, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%.200s", service);
	for (char *c = buf; *c; c++)
		if (*c == '/')
			*c = '-';
	if (buf[0] == '.')
		buf[0] = '-';
	else if (buf[0] == '\0')
		(void)snprintf(buf, size, "-");
}

static void file_name(const char *name, const char *suffix, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s.log%s", name, suffix);
}

static int file_open(struct sink *sink, struct sink_file *file)
{
	char name[256];
	struct stat st;

	file_name(file->name, "", name, sizeof(name));
	file->fd = openat(sink->dir_fd, name,
			  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (file->fd < 0)
		return -errno;
	file->size = fstat(file->fd, &st) == 0 ? st.st_size : 0;
	return 0;
}

void sink_forget(struct sink *sink, const char *name)
{
	struct sink_file *file, *next;

	list_for_each_safe (file, next, &sink->files, link)
		if (strcmp(file->name, name) == 0) {
			sink->dropped.lines += file->dropped.lines - file->dropped.told;
			file_free(file);
			sink->n_files--;
			return; /* @name may have been the file's own */
		}
}

static struct sink_file *search(struct sink *sink, const char *name)
{
	struct sink_file *file;

	list_for_each (file, &sink->files, link)
		if (strcmp(file->name, name) == 0)
			return file;
	return NULL;
}

static int find_file(struct sink *sink, const char *service, struct sink_file **ret_file)
{
	char name[SINK_NAME_SIZE];
	struct sink_file *file;
	int r;

	clean_name(service, name, sizeof(name));
	file = search(sink, name);
	if (file) {
		list_remove(&file->link);
		list_append(&sink->files, &file->link); /* the first is the longest silent */
		*ret_file = file;
		return 0;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	list_init(&file->link);
	file->fd = -1;
	file->name = strdup(name);
	r = file->name ? file_open(sink, file) : -ENOMEM;
	if (r < 0) {
		file_free(file);
		return r;
	}
	if (sink->n_files >= SINK_MAX_FILES)
		sink_forget(sink, container_of(sink->files.next, struct sink_file, link)->name);
	list_append(&sink->files, &file->link);
	sink->n_files++;
	*ret_file = file;
	return 0;
}

static int rotate(struct sink *sink, struct sink_file *file)
{
	char name[256];
	char old[256];

	file_name(file->name, "", name, sizeof(name));
	file_name(file->name, ".1", old, sizeof(old));
	if (sink->tells_dropped)
		file->dropped.lines += sink_count_lines(sink->dir_fd, old);
	if (renameat(sink->dir_fd, name, sink->dir_fd, old) < 0)
		return -errno;
	file->fd = fd_close(file->fd);
	return file_open(sink, file);
}

/* The file for the next @len bytes: open, and with room for them. */
static int prepare(struct sink *sink, const char *service, size_t len, struct sink_file **ret_file)
{
	struct sink_file *file = NULL;
	int r = find_file(sink, service, &file);

	if (r < 0)
		return r;
	*ret_file = file;
	if (file->fd < 0)
		r = file_open(sink, file); /* a rotation failed half-way */
	if (r == 0 && file->size > 0 && file->size + (off_t)len > sink->file_max)
		r = rotate(sink, file);
	if (r == 0 && sink->use_max > 0 && sink->use + len > sink->use_max)
		sink_make_room(sink, file->name, len);
	return r;
}

int sink_find_place(struct sink *sink, const char *service, size_t len,
		    struct sink_place *ret_place)
{
	struct sink_file *file = NULL;
	int r = prepare(sink, service, len, &file);

	*ret_place = (struct sink_place){ .file = file ? file->name : SINK_REST };
	if (r != 0 || !file)
		return r;
	ret_place->id = file_id(file->fd, "", &ret_place->offset);
	return ret_place->id ? 0 : -EIO;
}

int sink_append(struct sink *sink, const char *service, const char *bytes, size_t len)
{
	struct sink_file *file = NULL;
	struct stat st;
	int r = prepare(sink, service, len, &file);

	if (r == 0)
		r = fd_write_all(file->fd, bytes, len);
	if (r == 0) {
		file->size += (off_t)len;
		sink->use += len;
	} else if (file && file->fd >= 0 && fstat(file->fd, &st) == 0) {
		file->size = st.st_size; /* a part may have gone there */
	}
	return r;
}

static void tell_kernel(struct sink *sink, const struct record *record)
{
	char line[KMSG_LINE_MAX + 128];
	const char *newline = memchr(record->text, '\n', record->len);
	size_t text_len = newline ? (size_t)(newline - record->text) : record->len;
	int len = snprintf(line, sizeof(line), "<%d>%s: %.*s\n",
			   SINK_ECHO_FACILITY << 3 | record->level, record->service,
			   (int)MIN(text_len, (size_t)KMSG_LINE_MAX), record->text);

	if (len > 0)
		(void)!write(sink->kmsg_fd, line,
			     MIN((size_t)len, sizeof(line) - 1)); /* the kernel limits the rate */
}

static void place_mark(struct sink_mark *mark, const struct sink_place *place, size_t len)
{
	mark->id = place->id;
	mark->offset = place->offset;
	mark->len = len;
	sink_mark_publish(&mark->placed, mark->number);
}

static struct sink_file *write_piece(struct sink *sink, const struct record *record,
				     struct sink_mark *mark)
{
	static char line[2 * RECORD_TEXT_MAX]; /* one thread; too large for the stack */
	struct sink_place place;
	size_t len = MIN(record_format(record, line, sizeof(line)), sizeof(line));
	int r;

	line[len - 1] = '\n';
	r = sink_find_place(sink, record->service, len, &place);
	if (r == 0 && mark)
		place_mark(mark, &place, len);
	if (r == 0 && sink_append(sink, place.file, line, len) < 0)
		place.id = 0; /* the memory is full: there is still the disk */
	if (mark)
		sink_mark_publish(&mark->written, mark->number);
	if (sink->on_line)
		sink->on_line(&place, line, len, sink->data);
	return search(sink, place.file);
}

/* The number is of the whole time: the line with an earlier one may have made room itself. */
static void tell_dropped(struct sink *sink, const char *name, uint64_t t_us,
			 struct sink_dropped *dropped)
{
	char text[128];
	struct record record = {
		.service = name, .identifier = SINK_OWN, .level = LEVEL_WARNING, .t_us = t_us
	};

	if (dropped->told == dropped->lines)
		return;
	record.len = (size_t)snprintf(text, sizeof(text),
				      "up to %zu older lines were dropped, not on the disk yet: "
				      "the memory for logs is bounded",
				      dropped->lines);
	record.text = text;
	dropped->told = dropped->lines;
	(void)write_piece(sink, &record, NULL);
}

void sink_set_tells_dropped(struct sink *sink, bool tells)
{
	struct sink_file *file;

	sink->tells_dropped = tells;
	if (tells)
		return;
	list_for_each (file, &sink->files, link)
		file->dropped = (struct sink_dropped){ 0, 0 };
	sink->dropped = (struct sink_dropped){ 0, 0 };
}

void sink_settle(struct sink *sink, const char *service, uint64_t number, struct sink_mark *mark)
{
	char name[SINK_NAME_SIZE], file[GENERATIONS_NAME_SIZE];
	uint64_t size = 0;
	int fd CLEANUP_FD
	= -1;
	bool is_found;

	clean_name(service, name, sizeof(name));
	is_found = generations_find(sink->dir_fd, name, mark->id, file, &size) == 0;
	switch (sink_mark_judge(mark, number, is_found, size)) {
	case SINK_MARK_WHOLE:
		mark->written = number;
		break;
	case SINK_MARK_TORN:
		fd = openat(sink->dir_fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || ftruncate(fd, (off_t)mark->offset) < 0)
			log_warning("%s: a line of it is there twice, the first time in part",
				    file);
		break;
	case SINK_MARK_MISSING:
		break;
	}
	mark->placed = 0;
}

void sink_write(struct sink *sink, const struct record *record)
{
	sink_write_marked(sink, record, NULL);
}

void sink_write_marked(struct sink *sink, const struct record *record, struct sink_mark *mark)
{
	struct record piece = *record;
	size_t left = record->len;
	struct sink_file *file;

	piece.t_us -= MIN(piece.t_us, sink->zero_us);
	do {
		piece.len = record_piece(piece.text, left);
		file = write_piece(sink, &piece, mark);
		piece.text += piece.len;
		left -= piece.len;
	} while (left > 0);
	if (record->level <= LEVEL_ERROR && sink->kmsg_fd >= 0 && !record->is_kernels)
		tell_kernel(sink, record);
	if (file)
		tell_dropped(sink, record->service, piece.t_us, &file->dropped);
	tell_dropped(sink, SINK_OWN, piece.t_us, &sink->dropped);
}
