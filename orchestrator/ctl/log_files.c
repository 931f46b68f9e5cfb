/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory's file is opened first, then the disk's is read, then memory's: what reaches the disk or is rotated meanwhile is in one of them
 * at least, and log_join.c finds what is in both. Lines of the disk are of the boot whose line stands before them. Where
 * none does (it was rotated away, 32 MiB ago) they are of this boot if memory knows one of them, or if they were written in it.
 */
#include "log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "log_join.h"
#include "verbs.h"

#define ARCHIVE_DIR "/var/log/early"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define SUFFIX ".log"
#define SAME_RUN_US (10 * USEC_PER_SEC)

/* --- where, and since when --- */

static uint64_t realtime_us(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) < 0
		       ? 0
		       : (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* A container began when its socket was made; a machine has a clock for it. */
static int init_boots(struct log_boots *boots, const struct settings *settings, bool is_machine)
{
	char *id CLEANUP(free_charp)
	= NULL;
	uint64_t now_us = realtime_us();
	uint64_t began_us = now_us - clock_boottime_us();
	uint64_t same_us = UINT64_MAX;
	struct stat st;

	if (fs_read_line_at(AT_FDCWD, BOOT_ID, &id) == -ENOMEM)
		return -ENOMEM;
	if (!is_machine && stat(settings->control, &st) == 0) {
		began_us = (uint64_t)st.st_mtim.tv_sec * USEC_PER_SEC +
			   (uint64_t)st.st_mtim.tv_nsec / 1000;
		same_us = SAME_RUN_US;
	}
	return log_boots_init(boots, id ? id : "this", began_us, now_us, same_us);
}

int log_files_init(struct log_files *files, const struct settings *settings)
{
	bool is_machine = strcmp(settings->control, CONTROL_PATH) == 0;
	struct strbuf dir CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf archive_dir CLEANUP_STRBUF = STRBUF_INIT;
	char *run CLEANUP(free_charp)
	= verb_run_dir(settings);

	*files = (struct log_files){ 0 };
	if (!run || init_boots(&files->boots, settings, is_machine) < 0)
		return -ENOMEM;
	strbuf_printf(&dir, "%s/log", run);
	if (is_machine)
		strbuf_puts(&archive_dir, ARCHIVE_DIR);
	else
		strbuf_printf(&archive_dir, "%s/archive", run);
	files->dir = strbuf_take(&dir);
	files->archive_dir = strbuf_take(&archive_dir);
	if (files->dir && files->archive_dir)
		return 0;
	log_files_done(files);
	return -ENOMEM;
}

static void drop_texts(struct log_files *files)
{
	log_lines_done(&files->lines);
	for (size_t i = 0; i < files->n_texts; i++)
		free(files->texts[i]);
	files->n_texts = 0;
}

void log_files_done(struct log_files *files)
{
	drop_texts(files);
	free(files->texts);
	for (size_t i = 0; i < files->n_tails; i++) {
		log_tail_done(files->tails[i]);
		free(files->tails[i]);
	}
	free(files->tails);
	strv_free(files->missing);
	log_boots_done(&files->boots);
	free(files->dir);
	free(files->archive_dir);
	*files = (struct log_files){ 0 };
}

/* --- whose --- */

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* read only */
}

