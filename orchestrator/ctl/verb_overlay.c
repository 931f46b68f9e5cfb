/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unions of early-overlay, whoever mounted them: each daemon answers at a socket of its own in RUN/overlay. A socket whose daemon is
 * gone is passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "columns.h"
#include "early/macros.h"
#include "overlay_client.h"
#include "overlay_diff.h"
#include "show.h"
#include "verbs.h"

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[OVERLAYCTL_STATE_UNION] = "union",
		[OVERLAYCTL_STATE_MERGING] = "merging",
		[OVERLAYCTL_STATE_GONE] = "gone",
		[OVERLAYCTL_STATE_MERGED] = "merged",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static void set_text(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

static void set_number(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_int64((int64_t)value));
}

static struct json_object *status_object(const struct overlayctl_status *status)
{
	struct json_object *object = json_object_new_object(), *lower = json_object_new_array();
	const char *layer = NULL;

	while ((layer = wire_list_next(&status->lower, layer)))
		json_object_array_add(lower, json_object_new_string(layer));
	set_text(object, "mountpoint", status->mountpoint);
	set_text(object, "source", status->source);
	set_text(object, "state", state_name(status->state));
	set_number(object, "pid", status->pid);
	json_object_object_add(object, "lower", lower);
	set_text(object, "upper", status->upper);
	set_number(object, "handles", status->handles);
	set_number(object, "nodes", status->nodes);
	set_number(object, "upper_bytes", status->upper_bytes);
	set_number(object, "upper_total_bytes", status->upper_total_bytes);
	set_number(object, "sticky", status->sticky);
	set_text(object, "last_error", status->last_error);
	return object;
}

static void take_status(enum overlayctl_opcode opcode, const void *value, void *data)
{
	struct json_object **object = data;

	if (opcode == OVERLAYCTL_STATUS && !*object)
		*object = status_object(value);
}

/* --- all of them --- */

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* read only */
}

static int add_union(struct json_object *unions, const char *dir, const char *name)
{
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	struct json_object *status = NULL;
	int r;

	strbuf_printf(&path, "%s/%s", dir, name);
	r = strbuf_error(&path);
	if (r == 0)
		r = overlay_ask(path.data, OVERLAYCTL_VERB_STATUS, "", take_status, &status);
	if (status) {
		set_text(status, "socket", path.data);
		json_object_array_add(unions, status);
	}
	return r == -ECONNREFUSED || r == -ENOENT ? 0 : r;
}

/* What answers in RUN/overlay; no directory: there are none. */
static int find_unions(const struct settings *settings, struct json_object *unions)
{
	struct strbuf dir CLEANUP_STRBUF = STRBUF_INIT;
	char *run CLEANUP(free_charp)
	= verb_run_dir(settings);
	DIR *stream CLEANUP(close_dirp)
	= NULL;
	const struct dirent *entry;
	int r = 0;

	strbuf_printf(&dir, "%s/overlay", run ? run : "");
	if (!run || strbuf_error(&dir) < 0)
		return -ENOMEM;
	stream = opendir(dir.data);
	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && (entry = readdir(stream))) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".sock") == 0)
			r = add_union(unions, dir.data, entry->d_name);
	}
	return r;
}

static struct json_object *find_union(struct json_object *unions, const char *mountpoint)
{
	for (size_t i = 0; i < json_object_array_length(unions); i++) {
		struct json_object *status = json_object_array_get_idx(unions, i);

		if (strcmp(answer_text(status, "mountpoint"), mountpoint) == 0)
			return status;
	}
	fprintf(stderr, "earlyctl: no early-overlay serves %s: see earlyctl overlay list\n",
		mountpoint);
	return NULL;
}

/* --- text --- */

static void used_text(struct json_object *status, char *buf, size_t size)
{
	char used[32], total[32];

	show_bytes((uint64_t)answer_number(status, "upper_bytes"), used, sizeof(used));
	show_bytes((uint64_t)answer_number(status, "upper_total_bytes"), total, sizeof(total));
	(void)snprintf(buf, size, "%s of %s", used, total);
}