/* Whose logs are in @dir, beside those that @names has already. */
static int add_names(const char *dir, char ***names)
{
	DIR *stream CLEANUP(close_dirp)
	= opendir(dir);
	const struct dirent *entry;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream))) {
		size_t len = strlen(entry->d_name);
		char *name;

		if (len <= strlen(SUFFIX) || entry->d_name[0] == '.' ||
		    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		name = strndup(entry->d_name, len - strlen(SUFFIX));
		if (name && strv_contains(*names, name)) {
			free(name);
			continue;
		}
		if (strv_consume(names, name) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int find_tail(struct log_files *files, const char *name, struct log_tail **ret_tail)
{
	struct log_tail **tails, *tail;

	for (size_t i = 0; i < files->n_tails; i++)
		if (strcmp(files->tails[i]->name, name) == 0) {
			*ret_tail = files->tails[i];
			return 0;
		}
	tails = reallocarray(files->tails, files->n_tails + 1, sizeof(struct log_tail *));
	if (!tails)
		return -ENOMEM;
	files->tails = tails;
	tail = calloc(1, sizeof(*tail));
	if (!tail || log_tail_init(tail, name) < 0) {
		free(tail);
		return -ENOMEM;
	}
	tails[files->n_tails++] = tail;
	*ret_tail = tail;
	return 0;
}

/* --- their lines --- */

struct log_text {
	const char *text;
	size_t len;
};

/* @text is taken over, also on failure. *@ret is what lines may point to. */
static int keep_text(struct log_files *files, struct strbuf *text, struct log_text *ret)
{
	char **texts = reallocarray(files->texts, files->n_texts + 1, sizeof(*texts));

	ret->len = text->len;
	if (texts)
		files->texts = texts;
	if (!texts || !(texts[files->n_texts] = strbuf_take(text))) {
		strbuf_done(text);
		return -ENOMEM;
	}
	ret->text = texts[files->n_texts++];
	return 0;
}

/* The boot that the end of the disk's text is of, and from where on. *@ret is NULL if it does not say. */
static int find_last_boot(struct log_files *files, const char *disk, size_t len,
			  struct log_boot **ret, size_t *ret_from)
{
	*ret = NULL;
	*ret_from = 0;
	for (size_t at = log_boot_next_mark(disk, len, 0); at < len;
	     at = log_boot_next_mark(disk, len, at + 1)) {
		struct log_boot *boot;
		int r = log_boots_read(&files->boots, disk + at, len - at, &boot);

		if (r < 0)
			return r;
		if (boot) {
			*ret = boot;
			*ret_from = at;
		}
	}
	return 0;
}

/* @boot: what is before the first line that says one is of. */
static int add_disk(struct log_files *files, const char *name, const struct log_boot *boot,
		    const char *disk, size_t len)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < len) {
		size_t next = log_boot_next_mark(disk, len, at + 1);
		struct log_boot *own;

		r = log_boots_read(&files->boots, disk + at, len - at, &own);
		if (r == 0 && own)
			boot = own;
		if (r == 0)
			r = log_lines_add(&files->lines, name, boot, disk + at, next - at);
		at = next;
	}
	return r;
}

/* @is_fresh: the disk's was written in this boot. Of memory the first @shown_len bytes are shown, all of them are compared. */
static int add_joined(struct log_files *files, const char *name, const struct log_text *disk_text,
		      bool is_fresh, const struct log_text *memory, size_t shown_len)
{
	const char *disk = disk_text->text;
	size_t disk_len = disk_text->len;
	struct log_boot *current = files->boots.current, *last;
	struct log_join join = { 0 };
	size_t from;
	int r = find_last_boot(files, disk, disk_len, &last, &from);

	if (r < 0)
		return r;
	if (!last || last == current) {
		join = log_join(disk + from, disk_len - from, memory->text, memory->len);
		disk_len = from + join.disk_len;
	}
	r = add_disk(files, name, !last && (join.is_joined || is_fresh) ? current : NULL, disk,
		     disk_len);
	if (r == 0)
		r = log_lines_add(&files->lines, name, current, memory->text + join.memory_at,
				  shown_len - join.memory_at);
	return r;
}

/* What the disk has. A disk that cannot be read is told, and hides nothing of memory. */
static int read_disk(struct log_files *files, const char *name, struct strbuf *text,
		     bool *ret_is_fresh)
{
	uint64_t written_us = 0;
	int r = log_tail_read_all(files->archive_dir, name, text, &written_us);

	*ret_is_fresh = written_us >= files->boots.current->began_us;
	if (r < 0)
		strbuf_reset(text);
	if (r < 0 && r != -ENOENT)
		files->disk_error = r;
	return r;
}

static int read_service(struct log_files *files, const char *name)
{
	struct strbuf disk CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf memory CLEANUP_STRBUF = STRBUF_INIT;
	struct log_text disk_text, memory_text;
	struct log_tail *tail;
	size_t shown_len;
	bool is_fresh;
	int on_disk, r;

	r = find_tail(files, name, &tail);
	if (r < 0)
		return r;
	r = log_tail_open(tail, files->dir, &memory);
	if (r < 0 && r != -ENOENT)
		return r;
	on_disk = read_disk(files, name, &disk, &is_fresh);
	if (r == -ENOENT && on_disk < 0)
		return on_disk;
	r = log_tail_read(tail, files->dir, &memory);
	if (r < 0)
		return r;
	if (!files->is_followed)
		tail->fd = fd_close(
			tail->fd); /* a machine may have more logs than a process descriptors */
	shown_len = memory.len;
	strbuf_add(&memory, tail->rest.data, tail->rest.len);
	r = keep_text(files, &disk, &disk_text);
	if (r == 0)
		r = keep_text(files, &memory, &memory_text);
	if (r < 0)
		return r;
	return add_joined(files, tail->name, &disk_text, is_fresh, &memory_text,
			  files->is_followed ? shown_len : memory_text.len);
}

static int read_services(struct log_files *files, char *const *names)
{
	int r = 0;

	for (char *const *name = names; r == 0 && name && *name; name++) {
		r = read_service(files, *name);
		if (r == -ENOENT)
			r = strv_append(&files->missing, *name);
	}
	return r;
}

/* Who has said anything, whether it is still in memory or not. */
static int all_names(const struct log_files *files, char ***ret_names)
{
	char **names CLEANUP_STRV = NULL;
	int r = add_names(files->dir, &names);
	int on_disk = r == 0 || r == -ENOENT ? add_names(files->archive_dir, &names) : r;

	if (!names && r == 0)
		r = on_disk;
	if (!names && r == 0)
		r = -ENOENT;
	if (!names || r == -ENOMEM || on_disk == -ENOMEM)
		return r < 0 ? r : on_disk;
	*ret_names = TAKE_PTR(names);
	return 0;
}

int log_files_read(struct log_files *files, char *const *names)
{
	char **all CLEANUP_STRV = NULL;
	int r;

	if (strv_length(names) == 0) {
		r = all_names(files, &all);
		if (r < 0)
			return r;
		names = all;
	}
	r = read_services(files, names);
	if (r < 0)
		return r;
	if (all || strv_length(names) > 1) {
		log_lines_sort(&files->lines);
		log_lines_merge_marks(&files->lines, &files->boots);
	}
	r = strv_length(files->missing) == strv_length(names) ? -ENOENT : 0;
	if (all) { /* nobody asked for those that went this moment */
		strv_free(files->missing);
		files->missing = NULL;
	}
	return r;
}

static int read_new(struct log_files *files, const char *name)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	struct log_tail *tail;
	struct log_text kept;
	int r = find_tail(files, name, &tail);

	if (r == 0)
		r = log_tail_read(tail, files->dir, &text);
	if (r < 0 || text.len == 0)
		return r;
	r = keep_text(files, &text, &kept);
	return r < 0 ? r
		     : log_lines_add(&files->lines, tail->name, files->boots.current, kept.text,
				     kept.len);
}

int log_files_read_new(struct log_files *files, char *const *names)
{
	bool is_all = strv_length(names) == 0;
	char **all CLEANUP_STRV = NULL;
	int r = is_all ? add_names(files->dir, &all) : 0;

	drop_texts(files);
	for (char *const *name = is_all ? all : names; r == 0 && name && *name; name++)
		r = read_new(files, *name);
	log_lines_sort(&files->lines);
	return r;
}

int log_files_read_end(struct log_files *files, const struct settings *settings, const char *name,
		       size_t n)
{
	const char *names[] = { name, NULL };
	int r = log_files_init(files, settings);

	if (r < 0)
		return r;
	r = log_files_read(files, (char *const *)names);
	if (r < 0) {
		log_files_done(files);
		return r;
	}
	log_lines_select(&files->lines, files->boots.current, 0);
	log_lines_keep(&files->lines, n);
	return 0;
}