static int print_list(const struct settings *settings, struct json_object *unions)
{
	static const char *const titles[] = { "MOUNTPOINT", "STATE", "HANDLES", "USED", "UPPER" };
	struct style style = style_of_stdout(settings->color);
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	struct columns columns;
	char text[80];
	int r;

	columns_init(&columns, ARRAY_SIZE(titles));
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		columns_add(&columns, TONE_STRONG, titles[i]);
	for (size_t i = 0; i < json_object_array_length(unions); i++) {
		struct json_object *status = json_object_array_get_idx(unions, i);

		columns_add(&columns, TONE_PLAIN, answer_text(status, "mountpoint"));
		columns_add(&columns, TONE_PLAIN, answer_text(status, "state"));
		columns_add(&columns, TONE_PLAIN, answer_text(status, "handles"));
		used_text(status, text, sizeof(text));
		columns_add(&columns, TONE_PLAIN, text);
		columns_add(&columns, TONE_FAINT, answer_text(status, "upper"));
	}
	r = columns_put(&columns, &style, &out);
	columns_done(&columns);
	return r == 0 ? show_out(&out) : EXIT_FAILED;
}

static void put_status(struct json_object *status, struct strbuf *out)
{
	static const char *const fields[] = { "source", "state",   "pid",   "lower",
					      "upper",  "handles", "nodes", "sticky" };
	const char *error = answer_text(status, "last_error");
	char text[80];

	strbuf_printf(out, "%s\n", answer_text(status, "mountpoint"));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		strbuf_printf(out, "  %10s: %s\n", fields[i], answer_text(status, fields[i]));
	used_text(status, text, sizeof(text));
	strbuf_printf(out, "  %10s: %s\n", "used", text);
	if (*error)
		strbuf_printf(out, "  %10s: %s\n", "error", error);
}

/* --- verbs --- */

static int show_list(const struct settings *settings, struct json_object *unions, const char *word)
{
	if (settings->json)
		answer_print_json(unions);
	return settings->json ? EXIT_DONE : print_list(settings, unions);
}

static int show_status(const struct settings *settings, struct json_object *unions,
		       const char *mountpoint)
{
	struct json_object *only = mountpoint ? find_union(unions, mountpoint) : NULL;
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;

	if (mountpoint && !only)
		return EXIT_NO_SERVICE;
	if (settings->json) {
		answer_print_json(only ? only : unions);
		return EXIT_DONE;
	}
	for (size_t i = 0; !only && i < json_object_array_length(unions); i++)
		put_status(json_object_array_get_idx(unions, i), &out);
	if (only)
		put_status(only, &out);
	return show_out(&out);
}

static void take_merge(enum overlayctl_opcode opcode, const void *value, void *data)
{
	struct json_object *object = data;
	const struct overlayctl_progress *progress = value;
	const struct overlayctl_done *done = value;

	if (opcode == OVERLAYCTL_PROGRESS && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%llu of %llu files", (unsigned long long)progress->files_done,
			(unsigned long long)progress->files_total);
	if (opcode != OVERLAYCTL_DONE)
		return;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	set_number(object, "files", done->files);
	set_number(object, "bytes", done->bytes);
	set_number(object, "conflicts", done->conflicts);
	set_number(object, "handles", done->handles);
	json_object_object_add(object, "error", json_object_new_int(done->error));
	set_text(object, "path", done->path);
	set_text(object, "why", done->why);
	set_text(object, "advice", done->advice);
}

static int merge(const struct settings *settings, struct json_object *unions,
		 const char *mountpoint)
{
	struct json_object *status, *object;
	char bytes[32];
	int r;

	if (!mountpoint) {
		fputs("earlyctl: overlay merge: which mount point? earlyctl overlay list\n",
		      stderr);
		return EXIT_USAGE;
	}
	status = find_union(unions, mountpoint);
	if (!status)
		return EXIT_NO_SERVICE;
	object = json_object_new_object();
	r = overlay_ask(answer_text(status, "socket"), OVERLAYCTL_VERB_MERGE, settings->into,
			take_merge, object);
	show_bytes((uint64_t)answer_number(object, "bytes"), bytes, sizeof(bytes));
	if (settings->json)
		answer_print_json(object);
	else if (r == 0)
		printf("%s: %lld files, %s merged; %lld conflicts, %lld handles still served\n",
		       mountpoint, answer_number(object, "files"), bytes,
		       answer_number(object, "conflicts"), answer_number(object, "handles"));
	json_object_put(object);
	return client_exit_code(r);
}

/* --- diff --- */

struct difference {
	const char *mountpoint;
	struct json_object *array; /* NULL: text */
	struct strbuf out;
};

static const char *kind_name(mode_t mode)
{
	return S_ISDIR(mode)    ? "directory"
	       : S_ISREG(mode)  ? "file"
	       : S_ISLNK(mode)  ? "link"
	       : S_ISSOCK(mode) ? "socket"
	       : S_ISFIFO(mode) ? "fifo"
				: "device";
}

static int take_change(enum overlay_change change, const char *path, mode_t mode, void *data)
{
	static const char *const names[] = { "added", "changed", "removed" };
	struct difference *difference = data;
	struct json_object *object;

	if (!difference->array) {
		strbuf_printf(&difference->out, "%-8s %s", names[change], difference->mountpoint);
		for (; *path; path++) /* a name is anybody's choice, and goes to a terminal */
			strbuf_putc(&difference->out,
				    (unsigned char)*path < 0x20 || *path == 0x7f ? '?' : *path);
		strbuf_puts(&difference->out, S_ISDIR(mode) ? "/\n" : "\n");
		return strbuf_error(&difference->out);
	}
	object = json_object_new_object();
	set_text(object, "change", names[change]);
	set_text(object, "path", path);
	set_text(object, "type", kind_name(mode));
	json_object_array_add(difference->array, object);
	return 0;
}

static int show_changes(const struct settings *settings, const char *mountpoint,
			const struct overlay_layers *layers)
{
	struct difference difference = { .mountpoint = strcmp(mountpoint, "/") == 0 ? ""
										    : mountpoint,
					 .array = settings->json ? json_object_new_array() : NULL };
	int r = overlay_diff(layers->fds[0], layers->fds + 1, layers->n - 1, take_change,
			     &difference);
	int code = EXIT_DONE;

	if (r < 0)
		fprintf(stderr, "earlyctl: the layers of %s cannot be compared: %s\n", mountpoint,
			strerror(-r));
	else if (settings->json)
		answer_print_json(difference.array);
	else
		code = show_out(&difference.out);
	json_object_put(difference.array);
	strbuf_done(&difference.out);
	return r < 0 ? EXIT_FAILED : code;
}

static int diff(const struct settings *settings, struct json_object *unions, const char *mountpoint)
{
	struct overlay_layers layers;
	struct json_object *status;
	int r, code;

	if (!mountpoint) {
		fputs("earlyctl: overlay diff: which mount point? earlyctl overlay list\n", stderr);
		return EXIT_USAGE;
	}
	status = find_union(unions, mountpoint);
	if (!status)
		return EXIT_NO_SERVICE;
	r = overlay_ask_layers(answer_text(status, "socket"), &layers);
	code = r < 0 ? client_exit_code(r) : show_changes(settings, mountpoint, &layers);
	overlay_layers_done(&layers);
	return code;
}

static const struct {
	const char *word;
	int (*run)(const struct settings *settings, struct json_object *unions,
		   const char *operand);
} words[] = {
	{ "list", show_list },
	{ "status", show_status },
	{ "merge", merge },
	{ "diff", diff },
};

int verb_overlay(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct json_object *unions = json_object_new_array();
	int code = EXIT_USAGE;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(argv[0], words[i].word) != 0)
			continue;
		r = find_unions(settings, unions);
		if (r < 0)
			fprintf(stderr, "earlyctl: the overlays cannot be asked: %s\n",
				strerror(-r));
		code = r < 0 ? client_exit_code(r)
			     : words[i].run(settings, unions, argc > 1 ? argv[1] : NULL);
		json_object_put(unions);
		return code;
	}
	fprintf(stderr,
		"earlyctl: overlay %s: list, status [MOUNTPOINT], diff MOUNTPOINT or merge "
		"MOUNTPOINT\n",
		argv[0]);
	json_object_put(unions);
	return code;
}
